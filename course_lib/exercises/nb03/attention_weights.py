"""Exercise 03.5: where each token looks."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect, explaining
from course_lib.exercises._exercise import Exercise


def attention_weights(query: Tensor, key: Tensor, mask: Tensor | None = None) -> Tensor:
    """(B, T, H), (B, T, H), (B, T) -> (B, T, T); each row adds up to 1"""
    scores = query @ key.transpose(1, 2) / query.shape[-1] ** 0.5  # (B, T, T)
    if mask is not None:
        scores = scores.masked_fill((mask == 0).unsqueeze(1), float("-inf"))
    return torch.softmax(scores, dim=-1)


QUERY = torch.tensor([[[2.0, 0, 0, 0], [0, 2, 0, 2], [1, 1, 1, 1]], [[0, 4, 0, 0]] * 3])
KEY = torch.tensor(
    [[[1.0, 0, 1, 0], [0, 3, 0, 0], [0, 0, 0, 2]], [[0, 1, 0, 0], [0, 2, 0, 0], [0, 3, 0, 0]]]
)  # (2, 3, 4)
MASK = torch.tensor([[1, 1, 1], [1, 1, 0]])
SCORES = torch.einsum("bth,bsh->bts", QUERY, KEY)  # (2, 3, 3)


def _oracle(mask: Tensor | None) -> Tensor:
    """PyTorch's attention over values that are the unit vectors gives the weights themselves."""
    units = torch.eye(3).expand(2, 3, 3)
    where = None if mask is None else mask.bool().unsqueeze(1)
    return F.scaled_dot_product_attention(QUERY, KEY, units, attn_mask=where)


def _weights(attempt: Any) -> None:
    """it is the softmax of the scaled products, as PyTorch calculates it"""
    tried = "query and key of shape (2, 3, 4), no mask"
    expected = _oracle(None)
    axes = (
        "query is (B, T, H) and key too: exchange the last two axes of key, key.transpose(1, 2). "
        ".T turns all three round."
    )
    unused = "There is no mask here: use it only `if mask is not None`."
    with (
        explaining(RuntimeError, axes),
        explaining(AttributeError, unused, "'NoneType'"),
        explaining(AttributeError, unused, "'bool'"),
    ):
        got = call(attempt, QUERY, KEY, tried=tried)
    expect(
        got,
        expected,
        tried=tried,
        idea="scores = query @ key.transpose(1, 2) / H ** 0.5, then softmax along the last axis.",
        known=(
            Known(SCORES.softmax(-1), "The division by the root of H is missing."),
            Known((SCORES / 4).softmax(-1), "Divided by H = 4. It is the root of H, 2."),
            Known((SCORES / 3**0.5).softmax(-1), "Divided by the root of T. It is the root of H."),
            Known((SCORES / 2**0.5).softmax(-1), "Divided by the root of B. H is the last axis."),
            Known(
                (SCORES / 128**0.5).softmax(-1),
                "Divided by the root of 128. Take H from the query: query.shape[-1].",
            ),
            Known((SCORES * 2).softmax(-1), "Multiplied by the root of H: divide."),
            Known(
                (SCORES / 2).softmax(1),
                "The columns add up to 1. A row is one token's view: softmax along dim=-1.",
            ),
            Known((SCORES / 2).softmax(0), "Softmax over the batch. Take dim=-1."),
            Known((SCORES / 2).log_softmax(-1), "These are logarithms. Take softmax."),
            Known(SCORES / 2, "These are the scores, before the softmax."),
            Known(SCORES.softmax(-1) / 2, "Divided after the softmax. Divide the scores."),
            Known(
                (SCORES / 2).mT.softmax(-1),
                "Turned round: row t should belong to query t. query @ key.transpose(1, 2).",
            ),
        ),
    )


def _nan(got: Any) -> list[Known]:
    """What to say of any other answer with a NaN in it."""
    idea = (
        "0 times −∞ is NaN, and so is the softmax of a row that is all −∞. Use masked_fill, on the "
        "last axis only."
    )
    return [Known(got, idea)] if isinstance(got, Tensor) and got.isnan().any() else []


