"""OpenStreetMap over the network: asked through OSMnx of a server on the loopback address, which fails in all the ways it can."""

import json
import socket
import threading
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import osmnx
import pytest
import shapely
from conftest import streets_file
from numpy.testing import assert_allclose
from overpass_server import OsmData, Server, nominatim_place, running
from toys import METRES, ORIGIN, RESIDENTIAL, write_osm

from planner import CRSError, GeometryError, InputError, NetworkError, PlannerError, StreetNetwork
from planner.crs import WGS84, transformer
from planner.streets.readers.online import fetch_boundary, fetch_facilities, fetch_streets
from planner.streets.readers.overpass import Service
from planner.user_folder import user_folder

TOWN = "Toy Town, Nowhere"


def at(x: float, y: float) -> tuple[float, float]:
    """Return longitude and latitude of a place in metres from the drawings' origin."""
    return transformer(METRES, WGS84).transform(ORIGIN[0] + x, ORIGIN[1] + y)


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.Polygon([at(west, south), at(east, south), at(east, north), at(west, north)])


OUTLINE = box(-300, -300, 300, 300)

#   10 --- 11 --- 12     18 --- 13    400 m apart each way from the middle, the outline at 300; another street 1,500 m away;
#           |                         16 to 17 a platform, 20 a library, 21 .. 24 a school, 25 a library beyond the outline
#          15
NODES = {10: (-400, 0), 11: (0, 0), 12: (400, 0), 13: (5000, 0), 18: (1500, 0), 15: (0, -200), 16: (0, -150), 17: (30, -150),
         20: (50, 50), 21: (100, 100), 22: (140, 100), 23: (140, 130), 24: (100, 130), 25: (900, 900)}  # fmt: skip
