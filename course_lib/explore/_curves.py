"""What `explore.runs` shows: curves that are checked when they come in, and one setting of them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from course_lib import plot
from course_lib.explore._explorer import number
from course_lib.explore._letters import drawable
from course_lib.monitor import Curve, smooth

COLOURS = (*plot.COLOURS, plot.INK)
DASHES = ("-", "--", ":", "-.")
MOST_NAMED = 8  # runs in colour and in the legend; more are drawn thin
MOST_LETTERS = 20  # of a run's name
FIRST = "epoch/valid_loss"
HIGHER = ("accuracy", "f1", "precision", "recall", "auc", "score")  # a curve's name has one of them
Runs = dict[str, dict[str, Curve]]


@dataclass(frozen=True)
class Line:
    """One run's part of the picture: its points, and the same smoothed."""

    name: str
    place: int  # among all runs
    steps: tuple[float, ...]
    values: tuple[float, ...]
    smoothed: tuple[float, ...]

    @property
    def broken(self) -> bool:
        """It ends in NaN or infinity."""
        return not math.isfinite(self.values[-1])

    @property
    def moved(self) -> float:
        """By how much the smoothed last value differs from the true one."""
        return abs(self.smoothed[-1] - self.values[-1])


@dataclass(frozen=True)
class Shown:
    """What one setting shows: a line for each run that has the curve."""

    lines: tuple[Line, ...]
    count: int  # of all runs
    curve: str
    smoothing: int
    log: bool

    @property
    def most(self) -> str:
        return "highest" if any(name in self.curve.lower() for name in HIGHER) else "lowest"

    @property
    def whole(self) -> list[Line]:
        """The lines that end in a number, the lowest (or highest) as smoothed first."""
        sign = -1 if self.most == "highest" else 1
        ending = [line for line in self.lines if not line.broken]
        return sorted(ending, key=lambda line: sign * line.smoothed[-1])

    @property
    def best(self) -> list[Line]:
        """The first of `whole`, and those that are equal to it."""
        return [line for line in self.whole if line.smoothed[-1] == self.whole[0].smoothed[-1]]

    @property
    def truly_best(self) -> list[Line]:
        """The same by the true last values."""
        ends = [line.values[-1] for line in self.whole]
        end = max(ends) if self.most == "highest" else min(ends)
        return [line for line in self.whole if line.values[-1] == end]

    @property
    def named(self) -> list[Line]:
        """The lines in colour: all, or as many of the lowest as have a place."""
        if len(self.lines) <= MOST_NAMED:
            return list(self.lines)
        broken = [line for line in self.lines if line.broken]
        chosen = [*self.whole, *broken][:MOST_NAMED]
        return [line for line in self.lines if line in chosen]

    def look(self, line: Line) -> dict[str, Any]:
        """The colour and dashes of a named line, of a run always the same if there are few."""
        place = line.place if self.count <= MOST_NAMED else self.named.index(line)
        row, column = divmod(place, len(COLOURS))
        return {"color": COLOURS[column], "linestyle": DASHES[row % len(DASHES)]}

    def hidden(self) -> tuple[int, int]:
        """How many points are NaN or infinite, and how many a log scale cannot show."""
        values = [value for line in self.lines for value in line.values]
        finite = [value for value in values if math.isfinite(value)]
        return len(values) - len(finite), self.log * sum(value <= 0 for value in finite)

    def seen(self, values: Iterable[float]) -> list[float]:
        """The values that can be drawn, NaN for the others."""
        return [v if math.isfinite(v) and not (self.log and v <= 0) else math.nan for v in values]


def lines_of(found: Runs, curve: str, smoothing: int) -> tuple[Line, ...]:
    lines = []
    for place, (name, label) in enumerate(zip(found, labels_of(list(found)), strict=True)):
        if curve in found[name]:
            steps, values = found[name][curve]
            smoothed = smooth(values, smoothing / 100) if smoothing else values
            lines.append(Line(label, place, tuple(steps), tuple(values), tuple(smoothed)))
    return tuple(lines)


def labels_of(names: Sequence[str]) -> list[str]:
    """The names in letters that can be drawn, long ones without their middle; each is another."""
    labels = [_label(name) for name in names]
    if len(set(labels)) < len(labels):
        labels = [_label(f"{place} {name}") for place, name in enumerate(names, start=1)]
    return labels


def _label(name: str) -> str:
    name = drawable(" ".join(name.split()))
    half = MOST_LETTERS // 2
    return name if len(name) <= MOST_LETTERS else f"{name[: half - 1]}…{name[-half:]}"


def curve_names(found: Runs) -> list[str]:
    """All that some run has: epochs first, then steps, then the rest."""
    names = {name for curves in found.values() for name in curves}
    groups = ("epoch/", "train/")
    return sorted(
        names, key=lambda name: (name != FIRST, *(not name.startswith(g) for g in groups), name)
    )


def read(runs: Any) -> Runs:
    if not isinstance(runs, Mapping):
        raise TypeError(
            f"explore.runs: got {type(runs).__name__}, expected a dict of runs, "
            "{name of a run: {name of a curve: Curve}}. Pass monitor.read_runs(folder)."
        )
    _expect_runs(runs)
    found = {str(run): _read_curves(str(run), curves) for run, curves in runs.items()}
    if not any(found.values()):
        raise ValueError(
            f"explore.runs: got {counted(len(found), 'run')} and no point of a curve, expected at "
            "least one. A logger writes curves by scalars(...); call flush() or close() on it, "
            "then monitor.read_runs(folder)."
        )
    return found


def _expect_runs(runs: Mapping) -> None:
    others = [(name, given) for name, given in runs.items() if not isinstance(given, Mapping)]
    if not others:
        return
    name, given = others[0]
    if len(others) == len(runs) and isinstance(given, tuple):
        raise TypeError(
            f"explore.runs: got the curves of a single run ({name!r} is a {type(given).__name__}), "
            "expected a dict of runs. Name the run, explore.runs({'my run': curves}), or pass "
            "monitor.read_runs(folder)."
        )
    raise TypeError(
        f"explore.runs: the run {name!r} is a {type(given).__name__}, expected a dict, {{name of a "
        "curve: Curve}. monitor.read_scalars(folder) gives one for a run."
    )


def _read_curves(run: str, curves: Mapping) -> dict[str, Curve]:
    read = {str(name): _read_curve(run, str(name), curve) for name, curve in curves.items()}
    return {name: curve for name, curve in read.items() if curve.steps}


def _read_curve(run: str, name: str, curve: Any) -> Curve:
    where = f"explore.runs: the curve {name!r} of the run {run!r}"
    try:
        steps, values = (list(map(number, numbers)) for numbers in curve)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"{where} is a {type(curve).__name__}, expected steps and values, each a list of "
            "numbers. Pass monitor.Curve(steps, values)."
        ) from None
    if len(steps) != len(values):
        raise ValueError(
            f"{where} has {len(steps)} steps and {len(values)} values, expected as many of each. "
            "monitor.read_scalars(folder) gives whole curves."
        )
    return Curve(steps, values)


def counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
