"""What is said of a run in words: its people, its walks, its choice and how far that is proven."""

import re
from typing import Any

from planner.texts import Sentence, say


def group_name(group: str, language: str) -> str:
    """Return a population group in words: total, age_60_plus, age_0_14, or its own name where it is another."""
    if group == "total":
        return say("workbook.group_total", language)
    if match := re.fullmatch(r"age_(\d+)_plus", group):
        return say("workbook.group_age_plus", language, age=match[1])
    if match := re.fullmatch(r"age_(\d+)_(\d+)", group):
        return say("workbook.group_age_range", language, low=match[1], high=match[2])
    return group


def rules_text(rules: list[dict[str, Any]], language: str) -> str:
    """Say the walks of a summary's ``walking.rules``, the main one first."""
    codes = ("study.rule_main" if rule["zone_class"] is None else "study.rule_class" for rule in rules)
    return "; ".join(say(code, language, **rule) for code, rule in zip(codes, rules, strict=True))


def plan_sentences(summary: dict[str, Any]) -> list[Sentence]:
    """Return what is said of coverage before and after, of the choice and of its proof."""
    main = summary["group"]
    before, after = summary["covered_before"][main], summary["covered_after"][main]
    share = {when: summary[f"share_{when}"] or 0.0 for when in ("before", "after")}
    gain, sites = after - before, len(summary["sites"])
    said = [
        Sentence("cli.before", {"centres": summary["counts"]["centres"], "covered": before, "share": share["before"]}),
        Sentence("cli.after", {"sites": sites, "covered": after, "share": share["after"], "gain": gain}),
    ]
    return said + proof_sentences(summary)


def proof_sentences(summary: dict[str, Any]) -> list[Sentence]:
    """Return what is said of a plan's objective and its proof."""
    candidates, gap, status = summary["counts"]["candidates"], summary["gap"], summary["status"]
    value, bound = summary["value"], summary["lower_bound"]
    said = []
    if summary["closed"]:
        said.append(Sentence("cli.closed", {"number": len(summary["closed"]), "ids": ", ".join(summary["closed"])}))
    if summary["objective"] == "max_coverage":
        if (share := summary["rates"]["after"]["C"]) is not None:
            said.append(Sentence("cli.served", {"value": value, "share": share}))
        given = {"candidates": candidates, "bound": summary["upper_bound"], "gap": gap}
        return [*said, Sentence(f"cli.proof_{status}", given)]
    given = {"candidates": candidates, "gap": gap, "value": value, "bound": bound}
    if summary["unit"] == "person_seconds":
        mean_min = summary["mean_s"] / 60
        given |= {"value": mean_min, "bound": mean_min * (1 - gap), "unserved": summary["unserved"]}
    elif summary["unit"] == "seconds":
        given |= {"value": value / 60, "bound": bound / 60, "left_out": summary["left_out_points"]}
    return [*said, Sentence(f"cli.proof_{summary['unit']}_{status}", given)]
