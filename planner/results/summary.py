"""The figures of a run in one place: ``summary.json``."""

from typing import Any

import numpy as np

from planner import siting
from planner.inputs.read import Inputs
from planner.project.siting import SitingSection
from planner.results.rates import residential_share, village_coverage
from planner.results.tables import Tables
from planner.study.access import Access
from planner.study.plan import Plan
from planner.study.question import Result

SCHEMA_VERSION = 1


def summarise(inputs: Inputs, access: Access, plan: Plan, tables: Tables) -> dict[str, Any]:
    """Return the summary of a run, as the contract names its parts; what does not apply is None. Shares are of the main group."""
    project = inputs.project
    main = project.main_group
    weights = inputs.demand.weights
    found = figures(inputs, access, plan)
    people, served = found["population"][main], found["served"]
    in_room = {when: served[when] / people if served and people > 0 else None for when in ("before", "after")}
    villages = {
        "before": village_coverage(inputs, access, plan.existing),
        "after": village_coverage(inputs, access, plan.open_after),
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "project": project.name,
        **found,
        "uncertainty": _uncertainty(inputs, access, plan),
        "sites": _sites(tables, main),
        "unreachable": _unreachable(inputs, tables, main),
        "left_out": _left_out(inputs),
        "near_edge": {
            "demand_points": int(inputs.near_edge.sum()),
            "population": float(weights[main][inputs.near_edge].sum()),
        },
        "rates": {
            when: {
                "A": residential_share(inputs, facilities),
                "B": found[f"share_{when}"],
                "C": in_room[when],
                "V": (villages[when] or {}).get("share"),
            }
            for when, facilities in (("before", plan.existing), ("after", plan.open_after))
        },
        "villages": villages if villages["before"] else None,
        "agreement": {
            when: {
                "people_network": agreement.network,
                "people_polygon": agreement.polygon,
                "wrongly_in": agreement.wrongly_in,
                "wrongly_out": agreement.wrongly_out,
                "share": agreement.share,
            }
            for when, agreement in tables.agreement.items()
        },
        "walking_options": inputs.walks.options,
    }


def figures(inputs: Inputs, access: Access, plan: Plan) -> dict[str, Any]:
    """Return the part of a summary that needs no tables: people, covered before and after, the choice and its proof, the walk."""
    project, result = inputs.project, plan.result
    main = project.main_group
    population = {group: inputs.demand.people(group) for group in project.groups}
    before = {group: _covered(inputs, access, group, plan.existing) for group in project.groups}
    after = {group: _covered(inputs, access, group, plan.open_after) for group in project.groups}
    shares = {
        when: covered[main] / population[main] if population[main] > 0 else None
        for when, covered in (("before", before), ("after", after))
    }
    rule = project.rule_of(main)
    return {
        "objective": project.settings.siting.objective,
        "group": main,
        "unit": _UNITS[_goal(project.settings.siting)],
        "value": float(result.value),
        "population": population,
        "covered_before": before,
        "covered_after": after,
        "share_before": shares["before"],
        "share_after": shares["after"],
        "served": _served(plan, population[main], after[main]),
        **_bounds(result),
        "status": result.status,
        "stopped_by": result.stopped_by,
        **_money(plan),
        "choice": _choice(plan),
        "closed": inputs.facilities["id"].iloc[result.closed].tolist(),
        "walking": {
            "minutes": rule.limit_s / 60,
            "speed_m_s": rule.speed_m_s,
            "metres": round(rule.reach_m, 3),
            "rules": _rules(inputs),
        },
        "counts": {
            "centres": len(plan.existing),
            "candidates": len(plan.candidates),
            "demand_points": len(inputs.demand_places),
        },
    }


def _rules(inputs: Inputs) -> list[dict[str, Any]] | None:
    """Return the main group's walk class by class, and how many of its people go by each; None where there is one walk."""
    project, weights = inputs.project, inputs.demand.weights[inputs.project.main_group]
    if not project.zone_classes:
        return None
    return [
        {
            "zone_class": zone_class,
            "minutes": rule.limit_s / 60,
            "speed_m_s": rule.speed_m_s,
            "metres": round(rule.reach_m, 3),
            "population": float(weights[inputs.demand_class == zone_class].sum()),
        }
        for zone_class in (None, *project.zone_classes)
        for rule in (project.rule_of(project.main_group, zone_class),)
    ]


_UNITS = {"cover": "people", "sites": "sites", "cost": "yuan", "p_median": "person_seconds", "p_center": "seconds"}


def _goal(settings: SitingSection) -> str:
    if settings.objective == "max_coverage":
        return "cover"
    if settings.objective == "min_sites":
        return "cost" if settings.least_cost else "sites"
    return settings.objective


