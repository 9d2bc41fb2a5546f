"""Guess first, then see: a prediction is a question whose answer the next line computes."""

import math
from numbers import Number
from typing import Any

from course_lib import _memory, _panel
from course_lib._describe import describe, is_tensor

TOLERANCE = 0.01


def predict(name: str, guess: Any = None, actual: Any = None, choices: tuple = ()) -> None:
    """Show a guess beside the answer and keep score. Without a guess, show nothing of the answer.

    A guess of another kind than the answer (text for a number, one shape where three are asked)
    is not counted and gives nothing away: it asks for another.

    Arguments:
        name     "01.3 padded shape": the notebook, the prediction's number, a word or two.
        guess    what you expect; None stands for no guess yet.
        actual   what is true. Shapes compare as tuples, whole numbers exactly, other numbers to
                 1 %, text by its letters.
        choices  the answers to choose from, where a free guess would be hard to write.
    """
    title = f"Prediction {name}"
    if guess is None:
        _ask(title, "Write your guess in place of guess=None, then run the cell again.", choices)
        return
    odd = _odd(guess, actual, choices)
    if odd:
        _ask(title, f"{odd} This one does not count; guess again.", choices)
        return
    right = agree(guess, actual)
    _memory.record_prediction(str(name).partition(" ")[0], right)
    rows = (
        _panel.Row(describe(_plain(guess)), label="guess", code=True),
        _panel.Row(describe(_plain(actual)), label="actual", code=True),
    )
    verdict = "right" if right else "not this time"
    _show(_panel.Panel(f"{title} · {verdict}", rows, "good" if right else "open"))


def _ask(title: str, text: str, choices: tuple) -> None:
    rows = [_panel.Row(text)]
    if choices:
        rows.append(_panel.Row("One of: " + ", ".join(describe(choice) for choice in choices)))
    _show(_panel.Panel(f"{title} · your guess first", tuple(rows)))


def _show(panel: _panel.Panel) -> None:
    _panel.show(panel, panel.plain())


def _odd(guess: Any, actual: Any, choices: tuple) -> str:
    """Why a guess cannot be compared with the answer, or "" where it can."""
    try:
        if choices:
            listed = any(agree(guess, choice) for choice in choices)
            return "" if listed else "Your guess is none of the choices."
        return _odd_kind(_plain(guess), _plain(actual))
    except Exception:
        return "Your guess cannot be compared with the answer."


def _odd_kind(guess: Any, actual: Any) -> str:
    kinds = (bool, Number, str, tuple)
    names = ("True or False", "a number", 'text in quotes, such as "error"', "a tuple")
    wanted = next((i for i, kind in enumerate(kinds) if isinstance(actual, kind)), None)
    if wanted is None:
        return ""
    if not isinstance(guess, kinds[wanted]) or isinstance(guess, bool) != isinstance(actual, bool):
        return f"The answer is {names[wanted]}; your guess is not."
    if isinstance(actual, tuple) and actual and isinstance(actual[0], tuple):
        return (
            "" if len(guess) == len(actual) else f"The answer has {len(actual)} parts in a tuple."
        )
    return ""


def agree(guess: Any, actual: Any) -> bool:
    """Whether a guess says the same as the answer. Never raises, whatever the guess is."""
    try:
        return _agree(_plain(guess), _plain(actual))
    except Exception:
        return False


def _plain(value: Any) -> Any:
    """Shapes, lists and tensors as nested tuples, so that they compare with one another."""
    if is_tensor(value) or type(value).__module__ == "numpy":
        value = value.tolist()
    if isinstance(value, (tuple, list)):
        return tuple(_plain(item) for item in value)
    return value


def _agree(guess: Any, actual: Any) -> bool:
    if isinstance(guess, bool) or isinstance(actual, bool):
        return isinstance(guess, bool) and guess is actual
    if isinstance(guess, int) and isinstance(actual, int):
        return guess == actual
    if isinstance(guess, Number) and isinstance(actual, Number):
        if math.isnan(guess) or math.isnan(actual):
            return math.isnan(guess) and math.isnan(actual)
        return math.isclose(guess, actual, rel_tol=TOLERANCE, abs_tol=1e-6)
    if isinstance(guess, str) and isinstance(actual, str):
        return guess.strip().casefold() == actual.strip().casefold()
    if isinstance(guess, tuple) and isinstance(actual, tuple):
        return len(guess) == len(actual) and all(map(_agree, guess, actual))
    return bool(guess == actual)
