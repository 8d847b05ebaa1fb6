"""The house keeps its order: rooms import downwards, files form no circle, and each question is answered in one place.

`lint-imports` holds the layers; what it cannot see is held here: circles of files (imports for type checkers counted in, as a
reader meets them too), and answers that somebody begins to give a second time.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parents[1] / "planner"
FILES = sorted(ROOT.rglob("*.py"))
MOST_LINES = 400


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(file): file for file in FILES}


def imported(file: Path) -> Iterator[str]:
    """Yield the modules that a file imports where it is loaded or for a type checker; not those inside a function."""

    def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for node in body:
            yield node
            for part in ("body", "orelse", "handlers", "finalbody"):
                if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    yield from statements([n for n in getattr(node, part, []) if isinstance(n, ast.stmt)])

    for node in statements(ast.parse(file.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def code_of(file: Path) -> str:
    """Return a file without its docstrings and comments, which may speak of anything."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def places_of(pattern: str) -> set[str]:
    """Return the modules whose code holds a pattern."""
    return {module_of(file) for file in FILES if re.search(pattern, code_of(file))}


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_every_module_that_is_imported_exists(file):
    assert [name for name in imported(file) if name.split(".")[0] == "planner" and name not in MODULES] == []


def test_no_file_is_part_of_a_circle():
    graph = nx.DiGraph((module, name) for module, file in MODULES.items() for name in imported(file) if name in MODULES)
    assert [sorted(part) for part in nx.strongly_connected_components(graph) if len(part) > 1] == []
    assert list(nx.selfloop_edges(graph)) == []


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_a_module_is_not_long(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_who_is_covered_by_these_sites_is_counted_in_one_place():
    """One compiled counter; nobody multiplies matrices to count once more."""
    assert places_of(r"def count_open\(row_ptr") == {"planner.kernels.cover"}
    assert places_of(r"def times_covered\(cov") == {"planner.counting"}
    assert places_of(r"(cov|cover|matrix)\.astype\([^)]*\) @ ") == set()


def test_a_plan_is_explained_in_one_place():
    assert places_of(r"def explain\(") == {"planner.solvers.questions.explanation"}
    assert places_of(r"def (gains|replacement)\w*\(.*cover") == set()


def test_a_project_lists_its_files_in_one_place():
    assert places_of(r"def input_files\(") == {"planner.project.files"}
    assert places_of(r"def parts_of\(path") == {"planner.tables.parts"}
    assert places_of(r"def (_files_of|files_named|_parts_of)\(") == set()


def test_who_is_out_of_the_question_is_written_in_one_place():
    assert places_of(r"REASON, BY = ") == {"planner.register.exclusions"}
    assert places_of(r"""(excluded_reason['"]|excluded_by['"]|REASON|BY)\] = """) == set()
    assert places_of(r"assign\(.*(REASON|excluded_reason)") - {"planner.register.exclusions"} == set()
