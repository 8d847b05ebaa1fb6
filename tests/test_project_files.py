"""One list of the files that a project consists of: what a key names, with all that belongs to it."""

import re
from pathlib import Path

import pytest
from small_project import write_project

from planner.deliver.manifest import input_digests
from planner.project import load
from planner.project.files import named_files
from planner.session.loading import fingerprint
from planner.session.project_copy import copy_project
from planner.tables.parts import copy_input, free_name, parts_of

PLANNER = Path(__file__).parents[1] / "planner"


def drawn(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "with_it", "not_with_it"),
    [
        (
            "a.shp",
            ["a.shx", "a.dbf", "a.prj", "a.cpg", "a.qpj", "a.shp.xml", "A.QIX"],
            ["a.geojson", "ab.shx", "a.txt"],
        ),
        ("a.tif", ["a.tfw", "a.tif.aux.xml", "a.tif.ovr", "a.tif.msk", "a.prj"], ["a.csv", "a.tiff", "b.tif.aux.xml"]),
        ("a.asc", ["a.prj", "a.asc.aux.xml"], ["a.shx"]),
        ("a.gpkg", ["a.gpkg-wal", "a.gpkg-journal"], ["a.gpkg-shm", "a.prj"]),
        ("a.csv", [], ["a.prj", "a.csv.lock"]),
        ("a.gdb", ["a.gdb/x.gdbtable", "a.gdb/y/z.spx"], ["a.gdb/x.sr.lock", "a.prj"]),
    ],
)
def test_what_belongs_to_an_input(tmp_path, name, with_it, not_with_it):
    drawn(tmp_path, *([] if name.endswith(".gdb") else [name]), *with_it, *not_with_it)
    found = {path.relative_to(tmp_path).as_posix() for path in parts_of(tmp_path / name)}
    assert found == {*with_it, *([] if name.endswith(".gdb") else [name])}
    assert parts_of(tmp_path / "missing.shp") == []


def test_an_empty_log_is_none(tmp_path):
    drawn(tmp_path, "a.gpkg")
    (tmp_path / "a.gpkg-wal").write_bytes(b"")
    assert parts_of(tmp_path / "a.gpkg") == [tmp_path / "a.gpkg"]


def test_a_virtual_raster_takes_its_sources_along(tmp_path):
    drawn(tmp_path / "in", "tiles/1.tif", "tiles/1.tif.aux.xml", "2.tif")
    named = ("tiles/1.tif", "2.tif", "missing.tif", "../up.tif")
    text = "".join(f'<SourceFilename relativeToVRT="1">{name}</SourceFilename>' for name in named)
    (tmp_path / "in" / "a.vrt").write_text(text, encoding="utf-8")
    (tmp_path / "up.tif").write_bytes(b"")
    copy_input(tmp_path / "in" / "a.vrt", tmp_path / "out" / "b.vrt")
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert found == {"b.vrt", "tiles/1.tif", "tiles/1.tif.aux.xml", "2.tif"}


def test_two_inputs_of_one_name_are_copied_with_parts_of_their_own(tmp_path):
    drawn(tmp_path, "x/a.tif", "x/a.tfw", "y/a.tiff", "y/a.tfw", "x/b.shp", "x/b.prj", "x/b.asc")
    taken: dict[str, Path] = {}
    names = [free_name(tmp_path / name, taken) for name in ("x/a.tif", "y/a.tiff", "x/b.shp", "x/b.asc")]
    assert names == ["a.tif", "a-2.tiff", "b.shp", "b.asc"], "b.prj is one file, and serves both"
    copy_input(tmp_path / "y/a.tiff", tmp_path / "out" / "a-2.tiff")
    assert (tmp_path / "out" / "a-2.tfw").read_text(encoding="utf-8") == "y/a.tfw"


def test_a_changed_sidecar_changes_digest_fingerprint_and_copy(tmp_path):
    """Each asked elsewhere what belongs to an input, and only some knew of what GDAL lays beside a raster."""
    file = write_project(tmp_path / "here")
    text = file.read_text(encoding="utf-8").replace('source = "people.csv"\ncolumn = "people"', 'source = "people.tif"')
    file.write_text(text, encoding="utf-8")
    drawn(tmp_path / "here", "people.tif", "people.tif.aux.xml", "people.tif.msk", "variants.json")
    project = load(file)
    before = input_digests(project), fingerprint(project)
    (tmp_path / "here" / "people.tif.aux.xml").write_text("another NoData value", encoding="utf-8")
    after = input_digests(project), fingerprint(project)
    assert [key for key in before[0] if before[0][key] != after[0][key]] == ["population[0].source"]
    assert before[1] != after[1]
    (tmp_path / "copy").mkdir()
    copy_project(project, tmp_path / "copy")
    copied = {path.name for path in (tmp_path / "copy").iterdir()}
    assert copied == {path.name for path in project.files} | {"variants.json"}
    assert {"people.tif.aux.xml", "people.tif.msk"} <= copied


def test_every_key_of_the_file_that_names_files_is_listed(tmp_path):
    """`sources`, the copy and the drafts of the workbench go by one list of keys."""
    content = {
        "area": {"boundary": "a", "zones": "z", "residential": "r"},
        "streets": [{"source": "s"}],
        "gates": {"source": "g"},
        "walking": {"elevation": "e"},
        "zones": [{"source": "z1"}, {"source": "z2"}],
        "population": [
            {"source": "p.tif", "low": "l.tif", "high": "h.tif", "buildings": "b"},
            {"source": "p.csv", "low": "a column", "high": "a column", "zones": "z3"},
        ],
        "calibrate": {"source": "c", "zones": "z4"},
        "register": {"villages": "v", "corrections": "k"},
        "centres": {"source": ["1", "2"]},
        "candidates": {"source": "3"},
    }
    assert [(named.place, named.source) for named in named_files(content)] == [
        ("area.boundary", "a"), ("streets.source", "s"), ("gates.source", "g"), ("area.zones", "z"),
        ("walking.elevation", "e"), ("zones[0].source", "z1"), ("zones[1].source", "z2"), ("area.residential", "r"),
        ("population[0].source", "p.tif"), ("population[0].low", "l.tif"), ("population[0].high", "h.tif"),
        ("population[0].buildings", "b"), ("population[1].source", "p.csv"), ("population[1].zones", "z3"),
        ("calibrate.source", "c"), ("calibrate.zones", "z4"), ("register.villages", "v"), ("register.corrections", "k"),
        ("centres.source", ["1", "2"]), ("candidates.source", "3"),
    ]  # fmt: skip


def test_nobody_else_knows_what_belongs_to_an_input():
    """A list of suffixes, or a search by stem, in another module would be a second answer."""
    second = re.compile(r'\.aux\.xml|"\.tfw"|"\.qpj"|"-wal"|glob\(f"\{path\.stem|\.stem == path\.stem')
    found = [
        path.relative_to(PLANNER).as_posix()
        for path in PLANNER.rglob("*.py")
        if second.search(path.read_text(encoding="utf-8"))
    ]
    assert found == ["tables/parts.py"]
