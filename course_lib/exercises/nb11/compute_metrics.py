"""Exercise 11.4: metrics from NumPy."""

from typing import Any

import numpy as np
import torch
from transformers import EvalPrediction

from course_lib import metric
from course_lib.exercises._checking import NO_RETURN, Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise


def compute_metrics(prediction: EvalPrediction) -> dict[str, float]:
    """.predictions (N, C), .label_ids (N,), NumPy -> {"accuracy": ..., "macro_f1": ...}"""
    classes = torch.from_numpy(prediction.predictions).argmax(dim=-1)  # (N,)
    labels = torch.from_numpy(prediction.label_ids)
    return {
        "accuracy": metric.accuracy(classes, labels),
        "macro_f1": metric.f1(classes, labels, average="macro"),
    }


LABELS = [0, 0, 0, 0, 0, 1, 1, 2]
CLASSES = [0, 0, 0, 1, 1, 1, 0, 2]
# 5 of 8 are right. F1 is 2 hits / (predicted + actual): 6/9, 2/5 and 2/2.
EACH = [2 / 3, 0.4, 1.0]
RIGHT = {"accuracy": 0.625, "macro_f1": 31 / 45}
TRIED = f"answers {CLASSES}, as logits (8, 3); labels {LABELS}"
MACRO = "macro-F1 is the mean of the classes' own F1, unrounded."
CLASSES_IDEA = (
    "The predictions are logits, (N, C). The class is the place of the largest in each row: "
    "argmax over the last axis."
)


def logits_of(classes: list[int], size: int = 3) -> np.ndarray:
    """(N, C) in float32: the class has the largest, and none is as large as in another row.

    In one row, of a class other than 0, the largest probability is below 1/2.
    """
    rows = np.linspace(-1, 1, len(classes) * size, dtype=np.float32).reshape(-1, size)
    rows[np.arange(len(classes)), classes] += 2
    low = max((n for n, c in enumerate(classes) if c), default=0)
    rows[low, classes[low]] -= 1.5
    return rows


def _run(attempt: Any, logits: np.ndarray, labels: list[int], tried: str) -> Any:
    arrays = logits.copy(), np.array(labels)
    given = EvalPrediction(predictions=arrays[0], label_ids=arrays[1])
    axis = (
        "argmax ran over the wrong axis, or over none, or not over all predictions. One class for "
        "each row: axis -1. label_ids are classes already."
    )
    place = "max gives the largest and its place. The place alone is the class: argmax."
    macro = 'metric.f1(classes, labels, average="macro") is macro-F1.'
    numpy = "These are NumPy arrays: torch.from_numpy(...) first, or argmax(axis=-1)."
    three = 'There are more than two classes: average="macro" makes the mean over them.'
    names = "Trainer's object has .predictions and .label_ids."
    fixed = "The number of classes is fixed in it. Leave num_classes out: f1 sees which occur."
    with (
        explaining(ValueError, fixed, "since num_classes"),
        explaining(ValueError, axis, "expected (N,) for both"),
        explaining(ValueError, CLASSES_IDEA, "whole numbers"),
        explaining(ValueError, three, "average = "),
        explaining(ValueError, place, "one element"),
        explaining(AttributeError, macro, "'macro_f1'"),
        explaining(TypeError, numpy, "'dim'"),
        explaining(TypeError, numpy, "numpy.ndarray"),
        explaining(AttributeError, numpy, "numpy.ndarray"),
        explaining(AttributeError, names, "EvalPrediction"),
        explaining(TypeError, names, "EvalPrediction"),
        explaining(TypeError, names, "'str' and 'int'"),
    ):
        got = call(attempt, given, tried=tried)
    expect_that(
        all(
            np.array_equal(one, other) for one, other in zip(arrays, (logits, labels), strict=True)
        ),
        tried=f"{tried}: the arrays afterwards",
        told="changed",
        expected="as they were",
        idea="Trainer hands these arrays to its caller afterwards: make new ones.",
    )
    return got


def _expect_numbers(got: Any, tried: str) -> None:
    """Raise a `Mistake` unless it is a dict of the two names, and plain numbers."""
    wanted = "a dict with accuracy and macro_f1"
    expect_that(
        issubclass(type(got), dict),
        tried=tried,
        got=got,
        expected=wanted,
        idea=NO_RETURN
        if got is None
        else 'Trainer logs the metrics by name: {"accuracy": ..., "macro_f1": ...}.',
    )
    prefixed = any(type(name) is str and name.startswith("eval_") for name in got)
    expect_that(
        set(got) == set(RIGHT),
        tried=tried,
        got=list(got),
        expected=wanted,
        idea="Trainer puts eval_ in front by itself, and test_ when it predicts."
        if prefixed
        else "Two numbers, of these names.",
    )
    expect_that(
        all(type(value) in (float, int, np.float64) for value in got.values()),
        tried=tried,
        told=", ".join(f"{name}: {_kind(value)}" for name, value in got.items()),
        expected="plain numbers",
        idea='One F1 for each class: average="macro" makes the mean of them.'
        if type(got["macro_f1"]) in (list, tuple)
        else "Plain numbers are promised, which any logger and JSON take: .item(), or what "
        "course_lib.metric gives.",
    )


def _kind(value: Any) -> str:
    return type(value).__name__


