"""Exercise 05.2: one epoch."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb05 import _toy
from course_lib.exercises.nb05.train_step import train_step


def train_epoch(
    model: nn.Module, loader: Iterable, loss_fn: Callable, optimizer: torch.optim.Optimizer
) -> float:
    """A step on every batch, in training mode. Returns the mean loss of the steps."""
    model.train()
    losses = [train_step(model, batch, loss_fn, optimizer) for batch in loader]
    return sum(losses) / len(losses)


def _loader() -> list[dict]:
    return [_toy.batch(), _toy.batch(), _toy.batch_of([0.0], [2.0])]


# Losses 4 and 1.3, and the third is 4 again: its gradient is 0.
MEAN, SUM = 3.1, 9.3
TRIED = _toy.SETTING + "a loader of three batches whose losses are 4, 1.3 and 4"


def _run(attempt: Any, model: nn.Module, optimizer: Any, loader: Iterable) -> Any:
    order = (
        "train_step(model, batch, loss_fn, optimizer): in this order, and with a whole batch, as "
        "the loader gives it."
    )
    no_labels = 'The model takes the inputs and no labels: leave "labels" out of what you pass on.'
    with (
        explaining(TypeError, no_labels, "argument 'labels'"),  # the outer one has the last word
        explaining(TypeError, order),
        explaining(AttributeError, order, "attribute 'items'"),
        explaining(AttributeError, order, "attribute 'pop'"),
    ):
        got = call(lambda: attempt(model, loader, _toy.squared, optimizer), tried=TRIED)
    _toy.expect_labels(loader, TRIED)
    return got


def _every_batch(attempt: Any) -> None:
    """each batch is used once, with one step"""
    model, optimizer = _toy.made()
    _run(attempt, model, optimizer, _loader())
    expect(
        _toy.weight_of(model),
        _toy.WEIGHTS[1],
        tried=f"{TRIED}: w after the epoch",
        idea="Call train_step once for each batch of the loader.",
        known=(
            Known(
                _toy.WEIGHTS[0],
                "Only the first batch was used. Does the return stand inside the loop?",
            ),
            Known(_toy.STARTS, "No batch was used."),
            Known(2.125, "Each batch was used twice. One epoch takes it once."),
        ),
    )


def _mean(attempt: Any) -> None:
    """it returns the mean of the losses"""
    model, optimizer = _toy.made()
    got = _run(attempt, model, optimizer, _loader())
    expect_that(
        not isinstance(got, Tensor),
        tried=TRIED,
        got=got,
        expected=f"the number {MEAN}",
        idea="A tensor came back. train_step gives plain numbers, and so is their mean; .item() "
        "makes one of a tensor.",
    )
    expect(
        got,
        MEAN,
        tried=TRIED,
        idea="Collect what train_step returns, and divide the sum by how many there are.",
        known=(
            Known(SUM, "This is the sum of the losses. Divide by the number of batches."),
            Known(4.0, "This is the loss of one batch alone. The mean of all is asked."),
            Known(SUM / 5, "Divided by the number of examples: the losses are means already."),
            Known(
                14.6 / 5, "Each loss was weighted by its examples. Here every step counts alike."
            ),
            Known(4 / 3, "This is the last loss over the number of batches. Add up all of them."),
            Known([4.0, 1.3, 4.0], "These are the losses of the batches. Return their mean."),
        ),
    )


def _training_mode(attempt: Any) -> None:
    """the model is in training mode, even if it comes in evaluation mode"""
    model, optimizer = _toy.made()
    model.eval()
    _run(attempt, model, optimizer, _loader())
    expect_that(
        all(model.modes),
        tried="a model that comes in evaluation mode, as after validation",
        told="a forward pass in evaluation mode",
        expected="all of them in training mode",
        idea="Without model.train(), dropout and BatchNorm stay as validation left them. It is "
        "one line, before the loop.",
    )


def _any_loader(attempt: Any) -> None:
    """anything that gives batches is a loader"""
    model, optimizer = _toy.made()
    tried = "the same batches from an iterator, which can be gone through once and has no len()"
    idea = "Go through the loader once, and count the batches while you do."
    with explaining(TypeError, idea, "len()"):
        got = call(lambda: attempt(model, iter(_loader()), _toy.squared, optimizer), tried=tried)
    expect(got, MEAN, tried=tried, idea=idea)


EXERCISE = Exercise(
    "05.2",
    "One epoch",
    5,
    train_epoch,
    (_every_batch, _mean, _training_mode, _any_loader),
    (
        "One line before the loop, one inside it, one after it.",
        "model.train() first. Then collect train_step(...) of every batch in a list.",
        "losses = [train_step(model, batch, loss_fn, optimizer) for batch in loader]",
    ),
)
