"""A folder that somebody sent is data: nothing in it is executed, and nothing in it sets how the page is served."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import free_port
from small_project import write_project
from waiting import PATIENCE_S, wait_until
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from planner import ui
from planner.children import environment, python_module
from planner.errors import InputError
from planner.ui.launch import answers, check_port
from planner.ui.serve import _value

MODULES = ("streamlit", "geopandas", "numpy", "numba", "json", "planner", "sitecustomize", "usercustomize")
SETTINGS = (
    '[server]\nenableCORS = false\nenableXsrfProtection = false\nenableStaticServing = true\naddress = "0.0.0.0"\n'
)
ENTRY = "import sys; from planner.cli import main; sys.argv[0] = 'planner'; main()"  # as the installed command starts


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a project with modules that leave a mark when they are imported, and settings of numba and Streamlit."""
    folder = tmp_path_factory.mktemp("sent")
    write_project(folder)
    for name in MODULES:
        (folder / f"{name}.py").write_text(
            f"open({str(folder / 'EXECUTED')!r}, 'a').write('{name}')\n", encoding="utf-8"
        )
    (folder / ".numba_config.yaml").write_text("disable_jit: 1\ncache_dir: elsewhere\n", encoding="utf-8")
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "config.toml").write_text(SETTINGS, encoding="utf-8")
    return folder


def start(folder: Path, *words: object, **more: object) -> subprocess.Popen[str]:
    env = environment(STREAMLIT_SERVER_HEADLESS="true", PYTHONUTF8="1")
    env.pop("PYTHONSAFEPATH")  # the reader's own Python knows nothing of that; -P stands for the installed command
    command = [sys.executable, "-P", "-c", ENTRY, *map(str, words)]
    return subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )


def test_a_batch_executes_nothing_of_the_current_folder(sent: Path, tmp_path: Path) -> None:
    batch = start(sent, "batch", ".", "--out", tmp_path / "results")
    said, _ = batch.communicate(timeout=PATIENCE_S)
    assert batch.returncode == 0, said
    assert not (sent / "EXECUTED").exists()
    assert not (sent / "elsewhere").exists()


