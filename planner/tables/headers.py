"""Which column is what: the headers that county tables use, in Chinese and English, for each canonical column.

Headers are compared after `fold`: full width to half width, lower case, no blanks, underscores, hyphens or stars, and without a
unit at the end (万元, in brackets or not). Where several headers fit one column, the synonym that stands first in its list wins.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable

_SYNONYM_LISTS = {
    "longitude": """
        longitude lon lng long 经度 东经 经度坐标 坐标经度 中心经度 点位经度
        easting x x坐标 东坐标 横坐标 坐标x xcoord pointx""",
    "latitude": """
        latitude lat 纬度 北纬 纬度坐标 坐标纬度 中心纬度 点位纬度
        northing y y坐标 北坐标 纵坐标 坐标y ycoord pointy""",
    "id": "id 编号 点位编号 设施编号 项目编号 资产编号 编码 点位编码 代码 facilityid siteid uid",
    "name": """
        name 名称 点位名称 设施名称 中心名称 邻里中心名称 项目名称 资产名称 场所名称 站点名称 建筑名称
        namepoi poi title facilityname sitename""",
    "status": "status 状态 点位状态 规划状态 选址状态 选址要求 建设状态",
    "kind": "kind 类别 类型 种类 点位类别 设施类别 设施类型 资产类型 现状用途 原用途 category type class",
    "stage": "stage 阶段 建设阶段 期次 批次 建设时序 年度 建设年度 计划年度 phase year",
    "cost_yuan": """
        costyuan cost 改造费用 建设费用 费用 造价 总造价 投资 总投资 投资估算 估算投资 计划投资
        改造成本 成本 启动资金 budget 改造费""",
    "paid_yuan": "paidyuan paid 已付 已付款 已支付 已拨付 已拨付资金 已投资",
    "area_m2": "aream2 area floorarea 建筑面积 总建筑面积 面积 使用面积 可用面积 场地面积 建筑面",
    "capacity": "capacity 容量 服务容量 服务能力 可服务人数 设计服务人数 服务人数 设计容量",
    "zone": """
        zone 乡镇 镇街 街镇 乡镇街道 乡镇(街道) 所属乡镇 所属镇街 所在乡镇 所在镇街 街道 所属街道
        township town 行政区 区县 district""",
    "zone_code": "zonecode 乡镇代码 镇街代码 街道代码 区划代码 行政区划代码 行政区代码 towncode adcode",
}

SYNONYMS: dict[str, tuple[str, ...]] = {column: tuple(names.split()) for column, names in _SYNONYM_LISTS.items()}
"""Canonical column -> headers that mean it, the surest first. Row counters (序号) are no ids: they change with sorting.
Some are what the ten bytes of a shapefile's field name leave of a longer one (建筑面)."""

UNITS: dict[str, float] = {  # what one of a unit is in yuan, square metres or people
    "元": 1.0,
    "千元": 1e3,
    "万元": 1e4,
    "万": 1e4,
    "百万元": 1e6,
    "千万元": 1e7,
    "亿元": 1e8,
    "yuan": 1.0,
    "rmb": 1.0,
    "cny": 1.0,
    "m2": 1.0,
    "sqm": 1.0,
    "平方米": 1.0,
    "平米": 1.0,
    "平方": 1.0,
    "人": 1.0,
    "人次": 1.0,
    "万人": 1e4,
    "people": 1.0,
    "persons": 1.0,
    "度": 1.0,
    "°": 1.0,
    "m": 1.0,
    "米": 1.0,
}

_UNIT_AT_END = re.compile(
    r"[(\[【/:]\s*(?:单位:?)?\s*(?P<marked>[^()\[\]【】]+?)\s*[)\]】]?$|(?<=\D)(?P<bare>[百千]?万元|[千亿]元|平方米|平米)$"
)


def fold(header: str) -> str:
    """Return a header as it is compared: ``改造费用 （万元）`` and ``Cost_Yuan`` become ``改造费用`` and ``costyuan``."""
    name = _half_width(header)
    if unit_of(header) is not None:
        name = _UNIT_AT_END.sub("", name)
    return re.sub(r"[\s_\-*.。:]", "", name)


def unit_of(header: str) -> float | None:
    """Return what the unit behind a header is worth, in yuan, square metres or people; None where it gives no known one."""
    match = _UNIT_AT_END.search(_half_width(header))
    return UNITS.get(match["marked"] or match["bare"]) if match else None


def find_columns(headers: Iterable[str], wanted: Iterable[str] | None = None) -> dict[str, str]:
    """Return canonical column -> header, for those `wanted` (all by default) that the headers hold."""
    folded: dict[str, str] = {}
    for header in headers:
        folded.setdefault(fold(header), header)
    found: dict[str, str] = {}
    for column in wanted if wanted is not None else SYNONYMS:
        match = next((folded[name] for name in map(fold, SYNONYMS[column]) if name in folded), None)
        if match is not None:
            found[column] = match
    return found


def nearest_header(wanted: str, headers: Iterable[str]) -> str:
    """Return the header most like `wanted` or one of its synonyms; "" where there are no headers."""
    names = [fold(wanted), *SYNONYMS.get(wanted, ())]

    def likeness(header: str) -> float:
        return max(difflib.SequenceMatcher(None, fold(header), name).ratio() for name in names)

    return max(headers, key=likeness, default="")


def _half_width(header: str) -> str:
    return unicodedata.normalize("NFKC", header).strip().casefold()
