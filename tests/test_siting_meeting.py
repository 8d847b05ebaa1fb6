"""What is said about a choice: explanation, alternatives, robustness, the meeting, closures; on paper and by every choice."""

import dataclasses
import inspect

import numpy as np
import pytest
from scipy import sparse

from planner import siting
from planner.errors import InfeasibleError, InputError
from planner.siting import Conditions

# Five hamlets and four sites; each row says which sites reach the hamlet.
#
#              a  b  c  d
#   hamlet 0   x  .  .  .     10 people,  1 of them old
#   hamlet 1   x  x  .  .     20          8
#   hamlet 2   .  x  x  .     30          3
#   hamlet 3   .  .  x  x     25          5
#   hamlet 4   .  .  .  x      7          7
#
# a covers 30, b 50, c 55, d 32. Best of two: a and c (85); then b and d (82), b and c (75), c and d (62), a and d (62).
COVER = sparse.csr_array(np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1]], bool))
PEOPLE = np.array([10.0, 20, 30, 25, 7])
OLD = np.array([1.0, 8, 3, 5, 7])


def test_what_each_site_is_for():
    told = siting.explain(COVER, PEOPLE, [0, 1, 2], groups={"old": OLD}, zones=[0, 0, 1, 1, -1])
    assert told.selected.tolist() == [2, 0, 1]  # c 55, then a 30 (as b 20), then b nothing
    assert told.gain.tolist() == [55, 30, 0]
    assert told.gain_by_group["old"].tolist() == [8, 9, 0]
    assert told.gain_by_zone.tolist() == [[0, 55], [30, 0], [0, 0]]
    assert told.reached.tolist() == [55, 30, 50]
    assert told.overlap.tolist() == [30, 20, 50]
    assert told.loss_if_dropped.tolist() == [25, 10, 0]
    # d would make up 25 of c and add 7; it adds 7 in place of a or b, too
    assert told.replacement.tolist() == [3, 3, 3]
    assert told.replacement_loss.tolist() == [25 - 32, 10 - 7, 0 - 7]


def test_a_result_is_explained_in_its_own_order():
    found = siting.max_coverage(COVER, PEOPLE, sites=2, required=[0])
    turned = dataclasses.replace(found, selected=found.selected[::-1])
    told = siting.explain(COVER, PEOPLE, turned, required=[0])
    assert told.selected.tolist() == [0, 2]
    assert told.gain.tolist() == [30, 55]
    assert told.replacement.tolist() == [-1, 3]  # what must open has no replacement


def test_a_group_may_have_a_matrix_of_its_own():
    only_a = sparse.csr_array(np.array([[1, 0, 0, 0], [0, 0, 0, 0]], bool))
    told = siting.explain(COVER, PEOPLE, [0, 2], groups={"children": (only_a, [4.0, 9])})
    assert told.selected.tolist() == [2, 0]
    assert told.gain_by_group["children"].tolist() == [0, 4]
    with pytest.raises(InputError, match="children"):
        siting.explain(COVER, PEOPLE, [0], groups={"children": (only_a[:, :2], [4.0, 9])})


def test_how_far_ranks_hang_on_other_sites():
    told = siting.rank_ranges(COVER, PEOPLE, [0, 1, 2], draws=0)
    assert told.selected.tolist() == [2, 0, 1]
    assert told.rank.tolist() == [1, 2, 3]
    # without c: b 50, a 10. without a: c 55, b 20. without b: c, a
    assert told.rank_low.tolist() == [1, 2, 1]
    assert told.rank_high.tolist() == [1, 2, 3]


def test_a_replacement_keeps_to_the_conditions():
    told = siting.explain(COVER, PEOPLE, [0, 2], conditions=Conditions(conflicts=[[0, 3]]))
    # in place of c only b may open beside a (d would be beside a): 30 of 55 made up;
    # in place of a b makes up 20 of 30
    assert told.selected.tolist() == [2, 0]
    assert told.replacement.tolist() == [1, 1]
    assert told.replacement_loss.tolist() == [25, 10]


