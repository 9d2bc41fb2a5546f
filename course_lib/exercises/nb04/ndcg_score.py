"""Exercise 04.7: the gain of a ranking, against that of the best one."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb04._values import number


def ndcg(scores: Tensor, labels: Tensor, k: int | None = None) -> float:
    """(Q, D) scores, (Q, D) relevance from 0 -> the mean over queries of DCG / best DCG"""
    places = torch.arange(1, scores.shape[1] + 1)  # (D,)
    discounts = (places <= (k or len(places))) / (places + 1).log2()  # (D,)
    ranked = labels.gather(1, scores.argsort(dim=1, descending=True))  # (Q, D)
    best = labels.sort(dim=1, descending=True).values  # (Q, D)
    gains, most = (ranked * discounts).sum(dim=1), (best * discounts).sum(dim=1)  # (Q,)
    return (gains / most.clamp(min=1e-9)).mean().item()


SCORES = torch.tensor([[0.1, 0.9, 0.4, 0.7]])
LABELS = torch.tensor([[2, 3, 0, 1]])  # by falling score 3, 1, 0, 2
TRIED = "scores [[0.1, 0.9, 0.4, 0.7]], labels [[2, 3, 0, 1]]"
IDEA = "By falling score the labels are 3, 1, 0, 2; the best order is 3, 2, 1, 0."


def _dcg(*labels: float, divisor: Callable = lambda place: math.log2(place + 1)) -> float:
    return sum(label / divisor(place) for place, label in enumerate(labels, start=1))


def _odd(divisor: Callable) -> float:
    """The NDCG of the first query with another divisor."""
    return _dcg(3, 1, 0, 2, divisor=divisor) / _dcg(3, 2, 1, 0, divisor=divisor)


BEST = _dcg(3, 2, 1, 0)


_UPSIDE_DOWN = (
    Known(BEST / _dcg(3, 1, 0, 2), "Upside down: DCG / best DCG is 1 at most."),
    Known(
        _dcg(3, 1, 0, 2) / _dcg(0, 1, 2, 3),
        "The best order begins with the largest label: sort with descending=True.",
    ),
    Known(
        _odd(lambda place: 1 / math.log2(place + 1)),
        "Multiplied by log2(place + 1): the last place counts most. Divide by it.",
    ),
    Known(
        _dcg(1, 1, 0, 1) / _dcg(1, 1, 1, 0),
        "Every label above 0 counted 1. Here a 3 gains three times as much as a 1.",
    ),
    Known(torch.tensor([_dcg(3, 1, 0, 2) / BEST]), "One number a query, (Q,). Take their mean."),
)


def _one_query(attempt: Any) -> None:
    """a query's gain is divided by that of the best order"""
    rows = "labels[order] picks rows, that is queries. labels.gather(1, order) stays in the row."
    pair = "sort gives values and places, a pair. argsort gives the places alone."
    every = "Without k it is None, and all places count: labels[:, :None] keeps them all."
    with (
        explaining(IndexError, rows, "out of bounds for dimension 0 with size 1"),
        explaining(TypeError, pair, "torch.return_types.sort"),
        explaining(TypeError, every, "NoneType"),
        explaining(ValueError, "math.log2 takes one number. A tensor has .log2().", "one element"),
    ):
        got = number(call(attempt, SCORES, LABELS, tried=TRIED))
    expect(
        got,
        _dcg(3, 1, 0, 2) / BEST,
        tried=TRIED,
        idea=IDEA,
        known=(
            *_UPSIDE_DOWN,
            Known(_dcg(3, 1, 0, 2), "This is the DCG. Divide by that of the best order."),
            Known(
                _dcg(2, 3, 0, 1) / BEST,
                "The labels are still in the order of the documents. Sort them by score first.",
            ),
            Known(
                _dcg(2, 0, 1, 3) / BEST,
                "From the lowest score up. The top is the highest: descending=True.",
            ),
            Known(
                1.0,
                "1 is the best order's. Were the labels sorted by themselves, not by the scores? "
                "Or is the discount missing, or the sorting along dim=0?",
            ),
            Known(
                _dcg(7, 1, 0, 3) / _dcg(7, 3, 1, 0),
                "The gain 2^label - 1 is another variant. Here the gain is the label itself.",
            ),
            Known(
                _dcg(3, 1, 0, 2) / 6,
                "Divided by the sum of the labels. The best order's gains "
                "shrink with the place as well.",
            ),
            Known(
                _odd(lambda place: math.log2(place + 2)),
                "The places count from 2 here. Place 1 has log2(1 + 1) = 1.",
            ),
            Known(_odd(float), "Divided by the place. DCG takes log2(place + 1)."),
            Known(float("inf"), "Divided by log2(1) = 0. The first place has log2(1 + 1)."),
            Known(float("nan"), "Divided by log2(1) = 0. The first place has log2(1 + 1)."),
            Known(
                _dcg(1, 2, 0, 3) / BEST,
                "Sorted twice: argsort of argsort gives places. gather wants the order, argsort.",
            ),
            Known(
                _dcg(1, 3, 2, 0) / BEST,
                "The order itself was added up. labels.gather(1, order) puts labels in order.",
            ),
        ),
    )


