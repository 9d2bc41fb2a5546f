"""Exercise 12.2: one batch by heart."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import NO_RETURN, Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb05 import _toy
from course_lib.exercises.nb12._toy import Within


def overfit_one_batch(
    model: nn.Module,
    batch: dict,
    loss_fn: Callable,
    optimizer: torch.optim.Optimizer,
    steps: int = 60,
) -> list[float]:
    """Train on one batch. Returns the losses, one a step, each before the step."""
    inputs = dict(batch)
    labels = inputs.pop("labels")
    model.train()
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_fn(model(**inputs), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# w: 1, 1.6, 1.9, 2.05, 2.125. The gradients: -6, -3, -1.5, -0.75, half of it at each step.
LOSSES, WEIGHT = [4.0, 1.3, 0.625, 0.45625], 2.125
SUMMED = [4.0, 1.3, 0.625, 3.15625]  # with gradients that are never cleared: w 1, 1.6, 2.5, 3.25
TRIED = _toy.SETTING + "x = 1 and 2, labels 3 and 4; steps="
STEPS = "A loss for each step: append it inside the loop, and run the loop `steps` times."
RETURNED = f"{STEPS} Does the return stand inside it?"
DETACHED = (
    "The way from the loss back to the weights is cut: .item(), .detach(), or no_grad() came "
    "before backward()."
)
GRAPH = (
    "backward() goes through a graph once. The forward pass stands inside the loop: each step has "
    "a forward pass, and a graph, of its own."
)
GONE = (
    "pop() takes the labels out of the dict for good, so the second step finds none. Take a copy, "
    "dict(batch), and pop once, before the loop."
)


def _run(
    attempt: Any, model: nn.Module, optimizer: Any, tried: str, *steps: int, **named: Any
) -> Any:
    """The losses, as a list of numbers. The batch has to stay as it was."""
    batch = named.pop("batch", _toy.batch())
    loss_fn = named.pop("loss_fn", _toy.squared)
    with (
        explaining(RuntimeError, DETACHED, "does not require grad"),
        explaining(RuntimeError, GRAPH, "second time"),
        explaining(KeyError, GONE, "labels"),  # the outer one has the last word
        _toy.explaining_inputs(),
    ):
        got = call(lambda: attempt(model, batch, loss_fn, optimizer, *steps), tried=tried)
    _toy.expect_labels([batch], tried)
    return got


def _expect_numbers(got: Any, tried: str, count: int) -> None:
    """Expect a list of so many plain numbers."""
    expect_that(
        issubclass(type(got), (list, tuple)),
        tried=tried,
        got=got,
        expected=f"a list of {count} numbers",
        idea=NO_RETURN
        if got is None
        else "The losses of all steps come back, in a list: not the last one alone, no array.",
    )
    expect_that(
        not any(issubclass(type(loss), Tensor) for loss in got),
        tried=tried,
        got=got,
        expected=f"a list of {count} numbers",
        idea="Tensors came back, and may keep their steps' graphs in memory: append loss.item().",
    )
    expect_that(
        len(got) == count,
        tried=tried,
        told=f"a list of {len(got)}",
        expected=f"a list of {count}",
        idea=RETURNED if len(got) == 1 else STEPS,
    )


def _losses(attempt: Any) -> None:
    """the losses, one a step, each before the step"""
    model, optimizer = _toy.made()
    tried = f"{TRIED}4"
    got = _run(attempt, model, optimizer, tried, 4)
    _expect_numbers(got, tried, 4)
    expect(
        got,
        LOSSES,
        tried=tried,
        idea="zero_grad, forward, loss, backward, step, and the loss of this forward pass: so "
        "often, on the same batch.",
        known=(
            Known(SUMMED, "The gradients add up: clear them in each step, optimizer.zero_grad()."),
            Known([4.0] * 4, "The loss stays: no weight moves. " + _why_still(model)),
            Known(
                [*LOSSES[1:], 0.4140625],
                "Each is the loss after its step. The loss that is computed before backward() is "
                "the one: no second forward pass.",
            ),
            Known([8.0, 2.6, 1.25, 0.9125], "A sum over the batch; loss_fn has its mean already."),
            Known(
                [sum(LOSSES[: n + 1]) / (n + 1) for n in range(4)],
                "A running mean of the losses. Each step's own loss is asked.",
            ),
            Known(
                [sum(LOSSES[: n + 1]) for n in range(4)],
                "The losses are added up. Each step's own loss is asked.",
            ),
            Known(LOSSES[::-1], "The order is turned round: the first loss comes first."),
        ),
    )
    expect(
        _toy.weight_of(model),
        WEIGHT,
        tried=f"{tried}: w afterwards",
        idea="The model itself is trained, by the optimizer that is passed, and stays trained.",
        known=(
            Known(
                1.0,
                "The model stands where it was. A copy was trained, or the weights were put back: "
                "train the one that is passed, and leave it trained.",
            ),
            Known(2.05, "The last step is missing: a loss was noted, and no step came after it."),
        ),
    )


def _why_still(model: nn.Module) -> str:
    gradient = None if model.w.grad is None else model.w.grad.item()
    if gradient is None:
        return (
            "There is no gradient when step() comes: backward() computes it, in each step, and "
            "zero_grad() goes before backward(), not after it."
        )
    if gradient == 0.0:
        return "zero_grad() came between backward() and step(), and wiped the gradient out."
    return (
        "The gradient is there, and no step uses it: optimizer.step() is missing, or comes before "
        "backward()."
    )


def _how_many(attempt: Any) -> None:
    """as many steps as are asked; 60 if none are"""
    for steps, named in ((60, ()), (1, (1,)), (7, (7,)), (0, (0,)), (75, (75,))):
        model, optimizer = _toy.made()
        tried = f"{TRIED}{steps}" if named else _toy.SETTING + "x = 1 and 2; no `steps`"
        got = _run(attempt, model, optimizer, tried, *named)
        _expect_numbers(got, tried, steps)
        forward = len(model.modes)
        expect_that(
            forward == steps,
            tried=f"{tried}: the number of forward passes",
            told=str(forward),
            expected=str(steps),
            idea="One forward pass a step. Its loss is the one that is noted, and used.",
        )


def _training_mode(attempt: Any) -> None:
    """the model is in training mode, whatever it was in before"""
    model, optimizer = _toy.made()
    model.eval()
    tried = f"{TRIED}3, the model comes in evaluation mode"
    _run(attempt, model, optimizer, tried, 3)
    expect(
        model.modes,
        [True, True, True],
        tried=f"{tried}: model.training in each forward pass",
        idea="model.train() before the loop: the question is whether the training can learn, with "
        "its dropout and its BatchNorm as they are in training.",
        known=(
            Known([False] * 3, "It stays in evaluation mode: no model.train() before the loop."),
            Known(
                [True, False, False],
                "It goes to evaluation mode after the first step, for all that come after.",
            ),
        ),
    )


def _parts_too(attempt: Any) -> None:
    """and so is each of its parts"""
    model, optimizer = _toy.made(Within)
    model.eval()
    tried = "a model with w * x as a part of it, in evaluation mode; steps=2"
    _run(attempt, model, optimizer, tried, 2)
    expect(
        model.part.modes,
        [True, True],
        tried=f"{tried}: the part's training in each forward pass",
        idea="model.training = True sets the model alone, and its parts stay in evaluation mode, "
        "its dropout and BatchNorm among them. model.train() sets them all.",
    )


def _goes_on(attempt: Any) -> None:
    """it goes to the end, even where nothing is left to learn"""
    model, optimizer = _toy.made()
    batch = _toy.batch_of([1.0, 2.0], [1.0, 2.0])
    tried = _toy.SETTING + "x = 1 and 2, labels 1 and 2: the loss is 0; steps=5"
    got = _run(attempt, model, optimizer, tried, 5, batch=batch)
    early = "It stops early. `steps` losses are asked, however low they are: no break."
    expect_that(
        not issubclass(type(got), (list, tuple)) or len(got) >= 5,
        tried=tried,
        got=got,
        expected="five losses, each 0",
        idea=early,
    )
    _expect_numbers(got, tried, 5)
    expect(got, [0.0] * 5, tried=tried, idea="The predictions are the labels: each loss is 0.")


def _any_inputs(attempt: Any) -> None:
    """the model gets all inputs by name, the loss predictions first"""
    model, optimizer = _toy.made(_toy.Sum)
    batch = {name: torch.tensor([value]) for name, value in (("a", 1.0), ("b", 2.0))}
    batch["labels"] = torch.tensor([20.0])
    tried = "a model that takes a and b, w * (a + 10 b); a = 1, b = 2, label 20; steps=1"
    names = (
        "The names of the inputs differ from model to model: pass all but the labels, "
        "model(**inputs)."
    )
    got = _run(attempt, model, optimizer, tried, 1, batch=batch)
    _expect_numbers(got, tried, 1)
    expect(got, [1.0], tried=tried, idea=names)
    model, optimizer = _toy.made()
    tried = (
        "a loss that is the predictions alone, mean(w * x); x = 1 and 2, labels 3 and 4; steps=1"
    )
    first = lambda predictions, labels: predictions.mean() + 0 * labels.mean()  # noqa: E731
    turned = "loss_fn takes the predictions first, then the labels."
    with explaining(RuntimeError, turned):
        got = _run(attempt, model, optimizer, tried, 1, loss_fn=first)
    _expect_numbers(got, tried, 1)
    expect(got, [1.5], tried=tried, idea=turned)


def _any_optimizer(attempt: Any) -> None:
    """the optimizer that is passed makes the steps"""
    model, _ = _toy.made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    tried = f"{TRIED}2, with the rate 0.2".replace("SGD with the rate 0.1", "SGD")
    got = _run(attempt, model, optimizer, tried, 2)
    own = "An optimizer or a rate of your own: the one that is passed has the rate to be tried."
    _expect_numbers(got, tried, 2)
    expect(got, [4.0, 0.4], tried=tried, idea=own, known=(Known(LOSSES[:2], own),))
    model, _ = _toy.made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    tried = tried.replace("steps=2, with the rate 0.2", "steps=3, with the rate 0.5, too high")
    got = _run(attempt, model, optimizer, tried, 3)
    _expect_numbers(got, tried, 3)
    # w: 1, 4, -0.5. The loss rises.
    lowest = (
        "The lowest loss so far. Each step's own is asked: a loss that rises is what you look for."
    )
    expect(got, [4.0, 8.5, 18.625], tried=tried, idea=own, known=(Known([4.0] * 3, lowest),))


EXERCISE = Exercise(
    "12.2",
    "One batch by heart",
    8,
    overfit_one_batch,
    (_losses, _how_many, _training_mode, _parts_too, _goes_on, _any_inputs, _any_optimizer),
    (
        "The five lines of a training step, in a loop over the same batch. What comes before it?",
        (
            'inputs = dict(batch) and labels = inputs.pop("labels") leave the caller\'s batch '
            "whole. Then model.train(), and an empty list."
        ),
        (
            "for _ in range(steps): optimizer.zero_grad(); loss = loss_fn(model(**inputs), "
            "labels); loss.backward(); optimizer.step(); losses.append(loss.item())"
        ),
    ),
)
