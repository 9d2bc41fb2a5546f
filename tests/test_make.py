"""`make` from outside: what it installs and when, what it says, and the JupyterLab it starts."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OLDEST = PROJECT["requires-python"].removeprefix(">=")

# A stand-in for python: it logs its calls, and its `venv` puts a copy of itself into .venv.
SHIM = """#!/bin/sh
echo "$*" >> calls.log
case "$*" in
    *version_info*) echo {version}; exit {too_old} ;;
    *ensurepip*) exit {no_ensurepip} ;;
    '-m venv .venv') mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *'pip install'*) test ! -e no-network ;;
    *jupyterlab*) echo "$PATH" > path.log ;;
    *--nbval*) test ! -e notebooks-fail ;;
    *'-m pytest'*) echo "$COURSE_STATE_DIR" > state.log
        test -d "$COURSE_STATE_DIR" && test ! -e library-fails ;;
esac
"""


class House:
    """A copy of what make reads, in a folder whose name has a space."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, folder)

    def python(self, version="3.12", too_old=0, no_ensurepip=0):
        self.script(
            "bin/python3", SHIM.format(version=version, too_old=too_old, no_ensurepip=no_ensurepip)
        )

    def script(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def make(self, *arguments, **environment):
        keep = {
            k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "PYTHON")
        }
        path = f"{self.folder / 'bin'}{os.pathsep}{keep['PATH']}"
        (self.folder / "calls.log").write_text("")
        return subprocess.run(
            ["make", *arguments],
            cwd=self.folder,
            env={**keep, "PATH": path, **environment},
            capture_output=True,
            text=True,
        )

    @property
    def calls(self):
        return (self.folder / "calls.log").read_text().splitlines()


@pytest.fixture
def house(tmp_path):
    return House(tmp_path / "my course")


def the_sentence(run):
    """The one line in which set-up says what is wrong."""
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    lines = [line for line in run.stderr.splitlines() if not line.startswith("make:")]
    assert len(lines) == 1, run.stderr
    return lines[0]


def test_a_python_that_is_too_old_gets_one_sentence(house):
    house.python(version="3.8", too_old=1)
    sentence = the_sentence(house.make("lab"))
    for part in ("python3 is Python 3.8", "3.11 or newer", "make lab PYTHON=python3.12"):
        assert part in sentence
    assert not (house.folder / ".venv").exists()


def test_a_python_without_ensurepip_gets_one_sentence(house):
    house.python(version="3.12", no_ensurepip=1)
    sentence = the_sentence(house.make("test"))
    for part in ("Python 3.12 without", "ensurepip", "apt install python3.12-venv"):
        assert part in sentence


@pytest.mark.parametrize("name", ["python3.99", "/no such place/python3"])
def test_a_missing_python_gets_one_sentence(house, name):
    sentence = the_sentence(house.make("lab", f"PYTHON={name}"))
    for part in (f"no working Python called {name}", "3.11 or newer", "make lab PYTHON=python3.12"):
        assert part in sentence


def test_make_asks_for_the_python_that_pyproject_asks_for(house):
    house.python(version="3.8", too_old=1)
    assert f"needs {OLDEST} or newer" in the_sentence(house.make("lab"))
    assert f"< ({OLDEST.replace('.', ', ')})" in (ROOT / "Makefile").read_text("utf-8")


def test_the_first_make_installs_the_pinned_set_and_the_second_nothing(house):
    house.python()
    first = house.make("env")
    assert first.returncode == 0, first.stderr
    assert "minutes, this once" in first.stdout
    installs = [call for call in house.calls if "pip install" in call]
    assert all("-c constraints.txt" in call for call in installs)
    assert installs[-1].endswith("-e .[lab,test]")

    second = house.make("env")
    assert (second.returncode, second.stdout) == (0, "")
    assert [call for call in house.calls if call.startswith("-m")] == []


@pytest.mark.parametrize("changed", ["constraints.txt", "pyproject.toml"])
def test_changed_requirements_are_installed_without_a_new_environment(house, changed):
    house.python()
    house.make("env")
    with (house.folder / changed).open("a") as file:
        file.write("\n# changed\n")
    assert "requirements changed" in house.make("env").stdout
    assert "-m venv .venv" not in house.calls
    assert any("pip install" in call for call in house.calls)


def without_the_stamp(house):
    (house.folder / ".venv/.ready").unlink()


def without_an_interpreter(house):
    (house.folder / ".venv/bin/python").unlink()


def in_another_folder(house):
    house.folder = house.folder.rename(house.folder.with_name("moved course"))


@pytest.mark.parametrize("damage", [without_the_stamp, without_an_interpreter, in_another_folder])
def test_a_half_made_broken_or_moved_environment_is_made_anew(house, damage):
    house.python()
    house.make("env")
    (house.folder / ".venv/left-over").touch()
    damage(house)
    again = house.make("env")
    assert again.returncode == 0
    assert "half-made, broken or was moved" in again.stdout
    assert not (house.folder / ".venv/left-over").exists()
    assert house.make("env").stdout == ""


