"""Side conditions: each on paper, capacities shared out, what clashes named; every choice of small problems beside it."""

import numpy as np
import pytest
from scipy import sparse
from siting_checks import check_cover

from planner import siting
from planner.errors import InfeasibleError, InputError
from planner.siting import Conditions

# Five hamlets and four sites; each row says which sites reach the hamlet. The sites stand 1 km apart in a row.
#
#              a  b  c  d
#   hamlet 0   x  .  .  .     10 people
#   hamlet 1   x  x  .  .     20
#   hamlet 2   .  x  x  .     30
#   hamlet 3   .  .  x  x     25
#   hamlet 4   .  .  .  x      7
#
# a covers 30, b 50, c 55, d 32. Best of two: a and c (85); then b and d (82), b and c (75), c and d (62), a and d (62).
COVER = sparse.csr_array(np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1]], bool))
PEOPLE = np.array([10.0, 20, 30, 25, 7])
XY = np.array([[0.0, 0], [1000, 0], [2000, 0], [3000, 0]])


def cover(conditions: Conditions, sites: int = 2, **more) -> siting.MaxCoverage:
    found = siting.max_coverage(COVER, PEOPLE, sites=sites, conditions=conditions, **more)
    assert found.status == "optimal"
    return found


def test_nothing_binds():
    assert cover(Conditions()).value == 85


def test_of_an_exclusive_group_one_opens():
    assert sorted(cover(Conditions(exclusive=[[0, 2]])).selected.tolist()) == [1, 3]
    assert sorted(cover(Conditions(exclusive=[[0, 2], [1, 3]])).selected.tolist()) == [1, 2]
    # beside one that stands none opens: with a existing, c is out; b and d add 30 + 32
    assert sorted(cover(Conditions(exclusive=[[0, 2]]), existing=[0]).selected.tolist()) == [1, 3]


def test_pairs_that_exclude_each_other():
    assert sorted(cover(Conditions(conflicts=[[0, 2], [3, 1]])).selected.tolist()) == [1, 2]


def test_sites_keep_their_distance():
    # 2 km apart at least is kept by a and c; more than 2 km only by a and d
    assert sorted(cover(Conditions(site_xy_m=XY, spacing_m=2000)).selected.tolist()) == [0, 2]
    assert sorted(cover(Conditions(site_xy_m=XY, spacing_m=2001)).selected.tolist()) == [0, 3]


def test_what_stands_breaks_nothing():
    found = cover(Conditions(site_xy_m=XY, spacing_m=1500, exclusive=[[1, 2]]), existing=[1, 2])
    # b and c stand 1 km apart and both in the group; a and d are too near to them
    assert found.selected.tolist() == []
    assert found.value == 75


def test_so_many_in_each_zone():
    zones = np.array([0, 0, 0, 1])
    assert sorted(cover(Conditions(site_zones=zones, at_least=1)).selected.tolist()) == [1, 3]
    assert sorted(cover(Conditions(site_zones=zones, at_most={0: 1})).selected.tolist()) == [1, 3]
    assert sorted(cover(Conditions(site_zones=zones, at_least={1: 1}), sites=3).selected.tolist()) == [0, 2, 3]
    # a zone that has more already gets no more
    assert cover(Conditions(site_zones=zones, at_most=1), existing=[0, 1]).selected.tolist() == [3]


def test_every_zone_gets_its_share():
    # zone 0: hamlets 0 and 1, zone 1: hamlets 2 and 3, zone 2: hamlet 4 (only d reaches it)
    zones = np.array([0, 0, 1, 1, 2])
    assert sorted(cover(Conditions(zones=zones, floor={2: 1.0})).selected.tolist()) == [1, 3]
    assert sorted(cover(Conditions(zones=zones, floor=[0.5, 0.5, 0.5])).selected.tolist()) == [1, 3]
    # all of zones 0 and 2 takes a and d
    assert sorted(cover(Conditions(zones=zones, floor={0: 1.0, 2: 0.1})).selected.tolist()) == [0, 3]


