"""The explorers of notebooks/02_dataset_and_dataloader.ipynb."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import Patch
from torch import Tensor
from torch.utils.data import WeightedRandomSampler

from course_lib import plot
from course_lib.data import SentenceDataset, make_loader
from course_lib.explore._explorer import Choice, Explorer, Slider, Toggle, View

SIZES = ("1", "2", "4", "8", "16", "32")
ROWS = 32  # sentences in a column, and there are two columns
GAP = 0.6  # rows between two batches
LABEL = 15  # tokens that the widest shape beside a batch takes at least
SEED = 0


def padded_batches(sentences: Sequence[str], encode: Callable[[str], list[int]]) -> Explorer:
    """Padded batches token by token, and what padding costs, as size, shuffle and bucketing move.

    Arguments:
        sentences  the texts of an epoch; a few hundred
        encode     turns a text into a list of token numbers; no more than 64 are kept
    """
    dataset = SentenceDataset(sentences, None, encode)
    controls = {
        "batch_size": Choice("batch size B", SIZES, "8"),
        "shuffle": Toggle("shuffle", True),
        "bucketing": Toggle("bucketing", False),
        "place": Slider("place in the epoch, %", 0, 100, 0, step=10),
    }
    return Explorer("padded_batches", partial(draw_padded_batches, dataset), controls)


def draw_padded_batches(
    dataset: SentenceDataset, batch_size: str, shuffle: bool, bucketing: bool, place: int
) -> View:
    """Some batches in a row: a line for each sentence, a square for each place."""
    size = int(batch_size)
    plain, bucketed = (_masks(dataset, size, shuffle, bucket) for bucket in (False, True))
    masks = bucketed if bucketing else plain
    in_column = ROWS // size
    first = round(place / 100 * max(0, len(masks) - 2 * in_column))
    drawn = masks[first : first + 2 * in_column]
    figure, columns = plot.figure(
        f"Of the {_places(drawn):,} places drawn, {_padding(drawn):.0%} are padding",
        columns=2,
        size=(7.2, 4.4),
    )
    for axes, start in zip(columns, (0, in_column), strict=True):
        _batches(axes, drawn[start : start + in_column], max(dataset.lengths))
    _legend(figure, {"token": plot.BLUE, "padding": plot.ORANGE})
    before, after = _places(plain), _places(bucketed)
    caption = (
        f"Batches {first + 1} to {first + len(drawn)} of {len(masks)}, each with its shape (B, T). "
        f"In the whole epoch {_padding(masks):.0%} are padding: {_tokens(masks):,} tokens take "
        f"{before:,} places without bucketing and {after:,} with it, {1 - after / before:.0%} fewer."
    )
    return View(figure, caption)


def _masks(dataset: SentenceDataset, size: int, shuffle: bool, bucket: bool) -> list[Tensor]:
    """The attention masks (B, T) of the first epoch."""
    loader = make_loader(dataset, size, shuffle=shuffle, bucket=bucket, seed=SEED)
    return [batch["attention_mask"] for batch in loader]


def _places(masks: Sequence[Tensor]) -> int:
    return sum(mask.numel() for mask in masks)


def _tokens(masks: Sequence[Tensor]) -> int:
    return sum(int(mask.sum()) for mask in masks)


def _padding(masks: Sequence[Tensor]) -> float:
    return 1 - _tokens(masks) / _places(masks)


def _batches(axes: Axes, masks: Sequence[Tensor], longest: int) -> None:
    """One column of batches, from its top; the scale is the same for every setting."""
    plot.bare(axes)
    most_gaps = ROWS / 2 - 1  # those of batches of two; batches of one share them out
    gap = min(GAP, GAP * most_gaps / max(1, len(masks) - 1))
    squares, colours, top = [], [], 0.0
    for mask in masks:
        for row, column in torch.cartesian_prod(*map(torch.arange, mask.shape)).tolist():
            squares.append(_square(column, top + row))
            colours.append(plot.BLUE if mask[row, column] else plot.ORANGE)
        middle, shape = top + len(mask) / 2, str(tuple(mask.shape))
        axes.text(mask.shape[1] + 0.8, middle, shape, size=8, va="center", color=plot.INK)
        top += len(mask) + gap
    axes.add_collection(PolyCollection(squares, facecolors=colours, linewidths=0))
    axes.set(xlim=(0, longest + LABEL), ylim=(ROWS + GAP * most_gaps, 0))  # downwards


def _square(x: float, y: float) -> tuple:
    left, right, top, bottom = x + 0.08, x + 0.92, y + 0.08, y + 0.92
    return (left, top), (right, top), (right, bottom), (left, bottom)
