"""Exercise 04.1: the logarithm of a softmax, for logits of any size."""

import math
from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb04._values import expect_by_hand, expect_whole_batch, gradient


def log_softmax(logits: Tensor) -> Tensor:
    """(B, C) -> (B, C), the logarithms of the probabilities"""
    shifted = logits - logits.amax(dim=1, keepdim=True)  # the largest is 0
    return shifted - shifted.exp().sum(dim=1, keepdim=True).log()


LOGITS = torch.tensor([[0.0, math.log(3)], [0.0, 0.0]])
PROBABILITIES = torch.tensor([[1 / 4, 3 / 4], [1 / 2, 1 / 2]])
TRIED = "logits [[0, log 3], [0, 0]]"
TOTALS = torch.tensor([4.0, 2.0])  # of exp, row by row


def _small(attempt: Any) -> None:
    """each row is the logarithm of probabilities that sum to 1"""
    expected = PROBABILITIES.log()
    by_column = LOGITS - LOGITS.exp().sum(dim=0).log()
    lost = LOGITS - LOGITS.amax(dim=1)  # the first row's maximum went to the first column
    maxima = "The maxima (B,) went to the columns: keepdim=True keeps (B, 1)."
    pair = "max(dim=1) gives values and places, a pair. amax(dim=1, keepdim=True) gives the values."
    with (
        explaining(
            ValueError, "math.log takes one number. A tensor has .log() and .exp().", "one el"
        ),
        explaining(TypeError, pair, "torch.return_types.max"),
    ):
        got = call(attempt, LOGITS, tried=TRIED)
    expect(
        got,
        expected,
        tried=TRIED,
        idea="In a row, exp of the logits sums to 4 and to 2. So the probabilities are [1/4, 3/4] "
        "and [1/2, 1/2]; return their natural logarithms.",
        known=(
            Known(PROBABILITIES, "These are the probabilities. Take their logarithm."),
            Known(-expected, "The sign is turned: the logarithm of a probability is 0 or less."),
            Known(by_column, "A softmax down the columns. Classes are dim=1, so sum over dim=1."),
            Known(
                LOGITS - TOTALS.log(),
                "The sums (B,) went to the columns instead of the rows: keepdim=True keeps (B, 1).",
            ),
            Known(LOGITS - lost.exp().sum(dim=1, keepdim=True).log(), maxima),
            Known(lost.log_softmax(dim=1), maxima),
            Known(lost - lost.exp().sum(dim=1).log(), maxima),
            Known(
                (LOGITS - LOGITS.amax(dim=0)).log_softmax(dim=1),
                "The maximum of each column was subtracted. Each row has its own, dim=1.",
            ),
            Known(
                LOGITS - LOGITS.amax(dim=1, keepdim=True) - TOTALS.unsqueeze(1).log(),
                "The maximum was subtracted outside exp only. Use the shifted logits in both.",
            ),
            Known(LOGITS - math.log(6), "One sum over the whole batch. Each row has its own."),
            Known(PROBABILITIES.log2(), "Logarithms to base 2. Take the natural one, torch.log."),
            Known(PROBABILITIES.log10(), "Logarithms to base 10. Take the natural one, torch.log."),
            Known(
                LOGITS - torch.tensor([[4 / 3], [2.0]]).log(),
                "The maximum was subtracted inside exp only. Subtract it from the logits outside "
                "as well, or add it back.",
            ),
            Known(TOTALS.log(), "These are the logarithms of the sums. Subtract them from logits."),
            Known(
                LOGITS - TOTALS.unsqueeze(1),
                "The sums are subtracted as they are. Take their logarithm first.",
            ),
        ),
    )


LARGE = torch.tensor([[1000.0, 0.0, -1000.0], [0.0, 0.0, 0.0]])
LARGE_TRIED = "logits [[1000, 0, -1000], [0, 0, 0]]"


def _large(attempt: Any) -> None:
    """logits of 1000 give numbers, not inf or NaN"""
    third = [-math.log(3)] * 3
    expected = torch.tensor([[0.0, -1000.0, -2000.0], third])
    nan, inf = math.nan, math.inf
    overflow = "exp(1000) is inf. Subtract each row's maximum first: the result stays the same."
    underflow = (
        "The logarithm of a probability that was rounded to 0. Don't make the probabilities: "
        "log(a / b) is log a - log b, and log(exp x) is x."
    )
    one_maximum = (
        "The maximum of the whole batch was subtracted; in the second row all exp are then 0. "
        "Each row has its own maximum: amax(dim=1, keepdim=True)."
    )
    expect(
        call(attempt, LARGE, tried=LARGE_TRIED),
        expected,
        tried=LARGE_TRIED,
        idea="Subtract the row's maximum, (B, 1), from the logits before exp.",
        known=(
            Known(torch.tensor([[-inf, -inf, -inf], third]), overflow),
            Known(torch.tensor([[nan, -inf, -inf], third]), overflow),
            Known(torch.tensor([[nan, -1000.0, -2000.0], third]), overflow),
            Known(torch.tensor([[0.0, -inf, -inf], third]), underflow),
            Known(torch.tensor([[0.0, -1000.0, -2000.0], [inf] * 3]), one_maximum),
            Known(torch.tensor([[0.0, -1000.0, -2000.0], [nan] * 3]), one_maximum),
            Known(torch.tensor([[0.0, -inf, -inf], [nan] * 3]), one_maximum),
        ),
    )


def _negative(attempt: Any) -> None:
    """so do logits of -1000"""
    tried = "logits [[-1000, -1000]]"
    expect(
        call(attempt, torch.tensor([[-1000.0, -1000.0]]), tried=tried),
        torch.tensor([[-math.log(2), -math.log(2)]]),
        tried=tried,
        idea="Both exp are rounded to 0, unless the row's maximum is subtracted first, here "
        "-1000. Its absolute value would not do.",
    )


def _gradient(attempt: Any) -> None:
    """backward() goes through it"""
    tried = f"{TRIED}, the sum of the first column"
    one = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    expect(
        gradient(lambda logits: attempt(logits)[:, 0].sum(), LOGITS, tried),
        one - PROBABILITIES,
        tried=f"{tried}: the gradient of the logits",
        idea="All of it has to be made from the logits by operations that PyTorch can follow.",
    )


def _by_hand(attempt: Any) -> None:
    """it is made by hand"""
    tried = TRIED
    idea = "PyTorch's is good, and yours from the next notebook on. Here make it from exp and log."
    with expect_by_hand("log_softmax", "cross_entropy", tried=tried, idea=idea):
        call(attempt, LOGITS, tried=tried)


def _at_once(attempt: Any) -> None:
    """a batch is done at once"""
    expect_whole_batch(attempt, torch.zeros(100, 2), tried="logits (100, 2)")


EXERCISE = Exercise(
    "04.1",
    "The logarithm of a softmax",
    5,
    log_softmax,
    (_small, _large, _negative, _gradient, _at_once, _by_hand),
    (
        "log(exp(z) / sum) is z - log(sum): write it like that first, without a division.",
        "For large logits subtract logits.amax(dim=1, keepdim=True) first. It cancels out.",
        "return shifted - shifted.exp().sum(dim=1, keepdim=True).log()",
    ),
)
