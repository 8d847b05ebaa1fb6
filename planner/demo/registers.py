"""The two tables a planner would bring: existing neighbourhood centres, and vacant buildings that might become one."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.demo.degrees import Degrees
from planner.demo.layout import Tile
from planner.demo.names import SURNAMES
from planner.demo.people import People
from planner.demo.sites import Town
from planner.demo.villages import Hamlets
from planner.demo.zones import Unit, Zones

CENTRE_COLUMNS = ("编号", "名称", "经度", "纬度", "乡镇（街道）", "类型", "建成年份", "建筑面积", "星级")
ASSET_COLUMNS = (
    "编号",
    "名称",
    "经度",
    "纬度",
    "乡镇（街道）",
    "村（社区）",
    "原用途",
    "建筑面积",
    "改造费用（元）",
    "房屋安全等级",
    "权属",
    "状态",
    "备注",
)
Row = tuple[str | int | float, ...]

_SEAT_CENTRES, _MARKET_CENTRES = 0.2, 0.92
"""Share of the centres that stand in the county town; share of the market towns that have one."""
_SECOND_CENTRE = 12_000
"""A market town with more people than this has a second one."""
_SEAT_ASSETS, _MARKET_ASSETS = 0.08, 0.14
"""Shares of the vacant buildings in the county town and in market towns."""
_USES = {  # former use: floor area from and to (m2), share among village and among town assets
    "旧小学": (420, 1_600, 0.36, 0.16),
    "供销社": (160, 620, 0.18, 0.3),
    "古大厝": (220, 900, 0.2, 0.06),
    "闲置厂房": (600, 3_200, 0.06, 0.4),
    "村部旧址": (180, 560, 0.2, 0.08),
}
_GRADES = {"A": (350, 650, 0.2), "B": (550, 950, 0.46), "C": (950, 1_500, 0.27), "D": (1_700, 2_600, 0.07)}
_REMARKS = (
    "",
    "",
    "",
    "临近公交站",
    "院内可停车",
    "需加装无障碍坡道",
    "屋面渗漏待修",
    "周边有健身场地",
    "已通水电",
    "一层可用",
)
_STARS = ("五星", "四星", "三星", "未评定")


@dataclass(frozen=True)
class Registers:
    """Rows of the two tables, in the order of their columns."""

    centres: list[Row]
    assets: list[Row]


@dataclass(frozen=True)
class _Spot:
    xy: NDArray[np.float64]
    place: int


def fill_registers(
    tile: Tile,
    people: People,
    towns: list[Town],
    hamlets: Hamlets,
    zones: Zones,
    to_degrees: Degrees,
    *,
    seed: int,
) -> Registers:
    """Return the existing centres and the vacant buildings of a county."""
    rng = np.random.default_rng([seed, 71, tile.number])
    order = np.argsort(people.place, kind="stable")
    starts = np.searchsorted(people.place[order], np.arange(len(towns) + hamlets.n_villages + 1))
    members = [order[a:b] for a, b in pairwise(starts.tolist())]
    centres = _place_centres(tile, people, members, towns, rng)
    served = {spot.place for spot in centres if spot.place >= len(towns)}
    assets = _place_assets(tile, people, members, towns, centres, served, rng)
    centre_at = _located(centres, zones, to_degrees)
    asset_at = _located(assets, zones, to_degrees)
    return Registers(
        _centre_rows(tile, centre_at, zones, rng),
        _asset_rows(tile, assets, asset_at, zones, len(towns), rng),
    )


def _place_centres(
    tile: Tile, people: People, members: list[NDArray[np.int64]], towns: list[Town], rng: np.random.Generator
) -> list[_Spot]:
    """Return where centres stand: some in the county town, one in most market towns, the rest in the larger villages."""
    in_seat = max(1, round(_SEAT_CENTRES * tile.centres))
    spots = _apart(people, members[0], in_seat, 880.0, [], rng)
    for town in towns[1:]:
        has_one = rng.random() < _MARKET_CENTRES and len(spots) < tile.centres - 2
        if has_one and len(members[town.number]):
            first = _middle(people, members[town.number], town.number, rng, within=0.05)
            spots.append(first)
            if town.people > _SECOND_CENTRE:
                spots += _apart(people, members[town.number], 1, 750.0, [first.xy], rng)
    villages = [place for place in range(len(towns), len(members)) if len(members[place])]
    size = np.array([people.total[members[place]].sum() for place in villages])
    wanted = min(len(villages), tile.centres - len(spots))
    if wanted > 0:
        chosen = rng.choice(len(villages), wanted, replace=False, p=size**2 / (size**2).sum())
        spots += [
            _middle(people, members[villages[pick]], villages[pick], rng, within=0.15) for pick in np.sort(chosen)
        ]
    return spots


def _place_assets(
    tile: Tile,
    people: People,
    members: list[NDArray[np.int64]],
    towns: list[Town],
    centres: list[_Spot],
    served: set[int],
    rng: np.random.Generator,
) -> list[_Spot]:
    """Return where vacant buildings stand: mostly in villages without a centre, some in towns away from the centres there."""
    known = [spot.xy for spot in centres]
    in_seat, in_markets = round(_SEAT_ASSETS * tile.assets), round(_MARKET_ASSETS * tile.assets)
    spots = _apart(people, members[0], max(1, in_seat), 380.0, known, rng)
    for number in range(in_markets if len(towns) > 1 else 0):
        town = towns[1 + number % (len(towns) - 1)]
        spots += _apart(people, members[town.number], 1, 260.0, known + [spot.xy for spot in spots], rng)
    villages = np.array([place for place in range(len(towns), len(members)) if len(members[place])])
    size = np.array([people.total[members[place]].sum() for place in villages]) ** 0.7
    size *= np.where(np.isin(villages, sorted(served)), 0.12, 1.0)
    for left in range(tile.assets - len(spots), 0, -len(villages)):  # a second round gives villages a second building
        for pick in np.sort(rng.choice(len(villages), min(left, len(villages)), replace=False, p=size / size.sum())):
            spots.append(_middle(people, members[villages[pick]], int(villages[pick]), rng, within=0.6))
    return spots


def _middle(people: People, member: NDArray[np.int64], place: int, rng: np.random.Generator, *, within: float) -> _Spot:
    """Return a spot among the share `within` of a settlement's houses that is nearest to where most people are."""
    xy, total = people.xy[member], people.total[member]
    mean = (xy * total[:, None]).sum(axis=0) / total.sum()
    near = np.argsort(np.hypot(*(xy - mean).T), kind="stable")[: max(1, round(within * len(xy)))]
    return _Spot(xy[near[rng.integers(len(near))]], place)


