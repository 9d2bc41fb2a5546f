"""The explorers of notebooks/05_training_loop.ipynb."""

from collections.abc import Callable
from functools import cache, partial

import torch
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from matplotlib.ticker import NullLocator

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

Optimizer = torch.optim.Optimizer

CURVATURES = 0.5, 20.0  # of the bowl along w1 and along w2
START = -8.0, 2.0
FIRST = sum(c * w * w for c, w in zip(CURVATURES, START, strict=True)) / 2  # the loss there, 56
NEAR = 0.01  # of the first loss: with that it has arrived
SEEN = 0.01  # of the first |w2|: a crossing from less is too small to be seen
ACROSS, UP = (-10.0, 7.0), (-3.2, 3.2)  # what is drawn of the bowl
MOMENTUM = 0.9
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "SGD": torch.optim.SGD,
    f"SGD, momentum {MOMENTUM}": partial(torch.optim.SGD, momentum=MOMENTUM),
    "Adam": torch.optim.Adam,
}
Point = tuple[float, float, float]  # w1, w2, loss


def descent() -> Explorer:
    """Gradient descent in a bowl that is far steeper across than along, as the rate moves.

    The loss is (0.5 w1² + 20 w2²) / 2, and every path begins at w = (-8, 2).
    """
    controls = {
        "power": Slider("k: learning rate 10^(k/20)", -60, 0, -40),
        "optimizer": Choice("optimizer", tuple(OPTIMIZERS), "SGD"),
        "steps": Slider("steps", 1, 100, 50),
    }
    return Explorer("descent", draw_descent, controls)


def draw_descent(power: int, optimizer: str, steps: int) -> View:
    """The path on the bowl's contours, and under it the loss after each step."""
    rate = 10 ** (power / 20)
    path = descend(optimizer, rate, steps)
    figure, (bowl, losses) = plot.figure(_finding(rate, path), rows=2, size=(7.2, 4.9))
    bowl.get_gridspec().set_height_ratios([2, 1])
    _bowl(bowl)
    _path(bowl, path)
    _losses(losses, [loss for *_, loss in path])
    return View(figure, _say_path(optimizer, path))


@cache
def descend(optimizer: str, rate: float, steps: int) -> tuple[Point, ...]:
    """The places of a real optimizer with real gradients, and the losses there; START is first."""
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    curvatures = torch.tensor(CURVATURES, dtype=torch.float64)
    stepper = OPTIMIZERS[optimizer]([w], lr=rate)
    path = []
    for _ in range(steps + 1):
        loss = (curvatures * w**2).sum() / 2
        path.append((*w.tolist(), loss.item()))
        stepper.zero_grad()
        loss.backward()
        stepper.step()
    return tuple(path)


def _crossings(path: tuple[Point, ...]) -> int:
    """How often w2, the steep direction, changes its sign by a step that can be seen."""
    heights = [w2 for _, w2, _ in path]
    least = SEEN * abs(START[1])
    pairs = zip(heights, heights[1:], strict=False)
    return sum(one * other < 0 and max(abs(one), abs(other)) > least for one, other in pairs)


def _arrival(path: tuple[Point, ...]) -> int | None:
    """The first step from which on the loss stays near 0; None if there is none."""
    far = [step for step, (*_, loss) in enumerate(path) if loss > NEAR * FIRST]
    return far[-1] + 1 if far[-1] + 1 < len(path) else None


def _finding(rate: float, path: tuple[Point, ...]) -> str:
    end, steps, arrival = path[-1][2], len(path) - 1, _arrival(path)
    zigzags = "it zigzags, and " if _crossings(path) >= 3 else ""
    if end > FIRST:
        return f"Learning rate {rate:.3g}: it flies apart"
    if arrival is not None:
        return f"Learning rate {rate:.3g}: {zigzags or 'it '}arrives after {arrival} steps"
    left = f"{100 * end / FIRST:.2g} % of the loss is left"
    return f"Learning rate {rate:.3g}: {zigzags}after {steps} steps {left}"


def _say_path(optimizer: str, path: tuple[Point, ...]) -> str:
    end, steps = path[-1][2], len(path) - 1
    said = (
        f"{optimizer}, {steps} steps: the loss goes from {FIRST:g} to ≈ {end:.2g}, and w2 changes "
        f"its sign ≈ {_crossings(path)} times. The loss is (0.5 w1² + 20 w2²) / 2, so the "
        "curvatures are 0.5 and 20; in the green ellipse it is at most 1 % of the first."
    )
    left = next((step for step, point in enumerate(path) if not _inside(point)), None)
    if left is not None:
        said += f" Step {left} leaves the picture, and what comes after it is not drawn there."
    return said


def _inside(point: Point) -> bool:
    return ACROSS[0] <= point[0] <= ACROSS[1] and UP[0] <= point[1] <= UP[1]


def _bowl(axes: Axes) -> None:
    for share in (0.05, 0.2, 0.5, 1, 2):
        axes.add_patch(_contour(share, edgecolor=plot.INK, facecolor="none", linewidth=0.8))
    axes.add_patch(_contour(NEAR, facecolor=plot.GREEN, edgecolor="none", alpha=0.5))
    axes.set(xlim=ACROSS, ylim=UP, aspect="equal", xlabel="w1", ylabel="w2")
    axes.grid(False)


