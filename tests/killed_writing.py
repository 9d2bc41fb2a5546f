"""A training that kills itself at a stage of a write, with a real SIGKILL."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from course_lib import _files
from tests.killed import Case, train

STAGES = (
    "temporary file made",
    "half written",
    "written, not on the disk",
    "on the disk, not renamed",
    "renamed, old ones still there",
    "one old one deleted",
)


class Killing:
    """`os` for course_lib._files; it kills its process at a stage of a write.

    Of the writes from number `write` on, the first that comes to the stage.
    """

    def __init__(self, stage: str, write: int) -> None:
        self.stage, self.left = stage, write

    def __getattr__(self, name: str):
        return getattr(os, name)

    def at(self, stage: str) -> None:
        if self.left <= 0 and stage == self.stage:
            os.kill(os.getpid(), signal.SIGKILL)

    def fdopen(self, handle: int, mode: str):
        self.left -= 1
        self.at(STAGES[0])
        file = os.fdopen(handle, mode)
        if self.left <= 0 and self.stage == STAGES[1]:
            return _Half(file, self)
        return file

    def fsync(self, handle: int) -> None:
        self.at(STAGES[2])
        os.fsync(handle)

    def replace(self, temporary: str, path: Path) -> None:
        self.at(STAGES[3])
        os.replace(temporary, path)
        self.at(STAGES[4])


class _Half:
    def __init__(self, file, killing: Killing) -> None:
        self.file, self.killing = file, killing

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, content: bytes) -> None:
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        self.killing.at(STAGES[1])


def train_to_stage(
    tell: Callable, case: Case, folder: Path, out: Path, stage: str, write: int
) -> None:
    """As `train`, but the process kills itself at a stage of a write."""
    _files.os = killing = Killing(stage, write)
    unlink = Path.unlink

    def unlink_and_tell(path: Path, missing_ok: bool = False) -> None:
        unlink(path, missing_ok)
        if path.suffix == ".pt":
            killing.at(STAGES[5])

    Path.unlink = unlink_and_tell
    train(tell, case, folder, out)
