"""People from rasters, point tables and polygons to demand points with a weight per group; nobody is lost or made up.

What lies in the study area equals what is spread over demand points plus what is listed as left out. People outside the area are
no part of any total; the reports state them. A walking speed or threshold of a group's own is no matter of this package.
"""

from planner.demand.build import build
from planner.demand.model import Demand, PopulationSource

__all__ = ["Demand", "PopulationSource", "build"]
