"""Where to open: the models of facility location, stated, solved, and answered with a bound.

Arrays in, arrays out: a coverage matrix or travel times ``(n_demand, n_sites)``, weights, costs; no identifiers, no files.
Inputs are never changed. How a model is solved is the matter of `planner.solvers`.

In every model `required` sites must open and count towards the number or the budget, `forbidden` ones stay shut, `existing`
ones are open already, cost nothing and are not in `selected`; whatever else binds is said by `conditions` (`Conditions`).
Keywords that models share are in `planner.solvers.input.keywords`, and in each docstring.
"""

from dataclasses import replace
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike

from planner.solvers.array_types import Matrix
from planner.solvers.input.catchments import Catchments
from planner.solvers.input.conditions import NOTHING_MORE, Conditions, check_share
from planner.solvers.input.keywords import CostKeywords, CoverKeywords, StreamKeywords, TimeKeywords, takes
from planner.solvers.input.problem import check_problem
from planner.solvers.input.validation import Faults, check_whole
from planner.solvers.questions.alternatives import alternatives
from planner.solvers.questions.closures import Closures, Mergers, closure_losses, least_loss_closures, mergers
from planner.solvers.questions.coverage_result import cover_result, result_of
from planner.solvers.questions.evaluation import Evaluation, evaluate
from planner.solvers.questions.explanation import Explanation, explain
from planner.solvers.questions.fewest_changes import FewestChanges, fewest_changes
from planner.solvers.questions.frontier import frontier_result
from planner.solvers.questions.models import (
    center_result,
    fewest_result,
    median_result,
    worst_zone_result,
)
from planner.solvers.questions.price import Price, price_of_conditions
from planner.solvers.questions.rank_ranges import RankRanges, rank_ranges
from planner.solvers.questions.robustness import Robustness, robustness, vary
from planner.solvers.questions.streamed_coverage import streamed_result
from planner.solvers.results import Frontier, MaxCoverage, MinSites, PCenter, PMedian, WorstZone

__all__ = [
    "Closures",
    "Conditions",
    "Evaluation",
    "Explanation",
    "FewestChanges",
    "Frontier",
    "MaxCoverage",
    "Mergers",
    "MinSites",
    "PCenter",
    "PMedian",
    "Price",
    "RankRanges",
    "Robustness",
    "WorstZone",
    "alternatives",
    "closure_losses",
    "evaluate",
    "explain",
    "fewest_changes",
    "frontier",
    "least_loss_closures",
    "max_backup",
    "max_coverage",
    "max_coverage_streamed",
    "max_worst_zone",
    "mergers",
    "min_sites",
    "p_center",
    "p_median",
    "price_of_conditions",
    "rank_ranges",
    "result_of",
    "robustness",
    "vary",
]

Method = Literal["auto", "greedy", "exact"]


@takes(CoverKeywords)
def max_coverage(
    cov: Matrix,
    weights: ArrayLike,
    sites: int | None = None,
    *,
    method: Method = "auto",
    **keywords: Unpack[CoverKeywords],
) -> MaxCoverage:
    """Open the sites that, with the existing ones, cover the most weight (maximal covering location problem).

    ::

        maximise   sum_i w_i z_i
        subject to z_i <= sum of x_j over the sites j that cover i
                   sum_j x_j <= sites            (or sum_j cost_j x_j <= budget)
                   x_j = 1 for required j, 0 for forbidden j; existing sites are open and cost nothing
                   x, z in {0, 1}

    With capacities people are shared out among the sites that reach them, and the weight served is what counts.

    Parameters
    ----------
    cov : sparse array of bool or integers, shape (n_demand, n_sites); nonzero where a site covers a demand point.
    weights : shape (n_demand,), not negative.
    sites : how many may be opened; this, or `budget` with `costs`.
    method : "auto" and "exact" search until proven; "greedy" is a quick choice with a bound beside it.

    Raises
    ------
    InputError
        What was given cannot be; all faults are named together.
    InfeasibleError
        No choice meets the conditions; those that clash are named.

    Sources: Church & ReVelle (1974), Papers of the Regional Science Association 32, 101-118; with capacities Current &
    Storbeck (1988), Environment and Planning B 15, 153-163.
    """

    def check(faults: Faults) -> None:
        if method not in ("auto", "greedy", "exact"):
            faults.add("bad_method", method=method)

    given, constraints, limits = check_problem(cov, weights, sites=sites, check=check, **keywords)
    asked = {"sites": sites, "budget": constraints.budget, "method": method, "gap": limits.gap, "seed": limits.seed}
    return cover_result(given, constraints, limits, asked, greedy=method == "greedy")


