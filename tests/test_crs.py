"""The metric system of an area: the UTM zone of its centre, wherever on earth that is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod

from planner import CRSError
from planner.crs import WGS84, metric_crs, transformer


@pytest.mark.parametrize(
    ("place", "epsg"),
    [
        ((118.4, 24.96), 32650),  # Nan'an
        ((114.3, 30.6), 32650),  # Wuhan
        ((113.9999, 30.6), 32649),
        ((-51.2, -30.05), 32722),  # Porto Alegre
        ((-15.43, 28.1), 32628),  # Las Palmas
        ((24.94, 60.17), 32635),  # Helsinki
        ((179.99, 0.0), 32660),
        ((-180.0, 10.0), 32601),
        ((180.0, 10.0), 32601),
        ((200.0, 10.0), 32604),  # longitudes may be counted to 360
        ((15.0, 84.5), 32661),
        ((15.0, 89.0), 32661),
        ((15.0, -80.5), 32761),
        ((15.0, -89.9), 32761),
    ],
)
def test_the_zone_of_a_place(place: tuple[float, float], epsg: int) -> None:
    assert metric_crs(*place) == CRS.from_epsg(epsg)


def test_the_zone_is_that_of_the_middle_of_the_box() -> None:
    assert metric_crs([113.0, 116.0], [30.0, 31.0]) == CRS.from_epsg(32650)
    assert metric_crs([113.0, 113.1, 113.2, 116.0], [30.0] * 4) == CRS.from_epsg(32650)


def test_points_on_both_sides_of_the_antimeridian_are_neighbours() -> None:
    assert metric_crs([179.9, -179.7], [-16.8, -16.8]) == CRS.from_epsg(32701)
    assert metric_crs([179.7, -179.9], [-16.8, -16.8]) == CRS.from_epsg(32760)


@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [([], []), ([np.nan], [30.0]), ([np.inf], [30.0]), ([500_000.0], [2_765_000.0]), ([118.0], [91.0])],
)
def test_what_is_no_place_in_degrees_is_refused(longitude: list[float], latitude: list[float]) -> None:
    with pytest.raises(CRSError) as raised:
        metric_crs(longitude, latitude)
    assert raised.value.message("zh")


@given(st.floats(-179.9, 179.9), st.floats(-79, 83))
def test_metres_are_metres_at_the_centre(longitude: float, latitude: float) -> None:
    to_metres = transformer(WGS84, metric_crs(longitude, latitude))
    geod = Geod(ellps="WGS84")
    for azimuth in (0, 45, 90):
        lon, lat, _ = geod.fwd(longitude, latitude, azimuth, 100.0)
        (x0, x1), (y0, y1) = to_metres.transform([longitude, lon], [latitude, lat])
        assert np.hypot(x1 - x0, y1 - y0) == pytest.approx(100.0, rel=1.1e-3)  # UTM: 0.9996 to 1.0010 within a zone


def test_transformations_take_x_first() -> None:
    assert transformer(CRS.from_epsg(4326), CRS.from_epsg(32650)).transform(117.0, 0.0) == pytest.approx((500_000, 0))
    back = transformer(CRS.from_epsg(32650), WGS84).transform(500_000, 0)
    assert back == pytest.approx((117.0, 0.0), abs=1e-9)
