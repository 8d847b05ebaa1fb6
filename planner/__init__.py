"""The quarter-hour planner: who can walk to a centre in time, and which buildings to open next.

>>> from planner import StreetNetwork, isochrones, coverage, siting
"""

from importlib.metadata import PackageNotFoundError, version

from planner import coverage, isochrones, siting
from planner.errors import (
    CRSError,
    GeometryError,
    InfeasibleError,
    InputError,
    NetworkError,
    PlannerError,
    ProjectError,
)
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
