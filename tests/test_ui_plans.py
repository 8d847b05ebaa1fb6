"""What sessions share of a project: searches found once, cancelled ones kept with their best until they are begun anew."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from small_project import degrees, write_project

from planner.errors import PlannerError
from planner.inputs.read import read_inputs
from planner.project import load
from planner.session import tasks
from planner.session.once import Once
from planner.session.settings import PlanSettings
from planner.session.shared_project import SharedProject
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
def shared(tmp_path_factory: pytest.TempPathFactory) -> SharedProject:
    file = write_project(tmp_path_factory.mktemp("plans"), siting="sites = 2")
    return SharedProject(read_inputs(load(file), progress=lambda step: None), "key")


def test_one_search_answers_every_number_and_everybody(shared: SharedProject) -> None:
    workers, settings = AtHand(), PlanSettings.of(shared.project)
    job = shared.search(settings, workers)
    assert shared.proposal(settings, job).ids == ["B", "A"]
    one = PlanSettings(mode="sites", sites=1, group=settings.group)
    assert shared.search(one, workers) is job and shared.proposal(one, job).ids == ["B"]
    assert workers.done == 1 and shared.proposal(settings, job) is shared.proposal(settings, job)


@pytest.mark.parametrize("how", ["cancelled", "killed"])
def test_a_cancelled_search_stays_so_until_it_is_begun_anew(shared: SharedProject, how: str) -> None:
    workers = AtHand()
    workers.ends = [how]
    settings = PlanSettings(mode="sites", sites=2, group="age_60_plus", forbidden=("D",) if how == "killed" else ("A",))
    job = shared.search(settings, workers)
    assert shared.search(settings, workers) is job and job.state == "cancelled"
    if how == "killed":
        with pytest.raises(PlannerError, match="cancelled"):
            shared.proposal(settings, job)
    else:
        result = shared.proposal(settings, job).plan.result
        assert result.upper_bound >= result.value, "the best so far, with a bound that holds"
    shared.search_anew(job)
    again = shared.search(settings, workers)
    assert again is not job and again.state == "done"
    proposal = shared.proposal(settings, again)
    assert len(proposal.ids) == 2 and shared.proposal(settings, again) is proposal


def test_a_search_tells_its_progress(shared: SharedProject) -> None:
    told: list[tuple] = []
    question = shared.asked(PlanSettings.of(shared.project)).question
    found = tasks.find_curve(question, 2, None, tell=lambda **known: told.append(known), cancelled=lambda: False)
    assert found.value[-1] > 0
    assert all(known["value"] <= known["bound"] + 1e-6 for known in told)


def test_a_slow_click_holds_up_nobody_who_clicks_elsewhere(
    shared: SharedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    today, slow, quick = shared.today("total"), degrees(1500), degrees(2500)
    begun, may_end = threading.Event(), threading.Event()
    counted: list[tuple[float, float]] = []

    def reach(inputs, access, lon: float, lat: float, opened):
        counted.append((lon, lat))
        if (lon, lat) == slow:
            begun.set()
            assert may_end.wait(60)
        return f"reach of {lon}"

    monkeypatch.setattr("planner.session.shared_project.reach_of_place", reach)
    with ThreadPoolExecutor(3) as threads:
        try:
            first = threads.submit(shared.reach, today, slow)
            assert begun.wait(60)
            same = threads.submit(shared.reach, today, slow)
            assert threads.submit(shared.reach, today, quick).result(60) == f"reach of {quick[0]}"
            assert threads.submit(shared.kept, "another question", lambda: 1).result(60) == 1
            assert not first.done() and not same.done()
        finally:
            may_end.set()
        assert first.result(60) == same.result(60) == f"reach of {slow[0]}"
    assert sorted(counted) == [slow, quick], "whoever asks the same is given the same answer"


def test_a_fault_is_told_to_all_who_wait_and_the_question_may_be_asked_again() -> None:
    once = Once(2)
    with pytest.raises(ZeroDivisionError):
        once.get("a", lambda: 1 // 0)
    assert once.get("a", lambda: 1) == 1 and once.get("a", lambda: 2) == 1
    made: list[list[str]] = []
    assert once.get_all(["b", "a", "c", "b"], lambda new: made.append(new) or [key * 2 for key in new]) == [
        "bb", 1, "cc", "bb",
    ]  # fmt: skip
    assert made == [["b", "c"]]
    assert once.get("d", lambda: 4) == 4 and once.get("a", lambda: 5) == 5, "the two asked for last are kept"
