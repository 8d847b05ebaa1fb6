"""Work in processes of its own, what is served by URL, the server's first visitor, and links that say settings."""

import importlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browsing import serving
from hypothesis import given
from hypothesis import strategies as st
from small_project import write_project
from waiting import PATIENCE_S, wait_until

from planner.errors import InputError, PlannerError
from planner.project import load
from planner.session.loading import is_prepared
from planner.session.settings import MODES, PlanSettings
from planner.session.workers import Job, Workers
from planner.ui.launch import visit_first
from planner.ui.map import publish as layer_files


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
    wait_until(cancelled)
    return "the best so far"


def hear_nothing(*, tell, cancelled):
    tell("study.writing")
    threading.Event().wait()


HERE = Path(__file__).parent
WITH_TESTS = os.pathsep.join(map(str, (HERE, HERE.parent)))


@pytest.fixture(scope="module")
def pool() -> Iterator[Workers]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "PYTHONPATH", WITH_TESTS
        )  # for as long as it may start a process in the place of one that was ended
        found = Workers(most=1)
        found.warm()
        yield found
        found.close()


def begun(job: Job) -> Job:
    """Wait until a job has said its first word."""
    wait_until(lambda: job.steps or job.ended, "the first word")
    assert not job.ended
    return job


def ended(job: Job) -> Job:
    assert job.wait(PATIENCE_S)
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


def test_a_process_that_dies_is_replaced_and_a_task_that_cannot_be_read_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE.parent))
    pool = Workers(most=1)  # whose process cannot import this module
    with pytest.raises(PlannerError, match="ModuleNotFoundError"):
        ended(pool.submit(die)).answer()
    pool.close()
    monkeypatch.setenv("PYTHONPATH", WITH_TESTS)
    pool = Workers(most=1)
    with pytest.raises(PlannerError, match="ended unexpectedly"):
        ended(pool.submit(die)).answer()
    assert ended(pool.submit(answer, 1)).answer() == 2, "the next task has a process of its own"
    pool.close()


def test_a_task_is_read_when_the_process_has_imported_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads that import modules which import each other see half of them."""
    (tmp_path / "task_of_a_cold_process.py").write_text(
        "import sys\n"
        "study = sys.modules.get('planner.run')\n"
        "WHOLE = study is not None and not study.__spec__._initializing\n"
        "def was_whole(*, tell, cancelled):\n"
        "    return WHOLE\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(HERE.parent))))
    pool = Workers(most=1)
    assert ended(pool.submit(importlib.import_module("task_of_a_cold_process").was_whole)).answer()
    pool.close()


def test_a_cancelled_search_gives_its_best(pool: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.session.workers._PATIENCE_S", PATIENCE_S)
    job = begun(pool.submit(search))
    waiting = pool.submit(answer, 1)
    waiting.cancel()
    job.cancel()
    assert ended(job).state == "cancelled" and job.answer() == "the best so far"
    assert ended(waiting).state == "cancelled"
    with pytest.raises(PlannerError, match="cancelled"):
        waiting.answer()


def test_what_does_not_hear_that_it_is_cancelled_is_ended(pool: Workers) -> None:
    deaf = begun(pool.submit(hear_nothing))
    deaf.cancel()
    assert ended(deaf).state == "cancelled"
    assert ended(pool.submit(answer, 1)).answer() == 2


# ---- what is served ------------------------------------------------------------------------------------------------------


def test_passing_layers_go_when_many_have_come_after_and_lasting_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_files, "_MOST_PASSING", 3)
    monkeypatch.setattr(layer_files, "_passing", type(layer_files._passing)())

    def is_there(url: str) -> bool:
        return (layer_files._folder() / url.rpartition("/")[2]).is_file()

    lasting = layer_files.publish(b"[0]", lasting=True)
    urls = [layer_files.publish(f"[{number}]".encode()) for number in (1, 2, 3)]
    assert layer_files.renew([urls[0], lasting])
    fourth = layer_files.publish(b"[4]")
    assert [is_there(url) for url in (lasting, *urls, fourth)] == [True, True, False, True, True]
    assert not layer_files.renew([urls[1]])
    assert layer_files.publish(b"[2]") == urls[1] and is_there(urls[1]), "the same content comes back under its URL"
    assert layer_files.publish(b"[0]") == lasting and layer_files.renew([lasting])


def test_the_first_visitor_waits_until_the_page_is_whole(tmp_path: Path) -> None:
    assert not visit_first("http://127.0.0.1:9", patience_s=5.0)
    file = write_project(tmp_path / "street")
    with serving(file, tmp_path) as server:  # which has been its first visitor
        assert is_prepared(load(file)), "the project has been read"
        before = set(threading.enumerate())
        assert visit_first(server.url, patience_s=PATIENCE_S)
        wait_until(lambda: set(threading.enumerate()) <= before, "the end of its threads")


# ---- settings as part of a link ----------------------------------------------------------------------------------------------

IDS = st.lists(st.text(min_size=1, max_size=8), max_size=4, unique=True).map(tuple)
RINGS = st.none() | st.lists(
    st.tuples(st.integers(-180_000_000, 180_000_000), st.integers(-90_000_000, 90_000_000)), min_size=3, max_size=6
).map(lambda corners: tuple((lon / 1e6, lat / 1e6) for lon, lat in corners))
SETTINGS = st.builds(
    PlanSettings, mode=st.sampled_from(MODES), sites=st.integers(0, 500), budget_yuan=st.integers(0, 10**9).map(float),
    group=st.sampled_from(("total", "age_60_plus")), required=IDS, forbidden=IDS, listed=IDS, within=RINGS,
)  # fmt: skip


@given(SETTINGS, SETTINGS)
def test_a_link_says_settings(settings: PlanSettings, base: PlanSettings) -> None:
    link = {name: [value] if isinstance(value, str) else value for name, value in settings.to_link().items()}
    found = PlanSettings.from_link(link, base, ("total", "age_60_plus"))
    assert found.to_link() == settings.to_link()
    assert found.mode == settings.mode and found.group == settings.group
    assert (found.required, found.forbidden, found.within) == (settings.required, settings.forbidden, settings.within)
    if settings.mode == "sites":
        assert found.sites == settings.sites


@given(
    st.dictionaries(
        st.sampled_from(("by", "group", "sites", "budget", "open", "list", "within", "x")), st.lists(st.text())
    )
)
def test_whatever_a_link_says_there_are_settings(link: dict[str, list[str]]) -> None:
    base = PlanSettings(group="total")
    found = PlanSettings.from_link(link, base, ("total",))
    assert found.group == "total" and found.mode in MODES and 0 <= found.sites <= 100_000
    assert np.isfinite(found.budget_yuan)
