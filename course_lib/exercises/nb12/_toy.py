"""A model of two parts in known numbers, its batch, and loops that do something of their own."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.exercises import _warm
from course_lib.exercises.nb05._toy import Scale

_warm.make_first_optimizer()

NET = "a model of body and head, two Linears; "
Step = Callable[[nn.Module, dict, Callable, torch.optim.Optimizer], Any]


class Net(nn.Module):
    """A body and a head, with a tanh between them. Each weight has a gradient that is not 0."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(2, 3), nn.Linear(3, 2)
        for number, parameter in enumerate(self.parameters(), start=1):
            spread = torch.linspace(-0.5, 0.75, parameter.numel()).reshape(parameter.shape)
            parameter.detach().copy_(spread / number + 0.125)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x).tanh())


class Within(nn.Module):
    """A part that notes its own mode."""

    def __init__(self) -> None:
        super().__init__()
        self.part = Scale()

    def forward(self, x: Tensor) -> Tensor:
        return self.part(x)


NAMES = [name for name, _ in Net().named_parameters()]
BODY, HEAD = NAMES[:2], NAMES[2:]


def batch() -> dict[str, Tensor]:
    """Four examples of two numbers."""
    return {
        "x": torch.tensor([[1.0, 0.5], [-1.0, 2.0], [0.5, -2.0], [2.0, 1.0]]),
        "labels": torch.tensor([0, 1, 1, 0]),
    }


def sgd(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.5)


def loss_of(model: nn.Module, batch: dict, loss_fn: Callable = F.cross_entropy) -> Tensor:
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    return loss_fn(model(**inputs), batch["labels"])


def healthy(model: nn.Module, batch: dict, loss_fn: Callable, optimizer: Any) -> float:
    """The five lines."""
    optimizer.zero_grad()
    loss = loss_of(model, batch, loss_fn)
    loss.backward()
    optimizer.step()
    return loss.item()


def numbers_of(model: nn.Module) -> dict[str, Tensor]:
    """Copies of the weights."""
    return {name: tensor.detach().clone() for name, tensor in model.named_parameters()}


class Counted:
    """A step that counts how often it is called, and notes the optimizer's rates."""

    def __init__(self, step: Step) -> None:
        self.step, self.calls = step, 0
        self.rates: list[float] = []

    def __call__(self, model: nn.Module, batch: dict, loss_fn: Callable, optimizer: Any) -> Any:
        self.calls += 1
        self.rates = [group["lr"] for group in optimizer.param_groups]
        return self.step(model, batch, loss_fn, optimizer)
