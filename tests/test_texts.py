"""The catalogues: both languages say the same things, and the source asks for nothing that is not in them."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import planner
from planner.findings import InputReport
from planner.texts import LANGUAGES, Sentence, catalogue, say, say_parts

SOURCE = Path(planner.__file__).parent
SECTIONS = sorted(path.stem for path in (SOURCE / "texts" / "en").glob("*.toml"))
CODE = re.compile(rf"({'|'.join(SECTIONS)})\.[a-z0-9_]+")
FILE_ENDINGS = {
    "toml",
    "csv",
    "json",
    "geojson",
    "gpkg",
    "tif",
    "xlsx",
    "docx",
    "html",
    "pbf",
    "osm",
    "part",
    "py",
    "zip",
    "xml",
}
ERRORS = {"PlannerError", "InputError", "GeometryError", "CRSError", "NetworkError", "ProjectError", "InfeasibleError"}
PROJECT_KEYS = {
    "streets.source",
    "register.villages",
    "register.corrections",
    "siting.forbidden",
    "siting.within",
}  # paths into project.toml, which look like codes
HANJI = re.compile(r"[\u4e00-\u9fff]")


def sentences(entry) -> list[str]:
    return [entry] if isinstance(entry, str) else [entry["what"], entry["remedy"]]


def placeholders(entry) -> set[str]:
    return {
        re.split(r"[.\[]", name)[0]
        for sentence in sentences(entry)
        for _, name, _, _ in string.Formatter().parse(sentence)
        if name is not None
    }


@pytest.mark.parametrize("section", SECTIONS)
def test_both_languages_have_the_same_entries(section: str) -> None:
    of = {lang: {code for code in catalogue(lang) if code.startswith(f"{section}.")} for lang in LANGUAGES}
    assert of["zh"] == of["en"]


def test_both_languages_have_the_same_files() -> None:
    files = {lang: sorted(path.name for path in (SOURCE / "texts" / lang).iterdir()) for lang in LANGUAGES}
    assert files["zh"] == files["en"]


@pytest.mark.parametrize("section", SECTIONS)
def test_entries_match(section: str) -> None:
    for code in (code for code in catalogue("en") if code.startswith(f"{section}.")):
        en, zh = catalogue("en")[code], catalogue("zh")[code]
        assert type(en) is type(zh), code
        for entry in (en, zh):
            assert isinstance(entry, str) or set(entry) == {"what", "remedy"}, code
            assert all(sentence.strip() for sentence in sentences(entry)), code
        assert placeholders(en) == placeholders(zh), code
        assert "" not in placeholders(en), f"{code}: a placeholder needs a name"


def test_chinese_is_chinese() -> None:
    latin = re.compile(r"[A-Za-z]{2,}")
    for code, entry in catalogue("zh").items():
        for sentence in sentences(entry):
            words = re.sub(r"\{[^}]*\}", "", sentence)
            assert HANJI.search(words) or not latin.search(words), f"{code}: {sentence}"


# ------------------------------------------------------------------------------------------- what the source asks for


def _modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _asked() -> Iterator[tuple[str, str, set[str] | None]]:
    """Yield where, which code, and the parameters given (None where they are not all written out)."""
    for path, tree in _modules():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name, first = _called(node), node.args[0]
            if not (isinstance(first, ast.Constant) and isinstance(first.value, str) and CODE.fullmatch(first.value)):
                continue
            if name in {"say", "say_parts", "add", "Sentence", "Finding"} | ERRORS:
                given = {word.arg for word in node.keywords if word.arg is not None}
                whole = len(given) == len(node.keywords) and name not in {"Sentence", "Finding"}
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", first.value, given if whole else None


def test_every_sentence_asked_for_is_there_with_its_parameters() -> None:
    asked = list(_asked())
    assert len(asked) > 50
    for where, code, given in asked:
        for language in LANGUAGES:
            assert code in catalogue(language), where
            if given is not None:
                assert placeholders(catalogue(language)[code]) <= given, f"{where}: {code}"


def test_every_code_in_the_source_is_in_the_catalogues() -> None:
    for path, tree in _modules():
        built = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            text = node.value if isinstance(node, ast.Constant) and id(node) not in built else None
            if not isinstance(text, str) or text in PROJECT_KEYS or text.partition(".")[2] in FILE_ENDINGS:
                continue
            if CODE.fullmatch(text):
                assert text in catalogue("en"), f"{path.relative_to(SOURCE)}:{node.lineno}"


def test_every_built_code_has_entries_it_could_mean() -> None:
    for path, tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                start = str(node.values[0].value)
                if re.match(rf"({'|'.join(SECTIONS)})\.[a-z0-9_]*$", start):
                    where = f"{path.relative_to(SOURCE)}:{node.lineno}"
                    assert any(code.startswith(start) for code in catalogue("en")), f"{where}: {start}"


def test_no_sentence_is_left_that_nobody_says() -> None:
    constants, starts = set(), set()
    for _, tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                built = "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
                starts.add(built.partition("\0")[0])
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                constants.add(node.value)
    starts = tuple(start for start in starts if "." in start and start.partition(".")[0] in SECTIONS)
    unsaid = [
        code
        for code in catalogue("en")
        if code not in constants and not code.startswith(starts) and code.partition(".")[2] not in constants
    ]
    assert unsaid == []


# ------------------------------------------------------------------------------------------------------- the look-up


def test_a_sentence_comes_with_its_remedy() -> None:
    what, remedy = say_parts("units.bad_speed", "en", speed=-1)
    assert what == "A walking speed of -1 m/s is not possible."
    assert say("units.bad_speed", "en", speed=-1) == f"{what} {remedy}"
    zh = say_parts("units.bad_speed", "zh", speed=-1)
    assert say("units.bad_speed", "zh", speed=-1) == "".join(zh)
    assert HANJI.search(zh[0])


def test_a_parameter_may_be_said_in_the_reader_s_language() -> None:
    inner = Sentence("units.bad_speed", {"speed": 0})
    for language in LANGUAGES:
        assert say("units.bad_speed", language, speed=inner).count(say("units.bad_speed", language, speed=0)) == 1
        both = say("units.bad_minutes", language, minutes=[inner, inner])
        assert both.count(say("units.bad_speed", language, speed=0)) == 2


def test_unknown_codes_languages_and_missing_parameters_are_programming_errors() -> None:
    for code, language, params in (("units.nothing", "en", {}), ("units.bad_speed", "fr", {"speed": 1})):
        with pytest.raises(KeyError):
            say(code, language, **params)
    with pytest.raises(KeyError):
        say("units.bad_speed", "en")


def test_a_report_says_its_findings_in_both_languages() -> None:
    report = InputReport(role="streets", file="s.osm.pbf", rows_read=10, rows_used=9)
    report.add("streets.points_missing", "doubtful", count=3)
    report.add("streets.segments_repeated", "note", 7, count=2)
    for language in LANGUAGES:
        account = report.to_dict(language)
        assert account["rows_doubtful"] == 0, "a finding on the file is no row"
        assert [finding["row"] for finding in account["findings"]] == [None, 7]
        assert all(finding["message"] and finding["remedy"] for finding in account["findings"])
    assert report.count("note") == 1