@pytest.mark.parametrize(
    ("binds", "replacement"),
    [
        ({}, [3, 1]),
        ({"conditions": Conditions(site_zones=[0, 1, 1, 0], at_most={0: 1})}, [1, 1]),  # d would be the second beside a
        ({"conditions": Conditions(site_zones=[0, 0, 1, 0], at_least={1: 1})}, [-1, 1]),  # c is the only one there
        ({"conditions": Conditions(exclusive=[[0, 3]])}, [1, 1]),
        ({"conditions": Conditions(site_xy_m=[[0, 0], [9, 0], [5, 0], [1, 0]], spacing_m=2.0)}, [1, 1]),
        ({"budget": 3.0, "costs": [1, 1, 2, 2.1]}, [1, 1]),  # d is dearer than what c frees
        ({"budget": 3.1, "costs": [1, 1, 2, 2.1]}, [3, 1]),  # to the last digit
        ({"forbidden": [3]}, [1, 1]),
        ({"required": [2]}, [-1, 1]),
        ({"conditions": Conditions(zones=[-1, -1, 0, -1, -1], floor=1.0)}, [1, 1]),  # d does not reach hamlet 2
    ],
)
def test_a_replacement_keeps_to_every_condition(binds, replacement):
    told = siting.explain(COVER, PEOPLE, [0, 2], **binds)
    assert told.selected.tolist() == [2, 0]
    assert told.replacement.tolist() == replacement


def test_no_replacement_is_named_where_no_other_may_open():
    """Two sites in the west, where one may open, and one in the east: nobody can stand in for the eastern one."""
    cover = sparse.csr_array(np.eye(3, dtype=bool))
    conditions = Conditions(site_zones=[0, 0, 1], at_most={0: 1})
    found = siting.max_coverage(cover, [900.0, 1000, 700], sites=2, conditions=conditions)
    assert found.selected.tolist() == [1, 2]
    told = siting.explain(cover, [900.0, 1000, 700], found, sites=2, conditions=conditions)
    assert told.replacement.tolist() == [0, -1]
    assert told.replacement_loss.tolist() == [100, 700]


def test_with_capacities_gains_losses_and_replacements_count_who_is_served():
    """Three sites over one village of 500: 100, 250 and 200 places, then 300 beside a hamlet of 40 that only the last reaches."""
    cover = sparse.csr_array(np.array([[1, 1, 1, 1], [0, 0, 0, 1]], bool))
    conditions = Conditions(capacity=[100, 250, 200, 300])
    found = siting.max_coverage(cover, [500.0, 40], sites=2, forbidden=[3], conditions=conditions)
    assert (found.value, found.gains.tolist(), found.selected.tolist()) == (450, [250, 200], [1, 2])
    told = siting.explain(cover, [500.0, 40], found, sites=2, conditions=conditions)
    assert told.gain.tolist() == [250, 200]
    assert told.loss_if_dropped.tolist() == [250, 200]
    assert told.replacement.tolist() == [3, 3]  # 300 places, all of them taken
    assert told.replacement_loss.tolist() == [-50, -90]
    told = siting.explain(cover, [500.0, 40], found, sites=2, forbidden=[3], conditions=conditions)
    assert told.replacement.tolist() == [0, 0]
    assert told.replacement_loss.tolist() == [150, 100]


def test_ranks_move_when_weights_do():
    told = siting.rank_ranges(COVER, PEOPLE, [1, 2], draws=200, spread=0.3, seed=4)
    again = siting.rank_ranges(COVER, PEOPLE, [1, 2], draws=200, spread=0.3, seed=4)
    assert told.rank_high.tolist() == [2, 2]
    assert 1 < told.rank_mean[0] < told.rank_mean[1] < 2
    assert told.rank_mean.tolist() == again.rank_mean.tolist()


def test_alternatives_really_differ():
    found = siting.alternatives(COVER, PEOPLE, sites=2, number=3, differ=2)
    assert [sorted(one.selected.tolist()) for one in found] == [[0, 2], [1, 3]]
    assert [one.value for one in found] == [85, 82]
    assert [one.upper_bound for one in found] == [85, 82]
    found = siting.alternatives(COVER, PEOPLE, sites=2, number=4, differ=1)
    assert [one.value for one in found] == [85, 82, 75, 62]


def test_a_given_list_against_the_bound():
    found = siting.evaluate(COVER, PEOPLE, [3, 1], sites=2)
    assert found.selected.tolist() == [1, 3]
    assert (found.value, found.upper_bound, found.broken) == (82, 85, ())
    assert found.gap == pytest.approx(3 / 85)
    found = siting.evaluate(
        COVER, PEOPLE, [0, 1, 2], sites=2, required=[3], forbidden=[0],
        conditions=Conditions(conflicts=[[1, 2]], zones=[-1, -1, -1, -1, 0], floor=0.5),
    )  # fmt: skip
    assert found.broken == ("required", "forbidden", "sites", "conflicts", "floor")
    assert found.upper_bound == 82  # b and d keep to all of it


