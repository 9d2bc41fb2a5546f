"""Exercise 00.2: broadcasting lines shapes up from the right."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect, explaining
from course_lib.exercises._exercise import Exercise


def center(x: Tensor) -> Tensor:
    """(B, T, H) -> (B, T, H), each sentence minus its mean over the tokens"""
    mean = x.mean(dim=1, keepdim=True)  # (B, 1, H)
    return x - mean  # (B, T, H)


def _center_small(attempt: Any) -> None:
    """one sentence: every feature has mean 0 over the tokens"""
    x = torch.tensor([[[1.0, 10.0], [3.0, 10.0], [8.0, 40.0]]])
    mean = torch.tensor([[[4.0, 20.0]]])
    tried = "one sentence of 3 tokens, H = 2: [[1, 10], [3, 10], [8, 40]]"
    with explaining(TypeError, "dim is the number of an axis. T is axis 1: dim=1.", "not str"):
        got = call(attempt, x, tried=tried)
    expect(
        got,
        torch.tensor([[[-3.0, -10.0], [-1.0, -10.0], [4.0, 20.0]]]),
        tried=tried,
        idea="Take the mean over T, which is dim=1, and subtract it from every token.",
        known=(
            Known(
                x - x.mean(),
                "That is one mean of all numbers. Every sentence and feature has its own: dim=1.",
            ),
            Known(
                x - x.mean(dim=2, keepdim=True),
                "dim=2 averages over the features. Tokens are dim=1.",
            ),
            Known(
                x - x.mean(dim=0, keepdim=True),
                "dim=0 averages over the sentences of the batch. Tokens are dim=1.",
            ),
            Known(x, "Nothing has changed: x - mean makes a new tensor. Return that one."),
            Known(mean - x, "The sign is turned round: it is x minus the mean."),
            Known(x + mean, "The mean was added. Subtract it."),
            Known(x - mean * 3, "The sum was subtracted. The mean is the sum divided by T."),
            Known(x / mean, "Divided by the mean. Subtract it."),
            Known(
                (x - mean) / x.std(dim=1, keepdim=True),
                "That goes one step further: divided by the deviation. Only subtract the mean.",
            ),
            Known(mean, _THE_MEAN),
            Known(mean[0], _THE_MEAN),
            Known((x - mean)[0], "The axis B is gone: put the sentences into a batch again."),
        ),
    )


_THE_MEAN = "That is the mean itself. It still has to be subtracted from x."


def _center_square(attempt: Any) -> None:
    """with B = T = 2 as well, each sentence loses its own mean"""
    x = torch.tensor([[[0.0], [3.0]], [[10.0], [31.0]]])
    tried = "two sentences of two tokens, H = 1: [[0], [3]] and [[10], [31]]"
    expect(
        call(attempt, x, tried=tried),
        torch.tensor([[[-1.5], [1.5]], [[-10.5], [10.5]]]),
        tried=tried,
        idea="Keep the averaged axis with keepdim=True, so that (B, 1, H) broadcasts over the "
        "tokens.",
        known=(
            Known(
                x - x.mean(dim=1),
                "(B, T, H) - (B, H) lined the sentences' means up with the tokens, and with B = "
                "T nothing "
                "complained. keepdim=True leaves (B, 1, H), which can only go the right way.",
            ),
            Known(
                x - x.mean(dim=0, keepdim=True),
                "dim=0 averages over the sentences of the batch. Tokens are dim=1.",
            ),
            Known(
                x - x.mean(dim=(0, 1), keepdim=True),
                "One mean for the whole batch. Every sentence has its own: dim=1 alone.",
            ),
            Known(
                x - x[:1].mean(dim=1, keepdim=True),
                "The first sentence's mean was taken from all. Every sentence has its own.",
            ),
        ),
    )


EXERCISE = Exercise(
    "00.2",
    "Subtract each sentence's mean",
    4,
    center,
    (_center_small, _center_square),
    (
        "Which axis disappears when you average over the tokens? Write the shapes down.",
        "x.mean(dim=1) is (B, H). Beside (B, T, H) it is lined up from the right, so B meets T.",
        "x.mean(dim=1, keepdim=True) is (B, 1, H): the 1 stretches over the tokens.",
    ),
)
