"""The explorer of notebooks/10_monitoring.ipynb."""

import math
from collections.abc import Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from course_lib import plot
from course_lib.explore._curves import (
    MOST_NAMED,
    Line,
    Runs,
    Shown,
    counted,
    curve_names,
    labels_of,
    lines_of,
    read,
)
from course_lib.explore._explorer import Choice, Explorer, Slider, Toggle, View
from course_lib.explore._letters import families
from course_lib.monitor import Curve

SHORT = 13  # letters: names as short as this stand in three columns
MOST_UPWARDS = 30  # letters of a curve's name along the axis
FEW = 30  # points, which get a mark each
THIN = {"color": plot.INK, "linewidth": 0.8, "alpha": 0.6}


def runs(runs: Mapping[str, Mapping[str, Curve]]) -> Explorer:
    """The curves of several runs compared, smoothed as TensorBoard does it, on either scale.

    Arguments:
        runs  {name of a run: {name of a curve: Curve}}, as `monitor.read_runs(folder)` gives them

    Raises:
        TypeError: it is no dict of dicts, such as the curves of a single run; a curve is no pair of
            steps and values.
        ValueError: there is no run or no point; a curve has more steps than values, or fewer.
    """
    found = read(runs)
    names = curve_names(found)
    controls = {
        "curve": Choice("curve", names, names[0]),
        "smoothing": Slider("smoothing, %", 0, 99, 0),
        "log": Toggle("log scale"),
    }
    return Explorer("runs", partial(draw_runs, found), controls)


def draw_runs(found: Runs, curve: str, smoothing: int, log: bool) -> View:
    """The points faint and the smoothed curve strong, one colour for each run."""
    shown = Shown(lines_of(found, curve, smoothing), len(found), curve, smoothing, log)
    figure, axes = plot.figure("", size=(7.2, 3.6 + 0.21 * _rows(list(found))[0]))
    style = {"ha": "left", "weight": "bold", "color": plot.INK, "parse_math": False}
    title = _finding(shown)
    size = 13 if len(title) <= 56 else 11
    figure.suptitle(title, x=0.01, size=size, family=families(), **style)
    axes.set_yscale("log" if log else "linear")
    for line in shown.lines:
        _draw(axes, line, shown)
    _frame(axes, shown)
    _legend(figure, shown)
    return View(figure, _say(shown, [name for name in found if curve not in found[name]]))


def _finding(shown: Shown) -> str:
    best = shown.best
    if not best:
        return "No run ends in a finite number"
    begins = f"{shown.most.capitalize()} at the end: {best[0].name}"
    if len(shown.lines) == 1:
        begins = f"{best[0].name} at its end"
    elif len(best) > 1:
        begins = f"{shown.most.capitalize()} at the end: {len(best)} runs alike"
    end = f"{best[0].smoothed[-1]:.3g}{' smoothed' * (shown.smoothing > 0)}"
    off = shown.log and best[0].smoothed[-1] <= 0
    return f"{begins}, {'not on a log scale' if off else end}"


def _say(shown: Shown, without: list[str]) -> str:
    said = [f"{shown.curve} of {counted(len(shown.lines), 'run')}."]
    if without:
        names = ", ".join(labels_of(without)[:MOST_NAMED]) + ", …" * (len(without) > MOST_NAMED)
        said += [f"Without it: {names}."]
    if shown.smoothing:
        share = f"{shown.smoothing / 100:g}"
        mean = "Each smoothed point is a mean of the values so far; an older one weighs"
        said += [f"{mean} {share} times as much as the one after it."]
    return " ".join([*said, *_say_ends(shown), *_say_smoothing(shown), *_say_hidden(shown)])


def _say_ends(shown: Shown) -> list[str]:
    ends = [
        f"{line.name} {'NaN or infinite' if line.broken else f'≈ {line.smoothed[-1]:.3g}'}"
        for line in shown.named
    ]
    said = [f"Last values{', smoothed' * (shown.smoothing > 0)}: {', '.join(ends)}."]
    thin = len(shown.lines) - len(shown.named)
    said += [f"{counted(thin, 'more run')} drawn thin."] * (thin > 0)
    last = sorted({line.steps[-1] for line in shown.lines})
    if len(last) > 1:
        said += [f"The runs end at different steps, from ≈ {last[0]:g} to ≈ {last[-1]:g}."]
    return said


