"""Exercise 07.5: the best epoch."""

import math
from collections.abc import Sequence
from typing import Any

from course_lib.exercises._checking import Known, call, expect, explaining
from course_lib.exercises._exercise import Exercise


def best_epoch(values: Sequence[float], mode: str = "min", min_delta: float = 0.0) -> int | None:
    """The number of the best epoch, from 1."""
    sign = 1 if mode == "min" else -1  # then lower is better
    best, lowest = None, float("inf")
    for number, value in enumerate(values, start=1):
        if sign * value < lowest - min_delta:
            best, lowest = number, sign * value
    return best


NAN = math.nan
FAR = (
    "A value may lie beyond any number that the search begins with. Begin with infinity, or with "
    "the first value that is no NaN."
)
ALWAYS_FALSE = "Every comparison with NaN is False, so a NaN must not become the best so far."


def _expect(
    attempt: Any,
    values: list[float],
    best: int | None,
    idea: str,
    known: Sequence[Known] = (),
    **options: Any,
) -> None:
    """Call with these values and expect an epoch."""
    named = "".join(f", {name}={value!r}" for name, value in options.items())
    tried = f"best_epoch({values}{named})"
    nothing = "There may be no epoch yet, and min(), max() and values[0] need one."
    with explaining(ValueError, nothing), explaining(IndexError, nothing):
        got = call(attempt, values, tried=tried, **options)
    expect(got, best, tried=tried, idea=idea, known=known)


def _lowest(attempt: Any) -> None:
    """the epoch with the lowest value, counted from 1"""
    _expect(
        attempt,
        [4.0, 3.0, 2.0, 5.0],
        3,
        "The lowest value, 2, is that of the third epoch.",
        (
            Known(None, "No epoch. Is there a `return`? Does the search begin with infinity?"),
            Known(2, "People count epochs from 1: enumerate(values, start=1)."),
            Known(2.0, "This is the value. Which epoch has it?"),
            Known(
                4,
                "The last epoch, or the one with the highest value. Keep the best value beside the "
                "best epoch, and compare with < that value.",
            ),
            Known((3, 2.0), "The epoch alone is asked for, without its value."),
            Known(1, "Only the first epoch counts. Does the return stand inside the loop?"),
        ),
    )
    _expect(
        attempt,
        [-1.0, -3.0, -2.0],
        2,
        "Lower is better below zero too: -3 is the lowest.",
        (
            Known(1, "The sign counts: -3 is lower than -1, though abs(-3) is larger."),
            Known(None, "Does the search begin with 0? It has to begin with infinity."),
        ),
    )
    _expect(attempt, [2e12, 1e12], 2, "Large values count too.", (Known(None, FAR),))


def _ties(attempt: Any) -> None:
    """of two that are equal, the earlier"""
    _expect(
        attempt,
        [2.0, 1.0, 1.0, 3.0],
        2,
        "The third is no better than the second: the best stays.",
        (Known(3, "An equal value is not better. Compare with <, not with <=."),),
    )


def _highest(attempt: Any) -> None:
    """with mode="max" the highest"""
    _expect(
        attempt,
        [0.25, 0.75, 0.5],
        2,
        'With mode="max" higher is better: 0.75.',
        (
            Known(1, 'This is the lowest. With mode="max" higher is better.'),
            Known(None, "Nothing is above infinity. Begin with -infinity, or turn the sign round."),
        ),
        mode="max",
    )
    _expect(
        attempt,
        [-3.0, -1.0, -2.0],
        2,
        "Higher is better below zero too: -1 is the highest.",
        (
            Known(None, "Does the search begin with 0? It has to begin with -infinity."),
            Known(1, "The sign counts: -1 is higher than -3, though abs(-1) is smaller."),
        ),
        mode="max",
    )
    known = (Known(None, FAR),)
    _expect(attempt, [-2e12, -1e12], 2, "Values far below zero count too.", known, mode="max")


