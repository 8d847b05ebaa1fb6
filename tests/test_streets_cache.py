"""Kept networks: one folder each, mapped and read-only, checked when opened, thrown away when damaged, pruned when many."""

import dataclasses
import json
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from test_streets import at, same_network
from toys import ORIGIN, RESIDENTIAL, in_metres, write_osm

from planner import StreetNetwork, coverage, isochrones
from planner.kernels.field import effort_field
from planner.kernels.nearest_segment import snap_points
from planner.kernels.paths import reach_points, search_bounded
from planner.streets import WalkRules, cache
from planner.streets.cache import check_network, is_kept, keep_network, kept_network, open_network, prune
from planner.streets.network import OF_THE_SHAPE
from planner.user_folder import user_folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Write streets with a crossing, a loop, a curve and a private lane."""
    nodes = {1: at(0, 0), 2: at(100, 0), 3: at(200, 0), 4: at(100, 80), 5: at(150, 40), 6: at(260, 0), 7: at(260, 60)}
    ways = [([1, 2, 3, 6], RESIDENTIAL), ([2, 4], {"highway": "steps"}), ([2, 5, 3], {"highway": "path"}),
            ([6, 7], {"highway": "service", "access": "private"})]  # fmt: skip
    return write_osm(tmp_path / "streets.osm", nodes, ways)


def opened(path: Path, folder: Path) -> tuple[StreetNetwork, Path]:
    """Return the network of a file and the one folder that keeps it."""
    net = StreetNetwork.from_osm(path, cache=folder)
    (place,) = folder.iterdir()
    return net, place


def test_arrays_are_mapped_and_all_are_there(path: Path, tmp_path: Path) -> None:
    fresh = StreetNetwork.from_osm(path)
    for _ in range(2):  # built and kept, then opened: one road
        net, place = opened(path, tmp_path / "kept")
        assert same_network(net, fresh)
        assert set(OF_THE_SHAPE) <= vars(net).keys(), "what follows from the shape is not computed again"
        for name in ("vertex_m", "edge_length_m", "segment_start_m", "component"):
            assert np.array_equal(getattr(net, name), getattr(fresh, name))
        for part in ("adjacency", "grid"):
            for name, value in vars(getattr(net, part)).items():
                assert np.array_equal(value, getattr(getattr(fresh, part), name)), name
        assert isinstance(net.node_x.base, np.memmap)
        assert isinstance(net.grid.segment.base, np.memmap)
    assert {file.suffix for file in place.iterdir()} == {".npy", ".json"}
    for file in place.glob("*.npy"):
        assert np.load(file, allow_pickle=False).dtype != object


def test_no_array_of_a_network_may_be_written_to(path: Path, tmp_path: Path) -> None:
    kept, _ = opened(path, tmp_path / "kept")
    for net in (StreetNetwork.from_osm(path), kept, pickle.loads(pickle.dumps(kept))):
        for array in (net.node_x, net.edge_to, net.vertex_m, net.adjacency.head, net.grid.ax, net.efforts().along_m):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0


def test_kernels_are_compiled_once_for_networks_built_and_kept(path: Path, tmp_path: Path) -> None:
    kernels = (snap_points, reach_points, search_bounded, effort_field)
    points = in_metres([(ORIGIN[0] + 40, ORIGIN[1] + 5), (ORIGIN[0] + 240, ORIGIN[1] + 9)])
    compiled = []
    for net in (StreetNetwork.from_osm(path), opened(path, tmp_path / "kept")[0], opened(path, tmp_path / "kept")[0]):
        coverage.travel_times(net, points, points, limit_s=900)
        isochrones.polygons(net, points, minutes=(3,), threads=1)
        compiled.append([len(kernel.signatures) for kernel in kernels])
    assert compiled[0] == compiled[1] == compiled[2]


def test_a_network_opens_in_another_process(path: Path, tmp_path: Path) -> None:
    net, place = opened(path, tmp_path / "kept")
    code = """
