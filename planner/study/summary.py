"""The figures of a run in one place: ``summary.json``."""

from typing import Any

import numpy as np

from planner import siting
from planner.project import SitingSection
from planner.study.access import Access
from planner.study.decision import Decision, Result
from planner.study.inputs import Inputs
from planner.study.results import Tables

SCHEMA_VERSION = 1


def summarise(inputs: Inputs, access: Access, decision: Decision, tables: Tables) -> dict[str, Any]:
    """Return the summary of a run, as the contract names its parts; what does not apply is None. Shares are of the main group."""
    project, result = inputs.project, decision.result
    main = project.main_group
    weights = inputs.demand.weights
    population = {group: float(weights[group].sum()) for group in project.groups}
    before = {group: _covered(inputs, access, group, decision.existing) for group in project.groups}
    after = {group: _covered(inputs, access, group, decision.open_after) for group in project.groups}
    shares = {
        when: covered[main] / population[main] if population[main] > 0 else None
        for when, covered in (("before", before), ("after", after))
    }
    served = _served(decision, population[main], has_capacity=project.settings.siting.capacity)
    rule = project.rule_of(main)
    return {
        "schema_version": SCHEMA_VERSION,
        "project": project.name,
        "objective": project.settings.siting.objective,
        "group": main,
        "unit": _UNITS[_goal(project.settings.siting)],
        "value": float(result.value),
        "population": population,
        "covered_before": before,
        "covered_after": after,
        "share_before": shares["before"],
        "share_after": shares["after"],
        **_bounds(result),
        "status": result.status,
        "stopped_by": result.stopped_by,
        "sites": _sites(tables, main),
        "closed": inputs.facilities["id"].iloc[result.closed].tolist(),
        "unreachable": _unreachable(tables, main),
        "left_out": _left_out(inputs),
        "near_edge": {
            "demand_points": int(inputs.near_edge.sum()),
            "population": float(weights[main][inputs.near_edge].sum()),
        },
        "rates": {when: {"A": None, "B": shares[when], "C": served[when], "V": None} for when in ("before", "after")},
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
        "walking": {
            "minutes": rule.threshold_s / 60,
            "speed_m_s": rule.speed_m_s,
            "metres": round(rule.reach_m, 3),
        },
        "counts": {
            "centres": len(decision.existing),
            "candidates": len(decision.candidates),
            "demand_points": len(tables.demand),
        },
    }


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


def _served(decision: Decision, people: float, *, has_capacity: bool) -> dict[str, float | None]:
    """Return the share of people who find room before and after, where capacities count."""
    result = decision.result
    if not has_capacity or not isinstance(result, siting.MaxCoverage) or people <= 0:
        return {"before": None, "after": None}
    return {"before": result.value_before / people, "after": result.value / people}


def _covered(inputs: Inputs, access: Access, group: str, facilities: np.ndarray) -> float:
    return float(inputs.demand.weights[group][access.count_open(group, facilities) > 0].sum())


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


def _unreachable(tables: Tables, main: str) -> dict[str, Any]:
    lost = tables.demand[tables.demand["reason"].notna()]
    weight = lost[f"weight_{main}"]
    by_reason = {
        str(reason): {"demand_points": len(rows), "population": float(weight[rows.index].sum())}
        for reason, rows in lost.groupby("reason")
    }
    return {"demand_points": len(lost), "population": float(weight.sum()), "by_reason": by_reason}


def _left_out(inputs: Inputs) -> list[dict[str, Any]]:
    return [
        {"group": row.group, "people": float(row.people), "reason": row.reason}
        for row in inputs.demand.left_out.itertuples(index=False)
    ]