def _apart(
    people: People,
    member: NDArray[np.int64],
    count: int,
    metres: float,
    known: list[NDArray[np.float64]],
    rng: np.random.Generator,
) -> list[_Spot]:
    """Return spots drawn by people, none nearer to another or to the known ones than `metres` (less where there is no room)."""
    if len(member) == 0:
        return []
    xy, total = people.xy[member], people.total[member]
    draws = rng.choice(len(member), min(len(member), 60 * count), replace=False, p=total / total.sum())
    found: list[_Spot] = []
    while True:
        for pick in draws.tolist():
            if len(found) == count:
                return found
            others = np.array(known + [spot.xy for spot in found]).reshape(-1, 2)
            if not (np.hypot(*(others - xy[pick]).T) < metres).any():
                found.append(_Spot(xy[pick], int(people.place[member[pick]])))
        metres *= 0.8


def _located(spots: list[_Spot], zones: Zones, to_degrees: Degrees) -> list[tuple[float, float, int]]:
    """Return longitude, latitude and the unit of each spot."""
    degrees = np.round(np.column_stack(to_degrees.transform(*np.array([spot.xy for spot in spots]).T)), 6)
    shapes = np.array([unit.shape for unit in zones.units])
    unit = shapely.STRtree(shapes).nearest(shapely.points(degrees))
    return [(float(x), float(y), int(number)) for (x, y), number in zip(degrees, unit, strict=True)]


