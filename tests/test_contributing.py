"""The house as CONTRIBUTING.md shows it to a newcomer: every room is on the list, in order, and every place it names is there."""

import re
import tomllib

from doc_pages import ROOT, named, read, rows, section

PAGE = ROOT / "CONTRIBUTING.md"


def heights() -> dict[str, int]:
    """Return how high each room stands, the ground being 0, as import-linter knows them."""
    settings = tomllib.loads(read(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    listed = next(contract["layers"] for contract in settings if contract["type"] == "layers")
    layers = enumerate(reversed(listed))
    return {room.strip().removeprefix("planner."): height for height, layer in layers for room in layer.split(":")}


def test_every_room_has_a_line_in_its_place() -> None:
    told = list(named(section(PAGE, "The house").partition("| where do I find ... |")[0]))
    height = heights()
    assert sorted(told, key=lambda room: height[room]) == told
    rooms = {path.name for path in (ROOT / "planner").iterdir() if (path / "__init__.py").is_file()}
    assert rooms <= set(told)


def test_what_a_newcomer_looks_for_is_where_the_page_says() -> None:
    asked = rows(section(PAGE, "The house").partition("| where do I find ... |")[2])
    assert len(asked) == 10
    for _, answer in asked:
        for place in re.findall(r"`([^`]+)`", answer):
            path = ROOT / "planner" / place
            assert path.exists() or path.with_suffix(".py").is_file(), place
