"""What Monitor writes: the numbers of steps and epochs, histograms, a table of the set-up."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn
from torch.nn.utils import get_total_norm

from course_lib.monitor._logger import Logger


def gradient_norm(model: nn.Module) -> float:
    """The norm of all gradients of a model together; 0 where there is none.

    Between a step and the next zero_grad it is the norm that the optimizer used: after clipping.

    Built in notebooks/10_monitoring.ipynb.
    """
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    return float(get_total_norm(gradients)) if gradients else 0.0


def step_numbers(run: Any) -> dict[str, float]:
    """What is known after a step. A scaler's gradients are multiplied by its scale: left out."""
    numbers = {"train/loss": run.history.losses[-1], **rates(run)}
    if not run.scaler.is_enabled():
        numbers["train/gradient_norm"] = gradient_norm(run.model)
    return numbers


def rates(run: Any) -> dict[str, float]:
    """The rate of each parameter group in this step."""
    if len(run.rates) == 1:
        return {"train/rate": run.rates[0]}
    groups = enumerate(run.optimizer.param_groups)
    names = [group.get("name", place) for place, group in groups]
    return {f"train/rate/{name}": rate for name, rate in zip(names, run.rates, strict=True)}


def epoch_numbers(epoch: Mapping[str, float]) -> dict[str, float]:
    return {f"epoch/{name}": value for name, value in epoch.items() if name != "epoch"}


def write_histograms(model: nn.Module, logger: Logger, step: int) -> None:
    """The weights and the gradients of every part that has some; frozen ones have no gradient."""
    for name, weight in model.named_parameters():
        logger.histogram(f"weights/{name}", weight, step)
        if weight.grad is not None:
            logger.histogram(f"gradients/{name}", weight.grad, step)


def described(run: Any) -> str:
    """A table in Markdown of what is trained, and how."""
    return "\n".join(["| what | |", "|---|---|", *(f"| {a} | {b} |" for a, b in _rows(run))])


def _rows(run: Any) -> Iterator[tuple[str, Any]]:
    weights = list(run.model.parameters())
    yield "model", type(run.model).__name__
    yield "weights", f"{sum(w.numel() for w in weights):,}"
    yield "of them learn", f"{sum(w.numel() for w in weights if w.requires_grad):,}"
    yield "optimizer", type(run.optimizer).__name__
    for place, group in enumerate(run.optimizer.param_groups):
        yield f"rate of {group.get('name', f'group {place}')}", f"{group['lr']:g}"
    yield "scheduler", "none" if run.scheduler is None else type(run.scheduler).__name__
    yield "epochs", run.epochs
    yield "steps per epoch", run.steps_per_epoch
    yield from run.options.items()
