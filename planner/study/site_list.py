"""A list of sites as somebody pastes it: ids or names, a line each, perhaps out of a spreadsheet."""

import difflib
import re
from dataclasses import dataclass

import geopandas as gpd

_MOST_LINES = 2_000


@dataclass(frozen=True)
class Listed:
    """What a pasted list names: facilities (ids, in the list's order, each once), and `unknown` lines with the nearest name."""

    ids: tuple[str, ...]
    unknown: tuple[tuple[str, str], ...]


def find_listed(facilities: gpd.GeoDataFrame, text: str) -> Listed:
    """Return the facilities that a text names: each line by an id or a name in any of its cells (tab, comma or semicolon).

    A name that several facilities have is unknown: an id is wanted then. A line's first cell is what is quoted back.
    """
    ids = [str(key) for key in facilities["id"]]
    by_id = {_plain(key): key for key in ids}
    by_name: dict[str, list[str]] = {}
    for key, name in zip(ids, facilities["name"], strict=True):
        by_name.setdefault(_plain(str(name)), []).append(key)
    found: dict[str, None] = {}
    unknown = []
    for line in text.splitlines()[:_MOST_LINES]:
        cells = [cell for cell in (_plain(part) for part in [line, *re.split(r"[\t,;，；、]", line)]) if cell]
        if not cells:
            continue
        hits = [by_id[cell] for cell in cells if cell in by_id]
        hits += [by_name[cell][0] for cell in cells if len(by_name.get(cell, ())) == 1]
        if hits:
            found[hits[0]] = None
        else:
            known = [*by_id, *by_name]
            near = difflib.get_close_matches(cells[-1], known, n=1, cutoff=0.5)
            unknown.append((line.strip(), _named(near[0], by_id, by_name) if near else ""))
    return Listed(tuple(found), tuple(unknown))


def _named(plain: str, by_id: dict[str, str], by_name: dict[str, list[str]]) -> str:
    """Return an id or name as a line to paste: where several have a name, the first of their ids."""
    if plain in by_id:
        return by_id[plain]
    return plain if len(by_name[plain]) == 1 else by_name[plain][0]


def _plain(text: str) -> str:
    """Return text without what spreadsheets and typists put around it: blanks, a number in front, full-width letters' case."""
    return re.sub(r"^\d{1,3}[.、)）]\s*", "", text.strip()).strip().casefold()
