"""The passengers of a ferry line: a table with categories, gaps and an unlabelled test part."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from course_lib import runtime
from course_lib.data.splits import _expect_split

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("age", "hours", "wave_height", "trips_before")
CATEGORIES = ("port", "deck", "place", "seat", "tablet")
LABEL = "seasick"
COLUMNS = ("passenger", "booking", "split", *CATEGORIES, *NUMBERS, LABEL)
MAY_BE_MISSING = ("age", "seat", "wave_height")


def load_passengers(split: str, path: str | Path | None = None) -> pd.DataFrame:
    """The passengers of a split, one row each; the test part has no column "seasick".

    Arguments:
        split  "train", "validation" or "test"; a booking is in one of them with all its passengers.
        path   another file of the same kind; the course's own without it.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: no such split, an empty file, a missing column, or a value of the wrong kind,
            which the message names with its line.

    Built in notebooks/02_dataset_and_dataloader.ipynb.
    """
    _expect_split(split, "load_passengers")
    path = runtime.data_dir() / "passengers.csv" if path is None else Path(path)
    frame = _read(path)
    _expect_known_splits(frame, path)
    chosen = frame[frame["split"] == split].reset_index(drop=True)
    if split == "test":
        return chosen.drop(columns=LABEL)
    _expect_every_label(chosen, path)
    return chosen.astype({LABEL: "int64"})


def _read(path: Path) -> pd.DataFrame:
    """The whole file, its columns of numbers converted; a row's index is the line it stands on."""
    import pandas as pd

    lines = _lines(path)
    header = lines[0][1] if lines else []
    _expect_columns(header, len(lines) - 1, path)
    numbers, rows = zip(*lines[1:], strict=True)
    for line, fields in zip(numbers, rows, strict=True):
        if len(fields) != len(header):
            raise ValueError(
                f"load_passengers: {path.name}, line {line}: got {len(fields)} values, expected "
                f"{len(header)}, one for each column. Is there a comma too many or too few, or "
                "was the file cut off?"
            )
    frame = pd.DataFrame(rows, index=numbers, columns=header)
    for column in COLUMNS:
        convert = _label if column == LABEL else _number if column in NUMBERS else _text
        frame[column] = _converted(frame[column], convert, path)
    return frame


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """The number and the fields of each line that is not blank."""
    if not path.is_file():
        raise FileNotFoundError(
            f"load_passengers: found no file {path.name} in {path.parent}, expected a CSV file. "
            "Is the path right? Without one, the course's own file is read."
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            return [(reader.line_num, fields) for fields in reader if fields]
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(
            f"load_passengers: {path.name} cannot be read as a table ({error}); expected UTF-8 "
            "text with commas between the columns. Was it saved as CSV?"
        ) from error


def _expect_columns(header: list[str], rows: int, path: Path) -> None:
    missing = [column for column in COLUMNS if column not in header]
    twice = sorted({column for column in header if header.count(column) > 1})
    if not header:
        got = "nothing in it"
    elif missing:
        got = f"no column {', '.join(missing)}"
    elif twice:
        got = f"two columns {', '.join(twice)}"
    elif not rows:
        got = "a header and no rows"
    else:
        return
    raise ValueError(
        f"load_passengers: {path.name} has {got}; expected rows with the columns "
        f"{', '.join(COLUMNS)}. Was it saved completely, with commas between the columns?"
    )


def _converted(column: pd.Series, convert: Callable[[str], Any], path: Path) -> list:
    values = []
    for line, text in column.items():
        try:
            if text == "" and column.name not in (*MAY_BE_MISSING, LABEL):
                raise ValueError("a value")
            values.append(None if text == "" else convert(text))
        except ValueError as error:
            raise ValueError(
                f"load_passengers: {path.name}, line {line}, column {column.name}: got {text!r}, "
                f"expected {error}. Mend that line and load the file again."
            ) from None
    return values


def _text(text: str) -> str:
    return text


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("a number")
    return number


def _label(text: str) -> int:
    if text not in ("0", "1"):
        raise ValueError("0 or 1, or nothing in the test part")
    return int(text)


def _expect_known_splits(frame: pd.DataFrame, path: Path) -> None:
    for line, split in frame["split"].items():
        _expect_split(split, f"load_passengers: {path.name}, line {line}, column split")


def _expect_every_label(frame: pd.DataFrame, path: Path) -> None:
    gaps = frame.loc[frame[LABEL].isna(), "passenger"]
    if len(gaps):
        raise ValueError(
            f"load_passengers: {path.name}: passenger {gaps.iloc[0]} has no label, expected 0 or "
            "1; only the test part may lack it. Label it, or move its booking to the test part."
        )


@dataclass(frozen=True)
class TableEncoder:
    """Turns rows of a table into numbers, with what it measured on the training part alone.

    A number loses its mean and is divided by its deviation. A gap becomes the median, and where the
    training part has gaps, a column of their own says so. A category becomes a column for each
    value that the training part knows; a gap or an unknown value is 0 in all of them.

    Built in notebooks/02_dataset_and_dataloader.ipynb.
    """

    medians: Mapping[str, float]
    means: Mapping[str, float]
    deviations: Mapping[str, float]
    gaps: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def fit(cls, frame: pd.DataFrame) -> TableEncoder:
        """Measure medians, means, deviations and categories; pass the training part, no other.

        A number that is always the same, or never there, becomes 0.

        Raises:
            ValueError: the table has no rows.
        """
        if len(frame) == 0:
            raise ValueError(
                "TableEncoder.fit: got a table without rows, expected the training part. Did a "
                "filter leave nothing?"
            )
        numbers = frame[list(NUMBERS)].astype("float64")
        medians = numbers.median().fillna(0.0)  # a column of nothing but gaps has no median
        filled = numbers.fillna(medians)
        deviations = filled.std(ddof=0).where(filled.nunique() > 1, 1.0)
        gaps = tuple(name for name in NUMBERS if numbers[name].isna().any())
        values = {name: tuple(sorted(frame[name].dropna().unique())) for name in CATEGORIES}
        return cls(medians.to_dict(), filled.mean().to_dict(), deviations.to_dict(), gaps, values)

    @property
    def names(self) -> list[str]:
        """What each of the F columns means."""
        known = [f"{name} = {value}" for name in CATEGORIES for value in self.values[name]]
        return [*NUMBERS, *(f"{name} missing" for name in self.gaps), *known]

    def encode(self, frame: pd.DataFrame) -> Tensor:
        """N rows -> (N, F) float."""
        columns = []
        for name in NUMBERS:
            filled = frame[name].astype("float64").fillna(self.medians[name])
            columns.append((filled - self.means[name]) / self.deviations[name])
        columns += [frame[name].isna() for name in self.gaps]
        for name in CATEGORIES:
            columns += [frame[name] == value for value in self.values[name]]
        stacked = [torch.tensor(column.to_numpy(dtype="float32")) for column in columns]
        return torch.stack(stacked, dim=1)  # (N, F)


class PassengerDataset(Dataset):
    """Passengers as vectors: `{"features": (F,) float, "labels": () long}`.

    With `train=False` there are no labels, whether the table has them or not.

    Raises:
        ValueError: labels are wanted and the table has none.

    Built in notebooks/02_dataset_and_dataloader.ipynb.
    """

    def __init__(self, frame: pd.DataFrame, encoder: TableEncoder, train: bool = True) -> None:
        if train and LABEL not in frame.columns:
            raise ValueError(
                f"PassengerDataset: got a table without the column {LABEL!r}, expected one with "
                "it. For the test part say train=False."
            )
        self.features = encoder.encode(frame)  # (N, F)
        self.labels = torch.tensor(frame[LABEL].to_numpy()) if train else None

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        item = {"features": self.features[index]}
        if self.labels is not None:
            item["labels"] = self.labels[index]
        return item
