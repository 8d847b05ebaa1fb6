"""People on a grid of about 100 m (1/1200 degree), by age, and the same people per village in whole numbers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize

from planner.demo.county import County
from planner.demo.degrees import Degrees

PER_DEGREE = 1_200
NODATA = -99_999.0
GROUPS = ("total", "age_60_plus", "age_0_14")
FILES = {"total": "population.tif", "age_60_plus": "population_age_60_plus.tif", "age_0_14": "population_age_0_14.tif"}


@dataclass(frozen=True)
class Counts:
    """Whole people of one village or community, per group of `GROUPS`."""

    code: str
    name: str
    township: str
    people: tuple[int, ...]


class PeopleGrid:
    """The grid of an area, filled county by county; no data outside them."""

    def __init__(self, outlines: list[shapely.Polygon]) -> None:
        west, south, east, north = shapely.total_bounds(np.array(outlines))
        self._column = int(np.floor(west * PER_DEGREE)) - 6
        self._row = int(np.ceil(north * PER_DEGREE)) + 6
        self.shape = (
            self._row - int(np.floor(south * PER_DEGREE)) + 6,
            int(np.ceil(east * PER_DEGREE)) + 6 - self._column,
        )
        self.values = {group: np.full(self.shape, NODATA, np.float32) for group in GROUPS}

    def fill(self, county: County, to_degrees: Degrees) -> list[Counts]:
        """Put a county's people into their cells; return them per village."""
        unit, rows, columns = self._units(county)
        people = county.people
        longitude, latitude = to_degrees.transform(*people.xy.T)
        row = np.floor(self._row - latitude * PER_DEGREE).astype(np.int64) - rows.start
        column = np.floor(longitude * PER_DEGREE).astype(np.int64) - self._column - columns.start
        cell = row * unit.shape[1] + column
        inside = unit >= 0
        sums: list[NDArray[np.float64]] = []
        for group, values in zip(GROUPS, (people.total, people.sixty, people.child), strict=True):
            cells = np.bincount(cell, values, unit.size).reshape(unit.shape)
            cells = (cells * (values.sum() / cells[inside].sum())).astype(
                np.float32
            )  # whoever's cell is beyond the border
            window = self.values[group][rows, columns]
            window[inside] = cells[inside]
            sums.append(np.bincount(unit[inside], cells[inside].astype(float), len(county.zones.units)).astype(float))
        whole = [_round_to_total(values) for values in sums]
        zones = county.zones
        return [
            Counts(own.code, own.name, zones.townships[own.township].name, tuple(int(group[number]) for group in whole))
            for number, own in enumerate(zones.units)
        ]

    def write(self, folder: Path) -> None:
        """Write one GeoTIFF for each group."""
        profile = {
            "driver": "GTiff",
            "height": self.shape[0],
            "width": self.shape[1],
            "count": 1,
            "dtype": "float32",
            "crs": "EPSG:4326",
            "transform": self._corner(0, 0),
            "nodata": NODATA,
            "compress": "deflate",
            "predictor": 3,
            "tiled": True,
        }
        for group, name in FILES.items():
            with rasterio.open(folder / name, "w", **profile) as file:
                file.write(self.values[group], 1)

    def _corner(self, row: int, column: int) -> rasterio.Affine:
        """Return the way from rows and columns, counted from the given ones, to degrees."""
        west, north = (self._column + column) / PER_DEGREE, (self._row - row) / PER_DEGREE
        return rasterio.Affine(1 / PER_DEGREE, 0, west, 0, -1 / PER_DEGREE, north)

    def _units(self, county: County) -> tuple[NDArray[np.int32], slice, slice]:
        """Return the unit each cell's middle lies in (-1: none) over a window, and the window."""
        west, south, east, north = shapely.total_bounds(np.array([unit.shape for unit in county.zones.units]))
        rows = slice(
            self._row - int(np.ceil(north * PER_DEGREE)) - 2, self._row - int(np.floor(south * PER_DEGREE)) + 2
        )
        columns = slice(
            int(np.floor(west * PER_DEGREE)) - self._column - 2, int(np.ceil(east * PER_DEGREE)) - self._column + 2
        )
        corner = self._corner(rows.start, columns.start)
        shapes = [(unit.shape, number) for number, unit in enumerate(county.zones.units)]
        size = (rows.stop - rows.start, columns.stop - columns.start)
        return rasterize(shapes, out_shape=size, transform=corner, fill=-1, dtype=np.int32), rows, columns


def _round_to_total(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return whole numbers that add up to the rounded total: the largest remainders are rounded up."""
    whole = np.floor(values).astype(np.int64)
    missing = round(float(values.sum())) - int(whole.sum())
    whole[np.argsort(whole - values, kind="stable")[:missing]] += 1
    return whole
