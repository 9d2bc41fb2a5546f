"""Exercise 04.5: F1, of one class and over several."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb04._values import number
from course_lib.exercises.nb04.confusion import confusion_matrix


def f1(predictions: Tensor, labels: Tensor, average: str = "binary", num_classes: int = 2) -> float:
    """(N,), (N,) -> F1 of class 1 ("binary"), or over all classes ("macro", "micro")"""
    matrix = confusion_matrix(predictions, labels, num_classes)
    hits, both = matrix.diag(), matrix.sum(dim=0) + matrix.sum(dim=1)  # (C,)
    if average == "micro":
        return (2 * hits.sum() / both.sum()).item()
    each = 2 * hits / both.clamp(min=1)  # (C,)
    return each.mean().item() if average == "macro" else each[1].item()


TWO = torch.tensor([1, 0, 0, 1, 0, 0, 0, 0]), torch.tensor([1, 1, 1, 0, 0, 0, 0, 0])
THREE = torch.tensor([0, 0, 0, 1, 1, 2, 0, 0]), torch.tensor([0, 0, 0, 0, 1, 1, 1, 2])
THREE_TRIED = (
    "predictions [0, 0, 0, 1, 1, 2, 0, 0], labels [0, 0, 0, 0, 1, 1, 1, 2], C = 3, that is "
    "hits 3, 1, 0; predicted 5, 2, 1; actual 4, 3, 1"
)


def _binary(attempt: Any) -> None:
    """binary: 2 * hits / (predicted + actual), of class 1"""
    tried = (
        "predictions [1, 0, 0, 1, 0, 0, 0, 0], labels [1, 1, 1, 0, 0, 0, 0, 0], that is for class "
        "1: 1 hit, 2 predicted, 3 actual"
    )
    expect(
        number(call(attempt, *TWO, tried=tried)),
        2 / 5,
        tried=tried,
        idea="2 * 1 / (2 + 3), or 2 * P * R / (P + R) with P = 1/2 and R = 1/3.",
        known=(
            Known(5 / 8, "This is the accuracy: the zeros that were right count in it."),
            Known(1 / 2, "This is the precision, hits / predicted."),
            Known(1 / 3, "This is the recall, hits / actual."),
            Known(5 / 12, "The plain mean of precision and recall. F1 is the harmonic one."),
            Known(1 / 5, "A factor 2 is missing: the mean of two doubles the product."),
            Known(8 / 11, "This is the F1 of class 0. Binary means class 1."),
            Known((2 / 5 + 8 / 11) / 2, "Both classes' mean, that is macro. Binary is class 1."),
            Known([8 / 11, 2 / 5], "F1 of each class. Return that of class 1."),
            Known(torch.tensor([8 / 11, 2 / 5]), "F1 of each class. Return that of class 1."),
        ),
    )


def _macro(attempt: Any) -> None:
    """macro: the plain mean of the classes' F1"""
    each = 6 / 9, 2 / 5, 0.0
    P, R = (3 / 5 + 1 / 2) / 3, (3 / 4 + 1 / 3) / 3
    zero = "A class without a hit has an F1 of 0: 2 * hits / (predicted + actual) is 0 there."
    two = "There are 3 classes here: give confusion_matrix num_classes, and 'macro' its own answer."
    with (
        explaining(ZeroDivisionError, zero),
        explaining(RuntimeError, two, "shape '[2, 2]' is invalid"),
        explaining(IndexError, two, "out of bounds for dimension"),
    ):
        got = number(call(attempt, *THREE, "macro", 3, tried=f"average = 'macro', {THREE_TRIED}"))
    expect(
        got,
        sum(each) / 3,
        tried=f"average = 'macro', {THREE_TRIED}",
        idea="The classes' F1 are 6/9, 2/5 and 0; their mean is 0.3556.",
        known=(
            Known(float("nan"), f"0 / 0 is NaN. {zero}"),
            Known(
                2 * P * R / (P + R),
                "F1 of the mean precision and the mean recall. Take each "
                "class's own F1, then the mean.",
            ),
            Known(
                (each[0] + each[1]) / 2, "The class without a hit was left out. It counts, as 0."
            ),
            Known(
                (4 * each[0] + 3 * each[1]) / 8,
                "A mean weighted by size, which hides the rare "
                "classes again. Macro counts every class alike.",
            ),
            Known(4 / 8, "This is micro, or accuracy. Macro is the mean of the classes' F1."),
            Known(2 / 5, "This is the F1 of class 1 alone."),
            Known(sum(each), "The sum so far. Divide by C."),
            Known(P, "This is the macro precision."),
            Known(R, "This is the macro recall."),
        ),
    )


def _micro(attempt: Any) -> None:
    """micro: hits, predicted and actual are summed over the classes first"""
    expect(
        number(call(attempt, *THREE, "micro", 3, tried=f"average = 'micro', {THREE_TRIED}")),
        4 / 8,
        tried=f"average = 'micro', {THREE_TRIED}",
        idea="In all 4 hits, 8 predicted, 8 actual: 2 * 4 / (8 + 8).",
        known=(
            Known((6 / 9 + 2 / 5) / 3, "This is macro. Sum the counts first, then divide once."),
            Known(2 / 5, "This is the F1 of class 1 alone."),
            Known(6 / 9 + 2 / 5, "The classes' F1, summed. Sum their counts, then divide once."),
            Known(4 / 16, "A factor 2 is missing: 2 * hits / (predicted + actual)."),
        ),
    )


def _never_predicted(attempt: Any) -> None:
    """a class that is never predicted has an F1 of 0"""
    tried = "predictions [0, 0, 0], labels [0, 1, 0]"
    zero = "Precision is 0 / 0 here. 2 * hits / (predicted + actual) has no such trouble."
    with explaining(ZeroDivisionError, zero):
        got = call(attempt, torch.tensor([0, 0, 0]), torch.tensor([0, 1, 0]), tried=tried)
    expect(
        number(got),
        0.0,
        tried=tried,
        idea=zero,
        known=(Known(2 / 3, "This is the accuracy."), Known(float("nan"), zero)),
    )
    tried = "predictions [0, 0, 0], labels [0, 0, 0]"
    never = "Class 1 occurs nowhere, so hits and both are 0: both.clamp(min=1) makes it 0 / 1."
    with explaining(ZeroDivisionError, never):
        got = call(attempt, torch.zeros(3).long(), torch.zeros(3).long(), tried=tried)
    expect(number(got), 0.0, tried=tried, idea=never, known=(Known(float("nan"), f"NaN. {never}"),))


EXERCISE = Exercise(
    "04.5",
    "F1 and its averages",
    8,
    f1,
    (_binary, _macro, _micro, _never_predicted),
    (
        (
            "matrix.diag() are the hits; the sums of columns and rows say how often a class was "
            "predicted, and how often it is."
        ),
        (
            "each = 2 * hits / (predicted + actual), (C,), serves binary and macro; "
            "both.clamp(min=1) avoids 0 / 0."
        ),
        "micro: 2 * hits.sum() / (predicted.sum() + actual.sum()).",
    ),
)
