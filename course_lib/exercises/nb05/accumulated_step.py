"""Exercise 05.3: one step from several batches."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb05 import _toy


def accumulated_step(
    model: nn.Module, batches: Sequence[dict], loss_fn: Callable, optimizer: torch.optim.Optimizer
) -> float:
    """One step on several batches, as if they were one. Returns the loss of all examples."""
    examples = sum(len(batch["labels"]) for batch in batches)
    optimizer.zero_grad()
    total = 0.0
    for batch in batches:
        inputs = {name: value for name, value in batch.items() if name != "labels"}
        labels = batch["labels"]
        loss = loss_fn(model(**inputs), labels) * len(labels) / examples
        loss.backward()
        total += loss.item()
    optimizer.step()
    return total


def _batches() -> list[dict]:
    return [
        _toy.batch_of([1.0, 1.0, 1.0], [2.0, 2.0, 2.0]),  # loss 1, gradient -2
        _toy.batch_of([2.0], [5.0]),  # loss 9, gradient -12
    ]


# All four as one batch: loss (3 * 1 + 9) / 4, gradient (3 * -2 - 12) / 4 = -4.5.
LOSS, WEIGHT = 3.0, 1.45
TRIED = _toy.SETTING + "two batches: three times x = 1, label 2; and x = 2, label 5"
FIRST_ONLY = "Only the first batch counts. Is the step, or the return, inside the loop?"
LAST_ONLY = (
    "Only the last batch counts: zero_grad() inside the loop wiped the first one's gradient."
)
EACH = "A step after each batch: two steps in all. Step once, after the loop."


def _run(attempt: Any, batches: Sequence[dict]) -> tuple[nn.Module, Any]:
    model, optimizer = _toy.made()
    twice = (
        "A second backward() through the same graph. Each batch has its own loss, and its own "
        "backward(), inside the loop."
    )
    with (
        explaining(RuntimeError, twice, "second time"),
        _toy.explaining_backward(),
        _toy.explaining_inputs(),
    ):
        got = call(lambda: attempt(model, batches, _toy.squared, optimizer), tried=TRIED)
    _toy.expect_labels(batches, TRIED)
    return model, got


def _like_one_batch(attempt: Any) -> None:
    """the weight moves as for one large batch"""
    model, _ = _run(attempt, _batches())
    expect(
        _toy.weight_of(model),
        WEIGHT,
        tried=f"{TRIED}: w after the step",
        idea="As one batch of four, the gradient is (3 * -2 - 12) / 4 = -4.5. Each batch has to "
        "count by its share of the examples.",
        known=(
            Known(
                1.7,
                "The two batches count alike, though one has three examples. Weight each loss by "
                "its share: len(labels) / examples. (len(batch) counts tensors: 2 in each.)",
            ),
            Known(
                2.4,
                "The gradients are added, and not averaged: the step is too long. The share has "
                "to be in the loss before backward().",
            ),
            Known(2.8, "The sum over the examples went back. Divide before backward(), not after."),
            Known(1.9, "Divided by the number of batches. Divide by that of all examples."),
            *(Known(value, FIRST_ONLY) for value in (1.2, 1.15)),
            *(Known(value, LAST_ONLY) for value in (2.2, 1.3)),
            Known(1.6, f"{LAST_ONLY} Or did the first loss go back twice, as part of a sum?"),
            *(Known(value, EACH) for value in (1.57, 1.42, 2.44, 2.24)),
            Known(
                1.0,
                "The weight has not moved. Is there a step after the loop, and no zero_grad() "
                "between the last backward() and it?",
            ),
        ),
    )


def _loss(attempt: Any) -> None:
    """it returns the mean loss of all examples"""
    _, got = _run(attempt, _batches())
    expect_that(
        not isinstance(got, Tensor),
        tried=TRIED,
        got=got,
        expected=f"the number {LOSS}",
        idea="A tensor came back, and a plain number is asked. Add up loss.item().",
    )
    expect(
        got,
        LOSS,
        tried=TRIED,
        idea="Three losses of 1 and one of 9 make a mean of 3.",
        known=(
            Known(5.0, "The mean of the two batches' means. Weight each by its share."),
            Known(10.0, "The sum of the two batches' means. Weight each by its share."),
            Known(12.0, "The sum over the examples. Divide by how many there are in all."),
            Known(2.25, "The loss of the last batch, weighted: add up those of all."),
            Known(9.0, "The loss of the last batch alone: add up, weighted, those of all."),
        ),
    )


def _one_graph_at_a_time(attempt: Any) -> None:
    """each batch goes back before the next one comes"""
    model, optimizer = _toy.made()
    gradients: list[float] = []

    def note(module: nn.Module, inputs: Any) -> None:
        gradients.append(0.0 if module.w.grad is None else module.w.grad.item())

    model.register_forward_pre_hook(note)
    call(lambda: attempt(model, _batches(), _toy.squared, optimizer), tried=TRIED)
    expect_that(
        gradients[-1] != 0,
        tried=f"{TRIED}: the gradient when the second batch goes forward",
        told="none yet",
        expected="that of the first",
        idea="The step is right, but all forward passes come first, and all graphs are in memory "
        "together, as with the large batch. Call backward() in the loop, for each batch.",
    )


def _clears(attempt: Any) -> None:
    """a second call starts from a clean gradient"""
    model, optimizer = _toy.made()
    for _ in range(2):
        call(lambda: attempt(model, _batches(), _toy.squared, optimizer), tried=TRIED)
    # At w = 1.45: errors -0.55 (three times) and -2.1; gradient (3 * -1.1 - 8.4) / 4 = -2.925.
    expect(
        _toy.weight_of(model),
        WEIGHT + 0.2925,
        tried=f"{TRIED}: w after two calls",
        idea="Clear the gradients once, before the loop.",
        known=(
            Known(
                WEIGHT + 0.45 + 0.2925,
                "The second call still has the first one's gradient. optimizer.zero_grad() comes "
                "before the loop.",
            ),
        ),
    )


EXERCISE = Exercise(
    "05.3",
    "One step from several batches",
    8,
    accumulated_step,
    (_like_one_batch, _loss, _one_graph_at_a_time, _clears),
    (
        "zero_grad() before the loop, backward() in it, step() after it.",
        "Gradients add up by themselves. Only the weight of each batch is missing: its share.",
        (
            "examples = sum(len(batch['labels']) for batch in batches), and in the loop "
            "loss = loss_fn(...) * len(labels) / examples"
        ),
    ),
)
