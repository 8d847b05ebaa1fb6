"""The data report as the command line prints it: on one page, whatever number of tables there are."""

from typing import Any

from rich.console import Console

from planner.cli.console import stdout
from planner.project import Project
from planner.texts import say

_SHOWN_OF_A_KIND = 10
_APART = 3  # tables of one role, as many as which are accounted for one by one


def print_report(project: Project, report: dict[str, Any]) -> None:
    """Print the account of every input; that of many tables of one role together, so that it stays on one page."""
    language, console = project.language, stdout()
    console.print(say("cli.report_title", language, name=project.name), style="bold", markup=False)
    by_role: dict[str, list[dict[str, Any]]] = {}
    for account in report["inputs"]:
        by_role.setdefault(account["role"], []).append(account)
    for role, accounts in by_role.items():
        groups = [accounts] if len(accounts) > _APART else [[account] for account in accounts]
        for group in groups:
            names = ("read", "used", "repaired", "doubtful", "dropped", "waiting")
            counts = {name: sum(account[f"rows_{name}"] for account in group) for name in names}
            said = {"role": say(f"cli.role_{role}", language), **counts}
            if len(group) > 1:
                line = say("cli.report_inputs", language, files=len(group), **said)
            else:
                line = say("cli.report_input", language, file=group[0]["file"], **said)
            console.print(f"\n{line}", markup=False, highlight=False)
            _print_findings(console, group, language)
    _print_quality(project, report)


def _print_findings(console: Console, group: list[dict[str, Any]], language: str) -> None:
    """Print what was found in some inputs, by kind, and of each kind only the first."""
    found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for account in group:
        for finding in account["findings"]:
            found.setdefault(finding["code"], []).append((account["file"], finding))
    for of_a_kind in found.values():
        for file, finding in of_a_kind[: _shown_of(of_a_kind[0][1], group)]:
            where = (
                say("cli.report_file", language)
                if finding["row"] is None
                else say("cli.report_row", language, row=finding["row"])
            )
            if "sheet" in finding:
                where = say("cli.report_file_row", language, file=finding["sheet"], row=where)
            if len(group) > 1:
                where = say("cli.report_file_row", language, file=file, row=where)
            action = say(f"cli.action_{finding['action']}", language)
            style = {"dropped": "red", "doubtful": "yellow"}.get(finding["action"])
            text = f"  [{action}] {where}: {finding['message']} {finding['remedy']}"
            console.print(text, style=style, markup=False, highlight=False)
    more = sum(max(0, len(of_a_kind) - _shown_of(of_a_kind[0][1], group)) for of_a_kind in found.values())
    if more:
        console.print("  " + say("cli.report_more", language, count=more), markup=False)


def _shown_of(finding: dict[str, Any], group: list[dict[str, Any]]) -> int:
    """Return how many findings of a kind are shown; of notes that many tables have alike, one is enough."""
    return 1 if len(group) > 1 and finding["action"] == "note" else _SHOWN_OF_A_KIND


def _print_quality(project: Project, report: dict[str, Any]) -> None:
    language, console = project.language, stdout()
    demand, parts, lost = report["snapping"]["demand"], report["network"], report["unreached"]
    share, max_snap_m = demand["share_of_people_beyond"] or 0.0, project.settings.walking.max_snap_m
    lines = [say("data_quality.snapping", language, share=share, max_snap_m=max_snap_m, **demand)]
    lines.append(say("data_quality.network", language, **{**parts, "largest_share": parts["largest_share"] or 0.0}))
    lines.append(
        say(
            "data_quality.unreached" if lost["clusters"] else "data_quality.none_unreached",
            language,
            people=lost["people"],
        )
    )
    lines += [f"  {cluster['message']} {cluster['remedy']}" for cluster in lost["clusters"][:_SHOWN_OF_A_KIND]]
    if len(lost["clusters"]) > _SHOWN_OF_A_KIND:
        lines.append("  " + say("cli.report_more", language, count=len(lost["clusters"]) - _SHOWN_OF_A_KIND))
    console.print("\n" + "\n".join(lines), markup=False, highlight=False)
