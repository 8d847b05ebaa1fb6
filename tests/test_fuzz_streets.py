"""Damaged files of streets, hundreds of them, the same each time: a network or one clear error, never a traceback."""

import json
import warnings
from pathlib import Path

import networkx as nx
import pytest

from planner import PlannerError
from planner.streets.readers.sources import Source, StreetSources
from planner.texts import LANGUAGES
from tests.mutations import mutated
from tests.toys import ORIGIN, RESIDENTIAL, in_metres, write_osm

SIDE, STEP_M = 4, 100.0
SEEDS = 100


def corners() -> dict[tuple[int, int], tuple[float, float]]:
    return {(i, j): (ORIGIN[0] + STEP_M * i, ORIGIN[1] + STEP_M * j) for i in range(SIDE) for j in range(SIDE)}


def stretches() -> list[tuple[tuple[int, int], tuple[int, int]]]:
    across = [((i, j), (i + 1, j)) for i in range(SIDE - 1) for j in range(SIDE)]
    return across + [((i, j), (i, j + 1)) for i in range(SIDE) for j in range(SIDE - 1)]


def write_streets(path: Path) -> Path:
    """Write a small grid of streets in the format of a name's ending."""
    places = corners()
    lonlat = {
        at: (float(p.x), float(p.y))
        for at, p in zip(places, in_metres(places.values()).to_crs(4326).geometry, strict=True)
    }
    if ".osm" in path.name:
        number = {at: n for n, at in enumerate(places, 1)}
        ways = [([number[a], number[b]], RESIDENTIAL) for a, b in stretches()]
        return write_osm(path, dict(enumerate(lonlat.values(), 1)), ways)
    if path.suffix == ".graphml":
        graph = nx.MultiDiGraph(crs="epsg:4326")
        for n, (lon, lat) in enumerate(lonlat.values()):
            graph.add_node(n, x=str(lon), y=str(lat))
        number = {at: n for n, at in enumerate(places)}
        for a, b in stretches():
            wkt = f"LINESTRING ({lonlat[a][0]} {lonlat[a][1]}, {lonlat[b][0]} {lonlat[b][1]})"
            graph.add_edge(number[a], number[b], highway="residential", geometry=wkt)
        nx.write_graphml(graph, path)
        return path
    features = [
        {
            "type": "Feature",
            "properties": {"highway": "residential"},
            "geometry": {"type": "LineString", "coordinates": [*map(lonlat.get, pair)]},
        }
        for pair in stretches()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["town.osm", "town.osm.pbf", "town.osm.gz", "town.graphml", "town.geojson"])
def test_no_damage_ends_in_a_traceback(tmp_path: Path, name: str) -> None:
    whole = write_streets(tmp_path / name).read_bytes()
    path = tmp_path / f"damaged-{name}"
    for seed in range(SEEDS):
        path.write_bytes(mutated(whole, seed))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                StreetSources([Source(path)]).build()
            except PlannerError as fault:
                assert all(fault.message(language) for language in LANGUAGES), seed
            except Exception as fault:
                pytest.fail(f"{name}, seed {seed}: {type(fault).__name__}: {fault}")
