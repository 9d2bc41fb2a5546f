"""Metrics of rankings: Q queries, D documents each, ordered by score; a mean over the queries.

A query without a relevant document counts 0.0. One document alone cannot be ranked, and is refused.
"""

from typing import Any

import torch
from torch import Tensor

from course_lib.metric._inputs import as_numbers, expect_shapes, scores_and_labels
from course_lib.metric.curves import _area, _count_at_thresholds


def mean_reciprocal_rank(scores: Any, labels: Any) -> float:
    """MRR: 1 / the place of the first relevant document. A tie counts against it.

    With one relevant document each it is `label_ranking_average_precision_score` of scikit-learn.

    Shapes:
        scores   (Q, D)  the higher, the nearer to the top
        labels   (Q, D)  1 for a relevant document, 0 for another

    Raises:
        ValueError: the two are not (Q, D) of one shape, Q from 1 and D from 2; a score is NaN or
            infinite; a label is not 0 or 1.

    Built in notebooks/04_loss_and_metric.ipynb.
    """
    scores, labels = _relevant(scores, labels, "mean_reciprocal_rank")
    best = scores.masked_fill(labels == 0, -torch.inf).amax(dim=1, keepdim=True)  # (Q, 1)
    ahead = ((scores >= best) & (labels == 0)).sum(dim=1)  # (Q,)
    return (labels.any(dim=1) / (ahead + 1).double()).mean().item()


def mean_average_precision(scores: Any, labels: Any) -> float:
    """MAP: the average precision of each query, over all its relevant documents.

    Shapes and errors are those of mean_reciprocal_rank.

    Built in notebooks/04_loss_and_metric.ipynb.
    """
    scores, labels = _relevant(scores, labels, "mean_average_precision")
    areas = [
        _area(*_count_at_thresholds(row, relevant)[:2]) if relevant.any() else 0.0
        for row, relevant in zip(scores, labels, strict=True)
    ]
    return sum(areas) / len(areas)


def ndcg(scores: Any, labels: Any, k: int | None = None) -> float:
    """NDCG: gains from the top down, the lower the place the less, against the best order's.

    The document at place i adds label / log2(i + 1). Documents with equal scores share the mean of
    their labels. With k, only the first k places count.

    Shapes:
        scores   (Q, D)  the higher, the nearer to the top
        labels   (Q, D)  how relevant: numbers from 0

    Raises:
        ValueError: the two are not (Q, D) of one shape, Q from 1 and D from 2; a score or label is
            NaN or infinite; a label is below 0; k is not a whole number from 1.

    Built in notebooks/04_loss_and_metric.ipynb.
    """
    scores, labels = as_numbers(scores, "ndcg", "scores"), as_numbers(labels, "ndcg", "labels")
    expect_shapes(scores, labels, "ndcg", "scores", ndim=2)
    _expect_documents(scores, "ndcg")
    _expect_gains(labels, k)
    places = torch.arange(1, scores.shape[1] + 1).double()
    discounts = torch.where(places <= (k or len(places)), 1 / (places + 1).log2(), 0.0)  # (D,)
    rows = [_ndcg(*row, discounts) for row in zip(scores, labels, strict=True)]
    return sum(rows) / len(rows)


def _ndcg(scores: Tensor, labels: Tensor, discounts: Tensor) -> float:
    best = _gain(labels, labels, discounts)  # ordered by the labels themselves
    return _gain(scores, labels, discounts) / best if best else 0.0


def _gain(scores: Tensor, labels: Tensor, discounts: Tensor) -> float:
    """DCG of one query: the labels, by falling score, times the discounts."""
    _, group, sizes = scores.neg().unique(return_inverse=True, return_counts=True)
    means = torch.zeros(len(sizes)).double().index_add(0, group, labels) / sizes  # one a score
    return (means.repeat_interleave(sizes) @ discounts).item()


def _relevant(scores: Any, labels: Any, where: str) -> tuple[Tensor, Tensor]:
    scores, labels = scores_and_labels(scores, labels, where, ndim=2)
    _expect_documents(scores, where)
    return scores, labels


def _expect_documents(scores: Tensor, where: str) -> None:
    if scores.shape[1] < 2:
        raise ValueError(
            f"{where}: got {tuple(scores.shape)}, one document a query, expected two or more: one "
            "alone is always in order. Is a row a query, and a column a document?"
        )


def _expect_gains(labels: Tensor, k: int | None) -> None:
    if (labels < 0).any():
        raise ValueError(
            f"ndcg: got the label {labels.min().item():g}, expected 0 or more: 0 is of no use. "
            "Shift the labels so that the worst is 0."
        )
    if k is not None and (not isinstance(k, int) or k < 1):
        raise ValueError(
            f"ndcg: got k = {k!r}, expected a whole number from 1. Leave it out for all places."
        )
