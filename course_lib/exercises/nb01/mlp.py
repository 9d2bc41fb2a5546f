"""Exercise 01.4: children have to be registered before they can learn."""

from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import Known, call, expect, expect_module, expect_that
from course_lib.exercises._exercise import Exercise


class MLP(nn.Module):
    def __init__(self, sizes: list[int]) -> None:
        super().__init__()
        pairs = zip(sizes[:-1], sizes[1:], strict=True)
        self.layers = nn.ModuleList(nn.Linear(before, after) for before, after in pairs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, sizes[0]) -> (B, sizes[-1]), with a ReLU between the layers"""
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)


def _make(attempt: Any, sizes: list[int]) -> nn.Module:
    tried = f"MLP({sizes})"
    module = call(attempt, sizes, tried=tried)
    expect_module(module, tried=tried)
    return module


def _registers_layers(attempt: Any) -> None:
    """MLP([4, 4, 2]) has 30 numbers to learn: 20 and 10"""
    count = sum(parameter.numel() for parameter in _make(attempt, [4, 4, 2]).parameters())
    expect(
        count,
        30,
        tried="the numbers in MLP([4, 4, 2]).parameters()",
        idea="One nn.Linear for each pair of neighbouring sizes: 4 to 4 is 16 + 4, 4 to 2 is 8 + "
        "2.",
        known=(
            Known(
                0,
                "The layers are there, and PyTorch can't see them: a plain list hides what is in "
                "it. "
                "nn.ModuleList is a list that registers its items.",
            ),
            Known(
                24, "24 = 16 + 8: the biases are missing. nn.Linear has one unless told otherwise."
            ),
            Known(20, "One layer only. Two sizes make a layer, three sizes make two."),
        ),
    )


def _own_layers(attempt: Any) -> None:
    """every layer has numbers of its own"""
    count = sum(parameter.numel() for parameter in _make(attempt, [3, 3, 3, 3]).parameters())
    expect(
        count,
        36,
        tried="the numbers in MLP([3, 3, 3, 3]).parameters()",
        idea="Three layers of 9 + 3 numbers each.",
        known=(
            Known(
                12,
                "Three times the same layer: [nn.Linear(3, 3)] * 3 repeats one object. Call "
                "nn.Linear once "
                "for each layer.",
            ),
            Known(24, "The last layer is missing: four sizes make three layers."),
        ),
    )


def _forward(attempt: Any) -> None:
    """a ReLU stands between the layers, and none after the last"""
    module = _make(attempt, [2, 3, 2])
    parameters = list(module.parameters())
    shapes = [tuple(parameter.shape) for parameter in parameters]
    expect(
        shapes,
        [(3, 2), (3,), (2, 3), (2,)],
        tried="the shapes in MLP([2, 3, 2]).parameters()",
        idea="Make the layers with nn.Linear, in the order in which they are used.",
    )
    values = (
        [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]],
        [0.0, 0.0, 0.0],
        [[1.0, 1.0, 1.0], [-1.0, 0.0, 2.0]],
        [0.0, -1.0],
    )
    with torch.no_grad():
        for parameter, value in zip(parameters, values, strict=True):
            parameter.copy_(torch.tensor(value))
    x = torch.tensor([[1.0, 2.0], [-3.0, -4.0]])
    tried = "two layers with small whole weights, x = [[1, 2], [-3, -4]]"
    known = (
        Known(
            _by_hand(x, parameters, False, False),
            "No activation. Two linear layers in a row are one linear layer: "
            "put torch.relu between them.",
        ),
        Known(
            _by_hand(x, parameters, True, True),
            "There is a ReLU after the last layer too. Logits may be negative: "
            "a ReLU there throws half of them away.",
        ),
        Known(
            _by_hand(x, parameters, False, True),
            "The ReLU stands after the last layer. It belongs between the layers.",
        ),
    )
    expect(
        call(module, x, tried=tried),
        _by_hand(x, parameters, True, False),
        tried=tried,
        idea="First layer, ReLU, second layer. Nothing else.",
        known=known,
    )


def _by_hand(x: Tensor, parameters: list, between: bool, last: bool) -> Tensor:
    w1, b1, w2, b2 = (parameter.detach() for parameter in parameters)
    hidden = x @ w1.T + b1
    out = (hidden.relu() if between else hidden) @ w2.T + b2
    return out.relu() if last else out


def _any_depth(attempt: Any) -> None:
    """it is as deep as you say: one layer, or five"""
    single = _make(attempt, [4, 3])
    x = torch.tensor([[-1.0, -2.0, -3.0, -4.0]])
    with torch.no_grad():
        for parameter in single.parameters():
            parameter.fill_(1.0)
    expect(
        call(single, x, tried="MLP([4, 3]), all weights 1"),
        torch.full((1, 3), -9.0),
        tried="MLP([4, 3]) with all weights 1, x = [[-1, -2, -3, -4]]",
        idea="Two sizes make one layer: the last one, so no ReLU follows it.",
    )
    deep = _make(attempt, [4, 8, 8, 8, 8, 2])
    out = call(deep, torch.randn(5, 4), tried="MLP([4, 8, 8, 8, 8, 2])")
    expect_that(
        isinstance(out, Tensor) and tuple(out.shape) == (5, 2),
        tried="MLP([4, 8, 8, 8, 8, 2]), x of shape (5, 4)",
        got=out,
        expected="a tensor of shape (5, 2)",
        idea="Loop over all layers: the number of sizes decides how many there are.",
    )


EXERCISE = Exercise(
    "01.4",
    "As deep as you say",
    6,
    MLP,
    (_registers_layers, _own_layers, _forward, _any_depth),
    (
        "sizes[:-1] and sizes[1:] are the layers' inputs and outputs. zip puts them in pairs.",
        "self.layers = nn.ModuleList(nn.Linear(before, after) for before, after in ...).",
        "In forward: relu after every layer in self.layers[:-1]; then self.layers[-1], bare.",
    ),
)
