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
    from planner import coverage, isochrones, siting
    from planner.streets import StreetNetwork

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
    "PlannerError",
    "ProjectError",
    "StreetNetwork",
    "__version__",
    "coverage",
    "isochrones",
    "siting",
]


def __getattr__(name: str) -> Any:
    if name == "StreetNetwork":
        return import_module("planner.streets").StreetNetwork
    if name in ("coverage", "isochrones", "siting"):
        return import_module(f"planner.{name}")
    raise AttributeError(f"module 'planner' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
