"""A short training on a few batches, at the learner's own rate or a multiple of it."""

import itertools
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim import LBFGS, Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from course_lib.doctor._exam import Exam, once
from course_lib.doctor._watch import Calls, held
from course_lib.loop._schedule import rates

BATCHES = 3  # taken in turn, so that the first losses and the last are of the same batches
STEPS = 12


@dataclass
class Trial:
    """What a short training did."""

    losses: list[float] = field(default_factory=list)
    before: list[float] = field(default_factory=list)  # of the batches, at the beginning
    changes: list[float] = field(default_factory=list)  # ||dw|| / ||w|| of all weights, each step
    first: dict[str, Tensor] = field(default_factory=dict)  # gradients by name, before clipping
    last: dict[str, Tensor] = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)  # ||w|| at the beginning
    answers: Tensor | None = None  # logits of the first batch afterwards, in evaluation mode

    @property
    def start(self) -> float:
        """The mean loss of these batches before any step."""
        return sum(self.before) / len(self.before)

    @property
    def peak(self) -> float:
        """The largest loss, in units of the same batch's loss before any step."""
        pairs = zip(self.losses, itertools.cycle(self.before), strict=False)
        return max(loss / max(before, 1e-12) for loss, before in pairs)

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
    trainable = exam.trainable()
    found = Trial(sizes={name: float(w.detach().norm()) for name, w in trainable.items()})
    torch.manual_seed(0)
    batches = exam.batches[:BATCHES]
    if isinstance(exam.training.optimizer, LBFGS):  # each of its steps is some twenty
        steps = BATCHES
    with _rates(exam, factor, rate, found), _gradients(trainable, found):
        for number in range(steps):
            loss = _step(exam, batches[number % len(batches)])
            found.losses.append(loss)
            if number == 0:
                found.first = dict(found.last)
            if not math.isfinite(loss):
                break
    found.answers = exam.present_answers(exam.batches[0])
    exam.keep.put_back()
    return found


@once
def own_trial(exam: Exam) -> Trial:
    """The trial at the learner's own rate; of a warm-up, at the rate that it leads to."""
    standing = trial(exam, factor=0.0, steps=BATCHES)
    own = trial(exam, rate=_planned(exam))
    own.before = standing.losses
    return own


def at_other_rate(exam: Exam, factor: float) -> Trial:
    """The trial at a multiple of the learner's rate, from the same beginning."""
    own = own_trial(exam)
    other = trial(exam, factor, rate=_planned(exam))
    other.before = own.before
    return other


@once
def _planned(exam: Exam) -> float | None:
    """The largest rate that a warm-up leads to, where the present one is far below it."""
    scheduler = exam.training.scheduler
    if not isinstance(scheduler, LRScheduler) or isinstance(scheduler, ReduceLROnPlateau):
        return None
    try:
        ahead = rates(scheduler, 500)
    except Exception:
        return None
    return max(ahead) if ahead[0] < 0.5 * max(ahead) else None


@contextmanager
def _gradients(trainable: dict[str, Tensor], found: Trial) -> Iterator[None]:
    def hook_for(name: str) -> Any:
        def hook(gradient: Tensor) -> None:
            found.last[name] = gradient.detach().clone()

        return hook

    with ExitStack() as stack:
        for name, weight in trainable.items():
            stack.callback(weight.register_hook(hook_for(name)).remove)
        yield


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
