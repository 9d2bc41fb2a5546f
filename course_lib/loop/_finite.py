"""A loss or a gradient that is no number: find where it began, before a weight moves."""

import math

from torch import Tensor, nn

from course_lib.loop._batch import Batch


def expect_finite_loss(loss: Tensor, model: nn.Module, batch: Batch) -> float:
    """The loss as a float.

    Raises:
        TypeError: the loss is no tensor.
        ValueError: it has more than one number, or no way back to a weight.
        FloatingPointError: it is NaN or infinite. The message says what else is.
    """
    if not isinstance(loss, Tensor):
        raise TypeError(
            f"train_step: got a loss of type {type(loss).__name__}, expected a tensor, from which "
            "backward() finds the weights. Leave .item() out of the loss function."
        )
    if not loss.requires_grad:
        raise ValueError(
            "train_step: got a loss from which no way leads back to a weight. Are all of them "
            "frozen, or does .detach(), .item() or no_grad() cut the way?"
        )
    if loss.numel() != 1:
        raise ValueError(
            f"train_step: got a loss of shape {tuple(loss.shape)}, expected one number for the "
            'batch. Take its mean; nn.CrossEntropyLoss(reduction="none") does not.'
        )
    value = loss.item()
    if not math.isfinite(value):
        raise FloatingPointError(
            f"train_step: the loss is {value}, expected a finite number; no weight has moved in "
            f"this step. {_cause(model, batch)}\nThe batch: {_listed(batch)}."
        )
    return value


def expect_finite_gradient(norm: Tensor, model: nn.Module, batch: Batch) -> None:
    """Raise a FloatingPointError if the gradient's norm is NaN or infinite."""
    if not math.isfinite(norm.item()):
        raise FloatingPointError(
            f"train_step: the loss is finite, but the norm of its gradient is {norm.item()}; "
            f"expected a finite number; no weight has moved in this step. {_cause(model, batch)}"
            f"\nThe batch: {_listed(batch)}."
        )


def _cause(model: nn.Module, batch: Batch) -> str:
    buffers = [name for name, buffer in model.named_buffers() if not _is_finite(buffer)]
    sick = [f"{name}{_sick_rows(value)}" for name, value in batch.items() if not _is_finite(value)]
    if sick:
        took = f" {', '.join(buffers)} took it in: make the model anew." if buffers else ""
        what = "labels" if sick[0].startswith("labels") else "inputs"
        return f"The {what} are not finite: {'; '.join(sick)}. Clean them in the dataset.{took}"
    weights = [name for name, weight in model.named_parameters() if not _is_finite(weight)]
    if weights:
        return (
            f"{len(weights)} weights are not finite, {weights[0]} first: an earlier step went too "
            "far. Load the last checkpoint or make the model anew; lower the learning rate, clip."
        )
    if buffers:
        return (
            f"{', '.join(buffers)} are not finite: an earlier batch was not. Clean the data, and "
            "make the model anew."
        )
    return (
        "Inputs and weights are finite, so it began in the model or the loss. Likely causes: a "
        "logarithm of 0, a division by 0, a root at 0, weights grown so large that a product "
        "overflows. Try a tenth of the learning rate, and loss functions that take logits."
    )


def _is_finite(value: Tensor) -> bool:
    return not value.is_floating_point() or bool(value.isfinite().all())


def _sick_rows(value: Tensor, most: int = 5) -> str:
    """In which rows a NaN or an infinity stands."""
    if value.dim() == 0:
        return ""
    rows = (~value.isfinite()).reshape(len(value), -1).any(dim=1).nonzero().flatten().tolist()
    return f" in row {', '.join(map(str, rows[:most]))}{', ...' if len(rows) > most else ''}"


def _listed(batch: Batch) -> str:
    return ", ".join(
        f"{name} {tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
        for name, value in batch.items()
    )
