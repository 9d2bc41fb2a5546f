"""Exercise 01.1: a linear layer is two parameters and a product."""

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
    with (
        explaining(AttributeError, _WRAPS_A_TENSOR, "'detach'"),
        explaining(
            RuntimeError, "Whole numbers get no gradient. Draw with torch.randn.", "floating point"
        ),
    ):
        layer = call(attempt, 3, 2, tried="Linear(3, 2)")
    expect_module(layer, tried="Linear(3, 2)")
    expect_that(
        not isinstance(layer, nn.Linear),
        tried="Linear(3, 2)",
        told="PyTorch's own nn.Linear",
        expected="a layer of your own",
        idea="Inherit from nn.Module and write both methods: then you know what nn.Linear does.",
    )
    return layer


_WRAPS_A_TENSOR = "nn.Parameter wraps a PyTorch tensor: make it first, with torch.randn or zeros."


def _linear_shapes(attempt: Any) -> None:
    """Linear(3, 2) has a weight of shape (2, 3) and a bias of shape (2,)"""
    layer = _make_linear(attempt)
    for name, shape in (("weight", (2, 3)), ("bias", (2,))):
        value = getattr(layer, name, None)
        expect_that(
            isinstance(value, Tensor) and tuple(value.shape) == shape,
            tried=f"Linear(3, 2).{name}",
            got=value,
            told="no such attribute" if value is None else "",
            expected=f"a tensor of shape {shape}",
            idea=_shape_idea(name, value, list(layer.children())),
        )


def _shape_idea(name: str, value: Any, children: list) -> str:
    if value is None and children:
        return "A layer inside does the work. Hold the weight and the bias yourself: nn.Parameter."
    if value is None:
        return f"Store it in __init__ under this very name: self.{name} = ..."
    if not isinstance(value, Tensor):
        return "Only a tensor can be trained, wrapped in nn.Parameter: torch.zeros(out_features)."
    if name == "bias":
        return "One number for each output: its shape is (out_features,)."
    row = "nn.Linear keeps its weight as (out, in): one row for each output."
    return f"{row} Yours is (in, out)." if tuple(value.shape) == (3, 2) else row


def _linear_registered(attempt: Any) -> None:
    """an optimizer finds both: they are parameters"""
    layer = _make_linear(attempt)
    found = dict(layer.named_parameters())
    expect(
        sorted(found),
        ["bias", "weight"],
        tried="the names in Linear(3, 2).named_parameters()",
        idea=_registered_idea(layer, found),
    )
    expect(
        [parameter.requires_grad for parameter in found.values()],
        [True, True],
        tried="requires_grad of the two parameters",
        idea="With requires_grad=False a parameter gets no gradient and never learns. That is the "
        "default of a tensor, not of nn.Parameter: leave it out.",
    )


def _registered_idea(layer: nn.Module, found: dict) -> str:
    missing = [name for name in ("weight", "bias") if name not in found]
    if not missing:
        return "The weight and the bias are all that a linear layer learns."
    value = getattr(layer, missing[0])
    if missing[0] in dict(layer.named_buffers()):
        return "A buffer is saved with the model and never trained. Use nn.Parameter."
    if not value.is_leaf:
        return (
            "What is calculated from a Parameter is a plain tensor again. Do the arithmetic inside "
            "the brackets: nn.Parameter(torch.randn(...) * 0.1)."
        )
    return (
        "A plain tensor is an attribute like any other, even with requires_grad=True: parameters() "
        "does not list it, so no optimizer ever moves it. Wrap it: nn.Parameter(...)."
    )


def _linear_start(attempt: Any) -> None:
    """the weights start out small and different from one another"""
    tried = "the numbers of Linear(64, 10).weight"
    layer = call(attempt, 64, 10, tried="Linear(64, 10)")
    weight, bias = layer.weight.detach(), layer.bias.detach()
    expect_that(
        bool(weight.isfinite().all()) and weight.unique().numel() > weight.numel() // 2,
        tried=tried,
        told=f"{weight.unique().numel()} different numbers",
        expected="640 finite numbers, drawn at random",
        idea="Units that start equal get equal gradients and stay equal for ever. Draw the weight "
        "at random, and fill it: torch.empty only takes memory, with whatever stands in it.",
    )
    expect_that(
        weight.std().item() < 2 and bias.abs().max().item() < 10,
        tried=tried,
        told=f"numbers that differ by about {weight.std().item():.3g}, a bias up to "
        f"{bias.abs().max().item():.3g}",
        expected="small numbers, such as torch.randn gives",
        idea="Large numbers make large scores, and training spends its steps on taking them back. "
        "Draw small ones: torch.randn(...) * 0.1.",
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
    found = "What __init__ stored is found on self: self.weight, self.bias."
    with explaining(NameError, found, "'weight'"), explaining(NameError, found, "'bias'"):
        got = call(layer, x, tried=tried)
    expect(
        got,
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
            Known(
                torch.tensor([[11.0, -20.0], [16.0, -21.0]]).softmax(dim=1),
                "There is a softmax in it. A linear layer gives the scores as they are.",
            ),
        ),
    )
    other = call(attempt, 5, 4, tried="Linear(5, 4)")
    tried = "Linear(5, 4), x of shape (6, 5)"
    shape = tuple(getattr(call(other, torch.ones(6, 5), tried=tried), "shape", ()))
    expect(shape, (6, 4), tried=tried, idea="Use in_features and out_features for the sizes.")
    expect_that(
        type(layer).forward is not nn.Module.forward,
        tried=tried,
        told="a __call__ of your own",
        expected="a method forward",
        idea="Write forward and let nn.Module's own __call__ call it: it does more than that, as "
        "section 7 shows.",
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
            "self.weight = nn.Parameter(torch.randn(out_features, in_features) * 0.1), and in "
            "forward x @ self.weight.T + self.bias."
        ),
    ),
)
