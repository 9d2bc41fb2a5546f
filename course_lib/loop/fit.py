"""fit: epochs of training and validation, with a history, and a place for callbacks."""

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.amp import GradScaler
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from course_lib.checkpoint import Checkpoints
from course_lib.loop._batch import Batch, device_of
from course_lib.loop._run import (
    ProgressBar,
    Run,
    ending_on_interrupt,
    expect_callbacks,
    listening,
    tell,
)
from course_lib.loop._schedule import expect_unit
from course_lib.loop.history import History
from course_lib.loop.infer import Metric, evaluate, largest_logit
from course_lib.loop.train import NO_SCALER, LossFunction, train_epoch


def fit(
    model: nn.Module,
    train_loader: Iterable[Batch],
    loss_fn: LossFunction,
    optimizer: Optimizer,
    *,
    epochs: int,
    valid_loader: Iterable[Batch] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    decide: Callable[[Tensor], Tensor] = largest_logit,
    scheduler: Any = None,
    schedule_per: str = "step",
    accumulate: int = 1,
    clip: float | None = None,
    autocast: torch.dtype | None = None,
    callbacks: Sequence[Any] = (),
    checkpoints: Checkpoints | None = None,
    history: History | None = None,
    progress: bool = True,
) -> History:
    """Train for some epochs, validate after each, and return what happened.

    Everything runs where the model is: batches are moved to its device. Ctrl-C (in a notebook: the
    stop button) ends the training after the present step, and the history so far is returned. The
    model is left in training mode, but for parts whose weights are all frozen: see `train_epoch`.

    Arguments:
        metrics       of the validation part, see `evaluate`, which gets `decide` as well
        scheduler     is stepped after every step or every epoch, as `schedule_per` says;
                      ReduceLROnPlateau per epoch, by the validation loss
        accumulate    so many batches make one step
        clip          the norm that the gradients are cut to together, where theirs is larger
        autocast      torch.bfloat16 or torch.float16, for the forward pass in training; float16
                      gets a GradScaler
        callbacks     objects with any of the methods on_start, on_step, on_epoch and on_end, which
                      are called with a `Run`: model, optimizer, scheduler, history, epoch, step;
                      `run.stop = True` ends the training
        checkpoints   keeps the training in a folder, and may go on from there
        history       an earlier one, to which `epochs` more are added; it keeps what it has if an
                      error ends the training
        progress      show a bar

    Raises:
        ValueError: a loader is empty, a batch has no labels, the scheduler counts in the other
            unit.
        TypeError: a callback has none of the four methods, or one more; checkpoints is no
            Checkpoints.
        FloatingPointError: the loss is NaN or infinite. No weight has moved in that step.

    Built in notebooks/05_training_loop.ipynb.
    """
    _expect_options(epochs, accumulate, clip, checkpoints)
    _expect_batches(train_loader, "train_loader")
    _expect_batches(valid_loader, "valid_loader")
    history = History() if history is None else history
    target, per_epoch = len(history.epochs) + epochs, _steps_per_epoch(train_loader, accumulate)
    loaders = [loader for loader in (train_loader, valid_loader) if loader is not None]
    scaler = _scaler(autocast, model)
    options = {"accumulate": accumulate, "clip": clip, "autocast": autocast}
    chosen = options | {"schedule_per": schedule_per}
    run = Run(model, optimizer, scheduler, scaler, history, target, per_epoch, loaders, chosen)
    listeners = [*callbacks, *([ProgressBar()] if progress else [])]
    kept = contextlib.nullcontext()
    if checkpoints is not None:
        listeners.append(checkpoints)  # the last, so that it saves what the others have changed
        kept = checkpoints.opened(run)
    expect_callbacks(listeners)

    after_step = partial(_after_step, run, listeners, schedule_per)
    options |= {"after_step": after_step, "scaler": scaler}
    with ending_on_interrupt(run), kept:
        _expect_schedule(run, schedule_per, valid_loader is not None)
        with listening(listeners, run):
            while run.epoch < run.epochs and not run.stop:
                batches = train_loader
                if checkpoints is not None:
                    batches = checkpoints.batches(run, train_loader, accumulate)
                if batches is not None:
                    train_epoch(model, batches, loss_fn, optimizer, **options)
                if run.stop and run.step_of_epoch != run.steps_per_epoch:
                    break  # in the middle of an epoch
                found = {}
                if valid_loader is not None:
                    found = evaluate(model, valid_loader, loss_fn, metrics, decide)
                run.record_epoch(found)
                if scheduler is not None and schedule_per == "epoch":
                    _step_by_epoch(scheduler, found)
                tell(listeners, "on_epoch", run)
            if checkpoints is not None:
                checkpoints.save(run)
    return run.history


def _after_step(run: Run, listeners: Sequence[Any], unit: str, loss: float) -> bool:
    moved = run.record_step(loss)
    if moved and run.scheduler is not None and unit == "step":
        run.scheduler.step()
    tell(listeners, "on_step", run)
    return run.stop


def _expect_schedule(run: Run, unit: str, validated: bool) -> None:
    epochs = run.epochs - run.epoch
    if epochs > 0 and not run.as_planned:
        per_epoch = run.steps_per_epoch
        steps = None if per_epoch is None else epochs * per_epoch - run.step_of_epoch
        expect_unit(run.scheduler, run.optimizer, unit, epochs, steps, validated)


def _scaler(autocast: torch.dtype | None, model: nn.Module) -> GradScaler:
    return GradScaler(device_of(model).type) if autocast == torch.float16 else NO_SCALER


def _step_by_epoch(scheduler: Any, found: Mapping[str, float]) -> None:
    if isinstance(scheduler, ReduceLROnPlateau):
        scheduler.step(found["loss"])
    else:
        scheduler.step()


def _steps_per_epoch(loader: Iterable[Batch], accumulate: int) -> int | None:
    """None where the loader doesn't know its length, as with an iterable dataset."""
    try:
        return math.ceil(len(loader) / accumulate)
    except TypeError:
        return None


def _expect_options(epochs: int, accumulate: int, clip: float | None, checkpoints: Any) -> None:
    for name, value in (("epochs", epochs), ("accumulate", accumulate)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"fit: got {name} = {value!r}, expected a whole number from 1 on.")
    if clip is not None and not clip > 0:
        raise ValueError(
            f"fit: got clip = {clip!r}, expected a norm above 0: with 0 no weight would ever move. "
            "Leave clip out to leave the gradients as they are."
        )

    if checkpoints is not None and not isinstance(checkpoints, Checkpoints):
        raise TypeError(
            f"fit: got checkpoints = {checkpoints!r}, expected an object such as "
            "Checkpoints(folder): it says when to save, and whether to resume."
        )


def _expect_batches(loader: Any, name: str) -> None:
    with contextlib.suppress(TypeError):  # a loader that doesn't know its length
        if loader is not None and len(loader) == 0:
            raise ValueError(
                f"fit: the {name} has no batch, expected at least one. Look at how the data was "
                "split; drop_last leaves nothing of a dataset that is smaller than a batch."
            )