import pathlib, sys
from planner.streets.cache import open_network
print(open_network(pathlib.Path(sys.argv[1]))[0].n_edges)
"""
    ran = subprocess.run([sys.executable, "-c", code, str(place)], capture_output=True, text=True, check=True)
    assert int(ran.stdout) == net.n_edges


@pytest.mark.parametrize(
    "harm", ["empty meta", "cut meta", "other figures", "flipped", "cut", "gone", "pickle", "type"]
)
def test_what_is_damaged_is_built_anew_and_said(
    path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: str
) -> None:
    fresh, place = opened(path, tmp_path / "kept")
    meta, array = place / "meta.json", place / "vertex_x.npy"
    whole, text = array.read_bytes(), meta.read_text(encoding="utf-8")
    if harm == "empty meta":
        meta.write_text("", encoding="utf-8")
    elif harm == "cut meta":
        meta.write_text(text[:-30], encoding="utf-8")
    elif harm == "other figures":
        meta.write_text(json.dumps(json.loads(text) | {"figures": {}}), encoding="utf-8")
    else:
        array.unlink()
        if harm == "flipped":
            array.write_bytes(whole[:-5] + bytes([whole[-5] ^ 0xFF]) + whole[-4:])
        elif harm == "cut":
            array.write_bytes(whole[:-8])
        elif harm == "pickle":
            np.save(array, np.array([{"a": 1}], object), allow_pickle=True)
        elif harm == "type":
            np.save(array, np.load(path.parent / "kept" / place.name / "vertex_y.npy").astype(np.float32))
    del fresh
    again, mended = opened(path, tmp_path / "kept")
    assert same_network(again, StreetNetwork.from_osm(path))
    assert mended == place
    assert array.read_bytes() == whole
    (record,) = caplog.records
    assert place.name in record.getMessage()
    caplog.clear()
    opened(path, tmp_path / "kept")
    assert not caplog.records


def test_arrays_that_point_outside_of_another_are_refused(path: Path, tmp_path: Path) -> None:
    net = StreetNetwork.from_osm(path)
    check_network(net)
    beyond = dataclasses.replace(net.adjacency, head=net.adjacency.head + net.n_nodes)
    for name, value in (
        ("adjacency", beyond),
        ("edge_to", net.edge_to - net.n_nodes),
        ("edge_class", net.edge_class + len(net.classes)),
        ("vertex_indptr", net.vertex_indptr + 1),
        ("vertex_x", np.full_like(net.vertex_x, np.nan)),
        ("vertex_m", net.vertex_m[:-1]),
        ("factor_forward", np.full(net.n_edges, np.inf)),
        ("grid", dataclasses.replace(net.grid, n_columns=net.grid.n_columns + 1)),
    ):
        wrong = StreetNetwork.from_osm(path)
        _ = [getattr(wrong, each) for each in OF_THE_SHAPE]
        wrong.__dict__[name] = value
        with pytest.raises(ValueError):
            check_network(wrong)
        keep_network(tmp_path / name, wrong, [])  # with checksums that are right
        with pytest.raises(ValueError):
            open_network(tmp_path / name)


def test_whoever_is_second_leaves_what_is_there(path: Path, tmp_path: Path) -> None:
    net, place = opened(path, tmp_path / "kept")
    before = {file: file.stat().st_mtime_ns for file in place.glob("*.npy")}
    keep_network(place, net, [])
    assert {file: file.stat().st_mtime_ns for file in place.glob("*.npy")} == before
    assert list((tmp_path / "kept").iterdir()) == [place], "something was left lying about"


def test_a_build_that_fails_keeps_nothing(tmp_path: Path) -> None:
    def build():
        raise ValueError("no streets")

    with pytest.raises(ValueError, match="no streets"):
        kept_network(tmp_path / "kept", "key", build)
    assert not (tmp_path / "kept").exists()


def test_those_not_used_for_longest_go_first(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    rules = [WalkRules(), WalkRules(private_lanes=False), WalkRules(plazas=True)]
    places: list[Path] = []
    for each in rules:
        StreetNetwork.from_osm(path, rules=each, cache=folder)
        places += [place for place in folder.iterdir() if place not in places]
    now = time.time()
    for age, place in zip((30, 20, 10), places, strict=True):
        os.utime(place / "meta.json", (now - age, now - age))
    (folder / "notes").mkdir()  # whose folder it is besides is none of our business
    (folder / ".git").mkdir()
    unfinished = folder / ".planner-network-1"
    unfinished.mkdir()
    os.utime(unfinished, (now - 90_000, now - 90_000))
    old = StreetNetwork.from_osm(path, rules=rules[0], cache=folder)  # used today
    size = sum(file.stat().st_size for file in places[0].iterdir())
    prune(folder, most_bytes=int(2.5 * size))
    assert [is_kept(folder, place.name) for place in places] == [True, False, True]
    prune(folder, most_bytes=0)
    assert [is_kept(folder, place.name) for place in places] == [True, False, False], "the one used last stays"
    assert old.edge_length_m.sum() > 0
    assert sorted(place.name for place in folder.iterdir()) == sorted([".git", "notes", places[0].name])


def test_keeping_prunes(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache.prune, "__defaults__", (0,))
    StreetNetwork.from_osm(path, cache=tmp_path / "kept")
    StreetNetwork.from_osm(path, rules=WalkRules(private_lanes=False), cache=tmp_path / "kept")
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_the_users_folder_is_the_systems_or_what_the_variable_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path))
    assert user_folder() == tmp_path
    monkeypatch.delenv("PLANNER_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert "quarter-hour-planner" in user_folder().parts
    assert sys.platform != "linux" or user_folder() == tmp_path / "xdg" / "quarter-hour-planner"


def forge(place: Path, **changes: object) -> None:
    """Change what is kept of a network as somebody does who knows how: every checksum and digest is right again."""
    meta = json.loads((place / "meta.json").read_text(encoding="utf-8"))
    meta.pop("digest")
    for name, value in changes.items():
        if isinstance(value, np.ndarray):
            name = name.replace("__", ".")
            (place / f"{name}.npy").unlink()
            np.save(place / f"{name}.npy", value)
            meta["arrays"][name] = cache._look(value)
        elif isinstance(value, dict):
            meta[name] |= value
        else:
            meta[name] = value
    (place / "meta.json").write_text(json.dumps(meta | {"digest": cache._digest(meta)}), encoding="utf-8")


FORGERIES = {
    "other integers": lambda net: {"edge_from": net.edge_from.astype(np.int64)},
    "fractions": lambda net: {"edge_to": net.edge_to + 0.5},
    "a table": lambda net: {"node_x": np.column_stack((net.node_x, net.node_x))},
    "other bytes": lambda net: {"vertex_x": net.vertex_x.astype(">f8")},
    "far away": lambda net: {"node_y": net.node_y + 1e12},
    "free of effort": lambda net: {"factor_forward": net.factor_forward * 0},
    "not a number": lambda net: {"factor_backward": net.factor_backward * np.nan},
    "beyond": lambda net: {"adjacency__head": net.adjacency.head + np.int32(1000)},
    "before": lambda net: {"grid__segment": net.grid.segment - np.int32(1)},
    "out of order": lambda net: {"vertex_indptr": net.vertex_indptr[::-1].copy()},
    "both negative": lambda net: {"grid": {"n_columns": -net.grid.n_columns, "n_rows": -net.grid.n_rows}},
    "no cell": lambda net: {"grid": {"cell_m": 0.0}},
    "cells of nan": lambda net: {"grid": {"cell_m": float("nan")}},
    "a word for a number": lambda net: {"grid": {"x0": "0"}},
    "no figures": lambda net: {"figures": []},
    "said as a word": lambda net: {"told": ["x"]},
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_somebody_forged_with_its_checksums_is_built_anew_and_said(
    path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, forgery: str
) -> None:
    fresh, place = opened(path, tmp_path / "kept")
    forge(place, **FORGERIES[forgery](fresh))
    again, _ = opened(path, tmp_path / "kept")
    assert same_network(again, StreetNetwork.from_osm(path))
    assert [place.name in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes need rights there")
@pytest.mark.parametrize("thing", ["link to a file", "link to a folder", "pipe"])
def test_links_and_pipes_in_what_is_kept_are_not_followed(path: Path, tmp_path: Path, thing: str) -> None:
    _, place = opened(path, tmp_path / "kept")
    elsewhere = tmp_path / "elsewhere"
    if thing == "link to a folder":
        place.rename(elsewhere)
        place.symlink_to(elsewhere)
    elif thing == "pipe":
        (place / "node_x.npy").unlink()
        os.mkfifo(place / "node_x.npy")
    else:
        (place / "node_x.npy").rename(elsewhere)
        (place / "node_x.npy").symlink_to(elsewhere)
    opened(path, tmp_path / "kept")
    assert not any(file.is_symlink() for file in [place, *place.iterdir()])
    assert thing == "pipe" or elsewhere.exists(), "what lies elsewhere is somebody's own"
    assert [file.name for file in (tmp_path / "kept").iterdir()] == [place.name]


def test_arrays_that_changed_places_are_built_anew(path: Path, tmp_path: Path) -> None:
    _, place = opened(path, tmp_path / "kept")
    (place / "node_x.npy").rename(tmp_path / "x")
    (place / "node_y.npy").rename(place / "node_x.npy")
    (tmp_path / "x").rename(place / "node_y.npy")
    assert same_network(opened(path, tmp_path / "kept")[0], StreetNetwork.from_osm(path))