def test_centres_that_may_close_only_do_where_that_helps():
    conditions = Conditions(closable=[1], closures=1, exclusive=[[1, 2]])
    # b stands; if it closes, c may open: a and c cover 85, b with a and d 92 (all of it)
    found = siting.max_coverage(COVER, PEOPLE, sites=1, existing=[1], conditions=conditions)
    assert (found.selected.tolist(), found.closed.tolist(), found.value) == ([3], [], 82)
    found = siting.max_coverage(COVER, PEOPLE, sites=1, existing=[0, 1], forbidden=[3], conditions=conditions)
    assert (found.selected.tolist(), found.closed.tolist(), found.value, found.value_before) == ([2], [1], 85, 60)
    kept = siting.max_coverage(
        COVER, PEOPLE, sites=1, existing=[0, 1], forbidden=[3], conditions=Conditions(**{**vars(conditions), "closures": 0})
    )  # fmt: skip
    assert (kept.selected.tolist(), kept.closed.tolist()) == ([], [])


def test_capacities_are_shared_out():
    # b and c with room for 25 each: of the 75 people in reach 50 are served
    found = cover(Conditions(capacity=[0, 25, 25, 0]))
    assert found.value == 50
    assert found.served.sum() == 50
    assert found.allocation is not None
    assert found.allocation.sum(axis=0).tolist() == [0, 25, 25, 0]
    in_reach = PEOPLE[found.covered].sum()
    assert (in_reach - found.value, PEOPLE.sum() - in_reach) == (25, 17)  # in reach but full; out of reach


def test_capacity_decides_who_opens():
    # c would cover 55 but has room for 5, as d has; a and b cover 60
    found = cover(Conditions(capacity=[np.inf, np.inf, 5, 5]))
    assert sorted(found.selected.tolist()) == [0, 1]
    assert (found.value, found.upper_bound) == (60, 60)
    assert found.gains.tolist() == [50, 10]


@pytest.mark.parametrize(
    ("conditions", "more", "named"),
    [
        (Conditions(site_xy_m=XY, spacing_m=1500), {"required": [0, 1]}, ["required", "spacing"]),
        (Conditions(exclusive=[[0, 1, 2]]), {"required": [0, 2]}, ["required", "exclusive"]),
        (Conditions(conflicts=[[0, 1]]), {"required": [0, 1]}, ["required", "conflicts"]),
        (Conditions(site_zones=[0, 1, 2, 2], at_least=1), {}, ["sites", "at_least"]),
        (Conditions(site_zones=[0, 0, 0, 1], at_least={1: 1}), {"forbidden": [3]}, ["forbidden", "at_least"]),
        (Conditions(site_zones=[0, 0, 0, 1], at_most={0: 1}), {"required": [0, 1]}, ["required", "at_most"]),
        (Conditions(zones=[0, 0, 0, 0, 1], floor=[1.0, 1.0]), {}, ["sites", "floor"]),
        (Conditions(zones=[0] * 5, floor=0.9, capacity=[20] * 4), {"sites": 4}, ["floor", "capacity"]),
        (Conditions(closable=[0, 1], closures=0, site_zones=[0, 0, 1, 1], at_least={1: 3}), {}, ["at_least"]),
    ],
)
def test_what_clashes_is_named(conditions, more, named):
    with pytest.raises(InfeasibleError) as caught:
        siting.max_coverage(COVER, PEOPLE, **{"sites": 2, **more}, conditions=conditions)
    assert caught.value.params["families"] == named
    for language in ("en", "zh"):
        assert len(caught.value.message(language).splitlines()) >= len(named)


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        ({"closable": [9]}, "closable"),
        ({"closable": [0], "closures": -1}, "closures"),
        ({"exclusive": [[0, 7]]}, "exclusive"),
        ({"conflicts": [0, 1, 2]}, "conflicts"),
        ({"conflicts": [[0, 8]]}, "conflicts"),
        ({"spacing_m": 100}, "site_xy_m"),
        ({"spacing_m": -1, "site_xy_m": XY}, "spacing_m"),
        ({"spacing_m": 5, "site_xy_m": XY[:2]}, "site_xy_m"),
        ({"at_least": 1}, "site_zones"),
        ({"at_most": 1.5, "site_zones": [0, 0, 0, 0]}, "at_most"),
        ({"at_least": {-2: 1}, "site_zones": [0, 0, 0, 0]}, "zone -2"),
        ({"floor": 0.5}, "zones"),
        ({"floor": 1.5, "zones": [0] * 5}, "floor"),
        ({"floor": "half", "zones": [0] * 5}, "floor"),
        ({"capacity": [1, 2]}, "capacity"),
        ({"capacity": [1, 2, 3, -4]}, "capacity"),
        ({"capacity": [1, 2, 3, np.nan]}, "capacity"),
    ],
)
def test_conditions_that_cannot_be_are_refused(conditions, told):
    with pytest.raises(InputError) as caught:
        siting.max_coverage(COVER, PEOPLE, sites=1, conditions=Conditions(**conditions))
    assert told in str(caught.value)


