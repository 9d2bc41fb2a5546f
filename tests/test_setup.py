"""Set-up files that must agree, the wheel that they make, and what importing it costs."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OLDEST = PROJECT["requires-python"].removeprefix(">=")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?:\s+#.*)?$")
HEAVY = {"torch", "transformers", "matplotlib", "ipywidgets", "numpy", "pandas", "IPython"}


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


def test_the_ranges_admit_what_colab_has():
    lines = (ROOT / "tests/colab/requirements.txt").read_text("utf-8").splitlines()
    colab = {
        canonicalize_name(line.split("==")[0]): line.split("==")[1]
        for line in lines
        if "==" in line
    }
    for requirement in map(Requirement, PROJECT["dependencies"]):
        if requirement.name != "torchinfo":
            assert requirement.specifier.contains(colab[canonicalize_name(requirement.name)])


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
