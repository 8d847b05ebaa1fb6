"""The demonstration county: the same bytes twice, tables and grid that agree, a network as real ones are, and safe folders."""

import csv
import json
import tomllib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pytest
import rasterio
import shapely
from cities import SHARED, needs_shared
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.demo import area, layout, write, write_county
from planner.demo.kinds import Kind
from planner.demo.layout import lay_out
from planner.demo.lines import draw
from planner.demo.meet import components, meet, weld
from planner.demo.names import _COUNTY, _TOWN, _VILLAGE
from planner.demo.raster import Raster, pick_spaced
from planner.errors import InputError
from planner.texts import say

FILES = {
    "streets.osm.pbf",
    "population.tif",
    "population_age_60_plus.tif",
    "population_age_0_14.tif",
    "population_by_village.csv",
    "boundary.geojson",
    "townships.geojson",
    "villages.geojson",
    "centres.csv",
    "assets.csv",
    "README.md",
    "project.toml",
}
NOT_WALKED = {"motorway", "motorway_link", "construction"}


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    folder = tmp_path_factory.mktemp("county")
    write_county(folder, seed=1, scale=0.05)
    return folder


@pytest.fixture(scope="module")
def larger(tmp_path_factory):
    folder = tmp_path_factory.mktemp("larger")
    write_county(folder, seed=5, scale=0.2)
    return folder


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory):
    """Four small counties side by side."""
    folder = tmp_path_factory.mktemp("neighbours")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("AREA_KM2", 90.0), ("PEOPLE", 60_000), ("TOWNSHIPS", 2), ("VILLAGES", 18)):
            patch.setattr(layout, name, value)
        patch.setattr(layout, "CENTRES", 5)
        patch.setattr(layout, "ASSETS", 16)
        write_county(folder, seed=2, scale=4)
    return folder


class Osm:
    """What an OSM file holds: positions by node, tagged nodes, and ways as (tags, nodes)."""

    def __init__(self, path):
        self.order, self.position, self.node_tags, self.ways = [], {}, {}, []
        for thing in osmium.FileProcessor(str(path)):
            if thing.is_node():
                self.order.append(("n", thing.id))
                self.position[thing.id] = (thing.lon, thing.lat)
                if len(thing.tags):
                    self.node_tags[thing.id] = dict(thing.tags)
            else:
                self.order.append(("w", thing.id))
                self.ways.append((dict(thing.tags), [node.ref for node in thing.nodes]))

    def walked(self):
        for tags, nodes in self.ways:
            street = "highway" in tags or tags.get("public_transport") == "platform"
            if street and tags.get("highway") not in NOT_WALKED and tags.get("foot") != "no":
                yield tags, nodes

    def line(self, nodes):
        return shapely.LineString([self.position[node] for node in nodes])

    def parts(self, ways):
        """Return the connected part of every node of `ways`."""
        a, b = zip(*(pair for _, nodes in ways for pair in pairwise(nodes)), strict=True)
        number = {node: k for k, node in enumerate(dict.fromkeys(a + b))}
        ends = [number[node] for node in a], [number[node] for node in b]
        graph = coo_array((np.ones(len(a)), ends), shape=(len(number), len(number)))
        part = connected_components(graph, directed=False)[1]
        return {node: int(part[k]) for node, k in number.items()}


@pytest.fixture(scope="module")
def streets(county):
    return Osm(county / "streets.osm.pbf")


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def people_points(folder, name="population.tif"):
    with rasterio.open(folder / name) as file:
        values = file.read(1)
        assert file.crs.to_epsg() == 4326
        assert file.dtypes == ("float32",)
        assert file.nodata == -99_999
        row, column = np.nonzero(values > 0)
        x = file.transform.c + (column + 0.5) * file.transform.a
        y = file.transform.f + (row + 0.5) * file.transform.e
    return values, gpd.GeoDataFrame(
        {"people": values[row, column].astype(float)}, geometry=gpd.points_from_xy(x, y), crs=4326
    )


# ---- the same again


