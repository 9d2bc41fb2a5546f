"""What checkpoints cost: seconds of saving and resuming, and room on the disk."""

import contextlib
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import torch.nn.functional as F

from course_lib.checkpoint import Checkpoints, export
from course_lib.loop import fit
from tests.benchmarks import _tasks, transfer
from tests.benchmarks._loops import CLIP, Setting
from tests.benchmarks._table import table

ROUNDS, EVERY = 5, 10


class Timed(Checkpoints):
    """Adds up the seconds of its own work."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.saving = self.loading = self.passing = 0.0

    @contextlib.contextmanager
    def opened(self, run: Any) -> Iterator[None]:
        start = time.perf_counter()
        with super().opened(run):
            self.loading = time.perf_counter() - start
            yield

    def batches(self, run: Any, loader: Iterable, accumulate: int) -> Iterable | None:
        start = time.perf_counter()
        try:
            return super().batches(run, loader, accumulate)
        finally:
            self.passing = max(self.passing, time.perf_counter() - start)

    def on_step(self, run: Any) -> None:
        start = time.perf_counter()
        super().on_step(run)
        self.saving += time.perf_counter() - start

    def on_epoch(self, run: Any) -> None:
        start = time.perf_counter()
        super().on_epoch(run)
        self.saving += time.perf_counter() - start


def cost(rounds: int = ROUNDS) -> str:
    rows = []
    for setting in (_tasks.running(2), _tasks.tiny(2)):
        rows.append([setting.name, *_costs(setting, rounds)])
    return table(
        f"What checkpoints cost: medians of {rounds} trainings of two epochs",
        (
            "training",
            "seconds of an epoch",
            "saving every epoch, of that",
            f"every {EVERY} steps",
            "ms of one",
            "MB of one",
            "of the weights alone",
            "ms to load and put back",
            "ms to pass over all but one batch",
        ),
        rows,
    )


def _costs(setting: Setting, rounds: int) -> list[str]:
    found = [_epochs(setting, None) for _ in range(rounds)]
    often = [_epochs(setting, EVERY) for _ in range(rounds)]
    resumed = [_resumed(setting) for _ in range(rounds)]
    steps = len(setting.loader())
    saves = setting.epochs + setting.epochs * steps // EVERY
    return [
        f"{median(total - saving for total, saving, *_ in found) / setting.epochs:.2f}",
        f"{median(saving / (total - saving) for total, saving, *_ in found):.1%}",
        f"{median(saving / (total - saving) for total, saving, *_ in often):.1%}",
        f"{median(saving for _, saving, *_ in often) / saves * 1000:.0f}",
        f"{found[0][2] / 1e6:.2f}",
        f"{found[0][3] / 1e6:.2f}",
        f"{median(loading for loading, _ in resumed) * 1000:.0f}",
        f"{median(passing for _, passing in resumed) * 1000:.0f}",
    ]


def _epochs(setting: Setting, every: int | None) -> tuple[float, float, int, int]:
    """Seconds of all and of saving, bytes of the newest checkpoint and of the weights alone."""
    model, optimizer, scheduler, loader = setting.objects()
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Timed(folder, every=every)
        start = time.perf_counter()
        trained(setting, checkpoints, model, loader, optimizer, scheduler)
        total = time.perf_counter() - start
        size = checkpoints.files()[0].stat().st_size
        weights = export(model, Path(folder) / "weights.safetensors").stat().st_size
    return total, checkpoints.saving, size, weights


def _resumed(setting: Setting) -> tuple[float, float]:
    """Seconds of loading and putting back, and of passing over batches, one batch before the end
    of the first epoch."""
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            model, optimizer, scheduler, loader = setting.objects()
            checkpoints = Timed(folder, resume=True)
            stop = transfer.StopsAfter(len(loader) - 1)
            with contextlib.redirect_stdout(None):
                trained(setting, checkpoints, model, loader, optimizer, scheduler, [stop])
    return checkpoints.loading, checkpoints.passing


def trained(
    setting: Setting, checkpoints: Timed, model, loader, optimizer, scheduler, callbacks=()
) -> None:
    options = {"epochs": setting.epochs, "scheduler": scheduler, "clip": CLIP, "progress": False}
    options |= {"callbacks": callbacks, "checkpoints": checkpoints}
    fit(model, loader, F.cross_entropy, optimizer, **options)
