"""Closures and mergers: what is lost when a centre closes, when two become one, and which closures lose least."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from planner.counting import total
from planner.errors import InfeasibleError
from planner.solvers.array_types import Floats, Int32s, Ints, Matrix
from planner.solvers.input.cover_input import CoverInput
from planner.solvers.input.problem import check_problem
from planner.solvers.input.validation import Faults, check_site_numbers, check_whole
from planner.solvers.questions.coverage_result import cover_result
from planner.solvers.results import Status, share
from planner.solvers.stopping import PROVEN_SHARE, StopReason


@dataclass(frozen=True)
class Mergers:
    """What is lost when two existing sites become one; one entry a pair.

    Attributes
    ----------
    pair
        Shape (n, 2), the two sites, the lower number first.
    loss_keeping
        Shape (n, 2), weight no longer covered when only the first, only the second stays open.
    third, loss_third
        The other site that would serve best in place of both (-1 for none), and what is lost then, everything
        counted that it covers anew: below 0 where more is covered than today.
    """

    pair: Ints
    loss_keeping: Floats
    third: Ints
    loss_third: Floats


@dataclass(frozen=True)
class Closures:
    """The closures that lose least: `closed` sites, the weight lost, and a bound that no other closures stay below."""

    closed: Ints
    loss: float
    lower_bound: float
    stopped_by: StopReason | None

    @property
    def status(self) -> Status:
        """Whether no other closures lose less."""
        return "optimal" if self.loss - self.lower_bound <= PROVEN_SHARE * max(1.0, self.lower_bound) else "feasible"

    @property
    def gap(self) -> float:
        """Distance to the bound as a share of the loss."""
        return share(self.loss - self.lower_bound, self.loss)


def closure_losses(cov: Matrix, weights: ArrayLike, existing: ArrayLike) -> Floats:
    """Return for each existing site, in the order given, the weight that nobody else covers: what is lost if it closes.

    `cov` and `weights` are as in `max_coverage`. Sites named twice count once.

    Raises
    ------
    InputError, InfeasibleError
        As `max_coverage`.
    """
    given, standing = _standing(cov, weights, existing)
    count = given.times_covered(standing)
    lost = np.zeros(given.n_sites)
    for j in standing:
        points = given.points_of(j)
        lost[j] = total(given.weights[points[count[points] == 1]])
    return lost[np.asarray(existing, np.int64).ravel()]


def mergers(cov: Matrix, weights: ArrayLike, existing: ArrayLike, candidates: ArrayLike = ()) -> Mergers:
    """Return what is lost when any two existing sites become one of them, or one of the candidates.

    Pairs come in rising order. `cov` and `weights` are as in `max_coverage`.

    Raises
    ------
    InputError, InfeasibleError
        As `max_coverage`.
    """
    given, standing = _standing(cov, weights, existing)
    faults = Faults()
    others = np.setdiff1d(check_site_numbers(candidates, given.n_sites, "candidates", faults), standing)
    faults.refuse()
    count = given.times_covered(standing)
    by_site = given.by_site.astype(np.float64)
    anew = (np.where(count == 0, given.weights, 0.0) @ by_site)[others]
    alone = [np.where(count[given.points_of(j)] == 1, given.weights[given.points_of(j)], 0.0) for j in standing]
    lost = np.array([total(part) for part in alone])
    made_up = [
        _made_up(by_site, given, others, given.points_of(j), part) for j, part in zip(standing, alone, strict=True)
    ]
    pairs, keeping, third, loss_third = [], [], [], []
    for a in range(len(standing)):
        for b in range(a + 1, len(standing)):
            both = np.intersect1d(given.points_of(standing[a]), given.points_of(standing[b]), assume_unique=True)
            both = both[count[both] == 2]
            shared = given.weights[both]
            gone = lost[a] + lost[b] + total(shared)
            pairs.append((standing[a], standing[b]))
            keeping.append((lost[b], lost[a]))
            if not len(others):
                third.append(-1)
                loss_third.append(gone)
                continue
            gained = anew + made_up[a] + made_up[b] + _made_up(by_site, given, others, both, shared)
            best = int(np.argmax(gained))
            third.append(int(others[best]))
            loss_third.append(gone - float(gained[best]))
    return Mergers(
        np.array(pairs, np.int64).reshape(-1, 2),
        np.array(keeping, float).reshape(-1, 2),
        np.array(third, np.int64),
        np.array(loss_third, float),
    )


def least_loss_closures(
    cov: Matrix,
    weights: ArrayLike,
    existing: ArrayLike,
    closures: int,
    *,
    required: ArrayLike = (),
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    seed: int = 1,
    threads: int | None = None,
) -> Closures:
    """Return the set of exactly `closures` existing sites whose closing loses the least weight.

        minimise   sum_i w_i (1 - z_i) over the points covered today
        subject to z_i <= sum of x_j over the existing sites j that cover i,  sum_j x_j = n - closures
                   x_j = 1 for required j;  x, z in {0, 1}

    Raises
    ------
    InputError
        What was given cannot be; all faults are named together.
    InfeasibleError
        Fewer sites than that may close.
    """
    given, standing = _standing(cov, weights, existing)
    faults = Faults()
    check_whole(closures, "closures", faults)
    stays = check_site_numbers(required, given.n_sites, "required", faults)
    faults.refuse()
    may_close = np.setdiff1d(standing, stays)
    if closures > len(may_close):
        raise InfeasibleError(
            "siting.too_many_closures", closures=int(closures), possible=len(may_close), families=["closures"]
        )
    asked, constraints, limits = check_problem(
        cov,
        weights,
        sites=len(standing) - int(closures),
        required=np.intersect1d(stays, standing),
        forbidden=np.setdiff1d(np.arange(given.n_sites), standing),
        gap=gap,
        time_limit_s=time_limit_s,
        seed=seed,
        threads=threads,
    )
    found = cover_result(asked, constraints, limits, {"closures": int(closures)})
    spare = np.setdiff1d(may_close, found.selected)  # those left over when all that covers something is kept
    closed = spare[len(spare) - int(closures) :]
    before = total(given.weights[given.covered_by(standing)])
    loss = before - total(given.weights[given.covered_by(np.setdiff1d(standing, closed))])
    return Closures(closed, loss, min(max(before - found.upper_bound, 0.0), loss), found.stopped_by)


def _standing(cov: Matrix, weights: ArrayLike, existing: ArrayLike) -> tuple[CoverInput, Ints]:
    given, constraints, _ = check_problem(cov, weights, limited=False, existing=existing)
    return given, constraints.existing


def _made_up(by_site: object, given: CoverInput, others: Ints, points: Int32s, weights: Floats) -> Floats:
    """Return how much of the weight at some points each of the other sites covers."""
    lost = np.zeros(len(given.weights))
    lost[points] = weights
    return np.asarray(lost @ by_site)[others]  # type: ignore[operator]
