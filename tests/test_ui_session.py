"""One reader's work on a project without a page: what clicks and buttons change, and variants that others save too."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from small_project import degrees, write_project
from test_ui_plans import AtHand

from planner.inputs.read import read_inputs
from planner.project import load
from planner.session.map_events import Event
from planner.session.open_project import Opened
from planner.session.settings import PlanSettings
from planner.session.shared_project import SharedProject
from planner.session.state import Session
from planner.session.workspace import Workspace


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> SharedProject:
    file = write_project(tmp_path_factory.mktemp("space") / "street", siting="sites = 2")
    return SharedProject(read_inputs(load(file), progress=lambda step: None), "key")


@pytest.fixture
def session(shared: SharedProject, tmp_path: Path) -> Session:
    """Return a session that shows the project's own plan: B, then A."""
    opened = Opened(shared.project, shared.project.folder / "out")
    found = Session.begin(opened, Workspace(shared.project.folder.parent), shared, AtHand(), tmp_path, {})
    assert found.proposal.ids == [] and found.results.covered_before == 100, "today, before anything is searched"
    found.update()
    assert found.proposal.ids == ["B", "A"] and found.results.covered_after == 1500
    return found


def test_buttons_of_a_card_change_the_settings(session: Session) -> None:
    session.heed(Event("act", id="A", what="lock"))
    session.heed(Event("act", id="B", what="forbid"))
    assert (session.settings.required, session.settings.forbidden) == (("A",), ("B",))
    session.heed(Event("act", id="A", what="free"))
    assert session.settings.required == ()
    before = session.settings
    session.heed(Event("act", id="gone", what="lock"))
    session.heed(Event("act", id="D", what="drop"))
    assert session.settings == before, "what is not there, or not proposed, changes nothing"


def test_a_site_is_dropped_replaced_or_dragged_and_the_list_is_the_reader_s(session: Session) -> None:
    session.heed(Event("act", id="B", what="drop"))
    assert (session.settings.mode, session.settings.listed) == ("list", ("A",))
    session.heed(Event("act", id="A", what="replace"))
    (replacement,) = session.results.sites.set_index("id")["replacement_id"][["A"]]
    assert session.settings.listed == ("B", *([replacement] if replacement else []))
    session.heed(Event("move", id="A", at=degrees(2500)))
    assert session.settings.listed == ("B", "D") and session.picked == "D"
    session.update()
    assert session.proposal.ids == ["B", "D"] and session.proposal.scored is not None
    assert session.project_to_run().settings.siting.required == ("B", "D") and session.out.parent == session.files


def test_a_click_a_pick_and_a_drawn_area_are_remembered(session: Session) -> None:
    session.heed(Event("click", at=degrees(1500)))
    assert session.place == degrees(1500) and session.people_in_area() is None
    session.heed(Event("pick", id="B"))
    assert (session.picked, session.place) == ("B", None)
    session.heed(
        Event("draw", ring=(degrees(-200, -500), degrees(9000, -500), degrees(9000, 3500), degrees(-200, 3500)))
    )
    area = session.people_in_area()
    assert area is not None and area.people["total"] == 1575 and area.after["total"] == 1500
    session.heed(Event("draw"))
    assert session.area is None


def test_the_facts_of_a_facility_are_those_of_the_tables(session: Session) -> None:
    site, idle = session.results.facility("B"), session.results.facility("D")
    assert site is not None and site["rank"] == 1 and site["gain"] == 900 and site["only_here_age_60_plus"] >= 0
    assert idle is not None and "rank" not in idle and session.results.facility("gone") is None


def test_variants_of_sessions_that_save_at_once_are_all_kept(session: Session, shared: SharedProject) -> None:
    def save(number: int) -> None:
        own = Session(**{**vars(session), "settings": PlanSettings(sites=number, group="total"), "variants": {}})
        own.keep_variant(f"variant {number}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(save, range(1, 17)))
    session.forget_variant("variant 7")
    assert {int(name.split()[1]): one.sites for name, one in session.variants.items()} == {
        number: number for number in range(1, 17) if number != 7
    }
    assert [path.name for path in shared.project.folder.glob("variants*")] == ["variants.json"]
