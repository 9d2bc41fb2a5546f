"""Exercise 04.6: the area under the ROC curve, as a share of pairs."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb04._values import number


def roc_auc(scores: Tensor, labels: Tensor) -> float:
    """(N,), (N,) of 0 and 1 -> how often a positive scores above a negative"""
    positives, negatives = scores[labels == 1], scores[labels == 0]
    ahead = positives.unsqueeze(1) - negatives  # (P, N), all pairs
    return ((ahead > 0).double() + 0.5 * (ahead == 0)).mean().item()


SCORES = torch.tensor([3.0, 2.0, 0.5, 0.2, -1.0, -2.0, -3.0])
LABELS = torch.tensor([1, 0, 1, 1, 0, 1, 0])
TRIED = "scores [3, 2, 0.5, 0.2, -1, -2, -3], labels [1, 0, 1, 1, 0, 1, 0]"


def _pairs(attempt: Any) -> None:
    """it is the share of pairs in which the positive scores higher"""
    expect(
        number(call(attempt, SCORES, LABELS, tried=TRIED)),
        8 / 12,
        tried=TRIED,
        idea="The positives score 3, 0.5, 0.2, -2. Below them are 3, 2, 2 and 1 negatives: 8 of 12 "
        "pairs.",
        known=(
            Known(4 / 12, "Turned round: here the negatives are ahead."),
            Known(8.0, "The number of pairs that are right. Divide by all, 4 * 3."),
            Known(8 / 49, "Divided by N * N. There are 4 * 3 pairs of a positive and a negative."),
            Known(5 / 7, "An accuracy at the threshold 0. ROC-AUC asks about every threshold."),
            Known(
                (3 / 4 + 2 / 3) / 2,
                "From the answers at the threshold 0, not from the scores: their order within "
                "each answer is lost.",
            ),
            Known((1 + 2 / 3 + 3 / 4 + 4 / 6) / 4, "This is the average precision, another area."),
            Known(0.5, "Half: are both sides the same pairs? Compare (P, 1) with (N,)."),
        ),
    )


def _order(attempt: Any) -> None:
    """the order in which the examples come does not matter"""
    tried = "the same examples, in another order"
    order = torch.tensor([4, 1, 6, 0, 3, 5, 2])
    expect(
        number(call(attempt, SCORES[order], LABELS[order], tried=tried)),
        8 / 12,
        tried=tried,
        idea="Only scores decide. Did you sort, or count on it that they are sorted?",
    )


def _ties(attempt: Any) -> None:
    """a tie counts half"""
    tried = "scores [1, 1, 1, 0], labels [1, 0, 0, 0]"
    got = call(attempt, torch.tensor([1.0, 1, 1, 0]), torch.tensor([1, 0, 0, 0]), tried=tried)
    expect(
        number(got),
        2 / 3,
        tried=tried,
        idea="Two ties and a win: (0.5 + 0.5 + 1) / 3.",
        known=(
            Known(1 / 3, "Ties count 0 so far. Each is half a win."),
            Known(1.0, "Ties count as wins so far. Each is half a win."),
        ),
    )


EXERCISE = Exercise(
    "04.6",
    "ROC-AUC",
    6,
    roc_auc,
    (_pairs, _order, _ties),
    (
        "Two groups: scores[labels == 1] and scores[labels == 0]. Compare each with each.",
        "positives.unsqueeze(1) is (P, 1); minus negatives, (N,), it is (P, N).",
        "The mean of (difference > 0) plus half the mean of (difference == 0).",
    ),
)
