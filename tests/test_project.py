from pathlib import Path

import pytest
from small_project import write_project

from planner.errors import ProjectError
from planner.project import Rule, load


@pytest.fixture
def text(tmp_path: Path) -> str:
    return write_project(tmp_path).read_text(encoding="utf-8")


def reload(tmp_path: Path, text: str):
    path = tmp_path / "project.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def fault_of(tmp_path: Path, text: str) -> ProjectError:
    with pytest.raises(ProjectError) as caught:
        reload(tmp_path, text)
    return caught.value


def test_a_folder_is_as_good_as_its_project_file(tmp_path, text):
    assert load(tmp_path).settings == load(tmp_path / "project.toml").settings
    assert load(tmp_path).name == "One street"
    assert load(tmp_path).groups == ("total", "age_60_plus")
    assert load(tmp_path).main_group == "total"


def test_the_walk_is_fifteen_minutes_at_one_metre_a_second_unless_the_project_says_otherwise(tmp_path, text):
    plain = text.replace("minutes = 15\nspeed = 1.0\n", "")
    assert reload(tmp_path, plain).rule_of("total") == Rule(1.0, 900.0)
    assert reload(tmp_path, plain).settings.walking.bands_min == (5.0, 10.0, 15.0)


def test_a_group_may_have_a_walk_of_its_own(tmp_path, text):
    own = text.replace('group = "age_60_plus"', 'group = "age_60_plus"\nspeed = "elderly"\nminutes = 10')
    project = reload(tmp_path, own)
    assert project.rule_of("age_60_plus") == Rule(0.8, 600.0)
    assert project.rule_of("total") == Rule(1.0, 900.0)


def test_bands_in_metres_are_minutes_at_the_project_speed(tmp_path, text):
    project = reload(tmp_path, text.replace("minutes = 15\nspeed = 1.0", "bands_m = [300, 500, 1000]\nspeed = 1.25"))
    assert project.rule_of("total") == Rule(1.25, 800.0)
    assert project.settings.walking.bands_min == (
        4.0,
        pytest.approx(6.666666666666667),
        pytest.approx(13.333333333333334),
    )


def test_a_missing_project_says_what_to_do(tmp_path):
    with pytest.raises(ProjectError) as caught:
        load(tmp_path / "nowhere")
    assert "planner demo" in str(caught.value)
    assert "planner demo" in caught.value.message("zh")


@pytest.mark.parametrize("content", [b"[project\nname = 1", "name = '中文'".encode("gbk"), b"\x00\x01"])
def test_what_is_not_toml_is_one_clear_error(tmp_path, content):
    (tmp_path / "project.toml").write_bytes(content)
    with pytest.raises(ProjectError) as caught:
        load(tmp_path)
    assert "project.toml" in str(caught.value)


def test_an_unknown_key_names_the_nearest_known_one(tmp_path, text):
    message = str(fault_of(tmp_path, text.replace("boundary =", "boundry =")))
    assert "area.boundry" in message
    assert '"boundary"' in message


def test_all_faults_come_together_in_the_reader_s_language(tmp_path, text):
    broken = (
        text.replace("minutes = 15", "minutes = 0").replace("sites = 1", "sites = -2").replace("[centres]", "[centers]")
    )
    fault = fault_of(tmp_path, broken)
    for key in ("walking.minutes", "siting.sites", "centers"):
        assert key in str(fault)
        assert key in fault.message("zh")
    assert "须大于 0" in fault.message("zh")
    assert "must be above 0" in str(fault)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sites = 1", "sites = 1\nbudget_yuan = 5", "exclude each other"),
        ("sites = 1", 'weight = "jobs"', "jobs"),
        ("sites = 1", 'objective = "max_profit"', "max_coverage"),
        ("speed = 1.0", 'speed = "fast"', "ebike"),
        ("speed = 1.0", "speed = -1", "ebike"),
        ("speed = 1.0", "speed = nan", "ebike"),
        ("minutes = 15", "minutes = 15\nbands_m = [300]", "exclude each other"),
        ('group = "total"', 'group = "全部"', "lower-case"),
        ('language = "en"', 'language = "fr"', "'zh' or 'en'"),
        ('[centres]\nsource = "centres.csv"\n\n[candidates]\nsource = "candidates.csv"\n', "", "[candidates]"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(tmp_path, text, old, new, told):
    assert old in text
    fault = fault_of(tmp_path, text.replace(old, new))
    assert told in str(fault)
    assert fault.message("zh") != str(fault)
