"""Exercise 05.1: the five lines."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import Known, call, expect, expect_that
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb05 import _toy


def train_step(
    model: nn.Module, batch: dict, loss_fn: Callable, optimizer: torch.optim.Optimizer
) -> float:
    """One step of training on one batch. Returns the loss from before the weights moved."""
    inputs = {name: value for name, value in batch.items() if name != "labels"}
    optimizer.zero_grad()
    loss = loss_fn(model(**inputs), batch["labels"])
    loss.backward()
    optimizer.step()
    return loss.item()


TRIED = _toy.SETTING + "x = 1 and 2, labels 3 and 4"
NEVER_MOVED = {
    None: "The weight has not moved, and there is no gradient. backward() computes it; if you call "
    "zero_grad() too, do it before.",
    0.0: "The weight has not moved: zero_grad() came after backward(), and wiped the gradient out.",
    _toy.GRADIENT: "The gradient is there, and nobody used it: optimizer.step() moves the weights, "
    "after backward().",
}


def _step(attempt: Any, model: nn.Module, optimizer: Any, batch: dict, tried: str) -> Any:
    with _toy.explaining_backward(), _toy.explaining_inputs():
        return call(lambda: attempt(model, batch, _toy.squared, optimizer), tried=tried)


def _moves_once(attempt: Any) -> None:
    """the weight moves once, against the gradient"""
    model, optimizer = _toy.made()
    _step(attempt, model, optimizer, _toy.batch(), TRIED)
    gradient = None if model.w.grad is None else model.w.grad.item()
    expect(
        _toy.weight_of(model),
        _toy.WEIGHTS[0],
        tried=f"{TRIED}: w after the step",
        idea="The gradient is -6, so the weight moves by 0.1 * 6. Five lines, each once: "
        "zero_grad, forward, loss, backward, step.",
        known=(
            Known(1.0, NEVER_MOVED.get(gradient, NEVER_MOVED[None])),
            Known(0.4, "It went up the hill: step() already subtracts. Don't turn the loss round."),
            Known(
                2.2,
                "It moved twice as far as it should. Is backward() called twice, or the loss "
                "multiplied by the two examples?",
            ),
            Known(1.3, "It moved half as far as it should: loss_fn already takes the mean."),
            Known(4.0, "A step with another rate: use the optimizer that is passed."),
            Known(1.9, "It made two steps on one batch. One call, one step."),
            Known(2.5, "Two steps on one batch, the second with the sum of two gradients."),
        ),
    )


def _clears(attempt: Any) -> None:
    """a second call starts from a clean gradient"""
    model, optimizer = _toy.made()
    for _ in range(2):
        _step(attempt, model, optimizer, _toy.batch(), TRIED)
    expect(
        _toy.weight_of(model),
        _toy.WEIGHTS[1],
        tried=f"{TRIED}: w after two steps",
        idea="At w = 1.6 the gradient is -3: the weight moves on by 0.3.",
        known=(
            Known(
                2.5,
                "After two calls the gradient is the sum of both, -9: nothing cleared it in "
                "between. Call optimizer.zero_grad() before backward().",
            ),
        ),
    )


def _returns_the_loss(attempt: Any) -> None:
    """it returns the loss of before the step, as a number"""
    model, optimizer = _toy.made()
    got = _step(attempt, model, optimizer, _toy.batch(), TRIED)
    idea = (
        "A tensor came back, and a history wants plain numbers, which hold on to no graph and no "
        "device: return loss.item()."
    )
    expect_that(
        not isinstance(got, Tensor), tried=TRIED, got=got, expected="the number 4.0", idea=idea
    )
    expect(
        got,
        _toy.LOSSES[0],
        tried=TRIED,
        idea="A plain number is asked, with the brackets, loss.item(): the loss that was computed "
        "once, before the weights moved, (4 + 4) / 2.",
        known=(
            Known(_toy.LOSSES[1], "This is the loss after the step: the model ran once more."),
            Known(8.0, "This is the sum over the batch; loss_fn already takes the mean."),
        ),
    )


def _leaves_the_batch(attempt: Any) -> None:
    """the caller's batch stays whole, and the model runs once, in its mode"""
    model, optimizer = _toy.made()
    batch = _toy.batch()
    _step(attempt, model, optimizer, batch, TRIED)
    _toy.expect_labels([batch], TRIED)
    expect_that(
        len(model.modes) == 1,
        tried=TRIED,
        told=f"{len(model.modes)} forward passes",
        expected="one",
        idea="Each forward pass is work: run the model once, and use what it gave.",
    )
    expect_that(
        model.modes == [True],
        tried=f"{TRIED}; the model comes in training mode",
        told="a forward pass in evaluation mode",
        expected="one in training mode",
        idea="model.eval() is for validation: a step of training leaves the mode alone.",
    )


def _any_inputs(attempt: Any) -> None:
    """the model gets all inputs, by name"""
    model, optimizer = _toy.made(_toy.Sum)
    batch = {name: torch.tensor([value]) for name, value in (("a", 1.0), ("b", 2.0))}
    batch["labels"] = torch.tensor([20.0])
    tried = "a model that takes a and b, w * (a + 10 b); a = 1, b = 2, label 20"
    idea = (
        "The names of the inputs differ from model to model, so none may stand in the step: pass "
        "all but the labels, model(**inputs)."
    )
    got = _step(attempt, model, optimizer, batch, tried)
    expect(got, 1.0, tried=tried, idea=idea)


def _order(attempt: Any) -> None:
    """the loss gets the predictions first, then the labels"""
    model, optimizer = _toy.made()
    tried = "another loss: the mean of (prediction - 2 * label)²; x = 1 and 2, labels 3 and 4"

    def loss(predictions: Tensor, labels: Tensor) -> Tensor:
        return _toy.squared(predictions, 2 * labels)

    got = call(lambda: attempt(model, _toy.batch(), loss, optimizer), tried=tried)
    expect(
        got,
        30.5,
        tried=tried,
        idea="Use the loss_fn that is passed, in PyTorch's order: loss_fn(logits, labels).",
    )


EXERCISE = Exercise(
    "05.1",
    "One step of training",
    8,
    train_step,
    (_moves_once, _clears, _returns_the_loss, _leaves_the_batch, _any_inputs, _order),
    (
        "Five lines: clear the gradients, run the model, compute the loss, go back, step.",
        'inputs = dict(batch); labels = inputs.pop("labels") takes a copy of the batch apart.',
        (
            "optimizer.zero_grad(); loss = loss_fn(model(**inputs), labels); loss.backward(); "
            "optimizer.step(); return loss.item()"
        ),
    ),
)
