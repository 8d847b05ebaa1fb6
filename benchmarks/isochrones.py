"""Isochrones side by side: how long one takes, and how far the drawing and the count differ.

``python benchmarks/isochrones.py [--data DIR] [--python-for-valhalla PYTHON]`` runs on the shared cities. Valhalla's wheels want
Python 3.12 or newer: where this is older, name another one that has the package ``pyvalhalla``; without one its row is left out.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pyogrio
import shapely

from planner import StreetNetwork, coverage, isochrones
from planner.coverage import Places
from planner.crs import WGS84
from planner.inputs.read import read_inputs
from planner.project import load
from planner.results.agreement import compare
from planner.study.point_index import PointIndex

HERE = Path(__file__).resolve()
DATA = HERE.parents[2] / "shared" / "data"
MINUTES, SPEED_M_S = 15, 1.0
QUALITIES: tuple[isochrones.Quality, ...] = ("fast", "exact")

VALHALLA = """
import json, statistics, subprocess, sys, tempfile, time
from pathlib import Path
import valhalla
osm, points, rounds = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
with tempfile.TemporaryDirectory() as folder:
    tiles = Path(folder) / "tiles"
    tiles.mkdir()
    config = valhalla.get_config(tile_extract="", tile_dir=str(tiles), verbose=False)
    config["mjolnir"]["tile_extract"] = ""
    file = Path(folder) / "valhalla.json"
    file.write_text(json.dumps(config), encoding="utf-8")
    programs = Path(valhalla.__file__).parent / "bin"
    subprocess.run([str(programs / "valhalla_build_tiles"), "-c", str(file), osm], check=True, capture_output=True)
    actor = valhalla.Actor(str(file))
    taken = []
    for lon, lat in points:
        asked = {"locations": [{"lon": lon, "lat": lat}], "costing": "pedestrian", "contours": [{"time": 15}],
                 "polygons": True, "costing_options": {"pedestrian": {"walking_speed": 3.6}}}
        best = None
        for _ in range(rounds):
            begun = time.perf_counter()
            try:
                actor.isochrone(asked)
            except Exception:
                break
            best = min(best or 9.9, time.perf_counter() - begun)
        if best is not None:
            taken.append(best)
    print(json.dumps({"median_s": statistics.median(taken), "n": len(taken)}))
"""


def main() -> None:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the shared cities (default: %(default)s)")
    parser.add_argument("--python-for-valhalla", default=sys.executable, help="an interpreter that has pyvalhalla")
    parser.add_argument("--rounds", type=int, default=5, help="each isochrone is drawn so often, the fastest counts")
    given = parser.parse_args()
    if not (given.data / "porto_alegre" / "poa.osm.pbf").is_file():
        raise SystemExit(f"No shared cities in {given.data}. Say where they are with --data DIR.")
    drawing(given.data / "porto_alegre", given.python_for_valhalla, given.rounds)
    agreement([given.data / name for name in ("porto_alegre", "wuhan")])
    agreement_on_footprints(given.data / "las_palmas" / "las_palmas_20230221.osm.pbf")


def drawing(folder: Path, python: str, rounds: int) -> None:
    """Time one isochrone of 15 minutes around each centre of Porto Alegre, one thread, Valhalla before and after ours."""
    osm = folder / "poa.osm.pbf"
    centres = gpd.read_file(folder / "centres.csv")
    lon, lat = centres["longitude"].astype(float), centres["latitude"].astype(float)
    points = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=WGS84)
    net = StreetNetwork.from_osm(osm)
    places = Places.of(net, points)
    lonlat = np.column_stack((lon, lat)).tolist()
    print(
        f"One isochrone of {MINUTES} minutes at {SPEED_M_S} m/s, Porto Alegre, {len(points)} centres, one thread: medians"
    )
    before = valhalla(python, osm, lonlat, rounds)
    rows: list[tuple[str, float]] = []
    polygon(StreetNetwork.from_osm(osm), places[np.array([0])], "fast")  # compiled, on a network of its own
    begun = time.perf_counter()
    for i in range(len(places)):
        polygon(net, places[np.array([i])], "fast")
    cold = (time.perf_counter() - begun) / len(places)
    for quality in QUALITIES:
        alone = medians(points, rounds, lambda one, quality=quality: draw(net, one, quality))
        placed = [places[np.array([i])] for i in range(len(places))]
        shapes = medians(
            placed,
            rounds,
            lambda one, quality=quality: isochrones.shapes(net, one, minutes=(MINUTES,), quality=quality, threads=1),
        )
        rows += [(f"planner, {quality}, the polygon", shapes), (f"planner, {quality}, a call for one", alone)]
    after = valhalla(python, osm, lonlat, rounds)
    graph = nx.MultiGraph(net.to_graph())
    nodes = np.random.default_rng(3).choice(net.n_nodes, 20, replace=False).tolist()
    recipe = medians(nodes, 1, lambda node: buffered_streets(graph, node))
    for name, seconds in rows:
        line(name, seconds)
    line("planner, fast, the polygon, all once, mean", cold, note="the ground around each snapped for the first time")
    if before is None or after is None:
        print("  Valhalla: not measured (its interpreter has no pyvalhalla; name one with --python-for-valhalla)")
    else:
        for when, seconds in (("before", before), ("after", after)):
            line(f"Valhalla, its own service, {when}", seconds, rows[0][1], "a polygon as GeoJSON")
    line("ego graph and buffers (OSMnx's gallery)", recipe, rows[2][1], "times exact; 20 street nodes")


def draw(net: StreetNetwork, points: Any, quality: isochrones.Quality) -> gpd.GeoDataFrame:
    """Draw isochrones as a user would."""
    return isochrones.polygons(net, points, minutes=(MINUTES,), speed_m_s=SPEED_M_S, quality=quality, threads=1)


def polygon(net: StreetNetwork, place: Places, quality: isochrones.Quality) -> Any:
    """Draw the polygon alone, in metres, of a place already on its street."""
    return isochrones.shapes(net, place, minutes=(MINUTES,), speed_m_s=SPEED_M_S, quality=quality, threads=1)


def medians(things: Sequence[Any], rounds: int, work: Callable[[Any], Any]) -> float:
    """Return the median over things of the fastest of some rounds."""
    taken = []
    slices = [things.iloc[i : i + 1] if isinstance(things, gpd.GeoSeries) else things[i] for i in range(len(things))]
    work(slices[0])
    for one in slices:
        best = float("inf")
        for _ in range(rounds):
            begun = time.perf_counter()
            work(one)
            best = min(best, time.perf_counter() - begun)
        taken.append(best)
    return statistics.median(taken)


def valhalla(python: str, osm: Path, lonlat: list[list[float]], rounds: int) -> float | None:
    """Return Valhalla's median seconds, None where it cannot be run."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "valhalla_isochrones.py"
        script.write_text(VALHALLA, encoding="utf-8")
        command = [python, str(script), str(osm), json.dumps(lonlat), str(rounds)]
        ended = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if ended.returncode != 0:
        return None
    return float(json.loads(ended.stdout.strip().splitlines()[-1])["median_s"])


