"""Slopes on paper: planes whose grade is known, bridges over valleys, rasters with spikes, gaps and a ceiling."""

from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import CRSError, InputError, StreetNetwork, coverage, isochrones
from planner.coverage import Places
from planner.findings import InputReport
from planner.streets import Slopes, Slowed, profile_of, read_heights
from planner.streets.heights import Heights, without_spikes
from planner.streets.slope import EASIEST, tobler_ratio
from tests.toys import METRES, ORIGIN, in_metres

STANDARD, EBIKE = profile_of("standard"), profile_of("ebike")
CELL = 10.0


def heights_of(z, *, columns: int = 130, rows: int = 20) -> Heights:
    """Return heights ``z(x, y)`` (metres from the drawings' origin) on a grid of 10 m around it."""
    x = -150.0 + CELL * (np.arange(columns) + 0.5)
    y = 100.0 - CELL * (np.arange(rows) + 0.5)
    transform = (CELL, 0.0, ORIGIN[0] - 150.0, 0.0, -CELL, ORIGIN[1] + 100.0)
    values = np.broadcast_to(z(x[None, :], y[:, None]), (rows, columns)).astype(float)
    return Heights("drawn", METRES, transform, values)


def line(points: list[tuple[float, float]], ways: list[tuple[int, int, dict[str, str]]]) -> StreetNetwork:
    graph = nx.MultiDiGraph(crs=METRES)
    for number, (x, y) in enumerate(points):
        graph.add_node(number, x=ORIGIN[0] + x, y=ORIGIN[1] + y)
    for a, b, tags in ways:
        graph.add_edge(a, b, **{"highway": "residential", **tags})
    return StreetNetwork.from_graph(graph)


def walk_s(net: StreetNetwork, start: tuple[float, float], end: tuple[float, float], **options) -> float:
    places = in_metres([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in (start, end)])
    return float(coverage.travel_times(net, places[:1], places[1:], limit_s=1e6, **options).toarray()[0, 0])


EAST = line([(0, 0), (1000, 0)], [(0, 1, {})])
RAMP = heights_of(lambda x, y: 100 + 0.1 * x)


def test_tobler_on_paper() -> None:
    """exp(3.5 (|s + 0.05| - 0.05)): 1 on the level and at 10 % down, least at 5 % down, exp(0.35) at 10 % up."""
    found = tobler_ratio(np.array([0.0, -0.1, -0.05, 0.1, -0.2]))
    assert found == pytest.approx([1.0, 1.0, np.exp(-0.175), np.exp(0.35), np.exp(0.35)], abs=1e-12)
    assert found[2] == EASIEST
    walks = 6 * np.exp(-3.5 * np.abs(np.array([0.0, 0.1]) + 0.05))  # km/h, as Tobler has it
    assert walks[0] == pytest.approx(5.036, abs=0.001)
    assert found[3] == pytest.approx(walks[0] / walks[1], abs=1e-12)


def test_a_drawn_slope_takes_each_way_its_own_time() -> None:
    """1,000 m rising 10 % to the east: up exp(0.35) x 1,000 s, down 1,000 s; half the way, half the time."""
    net = EAST.with_profile(STANDARD, slopes=Slopes.of(EAST, RAMP))
    up, down = 1000 * np.exp(0.35), 1000.0
    assert walk_s(net, (0, 0), (1000, 0)) == pytest.approx(up, abs=0.01)
    assert walk_s(net, (1000, 0), (0, 0)) == pytest.approx(down, abs=0.01)
    assert walk_s(net, (250, 0), (750, 0)) == pytest.approx(up / 2, abs=0.01)
    assert walk_s(net, (0, 0), (1000, 0), direction="from") == pytest.approx(down, abs=0.01)


def test_a_hill_is_summed_up_piece_by_piece() -> None:
    """500 m up and 500 m down at 10 %: both ways the same, and not the time of the level between the ends."""
    hill = heights_of(lambda x, y: 100 - 0.1 * np.abs(x - 500))
    net = EAST.with_profile(STANDARD, slopes=Slopes.of(EAST, hill))
    there, back = walk_s(net, (0, 0), (1000, 0)), walk_s(net, (1000, 0), (0, 0))
    assert there == pytest.approx(500 * np.exp(0.35) + 500, rel=0.005)
    assert there == pytest.approx(back, abs=0.01)


def test_an_ebike_and_the_level_know_no_slope() -> None:
    assert EAST.with_profile(EBIKE, slopes=Slopes.of(EAST, RAMP)) is EAST
    level = EAST.with_profile(STANDARD, slopes=Slopes.of(EAST, heights_of(lambda x, y: 7.0)))
    assert walk_s(level, (0, 0), (1000, 0)) == 1000


