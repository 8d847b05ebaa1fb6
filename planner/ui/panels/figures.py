"""The figures of a run at a glance: cards above the map."""

import streamlit as st

from planner.session.run_results import Results
from planner.ui.words import Words, html


def show_figures(results: Results, words: Words, *, today: bool = False) -> None:
    """Show people, coverage before and after, sites, bound and proof, the unreachable, and how drawing and count agree.

    Of a plan in memory, which has no exact drawings, its cost instead of the last; `today` leaves out what a plan changes.
    """
    summary, group = results.summary, results.group
    people = summary["population"][group]
    before, after = summary["covered_before"][group], summary["covered_after"][group]
    lost = summary["unreachable"]["population"]
    unreachable = _card(
        words("figure_unreachable"),
        words.people(lost),
        html(words("of_all", share=words.share(lost / people if people else None))),
    )
    cards = [_card(words("figure_people"), words.people(people), html(words.group(group)))]
    if today:
        gap = people - before
        cards += [
            _coverage(results, words, today=True),
            _card(
                words("figure_uncovered"),
                words.people(gap),
                html(words("of_all", share=words.share(gap / people if people else None))),
            ),
            unreachable,
            _card(words("figure_centres"), words("count_sites", number=f"{summary['counts']['centres']:,}"), ""),
            _card(words("figure_candidates"), words("count_sites", number=f"{summary['counts']['candidates']:,}"), ""),
        ]
    else:
        cards += [
            _coverage(results, words),
            _card(
                words("figure_sites"),
                words("count_sites", number=f"{len(summary['sites']):,}"),
                html(words("gained", people=words.people(after - before))),
            ),
            _bound(results, words),
            unreachable,
            _last(results, words),
        ]
    st.html(f'<div class="planner-figures">{"".join(cards)}</div>')


def _card(name: str, value: str, note: str, kind: str = "") -> str:
    return (
        f'<div class="planner-figure {kind}"><div class="name">{html(name)}</div>'
        f'<div class="value">{html(value)}</div><div class="note">{note}</div></div>'
    )


def _last(results: Results, words: Words) -> str:
    """Return how drawing and count agree, or of a plan in memory what it costs."""
    summary = results.summary
    if "agreement" in summary:
        share = words.small_share(summary["agreement"]["after"]["share"])
        return _card(words("figure_agreement"), share, html(words("of_covered")))
    cost = summary["cost_yuan"]
    return _card(words("figure_cost"), words.yuan(cost) if cost else "–", html(words("cost_of_sites")))


def _coverage(results: Results, words: Words, *, today: bool = False) -> str:
    """Return the main figure: covered people and their share before and after, and both as a bar."""
    summary, group = results.summary, results.group
    shares = [summary["share_before"], summary["share_after"]]
    low, high = ((share or 0.0) * 100 for share in shares)
    numbers = [f"{summary[f'covered_{when}'][group]:,.0f}" for when in ("before", "after")]
    bar = (
        f'<div class="bar"><i class="old" style="width:{low:.2f}%"></i>'
        f'<i class="new" style="width:{max(high - low, 0.0):.2f}%"></i></div>'
    )
    parts = [
        f"<span>{html(words(f'when_{when}'))} <b>{html(number)}</b> {html(words.share(share))}</span>"
        for when, number, share in zip(("before", "after"), numbers, shares, strict=True)
    ][: 1 if today else 2]
    value = (
        html(words.share(shares[0]))
        if today
        else f"{html(words.share(shares[0]))} <em>→</em> {html(words.share(shares[1]))}"
    )
    if summary["walking"].get("rules"):
        parts.append(f"<span>{html(words('mixed_rules'))}</span>")
    return (
        f'<div class="planner-figure main"><div class="name">{html(words("figure_covered", **summary["walking"]))}</div>'
        f'<div class="value">{value}</div>'
        f'{bar}<div class="note">{"".join(parts)}</div></div>'
    )


def _bound(results: Results, words: Words) -> str:
    """Return what no choice passes: covered people at most, or the least of a minimising objective."""
    summary = results.summary
    if summary["lower_bound"] is None:
        return _card(words("figure_bound"), words.people(summary["upper_bound"]), _proof(results, words))
    unit = words(f"unit_{summary['unit']}")
    return _card(words("figure_lower_bound"), f"{summary['lower_bound']:,.0f} {unit}", _proof(results, words))


def _proof(results: Results, words: Words) -> str:
    summary = results.summary
    if summary.get("choice", {}).get("is_forced"):
        return f'<b class="feasible">{html(words("proof_forced"))}</b>'
    status = "optimal" if summary["status"] == "optimal" else "feasible"
    text = f'<b class="{status}">{html(words(f"proof_{status}"))}</b>'
    if status == "optimal":
        return text
    return f"{text} {html(words('gap', gap=words.small_share(summary['gap'])))}"
