"""Exercise 10.6: a curve, smoothed as TensorBoard does it."""

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from course_lib.exercises._checking import NO_RETURN, Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb10._toy import expect_all_digits, rounded


def smooth(values: list[float], weight: float) -> list[float]:
    """a mean of each value and all before it; each weighs `weight` times as much as the next"""
    mean, total, smoothed = 0.0, 0.0, []
    for value in values:
        mean = weight * mean + (1 - weight) * value
        total = weight * total + (1 - weight)
        smoothed.append(mean / total)
    return smoothed


VALUES, WEIGHT, EXPECTED = [5.0, 10.0, 9.0], 0.25, [5.0, 9.0, 9.0]
ALL_PAST = "All values before it count, not only the last few."
SUM = (
    "The third is (9 + 10/4 + 5/16) / (1 + 1/4 + 1/16): the newest weighs 1, the one before it "
    "1/4, and so on, divided by the sum of the weights."
)


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    products = [value * weight for value, weight in zip(values, weights, strict=True)]
    return sum(products) / sum(weights)


def _each(values: Sequence[float], weigh: Callable[[int], float]) -> list[float]:
    """For each value the mean of it and all before it; `weigh` takes how many steps ago it was."""
    return [
        _mean(values[:end], [weigh(end - 1 - place) for place in range(end)])
        for end in range(1, len(values) + 1)
    ]


def _expected(values: Sequence[float], weight: float) -> list[float]:
    return _each(values, lambda ago: weight**ago)


def _known(values: Sequence[float], w: float) -> tuple[Known, ...]:
    """What comes of the other ways to smooth."""

    def mixed(mean: float, value: float) -> float:
        return w * mean + (1 - w) * value

    def kept(mean: float, value: float) -> float:
        return w * mean + value

    from_zero = list(accumulate(values, mixed, initial=0.0))[1:]
    before = [values[0], *values[:-1]]
    zero = (
        "It starts at 0, which is no value of the curve, and draws the first ones down. The "
        "weights add up to 1 - weight**n only: divide by that."
    )
    return (
        Known(from_zero, zero),
        Known([0.0, *from_zero], f"One value too many: the 0 that it started with. {zero}"),
        Known(
            list(accumulate(values, mixed)),
            "It starts with the first value, which so weighs more than those behind it, for long. "
            "Start at 0, and divide by the sum of the weights so far, 1 - weight**n.",
        ),
        Known(
            list(accumulate(values, kept)),
            "The weights add up to more than 1. Divide by their sum, 1 + weight + weight² + ...",
        ),
        Known(_each(values, lambda ago: (1 - w) ** ago), _SWAPPED),
        Known(list(accumulate(values, lambda mean, value: mixed(value, mean))), _SWAPPED),
        Known(
            list(accumulate(values, lambda mean, value: (1 - w) * mean + w * value, initial=0.0))[
                1:
            ],
            _SWAPPED,
        ),
        Known(_each(values, lambda ago: w**-ago), "Turned round: here old values weigh more."),
        Known(
            _each(values, lambda ago: 1.0),
            "A plain mean of all so far: the weight does nothing. An old value weighs less than a "
            "new one.",
        ),
        Known(
            [mixed(old, value) for old, value in zip(before, values, strict=True)],
            "Each is mixed with the value before it, and no further back. Mix it with the mean so "
            "far, which holds all of the past.",
        ),
        Known(_corrected_again(values, w), _CARRIED),
        Known(
            [total / n for n, total in enumerate(accumulate(values, kept), start=1)],
            "Divided by how many values there are. Divide by the sum of their weights.",
        ),
        Known(list(values), "These are the values themselves. Is the mean what is kept?"),
        *rounded(_expected(values, w), ROUNDED),
    )


ROUNDED = "Rounded: keep all digits."
NEWEST = "The newest value weighs 1, also at weight 0."
LIVES_ON = "Or does a sum, or a list, live on between two calls?"
_SWAPPED = (
    "The two weights have changed places: the past weighs `weight`, the new value 1 - weight. A "
    "larger weight gives a smoother curve."
)
_CARRIED = (
    "What was divided goes on into the next mean, and is divided once more. Keep the running mean "
    "as it is, and divide only what you append."
)


def _two_alone(values: Sequence[float], w: float) -> Known:
    found = list(accumulate(values, lambda mean, value: (w * mean + value) / (1 + w)))
    return Known(
        found,
        "Right for two values, and not beyond: the mean so far stands for more and more of them. "
        "The sum of the weights grows, 1 + weight + weight² + ...",
    )


def _corrected_again(values: Sequence[float], w: float) -> list[float]:
    mean, found = 0.0, []
    for n, value in enumerate(values, start=1):
        mean = (w * mean + (1 - w) * value) / (1 - w**n)
        found.append(mean)
    return found


def _run(attempt: Any, values: list[float], weight: float) -> tuple[Any, str]:
    """What comes back, which is a list of numbers, one for each value."""
    shown = str(values) if len(values) < 5 else f"a list of {len(values)} values"
    tried = f"smooth({shown}, weight={weight})"
    index = "The list may be empty, and then has no first value. Start at 0."
    count = "1 - weight**n is 0 for n = 0. Count from 1: it is how many values are in the mean."
    zero = count if weight else NEWEST
    with explaining(IndexError, index), explaining(ZeroDivisionError, zero):
        got = call(attempt, values, weight, tried=tried)
    _expect_list(got, len(values), tried)
    return got, tried