def test_steps_stand_in_for_the_slope() -> None:
    """500 m of steps up the ramp and 500 m of street: 2.06 and exp(0.35), and 2.06 on the way down too."""
    net = line([(0, 0), (500, 0), (1000, 0)], [(0, 1, {"highway": "steps"}), (1, 2, {})])
    slow = net.with_profile(STANDARD, Slowed(steps=True), Slopes.of(net, RAMP))
    assert walk_s(slow, (0, 0), (1000, 0)) == pytest.approx(500 * 2.06 + 500 * np.exp(0.35), rel=0.01)
    assert walk_s(slow, (1000, 0), (0, 0)) == pytest.approx(500 * 2.06 + 500, rel=0.01)


VALLEY = heights_of(lambda x, y: np.where((x > 300) & (x < 700), 40.0, 100.0))


def test_a_bridge_runs_straight_over_the_valley() -> None:
    """The valley is 60 m deep between 300 and 700 m; from 250 to 750 m there is a bridge."""
    points = [(0, 0), (250, 0), (750, 0), (1000, 0)]
    for tags in ({"bridge": "yes"}, {"tunnel": "yes"}, {"layer": "2"}):
        net = line(points, [(0, 1, {}), (1, 2, tags), (2, 3, {})])
        flat = net.with_profile(STANDARD, slopes=Slopes.of(net, VALLEY))
        assert walk_s(flat, (0, 0), (1000, 0)) == pytest.approx(1000, abs=0.01)
    net = line(points, [(0, 1, {}), (1, 2, {}), (2, 3, {})])
    steep = net.with_profile(STANDARD, slopes=Slopes.of(net, VALLEY))
    assert walk_s(steep, (0, 0), (1000, 0)) > 1100


def test_streets_that_meet_on_a_bridge_stay_in_the_air() -> None:
    """A second bridge leaves the first one half-way; both land on level ground, so all is level."""
    bridge = {"bridge": "yes"}
    points = [(0, 0), (250, 0), (500, 0), (750, 0), (1000, 0), (750, 60)]
    ways = [(0, 1, {}), (1, 2, bridge), (2, 3, bridge), (3, 4, {}), (2, 5, bridge)]
    net = line(points, ways)
    flat = net.with_profile(STANDARD, slopes=Slopes.of(net, VALLEY))
    assert walk_s(flat, (0, 0), (1000, 0)) == pytest.approx(1000, abs=0.01)
    assert walk_s(flat, (0, 0), (750, 60)) == pytest.approx(500 + np.hypot(250, 60), abs=0.01)


def test_a_bridge_whose_end_has_no_height_is_flat() -> None:
    """Unknown from 700 m on: the bridge from 250 to 750 m does not borrow a height from the street on the hill beside it."""
    gap = heights_of(lambda x, y: np.where(x > 700, np.nan, 100.0) + np.where(y > 50, 300.0, 0.0))
    points = [(0, 0), (250, 0), (750, 0), (1000, 0), (0, 80), (600, 80)]
    ways = [(0, 1, {}), (1, 2, {"bridge": "yes"}), (2, 3, {}), (4, 5, {})]
    net = line(points, ways)
    flat = net.with_profile(STANDARD, slopes=Slopes.of(net, gap))
    assert walk_s(flat, (0, 0), (1000, 0)) == pytest.approx(1000, abs=0.01)
    assert walk_s(flat, (0, 80), (600, 80)) == pytest.approx(600, abs=0.01)


def test_a_bridge_between_two_heights_rises_straight() -> None:
    """From 100 m of height at 290 m to 140 m at 710 m, over a valley, on a stretch of its own and within one."""
    banks = heights_of(lambda x, y: np.where(x <= 300, 100.0, np.where(x >= 700, 140.0, 20.0)))
    points = [(0, 0), (290, 0), (400, 0), (500, 0), (710, 0), (1000, 0), (290, 50), (710, 50)]
    deck = [(1, 2, {"bridge": "yes"}), (2, 3, {"bridge": "yes"}), (3, 4, {"bridge": "yes"})]
    alone = line(points, [(0, 1, {}), *deck, (4, 5, {}), (1, 6, {}), (4, 7, {})])
    within = line(points, [(0, 1, {}), *deck, (4, 5, {})])
    rise = 40 / 420
    expected = 580 + 420 * np.exp(3.5 * rise)
    for net in (alone, within):
        hill = net.with_profile(STANDARD, slopes=Slopes.of(net, banks))
        assert walk_s(hill, (0, 0), (1000, 0)) == pytest.approx(expected, rel=0.01)


