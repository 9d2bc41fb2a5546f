"""A model of one weight, whose losses and steps are known by arithmetic."""

from typing import Any

import torch
from torch import Tensor, nn

RATE = 0.1
BATCH = {"x": torch.tensor([1.0, 2.0]), "labels": torch.tensor([3.0, 4.0])}
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
        self.w = nn.Parameter(torch.tensor(STARTS))
        self.modes: list[bool] = []

    def forward(self, x: Tensor) -> Tensor:
        self.modes.append(self.training)
        return self.w * x


class Sum(nn.Module):
    """w * (a + 10 b): it takes two inputs, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(STARTS))

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
    return {"x": torch.tensor(x), "labels": torch.tensor(labels)}


def weight_of(model: nn.Module) -> float:
    return model.w.item()