def _bounds(result: Result) -> dict[str, float | None]:
    """Return the bounds and gaps of a result, and the figures that only its model has; what does not apply is None."""
    upper = float(result.upper_bound) if isinstance(result, siting.MaxCoverage) else None
    lower = None if isinstance(result, siting.MaxCoverage) else float(result.lower_bound)
    return {
        "upper_bound": upper,
        "lower_bound": lower,
        "gap": float(result.gap),
        "gain_gap": float(result.gain_gap) if isinstance(result, siting.MaxCoverage) else None,
        "mean_s": float(result.mean_s) if isinstance(result, siting.PMedian) else None,
        "unserved": float(result.unserved) if isinstance(result, siting.PMedian) else None,
        "left_out_points": int(result.left_out) if isinstance(result, siting.PCenter) else None,
    }


def _served(plan: Plan, people: float, reached: float) -> dict[str, float] | None:
    """Return who finds room before and after, who is in reach and finds none, who is out of reach; None without capacities."""
    result = plan.result
    if not isinstance(result, siting.MaxCoverage) or result.allocation is None:
        return None
    return {
        "before": float(result.value_before),
        "after": float(result.value),
        "no_room": reached - float(result.value),
        "out_of_reach": people - reached,
    }


def _money(plan: Plan) -> dict[str, float | None]:
    """Return the budget, None where there is none, and what the sites cost, None where a cost is not known."""
    cost = float(plan.question.costs[plan.selected].sum())
    return {"budget_yuan": plan.question.settings.budget_yuan, "cost_yuan": None if np.isnan(cost) else cost}


def _choice(plan: Plan) -> dict[str, Any]:
    """Return what was free to choose: sites that had to open, sites chosen freely and among how many, the price of the former."""
    result, price = plan.result, plan.requirement
    return {
        "sites_wanted": plan.question.settings.sites_wanted,
        "required": len(result.forced),
        "free": int(result.free_sites),
        "free_candidates": int(result.n_candidates_free),
        "is_forced": bool(result.is_forced),
        "without_requirement": price
        and {
            "value": float(price.without.value),
            "upper_bound": float(price.without.upper_bound),
            "people_lost": max(float(price.price), 0.0),
            "people_lost_at_least": float(price.low),
            "people_lost_at_most": float(price.high),
        },
    }


def _covered(inputs: Inputs, access: Access, group: str, facilities: np.ndarray) -> float:
    return float(inputs.demand.weights[group][access.count_open(group, facilities) > 0].sum())


def _uncertainty(inputs: Inputs, access: Access, plan: Plan) -> dict[str, Any] | None:
    """Return for each group with low and high estimates its people, covered before and after; None where no source has any."""
    demand = inputs.demand
    if not (demand.low or demand.high):
        return None
    found: dict[str, Any] = {}
    for group in inputs.project.groups:
        covered = {
            "population": np.ones(len(demand), bool),
            "covered_before": access.count_open(group, plan.existing) > 0,
            "covered_after": access.count_open(group, plan.open_after) > 0,
        }
        for bound, estimates in (("low", demand.low), ("high", demand.high)):
            if group in estimates:
                people = {name: float(estimates[group][which].sum()) for name, which in covered.items()}
                found.setdefault(group, {"low": None, "high": None})[bound] = people
    return found


def _sites(tables: Tables, main: str) -> list[dict[str, Any]]:
    sites = tables.sites
    return [
        {
            "id": row["id"],
            "name": row["name"],
            "rank": int(row["rank"]),
            "gain": float(row[f"gain_{main}"]),
            "cumulative": float(row[f"cumulative_{main}"]),
            "cost_yuan": None if np.isnan(row["cost_yuan"]) else float(row["cost_yuan"]),
            "longitude": round(float(row.geometry.x), 7),
            "latitude": round(float(row.geometry.y), 7),
        }
        for _, row in sites.iterrows()
    ]


def _unreachable(inputs: Inputs, tables: Tables, main: str) -> dict[str, Any]:
    lost = tables.demand[tables.demand["reason"].notna()]
    weight = lost[f"weight_{main}"]
    by_reason = {
        str(reason): {"demand_points": len(rows), "population": float(weight[rows.index].sum())}
        for reason, rows in lost.groupby("reason")
    }
    unplaced = inputs.demand.unplaced(main)
    if unplaced > 0:
        by_reason["unplaced"] = {"demand_points": 0, "population": unplaced}
    return {"demand_points": len(lost), "population": float(weight.sum()) + unplaced, "by_reason": by_reason}


def _left_out(inputs: Inputs) -> list[dict[str, Any]]:
    return [
        {"group": row.group, "people": float(row.people), "reason": row.reason}
        for row in inputs.demand.left_out.itertuples(index=False)
    ]
