"""What a new project lacks and a place's name can supply: its outline, its streets, and the facilities there are already.

Everything is fetched into the user's own folder first, so that a run that breaks off is resumed and a second project of the
same place asks for nothing; the project gets copies.
"""

import shutil
from dataclasses import replace
from pathlib import Path

import geopandas as gpd

from planner.boundaries import area_of_box
from planner.crs import WGS84
from planner.deliver.geojson import to_geojson
from planner.findings import InputReport
from planner.inputs.read import Progress
from planner.new.given import Given
from planner.project.area import BOUNDARY_FILE
from planner.project.walking import WalkingSection
from planner.streets import fetch_boundary, fetch_facilities, fetch_streets
from planner.tables import read_vector
from planner.tables.formulas import write_csv
from planner.user_folder import user_folder

CENTRE_TAGS = {"amenity": ["community_centre", "library", "social_centre"]}
"""What stands in for neighbourhood centres until the county's own table is there."""

STREETS_FILE, CENTRES_FILE = "streets.osm.pbf", "centres.csv"


def fetch_missing(given: Given, folder: Path, *, progress: Progress) -> Given:
    """Return what is given with what was fetched into `folder`: outline, streets and centres of the place, where not given.

    Raises
    ------
    PlannerError
        As `fetch_boundary`, `fetch_streets` and `fetch_facilities`.
    """
    if given.place is None:
        return given
    kept, fetched = user_folder(), []
    if given.boundary is None and given.bbox is None:
        outline = fetch_boundary(given.place, kept, service=given.service, progress=progress)
        table = outline.assign(id=outline["osm_id"])[["id", "name", "display_name", "geometry"]]
        text = to_geojson(table, name="boundary")
        (folder / BOUNDARY_FILE).write_text(text, encoding="utf-8", newline="\n")
        given = replace(given, boundary=folder / BOUNDARY_FILE)
        fetched.append("boundary")
    area = _outline(given)
    if not given.streets:
        walk = WalkingSection()
        streets = fetch_streets(
            area, kept, buffer_m=walk.rule.reach_m + walk.max_snap_m, service=given.service, progress=progress
        )
        shutil.copy2(streets, folder / STREETS_FILE)
        given = replace(given, streets=(folder / STREETS_FILE,))
        fetched.append("streets")
    if not given.centres:
        found = fetch_facilities(area, kept, tags=CENTRE_TAGS, service=given.service, progress=progress)
        if len(found):
            _write_centres(found, folder / CENTRES_FILE)
            given = replace(given, centres=(folder / CENTRES_FILE,))
            fetched.append("centres")
    return replace(given, fetched=tuple(fetched))


def _outline(given: Given) -> gpd.GeoSeries:
    if given.bbox is not None:
        return gpd.GeoSeries([area_of_box(*given.bbox).geometry], crs=WGS84)
    assert given.boundary is not None
    return read_vector(given.boundary, report=InputReport("area", given.boundary.name)).geometry


def _write_centres(found: gpd.GeoDataFrame, path: Path) -> None:
    """Write a table to start from; what has no name on the map is called by what it is."""
    table = found[["id", "name", "kind"]].copy()
    table["name"] = table["name"].fillna(table["kind"] + " " + table["id"])
    table["longitude"], table["latitude"] = found.geometry.x.round(7), found.geometry.y.round(7)
    write_csv(table, path, encoding="utf-8-sig")  # with the mark that Excel looks for
