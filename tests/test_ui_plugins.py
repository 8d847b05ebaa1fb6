"""What only npm has is fetched whole and unchanged or not at all; streets become tiles that hold every street."""

import base64
import gzip
import hashlib
import json
import os
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from cities import City, city_of
from pmtiles.reader import MemorySource, Reader, all_tiles
from shapely import LineString, MultiLineString, STRtree

from planner import StreetNetwork
from planner.crs import WGS84, transformer
from planner.ui import assets, fetch
from planner.ui.fetch import Package, fetch_all
from planner.ui.map import plugins, publish, streets, tiles
from planner.ui.map.leaflet import OfflineMap, ServedLayer

SCRIPT = b"window.plugin = 1;"


# ---- fetching: an npm that is a script of this test's ---------------------------------------------------------------------


def packed(files: dict[str, bytes]) -> bytes:
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, BytesIO(content))
    return stream.getvalue()


def pinned(content: bytes) -> Package:
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    return Package("plugin", "1.2.3", f"sha512-{digest}", ("dist/plugin.js",))


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch):
    """Return what makes ``npm pack`` answer with a file's bytes, or fail where they are None."""

    def answering(content: bytes | None) -> list[list[str]]:
        asked: list[list[str]] = []

        def run(command: list[str], **settings: object) -> None:
            asked.append(command)
            if content is None:
                raise subprocess.CalledProcessError(1, command)
            place = next(word.partition("=")[2] for word in command if word.startswith("--pack-destination="))
            (Path(place) / "plugin-1.2.3.tgz").write_bytes(content)

        monkeypatch.setattr(fetch.shutil, "which", lambda name: "npm")
        monkeypatch.setattr(fetch.subprocess, "run", run)
        monkeypatch.setenv("PLANNER_LANGUAGE", "en")
        return asked

    return answering


def test_what_is_pinned_is_fetched_once_and_only_the_files_named(npm, tmp_path: Path) -> None:
    content = packed({"package/dist/plugin.js": SCRIPT, "package/../../escaped.js": b"x", "package/other.js": b"x"})
    asked, said = npm(content), []
    folder = tmp_path / "fetched"
    for _ in range(2):
        assert fetch_all(folder, (pinned(content),), said.append)
    assert len(asked) == 1 and asked[0][:3] == ["npm", "pack", "plugin@1.2.3"]
    assert (folder / "plugin" / "plugin.js").read_bytes() == SCRIPT
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["fetched", "integrity", "plugin", "plugin.js"]
    assert said == ["The map's plugin plugin 1.2.3 is here."]


def test_a_wrong_content_is_refused_and_nothing_kept(npm, tmp_path: Path) -> None:
    right, wrong = packed({"package/dist/plugin.js": SCRIPT}), packed({"package/dist/plugin.js": SCRIPT + b"evil()"})
    npm(wrong)
    said: list[str] = []
    assert not fetch_all(tmp_path / "fetched", (pinned(right),), said.append)
    assert not (tmp_path / "fetched").exists()
    assert len(said) == 1 and "refused" in said[0]


def test_without_npm_or_network_it_is_said_and_no_failure(npm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package, said = pinned(b""), []
    npm(None)
    assert fetch_all(tmp_path, (package,), said.append)
    monkeypatch.setattr(fetch.shutil, "which", lambda name: None)
    monkeypatch.setenv("PLANNER_LANGUAGE", "zh")
    assert fetch_all(tmp_path, (package,), said.append)
    assert "could not be fetched" in said[0] and "npm" in said[1] and "插件" in said[1]
    assert list(tmp_path.iterdir()) == []


def test_the_pinned_packages_can_be_read_back_from_their_place(tmp_path: Path) -> None:
    """The real ones, where they were fetched: their versions are those that are pinned."""
    if not fetch.FETCHED.is_dir():
        pytest.skip("the plugins were not fetched: python -m planner.ui.fetch")
    for package in fetch.PACKAGES:
        told = json.loads((fetch.FETCHED / package.name / "package.json").read_text(encoding="utf-8"))
        assert (told["name"], told["version"]) == (package.name, package.version)


def test_a_missing_plugin_is_left_out_and_the_map_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "FETCHED", tmp_path)
    setting = {"bounds": [[0, 0], [1, 1]]}
    assert plugins.tile_scripts() == plugins.drawing_scripts() == plugins.drawing_styles() == []
    without = OfflineMap(setting).default_js
    assert [name for name, _ in without] == ["leaflet", "map", "streets", "marks", "live"]
    for package in fetch.PACKAGES:
        for file in package.files:
            place = tmp_path / package.name / Path(file).name
            place.parent.mkdir(exist_ok=True)
            place.write_text("", encoding="utf-8")
    assert [name for name, _ in OfflineMap(setting).default_js[len(without) :]] == [
        "leaflet-draw/leaflet.draw.js",
        "draw.js",
    ]
    assert len(ServedLayer("streets", "abc-65536-", name="").default_js) == 3
    assert ServedLayer("streets", "abc.json", name="").default_js == []


