"""The exercise lab: check an attempt, ask for a hint, see the solution.

`check` never raises. It shows a card and returns the attempt if it is right, the course's reference
if it is not, so that a notebook always runs to its end. The exercises of notebook NN are the tuple
`EXERCISES` in `course_lib/exercises/nbNN/`.
"""

import importlib
import inspect
import re
import textwrap
from typing import Any

from course_lib import _memory, _panel
from course_lib._describe import describe
from course_lib._panel import Panel, Row
from course_lib.exercises._card import Card
from course_lib.exercises._exercise import SECONDS, Exercise, Verdict, judge

__all__ = [
    "Exercise",
    "Verdict",
    "check",
    "find",
    "for_notebook",
    "hint",
    "judge",
    "solution",
    "solution_source",
]

_TITLES = {"solved": "solved", "wrong": "not yet", "open": "not attempted"}
_TONES = {"solved": "good", "wrong": "open", "open": "quiet"}
_STAND_IN = "Until then the course's version stands in."
_GIVEN = Verdict(
    "open",
    (Row("That is the course's version, standing in for yours: run the cell with your def."),),
)


def for_notebook(notebook: str) -> tuple[Exercise, ...]:
    """The exercises of a notebook, by its number such as "01"; none where it has none."""
    if type(notebook) is not str or not re.fullmatch(r"[0-9]{2}", notebook):
        return ()
    name = f"{__name__}.nb{notebook}"
    try:
        return importlib.import_module(name).EXERCISES
    except ModuleNotFoundError as error:
        if error.name == name:
            return ()
        raise


def find(exercise_id: str) -> Exercise:
    """The exercise with an id such as "01.2".

    Raises:
        KeyError: there is none; the message lists the ids of that notebook.
    """
    exercises = for_notebook(exercise_id.partition(".")[0]) if type(exercise_id) is str else ()
    for exercise in exercises:
        if exercise.id == exercise_id:
            return exercise
    known = ", ".join(exercise.id for exercise in exercises) or "none"
    raise KeyError(
        f"There is no exercise {describe(exercise_id)}. That notebook's exercises: {known}. "
        'An id is text, in quotes, such as "01.2".'
    )


def check(exercise_id: str, attempt: Any) -> Any:
    """Show what is right and wrong with an attempt. Returns it if right, else the reference."""
    try:
        exercise = find(exercise_id)
    except KeyError as error:
        _show(_not_found(error))
        return attempt
    try:
        given = attempt is exercise.reference
        verdict = _GIVEN if given else judge(exercise, attempt, SECONDS)
    except Exception as error:
        text = f"{type(error).__name__} in the check itself: a mistake of the course, not yours."
        verdict = Verdict("wrong", (Row(text),))
    if verdict.status != "open":
        _memory.record_attempt(exercise.id, verdict.status == "solved")
    card = _card(exercise, verdict)
    _panel.show(card, card.panel.plain())
    return attempt if verdict.status == "solved" else exercise.reference


def _card(exercise: Exercise, verdict: Verdict) -> Card:
    title = f"Exercise {exercise.id} · {exercise.title} · {_TITLES[verdict.status]}"
    rows = verdict.rows
    if verdict.status == "solved":
        rows += (Row("From here on the notebook uses yours."),)
    else:
        rows += (Row(f'{_STAND_IN} A nudge: exercise.hint("{exercise.id}")'),)
    buttons = {
        "Hint": lambda: _hint(exercise),
        "Solution": lambda: _solution(exercise),
    }
    return Card(Panel(title, rows, _TONES[verdict.status]), buttons)


def hint(exercise_id: str) -> None:
    """Show the next hint, from a nudge to nearly all."""
    _show_for(exercise_id, _hint)


def solution(exercise_id: str) -> None:
    """Show the reference's source, once there has been an attempt."""
    _show_for(exercise_id, _solution)


def _show_for(exercise_id: str, make_panel: Any) -> None:
    try:
        exercise = find(exercise_id)
    except KeyError as error:
        _show(_not_found(error))
    else:
        _show(make_panel(exercise))


def _not_found(error: KeyError) -> Panel:
    return Panel("Exercise not found", (Row(str(error.args[0])),), "open")


def _show(panel: Panel) -> None:
    _panel.show(panel, panel.plain())


def _hint(exercise: Exercise) -> Panel:
    total = len(exercise.hints)
    number = min(_memory.record_hint(exercise.id), total)
    rest = "" if number < total else " That was the last hint."
    return Panel(
        f"Hint {number} of {total} · {exercise.title}", (Row(exercise.hints[number - 1] + rest),)
    )


def _solution(exercise: Exercise) -> Panel:
    title = f"Solution {exercise.id} · {exercise.title}"
    if not _memory.exercise(exercise.id)["attempts"]:
        ask = (
            "Try once first, however it turns out: the solution teaches most right after an "
            "attempt."
        )
        return Panel(title, (Row(ask),))
    return Panel(title, (Row(solution_source(exercise.id), code=True),))


def solution_source(exercise_id: str) -> str:
    """The source of an exercise's reference, ready to stand in the place of the stub."""
    return textwrap.dedent(inspect.getsource(find(exercise_id).reference)).strip()