def buffered_streets(graph: nx.MultiGraph, node: int) -> Any:
    """Return an isochrone as OSMnx's gallery of examples makes it: streets within reach, buffered by 25 m."""
    reached = nx.ego_graph(graph, node, radius=MINUTES * 60 * SPEED_M_S, distance="length_m")
    lines = gpd.GeoSeries([data["geometry"] for *_, data in reached.edges(data=True)]).buffer(25)
    nodes = gpd.GeoSeries([shapely.Point(data["x"], data["y"]) for _, data in reached.nodes(data=True)]).buffer(25)
    return shapely.Polygon(shapely.get_parts(shapely.union_all([*lines, *nodes]))[0].exterior)


def agreement(folders: list[Path]) -> None:
    """Say how far drawing and count differ, summed over the single facilities: wrongly in and wrongly out, never netted."""
    print("\n(People wrongly inside + people wrongly outside) / covered people, summed over up to 200 facilities")
    for folder in folders:
        project = load(folder)
        inputs = read_inputs(project, progress=lambda step: None)
        rule = project.rule_of(project.main_group)
        usable = np.flatnonzero(inputs.facilities["excluded_reason"].isna().to_numpy())[:200]
        walk = {"minutes": (rule.limit_s / 60,), "speed_m_s": rule.speed_m_s}
        weights = inputs.demand.weights[project.main_group]
        differ(project.name, inputs.network, inputs.demand_places, weights, inputs.facility_places[usable], walk)


def agreement_on_footprints(osm: Path) -> None:
    """Say the same of Las Palmas, around schools, clinics, libraries and centres; footprints of buildings stand for people."""
    net = StreetNetwork.from_osm(osm)
    buildings = areas(osm, "building IS NOT NULL").to_crs(net.crs)
    services = areas(osm, "amenity IN ('school', 'clinic', 'library', 'community_centre')").to_crs(net.crs)
    demand, facilities = (
        Places.of(net, buildings.representative_point()),
        Places.of(net, services.representative_point()),
    )
    differ(
        "Las Palmas",
        net,
        demand,
        buildings.area.to_numpy(),
        facilities,
        {"minutes": (MINUTES,), "speed_m_s": SPEED_M_S},
    )


def areas(osm: Path, where: str) -> gpd.GeoSeries:
    """Return the areas of an OpenStreetMap file that GDAL can read."""
    frame = pyogrio.read_dataframe(osm, layer="multipolygons", where=where, columns=[], on_invalid="ignore")
    return frame.geometry[frame.geometry.notna()]


def differ(
    name: str, net: StreetNetwork, demand: Places, weights: np.ndarray, facilities: Places, walk: dict[str, Any]
) -> None:
    """Print how far the drawings of some facilities differ from their counts, in both qualities."""
    (minutes,), speed = walk["minutes"], walk["speed_m_s"]
    cover = coverage.matrix(net, demand, facilities, threshold_s=minutes * 60, speed_m_s=speed).tocsc()
    points = PointIndex(demand.x, demand.y)
    for quality in QUALITIES:
        wrong = covered = 0.0
        drawn = isochrones.shapes(net, facilities, quality=quality, **walk)[:, 0]
        for j, shape in enumerate(drawn):
            covered_by_it = np.sort(cover.indices[cover.indptr[j] : cover.indptr[j + 1]])
            found = compare(weights, covered_by_it, points.inside(shape))
            wrong, covered = wrong + found.wrongly_in + found.wrongly_out, covered + found.network
        print(f"  {name:<16}{quality:<8}{wrong / covered:>8.2%}   {len(drawn)} facilities")


def line(what: str, seconds: float, ours: float | None = None, note: str = "") -> None:
    """Print one row."""
    ratio = "" if ours is None else f"{seconds / ours:.1f} x"
    print(f"  {what:<44}{seconds * 1000:>9.2f} ms{ratio:>10}  {note}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
