"""Invented Chinese names for townships, villages, streets and compounds; no list of real places is used."""

from collections.abc import Iterator

import numpy as np

# Characters for hill country, water, trees and birds; the pairs are drawn at random, so that a name that also exists
# somewhere is chance.
_COUNTY = ("岚霁湄峤栎澹芷沅", "泠浦溆嵩岫渟川")
_TOWN = ("霁峤泠栎椿荻芷麂岫湄澹鹭漪嵘蘅樨荇溆楠桤", "浦岔畈塅堰墟濑垄冈渡汀峒")
_VILLAGE = (
    "霁岚峤泠栎椿荻芷麂岫湄澹鹭漪嵘蘅樨荇溆楠桤茗葛苎蕨鹧鸢隼獾枳檵茱蓼葭蒿薜",
    "畈塅垄冈岔濑峒垟坞坳磜畲墘浔堀碓硿埕湴堨",
)
_STREET = ("霁峤泠椿芷湄鹭漪蘅荇楠茗锦瑞景和昌宁惠仁", "华安康平远兴达阳云风春秋堂庭岸桥")
_COMPOUND = ("霁湄鹭漪蘅荇楠茗锦瑞景云枫桂兰竹", "畔澜庭岸园景苑台", ("花园", "小区", "新村", "家园", "公馆"))
SURNAMES = "陈林黄李王吴蔡张郑洪潘叶梁傅苏卓侯戴尤温"


class PlaceNames:
    """Hands out township and village names, no two alike in a whole area; one for each seed."""

    def __init__(self, *, seed: int) -> None:
        self._towns = _pairs(_TOWN, np.random.default_rng([seed, 41]))
        self._villages = _pairs(_VILLAGE, np.random.default_rng([seed, 43]))
        rng = np.random.default_rng([seed, 47])
        self._counties = _pairs(_COUNTY, rng)

    def county(self) -> str:
        """Return the next county's name, without 县."""
        return next(self._counties)

    def town(self) -> str:
        """Return the next township's name, without 镇 or the like."""
        return next(self._towns)

    def village(self) -> str:
        """Return the next village's name, without 村."""
        return next(self._villages)


class Names:
    """The labels of one county's lines: `labels[k]` is the text behind number k."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.labels: list[str] = []

    def add(self, label: str) -> int:
        """Return the number of a label."""
        self.labels.append(label)
        return len(self.labels) - 1

    def street(self, *, main: bool) -> int:
        """Return a new street name."""
        first, second = (self._one(_STREET[0]), self._one(_STREET[1]))
        ending = self._one(("大道", "路", "路", "路", "街")) if main else self._one(("路", "街", "巷", "巷"))
        return self.add(first + second + ending)

    def compound(self) -> int:
        """Return a new name of a walled compound."""
        return self.add("".join(self._one(part) for part in _COMPOUND))

    def _one(self, choice: str | tuple[str, ...]) -> str:
        return choice[int(self._rng.integers(len(choice)))]


def _pairs(parts: tuple[str, str], rng: np.random.Generator) -> Iterator[str]:
    """Yield all pairs in random order, then all triples of two first characters and a second one."""
    first, second = parts
    for number in rng.permutation(len(first) * len(second)).tolist():
        yield first[number // len(second)] + second[number % len(second)]
    seen = set()
    while True:
        a, b, c = (int(rng.integers(len(chars))) for chars in (first, first, second))
        if a != b and (a, b, c) not in seen:
            seen.add((a, b, c))
            yield first[a] + first[b] + second[c]