def test_the_plan_that_changes_least():
    # last year's list: b and c (75). Within 5 % of 85 (80.75) lie a and c (85, keeps c) and b and d (82, keeps b): 85 is more
    found = siting.fewest_changes(COVER, PEOPLE, [1, 2], sites=2, within=0.05)
    assert (found.kept.tolist(), found.dropped.tolist(), found.added.tolist()) == ([2], [1], [0])
    assert (found.plan.value, found.kept_bound, found.status) == (85, 1, "optimal")
    found = siting.fewest_changes(COVER, PEOPLE, [1, 2], sites=2, within=0.12)
    assert (found.kept.tolist(), found.plan.value) == ([1, 2], 75)


def test_what_each_condition_costs():
    best, prices = siting.price_of_conditions(
        COVER, PEOPLE, sites=2, required=[3], conditions=Conditions(conflicts=[[0, 2], [1, 3]])
    )
    # with d required and not b: c and d or a and d, 62. Without the pairs b and d, 82; without d required b and c, 75
    assert best.value == 62
    told = {price.condition: (price.price, price.low, price.high) for price in prices}
    assert told == {"required": (13, 13, 13), "conflicts": (20, 20, 20)}


def test_how_often_a_site_is_chosen():
    scenarios = [(COVER, PEOPLE), (COVER, PEOPLE[::-1]), (COVER, PEOPLE)]
    found = siting.robustness(scenarios, sites=1)
    # weights reversed: a 32, b 55, c 50, d 30
    assert found.chosen.tolist() == [0, 1, 2, 0]
    assert found.share.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 0])
    assert found.value.tolist() == [55, 55, 55]


def test_speed_threshold_and_people_vary_by_seed():
    t = sparse.csr_array(np.array([[500.0, 0], [880, 860], [0, 910]]))
    t = sparse.csr_array((t.data, t.indices, t.indptr), shape=(3, 2))
    slow = siting.robustness(siting.vary(t, [1, 1, 1], 900, speed=(0.5, 0.5)), sites=1, draws=2)
    # at half the speed 900 s go as far as 450 s do otherwise: nobody reaches anything
    assert slow.value.tolist() == [0, 0]
    draw = siting.vary(t, [1, 1, 5], 900, speed=(0.9, 1.1), people=(0.5, 1.5))
    one, two = (siting.robustness(draw, sites=1, draws=20, seed=3) for _ in range(2))
    assert one.chosen.tolist() == two.chosen.tolist()
    assert one.draws == 20
    # b reaches the five at hamlet 2 only on fast days
    assert 0 < one.chosen[1] < 20


def test_closures_and_mergers():
    assert siting.closure_losses(COVER, PEOPLE, [0, 1, 2]).tolist() == [10, 0, 25]
    found = siting.mergers(COVER, PEOPLE, [0, 1, 2], candidates=[3])
    assert found.pair.tolist() == [[0, 1], [0, 2], [1, 2]]
    # a and b: a alone loses nothing (b's are a's or c's), b alone loses the 10; d in place of both covers 7 anew, loses 30
    assert found.loss_keeping.tolist() == [[0, 10], [25, 10], [25, 0]]
    assert found.third.tolist() == [3, 3, 3]
    assert found.loss_third.tolist() == [30 - 7, 35 - 32, 55 - 32]


def test_the_closures_that_lose_least():
    found = siting.least_loss_closures(COVER, PEOPLE, [0, 1, 2, 3], 2)
    assert (found.closed.tolist(), found.loss, found.lower_bound, found.status) == ([1, 3], 7, 7, "optimal")
    found = siting.least_loss_closures(COVER, PEOPLE, [0, 1, 2, 3], 2, required=[3])
    assert (found.closed.tolist(), found.loss) == ([0, 2], 10)
    with pytest.raises(InfeasibleError, match="only 1 may"):
        siting.least_loss_closures(COVER, PEOPLE, [0, 1], 2, required=[0])
    assert len(siting.least_loss_closures(COVER, np.zeros(5), [0, 1, 2, 3], 3).closed) == 3


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: siting.explain(COVER, PEOPLE, [9]), "chosen"),
        (lambda: siting.explain(COVER, PEOPLE, [0], groups={"old": [1]}), "old"),
        (lambda: siting.explain(COVER, PEOPLE, [0], zones=[0.5]), "zones"),
        (lambda: siting.rank_ranges(COVER, PEOPLE, [0], spread=2), "spread"),
        (lambda: siting.evaluate(COVER, PEOPLE, [-1], sites=1), "chosen"),
        (lambda: siting.evaluate(COVER, PEOPLE, [1]), "exactly one"),
        (lambda: siting.fewest_changes(COVER, PEOPLE, [1], sites=1, within=-0.1), "within"),
        (lambda: siting.fewest_changes(COVER, PEOPLE, [1], sites=1, of="all"), "bound"),
        (lambda: siting.alternatives(COVER, PEOPLE, sites=1, number=1.5), "number"),
        (lambda: siting.robustness(siting.vary(COVER.astype(float), PEOPLE, 900, speed=(2, 1)), sites=1), "speed"),
        (lambda: siting.mergers(COVER, PEOPLE, [0, 1], candidates=[7]), "candidates"),
        (lambda: siting.closure_losses(COVER, PEOPLE, [5]), "existing"),
        (lambda: siting.least_loss_closures(COVER, PEOPLE, [1], -1), "closures"),
    ],
)
def test_what_cannot_be_is_refused(ask, told):
    with pytest.raises(InputError) as caught:
        ask()
    assert told in str(caught.value)


