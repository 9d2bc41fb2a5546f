"""Exercise 01.2: what a module must remember but not learn is a buffer."""

from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import Known, call, expect, expect_module, expect_that
from course_lib.exercises._exercise import Exercise


class Standardize(nn.Module):
    def __init__(self, data: Tensor) -> None:
        """Measure data, (N, F)."""
        super().__init__()
        spread = data.std(dim=0)  # (F,)
        self.register_buffer("mean", data.mean(dim=0))  # (F,)
        self.register_buffer("std", torch.where(spread > 0, spread, 1.0))  # (F,)

    def forward(self, x: Tensor) -> Tensor:
        """(B, F) -> (B, F), each column with mean 0 and standard deviation 1"""
        return (x - self.mean) / self.std  # (B, F)


DATA = torch.tensor([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]])
TRIED = "data [[1, 10], [2, 30], [6, 20]], then the same data as input"


def _make(attempt: Any, data: Tensor = DATA, tried: str = "Standardize(data)") -> nn.Module:
    module = call(attempt, data, tried=tried)
    expect_module(module, tried=tried)
    return module


def _standardizes(attempt: Any) -> None:
    """every column comes out with mean 0 and standard deviation 1"""
    column = (DATA - DATA.mean(dim=0)) / DATA.std(dim=0)
    got = call(_make(attempt), DATA, tried=TRIED)
    expect(
        got,
        column,
        tried=TRIED,
        idea="Subtract the mean of each column, then divide by its standard deviation: dim=0 for "
        "both.",
        known=(
            Known(
                (DATA - DATA.mean()) / DATA.std(),
                "One mean for everything. Each column has its own: mean(dim=0).",
            ),
            Known(DATA - DATA.mean(dim=0), "The division by the standard deviation is missing."),
            Known(
                (DATA - DATA.mean(dim=0)) / DATA.var(dim=0),
                "Divided by the variance. The standard deviation is its root: std(dim=0).",
            ),
            Known(
                (DATA - DATA.mean(dim=0)) / DATA.std(dim=0, correction=0),
                "Nearly: that is the standard deviation with correction=0. Take data.std(dim=0) "
                "as it comes.",
            ),
        ),
    )


def _keeps_its_statistics(attempt: Any) -> None:
    """new data is measured by the old data's mean and deviation"""
    x = torch.tensor([[3.0, 20.0], [3.0, 20.0]])
    tried = "data [[1, 10], [2, 30], [6, 20]], then the input [[3, 20], [3, 20]]"
    expect(
        call(_make(attempt), x, tried=tried),
        torch.zeros(2, 2),
        tried=tried,
        idea="(3, 20) is the mean of the data, so 0 comes out. Measure mean and std once, in "
        "__init__: a model "
        "must treat one picture the same whatever others stand beside it.",
    )


_DIVIDE_BY_ONE = (
    "0 / 0 is NaN, and one NaN turns every loss and gradient into NaN. Where the deviation is 0, "
    "divide by 1."
)


def _constant_columns(attempt: Any) -> None:
    """a column that never changed gives 0, and stays small when it does change"""
    data = torch.tensor([[0.0, 1.0], [0.0, 3.0]])
    tried = "a first column of zeros, then the input [[0, 2]]"
    module = _make(attempt, data, tried)
    expect(
        call(module, torch.tensor([[0.0, 2.0]]), tried=tried),
        torch.zeros(1, 2),
        tried=tried,
        idea=_DIVIDE_BY_ONE,
        known=(Known(torch.tensor([[float("nan"), 0.0]]), _DIVIDE_BY_ONE),),
    )
    tried = "a first column of zeros, then the input [[5, 2]]"
    got = call(module, torch.tensor([[5.0, 2.0]]), tried=tried)
    expect_that(
        isinstance(got, Tensor) and bool((got.double().abs() <= 50).all()),
        tried=tried,
        got=got,
        expected="a small number: 5, if you divide by 1",
        idea="A tiny divisor such as 1e-8 avoids the NaN and makes a speck of ink a hundred "
        "million. Where the "
        "deviation is 0, divide by 1.",
    )


def _learns_nothing(attempt: Any) -> None:
    """nothing in it is learned: it has no parameters"""
    names = [name for name, _ in _make(attempt).named_parameters()]
    expect(
        names,
        [],
        tried="the names in named_parameters()",
        idea="As parameters, mean and std would be handed to the optimizer, which would move "
        "them to lower "
        "the loss. They are measured, not learned: register_buffer.",
    )


def _travels(attempt: Any) -> None:
    """mean and std are in the state_dict and follow the module"""
    module = _make(attempt)
    expect(
        sorted(module.state_dict()),
        ["mean", "std"],
        tried="the names in state_dict()",
        idea="A plain tensor attribute is not saved with the model and stays behind when the "
        "model moves to a "
        'GPU. self.register_buffer("mean", ...) makes it part of the state; leave persistent as '
        "it is.",
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
