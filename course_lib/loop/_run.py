"""A training as it stands, who listens to it, and how it is interrupted."""

import contextlib
import os
import signal
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from types import FrameType
from typing import Any

from torch import nn
from torch.amp import GradScaler
from torch.optim import Optimizer

from course_lib import runtime
from course_lib.loop.history import History

EVENTS = ("on_start", "on_step", "on_epoch", "on_end")


@dataclass
class Run:
    """What callbacks get: a training as it stands.

    Attributes:
        epochs           when so many are in the history, the training is over
        steps_per_epoch  None where the loader does not know its length
        loaders          those of training and, if there is one, of validation
        options          of fit, those that decide what a step is
        step_of_epoch    steps made in the epoch that is not finished
        rates            the learning rate of each parameter group in the last step
        stop             set to True, it ends the training after this step or epoch
    """

    model: nn.Module
    optimizer: Optimizer
    scheduler: Any
    scaler: GradScaler
    history: History
    epochs: int
    steps_per_epoch: int | None
    loaders: Sequence[Any] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    step_of_epoch: int = 0
    rates: Sequence[float] = ()
    stop: bool = False
    as_planned: bool = False  # resumed, for as many epochs as it began with
    scale: float = 1.0  # of the scaler, when it was last asked

    @property
    def epoch(self) -> int:
        """How many epochs are finished."""
        return len(self.history.epochs)

    @property
    def step(self) -> int:
        """How many steps are made."""
        return len(self.history.losses)

    def __post_init__(self) -> None:
        self.scale = self.scaler.get_scale()

    def record_step(self, loss: float) -> bool:
        """Add a step to the history, with its rate. Returns whether the weights have moved.

        The scaler of float16 leaves a step out whose gradients overflow, and lowers its scale.
        """
        self.history.losses.append(loss)
        self.rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        self.history.rates.append(self.rates[0])
        self.step_of_epoch += 1
        before, self.scale = self.scale, self.scaler.get_scale()
        return self.scale >= before

    def record_epoch(self, found: dict[str, float]) -> None:
        """Finish an epoch: its mean training loss, and what validation found."""
        losses = self.history.losses[-self.step_of_epoch :]
        numbers = {"epoch": self.epoch + 1, "train_loss": fmean(losses)}
        self.history.epochs.append(numbers | {f"valid_{name}": v for name, v in found.items()})
        self.step_of_epoch = 0


class ProgressBar:
    """Shows how far the training is, and the last loss."""

    def on_start(self, run: Run) -> None:
        left = None
        if run.steps_per_epoch is not None:
            left = (run.epochs - run.epoch) * run.steps_per_epoch - run.step_of_epoch
        self.bar = runtime.progress_bar(None, left, "training")

    def on_step(self, run: Run) -> None:
        where = f"epoch {run.epoch + 1} of {run.epochs}, loss {run.history.losses[-1]:.3f}"
        self.bar.set_postfix_str(where, refresh=False)
        self.bar.update()

    def on_end(self, run: Run) -> None:
        self.bar.close()


def expect_callbacks(callbacks: Sequence[Any]) -> Sequence[Any]:
    """The callbacks.

    Raises:
        TypeError: one would never be called, or has a method that would not.
    """
    for callback in callbacks:
        methods = {name for name in dir(callback) if name.startswith("on_")}
        if not methods or methods - set(EVENTS):
            raise TypeError(
                f"fit: the callback {type(callback).__name__} has the methods "
                f"{', '.join(sorted(methods)) or '(none)'}; expected some of {', '.join(EVENTS)}, "
                "as fit calls no others. Rename them, and pass an object, not its class."
            )
        if isinstance(callback, type):
            raise TypeError(
                f"fit: got the class {callback.__name__} as a callback, expected an object of it. "
                f"Write {callback.__name__}(...)."
            )
    return callbacks


def tell(callbacks: Sequence[Any], event: str, run: Run) -> None:
    """Call the method `event` of each callback that has it, in their order."""
    for callback in callbacks:
        _tell_one(callback, event, run)


def _tell_one(callback: Any, event: str, run: Run) -> None:
    listener = getattr(callback, event, None)
    if listener is not None:
        listener(run)


@contextlib.contextmanager
def listening(callbacks: Sequence[Any], run: Run) -> Iterator[None]:
    """Tell the callbacks of the start, and each that was told so of the end, however it comes.

    The end goes the other way round, as of things within one another.
    """
    with contextlib.ExitStack() as ends:
        for callback in callbacks:
            _tell_one(callback, "on_start", run)
            ends.callback(_tell_one, callback, "on_end", run)
        yield


@contextlib.contextmanager
def ending_on_interrupt(run: Run) -> Iterator[None]:
    """Let Ctrl-C end the training after the present step; a second one ends it at once.

    So weights, optimizer and history belong to the same step. Only the main thread can do that;
    elsewhere Ctrl-C does not arrive.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    process, asked = os.getpid(), False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if os.getpid() != process:
            return  # a worker of a loader, which has this handler too: it ends with the loader
        signal.signal(signal.SIGINT, before)
        asked = run.stop = True
        print("fit: interrupted; it ends after this step. Interrupt again to end it at once.")

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    except KeyboardInterrupt:
        run.stop = True
    except (RuntimeError, OSError) as error:  # workers from before fit get Ctrl-C too, and end
        if not asked or not _is_of_workers(error):
            raise
    finally:
        signal.signal(signal.SIGINT, before)


def _is_of_workers(error: Exception) -> bool:
    """Whether it was raised while a loader waited for its workers."""
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    return any("multiprocessing" in file for file in files) or "DataLoader worker" in str(error)
