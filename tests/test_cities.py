"""Whole runs of real cities, and who is left out of them: every figure found again by other means."""

import json
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pytest
import rasterio
import shapely
from pyproj import Transformer

from planner import deliver
from planner.project import load
from planner.run import Run, run_project
from planner.streets.readers.walkable import CLOSED_CLASSES


@dataclass(frozen=True)
class Run:
    study: Run
    out: Path


@pytest.fixture(scope="module")
def run_of(tmp_path_factory, shared):
    """Return a function that runs a shared city once, results outside of it."""
    known: dict[str, Run] = {}

    def run(name: str) -> Run:
        if name not in known:
            finished = run_project(load(shared / "data" / name))
            known[name] = Run(finished, deliver.write(finished, tmp_path_factory.mktemp(name) / "out"))
        return known[name]

    return run


@pytest.mark.parametrize("name", ["porto_alegre", "wuhan"])
def test_a_city_gives_a_whole_plan(run_of, name):
    run = run_of(name)
    summary = json.loads((run.out / "summary.json").read_text(encoding="utf-8"))
    group = summary["group"]
    assert summary["status"] == "optimal"
    assert len(summary["sites"]) == {"porto_alegre": 10, "wuhan": 20}[name]
    gains = [site["gain"] for site in summary["sites"]]
    assert gains == sorted(gains, reverse=True)
    assert summary["covered_before"][group] + sum(gains) == pytest.approx(summary["covered_after"][group])
    assert summary["agreement"]["after"]["share"] < 0.01
    listed = sum(part["population"] for part in summary["unreachable"]["by_reason"].values())
    assert listed == pytest.approx(summary["unreachable"]["population"])
    report = json.loads((run.out / "data_report.json").read_text(encoding="utf-8"))
    for account in report["inputs"]:
        fates = ("used", "repaired", "doubtful", "dropped", "waiting")
        assert account["rows_read"] == sum(account[f"rows_{fate}"] for fate in fates), account["file"]


def test_everybody_in_wuhan_s_grid_is_in_the_area_or_outside_it(run_of, shared):
    run = run_of("wuhan")
    with rasterio.open(shared / "data" / "wuhan" / "population_age_20_plus.tif") as grid:
        people = grid.read(1, masked=True).astype(float).filled(0)
        rows, columns = np.nonzero(people > 0)
        lon, lat = rasterio.transform.xy(grid.transform, rows, columns)
    area = gpd.read_file(shared / "data" / "wuhan" / "area.geojson").geometry.iloc[0]
    inside = shapely.contains_xy(area, np.asarray(lon), np.asarray(lat))
    assert run.study.summary["population"]["age_20_plus"] == pytest.approx(people[rows, columns][inside].sum())
    assert len(run.study.tables.demand) == inside.sum()


def test_who_has_no_street_near_in_wuhan(run_of, shared):
    """11 % live over 300 m from any street of the file; the motorways in it, which nobody walks, make it 12 %."""
    run = run_of("wuhan")
    places, weights = run.study.inputs.demand_places, run.study.inputs.demand.weights["age_20_plus"]
    to_metres = Transformer.from_crs(4326, run.study.inputs.network.crs, always_xy=True)
    lines, walked = [], []
    for way in osmium.FileProcessor(
        str(shared / "data" / "wuhan" / "streets.osm.pbf"), osmium.osm.NODE | osmium.osm.WAY
    ).with_locations():
        if way.is_way():
            lines.append(to_metres.transform([node.lon for node in way.nodes], [node.lat for node in way.nodes]))
            walked.append(way.tags["highway"] not in CLOSED_CLASSES)
    streets = shapely.linestrings([np.column_stack(line) for line in lines])
    walked = np.array(walked)
    points = shapely.points(places.x, places.y)

    def far_share(some: np.ndarray) -> float:
        near = shapely.STRtree(some).query(points, predicate="dwithin", distance=300.0)[0]
        far = np.ones(len(points), bool)
        far[near] = False
        return float(weights[far].sum() / weights.sum())

    of_any, of_walked = far_share(streets), far_share(streets[walked])
    assert of_any == pytest.approx(0.11, abs=0.005)
    summary = run.study.summary
    reported = summary["unreachable"]["by_reason"]["no_street"]["population"] / summary["population"]["age_20_plus"]
    assert reported == pytest.approx(of_walked, abs=1e-6)
    assert of_any < of_walked < 0.125


def test_who_is_cut_off_in_porto_alegre(run_of):
    """All hexagons have a street near; a few lie on islands of the street graph that hold no facility."""
    run = run_of("porto_alegre")
    reasons = run.study.summary["unreachable"]["by_reason"]
    assert set(reasons) == {"no_facility_connected"}
    inputs = run.study.inputs
    part = inputs.network.component[inputs.network.edge_from]
    held = set(part[inputs.facility_places.snapped.edge].tolist())
    alone = ~np.isin(part[inputs.demand_places.snapped.edge], list(held))
    assert reasons["no_facility_connected"]["demand_points"] == alone.sum()
    assert reasons["no_facility_connected"]["population"] == inputs.demand.weights["total"][alone].sum()


def test_wuhan_s_gbk_table_in_gcj02_lies_on_its_streets(run_of):
    """Libraries stand by streets: a datum taken for another would put them about 500 m off."""
    facilities = run_of("wuhan").study.inputs.facilities
    snapped = run_of("wuhan").study.inputs.facility_places.snapped.distance_m
    usable = facilities["excluded_reason"].isna().to_numpy()
    assert np.median(snapped[usable]) < 60
    assert facilities["name"].str.contains("图书馆").any()
