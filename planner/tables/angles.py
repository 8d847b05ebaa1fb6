"""Coordinates as people write them: decimal degrees, metres, degrees-minutes-seconds in any of the usual ways, two in one cell.

``118.386512``, ``118°23′12.5″E``, ``东经118度23分12.5秒``, ``118 23 12.5``, ``118.23.12.5`` are told apart by their marks
alone; nothing is guessed from a size.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.tables.decimal_marks import marks_of
from planner.tables.values import as_numbers, as_texts, half_width

_MARKS = str.maketrans(
    {
        **dict.fromkeys("º˚", "°"),
        **dict.fromkeys("’‘′＇`´ˊˈ", "'"),
        **dict.fromkeys("″”“＂〃〞", '"'),
        **dict.fromkeys("−–", "-"),
        "。": ".",
    }
)
_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
_PLAIN = re.compile(rf"({_NUMBER})\s*[°度]?")
_SEXAGESIMAL = (
    re.compile(rf"(\d+)\s*[°度]\s*({_NUMBER})(?:\s*['分]\s*(?:({_NUMBER})\s*(?:\"|''|秒)?)?)?"),
    re.compile(rf"(\d+)\s*d\s*({_NUMBER})\s*m\s*(?:({_NUMBER})\s*s?)?", re.IGNORECASE),
    re.compile(r"(\d{1,3})(?:\s+|[:-])(\d{1,2})(?:\s+|[:-])(\d{1,2}(?:\.\d*)?)"),  # 118 23 12.5
    re.compile(r"(\d{1,3})(?:\s+|[:-])(\d{1,2}\.\d*)()"),  # 118 23.208
    re.compile(r"(\d{1,3})\.(\d{1,2})\.(\d{1,2}(?:\.\d*)?)"),  # 118.23.12.5
)
_AXIS = {
    **dict.fromkeys(("e", "东经", "经度", "lon", "long", "lng", "longitude"), ("x", 1)),
    **dict.fromkeys(("n", "北纬", "纬度", "lat", "latitude"), ("y", 1)),
    **dict.fromkeys(("w", "西经"), ("x", -1)),
    **dict.fromkeys(("s", "南纬"), ("y", -1)),
}
_IN_FRONT = re.compile(rf"({'|'.join(sorted(_AXIS, key=len, reverse=True))})\s*[:=]?\s*(?=[\d.+-])", re.IGNORECASE)
_BEHIND = re.compile(r"""(?<=[\d.°'"度分秒\s])\s*([ewns])$""", re.IGNORECASE)
_BETWEEN = re.compile(
    r"""\s*[,;、|/]\s*|\s+(?=[a-z东西南北经纬])|(?<=[\d"'°度分秒])\s*(?=[东西南北经纬])|(?<=["秒])\s*(?=\d)""",
    re.IGNORECASE,
)
_BEFORE_LETTER = re.compile(r"(?<=[\d\"'°])(?=[ewns])", re.IGNORECASE)
_AFTER_LETTER = re.compile(r"(?<=[ewns])(?=\d)", re.IGNORECASE)
_WKT = re.compile(r"(?:srid=\d+;)?point\s*z?\s*\(([^()]*)\)", re.IGNORECASE)


class Angles(NamedTuple):
    """Coordinates of a column; `values` is NaN where `blank` or `bad`. `axis` is x or y where the cell names it, else ""."""

    values: NDArray[np.float64]
    blank: NDArray[np.bool_]
    bad: NDArray[np.bool_]
    sexagesimal: NDArray[np.bool_]
    axis: NDArray[np.str_]


def as_angles(column: pd.Series) -> Angles:
    """Return a column's coordinates in degrees, or in whatever unit plain numbers are."""
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        numbers = as_numbers(column)
        none = np.zeros(len(column), dtype=bool)
        return Angles(numbers.values, numbers.blank, numbers.bad, none, np.full(len(column), "", dtype="U1"))
    marks = marks_of(half_width(cell) for cell in column if isinstance(cell, str) and "," in cell)
    numbers = as_numbers(column, mark="," if marks.comma else ".")
    values, bad = numbers.values.copy(), numbers.bad.copy()
    sexagesimal, axis = np.zeros(len(column), dtype=bool), np.full(len(column), "", dtype="U1")
    for at, text in enumerate(as_texts(column)):
        if bad[at] and text is not None and not isinstance(column.iat[at], bool):
            read = _read(text)
            if read is not None:
                values[at], sexagesimal[at], axis[at] = read
                bad[at] = False
    return Angles(values, numbers.blank, bad, sexagesimal, axis)


def split_pairs(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return the halves of cells that hold two coordinates (118.38,24.96); one that cannot be split is in both."""
    halves = [_halves(text) for text in as_texts(column)]
    first, second = ([pair[at] for pair in halves] for at in (0, 1))
    return pd.Series(first, dtype=object, index=column.index), pd.Series(second, dtype=object, index=column.index)


@lru_cache(maxsize=4096)
def _read(text: str) -> tuple[float, bool, str] | None:
    """Return value, whether it was in minutes or seconds, and the axis that an angle names; None where it is none."""
    plain = half_width(text).translate(_MARKS).strip(" ,;.")
    angle = _angle(plain)
    if angle is not None:
        return *angle, ""
    front, behind = _IN_FRONT.match(plain), _BEHIND.search(plain)
    if front:
        word, angle = front[1], _angle(plain[front.end() :])
    elif behind:
        word, angle = behind[1], _angle(plain[: behind.start()])
    if angle is None:
        return None
    axis, sign = _AXIS[word.casefold()]
    return sign * angle[0], angle[1], axis


def _angle(text: str) -> tuple[float, bool] | None:
    sign = -1 if text.startswith("-") else 1
    text = text.removeprefix("-").removeprefix("+").strip()
    if match := _PLAIN.fullmatch(text):
        return sign * float(match[1]), False
    match = next(filter(None, (pattern.fullmatch(text) for pattern in _SEXAGESIMAL)), None)
    if match is None:
        return None
    degrees, minutes, seconds = (float(part or 0) for part in match.groups())
    if minutes >= 60 or seconds >= 60 or (match[3] and "." in match[2]):
        return None
    return sign * (degrees + (minutes + seconds / 60) / 60), True


@lru_cache(maxsize=4096)
def _split(text: str) -> tuple[str, str]:
    plain = half_width(text).translate(_MARKS).strip()
    if point := _WKT.fullmatch(plain):
        plain = " ".join(point[1].split()[:2])
    plain = plain.strip("()[]{}<> ,;")
    by_letter = _BEFORE_LETTER if plain[:1].casefold() in "ewns" else _AFTER_LETTER
    for parts in (_BETWEEN.split(plain), by_letter.split(plain), plain.split()):
        filled = [part.strip() for part in parts if part.strip()]
        if len(filled) == 2:
            return filled[0], filled[1]
    return text, text


def _halves(text: str | None) -> tuple[str | None, str | None]:
    return (None, None) if text is None else _split(text)
