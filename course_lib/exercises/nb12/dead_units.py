"""Exercise 12.6: dead units, after any activation. Exercise 10.5 asked it after a ReLU."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect_that, explaining, same
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb10 import dead_units as after_relu
from course_lib.exercises.nb10._toy import expect_float


def dead_units(activations: Tensor) -> float:
    """(N, H) -> the share of units that are 0 for every example"""
    return (activations == 0).all(dim=0).float().mean().item()


BELOW = (
    "A number below 0 is not 0. After a ReLU there is none; after another activation, or before "
    "one, there is, and such a unit answers. Compare each number with 0: activations == 0."
)
CANCELS = (
    "The sum or mean of a unit may be 0 where its numbers are not: one above and one below cancel. "
    "Compare each number with 0: activations == 0."
)


FLOATS = "A mean wants numbers: .float() makes 1.0 of True and 0.0 of False."
TINY = (
    "A unit with 1e-9 or 1e-30 in it answers, and learns. A bound, isclose, or a square, which is "
    "too small for float32 and becomes 0, passes over it: activations == 0."
)


def _not_the_last(attempt: Any) -> None:
    """more is asked than the last example"""
    rows = [
        [0.0, 1.0, 2.0, 1.0, 3.0, 0.0, 1.0],
        [0.0, 2.0, 1.0, 1.0, 1.0, 1.0, 2.0],
        [0.0, 1.0, 3.0, 2.0, 1.0, 1.0, 2.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0],
    ]
    tried = "4 examples, 7 units: unit 0 is all 0, units 1 to 4 are 0 for the last example"
    with explaining(RuntimeError, FLOATS, "could not infer output dtype"):
        got = call(attempt, torch.tensor(rows), tried=tried)
    number = got.item() if isinstance(got, Tensor) and got.numel() == 1 else got
    expect_that(
        not same(number, 5 / 7),
        tried=tried,
        got=got,
        expected=str(1 / 7),
        idea="The last example alone. A unit is dead if it is 0 for all of them.",
    )


def _tiny(attempt: Any) -> None:
    """a unit with a very small number is alive"""
    rows = [[0.0, 0.0, 1e-30, 1.0, 0.0], [0.0, 1e-9, 0.0, 0.0, 3.0], [0.0, 0.0, 0.0, 2.0, 0.0]]
    tried = "3 examples, 5 units: unit 0 is all 0, unit 1 has a 1e-9, unit 2 a 1e-30"
    got = call(attempt, torch.tensor(rows), tried=tried)
    known = Known(2 / 5, TINY), Known(3 / 5, TINY)
    expect_float(got, 1 / 5, tried=tried, idea=TINY, known=known)


def _below_zero(attempt: Any) -> None:
    """a unit whose numbers are below 0 is alive"""
    activations = torch.tensor(
        [[0.0, -1.0, -2.0, 0.0, 0.5], [0.0, -0.5, 0.0, 0.0, 1.0], [0.0, -2.0, -1.0, 0.0, -1.0]]
    )
    tried = "3 examples, 5 units: units 0 and 3 are all 0, units 1 and 2 are never above 0"
    got = call(attempt, activations, tried=tried)
    known = (Known(4 / 5, BELOW), Known(3 / 5, BELOW))
    expect_float(got, 2 / 5, tried=tried, idea=BELOW, known=known)


def _cancels(attempt: Any) -> None:
    """a unit whose numbers cancel is alive"""
    activations = torch.tensor([[1.0, 0.0, -2.0, 3.0], [-1.0, 0.0, 2.0, 1.0]])
    tried = "2 examples, 4 units: 1 and -1, 0 and 0, -2 and 2, 3 and 1"
    got = call(attempt, activations, tried=tried)
    expect_float(got, 1 / 4, tried=tried, idea=CANCELS, known=(Known(3 / 4, CANCELS),))


EXERCISE = Exercise(
    "12.6",
    "Units that never answer",
    5,
    dead_units,
    (_not_the_last, *after_relu.EXERCISE.checks, _below_zero, _cancels, _tiny),
    (
        "A unit is a column. Which columns hold nothing but 0, and how many of them are there?",
        "activations == 0 is True at each 0. .all(dim=0) asks each unit over all examples.",
        "(activations == 0).all(dim=0), then the mean of it as floats, and .item().",
    ),
)