@takes(StreamKeywords, time_limit_s=600.0)
def max_coverage_streamed(
    catchments_of: Catchments,
    weights: ArrayLike,
    sites: int,
    *,
    n_sites: int,
    ceilings: ArrayLike | None = None,
    passes: int = 2,
    pairs_kept: int = 100_000_000,
    **keywords: Unpack[StreamKeywords],
) -> MaxCoverage:
    """Open the sites that cover the most weight where there are more pairs than memory holds; statement as `max_coverage`.

    Catchments are asked for and let go again: once for a sample of the sites, then at most `passes` times for those that can
    still matter. The bound holds whatever stopped the search. Nothing hangs on how the parts are cut unless more pairs would
    be worth keeping than may be.

    Parameters
    ----------
    catchments_of : given rising numbers of sites, yields parts ``(ptr, rows)`` that hold their catchments in this order:
        ``rows[ptr[k]:ptr[k + 1]]`` are the demand points that the k-th covers, each once (`planner.coverage.catchments`
        gives them as ``part.indptr, part.indices``).
    weights : shape (n_demand,), not negative.
    sites : how many of the `n_sites` may be opened.
    ceilings : shape (n_sites,), what each site covers at the most, where something is known; saves asking for those that
        cannot matter. The bound holds only if these do.
    passes : how often all catchments may be asked for.
    pairs_kept : stored pairs that may be kept at a time; some 30 bytes each are needed.

    Raises
    ------
    InputError
        What was given cannot be, or what `catchments_of` gives.

    Sources: as `max_coverage`; column generation: Gilmore & Gomory (1961), Operations Research 9, 849-859.
    """
    return streamed_result(
        catchments_of,
        weights,
        sites,
        n_sites=n_sites,
        ceilings=ceilings,
        passes=passes,
        pairs_kept=pairs_kept,
        **keywords,
    )


@takes(CoverKeywords)
def max_backup(
    cov: Matrix,
    weights: ArrayLike,
    sites: int | None = None,
    *,
    times: int = 2,
    **keywords: Unpack[CoverKeywords],
) -> MaxCoverage:
    """Open the sites that serve the most weight `times` times over (backup coverage).

    ::

        maximise   sum_i w_i z_i
        subject to times z_i <= sum of x_j over the sites j that cover i
                   limits, roles and conditions as in `max_coverage`;  x, z in {0, 1}

    Parameters, result and errors as `max_coverage`; `value` and `covered` count who is covered `times` times.

    Source: Hogan & ReVelle (1986), Management Science 32, 1434-1444.
    """

    def check(faults: Faults) -> None:
        check_whole(times, "times", faults)
        if not faults and times < 1:
            faults.add("bad_times_over", times=times)
        _refuse_capacity("max_backup", keywords.get("conditions"), faults)

    given, constraints, limits = check_problem(cov, weights, sites=sites, check=check, **keywords)
    asked = {"sites": sites, "budget": constraints.budget, "times": times, "gap": limits.gap, "seed": limits.seed}
    return cover_result(given, constraints, limits, asked, times=int(times))


@takes(CoverKeywords)
def max_worst_zone(
    cov: Matrix,
    weights: ArrayLike,
    sites: int | None = None,
    *,
    zones: ArrayLike,
    **keywords: Unpack[CoverKeywords],
) -> WorstZone:
    """Open the sites that raise the covered share of the worst zone most.

    ::

        maximise   s
        subject to s sum_{i in k} w_i <= sum_{i in k} w_i z_i  for every zone k that has any weight
                   z_i <= sum of x_j over the sites j that cover i
                   limits, roles and conditions as in `max_coverage`;  x, z in {0, 1}

    `zones` is the zone of each demand point, shape (n_demand,), whole numbers, -1 for none. Errors as `max_coverage`.

    Source: the max-min (Rawlsian) form of equity, Marsh & Schilling (1994), EJOR 74, 1-17.
    """
    conditions = keywords.get("conditions", NOTHING_MORE)
    keywords["conditions"] = replace(conditions, zones=zones)
    given, constraints, limits = check_problem(
        cov,
        weights,
        sites=sites,
        check=lambda faults: _refuse_capacity("max_worst_zone", conditions, faults),
        **keywords,
    )
    asked = {"sites": sites, "budget": constraints.budget, "gap": limits.gap, "seed": limits.seed}
    return worst_zone_result(given, constraints, limits, asked)