def test_a_spike_is_put_right_and_a_hill_is_not() -> None:
    flat = np.full((9, 9), 50.0)
    flat[4, 4] = 300.0
    flat[2, 6] = -20.0
    smooth, count = without_spikes(flat)
    assert count == 2
    assert (smooth == 50).all()
    y, x = np.mgrid[:40, :40]
    hill = 400 * np.exp(-((x - 20) ** 2 + (y - 20) ** 2) / 60.0)
    assert without_spikes(hill)[1] == 0


def test_without_a_height_the_street_is_flat_and_that_is_said() -> None:
    """The raster ends at 600 m: 600 m of ramp, the rest as flat, and in the gap in the middle too."""
    short = heights_of(lambda x, y: np.where((x < 600) & ((x < 100) | (x > 200)), 100 + 0.1 * x, np.nan))
    report = InputReport("elevation", "drawn")
    net = EAST.with_profile(STANDARD, slopes=Slopes.of(EAST, short, report=report))
    assert walk_s(net, (0, 0), (1000, 0)) == pytest.approx(500 + 500 * np.exp(0.35), rel=0.03)
    assert [found.code for found in report.findings] == ["streets.elevation_gaps"]
    assert report.figures["without_height_km"] == pytest.approx(0.5, abs=0.05)
    assert "0.5" in report.to_dict("en")["findings"][0]["message"]


def test_cliffs_are_cut_down_and_reported() -> None:
    report = InputReport("elevation", "drawn")
    cliff = heights_of(lambda x, y: np.where(x < 500, 0.0, 200.0))
    slopes = Slopes.of(EAST, cliff, report=report)
    assert np.abs(slopes.slope).max() == 0.5
    assert [found.code for found in report.findings] == ["streets.elevation_steep"]


def write_raster(
    path: Path, values: np.ndarray, *, crs: str | None = "EPSG:32650", nodata: float | None = None
) -> Path:
    transform = rasterio.Affine(CELL, 0.0, ORIGIN[0] - 150.0, 0.0, -CELL, ORIGIN[1] + 100.0)
    bands = values if values.ndim == 3 else values[None]
    options = {"height": bands.shape[1], "width": bands.shape[2], "count": len(bands), "dtype": bands.dtype}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=transform, nodata=nodata, **options) as raster:
        raster.write(bands)
    return path


BOUNDS = (ORIGIN[0], ORIGIN[1], ORIGIN[0] + 1000, ORIGIN[1] + 1)


def test_a_raster_that_stops_at_its_greatest_number_is_reported(tmp_path: Path) -> None:
    """Eight bits stop at 255 m; the ramp from 200 m on reaches them after 550 m."""
    x = -150.0 + CELL * (np.arange(130) + 0.5)
    values = np.minimum(np.broadcast_to(200 + 0.1 * x, (20, 130)), 255).astype(np.uint8)
    heights = read_heights(write_raster(tmp_path / "dem.tif", values), crs=METRES, bounds=BOUNDS)
    report = InputReport("elevation", "dem.tif")
    Slopes.of(EAST, heights, report=report)
    assert [found.code for found in report.findings] == ["streets.elevation_ceiling"]
    assert report.figures["at_ceiling_km"] == pytest.approx(0.45, abs=0.03)


def test_a_full_byte_that_means_nothing_is_a_gap(tmp_path: Path) -> None:
    values = np.full((20, 130), 255, np.uint8)
    values[:, :60] = 10
    heights = read_heights(write_raster(tmp_path / "dem.tif", values, nodata=255), crs=METRES, bounds=BOUNDS)
    assert heights.ceiling_m is None
    report = InputReport("elevation", "dem.tif")
    Slopes.of(EAST, heights, report=report)
    assert [found.code for found in report.findings] == ["streets.elevation_gaps"]


def test_heights_that_are_no_numbers_are_gaps(tmp_path: Path) -> None:
    values = np.full((20, 130), 10.0, np.float32)
    values[8:12, 40:45] = np.nan
    values[8:12, 60:65] = np.inf
    heights = read_heights(write_raster(tmp_path / "dem.tif", values), crs=METRES, bounds=BOUNDS)
    factors = Slopes.of(EAST, heights).factors()
    assert factors[0] == pytest.approx([1.0])


