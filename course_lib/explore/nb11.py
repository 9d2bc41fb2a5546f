"""The explorer of notebooks/11_trainer_versus_loop.ipynb."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LinearLR

from course_lib import plot
from course_lib.data import load_digits
from course_lib.explore._explorer import Explorer, Toggle, View
from course_lib.explore._threads import one_thread

STEPS, BATCH_SIZE, HIDDEN, DROPOUT, RATE = 40, 8, 32, 0.2, 0.01
MOST_NORM, DECAY = 1.0, 0.01
OTHER = 1000  # added to a seed
SMALLEST, LARGEST = 1e-8, 10.0  # differences; below the smallest the axis is linear, down to 0
TICKS = {0: "0", 1e-8: "10⁻⁸", 1e-6: "10⁻⁶", 1e-4: "10⁻⁴", 1e-2: "10⁻²", 1: "1"}
ZERO = 3e-9  # how far the axis goes below 0


class Run(NamedTuple):
    """A training: of each step the loss, the norm of the gradient as it came, and the rate."""

    losses: tuple[float, ...]
    norms: tuple[float, ...]
    rates: tuple[float, ...]


@dataclass(frozen=True)
class Compared:
    """The plain loop and the same loop with options. Steps count from 1."""

    plain: Run
    other: Run

    @cached_property
    def differences(self) -> list[float]:
        pairs = zip(self.plain.losses, self.other.losses, strict=True)
        return [abs(one - another) for one, another in pairs]

    @property
    def first(self) -> int | None:
        """The first step that differs; None if none does."""
        steps = enumerate(self.differences, start=1)
        return next((step for step, difference in steps if difference), None)

    @property
    def largest(self) -> int:
        """The step with the largest difference."""
        return 1 + self.differences.index(max(self.differences))

    @property
    def equal(self) -> int:
        """How many steps are equal to the bit."""
        return self.differences.count(0.0)

    def at(self, step: int) -> float:
        return self.differences[step - 1]


class Option(NamedTuple):
    label: str
    short: str
    why: Callable[[Compared], str]


def _why_clipped(both: Compared) -> str:
    return (
        f"The first gradient has the norm ≈ {both.plain.norms[0]:.2f} and is cut to 1, yet Adam "
        "takes almost the same first step: it divides the gradient by the gradient's own size. "
        "From step 2 on it mixes gradients that were cut by different factors."
    )


def _why_linear(both: Compared) -> str:
    return (
        f"Step 1 has the full rate and step 2 has 1/{STEPS} less, so the weights differ after "
        "step 2, and the losses from step 3 on."
    )


def _why_decay(both: Compared) -> str:
    return (
        f"Each step, the first one too, also takes rate × {DECAY} = {RATE * DECAY:.2%} off every "
        "weight, so the losses differ from step 2 on."
    )


def _why_order(both: Compared) -> str:
    return (
        "Step 1 has other examples, so its loss differs before anything is learned. Each loss is "
        "that of other examples, and does not tell which model is better."
    )


def _why_dropout(both: Compared) -> str:
    return (
        "The examples are the same, but in step 1 already other units are dropped, so the loss "
        "differs before anything is learned."
    )


def _why_fused(both: Compared) -> str:
    return (
        "The formula is the same, but it is computed in one pass and rounded at other places: "
        "the losses differ in their last bits, and at some steps not at all."
    )


OPTIONS = {
    "clip": Option("gradients clipped at 1", "clipping", _why_clipped),
    "linear": Option("rate falls linearly to 0", "falling rate", _why_linear),
    "decay": Option("weight decay 0.01 (AdamW's own default)", "weight decay", _why_decay),
    "order": Option("another order of the examples", "order", _why_order),
    "dropout": Option("another dropout", "dropout", _why_dropout),
    "fused": Option("fused AdamW", "fused AdamW", _why_fused),
}


def defaults() -> Explorer:
    """What each default of `Trainer` changes in a training, against a plain hand-written loop.

    A network of 64, 32 and 10 units with dropout learns scikit-learn's digits in 40 steps of AdamW
    in float32, twice: once plainly (no clipping, a constant rate, no weight decay), once with what
    is ticked. Each setting is trained when it is first chosen.
    """
    controls: dict = {name: Toggle(option.label) for name, option in OPTIONS.items()}
    return Explorer("defaults", draw_defaults, controls)


def draw_defaults(**ticked: bool) -> View:
    """The difference of the losses in each step, equal ones at the bottom; under it the losses."""
    chosen = [name for name in OPTIONS if ticked[name]]
    both = compare(*chosen)
    figure, (top, bottom) = plot.figure(_finding(both), rows=2, size=(7.2, 5.0))
    top.get_gridspec().set_height_ratios([3, 2])
    _differences(top, both)
    _losses(bottom, both, chosen)
    with plot.style():
        figure.legend(loc="outside lower left", ncols=2)
    return View(figure, _say(chosen, both))


def compare(*options: str) -> Compared:
    """The plain loop and the one with these options."""
    return Compared(train(frozenset()), train(frozenset(options)))


@cache
@one_thread()
def train(options: frozenset[str], seed: int = 0) -> Run:
    """STEPS steps of a hand-written loop, with these options; random states stay as they were."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        layers = nn.Linear(64, HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, 10)
        model = nn.Sequential(*layers)
        torch.default_generator.manual_seed(seed + 1 + OTHER * ("dropout" in options))
        return _loop(model, _batches(seed + 2 + OTHER * ("order" in options)), options)


