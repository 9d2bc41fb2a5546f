"""A short training on a few batches, at the learner's own rate or a multiple of it."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from course_lib.doctor._exam import Exam
from course_lib.doctor._watch import Calls, held

BATCHES = 3  # taken in turn, so that the first losses and the last are of the same batches
STEPS = 15


@dataclass
class Trial:
    """What a short training did."""

    losses: list[float] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)  # ||dw|| / ||w|| of all weights, each step

    @property
    def start(self) -> float:
        return sum(self.losses[:BATCHES]) / max(len(self.losses[:BATCHES]), 1)

    @property
    def end(self) -> float:
        """The mean of the last losses; infinite where one is no number."""
        last = self.losses[-BATCHES:]
        return sum(last) / len(last) if last and all(map(math.isfinite, last)) else math.inf

    @property
    def ratio(self) -> float:
        return self.end / self.start if self.start > 0 else 1.0


def trial(exam: Exam, factor: float = 1.0, steps: int = STEPS, rate: float | None = None) -> Trial:
    """Train some steps with the learner's own step, then put everything back."""
    found = Trial()
    torch.manual_seed(0)
    batches = exam.batches[:BATCHES]
    with _rates(exam, factor, rate, found):
        for number in range(steps):
            loss = _step(exam, batches[number % len(batches)])
            found.losses.append(loss)
            if not math.isfinite(loss):
                break
    exam.keep.put_back()
    return found


def _step(exam: Exam, batch: Any) -> float:
    """One step; its loss is what backward() was called on, else what the step returned."""
    losses: list[float] = []

    def note(name: str, function: Any, args: tuple, kwargs: dict, result: Any) -> None:
        if function is Tensor.backward and args[0].numel() == 1:
            losses.append(float(args[0].detach()))

    try:
        with Calls(note):
            returned = exam.training.step(batch)
    except Exception:  # such as a FloatingPointError: the rate was too high
        return losses[0] if losses and not math.isfinite(losses[0]) else math.inf
    if losses:
        return sum(losses)
    return float(returned) if isinstance(returned, (int, float, Tensor)) else math.nan


@contextmanager
def _rates(exam: Exam, factor: float, rate: float | None, found: Trial) -> Iterator[None]:
    """While it lasts, each optimizer step is taken at a multiple of its rate, or at `rate`."""
    optimizer = exam.training.optimizer
    if not isinstance(optimizer, Optimizer):
        yield
        return
    weights = held(optimizer)
    before: list[Any] = []

    def begins(*_: Any) -> None:
        before[:] = [[group["lr"] for group in optimizer.param_groups]]
        before.append([weight.detach().clone() for weight in weights])
        for group in optimizer.param_groups:
            group["lr"] = (group["lr"] if rate is None else rate) * factor

    def ends(*_: Any) -> None:
        for group, own in zip(optimizer.param_groups, before[0], strict=True):
            group["lr"] = own
        moved = sum(
            float((w.detach() - b).square().sum()) for w, b in zip(weights, before[1], strict=True)
        )
        size = sum(float(b.square().sum()) for b in before[1])
        found.changes.append(math.sqrt(moved / size) if size else 0.0)

    with ExitStack() as stack:
        stack.callback(optimizer.register_step_pre_hook(begins).remove)
        stack.callback(optimizer.register_step_post_hook(ends).remove)
        yield
