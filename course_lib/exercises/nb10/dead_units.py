"""Exercise 10.5: units that are 0 for every example."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb10._toy import expect_float, rounded


def dead_units(activations: Tensor) -> float:
    """(N, H) after a ReLU -> the share of the H units that are 0 for every example"""
    return (activations == 0).all(dim=0).float().mean().item()


ACTIVATIONS = torch.tensor(
    [
        [0.0, 1.0, 0.0, 2.0, 2.0, 0.0, 0.5, 0.0],
        [0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 1.0, 0.0],
        [0.0, 2.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 2.0, 0.0],
    ]
)
TRIED = "5 examples, 8 units: columns 0, 2 and 5 are all 0, and so is row 3"
ROUNDED = "Rounded: give the share itself."
WHICH = "1 for each unit that is dead. How large is their share? .mean().item() says it."
DEAD = "A unit is a column. It is dead if no example gives it more than 0."


def _known() -> tuple[Known, ...]:
    zero = ACTIVATIONS == 0
    return (
        Known(
            zero.float().mean().item(),
            "The share of zeros among all numbers. A ReLU gives many zeros in a healthy unit too: "
            "dead is one that has nothing else. First ask each column, then take the share.",
        ),
        Known(
            zero.all(dim=1).float().mean().item(),
            "The share of examples for which all units are 0. Units are columns: ask over the "
            "examples, dim=0.",
        ),
        Known(
            zero.any(dim=0).float().mean().item(),
            "Every unit is 0 for some example (all, not any), and one row is all 0 (units are "
            "columns). Dead is a column that is 0 for all examples.",
        ),
        Known(5 / 8, "The share of units that are alive. The others are asked for."),
        Known(3.0, "A count. The share is of the H units: divide by activations.shape[1]."),
        Known(3 / 5, "Divided by N, the number of examples. The share is of the H units."),
        Known(3 / 40, "Divided by all N * H numbers. The share is of the H units."),
        Known(1 / 8, "Rows were counted, and divided by H. Units are columns: dim=0."),
        Known(37.5, "In per cent. A share is between 0 and 1."),
        Known(
            ACTIVATIONS[0].eq(0).float().mean().item(),
            "The first example alone. A unit is dead if it is 0 for all of them.",
        ),
        Known(
            ACTIVATIONS.median(dim=0).values.eq(0).float().mean().item(),
            "A unit whose median is 0, or that is 0 for the last example, may be above 0 for "
            "others. Dead is one that is 0 for all of them.",
        ),
        Known(
            zero.all(dim=0),
            "True for each unit that is dead. How large is their share? .float().mean() says it.",
        ),
        Known(zero.all(dim=0).float(), WHICH),
        Known(zero.all(dim=0).float().tolist(), WHICH),
        Known("38%", "A text. A share is a number between 0 and 1."),
        Known(zero.float().mean(dim=0), "For each unit, how often it is 0. Dead is one with 1.0."),
        Known([0, 2, 5], "These are the dead units. How large is their share?"),
        Known(torch.tensor([0, 2, 5]), "These are the dead units. How large is their share?"),
        *rounded(3 / 8, ROUNDED)[1:],
    )


def _run(attempt: Any, activations: Tensor, tried: str) -> Any:
    numbers = "A mean wants numbers: .float() makes 1.0 of True and 0.0 of False."
    pair = "max or min over a dimension gives a pair, values and indices: take .values."
    with (
        explaining(RuntimeError, numbers, "could not infer output dtype"),
        explaining(AttributeError, pair, "'bool' object has no attribute"),
    ):
        return call(attempt, activations, tried=tried)


def _share(attempt: Any) -> None:
    """the share of units that are 0 for every example"""
    got = _run(attempt, ACTIVATIONS, TRIED)
    expect_float(got, 3 / 8, tried=TRIED, idea=DEAD, known=_known())


def _all_or_none(attempt: Any) -> None:
    """1.0 where all are dead, 0.0 where none is"""
    for activations, expected, tried in (
        (torch.zeros(3, 4), 1.0, "3 examples, 4 units, all 0"),
        (torch.eye(4), 0.0, "4 examples, 4 units, each unit alive for one example"),
    ):
        expect_float(_run(attempt, activations, tried), expected, tried=tried, idea=DEAD)


def _hardly_alive(attempt: Any) -> None:
    """a unit that is hardly ever above 0, and only a little, is alive"""
    activations = torch.zeros(200, 4)
    activations[7, 0], activations[199, 1], activations[:, 2] = 1e-6, 1e-4, 1.0
    tried = "200 examples, 4 units; two are above 0 for one example, by 0.000001 and by 0.0001"
    bound = (
        "One that is above 0 for a single example is alive: its weights get a gradient there. "
        "Compare with 0 exactly, with no mean, rounding or tolerance."
    )
    known = (Known(0.5, bound), Known(0.75, bound))
    got = _run(attempt, activations, tried)
    expect_float(got, 0.25, tried=tried, idea=DEAD, known=known)


def _any_shape(attempt: Any) -> None:
    """for any number of examples and units"""
    for N, H, alive in ((1, 5, 3), (7, 2, 1), (64, 3, 2), (9, 7, 2), (10, 100, 58)):
        activations = torch.zeros(N, H)
        activations[torch.arange(H)[:alive] % N, torch.arange(alive)] = 1.0
        tried = f"N = {N} examples, H = {H} units, of which {alive} are above 0 for one example"
        got = _run(attempt, activations, tried)
        shape = "The sizes are in activations.shape: no number of examples or units by hand."
        known = rounded(1 - alive / H, ROUNDED)[1:]
        expect_float(got, 1 - alive / H, tried=tried, idea=shape, known=known)


EXERCISE = Exercise(
    "10.5",
    "Dead units",
    6,
    dead_units,
    (_share, _all_or_none, _hardly_alive, _any_shape),
    (
        "Two questions, one after the other: which columns hold nothing but 0, and how many?",
        "activations == 0 is True at each 0; .all(dim=0) asks each column over all examples.",
        "(activations == 0).all(dim=0) has H answers. Their mean, .float().mean(), is the share.",
    ),
)