def test_python_m_planner_executes_nothing_of_the_current_folder(sent: Path) -> None:
    """What ``-m`` itself looks for is `planner`; all else comes from where it should."""
    hidden = sent / "planner.py"
    hidden.rename(sent / "hidden")
    env = environment()
    env.pop("PYTHONSAFEPATH")
    done = subprocess.run(
        [sys.executable, "-m", "planner", "run", ".", "--out", str(sent.parent / "ran"), "--quiet"],
        cwd=sent, env=env, capture_output=True, encoding="utf-8", timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    (sent / "hidden").rename(hidden)
    assert done.returncode == 0, done.stderr
    assert "geopandas" not in ((sent / "EXECUTED").read_text(encoding="utf-8") if (sent / "EXECUTED").exists() else "")
    (sent / "EXECUTED").unlink(missing_ok=True)


def test_a_child_finds_no_module_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sent_module.py").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for path in ("", os.curdir, f"{tmp_path}{os.pathsep}", f"{os.pathsep}{os.curdir}{os.pathsep}"):
        monkeypatch.setenv("PYTHONPATH", path)
        done = subprocess.run(
            python_module("sent_module"), env=environment(), capture_output=True, text=True, check=False
        )
        assert "No module named sent_module" in done.stderr
        ours = [sys.executable, "-P", "-c", "import planner; print(planner.__file__)"]
        done = subprocess.run(ours, env=environment(), capture_output=True, text=True, check=True)
        assert Path(done.stdout.strip()).parent == Path(ui.__file__).parents[1]


@pytest.fixture(scope="module")
def served(sent: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Serve the project that was sent, from its own folder."""
    port = free_port()
    app = start(sent, "app", ".", "--port", port)
    assert answers(f"http://localhost:{port}", app, PATIENCE_S)
    yield port, app
    app.terminate()
    app.communicate(timeout=PATIENCE_S)


def get(port: int, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    request = urllib.request.Request(f"http://localhost:{port}{path}", headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=PATIENCE_S) as answer:
            return answer.status, {key.lower(): value for key, value in answer.headers.items()}
    except urllib.error.HTTPError as fault:
        return fault.code, {key.lower(): value for key, value in fault.headers.items()}


def test_the_page_is_served_by_our_settings_and_executes_nothing(sent: Path, served) -> None:
    port, _ = served
    status, headers = get(port, "/")
    assert status == 200
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["content-security-policy"] == "frame-ancestors 'self'"
    assert get(port, "/_stcore/metrics")[0] == 404
    assert get(port, "/_stcore/metrics/")[0] in (404, 405)
    assert get(port, "/app/static/x")[0] in (200, 404)
    assert not (sent / "EXECUTED").exists()


@pytest.mark.parametrize(
    "origin", ["http://outside.invalid", "http://localhost:9", "null", "http://127.0.0.1", "http://["]
)
def test_no_page_of_another_origin_drives_the_app(served, origin: str) -> None:
    port, _ = served
    words = {"origin": origin, "subprotocols": ["streamlit"], "proxy": None}
    address = f"ws://localhost:{port}/_stcore/stream"
    with pytest.raises((OSError, WebSocketException)), connect(address, **words) as socket:
        socket.recv(timeout=PATIENCE_S)
    assert get(port, "/_stcore/health", Origin=origin)[0] == 403


def test_the_app_s_own_page_opens_its_socket(served) -> None:
    port, _ = served
    own = f"http://localhost:{port}"
    with connect(f"ws://localhost:{port}/_stcore/stream", origin=own, subprotocols=["streamlit"], proxy=None):  # type: ignore[arg-type,list-item]
        pass
    assert get(port, "/_stcore/health", Origin=own)[0] == 200


@pytest.mark.parametrize("host", ["outside.invalid", "outside.invalid:80", "localhost.outside.invalid", "[", ""])
def test_a_name_that_somebody_points_at_this_machine_is_none_of_ours(served, host: str) -> None:
    assert get(served[0], "/", Host=host)[0] in (400, 403)


def test_a_port_that_is_taken_says_so(sent: Path, served) -> None:
    port, _ = served
    with pytest.raises(InputError) as caught:
        check_port(port)
    assert caught.value.code == "ui.port_taken"
    second = start(sent, "app", ".", "--port", port)
    said, _ = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 1 and str(port) in said and "http://" not in said and "Traceback" not in said


@pytest.mark.parametrize("port", [80000, 0, -1, 65536])
def test_a_port_that_there_is_not_is_a_sentence(port: int) -> None:
    with pytest.raises(InputError) as caught:
        check_port(port)
    for language in ("zh", "en"):
        assert str(port) in caught.value.message(language)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def below(process: int) -> list[int]:
    """Return the processes that a process started, and those that these did."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process:
            found += [int(status.parent.name), *below(int(status.parent.name))]
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed in /proc")
@pytest.mark.parametrize("end", ["SIGTERM", "SIGHUP", "SIGKILL"])
def test_the_server_and_its_children_end_with_the_command(tmp_path: Path, end: str) -> None:
    write_project(tmp_path)
    port = free_port()
    app = start(tmp_path, "app", ".", "--port", port)
    assert answers(f"http://localhost:{port}", app, PATIENCE_S)
    wait_until(lambda: len(below(app.pid)) >= 2, "the server's worker")
    children = below(app.pid)
    app.send_signal(getattr(signal, end))
    app.wait(PATIENCE_S)
    wait_until(lambda: not any(map(alive, children)), "the end of the children")
    app.communicate()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed in /proc")
@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL"])
def test_the_runs_of_a_batch_end_with_it(tmp_path: Path, end: str) -> None:
    for name in ("a", "b"):
        write_project(tmp_path / name)
    batch = start(tmp_path, "batch", "a", "b", "--out", "results", "--workers", "2")
    wait_until(lambda: len(below(batch.pid)) == 2 or batch.poll() is not None, "the runs")
    children = below(batch.pid)
    batch.send_signal(getattr(signal, end))
    batch.wait(PATIENCE_S)
    wait_until(lambda: not any(map(alive, children)), "the end of the runs")
    assert not (tmp_path / "results" / "batch.csv").exists()
    batch.communicate()


def test_options_of_the_server_have_their_types() -> None:
    assert [_value(text) for text in ("true", "false", "200", "none")] == [True, False, 200, "none"]
