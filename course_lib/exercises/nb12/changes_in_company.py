"""Exercise 12.5: the same question in other company."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb10._toy import expect_float
from course_lib.exercises.nb12 import _company
from course_lib.loop import evaluating


def changes_in_company(model: nn.Module, batch: dict[str, Tensor]) -> float:
    """How far the first example's logits move when the others in the batch are replaced.

    In evaluation mode. The largest absolute difference.
    """
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    others = {
        name: torch.cat([tensor[:1], tensor[1:2].expand_as(tensor[1:])])
        for name, tensor in inputs.items()
    }
    with evaluating(model):
        return (model(**others)[0] - model(**inputs)[0]).abs().max().item()


X = torch.tensor(
    [[1.0, 4.0, 0.0, 6.0], [11.0, 3.0, 6.0, 1.0], [11.0, 4.0, 2.0, 12.0], [6.0, 4.0, 2.0, 11.0]]
)
# With three times the second, the sums go from 29, 15, 10, 30 to 34, 13, 18, 9: the means move by a
# fourth of 5, -2, 8 and -21, and the logits the other way. Each mistake has a number of its own.
FAR = 5.25
YES_OR_NO = "How far do they move? A number is asked, and no yes or no."
TRIED = "a model whose logits are x less the mean of the batch; "
MODES = (
    "Note the modes before, and put them back: model.train() at the end sets every part to "
    "training. `with evaluating(model):` does it all."
)
BY_NAME = (
    "The names of the inputs differ from model to model: pass all but the labels, by name, "
    "model(**inputs)."
)
LABELS = 'The model takes no labels: leave "labels" out of what you pass on. They may be missing.'


def _run(attempt: Any, model: nn.Module, batch: dict[str, Tensor], tried: str) -> Any:
    with (
        explaining(KeyError, LABELS, "labels"),  # the outer ones have the last word
        explaining(TypeError, LABELS, "'labels'"),
        explaining(KeyError, BY_NAME),
        explaining(TypeError, BY_NAME),
        explaining(AttributeError, BY_NAME, "'dict'"),
    ):
        return call(attempt, model, batch, tried=tried)


def _batch(rows: Tensor) -> dict[str, Tensor]:
    return {"x": rows, "labels": torch.arange(len(rows))}


def _centred(attempt: Any, x: Tensor, right: float, tried: str, w: float = 1.0) -> _company.Centred:
    model = _company.Centred(w)
    got = _run(attempt, model, _batch(x), tried)
    known = [Known(each.value * w, each.idea) for each in _company.known(x, right / w)]
    known += [Known(True, YES_OR_NO), Known(False, YES_OR_NO)]
    known.append(Known(_company.softmaxed(x, w), "Probabilities were compared: no softmax here."))
    expect_float(got, right, tried=tried, idea=_company.REPLACED, known=known)
    return model


def _moves(attempt: Any) -> None:
    """the largest absolute difference of the first example's logits"""
    for x, sign in ((X, ""), (-X, "-")):
        tried = f"{TRIED}x = {sign}{X.tolist()}"
        _centred(attempt, x, FAR, tried)


def _small(attempt: Any) -> None:
    """a small difference is one"""
    for w in (1e-4, 1e-7):
        right = FAR * w
        tried = f"{w:g} * (x less the mean of the batch), x = {X.tolist()}"
        got = _run(attempt, _company.Centred(w), _batch(X), tried)
        idea = "A small number, and not 0: some neighbours count little. Give it without rounding."
        expect_float(got, right, tried=tried, idea=idea)
        expect_that(
            math.isclose(got, right, rel_tol=1e-2),
            tried=tried,
            got=got,
            expected=f"{right:.3g}",
            idea=idea,
        )


def _same_size(attempt: Any) -> None:
    """batches of the same size are compared"""
    tried = f"{TRIED}x = {X.tolist()}: the sizes of the batches that the model got"
    model = _centred(attempt, X, FAR, tried.partition(":")[0])
    sizes = [size for *_, size in model.calls]
    expect_that(
        len(sizes) == 2 and set(sizes) == {4},
        tried=tried,
        got=sizes,
        expected="[4, 4]",
        idea="Twice, and once with other neighbours: all else is to be the same, the size of the "
        "batch, too.",
    )


