"""The lines that Trainer logs, a logger that keeps them, and on_log called as Trainer does."""

import copy
import functools
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from course_lib.exercises._checking import Mistake, call, expect_that, explaining
from course_lib.exercises.nb11._accelerate import state_set_aside

TRAIN = {"loss": 1.5, "grad_norm": 4.0, "learning_rate": 0.25, "epoch": 1.5}
VALID = {
    "eval_loss": 1.25,
    "eval_accuracy": 0.75,
    "eval_macro_f1": 0.5,
    "eval_runtime": 3.5,
    "eval_samples_per_second": 100.0,
    "eval_steps_per_second": 12.5,
    "epoch": 2.0,
}
SUMMARY = {
    "train_runtime": 60.0,
    "train_samples_per_second": 90.0,
    "train_steps_per_second": 11.0,
    "total_flos": 0.0,
    "train_loss": 1.375,
    "epoch": 2.0,
}
START_RATE = 0.5  # TRAIN has another: the rate has fallen since
OTHERS = ("model", "processing_class", "optimizer", "lr_scheduler", "train_dataloader")


STEP = "state.global_step says which step it is."
OWNED = (
    "Trainer owns logs: make a new dict. After you the other callbacks read it, and evaluate() "
    "returns it."
)


class Recorder:
    """A logger that keeps each point: {name: (number, step)}."""

    def __init__(self) -> None:
        self.points: dict[Any, tuple] = {}

    def scalars(self, numbers: dict[str, float], step: int) -> None:
        for name, number in dict(numbers).items():
            name = f"{name}, once more" if name in self.points else name
            self.points[name] = (number, step)


def make(attempt: Any) -> tuple[Any, Recorder]:
    logger = Recorder()
    made = call(lambda: attempt(logger), tried="ToLogger(logger)")
    expect_that(
        issubclass(type(made), TrainerCallback),
        tried="ToLogger(logger)",
        got=made,
        expected="a TrainerCallback",
        idea="Trainer calls a dozen events. Inherit from TrainerCallback, which has an empty "
        "method for each.",
    )
    return made, logger


@functools.cache
def _arguments() -> TrainingArguments:
    with state_set_aside():
        return TrainingArguments(output_dir="trainer", learning_rate=START_RATE, use_cpu=True)


def tell(made: Any, logs: dict[str, float], step: int, epoch: float, tried: str) -> None:
    """Call on_log as Trainer does."""
    arguments, control = copy.copy(_arguments()), TrainerControl()
    state = TrainerState(global_step=step, epoch=epoch, log_history=[{**logs, "step": step}])
    absent = (
        "Not every line has every number: ask `in logs` before you take it. Or a dict of yours is "
        "asked for a name of logs that it lacks."
    )
    trainers = "These are Monitor's names. In logs stand Trainer's: loss, learning_rate, grad_norm."
    own = "The logger is kept in self: self.logger.scalars(numbers, step)."
    numbers_first = "scalars(numbers, step): the numbers come first."
    two = "A logger wants the step, too: scalars(numbers, step)."
    no_float = "Is it the logger that is called? self.logger.scalars({name: number}, step)."
    others = dict.fromkeys(OTHERS)
    with (
        explaining(KeyError, trainers, "'gradient_norm'"),
        explaining(KeyError, trainers, "'rate'"),
        explaining(KeyError, absent),
        explaining(AttributeError, STEP, "step'"),
        explaining(NameError, own, "'logger'"),
        explaining(TypeError, numbers_first, "'int' object is not iterable"),
        explaining(TypeError, two, "'step'"),
        explaining(TypeError, no_float, "'float' object is not iterable"),
        explaining(AttributeError, "logger has scalars(numbers, step).", "'Recorder'"),
        explaining(RuntimeError, OWNED, "changed size"),
    ):
        try:
            got = call(made.on_log, arguments, state, control, logs=logs, tried=tried, **others)
        except Mistake as changed:  # the one that call() finds
            raise Mistake(changed.tried, changed.got, changed.expected, OWNED) from None
    expect_that(
        got is None or got is control,
        tried=f"{tried}: what on_log returns",
        got=got,
        expected="None",
        idea="What an event returns, Trainer takes for its new control and goes on by it. Return "
        "nothing.",
    )
