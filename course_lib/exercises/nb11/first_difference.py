"""Exercise 11.2: the first step that differs."""

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise


def first_difference(ours: list[float], theirs: list[float]) -> tuple[int | None, float]:
    """Two lists of losses of the same steps -> the first step that differs, the largest difference

    Steps count from 1; None where no step differs in any bit.
    """
    differences = [abs(one - other) for one, other in zip(ours, theirs, strict=True)]
    steps = [step for step, difference in enumerate(differences, start=1) if difference != 0]
    return (steps[0] if steps else None), max(differences)


def _run(attempt: Any, ours: list[float], theirs: list[float]) -> tuple[Any, str]:
    tried = f"first_difference({ours}, {theirs})"
    none = "No step differs here: there is no first one, and 0 is the largest difference."
    beyond = f"{none} Or is there a place beyond the last, len(ours) - 1?"
    lists = "Lists cannot be subtracted. Go through both together: zip(ours, theirs)."
    with (
        explaining(StopIteration, none),
        explaining(IndexError, beyond),
        explaining(ValueError, none, "empty"),
        explaining(ValueError, none, "is not in list"),
        explaining(TypeError, none, "NoneType"),
        explaining(TypeError, lists, "'list' and 'list'"),
    ):
        anew = [loss * 1.0 for loss in theirs]  # equal numbers, and never the same objects
        got = call(attempt, ours, anew, tried=tried)
    expect_that(
        not (type(got) in (tuple, list) and any(isinstance(part, Tensor) for part in got)),
        tried=tried,
        told="tensors",
        expected="a plain number for the step (or None), and one for the difference",
        idea=".item() makes a plain number of a tensor.",
    )
    return got, tried


def _expect(
    attempt: Any,
    ours: list[float],
    theirs: list[float],
    answer: tuple[int | None, float],
    idea: str,
    *known: Known,
) -> None:
    """Expect (step, difference)."""
    got, tried = _run(attempt, ours, theirs)
    step, largest = answer
    general = (
        Known((largest, step), "The step comes first, then the difference."),
        Known(step, "The step alone. Return two things: step, difference."),
        Known(largest, "The difference alone. Return two things: step, difference."),
    )
    expect(got, answer, tried=tried, idea=idea, known=(*known, *general))


def _equal(attempt: Any) -> None:
    """None and 0, where all losses are equal"""
    zero = "is taken for a step, and for the first where one counts from 0: None."
    _expect(
        attempt,
        [4.0, 3.0, 2.0],
        [4.0, 3.0, 2.0],
        (None, 0.0),
        "No step differs, so None; and the largest of the differences is 0.",
        Known((0, 0.0), f"0 {zero}"),
        Known((-1, 0.0), f"-1 {zero}"),
        Known(
            (1, 0.0),
            "The first step does not differ: it is the first of the largest ones, 0. Or does `is` "
            "stand where == belongs? It asks for the same object, not for equal numbers.",
        ),
        Known((3, 0.0), "The last step does not differ."),
        Known((4, 0.0), "There is no step 4. None says that no step differs."),
        Known((None, None), "The largest difference is a number here, too: 0."),
        Known(
            None,
            "None alone. Two things are asked, None and 0.0. Or is there no `return`?",
        ),
    )


def _first(attempt: Any) -> None:
    """the first step that differs, counted from 1"""
    _expect(
        attempt,
        [4.0, 3.0, 2.0, 1.0],
        [4.0, 3.5, 2.0, 1.0],
        (2, 0.5),
        "The second losses differ, 3 and 3.5.",
        Known((1, 0.5), "Steps count from 1, as in Trainer: enumerate(..., start=1)."),
        Known((1, 0.0), "The first step does not differ: 4 and 4."),
        Known((4, 0.5), "This is the last step."),
        Known((3, 0.5), "This is the first step that is equal again, or one too many."),
        Known((2, -0.5), "A difference has no sign: abs(ours - theirs)."),
        Known((2, 0.0), "The sign counts: 3 - 3.5 is below 0. Take abs of each difference."),
        Known(
            (None, 0.0),
            "Nothing differs, it says. Did a `return` end the loop at step 1? Or the sign counts: "
            "3 - 3.5 is below 0.",
        ),
        Known((2, 0.25), "This is the square of the difference. abs alone."),
        Known((2, 0.5 / 3), "Divided by the loss. The difference itself, abs(ours - theirs)."),
        Known((3.0, 0.5), "This is the loss there. Its step is asked, counted from 1."),
        Known((None, 0.5), "A loss may be lower or higher than the other: compare with !=."),
        Known((2, 0.125), "This is the mean of the differences. The largest one."),
    )


