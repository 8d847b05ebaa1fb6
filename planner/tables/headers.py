"""Which column is what: headers as people write them, compared with the synonyms of each canonical column.

Headers are compared after `fold`: full width to half width, lower case, no blanks, line breaks, underscores, hyphens or stars,
without a unit at the end (万元, in brackets or not), a remark to whoever fills the table in (必填) or the name of a datum
(高德). Where several headers fit one column, the synonym that stands first in its list wins; where a header of two rows
(坐标/经度) is no synonym as a whole, its lower part counts.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from planner.errors import InputError
from planner.tables.synonyms import SYNONYMS

Synonyms = Mapping[str, Sequence[str]]
"""A project's own words: canonical column -> headers that mean it."""

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
    "平": 1.0,
    "万m2": 1e4,
    "万平方米": 1e4,
    "万平米": 1e4,
    "人": 1.0,
    "人次": 1.0,
    "千人": 1e3,
    "万人": 1e4,
    "people": 1.0,
    "persons": 1.0,
    "度": 1.0,
    "°": 1.0,
    "m": 1.0,
    "米": 1.0,
}
MONEY = frozenset({"元", "千元", "万元", "百万元", "千万元", "亿元"})

_UNIT_AT_END = re.compile(
    r"[(\[【/:]\s*(?:单位:?)?\s*(?P<marked>[^()\[\]【】]+?)\s*[)\]】]?$"
    r"|(?<=\D)(?P<bare>[百千]?万元|[千亿]元|平方米|平米|m2)$"
)
_BETWEEN_WORDS = re.compile(r"[\s,、;:]+")
_REMARK = re.compile(
    r"[(\[【][^()\[\]【】]*(?:填|可选|可空|若有|如有|例|保留|小数|十进制|格式|东经|北纬|全称|下拉|单选|多选)[^()\[\]【】]*[)\]】]"
)
_NOISE = re.compile(r"[\s_\-*.。:#★☆]")
_DATUM_WORDS = (
    ("GCJ-02", r"gcj-?02|火星|国测局|高德地图|高德|腾讯地图|腾讯|amap"),
    ("BD-09", r"bd-?09(?:ll)?|百度地图|百度|baidu"),
    ("WGS-84", r"wgs-?(?:19)?84|gps"),
    ("CGCS2000", r"cgcs-?2000|2000国家大地坐标系?|国家大地2000|国家2000(?:坐标系)?|大地2000|2000坐标系"),
)
_ANY_DATUM = re.compile("|".join(rf"[(\[【]?(?:{words})[)\]】]?" for _, words in _DATUM_WORDS))


def fold(header: str) -> str:
    """Return a header as it is compared: ``改造费用 （万元）`` and ``Cost_Yuan`` become ``改造费用`` and ``costyuan``."""
    name = _REMARK.sub("", _half_width(header)).strip()
    if _unit_at_end(name) is not None:
        name = _UNIT_AT_END.sub("", name)
    name = _NOISE.sub("", name)
    return _ANY_DATUM.sub("", name) or name


def unit_of(header: str) -> float | None:
    """Return what the unit behind a header is worth, in yuan, square metres or people; None where it gives no known one.

    In a header of two rows (投资（万元）/其中：财政) the unit of the upper one counts where the lower has none.
    """
    text = _half_width(header)
    units = (_unit_at_end(part.strip()) for part in (text, *reversed(text.split("/"))))
    return next((unit for unit in units if unit is not None), None)


def named_datum(header: str) -> str | None:
    """Return the datum that a header names (百度经度, 经度(GCJ-02)), None where it names none."""
    name = _NOISE.sub("", _half_width(header))
    return next((datum for datum, words in _DATUM_WORDS if re.search(words, name)), None)


def all_synonyms(extra: Synonyms | None = None) -> dict[str, tuple[str, ...]]:
    """Return the synonyms of each canonical column, folded; a project's own come first, and mean nothing else.

    Raises
    ------
    InputError
        A key of `extra` is no canonical column.
    """
    if not extra:
        return _FOLDED
    for column in extra:
        if column not in SYNONYMS:
            near = difflib.get_close_matches(column, SYNONYMS, n=1, cutoff=0.0)[0]
            raise InputError("tables.unknown_canonical", column=column, nearest=near, known=", ".join(SYNONYMS))
    own = {column: tuple(fold(name) for name in names) for column, names in extra.items()}
    taken = {name for names in own.values() for name in names}
    return {
        column: (*own.get(column, ()), *(name for name in names if name not in taken))
        for column, names in _FOLDED.items()
    }


def find_columns(
    headers: Iterable[str], wanted: Iterable[str] | None = None, *, synonyms: Synonyms | None = None
) -> dict[str, str]:
    """Return canonical column -> header, for those `wanted` (all by default) that the headers hold."""
    words = all_synonyms(synonyms)
    whole: dict[str, str] = {}
    lower: dict[str, str] = {}
    for header in headers:
        whole.setdefault(fold(header), header)
        if "/" in header:
            lower.setdefault(fold(header.rpartition("/")[2]), header)
    found: dict[str, str] = {}
    for names in (whole, lower):
        for column in wanted if wanted is not None else words:
            match = next((names[name] for name in words[column] if name in names), None)
            if match is not None and column not in found and match not in found.values():
                found[column] = match
    return found


def nearest_header(wanted: str, headers: Iterable[str]) -> str:
    """Return the header most like `wanted` or one of its synonyms; "" where there are no headers."""
    names = [fold(wanted), *SYNONYMS.get(wanted, ())]

    def likeness(header: str) -> float:
        return max(difflib.SequenceMatcher(None, fold(header), name).ratio() for name in names)

    return max(headers, key=likeness, default="")


def _unit_at_end(text: str) -> float | None:
    match = _UNIT_AT_END.search(text)
    if match is None:
        return None
    inside = match["marked"] or match["bare"]
    return next((UNITS[word] for word in (inside, *_BETWEEN_WORDS.split(inside)) if word in UNITS), None)


def _half_width(header: str) -> str:
    return unicodedata.normalize("NFKC", header).strip().casefold()


_FOLDED = {column: tuple(fold(name) for name in names) for column, names in SYNONYMS.items()}
