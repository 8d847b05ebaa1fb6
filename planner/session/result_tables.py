"""The tables that the page shows of results: sites in order, coverage by group and zone, the curve, one plan beside another."""

import pandas as pd

from planner.session.results import Results


def sites_in_order(results: Results) -> pd.DataFrame:
    """Return the proposed sites in opening order; `share` is what is covered once each is open."""
    sites = results.sites
    share = (results.covered_before + sites["cumulative"]) / results.people if results.people else float("nan")
    columns = ["rank", "name", "gain", "zone", "kind", "loss_if_dropped", "replacement", "replacement_loss"]
    return (
        sites[columns]
        .assign(share=share, cost=pd.to_numeric(sites["cost_yuan"]))
        .round({"gain": 0, "loss_if_dropped": 0, "replacement_loss": 0})
    )


def coverage_by_group(results: Results, *, after: bool = True) -> pd.DataFrame:
    """Return people and coverage before and (unless told not to) after by population group, each by its own walk."""
    summary = results.summary
    figures = {
        name: pd.Series(summary[name], dtype=float) for name in ("population", "covered_before", "covered_after")
    }
    shares = {f"share_{when}": figures[f"covered_{when}"] / figures["population"] for when in ("before", "after")}
    table = pd.DataFrame({**figures, **shares}).rename_axis("group").reset_index()
    return _coverage(table, ["group"], [], after=after)


def coverage_by_zone(results: Results, *, after: bool = True) -> pd.DataFrame:
    """Return people and coverage before and (unless told not to) after by zone, most uncovered first."""
    assert results.zones is not None
    table = _coverage(pd.DataFrame(results.zones), ["zone"], ["centres", "sites"], after=after)
    return table.sort_values("uncovered", ascending=False, kind="stable")


def _coverage(table: pd.DataFrame, first: list[str], last: list[str], *, after: bool) -> pd.DataFrame:
    """Return rows of coverage; what a plan would change is left out where it is about today."""
    then = table["covered_after" if after else "covered_before"]
    table = table.assign(
        population=table["population"].round(),
        gain=(table["covered_after"] - table["covered_before"]).round(),
        uncovered=(table["population"] - then).round(),
    )
    columns = [*first, "population", "share_before", "share_after", "gain", "uncovered", *last]
    changed = () if after else ("share_after", "gain", "sites")
    return table[[column for column in columns if column not in changed]]


def curve_by_line(results: Results) -> pd.DataFrame:
    """Return the frontier a row a point and line: `line` ("plan" or "bound"), `sites`, `yuan`, `people`, `share`.

    Empty where there are fewer than two points, or nobody.
    """
    curve = results.curve.dropna(subset=["covered"])
    if len(curve) < 2 or not results.people:
        return pd.DataFrame(columns=["line", "sites", "yuan", "people", "share"])
    lines = {"plan": curve["covered"], "bound": curve["upper_bound"]}
    long = pd.concat(
        pd.DataFrame(
            {
                "line": line,
                "sites": curve["sites"],
                "yuan": curve["cost_yuan"],
                "people": people.round(),
                "share": people / results.people,
            }
        )
        for line, people in lines.items()
    )
    return long.dropna(subset=["share"])


def compare_zones(a: Results, b: Results) -> pd.DataFrame:
    """Return coverage by zone with plan a and plan b, the greatest `change` (people more with b) first."""
    assert a.zones is not None and b.zones is not None
    table = pd.DataFrame(
        {
            "zone": a.zones["zone"].astype(str),
            "population": a.zones["population"].round(),
            "a": a.zones["share_after"],
            "b": b.zones["share_after"],
            "change": (b.zones["covered_after"] - a.zones["covered_after"]).round(),
            "sites_a": a.zones["sites"],
            "sites_b": b.zones["sites"],
        }
    )
    return table.sort_values("change", key=lambda change: -change.abs(), kind="stable")
