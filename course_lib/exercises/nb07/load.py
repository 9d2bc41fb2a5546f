"""Exercise 07.4: a file that is what was written, or an error."""

import contextlib
import hashlib
import io
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from course_lib.checkpoint import DamagedError
from course_lib.exercises._checking import Mistake, Raised, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb07 import _toy


def load(path: Path) -> dict:
    """Read what save wrote."""
    content, expected = path.read_bytes(), path.stem.rpartition("-")[2]
    found = hashlib.sha256(content).hexdigest()[:16]
    if found != expected:
        raise DamagedError(f"{path.name} is damaged: its checksum is {found}")
    return torch.load(io.BytesIO(content), weights_only=True)


LABELS = ("epoch-005", "last", "step-000120-loss-0.41")
LAST_DASH = (
    "This file is as save wrote it. The checksum stands after the last dash of the name, before "
    ".pt; the label may have dashes and dots of its own: path.stem.rpartition('-')[2]. It is the "
    "first 16 digits of hashlib.sha256(content).hexdigest()."
)
FIRST = (
    "torch.load was there first, and it does what a file tells it, damaged or not. Compare the "
    "checksum of path.read_bytes() before, and load then."
)
NO_TEXT = "A path is no text. path.name is its last part, and path.stem that without .pt."
HEX = "hashlib.sha256(content) is an object. Its digits as text: .hexdigest(), with brackets."
TURNED = (
    "This file is as save wrote it, and one with another checksum is let through. Raise where the "
    "two differ: !=."
)
READ_OUT = (
    "It is read to its end, and torch.load finds nothing there: f.seek(0), or a new "
    "io.BytesIO(content)."
)


def _state() -> dict[str, Any]:
    return {"epoch": 5, "model": {"weight": torch.tensor([[1.0, 2.0], [3.0, 4.0]])}}


