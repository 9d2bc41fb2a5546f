"""Exercise 03.6: cut the features among the heads."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect, explaining
from course_lib.exercises._exercise import Exercise


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(B, T, H) -> (B, heads, T, H / heads)"""
    B, T, H = x.shape
    return x.view(B, T, heads, H // heads).transpose(1, 2)  # (B, heads, T, H / heads)


X = torch.arange(48.0).view(2, 4, 6)
SPLIT = torch.stack([X[:, :, :3], X[:, :, 3:]], dim=1)  # (2, 2, 4, 3)
TRIED = "x (2, 4, 6), the numbers 0 to 47 in order, heads = 2"


def _values(attempt: Any) -> None:
    """head 0 gets the first half of each token's features, head 1 the second"""
    early = (
        "Transposed too early: view wants the numbers in their first order. Cut, then transpose."
    )
    sizes = "The sizes have to multiply to B * T * H: cut H into heads and H // heads."
    with (
        explaining(TypeError, "Sizes are whole numbers: H // heads, not H / heads.", "float"),
        explaining(RuntimeError, early, "view size is not compatible"),
        explaining(RuntimeError, sizes, "is invalid for input"),
    ):
        got = call(attempt, X, 2, tried=TRIED)
    expect(
        got,
        SPLIT,
        tried=TRIED,
        idea="Cut the last axis: view(B, T, heads, d). Then exchange T and heads: transpose(1, 2).",
        known=(
            Known(
                X.view(2, 2, 4, 3),
                "The shape is right and the numbers are not: view cut the row of numbers afresh, "
                "and tokens are mixed. Cut the last axis first, then transpose.",
            ),
            Known(
                X.view(2, 4, 2, 3),
                "(B, T, heads, d) so far: exchange T and heads, transpose(1, 2).",
            ),
            Known(
                X.view(2, 4, 3, 2).permute(0, 3, 1, 2),
                "Every second feature went to a head: the last axis was cut as (d, heads). It is "
                "(heads, d).",
            ),
            Known(
                X.view(2, 4, 2, 3).permute(2, 0, 1, 3),
                "The heads came first of all: (heads, B, T, d). B stays in front.",
            ),
            Known(
                X.view(2, 4, 3, 2).transpose(1, 2),
                "(B, d, T, heads): the last axis is cut as (heads, d), not (d, heads).",
            ),
            Known(
                SPLIT.permute(0, 2, 3, 1),
                "The heads are the last axis here, (B, T, d, heads). They belong behind B.",
            ),
            Known(SPLIT.permute(0, 3, 1, 2), "Two other axes were exchanged: it is T and heads."),
            Known(X.transpose(1, 2).reshape(2, 2, 4, 3), "Transposed too early: cut first."),
            Known(X.transpose(1, 2).reshape(2, 2, 3, 4), "Transposed too early: cut first."),
        ),
    )


def _other_sizes(attempt: Any) -> None:
    """it works for any number of heads"""
    x = torch.arange(30.0).view(1, 5, 6)
    for heads in (1, 3, 6):
        tried = f"x (1, 5, 6), heads = {heads}"
        expect(
            call(attempt, x, heads, tried=tried),
            torch.stack(x.chunk(heads, dim=-1), dim=1),
            tried=tried,
            idea="Take B, T and H from x.shape; d is H // heads.",
        )


EXERCISE = Exercise(
    "03.6",
    "Features for each head",
    6,
    split_heads,
    (_values, _other_sizes),
    (
        "Two steps: cut the last axis in two, then exchange two axes.",
        "B, T, H = x.shape; x.view(B, T, heads, H // heads) cuts.",
        "return x.view(B, T, heads, H // heads).transpose(1, 2)",
    ),
)
