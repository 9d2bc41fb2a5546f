"""Exercise 01.2: what a module must remember but not learn is a buffer."""

from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import (
    Known,
    call,
    expect,
    expect_module,
    expect_that,
    explaining,
)
from course_lib.exercises._exercise import Exercise


class Standardize(nn.Module):
    def __init__(self, data: Tensor) -> None:
        """Measure data, (examples, pixels)."""
        super().__init__()
        spread = data.std(dim=0)  # (pixels,)
        self.register_buffer("mean", data.mean(dim=0))  # (pixels,)
        self.register_buffer("std", torch.where(spread > 0, spread, 1.0))  # (pixels,)

    def forward(self, x: Tensor) -> Tensor:
        """(B, pixels) -> (B, pixels), minus the mean and divided by the deviation of data"""
        return (x - self.mean) / self.std  # (B, pixels)


DATA = torch.tensor([[1.0, 10.0], [1.1, 30.0], [1.2, 20.0]])  # mean 1.1 and 20, std 0.1 and 10
GIVEN = "data [[1, 10], [1.1, 30], [1.2, 20]]"


def _make(attempt: Any, data: Tensor = DATA, tried: str = "Standardize(data)") -> nn.Module:
    with (
        explaining(RuntimeError, _EACH_COLUMN, "Boolean value of Tensor"),
        explaining(RuntimeError, _EACH_COLUMN, "condition to be a boolean"),
    ):
        module = call(attempt, data, tried=tried)
    expect_module(module, tried=tried)
    return module


_EACH_COLUMN = (
    "Each column decides for itself: in torch.where(condition, a, b) the condition is a comparison "
    "such as std > 0, with an answer for every number."
)


def _standardizes(attempt: Any) -> None:
    """every column of the data comes out with mean 0 and standard deviation 1"""
    mean, std = torch.tensor([1.1, 20.0]), torch.tensor([0.1, 10.0])
    tried = f"{GIVEN}, then the same data as input"
    expect(
        call(_make(attempt), DATA, tried=tried),
        torch.tensor([[-1.0, -1.0], [0.0, 1.0], [1.0, 0.0]]),
        tried=tried,
        idea="Subtract the mean of each column, then divide by its standard deviation: dim=0 for "
        "both.",
        known=(
            Known(
                (DATA - DATA.mean()) / DATA.std(),
                "One mean for all. Each column has its own: dim=0.",
            ),
            Known(
                DATA - mean,
                "The division by the standard deviation is missing, or it was by 1 everywhere. In "
                "torch.where(condition, a, b), a is for where the condition holds.",
            ),
            Known(DATA / std, "Divided, but the mean was not subtracted."),
            Known(
                (DATA - mean) / (std + 1),
                "1 was added to every deviation. Only a deviation of 0 is replaced by 1.",
            ),
            Known(
                (DATA - DATA.mean(dim=1, keepdim=True)) / DATA.std(dim=1, keepdim=True),
                "dim=1 measures each picture. Each pixel is measured, over the pictures: dim=0.",
            ),
            Known(
                (DATA - mean) / std**2,
                "Divided by the variance. The standard deviation is its root: std(dim=0).",
            ),
            Known(
                (DATA - mean) / DATA.std(dim=0, correction=0),
                "Nearly: that is std with correction=0. Take data.std(dim=0) as it comes.",
            ),
            Known(
                (DATA - mean) / std.clamp(min=1),
                "The small deviation, 0.1, was replaced by 1. Only a deviation of 0 is.",
            ),
            Known((mean - DATA) / std, "The sign is turned round: it is x minus the mean."),
            Known(
                DATA - mean / std,
                "Python divides before it subtracts. Put brackets round x - self.mean.",
            ),
        ),
    )


def _keeps_its_statistics(attempt: Any) -> None:
    """new data is measured by the old data's mean and deviation"""
    x = torch.tensor([[1.3, 20.0], [1.0, 40.0]])
    tried = f"{GIVEN}, then the input [[1.3, 20], [1, 40]]"
    expect(
        call(_make(attempt), x, tried=tried),
        torch.tensor([[2.0, 0.0], [-1.0, 2.0]]),
        tried=tried,
        idea="Measure mean and std once, in __init__, and use those in forward: a model must "
        "treat one "
        "picture the same whatever others stand beside it.",
    )


def _constant_columns(attempt: Any) -> None:
    """a column that never changed gives 0, and is divided by 1 when it does change"""
    data = torch.tensor([[5.0, 1.0], [5.0, 3.0]])
    tried = "a first column of fives, then the input [[5, 2]]"
    module = _make(attempt, data, tried)
    expect(
        call(module, torch.tensor([[5.0, 2.0]]), tried=tried),
        torch.zeros(1, 2),
        tried=tried,
        idea=_DIVIDE_BY_ONE,
        known=(Known(torch.tensor([[float("nan"), 0.0]]), _DIVIDE_BY_ONE),),
    )
    tried = "a first column of fives, then the input [[9, 2]]"
    got = call(module, torch.tensor([[9.0, 2.0]]), tried=tried)
    tiny = isinstance(got, Tensor) and got.numel() and got.double().abs().max().item() > 1000
    expect(
        got,
        torch.tensor([[4.0, 0.0]]),
        tried=tried,
        idea="A divisor of 0, or near it, makes one speck of ink enormous. Where the deviation is "
        "0, divide by 1."
        if tiny
        else "9 - 5 is 4, and where the deviation is 0, it is divided by 1.",
    )


_DIVIDE_BY_ONE = (
    "0 / 0 is NaN, and one NaN turns every loss and gradient into NaN. Where the deviation is 0, "
    "divide by 1."
)


def _learns_nothing(attempt: Any) -> None:
    """nothing in it is learned: it has no parameters"""
    names = [name for name, _ in _make(attempt).named_parameters()]
    expect(
        names,
        [],
        tried="the names in named_parameters()",
        idea="As parameters, mean and std go to the optimizer, which moves them to lower the loss "
        "(with requires_grad=False: as soon as somebody unfreezes the model). They are measured, "
        "not learned: register_buffer.",
    )


def _travels(attempt: Any) -> None:
    """mean and std are in the state_dict and follow the module"""
    module = _make(attempt)
    names = sorted(module.state_dict())
    expect_that(
        {"mean", "std"} <= set(names),
        tried="the names in state_dict()",
        got=names,
        expected="mean and std",
        idea="They are saved, under other names. The exercise asks for mean and std."
        if len(names) == 2
        else "A plain tensor attribute is not saved with the model and stays behind when the model "
        'moves to a GPU. self.register_buffer("mean", ...) makes it part of the state, under that '
        "name; leave persistent as it is.",
    )
    tried = "Standardize(data).double(), then input of dtype float64"
    got = call(module.double(), DATA.double(), tried=tried)
    expect(
        str(getattr(got, "dtype", "no tensor")),
        "torch.float64",
        tried=tried,
        idea="Buffers follow .to(), .double() and .cuda(). Use self.mean and self.std in forward.",
    )


EXERCISE = Exercise(
    "01.2",
    "Measured, not learned",
    6,
    Standardize,
    (_standardizes, _keeps_its_statistics, _constant_columns, _learns_nothing, _travels),
    (
        "Measure data.mean(dim=0) and data.std(dim=0) in __init__, and keep both as buffers.",
        'self.register_buffer("mean", data.mean(dim=0)) makes self.mean. The same for "std".',
        "torch.where(std > 0, std, 1.0) gives 1 wherever std is 0.",
    ),
)