class Stranger:
    """A program in a pickle: it makes a folder, harmlessly."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.folder),)


def _intact(attempt: Any) -> None:
    """an intact file is loaded, whatever its label"""
    with _toy.folder() as folder:
        for label in LABELS:
            path = _toy.saved(_state(), folder, label)
            tried = f"an intact file {label}-<16 digits>.pt"
            with (
                _turned_round(attempt, path),
                explaining(UnicodeError, "These are bytes, and no text: path.read_bytes()."),
                explaining(IndexError, LAST_DASH),
                explaining(ValueError, LAST_DASH),
                explaining(AttributeError, NO_TEXT, "Path' object"),
                explaining(AttributeError, "torch.load wants a file: io.BytesIO(content).", "seek"),
                explaining(TypeError, NO_TEXT, "Path' object"),
                explaining(TypeError, HEX, "not subscriptable"),
                explaining(EOFError, READ_OUT),
            ):
                got = call(attempt, path, tried=tried)
            expect(got, _state(), tried=tried, idea="Return what torch.load gives, all of it.")


@contextlib.contextmanager
def _turned_round(attempt: Any, path: Path) -> Iterator[None]:
    """Say so on the card if the attempt refuses an intact file, and no damaged one."""
    try:
        yield
    except Raised as raised:
        if _toy.is_damaged_error(raised.error):
            other = _toy.written(path.read_bytes(), path.parent, "other")
            other = other.rename(other.with_name(f"epoch-005-{'0' * 16}.pt"))
            with contextlib.suppress(Raised, Mistake):
                call(attempt, other, tried="a file whose name has another checksum")
                raised.idea = TURNED
        raise


def _expect_damaged(attempt: Any, path: Path, tried: str) -> None:
    """Expect a DamagedError that names the file."""
    with (
        explaining(AssertionError, "python -O leaves assert out, and others catch DamagedError."),
        explaining(RuntimeError, FIRST),
        explaining(EOFError, FIRST),
        explaining(pickle.UnpicklingError, FIRST),
    ):
        try:
            got = call(attempt, path, tried=tried)
        except Raised as raised:
            if not isinstance(raised.error, ValueError):
                raise
            error = raised.error
        else:
            raise Mistake(
                tried,
                "no error" if got is None else "a state",
                "a DamagedError",
                "Compare the first 16 digits of hashlib.sha256(content).hexdigest() with those in "
                "the name. If they differ, raise; who asked decides what to do then.",
            )
    expect_that(
        _toy.is_damaged_error(error),
        tried=tried,
        told=f"{type(error).__name__}",
        expected="a DamagedError",
        idea="Raise DamagedError: others catch this one and no other.",
    )
    expect_that(
        path.name in str(error),
        tried=tried,
        told=f"{type(error).__name__}: {error}",
        expected="a message with the file's name",
        idea="Who reads the message wants to know which file: path.name.",
    )


def _damaged(attempt: Any) -> None:
    """a damaged one is a DamagedError that names the file"""
    with _toy.folder() as folder:
        path = _toy.saved(_state(), folder, "epoch-005")
        good = path.read_bytes()
        number = good.index(torch.tensor([1.0, 2.0]).numpy().tobytes())
        for content, what in (
            (_toy.flipped(good, 8 * number), "of which one bit in a number is flipped"),
            (_toy.flipped(good, 8 * len(good) - 1), "of which the last bit is flipped"),
            (good[: len(good) // 2], "that was cut short"),
            (good + b"\0", "with one byte more"),
            (b"", "that is empty"),
        ):
            path.write_bytes(content)
            _expect_damaged(attempt, path, f"epoch-005-<16 digits>.pt {what}")
        path.write_bytes(good)
        other = path.with_name(f"epoch-005-{'0' * 16}.pt")
        path.rename(other)
        _expect_damaged(attempt, other, "a file whose name has another checksum")


def _before(attempt: Any) -> None:
    """before anything is unpickled"""
    with _toy.folder() as folder:
        mark, tried = folder / "mark", "a damaged file with a program in it"
        path = _toy.saved({"epoch": 5, "note": Stranger(mark)}, folder, "epoch-005")
        path = path.rename(path.with_name(f"epoch-005-{'0' * 16}.pt"))
        try:
            _expect_damaged(attempt, path, tried)
        finally:
            _expect_not_run(mark, tried, FIRST)


def _expect_not_run(mark: Path, tried: str, idea: str) -> None:
    if mark.exists():
        raise Mistake(tried, "the program ran", "it does not run", idea)


def _strangers(attempt: Any) -> None:
    """a stranger's program does not run, even if the checksum is right"""
    with _toy.folder() as folder:
        mark, tried = folder / "mark", "a program in a file whose checksum is right"
        path = _toy.saved({"epoch": 5, "note": Stranger(mark)}, folder, "epoch-005")
        error = None
        try:
            call(attempt, path, tried=tried)
        except Raised as raised:
            error = raised.error  # as it should
        finally:
            _expect_not_run(
                mark,
                tried,
                "Anybody can compute a checksum: it tells of damage, not of malice. Leave "
                "weights_only at True.",
            )
        _expect_of_torch(error, tried)


def _expect_of_torch(error: BaseException | None, tried: str) -> None:
    expect_that(
        error is not None,
        tried=tried,
        told="no error",
        expected="the error of torch.load",
        idea="torch.load refuses it with an error. Let it come through: who asked has to know.",
    )
    expect_that(
        not _toy.is_damaged_error(error),
        tried=tried,
        told="a DamagedError",
        expected="the error of torch.load",
        idea="The file is as it was written, so it is not damaged: let torch.load's error come "
        "through.",
    )


EXERCISE = Exercise(
    "07.4",
    "A file that is what was written",
    8,
    load,
    (_intact, _damaged, _before, _strangers),
    (
        "Read the bytes, compute their checksum as save does, compare it with the one in the name.",
        (
            "path.stem is the name without .pt, and path.stem.rpartition('-')[2] what follows its "
            "last dash."
        ),
        (
            "if hashlib.sha256(content).hexdigest()[:16] != expected: raise "
            "DamagedError(path.name). Else torch.load(io.BytesIO(content))."
        ),
    ),
)
