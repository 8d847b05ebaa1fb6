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


def test_registers_come_from_one_file_several_or_a_pattern(tmp_path, text):
    for name in ("b.csv", "a.csv", "~$a.csv", "c.xlsx"):
        (tmp_path / "registers").mkdir(exist_ok=True)
        (tmp_path / "registers" / name).write_bytes(b"")

    def files(source: str) -> list[str]:
        project = reload(tmp_path, text.replace('source = "candidates.csv"', f"source = {source}"))
        return [path.relative_to(tmp_path).as_posix() for path in project.facility_files("candidates")]

    assert files('"registers/*.csv"') == ["registers/a.csv", "registers/b.csv"]
    assert files('["registers/*.csv", "registers/c.xlsx", "registers/a.csv"]') == [
        "registers/a.csv",
        "registers/b.csv",
        "registers/c.xlsx",
    ]
    assert files('"nothing/*.csv"') == ["nothing/*.csv"], "a pattern that finds nothing is missing by name"
    (tmp_path / "list [1].csv").write_bytes(b"")
    assert files('"list [1].csv"') == ["list [1].csv"], "a file of that very name is no pattern"
    keys = reload(tmp_path, text.replace('"candidates.csv"', '"registers/*.csv"')).sources
    assert [key for key in keys if key.startswith("c")] == [
        "centres.source",
        "candidates.source[0]",
        "candidates.source[1]",
    ]


def test_what_helps_to_read_a_register_is_a_source_where_it_is_there(tmp_path, text):
    more = '[register]\nvillages = "v.gpkg"\ncorrections = "corrections.csv"\nstandard_rules = false\n'
    project = reload(tmp_path, text + more)
    assert {key for key in project.sources if key.startswith("register")} == {"register.villages"}, "none made yet"
    (tmp_path / "corrections.csv").write_text("id,field,old,new\n", encoding="utf-8")
    assert project.sources["register.corrections"] == tmp_path / "corrections.csv"
    dumped = project.settings.model_dump(mode="json", by_alias=True)
    assert dumped["register"]["standard_rules"] is False


def test_single_files_may_have_a_datum_of_their_own(tmp_path, text):
    own = '\ndatum = "GCJ-02"\n[candidates.datums]\n"官桥*.xlsx" = "CGCS2000"\n"a.csv" = "BD-09"\n'
    section = reload(
        tmp_path, text.replace('source = "candidates.csv"', 'source = "candidates.csv"' + own)
    ).settings.candidates
    assert section is not None
    assert [section.datum_of(Path(name)) for name in ("官桥镇.xlsx", "x/a.csv", "b.csv")] == [
        "CGCS2000",
        "BD-09",
        "GCJ-02",
    ]


def test_eligibility_rules_of_a_project(tmp_path, text):
    more = '[[eligibility]]\nfield = "area_m2"\nbelow = 200\nreason = "太小"\n'
    more += '[[eligibility]]\nfield = "ownership"\nwords = ["未确权"]\nunless = ["正在办理"]\nreason = "未确权"\n'
    small, unclear = (section.rule for section in reload(tmp_path, text + more).settings.eligibility)
    assert (small.excludes(199.0), small.excludes(200.0), small.excludes(float("nan"))) == (True, False, False)
    assert (unclear.excludes("土地未确权"), unclear.excludes("未确权，正在办理")) == (True, False)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('[candidates.synonyms]\nnmae = "楼盘"\n', '"name"'),
        ('[register]\nvilages = "v.gpkg"\n', "villages"),
        ('[[eligibility]]\nfield = "ownersip"\nwords = ["x"]\nreason = "y"\n', '"ownership"'),
        ('[[eligibility]]\nfield = "ownership"\nreason = "y"\n', "words"),
        ('[[eligibility]]\nfield = "ownership"\nwords = ["x"]\nbelow = 3\nreason = "y"\n', "words"),
        ('[[eligibility]]\nfield = "ownership"\nword = ["x"]\nreason = "y"\n', '"words"'),
    ],
)
def test_faults_in_what_is_said_of_registers_name_the_nearest_known(tmp_path, text, more, told):
    fault = fault_of(tmp_path, text + more)
    assert told in str(fault)
    assert fault.message("zh") != str(fault)


@pytest.mark.parametrize("source", ['""', "[]", "3"])
def test_no_source_is_a_fault(tmp_path, text, source):
    fault = fault_of(tmp_path, text.replace('source = "candidates.csv"', f"source = {source}"))
    assert "candidates.source" in str(fault)
