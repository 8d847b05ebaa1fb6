"""What many tests want: the shared cities, a browser, and a home of this run's own; ``skips`` says what may be left out."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from browsing import launched
from cities import SHARED, City, city_of
from skips import WITHOUT_SHARED, pytest_make_collect_report, pytest_runtest_makereport  # noqa: F401  for pytest

hypothesis.settings.register_profile(
    "busy machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy machine")

OF_THE_USER = ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA", "PLANNER_CACHE")


def pytest_configure(config: pytest.Config) -> None:
    """Give the run a home of its own: what the user has set and cached is no part of the tests, and stays as it is."""
    if hasattr(config, "workerinput"):  # a process of pytest-xdist shares that of the one which started it
        return
    home = tempfile.TemporaryDirectory(prefix="planner-tests-", ignore_cleanup_errors=True)
    patch = pytest.MonkeyPatch()
    for name in OF_THE_USER:
        patch.setenv(name, home.name)
    config.add_cleanup(home.cleanup)
    config.add_cleanup(patch.undo)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of shared data, or skip where it is not beside the project."""
    if not SHARED.is_dir():
        pytest.skip(WITHOUT_SHARED)
    return SHARED


@pytest.fixture(params=["helsinki", "porto_alegre", "wuhan", "las_palmas"])
def city(request: pytest.FixtureRequest) -> City:
    """Each real city in turn."""
    return city_of(request.param)


@pytest.fixture
def porto_alegre() -> City:
    return city_of("porto_alegre")


@pytest.fixture
def helsinki() -> City:
    return city_of("helsinki")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a context of a real browser, `BrowserContext` of Playwright."""
    with launched() as context:
        yield context
