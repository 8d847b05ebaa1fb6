"""Projects are opened from and saved to one workspace, and no name leads out of it."""

import sys
import tomllib
from pathlib import Path

import pytest
from small_project import write_project
from streamlit.testing.v1 import AppTest

from planner import ui
from planner.errors import InputError
from planner.inputs.read import read_inputs
from planner.project import load
from planner.session.uploads import draft_of
from planner.session.workspace import Workspace
from planner.texts import LANGUAGES
from planner.ui.opened import open_given, workspace_of


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a workspace of three projects, with one beside it that nobody may reach."""
    for name in ("space/b", "space/a", "space/town/street", "outside"):
        write_project(tmp_path / name)
    return Workspace(tmp_path / "space")


def test_projects_are_found_three_deep_and_not_in_hidden_folders_or_projects(workspace: Workspace) -> None:
    for name in ("1/2/3", "1/2/3b/4", ".hidden/x", "a/copy", "aux"):
        write_project(workspace.root / name)
    assert workspace.projects() == ["a", "b", "town/street", "1/2/3"]
    for name in workspace.projects():
        assert workspace.resolve(name) == workspace.root / name
    write_project(workspace.root)
    assert workspace.projects()[0] == "." and workspace.resolve(".") == workspace.root


LEADING_OUT = [
    "..", "../outside", "a/../../outside", "/etc", "//server/share", "..\\outside", "a\\..\\..\\outside", "C:", "C:\\x", "c:/x",
    "~", "~root", "", "a/", "/a", "./a", "a/./b", "town//street", "a\0", "a\n",
]  # fmt: skip
HOSTILE = [
    "CON",
    "nul.txt",
    "com1",
    "LPT9.x.y",
    "a:b",
    "a|b",
    'a"b',
    "<b>",
    "a?",
    "a*",
    "a.",
    "a ",
    " a",
    ".a",
    "x" * 81,
    "a\u202eb",
]


@pytest.mark.parametrize("name", LEADING_OUT + HOSTILE)
def test_a_name_that_leads_out_or_cannot_be_one_is_refused(workspace: Workspace, name: str) -> None:
    for ask in (workspace.resolve, lambda name: workspace.save_as(name, load(workspace.root / "a"))):
        with pytest.raises(InputError) as caught:
            ask(name)
        assert caught.value.code == "ui.forbidden_name"
        assert all(caught.value.message(language) for language in LANGUAGES)
    assert workspace.projects() == ["a", "b", "town/street"]


def test_links_lead_out_of_nothing(workspace: Workspace) -> None:
    outside = workspace.root.parent / "outside"
    try:
        (workspace.root / "link").symlink_to(outside, target_is_directory=True)
    except OSError:
        pytest.skip("this system lets nobody make links")
    (workspace.root / "half").mkdir()
    (workspace.root / "half" / "project.toml").symlink_to(outside / "project.toml")
    (workspace.root / "inner").symlink_to(workspace.root / "a", target_is_directory=True)
    for name in ("link", "half"):
        with pytest.raises(InputError, match="does not lie in the workspace"):
            workspace.resolve(name)
    assert workspace.resolve("inner").resolve() == (workspace.root / "a").resolve()
    assert workspace.projects() == ["a", "b", "town/street"]
    with pytest.raises(InputError, match="already"):
        workspace.save_as("link", load(workspace.root / "a"))


def test_what_is_not_there_is_said_with_its_remedy(workspace: Workspace) -> None:
    with pytest.raises(InputError) as caught:
        workspace.resolve("town")
    assert caught.value.code == "ui.no_such_project" and str(workspace.root) in caught.value.message("zh")


def test_a_project_is_saved_whole_with_comments_and_files(workspace: Workspace) -> None:
    original = workspace.root / "a"
    with (original / "project.toml").open("a", encoding="utf-8") as file:
        file.write("# somebody's note\n")
    (original / "out").mkdir()
    saved = workspace.save_as("另存 2", load(original))
    assert (saved / "project.toml").read_bytes() == (original / "project.toml").read_bytes()
    assert {path.name for path in saved.iterdir()} == {path.name for path in original.iterdir()} - {"out"}
    assert load(saved).sources.keys() == load(original).sources.keys()
    with pytest.raises(InputError, match="already"):
        workspace.save_as("b", load(original))


def test_files_from_elsewhere_come_along_and_nothing_outside_is_named(workspace: Workspace) -> None:
    original = workspace.root / "a"
    session = workspace.root.parent / "session"
    upload = session / "001" / "candidates.csv"
    upload.parent.mkdir(parents=True)
    upload.write_bytes((original / "candidates.csv").read_bytes())
    draft = draft_of(load(original), {}, session, added={"candidates": [upload]})
    saved = load(workspace.save_as("saved", draft))
    assert [path.relative_to(saved.folder).as_posix() for path in saved.facility_files("candidates")] == [
        "candidates.csv",
        "candidates-2.csv",
    ]
    assert all(path.is_file() and path.is_relative_to(saved.folder) for path in saved.sources.values())
    said = tomllib.loads(saved.path.read_text(encoding="utf-8"))
    assert said["population"] == tomllib.loads((original / "project.toml").read_text(encoding="utf-8"))["population"]
    assert "register" not in said or "corrections" not in said["register"]
    assert len(read_inputs(saved, progress=lambda step: None).facilities) == 9


def test_saving_that_fails_leaves_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("planner.session.project_copy.shutil.copyfile", full)
    with pytest.raises(InputError, match="no space left"):
        workspace.save_as("new", load(workspace.root / "a"))
    assert sorted(path.name for path in workspace.root.iterdir()) == ["a", "b", "town"]


def test_the_workspace_is_given_or_holds_the_project(workspace: Workspace, tmp_path: Path) -> None:
    a = workspace.root / "a"
    for given in (a, a / "project.toml", a / "out"):
        assert workspace_of([str(given)], tmp_path).root == workspace.root.resolve()
    assert workspace_of([], tmp_path).root == tmp_path
    assert workspace_of([str(a), "--workspace", str(tmp_path)], Path("elsewhere")).root == tmp_path
    arguments = ["--workspace", str(workspace.root)]
    opened = open_given(arguments, tmp_path, asked="town/street")
    assert opened is not None and opened.project is not None and opened.project.folder.name == "street"
    assert open_given(arguments, tmp_path) is None
    for asked in ("../outside", "outside"):
        with pytest.raises(InputError):
            open_given(arguments, tmp_path, asked=asked)
    with pytest.raises(InputError, match="does not lie in the workspace"):
        open_given([str(tmp_path / "outside"), *arguments], tmp_path)
    assert ui.command(a, 1, workspace.root)[-4:] == ["--", str(a), "--workspace", str(workspace.root)]


def test_a_link_names_the_project_on_the_page(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["page.py", "--workspace", str(workspace.root)])
    for name, found in (("town/street", "One street"), ("../outside", "cannot be the name of a project")):
        page = AppTest.from_file(str(Path(ui.__file__).with_name("page.py")), default_timeout=60)
        page.query_params["project"] = name
        page.query_params["lang"] = "en"
        page.run()
        assert not page.exception
        assert found in "\n".join(element.proto.body for element in page.get("html"))