def _step_one(attempt: Any) -> None:
    """the first step may be step 1"""
    _expect(
        attempt,
        [4.0, 3.0],
        [3.0, 3.0],
        (1, 1.0),
        "The first losses differ, 4 and 3.",
        Known((None, 1.0), "Place 0 counts as False: ask whether it is None."),
        Known((None, 0.0), "Step 1 stands in place 0 of a list: begin there, range(len(ours))."),
        Known((0, 1.0), "Steps count from 1: enumerate(..., start=1)."),
    )


def _largest(attempt: Any) -> None:
    """and the largest difference, which may come later"""
    ours, theirs = [4.0, 3.0, 2.0, 1.0], [4.0, 3.25, 2.0, 2.0]
    known = (
        Known((4, 1.0), "This is the step of the largest difference. The first that differs."),
        Known((3, 1.0), "The place of the largest, from 0. The first that differs, from 1."),
        Known((2, 0.25), "This is the difference at the first step. The largest of all."),
        Known((2, 1.25), "This is the sum of the differences. The largest one."),
        Known((2, 0.3125), "This is the mean of the differences. The largest one."),
        Known((2, 0.0), "The sign counts: take abs of each difference."),
        Known((1, 1.0), "Steps count from 1: enumerate(..., start=1)."),
    )
    idea = "They differ in step 2, by 0.25, and in step 4, by 1."
    _expect(attempt, ours, theirs, (2, 1.0), idea, *known)
    _expect(attempt, theirs, ours, (2, 1.0), idea, *known)


def _sign(attempt: Any) -> None:
    """a loss may be above or below the other's"""
    idea = "They differ by 1 in the second step and by 0.5 in the third."
    known = (
        Known((2, 0.5), "3 - 2 and 2 - 2.5 differ in sign: take abs of each, and then the max."),
        Known((3, 1.0), "The second step differs, too, to the other side: abs, or !=."),
        Known((3, 0.5), "The second step differs, too, to the other side: abs, or !=."),
    )
    for ours, theirs in (([4.0, 3.0, 2.0], [4.0, 2.0, 2.5]), ([4.0, 2.0, 2.5], [4.0, 3.0, 2.0])):
        _expect(attempt, ours, theirs, (2, 1.0), idea, *known)


def _exact(attempt: Any) -> None:
    """the smallest difference counts"""
    for bits in (12, 30, 40):
        small = 2.0**-bits  # exact, and so is what 1 + small - 1 gives
        got, tried = _run(attempt, [2.0, 1.0, 1.0], [2.0, 1.0, 1.0 + small])
        idea = (
            f"They differ by 2 ** -{bits}. Something hides it: allclose, isclose, round, a "
            "tolerance, or torch.tensor, which makes float32 of Python's numbers. Compare with "
            "== or !=."
        )
        step = got[0] if type(got) in (tuple, list) and len(got) == 2 else got
        known = (Known(None, idea),)
        expect(step, 3, tried=f"{tried}: the step", idea=idea, known=known)
        expect_that(
            type(got[1]) is not str and bool(got[1] == small),
            tried=f"{tried}: the difference",
            got=got[1],
            expected=f"2 ** -{bits} = {small:.3g}",
            idea="The difference itself, not rounded.",
        )


def _nan(attempt: Any) -> None:
    """a NaN on one side is a difference"""
    idea = (
        "A comparison with NaN is False, > and < and == alike; only != is True. So `abs(...) > 0` "
        "passes over the step where one training broke."
    )
    for ours, theirs in _nan_pairs():
        got, tried = _run(attempt, list(ours), list(theirs))
        step = got[0] if type(got) in (tuple, list) and len(got) == 2 else got
        known = (Known(None, idea),)
        expect(step, 2, tried=f"{tried}: the step", idea=idea, known=known)


def _nan_pairs() -> Sequence[tuple[list[float], list[float]]]:
    broken, whole = [4.0, math.nan, 2.0], [4.0, 3.0, 2.0]
    return (broken, whole), (whole, broken), (broken, [4.0, 3.0, 1.0])


EXERCISE = Exercise(
    "11.2",
    "The first step that differs",
    6,
    first_difference,
    (_equal, _first, _step_one, _largest, _sign, _exact, _nan),
    (
        "Make one list of differences first. It answers both questions.",
        (
            "differences = [abs(one - other) for one, other in zip(ours, theirs)], of which max is "
            "the largest. Which is the first that is not 0, and what if none is?"
        ),
        (
            "steps = [step for step, difference in enumerate(differences, start=1) if difference "
            "!= 0]; steps[0] if steps else None"
        ),
    ),
)