def _loop(model: nn.Module, batches: list[tuple[Tensor, Tensor]], options: frozenset[str]) -> Run:
    decay, fused = DECAY * ("decay" in options), "fused" in options
    optimizer = AdamW(model.parameters(), lr=RATE, weight_decay=decay, fused=fused)
    last = 0.0 if "linear" in options else 1.0
    scheduler = LinearLR(optimizer, start_factor=1.0, end_factor=last, total_iters=STEPS)
    most = MOST_NORM if "clip" in options else math.inf
    losses, norms, rates = [], [], []
    for pixels, labels in batches:
        loss = F.cross_entropy(model(pixels), labels)
        optimizer.zero_grad()
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), most).item())
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return Run(tuple(losses), tuple(norms), tuple(rates))


def _batches(seed: int) -> list[tuple[Tensor, Tensor]]:
    """STEPS batches of digits in a random order, their pixels with mean 0 and deviation 1."""
    pictures, labels = load_digits("train")
    pixels = (pictures.flatten(1) - pictures.mean()) / pictures.std()
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    return [(pixels[some], labels[some]) for some in order[: STEPS * BATCH_SIZE].split(BATCH_SIZE)]


def _finding(both: Compared) -> str:
    if both.first is None:
        return f"All {STEPS} losses are equal to the bit"
    by, most = both.at(both.first), both.at(both.largest)
    begins = f"First differs at step {both.first}, by {by:.1e}"
    return f"{begins}; at most by {most:.2g}, at step {both.largest}"


def _say(chosen: list[str], both: Compared) -> str:
    if not chosen:
        return (
            "Nothing is ticked: one loop, run twice with the same seed, order, dropout and "
            f"optimizer. Losses equal to the bit: {both.equal} of {STEPS}."
        )
    said = [f"Ticked: {', '.join(OPTIONS[name].label for name in chosen)}."]
    if both.first:
        by, most = both.at(both.first), both.at(both.largest)
        said += [f"First step that differs: ≈ {both.first}, by ≈ {by:.1e}."]
        said += [f"Largest difference: ≈ {most:.2g}, in step ≈ {both.largest}."]
    said += [f"Losses equal to the bit: ≈ {both.equal} of {STEPS}."]
    return " ".join([*said, _say_why(chosen, both)])


def _say_why(chosen: list[str], both: Compared) -> str:
    """Why one option does so; of several, what each does alone."""
    if len(chosen) == 1:
        return OPTIONS[chosen[0]].why(both)
    alone = [max(compare(name).differences) for name in chosen]
    each = [f"{OPTIONS[name].short} ≈ {most:.2g}" for name, most in zip(chosen, alone, strict=True)]
    return f"The largest difference by each alone: {', '.join(each)}."


def _differences(axes: Axes, both: Compared) -> None:
    steps = np.arange(1, STEPS + 1)
    found = np.array(both.differences)
    differ, style = found > 0, {"linestyle": "none", "zorder": 3}
    last_bit = np.spacing(np.array(both.plain.losses, dtype=np.float32))
    axes.plot(steps, found, color=plot.ORANGE, linewidth=0.8, alpha=0.6)
    axes.plot(
        steps[differ], found[differ], "o", color=plot.ORANGE, ms=4, label="they differ", **style
    )
    hollow = {"markerfacecolor": "none", "markeredgewidth": 1.4, "ms": 6, **style}
    equal = steps[~differ], found[~differ]
    axes.plot(*equal, "o", color=plot.GREEN, label="equal to the bit: 0", **hollow)
    line = {"color": plot.INK, "linewidth": 1.2, "linestyle": "--"}
    axes.plot(steps, last_bit, label="last bit of the loss (float32)", **line)
    axes.set_yscale("symlog", linthresh=SMALLEST, linscale=0.8)
    axes.set_yticks(list(TICKS), list(TICKS.values()))
    axes.set_yticks([], minor=True)
    axes.set(xlim=(0, STEPS + 1), ylim=(-ZERO, LARGEST), ylabel="|difference|")


def _losses(axes: Axes, both: Compared, chosen: list[str]) -> None:
    steps = range(1, STEPS + 1)
    axes.plot(steps, both.plain.losses, color=plot.BLUE, linewidth=3, label="plain loop")
    ticked = {"color": plot.ORANGE, "linewidth": 1.5, "linestyle": "--"}
    axes.plot(steps, both.other.losses, label="with what is ticked", **ticked)
    axes.set(xlim=(0, STEPS + 1), ylim=(0, 3.4), xlabel="step", ylabel="loss")
    if chosen:
        names = ", ".join(OPTIONS[name].short for name in chosen)
        style = {"color": plot.INK, "size": 9, "ha": "right", "va": "top"}
        axes.text(0.995, 0.97, f"ticked: {names}", transform=axes.transAxes, **style)