def test_what_was_free_to_choose():
    found = siting.max_coverage(COVER, PEOPLE, sites=2, required=[3])
    assert found.forced.tolist() == [3]
    assert (found.free_sites, found.n_candidates_free, found.is_forced) == (1, 3, False)
    forced = siting.max_coverage(COVER, PEOPLE, sites=2, required=[0, 3])
    assert (forced.status, forced.free_sites, forced.n_candidates_free, forced.is_forced) == ("optimal", 0, 0, True)
    by_money = siting.max_coverage(COVER, PEOPLE, budget=3.5, costs=[1, 2, 3, 2.5], required=[3])
    assert (by_money.n_candidates_free, by_money.is_forced) == (1, False)  # a, for the 1.0 that is left
    judged = siting.evaluate(COVER, PEOPLE, [0, 3], sites=2, required=[0, 3])
    assert (judged.gap, judged.n_candidates_free, judged.is_forced) == (0, 0, True)
    fewest = siting.min_sites(COVER, PEOPLE, share=0.3, required=[3])
    assert (fewest.forced.tolist(), fewest.is_forced) == ([3], False)


def test_how_far_a_forced_choice_is_from_the_free_best():
    forced = siting.max_coverage(COVER, PEOPLE, sites=2, required=[0, 3])
    for method in ("auto", "greedy"):
        best, (price,) = siting.price_of_conditions(
            COVER, PEOPLE, sites=2, required=[0, 3], only=["required"], best=forced, method=method
        )
        assert best is forced
        assert price.condition == "required"
        assert price.without.value == 85  # a and c
        assert price.low <= 85 - 62 <= price.high
    assert siting.price_of_conditions(COVER, PEOPLE, sites=2, only=["required"])[1] == ()
    with pytest.raises(InputError, match="floors"):
        siting.price_of_conditions(COVER, PEOPLE, sites=2, only=["floors"])


def test_who_goes_where_keeps_every_capacity():
    """The two fullest of three sites over one village: 500 people, 100 and 150 places beside an existing centre's 50."""
    cover = sparse.csr_array(np.array([[1, 1, 1, 1]], bool))
    conditions = Conditions(capacity=[100, 50, 150, 20])
    found = siting.max_coverage(cover, [500.0], sites=2, existing=[1], conditions=conditions)
    assert found.selected.tolist() == [2, 0]
    assert found.gains.tolist() == [150, 100]
    assert (found.value_before, found.value) == (50, 300)
    assert found.allocation.toarray().tolist() == [[100, 50, 150, 0]]
    assert found.served.tolist() == [300]
    again = siting.result_of(cover, [500.0], [0, 2], upper_bound=300.0, existing=[1], conditions=conditions)
    assert again.allocation.toarray().tolist() == [[100, 50, 150, 0]]
    assert (again.value, again.upper_bound, again.gains.tolist()) == (300, 300, [150, 100])
    judged = siting.evaluate(cover, [500.0], [0, 3], sites=2, existing=[1], conditions=conditions)
    assert (judged.value, judged.gains.tolist()) == (170, [100, 20])
    assert judged.result.allocation.toarray().tolist() == [[100, 50, 0, 20]]
    today = siting.result_of(cover, [500.0], [], existing=[1], conditions=conditions)
    assert (today.value, today.served.tolist()) == (50, [50])


def test_keywords_are_told_and_others_refused():
    parameters = inspect.signature(siting.max_coverage).parameters
    for name in ("sites", "budget", "costs", "required", "forbidden", "existing", "conditions", "method", "gap"):
        assert name in parameters
        assert name in siting.max_coverage.__doc__
    assert parameters["time_limit_s"].default == 60.0
    assert inspect.signature(siting.frontier).parameters["time_limit_s"].default == float("inf")
    with pytest.raises(TypeError, match=r"max_coverage\(\) got an unexpected keyword argument 'site'"):
        siting.max_coverage(COVER, PEOPLE, site=2)
    with pytest.raises(TypeError, match=r"p_center\(\) got an unexpected keyword argument 'budget'"):
        siting.p_center(COVER, 2, budget=3)
