"""A folder for each run: who writes in it, and what lies there already."""

import time
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

EVENTS = "*tfevents*"


def event_files(folder: Path) -> list[Path]:
    """The event files that lie in this very folder, the oldest first."""
    return sorted(path for path in folder.glob(EVENTS) if path.is_file())


def runs_below(folder: Path) -> dict[str, Path]:
    """The folders with event files, `folder` itself and below, by their names from it."""
    found = {path.parent for path in folder.rglob(EVENTS) if path.is_file()}
    return {run.relative_to(folder).as_posix(): run for run in sorted(found)}


def claim(folder: Path, goes_on: bool) -> tuple[Path, FileLock]:
    """A folder that nobody else writes to, and the lock that keeps it so.

    Two runs in one folder are drawn as one curve that jumps back and forth, and TensorBoard loses
    points of two that write at the same time. So a run gets the first of `folder`, `folder-2`,
    `folder-3`, … that is free. One that `goes_on` may add to what lies there.

    Raises:
        OSError: nothing can be written there.
    """
    for number in count(1):
        wanted = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        lock = _locked(wanted)
        if lock is None:
            continue
        files = event_files(wanted)
        if goes_on or not files:
            _wait_for_the_next_second(files)
            return wanted, lock
        lock.release()
    raise AssertionError("count never ends")


def _wait_for_the_next_second(files: list[Path]) -> None:
    """TensorBoard reads files by name, which begins with the second: the new one must be last."""
    while files and files[-1].name >= f"events.out.tfevents.{int(time.time())}":
        time.sleep(0.02)


def _locked(folder: Path) -> FileLock | None:
    """The lock of a folder, which dies with its process; None while somebody has it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock
