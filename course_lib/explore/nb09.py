"""The explorers of notebooks/09_transfer_learning.ipynb."""

from collections.abc import Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor, nn

from course_lib import plot
from course_lib.explore._cost import Cost
from course_lib.explore._explorer import Choice, Explorer, Slider, Toggle, View
from course_lib.explore._parts import Parts, parts_of
from course_lib.freeze import GradualUnfreezing, falling_rates

MOST_LANES = 12
ROWS = ("1", "8", "16", "32")
MOST_LETTERS = 22  # of a part's name
CELL_INK = "#101010"
LEARNS = {"facecolor": plot.BLUE, "edgecolor": plot.BLUE, "linewidth": 1.4}
PASSED = {"facecolor": "none", "edgecolor": plot.INK, "linewidth": 1.4}
STILL = {**PASSED, "linestyle": "dotted"}
HOLLOW = {"facecolor": "none", "edgecolor": plot.INK, "linewidth": 1.0}
TOPS = ("0.0001", "0.0005", "0.001", "0.005", "0.01")
Segment = tuple[str, int, str]


def frozen_parts(model: nn.Module, batch: Mapping[str, Tensor], parts: Sequence[str]) -> Explorer:
    """What one training step takes, as parts of a model are frozen and unfrozen.

    Counted on the CPU, with AdamW and the cross-entropy, and nothing is timed. Frozen parts are in
    evaluation mode, as `fit` has them.

    Arguments:
        model  takes the batch but its labels, gives logits (B, C); it stays as it is, and what is
               done to it later is not seen
        batch  a dict of tensors with "labels"; its rows are repeated or cut off
        parts  1 to 12 names of modules, which run one after the other; all that learns lies in one
               of them

    Raises:
        ValueError: the batch has no labels; a part is not in the model, has no parameters, does not
            run, or lies in another; a weight that learns lies in none.
    """
    own = parts_of(model, batch, parts)
    labels = short_names(own.names)
    controls: dict = {
        f"part{place}": Toggle(f"{label} learns", True) for place, label in enumerate(labels)
    }
    controls["rows"] = Choice("sentences in a batch", ROWS, "16")
    return Explorer("frozen_parts", partial(draw_frozen_parts, own), controls)


def short_names(names: Sequence[str]) -> list[str]:
    """The ends of the names, where these differ: "layer.0" for "backbone.encoder.layer.0"."""
    ends = [_end(name) for name in names]
    ends = ends if len(set(ends)) == len(ends) else list(names)
    return [end if len(end) <= MOST_LETTERS else f"…{end[1 - MOST_LETTERS :]}" for end in ends]


def _end(name: str) -> str:
    before, _, last = name.rpartition(".")
    return f"{before.rpartition('.')[2]}.{last}" if last.isdigit() and before else last


def draw_frozen_parts(parts: Parts, rows: str, **learns: bool) -> View:
    """The parts from input to output and how far the gradient gets; the memory and the work."""
    learning = [learns[f"part{place}"] for place in range(len(parts.names))]
    frozen = [name for name, yes in zip(parts.names, learning, strict=True) if not yes]
    cost, full = parts.cost(int(rows), frozen), parts.cost(int(rows))
    height = max(3.9, 1.0 + 0.56 * (len(learning) + 1))
    figure, (left, right) = plot.figure(_finding(cost, full), columns=2, size=(7.2, height))
    _stack(left, parts, learning)
    _bars(right, cost, full)
    return View(figure, _say(parts, learning, cost, full))


def _finding(cost: Cost, full: Cost) -> str:
    if not cost.trainable:
        return "Nothing learns: only the forward pass is left"
    if cost.trainable == full.trainable:
        return "All parts learn: all of the memory, all of the work"
    memory, work = _share(cost.memory, full.memory), _share(cost.operations, full.operations)
    return f"{memory} of the memory, {work} of the work of training all"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.0f} %"


def _say(parts: Parts, learning: list[bool], cost: Cost, full: Cost) -> str:
    size, unit = _unit(full.memory, "bytes", "kB", "MB", "GB")
    kinds = [f"{name} ≈ {number / size:.1f}" for name, number, _ in _memory(cost)]
    said = (
        f"Learns: {cost.trainable:,} of {parts.parameters():,} parameters. Memory: "
        f"≈ {cost.memory / size:.1f} of ≈ {full.memory / size:.1f} {unit} ({', '.join(kinds)}). "
        f"Operations: ≈ {_share(cost.operations, full.operations)} of training all; the forward "
        f"pass alone is ≈ {_share(cost.forward, full.operations)}."
    )
    return " ".join([said, *_say_gradient(short_names(parts.names), learning)])