def test_same_seed_gives_same_bytes_and_another_seed_does_not(county, tmp_path):
    again = write_county(tmp_path / "again", seed=1, scale=0.05).parent
    other = write_county(tmp_path / "other", seed=2, scale=0.05).parent
    for name in sorted(FILES):
        assert (again / name).read_bytes() == (county / name).read_bytes(), name
        assert (other / name).read_bytes() != (county / name).read_bytes(), name


def test_folder_holds_the_files_and_nothing_else(county):
    assert {path.name for path in county.iterdir()} == FILES | {write.INVENTED_MARK}


# ---- how much of everything


@pytest.mark.parametrize(("scale", "counties"), [(1, 1), (0.3, 1), (1.4, 1), (4, 4), (7, 7), (60, 60)])
def test_quotas_follow_the_scale(scale, counties):
    tiles = lay_out(seed=3, scale=scale)
    assert len(tiles) == counties
    assert sum(tile.people for tile in tiles) == round(1_500_000 * scale)
    assert sum(tile.townships for tile in tiles) == round(27 * scale)
    assert sum(tile.villages for tile in tiles) == round(430 * scale)
    assert sum(tile.centres for tile in tiles) >= 100 * scale
    assert sum(tile.assets for tile in tiles) >= 300 * scale
    assert sum(tile.outline.area for tile in tiles) == pytest.approx(2e9 * scale, rel=0.25)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.sampled_from([0.05, 1, 2, 5]))
@example(seed=212, scale=5)  # counties two apart met at a corner and overlapped
def test_counties_touch_and_never_overlap(seed, scale):
    outlines = [tile.outline for tile in lay_out(seed=seed, scale=scale)]
    assert all(outline.is_valid for outline in outlines)
    whole = shapely.union_all(outlines)
    assert whole.geom_type == "Polygon"
    assert not whole.interiors
    assert whole.area == pytest.approx(sum(outline.area for outline in outlines), rel=1e-9)


def test_counts_of_a_small_county(county):
    assert len(json.loads((county / "townships.geojson").read_text(encoding="utf-8"))["features"]) == 2
    assert len(json.loads((county / "villages.geojson").read_text(encoding="utf-8"))["features"]) == 22
    assert len(table(county / "centres.csv")) == 6
    assert len(table(county / "assets.csv")) == 16


# ---- people


def test_total_is_that_of_the_scale(larger):
    values, _ = people_points(larger)
    assert values[values > 0].sum(dtype=float) == pytest.approx(300_000, abs=1)


def test_ages_are_parts_of_the_total(larger):
    total = people_points(larger)[0].astype(float)
    old = people_points(larger, "population_age_60_plus.tif")[0].astype(float)
    young = people_points(larger, "population_age_0_14.tif")[0].astype(float)
    inside = total >= 0
    assert ((old >= 0) == inside).all()
    assert ((young >= 0) == inside).all()
    assert (old[inside] + young[inside] <= total[inside] * (1 + 1e-6)).all()
    assert 0.12 < old[inside].sum() / total[inside].sum() < 0.3
    assert 0.1 < young[inside].sum() / total[inside].sum() < 0.25


@pytest.mark.parametrize("which", ["county", "neighbours"])
def test_table_by_village_is_the_grid_in_whole_numbers(which, request):
    folder = request.getfixturevalue(which)
    villages = gpd.read_file(folder / "villages.geojson")
    rows = {row["村（社区）代码"]: row for row in table(folder / "population_by_village.csv")}
    assert set(rows) == set(villages["code"])
    for name, column in (
        ("population.tif", "常住人口"),
        ("population_age_60_plus.tif", "60岁以上"),
        ("population_age_0_14.tif", "0-14岁"),
    ):
        _, points = people_points(folder, name)
        joined = points.sjoin(villages, predicate="within")
        assert len(joined) == len(points)
        sums = joined.groupby("code")["people"].sum().to_dict()
        whole = {code: int(row[column]) for code, row in rows.items()}
        assert all(abs(whole[code] - sums.get(code, 0.0)) < 1 for code in whole)
        counties = Counter()
        exact = Counter()
        for code in whole:
            counties[code[:6]] += whole[code]
            exact[code[:6]] += sums.get(code, 0.0)
        assert all(abs(counties[key] - exact[key]) <= 0.5 + 1e-6 for key in counties)


