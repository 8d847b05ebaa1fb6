"""Files that mean harm or are broken, where a project names them: refused with one clear error, in bounded memory and time."""

import bz2
import gzip
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
from shapely import LineString, box
from small_project import CRS, EAST, NORTH, write_project
from test_levels import edit

from planner import NetworkError, PlannerError, StreetNetwork
from planner.project import load
from planner.run import run_project
from planner.texts import LANGUAGES

BOMB = (
    "<!DOCTYPE osm [\n"
    + '<!ENTITY a0 "highway highway ">\n'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">\n' for n in range(1, 10))
    + "]>\n"
)
LONG = f'<!DOCTYPE osm [<!ENTITY a "{"x" * 100_000}">]>\n'
OUTSIDE = '<!DOCTYPE osm [<!ENTITY a9 SYSTEM "file:///etc/passwd">]>\n'
BODY = '<osm version="0.6"><node id="1" version="1" lon="118" lat="25"><tag k="name" v="{value}"/></node></osm>'
NAMES = [
    'x"; DROP TABLE gpkg_contents; --',
    "o'hara' OR '1'='1",
    "two\nlines\r\n[siting]",
    "../../etc/passwd",
    "名称 \u202e gpkg\x1b[31m",
    "x" * 500,
]


def refusal(file: Path) -> PlannerError:
    with pytest.raises(PlannerError) as caught:
        run_project(load(file))
    for language in LANGUAGES:
        assert caught.value.message(language)
    return caught.value


@pytest.mark.parametrize("ending", [".osm", ".osm.gz", ".osm.bz2"])
@pytest.mark.parametrize(
    ("head", "value"), [(BOMB, "&a9;"), (LONG, "&a;" * 20_000), (OUTSIDE, "&a9;")], ids=["bomb", "long", "outside"]
)
def test_entities_in_openstreetmap_xml(tmp_path, ending, head, value):
    packed = {".osm": lambda data: data, ".osm.gz": gzip.compress, ".osm.bz2": bz2.compress}[ending]
    path = tmp_path / f"streets{ending}"
    path.write_bytes(packed(('<?xml version="1.0"?>\n' + head + BODY.format(value=value)).encode()))
    with pytest.raises(NetworkError) as caught:
        StreetNetwork.from_osm(path)
    assert path.name in str(caught.value)
    assert "root:" not in str(caught.value), "nothing of another file is read"


@pytest.mark.skipif(sys.platform == "win32", reason="how much memory a process took is not asked so on Windows")
def test_entities_take_no_memory(tmp_path):
    paths = [tmp_path / "bomb.osm", tmp_path / "bomb.graphml"]
    for path in paths:
        text = BOMB + BODY.format(value="&a9;") if path.suffix == ".osm" else BOMB.replace("osm", "graphml") + (
            '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed">'
            '<node id="1"><data key="d">&a9;</data></node></graph></graphml>'
        )  # fmt: skip
        path.write_text('<?xml version="1.0"?>\n' + text, encoding="utf-8")
        kind = "from_osm" if path.suffix == ".osm" else "from_graphml"
        code = f"""
import resource, sys
from planner import PlannerError, StreetNetwork
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    StreetNetwork.{kind}({str(path)!r})
except PlannerError as fault:
    print("refused", fault.code)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
        env = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
        run = [sys.executable, "-c", code]
        done = subprocess.run(run, capture_output=True, encoding="utf-8", check=True, timeout=120, env=env)
        refused, more_kb = done.stdout.splitlines()
        assert refused.startswith("refused streets.unreadable"), path.name
        assert int(more_kb) < 200_000, f"{path.name}: {more_kb} kB"


def test_archives_of_one_long_element_are_refused_before_they_are_parsed(tmp_path):
    """Some 100 kB unpack to 40 MB of one attribute, of blanks, or of one node's tags."""
    tag = b'<tag k="aaaaaaaaaaaaaaaaaaaa" v="bbbbbbbbbbbbbbbbbbbbbbb"/>'
    megabyte = {"attribute": b"x" * 1_000_000, "blanks": b" " * 1_000_000, "tags": tag * (1_000_000 // len(tag))}
    for kind, much in megabyte.items():
        path = tmp_path / f"{kind}.osm.gz"
        with gzip.open(path, "wb", compresslevel=1) as stream:
            stream.write(b'<osm version="0.6"><node id="1" version="1" lon="118" lat="25">')
            stream.write(b'<tag k="name" v="' if kind == "attribute" else b"")
            for _ in range(40):
                stream.write(much)
            stream.write((b'"/>' if kind == "attribute" else b"") + b"</node></osm>")
        with pytest.raises(NetworkError) as caught:
            StreetNetwork.from_osm(path)
        assert caught.value.code == "streets.xml_element", kind


def test_an_archive_that_unpacks_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr("planner.streets.readers.xml_guard.MOST_BYTES", 3_000_000)
    node = b'<node id="1" version="1" lon="118" lat="25"/>'
    path = tmp_path / "many.osm.bz2"
    path.write_bytes(bz2.compress(b'<osm version="0.6">' + node * 100_000 + b"</osm>"))
    with pytest.raises(NetworkError, match=r"many\.osm\.bz2.*osmium cat"):
        StreetNetwork.from_osm(path)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.98])
@pytest.mark.parametrize("ending", [".osm", ".osm.pbf", ".osm.gz", ".osm.bz2"])
def test_streets_cut_short_are_refused(tmp_path, helsinki, ending, share):
    if ending == ".osm.pbf":
        whole = helsinki.path.read_bytes()
    else:
        file = write_project(tmp_path / "small")
        text = (file.parent / "streets.osm").read_bytes()
        whole = {".osm": text, ".osm.gz": gzip.compress(text), ".osm.bz2": bz2.compress(text)}[ending]
    path = tmp_path / f"streets{ending}"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(NetworkError) as caught:
        StreetNetwork.from_osm(path)
    assert path.name in str(caught.value)