def _mask(attempt: Any) -> None:
    """nobody looks at padding, and the rows still add up to 1"""
    tried = "the same with the mask [[1, 1, 1], [1, 1, 0]]"
    free, expected, keep = _oracle(None), _oracle(MASK), MASK.unsqueeze(1)
    half = SCORES / 2
    fit = "Make the mask fit the scores (B, T, T): (mask == 0).unsqueeze(1) is (B, 1, T)."
    truth = "A tensor of many is neither true nor false. Ask `if mask is not None`."
    where = "masked_fill asks where to fill, in True and False: mask == 0 is True at padding."
    with (
        explaining(RuntimeError, fit, "size"),
        explaining(RuntimeError, truth, "ambiguous"),
        explaining(RuntimeError, where, "boolean masks"),
    ):
        got = call(attempt, QUERY, KEY, MASK, tried=tried)
    expect(
        got,
        expected,
        tried=tried,
        idea="scores.masked_fill((mask == 0).unsqueeze(1), float('-inf')), before the softmax.",
        known=(
            Known(free, "The mask is not used yet."),
            Known(
                free * keep,
                "Set to 0 after the softmax: the second sentence's rows no longer add up to 1.",
            ),
            Known(
                (half * keep).softmax(-1),
                "A score of 0 is a score like any other: e⁰ = 1. Only −∞ becomes a weight of 0.",
            ),
            Known(
                half.masked_fill((MASK == 0).unsqueeze(-1), float("-inf")).softmax(-1),
                "The mask stands on the rows: padding looks nowhere, and everyone looks at it. Put "
                "it on the last axis: unsqueeze(1).",
            ),
            Known(
                half.masked_fill((MASK == 1).unsqueeze(1), float("-inf")).softmax(-1),
                "Turned round: the mask is 1 for a token.",
            ),
            Known(
                (half + keep).softmax(-1),
                "The mask was added: + 1 for a token moves the weights a little. Padding needs −∞.",
            ),
            Known(
                free.masked_fill(keep == 0, float("-inf")),
                "Filled after the softmax: weights cannot be −∞. Fill the scores, then softmax.",
            ),
            *_nan(got),
        ),
    )


def _other_sizes(attempt: Any) -> None:
    """it works for other sizes, and equal keys are looked at equally"""
    tried = "query of shape (1, 5, 2), key of zeros"
    expect(
        call(attempt, torch.ones(1, 5, 2), torch.zeros(1, 5, 2), tried=tried),
        torch.full((1, 5, 5), 0.2),
        tried=tried,
        idea="All scores are 0, so each of 5 tokens gets a fifth.",
    )
    tried = "query and key of shape (1, 2, 9), H = 9"
    query, key = torch.ones(1, 2, 9), torch.stack([torch.zeros(1, 9), torch.ones(1, 9)], dim=1)
    small = 1 / (1 + math.exp(3))
    expect(
        call(attempt, query, key, tried=tried),
        torch.tensor([[[small, 1 - small]] * 2]),
        tried=tried,
        idea="The products are 0 and 9, divided by the root of H they are 0 and 3. Is your divisor "
        "a number that only fits H = 4?",
    )


def _masked_out(attempt: Any) -> None:
    """padding gets a weight of 0, however well it matches"""
    tried = "query and key [[0, 0, 0, 0], [0, 0, 0, 0], [5, 5, 5, 5]], mask [[1, 1, 0]]"
    key = torch.tensor([[[0.0, 0, 0, 0], [0, 0, 0, 0], [5, 5, 5, 5]]])
    expect(
        call(attempt, key, key, torch.tensor([[1, 1, 0]]), tried=tried),
        torch.tensor([[[0.5, 0.5, 0.0]] * 3]),
        tried=tried,
        idea="A large negative number is not enough where scores are larger. −∞ always is.",
    )


EXERCISE = Exercise(
    "03.5",
    "Where each token looks",
    12,
    attention_weights,
    (_weights, _mask, _other_sizes, _masked_out),
    (
        (
            "Scores first: (B, T, H) times (B, H, T) is (B, T, T). Then the root, the mask, the "
            "softmax."
        ),
        (
            "query @ key.transpose(1, 2) / query.shape[-1] ** 0.5; the mask, as (B, 1, T), only if "
            "there is one."
        ),
        (
            'scores = scores.masked_fill((mask == 0).unsqueeze(1), float("-inf")); '
            "return torch.softmax(scores, dim=-1)"
        ),
    ),
)
