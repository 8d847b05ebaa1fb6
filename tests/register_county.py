"""A drawn county of 27 townships whose registers come as one workbook each, with what real ones have wrong with them.

Townships are squares of 4 km, nine in a row and three rows, on the sheet of `small_project`; each has four villages of 2 km,
whose names have no character in common but the township's first one. Streets run every kilometre. Township ``甲镇`` is number 0.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
from shapely import box
from small_project import CRS, EAST, NORTH, degrees

from planner.datum import from_wgs84

SIGNS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地玄黄宇"
STEMS = ("山坪", "水头", "石井", "洪濑")
TOWNSHIPS = tuple(f"{sign}和镇" for sign in SIGNS)
SIDE = 4000.0
USES = (
    "旧小学",
    "供销社",
    "老村部",
    "粮站仓库",
    "古大厝",
    "旧卫生所",
    "电影院",
    "茶厂",
    "幼儿园",
    "农机站",
    "文化站",
    "砖瓦厂",
)
HEADERS = (
    "名称",
    "乡镇（街道）",
    "村（社区）",
    "经度",
    "纬度",
    "建筑面积（㎡）",
    "权属",
    "房屋安全等级",
    "改造费用（万元）",
    "备注",
)
MIXED = 26
"""This township writes Gauss-Kruger metres, half of them with the zone prefix 39 (117 E), half with 40 (120 E)."""

PROJECT = """[project]
name = "Twenty-seven"
language = "{language}"

[area]
boundary = "area.geojson"
zones = "townships.geojson"
zone_code = "code"

[streets]
source = "streets.osm"

[[population]]
source = "people.csv"
column = "people"

[centres]
source = "centres.csv"

[candidates]
source = "registers/*.xlsx"
datums = {{ "27*.xlsx" = "CGCS2000" }}

[register]
villages = "villages.geojson"
corrections = "corrections.csv"

[siting]
sites = 2
"""


def corner(township: int) -> tuple[float, float]:
    """Return the south-west corner of a township on the sheet, metres."""
    return SIDE * (township % 9), SIDE * (township // 9)


def village_name(township: int, number: int) -> str:
    return f"{SIGNS[township]}{STEMS[number]}村"


def spot(township: int, number: int) -> tuple[float, float]:
    """Return where asset `number` of a township stands, 40 m north of a street, 250 m from any other; metres."""
    x, y = corner(township)
    return x + 300 + 250 * number, y + 1040


def write_county(folder: Path, *, language: str = "zh") -> Path:
    """Write the county's project into `folder`, its registers as they first come, and return its project.toml."""
    (folder / "registers").mkdir(parents=True)
    write_base(folder, language=language)
    for township in range(27):
        write_workbook(folder / "registers" / file_name(township), assets(township))
    return folder / "project.toml"


def file_name(township: int) -> str:
    return f"{township + 1:02d}{TOWNSHIPS[township]}闲置资产摸排表.xlsx"


def assets(township: int) -> list[dict[str, Any]]:
    """Return the rows of a township's register: 12 in the first three, else 11; 300 in all.

    The first row of each township, and the second of the first 13, have no coordinates: 40 in all. The last row of townships 4
    to 9 is a building that the sixth row has already: in 4 to 6 it says the same, in 7 to 9 another floor area.
    """
    rows = []
    for number in range(12 if township < 3 else 11):
        x, y = degrees(*spot(township, number))
        if township == MIXED:
            x, y = _gauss_kruger(x, y, zone=39 if number % 2 else 40)
        village = village_name(township, _village_at(number))
        has_none = number == 0 or (number == 1 and township < 13)
        rows.append(
            {
                "名称": f"{village}{USES[number]}",
                "乡镇（街道）": TOWNSHIPS[township],
                "村（社区）": village,
                "经度": None if has_none else x,
                "纬度": None if has_none else y,
                "建筑面积（㎡）": 200 + 10 * number,
                "权属": "村集体",
                "房屋安全等级": "B级",
                "改造费用（万元）": 10 + number,
                "备注": "",
            }
        )
    if township in range(4, 10):
        rows[-1] = rows[5] | ({"建筑面积（㎡）": 999} if township >= 7 else {"备注": "又报一次"})
    _write_villages_as_people_do(township, rows)
    return rows


def _village_at(number: int) -> int:
    """Return in which village an asset stands: they lie in a row in the southern half of the township."""
    return 0 if 300 + 250 * number < 2000 else 1


