"""What every metric asks of its inputs. `where` is the metric that asks, for the message."""

from typing import Any

import torch
from torch import Tensor

SHAPES = {1: "(N,)", 2: "(Q, D)"}


def as_numbers(values: Any, where: str, name: str) -> Tensor:
    """Finite numbers in float64, which changes neither an order nor a tie."""
    if isinstance(values, Tensor):
        values = values.detach().cpu()
    values = torch.as_tensor(values, dtype=torch.float64)
    if not values.isfinite().all():
        raise ValueError(
            f"{where}: got {name} with a NaN or an infinite number, expected finite ones. Look at "
            "where they come from: the model's output, or a gap in the data."
        )
    return values


def as_classes(values: Any, where: str, name: str) -> Tensor:
    """Whole numbers from 0, as long."""
    values = torch.as_tensor(values).detach().cpu()
    if values.numel() and (values.is_floating_point() or values.is_complex()):
        raise ValueError(
            f"{where}: got {name} of {values.dtype}, expected whole numbers, the classes' places. "
            "Try .long(), or .argmax(dim=-1) first where they are logits."
        )
    values = values.long()
    if (values < 0).any():
        raise ValueError(
            f"{where}: got the class {values.min().item()} in {name}, expected 0 or more. Is it "
            "padding? Leave it out first: keep = labels != -100."
        )
    return values


def expect_shapes(answers: Tensor, labels: Tensor, where: str, name: str, ndim: int = 1) -> None:
    """Both (N,), or both (Q, D) with ndim 2, and something in them."""
    if answers.shape != labels.shape or answers.ndim != ndim or not answers.numel():
        hint = "Is one of them (N, 1)? Squeeze it." if ndim == 1 else "One query is (1, D)."
        raise ValueError(
            f"{where}: got {name} {tuple(answers.shape)} and labels {tuple(labels.shape)}, "
            f"expected {SHAPES[ndim]} for both, not empty. {hint}"
        )


def predictions_and_labels(
    predictions: Any, labels: Any, where: str, num_classes: int | None = None
) -> tuple[Tensor, Tensor]:
    """Two (N,) of classes, all below num_classes."""
    predictions = as_classes(predictions, where, "predictions")
    labels = as_classes(labels, where, "labels")
    expect_shapes(predictions, labels, where, "predictions")
    largest = max(predictions.max().item(), labels.max().item())
    if num_classes is not None and largest >= num_classes:
        raise ValueError(
            f"{where}: got the class {largest}, expected 0 to {num_classes - 1}, since num_classes "
            f"= {num_classes}. Do the classes count from 1?"
        )
    return predictions, labels


def scores_and_labels(scores: Any, labels: Any, where: str, ndim: int = 1) -> tuple[Tensor, Tensor]:
    """Finite scores, and labels that are 0 or 1, both of one shape."""
    scores = as_numbers(scores, where, "scores")
    labels = as_classes(labels, where, "labels")
    expect_shapes(scores, labels, where, "scores", ndim)
    if (labels > 1).any():
        raise ValueError(
            f"{where}: got the label {labels.max().item()}, expected 0 and 1. With more classes "
            "ask about one at a time: scores[:, c] and (labels == c).long()."
        )
    return scores, labels
