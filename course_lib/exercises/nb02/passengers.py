"""Exercise 02.3: a Dataset over a table."""

from collections.abc import Callable
from numbers import Integral
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from course_lib.data import PassengerDataset
from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise

if TYPE_CHECKING:
    import pandas as pd

FEATURES = torch.tensor([[0.5, 1.0, 0.0], [-1.0, 0.0, 1.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
LABELS = [0, 1, 1, 0]


class _Encoder:
    """Gives three known features for a row, by the passenger's number."""

    def fit(self, frame: "pd.DataFrame") -> None:
        raise RuntimeError("measure nothing again: the encoder comes fitted")

    def encode(self, frame: "pd.DataFrame") -> Tensor:
        if getattr(frame, "ndim", 2) != 2:
            raise TypeError("encode: got one row, expected a table")
        return FEATURES[[int(name[1:]) for name in frame["passenger"]]]


def _frame(labels: bool = True, first: int = 0) -> "pd.DataFrame":
    """Four rows; their index begins at `first`, as after a filter."""
    import pandas as pd

    columns = {"passenger": ["P0", "P1", "P2", "P3"], "age": [31.0, None, 5.0, None]}
    if labels:
        columns["seasick"] = LABELS
    return pd.DataFrame(columns, index=range(first, first + 4))


TRIED = "four passengers, three features each"


def _made(attempt: Any, frame: "pd.DataFrame", **options: Any) -> Any:
    with explaining(RuntimeError, "The encoder comes fitted on the training part: only encode."):
        made = call(attempt, frame, _Encoder(), **options, tried=TRIED)
    expect_that(
        isinstance(made, Dataset),
        tried=TRIED,
        got=made,
        expected="a torch Dataset",
        idea="The class has to inherit from Dataset.",
    )
    return made


def _used(dataset: Any, use: Callable, tried: str) -> Any:
    """What a use of the dataset gives, with words of its own for what often goes wrong."""
    with (
        explaining(KeyError, "A filtered table keeps its rows' old names: take iloc[index]."),
        explaining(
            TypeError,
            "iloc[index] is one row. encode takes a table: encode it once, in __init__.",
            "expected a table",
        ),
        explaining(NameError, "Is it a name of __init__? What is needed later is kept in `self`."),
        explaining(
            AttributeError,
            "__init__ has to set that name, with `self.` in front, whether `train` or not.",
            f"'{type(dataset).__name__}' object has no",
        ),
    ):
        return call(lambda: use(dataset), tried=tried)


def _item(dataset: Any, index: int, tried: str) -> dict:
    item = _used(dataset, lambda it: it[index], tried)
    expect_that(
        isinstance(item, dict),
        tried=tried,
        got=item,
        expected='a dict such as {"features": ..., "labels": ...}',
        idea="Nothing came back. Does __getitem__ end in `return`?"
        if item is None
        else "The course's batches are dicts: the model's inputs by name, and \"labels\".",
    )
    return item


def _length(attempt: Any) -> None:
    """len(dataset) is the number of passengers"""
    dataset = _made(attempt, _frame())
    expect(
        _used(dataset, len, f"len of {TRIED}"),
        4,
        tried=f"len of {TRIED}",
        idea="__len__ returns how many rows there are. A row with a gap counts too.",
    )


def _features(attempt: Any) -> None:
    """an item's features are its row, encoded"""
    dataset = _made(attempt, _frame(first=10))  # a filtered table keeps its old row names
    items = {index: _item(dataset, index, f"dataset[{index}]") for index in (0, 2, 3)}
    expect_that(
        len({id(item) for item in items.values()}) == 3,
        tried="dataset[0], dataset[2], dataset[3]",
        told="three times the same dict",
        expected="three dicts",
        idea="Make a new dict in __getitem__: a batch holds several items at once.",
    )
    for index, item in items.items():
        tried = f"dataset[{index}]"
        expect_that(
            "features" in item,
            tried=tried,
            got=sorted(map(str, item)),
            expected="the keys 'features' and 'labels'",
            idea="The model takes its input as `features`: that is the key.",
        )
        got = item["features"]
        shape = tuple(getattr(got, "shape", ()))
        ideas = {
            (1, 3): "One row too many axes: an item has no batch axis. The DataLoader adds it.",
            (4, 3): "That is the whole table. Return the row at `index`.",
        }
        expect(
            got,
            FEATURES[index],
            tried=tried,
            idea=ideas.get(
                shape,
                "encoder.encode(frame) gives (N, F): keep it in __init__, return row `index`.",
            ),
        )


def _labels(attempt: Any) -> None:
    """an item's label is a whole number, without an axis"""
    dataset = _made(attempt, _frame(first=10))
    for index in (0, 1, 3):
        tried = f'dataset[{index}]["labels"]'
        item = _item(dataset, index, tried)
        expect_that(
            "labels" in item,
            tried=tried,
            got=sorted(map(str, item)),
            expected="the keys 'features' and 'labels'",
            idea='For training data the item has its target, under "labels".',
        )
        _expect_label(item["labels"], LABELS[index], tried)


def _expect_label(got: Any, expected: int, tried: str) -> None:
    if isinstance(got, Integral) and not isinstance(got, bool):
        got = torch.tensor(got)  # the loader makes the same of it
    whole = isinstance(got, Tensor) and not got.is_floating_point() and got.dtype != torch.bool
    expect_that(
        not whole or got.dtype == torch.long,
        tried=tried,
        got=got,
        expected=f"a tensor of shape (), int64: {expected}",
        idea="Losses take int64: what torch.tensor makes of a column of whole numbers.",
    )
    label = torch.tensor(expected)
    expect(
        got,
        label,
        tried=tried,
        idea='The label is frame["seasick"] of the same row.',
        known=(
            Known(torch.tensor(LABELS), "That is the whole column. Return the label at `index`."),
            Known(label.unsqueeze(0), "A label has no axis, so that a batch of them is (B,)."),
            Known(label.bool(), "A class is a whole number: make the labels long, not bool."),
            Known(label.float(), "A class is a whole number: make the labels long, not float."),
            Known(label.double(), "A class is a whole number: make the labels long, not float."),
        ),
    )


def _without_labels(attempt: Any) -> None:
    """with train=False there is no label, whether the table has the column or not"""
    for labels in (False, True):
        column = "with" if labels else "without"
        tried = f'train=False, a table {column} the column "seasick"'
        with explaining(KeyError, "This table has no such column: read it only if `train`."):
            dataset = _made(attempt, _frame(labels=labels), train=False)
        item = _item(dataset, 1, tried)
        expect_that(
            "labels" not in item,
            tried=tried,
            got=sorted(map(str, item)),
            expected="['features']",
            idea="Leave the key out altogether: None cannot be put into a batch, and a made-up "
            "label would be believed.",
        )
        expect(item["features"], FEATURES[1], tried=tried, idea="The features stay as they are.")


EXERCISE = Exercise(
    "02.3",
    "A Dataset over a table",
    9,
    PassengerDataset,
    (_length, _features, _labels, _without_labels),
    (
        "Do the work once, in __init__: encode the table, keep the labels as a tensor if `train`.",
        (
            'self.features = encoder.encode(frame), and labels = torch.tensor(frame["seasick"].'
            "to_numpy())."
        ),
        (
            'item = {"features": self.features[index]}; add item["labels"] only if there are '
            "labels; return item."
        ),
    ),
)
