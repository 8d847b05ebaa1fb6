"""`StreetNetwork`: the network as data, and all that makes one of files, graphs, lines and names, and a graph of it again."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Self

import geopandas as gpd
import networkx as nx
import numpy as np
from shapely import Geometry

from planner.crs import WGS84
from planner.errors import CRSError, InputError, NetworkError
from planner.findings import InputReport
from planner.streets.graph import graph_of
from planner.streets.joining.build import build_network
from planner.streets.joining.combine import COMBINE_TOLERANCE_M
from planner.streets.joining.islands import connect_islands
from planner.streets.joining.ways import Ways
from planner.streets.network import Network
from planner.streets.profiles import PLAIN, Profile, Slowed, slowed_factors
from planner.streets.readers.graphs import load_graphml, ways_of_graph
from planner.streets.readers.lines import GAP_M, TOLERANCE_M, ways_of_lines
from planner.streets.readers.online import Service, fetch_boundary, fetch_streets
from planner.streets.readers.osm_file import is_osm_file
from planner.streets.readers.sources import Gates, Source, StreetSources
from planner.streets.readers.walkable import WalkRules
from planner.streets.slope import Slopes
from planner.streets.snapped_lattice import SnappedLattice
from planner.user_folder import user_folder


class StreetNetwork(Network):
    """Walkable streets, measured in metres of `crs`; `planner.streets.network.Network` says what its arrays hold."""

    @classmethod
    def from_osm(
        cls,
        path: str | Path,
        boundary: Geometry | gpd.GeoDataFrame | gpd.GeoSeries | None = None,
        buffer_m: float = 0,
        *,
        rules: WalkRules | None = None,
        cache: Path | None = None,
    ) -> Self:
        """Read the walkable streets of an OpenStreetMap file (.osm.pbf, .osm, .osm.gz, .osm.bz2).

        Parameters
        ----------
        boundary
            Keep only what touches this area, widened by `buffer_m` metres. A bare geometry is WGS 84.
        rules
            Which ways may be walked (`WalkRules`, documented in `planner.streets.readers.walkable`).
        cache
            Folder that keeps the built network, keyed by the file's content, the boundary and the rules.

        Raises
        ------
        NetworkError
            The file cannot be read, holds no street, or none within the boundary.
        CRSError
            The boundary has no CRS, or is a bare geometry that is not in degrees.
        InputError
            `buffer_m` is not a distance.
        """
        if not is_osm_file(Path(path)):
            raise NetworkError("streets.unknown_format", file=Path(path))
        return cls.from_sources([Source(Path(path))], boundary, buffer_m, rules=rules, cache=cache)

    @classmethod
    def from_sources(
        cls,
        sources: Sequence[Source],
        boundary: Geometry | gpd.GeoDataFrame | gpd.GeoSeries | None = None,
        buffer_m: float = 0,
        *,
        tolerance_m: float = COMBINE_TOLERANCE_M,
        gates: Gates | None = None,
        rules: WalkRules | None = None,
        cache: Path | None = None,
        reports: Sequence[InputReport] | None = None,
        gates_report: InputReport | None = None,
    ) -> Self:
        """Read one or several files of streets, the most trusted first, and join them within `tolerance_m` metres.

        `gates` open walls between streets. `cache` keeps the built network, keyed by the files' content and all options.
        `reports` (one a source) and `gates_report` take what was read and found, from the cache as well. `boundary` and
        `buffer_m` as in `from_osm`.

        Raises
        ------
        PlannerError
            A file cannot be read, holds no street, or lies elsewhere; no street is within the boundary; a distance is none.
        """
        asked = StreetSources(
            [replace(source, path=Path(source.path)) for source in sources],
            _in_wgs84(boundary),
            _checked_buffer(buffer_m),
            tolerance_m,
            gates if gates is None or gates_report is None else replace(gates, file=gates_report.file),
            rules or WalkRules(),
        )
        return cls.of_sources(asked, cache=cache, reports=reports, gates_report=gates_report)

    @classmethod
    def of_sources(
        cls,
        asked: StreetSources,
        *,
        cache: Path | None = None,
        reports: Sequence[InputReport] | None = None,
        gates_report: InputReport | None = None,
    ) -> Self:
        """Return the network of sources that say everything; the other parameters and errors as `from_sources`."""
        return cls._of(asked.network(cache, reports=reports, gates_report=gates_report))

    @classmethod
    def from_ways(
        cls,
        ways: Ways,
        boundary: Geometry | gpd.GeoDataFrame | gpd.GeoSeries | None = None,
        buffer_m: float = 0,
        *,
        source: str = "streets",
    ) -> Self:
        """Build the network of ways as read, cut or combined; `boundary`, `buffer_m` and errors as `from_osm`."""
        area, buffer_m = _in_wgs84(boundary), _checked_buffer(buffer_m)
        return cls._of(build_network(ways, boundary=area, buffer_m=buffer_m, source=source))

    @classmethod
    def from_lines(
        cls,
        gdf: gpd.GeoDataFrame | gpd.GeoSeries,
        boundary: Geometry | gpd.GeoDataFrame | gpd.GeoSeries | None = None,
        buffer_m: float = 0,
        *,
        tolerance_m: float = TOLERANCE_M,
        gap_m: float = GAP_M,
        noded: bool = False,
        rules: WalkRules | None = None,
        report: InputReport | None = None,
    ) -> Self:
        """Build the network of a layer of lines in any CRS, such as a planner's own roads.

        `boundary` and `buffer_m` as in `from_osm`; the other parameters, and which columns are understood, as
        `planner.streets.readers.lines.ways_of_lines`.

        Raises
        ------
        CRSError
            The layer has no CRS, or its coordinates are not in it.
        GeometryError
            It holds no line.
        NetworkError
            It is empty, none of its lines may be walked, or none is within the boundary.
        InputError
            A distance is none.
        """
        ways = ways_of_lines(gdf, tolerance_m=tolerance_m, gap_m=gap_m, noded=noded, rules=rules, report=report)
        ways = connect_islands(ways, rules.connect_islands_m if rules else 0.0)
        return cls.from_ways(ways, boundary, buffer_m, source=report.file if report else "lines")

    @classmethod
    def from_place(
        cls,
        place: str,
        folder: Path | None = None,
        buffer_m: float = 0,
        *,
        rules: WalkRules | None = None,
        service: Service | None = None,
    ) -> Self:
        """Fetch the streets within a place's outline, widened by `buffer_m` metres, from OpenStreetMap.

        What is fetched is kept in `folder` (by default the user's own) and not asked for again.

        Raises
        ------
        NetworkError
            There is no network, the service fails, or it knows no such place, outline or streets.
        InputError
            The name is blank, the place too large, or the folder cannot be written to.
        """
        folder = folder or user_folder()
        outline = fetch_boundary(place, folder, service=service)
        streets = fetch_streets(outline, folder, buffer_m=buffer_m, service=service)
        return cls.from_osm(streets, outline, buffer_m, rules=rules)

    @classmethod
    def from_graph(cls, graph: nx.MultiDiGraph) -> Self:
        """Convert an OSMnx graph; every edge is taken to be walkable in both directions.

        Raises
        ------
        NetworkError
            The graph has no CRS, no edges, or nodes without x and y.
        """
        return cls.from_ways(ways_of_graph(graph), source="graph")

    @classmethod
    def from_graphml(cls, path: str | Path) -> Self:
        """Read a graph as OSMnx saves it (``.graphml``); errors as `from_graph`, and for a file that cannot be read."""
        return cls.from_graph(load_graphml(Path(path)))

    def to_graph(self) -> nx.MultiGraph:
        """Return the network as a networkx MultiGraph in metres of `crs`.

        Nodes have x, y and ref (the OSM node); edges have length_m, geometry, highway, factor_forward, factor_backward and
        from_node, the end at which geometry and forward begin.
        """
        return graph_of(self)

    def with_profile(self, profile: Profile, slowed: Slowed = PLAIN, slopes: Slopes | None = None) -> Self:
        """Return this network with the efforts of a profile, slowed down by what `slowed` says and by `slopes`.

        Whatever has been snapped to this network is snapped to that one too. Times are then to be asked for at the profile's
        speed: seconds that are lost became metres at it. Where steps slow down, their factor stands in for the slope.
        """
        if not slowed and (slopes is None or not profile.slope):
            return self
        other = self.with_factors(*slowed_factors(self, profile, slowed, slopes))
        other.__dict__["_lattices"] = self._lattices
        return other

    def snapped_lattice(self, step_m: float, max_snap_m: float) -> SnappedLattice:
        """Return the lattice of this spacing, whose points are snapped when first asked for and kept."""
        return self._lattices.setdefault((step_m, max_snap_m), SnappedLattice(step_m, max_snap_m))

    @cached_property
    def _lattices(self) -> dict[tuple[float, float], SnappedLattice]:
        return {}

    @classmethod
    def _of(cls, network: Network) -> Self:
        """Return a network's data, with all that has been worked out of it, as one of this class."""
        own = cls.__new__(cls)
        own.__dict__.update(network.__dict__)
        return own


def _in_wgs84(boundary: Geometry | gpd.GeoDataFrame | gpd.GeoSeries | None) -> Geometry | None:
    """Return a boundary as one shape in WGS 84, which a bare geometry is already; raise `CRSError` where a layer has no CRS."""
    if boundary is None or isinstance(boundary, Geometry):
        return boundary
    if boundary.crs is None:
        raise CRSError("streets.area_no_crs")
    return boundary.geometry.to_crs(WGS84).union_all()


def _checked_buffer(buffer_m: float) -> float:
    """Return a buffer; raise `InputError` where it is not a distance."""
    if not 0 <= buffer_m < np.inf:
        raise InputError("streets.bad_buffer", value=buffer_m)
    return buffer_m
