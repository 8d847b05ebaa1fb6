"""Speeds and minutes at the edge, seconds and metres inside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner import InputError
from planner.units import DETOUR_FACTOR, SPEEDS_M_S, minutes_to_s, speed_m_s


def test_the_named_speeds() -> None:
    assert SPEEDS_M_S == {"standard": 1.0, "adult": 1.25, "elderly": 0.8, "child": 0.9, "ebike": 4.2}
    for name, speed in SPEEDS_M_S.items():
        assert speed_m_s(name) == speed
    assert SPEEDS_M_S["ebike"] == pytest.approx(15 / 3.6, abs=0.05)  # 15 km/h


def test_the_metres_of_gb_50180() -> None:
    """5 minutes are 300 m, 10 are 600 m (500 in the standard), 15 lie within its 800 to 1,000 m."""
    assert speed_m_s("standard") * minutes_to_s(5) == 300
    assert 800 <= speed_m_s("standard") * minutes_to_s(15) <= 1000


def test_the_detour_factor() -> None:
    assert DETOUR_FACTOR == 1.324


@given(st.floats(0.01, 50))
def test_a_number_is_a_speed(value: float) -> None:
    assert speed_m_s(value) == value


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf"), -float("inf"), "walk", "", "1.0", "Standard"])
def test_bad_speeds_are_refused(bad: float | str) -> None:
    with pytest.raises(InputError) as raised:
        speed_m_s(bad)
    if isinstance(bad, str):
        assert all(name in str(raised.value) for name in SPEEDS_M_S), "it names those that there are"


@pytest.mark.parametrize(("minutes", "seconds"), [(15, 900), (0.5, 30), (1440, 86_400), (1e-3, 0.06)])
def test_minutes_become_seconds(minutes: float, seconds: float) -> None:
    assert minutes_to_s(minutes) == pytest.approx(seconds, rel=1e-15)


@pytest.mark.parametrize("bad", [0, -5, 1440.1, 10_000, float("nan"), float("inf")])
def test_bad_minutes_are_refused(bad: float) -> None:
    with pytest.raises(InputError, match="is not a walking time"):
        minutes_to_s(bad)
