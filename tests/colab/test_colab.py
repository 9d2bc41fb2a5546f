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


def with_probe(notebook):
    """The notebook as it is, and one cell behind it."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    probe = PROBE.replace("SETUP_CELL", repr(code[0].source))
    return nbformat.from_dict({**notebook, "cells": [*notebook.cells, new_code_cell(probe)]})


def unexpected_errors(notebook):
    return [
        output.evalue
        for cell in notebook.cells
        if cell.cell_type == "code" and "raises-exception" not in cell.metadata.get("tags", [])
        for output in cell.outputs
        if output.output_type == "error"
    ]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_in_colab_from_an_empty_folder(name, python, tmp_path):
    before = clean.installed(python)
    assert "course-lib" not in before
    assert before.keys() - {"pip"} == clean.pinned().keys()
    notebook = nbformat.read(clean.ROOT / f"notebooks/{name}.ipynb", as_version=4)
    given, result, empty = tmp_path / "given.ipynb", tmp_path / "result.ipynb", tmp_path / "content"
    empty.mkdir()
    nbformat.write(with_probe(notebook), given)

    local = clean.publish(tmp_path, f"v{PROJECT['version']}")
    run = subprocess.run(
        [python, "-I", clean.EXECUTE, given, empty, result],
        cwd=empty,
        env=clean.surroundings(tmp_path, PROJECT["urls"]["Repository"], local),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    done = nbformat.read(result, as_version=4)
    assert unexpected_errors(done) == []

    found = json.loads(done.cells[-1].outputs[-1].text.splitlines()[-1])
    site = (python.parents[1] / "lib").resolve()
    assert Path(found["python"]) == python
    assert Path(found["package"]).resolve().is_relative_to(site)
    assert Path(found["data"]).resolve().is_relative_to(site)
    assert found["place"] == "Colab"
    shipped = {path.name for path in (clean.ROOT / "data").iterdir()}
    assert shipped <= {path.name for path in Path(found["data"]).iterdir()}

    after = clean.installed(python)
    assert set(after) - set(before) == {"course-lib", "torchinfo"}
    assert {name: after[name] for name in before} == before
