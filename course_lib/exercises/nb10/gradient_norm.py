"""Exercise 10.2: the norm of the gradient."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb10._toy import Weights, expect_all_digits, expect_float, rounded


def gradient_norm(model: nn.Module) -> float:
    """the norm of all gradients together; 0.0 where no weight has one"""
    squares = 0.0
    for weight in model.parameters():
        if weight.grad is not None:
            squares += weight.grad.square().sum().item()
    return squares**0.5


VALUES, GRADIENTS = [[[6.0, 6.0], [3.0, 0.0]], [12.0, 0.0]], [[[2.0, -2.0], [1.0, 0.0]], [-4.0, 0]]
TRIED = "two weights, whose gradients are [[2, -2], [1, 0]] and [-4, 0]"
ROOT = "The root of the sum of the squares of all six numbers: the root of 4 + 4 + 1 + 16."
NONE = (
    "weight.grad is None where nothing has come back to a weight: frozen, unused, or before the "
    "first backward(). Leave these weights out."
)
ASKED = (
    "`is not None` asks whether there is a gradient. A tensor of several numbers is neither true "
    "nor false, and one that is 0 is a gradient, too."
)
NONE_STAYS = (
    "A weight without a gradient keeps None, and an optimizer passes over it. One whose gradient "
    "is zeros it does not pass over: AdamW would let it decay."
)
OF_WEIGHTS = (
    "Each weight has a gradient of its own, weight.grad; a model has none. model.parameters(), "
    "with its brackets, gives the weights."
)
FLAT = (
    "The gradients have different shapes: .flatten() makes a vector of each, which can be joined."
)
SAME_TWICE = (
    "A weight that two parts share is one weight with one gradient. model.parameters() has it once."
)
CLIPPED = (
    "clip_grad_norm_ returns the norm, and scales the gradients, where they are longer than its "
    "maximum. Measure without a change: the optimizer, or an accumulated step, still needs them."
)


LONG = (
    "The same numbers, times 10¹⁰, and their squares times 10²⁰. Square them as they are: float16 "
    "ends at 65504, and whole numbers of 64 bits near 10¹⁹."
)
ROUNDED = "Rounded: give the norm itself. Gradients may be small."


def _model() -> Weights:
    return Weights(VALUES, GRADIENTS)


def _run(attempt: Any, model: nn.Module, tried: str) -> Any:
    empty = (
        "Without any gradient there is nothing to join, or to take a root of. A sum that begins "
        "with 0.0 has an answer: 0.0."
    )
    with (
        explaining(AttributeError, NONE, "'NoneType'"),
        explaining(AttributeError, OF_WEIGHTS, "object has no attribute 'grad'"),
        explaining(TypeError, OF_WEIGHTS, "'method' object is not iterable"),
        explaining(RuntimeError, FLAT, "Tensors must have same number of dimensions"),
        explaining(RuntimeError, FLAT, "stack expects each tensor to be equal size"),
        explaining(TypeError, NONE, "NoneType"),
        explaining(RuntimeError, ASKED, "Boolean value of Tensor"),
        explaining(RuntimeError, empty, "non-empty"),
        explaining(RuntimeError, empty, "at least one"),
        explaining(ValueError, empty, "empty"),
        explaining(TypeError, empty, "must be Tensor, not"),
        explaining(AttributeError, empty, "'int' object has no attribute"),
        explaining(AttributeError, empty, "'float' object has no attribute"),
    ):
        return call(attempt, model, tried=tried)


def _known() -> tuple[Known, ...]:
    return (
        Known(
            7.0,
            "A sum of norms, 3 + 4. The norm of the whole is that of one long vector: the root of "
            "3² + 4².",
        ),
        Known(math.sqrt(7), "The root of a sum of norms, 3 + 4. Square each norm before you add."),
        Known(3.5, "A mean of norms. The norm of the whole is the root of 3² + 4²."),
        Known(25.0, "The squared norm. The root is missing, at the very end."),
        Known(
            4.0,
            "One weight alone, the last one, whose gradient is also the longest. All of them "
            "count, as one long vector: is each one added (+=)?",
        ),
        Known(3.0, "The first weight alone. Does the return stand inside the loop?"),
        Known(15.0, "This is the norm of the weights. Their gradients are in weight.grad."),
        Known(9.0, "Absolute values, added up. The norm adds squares, and takes the root."),
        Known(-3.0, "Added up as they are, with their signs. The norm squares them first."),
        Known(math.sqrt(17), "Added up before they were squared. Square each number first."),
        Known(math.sqrt(25 / 6), "The root of the mean of squares. The norm has their sum."),
        Known(math.sqrt(25 / 2), "Divided by the number of weights. The norm divides by nothing."),
        Known(25 / 6, "The mean of squares. The norm is the root of their sum."),
        Known(
            torch.tensor([3.0, 4.0]),
            "A norm for each weight so far. The norm of these two numbers is that of the whole.",
        ),
        *(
            Known(
                norms,
                "A norm for each weight so far. The norm of these two numbers is that of the "
                "whole.",
            )
            for norms in ([3.0, 4.0], [torch.tensor(3.0), torch.tensor(4.0)])
        ),
    )


def _all_together(attempt: Any) -> None:
    """all gradients together, as one long vector"""
    got = _run(attempt, _model(), TRIED)
    expect_float(got, 5.0, tried=TRIED, idea=ROOT, known=_known())
    model = Weights([[1.0]] * 4, [[1.0], [-1.0], [1.0], [1.0]])
    tried = "four weights, whose gradients are 1, -1, 1, 1"
    known = (Known(4.0, "The root of a root, or none: sqrt(1 + 1 + 1 + 1) is 2."),)
    expect_float(_run(attempt, model, tried), 2.0, tried=tried, idea=ROOT, known=known)


def _some(attempt: Any) -> None:
    """weights without a gradient are left out"""
    tried = "four weights, whose gradients are None, [3, 0], None and [4]"
    model = Weights([[1.0], [1.0, 1.0], [2.0, 1.0], [1.0]], [None, [3.0, 0.0], None, [4.0]])
    known = (
        Known(3.0, "One was found, and those behind the next None were not: continue, no break."),
        Known(0.0, "There are gradients, though the first weight has none. Look at each weight."),
    )
    got = _run(attempt, model, tried)
    expect_float(got, 5.0, tried=tried, idea=NONE, known=(*known, *_known()))


def _no_gradient(attempt: Any) -> None:
    """0.0, where no weight has a gradient, or there is no weight"""
    for model, tried in (
        (Weights([[1.0], [2.0]], [None, None]), "a model before the first backward()"),
        (nn.ReLU(), "a model without weights, nn.ReLU()"),
    ):
        idea = "Nothing has a length of 0.0: begin the sum with that, and return it."
        got = _run(attempt, model, tried)
        expect_that(got is not None, tried=tried, got=got, expected="0.0", idea=idea)
        known = (Known(math.nan, "A mean of nothing is NaN. Begin a sum with 0.0."),)
        expect_float(got, 0.0, tried=tried, idea=idea, known=known)


def _parts_of_parts(attempt: Any) -> None:
    """every weight once, wherever it lies in the model"""
    inner = Weights([[1.0], [1.0]], [[2.0], [4.0]])
    model = nn.Sequential(nn.Sequential(inner, nn.ReLU()), Weights([[1.0]], [[4.0]]))
    model.register_parameter("own", Weights([[1.0]], [[8.0]]).w0)
    tried = "a model in a model in a model, whose gradients are 2, 4, 4 and 8"
    twice = (
        "Some gradients are counted more than once. model.parameters() has those of all parts "
        "already: no loop over model.modules() or children() around it."
    )
    known = (
        Known(math.sqrt(64 + 2 * 16 + 3 * 4 + 3 * 16), twice),
        Known(math.sqrt(64 + 2 * 16 + 4 * 4 + 4 * 16), twice),
        Known(6.0, "The model's own weight is missing. model.parameters() has all of them."),
        Known(8.0, "Only the model's own weight. model.parameters() has those of its parts, too."),
    )
    parts = "model.parameters() goes through all parts, and parts of parts."
    expect_float(_run(attempt, model, tried), 10.0, tried=tried, idea=parts, known=known)
    one, other = nn.Linear(1, 1, bias=False), Weights([[1.0]], [[4.0]])
    one.weight.grad = torch.tensor([[3.0]])
    other.tied = one.weight
    tried = "a model of two parts that share the weight whose gradient is 3; the other one is 4"
    shared = (Known(math.sqrt(9 + 9 + 16), SAME_TWICE),)
    got = _run(attempt, nn.Sequential(one, other), tried)
    expect_float(got, 5.0, tried=tried, idea=SAME_TWICE, known=shared)


def _nothing_changes(attempt: Any) -> None:
    """the gradients stay as they are, long ones and short ones"""
    for factor, many, idea in (
        (1.0, "", ROOT),
        (1e10, ", times 10¹⁰", LONG),
        (2.0**-12, ", divided by 4096", ROUNDED),
    ):
        model = _model()
        for weight in model.parameters():
            weight.grad *= factor
        before, tried = _gradients(model), TRIED + many
        got = _run(attempt, model, tried)
        after = _gradients(model)
        expect(
            after,
            before,
            tried=f"{tried}: the gradients afterwards",
            idea=CLIPPED,
            known=_changes(before, after),
        )
        known = rounded(5 * factor, ROUNDED)
        expect_float(got, 5 * factor, tried=tried, idea=idea, known=known)
        expect_all_digits(got, 5 * factor, tried=tried, idea=ROUNDED)


def _none_stays(attempt: Any) -> None:
    """where there is no gradient, there is none afterwards"""
    tried = "two weights, whose gradients are None and [3, 4]"
    model = Weights([[1.0], [1.0, 1.0]], [None, [3.0, 4.0]])
    before = _gradients(model)
    expect_float(_run(attempt, model, tried), 5.0, tried=tried, idea=NONE)
    after = f"{tried}: the gradients afterwards"
    expect(_gradients(model), before, tried=after, idea=NONE_STAYS)


def _gradients(model: nn.Module) -> list[Tensor | None]:
    found = [weight.grad for weight in model.parameters()]
    return [None if gradient is None else gradient.clone() for gradient in found]


def _changes(before: Sequence[Tensor], after: Sequence[Tensor | None]) -> tuple[Known, ...]:
    gone = "The gradients are gone. zero_grad() is for the training, before its next backward()."
    squared = "They are squared in place. weight.grad**2, or .square(), makes a new tensor."
    return (
        Known([None] * len(before), gone),
        Known([torch.zeros_like(gradient) for gradient in before], gone),
        Known([gradient.square() for gradient in before], squared),
        Known([gradient.abs() for gradient in before], squared),
    )


def _after_backward(attempt: Any) -> None:
    """after a real backward()"""
    layer = nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 1.0]]))
        layer.bias.zero_()
    layer(torch.tensor([[2.0, 4.0]])).sub(5).square().sum().backward()  # 2 (6 - 5) (2, 4, 1)
    tried = "nn.Linear(2, 1), whose gradients are [[4, 8]] and [2]"
    bias = "The bias is missing: not only `weight`, every parameter has a gradient."
    known = (Known(math.sqrt(80), bias),)
    got = _run(attempt, layer, tried)
    expect_float(got, math.sqrt(84), tried=tried, idea="sqrt(16 + 64 + 4).", known=known)


EXERCISE = Exercise(
    "10.2",
    "The norm of the gradient",
    6,
    gradient_norm,
    (
        _all_together,
        _some,
        _no_gradient,
        _parts_of_parts,
        _nothing_changes,
        _none_stays,
        _after_backward,
    ),
    (
        "All gradients are one long vector. Its norm is the root of the sum of all squares.",
        (
            "Begin with squares = 0.0, go through model.parameters(), and leave out a weight whose "
            "grad is None."
        ),
        "squares += weight.grad.square().sum().item(), and at the end return squares**0.5.",
    ),
)