@pytest.mark.parametrize("block", range(4))
def test_every_choice_of_small_problems_agrees(block):
    told = [check_cover(seed) for seed in range(5000 + 100 * block, 5100 + 100 * block)]
    assert told.count("solved") > 30
    assert told.count("infeasible") > 10


def test_very_many_pairs_are_said_by_site(monkeypatch):
    monkeypatch.setattr("planner.solvers.input.condition_rows._MANY_PAIRS", 0)
    told = [check_cover(seed) for seed in range(9000, 9150)]
    assert told.count("solved") > 30
    assert sorted(cover(Conditions(site_xy_m=XY, spacing_m=2001)).selected.tolist()) == [0, 3]
    # six sites on a circle of 1 km and one in the middle: 1 km apart the six may open together, without the middle
    angle = np.arange(6) * np.pi / 3
    xy = np.append(1000.1 * np.column_stack((np.cos(angle), np.sin(angle))), [[0, 0]], axis=0)
    ring = siting.max_coverage(sparse.eye_array(7, dtype=bool).tocsr(), np.ones(7), sites=7,
                               conditions=Conditions(site_xy_m=xy, spacing_m=1000))  # fmt: skip
    assert ring.value == 7
    ring = siting.max_coverage(sparse.eye_array(7, dtype=bool).tocsr(), np.ones(7), sites=7,
                               conditions=Conditions(site_xy_m=xy, spacing_m=1001))  # fmt: skip
    assert ring.value == 3


# ------------------------------------------------------------------------------------------------- a town of a larger size


def town(seed: int, n_demand: int = 1000, n_sites: int = 80) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    people, sites = rng.uniform(0, 8_000, (n_demand, 2)), rng.uniform(0, 8_000, (n_sites, 2))
    near = ((people[:, None] - sites[None]) ** 2).sum(axis=2) <= 900**2
    return sparse.csr_array(near), np.round(rng.lognormal(3, 1, n_demand)), sites


def test_a_town_under_conditions_twice_and_with_any_number_of_threads():
    cov, people, xy = town(1)
    east = (xy[:, 0] > 4000).astype(int)
    conditions = Conditions(site_xy_m=xy, spacing_m=1500, site_zones=east, at_least=4, at_most=7)
    results = [
        siting.max_coverage(cov, people, sites=10, conditions=conditions, threads=threads) for threads in (1, 2, 2)
    ]
    plain = siting.max_coverage(cov, people, sites=10)
    for found in results:
        assert found.status == "optimal"
        assert found.value <= plain.value
        assert found.selected.tolist() == results[0].selected.tolist()
        assert found.upper_bound == results[0].upper_bound
        apart = np.hypot(*(xy[found.selected][:, None] - xy[found.selected][None]).transpose(2, 0, 1))
        assert apart[np.triu_indices(len(found.selected), 1)].min() >= 1500
        assert 4 <= east[found.selected].sum() <= 6


def test_capacities_in_a_town_have_a_bound():
    cov, people, _ = town(2)
    capacity = np.full(80, 600.0)
    found = siting.max_coverage(cov, people, sites=10, conditions=Conditions(capacity=capacity), gap=0.01)
    assert found.gap <= 0.01
    assert found.value <= found.upper_bound <= 6000
    assert found.served.sum() == pytest.approx(found.value)
    assert (found.served <= people + 1e-9).all()
    assert not found.served[~found.covered].any()


def test_too_large_for_the_exact_model_there_is_still_an_answer_and_a_true_bound(monkeypatch):
    cov, people, xy = town(3)
    conditions = Conditions(site_xy_m=xy, spacing_m=1500, site_zones=(xy[:, 1] > 4000).astype(int), at_most=6)
    exact = siting.max_coverage(cov, people, sites=10, conditions=conditions)
    assert exact.status == "optimal"
    monkeypatch.setattr("planner.solvers.exact.constrained_coverage.EXACT_PAIRS", 0)
    rough = siting.max_coverage(cov, people, sites=10, conditions=conditions)
    assert rough.value <= exact.value <= rough.upper_bound
    assert rough.gap < 0.1
    many = siting.min_sites(cov, people, 0.6)
    monkeypatch.setattr("planner.solvers.exact.min_sites.EXACT_PAIRS", 0)
    halved = siting.min_sites(cov, people, 0.6)
    assert (halved.value, halved.lower_bound, halved.status) == (many.value, many.lower_bound, "optimal")
