"""Exercise 06.2: a loss and metrics over a whole loader."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb06 import _toy
from course_lib.exercises.nb06.evaluating import evaluating
from course_lib.loop import largest_logit


def evaluate(
    model: nn.Module,
    loader: Iterable,
    loss_fn: Callable | None = None,
    metrics: dict[str, Callable] | None = None,
    decide: Callable = largest_logit,
) -> dict[str, float]:
    """{"loss": the mean over all examples, and each metric of all answers by its name}"""
    all_logits, all_labels, total = [], [], 0.0
    with evaluating(model):
        for batch in loader:
            inputs = {name: value for name, value in batch.items() if name != "labels"}
            logits, labels = model(**inputs), batch["labels"]  # (B, C), (B,)
            if loss_fn is not None:
                total += loss_fn(logits, labels).item() * len(labels)
            all_logits.append(logits)
            all_labels.append(labels)
    labels, answers = torch.cat(all_labels), decide(torch.cat(all_logits))  # (N,) both
    found = {} if loss_fn is None else {"loss": total / len(labels)}
    return found | {name: metric(answers, labels) for name, metric in (metrics or {}).items()}


def batches() -> list[dict[str, Tensor]]:
    """Four examples, made anew: logits (x, 0), so the answers are 1, 1, 0 and 1."""
    return [_toy.batch_of([-1.0, -2.0, 3.0], [1, 0, 0]), _toy.batch_of([-4.0], [1])]


LOSSES = "three examples with the losses 1, 4 and 9, then a batch of one with 16"
ANSWERS = "answers [1, 1, 0] and [1], labels [1, 0, 0] and [1]"
LOSS, PRECISION = 7.5, 2 / 3


def squared(logits: Tensor, labels: Tensor) -> Tensor:
    """A loss that can be worked out in the head: the mean of x squared."""
    return (logits[:, 0] ** 2).mean()


def precision_of_1(answers: Tensor, labels: Tensor) -> float:
    """Of the answers 1, the share that is right."""
    said = answers == 1
    return ((labels == 1) & said).sum().item() / said.sum().item()


def _numbers(found: Any) -> Any:
    """A float where a tensor of one number stands: as good an answer."""
    if not isinstance(found, dict):
        return found
    return {
        name: value.item() if isinstance(value, Tensor) and value.dim() == 0 else value
        for name, value in found.items()
    }


def _run(
    attempt: Any, model: nn.Module, loader: Any, tried: str, *options: Any, **named: Any
) -> Any:
    labels = 'The model takes the inputs by name, and no labels: leave "labels" out.'
    names = "metrics is a dict of name and function: go through metrics.items()."
    both = "A metric takes the answers and the labels, in this order: metric(answers, labels)."
    nothing = "loss_fn and metrics may be None: then there is nothing to compute."
    logits = "A metric compares answers with labels: answers = decide(logits) comes first."
    count = (
        "The loader may be any iterable of batches. Count the examples as they come: len(labels)."
    )
    tensors = "A metric takes tensors: torch.cat of what was collected."
    keys = "A batch is a dict, and going through a dict gives its names: batch['labels']."
    rows = "`+=` adds the rows of a tensor to a list, one by one. append adds the tensor."
    of_answers = "The loss wants logits and labels. decide makes answers, for the metrics alone."
    with (
        explaining(KeyError, _toy.OTHER_INPUTS, "input_ids"),
        explaining(AttributeError, count, "attribute 'dataset'"),
        explaining(AttributeError, count, "attribute 'batch_size'"),
        explaining(AttributeError, tensors, "'bool' object"),
        explaining(TypeError, keys, "not str"),
        explaining(ValueError, keys, "to unpack"),
        explaining(RuntimeError, rows, "zero-dimensional tensor"),
        explaining(IndexError, of_answers, "too many indices"),
        explaining(RuntimeError, _toy.STACKED, "stack expects"),
        explaining(TypeError, labels, "'labels'"),
        explaining(TypeError, names, "'str' object is not callable"),
        explaining(TypeError, both, "precision_of_1() missing"),
        explaining(TypeError, _toy.BY_NAME, "unsupported operand"),
        explaining(RuntimeError, logits, "must match the size of tensor"),
        explaining(TypeError, nothing, "'NoneType' object is not callable"),
        explaining(AttributeError, nothing, "'NoneType' object has no attribute 'items'"),
        explaining(TypeError, nothing, "'NoneType' object is not iterable"),
    ):
        return _numbers(call(lambda: attempt(model, loader, *options, **named), tried=tried))


def _loss(attempt: Any) -> None:
    """the loss is the mean over examples"""
    idea = "Each batch counts by its size: (14/3 * 3 + 16 * 1) / 4."
    found = _run(attempt, _toy.Mirror().eval(), batches(), LOSSES, squared)
    expect_that(
        not isinstance(found, (dict, tuple)) or list(found) == ["loss"],
        tried=f"{LOSSES}; no metrics",
        got=found,
        expected=f'{{"loss": {LOSS}}}',
        idea='One flat dict is wanted: "loss", and beside it each metric by its name; no metrics, '
        "no more names.",
    )
    expect(
        found,
        {"loss": LOSS},
        tried=LOSSES,
        idea=idea,
        known=(
            Known(
                {"loss": (14 / 3 + 16) / 2},
                "This is the mean of the batches' means: the one example of the last batch counts "
                "as much as three others. Multiply each by len(labels), divide by N.",
            ),
            Known({"loss": 30.0}, "This is the sum over examples. Divide by how many there are."),
            Known({"loss": 14 / 3 + 16}, "The batches' means were added up. " + idea),
            Known({"loss": 16.0}, "This is the last batch alone. Add up over the batches."),
            Known({"loss": 14 / 3}, "This is the first batch alone. Is the return in the loop?"),
            Known({"loss": (14 / 3 + 16) / 4}, "The batches' means, divided by N. " + idea),
            Known({"loss": 15.0}, "Divided by the number of batches. There are 4 examples."),
            Known(LOSS, 'Return a dict: {"loss": ...}.'),
        ),
    )


def _metric(attempt: Any) -> None:
    """a metric sees all answers at once"""
    metrics, tried = {"precision": precision_of_1}, f"metric: the precision of class 1; {ANSWERS}"
    once = "Collect the logits and labels of all batches, and compute the metric once, at the end."
    expect(
        _run(attempt, _toy.Mirror().eval(), batches(), tried, metrics=metrics),
        {"precision": PRECISION},
        tried=tried,
        idea="Of three answers 1, two are right. " + once,
        known=(
            Known({"precision": 0.75}, "This is the mean of 1/2 and 1, a batch each. " + once),
            Known({"precision": 0.625}, "Means of batches, weighted by their sizes. " + once),
            Known(
                {"precision": 1.0},
                "The answers come first: metric(labels, answers) is recall. Or is it the last "
                "batch alone? " + once,
            ),
            Known({}, "No metric was computed. metrics holds name and function."),
            Known(
                {"loss": 0.0, "precision": PRECISION},
                "Without a loss_fn there is no loss, not a loss of 0: leave the name out.",
            ),
            Known(
                {"loss": None, "precision": PRECISION},
                "Without a loss_fn there is no loss: leave the name out.",
            ),
            Known({"precision": 0.0}, "These are not the answers of the largest logits."),
        ),
    )


def _decide(attempt: Any) -> None:
    """`decide` makes answers of logits"""
    tried = f"decide=lambda logits: (logits[:, 0] > -3).long(); {ANSWERS}, by the largest logit"
    expect(
        _run(
            attempt,
            _toy.Mirror().eval(),
            batches(),
            tried,
            squared,
            {"precision": precision_of_1},
            decide=lambda logits: (logits[:, 0] > -3).long(),
        ),
        {"loss": LOSS, "precision": 1 / 3},
        tried=tried,
        idea="This rule says 1, 1, 1 and 0. decide(logits) takes the place of argmax.",
        known=(
            Known(
                {"loss": LOSS, "precision": PRECISION},
                "argmax is fixed. Call decide(logits): largest_logit is only its default.",
            ),
            Known(
                {"loss": LOSS, "precision": 0.5},
                "Did decide get probabilities? It takes the logits as the model gave them.",
            ),
        ),
    )


def _how_it_asks(attempt: Any) -> None:
    """it asks in evaluation mode, without a graph, and leaves each mode as it was"""
    model = _toy.mixed()
    _run(attempt, model, batches(), _toy.MIXED, squared)
    expect_that(
        not any(model.modes),
        tried=_toy.MIXED,
        told="a forward pass in training mode",
        expected="all of them in evaluation mode",
        idea="Put the loop into `with evaluating(model):`.",
    )
    expect_that(
        not any(model.recording),
        tried=f"{_toy.MIXED}: torch.is_grad_enabled() in the forward pass",
        told="True",
        expected="False",
        idea="The graph of every batch is kept with its logits. `with evaluating(model):` around "
        "the loop.",
    )
    expect(
        _toy.modes(model),
        (True, False),
        tried=f"{_toy.MIXED}; training of both afterwards",
        idea="evaluating(model) puts every part back; model.eval() and model.train() do not.",
    )


def _leaves_the_batches(attempt: Any) -> None:
    """the batches stay whole, and are gone through once"""
    loader = batches()
    tried = "a list of batches, asked twice"
    again = "pop takes the labels away from the caller's batch. Read batch['labels'] instead."
    with explaining(KeyError, again, "labels"):
        for _ in range(2):
            found = _run(attempt, _toy.Mirror(), loader, tried, squared)
    expect(found, {"loss": LOSS}, tried=tried, idea=again)
    tried = "batches from an iterator, which can be gone through once and has no len()"
    once = "Go through the loader once, and count the examples while you do."
    with (
        explaining(TypeError, once, "len()"),
        explaining(Exception, once, "expected a non-empty list"),
        explaining(ZeroDivisionError, once),
    ):
        found = _run(
            attempt, _toy.Mirror(), iter(batches()), tried, squared, {"precision": precision_of_1}
        )
    expect(found, {"loss": LOSS, "precision": PRECISION}, tried=tried, idea=once)


EXERCISE = Exercise(
    "06.2",
    "A loss and metrics over a loader",
    12,
    evaluate,
    (_loss, _metric, _decide, _how_it_asks, _leaves_the_batches),
    (
        (
            "In `with evaluating(model):`, go through the batches and collect logits and labels. "
            "What needs all of them comes after the loop."
        ),
        (
            "Per batch: inputs without labels, logits, total += loss_fn(logits, labels).item() * "
            "len(labels). At the end total / N, and torch.cat of what was collected."
        ),
        (
            'found = {} if loss_fn is None else {"loss": total / len(labels)}; then add '
            "{name: metric(answers, labels) for name, metric in (metrics or {}).items()}."
        ),
    ),
)