def _say_smoothing(shown: Shown) -> list[str]:
    """How far the smoothed ends are from the true ones, and whether another run looks best."""
    if not (shown.smoothing and shown.whole):
        return []
    most = max(shown.whole, key=lambda line: line.moved)
    differs = "The smoothed last value differs from the true one by up to"
    said = [f"{differs} ≈ {most.moved:.2g} ({most.name})."]
    if shown.best != shown.truly_best:
        names = " and ".join(line.name for line in shown.truly_best)
        said += [f"Smoothing changes which run is {shown.most}: by the true last values, {names}."]
    return said


def _say_hidden(shown: Shown) -> list[str]:
    bad, low = shown.hidden()
    said = [f"Not drawn: ≈ {counted(bad, 'value')}, NaN or infinite."] * (bad > 0)
    return said + [f"A log scale cannot show ≈ {counted(low, 'value')}, 0 or below."] * (low > 0)


def _draw(axes: Axes, line: Line, shown: Shown) -> None:
    """A cross stands at the last number of a run that ends without one."""
    points = shown.seen(line.values)
    if line not in shown.named:
        axes.plot(line.steps, shown.seen(line.smoothed), **THIN)
        return
    look = shown.look(line)
    marks = {"marker": "o", "markersize": 4} if len(points) <= FEW else {}
    if shown.smoothing:
        axes.plot(line.steps, points, **marks, **look, linewidth=1, alpha=0.35)
        marks = {}
    axes.plot(line.steps, shown.seen(line.smoothed), **marks, **look, linewidth=2, zorder=3)
    places = [place for place, value in enumerate(points) if math.isfinite(value)]
    if line.broken and places:
        last, cross = places[-1], {"marker": "X", "markersize": 10, "zorder": 4}
        axes.plot(line.steps[last], points[last], color=look["color"], **cross)


def _frame(axes: Axes, shown: Shown) -> None:
    axes.set_xlabel("epoch" if shown.curve.startswith("epoch/") else "step")
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    short = len(shown.curve) <= MOST_UPWARDS
    name = shown.curve if short else f"…{shown.curve[1 - MOST_UPWARDS :]}"
    axes.set_ylabel(name, parse_math=False, family=families())
    drawn = [value for line in shown.lines for value in shown.seen(line.values)]
    if not any(map(math.isfinite, drawn)):
        axes.set(xlim=(0, 1), ylim=(0.1, 10))
    if shown.log:
        _log_ticks(axes)


def _log_ticks(axes: Axes) -> None:
    """Plain numbers, and enough of them, where the axis has few powers of ten."""
    low, high = axes.get_ylim()
    axes.yaxis.set_minor_locator(NullLocator())
    if high < 1000 * low:
        few = MaxNLocator(5) if high < 5 * low else LogLocator(subs=(1, 2, 5))
        axes.yaxis.set_major_locator(few)
        axes.yaxis.set_major_formatter("{x:g}")


def _rows(names: Sequence[str]) -> tuple[int, int]:
    """The rows and the columns of the legend."""
    entries = min(len(names), MOST_NAMED + 1)
    columns = 3 if max(map(len, labels_of(names))) <= SHORT else 2
    return math.ceil(entries / columns), columns


def _legend(figure: Figure, shown: Shown) -> None:
    labels = [line.name for line in shown.named]
    handles = [Line2D([], [], linewidth=2, **shown.look(line)) for line in shown.named]
    if thin := len(shown.lines) - len(shown.named):
        labels, handles = [*labels, f"{thin} more"], [*handles, Line2D([], [], **THIN)]
    with plot.style():
        columns = _rows([line.name for line in shown.lines])[1]
        legend = figure.legend(
            handles, ["run"] * len(handles), loc="outside lower left", ncols=columns
        )
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set(text=label, parse_math=False, family=families())
