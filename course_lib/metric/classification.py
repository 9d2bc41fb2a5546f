"""Metrics of predicted classes: they count who was taken for whom."""

from typing import Any

from torch import Tensor

from course_lib.metric._inputs import predictions_and_labels

AVERAGES = ("binary", "macro", "micro", None)


def accuracy(predictions: Any, labels: Any) -> float:
    """The share of predictions that are right.

    Shapes:
        predictions  (N,)  classes, such as logits.argmax(dim=-1)
        labels       (N,)  classes

    Raises:
        ValueError: the two are not (N,) of whole numbers from 0, with the same N from 1.

    Built in notebooks/04_loss_and_metric.ipynb.
    """
    predictions, labels = predictions_and_labels(predictions, labels, "accuracy")
    return (predictions == labels).double().mean().item()


def confusion_matrix(predictions: Any, labels: Any, num_classes: int | None = None) -> Tensor:
    """How often each class (row) was taken for each class (column).

    Shapes:
        predictions  (N,)    classes
        labels       (N,)    classes
        returns      (C, C)  long; C is num_classes, or without it the largest class + 1

    Raises:
        ValueError: as for accuracy, or a class is outside num_classes.

    Built in notebooks/04_loss_and_metric.ipynb.
    """
    return _confusion(predictions, labels, num_classes, "confusion_matrix")


def precision(
    predictions: Any, labels: Any, average: str | None = "binary", num_classes: int | None = None
) -> float | list[float]:
    """Of what was predicted to be a class, the share that is; 0.0 where nothing was.

    Arguments:
        average      "binary": of class 1, where there are only 0 and 1
                     "macro": the mean over the classes that occur in predictions or labels
                     "micro": over all classes counted together; with one label each, the accuracy
                     None: of each class, C of them
        num_classes  C; without it the largest class + 1

    Shapes:
        predictions  (N,)  classes
        labels       (N,)  classes

    Raises:
        ValueError: as for accuracy, a class is outside num_classes, there is no such average, or
            it is "binary" with more than two classes.

    Built in notebooks/04_loss_and_metric.ipynb.
    """
    hits, predicted, actual = _counts(predictions, labels, average, num_classes, "precision")
    return _averaged(hits, predicted, predicted + actual > 0, average)


def recall(
    predictions: Any, labels: Any, average: str | None = "binary", num_classes: int | None = None
) -> float | list[float]:
    """Of what is a class, the share that was predicted to be; 0.0 where nothing is.

    Arguments, shapes and errors are those of precision.

    Built in notebooks/04_loss_and_metric.ipynb.
    """
    hits, predicted, actual = _counts(predictions, labels, average, num_classes, "recall")
    return _averaged(hits, actual, predicted + actual > 0, average)


def f1(
    predictions: Any, labels: Any, average: str | None = "binary", num_classes: int | None = None
) -> float | list[float]:
    """The harmonic mean of precision and recall, near the smaller of the two.

    It is 2 * hits / (predicted + actual), and 0.0 where a class is neither. Arguments, shapes and
    errors are those of precision.

    Built in notebooks/04_loss_and_metric.ipynb.
    """
    hits, predicted, actual = _counts(predictions, labels, average, num_classes, "f1")
    return _averaged(2 * hits, predicted + actual, predicted + actual > 0, average)


def _confusion(predictions: Any, labels: Any, num_classes: int | None, where: str) -> Tensor:
    if num_classes is not None and (not isinstance(num_classes, int) or num_classes < 1):
        raise ValueError(
            f"{where}: got num_classes = {num_classes!r}, expected a whole number from 1. Leave it "
            "out to take the largest class + 1."
        )
    predictions, labels = predictions_and_labels(predictions, labels, where, num_classes)
    C = num_classes or int(max(predictions.max(), labels.max())) + 1
    cells = labels * C + predictions  # (N,), row * C + column
    return cells.bincount(minlength=C * C).reshape(C, C)


def _counts(
    predictions: Any, labels: Any, average: str | None, num_classes: int | None, where: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Of each class, (C,): how often it was predicted rightly, was predicted, and is."""
    if average not in AVERAGES:
        known = ", ".join(map(repr, AVERAGES))
        raise ValueError(
            f"{where}: got average = {average!r}, expected one of {known}. Try 'macro', where "
            "every class counts alike."
        )
    matrix = _confusion(predictions, labels, num_classes, where)
    if average == "binary" and len(matrix) > 2:
        raise ValueError(
            f"{where}: got {len(matrix)} classes with average = 'binary', expected 0 and 1. Try "
            "'macro', where every class counts alike."
        )
    return matrix.diag(), matrix.sum(dim=0), matrix.sum(dim=1)


def _averaged(
    part: Tensor, whole: Tensor, occurs: Tensor, average: str | None
) -> float | list[float]:
    """part / whole, of class 1, of all, or of each; where whole is 0, part is, and so the ratio."""
    if average == "micro":
        return part.sum().item() / whole.sum().item()
    ratios = part.double() / whole.clamp(min=1)  # (C,)
    if average == "macro":
        return ratios[occurs].mean().item()
    if average == "binary":
        return ratios[1].item() if len(ratios) > 1 else 0.0
    return ratios.tolist()
