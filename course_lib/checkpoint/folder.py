"""A folder of checkpoints: written during a training, and where the next one goes on."""

import contextlib
import math
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from os import PathLike
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from course_lib.checkpoint._state import expect_whole, restore, settings_of, state_of
from course_lib.checkpoint.file import CHECKSUM, DamagedError, load, save
from course_lib.checkpoint.randomness import random_states, set_random_states
from course_lib.checkpoint.stopping import best_epoch

NAME = re.compile(r"step-(\d+)(?:-epoch-(\d+))?.*" + CHECKSUM.pattern)
PATIENCE = 12  # seconds; the workers of a killed training may hold its lock for a while


class Checkpoints:
    """Checkpoints of a training in a folder: after each epoch, and every so many steps.

    `fit(..., checkpoints=Checkpoints(folder))` writes them. With `resume=True` it first loads the
    newest that is intact, and the training goes on as if it had never ended: on the CPU with the
    same numbers to the last bit, in the middle of an epoch too. (Not with a loader whose workers
    are persistent and draw random numbers.)

    Arguments:
        every    so many steps, beside the ends of epochs
        keep     so many of the newest stay; older ones are deleted when a new one is on the disk
        monitor  a column of the history, such as "valid_loss": the checkpoint of its best epoch
                 stays too
        mode     "min" if lower is better, "max" if higher is
        resume   go on from the folder, or begin if it has nothing; without, it must have nothing

    Raises:
        ValueError: every or keep is below 1, or the mode is another.

    Built in notebooks/07_checkpoints.ipynb.
    """

    def __init__(
        self,
        folder: str | PathLike,
        *,
        every: int | None = None,
        keep: int = 2,
        monitor: str | None = None,
        mode: str = "min",
        resume: bool = False,
    ) -> None:
        if keep < 1 or (every is not None and every < 1):
            raise ValueError(
                f"Checkpoints: got every = {every} and keep = {keep}, expected numbers of steps "
                "and of files from 1 on. Leave every out to save at the ends of epochs only."
            )
        best_epoch((), mode)  # refuses an unknown one
        self.folder, self.every, self.keep = Path(folder), every, keep
        self.monitor, self.mode, self.resume = monitor, mode, resume

    def files(self) -> list[Path]:
        """The checkpoints, the newest first; none of them is read."""
        found = [(NAME.fullmatch(path.name), path) for path in self.folder.glob("step-*.pt")]
        order = [(int(m[1]), int(m[2] or 0), path.name, path) for m, path in found if m]
        return [path for *_, path in sorted(order, reverse=True)]

    def newest(self) -> dict[str, Any] | None:
        """The newest that is intact, its tensors on the CPU; None where there is no checkpoint.

        Raises:
            DamagedError: there are some, and all are damaged.
        """
        return self._newest()[1]

    def best(self) -> dict[str, Any]:
        """The checkpoint of the best epoch so far, by `monitor`.

        Raises:
            ValueError: there is no monitor, or no epoch that counts.
            FileNotFoundError: its file is gone.
            DamagedError: its file is damaged.
        """
        if self.monitor is None:
            raise ValueError(
                "Checkpoints: best() needs monitor, such as Checkpoints(folder, "
                'monitor="valid_loss"): without it the best is not kept.'
            )
        state = self.newest()
        if state is None or state["best_epoch"] is None:
            raise ValueError(
                f"Checkpoints: {self.folder} has no best epoch yet: no epoch with a finite "
                f"{self.monitor} is finished."
            )
        for path in self._of_epoch(state["best_epoch"]):
            with contextlib.suppress(DamagedError):
                return load(path)
        raise FileNotFoundError(
            f"Checkpoints: {self.folder} has no intact checkpoint of epoch {state['best_epoch']}, "
            f"the best by {self.monitor}. Was it deleted, or the monitor changed since?"
        )

    # What fit calls.

    @contextlib.contextmanager
    def opened(self, run: Any) -> Iterator[None]:
        """For the time of a training nobody else writes here."""
        expect_whole(run)
        with self._locked():
            self._begin(run)
            yield

    def batches(self, run: Any, loader: Iterable, accumulate: int) -> Iterable | None:
        """What of the epoch's batches is to be trained on; None if that is nothing.

        In a new epoch it is all of them. In one that a checkpoint has interrupted, the random
        states of its start are put back, so that the order is the same, and the batches of the
        steps that were made are passed over. Then come the random states of the checkpoint.
        """
        state, self._resumed = self._resumed, None
        if state is None:
            self._start = random_states(*run.loaders)
            return loader
        if not run.step_of_epoch:
            set_random_states(state["random"], *run.loaders)
            self._start = state["random"]
            return loader
        self._start = state["random_at_start"]
        set_random_states(self._start, *run.loaders)
        rest = iter(loader)
        for _ in islice(rest, run.step_of_epoch * accumulate):
            pass
        set_random_states(state["random"])
        first = list(islice(rest, 1))
        return chain(first, rest) if first else None

    def save(self, run: Any) -> None:
        """Save where the training stands, if that has not been done.

        Not if it ends with an error: what led there may be in the weights already.
        """
        if run.step and (run.step, run.epoch) != self._saved:
            self._save(run)

    def on_step(self, run: Any) -> None:
        if self.every and run.step % self.every == 0:
            self._save(run)

    def on_epoch(self, run: Any) -> None:
        self._save(run)
        if self.monitor is not None:
            run.history.column(self.monitor)  # a name that is no column is an error

    # Its own.

    def _begin(self, run: Any) -> None:
        for rest in self.folder.glob("step-*.tmp"):  # of one that was killed while it wrote
            rest.unlink()
        self._saved = self._resumed = None
        self._start = random_states(*run.loaders)
        path, state = self._newest()
        if state is None:
            self._settings = settings_of(run)
        elif not self.resume:
            raise ValueError(
                f"Checkpoints: {self.folder} has checkpoints up to step {state['step']}, expected "
                "none: a new training would mix with them. Checkpoints(folder, resume=True) goes "
                "on with theirs; for another, name another folder."
            )
        else:
            restore(run, state)
            files = self.files()
            for damaged in files[: files.index(path)]:
                damaged.rename(f"{damaged}.damaged")  # so that no intact one is deleted for it
            self._settings, self._resumed = state["settings"], state
            self._saved = (run.step, run.epoch)
        if self.resume:
            told = f"goes on after step {run.step}, epoch {run.epoch}" if state else "begins anew"
            print(f"Checkpoints: {self.folder} {told}.")

    def _newest(self) -> tuple[Path | None, dict[str, Any] | None]:
        files, reasons = self.files(), []
        for path in files:
            try:
                return path, load(path)
            except DamagedError as error:
                reasons.append(str(error))
                print(f"Checkpoints: left out. {error}")
        if files:
            raise DamagedError(
                f"Checkpoints: all {len(files)} checkpoints in {self.folder} are damaged, expected "
                "an intact one. Nothing was changed. To begin anew, name another folder. The "
                f"newest: {reasons[0]}"
            )
        return None, None

    def _save(self, run: Any) -> None:
        best = self._best(run)
        state = state_of(run) | {
            "random_at_start": self._start,
            "settings": self._settings,
            "best_epoch": best,
        }
        label = f"step-{run.step:06d}"
        if not run.step_of_epoch:
            label += f"-epoch-{run.epoch}{self._shown(run)}"
        try:
            save(state, self.folder, label)
        except OSError as error:
            raise self._explained(error, "could not write a checkpoint") from error
        self._saved = (run.step, run.epoch)
        for path in set(self.files()[self.keep :]) - set(self._of_epoch(best)):
            path.unlink(missing_ok=True)

    def _best(self, run: Any) -> int | None:
        values = [epoch.get(self.monitor, math.nan) for epoch in run.history.epochs]
        return best_epoch(values, self.mode)

    def _shown(self, run: Any) -> str:
        """The monitored number for the file's name."""
        value = run.history.epochs[-1].get(self.monitor)
        return (
            "" if value is None else f"-{re.sub(r'[^A-Za-z0-9_]+', '_', self.monitor)}-{value:.4g}"
        )

    def _of_epoch(self, number: int | None) -> list[Path]:
        """The checkpoints from the end of an epoch."""
        return [path for path in self.files() if NAME.fullmatch(path.name)[2] == str(number)]

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / ".lock", timeout=PATIENCE)
            lock.acquire()
        except Timeout as error:
            raise RuntimeError(
                f"Checkpoints: another training writes to {self.folder}, expected none. End it, or "
                "name another folder. Nothing was changed."
            ) from error
        except OSError as error:
            raise self._explained(error, "cannot write") from error
        try:
            yield
        finally:
            lock.release()

    def _explained(self, error: OSError, what: str) -> OSError:
        return OSError(
            error.errno,
            f"Checkpoints: {what} in {self.folder}: {error.strerror}. What was there before is as "
            "it was. Make room or name a folder that you may write to, and call fit again, with "
            "resume=True.",
        )