def test_few_people_live_far_from_any_street(larger):
    osm = Osm(larger / "streets.osm.pbf")
    _, points = people_points(larger)
    metres = points.estimate_utm_crs()
    lines = gpd.GeoSeries([osm.line(nodes) for _, nodes in osm.walked()], crs=4326).to_crs(metres)
    points = points.to_crs(metres)
    tree = shapely.STRtree(lines.array)
    near = tree.query_nearest(points.geometry.array, all_matches=False, return_distance=True)[1]
    far = points["people"][near > 300].sum() / points["people"].sum()
    assert 0.02 <= far <= 0.04
    assert np.median(near) < 30


# ---- zones


@pytest.mark.parametrize("which", ["county", "larger", "neighbours"])
def test_villages_make_up_townships_and_townships_the_county(which, request):
    folder = request.getfixturevalue(which)
    boundary = gpd.read_file(folder / "boundary.geojson").geometry
    townships = gpd.read_file(folder / "townships.geojson")
    villages = gpd.read_file(folder / "villages.geojson")
    assert len(boundary) == 1
    assert boundary[0].geom_type == "Polygon"
    for zones in (townships, villages):
        assert zones.geometry.is_valid.all()
        assert zones["name"].is_unique
        assert zones["code"].is_unique
        assert shapely.coverage_is_valid(zones.geometry.array)
        assert shapely.coverage_union_all(zones.geometry.array).normalize().equals(boundary[0].normalize())
    for name, part in villages.groupby("township"):
        own = townships.loc[townships["name"] == name, "geometry"].item()
        assert shapely.coverage_union_all(part.geometry.array).equals(own)
    assert set(townships["class"]) == {"urban", "rural"}
    assert (townships["code"].str[:2] == "99").all()  # no real place's code
    assert all(code[:9] in set(townships["code"]) for code in villages["code"])


def test_geojson_is_rfc_7946(county):
    for name in ("boundary", "townships", "villages"):
        text = (county / f"{name}.geojson").read_text(encoding="utf-8")
        data = json.loads(text)
        assert set(data) == {"type", "features"}
        for feature in data["features"]:
            assert feature["id"]
            ring = feature["geometry"]["coordinates"][0]
            assert ring[0] == ring[-1]
            assert shapely.LinearRing(ring).is_ccw
            assert all(round(value, 6) == value for point in ring for value in point)


# ---- tables


@pytest.mark.parametrize("which", ["county", "larger", "neighbours"])
@pytest.mark.parametrize("name", ["centres.csv", "assets.csv"])
def test_every_row_is_named_inside_and_in_the_township_it_says(which, name, request):
    folder = request.getfixturevalue(which)
    rows = table(folder / name)
    zones = gpd.read_file(folder / "villages.geojson")
    assert all(row["名称"].strip() for row in rows)
    assert len({row["编号"] for row in rows}) == len(rows)
    assert len({row["名称"] for row in rows}) == len(rows)
    for row in rows:
        spot = shapely.Point(float(row["经度"]), float(row["纬度"]))
        own = zones[zones.contains(spot)]
        assert own["township"].tolist() == [row["乡镇（街道）"]]
        if name == "assets.csv":
            assert own["name"].tolist() == [row["村（社区）"]]


