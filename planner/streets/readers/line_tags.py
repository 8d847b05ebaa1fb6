"""What the columns of a road layer say, in English or Chinese, as OpenStreetMap tags: class, access, bridge, tunnel, level."""

from typing import Any

import geopandas as gpd
import pandas as pd

from planner.findings import InputReport
from planner.tables import as_texts
from planner.tables.headers import fold

COLUMNS = {
    "highway": "highway fclass roadclass 道路等级 道路类型 道路类别 道路分类 道路性质 等级 类型 类别 type class",
    "foot": "foot 步行 可否步行 行人通行",
    "access": "access 通行 通行权限",
    "layer": "layer level 层 层级 层号 层次",
    "bridge": "bridge 桥 桥梁 是否桥梁 高架 是否高架 天桥",
    "tunnel": "tunnel 隧道 是否隧道 地道 地下通道",
    "surface": "surface 路面 路面材质 路面类型 路面材料 铺装 铺装材料 面层 面层类型",
}
"""The columns that are understood, by OpenStreetMap key; the first header of a list that the layer has is taken."""

CLASSES = {
    "高速公路": "motorway",
    "高速": "motorway",
    "高速路": "motorway",
    "国道": "trunk",
    "快速路": "trunk",
    "城市快速路": "trunk",
    "省道": "primary",
    "主干路": "primary",
    "主干道": "primary",
    "县道": "secondary",
    "次干路": "secondary",
    "次干道": "secondary",
    "乡道": "tertiary",
    "支路": "residential",
    "村道": "unclassified",
    "巷": "living_street",
    "巷道": "living_street",
    "街巷": "living_street",
    "小区道路": "service",
    "内部道路": "service",
    "机耕路": "track",
    "人行道": "footway",
    "步行道": "footway",
    "步道": "footway",
    "步行街": "pedestrian",
    "人行天桥": "footway",
    "小路": "path",
    "台阶": "steps",
    "梯道": "steps",
    "踏步": "steps",
    "在建": "construction",
    "规划": "planned",
}
"""Classes of road as Chinese layers name them, as ``highway`` values; any other value stands as it is and may be walked."""

SURFACES = {
    "土路": "dirt",
    "土": "dirt",
    "泥土": "dirt",
    "素土": "dirt",
    "未铺装": "unpaved",
    "未硬化": "unpaved",
    "砂石": "gravel",
    "沙石": "gravel",
    "砂砾": "gravel",
    "碎石": "gravel",
    "泥结碎石": "compacted",
    "草地": "grass",
    "沙": "sand",
    "沙地": "sand",
    "沙土": "sand",
}
"""Surfaces that slow walkers down as Chinese layers name them, as ``surface`` values; any other is as good as paved."""

_NO = frozenset({"no", "n", "f", "false", "0", "否", "无", "不是", "非", "-", "/"})
_NOT_ON_FOOT = frozenset({"禁止", "禁行", "不可", "不通", "封闭"})


def tags_of(gdf: gpd.GeoDataFrame | gpd.GeoSeries, report: InputReport) -> list[dict[str, Any]]:
    """Return each row's columns as OpenStreetMap tags; a line without a class is a road."""
    columns = [] if isinstance(gdf, gpd.GeoSeries) else [name for name in gdf.columns if name != gdf.geometry.name]
    headers = {fold(str(name)): name for name in reversed(columns)}
    tags: list[dict[str, Any]] = [{"highway": "road"} for _ in range(len(gdf))]
    taken: dict[str, str] = {}
    for key, names in COLUMNS.items():
        header = next((headers[name] for name in map(fold, names.split()) if name in headers), None)
        if header is None:
            continue
        taken[key] = str(header)
        texts = as_texts(pd.Series(gdf[header].to_numpy(), dtype=object))
        meant = {text: _value(key, text) for text in dict.fromkeys(texts)}
        for tag, text in zip(tags, texts, strict=True):
            if meant[text] is not None:
                tag[key] = meant[text]
    if taken:
        report.figures["columns"] = taken
    return tags


def _value(key: str, text: str | None) -> str | None:
    """Return what a cell says, as the value of an OpenStreetMap tag; None where it says nothing."""
    if text is None:
        return None
    plain = text.casefold()
    if key == "highway":
        plain = plain.strip("[]").split(",")[0].strip(" '\"")  # OSMnx writes several classes as a list
        return CLASSES.get(plain, plain) or None
    if key == "layer":
        return plain
    if key == "surface":
        return SURFACES.get(plain, plain)
    if key in ("bridge", "tunnel"):
        return "no" if plain in _NO else plain
    return "no" if plain in _NO | _NOT_ON_FOOT else plain
