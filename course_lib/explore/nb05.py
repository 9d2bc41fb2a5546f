"""The explorers of notebooks/05_training_loop.ipynb."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from matplotlib.ticker import FixedLocator, NullLocator

from course_lib import plot
from course_lib.explore._explorer import Choice, Explorer, Slider, View
from course_lib.explore._schedules import (
    CONSTANT,
    EPOCH,
    EVERY,
    SCHEDULES,
    STEPS,
    Run,
    train,
    unit_of,
)

CURVATURES = 0.5, 20.0  # of the bowl along w1 and along w2
START = -8.0, 2.0
FIRST = sum(c * w * w for c, w in zip(CURVATURES, START, strict=True)) / 2  # the loss there, 56
NEAR = 0.01  # of the first loss: with so much it has arrived
FAR = 10  # times the first loss: no path that comes back goes so far
SEEN = 0.01  # of the first w2: a step across from less cannot be seen
ACROSS, UP = (-10.0, 7.0), (-3.2, 3.2)  # what is drawn of the bowl
MOST_STEPS, MOMENTUM = 100, 0.9
OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "SGD": torch.optim.SGD,
    f"SGD with momentum {MOMENTUM}": partial(torch.optim.SGD, momentum=MOMENTUM),
    "Adam": torch.optim.Adam,
}
Path = tuple[tuple[float, float, float], ...]  # w1, w2 and the loss, at the start and at each step


def descent() -> Explorer:
    """Gradient descent in a bowl, 40 times as steep across as along, as the learning rate moves.

    The loss is (0.5 w1² + 20 w2²) / 2, its curvatures are 0.5 and 20, and every path begins at
    w = (-8, 2).
    """
    controls = {
        "power": Slider("k: rate 10^(k/20)", -60, 0, -40),
        "optimizer": Choice("optimizer", tuple(OPTIMIZERS), "SGD"),
        "steps": Slider("steps", 1, MOST_STEPS, 50),
    }
    return Explorer("descent", draw_descent, controls)


def draw_descent(power: int, optimizer: str, steps: int) -> View:
    """The path on the contours of the bowl, and under it the loss after each step."""
    rate = 10 ** (power / 20)
    path = _descend(optimizer, rate)[: steps + 1]
    title = f"Learning rate {rate:.3g}: {_finding(path)}"
    figure, (bowl, losses) = plot.figure(title, rows=2, size=(7.2, 4.9))
    bowl.get_gridspec().set_height_ratios([2, 1])
    _bowl(bowl)
    _walk(bowl, path)
    _losses(losses, [loss for *_, loss in path])
    return View(figure, _say_path(optimizer, path))


@cache
def _descend(optimizer: str, rate: float) -> Path:
    """A real optimizer's path by real gradients; float64 holds it even where it flies apart."""
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    curvatures = torch.tensor(CURVATURES, dtype=torch.float64)
    stepper = OPTIMIZERS[optimizer]([w], lr=rate)
    path = []
    for _ in range(MOST_STEPS + 1):
        loss = (curvatures * w**2).sum() / 2
        path.append((*w.tolist(), loss.item()))
        stepper.zero_grad()
        loss.backward()
        stepper.step()
    return tuple(path)


def _crossed(path: Path) -> list[bool]:
    """Of each step: does it go across the valley, so that w2 changes its sign?"""
    heights, least = [w2 for _, w2, _ in path], SEEN * START[1]
    pairs = zip(heights, heights[1:], strict=False)
    return [one * other < 0 and max(abs(one), abs(other)) > least for one, other in pairs]


def _way(path: Path) -> str:
    crossed = _crossed(path)
    if "xxx" in "".join("x" if across else "." for across in crossed):
        return "it zigzags, and "
    return "it swings, and " if sum(crossed) >= 3 else ""


def _finding(path: Path) -> str:
    steps, losses = len(path) - 1, [loss for *_, loss in path]
    last = f"after {steps} step{'s' * (steps > 1)}"
    if losses[-1] > FAR * FIRST:
        return "it flies apart"
    if losses[-1] > FIRST:
        return f"{last} the loss is {losses[-1] / FIRST:.2g} times the first"
    if losses[-1] > NEAR * FIRST:
        return f"{_way(path)}{last} {losses[-1] / FIRST:.0%} of the loss is left"
    arrival = 1 + max(step for step, loss in enumerate(losses) if loss > NEAR * FIRST)
    return f"{_way(path) or 'it '}arrives after {arrival} steps"


def _say_path(optimizer: str, path: Path) -> str:
    said = (
        f"{optimizer}, steps: {len(path) - 1}. The loss goes from {FIRST:g} to ≈ {path[-1][2]:.2g};"
        f" steps across the valley: {sum(_crossed(path))}. The curvature is {CURVATURES[0]:g} along"
        f" w1 and {CURVATURES[1]:g} along w2; in the green ellipse, and below the dashed line, the "
        f"loss is at most {NEAR:.0%} of the first."
    )
    left = _first_outside(path)
    if left < len(path):
        said += f" Step {left} leaves the picture, where the path is cut off."
    return said


def _first_outside(path: Path) -> int:
    """The first step that ends outside the picture; the length of the path if none does."""
    inside = [ACROSS[0] <= w1 <= ACROSS[1] and UP[0] <= w2 <= UP[1] for w1, w2, _ in path]
    return [*inside, False].index(False)


