"""The explorer of notebooks/07_checkpoints.ipynb."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from matplotlib.axes import Axes

from course_lib import plot
from course_lib.checkpoint import best_epoch
from course_lib.explore._explorer import Choice, Explorer, Slider, View, number

DELTAS = ("0", "0.001", "0.003", "0.01", "0.03", "0.1")
MOST_PATIENCE = 15
SIZE = (7.2, 4.2)
MOST_LETTERS = 30  # of a name along the axis
HIGHEST = {"min": "lowest", "max": "highest"}
NAN = math.nan
SHOWN = 0.9  # of the values, at least


def stopping(values: Iterable[float], name: str = "valid_loss", mode: str = "min") -> Explorer:
    """Where early stopping would have ended a training, as patience and min_delta move.

    Arguments:
        values  one for each epoch, such as history.column("valid_loss")
        name    of the values
        mode    "min" if lower is better, "max" if higher is

    Raises:
        TypeError: the values are no numbers.
        ValueError: there is none, or the mode is another.
    """
    best_epoch((), mode)  # refuses an unknown one
    controls = {
        "patience": Slider("patience", 1, MOST_PATIENCE, 3),
        "min_delta": Choice("min_delta", DELTAS, "0"),
    }
    draw = partial(draw_stopping, _numbers(values), str(name), mode)
    return Explorer("stopping", draw, controls)


def draw_stopping(
    values: tuple[float, ...], name: str, mode: str, patience: int, min_delta: str
) -> View:
    """The curve up to the stop, faint after it, and the level that each epoch had to beat."""
    run = Stopped(values, mode, patience, float(min_delta))
    figure, axes = plot.figure(_finding(run), size=SIZE)
    _levels(axes, run)
    _curve(axes, run)
    _marks(axes, run)
    _frame(axes, run)
    label = name if len(name) <= MOST_LETTERS else name[: MOST_LETTERS - 1] + "…"
    axes.set_ylabel(label, parse_math=False)
    marks = len(axes.get_legend_handles_labels()[0])
    with plot.style():  # in two lines, however many: the axes keep their height
        figure.legend(loc="outside lower left", ncols=math.ceil(marks / 2))
    return View(figure, _say(run, name))


def _numbers(values: Any) -> tuple[float, ...]:
    try:
        numbers = tuple(map(number, values))
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"explore.stopping: got values of type {type(values).__name__}, which are no list of "
            f'numbers ({error}); expected one for each epoch. Pass history.column("valid_loss").'
        ) from None
    if not numbers:
        raise ValueError(
            "explore.stopping: got no values, expected one for each epoch. "
            'history.column("valid_loss") has them as soon as an epoch is finished.'
        )
    return numbers


@dataclass(frozen=True)
class Stopped:
    """What early stopping makes of a curve. Epochs count from 1; None where there is none."""

    values: tuple[float, ...]
    mode: str
    patience: int
    min_delta: float

    @cached_property
    def stop(self) -> int | None:
        """The epoch after which the training ends; None if it never does."""
        epochs = range(1, len(self.values) + 1)
        waits = (epoch - (self.counted(epoch) or 0) for epoch in epochs)
        over = (epoch for epoch, wait in enumerate(waits, start=1) if wait >= self.patience)
        return next(over, None)

    @property
    def end(self) -> int:
        """The last epoch that is trained."""
        return self.stop or len(self.values)

    def counted(self, epoch: int) -> int | None:
        """From which epoch the patience counts after this one."""
        return best_epoch(self.values[:epoch], self.mode, self.min_delta)

    @property
    def kept(self) -> int | None:
        """The best of the epochs that are trained: `Checkpoints` knows no min_delta."""
        return best_epoch(self.values[: self.end], self.mode)

    @property
    def best(self) -> int | None:
        """The best of all epochs."""
        return best_epoch(self.values, self.mode)

    def value(self, epoch: int | None) -> float:
        return self.values[epoch - 1] if epoch else NAN

    def level(self, epoch: int) -> float:
        """What the next epoch has to beat."""
        sign = 1 if self.mode == "min" else -1
        return self.value(self.counted(epoch)) - sign * self.min_delta


def _finding(run: Stopped) -> str:
    epochs, high = _epochs(len(run.values)), HIGHEST[run.mode]
    begins = f"Stops after epoch {run.stop}" if run.stop else f"Never stops in {epochs}"
    if run.best is None:
        return f"{begins}: no epoch has a finite number"
    if run.best != run.kept:
        return f"{begins}; the {high} of all comes in epoch {run.best}"
    return f"{begins}; the {high} of all is kept, epoch {run.kept}"


def _epochs(count: int) -> str:
    return f"{count} epoch{'s' * (count != 1)}"


def _say(run: Stopped, name: str) -> str:
    count, saved = len(run.values), len(run.values) - run.end
    said = f"patience {run.patience}, min_delta {run.min_delta:g}. "
    if run.stop:
        said += f"Epochs trained: ≈ {run.end} of {count}; saved: ≈ {saved / count:.0%}."
    else:
        said += f"Epochs trained: {count}, all. The patience is never used up."
    return " ".join([said, *_say_kept(run, name), *_say_not_finite(run)])


def _say_kept(run: Stopped, name: str) -> list[str]:
    high, counted, said = HIGHEST[run.mode], run.counted(run.end), []
    if run.kept:
        said += [f"Kept: epoch ≈ {run.kept}, {name} ≈ {run.value(run.kept):.4g}."]
    if counted != run.kept:
        than = f"{_better(run)} by more than {run.min_delta:g}"
        said += [f"The patience counts from epoch ≈ {counted}: no later one was {than}."]
    if run.best == run.kept:
        return said + [f"It is the {high} of all."] * (run.best is not None)
    reached = f"reached ≈ {run.value(run.best):.4g} in epoch ≈ {run.best}"
    gain = abs(run.value(run.best) - run.value(run.kept))
    gained = f", {_better(run)} by ≈ {gain:.2g}" if run.kept else ""
    return [*said, f"Waiting for the rest would have {reached}{gained}."]


def _better(run: Stopped) -> str:
    return HIGHEST[run.mode].replace("est", "er")


def _say_not_finite(run: Stopped) -> list[str]:
    count = sum(not math.isfinite(value) for value in run.values)
    said = f"No finite number in {_epochs(count)}: not drawn, and NaN never counts as better."
    return [said] * (count > 0)


def _levels(axes: Axes, run: Stopped) -> None:
    """From each epoch to the next the level to beat, and the band between it and the best."""
    epochs = range(1, run.end + 1)
    levels = [run.level(epoch) for epoch in epochs]
    if run.min_delta:
        bests = [run.value(run.counted(epoch)) for epoch in epochs]
        axes.fill_between(epochs, levels, bests, step="post", color=plot.GREEN, alpha=0.3, lw=0)
    style = {"color": plot.GREEN, "linewidth": 1.4, "linestyle": "--"}
    axes.plot(epochs, levels, drawstyle="steps-post", label="level to beat", **style)


def _curve(axes: Axes, run: Stopped) -> None:
    epochs = range(1, len(run.values) + 1)
    style = {"color": plot.BLUE, "linewidth": 1.8, "markersize": 3.5}
    axes.plot(epochs[: run.end], run.values[: run.end], "o-", **style)
    if run.end < len(run.values):
        rest = slice(run.end - 1, None)
        faint = {**style, "markersize": 2, "alpha": 0.55}
        axes.plot(epochs[rest], run.values[rest], "o-", label="never trained", **faint)


def _marks(axes: Axes, run: Stopped) -> None:
    """The stop, and what is kept, the best of all and where the patience counts from."""
    if run.stop:
        label = f"stop, after epoch {run.stop}"
        axes.axvline(run.stop, color=plot.INK, linewidth=1.2, linestyle=":", label=label)
    counted, best = run.counted(run.end), f"{HIGHEST[run.mode]} of all, epoch {run.best}"
    if counted != run.kept:
        _mark(axes, run, counted, f"patience counts from {counted}", "s", plot.GREEN)
    if run.kept:
        _mark(axes, run, run.kept, f"kept, epoch {run.kept}", "o", plot.ORANGE)
    if run.best != run.kept:
        _mark(axes, run, run.best, best, "o", plot.ORANGE, markerfacecolor="none")


def _mark(
    axes: Axes, run: Stopped, epoch: int | None, label: str, shape: str, colour: str, **style: Any
) -> None:
    style = {"markersize": 9, "markeredgewidth": 1.8, "linestyle": "none", **style}
    axes.plot([epoch], [run.value(epoch)], shape, color=colour, label=label, zorder=3, **style)


def _frame(axes: Axes, run: Stopped) -> None:
    """The same for every setting, if the level to beat is in it; a few of the worst are cut off."""
    axes.set(xlim=(0, len(run.values) + 1), xlabel="epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    eager = (Stopped(run.values, run.mode, 1, float(delta)) for delta in DELTAS)
    worst = [some.value(some.counted(some.end)) for some in (run, *eager)]  # no mark is worse
    ordered = sorted(filter(math.isfinite, run.values), reverse=run.mode == "max")
    most = ordered[: math.ceil(SHOWN * len(ordered))]
    shown = [*filter(math.isfinite, [*most, *worst])] or [0.0]
    low, high, level = min(shown), max(shown), run.level(run.end)
    room = 0.08 * (high - low) or 0.1 * abs(low) or 1.0
    levels = [level - room / 3, level + room / 3] if math.isfinite(level) else []
    axes.set_ylim(min([low - room, *levels]), max([high + room, *levels]))
