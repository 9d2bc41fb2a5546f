"""Exercise 07.6: where to go on."""

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from course_lib.checkpoint import DamagedError
from course_lib.exercises._checking import (
    Known,
    Mistake,
    Raised,
    call,
    expect,
    expect_that,
    explaining,
)
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb07 import _toy
from course_lib.exercises.nb07.load import Stranger, load


def newest(folder: Path) -> dict | None:
    """The state in the newest intact checkpoint epoch-...-....pt of a folder."""
    damaged = None
    for path in sorted(folder.glob("epoch-*.pt"), reverse=True):
        try:
            return load(path)
        except DamagedError as error:
            damaged = damaged or error
    if damaged:
        raise damaged
    return None


NEWEST_FIRST = 'sorted(folder.glob("epoch-*.pt"), reverse=True) has the newest first.'
OLDER = f"An older one, though a newer one is intact. {NEWEST_FIRST}"


THROUGH = (
    "The error of the damaged one came through, and an intact one is there. try: return "
    "load(path), except DamagedError: go on with the next, however many are damaged."
)
NOT_TORCH = "load, from above, raises DamagedError. torch.load has errors of many kinds."
NAMES_ONLY = (
    "load takes a path, as folder.glob gives it. str(path) is text, and os.listdir gives names "
    "without their folder."
)
NO_LIST = "glob gives one path after the other and no list. sorted(...) makes a list of them."
HALF = "epoch-....tmp is half a file, of a training that was killed as it wrote: no checkpoint."
DELETED = (
    "Python deletes the name when the `except` block ends. Keep the error by another: kept = error."
)


def _state(epoch: int) -> dict[str, Any]:
    return {"epoch": epoch, "model": {"weight": torch.tensor([float(epoch)])}}