def _say_gradient(names: list[str], learning: list[bool]) -> list[str]:
    if not any(learning):
        return ["There is no backward pass: loss.backward() would raise an error."]
    first = learning.index(True)
    through = [name for name, yes in zip(names[first:], learning[first:], strict=True) if not yes]
    if through:
        parts, are = ", ".join(through), "is" if len(through) == 1 else "are"
        return [f"{parts} {are} frozen, and the gradient passes through to {names[first]}."]
    if first:
        return [f"The backward pass ends at {names[first]}: nothing before it learns."]
    return []


def _unit(largest: int, *names: str) -> tuple[float, str]:
    """The largest unit, each a thousand of the one before, in which a number is 1 or more."""
    power = 0
    while power < len(names) - 1 and largest >= 1000 ** (power + 1):
        power += 1
    return 1000.0**power, names[power]


def _stack(axes: Axes, parts: Parts, learning: list[bool]) -> None:
    """A box for each part, the input above; beside them the way of the gradient, from the loss."""
    plot.bare(axes)
    last = len(learning)
    first = learning.index(True) if any(learning) else last
    for place, (name, yes) in enumerate(zip(short_names(parts.names), learning, strict=True)):
        style = LEARNS if yes else PASSED if place > first else STILL
        state = "learns" if yes else "frozen, gradient passes" if place > first else "frozen"
        axes.add_patch(Rectangle((0, place + 0.06), 0.86, 0.8, **style))
        ink, count = CELL_INK if yes else plot.INK, parts.parameters(parts.names[place])
        _write(axes, 0.03, place + 0.3, name, ink, weight="bold")
        _write(axes, 0.03, place + 0.63, f"{count:,}, {state}", ink)
    _write(axes, 0.03, last + 0.4, "loss", plot.INK, weight="bold")
    if first < last:
        arrow = {"arrowstyle": "-|>", "color": plot.ORANGE, "linewidth": 2.2, "shrinkA": 0}
        axes.annotate(
            "", (0.93, first + 0.3), (0.93, last + 0.4), arrowprops={**arrow, "shrinkB": 0}
        )
        axes.plot([0.16, 0.93], [last + 0.4] * 2, color=plot.ORANGE, linewidth=2.2)
        _write(axes, 0.2, last + 0.68, "way of the gradient", plot.INK)
    axes.set(xlim=(-0.01, 1), ylim=(last + 0.9, 0))  # downwards


def _memory(cost: Cost) -> list[Segment]:
    return [
        ("weights", cost.weights, plot.INK),
        ("gradients", cost.gradients, plot.BLUE),
        ("AdamW's state", cost.optimizer, plot.GREEN),
        ("activations", cost.activations, plot.ORANGE),
    ]


def _bars(axes: Axes, cost: Cost, full: Cost) -> None:
    """Memory and work, each in a frame that is as long as what training all takes."""
    plot.bare(axes)
    size, unit = _unit(full.memory, "bytes", "kB", "MB", "GB")
    _bar(axes, 0.0, f"memory, {unit}", _memory(cost), full.memory, size)
    kinds = ("operations", "thousand operations", "million operations", "billion operations")
    size, unit = _unit(full.operations, *kinds)
    work = [("forward", cost.forward, plot.INK), ("backward", cost.backward, plot.PINK)]
    _bar(axes, 4.2, f"work, {unit}", work, full.operations, size)
    axes.set(xlim=(-0.03, 1.03), ylim=(7.2, -0.3))  # downwards


def _bar(axes: Axes, y: float, title: str, segments: list[Segment], full: int, size: float) -> None:
    total, x = sum(number for _, number, _ in segments), 0.0
    _write(axes, 0, y, f"{title}: {total / size:.1f} of {full / size:.1f}", plot.INK, weight="bold")
    for place, (name, number, colour) in enumerate(segments):
        width = number / max(full, 1)
        axes.add_patch(Rectangle((x, y + 0.35), width, 0.7, facecolor=colour))
        x += width
        row, column = divmod(place, 2)
        corner = 0.5 * column, y + 1.35 + 0.65 * row
        axes.add_patch(Rectangle(corner, 0.04, 0.4, facecolor=colour))
        _write(axes, corner[0] + 0.06, corner[1] + 0.2, f"{name} {number / size:.1f}", plot.INK)
    axes.add_patch(Rectangle((0, y + 0.35), 1, 0.7, **HOLLOW))


