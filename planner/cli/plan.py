"""A plan, and a batch of them, as the command line prints them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from planner.batch import Outcome
from planner.cli.console import SPOKEN, stdout, tell
from planner.results.wording import group_name, plan_sentences, rules_text
from planner.run import Run
from planner.texts import say

_BATCH_FIGURES = ("people", "covered_before", "covered_after", "sites", "gap")


def print_plan(run: Run, folder: Path) -> None:
    """Print the figures, the proof and the sites of a plan."""
    summary, language = run.summary, run.inputs.project.language
    main = summary["group"]
    tell("cli.people", people=summary["population"][main], group=group_name(main, language), **summary["walking"])
    if summary["walking"]["rules"]:
        tell("cli.rules", rules=rules_text(summary["walking"]["rules"], language))
    for sentence in plan_sentences(summary, language):
        tell(sentence.code, **sentence.params)
    gain = "gain" if summary["served"] is None else "gain_served"
    table = Table(
        *(say(f"cli.column_{name}", language) for name in ("rank", "name", "zone", gain, "cumulative", "loss"))
    )
    for column in (0, 3, 4, 5):
        table.columns[column].justify = "right"
    for _, site in run.tables.sites.iterrows():
        numbers = [f"{site[name]:,.0f}" for name in (f"gain_{main}", f"cumulative_{main}", "loss_if_dropped")]
        table.add_row(str(site["rank"]), _cell(site["name"]), _cell(site["zone"]), *numbers)
    if len(run.tables.sites):
        stdout().print(table)
    lost = summary["unreachable"]
    if lost["by_reason"]:
        reasons = [
            say(f"cli.reason_{reason}", language, people=part["population"])
            for reason, part in lost["by_reason"].items()
        ]
        tell("cli.unreachable", people=lost["population"], reasons="; ".join(reasons))
    if summary["agreement"]["after"]["share"] is not None:
        tell("cli.agreement", share=summary["agreement"]["after"]["share"])
    tell("cli.wrote", folder=folder)


def print_batch(outcomes: Sequence[Outcome], file: Path) -> None:
    """Print the table of a batch, and how many of its projects were done, kept and failed."""
    language = SPOKEN.language
    table = Table(*(say(f"cli.batch_{column}", language) for column in ("folder", "state", *_BATCH_FIGURES)))
    for outcome in outcomes:
        figures = (_number(getattr(outcome, name)) for name in _BATCH_FIGURES)
        table.add_row(escape(outcome.folder), say(f"cli.state_{outcome.state}", language), *figures)
    stdout().print(table)
    counts = {state: sum(outcome.state == state for outcome in outcomes) for state in ("done", "kept", "failed")}
    tell("cli.batch_end", file=file, **counts)


def _cell(value: Any) -> str:
    return "" if value is None or value != value else escape(str(value))


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1 or value == 0 else f"{value:.2%}"
