"""Guess first, then see: a prediction is a question whose answer the next line computes."""

import math
from numbers import Number
from typing import Any

from course_lib import _memory, _panel
from course_lib._describe import describe, is_tensor

TOLERANCE = 1e-3


def predict(name: str, guess: Any = None, actual: Any = None, choices: tuple = ()) -> None:
    """Show a guess beside the answer and keep score. Without a guess, show nothing of the answer.

    Arguments:
        name     "01.3 padded shape": the notebook, the prediction's number, a word or two.
        guess    what you expect; None stands for no guess yet.
        actual   what is true. Shapes compare as tuples, floats to three digits, text by letters.
        choices  the answers to choose from, where a free guess would be hard to write.
    """
    title = f"Prediction {name}"
    if guess is None:
        _open(title, choices)
        return
    right = agree(guess, actual)
    _memory.record_prediction(name.split()[0] if name.split() else name, right)
    rows = [
        _panel.Row(describe(guess), label="guess", code=True),
        _panel.Row(describe(actual), label="actual", code=True),
    ]
    if choices and not any(agree(guess, choice) for choice in choices):
        rows.append(
            _panel.Row("your guess is none of the choices: " + _list(choices), label="note")
        )
    verdict = "right" if right else "not this time"
    panel = _panel.Panel(f"{title} · {verdict}", tuple(rows), "good" if right else "open")
    _panel.show(panel, panel.plain())


def _list(choices: tuple) -> str:
    return ", ".join(describe(choice) for choice in choices)


def _open(title: str, choices: tuple) -> None:
    ask = "Write your guess in place of guess=None, then run the cell again."
    rows = [_panel.Row(ask)]
    if choices:
        rows.append(_panel.Row("One of: " + _list(choices)))
    panel = _panel.Panel(f"{title} · your guess first", tuple(rows))
    _panel.show(panel, panel.plain())


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
        return math.isclose(guess, actual, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(guess, str) and isinstance(actual, str):
        return guess.strip().casefold() == actual.strip().casefold()
    if isinstance(guess, tuple) and isinstance(actual, tuple):
        return len(guess) == len(actual) and all(map(_agree, guess, actual))
    return bool(guess == actual)