WAYS = [
    ([10, 11, 12], RESIDENTIAL),
    ([18, 13], RESIDENTIAL),
    ([11, 16, 15], {"highway": "service", "access": "private"}),
    ([16, 17], {"railway": "platform"}),
    ([21, 22, 23, 24, 21], {"amenity": "school", "building": "yes", "name": "实验小学"}),
    ([20, 24], {"barrier": "wall"}),
]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> OsmData:
    path = tmp_path_factory.mktemp("osm") / "town.osm.pbf"
    write_osm(path, {number: at(*place) for number, place in NODES.items()}, WAYS)
    data = OsmData.of(path)
    data.nodes[20]["tags"] = {"amenity": "library", "name": "图书馆"}
    data.nodes[25]["tags"] = {"amenity": "library", "name": "beyond"}
    return data


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Wait no second of what is waited, and note it."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pytest.fixture
def server(town: OsmData, naps: list[float], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    places = {
        TOWN: [
            nominatim_place("Toy Town station, Nowhere", shapely.Point(at(0, 0)), 6, importance=0.9),
            nominatim_place("Toy Town Lesser, Elsewhere", box(5000, 5000, 6000, 6000), 7, importance=0.2),
            nominatim_place(TOWN, OUTLINE, 8, importance=0.6),
        ],
        "Pointville": [nominatim_place("Pointville", shapely.Point(at(0, 0)), 9)],
    }
    before = {name: getattr(osmnx.settings, name) for name in dir(osmnx.settings) if not name.startswith("_")}
    look_up = socket.getaddrinfo
    with running(town, places) as one:
        yield one
    monkeypatch.undo()  # what a test itself has set
    assert {name: getattr(osmnx.settings, name) for name in before} == before, "OSMnx has its settings back"
    assert socket.getaddrinfo is look_up


@pytest.fixture
def service(server: Server) -> Service:
    return Service(overpass_url=server.overpass, nominatim_url=server.url, tries=3, pause_s=30)


def tree(folder: Path) -> list[str]:
    """Return what a folder holds, digests left off."""
    return sorted(path.relative_to(folder).as_posix().split("-")[0] for path in folder.iterdir())


# --------------------------------------------------------------------------------------------------------- what is fetched


def test_the_outline_of_a_place(server: Server, service: Service, tmp_path: Path) -> None:
    found = fetch_boundary(f" {TOWN} ", tmp_path, service=service)
    assert found.crs == WGS84
    assert found[["name", "display_name", "osm_id"]].to_dict("records") == [
        {"name": "Toy Town", "display_name": TOWN, "osm_id": "relation/8"}
    ]
    assert found.geometry[0].hausdorff_distance(OUTLINE) < 2e-7
    assert server.agents == {"quarter-hour-planner (OSMnx)"}


def test_the_streets_of_an_area_come_with_every_tag(server: Server, service: Service, tmp_path: Path) -> None:
    path = fetch_streets(OUTLINE, tmp_path, service=service)
    assert path.name.endswith(".osm.pbf")
    ways = {way.id: dict(way.tags) for way in osmium.FileProcessor(str(path), osmium.osm.WAY)}
    assert ways == {1: RESIDENTIAL, 3: {"highway": "service", "access": "private"}, 4: {"railway": "platform"}}
    net = StreetNetwork.from_osm(path)
    assert_allclose(sorted(net.edge_length_m), [30, 50, 150, 400, 400], atol=0.02)
    assert tree(tmp_path) == ["streets"], "no parts are left"


def test_a_network_by_the_name_of_its_place(server: Server, service: Service, tmp_path: Path) -> None:
    net = StreetNetwork.from_place(TOWN, tmp_path, service=service)
    assert net.edge_length_m.sum() == pytest.approx(1030, abs=0.1)
    wide = StreetNetwork.from_place(TOWN, tmp_path, 1500, service=service)
    assert wide.edge_length_m.sum() == pytest.approx(1030 + 3500, abs=1)
    assert server.count("search") == 1


def test_the_facilities_of_an_area(server: Server, service: Service, tmp_path: Path) -> None:
    found = fetch_facilities(OUTLINE, tmp_path, service=service)
    assert list(found.columns) == ["id", "name", "kind", "geometry"]
    assert found[["id", "name", "kind"]].to_numpy().tolist() == [
        ["node/20", "图书馆", "library"],
        ["way/5", "实验小学", "school"],
    ]
    assert shapely.Polygon([at(*NODES[n]) for n in (21, 22, 23, 24)]).contains(found.geometry[1])
    again = fetch_facilities(OUTLINE, tmp_path, service=service)
    assert again.equals(found)
    walls = fetch_facilities(OUTLINE, tmp_path, tags={"barrier": ["wall"]}, service=service)
    assert walls[["id", "name", "kind"]].to_numpy().tolist() == [["way/6", None, "wall"]]


def test_an_area_may_have_no_facilities(server: Server, service: Service, tmp_path: Path) -> None:
    for _ in range(2):
        found = fetch_facilities(box(-290, 200, -200, 290), tmp_path, service=service)
        assert (len(found), list(found.columns)) == (0, ["id", "name", "kind", "geometry"])
        assert found.crs == WGS84
    assert server.count("interpreter") == 1


def test_what_was_fetched_is_not_asked_for_again(server: Server, service: Service, tmp_path: Path) -> None:
    first = StreetNetwork.from_place(TOWN, tmp_path, service=service)
    asked = len(server.asked)
    again = StreetNetwork.from_place(TOWN, tmp_path, service=service)
    assert len(server.asked) == asked
    assert np.array_equal(first.vertex_x, again.vertex_x)
    fetch_streets(OUTLINE, tmp_path, buffer_m=50, service=service)
    assert len(server.asked) > asked, "another area is another question"


def test_areas_come_in_any_crs_and_shape(server: Server, service: Service, tmp_path: Path) -> None:
    for number, area in enumerate(
        [
            gpd.GeoSeries([OUTLINE], crs=WGS84).to_crs(METRES),
            gpd.GeoDataFrame(geometry=[OUTLINE, box(0, 0, 400, 400)], crs=WGS84),
            shapely.MultiPolygon([OUTLINE, box(1000, 1000, 1100, 1100)]),
            shapely.GeometryCollection([OUTLINE, shapely.Point(at(0, 0))]),
        ]
    ):
        path = fetch_streets(area, tmp_path / str(number), service=service)
        assert StreetNetwork.from_osm(path).edge_length_m.sum() > 1000


def test_an_outline_of_thousands_of_corners_is_asked_for_with_few(
    server: Server, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries: list[str] = []
    answer = server.data.answer
    monkeypatch.setattr(server.data, "answer", lambda query: queries.append(query) or answer(query))
    circle = shapely.Point(0, 0).buffer(300, quad_segs=5000)
    fetch_streets(shapely.transform(circle, at, interleaved=False), tmp_path, service=service)
    assert len(queries) == 2
    assert all(len(query) < 4000 for query in queries)


# -------------------------------------------------------------------------------------------------------------- failures


@pytest.mark.parametrize("status", [429, 504])
def test_a_busy_server_is_asked_again_and_then_answers(
    server: Server, service: Service, tmp_path: Path, naps: list[float], status: int
) -> None:
    server.faults.extend([status, status])
    steps: list[str] = []
    path = fetch_streets(OUTLINE, tmp_path, service=service, progress=steps.append)
    assert path.is_file()
    assert [nap for nap in naps if nap] == [30, 60]
    assert steps == ["online.asking_streets", "online.waiting", "online.waiting"]


@pytest.mark.parametrize("status", [429, 504])
@pytest.mark.parametrize("what", ["boundary", "streets", "facilities"])
def test_a_server_that_stays_busy_is_let_be(
    server: Server, service: Service, tmp_path: Path, status: int, what: str
) -> None:
    server.faults.extend([status] * 3)
    with pytest.raises(NetworkError, match=f"busy.*{status}.*3 times"):
        fetch(what, tmp_path, service)
    assert server.count("search") + server.count("interpreter") == 3
    assert tree(tmp_path) == [], "nothing is kept"
    fetch(what, tmp_path, service)
    assert tree(tmp_path) == [what]


def test_a_server_says_itself_when_to_come_back(
    server: Server, service: Service, tmp_path: Path, naps: list[float]
) -> None:
    server.headers["Retry-After"] = "7"
    server.faults.extend([429, 503])
    fetch_streets(OUTLINE, tmp_path, service=service)
    assert [nap for nap in naps if nap] == [7, 7]


def fetch(what: str, folder: Path, service: Service):
    if what == "boundary":
        return fetch_boundary(TOWN, folder, service=service)
    return (fetch_streets if what == "streets" else fetch_facilities)(OUTLINE, folder, service=service)


@pytest.mark.parametrize("what", ["boundary", "streets", "facilities"])
@pytest.mark.parametrize("fault", ["cut", "unsaid", "html"])
def test_an_answer_cut_short_is_not_kept(
    server: Server, service: Service, tmp_path: Path, fault: str, what: str
) -> None:
    server.faults.extend([fault] * 3)
    with pytest.raises(NetworkError, match="cut short"):
        fetch(what, tmp_path, service)
    assert tree(tmp_path) == []
    server.faults.append(fault)
    fetch(what, tmp_path, service)  # once is forgiven
    assert tree(tmp_path) == [what]


@pytest.mark.parametrize("what", ["streets", "facilities"])
def test_an_answer_that_the_server_calls_incomplete_is_not_taken(
    server: Server, service: Service, tmp_path: Path, what: str
) -> None:
    server.faults.append("remark")
    with pytest.raises(NetworkError, match=r"incomplete.*Query timed out"):
        fetch(what, tmp_path, service)
    assert tree(tmp_path) == []


def test_a_refusal_is_not_asked_again(server: Server, service: Service, tmp_path: Path) -> None:
    server.faults.append(403)
    with pytest.raises(NetworkError, match=r"refused.*403"):
        fetch_streets(OUTLINE, tmp_path, service=service)
    assert server.count("interpreter") == 1


def test_an_empty_answer_says_so_and_is_not_kept(server: Server, service: Service, tmp_path: Path) -> None:
    server.faults.extend(["empty", "empty"])
    with pytest.raises(NetworkError, match="no streets"):
        fetch_streets(OUTLINE, tmp_path, service=service)
    assert tree(tmp_path) == []
    fetch_streets(OUTLINE, tmp_path, service=service)


@pytest.mark.parametrize(
    ("name", "error", "match"),
    [
        ("Atlantis", NetworkError, "knows no place"),
        ("Pointville", NetworkError, "no outline"),
        ("  ", InputError, "no name"),
    ],
)
def test_places_that_are_none(
    server: Server, service: Service, tmp_path: Path, name: str, error: type[PlannerError], match: str
) -> None:
    with pytest.raises(error, match=match):
        fetch_boundary(name, tmp_path, service=service)
    assert all(path.suffix == ".parts" for path in tmp_path.iterdir()), "no boundary is kept"


def _closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.parametrize("what", ["boundary", "streets", "facilities"])
def test_no_network_is_said_at_once(server: Server, tmp_path: Path, naps: list[float], what: str) -> None:
    nowhere = f"http://127.0.0.1:{_closed_port()}"
    with pytest.raises(NetworkError, match=r"127\.0\.0\.1:\d+ cannot be reached"):
        fetch(what, tmp_path, Service(overpass_url=nowhere + "/api", nominatim_url=nowhere))
    assert sum(naps) <= 1
    assert tree(tmp_path) == []


def test_a_name_that_cannot_be_looked_up(server: Server, tmp_path: Path) -> None:
    service = Service(overpass_url="http://no-such-host.invalid/api", nominatim_url="http://no-such-host.invalid")
    for what in ("boundary", "streets"):
        with pytest.raises(NetworkError, match=r"no-such-host\.invalid cannot be reached"):
            fetch(what, tmp_path, service)


def test_a_silent_server(server: Server, service: Service, tmp_path: Path) -> None:
    server.faults.append("hang")
    impatient = Service(service.overpass_url, service.nominatim_url, timeout_s=1)
    with pytest.raises(NetworkError, match="not answered within 1 s"):
        fetch_streets(OUTLINE, tmp_path, service=impatient)
    assert tree(tmp_path) == []


def test_a_broken_run_is_resumed_where_it_stood(
    server: Server, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(osmnx.settings, "max_query_area_size", 300_000.0)  # OSMnx asks for the area in several parts
    server.faults.extend([None, None, None, 504, 504, 504])
    with pytest.raises(NetworkError, match="busy"):
        fetch_streets(OUTLINE, tmp_path, service=service)
    (parts,) = tmp_path.iterdir()
    assert (parts.suffix, len(list(parts.iterdir()))) == (".parts", 3)
    asked = server.count("interpreter")
    path = fetch_streets(OUTLINE, tmp_path, service=service)
    whole = StreetNetwork.from_osm(path)
    resumed = server.count("interpreter") - asked
    fetch_streets(OUTLINE, tmp_path / "anew", service=service)
    assert server.count("interpreter") - asked - resumed == resumed + 3
    assert resumed >= 3
    assert not parts.exists()
    monkeypatch.setattr(osmnx.settings, "max_query_area_size", 1e9)
    at_once = StreetNetwork.from_osm(fetch_streets(OUTLINE, tmp_path / "at once", service=service))
    assert_allclose(sorted(whole.edge_length_m), sorted(at_once.edge_length_m))


def test_a_part_half_written_is_fetched_again(
    server: Server, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(osmnx.settings, "max_query_area_size", 300_000.0)
    server.faults.extend([None, None, 504, 504, 504])
    with pytest.raises(NetworkError):
        fetch_streets(OUTLINE, tmp_path, service=service)
    (parts,) = tmp_path.iterdir()
    for part in parts.iterdir():
        text = part.read_text(encoding="utf-8")
        json.loads(text)  # whole
        part.write_text(text[: len(text) // 2], encoding="utf-8")
    net = StreetNetwork.from_osm(fetch_streets(OUTLINE, tmp_path, service=service))
    assert net.edge_length_m.sum() == pytest.approx(1030, abs=0.1)


def test_a_disk_that_cannot_be_written_to(server: Server, service: Service, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written to"):
        fetch_streets(OUTLINE, tmp_path / "file", service=service)


def test_a_file_that_fails_half_way_is_not_kept(
    server: Server, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path, elements) -> None:
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("planner.streets.readers.online._write_pbf", full)
        with pytest.raises(InputError, match="No space left"):
            fetch_streets(OUTLINE, tmp_path, service=service)
    assert tree(tmp_path) == ["streets"], "the parts alone"
    asked = server.count("interpreter")
    assert fetch_streets(OUTLINE, tmp_path, service=service).is_file()
    assert server.count("interpreter") == asked, "nothing had to be asked for again"


@pytest.mark.parametrize(
    ("area", "options", "error"),
    [
        (shapely.Point(at(0, 0)), {}, GeometryError),
        (gpd.GeoSeries([OUTLINE]), {}, CRSError),
        (box(-100_000, -100_000, 100_000, 100_000), {}, InputError),
        (OUTLINE, {"buffer_m": -5}, InputError),
        (OUTLINE, {"buffer_m": float("inf")}, InputError),
    ],
)
def test_areas_that_are_none(server: Server, service: Service, tmp_path: Path, area, options, error) -> None:
    with pytest.raises(error):
        fetch_streets(area, tmp_path, service=service, **options)
    assert server.asked == []


def test_threads_wait_for_each_other(server: Server, service: Service, tmp_path: Path) -> None:
    """Eight places at once: the settings are one thread's at a time, and each gets its own streets."""
    areas = [box(-300, -300, 300 + 10 * n, 300) for n in range(8)]
    found: dict[int, float] = {}

    def one(number: int) -> None:
        folder = tmp_path / str(number % 3)
        path = fetch_streets(areas[number], folder, service=service)
        found[number] = float(StreetNetwork.from_osm(path).edge_length_m.sum())

    threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: pytest.approx(1030, abs=0.1) for n in range(8)}


def test_the_users_own_settings_hold_where_we_have_none(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(osmnx.settings, "overpass_url", server.overpass)
    monkeypatch.setattr(osmnx.settings, "nominatim_url", server.url)
    assert StreetNetwork.from_place(TOWN, tmp_path).n_edges > 0


def test_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server, service: Service) -> None:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path))
    assert user_folder() == tmp_path
    StreetNetwork.from_place(TOWN, service=service)
    assert tree(user_folder()) == ["boundary", "streets"]


# ------------------------------------------------------------------------------------------------------------ real cities


def test_porto_alegre_over_the_network_is_porto_alegre_from_its_file(
    naps: list[float], tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    path = streets_file("porto_alegre")
    area = gpd.read_file(shared / "data" / "porto_alegre" / "area.geojson")
    middle = area.to_crs(area.estimate_utm_crs()).centroid.buffer(2000).to_crs(WGS84)
    place = nominatim_place("Porto Alegre, Brasil", middle.iloc[0], 242)
    with running(OsmData.of(path), {"Porto Alegre": [place]}) as server:
        service = Service(server.overpass, server.url)
        net = StreetNetwork.from_place("Porto Alegre", tmp_path, 300, service=service)
        outline = fetch_boundary("Porto Alegre", tmp_path, service=service)
    expected = StreetNetwork.from_osm(path, outline, 300)
    assert net.n_nodes > 1000
    assert (net.n_nodes, net.n_edges) == (expected.n_nodes, expected.n_edges)
    assert sorted(net.node_ref) == sorted(expected.node_ref)
    assert_allclose(sorted(net.edge_length_m), sorted(expected.edge_length_m), atol=1e-6)


def test_the_libraries_of_las_palmas(naps: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    path = streets_file("las_palmas")
    library = osmium.filter.TagFilter(("amenity", "library"))
    tagged = set()
    with osmium.BackReferenceWriter(str(tmp_path / "libraries.osm.pbf"), ref_src=str(path)) as writer:
        for thing in osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY).with_filter(library):
            tagged.add(f"{'node' if thing.is_node() else 'way'}/{thing.id}")
            writer.add(thing)
    with running(OsmData.of(tmp_path / "libraries.osm.pbf")) as server:
        found = fetch_facilities(
            shapely.box(-15.7, 27.9, -15.3, 28.3),
            tmp_path,
            tags={"amenity": ["library"]},
            service=Service(server.overpass, server.url),
        )
    assert set(found["id"]) == tagged
    assert len(found) >= 10
    assert found["name"].notna().mean() > 0.5