def _expect(attempt: Any, classes: list[int], labels: list[int], *known: Known) -> None:
    size = 4 if max(labels) == 3 else 3
    logits = logits_of(classes, size)
    tried = f"answers {classes}, as logits ({len(classes)}, {size}); labels {labels}"
    got = _run(attempt, logits, labels, tried)
    _expect_numbers(got, tried)
    accuracy = sum(a == b for a, b in zip(classes, labels, strict=True)) / len(labels)
    right = {"accuracy": accuracy, "macro_f1": _macro(classes, labels)}
    idea = f"{round(accuracy * len(labels))} of {len(labels)} are right; {MACRO}"
    expect(got, right, tried=tried, idea=idea, known=known)
    expect_that(
        all(abs(got[name] - right[name]) < 1e-6 for name in right),  # expect is content with 0.6889
        tried=tried,
        got=got,
        expected=str(right),
        idea=idea,
    )


def _macro(classes: list[int], labels: list[int]) -> float:
    """The mean of 2 hits / (predicted + actual), over the classes that occur."""
    occurring = sorted({*classes, *labels})
    hits = {c: sum(a == b == c for a, b in zip(classes, labels, strict=True)) for c in occurring}
    return sum(2 * hits[c] / (classes.count(c) + labels.count(c)) for c in occurring) / len(hits)


def _two_numbers(attempt: Any) -> None:
    """accuracy and macro-F1, as plain numbers"""
    _expect_numbers(_run(attempt, logits_of(CLASSES), LABELS, TRIED), TRIED)


def _values(attempt: Any) -> None:
    """5 of 8 are right, and the F1 of the classes are 2/3, 0.4 and 1"""
    weighted = sum(f1 * LABELS.count(c) for c, f1 in enumerate(EACH)) / 8
    accuracy, macro = RIGHT["accuracy"], RIGHT["macro_f1"]
    _expect(
        attempt,
        CLASSES,
        LABELS,
        Known(
            {"accuracy": accuracy, "macro_f1": accuracy},
            "With one label each, micro-F1 is the accuracy once more. Macro: the mean over the "
            "classes.",
        ),
        Known(
            {"accuracy": accuracy, "macro_f1": weighted},
            "Weighted by how often each class occurs. In macro-F1 every class counts alike.",
        ),
        Known(
            {"accuracy": accuracy, "macro_f1": EACH[1]},
            "This is the F1 of class 1 alone. The mean over the classes.",
        ),
        Known({"accuracy": macro, "macro_f1": accuracy}, "The two have changed places."),
        Known({"accuracy": 62.5, "macro_f1": 100 * macro}, "A share of 1, not per cent."),
        Known({"accuracy": 5.0, "macro_f1": macro}, "5 are right, of 8: a share is asked."),
        Known(
            {"accuracy": 0.5, "macro_f1": _macro([*CLASSES[:-1], 0], LABELS)},
            "In one row no probability is above 1/2, and it has a class, too: argmax of the logits "
            "themselves, without a threshold.",
        ),
    )


def _square(attempt: Any) -> None:
    """as many examples as classes"""
    idea = (
        "argmax over axis 0 says which example is largest in a class, and here nothing shows it "
        "by its shape. The class of an example: axis -1."
    )
    for classes, labels in (([1, 2, 0], [1, 2, 0]), ([2, 0, 1], [2, 0, 0])):
        other = logits_of(classes).argmax(axis=0).tolist()
        share = sum(a == b for a, b in zip(other, labels, strict=True)) / 3
        wrong = {"accuracy": share, "macro_f1": _macro(other, labels)}
        _expect(attempt, classes, labels, Known(wrong, idea))


def _absent(attempt: Any) -> None:
    """a class that occurs nowhere does not count"""
    idea = "Class 2 is neither answered nor a label: it has no F1, and the mean is over the others."
    _expect(
        attempt,
        [0, 1, 3, 3],
        [0, 1, 1, 3],
        Known({"accuracy": 0.75, "macro_f1": (1 + 2 / 3 + 2 / 3) / 4}, idea),
    )


def _two_classes(attempt: Any) -> None:
    """two classes are averaged, too"""
    one = "This is the F1 of class 1. Macro-F1 is the mean over both classes."
    logits, labels = np.array([[2.0, 1], [1, 2], [1, 2], [1, 2]], dtype=np.float32), [0, 0, 1, 1]
    tried = "answers [0, 1, 1, 1], as logits (4, 2); labels [0, 0, 1, 1]"
    got = _run(attempt, logits, labels, tried)
    _expect_numbers(got, tried)
    expect(
        got,
        {"accuracy": 0.75, "macro_f1": (2 / 3 + 4 / 5) / 2},
        tried=tried,
        idea="F1 is 2/3 for class 0 and 4/5 for class 1.",
        known=(Known({"accuracy": 0.75, "macro_f1": 4 / 5}, one),),
    )


def _ten_classes(attempt: Any) -> None:
    """any number of classes, here ten"""
    labels = list(range(10))
    logits, tried = logits_of(labels, 10), "answers and labels 0 to 9, as logits (10, 10)"
    got = _run(attempt, logits, labels, tried)
    _expect_numbers(got, tried)
    right = {"accuracy": 1.0, "macro_f1": 1.0}
    expect(got, right, tried=tried, idea="All ten are right, and each class has the F1 1.")


EXERCISE = Exercise(
    "11.4",
    "Metrics from NumPy",
    8,
    compute_metrics,
    (_two_numbers, _values, _square, _absent, _two_classes, _ten_classes),
    (
        "Two steps: from logits to classes, then two calls of course_lib.metric.",
        (
            "classes = torch.from_numpy(prediction.predictions).argmax(dim=-1), and "
            "torch.from_numpy(prediction.label_ids)."
        ),
        'metric.accuracy(classes, labels) and metric.f1(classes, labels, average="macro")',
    ),
)