def _write_villages_as_people_do(township: int, rows: list[dict[str, Any]]) -> None:
    """Write some villages of rows without coordinates as registers do."""
    sign = SIGNS[township]
    other = {
        13: f"{sign}山坪村民委员会",  # its full name
        14: f"{TOWNSHIPS[14]}{sign}山坪",  # the township before it, nothing behind it
        15: f"{sign}山平村",  # mistyped: two characters of three
        16: f"{sign}石井",  # there is a 村 and a 社区 of that name
        17: "新安村",  # there is none of that name
        18: None,  # left blank
    }
    if township in other:
        rows[0]["村（社区）"] = other[township]
    if township == 19:
        rows[0]["乡镇（街道）"] = rows[0]["村（社区）"] = None
        rows[0]["乡镇（街道）"] = "外县某镇"  # not even the township is known


def _gauss_kruger(lon: float, lat: float, *, zone: int) -> tuple[float, float]:
    x, y = from_wgs84(lon, lat, {39: "EPSG:4548", 40: "EPSG:4549"}[zone])
    return zone * 1e6 + float(x), float(y)


def write_workbook(path: Path, rows: Sequence[dict[str, Any]], headers: Sequence[str] = HEADERS) -> Path:
    """Write a township's register as they look: a title above the header, a total and a signature below the rows."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["闲置资产摸排表"])
    sheet.append(list(headers))
    for row in rows:
        sheet.append([row.get(header) for header in headers])
    sheet.append(["合计", None, None, None, None, sum(row.get("建筑面积（㎡）") or 0 for row in rows)])
    sheet.append(["填表人：", "日期："])
    book.save(path)
    return path


def write_base(folder: Path, *, language: str = "zh") -> None:
    """Write everything but the registers."""
    (folder / "project.toml").write_text(PROJECT.format(language=language), encoding="utf-8")
    squares = [box(*corner(t), corner(t)[0] + SIDE, corner(t)[1] + SIDE) for t in range(27)]
    codes = [f"350583{t + 1:03d}" for t in range(27)]
    _write_layer(folder / "townships.geojson", {"name": TOWNSHIPS, "code": codes}, squares)
    _write_layer(folder / "area.geojson", {"name": ["county"]}, [box(0, 0, 9 * SIDE, 3 * SIDE)])
    names, within, shapes = [], [], []
    for township in range(27):
        x, y = corner(township)
        for number, (dx, dy) in enumerate(((0, 0), (2000, 0), (0, 2000), (2000, 2000))):
            names.append(village_name(township, number))
            within.append(TOWNSHIPS[township])
            shapes.append(box(x + dx, y + dy, x + dx + 2000, y + dy + 2000))
    names.append(f"{SIGNS[16]}石井社区")
    within.append(TOWNSHIPS[16])
    shapes.append(box(*corner(16), corner(16)[0] + 10, corner(16)[1] + 10))
    codes = [f"350583{at:06d}" for at in range(len(names))]
    _write_layer(folder / "villages.geojson", {"村名": names, "村代码": codes, "乡镇": within}, shapes)
    _write_streets(folder / "streets.osm")
    people = [(*degrees(*spot(t, number)), 10) for t in range(27) for number in range(10)]
    pd.DataFrame(people, columns=["lon", "lat", "people"]).to_csv(folder / "people.csv", index=False)
    x, y = degrees(18_000, 6_040)
    (folder / "centres.csv").write_text(f"名称,经度,纬度,建设方式\n县城邻里中心,{x},{y},改造提升\n", encoding="utf-8")


def _write_layer(path: Path, columns: dict[str, Sequence[str]], shapes: Sequence[Any]) -> None:
    layer = gpd.GeoDataFrame(columns, geometry=list(shapes), crs=CRS)
    layer.geometry = layer.translate(EAST, NORTH)
    layer.to_crs(4326).to_file(path, driver="GeoJSON")


def _write_streets(path: Path) -> None:
    """Write a street every kilometre, east-west and north-south, as OpenStreetMap XML."""
    columns, rows = range(-1, 38), range(-1, 14)
    number = {(c, r): i for i, (c, r) in enumerate(((c, r) for c in columns for r in rows), start=1)}
    west, south = degrees(-3000, -3000)
    east, north = degrees(39_000, 15_000)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?><osm version="0.6">',
        f'<bounds minlat="{south}" minlon="{west}" maxlat="{north}" maxlon="{east}"/>',
    ]
    for (c, r), i in number.items():
        lon, lat = degrees(1000 * c, 1000 * r)
        lines.append(f'<node id="{i}" version="1" lon="{lon:.7f}" lat="{lat:.7f}"/>')
    ways = [[(c, r) for c in columns] for r in rows] + [[(c, r) for r in rows] for c in columns]
    for i, way in enumerate(ways, start=1):
        refs = "".join(f'<nd ref="{number[at]}"/>' for at in way)
        lines.append(f'<way id="{i}" version="1">{refs}<tag k="highway" v="residential"/></way>')
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
