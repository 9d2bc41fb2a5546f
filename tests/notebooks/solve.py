"""A notebook as a learner leaves it who solved everything: every stub replaced by its solution."""

import copy
from collections.abc import Callable
from pathlib import Path

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell

from tests.notebooks import tool
from tests.notebooks.page import Place, calls, first_text, predictions
from tests.notebooks.rules.lessons import attempt

CARD = "Exercise "
# Runs before a notebook imports predict: keeps each first answer, and what is another one later.
RECORDER = """\
import importlib as _importlib

_module = _importlib.import_module("course_lib.predict")
_predict, _answers, _others = _module.predict, {}, {}


def _recorded(name, *arguments, **named):
    answer = _module._plain(named["actual"])
    if not _module._agree(_answers.setdefault(name, answer), answer):
        _others[name] = (_answers[name], answer)
    return _predict(name, *arguments, **named)


_module.predict = _recorded"""
REPORT = "print('answers that changed:', _others)"


def fill(source: str, solution_of: Callable[[str], str]) -> str:
    """A stub cell's source with what it makes for `exercise.check` replaced; others as they are.

    Raises:
        ValueError: the cell checks a name that it does not make.
    """
    place = Place(0, NotebookNode(cell_type="code", source=source))
    ids = [first_text(call) for call in calls(place, "exercise.check")]
    if not ids:
        return source
    made = attempt(place)
    if made is None:
        raise ValueError(
            f"exercise {ids[0]}: the cell should make the name that it checks, by `def`, `class` "
            f"or `name = …`, before its last line. It is:\n{source}"
        )
    lines = source.splitlines()
    start = min([made.lineno, *(d.lineno for d in getattr(made, "decorator_list", []))]) - 1
    lines[start : made.end_lineno] = solution_of(ids[0]).strip().splitlines()
    return "\n".join(lines)


def filled(notebook: NotebookNode, solution_of: Callable[[str], str]) -> NotebookNode:
    """A copy with every stub solved, one that is wrong on purpose too."""
    notebook = copy.deepcopy(notebook)
    for place in code_places(notebook):
        place.cell.source = fill(place.cell.source, solution_of)
    return notebook


def code_places(notebook: NotebookNode) -> list[Place]:
    return [Place(n, cell) for n, cell in enumerate(notebook.cells) if cell.cell_type == "code"]


def expected(notebook: NotebookNode) -> list[str]:
    """`01.2 solved` for every check of a solved notebook, in order."""
    return [
        f"{first_text(call)} solved"
        for place in code_places(notebook)
        for call in calls(place, "exercise.check")
    ]


def shown(notebook: NotebookNode) -> list[str]:
    """`01.2 solved` for every exercise card among the outputs, `Exercise 01.2 · title · solved`."""
    texts = [
        output.get("data", {}).get("text/plain", "")
        for place in code_places(notebook)
        for output in place.cell.outputs
    ]
    titles = [text.splitlines()[0].split(" · ") for text in texts if text.startswith(CARD)]
    return [f"{title[0].removeprefix(CARD)} {title[-1]}" for title in titles]


def again_and_again(notebook: NotebookNode) -> NotebookNode:
    """A copy that runs each cell twice in a row, then goes back, then runs all once more.

    It goes back to the cells of all predictions, the last one first, as a learner does who runs
    all and then writes guesses. The last cell prints which answers have changed.
    """
    places = code_places(notebook)
    twice = [cell for cell in notebook.cells for _ in range(2)]
    twice.insert(2 * places[0].index + 1, new_code_cell(RECORDER))
    late = [place.cell for place in reversed(places) if any(predictions(place))]
    once_more = [*notebook.cells, new_code_cell(REPORT)]
    return from_dict({**notebook, "cells": twice + late + once_more})


def run_solved(
    notebook: NotebookNode, folder: Path, solution_of: Callable[[str], str]
) -> NotebookNode:
    """A notebook solved, as it ran.

    Raises:
        RuntimeError: a cell failed.
    """
    return tool.run(filled(notebook, solution_of), folder)[0]