def _cut(attempt: Any) -> None:
    """with k only the first k places count, in both orders"""
    tried = f"{TRIED}, k = 2"
    expect(
        number(call(attempt, SCORES, LABELS, 2, tried=tried)),
        _dcg(3, 1) / _dcg(3, 2),
        tried=tried,
        idea="The first two places: 3, 1 against 3, 2.",
        known=(
            Known(_dcg(3, 1, 0, 2) / BEST, "k makes no difference yet."),
            Known(_dcg(3, 1) / BEST, "The best order has to stop at k as well."),
            Known(_dcg(2, 3) / _dcg(3, 2), "The first k documents. Take the first k places."),
            Known(
                1.0, "Cut too early. Sort all documents, both ways, then take the first k places."
            ),
        ),
    )


def _queries(attempt: Any) -> None:
    """it is a mean over the queries"""
    tried = "scores [[0.1, 0.9, 0.4, 0.7], [4, 3, 2, 1]], labels [[2, 3, 0, 1], [0, 0, 0, 1]]"
    scores = torch.tensor([[0.1, 0.9, 0.4, 0.7], [4.0, 3.0, 2.0, 1.0]])
    labels = torch.tensor([[2, 3, 0, 1], [0, 0, 0, 1]])
    first, second = _dcg(3, 1, 0, 2) / BEST, _dcg(0, 0, 0, 1)
    expect(
        number(call(attempt, scores, labels, tried=tried)),
        (first + second) / 2,
        tried=tried,
        idea="Each query has its own best order. Divide in each, then take the mean.",
        known=(
            Known(
                (_dcg(3, 1, 0, 2) + second) / (BEST + 1),
                "All gains over all best gains: a "
                "query with large labels counts more. Divide in each query first.",
            ),
            Known(first + second, "The sum so far. Take the mean over the queries."),
            Known(first, "This is the first query alone."),
        ),
    )


def _nothing_relevant(attempt: Any) -> None:
    """a query without a relevant document counts 0"""
    tried = "scores [[2, 1], [2, 1]], labels [[1, 0], [0, 0]]"
    scores, labels = torch.tensor([[2.0, 1.0], [2.0, 1.0]]), torch.tensor([[1, 0], [0, 0]])
    zero = "The second query's best gain is 0, and 0 / 0 is NaN. Let it count 0."
    with explaining(ZeroDivisionError, zero):
        got = number(call(attempt, scores, labels, tried=tried))
    expect(
        got,
        0.5,
        tried=tried,
        idea=zero,
        known=(Known(1.0, "The second query was left out of the mean. It counts 0."),),
    )


EXERCISE = Exercise(
    "04.7",
    "NDCG",
    8,
    ndcg,
    (_one_query, _cut, _queries, _nothing_relevant),
    (
        "Make three rows: discounts 1 / log2(place + 1), labels by falling score, the best order.",
        "labels.gather(1, scores.argsort(dim=1, descending=True)). For k keep the first k columns.",
        "gains / best.clamp(min=1e-9) is 0 where nothing is relevant; then .mean().item().",
    ),
)
