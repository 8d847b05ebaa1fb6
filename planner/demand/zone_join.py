"""Rows of a census table to zones, by code or by name: what is not sure is said, and what could be two is not guessed.

By name, a row means the zone whose surest form of name (`zone_names`) is one of the row's, within the row's township where
both name one. Rows that this leaves over are likened to the zones it leaves over; likeness must reach the cut-off, be the
best alone, and every such match is reported with both names.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.demand.model import Join
from planner.demand.zone_layer import JoinZones
from planner.demand.zone_names import (
    CHUNK,
    CUT_OFF,
    SHORTEST,
    bare,
    forms,
    likeness,
    nearest_names,
    of_kind,
    plain,
    township_key,
)
from planner.errors import InputError
from planner.findings import InputReport
from planner.name_marks import as_written, may_be_one
from planner.tables import as_texts, find_columns, nearest_header
from planner.tables.rows import Remarks, own_columns

_LISTED = 12
_CANDIDATES: dict[Join, tuple[str, ...]] = {
    "code": ("village_code", "zone_code", "id"),
    "name": ("village", "zone", "name"),
}


@dataclass(frozen=True)
class Joined:
    """The zone of each row, -1 where it has none, and why not: "no_zone", "ambiguous_zone" or "no_zone_given"."""

    zone: NDArray[np.int64]
    reason: NDArray[np.object_]


def join_rows(frame: pd.DataFrame, zones: JoinZones, *, how: Join, column: str | None, report: InputReport) -> Joined:
    """Return which zone each row of a table from `read_table` is; rows without one, and zones without a row, are reported.

    Raises
    ------
    InputError
        There is no such column, or none that could name a zone, or not a single row fits a zone.
    """
    own = own_columns(frame)
    header, found = _best_column(frame, zones, how, _columns(own, how, column, report))
    township = _township_header(own, header) if how == "name" else None
    report.figures.setdefault("columns", {})["join"] = header
    if township is not None:
        report.figures["columns"]["township"] = township
    texts = as_texts(frame[header])
    remarks = Remarks(frame, report)
    if how == "name":
        _liken(texts, _townships(frame, township, zones), zones, found, remarks)
    _report(texts, zones, found, how, remarks)
    if len(texts) and not (found.zone >= 0).any():
        first = next((text for text in texts if text), "")
        raise InputError(
            "demand.nothing_joined", file=report.file, column=header, value=first, zones=zones.file,
            example=_label(zones, 0, how),
        )  # fmt: skip
    return found


def _columns(own: Sequence[str], how: Join, declared: str | None, report: InputReport) -> list[str]:
    """Return the columns that may name the zones."""
    if declared is not None:
        if declared not in own:
            near = nearest_header(declared, own)
            raise InputError(
                "demand.unknown_join_column", file=report.file, column=declared, headers=", ".join(own), nearest=near
            )
        return [declared]
    found = find_columns(own, _CANDIDATES[how])
    columns = [found[name] for name in _CANDIDATES[how] if name in found]
    if not columns:
        raise InputError("demand.no_join_column", file=report.file, how=how, headers=", ".join(own))
    return columns


def _best_column(frame: pd.DataFrame, zones: JoinZones, how: Join, columns: Sequence[str]) -> tuple[str, Joined]:
    """Return the column that finds the most rows a zone, the first of equals: a table of villages may have townships too."""
    own = own_columns(frame)
    best: tuple[str, Joined] | None = None
    for header in columns:
        texts = as_texts(frame[header])
        township = _townships(frame, _township_header(own, header), zones)
        found = _by_code(texts, zones) if how == "code" else _by_name(texts, township, zones)
        if best is None or (found.zone >= 0).sum() > (best[1].zone >= 0).sum():
            best = header, found
    assert best is not None
    return best


def _township_header(own: Sequence[str], joined: str) -> str | None:
    found = find_columns([name for name in own if name != joined], ("zone",))
    return found.get("zone")


def _townships(frame: pd.DataFrame, header: str | None, zones: JoinZones) -> list[str | None]:
    """Return each row's township; none at all where the zones know not one of them (the column is the county's, say)."""
    if header is None:
        return [None] * len(frame)
    named = as_texts(frame[header])
    known = {township_key(name) for name in zones.townships} - {None}
    return named if known & {township_key(name) for name in named} else [None] * len(frame)


def _by_code(texts: Sequence[str | None], zones: JoinZones) -> Joined:
    index: dict[str, list[int]] = {}
    for at, code in enumerate(zones.codes):
        if code is not None:
            index.setdefault(_code(code), []).append(at)
    return _unique([None if text is None else index.get(_code(text), []) for text in texts])


def _code(text: str) -> str:
    """Return a code as it is compared: statistical codes of 6 or 9 digits are those of 12 with zeros behind them."""
    code = plain(text)
    return code.ljust(12, "0") if code.isdecimal() and len(code) in (6, 9) else code


def _by_name(texts: Sequence[str | None], townships: Sequence[str | None], zones: JoinZones) -> Joined:
    tiers: list[dict[str, list[int]]] = [{}, {}, {}]
    for at, name in enumerate(zones.names):
        written = plain(name)
        known = (written,), (written, of_kind(written)), forms(name, zones.townships[at])
        for tier, words in zip(tiers, known, strict=True):
            for word in words:
                tier.setdefault(word, []).append(at)
    found: list[list[int] | None] = []
    for text, township in zip(texts, townships, strict=True):
        if text is None:
            found.append(None)
            continue
        words = forms(text, township)
        pairs = [(tier, word) for tier in tiers for word in words]
        hits = (_within(tier.get(word, ()), township, zones) for tier, word in pairs)
        found.append(next((hit for hit in hits if hit), []))
    return _unique(found)


def _within(found: Sequence[int], township: str | None, zones: JoinZones) -> list[int]:
    """Return the zones that may lie in a township: those in one of that name, and those that name none."""
    places, key = list(dict.fromkeys(found)), township_key(township)
    return [at for at in places if key is None or township_key(zones.townships[at]) in (None, key)]


def _unique(found: Sequence[list[int] | None]) -> Joined:
    zone = np.array([hits[0] if hits and len(hits) == 1 else -1 for hits in found], np.int64)
    reason = np.full(len(found), None, object)
    for at, hits in enumerate(found):
        if zone[at] < 0:
            reason[at] = "no_zone_given" if hits is None else "ambiguous_zone" if hits else "no_zone"
    return Joined(zone, reason)


def _liken(
    texts: Sequence[str | None], townships: Sequence[str | None], zones: JoinZones, found: Joined, remarks: Remarks
) -> None:
    """Give the rows left over the zones left over that they are like, best alone and above the cut-off; changes `found`."""
    rows = [int(row) for row in np.flatnonzero(found.reason == "no_zone")]
    free = [int(at) for at in np.setdiff1d(np.arange(len(zones)), found.zone)]
    if not rows or not free:
        return
    names = [_shortest(texts[row] or "", townships[row]) for row in rows]
    others = [_shortest(zones.names[at], zones.townships[at]) for at in free]
    best, pick = _best_alone(names, others, [townships[row] for row in rows], [zones.townships[at] for at in free])
    written = [as_written(texts[row] or "", name, plain) for row, name in zip(rows, names, strict=True)]
    known = [as_written(zones.names[at], name, plain) for at, name in zip(free, others, strict=True)]
    sure = [
        at
        for at in np.flatnonzero(best >= CUT_OFF)
        if min(len(names[at]), len(others[pick[at]])) >= SHORTEST and may_be_one(written[at], known[pick[at]])
    ]
    wanted = np.bincount(pick[sure], minlength=len(free))
    for at in map(int, sure):
        row, zone = rows[at], free[pick[at]]
        if wanted[pick[at]] > 1:
            found.reason[row] = "ambiguous_zone"
            continue
        found.zone[row], found.reason[row] = zone, None
        label, percent = _label(zones, zone), round(100 * float(best[at]))
        remarks.add("demand.joined_by_likeness", "doubtful", row, name=texts[row], zone=label, percent=percent)


def _best_alone(
    names: Sequence[str], others: Sequence[str], townships: Sequence[str | None], theirs: Sequence[str | None]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the likeness of each name's best other one in its township, 0 where two are as good, and which it is."""
    number: dict[str | None, int] = {None: 0}  # of a township's key; 0 is anywhere
    own_key, other_key = (
        np.array([number.setdefault(township_key(name), len(number)) for name in part], np.int64)
        for part in (townships, theirs)
    )
    best, pick = np.zeros(len(names)), np.zeros(len(names), np.int64)
    for start in range(0, len(names), CHUNK):
        part = slice(start, start + CHUNK)
        scores = likeness(names[part], others)
        mine = own_key[part, None]
        scores[(mine != other_key) & (mine > 0) & (other_key > 0)] = 0.0
        top = scores.max(axis=1)
        alone = (scores >= top[:, None] - 1e-9).sum(axis=1) == 1
        best[part], pick[part] = np.where(alone, top, 0.0), scores.argmax(axis=1)
    return best, pick


