"""Metrics of predicted numbers."""

from typing import Any

from torch import Tensor

from course_lib.metric._inputs import as_numbers, expect_shapes


def mean_absolute_error(predictions: Any, labels: Any) -> float:
    """MAE: how far off a prediction is on average, in the unit of the labels.

    Shapes:
        predictions  (N,)  numbers
        labels       (N,)  numbers

    Raises:
        ValueError: the two are not (N,) with the same N from 1, or a number is NaN or infinite.

    Built in notebooks/04_loss_and_metric.ipynb.
    """
    return _differences(predictions, labels, "mean_absolute_error").abs().mean().item()


def mean_squared_error(predictions: Any, labels: Any) -> float:
    """MSE: the squared distances' mean, in which one large error outweighs many small ones.

    Shapes and errors are those of mean_absolute_error.

    Built in notebooks/04_loss_and_metric.ipynb.
    """
    return (_differences(predictions, labels, "mean_squared_error") ** 2).mean().item()


def _differences(predictions: Any, labels: Any, where: str) -> Tensor:
    predictions = as_numbers(predictions, where, "predictions")
    labels = as_numbers(labels, where, "labels")
    expect_shapes(predictions, labels, where, "predictions")
    return predictions - labels