def _centre_rows(
    tile: Tile, located: list[tuple[float, float, int]], zones: Zones, rng: np.random.Generator
) -> list[Row]:
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for number, (x, y, at) in enumerate(located):
        unit = zones.units[at]
        is_village = unit.name.endswith("村")
        in_park = not is_village and rng.random() < 0.08
        area = int(rng.integers(25, 90) if is_village else rng.integers(60, 240)) * 10
        name = f"{_label(unit)}{'园区' if in_park else ''}邻里中心"
        rows.append(
            (
                f"C{tile.number + 1:02d}{number + 1:04d}",
                _numbered(name, seen),
                f"{x:.6f}",
                f"{y:.6f}",
                zones.townships[unit.township].name,
                "园区" if in_park else ("村级" if is_village else "社区"),
                int(rng.integers(2016, 2025)),
                area,
                str(rng.choice(_STARS, p=[0.08, 0.22, 0.4, 0.3])),
            )
        )
    return rows


def _asset_rows(
    tile: Tile,
    spots: list[_Spot],
    located: list[tuple[float, float, int]],
    zones: Zones,
    n_towns: int,
    rng: np.random.Generator,
) -> list[Row]:
    uses = list(_USES)
    rows: list[Row] = []
    seen: dict[str, int] = {}
    required = set(rng.choice(len(spots), round(len(spots) / 160), replace=False).tolist())
    for number, (spot, (x, y, at)) in enumerate(zip(spots, located, strict=True)):
        unit = zones.units[at]
        share = 2 if spot.place >= n_towns else 3
        use = uses[int(rng.choice(len(uses), p=[_USES[name][share] for name in uses]))]
        surname = SURNAMES[int(rng.integers(len(SURNAMES)))] + "氏" if use == "古大厝" else ""
        area = int(rng.integers(_USES[use][0] // 10, _USES[use][1] // 10)) * 10
        grade = str(rng.choice(list(_GRADES), p=[value[2] for value in _GRADES.values()]))
        cost = round(area * float(rng.uniform(*_GRADES[grade][:2])) / 1_000) * 1_000
        owner, status, remark = _standing(use, grade, number in required, rng)
        rows.append(
            (
                f"A{tile.number + 1:02d}{number + 1:04d}",
                _numbered(_label(unit) + surname + use, seen),
                f"{x:.6f}",
                f"{y:.6f}",
                zones.townships[unit.township].name,
                unit.name,
                use,
                area,
                cost,
                grade + "级",
                owner,
                status,
                remark,
            )
        )
    return rows


def _label(unit: Unit) -> str:
    return unit.name.removesuffix("村").removesuffix("社区")


def _numbered(name: str, seen: dict[str, int]) -> str:
    """Return the name, with a number behind it from the second time on."""
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name}（{seen[name]}号）"


def _standing(use: str, grade: str, is_required: bool, rng: np.random.Generator) -> tuple[str, str, str]:
    """Return owner, status and remark: dangerous buildings and disputed ones are excluded."""
    owner, remark, is_disputed = _owner(use, rng), str(rng.choice(_REMARKS)), rng.random() < 0.025
    if grade == "D":
        return owner, "排除", "D级危房，不宜改造"
    if is_disputed:
        return "权属不清", "排除", "权属纠纷未决"
    if is_required:
        return owner, "必选", "已列入年度建设计划"
    return owner, "备选", remark


def _owner(use: str, rng: np.random.Generator) -> str:
    if use == "供销社":
        return "供销系统"
    if use == "古大厝":
        return str(rng.choice(["宗亲共有", "私人（已签意向）"]))
    return str(rng.choice(["村集体", "国有", "私人（已签意向）"], p=[0.66, 0.24, 0.1]))