def test_tables_open_in_spreadsheets_and_use_known_words(larger):
    assert (larger / "centres.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    centres, assets = table(larger / "centres.csv"), table(larger / "assets.csv")
    assert list(centres[0]) == ["编号", "名称", "经度", "纬度", "乡镇（街道）", "类型", "建成年份", "建筑面积", "星级"]
    assert list(assets[0])[:7] == ["编号", "名称", "经度", "纬度", "乡镇（街道）", "村（社区）", "原用途"]
    assert list(assets[0])[7:] == ["建筑面积", "改造费用（元）", "房屋安全等级", "权属", "状态", "备注"]
    assert {row["原用途"] for row in assets} <= {"旧小学", "供销社", "古大厝", "闲置厂房", "村部旧址"}
    assert {row["房屋安全等级"] for row in assets} <= {"A级", "B级", "C级", "D级"}
    assert {row["状态"] for row in assets} <= {"备选", "排除", "必选"}
    for row in assets:
        assert 100 < int(row["建筑面积"]) < 4_000
        assert 10_000 < int(row["改造费用（元）"]) < 10_000_000
        barred = row["房屋安全等级"] == "D级" or row["权属"] == "权属不清"
        assert (row["状态"] == "排除") == barred


# ---- streets


@pytest.mark.parametrize("which", ["county", "neighbours"])
def test_osm_file_is_in_order_and_whole(which, request):
    folder = request.getfixturevalue(which)
    osm = Osm(folder / "streets.osm.pbf")
    assert osm.order == sorted(osm.order)  # nodes, then ways, each by number
    assert len(set(osm.order)) == len(osm.order)
    assert all(number > 0 for _, number in osm.order)
    assert all(node in osm.position for _, nodes in osm.ways for node in nodes)
    assert all(len(nodes) > 1 for _, nodes in osm.ways)
    box = osmium.FileProcessor(str(folder / "streets.osm.pbf")).header.box()
    west, south, east, north = gpd.read_file(folder / "boundary.geojson").total_bounds
    assert box.bottom_left.lon < west - 0.01
    assert box.bottom_left.lat < south - 0.01
    assert box.top_right.lon > east + 0.01
    assert box.top_right.lat > north + 0.01


def test_there_are_all_kinds_of_ways(larger):
    osm = Osm(larger / "streets.osm.pbf")
    kinds = Counter(tags.get("highway") for tags, _ in osm.ways)
    for kind in ("primary", "secondary", "tertiary", "unclassified", "residential", "service", "footway", "path"):
        assert kinds[kind] > 3, kind
    for kind in ("motorway", "trunk", "track", "steps", "pedestrian"):
        assert kinds[kind] > 0, kind
    tags = [tags for tags, _ in osm.ways]
    assert any(one.get("area") == "yes" and one["highway"] == "pedestrian" for one in tags)
    assert any(one.get("public_transport") == "platform" for one in tags)
    assert any(one.get("foot") == "no" and one["highway"] != "motorway" for one in tags)
    assert any(one.get("waterway") == "river" for one in tags)
    assert any(one.get("landuse") == "residential" for one in tags)
    assert any("\u4e00" <= one.get("name", " ")[0] <= "\u9fff" for one in tags)


@pytest.mark.parametrize("which", ["county", "larger", "neighbours"])
def test_streets_hang_together_but_for_a_few_scraps(which, request):
    osm = Osm(request.getfixturevalue(which) / "streets.osm.pbf")
    part = osm.parts(list(osm.walked()))
    sizes = Counter(part.values()).most_common()
    assert len(sizes) > 1
    assert all(size < 15 for _, size in sizes[1:])
    assert sum(size for _, size in sizes[1:]) < 0.02 * len(part)


@pytest.mark.parametrize(("which", "most"), [("county", 5), ("larger", 8)])
def test_only_bridges_cross_the_river(which, most, request):
    osm = Osm(request.getfixturevalue(which) / "streets.osm.pbf")
    water = [
        shapely.Polygon([osm.position[node] for node in nodes])
        for tags, nodes in osm.ways
        if tags.get("natural") == "water"
    ]
    assert water
    tree = shapely.STRtree(water)
    bridges = 0
    for tags, nodes in osm.ways:
        if "highway" in tags:
            wet = len(tree.query(osm.line(nodes), predicate="intersects")) > 0
            assert wet <= (tags.get("bridge") == "yes"), tags
            bridges += wet and tags["highway"] != "motorway"
    assert 1 <= bridges <= most


def test_each_compound_has_one_gate_and_no_other_way_in(larger):
    osm = Osm(larger / "streets.osm.pbf")
    private = [nodes for tags, nodes in osm.walked() if tags.get("access") == "private"]
    outside = {node for tags, nodes in osm.walked() if tags.get("access") != "private" for node in nodes}
    gates = {node for node, tags in osm.node_tags.items() if tags.get("barrier") == "gate"}
    pairs = [set(pair) for nodes in private for pair in pairwise(nodes)]
    inside = osm.parts([({}, sorted(pair)) for pair in pairs if not pair & (gates | outside)])
    compounds = set(inside.values())
    assert len(compounds) > 10
    assert not set(inside) & outside
    entered = [inside[node] for pair in pairs if len(pair & gates) == 1 for node in pair - gates if node in inside]
    assert sorted(entered) == sorted(compounds)  # once each
    assert not gates & outside
    assert all(pair & gates for pair in pairs if pair & outside)  # who comes from outside comes to a gate


def test_lines_at_level_meet_in_nodes(county, streets):
    apart = {"bridge", "public_transport"}  # bridges pass over, platforms stand beside
    level = [nodes for tags, nodes in streets.walked() if not apart & set(tags)]
    pairs = [pair for nodes in level for pair in pairwise(nodes)]
    lines = np.array([streets.line(pair) for pair in pairs])
    one, two = shapely.STRtree(lines).query(lines, predicate="crosses")
    meeting = [k for k in np.flatnonzero(one < two) if not set(pairs[one[k]]) & set(pairs[two[k]])]
    assert not meeting


def test_the_ordinary_reader_reads_it_and_centres_cover_some_but_not_all(larger):
    from planner import StreetNetwork, coverage

    network = StreetNetwork.from_osm(larger / "streets.osm.pbf")
    assert network.n_nodes > 4_000
    _, points = people_points(larger)
    rows = table(larger / "centres.csv")
    spots = gpd.points_from_xy([float(row["经度"]) for row in rows], [float(row["纬度"]) for row in rows])
    times = coverage.travel_times(
        network, points, gpd.GeoDataFrame(geometry=spots, crs=4326), limit_s=900, speed_m_s=1.0
    )
    covered = np.diff(times.indptr) > 0
    assert 0.3 < points["people"][covered].sum() / points["people"].sum() < 0.75


# ---- meeting of lines: on paper, then in general


def drawn(*chains, kind=Kind.RESIDENTIAL):
    return draw([np.array(chain, float) for chain in chains], kind)


def test_crossing_lines_share_a_new_node():
    #      2
    #   0──┼──1        two lines that cross in (50, 0)
    #      3
    net = weld(drawn([(0, 0), (100, 0)], [(50, 40), (50, -40)]))
    met = meet(net, np.array([True, True]))
    assert met.xy.tolist() == [[0, 0], [100, 0], [50, 40], [50, -40], [50, 0]]
    assert met.node.tolist() == [0, 4, 1, 2, 4, 3]
    assert met.indptr.tolist() == [0, 3, 6]


def test_a_line_that_ends_on_another_joins_it_and_a_bridge_does_not():
    net = weld(drawn([(0, 0), (100, 0)], [(30, 0.4), (30, 60)], [(70, -50), (70, 50)]))
    met = meet(net, np.array([True, True, False]))
    assert met.node.tolist() == [0, 2, 1, 2, 3, 4, 5]
    assert components(met, np.array([True, True, True]))[0] == components(met, np.array([True, True, True]))[1]
    assert components(met, np.array([True, True, True]))[0] != components(met, np.array([True, True, True]))[2]


@settings(max_examples=60, deadline=None)
@example([[(0, 2), (31, 38)], [(0, 3), (25, 31), (13, 0), (27, 37)]])  # lines that cross at a flat angle
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=4, unique=True),
        min_size=2,
        max_size=7,
    )
)
def test_met_lines_keep_their_course_and_cross_nowhere_else(chains):
    chains = [[(37.0 * x, 29.0 * y) for x, y in chain] for chain in chains]
    net = weld(drawn(*chains))
    met = meet(net, np.ones(len(net), bool))
    assert len(met) == len(chains)
    for line, chain in enumerate(chains):
        path = met.xy[met.node[met.indptr[line] : met.indptr[line + 1]]]
        assert path[0] == pytest.approx(chain[0], abs=1.6)
        assert path[-1] == pytest.approx(chain[-1], abs=1.6)
        assert shapely.hausdorff_distance(shapely.LineString(path), shapely.LineString(chain)) < 1.6
    a, b, _ = met.pieces()
    pieces = shapely.linestrings(np.stack([met.xy[a], met.xy[b]], axis=1))
    one, two = shapely.STRtree(pieces).query(pieces, predicate="crosses")
    for i, j in zip(one.tolist(), two.tolist(), strict=True):
        if i < j and not {a[i], b[i]} & {a[j], b[j]}:
            away = [
                shapely.distance(shapely.points(met.xy[[a[p], b[p]]]), pieces[q]).min() for p, q in ((i, j), (j, i))
            ]
            assert min(away) < 3.5  # only where ends lie within the tolerance of the other line


