"""A number as an answer; a model with gradients; a training as callbacks see it, and a logger."""

import contextlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from course_lib.exercises import _warm
from course_lib.exercises._checking import Known, expect, expect_that, same
from course_lib.loop import History
from course_lib.loop._run import Run
from course_lib.loop.train import NO_SCALER

_warm.make_first_optimizer()

ALMOST = (
    "The number is right, and it stands in a tensor or an array. float(...), or .item(), makes a "
    "plain number of it, which goes anywhere and holds on to no graph."
)


def expect_float(
    got: Any, expected: float, *, tried: str, idea: str, known: Sequence[Known] = ()
) -> None:
    """Expect a plain number. A tensor or an array with a known number is told what is wrong."""
    number = got
    with contextlib.suppress(Exception):  # a value that misbehaves stays what it is
        if isinstance(got, (torch.Tensor, np.ndarray, np.generic)):
            number = got.item()
    if number is not got and same(number, expected):
        known = (Known(got, ALMOST),)
    elif number is not got:
        known = [Known(got, wrong.idea) for wrong in known if same(number, wrong.value)]
    expect(got, expected, tried=tried, idea=idea, known=known)


def rounded(expected: float | list[float], idea: str) -> list[Known]:
    """What comes of rounding the expected number, or numbers, to 0 to 4 digits."""
    numbers = expected if isinstance(expected, list) else [expected]
    each = [[round(number, digits) for number in numbers] for digits in range(5)]
    return [Known(found if isinstance(expected, list) else found[0], idea) for found in each]


def expect_all_digits(
    got: float | list[float], expected: float | list[float], *, tried: str, idea: str
) -> None:
    """Expect small numbers to their fourth digit, where `expect` would take 0 for 0.00001."""
    pairs = zip(got, expected, strict=True) if isinstance(expected, list) else [(got, expected)]
    for one, other in pairs:
        expect_that(
            math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-12)
            or (math.isnan(one) and math.isnan(other)),
            tried=tried,
            got=one,
            expected=str(other),
            idea=idea,
        )


class Weights(nn.Module):
    """Weights and their gradients, as two lists; None for a weight without a gradient."""

    def __init__(self, values: Sequence[list], gradients: Sequence[list | None]) -> None:
        super().__init__()
        for place, (value, gradient) in enumerate(zip(values, gradients, strict=True)):
            weight = nn.Parameter(torch.tensor(value))
            weight.grad = None if gradient is None else torch.tensor(gradient)
            self.register_parameter(f"w{place}", weight)


class Recorder:
    """A logger that keeps what it is given."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, Any]] = []

    def scalars(self, numbers: Any, step: Any) -> None:
        kept = dict(numbers) if isinstance(numbers, Mapping) else numbers
        self.calls.append((kept, step))

    def start(self, step: int = 0) -> None:
        """Nothing to open."""

    def histogram(self, name: str, values: Any, step: int) -> None:
        """Nothing that anybody asks for."""

    def text(self, name: str, text: str, step: int = 0) -> None:
        """Nothing that anybody asks for."""

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""


def run_at(
    losses: Sequence[float],
    rates: Sequence[float],
    epochs: Sequence[dict[str, float]] = (),
    next_rate: float = 1.0,
) -> Run:
    """A training after these steps and epochs. The norm of its gradient is 5, of its weights 10."""
    model = Weights([[6.0, 0.0], [8.0]], [[0.0, 3.0], [-4.0]])
    optimizer = torch.optim.SGD(model.parameters(), lr=next_rate)
    history = History(list(losses), list(rates), [dict(epoch) for epoch in epochs])
    run = Run(model, optimizer, None, NO_SCALER, history, 100, 10)
    run.step_of_epoch, run.rates = 1, list(rates[-1:])
    return run
