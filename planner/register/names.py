"""Names of townships, villages and buildings as people write them, brought to what can be compared, and matched.

A match says how it was found: by code, by the very name, by the name without what it is called besides (社区居委会, 村民委员会,
the township before it), or by likeness. Likeness is `difflib`'s ratio of the bare names, at least `CUT_OFF` and ahead of every
other name by `AHEAD`; names of fewer than three characters are too short to be alike, and names that differ in what tells
neighbours apart (`planner.name_marks`) never are. Nothing is guessed where two fit.
`planner.demand.zone_names` does the same for a whole census table, and says where and why its rules are others.
"""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from planner.name_marks import as_written, may_be_one
from planner.tables import half_width

How = Literal["code", "name", "normalised", "fuzzy", "ambiguous", "none"]

CUT_OFF = 0.66
"""Least likeness: one character of three may differ (0.667), one of two may not (0.5)."""
AHEAD = 0.1

_NOISE = re.compile(r"[\s()\[\]【】<>《》“”\"'·.,，、。:：;；_/\\-]+")
_VILLAGE_ENDS = (
    "社区居民委员会", "社区居委会", "居民委员会", "村民委员会", "社区村委会", "居委会", "村委会", "经联社", "行政村", "自然村",
    "社区", "村委", "村", "village", "community", "neighbourhood",
)  # fmt: skip
_TOWNSHIP_ENDS = (
    "街道办事处", "镇人民政府", "乡人民政府", "街道办", "办事处", "街道", "镇", "乡", "township", "subdistrict", "town",
)  # fmt: skip
_FEWEST = 2  # characters that a name keeps: 新村 is a name, not 新 with an ending


@dataclass(frozen=True)
class Match:
    """Which of the known names is meant (`at`, -1 where none is), and how that was found; `rivals` are those that also fit."""

    at: int
    how: How
    likeness: float = 1.0
    rivals: tuple[int, ...] = ()


def folded(name: str | None) -> str:
    """Return a name as it is compared: half width, lower case, without blanks, brackets and dots."""
    return _NOISE.sub("", half_width(name or "").casefold())


def bare_village(name: str | None, township: str | None = None) -> str:
    """Return a village's or community's name without its township before it and what it is called behind it."""
    plain = folded(name)
    for start in (folded(township), bare_township(township)):
        if start and plain.startswith(start) and len(plain) - len(start) >= _FEWEST:
            rest = plain[len(start) :]
            if rest not in _VILLAGE_ENDS:  # 溪美社区 of 溪美街道 is no community without a name
                plain = rest
                break
    return _without_end(plain, _VILLAGE_ENDS)


def bare_township(name: str | None) -> str:
    """Return a township's or street office's name without what it is called behind it."""
    return _without_end(folded(name), _TOWNSHIP_ENDS)


def likeness(a: str, b: str) -> float:
    """Return how alike two names are, 0 to 1 (`difflib`'s ratio, the better of both orders)."""
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    return max(matcher.ratio(), difflib.SequenceMatcher(None, b, a, autojunk=False).ratio())


class Names:
    """Known names with their codes, ready to be asked which one is meant."""

    def __init__(self, names: Sequence[str | None], codes: Sequence[str | None], bare: Sequence[str]) -> None:
        self._bare = list(bare)
        self._names = list(names)
        self._by_code = _index(map(folded, codes))
        self._by_name = _index(map(folded, names))
        self._by_bare = _index(bare)

    def find(self, name: str | None, code: str | None, bare: str, within: Iterable[int] | None = None) -> Match:
        """Return the known name that is meant by a name and a code, of those `within` where that is given."""
        allowed = None if within is None else set(within)
        steps: tuple[tuple[How, dict[str, list[int]], str], ...] = (
            ("code", self._by_code, folded(code)),
            ("name", self._by_name, folded(name)),
            ("normalised", self._by_bare, bare),
        )
        for how, index, key in steps:
            found = [at for at in index.get(key, ()) if key and (allowed is None or at in allowed)]
            if len(found) == 1:
                return Match(found[0], how)
            if found:
                return Match(-1, "ambiguous", rivals=tuple(found))
        return self._alike(name or "", bare, range(len(self._bare)) if allowed is None else sorted(allowed))

    def _alike(self, name: str, bare: str, among: Iterable[int]) -> Match:
        if len(bare) < 3:
            return Match(-1, "none", 0.0)
        scores = sorted(((likeness(bare, self._bare[at]), -at) for at in among if self._bare[at]), reverse=True)
        own = as_written(name, bare, folded)
        near = [(score, -at) for score, at in scores if score >= CUT_OFF and may_be_one(own, self._written(-at))]
        if not near:
            return Match(-1, "none", scores[0][0] if scores else 0.0)
        rivals = tuple(at for score, at in near if score > near[0][0] - AHEAD)
        if len(rivals) > 1:
            return Match(-1, "ambiguous", near[0][0], rivals)
        return Match(near[0][1], "fuzzy", near[0][0])

    def _written(self, at: int) -> str:
        return as_written(self._names[at] or "", self._bare[at], folded)


def _index(keys: Iterable[str]) -> dict[str, list[int]]:
    index: dict[str, list[int]] = defaultdict(list)
    for at, key in enumerate(keys):
        if key:
            index[key].append(at)
    return dict(index)


def _without_end(plain: str, ends: tuple[str, ...]) -> str:
    for end in ends:
        if plain.endswith(end) and len(plain) - len(end) >= _FEWEST:
            return plain[: -len(end)]
    return plain
