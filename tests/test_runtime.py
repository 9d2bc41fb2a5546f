"""course_lib.runtime: folders, device, seeds and the report, in a clone and without one."""

import random
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib import runtime

ROOT = Path(__file__).resolve().parents[1]
PLACES = ("COLAB_RELEASE_TAG", "BINDER_SERVICE_HOST")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The package as pip installs it: a folder with no pyproject.toml beside it."""
    package = tmp_path / "site-packages" / "course_lib"
    package.mkdir(parents=True)
    monkeypatch.setattr(runtime, "PACKAGE", package)
    return package


@pytest.fixture
def plain_python(monkeypatch):
    for name in PLACES:
        monkeypatch.delenv(name, raising=False)
    for name in ("google.colab", "ipykernel"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_in_a_clone_the_checkout_is_the_folder_of_this_test():
    assert runtime.checkout() == ROOT
    assert runtime.data_dir() == ROOT / "data"


def test_an_installed_package_has_no_checkout(installed):
    assert runtime.checkout() is None


def test_a_foreign_pyproject_beside_the_package_does_not_make_a_checkout(installed):
    (installed.parent / "pyproject.toml").touch()
    assert runtime.checkout() is None


def test_an_installed_package_finds_its_data_inside_itself(installed):
    (installed / "_data").mkdir()
    assert runtime.data_dir() == installed / "_data"


def test_missing_data_is_said_with_the_place_and_the_cure(installed):
    with pytest.raises(FileNotFoundError, match=r"_data.*Install the course again"):
        runtime.data_dir()


def test_the_state_folder_is_the_named_one(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_STATE_DIR", str(tmp_path / "mine"))
    assert runtime.state_dir() == tmp_path / "mine"
    assert not runtime.state_dir().exists()


def test_a_tilde_in_the_named_state_folder_is_the_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("COURSE_STATE_DIR", "~/mine")
    assert runtime.state_dir() == tmp_path / "mine"


@pytest.mark.parametrize("named", ["", None])
def test_without_a_name_the_state_folder_is_in_the_clone(monkeypatch, named):
    monkeypatch.delenv("COURSE_STATE_DIR")
    if named is not None:
        monkeypatch.setenv("COURSE_STATE_DIR", named)
    assert runtime.state_dir() == ROOT / ".course"


def test_without_a_clone_the_state_folder_is_in_the_home(monkeypatch, installed, tmp_path):
    monkeypatch.delenv("COURSE_STATE_DIR")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert runtime.state_dir() == tmp_path / ".course"


def test_the_cache_folder_is_the_named_one(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cached"))
    assert runtime.cache_dir() == tmp_path / "cached"
    assert not runtime.cache_dir().exists()


def test_a_tilde_in_the_named_cache_folder_is_the_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("COURSE_CACHE_DIR", "~/cached")
    assert runtime.cache_dir() == tmp_path / "cached"


@pytest.mark.parametrize("named", ["", None])
def test_without_a_name_the_cache_folder_is_in_the_state_folder(monkeypatch, tmp_path, named):
    monkeypatch.setenv("COURSE_STATE_DIR", str(tmp_path / "mine"))
    monkeypatch.delenv("COURSE_CACHE_DIR", raising=False)
    if named is not None:
        monkeypatch.setenv("COURSE_CACHE_DIR", named)
    assert runtime.cache_dir() == tmp_path / "mine" / "cache"


@pytest.mark.parametrize(
    ("variables", "loaded", "place"),
    [
        ((), (), "Python"),
        ((), ("ipykernel",), "Jupyter"),
        (("BINDER_SERVICE_HOST",), ("ipykernel",), "Binder"),
        (("COLAB_RELEASE_TAG",), ("ipykernel",), "Colab"),
        ((), ("google.colab", "ipykernel"), "Colab"),
    ],
)
def test_the_place_is_recognised(monkeypatch, plain_python, variables, loaded, place):
    for name in variables:
        monkeypatch.setenv(name, "1")
    for name in loaded:
        monkeypatch.setitem(sys.modules, name, object())
    assert runtime.place() == place


@pytest.mark.parametrize(
    ("cuda", "mps", "device"),
    [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_the_fastest_device_is_chosen(monkeypatch, cuda, mps, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert runtime.device() == device


@pytest.mark.parametrize(
    "draw",
    [random.random, lambda: np.random.rand(), lambda: torch.rand(()).item()],
    ids=["random", "numpy", "torch"],
)
def test_a_seed_fixes_what_is_drawn_and_another_seed_changes_it(draw):
    drawn = []
    for seed in (1, 1, 2):
        runtime.seed_everything(seed)
        drawn.append(draw())
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_report_names_versions_place_device_and_threads(monkeypatch, plain_python, capsys):
    monkeypatch.setattr(runtime, "REPORTED", ("torch", "no-such-package"))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    monkeypatch.setattr(runtime, "device", lambda: "mps")
    runtime.report()
    first, second, third = capsys.readouterr().out.splitlines()
    python = ".".join(map(str, sys.version_info[:3]))
    assert re.match(rf"course_lib \d+\.\d+\.\d+ · Python {re.escape(python)}\S* · \S", first)
    assert second == f"torch {torch.__version__} · no-such-package missing"
    assert third == "Python · device mps · 1 thread"


def test_several_threads_are_in_the_plural(monkeypatch, capsys):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    runtime.report()
    assert capsys.readouterr().out.endswith("· 2 threads\n")


def test_imported_ipykernel_without_a_kernel_makes_the_bar_a_line_and_no_shell(capsys):
    import ipykernel  # noqa: F401
    from IPython.core.interactiveshell import InteractiveShell

    assert list(runtime.progress_bar(range(3), 3, "counting")) == [0, 1, 2]
    shown = capsys.readouterr()
    assert shown.out == "" and "counting" in shown.err
    assert not InteractiveShell.initialized()
