"""Rules that look at the scheduler: when it is stepped, and how long its schedule lasts."""

from collections.abc import Iterator

from torch.optim.lr_scheduler import (
    ExponentialLR,
    LRScheduler,
    MultiStepLR,
    ReduceLROnPlateau,
    StepLR,
)

from course_lib.doctor._catalogue import finding
from course_lib.doctor._exam import Exam
from course_lib.doctor.report import Finding
from course_lib.loop._schedule import rates

NOTHING = 1e-3  # of the largest rate
EPOCHS = 3  # looked ahead
LIKE_EPOCHS = 100  # a schedule of so few steps was counted in epochs
MOST_STEPS = 5_000


def scheduler_before_optimizer(exam: Exam) -> Iterator[Finding]:
    scheduler = exam.training.scheduler
    if scheduler is None:
        return
    order = [event for event in exam.seen.events if event in ("step", "scheduler")]
    if order[:1] == ["scheduler"] and "step" in order:
        yield finding(
            "scheduler-before-optimizer",
            "In the training step the scheduler is stepped first, the optimizer after it.",
        )
    elif _ahead(exam):
        yield finding(
            "scheduler-before-optimizer",
            f"The scheduler was stepped {scheduler.last_epoch} times and the optimizer not once.",
        )


def _ahead(exam: Exam) -> bool:
    """Stepped already, by an optimizer that never was."""
    scheduler, optimizer = exam.training.scheduler, exam.training.optimizer
    if not isinstance(scheduler, LRScheduler) or isinstance(scheduler, ReduceLROnPlateau):
        return False
    stepped = getattr(optimizer, "_opt_called", False) or any(optimizer.state.values())
    return 0 < scheduler.last_epoch <= 3 and not stepped


def scheduler_stepped_too_often(exam: Exam) -> Iterator[Finding]:
    scheduler = exam.training.scheduler
    if scheduler is None:
        return
    stepped, steps = exam.seen.events.count("scheduler"), len(exam.seen.steps)
    if not stepped or not steps:
        yield from _used_up(exam)
        return
    if stepped >= 2 * steps:
        yield finding(
            "scheduler-stepped-too-often",
            f"The scheduler is stepped {stepped} times in {steps} optimizer steps.",
        )
        return
    reason = _too_short(exam)
    if reason:
        yield finding(
            "scheduler-stepped-too-often",
            f"The {type(scheduler).__name__} is stepped with every batch; {reason}",
        )


def _batches_in_epoch(exam: Exam) -> int:
    try:
        return len(exam.training.loader)
    except TypeError:
        return len(exam.batches)


def _too_short(exam: Exam) -> str:
    """Why a schedule that is stepped per batch seems to be made for epochs, or ""."""
    scheduler, epoch = exam.training.scheduler, _batches_in_epoch(exam)
    per_epoch = f"an epoch has {epoch}."
    if isinstance(scheduler, ReduceLROnPlateau):
        short = scheduler.patience < epoch
        return (
            f"its patience of {scheduler.patience} counts batches, and {per_epoch}" if short else ""
        )
    if not isinstance(scheduler, LRScheduler):
        return ""
    length = getattr(scheduler, "T_max", None)
    if length is not None and length <= LIKE_EPOCHS and _odd(length, epoch):
        return f"its T_max is {length} steps, and {per_epoch}"
    count = min(EPOCHS * epoch + 1, MOST_STEPS)
    try:
        planned = rates(scheduler, count)
    except Exception as error:
        return f"it is over before {EPOCHS} epochs: {error}" if _is_over(scheduler, epoch) else ""
    last = max((i for i, rate in enumerate(planned) if rate > NOTHING * max(planned)), default=0)
    by_factors = isinstance(scheduler, (StepLR, MultiStepLR, ExponentialLR)) and last < LIKE_EPOCHS
    if last + 1 < len(planned) and (by_factors or _odd(last + 1, epoch)):
        return f"after {last + 1} steps its rate is next to nothing, and {per_epoch}"
    return ""


def _odd(length: int, epoch: int) -> bool:
    """Whether a schedule ends within few epochs, and not at the end of one of them."""
    if length < 0.9 * epoch - 1:
        return True
    beside = min(length % epoch, epoch - length % epoch)
    return length < EPOCHS * epoch and length <= LIKE_EPOCHS and beside > max(2, 0.1 * epoch)


def _is_over(scheduler: LRScheduler, epoch: int) -> bool:
    total = getattr(scheduler, "total_steps", None)
    return total is not None and _odd(int(total), epoch)


def _used_up(exam: Exam) -> Iterator[Finding]:
    """Handed over after a training that stepped the scheduler more often than the optimizer."""
    scheduler, optimizer = exam.training.scheduler, exam.training.optimizer
    taken = [int(state["step"]) for state in optimizer.state.values() if "step" in state]
    stepped = getattr(scheduler, "last_epoch", 0)
    if taken and stepped > max(taken):
        yield finding(
            "scheduler-stepped-too-often",
            f"The scheduler was stepped {stepped} times, the optimizer {max(taken)} times.",
        )