def test_a_failed_download_is_said_and_the_next_make_starts_over(house):
    house.python()
    (house.folder / "no-network").touch()
    assert "pip could not install" in the_sentence(house.make("lab"))
    (house.folder / "no-network").unlink()
    assert house.make("env").returncode == 0


@pytest.mark.parametrize(("uid", "allowed"), [(0, True), (1000, False)])
def test_lab_opens_notebook_00_on_loopback_and_allows_root_only_to_root(house, uid, allowed):
    house.python()
    house.script("bin/id", f"#!/bin/sh\necho {uid}\n")
    run = house.make("lab", "LAB_ARGS=--ServerApp.port=9999")
    assert run.returncode == 0, run.stderr
    call = house.calls[-1].split()
    assert call[:2] == ["-m", "jupyterlab"]
    assert "--ServerApp.ip=127.0.0.1" in call
    assert "--ServerApp.root_dir=." in call
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in call
    assert ("--allow-root" in call) == allowed
    assert call[-1] == "--ServerApp.port=9999"
    assert not re.search("token|password|disable_check_xsrf|allow_origin", house.calls[-1])
    first = (house.folder / "path.log").read_text().split(os.pathsep)[0]
    assert Path(first) == (house.folder / ".venv/bin").resolve()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS always has a browser to open")
@pytest.mark.parametrize(("display", "opens"), [("", False), (":0", True)])
def test_lab_opens_a_browser_only_where_there_is_a_screen(house, display, opens):
    house.python()
    screen = {"DISPLAY": display, "WAYLAND_DISPLAY": "", "BROWSER": ""}
    assert house.make("lab", **screen).returncode == 0
    assert ("--no-browser" in house.calls[-1]) != opens


@pytest.mark.parametrize("failing", [None, "library-fails", "notebooks-fail"])
def test_make_test_runs_both_parts_in_a_fresh_state_folder_and_fails_if_either_does(house, failing):
    house.python()
    if failing:
        (house.folder / failing).touch()
    run = house.make("test")
    assert (run.returncode == 0) == (failing is None)
    library, notebooks = [call for call in house.calls if "-m pytest" in call]
    assert "-m not slow" in library
    assert notebooks.endswith("--nbval-sanitize-with tests/notebooks/sanitize.cfg notebooks")
    assert not Path((house.folder / "state.log").read_text().strip()).exists()


def test_help_is_the_default_and_names_the_two_commands(house):
    text = house.make().stdout
    assert "make lab" in text
    assert "make test " in text


# --- JupyterLab, for real


class Lab:
    """`make lab` as a user starts it, at a terminal; what it prints is in a file."""

    def __init__(self, folder):
        own = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
        env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")} | own
        self.log = folder / "lab.log"
        self.keyboard, terminal = os.openpty()
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                ["make", "lab", "LAB_ARGS=--no-browser --ServerApp.port=0"],
                cwd=ROOT,
                env=env,
                stdin=terminal,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        os.close(terminal)

    def wait_for_address(self):
        self.url = urllib.parse.urlsplit(self.wait_for(r"http://\S+:\d+/lab\S*\?token=\w+"))

    def wait_for(self, pattern):
        found = wait(
            lambda: re.search(pattern, self.log.read_text("utf-8")), f"{pattern} in the log"
        )
        return found[0]

    def listens_on(self):
        family = psutil.Process(self.process.pid)
        members = [family, *family.children(recursive=True)]
        sockets = [one for member in members for one in member.net_connections(kind="inet")]
        return {one.laddr.ip for one in sockets if one.status == psutil.CONN_LISTEN}

    def refuses(self):
        with socket.socket() as knock:
            return knock.connect_ex((self.url.hostname, self.url.port)) != 0

    def control_c(self):
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.keyboard)


def wait(find, what, seconds=90):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s for {what}")


@pytest.fixture
def lab(tmp_path):
    stamp = ROOT / ".venv/.ready"
    if not (stamp.is_file() and stamp.read_text("utf-8").splitlines()[0] == str(ROOT)):
        pytest.skip("`make lab` would have to install first; run the tests by `make test`")
    running = Lab(tmp_path)
    try:
        running.wait_for_address()
        yield running
    finally:
        running.end()


def answer(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, None


def test_make_lab_serves_the_course_on_loopback_to_the_holder_of_the_token(lab):
    assert lab.url.hostname == "127.0.0.1"
    assert lab.url.path == "/lab/tree/notebooks/00_start_here.ipynb"
    assert lab.listens_on() == {"127.0.0.1"}

    contents = f"http://{lab.url.netloc}/api/contents/notebooks"
    assert answer(contents)[0] == 403
    assert answer(f"{contents}?token=guess")[0] == 403
    status, folder = answer(f"{contents}?{lab.url.query}")
    assert status == 200
    assert "00_start_here.ipynb" in [entry["name"] for entry in folder["content"]]

    lab.control_c()
    lab.wait_for(r"Shut down this Jupyter server")
    lab.control_c()
    lab.process.wait(timeout=90)
    wait(lab.refuses, "the server's end")
