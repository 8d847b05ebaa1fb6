"""What is said of a run in words: its people, its walks, its choice and how far that is proven."""

import re
from typing import Any

from planner.texts import Sentence, say

YUAN_SHOWN = {"zh": 10_000.0, "en": 1.0}
"""Offices read 万元; English texts have plain yuan."""


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


def yuan_text(yuan: float, language: str) -> str:
    """Return money in words: 万元 in Chinese, yuan in English."""
    number = f"{yuan / YUAN_SHOWN[language]:,.2f}".rstrip("0").rstrip(".")
    return say("ui.count_yuan", language, number=number)


def plan_sentences(summary: dict[str, Any], language: str) -> list[Sentence]:
    """Return what is said of coverage before and after, of the money, of the choice and of its proof."""
    main, sites = summary["group"], len(summary["sites"])
    before, after = summary["covered_before"][main], summary["covered_after"][main]
    share = {when: summary[f"share_{when}"] or 0.0 for when in ("before", "after")}
    served = summary["served"]
    said = [
        Sentence("cli.before", {"centres": summary["counts"]["centres"], "covered": before, "share": share["before"]}),
        Sentence(
            "cli.after" if served is None else "cli.after_reach",
            {"sites": sites, "covered": after, "share": share["after"], "gain": after - before},
        ),
    ]
    if served is not None:
        said.append(Sentence("proof.served", {**served, "share": summary["rates"]["after"]["C"] or 0.0}))
    if summary["closed"]:
        said.append(Sentence("proof.closed", {"number": len(summary["closed"]), "ids": ", ".join(summary["closed"])}))
    if summary["budget_yuan"] is not None:
        money = {name: yuan_text(summary[f"{name}_yuan"], language) for name in ("cost", "budget")}
        said.append(Sentence("proof.budget", money))
    return [*said, *choice_sentences(summary), *proof_sentences(summary, language)]


def choice_sentences(summary: dict[str, Any]) -> list[Sentence]:
    """Return what is said where not all was free to choose: how much was, and what that costs in people."""
    choice = summary["choice"]
    counts = {"required": choice["required"], "free": choice["free"], "candidates": choice["free_candidates"]}
    if choice["is_forced"]:
        said = [Sentence("proof.forced_whole" if choice["required"] else "proof.nothing_free", counts)]
    else:
        said = [Sentence("proof.forced_partly", counts)] if choice["required"] else []
    if (price := choice["without_requirement"]) is not None:
        lost = {"lost": price["people_lost"], "most": price["people_lost_at_most"]}
        costs = "requirement_costs" if lost["most"] - lost["lost"] >= 0.5 else "requirement_costs_proven"
        code = costs if lost["most"] >= 0.5 else "requirement_is_free"
        said.append(Sentence(f"proof.{code}", lost))
    return said


def proof_sentences(summary: dict[str, Any], language: str) -> list[Sentence]:
    """Return what is said of the objective and its proof, under the limit that it names; of a forced choice nothing is proven."""
    choice, counts, unit = summary["choice"], summary["counts"], summary["unit"]
    value, bound = summary["value"], summary["lower_bound"]
    given = {"candidates": counts["candidates"], "gap": summary["gap"], "value": value, "bound": bound}
    if summary["budget_yuan"] is None:
        limit = Sentence("proof.limit_sites", {"sites": choice["sites_wanted"], "candidates": counts["candidates"]})
    else:
        budget = yuan_text(summary["budget_yuan"], language)
        limit = Sentence("proof.limit_budget", {"budget": budget, "candidates": counts["candidates"]})
    kind, said = unit, []
    if unit == "people":
        kind = "covers" if summary["served"] is None else "serves"
        given["bound"] = summary["upper_bound"]
    elif unit == "yuan":
        given |= {"value": yuan_text(value, language), "bound": yuan_text(bound, language)}
    elif unit == "person_seconds":
        mean_min = summary["mean_s"] / 60
        given |= {"bound": mean_min * (1 - summary["gap"])}
        said = [Sentence("proof.person_seconds", {"value": mean_min, "unserved": summary["unserved"]})]
    elif unit == "seconds":
        given |= {"bound": bound / 60}
        said = [Sentence("proof.seconds", {"value": value / 60, "left_out": summary["left_out_points"]})]
    if choice["is_forced"]:
        return said
    return [*said, Sentence(f"proof.{kind}_{summary['status']}", {**given, "limit": limit})]