def _shortest(name: str, township: str | None) -> str:
    """Return the barest form of a name."""
    return bare(forms(name, township)[-1]) if township else bare(plain(name))


def _report(texts: Sequence[str | None], zones: JoinZones, found: Joined, how: Join, remarks: Remarks) -> None:
    report = remarks.report
    labels = [_label(zones, at, how) for at in range(len(zones))]
    unknown = [int(row) for row in np.flatnonzero(found.reason == "no_zone")]
    nearest = dict(zip(unknown, nearest_names([texts[row] or "" for row in unknown], labels), strict=True))
    for row in map(int, np.flatnonzero(found.zone < 0)):
        text = texts[row]
        if text is None:
            remarks.add("demand.row_names_no_zone", "dropped", row)
        elif row in nearest:
            remarks.add("demand.row_without_zone", "dropped", row, name=text, zones=zones.file, nearest=nearest[row])
        else:
            remarks.add("demand.row_of_several_zones", "dropped", row, name=text)
    joined = np.bincount(found.zone[found.zone >= 0], minlength=len(zones))
    without = [_label(zones, int(at)) for at in np.flatnonzero(joined == 0)]
    report.figures |= {
        "rows_joined": int((found.zone >= 0).sum()),
        "zones_joined": int((joined > 0).sum()),
        "zones_without_row": without,
    }
    if without:
        report.add("demand.zones_without_row", "doubtful", count=len(without), of=len(zones), names=_listed(without))
    if (joined > 1).any():
        several = [_label(zones, int(at)) for at in np.flatnonzero(joined > 1)]
        report.add("demand.rows_of_one_zone", "note", count=len(several), names=_listed(several))


def _label(zones: JoinZones, at: int, how: Join = "name") -> str:
    if how == "code":
        return zones.codes[at] or ""
    township = zones.townships[at]
    return f"{township}{zones.names[at]}" if township else zones.names[at]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_LISTED]) + (" …" if len(names) > _LISTED else "")
