"""The quarter-hour planner: who can walk to a centre in time, and which buildings to open next.

>>> from planner import StreetNetwork, isochrones, coverage, siting

What is heavy is imported when it is first named, so that the command line and the page's server start at once.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from planner.errors import (
    CRSError,
    GeometryError,
    InfeasibleError,
    InputError,
    NetworkError,
    PlannerError,
    ProjectError,
)

if TYPE_CHECKING:
    from planner import coverage, isochrones, reach, siting
    from planner.coverage import nearest_k
    from planner.places import Places
    from planner.streets import StreetNetwork
    from planner.walk import Walk

try:
    __version__ = version("quarter-hour-planner")
except PackageNotFoundError:  # the folder is used without being installed
    __version__ = "0+unknown"

__all__ = [
    "CRSError",
    "GeometryError",
    "InfeasibleError",
    "InputError",
    "NetworkError",
    "Places",
    "PlannerError",
    "ProjectError",
    "StreetNetwork",
    "Walk",
    "__version__",
    "coverage",
    "isochrones",
    "nearest_k",
    "reach",
    "siting",
]

_HOME = {"Places": "places", "StreetNetwork": "streets", "Walk": "walk", "nearest_k": "coverage"}
"""The modules of the names that are imported when first asked for; the others are modules themselves."""


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"planner.{_HOME[name]}"), name)
    if name in ("coverage", "isochrones", "reach", "siting"):
        return import_module(f"planner.{name}")
    raise AttributeError(f"module 'planner' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
