"""Exercise 05.5: a schedule of one's own."""

from typing import Any

from course_lib.exercises._checking import Known, call, expect, explaining
from course_lib.exercises._exercise import Exercise


def warm_up_then_linear(step: int, warm_up: int, total: int) -> float:
    """The share of the peak rate at a step, counted from 0"""
    if step < warm_up:
        return (step + 1) / warm_up
    return max(0.0, (total - step) / (total - warm_up))


def _factor(attempt: Any, step: int, warm_up: int, total: int) -> tuple[Any, str]:
    tried = f"step {step}, warm_up {warm_up}, total {total}"
    zero = "Without a warm-up there is nothing to divide by. Ask first whether step < warm_up."
    with explaining(ZeroDivisionError, zero):
        return call(attempt, step, warm_up, total, tried=tried), tried


def _rises(attempt: Any) -> None:
    """the rate rises in equal steps, and the first one is not lost"""
    for step, warm_up, expected, late in (
        (0, 4, 0.25, 0.0),
        (1, 4, 0.5, 0.25),
        (3, 4, 1.0, 0.75),
        (0, 2, 0.5, 0.0),
    ):
        got, tried = _factor(attempt, step, warm_up, 12)
        expect(
            got,
            expected,
            tried=tried,
            idea="In 4 steps to the peak: 1/4, 2/4, 3/4, 4/4. With warm_up = 2: 1/2, 2/2.",
            known=(
                Known(
                    late,
                    "Steps count from 0: so the first step has the rate 0 and is lost. (Or is "
                    "there // in place of /?)",
                ),
                Known((12 - step) / (12 - warm_up), "This is the way down. First it goes up."),
                Known((step + 1) / 12, "Divide by the length of the warm-up, not of all."),
                Known(step + 1 / warm_up, "Brackets are missing: (step + 1) / warm_up."),
                Known(0.125, "A share of the peak is asked; the peak itself comes later."),
            ),
        )


def _falls(attempt: Any) -> None:
    """from the peak it falls in a line, to 0 at the end"""
    for step, warm_up, total, expected in (
        (4, 4, 12, 1.0),
        (8, 4, 12, 0.5),
        (11, 4, 12, 0.125),
        (12, 4, 12, 0.0),
        (4, 2, 6, 0.5),
    ):
        got, tried = _factor(attempt, step, warm_up, total)
        expect(
            float(got) if type(got) is int else got,
            expected,
            tried=tried,
            idea="After the warm-up total - warm_up steps are left, 8 of 12: (total - step) of 8. "
            "With other arguments other numbers: 4 of 6.",
            known=(
                Known((step + 1) / warm_up, "Still going up: steps count from 0, step < warm_up."),
                Known((total - step) / total, "Divided by all steps: leave out the warm-up."),
                Known(
                    (step - warm_up) / (total - warm_up),
                    "It is 0 at the peak. Left are total - step, which step - warm_up is not; and "
                    "max(0.0, ...) keeps them, min(0.0, ...) does not.",
                ),
                Known(1 - (step - warm_up) / total, "Divided by all steps: leave out the warm-up."),
                Known(
                    total - step / (total - warm_up),
                    "Brackets are missing: (total - step) / (total - warm_up).",
                ),
                Known(
                    (total - 1 - step) / (total - warm_up),
                    "One step too early: the last, total - 1, still has something.",
                ),
            ),
        )


def _never_negative(attempt: Any) -> None:
    """past the end it stays at 0"""
    got, tried = _factor(attempt, 15, 4, 12)
    expect(
        float(got) if type(got) is int else got,
        0.0,
        tried=tried,
        idea="Past the end the share stays at 0: max(0.0, ...). A negative rate climbs the hill.",
    )


def _no_warm_up(attempt: Any) -> None:
    """without a warm-up it starts at the peak"""
    got, tried = _factor(attempt, 0, 0, 10)
    expect(float(got) if type(got) is int else got, 1.0, tried=tried, idea="It starts at 1.")


EXERCISE = Exercise(
    "05.5",
    "A schedule of your own",
    8,
    warm_up_then_linear,
    (_rises, _falls, _never_negative, _no_warm_up),
    (
        "Two cases: step < warm_up, and the rest.",
        "Up: (step + 1) / warm_up. Down: what is left, of total - warm_up.",
        "max(0.0, (total - step) / (total - warm_up))",
    ),
)
