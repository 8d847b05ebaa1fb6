"""People from rasters, tables and polygons to demand points with a weight per group; nobody is lost or made up.

What lies in the study area equals what is spread over demand points plus what is listed as left out. People outside the area are
no part of any total; the reports state them. A walking speed or threshold of a group's own is no matter of this package.
"""

from planner.demand.build import build
from planner.demand.calibrate import Census
from planner.demand.model import Demand, PopulationSource
from planner.demand.rasters import RASTER_SUFFIXES

__all__ = ["RASTER_SUFFIXES", "Census", "Demand", "PopulationSource", "build"]
