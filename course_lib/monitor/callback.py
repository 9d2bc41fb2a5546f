"""Monitor: the callback that hands the numbers of a training to loggers, and never ends it."""

from collections.abc import Callable
from typing import Any

from course_lib.monitor._logger import METHODS, Logger
from course_lib.monitor._numbers import described, epoch_numbers, step_numbers, write_histograms

Also = Callable[[Any, Logger], None]  # of a run of `fit`


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

    def on_start(self, run: Any) -> None:
        self._failed: dict[str, int] = {}  # what gets nothing more: how often it was left out
        self._tell(run, lambda logger: logger.start(run.step))
        self._tell(run, lambda logger: logger.text("run", described(run), run.step))

    def on_step(self, run: Any) -> None:
        if run.step % self.every == 0:
            numbers = step_numbers(run)
            self._tell(run, lambda logger: logger.scalars(numbers, run.step))

    def on_epoch(self, run: Any) -> None:
        numbers = epoch_numbers(run.history.epochs[-1])
        self._tell(run, lambda logger: logger.scalars(numbers, run.epoch))
        if self.histograms and run.epoch % self.histograms == 0:
            self._tell(run, lambda logger: write_histograms(run.model, logger, run.step))
        if self.also is not None:
            self._tell(run, lambda logger: self.also(run, logger), "also of ")
        self._tell(run, lambda logger: logger.flush())

    def on_end(self, run: Any) -> None:
        self._tell(run, lambda logger: logger.flush())
        for name, count in self._failed.items():
            print(f"Monitor: {name} was left out {count} times after that.")

    def _tell(self, run: Any, act: Callable[[Logger], None], what: str = "") -> None:
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


def write_history(history: Any, *loggers: Logger) -> None:
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
