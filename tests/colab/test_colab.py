"""Notebooks as Colab runs them: its versions, an empty folder, the course not yet installed."""

import json
import subprocess
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from course_lib import exercises
from tests.colab import clean
from tests.notebooks import solve, tool

NOTEBOOKS = [path.stem for path in tool.chosen(())]
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

# Every control is moved and every button pressed, at the kernel's end of the widgets.
WIDGETS = """\
import json as _json
import ipywidgets as _widgets
from IPython import get_ipython as _get_ipython
from course_lib.explore._explorer import Explorer as _Explorer
import gc as _gc


def _others(control):
    if isinstance(control, _widgets.IntSlider):
        return [end for end in (control.min, control.max) if end != control.value]
    if isinstance(control, _widgets.Dropdown):
        return [option for option in control.options if option != control.value]
    if isinstance(control, _widgets.Checkbox):
        return [not control.value]
    return [control.value + " again"]

_explorers, _moved, _still = set(), 0, []
# Not isinstance, which asks a weak reference to what is gone.
for _explorer in [thing for thing in _gc.get_objects() if issubclass(type(thing), _Explorer)]:
    if _explorer._widget is None:
        continue
    _explorers.add(_explorer.name)
    *_controls, _picture, _caption = _explorer._widget.children
    for _control in _controls:
        _before, _was, _shown = (_picture.value, _caption.value), _control.value, []
        for _value in _others(_control):
            _control.value = _value
            _shown.append((_picture.value, _caption.value))
        _moved += 1
        _failed = any("cannot be drawn" in caption for _, caption in _shown)
        if _failed or all(shown == _before for shown in _shown):
            _still.append([_explorer.name, _control.description, _caption.value])
        _control.value = _was
_silent, _pressed = [], 0
for _box in [w for w in list(_widgets.Widget.widgets.values()) if isinstance(w, _widgets.VBox)]:
    if len(_box.children) == 3 and isinstance(_box.children[1], _widgets.HBox):
        for _button in _box.children[1].children:
            _before = _box.children[2].value
            _button.click()
            _pressed += 1
            if _box.children[2].value == _before:
                _silent.append([_button.description, _before[:80]])
print(_json.dumps({
    "version": _widgets.__version__,
    "explorers": sorted(_explorers), "moved": _moved, "still": _still,
    "pressed": _pressed, "silent": _silent,
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


def followed_by(notebook, source):
    """The notebook as it is, and one cell behind it."""
    return nbformat.from_dict({**notebook, "cells": [*notebook.cells, new_code_cell(source)]})


def printed(notebook):
    """What the last cell printed last, from JSON."""
    return json.loads(notebook.cells[-1].outputs[-1].text.splitlines()[-1])


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
    first = shipped(NOTEBOOKS[0])
    probe = PROBE.replace("SETUP_CELL", repr(set_up(first)[0].source))
    found = printed(run(python, followed_by(first, probe), tmp_path, published))
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


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_in_colab_and_its_controls_and_buttons_answer(
    name, ready, published, tmp_path
):
    notebook = shipped(name)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    found = printed(run(ready, followed_by(notebook, WIDGETS), tmp_path, published))
    assert found["version"].startswith("7.7.")
    assert found["explorers"], "the notebook has no live explorer"
    assert found["still"] == []
    assert found["silent"] == []
    checks = sum("exercise.check(" in source for source in code)
    assert found["moved"] >= 1
    assert found["pressed"] >= 2 * checks  # a hint and the solution


def test_progress_outlives_a_session_in_a_folder_of_the_learners_own(ready, published, tmp_path):
    drive = tmp_path / "drive"
    keep = f"import os\nos.environ['COURSE_STATE_DIR'] = {str(drive)!r}"
    first = shipped(NOTEBOOKS[0])
    solved = solve.filled(first, exercises.solution_source)
    for part, cells in (("one", solved.cells), ("two", [*first.cells[:4], *first.cells[-3:]])):
        session = nbformat.from_dict({**first, "cells": [new_code_cell(keep), *cells]})
        folder = tmp_path / part
        folder.mkdir()
        done = run(ready, session, folder, published)
        boards = [
            output.data["text/plain"]
            for cell in done.cells
            if "progress.board(" in cell.source
            for output in cell.outputs
        ]
        assert len(boards) == 1
        assert "00 · 2 of 2 exercises solved" in boards[0], part