def test_picked_cells_keep_their_distance():
    raster = Raster(0, 0, 20, 10)
    score = np.arange(200.0)
    cells = pick_spaced(raster, score, count=6, spacing_m=700)
    assert cells[0] == 199
    apart = np.hypot(*(raster.centres[cells][:, None] - raster.centres[cells][None]).transpose(2, 0, 1))
    assert apart[~np.eye(len(cells), dtype=bool)].min() >= 700
    assert pick_spaced(raster, np.zeros(200), count=3, spacing_m=700) == []


# ---- texts and names


def test_readme_says_in_both_languages_that_it_is_invented(county):
    text = (county / "README.md").read_text(encoding="utf-8")
    assert "本县并不存在" in text
    assert "虚构" in text
    assert "This county does not exist" in text
    assert "invented" in text
    assert "CC0" in text
    assert "Not OpenStreetMap data" in text
    assert "种子 1" in text
    assert "0.05" in text


def test_project_file_is_the_contract(county):
    text = (county / "project.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)
    assert "虚构" in project["project"]["name"]
    assert project["project"]["language"] == "zh"
    assert project["area"] == {"boundary": "boundary.geojson", "zones": "townships.geojson", "zone_name": "name"}
    assert project["streets"] == {"source": "streets.osm.pbf"}
    assert project["walking"] == {"minutes": 15, "speed": "standard", "max_snap_m": 300}
    assert [one["group"] for one in project["population"]] == ["total", "age_60_plus", "age_0_14"]
    assert project["siting"] == {
        "objective": "max_coverage",
        "sites": 10,
        "weight": "total",
        "gap": 0.0,
        "time_limit_s": 60,
    }
    named = [one["source"] for one in (*project["population"], project["centres"], project["candidates"])]
    assert all((county / name).is_file() for name in named)
    assert text.count("#") > 10


@needs_shared
def test_no_name_is_one_of_nanans():
    real = set()
    for name in ("streets.csv", "villages.csv"):
        with (SHARED / "data" / "nanan" / name).open(encoding="utf-8") as file:
            real |= {row["name"] for row in csv.DictReader(file)}
    stems = {name.removesuffix(end) for name in real for end in ("镇", "乡", "街道", "村委会", "社区居委会")}
    for first, second in (_TOWN, _VILLAGE, _COUNTY):
        assert not {a + b for a in first for b in second} & stems


def test_faults_are_told_in_both_languages():
    for language in ("zh", "en"):
        assert say("demo.foreign_folder", language, folder="x", found="y")
        assert say("demo.bad_scale", language, scale=-1, least=0.05, most="100")


# ---- the folder


def test_refuses_a_folder_with_something_else_in_it(tmp_path):
    (tmp_path / "budget.xlsx").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"budget\.xlsx"):
        write_county(tmp_path, scale=0.05)
    assert [path.name for path in tmp_path.iterdir()] == ["budget.xlsx"]
    assert (tmp_path / "budget.xlsx").read_bytes() == b"mine"