def _by_more(attempt: Any) -> None:
    """better means by more than min_delta"""
    _expect(
        attempt,
        [1.0, 0.875],
        1,
        "0.875 is better by 0.125, and not by more than 0.25.",
        (
            Known(2, "0.875 beats 1.0 by 0.125 only, and 0.25 are asked: min_delta counts."),
            Known(None, "The first epoch has nothing to beat: it is the best so far."),
        ),
        min_delta=0.25,
    )
    _expect(
        attempt,
        [1.0, 0.75],
        1,
        "0.75 is better by 0.25, and not by more than 0.25.",
        (Known(2, "Exactly min_delta is not more than min_delta: < or >, not <= or >=."),),
        min_delta=0.25,
    )
    _expect(
        attempt,
        [1.0, 0.875, 1.5, 0.5],
        4,
        "0.5 beats the best so far, 1.0, by 0.5.",
        min_delta=0.25,
    )
    _expect(
        attempt,
        [0.5, 0.625, 0.375],
        1,
        'With mode="max" a value has to be above the best by more than min_delta.',
        (
            Known(2, "0.625 beats 0.5 by 0.125 only: value > best + min_delta, with a plus."),
            Known(3, "0.375 is lower. Upward it is value > best + min_delta, with a plus."),
        ),
        mode="max",
        min_delta=0.25,
    )


def _than_the_best(attempt: Any) -> None:
    """compared with the best so far, not with the epoch before"""
    for values, options in (
        ([1.0, 0.875, 0.75, 0.625], {}),
        ([0.0, 0.125, 0.25, 0.375], {"mode": "max"}),
    ):
        _expect(
            attempt,
            values,
            4,
            "The best so far is the first until the fourth beats it, by 0.375.",
            (
                Known(
                    1,
                    "Steps of 0.125 add up. Compare with the value of the best epoch, which stays "
                    "until it is beaten by more than min_delta; not with the epoch before, nor "
                    "with the lowest or highest of all.",
                ),
                Known(
                    2,
                    "0.125 beats 0.0 by 0.125 only. Is the best so far taken for missing because "
                    "it is 0? 0.0 counts as False: ask `is None`.",
                ),
            ),
            min_delta=0.25,
            **options,
        )


def _nan(attempt: Any) -> None:
    """NaN is never better, wherever it stands"""
    for options, values in (({}, [3.0, 1.0, 2.0]), ({"mode": "max"}, [1.0, 3.0, 2.0])):
        for place in range(4):
            _expect(
                attempt,
                [*values[:place], NAN, *values[place:]],
                3 if place < 2 else 2,
                ALWAYS_FALSE,
                (
                    Known(place + 1, f"This is the NaN's epoch. {ALWAYS_FALSE}"),
                    Known(
                        2 if place < 2 else 3,
                        "NaN was taken out, or put last, before counting: the numbers of the "
                        "epochs have to stay.",
                    ),
                    Known(None, f"One NaN, and no epoch counts. {ALWAYS_FALSE}"),
                ),
                **options,
            )


def _none(attempt: Any) -> None:
    """None, if no epoch counts"""
    for values in ([], [NAN, NAN]):
        for mode in ("min", "max"):
            _expect(
                attempt,
                values,
                None,
                "No epoch, no best: start with best = None.",
                (
                    Known(0, "0 is no epoch, and is easily taken for one. Return None."),
                    Known(1, "The first epoch is taken for granted. Start with best = None."),
                ),
                mode=mode,
            )


EXERCISE = Exercise(
    "07.5",
    "The best epoch",
    8,
    best_epoch,
    (_lowest, _ties, _highest, _by_more, _than_the_best, _nan, _none),
    (
        "Go through the values once, and keep two things: the best epoch so far and its value.",
        (
            'Begin with best = None and a value that any beats: float("inf"). With mode="max" '
            "compare -value: then lower is better again."
        ),
        (
            "for number, value in enumerate(values, start=1): if sign * value < lowest - "
            "min_delta: best, lowest = number, sign * value"
        ),
    ),
)
