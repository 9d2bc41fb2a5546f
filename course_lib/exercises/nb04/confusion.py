"""Exercise 04.4: who was taken for whom."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect, explaining
from course_lib.exercises._exercise import Exercise


def confusion_matrix(predictions: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """(N,), (N,) -> (C, C): how often each class (row) was taken for each class (column)"""
    cells = labels * num_classes + predictions  # (N,), each a place in the flat matrix
    return torch.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes)


PREDICTIONS = torch.tensor([0, 1, 1, 1, 2, 1, 1])
LABELS = torch.tensor([0, 0, 0, 1, 1, 2, 2])
EXPECTED = torch.tensor([[1, 2, 0], [0, 1, 1], [0, 2, 0]])
TRIED = "predictions [0, 1, 1, 1, 2, 1, 1], labels [0, 0, 0, 1, 1, 2, 2], C = 3"
SHAPE = "is invalid for input of size"
ONCE = (
    "A pair that comes twice was counted once: matrix[labels, predictions] += 1 writes each cell "
    "once. Count with bincount, a loop, or index_put_(accumulate=True)."
)
CELLS = "bincount stops at the last cell that occurs. minlength=C * C makes it count all of them."


def _counts(attempt: Any) -> None:
    """rows are the labels, columns what was predicted"""
    once, rows = (EXPECTED > 0).long(), EXPECTED.sum(dim=1, keepdim=True)
    each = "bincount stops at the last number that occurs. minlength=C gives every row C places."
    with (
        explaining(RuntimeError, CELLS, SHAPE),
        explaining(RuntimeError, each, "stack expects each tensor to be equal size"),
    ):
        got = call(attempt, PREDICTIONS, LABELS, 3, tried=TRIED)
    expect(
        got,
        EXPECTED,
        tried=TRIED,
        idea="Of the three 0s one was taken for 0, two for 1: the first row is [1, 2, 0].",
        known=(
            Known(EXPECTED.T, "Transposed: here a row is a prediction. Rows are the labels."),
            Known(once, ONCE),
            Known(once.float(), ONCE),
            Known(
                EXPECTED.sum(dim=0).expand(3, 3),
                "All rows are one: [[0] * C] * C holds the same list C times. "
                "[[0] * C for _ in range(C)] makes C lists.",
            ),
            Known(
                torch.tensor([[1, 0, 0], [0, 0, 0], [0, 0, 0]]),
                "Only the first pair was counted. Does return stand inside the loop?",
            ),
            Known(EXPECTED - EXPECTED.diag().diag(), "The diagonal is missing: count hits too."),
            Known(
                EXPECTED.T.float(), "Transposed: here a row is a prediction. Rows are the labels."
            ),
            Known(
                EXPECTED.float(), "Counts are whole numbers: torch.zeros(..., dtype=torch.long)."
            ),
            Known(EXPECTED / rows, "Shares of each row. Keep the counts: shares can be had later."),
            Known(
                EXPECTED / EXPECTED.sum(dim=0),
                "Shares of each column. Keep the counts: shares can be had later.",
            ),
            Known(EXPECTED / 7, "Shares of all. Keep the counts: shares can be had later."),
            Known(EXPECTED.tolist(), "A list of lists so far: torch.tensor makes it one."),
            Known(EXPECTED.flatten(), "All cells in a row: .reshape(C, C) makes a matrix of them."),
            Known(EXPECTED.diag(), "The diagonal alone. The mistakes stand beside it."),
        ),
    )


def _many(attempt: Any) -> None:
    """a cell can hold more than 255"""
    tried = "300 examples, all of class 1 and predicted so, C = 2"
    ones = torch.ones(300, dtype=torch.long)
    expect(
        call(attempt, ones, ones, 2, tried=tried),
        torch.tensor([[0, 0], [0, 300]]),
        tried=tried,
        idea="uint8 ends at 255 and int8 at 127. Count in torch.long.",
    )


def _missing_class(attempt: Any) -> None:
    """a class that never comes has a row and a column of zeros"""
    tried = "predictions [0, 1, 0], labels [0, 1, 1], C = 4"
    expected = torch.zeros(4, 4, dtype=torch.long)
    expected[:2, :2] = torch.tensor([[1, 0], [1, 1]])
    with explaining(RuntimeError, CELLS, SHAPE):
        got = call(attempt, torch.tensor([0, 1, 0]), torch.tensor([0, 1, 1]), 4, tried=tried)
    expect(
        got,
        expected,
        tried=tried,
        idea="The matrix is (num_classes, num_classes), whatever occurs.",
        known=(
            Known(
                expected[:2, :2],
                "The size was taken from the data. In another batch it would be another one; "
                "take num_classes.",
            ),
        ),
    )


EXERCISE = Exercise(
    "04.4",
    "The confusion matrix",
    5,
    confusion_matrix,
    (_counts, _missing_class, _many),
    (
        "A loop over the pairs will do: one more in row label, column prediction.",
        "Without a loop: label * C + prediction numbers the cells from 0 to C² - 1.",
        "torch.bincount(labels * C + predictions, minlength=C * C).reshape(C, C)",
    ),
)
