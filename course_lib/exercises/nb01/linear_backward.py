"""Exercise 01.6: the backward pass of a linear layer, by hand."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import NO_RETURN, Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise


def linear_backward(x: Tensor, weight: Tensor, grad_out: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(B, in), (out, in), (B, out) -> the gradients of x, weight and bias"""
    grad_x = grad_out @ weight  # (B, in)
    grad_weight = grad_out.T @ x  # (out, in)
    grad_bias = grad_out.sum(dim=0)  # (out,)
    return grad_x, grad_weight, grad_bias


X = torch.tensor([[1.0, 2.0, 0.0], [0.0, -1.0, 3.0], [4.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
WEIGHT = torch.tensor([[1.0, 0.0, 2.0], [0.0, 3.0, -1.0]])
GRAD_OUT = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0], [2.0, 2.0]])
TRIED = "B = 4, in = 3, out = 2, small whole numbers"


def _gradients(attempt: Any) -> tuple[Tensor, ...]:
    with (
        explaining(RuntimeError, "Without autograd: each gradient is a product.", "require grad"),
        explaining(RuntimeError, "Three shapes go into no stack: return a, b, c.", "stack expects"),
        explaining(NameError, "The bias is only added, so its value plays no part.", "'bias'"),
    ):
        got = call(attempt, X, WEIGHT, GRAD_OUT, tried=TRIED)
    expect_that(
        isinstance(got, (tuple, list)) and len(got) == 3,
        tried=TRIED,
        got=got,
        expected="three tensors: the gradients of x, weight and bias",
        idea=NO_RETURN
        if got is None
        else "Return all three, in this order, with commas between them.",
    )
    expect_that(
        all(isinstance(gradient, Tensor) for gradient in got),
        tried=TRIED,
        got=got,
        expected="three tensors: the gradients of x, weight and bias",
        idea="Each of the three is a tensor, calculated from x, weight and grad_out.",
    )
    return tuple(got)


def _autograd() -> tuple[Tensor, Tensor, Tensor]:
    """The three gradients as autograd computes them, for the check to compare with."""
    x, weight = X.clone().requires_grad_(), WEIGHT.clone().requires_grad_()
    bias = torch.zeros(2, requires_grad=True)
    (x @ weight.T + bias).backward(GRAD_OUT)
    return x.grad, weight.grad, bias.grad


def _three_shapes(attempt: Any) -> None:
    """a gradient has the shape of the tensor that it belongs to"""
    shapes = [tuple(getattr(value, "shape", ())) for value in _gradients(attempt)]
    expect(
        shapes,
        [(4, 3), (2, 3), (2,)],
        tried="the shapes of the gradients of x (4, 3), weight (2, 3) and bias (2,)",
        idea="Let the shapes guide you: only one order of a product gives (B, in), only one "
        "gives (out, in).",
        known=(
            Known([(4, 3), (2,), (2, 3)], "weight and bias have changed places: x, weight, bias."),
            Known(
                [(4, 3), (3, 2), (2,)],
                "The weight's gradient is transposed: grad_out.T @ x is (out, in).",
            ),
            Known(
                [(2, 3), (4, 3), (2,)],
                "x and weight have changed places: return grad_x first. (x and weight alone are no "
                "gradients: the chain rule multiplies by grad_out.)",
            ),
            Known([(2, 3), (2,), (4, 3)], "The order is x, weight, bias."),
            Known([(2,), (2, 3), (4, 3)], "The order is x, weight, bias."),
            Known(
                [(4, 3), (2, 3), (4,)],
                "The bias is added to every example, so its gradient sums over B: dim=0.",
            ),
            Known(
                [(4, 3), (2, 3), (4, 2)],
                "Every example pulls at the same bias: sum their pulls over B, dim=0.",
            ),
            Known(
                [(4, 3), (2, 3), (1, 2)],
                "keepdim=True left an axis too many: the bias has shape (out,).",
            ),
            Known(
                [(4, 3), (2, 3), ()],
                "Summed over everything. Each output has a bias of its own: sum(dim=0).",
            ),
        ),
    )


def _matches_x(attempt: Any) -> None:
    """the gradient of x is autograd's"""
    expected = _autograd()[0]
    expect(
        _gradients(attempt)[0],
        expected,
        tried=TRIED,
        idea="out = x @ weight.T + bias, so x is reached through the weight alone. Which product "
        "of "
        "grad_out and weight has the shape of x?",
        known=(
            Known(-expected, "The sign is turned round."),
            Known(expected / 4, "Divided by B. The mean belongs to the loss, and is in grad_out."),
        ),
    )


def _matches_weight(attempt: Any) -> None:
    """the gradient of the weight is autograd's"""
    expected = _autograd()[1]
    expect(
        _gradients(attempt)[1],
        expected,
        tried=TRIED,
        idea="Each example adds its own share. Which product of grad_out and x sums over B and has "
        "the shape of the weight?",
        known=(
            Known(
                expected / 4,
                "Divided by B. The mean belongs to the loss and is already in grad_out.",
            ),
        ),
    )


_LOCAL = "1 is the derivative of out by bias. The chain rule multiplies it by grad_out."


def _matches_bias(attempt: Any) -> None:
    """the gradient of the bias is autograd's"""
    expected = _autograd()[2]
    expect(
        _gradients(attempt)[2],
        expected,
        tried=TRIED,
        idea="The bias was added to every example, so every example pulls at it.",
        known=(
            Known(expected / 4, "That is the mean over B. The examples' pulls add up: sum(dim=0)."),
            Known(torch.full((2,), 4.0), _LOCAL),
            Known(torch.ones(2), _LOCAL),
            Known(
                torch.zeros(2),
                "Zeros would mean that the bias changes nothing. Sum grad_out over B.",
            ),
        ),
    )


EXERCISE = Exercise(
    "01.6",
    "Backward by hand",
    6,
    linear_backward,
    (_three_shapes, _matches_x, _matches_weight, _matches_bias),
    (
        (
            "Write the shapes of x, weight and grad_out side by side. Which products give (B, in) "
            "and (out, in)?"
        ),
        "grad_x is grad_out times the weight; grad_weight is grad_out, transposed, times x.",
        "The bias went to all B examples, so its gradient is grad_out.sum(dim=0).",
    ),
)
