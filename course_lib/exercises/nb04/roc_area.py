"""Exercise 04.6: the area under the ROC curve, as a share of pairs."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb04._values import calls_of, number


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
    no_mean = "Yes and no have no mean: make numbers of them first, .double()."
    with explaining(RuntimeError, no_mean, "mean(): could not infer output dtype"):
        got = number(call(attempt, SCORES, LABELS, tried=TRIED))
    ahead = (SCORES[LABELS == 1].unsqueeze(1) > SCORES[LABELS == 0]).double()  # (4, 3)
    expect(
        got,
        8 / 12,
        tried=TRIED,
        idea="The positives score 3, 0.5, 0.2, -2. Below them are 3, 2, 2 and 1 negatives: 8 of 12 "
        "pairs.",
        known=(
            Known(
                4 / 12,
                "4 / 12: that counts the pairs with the negative ahead, or takes them off the 8. "
                "Count those with the positive ahead.",
            ),
            Known(
                1.0,
                "Every positive ahead? Make the two groups by label, not by score, and compare "
                "each with each, not the means.",
            ),
            Known(
                3 / 4,
                "Were they paired off, first with first? Each positive meets each negative: "
                "(P, 1) against (N,).",
            ),
            Known(8 / 4, "Divided by the positives. There are 4 * 3 pairs."),
            Known(8 / 3, "Divided by the negatives. There are 4 * 3 pairs."),
            Known(ahead, "An answer for each pair. The share is their mean."),
            Known(ahead.bool(), "An answer for each pair. The share is their mean."),
            Known(
                -8 / 12, "The sign is turned: the false positive rate has to rise along a curve."
            ),
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


def _quick(attempt: Any) -> None:
    """3,000 examples take no minute"""
    tried = "100 scores, 5 of them positives"
    scores, labels = torch.arange(100.0), (torch.arange(100) % 20 == 0).long()
    made = calls_of(attempt, scores, labels, tried=tried)
    expect_that(
        made < 100 * 100,
        tried=tried,
        told=f"{made:,} calls of PyTorch for 5 * 95 pairs",
        expected="a few calls for each pair at most",
        idea="Right, but each example meets all others: 8 million meetings below, over a minute. "
        "Make the two groups first, then compare these.",
    )


EXERCISE = Exercise(
    "04.6",
    "ROC-AUC",
    6,
    roc_auc,
    (_pairs, _order, _ties, _quick),
    (
        "Two groups: scores[labels == 1] and scores[labels == 0]. Compare each with each.",
        "positives.unsqueeze(1) is (P, 1); minus negatives, (N,), it is (P, N).",
        "The mean of (difference > 0) plus half the mean of (difference == 0).",
    ),
)