def test_a_raster_in_degrees_is_read_around_the_streets(tmp_path: Path) -> None:
    lon, lat = EAST_DEGREES
    path, step = tmp_path / "dem.tif", 1 / 3600
    transform = rasterio.Affine(step, 0, lon - 100 * step, 0, -step, lat + 100 * step)
    values = np.broadcast_to(np.arange(400, dtype=np.float32) * 2.0, (300, 400))
    options = {"height": 300, "width": 400, "count": 1, "dtype": "float32", "crs": "EPSG:4326", "transform": transform}
    with rasterio.open(path, "w", driver="GTiff", **options) as raster:
        raster.write(values[None])
    heights = read_heights(path, crs=METRES, bounds=BOUNDS)
    assert heights.metres.size < 20_000
    slopes = Slopes.of(EAST, heights)
    cell_m = 1000 / ((EAST_END[0] - lon) / step)
    assert np.median(slopes.slope) == pytest.approx(2.0 / cell_m, rel=1e-3)


EAST_DEGREES, EAST_END = (
    (point.x, point.y) for point in in_metres([ORIGIN, (ORIGIN[0] + 1000, ORIGIN[1])]).to_crs(4326).geometry
)


def test_rasters_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    flat = np.full((20, 130), 10.0, np.float32)
    (tmp_path / "text.tif").write_text("no raster", encoding="utf-8")
    far = (ORIGIN[0] + 50_000, ORIGIN[1], ORIGIN[0] + 51_000, ORIGIN[1] + 10)
    cases = [
        (tmp_path / "missing.tif", BOUNDS, InputError),
        (tmp_path / "text.tif", BOUNDS, InputError),
        (write_raster(tmp_path / "two.tif", np.stack((flat, flat))), BOUNDS, InputError),
        (write_raster(tmp_path / "nowhere.tif", flat, crs=None), BOUNDS, CRSError),
        (write_raster(tmp_path / "far.tif", flat), far, InputError),
    ]
    for path, bounds, error in cases:
        with pytest.raises(error) as fault:
            read_heights(path, crs=METRES, bounds=bounds)
        assert path.name in str(fault.value)
        assert path.name in fault.value.message("zh")


@settings(max_examples=20, deadline=None)
@given(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(10, 900))
def test_there_and_back_is_never_quicker_than_tobler_allows(a, b, length) -> None:
    net = line([(0, 0), (length, 0), (length, 40)], [(0, 1, {}), (1, 2, {})])
    plane = heights_of(lambda x, y: 500 + a * x + b * y)
    forward, backward = Slopes.of(net, plane).factors()
    assert (forward >= EASIEST - 1e-12).all()
    assert (backward >= EASIEST - 1e-12).all()
    assert (forward + backward >= 2 - 1e-9).all()  # what the way down saves, the way up costs


def test_porto_alegre_reports_its_ceiling(porto_alegre) -> None:
    folder, net = porto_alegre.path.parent, porto_alegre.net
    bounds = (net.node_x.min(), net.node_y.min(), net.node_x.max(), net.node_y.max())
    heights = read_heights(folder / "poa_elevation.tif", crs=net.crs, bounds=bounds)
    report = InputReport("elevation", "poa_elevation.tif")
    slopes = Slopes.of(net, heights, report=report)
    assert "streets.elevation_ceiling" in [found.code for found in report.findings]
    forward, backward = slopes.factors()
    assert np.isfinite(forward).all()
    assert np.isfinite(backward).all()
    middle = np.average((forward + backward) / 2, weights=net.edge_length_m)
    assert 1.0 < middle < 1.2


@pytest.mark.parametrize("direction", ["to", "slower"])
def test_drawing_and_count_agree_whatever_slows_down(porto_alegre, direction) -> None:
    """Hills, steps, crossings and two entrances at once: at most 2 in 100 of 2,000 places are on the wrong side of the line."""
    folder, plain = porto_alegre.path.parent, porto_alegre.net
    bounds = (plain.node_x.min(), plain.node_y.min(), plain.node_x.max(), plain.node_y.max())
    heights = read_heights(folder / "poa_elevation.tif", crs=plain.crs, bounds=bounds)
    net = plain.with_profile(profile_of("elderly"), Slowed(True, True, True), Slopes.of(plain, heights))
    middle = np.array([np.median(net.node_x), np.median(net.node_y)])
    gates = gpd.GeoSeries([shapely.MultiPoint([middle, middle + 400])], crs=net.crs)
    rng = np.random.default_rng(1)
    x, y = middle[:, None] + rng.uniform(-900, 1300, (2, 2000))
    options = {"speed_m_s": 0.8, "direction": direction}
    within = coverage.matrix(net, Places.at(net, x, y), gates, threshold_s=600, **options).toarray()[:, 0]
    shape = isochrones.polygons(net, gates, minutes=[10], **options).geometry.to_crs(net.crs).iloc[0]
    assert within.sum() > 100
    assert (shapely.contains_xy(shape, x, y) != within).sum() <= 0.02 * within.sum()
