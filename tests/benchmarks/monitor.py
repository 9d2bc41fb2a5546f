"""What logging costs: fit with Monitor beside fit without; the bytes it writes; equal weights.

The loggers are open before the clock starts, and closed after it has stopped, which has a table of
its own. Weights & Biases is offline; what it writes, it writes in a process of its own, which may
have a core to itself here.
"""

import contextlib
import dataclasses
import gc
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
from torch import nn

from course_lib import loop
from course_lib.monitor import Monitor, TensorBoardLogger, WandbLogger
from course_lib.monitor._logger import Logger
from tests.benchmarks import _tasks
from tests.benchmarks._loops import CLIP, Setting, weights
from tests.benchmarks._table import table

ROUNDS = 7
RUNNING_EPOCHS, TINY_EPOCHS = 1, 10  # half a second or more, so that neighbours are alike
EPOCHS_MORE = 2  # of the longer of two trainings whose bytes are compared
BASE = "without callbacks"
QUIET = 0.3  # seconds without a write, after which wandb is taken to have ended
MOST = 10.0  # seconds of waiting for that
WANDB_FOLDERS = ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR")  # beside the run's own


def run() -> Iterator[str]:
    settings = _tasks.running(RUNNING_EPOCHS), _tasks.tiny(TINY_EPOCHS)
    with wandb_at_home():
        for setting in settings:
            yield same_weights(setting)
            yield speed(setting)
        for setting in settings:
            yield size(setting)
        yield opening(settings[-1])


# What is compared.


def board(folder: Path) -> TensorBoardLogger:
    return TensorBoardLogger(folder / "board")


def offline(folder: Path) -> WandbLogger:
    return WandbLogger("benchmark", folder / "offline")


@dataclasses.dataclass(frozen=True)
class Choice:
    """Loggers, and how Monitor is told to use them."""

    loggers: tuple[Callable[[Path], Logger], ...]
    every: int = 1
    histograms: int | None = None


CHOICES = {
    BASE: Choice(()),
    "TensorBoard, every step": Choice((board,)),
    "TensorBoard, every 10 steps": Choice((board,), every=10),
    "TensorBoard, every step, histograms every epoch": Choice((board,), histograms=1),
    "Weights & Biases, every step": Choice((offline,)),
    "both, every step": Choice((board, offline)),
}


class Measured(NamedTuple):
    """A training with a logger or without."""

    seconds: float
    opening: float  # seconds
    closing: float  # seconds
    size: int  # bytes in the loggers' folders
    model: nn.Module


def measured(setting: Setting, choice: Choice) -> Measured:
    """Train once, with loggers in a folder that is there for that time alone."""
    model, optimizer, scheduler, loader = setting.objects()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        loggers = [make(Path(folder)) for make in choice.loggers]
        how = {"every": choice.every, "histograms": choice.histograms}
        callbacks = [Monitor(*loggers, **how)] if loggers else []
        options = {"scheduler": scheduler, "clip": CLIP, "callbacks": callbacks, "progress": False}

        def train() -> None:
            loop.fit(
                model, loader, nn.CrossEntropyLoss(), optimizer, epochs=setting.epochs, **options
            )

        opening = _seconds(lambda: [logger.start(0) for logger in loggers])
        gc.collect()
        torch.manual_seed(0)
        training = _seconds(train)
        closing = _seconds(lambda: [logger.close() for logger in loggers])
        return Measured(training, opening, closing, _bytes(Path(folder), choice), model)


def _seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _bytes(folder: Path, choice: Choice) -> int:
    """When all is written: wandb's own process may still be at it after the run is finished."""
    size, end = _bytes_now(folder), time.monotonic() + MOST
    while offline in choice.loggers and time.monotonic() < end:
        time.sleep(QUIET)
        before, size = size, _bytes_now(folder)
        if size == before:
            break
    return size


def _bytes_now(folder: Path) -> int:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files)


@contextlib.contextmanager
def wandb_at_home() -> Iterator[None]:
    """Let wandb keep what it keeps beside a run's folder in a folder that is removed."""
    before = {name: os.environ.get(name) for name in WANDB_FOLDERS}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ.update({name: str(Path(folder) / name) for name in WANDB_FOLDERS})
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


# Speed.


def speed(setting: Setting, rounds: int = ROUNDS) -> str:
    """In every round each choice trains once beside fit alone, which is the first in turns."""
    steps = setting.epochs * len(setting.loader())
    found = [_round(setting, number) for number in range(rounds + 1)][1:]  # one to warm up
    rows = []
    for name in CHOICES:
        pairs = [each[name] for each in found]
        ratios = [own / beside for beside, own in pairs]
        more = median(own - beside for beside, own in pairs) / steps
        shown = [f"{value:.3f}" for value in (median(ratios), min(ratios), max(ratios))]
        rows.append([name, *shown, f"{1e6 * more:.0f}"])
    return table(
        f"{setting.name}, {steps:,} steps: seconds of training, fit {BASE} = 1; {rounds} rounds",
        ("fit", "median", "least", "most", "microseconds more a step"),
        rows,
    )


def _round(setting: Setting, number: int) -> dict[str, tuple[float, float]]:
    """The seconds of fit alone and of each choice beside it.

    Fit alone runs beside a second fit alone too: how far the two are apart is noise.
    """
    found = {}
    for name, choice in CHOICES.items():
        pair = [CHOICES[BASE], choice]
        order = (0, 1) if number % 2 else (1, 0)
        seconds = {place: measured(setting, pair[place]).seconds for place in order}
        found[name] = seconds[0], seconds[1]
    return found


# What must be equal.


def same_weights(setting: Setting) -> str:
    """Dropout and clipping included, after two epochs."""
    short = dataclasses.replace(setting, epochs=2)
    found = {name: weights(measured(short, choice).model) for name, choice in CHOICES.items()}
    rows = []
    for name, each in found.items():
        difference = (each - found[BASE]).abs().max().item()
        rows.append(
            [name, int((each != found[BASE]).sum()), f"{difference:.0e}" if difference else "0"]
        )
    title = f"{setting.name}: weights after two epochs that differ from those of fit {BASE}"
    return table(title, ("fit", f"of {len(found[BASE]):,}", "largest difference"), rows)


# What lies on the disk.


def size(setting: Setting) -> str:
    """From a short training and one that is longer, so that what every run has is told apart."""
    per_epoch, rows = len(setting.loader()), []
    for name, choice in CHOICES.items():
        if choice.loggers:
            once, more = (
                measured(dataclasses.replace(setting, epochs=epochs), choice).size
                for epochs in (1, 1 + EPOCHS_MORE)
            )
            step = (more - once) / (EPOCHS_MORE * per_epoch)
            rows.append([name, f"{step:.2f}", f"{(once - step * per_epoch) / 1e3:.1f}"])
    return table(
        f"{setting.name}, {per_epoch} steps an epoch: kB on the disk",
        ("fit", "for 1,000 steps", "for each run beside that"),
        rows,
    )


def opening(setting: Setting) -> str:
    """After everything was opened before, so that importing does not count."""
    short, rows = dataclasses.replace(setting, epochs=1), []
    for name, choice in CHOICES.items():
        if choice.loggers and choice.every == 1 and choice.histograms is None:
            found = [measured(short, choice) for _ in range(5)]
            both = (median(each.opening for each in found), median(e.closing for e in found))
            rows.append([name, *(f"{1e3 * value:.0f}" for value in both)])
    title = "Milliseconds once a run, to open the loggers and to close them, median of 5"
    return table(title, ("fit", "open", "close"), rows)
