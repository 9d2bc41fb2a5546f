"""Monitor: the callback that hands the numbers of a training to loggers, and never ends it."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.utils import get_total_norm

from course_lib.monitor._logger import METHODS, Logger

if TYPE_CHECKING:
    from course_lib.loop import History, Run

Also = Callable[["Run", Logger], None]


class Monitor:
    """A callback of `fit` that writes what happens to loggers.

    After steps: `train/loss`, `train/rate` (with several groups `train/rate/name`) and
    `train/gradient_norm`, at the number of the step. After an epoch: `epoch/train_loss`,
    `epoch/valid_loss` and so on, at the number of the epoch.

    A fault in logging never ends a training. It is told once, the logger that failed gets nothing
    more in this training, and the curves stay in the `History`: `write_history` writes them
    elsewhere.

    Arguments:
        loggers     any of TensorBoardLogger, WandbLogger, or objects with their methods
        every       so many steps from one point to the next
        histograms  of all weights and gradients after every so many epochs; None for none
        also        also(run, logger) is called after every epoch, for pictures and the like

    Raises:
        ValueError: every or histograms is below 1, or there is no logger.
        TypeError: a logger lacks methods.

    Built in notebooks/10_monitoring.ipynb.
    """

    def __init__(
        self,
        *loggers: Logger,
        every: int = 1,
        histograms: int | None = None,
        also: Also | None = None,
    ) -> None:
        if every < 1 or (histograms is not None and histograms < 1) or not loggers:
            raise ValueError(
                f"Monitor: got {len(loggers)} loggers, every = {every} and histograms = "
                f"{histograms}, expected at least one logger, and numbers of steps and of epochs "
                "from 1 on. Leave histograms out for none."
            )
        for logger in loggers:
            _expect_logger(logger)
        self.loggers, self.every, self.histograms, self.also = loggers, every, histograms, also

    def on_start(self, run: "Run") -> None:
        self._failed: dict[str, int] = {}  # what gets nothing more: how often it was left out
        self._tell(run, lambda logger: logger.start(run.step))
        self._tell(run, lambda logger: logger.text("run", described(run), run.step))

    def on_step(self, run: "Run") -> None:
        if run.step % self.every == 0:
            numbers = step_numbers(run)
            self._tell(run, lambda logger: logger.scalars(numbers, run.step))

    def on_epoch(self, run: "Run") -> None:
        numbers = epoch_numbers(run.history.epochs[-1])
        self._tell(run, lambda logger: logger.scalars(numbers, run.epoch))
        if self.histograms and run.epoch % self.histograms == 0:
            self._tell(run, lambda logger: write_histograms(run.model, logger, run.step))
        if self.also is not None:
            self._tell(run, lambda logger: self.also(run, logger), "also of ")
        self._tell(run, lambda logger: logger.flush())

    def on_end(self, run: "Run") -> None:
        self._tell(run, lambda logger: logger.flush())
        for name, count in self._failed.items():
            print(f"Monitor: {name} was left out {count} times after that.")

    def _tell(self, run: "Run", act: Callable[[Logger], None], what: str = "") -> None:
        for place, logger in enumerate(self.loggers, start=1):
            whole = f"logger {place}, {type(logger).__name__}"
            name = what + whole
            if gone := {name, whole} & self._failed.keys():
                self._failed[gone.pop()] += 1
                continue
            try:
                act(logger)
            except Exception as error:
                self._failed[name] = 0
                print(_told(name, run.step, error))


def write_history(history: "History", *loggers: Logger) -> None:
    """Write the curves of a finished training: its losses, rates, and the numbers of its epochs.

    They get the names and places that `Monitor` gives them. What a history doesn't have (the norm
    of the gradient, the rates of further groups) is not written.

    Built in notebooks/10_monitoring.ipynb.
    """
    for logger in loggers:
        for step, (loss, rate) in enumerate(zip(history.losses, history.rates, strict=True), 1):
            logger.scalars({"train/loss": loss, "train/rate": rate}, step)
        for number, epoch in enumerate(history.epochs, start=1):
            logger.scalars(epoch_numbers(epoch), number)
        logger.flush()


def step_numbers(run: "Run") -> dict[str, float]:
    """What is known after a step. A scaler's gradients are multiplied by its scale: left out."""
    numbers = {"train/loss": run.history.losses[-1], **rates(run)}
    if not run.scaler.is_enabled():
        numbers["train/gradient_norm"] = gradient_norm(run.model)
    return numbers


def rates(run: "Run") -> dict[str, float]:
    """The rate of each parameter group in this step."""
    if len(run.rates) == 1:
        return {"train/rate": run.rates[0]}
    groups = enumerate(run.optimizer.param_groups)
    names = [group.get("name", place) for place, group in groups]
    return {f"train/rate/{name}": rate for name, rate in zip(names, run.rates, strict=True)}


def gradient_norm(model: torch.nn.Module) -> float:
    """The norm of all gradients of a model together; 0 where there is none.

    Between a step and the next zero_grad it is the norm that the optimizer used: after clipping.

    Built in notebooks/10_monitoring.ipynb.
    """
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    return float(get_total_norm(gradients)) if gradients else 0.0


def epoch_numbers(epoch: Mapping[str, float]) -> dict[str, float]:
    return {f"epoch/{name}": value for name, value in epoch.items() if name != "epoch"}


def write_histograms(model: torch.nn.Module, logger: Logger, step: int) -> None:
    """The weights and the gradients of every part that has some; frozen ones have no gradient."""
    for name, weight in model.named_parameters():
        logger.histogram(f"weights/{name}", weight, step)
        if weight.grad is not None:
            logger.histogram(f"gradients/{name}", weight.grad, step)


def described(run: "Run") -> str:
    """A table in Markdown of what is trained, and how."""
    return "\n".join(["| what | |", "|---|---|", *(f"| {a} | {b} |" for a, b in _rows(run))])


def _rows(run: "Run") -> Iterator[tuple[str, Any]]:
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


def _told(name: str, step: int, error: Exception) -> str:
    return (
        f"Monitor: {name} failed after step {step} and gets nothing more in this training, which "
        f"goes on ({type(error).__name__}: {error}). The curves stay in the History that fit "
        "returns: write_history(history, logger) writes them elsewhere."
    )


def _expect_logger(logger: Any) -> None:
    missing = [name for name in METHODS if not callable(getattr(logger, name, None))]
    if missing or isinstance(logger, type):
        raise TypeError(
            f"Monitor: got {logger!r} as a logger, expected an object with the methods "
            f"{', '.join(METHODS)}, such as TensorBoardLogger(folder). "
            + (f"It has no {', '.join(missing)}." if missing else "Write its () as well.")
        )
