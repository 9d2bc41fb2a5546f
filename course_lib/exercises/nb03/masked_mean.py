"""Exercise 03.1: the mean of real tokens."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect, explaining
from course_lib.exercises._exercise import Exercise


def masked_mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """(B, T, H), (B, T) -> (B, H): the mean over the tokens whose mask is 1"""
    weight = mask.unsqueeze(-1)  # (B, T, 1)
    return (hidden * weight).sum(dim=1) / weight.sum(dim=1)  # (B, H)


HIDDEN = torch.tensor(
    [
        [[1.0, 10.0], [3.0, 20.0], [8.0, -60.0]],
        [[5.0, 7.0], [9.0, 9.0], [9.0, 9.0]],
    ]
)  # (2, 3, 2)
COUNTS = torch.tensor([2.0, 1.0])  # real tokens
MASK = torch.tensor([[1, 1, 0], [1, 0, 0]])
MEAN = torch.tensor([[2.0, 15.0], [5.0, 7.0]])
KEPT = HIDDEN * MASK.unsqueeze(-1)
SUM = torch.tensor([[4.0, 30.0], [5.0, 7.0]])
TRIED = "hidden (2, 3, 2), mask [[1, 1, 0], [1, 0, 0]], first feature 1, 3, 8 and 5, 9, 9"


def _values(attempt: Any) -> None:
    """two real tokens give their mean, a single one gives itself"""
    sizes = "mask is (2, 3), hidden is (2, 3, 2): give the mask an axis for H, mask.unsqueeze(-1)."
    row = "Divide by one number for each row, (B, 1): the mask, summed over its tokens, dim=1."
    with (
        explaining(RuntimeError, sizes, "dimension 2"),
        explaining(RuntimeError, row, "dimension 1"),
    ):
        got = call(attempt, HIDDEN, MASK, tried=TRIED)
    expect(
        got,
        MEAN,
        tried=TRIED,
        idea="Sum over the real tokens of a row, divided by how many there are in that row.",
        known=(
            Known(HIDDEN.mean(dim=1), "The plain mean: padding is in it. Use the mask."),
            Known(
                SUM / 3,
                "The sum is right, and then divided by 3, for every row. Divide by the row's own "
                "number of real tokens: its mask's sum.",
            ),
            Known(SUM, "This is the sum of the real tokens. Divide by how many there are."),
            Known(
                SUM / COUNTS,
                "mask.sum(dim=1) is (B,), and it went to the columns. Keep its axis, (B, 1): "
                "mask.sum(dim=1, keepdim=True).",
            ),
            Known(HIDDEN[:, 0], "This is the first token alone, as in `cls`."),
            Known(
                torch.tensor([[8.0, -60.0], [9.0, 9.0]]),
                "Turned round: this is the mean of the padding. The mask is 1 for a token.",
            ),
            Known(MEAN.unsqueeze(1), "One axis too many: T has to go. Leave keepdim out at last."),
            Known(MEAN.mean(dim=0), "A mean over the sentences too: only dim=1, T, is to go."),
            Known(
                torch.tensor([3.0, 37 / 3]),
                "One mean of all real tokens: hidden[mask.bool()] forgets which sentence a token "
                "belongs to. Each row has a mean of its own.",
            ),
            Known(KEPT, "The padding is 0 now. What is missing: the sum over T, and a division."),
            Known(KEPT.sum(0) / MASK.sum(0)[:, None], "Summed over the sentences. T is dim=1."),
            Known(
                torch.tensor([[3.0, 20.0], [5.0, 7.0]]),
                "This is the last real token, or the largest value. Wanted is the mean.",
            ),
        ),
    )


def _padding_does_not_count(attempt: Any) -> None:
    """whatever stands at the padding makes no difference"""
    padded = HIDDEN.masked_fill((MASK == 0).unsqueeze(-1), 1e6)
    tried = "the same with 1,000,000 wherever there is padding"
    expect(
        call(attempt, padded, MASK, tried=tried),
        MEAN,
        tried=tried,
        idea="Multiply by the mask, or fill with 0, before you sum.",
    )


def _no_padding(attempt: Any) -> None:
    """without padding it is the plain mean"""
    tried = "hidden (2, 3, 2), a mask of ones"
    expect(
        call(attempt, HIDDEN, torch.ones(2, 3), tried=tried),
        HIDDEN.mean(dim=1),
        tried=tried,
        idea="All three tokens count: their sum divided by 3.",
    )


def _one_sentence(attempt: Any) -> None:
    """a batch of one sentence gives (1, H)"""
    tried = "hidden (1, 3, 2), mask [[1, 1, 0]]"
    expect(
        call(attempt, HIDDEN[:1], MASK[:1], tried=tried),
        MEAN[:1],
        tried=tried,
        idea="squeeze() without an axis takes B = 1 away too. Name the axis that is to go.",
    )


EXERCISE = Exercise(
    "03.1",
    "The mean of the real tokens",
    8,
    masked_mean,
    (_values, _padding_does_not_count, _no_padding, _one_sentence),
    (
        "Two sums over dim=1: of the hidden states that count, and of the mask.",
        "mask.unsqueeze(-1) is (B, T, 1): multiplied with hidden, it zeroes the padding.",
        "weight = mask.unsqueeze(-1); (hidden * weight).sum(dim=1) / weight.sum(dim=1)",
    ),
)
