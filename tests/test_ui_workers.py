"""Work in processes of its own, what is served by URL, the server's first visitor, and links that say a choice."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browsing import serving
from hypothesis import given
from hypothesis import strategies as st
from small_project import write_project

from planner.errors import InputError, PlannerError
from planner.project import load
from planner.session.settings import MODES, Choice
from planner.session.workers import Job, Workers
from planner.ui import served
from planner.ui.launch import visit_first
from planner.ui.loading import is_prepared


def answer(number, *, tell, cancelled):
    tell("study.writing")
    tell(value=1.0, bound=2.0)
    return number + 1


def refuse(*, tell, cancelled):
    raise InputError("ui.no_such_facility", id="X")


def stumble(*, tell, cancelled):
    print("a library's chatter")
    return 1 / 0


def die(*, tell, cancelled):
    os._exit(3)


def search(*, tell, cancelled):
    tell("study.writing")
    while not cancelled():
        time.sleep(0.02)
    return "the best so far"


def sleep(*, tell, cancelled):
    tell("study.writing")
    time.sleep(600)


@pytest.fixture(scope="module")
def pool() -> Iterator[Workers]:
    found = Workers(most=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        found.warm()
    yield found
    found.close()


def begun(job: Job) -> Job:
    """Wait until a job has said its first word."""
    until = time.monotonic() + 60
    while not job.steps:
        assert time.monotonic() < until and not job.ended
        time.sleep(0.02)
    return job


def ended(job: Job) -> Job:
    assert job.wait(60)
    return job


def test_a_task_tells_and_answers(pool: Workers) -> None:
    job = ended(pool.submit(answer, 41))
    assert (job.state, job.answer(), job.steps, job.value, job.bound) == ("done", 42, ["study.writing"], 1.0, 2.0)


def test_faults_come_back_as_errors_with_sentences(pool: Workers) -> None:
    with pytest.raises(InputError, match="X"):
        ended(pool.submit(refuse)).answer()
    with pytest.raises(PlannerError, match="ZeroDivisionError"):
        ended(pool.submit(stumble)).answer()
    assert ended(pool.submit(answer, 1)).answer() == 2, "the process goes on"


def test_a_process_that_dies_is_replaced_and_a_task_that_cannot_be_read_is_answered() -> None:
    pool = Workers(most=1)  # whose process cannot import this module
    with pytest.raises(PlannerError, match="ModuleNotFoundError"):
        ended(pool.submit(die)).answer()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        pool.close()
        pool = Workers(most=1)
        with pytest.raises(PlannerError, match="ended unexpectedly"):
            ended(pool.submit(die)).answer()
        assert ended(pool.submit(answer, 1)).answer() == 2, "the next task has a process of its own"
    pool.close()


def test_a_cancelled_search_gives_its_best_and_what_is_deaf_is_ended(pool: Workers) -> None:
    job = begun(pool.submit(search))
    waiting = pool.submit(answer, 1)
    waiting.cancel()
    job.cancel()
    assert ended(job).state == "cancelled" and job.answer() == "the best so far"
    assert ended(waiting).state == "cancelled"
    with pytest.raises(PlannerError, match="cancelled"):
        waiting.answer()
    deaf = begun(pool.submit(sleep))
    deaf.cancel()
    assert ended(deaf).state == "cancelled"


# ---- what is served ------------------------------------------------------------------------------------------------------


def test_passing_layers_go_when_many_have_come_after_and_lasting_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "_MOST_PASSING", 3)
    monkeypatch.setattr(served, "_passing", type(served._passing)())

    def is_there(url: str) -> bool:
        return (served._folder() / url.rpartition("/")[2]).is_file()

    lasting = served.publish(b"[0]", lasting=True)
    urls = [served.publish(f"[{number}]".encode()) for number in (1, 2, 3)]
    assert served.renew([urls[0], lasting])
    fourth = served.publish(b"[4]")
    assert [is_there(url) for url in (lasting, *urls, fourth)] == [True, True, False, True, True]
    assert not served.renew([urls[1]])
    assert served.publish(b"[2]") == urls[1] and is_there(urls[1]), "the same content comes back under its URL"
    assert served.publish(b"[0]") == lasting and served.renew([lasting])


def test_the_first_visitor_waits_until_the_page_is_whole(tmp_path: Path) -> None:
    assert not visit_first("http://127.0.0.1:9", patience_s=5.0)
    file = write_project(tmp_path / "street")
    with serving(file, tmp_path) as server:  # which has been its first visitor
        assert is_prepared(load(file)), "the project has been read"
        began = threading.active_count()
        assert visit_first(server.url, patience_s=60.0)
        assert threading.active_count() <= began + 1


# ---- a choice as part of a link -------------------------------------------------------------------------------------------

IDS = st.lists(st.text(min_size=1, max_size=8), max_size=4, unique=True).map(tuple)
RINGS = st.none() | st.lists(
    st.tuples(st.integers(-180_000_000, 180_000_000), st.integers(-90_000_000, 90_000_000)), min_size=3, max_size=6
).map(lambda corners: tuple((lon / 1e6, lat / 1e6) for lon, lat in corners))
CHOICES = st.builds(
    Choice, mode=st.sampled_from(MODES), sites=st.integers(0, 500), budget_yuan=st.integers(0, 10**9).map(float),
    group=st.sampled_from(("total", "age_60_plus")), required=IDS, forbidden=IDS, listed=IDS, within=RINGS,
)  # fmt: skip


@given(CHOICES, CHOICES)
def test_a_link_says_a_choice(choice: Choice, base: Choice) -> None:
    link = {name: [value] if isinstance(value, str) else value for name, value in choice.to_link().items()}
    found = Choice.from_link(link, base, ("total", "age_60_plus"))
    assert found.to_link() == choice.to_link()
    assert found.mode == choice.mode and found.group == choice.group
    assert (found.required, found.forbidden, found.within) == (choice.required, choice.forbidden, choice.within)
    if choice.mode == "sites":
        assert found.sites == choice.sites


@given(
    st.dictionaries(
        st.sampled_from(("by", "group", "sites", "budget", "open", "list", "within", "x")), st.lists(st.text())
    )
)
def test_whatever_a_link_says_there_is_a_choice(link: dict[str, list[str]]) -> None:
    base = Choice(group="total")
    found = Choice.from_link(link, base, ("total",))
    assert found.group == "total" and found.mode in MODES and 0 <= found.sites <= 100_000
    assert np.isfinite(found.budget_yuan)