def test_refuses_a_mark_that_is_none_and_a_file(tmp_path):
    (tmp_path / write.INVENTED_MARK).write_text('{"invented": false, "sha256": {}}', encoding="utf-8")
    with pytest.raises(InputError):
        write_county(tmp_path, scale=0.05)
    with pytest.raises(InputError, match="not a folder"):
        write_county(tmp_path / write.INVENTED_MARK, scale=0.05)


@pytest.mark.parametrize("scale", [0, -1, 0.01, float("nan"), float("inf"), 1e6])
def test_refuses_scales_that_make_no_county(tmp_path, scale):
    with pytest.raises(InputError, match="scale"):
        write_county(tmp_path / "new", scale=scale)
    assert not (tmp_path / "new").exists()


def test_refuses_a_negative_seed(tmp_path):
    with pytest.raises(InputError, match="seed"):
        write_county(tmp_path / "new", seed=-1, scale=0.05)


def imitation(folder, *, seed, scale, language):
    """Stand in for `write_area` where only the folder matters."""
    for name in area.FILES:
        (folder / name).write_text(f"{name} {seed} {scale}", encoding="utf-8")


def test_writing_again_keeps_results_notes_and_what_was_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "write_area", imitation)
    write_county(tmp_path, seed=1)
    for kept in ("out", ".planner-cache"):
        (tmp_path / kept).mkdir()
        (tmp_path / kept / "result").write_text("kept", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "project.toml").write_text("my own", encoding="utf-8")
    assert write_county(tmp_path, seed=2) == tmp_path / "project.toml"
    assert (tmp_path / "project.toml").read_text(encoding="utf-8") == "project.toml 2 1.0"
    assert (tmp_path / "project.toml.bak").read_text(encoding="utf-8") == "my own"
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "out" / "result").read_text(encoding="utf-8") == "kept"
    assert (tmp_path / ".planner-cache" / "result").read_text(encoding="utf-8") == "kept"
    (tmp_path / "project.toml").write_text("my own again", encoding="utf-8")
    write_county(tmp_path, seed=3)
    assert (tmp_path / "project.toml.bak2").read_text(encoding="utf-8") == "my own again"


