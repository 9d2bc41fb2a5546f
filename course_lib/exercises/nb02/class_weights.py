"""Exercise 02.6: the rarer a class, the larger its weight."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect
from course_lib.exercises._exercise import Exercise


def class_weights(labels: Tensor, num_classes: int) -> Tensor:
    """(N,) labels from 0 to C - 1 -> (C,) weights: N / (C * the class's count)"""
    counts = torch.bincount(labels, minlength=num_classes)  # (C,)
    return len(labels) / (num_classes * counts)


EVEN = torch.tensor([0, 1, 2, 0, 1, 2])
ODD = torch.tensor([1, 0, 1, 1, 2, 1, 1, 2])  # counts 1, 5, 2 of 8
TRIED = "labels [1, 0, 1, 1, 2, 1, 1, 2], C = 3"


def _equal_classes(attempt: Any) -> None:
    """classes of equal size weigh 1 each"""
    tried = "labels [0, 1, 2, 0, 1, 2], C = 3"
    expect(
        call(attempt, EVEN, 3, tried=tried),
        torch.ones(3),
        tried=tried,
        idea="N / (C * count) is 6 / (3 * 2) for each.",
    )


def _rare_weighs_more(attempt: Any) -> None:
    """a class with a fifth of the examples weighs five times as much"""
    counts = torch.tensor([1.0, 5.0, 2.0])
    expected = 8 / (3 * counts)
    expect(
        call(attempt, ODD, 3, tried=TRIED),
        expected,
        tried=TRIED,
        idea="Counts are 1, 5 and 2: 8 / (3 * 1), 8 / (3 * 5), 8 / (3 * 2).",
        known=(
            Known(1 / expected, "Turned round: here the frequent class weighs most."),
            Known(1 / counts, "1 / count so far. Scale it: times N / C."),
            Known(8 / counts, "N / count so far. Divide by C, so that the mean is 1."),
            Known(counts / 8, "The shares of the classes. A weight is the inverse."),
            Known(counts.long(), "These are the counts."),
            Known(
                8 / 3 * counts, "N / C * count multiplies by the count. Set C * count in brackets."
            ),
            Known(1 / (3 * counts), "1 / (C * count) so far. N is missing."),
            Known(1 - counts / 8, "One minus the share. Divide: half as frequent, twice as heavy."),
            Known(
                counts.max() / counts,
                "1 for the most frequent class. The mean over all examples should be 1.",
            ),
            Known(
                3 / counts / (1 / counts).sum(),
                "The mean over the classes is 1. The mean over all examples should be.",
            ),
            Known(
                expected[[1, 0, 2]],
                "In the order in which the classes came. bincount has them in order, 0 to C - 1.",
            ),
            Known(expected.tolist(), "A tensor is needed: a loss takes it as `weight`."),
            Known(expected[ODD], "A weight for each example. Return one for each class: (C,)."),
            Known(expected / expected.sum(), "Scaled to sum to 1. The examples' mean should be 1."),
            Known(
                torch.tensor([8 / 15, 8 / 6, 8 / 3]),
                "Sorted by size. bincount keeps them in the order of the classes.",
            ),
        ),
    )


def _mean_of_one(attempt: Any) -> None:
    """over all examples the weights' mean is 1, so that a loss keeps its size"""
    weights = call(attempt, ODD, 3, tried=TRIED)
    expect(
        weights[ODD].mean(),
        torch.tensor(1.0),
        tried=f"the mean of weights[labels], {TRIED}",
        idea="Each class then counts for N / C in all.",
    )


EXERCISE = Exercise(
    "02.6",
    "A weight for each class",
    4,
    class_weights,
    (_rare_weighs_more, _equal_classes, _mean_of_one),
    (
        "Count first: how often does each class occur?",
        "torch.bincount(labels, minlength=num_classes) counts, in the order of the classes.",
        "return len(labels) / (num_classes * counts)",
    ),
)