def _expect_list(got: Any, count: int, tried: str) -> None:
    last = "Only the last one came back. Append each mean to a list, and return the list."
    if count:
        expect_that(
            type(got) not in (int, float),
            tried=tried,
            got=got,
            expected=f"a list of length {count}",
            idea=f"{last} Does the return stand inside the loop?",
        )
    plain = "A list of plain numbers is asked: no tensor, array, Series or generator. .tolist()."
    expect_that(
        got is not None or count > 0,
        tried=tried,
        got=got,
        expected="[]",
        idea="Return an empty list for an empty list.",
    )
    expect_that(
        type(got) is list and all(isinstance(each, (int, float)) for each in got),
        tried=tried,
        got=got,
        expected=f"a list of length {count}",
        idea=NO_RETURN if got is None else plain,
    )
    expect_that(
        len(got) in (count, count + 1),
        tried=tried,
        got=got,
        expected=f"{count} numbers, one for each value",
        idea=f"One number for each value, so that the curve keeps its steps. {LIVES_ON}",
    )


def _past(attempt: Any) -> None:
    """one number for each value, made of that value and those before it"""
    first, tried = _run(attempt, VALUES, WEIGHT)
    second, _ = _run(attempt, [*VALUES[:-1], 89.0], WEIGHT)
    expect_that(
        first[:2] == second[:2],
        tried=f"{tried}, and again with 89 in place of 9: the first two",
        got=[first[:2], second[:2]],
        expected="the same twice",
        idea="A later value changes earlier points. A mean around a point, or over all values, "
        f"looks at the future, which a training that is under way does not have. {LIVES_ON}",
    )


def _weights(attempt: Any) -> None:
    """each value weighs `weight` times as much as the one after it"""
    got, tried = _run(attempt, VALUES, WEIGHT)
    expect(got, EXPECTED, tried=tried, idea=SUM, known=_known(VALUES, WEIGHT))


def _constant(attempt: Any) -> None:
    """what is constant stays so, from the first value on"""
    for weight in (0.5, 0.9, 0.999):
        for values in ([8.0], [-3.0] * 4):
            got, tried = _run(attempt, values, weight)
            same = "A mean of equal values is that value, if its weights add up to 1."
            expect(got, values, tried=tried, idea=same, known=_known(values, weight)[:2])


def _no_weight(attempt: Any) -> None:
    """with a weight of 0 the values stay as they are"""
    values = [3.0, 0.0, -2.0, 7.0]
    got, tried = _run(attempt, values, 0.0)
    idea = f"weight = 0: the past weighs nothing, and each value is its own mean. {NEWEST}"
    expect(got, values, tried=tried, idea=idea)


def _zeros(attempt: Any) -> None:
    """0 is a value, too"""
    values = [0.0, 0.0, 1.5, 0.0]
    got, tried = _run(attempt, values, 0.5)
    idea = (
        "A mean of 0 is a mean. `mean or value`, or `if not mean`, takes it for none; `if value` "
        "leaves a value out."
    )
    known = (
        *_known(values, 0.5)[:1],
        _two_alone(values, 0.5),
        *rounded(_expected(values, 0.5), ROUNDED),
    )
    expect(got, _expected(values, 0.5), tried=tried, idea=idea, known=known)


def _long(attempt: Any) -> None:
    """a long curve, and heavy smoothing"""
    values = [float(7 * n % 11 - 4) for n in range(40)]
    for weight in (0.6, 0.95):
        got, tried = _run(attempt, values, weight)
        known = _known(values, weight)
        expect(got, _expected(values, weight), tried=tried, idea=ALL_PAST, known=known)
    falling = [400.0 - n for n in range(400)]
    got, tried = _run(attempt, falling, 0.99)
    last = _mean(falling, [0.99 ** (399 - place) for place in range(400)])
    expect(got[-1], last, tried=f"{tried}, the last of them", idea=ALL_PAST)


def _small(attempt: Any) -> None:
    """small values, such as those of a rate, keep their digits"""
    values = [3e-5, 2e-5, 2.5e-5]
    got, tried = _run(attempt, values, 0.5)
    expected = _expected(values, 0.5)
    expect(got, expected, tried=tried, idea=SUM, known=_known(values, 0.5))
    expect_all_digits(got, expected, tried=tried, idea=ROUNDED)


def _nothing(attempt: Any) -> None:
    """of no values nothing comes"""
    got, tried = _run(attempt, [], 0.5)
    expect(got, [], tried=tried, idea="Return an empty list for an empty list.")


EXERCISE = Exercise(
    "10.6",
    "Smooth as TensorBoard does",
    10,
    smooth,
    (_past, _weights, _constant, _zeros, _no_weight, _long, _small, _nothing),
    (
        "Keep one number, the mean so far. Each new value changes it a little.",
        (
            "mean = weight * mean + (1 - weight) * value, starting at 0. The first values come out "
            "too small: n weights add up to 1 - weight**n only."
        ),
        (
            "Count n from 1, append mean / (1 - weight**n), and leave mean itself as it is. Or "
            "smooth a curve of ones beside it, and divide by that."
        ),
    ),
)