def _bowl(axes: Axes) -> None:
    for share in (0.05, 0.2, 0.5, 1, 2):
        axes.add_patch(_contour(share, edgecolor=plot.INK, facecolor="none", linewidth=0.8))
    axes.add_patch(_contour(NEAR, facecolor=plot.GREEN, edgecolor="none", alpha=0.5))
    axes.set(xlim=ACROSS, ylim=UP, aspect="equal", xlabel="w1", ylabel="w2")
    axes.grid(False)


def _contour(share: float, **style: Any) -> Ellipse:
    """Where the loss is this share of the first."""
    width, height = (2 * (2 * share * FIRST / curvature) ** 0.5 for curvature in CURVATURES)
    return Ellipse((0, 0), width, height, **style)


def _walk(axes: Axes, path: Path) -> None:
    """The path up to its first point outside; the frame cuts off the last line."""
    across, up, _ = zip(*path[: _first_outside(path) + 1], strict=True)
    axes.plot(across, up, "o-", color=plot.BLUE, linewidth=1.4, markersize=3.5)
    axes.plot(*START, "o", color=plot.ORANGE, markersize=8)
    axes.annotate("start", START, (0, 8), textcoords="offset points", ha="center", color=plot.INK)


def _losses(axes: Axes, losses: list[float]) -> None:
    axes.axhline(NEAR * FIRST, color=plot.GREEN, linewidth=1.2, linestyle="--")
    axes.plot(losses, "o-", color=plot.BLUE, linewidth=1.4, markersize=2)
    axes.plot([0], losses[:1], "o", color=plot.ORANGE, markersize=6, clip_on=False)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(FixedLocator([1e-2, 1, 1e2]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set(xlim=(0, len(losses) - 1), ylim=(1e-3, 1e3), xlabel="step", ylabel="loss")
    axes.xaxis.get_major_locator().set_params(integer=True)


OWN, WRONG = "in its own unit", "in the wrong unit"


def schedule() -> Explorer:
    """The learning rate of each step by a schedule, and the losses of a real training with it.

    A network of 64, 32 and 10 units learns scikit-learn's digits in 200 steps, 10 epochs, of SGD
    with momentum. Each setting is trained when it is first chosen.
    """
    controls = {
        "name": Choice("schedule", tuple(SCHEDULES), "CosineAnnealingLR(T_max=200)"),
        "power": Slider("k: peak rate 10^(k/10)", -20, 0, -3),
        "unit": Choice("scheduler.step()", (OWN, WRONG), OWN),
    }
    return Explorer("schedule", draw_schedule, controls)


def draw_schedule(name: str, power: int, unit: str) -> View:
    """The rate of each step; under it the losses, beside the one with a constant rate."""
    peak, wrong = 10 ** (power / 10), unit == WRONG and name != CONSTANT
    every = unit_of(name, wrong)
    run, constant = train(name, peak, every), train(CONSTANT, peak, unit_of(CONSTANT))
    figure, (rates, losses) = plot.figure(
        _stepped(every, run, peak) if wrong else _compared(name, run, constant),
        rows=2,
        size=(7.2, 4.6),
    )
    rates.get_gridspec().set_height_ratios([1, 2])
    _rates(rates, run, peak)
    _curves(losses, figure, run, None if name == CONSTANT else constant)
    return View(figure, _say_run(name, peak, every, run, constant))


def _stepped(every: str, run: Run, peak: float) -> str:
    share = run.rates[-1] / peak
    said = f"{share:.0%}" if share >= 0.01 else "less than 1%"
    return f"Stepped once per {every}, the last rate is {said} of the peak"


def _compared(name: str, run: Run, constant: Run) -> str:
    said = f"Validation loss {run.validation[-1]:.2f} at the end"
    if name != CONSTANT:
        said += f"; with a constant rate {constant.validation[-1]:.2f}"
    return said


def _say_run(name: str, peak: float, every: str, run: Run, constant: Run) -> str:
    said = f"{name}, peak rate {peak:.3g}"
    if name != CONSTANT:
        said += f", scheduler.step() once per {every}"
    said += (
        f". After {STEPS} steps: training loss ≈ {run.training[-1]:.3f}, validation loss "
        f"≈ {run.validation[-1]:.3f}, validation accuracy ≈ {100 * run.accuracy:.0f} %."
    )
    if name != CONSTANT:
        said += f" With a constant rate the validation loss is ≈ {constant.validation[-1]:.3f}."
    return said


def _rates(axes: Axes, run: Run, peak: float) -> None:
    axes.plot(range(1, STEPS + 1), run.rates, color=plot.BLUE, drawstyle="steps-mid")
    axes.set(xlim=(0, STEPS), ylim=(-0.04 * peak, 1.15 * peak), ylabel="learning rate")
    axes.set_xticks(range(0, STEPS + 1, EPOCH))


def _curves(axes: Axes, figure: Figure, run: Run, constant: Run | None) -> None:
    steps = range(0, STEPS + 1, EVERY)
    if constant is not None:
        style = {"color": plot.INK, "linewidth": 1.4, "linestyle": "--"}
        axes.plot(steps, constant.validation, label="validation, constant rate", **style)
    axes.plot(steps, run.training, color=plot.BLUE, label="training")
    axes.plot(steps, run.validation, color=plot.ORANGE, label="validation")
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set(xlim=(0, STEPS), ylim=(0.005, 10), ylabel="loss")
    axes.set_xlabel(f"step ({EPOCH} are an epoch)")
    axes.set_xticks(range(0, STEPS + 1, EPOCH))
    with plot.style():
        figure.legend(loc="outside lower left", ncols=3)
