"""The datum check, and the same centres in every datum and form."""

from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from register_tables import codes, read, table

from planner import StreetNetwork, coverage
from planner.datum import from_wgs84, to_wgs84
from planner.errors import CRSError
from planner.findings import InputReport
from planner.register.datum_check import best_other, score_datums
from planner.tables import read_facilities

# --- the datum check --------------------------------------------------------------------------------------------------


def grid_network(n: int = 31) -> tuple[StreetNetwork, np.ndarray, np.ndarray]:
    """Return streets 150 to 350 m apart about 114.1 E 30.5 N, and places 5 m beside them (EPSG:4547).

    They are unevenly apart, since a shift would move all places of an even grid to one and the same distance.
    """
    rng = np.random.default_rng(3)
    x0, y0 = from_wgs84(114.1, 30.5, "EPSG:4547")
    xs, ys = (float(start) + np.cumsum(rng.uniform(150, 350, n)) for start in (x0, y0))
    graph = nx.MultiDiGraph(crs="EPSG:4547")
    for i in range(n):
        for j in range(n):
            graph.add_node(i * n + j, x=float(xs[i]), y=float(ys[j]))
            if i:
                graph.add_edge((i - 1) * n + j, i * n + j, highway="residential")
            if j:
                graph.add_edge(i * n + j - 1, i * n + j, highway="residential")
    beside = [(xs[i] + 100.0, ys[(7 * i) % (n - 9) + 4] + 5.0) for i in range(4, n - 5)]
    beside += [(xs[(5 * j) % (n - 9) + 4] + 5.0, ys[j] + 100.0) for j in range(4, n - 5)]
    return StreetNetwork.from_graph(graph), *np.array(beside).T


@pytest.mark.parametrize("true", ["WGS-84", "GCJ-02", "BD-09"])
@pytest.mark.parametrize("declared", ["WGS-84", "GCJ-02", "BD-09"])
def test_points_beside_streets_name_their_datum(true, declared):
    network, x, y = grid_network()
    lon, lat = to_wgs84(x, y, "EPSG:4547")
    written = from_wgs84(lon, lat, true)
    scores = score_datums(*to_wgs84(*written, declared), declared=declared, network=network)
    other = best_other(scores)
    if true == declared:
        assert other is None
        assert scores[0].median_m == pytest.approx(5, abs=0.1)
    else:
        assert other is not None and other.hypothesis == true
        assert other.median_m == pytest.approx(5, abs=0.1)


def test_points_converted_once_too_often_and_few_points(tmp_path):
    network, x, y = grid_network()
    lon, lat = to_wgs84(x, y, "EPSG:4547")
    twice = to_wgs84(lon, lat, "GCJ-02")
    found = best_other(score_datums(*twice, declared="WGS-84", network=network))
    assert found is not None and found.hypothesis == "twice GCJ-02"
    assert best_other(score_datums(twice[0][:8], twice[1][:8], declared="WGS-84", network=network)) is None


def test_small_tables_are_checked_together_and_nothing_is_converted(tmp_path):
    network, x, y = grid_network()
    lon, lat = from_wgs84(*to_wgs84(x, y, "EPSG:4547"), "GCJ-02")
    parts = np.array_split(np.arange(len(lon)), 7)
    rows = [f"p{i},{x!r},{y!r}" for i, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True))]
    paths = [table(tmp_path / f"{k}.csv", "名称,经度,纬度", *(rows[i] for i in part)) for k, part in enumerate(parts)]
    points, reports = read(*paths, network=network)
    assert points.geometry.x.to_numpy() == pytest.approx(lon)
    assert [codes(report) for report in reports] == [[("other_datum_together", None)]] * 7
    assert "GCJ-02" in reports[0].to_dict("zh")["findings"][0]["message"]


