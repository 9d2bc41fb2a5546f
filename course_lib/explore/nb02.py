"""The explorers of notebooks/02_dataset_and_dataloader.ipynb."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from torch import Tensor
from torch.utils.data import WeightedRandomSampler

from course_lib import plot
from course_lib.data import SentenceDataset, make_loader
from course_lib.explore._explorer import Choice, Explorer, Slider, Toggle, View

SIZES = ("2", "4", "8", "16", "32")
ROWS = 32  # sentences in a column, and there are two columns
GAP, GAPS = 1.2, 6.0  # rows: between two batches at most, and in a column together
LABEL = 12  # tokens: room for the shape beside the widest batch
SEED = 0
ORDERS = {  # by shuffle and bucketing
    (False, False): "in the order of the data",
    (True, False): "in random order",
    (False, True): "from the shortest sentences to the longest",
    (True, True): "of sentences alike in length, in random order",
}
REPLACED = "The sampler draws with replacement; a plain shuffle draws each example once."
HOLLOW = {"facecolor": "none", "edgecolor": plot.INK, "linewidth": 1.2}


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
    """Some batches one after the other: a row for each sentence, a cell for each position."""
    size = int(batch_size)
    plain, bucketed = (_masks(dataset, size, shuffle, bucket) for bucket in (False, True))
    masks = bucketed if bucketing else plain
    in_column = ROWS // size
    first = round(place / 100 * max(0, len(masks) - 2 * in_column))
    drawn = masks[first : first + 2 * in_column]
    figure, columns = plot.figure(
        f"Of the {_places(drawn):,} positions drawn, {_padding(drawn):.0%} are padding",
        columns=2,
        size=(7.2, 4.4),
    )
    for axes, start in zip(columns, (0, in_column), strict=True):
        _batches(axes, drawn[start : start + in_column], max(dataset.lengths))
    legend = [Patch(color=plot.BLUE, label="token"), Patch(color=plot.ORANGE, label="padding")]
    _legend(figure, legend)
    before, after = _places(plain), _places(bucketed)
    caption = (
        f"Batches {first + 1} to {first + len(drawn)} of {len(masks)}, "
        f"{ORDERS[shuffle, bucketing]}; a row is a sentence, and beside each batch stands its "
        f"shape (B, T). In the whole epoch {_padding(masks):.0%} of the positions are padding: "
        f"{_tokens(masks):,} tokens take {before:,} positions without bucketing and {after:,} with "
        f"it, {1 - after / before:.0%} fewer."
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
    gap = min(GAP, GAPS / max(1, len(masks) - 1))
    squares, colours, top = [], [], 0.0
    for mask in masks:
        for row, places in enumerate(mask.tolist()):
            squares += [_square(column, top + row) for column in range(len(places))]
            colours += [plot.BLUE if real else plot.ORANGE for real in places]
        right, middle, shape = mask.shape[1] + 0.8, top + len(mask) / 2, str(tuple(mask.shape))
        label = axes.text(right, middle, shape, size=8, va="center", color=plot.INK)
        label.set_in_layout(False)  # it stands inside, and laying out many takes long
        top += len(mask) + gap
    grid = PolyCollection(squares, facecolors=colours, linewidths=0)
    axes.add_collection(grid, autolim=False)
    axes.set(xlim=(0, longest + LABEL), ylim=(ROWS + GAPS, 0))  # downwards


def _square(x: float, y: float) -> tuple:
    left, right, top, bottom = x + 0.08, x + 0.92, y + 0.08, y + 0.92
    return (left, top), (right, top), (right, bottom), (left, bottom)


def sampler(labels: Sequence[int] | Tensor, names: Sequence[str], weights: Tensor) -> Explorer:
    """How often each class is drawn in an epoch as its examples are weighted more and more.

    Arguments:
        labels   (N,) whole numbers from 0 to C - 1
        names    of the C classes
        weights  (C,) what an example of each class weighs at 100 %: `class_weights(labels, C)`

    Raises:
        ValueError: there is not one name and one weight for each class that occurs.
    """
    labels, weights = torch.as_tensor(labels), torch.as_tensor(weights)
    classes = labels.unique().tolist()
    if not classes == list(range(len(names))) == list(range(len(weights))):
        raise ValueError(
            f"explore.sampler: got {len(names)} names, {len(weights)} weights and the labels "
            f"{classes}, expected labels from 0 on, with a name and a weight each. Are the "
            "weights class_weights(labels, len(names))?"
        )
    controls = {"balance": Slider("balance, %", 0, 100, 100, step=10)}
    return Explorer("sampler", partial(draw_sampler, labels, names, weights), controls)


def draw_sampler(labels: Tensor, names: Sequence[str], weights: Tensor, balance: int) -> View:
    """A bar for each class: examples drawn once or more, and on top of them the repeats."""
    times = _times_drawn(labels, weights, balance)
    counts = labels.bincount(minlength=len(names))  # (C,)
    draws = labels.bincount(times, minlength=len(names)).long()  # (C,)
    distinct = labels.bincount(times > 0, minlength=len(names)).long()  # (C,)
    repeats = (times == 0).double().mean()  # the share left out: N draws of N examples
    title = f"{repeats:.0%} of the draws are repeats, and as many examples are left out"
    figure, axes = plot.figure(title)
    order = counts.argsort(descending=True, stable=True)
    _bars(axes, [names[i] for i in order], counts[order], draws[order], distinct[order])
    legend = [
        Patch(color=plot.BLUE, label="different examples"),
        Patch(color=plot.ORANGE, label="repeats"),
        Patch(**HOLLOW, label="examples in the data"),
    ]
    _legend(figure, legend)
    said = []
    for place, what in ((order[0], "most frequent"), (order[-1], "rarest")):
        most = int(times[labels == place].max())
        said.append(
            f"{names[place]}, the {what}: {draws[place]:,} draws show {distinct[place]:,} of "
            f"{counts[place]:,} examples, one of them {most} times."
        )
    return View(figure, " ".join([*said, REPLACED]))


def _times_drawn(labels: Tensor, weights: Tensor, balance: int) -> Tensor:
    """How often each example comes in an epoch of N draws, (N,); at balance 0 all weigh 1."""
    per_class = 1 + balance / 100 * (weights - 1)  # (C,)
    generator = torch.Generator().manual_seed(SEED)
    drawn = WeightedRandomSampler(per_class[labels], len(labels), generator=generator)
    return torch.tensor(list(drawn)).bincount(minlength=len(labels))


def _bars(
    axes: Axes, names: Sequence[str], counts: Tensor, draws: Tensor, distinct: Tensor
) -> None:
    """A bar for each class, the first on top, and a box around as much as the data has of it."""
    places, seen, again = range(len(names)), distinct.tolist(), (draws - distinct).tolist()
    axes.barh(places, seen, color=plot.BLUE, height=0.6)
    axes.barh(places, again, left=seen, color=plot.ORANGE, height=0.6)
    axes.barh(places, counts.tolist(), height=0.84, **HOLLOW)
    axes.set_yticks(places, names)
    axes.set(xlabel="draws in an epoch", ylim=(len(names) - 0.5, -0.5))  # downwards
    axes.set_xlim(0, max(1.15 * int(counts.max()), 1.03 * int(draws.max())))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="y", visible=False)


def _legend(figure: Figure, patches: Sequence[Patch]) -> None:
    with plot.style():
        figure.legend(handles=patches, loc="outside lower left", ncols=len(patches))
