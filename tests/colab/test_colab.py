"""Notebooks as Colab runs them: its versions, an empty folder, the course not yet installed."""

import json
import subprocess
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from tests.colab import clean

NOTEBOOKS = (
    "01_module_and_parameter",
    "02_dataset_and_dataloader",
    "03_custom_model",
    "04_loss_and_metric",
    "05_training_loop",
    "06_inference_loop",
    "07_checkpoints",
    "08_pretraining",
    "09_transfer_learning",
    "10_monitoring",
    "11_trainer_versus_loop",
    "12_debugging_clinic",
)
PROJECT = tomllib.loads((clean.ROOT / "pyproject.toml").read_text("utf-8"))["project"]

# Where things came from, and the set-up cell once more, with no way to install anything.
PROBE = """\
import json as _json, subprocess as _subprocess, sys as _sys
import course_lib as _course_lib
from course_lib import runtime as _runtime

def _refuse(*arguments, **options):
    raise AssertionError(f"set-up installed again: {arguments}")

_subprocess.run = _subprocess.Popen = _refuse
exec(SETUP_CELL)
print(_json.dumps({
    "python": _sys.executable,
    "package": _course_lib.__file__,
    "data": str(_runtime.data_dir()),
    "place": _runtime.place(),
}))
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture
def python():
    """The clean environment's interpreter; what a notebook installs is taken out again."""
    interpreter = clean.environment()
    clean.restore(interpreter)
    yield interpreter
    clean.restore(interpreter)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The address of a git repository with the working tree, tagged as the set-up cell expects."""
    return clean.publish(tmp_path_factory.mktemp("published"), f"v{PROJECT['version']}")


@pytest.fixture(scope="module")
def ready(published, tmp_path_factory):
    """The same, with the course as the set-up cell of a first notebook has installed it."""
    interpreter, folder = clean.environment(), tmp_path_factory.mktemp("first")
    clean.restore(interpreter)
    notebook = shipped(NOTEBOOKS[0])
    run(interpreter, nbformat.from_dict({**notebook, "cells": set_up(notebook)}), folder, published)
    yield interpreter
    clean.restore(interpreter)


def shipped(name):
    return nbformat.read(clean.ROOT / f"notebooks/{name}.ipynb", as_version=4)


def set_up(notebook):
    """Its first code cell, in a list."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"][:1]


def run(python, notebook, folder, published):
    """The notebook as it stands when Colab has run it, in an empty folder."""
    given, result, empty = folder / "given.ipynb", folder / "result.ipynb", folder / "content"
    empty.mkdir()
    nbformat.write(notebook, given)
    ended = subprocess.run(
        [python, "-I", clean.EXECUTE, given, empty, result],
        cwd=empty,
        env=clean.surroundings(folder, PROJECT["urls"]["Repository"], published),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    done = nbformat.read(result, as_version=4)
    assert unexpected_errors(done) == []
    return done


def with_probe(notebook):
    """The notebook as it is, and one cell behind it."""
    probe = PROBE.replace("SETUP_CELL", repr(set_up(notebook)[0].source))
    return nbformat.from_dict({**notebook, "cells": [*notebook.cells, new_code_cell(probe)]})


def unexpected_errors(notebook):
    return [
        output.evalue
        for cell in notebook.cells
        if cell.cell_type == "code" and "raises-exception" not in cell.metadata.get("tags", [])
        for output in cell.outputs
        if output.output_type == "error"
    ]


def test_the_first_notebook_installs_the_course_and_runs_from_an_empty_folder(
    python, published, tmp_path
):
    before = clean.installed(python)
    assert "course-lib" not in before
    assert before.keys() - {"pip"} == clean.pinned().keys()
    done = run(python, with_probe(shipped(NOTEBOOKS[0])), tmp_path, published)

    found = json.loads(done.cells[-1].outputs[-1].text.splitlines()[-1])
    site = (python.parents[1] / "lib").resolve()
    assert Path(found["python"]) == python
    assert Path(found["package"]).resolve().is_relative_to(site)
    assert Path(found["data"]).resolve().is_relative_to(site)
    assert found["place"] == "Colab"
    ours = {path.name for path in (clean.ROOT / "data").iterdir()}
    assert ours <= {path.name for path in Path(found["data"]).iterdir()}

    after = clean.installed(python)
    assert set(after) - set(before) == {"course-lib", "torchinfo"}
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("name", NOTEBOOKS[1:])
def test_a_notebook_runs_in_colab_where_the_course_is_installed(name, ready, published, tmp_path):
    assert "course-lib" in clean.installed(ready)
    done = run(ready, shipped(name), tmp_path, published)
    assert sum(cell.cell_type == "code" for cell in done.cells) > 5