def test_wuhan_declared_wgs84_is_told_that_it_is_gcj02(shared, tmp_path):
    """Bus stops lie a median 50.9 m from a street as they stand, 4.5 m as GCJ-02; all places 47.9 and 27.6."""
    network = StreetNetwork.from_osm(shared / "data" / "wuhan" / "streets.osm.pbf")
    places = shared / "data" / "wuhan" / "places_gcj02.csv"
    stops = pd.read_csv(places)
    stops[stops["Category"].str.contains("公交")].to_csv(tmp_path / "stops.csv", index=False)
    for path, wrong_m, right_m in ((places, 47.9, 27.6), (tmp_path / "stops.csv", 50.9, 4.5)):
        warned = {}
        for declared in ("WGS-84", "GCJ-02"):
            _, (report,) = read(path, role="centres", datum=declared, network=network)
            warned[declared] = [f for f in report.findings if f.code == "register.other_datum"]
        assert warned["GCJ-02"] == []
        (finding,) = warned["WGS-84"]
        assert finding.params["other"].code == "register.datum_gcj02"
        assert finding.params["median_m"] == pytest.approx(wrong_m, abs=0.2)
        assert finding.params["other_median_m"] == pytest.approx(right_m, abs=0.2)


@pytest.mark.parametrize("datum", ["北京54", "Beijing 1954", "西安80", "EPSG:2434", "EPSG:2383"])
def test_beijing_54_and_xian_80_are_refused(tmp_path, datum):
    path = table(tmp_path / "r.csv", "名称,X,Y", "a,3400000,500000")
    with pytest.raises(CRSError) as caught:
        read(path, datum=datum)
    assert caught.value.code == "datum.no_parameters"


# --- the same centres in every form -----------------------------------------------------------------------------------


def _dms(value: float) -> str:
    minutes, seconds = divmod(value * 3600, 60)
    return f"{int(minutes // 60)}°{int(minutes % 60)}′{seconds:.6f}″"


def test_the_same_centres_in_every_datum_and_form_cover_the_same_people(tmp_path):
    network, x, y = grid_network()
    rng = np.random.default_rng(5)
    east, north = (rng.uniform(axis.min(), axis.max(), 4000) for axis in (x, y))
    demand = coverage.Places.of(network, gpd.GeoDataFrame(geometry=shapely.points(east, north), crs="EPSG:4547"))
    people = rng.uniform(0, 500, 4000)
    lon, lat = to_wgs84(rng.uniform(x.min(), x.max(), 25), rng.uniform(y.min(), y.max(), 25), "EPSG:4547")
    gk = from_wgs84(lon, lat, "EPSG:4547")
    forms = {
        "WGS-84": ("经度,纬度", lon, lat, "WGS-84"),
        "GCJ-02": ("经度,纬度", *from_wgs84(lon, lat, "GCJ-02"), "GCJ-02"),
        "BD-09": ("经度,纬度", *from_wgs84(lon, lat, "BD-09"), "BD-09"),
        "easting first": ("X坐标,Y坐标", *gk, "CGCS2000 / 3-degree GK CM 114E"),
        "northing first": ("X坐标,Y坐标", gk[1], gk[0], "CGCS2000 / 3-degree GK CM 114E"),
        "with the zone": ("X坐标,Y坐标", gk[1], gk[0] + 38e6, "CGCS2000"),
    }
    covered = {}
    for form, (headers, a, b, datum) in forms.items():
        rows = [f"p{i},{float(first)!r},{float(second)!r}" for i, (first, second) in enumerate(zip(a, b, strict=True))]
        covered[form] = _covered(table(tmp_path / "c.csv", f"名称,{headers}", *rows), datum, network, demand, people)
    rows = [f"p{i},{_dms(first)},{_dms(second)}" for i, (first, second) in enumerate(zip(lon, lat, strict=True))]
    covered["DMS"] = _covered(table(tmp_path / "c.csv", "名称,经度,纬度", *rows), "WGS-84", network, demand, people)
    assert 0.3 < covered["WGS-84"] / people.sum() < 0.99
    for form, value in covered.items():
        assert value == pytest.approx(covered["WGS-84"], rel=1e-6), form


def _covered(path: Path, datum: str, network: StreetNetwork, demand: coverage.Places, people: np.ndarray) -> float:
    points = read_facilities(path, role="centres", datum=datum, report=InputReport("centres", path.name)).points
    reached = coverage.matrix(network, demand, points, threshold_s=900)
    return float(people[np.asarray(reached.sum(axis=1)).ravel() > 0].sum())