def test_killed_while_making_leaves_the_county_before(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "write_area", imitation)
    write_county(tmp_path, seed=1)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def killed(folder, *, seed, scale, language):
        (folder / "streets.osm.pbf").write_text("half", encoding="utf-8")
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "write_area", killed)
    with pytest.raises(KeyboardInterrupt):
        write_county(tmp_path, seed=2)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_killed_while_swapping_leaves_no_project_and_can_be_mended(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "write_area", imitation)
    write_county(tmp_path, seed=1)
    move, moved = Path.replace, []

    def killed(self, target):
        if len(moved) == 6:
            raise KeyboardInterrupt
        moved.append(self)
        return move(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            write_county(tmp_path, seed=2)
    assert not (tmp_path / "project.toml").exists()
    write_county(tmp_path, seed=2)
    assert {(tmp_path / name).read_text(encoding="utf-8") for name in area.FILES} == {
        f"{name} 2 1.0" for name in area.FILES
    }
    assert not list(tmp_path.glob("*.bak*"))


def test_a_part_left_behind_by_a_killed_run_is_no_obstacle(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "write_area", imitation)
    (tmp_path / write.PART).mkdir()
    (tmp_path / write.PART / "streets.osm.pbf").write_text("half", encoding="utf-8")
    write_county(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == FILES | {write.INVENTED_MARK}


def test_a_full_disk_is_told_plainly(tmp_path, monkeypatch):
    def full(folder, *, seed, scale, language):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write, "write_area", full)
    with pytest.raises(InputError, match="No space left"):
        write_county(tmp_path / "new")
    assert not any((tmp_path / "new").iterdir())
