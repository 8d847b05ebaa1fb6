"""What sessions share of a project: searches found once, cancelled ones kept with their best until they are begun anew."""

import pytest
from small_project import write_project

from planner.errors import PlannerError
from planner.inputs.read import read_inputs
from planner.project import load
from planner.session import tasks
from planner.session.settings import Choice
from planner.session.shared_plan import Shared
from planner.session.workers import Job, Workers


class AtHand(Workers):
    """Does every task at once, as if its search had been cancelled where that is wanted."""

    def __init__(self) -> None:
        self.ends: list[str] = []
        self.done = 0

    def submit(self, task, *arguments) -> Job:
        self.done += 1
        job = Job(task, arguments)
        how = self.ends.pop(0) if self.ends else "done"
        found = task(*arguments, tell=lambda *said, **known: None, cancelled=lambda: how == "cancelled")
        job._end("cancelled" if how == "killed" else how, result=None if how == "killed" else found)  # type: ignore[arg-type]
        return job


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    file = write_project(tmp_path_factory.mktemp("plans"), siting="sites = 2")
    return Shared(read_inputs(load(file), progress=lambda step: None), "key")


def test_one_search_answers_every_number_and_everybody(shared: Shared) -> None:
    workers, choice = AtHand(), Choice.of(shared.project)
    job = shared.search(choice, workers)
    assert shared.plan(choice, job).ids == ["B", "A"]
    one = Choice(mode="sites", sites=1, group=choice.group)
    assert shared.search(one, workers) is job and shared.plan(one, job).ids == ["B"]
    assert workers.done == 1 and shared.plan(choice, job) is shared.plan(choice, job)


@pytest.mark.parametrize("how", ["cancelled", "killed"])
def test_a_cancelled_search_stays_so_until_it_is_begun_anew(shared: Shared, how: str) -> None:
    workers = AtHand()
    workers.ends = [how]
    choice = Choice(mode="sites", sites=2, group="age_60_plus", forbidden=("D",) if how == "killed" else ("A",))
    job = shared.search(choice, workers)
    assert shared.search(choice, workers) is job and job.state == "cancelled"
    if how == "killed":
        with pytest.raises(PlannerError, match="cancelled"):
            shared.plan(choice, job)
    else:
        result = shared.plan(choice, job).decision.result
        assert result.upper_bound >= result.value, "the best so far, with a bound that holds"
    shared.forget(job)
    again = shared.search(choice, workers)
    assert again is not job and again.state == "done"
    plan = shared.plan(choice, again)
    assert len(plan.ids) == 2 and shared.plan(choice, again) is plan


def test_a_search_tells_its_progress(shared: Shared) -> None:
    told: list[tuple] = []
    _, _, problem = shared.asked(Choice.of(shared.project))
    found = tasks.find_curve(problem, 2, None, tell=lambda **known: told.append(known), cancelled=lambda: False)
    assert found.value[-1] > 0
    assert all(known["value"] <= known["bound"] + 1e-6 for known in told)
