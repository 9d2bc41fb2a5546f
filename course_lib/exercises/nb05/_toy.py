"""A model of one weight, whose losses and steps are known by arithmetic."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises import _warm
from course_lib.exercises._checking import expect_that, explaining

_warm.make_first_optimizer()

RATE = 0.1
# w = 1:   errors -2 and -2, loss 4, gradient -6; the weight goes to 1.6.
# w = 1.6: errors -1.4 and -0.8, loss 1.3, gradient -3; the weight goes to 1.9.
STARTS, GRADIENT, SECOND = 1.0, -6.0, -3.0
WEIGHTS = (1.6, 1.9)
LOSSES = (4.0, 1.3)
SETTING = "a model w * x with w = 1, mean squared error, SGD with the rate 0.1, "


class Scale(nn.Module):
    """w * x. It notes the mode that it is called in."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(STARTS, dtype=torch.float64))
        self.modes: list[bool] = []

    def forward(self, x: Tensor) -> Tensor:
        self.modes.append(self.training)
        return self.w * x


class Sum(nn.Module):
    """w * (a + 10 b): it takes two inputs, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(STARTS, dtype=torch.float64))

    def forward(self, *, a: Tensor, b: Tensor) -> Tensor:
        return self.w * (a + 10 * b)


def squared(predictions: Tensor, labels: Tensor) -> Tensor:
    """Mean squared error."""
    return ((predictions - labels) ** 2).mean()


def made(model: type = Scale) -> tuple[Any, torch.optim.Optimizer]:
    """A new model and its optimizer."""
    model = model()
    return model, torch.optim.SGD(model.parameters(), lr=RATE)


def batch_of(x: list[float], labels: list[float]) -> dict[str, Tensor]:
    return {
        "x": torch.tensor(x, dtype=torch.float64),
        "labels": torch.tensor(labels, dtype=torch.float64),
    }


def batch() -> dict[str, Tensor]:
    """Two examples, made anew: an attempt may spoil them."""
    return batch_of([1.0, 2.0], [3.0, 4.0])


def expect_labels(batches: Any, tried: str) -> None:
    """Raise a `Mistake` if the labels are gone from a batch."""
    for each in batches:
        expect_that(
            "labels" in each,
            tried=f"{tried}: the batch afterwards",
            told=f"a batch with {', '.join(each) or 'nothing'}",
            expected="a batch with x, labels",
            idea="pop() took the labels out of the caller's own dict: a second step on this batch "
            "finds none. Copy it first, dict(batch), or leave the labels where they are.",
        )


@contextlib.contextmanager
def explaining_inputs() -> Iterator[None]:
    """Say how a model is called, if it was called otherwise."""
    idea = (
        "The names of the inputs differ from model to model, so none may stand in the step: pass "
        "all but the labels, by name, model(**inputs)."
    )
    labels = 'The model takes the inputs and no labels: leave "labels" out of what you pass on.'
    with (
        explaining(TypeError, labels, "'labels'"),  # the outer one has the last word
        explaining(KeyError, idea),
        explaining(TypeError, idea),
        explaining(ValueError, idea),
        explaining(AttributeError, idea, "'dict' object"),
    ):
        yield


@contextlib.contextmanager
def explaining_backward() -> Iterator[None]:
    """Say from what backward() starts, if it was called on something else."""
    number = (
        "loss.item() is a plain number, with no way back to the weights. Call backward() on the "
        "loss while it is a tensor, and .item() for the return."
    )
    nothing = (
        "backward() gives nothing back, so there is no loss left. Keep the loss in a name, and "
        "call loss.backward() in a line of its own."
    )
    detached = (
        "The way from the loss back to the weights is cut: .detach(), torch.tensor(...) or "
        "no_grad() came before backward()."
    )
    with (
        explaining(AttributeError, number, "object has no attribute 'backward'"),
        explaining(AttributeError, nothing, "'NoneType' object has no attribute"),
        explaining(RuntimeError, "backward() starts from the loss: one number.", "scalar outputs"),
        explaining(RuntimeError, detached, "does not require grad"),
    ):
        yield


def weight_of(model: nn.Module) -> float:
    return model.w.item()
