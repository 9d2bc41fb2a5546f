"""Set-up from outside: what make answers, files that must agree, the wheel, a real JupyterLab."""

import importlib.metadata
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
import zipfile
from pathlib import Path

import psutil
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OLDEST = PROJECT["requires-python"].removeprefix(">=")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?:\s+#.*)?$")
HEAVY = {"torch", "transformers", "matplotlib", "ipywidgets", "numpy", "pandas", "IPython"}

# A stand-in for python: it logs its calls, and its `venv` puts a copy of itself into .venv.
SHIM = """#!/bin/sh
echo "$*" >> calls.log
case "$*" in
    *version_info*) echo {version}; exit {too_old} ;;
    *ensurepip*) exit {no_ensurepip} ;;
    '-m venv .venv') mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *'pip install'*) test ! -e no-network ;;
    *jupyterlab*) echo "$PATH" > path.log ;;
esac
"""


def requirements():
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return [Requirement(text) for group in groups for text in group]


def pins():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    found = [PIN.match(line) for line in lines if line and not line.startswith("#")]
    assert all(found), "a line of constraints.txt is neither a comment nor name==version"
    names = [canonicalize_name(pin[1]) for pin in found]
    assert len(names) == len(set(names)), "a package is pinned twice"
    return dict(zip(names, (pin[2] for pin in found), strict=True))


# --- make, with a stand-in for python


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


def test_help_is_the_default_and_names_the_two_commands(house):
    text = house.make().stdout
    assert "make lab" in text
    assert "make test " in text


# --- files that must agree


def test_every_dependency_is_pinned_inside_its_range():
    pinned = pins()
    for requirement in requirements():
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} against {version}"


def test_pins_carry_no_build_suffix_and_no_cuda_package():
    pinned = pins()
    assert pinned["torch"] == "2.13.0"
    assert [v for v in pinned.values() if "+" in v] == []
    assert [n for n in pinned if n.startswith(("nvidia-", "cuda-")) or n == "triton"] == []


def dependency_closure():
    """Every installed package that the course pulls in, by name."""
    waiting, seen = requirements(), set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (name, frozenset(requirement.extras)) in seen:
            continue
        seen.add((name, frozenset(requirement.extras)))
        extras = ["", *requirement.extras]
        for text in importlib.metadata.requires(name) or []:
            inner = Requirement(text)
            if inner.marker is None or any(inner.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(inner)
    return {name for name, _ in seen}


def test_every_package_behind_the_course_is_pinned_as_it_runs_here():
    pinned = pins()
    for name in dependency_closure():
        if name.startswith(("nvidia-", "cuda-")) or name == "triton":
            continue
        running = importlib.metadata.version(name).partition("+")[0]
        assert pinned.get(name) == running, f"{name} {running} runs, {pinned.get(name)} is pinned"
        wanted = importlib.metadata.metadata(name)["Requires-Python"] or ""
        assert SpecifierSet(wanted).contains(OLDEST), f"{name} {running} wants Python {wanted}"


def test_conda_installs_the_same_set_as_make():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    *conda, pip = environment["dependencies"]
    [python] = [entry.partition("=")[2] for entry in conda if entry.startswith("python=")]
    assert set(conda) == {f"python={python}", "pip"}
    assert SpecifierSet(PROJECT["requires-python"]).contains(python)
    assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]
    assert pip == {"pip": ["-c constraints.txt", "-e .[lab,test]"]}
    assert "-c constraints.txt --no-build-isolation -e '.[lab,test]'" in (
        ROOT / "Makefile"
    ).read_text("utf-8")
    assert environment["name"] == PROJECT["urls"]["Repository"].rpartition("/")[2]


# --- what is installed


def test_the_wheel_holds_the_package_and_its_data_and_nothing_else(tmp_path):
    options = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "-w", tmp_path, ROOT], check=True
    )
    [wheel] = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    data = [path for path in (ROOT / "data").rglob("[!.]*") if path.is_file()]
    assert {
        f"course_lib/_data/{path.relative_to(ROOT / 'data').as_posix()}" for path in data
    } <= names
    modules = {p.relative_to(ROOT).as_posix() for p in (ROOT / "course_lib").rglob("*.py")}
    assert modules <= names
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"course_lib", f"course_lib-{PROJECT['version']}.dist-info"}
    assert not any("__pycache__" in name for name in names)


def imports_of(statement):
    """Run `python -X importtime` and return {module: cumulative microseconds}."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", statement],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split("|") for line in run.stderr.splitlines() if "|" in line]
    return {row[2].strip(): int(row[1]) for row in rows[1:]}


def test_importing_course_lib_is_cheap_and_imports_nothing_heavy():
    runs = [imports_of("import course_lib") for _ in range(3)]
    assert {name.partition(".")[0] for name in runs[0]} & HEAVY == set()
    assert min(run["course_lib"] for run in runs) <= 50_000


# --- JupyterLab, for real


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(find, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s for {what}")


@pytest.fixture
def lab(tmp_path):
    """`make lab` as a user starts it: (process, the address that it prints)."""
    stamp = ROOT / ".venv/.ready"
    if not (stamp.is_file() and stamp.read_text("utf-8").splitlines()[0] == str(ROOT)):
        pytest.skip("`make lab` would have to install first; run the tests by `make test`")
    own = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")} | own
    log = tmp_path / "lab.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["make", "lab", f"LAB_ARGS=--no-browser --ServerApp.port={free_port()}"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        pattern = re.compile(r"http://\S+:\d+/lab\S*\?token=\w+")
        address = wait_for(lambda: pattern.search(log.read_text("utf-8")), 60, "the lab's address")
        yield process, address[0]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answer(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, None


def listeners(process):
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    sockets = [one for member in family for one in member.net_connections(kind="inet")]
    return {one.laddr.ip for one in sockets if one.status == psutil.CONN_LISTEN}


def test_make_lab_serves_the_course_on_loopback_to_the_holder_of_the_token(lab):
    process, address = lab
    url = urllib.parse.urlsplit(address)
    assert url.hostname == "127.0.0.1"
    assert url.path == "/lab/tree/notebooks/00_start_here.ipynb"
    contents = f"http://{url.netloc}/api/contents/notebooks"
    assert answer(contents)[0] == 403
    assert answer(f"{contents}?token=guess")[0] == 403
    status, folder = answer(f"{contents}?{url.query}")
    assert status == 200
    assert "00_start_here.ipynb" in [entry["name"] for entry in folder["content"]]
    assert listeners(process) == {"127.0.0.1"}

    os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=20)
    with socket.socket() as knock:
        assert knock.connect_ex(("127.0.0.1", url.port)) != 0
