"""Exercise 05.4: clipping by the norm."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise


def clip_gradients(parameters: Iterable[nn.Parameter], most: float) -> float:
    """Shorten all gradients together to the norm `most`, if it is larger. Returns what it was."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norm = sum((gradient**2).sum() for gradient in gradients) ** 0.5
    if norm > most:
        for gradient in gradients:
            gradient *= most / norm
    return float(norm)


FIRST, SECOND = [[3.0], [0.0]], [4.0]  # gradients, (2, 1) and (1,); their norm together is 5
TRIED = "two weights with the gradients [[3], [0]] and [4], "


def _parameters(*gradients: Sequence | None) -> list[nn.Parameter]:
    made = []
    for gradient in gradients:
        value = torch.zeros(3) if gradient is None else torch.tensor(gradient)
        parameter = nn.Parameter(torch.zeros_like(value))
        if gradient is not None:
            parameter.grad = value
        made.append(parameter)
    return made


def _clip(attempt: Any, parameters: Iterable, most: float, tried: str) -> Any:
    in_place = (
        "gradient * c makes a new tensor; the weight keeps the old one. Work in place, "
        "gradient *= c, or assign to parameter.grad."
    )
    none = "A weight that took no part in the loss has no gradient: its .grad is None. Skip it."
    shapes = "Weights have different shapes: flatten() each first, or add up the squares of each."
    boolean = "A tensor of several numbers is neither true nor false. Ask: is not None."
    with (
        explaining(RuntimeError, boolean, "Boolean value"),  # the outer one has the last word
        explaining(RuntimeError, shapes),
        explaining(ValueError, shapes, "only one element"),
        explaining(AttributeError, none, "NoneType"),
        explaining(TypeError, none, "NoneType"),
        explaining(RuntimeError, in_place, "in-place"),
    ):
        return call(lambda: attempt(parameters, most), tried=tried)


def _left(parameters: Sequence[nn.Parameter]) -> list:
    return [None if p.grad is None else p.grad.tolist() for p in parameters]


def _shortens(attempt: Any) -> None:
    """a gradient that is too long keeps its direction"""
    parameters = _parameters(FIRST, SECOND)
    tried = TRIED + "most = 2"
    _clip(attempt, parameters, 2.0, tried)
    expect(
        _left(parameters),
        [[[1.2], [0.0]], [1.6]],
        tried=f"{tried}: the gradients after it",
        idea="All numbers together have the norm (9 + 16) ** 0.5 = 5, so each is taken times 2/5.",
        known=(
            Known(
                [[[2.0], [0.0]], [2.0]],
                "Each was cut by itself, and the direction changed. One norm for all of them.",
            ),
            Known(
                [FIRST, SECOND],
                "No gradient changed. Clip where norm > most, and in place, gradient *= ...: "
                "gradient = gradient * ... makes a new tensor.",
            ),
            Known([[[1.5], [0.0]], [2.0]], "This is by the larger norm, 4. One norm for all."),
            Known([[[7.5], [0.0]], [10.0]], "It grew: multiply by most / norm, not norm / most."),
            Known([[[0.6], [0.0]], [0.8]], "The norm is 1 now: multiply by most / norm."),
            Known(
                [[[6 / 7], [0.0]], [8 / 7]],
                "3 + 4 was taken as the norm. Add the squares of all numbers, then take the root.",
            ),
            Known(
                [[[6 / 25], [0.0]], [8 / 25]],
                "Divided by the sum of squares, 25. The norm is its square root.",
            ),
        ),
    )


def _leaves_short_ones(attempt: Any) -> None:
    """a gradient that is short enough stays"""
    parameters = _parameters(FIRST, SECOND)
    tried = TRIED + "most = 10"
    _clip(attempt, parameters, 10.0, tried)
    expect(
        _left(parameters),
        [FIRST, SECOND],
        tried=f"{tried}: the gradients after it",
        idea="A norm of 5 is below 10: leave it alone.",
        known=(
            Known(
                [[[6.0], [0.0]], [8.0]],
                "It was made longer. Multiply only where the norm is larger than most.",
            ),
        ),
    )


def _returns_the_norm(attempt: Any) -> None:
    """it returns the norm from before, clipped or not"""
    for first, most, norm in (
        (FIRST, 2.0, 5.0),
        (FIRST, 10.0, 5.0),
        ([[1.0], [1.0]], 2.0, 18**0.5),
    ):
        tried = f"two weights with the gradients {first} and [4], most = {most:g}"
        got = _clip(attempt, _parameters(first, SECOND), most, tried)
        if isinstance(got, Tensor) and got.dim() == 0:
            got = got.item()
        expect(
            got,
            norm,
            tried=tried,
            idea="Return what the norm was, whether it was too long or not: it is worth watching.",
            known=(
                Known(most, "This is `most`. Return the norm from before the clipping."),
                Known(norm**2, "This is the square of the norm."),
                Known(most / norm, "This is the factor. Return the norm."),
            ),
        )


def _without_gradient(attempt: Any) -> None:
    """a weight without a gradient is skipped"""
    parameters = _parameters(FIRST, None, SECOND)
    tried = "a weight between the two that has no gradient, most = 2"
    _clip(attempt, parameters, 2.0, tried)
    expect(
        _left(parameters),
        [[[1.2], [0.0]], None, [1.6]],
        tried=f"{tried}: the gradients after it",
        idea="Its .grad is None, and stays so: a frozen weight must not get one.",
    )


def _from_a_generator(attempt: Any) -> None:
    """it takes model.parameters(), which can be gone through once"""
    parameters = _parameters(FIRST, SECOND)
    tried = "the two weights from a generator, as model.parameters() is one; most = 2"
    got = _clip(attempt, (parameter for parameter in parameters), 2.0, tried)
    idea = (
        "The first loop used the generator up, and the second found nothing. Make a list of it "
        "first."
    )
    expect(_left(parameters), [[[1.2], [0.0]], [1.6]], tried=tried, idea=idea)
    expect_that(float(got) > 1, tried=tried, got=got, expected="5.0", idea=idea)


def _zero(attempt: Any) -> None:
    """gradients of 0 stay 0"""
    parameters = _parameters((0.0, 0.0))
    tried = "one weight with the gradient [0, 0], most = 1"
    _clip(attempt, parameters, 1.0, tried)
    expect(
        _left(parameters),
        [[0.0, 0.0]],
        tried=f"{tried}: the gradient after it",
        idea="Divide by the norm only where it is larger than most: 0 / 0 is NaN.",
    )


EXERCISE = Exercise(
    "05.4",
    "Clip by the norm",
    8,
    clip_gradients,
    (_shortens, _leaves_short_ones, _returns_the_norm, _without_gradient, _from_a_generator, _zero),
    (
        "Collect the gradients in a list first. The norm is the root of the sum of all squares.",
        "If the norm is larger than most, multiply every gradient by most / norm, in place.",
        "norm = sum((g ** 2).sum() for g in gradients) ** 0.5; then g *= most / norm",
    ),
)
