"""Exercise 00.1: turning axes is not dealing numbers out again."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect, explaining
from course_lib.exercises._exercise import Exercise


def swap_tokens_and_hidden(x: Tensor) -> Tensor:
    """(B, T, H) -> (B, H, T)"""
    return x.permute(0, 2, 1)  # (B, H, T)


def _counted(*shape: int) -> Tensor:
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float32).reshape(shape)


def _small_swap(attempt: Any) -> None:
    """one sentence, T = 2, H = 3: each row becomes a column"""
    x = _counted(1, 2, 3)
    tried = "x = [[[0, 1, 2], [3, 4, 5]]], shape (1, 2, 3)"
    with (
        explaining(TypeError, _TWO_AXES, "transpose()"),
        explaining(RuntimeError, _TURNED_ALREADY, "view size is not compatible"),
    ):
        got = call(attempt, x, tried=tried)
    expect(
        got,
        torch.tensor([[[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]]),
        tried=tried,
        idea="Only the order of the axes changes: number [b, t, h] has to end up at [b, h, t].",
        known=(
            Known(
                x.view(1, 3, 2),
                "The shape is right, the numbers are not: view and reshape deal the same numbers "
                "out "
                "again, row by row. To swap two axes, permute or transpose them.",
            ),
            Known(
                x,
                "Nothing has moved. If you called permute: it does not change x, it returns a new "
                "view. Return that one.",
            ),
            Known(x.permute(0, 2, 1).reshape(1, 2, 3), _TURNED_ALREADY),
            Known(
                x.view(1, 3, 2).permute(0, 2, 1),
                "view had dealt the numbers out again before they were turned. permute alone is "
                "enough.",
            ),
            Known((1, 3, 2), "That is the shape alone. Return x itself, with its axes turned."),
            Known(
                x.transpose(0, 1),
                "B and T changed places. B stays first; T and H change places.",
            ),
            Known(
                x.permute(2, 1, 0),
                "The batch axis moved too. B stays first; only T and H change places.",
            ),
            Known(x.permute(1, 2, 0), "The batch axis moved to the end. B stays first."),
            Known(x.permute(2, 0, 1), "The batch axis moved. B stays first, then H, then T."),
            Known(x[0].T, "The batch axis is gone: that is the first sentence alone. Keep all."),
        ),
    )


_TWO_AXES = (
    "transpose takes two axes, those that change places. permute takes all of them, in their new "
    "order."
)
_TURNED_ALREADY = (
    "After permute the shape is right already. Any view or reshape behind it deals the turned "
    "numbers out again: leave it out."
)


def _batch_swap(attempt: Any) -> None:
    """a batch keeps its sentences apart: (2, 2, 3) becomes (2, 3, 2)"""
    x = _counted(2, 2, 3)
    tried = "x counted up from 0, shape (2, 2, 3)"
    expect(
        call(attempt, x, tried=tried),
        torch.stack([x[0].T, x[1].T]),
        tried=tried,
        idea="Every sentence of the batch is transposed by itself, and B stays the first axis.",
        known=(
            Known(x.view(2, 3, 2), "view deals the numbers out again; it never swaps two axes."),
            Known(x.transpose(0, 1), "The first two axes changed places: B and T. Swap T and H."),
        ),
    )


EXERCISE = Exercise(
    "00.1",
    "Swap two axes",
    3,
    swap_tokens_and_hidden,
    (_small_swap, _batch_swap),
    (
        (
            "Two operations change a shape: one deals the numbers out again, one turns the axes. "
            "Which is which?"
        ),
        "permute takes the old axes in their new order. permute(0, 1, 2) would change nothing.",
        "B stays 0, then comes H, which was axis 2, then T, which was axis 1.",
    ),
)