def test_a_project_with_streets_cut_short_leaves_no_cache_and_no_results(tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "user"))
    file = write_project(tmp_path)
    streets = tmp_path / "streets.osm"
    streets.write_bytes(streets.read_bytes()[:-20])
    assert "streets.osm" in str(refusal(file))
    assert not (tmp_path / "user").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", NAMES)
def test_layers_with_hostile_names_are_layers_like_any_other(tmp_path, name):
    """A name is never put into a query by us; area, zones and lanes are read whole, and nothing else is touched."""
    file = write_project(tmp_path)
    for layer in ("area", "zones"):
        table = gpd.read_file(tmp_path / f"{layer}.geojson")
        _write(table, tmp_path / f"{layer}.gpkg", name)
        edit(file, (f"{layer}.geojson", f"{layer}.gpkg"))
    lane = [LineString([(EAST + 2000, NORTH), (EAST + 2000, NORTH + 1000)])]
    _write(gpd.GeoDataFrame({"highway": ["residential"]}, geometry=lane, crs=CRS), tmp_path / "lanes.gpkg", name)
    streets = '[streets]\nsource = "streets.osm"\n'
    edit(file, (streets, streets.replace("[streets]", "[[streets]]") + '[[streets]]\nsource = "lanes.gpkg"\n'))
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.gpkg")}
    run = run_project(load(file))
    assert run.summary["unreachable"]["population"] == 25
    assert run.tables.zones["zone"].tolist() == ["西镇", "东镇"]
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.gpkg")} == before


def test_two_layers_of_hostile_names_are_told_on_one_line(tmp_path):
    file = write_project(tmp_path)
    table = gpd.read_file(tmp_path / "area.geojson")
    _write(table, tmp_path / "area.gpkg", NAMES[2])
    pyogrio.write_dataframe(table, tmp_path / "area.gpkg", layer="another\x1b[2J", append=True)
    edit(file, ("area.geojson", "area.gpkg"))
    reports = run_project(load(file)).inputs.reports
    said = [finding.to_dict("en")["message"] for finding in reports[0].findings]
    assert said
    assert all(letter.isprintable() for message in said for letter in message)


def test_a_geopackage_whose_catalogue_lies_is_one_clear_error(tmp_path):
    file = write_project(tmp_path)
    _write(gpd.read_file(tmp_path / "area.geojson"), tmp_path / "area.gpkg", "area")
    with sqlite3.connect(tmp_path / "area.gpkg") as base:
        base.execute("UPDATE gpkg_contents SET table_name = 'sqlite_master'")
        base.execute("UPDATE gpkg_geometry_columns SET table_name = 'sqlite_master'")
    base.close()
    edit(file, ("area.geojson", "area.gpkg"))
    assert "area.gpkg" in str(refusal(file))


@pytest.mark.parametrize(
    "content", [b"", b"SQLite format 3\x00", b"<html>", b"\x00" * 4096], ids=["0", "head", "page", "nul"]
)
@pytest.mark.parametrize("name", ["lanes.gpkg", "gates.gpkg", "land.gpkg", "villages.gpkg", "streets.graphml"])
def test_what_is_no_layer_is_refused_by_name(tmp_path, name, content):
    file = write_project(tmp_path)
    (tmp_path / name).write_bytes(content)
    stem = name.split(".")[0]
    if stem == "land":
        edit(file, ('zones = "zones.geojson"', f'zones = "zones.geojson"\nresidential = "{name}"'))
    elif stem == "villages":
        edit(file, ("[walking]", f'[[zones]]\nlevel = "village"\nsource = "{name}"\n\n[walking]'))
    elif stem == "gates":
        edit(file, ("[walking]", f'[gates]\nsource = "{name}"\n\n[walking]'))
    else:
        edit(file, ('source = "streets.osm"', f'source = "{name}"'))
    assert name in str(refusal(file))


def test_gates_and_land_of_the_wrong_kind(tmp_path):
    file = write_project(tmp_path)
    shapes = gpd.GeoSeries([box(EAST, NORTH, EAST + 9, NORTH + 9).boundary], crs=CRS)
    shapes.to_file(tmp_path / "lines.geojson", driver="GeoJSON")
    edit(file, ("[walking]", '[gates]\nsource = "lines.geojson"\n\n[walking]'))
    assert "lines.geojson" in str(refusal(file))
    edit(file, ('[gates]\nsource = "lines.geojson"\n\n', ""), ('zones = "', 'residential = "lines.geojson"\nzones = "'))
    assert "lines.geojson" in str(refusal(file))


def _write(table: gpd.GeoDataFrame, path: Path, layer: str) -> None:
    """Write a layer under any name: GDAL's own writer would tidy some of them, so the name is put in afterwards."""
    pyogrio.write_dataframe(table, path, layer="plain", driver="GPKG")
    quoted = '"' + layer.replace('"', '""') + '"'
    base = sqlite3.connect(path)
    for name, statement in list(base.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")):
        if statement:
            base.execute(f'DROP TRIGGER "{name}"')
    base.execute(f'ALTER TABLE "plain" RENAME TO {quoted}')
    for catalogue in ("gpkg_contents", "gpkg_geometry_columns", "gpkg_ogr_contents", "gpkg_extensions"):
        base.execute(f"UPDATE {catalogue} SET table_name = ? WHERE table_name = 'plain'", (layer,))
    base.execute("UPDATE gpkg_contents SET identifier = ?", (layer,))
    base.commit()
    base.close()
