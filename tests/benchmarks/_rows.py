"""Rows of measurements, kept in a CSV file if asked to, so that a run that was ended goes on.

WRITE=1 in the environment asks for it: rows that the file has are not measured again, and each new
one is written at once. Delete the file to measure all of them anew.
"""

import csv
import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from course_lib import _files, runtime

FOLDER = runtime.data_dir() / "transfer"
Row = dict[str, str]


def writes() -> bool:
    """Never for another backbone than the shipped one: the rows do not name it."""
    asked = os.environ.get("WRITE", "0") not in ("", "0")
    return asked and not os.environ.get("BACKBONE")


def rows(
    name: str,
    wanted: Iterable[Mapping[str, object]],
    measure: Callable[..., Mapping[str, object]],
) -> list[Row]:
    """A row for each of `wanted`, completed by `measure(**wanted)`; all values as a file has them.

    Arguments:
        name  of the file in data/transfer
    """
    kept = read(FOLDER / name) if writes() else []
    return [_row(name, kept, key, measure) for key in wanted]


def read(path: Path) -> list[Row]:
    """The rows of a file; none if there is no file."""
    return list(csv.DictReader(path.read_text("utf-8").splitlines())) if path.is_file() else []


def write(path: Path, kept: Sequence[Row]) -> None:
    text = io.StringIO()
    table = csv.DictWriter(text, list(kept[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(kept)
    _files.write_atomically(path, text.getvalue().encode())


def numbers(found: Iterable[Row], column: str) -> list[float]:
    return [float(row[column]) for row in found]


def _row(
    name: str, kept: list[Row], key: Mapping[str, object], measure: Callable[..., Mapping]
) -> Row:
    asked = _as_text(key)
    for row in kept:
        if asked.items() <= row.items():
            return row
    row = asked | _as_text(measure(**key))
    if writes():
        kept.append(row)
        write(FOLDER / name, kept)
    return row


def _as_text(values: Mapping[str, object]) -> Row:
    return {name: str(value) for name, value in values.items()}
