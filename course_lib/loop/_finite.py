"""A loss or a gradient that is no number: find where it began, before a weight moves."""

import math

from torch import Tensor, nn

from course_lib.loop._batch import Batch


def expect_finite_loss(loss: Tensor, model: nn.Module, inputs: Batch) -> float:
    """The loss as a float.

    Raises:
        ValueError: the loss has more than one number.
        FloatingPointError: it is NaN or infinite. The message says what else is.
    """
    if loss.numel() != 1:
        raise ValueError(
            f"train_step: got a loss of shape {tuple(loss.shape)}, expected one number for the "
            'batch. Take its mean; nn.CrossEntropyLoss(reduction="none") does not.'
        )
    value = loss.item()
    if not math.isfinite(value):
        raise FloatingPointError(
            f"train_step: the loss is {value}, expected a finite number; no weight has moved in "
            f"this step. {_cause(model, inputs)}\nThe batch: {_listed(inputs)}."
        )
    return value


def expect_finite_gradient(norm: Tensor, model: nn.Module, inputs: Batch) -> None:
    """Raise a FloatingPointError if the gradient's norm is NaN or infinite."""
    if not math.isfinite(norm.item()):
        raise FloatingPointError(
            f"train_step: the loss is finite, but the norm of its gradient is {norm.item()}; "
            f"expected a finite number; no weight has moved in this step. {_cause(model, inputs)}"
            f"\nThe batch: {_listed(inputs)}."
        )


def _cause(model: nn.Module, inputs: Batch) -> str:
    sick = {name: _sick_rows(value) for name, value in inputs.items()}
    found = [f"{name} in row {', '.join(rows)}" for name, rows in sick.items() if rows]
    if found:
        return f"The inputs are not finite: {'; '.join(found)}. Clean them in the dataset."
    weights = [name for name, weight in model.named_parameters() if not weight.isfinite().all()]
    if weights:
        return (
            f"{len(weights)} weights are not finite, {weights[0]} first: an earlier step went too "
            "far. Load the last checkpoint or make the model anew; lower the learning rate, clip."
        )
    return (
        "Inputs and weights are finite, so it began in the model or the loss. Likely causes: a "
        "logarithm of 0, a division by 0, a root at 0, weights grown so large that a product "
        "overflows. Try a tenth of the learning rate, and loss functions that take logits."
    )


def _sick_rows(value: Tensor, most: int = 5) -> list[str]:
    """The first rows that hold a NaN or an infinity."""
    if not value.is_floating_point() or value.isfinite().all():
        return []
    rows = (~value.isfinite()).reshape(len(value), -1).any(dim=1).nonzero().flatten().tolist()
    return [*map(str, rows[:most]), *(["..."] if len(rows) > most else [])]


def _listed(inputs: Batch) -> str:
    return ", ".join(
        f"{name} {tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
        for name, value in inputs.items()
    )
