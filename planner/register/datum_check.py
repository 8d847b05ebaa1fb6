"""Whether a register's positions fit the streets better under another datum than the declared one; nothing is converted here.

Buildings stand along streets. Each hypothesis (as declared; the numbers being WGS 84, GCJ-02 or BD-09; their axes swapped;
converted once too often) moves the same numbers to other places, and is scored by how far those lie from the nearest street.
Another one is clearly better when the median distance is at most `BETTER` of the declared one's and `LEAST_GAIN_M` less, more
points lie within `WITHIN_M`, and so many points come nearer that chance would do it once in a thousand (a sign test).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.crs import WGS84, transformer
from planner.datum import canonical_datum, from_wgs84, is_in_degrees, to_wgs84
from planner.findings import InputReport
from planner.streets import StreetNetwork
from planner.texts import Sentence

WITHIN_M = 25.0
BETTER = 0.7
LEAST_GAIN_M = 10.0
FEWEST = 12
"""With fewer points than this, chance alone may favour a wrong datum."""
SAMPLE = 2000
_FARTHEST_M = 2000.0
_CHANCE = 1e-3

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Score:
    """How near a street the points lie under a hypothesis; distances count up to 2 km."""

    hypothesis: str
    median_m: float
    share_within: float
    distance_m: NDArray[np.float64]


def score_datums(
    longitude: NDArray[np.float64], latitude: NDArray[np.float64], *, declared: str, network: StreetNetwork
) -> list[Score]:
    """Return the scores of every hypothesis on points as they came out under `declared` (WGS 84), the declared one first.

    Of more than `SAMPLE` points every n-th is taken.
    """
    known = np.flatnonzero(np.isfinite(longitude) & np.isfinite(latitude))
    step = max(1, -(-len(known) // SAMPLE))
    lon, lat = longitude[known[::step]], latitude[known[::step]]
    scores = []
    for hypothesis, (x, y) in _hypotheses(lon, lat, declared).items():
        distance = _to_street(x, y, network)
        within = float((distance <= WITHIN_M).mean()) if len(distance) else 0.0
        scores.append(Score(hypothesis, float(np.median(distance)) if len(distance) else np.nan, within, distance))
    return scores


def best_other(scores: list[Score]) -> Score | None:
    """Return the hypothesis that fits clearly better than the declared one, which comes first; None where none does."""
    if len(scores[0].distance_m) < FEWEST:
        return None
    declared = scores[0]
    better = [score for score in scores[1:] if _is_clearly_better(score, declared)]
    return min(better, key=lambda score: score.median_m, default=None)


def check_datum(points: gpd.GeoDataFrame, *, declared: str, network: StreetNetwork, report: InputReport) -> None:
    """Put the scores of one table's given positions (WGS 84) into its report, and a warning where another datum fits better."""
    scores = _scores([points], declared, network)
    if not len(scores[0].distance_m):
        return
    report.figures["datum_check"] = {
        score.hypothesis: {"median_m": round(score.median_m, 1), "share_within_25_m": round(score.share_within, 3)}
        for score in scores
    }
    other = best_other(scores)
    if other is not None:
        report.add("register.other_datum", "doubtful", **_said(scores[0], other, declared))


def check_datums_together(
    tables: Sequence[gpd.GeoDataFrame],
    *,
    declared: Sequence[str],
    network: StreetNetwork,
    reports: Sequence[InputReport],
) -> None:
    """Warn of tables of one declared datum, each too small to say, that fit another datum clearly better when taken together."""
    for datum in dict.fromkeys(declared):
        of_it = [number for number, each in enumerate(declared) if each == datum]
        alone = {number: _scores([tables[number]], datum, network) for number in of_it}
        alone = {number: scores for number, scores in alone.items() if len(scores[0].distance_m)}
        small = [number for number, scores in alone.items() if len(scores[0].distance_m) < FEWEST]
        for group in (list(alone), small):
            scores = _scores([tables[number] for number in group], datum, network) if len(group) > 1 else []
            other = best_other(scores) if scores else None
            if other is None:
                continue
            said = _said(scores[0], other, datum)
            for number in group:
                by_name = {score.hypothesis: score.median_m for score in alone[number]}
                fits = by_name.get(other.hypothesis, np.inf) <= by_name["declared"]
                if fits and not any(each.code == "register.other_datum" for each in reports[number].findings):
                    reports[number].add("register.other_datum_together", "doubtful", files=len(group), **said)
            break


def _scores(tables: Sequence[gpd.GeoDataFrame], declared: str, network: StreetNetwork) -> list[Score]:
    geometry = np.concatenate([table.geometry.to_numpy()[~table["needs_position"].to_numpy(bool)] for table in tables])
    lon, lat = shapely.get_x(geometry), shapely.get_y(geometry)
    return score_datums(lon, lat, declared=canonical_datum(declared), network=network)


def _said(scored: Score, other: Score, declared: str) -> dict[str, Any]:
    return {
        "declared": canonical_datum(declared),
        "other": Sentence(f"register.datum_{other.hypothesis.replace('-', '').replace(' ', '_').lower()}", {}),
        "median_m": round(scored.median_m, 1),
        "other_median_m": round(other.median_m, 1),
        "share": round(100 * scored.share_within),
        "other_share": round(100 * other.share_within),
        "within_m": round(WITHIN_M),
        "points": len(other.distance_m),
    }


def _hypotheses(lon: NDArray[np.float64], lat: NDArray[np.float64], declared: str) -> dict[str, Pair]:
    """Return WGS 84 positions by hypothesis; positions in a projection are asked about by the degrees that they stand for."""
    shifted = declared in ("GCJ-02", "BD-09")
    written = from_wgs84(lon, lat, declared) if shifted else (lon, lat)
    found: dict[str, Pair] = {"declared": (lon, lat)}
    for datum in ("WGS-84", "GCJ-02", "BD-09"):
        if datum != declared and not (datum == "WGS-84" and not shifted):
            found[datum] = to_wgs84(*written, datum)
    if is_in_degrees(declared):
        turned = to_wgs84(written[1], written[0], declared)
        if np.isfinite(turned[0]).all() and (np.abs(written[0]) <= 90).all():
            found["swapped"] = turned
    for datum in ("GCJ-02", "BD-09"):
        found[f"twice {datum}"] = from_wgs84(*written, datum)
    return found


def _to_street(lon: NDArray[np.float64], lat: NDArray[np.float64], network: StreetNetwork) -> NDArray[np.float64]:
    x, y = transformer(WGS84, network.crs).transform(lon, lat)
    x, y = np.asarray(x, float), np.asarray(y, float)
    distance = np.full(len(x), _FARTHEST_M)
    at = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    distance[at] = np.minimum(network.grid.nearest(x[at], y[at], _FARTHEST_M)[2], _FARTHEST_M)
    return distance


def _is_clearly_better(score: Score, declared: Score) -> bool:
    if not (
        score.median_m <= BETTER * declared.median_m
        and score.median_m <= declared.median_m - LEAST_GAIN_M
        and score.share_within > declared.share_within
    ):
        return False
    nearer = int((score.distance_m < declared.distance_m).sum())
    farther = int((score.distance_m > declared.distance_m).sum())
    from scipy.stats import binomtest  # slow to import, and only a doubtful register needs it

    return binomtest(nearer, nearer + farther, alternative="greater").pvalue < _CHANCE
