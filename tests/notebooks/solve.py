"""A notebook as a learner leaves it who solved everything: every stub replaced by its solution."""

import copy
from collections.abc import Callable
from pathlib import Path

from nbformat import NotebookNode

from tests.notebooks import tool
from tests.notebooks.page import Place, calls, first_text
from tests.notebooks.rules.lessons import attempt

CARD = "Exercise "
SOLVED = " · solved"


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
            f"exercise {ids[0]}: the cell should make the name that it checks, by `def`, `class` or "
            f"`name = …`, before its last line. It is:\n{source}"
        )
    lines = source.splitlines()
    start = min([made.lineno, *(d.lineno for d in getattr(made, "decorator_list", []))]) - 1
    lines[start : made.end_lineno] = solution_of(ids[0]).strip().splitlines()
    return "\n".join(lines)


def filled(notebook: NotebookNode, solution_of: Callable[[str], str]) -> NotebookNode:
    """A copy with every stub solved."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = fill(cell.source, solution_of)
    return notebook


def checked_ids(notebook: NotebookNode) -> list[str]:
    """The exercises that a notebook checks, in order."""
    places = [Place(index, cell) for index, cell in enumerate(notebook.cells)]
    return [first_text(call) for place in places for call in calls(place, "exercise.check")]


def cards(notebook: NotebookNode) -> list[str]:
    """The first line of every exercise card among the outputs."""
    shown = [
        output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ]
    return [text.splitlines()[0] for text in shown if text.startswith(CARD)]


def unsolved(notebook: NotebookNode, folder: Path, solution_of: Callable[[str], str]) -> list[str]:
    """Run a notebook solved; what its exercise cards say instead of `solved`.

    Raises:
        RuntimeError: a cell failed.
    """
    ran, _ = tool.run(filled(notebook, solution_of), folder)
    found = cards(ran)
    wrong = [card for card in found if not card.endswith(SOLVED)]
    expected = checked_ids(notebook)
    if [card.split()[1] for card in found] != expected:
        wrong.append(f"the cards are {found}, the exercises {expected}")
    return wrong