def _write(
    axes: Axes, x: float, y: float, text: str, ink: str, weight: str = "normal", size: float = 9
) -> None:
    style = {"va": "center", "size": size, "weight": weight, "parse_math": False}
    axes.text(x, y, text, color=ink, **style)


def rates(parts: Sequence[str], epochs: int = 5) -> Explorer:
    """Which part learns when and at which rate: `falling_rates` with `GradualUnfreezing`.

    Arguments:
        parts   names from the input to the output, as for `falling_rates`
        epochs  of the training, 1 to 12

    Raises:
        ValueError: there are no parts, more than 12, or the epochs are not in 1 to 12.
    """
    falling_rates(parts, 1.0, 1.0)  # refuses a text and an empty list
    if not (1 <= epochs <= MOST_LANES and len(parts) <= MOST_LANES):
        raise ValueError(
            f"explore.rates: got {len(parts)} parts and {epochs} epochs, expected 1 to "
            f"{MOST_LANES} of each. Name larger parts, such as 'backbone'."
        )
    controls = {
        "top": Choice("rate of the last part", TOPS, "0.001"),
        "factor": Slider("factor, in %", 10, 100, 50, step=10),
        "every": Slider("epochs to the next part", 0, 4, 1),
    }
    return Explorer("rates", partial(draw_rates, tuple(parts), epochs), controls)


def draw_rates(parts: tuple[str, ...], epochs: int, top: str, factor: int, every: int) -> View:
    """A lane for each part, the input above: from when it learns, and a bar as high as its rate."""
    found = falling_rates(parts, float(top), factor / 100)
    starts = _starts(parts, epochs, every)
    sums = [rate * (epochs - start) for rate, start in zip(found.values(), starts, strict=True)]
    names = short_names(parts)
    figure, axes = plot.figure(
        _finding_rates(names, starts, epochs, factor), size=(7.2, 1.3 + 0.5 * len(parts))
    )
    axes.grid(False)
    for place, (rate, start) in enumerate(zip(found.values(), starts, strict=True)):
        _lane(axes, (place, start, epochs), rate, rate / float(top))
    margin = (0.034 * max(map(len, names)) + 0.03) * epochs
    for place, name in enumerate(names):
        _write(axes, -margin, place + 0.5, name, plot.INK, weight="bold")
    axes.set(xlim=(-margin, 1.24 * epochs), ylim=(len(parts), -0.1), yticks=[])
    axes.set_xticks(range(epochs + 1))
    axes.set_xlabel("finished epochs")
    axes.spines["left"].set_visible(False)
    falls = f"{factor / 100:g} of it for each part before" if factor < 100 else "the same for all"
    whens = {0: "all learn from the start", 1: "one more part learns after each epoch"}
    when = whens.get(every, f"one more part learns after every {every} epochs")
    shares = [
        f"{name} {_percent(total / sums[-1])}" for name, total in zip(names, sums, strict=True)
    ]
    return View(
        figure,
        f"Rate {float(top):g} for {names[-1]}, {falls}; {when}. The rate of a part times the "
        f"epochs in which it learns, in shares of that of {names[-1]}: {', '.join(shares)}.",
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _starts(parts: tuple[str, ...], epochs: int, every: int) -> list[int]:
    """How many epochs are finished when each part begins to learn; `epochs` where it never does."""
    if not every:
        return [0] * len(parts)
    gradual = GradualUnfreezing(parts, every)
    return [
        next((epoch for epoch in range(epochs) if part in gradual.learning(epoch)), epochs)
        for part in parts
    ]


def _finding_rates(names: list[str], starts: list[int], epochs: int, factor: int) -> str:
    late = sum(start == epochs for start in starts)
    if late:
        return f"{late} of {len(names)} parts never learn in these {epochs} epochs"
    share = _percent((factor / 100) ** (len(names) - 1))
    return f"{names[0]}: {share} of the last rate, in {epochs - starts[0]} of {epochs} epochs"


def _lane(axes: Axes, when: tuple[int, int, int], rate: float, share: float) -> None:
    place, start, epochs = when
    axes.add_patch(Rectangle((0, place + 0.1), epochs, 0.8, **STILL))
    height = max(0.8 * share, 0.02)
    box = (start, place + 0.9 - height)
    axes.add_patch(Rectangle(box, epochs - start, height, facecolor=plot.BLUE))
    said = f"{rate:.3g}" if start < epochs else "frozen"
    _write(axes, 1.02 * epochs, place + 0.5, said, plot.INK)