def _filled(folder: Path, epochs: tuple[int, ...]) -> list[Path]:
    return [_toy.saved(_state(epoch), folder, f"epoch-{epoch:03d}") for epoch in epochs]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def _expect(attempt: Any, folder: Path, epoch: int, tried: str, idea: str, *known: Known) -> None:
    """Expect the state of an epoch, and all files as they were."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with (
        explaining(AttributeError, NAMES_ONLY, "'str' object"),
        explaining(TypeError, NO_LIST, "not reversible"),
        explaining(TypeError, NO_LIST, "not subscriptable"),
    ):
        got = call(attempt, folder, tried=tried)
    expect_that(
        got is not None,
        tried=tried,
        got=got,
        expected=f"the state of epoch {epoch}",
        idea="Nothing came back. Does the function end in `return`, and inside the loop? None "
        "means that there is no checkpoint, and the training begins anew.",
    )
    expect_that(
        not isinstance(got, (Path, str)),
        tried=tried,
        told="a path",
        expected=f"the state of epoch {epoch}",
        idea="This is where it is. Return what load(path) gives.",
    )
    expect(got, _state(epoch), tried=tried, idea=idea, known=known)
    expect_that(
        {path.name: path.read_bytes() for path in folder.iterdir()} == before,
        tried=f"{tried}: the folder afterwards",
        told="other files",
        expected="the files as they were",
        idea="Looking changes nothing. Somebody may still want to see what is in a damaged file.",
    )


def _newest(attempt: Any) -> None:
    """of intact ones, that of the last epoch, and not the file that was written last"""
    known = (
        Known(
            _state(2),
            f"The oldest. {NEWEST_FIRST} Return the first that loads, there and then. The time of "
            "writing tells nothing: copying, as to Drive, changes it.",
        ),
        Known(_state(9), f"As text, 9 is above 11; the names have zeros for that. {OLDER}"),
        Known(_state(10), OLDER),
    )
    for order in ((11, 10, 9, 2), (2, 9, 10, 11)):  # a folder may be listed as it was filled
        with _toy.folder() as folder:
            for path in _filled(folder, order):  # the older the epoch, the later it was written
                time = 1_000_000_000 - int(path.name[6:9])
                os.utime(path, (time, time))
            tried = "epochs 2, 9, 10 and 11, copied there in the order 11, 10, 9, 2"
            _expect(attempt, folder, 11, tried, NEWEST_FIRST, *known)


def _damaged(attempt: Any) -> None:
    """damaged ones are passed over"""
    with _toy.folder() as folder:
        paths = _filled(folder, (1, 2, 3, 4, 5))
        for epoch in (4, 3, 2, 1):
            _cut(paths[epoch])
            damaged = " and ".join(str(n) for n in range(epoch + 1, 6))
            tried = f"epochs 1 to 5, of which {damaged} cut short"
            idea = f"Try load on each, the newest first, and return the first that loads. {OLDER}"
            with (
                explaining(ValueError, THROUGH),
                explaining(RuntimeError, NOT_TORCH),
                explaining(EOFError, NOT_TORCH),
                explaining(OSError, NOT_TORCH),
                explaining(pickle.UnpicklingError, NOT_TORCH),
            ):
                _expect(attempt, folder, epoch, tried, idea, Known(_state(1), OLDER))


def _others(attempt: Any) -> None:
    """other files in the folder are none of its business"""
    with _toy.folder() as folder:
        _filled(folder, (1, 2))
        _toy.saved(_state(7), folder, "weights")
        (folder / "epoch-003-0123456789abcdef.tmp").write_bytes(b"half")
        (folder / "notes.txt").write_text("epoch-009", encoding="utf-8")
        tried = "epochs 1 and 2, and the files weights-<16 digits>.pt, epoch-003-....tmp, notes.txt"
        known = Known(_state(7), 'weights-....pt is no checkpoint: folder.glob("epoch-*.pt").')
        _expect(attempt, folder, 2, tried, NEWEST_FIRST, known)


def _none(attempt: Any) -> None:
    """None, where there is no checkpoint"""
    for others in (False, True):
        with _toy.folder() as folder:
            if others:
                _toy.saved(_state(7), folder, "weights")
                (folder / "epoch-001-0123456789abcdef.tmp").write_bytes(b"half")
            tried = "weights-<16 digits>.pt and epoch-001-....tmp" if others else "an empty folder"
            idea = "There is nothing to go on from: return None, and the training begins."
            with explaining(ValueError, HALF, ".tmp"), explaining(Exception, idea):
                got = call(attempt, folder, tried=tried)
            expect(
                got,
                None,
                tried=tried,
                idea=idea,
                known=(Known(_state(7), "weights-....pt is no checkpoint."),),
            )


def _all_damaged(attempt: Any) -> None:
    """a DamagedError, if all are damaged"""
    for epochs in ((1,), (1, 2, 3)):
        with _toy.folder() as folder:
            for path in _filled(folder, epochs):
                _cut(path)
            tried = f"{len(epochs)} of {len(epochs)} checkpoints damaged"
            try:
                got = call(attempt, folder, tried=tried)
            except Raised as raised:
                if _toy.is_damaged_error(raised.error):
                    continue
                raised.idea = "Raise a DamagedError: one of those that load gave, for example."
                if isinstance(raised.error, UnboundLocalError):
                    raised.idea = DELETED
                raise
            expect_that(
                False,
                tried=tried,
                got=got,
                expected="a DamagedError",
                idea="None means that there is no checkpoint: the training would begin anew, "
                "silently, and write over what could be rescued. Keep the error, and raise it "
                "after the loop.",
            )


def _other_errors(attempt: Any) -> None:
    """other errors come through"""
    for what in ("with a program in it", "that was cut before its checksum was taken"):
        with _toy.folder() as folder:
            _filled(folder, (1, 2))
            third = _toy.saved({"epoch": 3, "note": Stranger(folder / "mark")}, folder, "epoch-003")
            if "cut" in what:
                _toy.written(third.read_bytes()[:200], folder, "epoch-003")
                third.unlink()
            _expect_error(attempt, folder, f"epochs 1 and 2, and an epoch 3 {what}")


def _expect_error(attempt: Any, folder: Path, tried: str) -> None:
    try:
        call(attempt, folder, tried=tried)
    except Raised:
        return
    raise Mistake(
        tried,
        "no error",
        "the error of load",
        "This file is as it was written, and torch.load refuses it: somebody should know. "
        "`except Exception` hides that, and every slip of yours. Catch DamagedError alone.",
    )


def _folders(attempt: Any) -> None:
    """those of reading come through too"""
    tried = "epochs 1 and 2, and a folder named epoch-003-0000000000000000.pt"
    with _toy.folder() as folder:
        _filled(folder, (1, 2))
        (folder / f"epoch-003-{'0' * 16}.pt").mkdir()
        try:
            call(attempt, folder, tried=tried)
        except Raised:
            return
    if not _takes_files_only(attempt):
        raise Mistake(
            tried,
            "no error",
            "the error of load",
            "What cannot be read is not damaged: it is an OSError, as when a drive is gone for a "
            "moment, and an older checkpoint would be taken silently. Catch DamagedError alone.",
        )


def _takes_files_only(attempt: Any) -> bool:
    """Whether it never asks load about a folder, which is as good."""
    tried = "a folder named epoch-003-0000000000000000.pt, and nothing else"
    with _toy.folder() as folder:
        (folder / f"epoch-003-{'0' * 16}.pt").mkdir()
        try:
            return call(attempt, folder, tried=tried) is None
        except Raised:
            return False


EXERCISE = Exercise(
    "07.6",
    "Where to go on",
    6,
    newest,
    (_newest, _damaged, _others, _none, _all_damaged, _other_errors, _folders),
    (
        'A loop over sorted(folder.glob("epoch-*.pt"), reverse=True): the newest first.',
        "In the loop: try: return load(path), except DamagedError as error: keep the error.",
        "After the loop: raise the error that was kept, if there is one; else return None.",
    ),
)
