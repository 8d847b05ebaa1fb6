"""Maximum coverage over catchments that come in parts, from what is asked to what is answered."""

from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from planner.counting import total
from planner.solvers.array_types import Floats, Ints
from planner.solvers.input.catchments import Catchments, covered_by
from planner.solvers.input.keywords import Search
from planner.solvers.input.reduction import ScaledWeights, scale_weights
from planner.solvers.input.validation import Faults, check_numbers, check_search_limits, check_site_numbers, check_whole
from planner.solvers.results import MaxCoverage
from planner.solvers.search.streamed_coverage import StreamedSearch
from planner.solvers.stopping import SearchLimits


def streamed_result(
    catchments_of: Catchments,
    weights: ArrayLike,
    sites: int,
    *,
    n_sites: int,
    ceilings: ArrayLike | None,
    passes: int,
    pairs_kept: int,
    forbidden: ArrayLike = (),
    existing: ArrayLike = (),
    **keywords: Unpack[Search],
) -> MaxCoverage:
    """Check what was given, search, and return the choice and its bound."""
    faults, limits = Faults(), SearchLimits(**keywords)
    people = check_numbers(weights, np.size(weights), "weights", faults)
    for name, number in (("sites", sites), ("n_sites", n_sites), ("passes", passes), ("pairs_kept", pairs_kept)):
        check_whole(number, name, faults)
    check_search_limits(limits, faults)
    faults.refuse()
    shut = check_site_numbers(forbidden, n_sites, "forbidden", faults)
    stands = check_site_numbers(existing, n_sites, "existing", faults)
    most = None if ceilings is None else check_numbers(ceilings, n_sites, "ceilings", faults)
    both = np.intersect1d(shut, stands)
    if len(both):
        faults.add("both", name="existing", sites=both.tolist())
    faults.refuse()
    scaled = scale_weights(people)
    before = covered_by(catchments_of, stands, len(people))
    whole = np.where(before, 0, scaled.whole)
    stopping = limits.start(lambda part: total(people[before]) + scaled.real(part))
    candidates = np.setdiff1d(np.arange(n_sites), np.union1d(shut, stands), assume_unique=True)
    search = StreamedSearch(
        catchments_of,
        scaled,
        whole,
        candidates,
        _whole_ceilings(most, scaled, int(whole.sum()), n_sites),
        min(int(sites), len(candidates)),
        pairs_kept=int(pairs_kept),
        stopping=stopping,
        seed=limits.seed,
    )
    found = search.run(int(passes))
    covered = before | found.covered
    value = total(people[covered])
    bound = scaled.ceiling(found.bound + int(scaled.whole[before].sum()))
    return MaxCoverage(
        selected=found.selected,
        gains=found.gains / scaled.scale,
        value=value,
        value_before=total(people[before]),
        upper_bound=max(bound, value),
        stopped_by=stopping.stopped_by,
        covered=covered,
        parameters=_asked(sites, passes, pairs_kept, limits),
        served=np.where(covered, people, 0.0),
        n_candidates_free=len(candidates) if sites else 0,
        is_forced=not (sites and len(candidates)),
    )


def _asked(sites: int, passes: int, pairs_kept: int, limits: SearchLimits) -> dict[str, Any]:
    return {"sites": sites, "passes": passes, "pairs_kept": pairs_kept, "gap": limits.gap, "seed": limits.seed}


def _whole_ceilings(most: Floats | None, scaled: ScaledWeights, everything: int, n_sites: int) -> Ints:
    """Return ceilings in wholes, rounded up by whatever rounding of the weights may have added."""
    if most is None:
        return np.full(n_sites, everything)
    rounded = np.minimum(most * scaled.scale * (1 + 1e-12) + scaled.error * len(scaled.whole), everything)
    return np.minimum(np.ceil(rounded).astype(np.int64) + 1, everything)
