"""Datums: the published formulas once more in plain Python as the oracle, exact inverses, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod

from planner.datum import canonical_datum, check_crs, from_wgs84, is_in_degrees, to_wgs84
from planner.errors import CRSError

GEOD = Geod(ellps="WGS84")
LON_IN_CHINA = st.floats(72.1, 137.7)
LAT_IN_CHINA = st.floats(0.95, 55.7)


def published_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """Return GCJ-02 by the formula as it has been published since 2013, one point at a time."""
    if not (72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271):
        return lon, lat
    sin, pi, sqrt = math.sin, math.pi, math.sqrt
    x, y = lon - 105, lat - 35
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3
    north += (20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3
    north += (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3
    east += (20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3
    east += (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    a, ee = 6378245.0, 0.00669342162296594323
    phi = math.radians(lat)
    magic = 1 - ee * sin(phi) ** 2
    north = north * 180 / ((a * (1 - ee)) / (magic * sqrt(magic)) * pi)
    east = east * 180 / (a / sqrt(magic) * math.cos(phi) * pi)
    return lon + east, lat + north


def published_bd09(lon: float, lat: float) -> tuple[float, float]:
    x, y = published_gcj02(lon, lat)
    wave = math.pi * 3000 / 180
    radius = math.hypot(x, y) + 0.00002 * math.sin(y * wave)
    angle = math.atan2(y, x) + 0.000003 * math.cos(x * wave)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006


PUBLISHED = {"GCJ-02": published_gcj02, "BD-09": published_bd09}


def metres_apart(lon1: object, lat1: object, lon2: object, lat2: object) -> np.ndarray:
    return np.asarray(GEOD.inv(lon1, lat1, lon2, lat2)[2])


def test_tiananmen_as_the_published_conversions_give_it() -> None:
    lon, lat = from_wgs84(116.404, 39.915, "GCJ-02")
    assert (float(lon), float(lat)) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-12)


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
@given(lon=st.floats(-180, 180), lat=st.floats(-89, 89))
def test_forward_is_the_published_formula(datum: str, lon: float, lat: float) -> None:
    assert [float(part) for part in from_wgs84(lon, lat, datum)] == pytest.approx(PUBLISHED[datum](lon, lat), abs=1e-11)


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
@given(lon=LON_IN_CHINA, lat=LAT_IN_CHINA)
def test_there_and_back_is_exact(datum: str, lon: float, lat: float) -> None:
    back = to_wgs84(*from_wgs84(lon, lat, datum), datum)
    assert metres_apart(lon, lat, *back) < 1e-6


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
def test_there_and_back_over_all_of_china_in_one_array(datum: str) -> None:
    lon, lat = (part.ravel() for part in np.meshgrid(np.linspace(72.1, 137.7, 301), np.linspace(0.95, 55.7, 301)))
    back = to_wgs84(*from_wgs84(lon, lat, datum), datum)
    assert metres_apart(lon, lat, *back).max() < 1e-6


@pytest.mark.parametrize(("datum", "shift_m"), [("GCJ-02", 569), ("BD-09", 1189)])
def test_ignoring_the_datum_moves_nanan(datum: str, shift_m: float) -> None:
    assert float(metres_apart(118.386, 24.960, *from_wgs84(118.386, 24.960, datum))) == pytest.approx(shift_m, abs=25)


@pytest.mark.parametrize(("lon", "lat"), [(-51.2, -30.0), (139.7, 35.7), (100.0, 0.5), (72.0, 40.0), (100.0, 55.9)])
def test_gcj02_leaves_points_outside_china(lon: float, lat: float) -> None:
    assert [float(part) for part in to_wgs84(lon, lat, "GCJ-02")] == [lon, lat]
    assert [float(part) for part in from_wgs84(lon, lat, "GCJ-02")] == [lon, lat]


@pytest.mark.parametrize("datum", ["WGS-84", "CGCS2000"])
def test_degrees_of_wgs84_and_cgcs2000_stand_as_they_are(datum: str) -> None:
    lon, lat = to_wgs84([118.4, -51.2], [24.9, -30.0], datum)
    assert lon.tolist() == [118.4, -51.2]
    assert lat.tolist() == [24.9, -30.0]


def test_gauss_kruger_has_the_easting_first() -> None:
    # On the central meridian the false easting of 500 km is longitude 114, and the northing of the equator is 0.
    lon, lat = to_wgs84([500_000.0, 500_000.0], [0.0, 3_400_000.0], "EPSG:4547")
    assert lon.tolist() == pytest.approx([114.0, 114.0], abs=1e-9)
    assert lat[0] == pytest.approx(0.0, abs=1e-9)
    assert lat[1] == pytest.approx(30.72, abs=0.01)
    x, y = from_wgs84(lon, lat, "EPSG:4547")
    assert x.tolist() == pytest.approx([500_000.0, 500_000.0], abs=1e-4)
    assert y.tolist() == pytest.approx([0.0, 3_400_000.0], abs=1e-4)


def test_shapes_are_kept_and_scalars_broadcast() -> None:
    lon, lat = to_wgs84(np.full((2, 3), 118.4), 24.9, "GCJ-02")
    assert lon.shape == lat.shape == (2, 3)
    assert to_wgs84([], [], "BD-09")[0].shape == (0,)


@pytest.mark.parametrize("datum", ["WGS-84", "GCJ-02", "BD-09", "CGCS2000", "EPSG:4326", "EPSG:4547"])
def test_what_is_no_position_is_nan_and_leaves_its_neighbours_alone(datum: str) -> None:
    x, y = from_wgs84([114.2, 114.3], [30.5, 30.6], datum)
    lon, lat = to_wgs84([x[0], np.nan, 1e9, x[1]], [y[0], y[0], 1e9, y[1]], datum)
    assert np.isnan(lon).tolist() == np.isnan(lat).tolist() == [False, True, True, False]
    assert lon[[0, 3]].tolist() == pytest.approx([114.2, 114.3], abs=1e-9)


def test_the_input_is_not_changed() -> None:
    lon, lat = np.array([114.2, 500.0]), np.array([30.5, 30.5])
    to_wgs84(lon, lat, "GCJ-02")
    assert lon.tolist() == [114.2, 500.0]
    assert lat.tolist() == [30.5, 30.5]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("gcj02", "GCJ-02"),
        ("GCJ-02", "GCJ-02"),
        ("bd 09", "BD-09"),
        ("wgs84", "WGS-84"),
        ("cgcs-2000", "CGCS2000"),
        ("epsg:4547", "EPSG:4547"),
    ],
)
def test_spelling_does_not_matter(given: str, name: str) -> None:
    assert canonical_datum(given) == name


@pytest.mark.parametrize(
    ("given", "nearest"), [("GCJ-03", "GCJ-02"), ("WGS-48", "WGS-84"), ("BD09LL", "BD-09"), ("CGCS", "CGCS2000")]
)
def test_an_unknown_datum_names_the_nearest(given: str, nearest: str) -> None:
    with pytest.raises(CRSError) as error:
        to_wgs84(114.0, 30.0, given)
    assert error.value.params["nearest"] == nearest
    assert nearest in error.value.message("en")
    assert nearest in error.value.message("zh")


def test_an_unknown_epsg_code_is_refused() -> None:
    with pytest.raises(CRSError, match="EPSG:99999"):
        to_wgs84(114.0, 30.0, "EPSG:99999")


@pytest.mark.parametrize("code", [4214, 2431, 21413, 4610, 2343, 2383, 4555])
def test_beijing_1954_and_xian_1980_are_refused(code: int) -> None:
    with pytest.raises(CRSError) as error:
        to_wgs84(114.0, 30.0, f"EPSG:{code}")
    assert error.value.code == "datum.no_parameters"
    assert "CGCS2000" in error.value.message("zh")


def test_an_undeclared_krasovsky_system_is_refused_and_one_with_parameters_is_not() -> None:
    with pytest.raises(CRSError):
        check_crs(CRS.from_proj4("+proj=tmerc +lon_0=114 +k=1 +x_0=500000 +ellps=krass +units=m"), "roads.shp")
    check_crs(
        CRS.from_proj4("+proj=tmerc +lon_0=114 +x_0=500000 +ellps=krass +towgs84=15.8,-154.4,-82.3 +units=m"),
        "roads.shp",
    )
    check_crs(CRS.from_epsg(4547), "roads.shp")


def test_which_datums_count_in_degrees() -> None:
    assert [is_in_degrees(name) for name in ("GCJ-02", "EPSG:4490", "EPSG:4547")] == [True, True, False]
