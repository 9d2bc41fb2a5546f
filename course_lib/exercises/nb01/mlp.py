"""Exercise 01.4: children have to be registered before they can learn."""

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
    with (
        explaining(IndexError, _ONE_LESS, "index out of range"),
        explaining(
            TypeError, "torch.relu is a function. The module is nn.ReLU().", "relu is not a"
        ),
        explaining(
            TypeError, "nn.ModuleList takes one list, without a star.", "ModuleList.__init__"
        ),
    ):
        module = call(attempt, sizes, tried=tried)
    expect_module(module, tried=tried)
    return module


_ONE_LESS = "Three sizes make two layers: there is one layer less than there are sizes."


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
                "PyTorch cannot see the layers: a plain list hides what is in it (so does a tuple, "
                "and so do layers made in forward). nn.ModuleList is a list that registers its "
                "items.",
            ),
            Known(
                46,
                "One layer for each size. A layer goes from one size to the next, so neighbours "
                "make pairs: sizes[:-1] and sizes[1:].",
            ),
            Known(32, "Input and output have changed places: nn.Linear(before, after)."),
            Known(2410, "Sizes 64, 32 and 10 are written in by hand. Take them from sizes."),
            Known(
                24, "24 = 16 + 8: the biases are missing. nn.Linear has one unless told otherwise."
            ),
            Known(10, "The first layer is missing, or not registered. Two sizes make a layer."),
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
                "nn.Linear once for each layer.",
            ),
            Known(24, "The last layer is missing: four sizes make three layers."),
        ),
    )


SIZES = [2, 3, 4, 5, 6]  # all different, so that a layer is known by the shape of its weight
X = torch.tensor([[1.0, 2.0], [-3.0, -1.0]])


def _forward(attempt: Any) -> None:
    """a ReLU stands between the layers, and none after the last"""
    module = _make(attempt, SIZES)
    layers = _with_known_weights(module)
    tried = f"MLP({SIZES}) with fixed weights, x = [[1, 2], [-3, -1]]"
    ideas = {
        (): "No activation. Linear layers in a row are one linear layer: put torch.relu between.",
        (0, 1, 2, 3): "There is a ReLU after the last layer too. Logits may be negative: a ReLU "
        "there "
        "throws half of them away.",
        (3,): "The ReLU stands after the last layer. It belongs between the layers.",
        (0,): "A ReLU after the first layer only. It stands after every layer but the last.",
        (2,): "A ReLU before the last layer only. It stands after every layer but the last.",
    }
    with explaining(RuntimeError, _ONE_AFTER_THE_OTHER, "mat1 and mat2"):
        got = call(module, X, tried=tried)
    expect(
        got,
        _by_hand(layers, (0, 1, 2)),
        tried=tried,
        idea="Each layer takes what the one before it gave; after every layer but the last "
        "stands a "
        "ReLU, and nothing else.",
        known=[
            *(Known(_by_hand(layers, after), idea) for after, idea in ideas.items()),
            *(Known(_by_hand(layers, after, X.relu()), _INPUT) for after in ((0, 1), (0, 1, 2))),
            Known(_by_hand(layers[:-1], (0, 1, 2)), "The last layer never ran."),
        ],
    )


_ONE_AFTER_THE_OTHER = (
    "Each layer takes what the one before it gave. Is the result assigned to x again, is every "
    "layer called once, and does `return` stand after the loop?"
)
_INPUT = (
    "A ReLU stands before the first layer: it throws negative inputs away. Only between layers."
)


def _with_known_weights(module: nn.Module) -> list[tuple[Tensor, Tensor]]:
    """Give the layers fixed weights, whatever their names; return them in order of use."""
    found = {tuple(parameter.shape): parameter for parameter in module.parameters()}
    layers = []
    for before, after in zip(SIZES[:-1], SIZES[1:], strict=True):
        expect_that(
            (after, before) in found and (after,) in found,
            tried=f"the shapes in MLP({SIZES}).parameters()",
            got=sorted(found),
            expected=f"among them ({after}, {before}) and ({after},)",
            idea="Make the layers with nn.Linear(before, after), one for each pair of neighbours.",
        )
        weight, bias = found[after, before], found[after,]
        with torch.no_grad():
            count = torch.arange(weight.numel()).view(after, before)
            weight.copy_((count * 5 % 7 - 3) / 2)
            bias.copy_(torch.arange(after) % 3 - 1.0)
        layers.append((weight.detach(), bias.detach()))
    return layers


def _by_hand(layers: list, relu_after: tuple[int, ...], x: Tensor = X) -> Tensor:
    out = x
    for number, (weight, bias) in enumerate(layers):
        out = out @ weight.T + bias
        out = out.relu() if number in relu_after else out
    return out


def _any_depth(attempt: Any) -> None:
    """it is as deep as you say: one layer is enough"""
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
