"""Metrics of scores for one yes-or-no question: every threshold at once."""

from typing import Any

import torch
from torch import Tensor

from course_lib.metric._inputs import scores_and_labels


def roc_curve(scores: Any, labels: Any) -> tuple[Tensor, Tensor, Tensor]:
    """At each threshold, the share of the negatives and of the positives that score at least it.

    The first point is (0, 0), at a threshold of infinity; equal scores make one point. It is
    scikit-learn's with `drop_intermediate=False`.

    Shapes:
        scores   (N,)  the higher, the more likely a 1: a logit or a probability
        labels   (N,)  0 or 1
        returns  false positive rates, true positive rates and falling thresholds, one length each

    Raises:
        ValueError: the two are not (N,) with the same N from 1; a score is NaN or infinite; a label
            is not 0 or 1; there are not both of them.

    Built in notebooks/04_loss_and_metric.ipynb.
    """
    return _roc_curve(scores, labels, "roc_curve")


def roc_auc(scores: Any, labels: Any) -> float:
    """The area under the ROC curve: how often a positive scores above a negative, a tie being half.

    0.5 is chance, and what constant scores get. Shapes and errors are those of roc_curve.

    Built in notebooks/04_loss_and_metric.ipynb.
    """
    false_rates, true_rates, _ = _roc_curve(scores, labels, "roc_auc")
    return torch.trapezoid(true_rates, false_rates).item()


def precision_recall_curve(scores: Any, labels: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Precision and recall of "score at least the threshold", at each threshold.

    As in scikit-learn, thresholds rise, and a last point of precision 1 and recall 0 has none.

    Shapes:
        scores   (N,)  the higher, the more likely a 1: a logit or a probability
        labels   (N,)  0 or 1
        returns  precisions (K + 1,), recalls (K + 1,) and thresholds (K,), the K distinct scores

    Raises:
        ValueError: the two are not (N,) with the same N from 1; a score is NaN or infinite; a label
            is not 0 or 1; there is no 1.

    Built in notebooks/04_loss_and_metric.ipynb.
    """
    hits, misses, thresholds = _expect_positive(scores, labels, "precision_recall_curve")
    precisions = torch.cat([(hits / (hits + misses)).flip(0), torch.ones(1).double()])
    recalls = torch.cat([(hits / hits[-1]).flip(0), torch.zeros(1).double()])
    return precisions, recalls, thresholds.flip(0)


def average_precision(scores: Any, labels: Any) -> float:
    """The area under the precision-recall curve in steps (AUPRC): precision, averaged over recall.

    Chance, and constant scores, get the share of positives. Shapes and errors are those of
    precision_recall_curve.

    Built in notebooks/04_loss_and_metric.ipynb.
    """
    hits, misses, _ = _expect_positive(scores, labels, "average_precision")
    return _area(hits, misses)


def _roc_curve(scores: Any, labels: Any, where: str) -> tuple[Tensor, Tensor, Tensor]:
    scores, labels = scores_and_labels(scores, labels, where)
    hits, misses, thresholds = _count_at_thresholds(scores, labels)
    if not hits[-1] or not misses[-1]:
        raise ValueError(
            f"{where}: got only the label {labels[0].item()}, expected both 0 and 1: it compares "
            "positives with negatives. Take more data, or look at how it was split."
        )
    start = torch.zeros(1).double()
    false_rates = torch.cat([start, misses / misses[-1]])
    true_rates = torch.cat([start, hits / hits[-1]])
    return false_rates, true_rates, torch.cat([start + torch.inf, thresholds])


def _expect_positive(scores: Any, labels: Any, where: str) -> tuple[Tensor, Tensor, Tensor]:
    scores, labels = scores_and_labels(scores, labels, where)
    if not labels.any():
        raise ValueError(
            f"{where}: got only the label 0, expected at least one 1: recall is a share of the "
            "positives. Take more data, or look at how it was split."
        )
    return _count_at_thresholds(scores, labels)


def _count_at_thresholds(scores: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """At each distinct score, falling: the positives and the negatives that score at least it."""
    order = scores.argsort(descending=True)
    scores, labels = scores[order], labels[order]
    hits = labels.double().cumsum(dim=0)  # (N,)
    misses = (1 - labels).double().cumsum(dim=0)  # (N,)
    last = torch.ones(len(scores), dtype=torch.bool)
    last[:-1] = scores[:-1] != scores[1:]  # equal scores pass a threshold together
    return hits[last], misses[last], scores[last]


def _area(hits: Tensor, misses: Tensor) -> float:
    """The sum of precision times the gain in recall, over falling thresholds."""
    gains = hits.diff(prepend=torch.zeros(1).double()) / hits[-1]
    return (gains * hits / (hits + misses)).sum().item()
