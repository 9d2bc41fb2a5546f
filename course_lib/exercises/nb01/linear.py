"""Exercise 01.1: a linear layer is two parameters and a product."""

from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import Known, call, expect, expect_module, expect_that
from course_lib.exercises._exercise import Exercise


class Linear(nn.Module):
    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        bound = in_features**-0.5
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_features) -> (B, out_features)"""
        return x @ self.weight.T + self.bias  # (B, out)


def _make_linear(attempt: Any) -> nn.Module:
    layer = call(attempt, 3, 2, tried="Linear(3, 2)")
    expect_module(layer, tried="Linear(3, 2)")
    return layer


def _linear_shapes(attempt: Any) -> None:
    """Linear(3, 2) has a weight of shape (2, 3) and a bias of shape (2,)"""
    layer = _make_linear(attempt)
    for name, shape in (("weight", (2, 3)), ("bias", (2,))):
        value = getattr(layer, name, None)
        wrong_way = (
            "nn.Linear keeps its weight as (out, in): one row for each output. Yours is (in, out)."
        )
        expect_that(
            isinstance(value, Tensor) and tuple(value.shape) == shape,
            tried=f"Linear(3, 2).{name}",
            got=value,
            told="no such attribute" if value is None else "",
            expected=f"a tensor of shape {shape}",
            idea=wrong_way
            if isinstance(value, Tensor) and value.shape == (3, 2)
            else f"Store it in __init__ under this very name: self.{name} = ...",
        )


def _linear_registered(attempt: Any) -> None:
    """an optimizer finds both: they are parameters"""
    layer = _make_linear(attempt)
    found = dict(layer.named_parameters())
    idea = (
        "A plain tensor is an attribute like any other, even with requires_grad=True: "
        "parameters() does "
        "not list it, so no optimizer ever moves it. Wrap it: nn.Parameter(...)."
    )
    expect(
        sorted(found),
        ["bias", "weight"],
        tried="the names in Linear(3, 2).named_parameters()",
        idea=idea,
    )
    expect(
        [parameter.requires_grad for parameter in found.values()],
        [True, True],
        tried="requires_grad of the two parameters",
        idea="With requires_grad=False a parameter gets no gradient and never learns. That is "
        "the default "
        "of a tensor, not of nn.Parameter: leave it out.",
    )


def _linear_start(attempt: Any) -> None:
    """the weights start out small and different from one another"""
    weight = _make_linear(attempt).weight.detach()
    expect_that(
        bool(weight.isfinite().all()) and weight.unique().numel() == weight.numel(),
        tried="the six numbers of Linear(3, 2).weight",
        got=weight,
        expected="six finite numbers, all different",
        idea="Units that start equal get equal gradients and stay equal for ever. Draw the "
        "weight at random, "
        "and fill it: torch.empty only takes memory, with whatever stands in it.",
    )
    expect_that(
        weight.abs().max().item() < 6,
        tried="the six numbers of Linear(3, 2).weight",
        got=weight,
        expected="small numbers, such as torch.randn gives",
        idea="Large weights make logits so far apart that training spends its steps on bringing "
        "them back. Draw small ones: torch.randn(...) * 0.1.",
    )


def _linear_forward(attempt: Any) -> None:
    """calling it gives x @ weight.T + bias"""
    layer = _make_linear(attempt)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0, 3.0], [0.0, -1.0, 0.0]]))
        layer.bias.copy_(torch.tensor([10.0, -20.0]))
    x = torch.tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    tried = "weight [[1, 2, 3], [0, -1, 0]], bias [10, -20], x = [[1, 0, 0], [1, 1, 1]]"
    product = torch.tensor([[1.0, 0.0], [6.0, -1.0]])
    expect(
        call(layer, x, tried=tried),
        torch.tensor([[11.0, -20.0], [16.0, -21.0]]),
        tried=tried,
        idea="Each output is one row of the weight times x, plus its bias.",
        known=(
            Known(product, "The bias is missing: + self.bias."),
            Known(
                product - torch.tensor([10.0, -20.0]),
                "The bias is subtracted. A linear layer adds it.",
            ),
            Known(
                torch.tensor([[11.0, 0.0], [16.0, 0.0]]),
                "There is an activation in it. A linear layer is only the product and the sum.",
            ),
        ),
    )
    other = call(attempt, 5, 4, tried="Linear(5, 4)")
    tried = "Linear(5, 4), x of shape (2, 3, 5): (B, T, H)"
    shape = tuple(getattr(call(other, torch.ones(2, 3, 5), tried=tried), "shape", ()))
    expect(
        shape,
        (2, 3, 4),
        tried=tried,
        idea="Only the last axis changes; "
        "x @ self.weight.T does it for any number of axes in front.",
    )


def _linear_gradient(attempt: Any) -> None:
    """gradients reach the weight and the bias"""
    layer = _make_linear(attempt)
    tried = "Linear(3, 2)(x).sum().backward()"
    out = call(layer, torch.ones(4, 3), tried=tried)
    if isinstance(out, Tensor) and out.requires_grad:
        out.sum().backward()
    missing = [name for name, parameter in layer.named_parameters() if parameter.grad is None]
    expect_that(
        not missing,
        tried=tried,
        told=f"no gradient for {', '.join(missing)}",
        expected="a gradient for weight and bias",
        idea=".data, .detach() and no_grad cut a tensor off from autograd. Use self.weight "
        "itself in forward.",
    )


EXERCISE = Exercise(
    "01.1",
    "A linear layer from two parameters",
    7,
    Linear,
    (_linear_shapes, _linear_registered, _linear_start, _linear_forward, _linear_gradient),
    (
        "super().__init__() first; then two attributes, each an nn.Parameter made from a tensor.",
        "weight is (out_features, in_features), so x @ weight needs one of the two turned round.",
        (
            "self.weight = nn.Parameter(torch.randn(out_features, in_features)) and, in forward, "
            "x @ self.weight.T + self.bias."
        ),
    ),
)