# ---- tiles ----------------------------------------------------------------------------------------------------------------


def drawn(content: bytes, zoom: int) -> dict[int, MultiLineString]:
    """Return the lines of every tier at a zoom, read back from the archive to degrees."""
    found: dict[int, list[LineString]] = {}
    for (z, x, y), tile in all_tiles(MemorySource(content)):
        if z != zoom:
            continue
        layer = mapbox_vector_tile.decode(gzip.decompress(tile), default_options={"y_coord_down": True})["streets"]

        def degrees(xy: np.ndarray, x: int = x, y: int = y, extent: int = layer["extent"]) -> np.ndarray:
            world = (xy / extent + [x, y]) / 2**zoom
            lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * world[:, 1]))))
            return np.column_stack((world[:, 0] * 360 - 180, lat))

        for feature in layer["features"]:
            shape = shapely.transform(shapely.geometry.shape(feature["geometry"]), degrees)
            found.setdefault(feature["properties"]["tier"], []).extend(shapely.get_parts(shape))
    return {tier: shapely.multilinestrings(lines) for tier, lines in found.items()}


def farthest_m(net: StreetNetwork, tier: np.ndarray, content: bytes) -> float:
    """Return how far any vertex or middle of a street lies from what the deepest tiles draw of its tier, in metres."""
    to_metres = transformer(WGS84, net.crs)
    worst = 0.0
    for number, lines in drawn(content, tiles.DEEPEST).items():
        metres = shapely.transform(lines, lambda xy: np.column_stack(to_metres.transform(xy[:, 0], xy[:, 1])))
        ends = shapely.get_coordinates(shapely.get_parts(metres), return_index=True)
        xy, line = ends
        inner = line[1:] == line[:-1]
        segments = shapely.linestrings(np.stack((xy[:-1][inner], xy[1:][inner]), axis=1))
        edge = np.repeat(np.arange(net.n_edges), np.diff(net.vertex_indptr))
        own = np.column_stack((net.vertex_x, net.vertex_y))
        middles = (own[:-1] + own[1:])[edge[1:] == edge[:-1]] / 2
        of = np.concatenate((tier[edge], tier[edge[1:][edge[1:] == edge[:-1]]]))
        points = shapely.points(np.concatenate((own, middles))[of == number])
        _, distance = STRtree(segments).query_nearest(points, return_distance=True, all_matches=False)
        worst = max(worst, float(distance.max()))
    return worst


def test_every_street_is_in_the_deepest_tiles_where_it_is(porto_alegre: City, tmp_path: Path) -> None:
    net = porto_alegre.net
    tier = streets.tier_of_edge(net)
    content = tiles.archive(net, tier, tmp_path)
    assert set(drawn(content, tiles.DEEPEST)) == set(tier.tolist()), "no tier is lost"
    assert farthest_m(net, tier, content) < 5, "thinned by 2.5 m and put on a grid of 1.2 m"
    first = drawn(content, 8)
    assert set(first) == {0, 1}, "from afar only the broad ones"
    assert shapely.get_num_coordinates(first[0]) < 0.7 * shapely.get_num_coordinates(drawn(content, 13)[0])


def test_the_archive_says_whose_the_streets_are_and_is_kept(tmp_path: Path) -> None:
    net = city_of("helsinki").net
    tier = streets.tier_of_edge(net)
    content = tiles.archive(net, tier, tmp_path)
    reader = Reader(MemorySource(content))
    assert reader.metadata()["attribution"] == "© OpenStreetMap contributors, ODbL"
    assert reader.header()["max_zoom"] == tiles.DEEPEST and reader.header()["clustered"]
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"kept")
    assert tiles.archive(net, tier, tmp_path) == b"kept", "the next start reads it"
    plain = tiles.archive(net, np.full_like(tier, 3), tmp_path)
    assert plain != b"kept", "other classes, another archive"
    assert set(drawn(plain, 8)) == {3}, "where all streets are of one class they are seen from afar too"
    assert tiles.write(net, tier) == content, "twice the same"


def test_pieces_put_together_are_the_archive() -> None:
    content = os.urandom(150_000)
    url = publish.publish_pieces(content)
    size = int(url.split("-")[-2])
    start = url.rpartition("/")[2]
    pieces = [(publish._folder() / f"{start}{number}").read_bytes() for number in range(-(-len(content) // size))]
    assert b"".join(pieces) == content and {len(piece) for piece in pieces[:-1]} == {size}
