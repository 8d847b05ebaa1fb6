"""Names of places as people write them, made comparable.

都心村, 都心 村委会 and 都心社区 may be one name, 东林村 and 西林村 are two. A name has forms, the surest first: as written (half
width, no blanks or brackets), by its kind (村 or 社区: a town may have one of each), without what kind of place it is, and all
without the township or county in front of it. Likeness is for what is left, above a cut-off, and never where what differs is
that by which neighbours are told apart (`planner.name_marks`).

`planner.register.names` matches the names of single rows, of villages and buildings, by stricter rules: it keeps two letters of a
name whatever its ending, takes off fewer signs, and its likeness (`difflib`, cut-off 0.66) must be ahead of every other. A census
is matched as a whole, where what is left over decides. Their results differ on purpose, so they share no table.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

CUT_OFF = 0.75
"""Least likeness (twice the letters in common, in order, by the letters of both) at which two names may be one."""

CHUNK = 500
"""Names likened at a time, so that memory stays bounded."""

SHORTEST = 3
"""Letters that a name needs, without what kind of place it is, to be likened at all: of two letters each is half the name."""

_NOISE = re.compile(r"[\s\u200b\ufeff()\[\]【】〔〕<>《》\"'“”‘’·•.,、,;:/\\_\-—–]+")
_VILLAGE = re.compile(
    r"(?:社区|村)?(?:村民委员会|居民委员会|村委会|居委会|村委|居委)$|行政村$|社区$|村$|(?:community|village)$"
)
_TOWNSHIP = re.compile(
    r"(?:镇|乡|街道)?人民政府$|街道(?:办事处|办)?$|办事处$|民族乡$|镇$|乡$|(?:township|subdistrict|town|street)$"
)
_TOWNSHIP_LEFT = re.compile(r"^(?:街道办事处|街道办|街道|镇|乡)")


@lru_cache(maxsize=65_536)
def plain(name: str) -> str:
    """Return a name as it is compared: half width, lower case, without blanks, brackets and hyphens."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", name).casefold())


def bare(name: str) -> str:
    """Return a plain village's or community's name without what kind of place it is; a name that is only that stays."""
    return _VILLAGE.sub("", name) or name


def of_kind(name: str) -> str:
    """Return a plain name with its kind of place in one word, 村 or 社区, where it says one: 码头村委会 is 码头村."""
    match = _VILLAGE.search(name)
    if match is None or not match.start():
        return name
    return name[: match.start()] + ("社区" if re.search("社区|居|community", match[0]) else "村")


def bare_township(name: str) -> str:
    """Return a plain township's name without what kind of place it is."""
    return _TOWNSHIP.sub("", name) or name


def forms(name: str, township: str | None = None) -> tuple[str, ...]:
    """Return the forms of a name, the surest first: as written, by its kind, bare, and without the township in front of it."""
    written = plain(name)
    found = [written, of_kind(written), bare(written), bare_township(written)]
    for front in {plain(township), bare_township(plain(township))} if township else ():
        _, there, rest = written.partition(front)
        rest = _TOWNSHIP_LEFT.sub("", rest)
        if front and there and rest:
            found += [rest, of_kind(rest), bare(rest)]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=65_536)
def township_key(name: str | None) -> str | None:
    """Return what two names of one township have in common, None where there is no name."""
    return bare_township(plain(name)) if name else None


def nearest_names(names: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return for each name the other one most like it, "" where there is none."""
    if not others:
        return [""] * len(names)
    found: list[str] = []
    for start in range(0, len(names), CHUNK):
        found += [others[at] for at in likeness(names[start : start + CHUNK], others).argmax(axis=1)]
    return found


def likeness(names: Sequence[str], others: Sequence[str]) -> NDArray[np.float64]:
    """Return the likeness of names, 0 to 1, shape (len(names), len(others))."""
    scores = process.cdist(names, others, scorer=fuzz.ratio, dtype=np.float32, workers=-1)
    return np.asarray(scores, np.float64).reshape(len(names), len(others)) / 100