def _contour(share: float, **style: object) -> Ellipse:
    """Where the loss is this share of the first."""
    axes = (2 * (2 * share * FIRST / curvature) ** 0.5 for curvature in CURVATURES)
    return Ellipse((0, 0), *axes, **style)


def _path(axes: Axes, path: tuple[Point, ...]) -> None:
    """The points up to the first one outside the picture, which an edge hides."""
    outside = next((step for step, point in enumerate(path) if not _inside(point)), len(path))
    across, up, _ = zip(*path[: outside + 1], strict=True)
    axes.plot(across, up, "o-", color=plot.BLUE, linewidth=1.4, markersize=3.5)
    axes.plot(*START, "o", color=plot.ORANGE, markersize=8)
    axes.annotate("start", START, (0, 8), textcoords="offset points", ha="center", color=plot.INK)


def _losses(axes: Axes, losses: list[float]) -> None:
    axes.axhline(NEAR * FIRST, color=plot.GREEN, linewidth=1.2, linestyle="--")
    axes.plot(losses, color=plot.BLUE)
    axes.plot([0], losses[:1], "o", color=plot.ORANGE, markersize=6, clip_on=False)
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set(xlim=(0, max(len(losses) - 1, 1)), ylim=(1e-3, 1e3), xlabel="step", ylabel="loss")
    axes.xaxis.get_major_locator().set_params(integer=True)


def schedule() -> Explorer:
    """A learning rate schedule, and the losses of a real training with it.

    A small network learns scikit-learn's digits: 200 steps of SGD with momentum, 10 epochs.
    """
    controls = {
        "name": Choice("schedule", SCHEDULES, "CosineAnnealingLR"),
        "power": Slider("k: peak rate 10^(k/10)", -20, 0, -3),
        "wrong": Choice("scheduler.step()", (RIGHT, WRONG), RIGHT),
    }
    return Explorer("schedule", draw_schedule, controls)


RIGHT, WRONG = "in the unit it was made for", "in the other unit"


def draw_schedule(name: str, power: int, wrong: str) -> View:
    """The rate of each step; under it the losses, beside that of a constant rate."""
    peak = 10 ** (power / 10)
    unit = unit_of(name, wrong == WRONG)
    run, constant = train(name, peak, unit), train(CONSTANT, peak, unit_of(CONSTANT, False))
    title = _compared(name, peak, run, constant)
    if wrong == WRONG and name != CONSTANT:
        share = 100 * run.rates[-1] / peak
        title = f"Stepped once per {unit}: the last step's rate is {share:.2g} % of the peak"
    figure, (rates, losses) = plot.figure(title, rows=2, size=(7.2, 4.6))
    rates.get_gridspec().set_height_ratios([1, 2])
    _rates(rates, run, peak)
    _curves(losses, figure, run, None if name == CONSTANT else constant)
    return View(figure, _say_run(name, peak, unit, run, constant))


def _compared(name: str, peak: float, run: Run, constant: Run) -> str:
    end = f"{constant.validation[-1]:.2f}"
    if name == CONSTANT:
        return f"A constant rate of {peak:.3g} ends at a validation loss of {end}"
    ends = f"{run.validation[-1]:.2f}, a constant rate at {end}"
    return f"Peak {peak:.3g}, validation loss: {name} ends at {ends}"


def _say_run(name: str, peak: float, unit: str, run: Run, constant: Run) -> str:
    said = f"{name}, peak {peak:.3g}"
    if name != CONSTANT:
        said += f", scheduler.step() once per {unit}"
    said += (
        f". After {STEPS} steps: training loss ≈ {run.training[-1]:.3f}, validation loss "
        f"≈ {run.validation[-1]:.3f}, validation accuracy ≈ {100 * run.accuracy:.0f} %."
    )
    if name != CONSTANT:
        said += f" With a constant rate the validation loss is ≈ {constant.validation[-1]:.3f}."
    return said


def _rates(axes: Axes, run: Run, peak: float) -> None:
    axes.plot(range(1, STEPS + 1), run.rates, color=plot.BLUE)
    axes.set(xlim=(0, STEPS), ylim=(0, 1.12 * peak), ylabel="learning rate")
    axes.set_xticks(range(0, STEPS + 1, EPOCH))


def _curves(axes: Axes, figure: Figure, run: Run, constant: Run | None) -> None:
    steps = range(0, STEPS + 1, EVERY)
    if constant is not None:
        style = {"color": plot.INK, "linewidth": 1.4, "linestyle": "--"}
        axes.plot(steps, constant.validation, label="validation, constant rate", **style)
    axes.plot(steps, run.training, color=plot.BLUE, label="training")
    axes.plot(steps, run.validation, color=plot.ORANGE, label="validation")
    axes.set_yscale("log")
    axes.set(xlim=(0, STEPS), ylim=(0.005, 10), ylabel="loss")
    axes.set_xlabel(f"step; {EPOCH} are an epoch")
    axes.set_xticks(range(0, STEPS + 1, EPOCH))
    with rc_context(plot.STYLE):
        figure.legend(loc="outside lower left", ncols=3)