def _eval_mode(attempt: Any) -> None:
    """in evaluation mode, where BatchNorm and dropout mix nothing"""
    x = torch.cat([X, 2 * X])
    for training in (True, False):
        model = _company.Alone().train(training)
        statistics = model.layers[1].running_mean.clone()
        mode = "training" if training else "eval"
        tried = f"a model of Linear, BatchNorm and Dropout, in {mode} mode; 8 examples"
        got = _run(attempt, model, _batch(x), tried)
        idea = (
            "In training mode BatchNorm takes its mean from the batch, so the neighbours count in "
            "every healthy model; dropout draws anew. Ask in evaluation mode."
        )
        expect_that(
            all(not was_training for was_training, *_ in model.calls),
            tried=f"{tried}: model.training in its forward passes",
            got=[was_training for was_training, *_ in model.calls],
            expected="False, each time",
            idea=idea,
        )
        expect_float(got, 0.0, tried=tried, idea=idea)
        expect_that(
            torch.equal(model.layers[1].running_mean, statistics),
            tried=f"{tried}: BatchNorm's running mean afterwards",
            told="another one",
            expected="as it was",
            idea=idea,
        )


def _no_graph(attempt: Any) -> None:
    """without a graph"""
    model, tried = (
        _company.Centred(),
        f"{TRIED}4 examples: torch.is_grad_enabled() in its forward passes",
    )
    _run(attempt, model, _batch(X), tried)
    expect_that(
        not any(recording for _, recording, _ in model.calls),
        tried=tried,
        told="True",
        expected="False",
        idea="Nothing goes back here: with torch.no_grad(), or evaluating(model). eval() does not "
        "stop autograd.",
    )


def _modes_again(attempt: Any) -> None:
    """afterwards each module has the mode that it had"""
    mixed = _company.Alone().train()
    mixed.layers[2].eval()
    for model, what in (
        (_company.Alone().train(), "in training mode"),
        (_company.Alone().eval(), "in evaluation mode"),
        (mixed, "in training mode, with its dropout in evaluation mode"),
    ):
        before = _modes(model)
        tried = f"a model of Linear, BatchNorm and Dropout, {what}"
        _run(attempt, model, _batch(torch.cat([X, X])), tried)
        expect(
            _modes(model),
            before,
            tried=f"{tried}: the parts in training mode afterwards",
            idea=MODES,
            known=(
                Known([], "The model stays in evaluation mode, and trains on so. " + MODES),
                Known(
                    _modes(_company.Alone().train()),
                    "A part that came in evaluation mode is in training. " + MODES,
                ),
            ),
        )


def _modes(model: nn.Module) -> list[str]:
    return [name or "the model" for name, part in model.named_modules() if part.training]


def _every_input(attempt: Any) -> None:
    """of every input, whatever its name and type; labels may be missing"""
    batch = {
        "input_ids": torch.tensor([[1, 2, 9], [3, 4, 9], [8, 7, 9], [20, 0, 5]]),
        "attention_mask": torch.tensor([[1, 1, 0], [1, 1, 0], [1, 1, 1], [1, 0, 0]]),
    }
    # The largest sum is 24, of the third. With copies of the second, 7.
    idea = "Each input holds a row for each example: replace the others in all of them."
    known = (
        Known(8.0, f"The ids are replaced, and the masks are still the others'. {idea}"),
        Known(4.0, f"The masks are replaced, and the ids are still the others'. {idea}"),
    )
    tried = "a model that gives the largest sum of the batch; 4 examples of input_ids and masks"
    for labels in ({}, {"labels": torch.tensor([0, 1, 0, 1])}):
        shown = f"{tried}, {'with' if labels else 'without'} labels"
        got = _run(attempt, _company.TwoInputs(), batch | labels, shown)
        expect_float(got, 17.0, tried=shown, idea=idea, known=known)


def _any_shape(attempt: Any) -> None:
    """for any number of examples, and logits of any shape"""
    for shape in ((3, 1), (8, 2), (5, 2, 3), (17, 4), (4,)):
        x = _spread(shape)
        second = torch.cat([x[:1], x[1:2].expand_as(x[1:])])
        right = 3.0 * (x.mean(dim=0) - second.mean(dim=0)).abs().max().item()
        tried = f"3 * (x less the mean of the batch), x of shape {shape}"
        _centred(attempt, x, right, tried, w=3.0)


def _spread(shape: Sequence[int]) -> Tensor:
    """Numbers in no order."""
    size = torch.Size(shape).numel()
    return ((torch.arange(size) * 7 + 3) % 11 - 4.0).reshape(shape)


EXERCISE = Exercise(
    "12.5",
    "The same question in other company",
    10,
    changes_in_company,
    (_moves, _small, _same_size, _eval_mode, _no_graph, _modes_again, _every_input, _any_shape),
    (
        "Ask twice: once with the batch as it is, once with other neighbours. Compare row 0.",
        (
            "torch.cat([tensor[:1], tensor[1:2].expand_as(tensor[1:])]) keeps the first example, "
            "and has the second in the place of all others. Each input needs it."
        ),
        (
            "with evaluating(model): the largest of (model(**others)[0] - "
            "model(**inputs)[0]).abs(), .max().item(); inputs without labels."
        ),
    ),
)
