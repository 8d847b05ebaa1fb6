"""The map's words: lines of its legend, and what its scripts must know; all of it numbers and sentences of the catalogues."""

from collections.abc import Sequence
from typing import Any

from planner.register import reasons
from planner.results.wording import YUAN_SHOWN
from planner.texts import say
from planner.ui.map.events import ACTIONS
from planner.ui.map.plugins import drawing_texts
from planner.ui.words import Words, html

_FIELDS = {
    "sites": {
        "gain": "people",
        "cumulative": "people",
        "people": "people",
        "cost_yuan": "yuan",
        "loss_if_dropped": "people",
        "replacement": "text",
        "replacement_loss": "people",
        "position_uncertainty_m": "metres",
    },
    "centres": {"people": "people", "only_here": "people", "position_uncertainty_m": "metres"},
    "candidates": {"people": "people", "unserved": "people", "cost_yuan": "yuan", "position_uncertainty_m": "metres"},
    "zones": {
        "population": "people",
        "covered_before": "people",
        "share_before": "share",
        "covered_after": "people",
        "share_after": "share",
        "centres": "number",
        "sites": "number",
    },
    "difference": {"rank_a": "number", "rank_b": "number"},
}
"""What a card tells, in this order, and in which form (``marks.js``)."""

_PLAIN = ["zoom_in", "zoom_out", "whole_area", "not_loaded", "mark_locked", "mark_forbidden", "drag_here"]
_PLAIN += ["side_a", "side_b", "side_both"]


def line(kind: str, name: str, count: int | None = None, *, symbols: Sequence[str], text: str = "") -> str:
    """Return a line of the legend as HTML; `kind` is the layer's, `count` how many are on it (None: not counted)."""
    counted = "" if count is None else f" <small>{count:,}</small>"
    signs = "".join(f'<i class="{symbol}">{html(text)}</i>' for symbol in symbols)
    key = f'<span class="planner-key" aria-hidden="true">{signs}</span>'
    return f'{key}<span class="planner-name" data-kind="{kind}">{html(name)}{counted}</span>'


def bands_line(kind: str, letter: str, minutes: Sequence[float], words: Words) -> str:
    """Return the legend's line of walking areas, a swatch for each band."""
    swatches = [f"band {letter}{number}" for number in range(3)[-len(minutes) :]] if minutes else []
    return line(kind, words(f"layer_{kind}_bands"), symbols=swatches)


def setting(bounds: list[list[float]], attribution: str, words: Words) -> dict[str, Any]:
    """Return what the scripts must know before any layer."""
    texts = {name: words(name) for name in _PLAIN}
    texts |= drawing_texts(words)
    texts |= {f"act_{action}": words(f"act_{action}") for action in ACTIONS}
    texts |= {name: words(name, people="{}") for name in ("people_here", "gained_here", "lost_here")}
    texts["people"] = words("count_people", number="{}")
    texts["yuan"] = words("count_yuan", number="{}")
    texts["metres"] = words("count_metres", number="{}")
    texts["site_number"] = words("site_number", rank="{}")
    texts["attribution"] = html(attribution)
    codes = [f"status_{status}" for status in ("existing", "required", "candidate", "forbidden", "closable")]
    codes += [f"excluded_reason_{reason}" for reason in ("forbidden", "too_far", "no_street", "not_within")]
    return {
        "language": words.language,
        "bounds": bounds,
        "view": f"planner {bounds}",
        "texts": texts,
        "words": {code: words(code) for code in codes} | _register_reasons(words.language),
        "fields": {
            kind: [[key.replace("unserved", "only_here"), words(f"fact_{key}"), form] for key, form in fields.items()]
            for kind, fields in _FIELDS.items()
        },
        "yuan_shown": YUAN_SHOWN[words.language],
    }


def _register_reasons(language: str) -> dict[str, str]:
    """Return why the register leaves facilities out, by code; a project's own reasons are shown as they stand."""
    return {f"excluded_reason_{code}": say(f"register.excluded_{code}", language) for code in reasons()}
