"""One step and one epoch of training."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn
from torch.amp import GradScaler
from torch.optim import Optimizer

from course_lib.freeze import train_mode
from course_lib.freeze._names import held_by
from course_lib.loop._batch import (
    Batch,
    device_of,
    explaining_devices,
    grouped,
    inputs_and_labels,
    to_device,
)
from course_lib.loop._finite import expect_finite_gradient, expect_finite_loss

LossFunction = Callable[[Tensor, Tensor], Tensor]
NO_SCALER = GradScaler(enabled=False)  # hands everything on as it is


def train_step(
    model: nn.Module,
    batch: Batch | Sequence[Batch],
    loss_fn: LossFunction,
    optimizer: Optimizer,
    *,
    clip: float | None = None,
    autocast: torch.dtype | None = None,
    scaler: GradScaler = NO_SCALER,
) -> float:
    """Forward, loss, backward, step: the weights move once. Returns the loss before they moved.

    With several batches, their gradients are added up first, each weighted by its number of
    examples: where the loss is a plain mean, the step is that of one large batch.

    Arguments:
        batch     a dict of "labels" and the model's inputs by name, or a list of such dicts
        clip      the norm that the gradients are cut to together, where theirs is larger
        autocast  the type that the forward pass may calculate in: torch.bfloat16 or float16
        scaler    keeps the small gradients of float16 from becoming 0

    Raises:
        ValueError: there is no batch, or one without labels or on another device than the model.
        FloatingPointError: the loss, or with clip its gradient, is NaN or infinite. No weight has
            moved.

    Built in notebooks/05_training_loop.ipynb.
    """
    batches = _listed(batch)
    parted = [inputs_and_labels(each, "train_step") for each in batches]
    examples = sum(len(labels) for _, labels in parted)
    optimizer.zero_grad()
    total = 0.0
    for given, (inputs, labels) in zip(batches, parted, strict=True):
        tensors = *inputs.values(), labels
        with explaining_devices("train_step", model, *tensors), _calculating_in(autocast, labels):
            loss = loss_fn(model(**inputs), labels)  # ()
        if len(parted) > 1:
            loss = loss * (len(labels) / examples)  # its share
        total += expect_finite_loss(loss, model, given)
        scaler.scale(loss).backward()
    if clip is not None:
        scaler.unscale_(optimizer)
        # Not the model's: of weights beside, nothing clears the gradients, so they would grow and
        # shrink every step.
        norm = nn.utils.clip_grad_norm_(held_by(optimizer), clip)
        if not scaler.is_enabled():  # a scaler leaves such a step out by itself
            expect_finite_gradient(norm, model, given)
    scaler.step(optimizer)
    scaler.update()
    return total


def train_epoch(
    model: nn.Module,
    loader: Iterable[Batch],
    loss_fn: LossFunction,
    optimizer: Optimizer,
    *,
    accumulate: int = 1,
    after_step: Callable[[float], bool | None] | None = None,
    **options: Any,
) -> float:
    """Take every batch of the loader once, in training mode. Returns the mean loss of the steps.

    Batches are moved to the model's device. A part whose weights are all frozen stays in evaluation
    mode: its dropout drops nothing, and a BatchNorm in it keeps its statistics.

    Arguments:
        accumulate  so many batches make one step; the last step of an epoch may have fewer
        after_step  gets the loss of each step; if it returns True, the epoch ends there
        options     clip, autocast, scaler, as in `train_step`

    Raises:
        ValueError: the loader gives no batch; and what train_step raises, with the step's number.

    Built in notebooks/05_training_loop.ipynb.
    """
    if accumulate < 1:
        raise ValueError(f"train_epoch: got accumulate = {accumulate}, expected 1 or more.")
    train_mode(model)
    device, losses = device_of(model), []
    for group in grouped(loader, accumulate):
        try:
            batches = [to_device(batch, device, "train_epoch") for batch in group]
            losses.append(train_step(model, batches, loss_fn, optimizer, **options))
        except Exception as error:
            _add(error, f"This was step {len(losses) + 1} of the epoch.")
            raise
        if after_step is not None and after_step(losses[-1]):
            break
    if not losses:
        raise ValueError(
            "train_epoch: the loader gave no batch, expected at least one. Look at len(loader): "
            "drop_last leaves nothing of a dataset that is smaller than a batch, and an iterator "
            "is used up after one epoch."
        )
    return fmean(losses)


def _listed(batch: Batch | Sequence[Batch]) -> Sequence[Batch]:
    batches = [batch] if isinstance(batch, Mapping) else list(batch)
    if not batches:
        raise ValueError("train_step: got a list of no batches, expected at least one.")
    return batches


def _add(error: Exception, words: str) -> None:
    """Add words to a message; not every notebook shows an error's notes."""
    if len(error.args) == 1 and isinstance(error.args[0], str) and not isinstance(error, KeyError):
        error.args = (f"{error.args[0]}\n{words}",)
    else:
        error.add_note(words)


def _calculating_in(dtype: torch.dtype | None, labels: Tensor) -> contextlib.AbstractContextManager:
    if dtype is None:
        return contextlib.nullcontext()
    if dtype not in (torch.bfloat16, torch.float16):
        raise ValueError(
            f"train_step: got autocast = {dtype!r}, expected torch.bfloat16 or torch.float16, or "
            "None to calculate in the model's own type."
        )
    return torch.autocast(labels.device.type, dtype)