@takes(CostKeywords)
def min_sites(
    cov: Matrix,
    weights: ArrayLike,
    share: float = 1.0,
    of: Literal["all", "coverable"] = "all",
    **keywords: Unpack[CostKeywords],
) -> MinSites:
    """Open the fewest (with `costs` the cheapest) sites that, with the existing ones, cover a share of the weight.

    ::

        minimise   sum_j x_j                     (or sum_j cost_j x_j)
        subject to sum_i w_i z_i >= share W,  z_i <= sum of x_j over the sites j that cover i
                   roles and conditions as in `max_coverage`;  x, z in {0, 1}

    W is the weight of all demand points, or with ``of="coverable"`` of those that a site not forbidden could cover. At
    share 1 this is the location set covering problem. `value` is the number (or cost) of the sites opened, required ones
    included; among equals one that covers most is chosen; `lower_bound` what no choice is below.

    Raises
    ------
    InputError
        What was given cannot be; all faults are named together.
    InfeasibleError
        No choice covers so much: parameter `largest` is the largest share possible, `families` what clashes.

    Sources: Toregas, Swain, ReVelle & Bergman (1971), Operations Research 19, 1363-1373; partial: Daskin & Owen (1999).
    """

    def check(faults: Faults) -> None:
        check_share(share, "share", faults)
        if of not in ("all", "coverable"):
            faults.add("bad_of", of=of)
        _refuse_capacity("min_sites", keywords.get("conditions"), faults)

    given, constraints, limits = check_problem(cov, weights, limited=False, check=check, **keywords)
    by = "number" if keywords.get("costs") is None else "cost"
    asked = {"share": share, "of": of, "by": by, "gap": limits.gap}
    return fewest_result(given, constraints, limits, share, of, asked)


@takes(TimeKeywords)
def p_median(
    t: Matrix,
    weights: ArrayLike,
    sites: int,
    *,
    unserved_s: float | None = None,
    **keywords: Unpack[TimeKeywords],
) -> PMedian:
    """Open the sites that, with the existing ones, leave the least person-seconds of travel (p-median).

    ::

        minimise   sum_i w_i min over open j of t_ij
        subject to sum_j x_j = sites (or as many as there are and the conditions allow)
                   roles and conditions as in `max_coverage`;  x in {0, 1}

    Parameters
    ----------
    t : sparse array, shape (n_demand, n_sites), seconds. A stored entry is a time, 0 included; what is not stored cannot be
        reached.
    unserved_s : what a demand point costs that no open site reaches; at least the longest time. It must be given where a
        choice may leave somebody so.

    `value` is person-seconds, `mean_s` the mean, `unserved` the weight that costs `unserved_s`, `lower_bound` what no choice
    is below.

    Raises
    ------
    InputError
        What was given cannot be; all faults are named together.
    InfeasibleError
        No choice meets the conditions; those that clash are named.

    Sources: Hakimi (1964), Operations Research 12, 450-459; solved as covering of time levels, Elloumi (2010), RAIRO 44.
    """
    return median_result(t, weights, sites, unserved_s, **keywords)


@takes(TimeKeywords)
def p_center(
    t: Matrix,
    sites: int,
    **keywords: Unpack[TimeKeywords],
) -> PCenter:
    """Open the sites that, with the existing ones, bring the farthest demand point nearest (p-center).

    ::

        minimise   max_i min over open j of t_ij
        subject to sum_j x_j = sites (or as many as there are and the conditions allow)
                   roles and conditions as in `max_coverage`;  x in {0, 1}

    Demand points without any entry in `t` are left out and counted in `left_out`. The distinct times are halved, and each
    half is closed by sites that reach everybody or by the proof that none do.

    Raises
    ------
    InputError
        What was given cannot be; all faults are named together.
    InfeasibleError
        So many sites cannot reach everybody who has an entry; what clashes is named.

    Sources: Hakimi (1964), Operations Research 12, 450-459; Minieka (1970), SIAM Review 12, 138-139.
    """
    return center_result(t, sites, **keywords)


@takes(CostKeywords, time_limit_s=float("inf"))
def frontier(
    cov: Matrix,
    weights: ArrayLike,
    sites: int | None = None,
    *,
    budget: float | ArrayLike | None = None,
    points: int = 20,
    **keywords: Unpack[CostKeywords],
) -> Frontier:
    """Return the most that each number of new sites, or each amount of money, can cover.

    Parameters and errors as `max_coverage`. By number from the required ones' up to `sites`; by money at `points` equal
    steps from the required ones' cost up to `budget`, or at the amounts given in its place. Each point has a bound of its
    own; values and bounds never fall from one point to the next. Points at which the conditions cannot be met are left out.
    Searches stop on counted work; where time ends or the caller cancels, points not reached are left out.

    By number, without required sites or conditions, a large problem (a billion stored pairs times numbers) is searched for all
    numbers at once: prices for one number bound all others, and the next number is taken where the gap is widest, until every
    gap is at most `gap`. All numbers are then there, whatever ended the search.
    """
    amounts = None if budget is None or np.ndim(budget) == 0 else np.sort(np.asarray(budget, float))
    most: Any = budget if amounts is None else float(amounts[-1]) if len(amounts) else 0.0
    given, constraints, limits = check_problem(
        cov,
        weights,
        sites=sites,
        budget=most,
        check=lambda faults: check_whole(points, "points", faults),
        **keywords,
    )
    return frontier_result(given, constraints, limits, amounts, int(points))


def _refuse_capacity(model: str, conditions: Conditions | None, faults: Faults) -> None:
    if conditions is not None and conditions.capacity is not None:
        faults.add("not_in_model", name="capacity", model=model)
