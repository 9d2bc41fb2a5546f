"""Reading event files back: the curves of a run, of all runs, and how TensorBoard smooths them."""

import math
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from course_lib.monitor._folder import event_files, runs_below

ALL = {"scalars": 0, "tensors": 1, "images": 1, "histograms": 1, "compressedHistograms": 1}
SHOWN = 5


class Curve(NamedTuple):
    """The points of a curve, in the order in which they were written.

    Built in notebooks/10_monitoring.ipynb.
    """

    steps: list[int]
    values: list[float]


def read_scalars(folder: str | PathLike) -> dict[str, Curve]:
    """The curves of one run, by name, from the event files that lie in `folder` itself.

    What was not flushed may not be in them yet; a damaged file is read up to the damage. Of points
    at the same step, which a resumed run has written anew, the last is taken.

    Raises:
        FileNotFoundError: there is no event file.

    Built in notebooks/10_monitoring.ipynb.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = Path(folder)
    if not event_files(folder):
        raise _nothing(folder)
    events = EventAccumulator(str(folder), size_guidance=ALL)
    events.Reload()
    return {name: _curve(events.Scalars(name)) for name in events.Tags()["scalars"]}


def read_runs(folder: str | PathLike) -> dict[str, dict[str, Curve]]:
    """The curves of every run under `folder`: {"name of its folder": {"name of a curve": Curve}}.

    Raises:
        FileNotFoundError: there is no event file.

    Built in notebooks/10_monitoring.ipynb.
    """
    folder = Path(folder)
    runs = runs_below(folder)
    if not runs:
        raise _nothing(folder)
    return {name: read_scalars(run) for name, run in runs.items()}


def smooth(values: Iterable[float], weight: float) -> list[float]:
    """A running mean as TensorBoard draws it: of the past only, older values weigh less.

    Each value weighs `weight` times as much as the one after it, and the weights are made to add
    up to 1, so that the first values are not drawn towards 0. NaN and infinity stay as they are and
    weigh nothing.

    Raises:
        ValueError: the weight is not in 0 <= weight < 1.

    Built in notebooks/10_monitoring.ipynb.
    """
    if not 0 <= weight < 1:
        raise ValueError(
            f"smooth: got weight = {weight}, expected 0 (the values themselves) up to, but not "
            "including, 1. TensorBoard's slider ends at 0.999."
        )
    mean, total, smoothed = 0.0, 0.0, []
    for value in values:
        if math.isfinite(value):
            mean = weight * mean + (1 - weight) * value
            total = weight * total + (1 - weight)  # 1 - weight ** n
            value = mean / total
        smoothed.append(value)
    return smoothed


def _curve(points: Iterable[Any]) -> Curve:
    last = {point.step: point.value for point in points}
    return Curve(list(last), list(last.values()))


def _nothing(folder: Path) -> FileNotFoundError:
    if not folder.is_dir():
        found = "no such folder"
    elif runs := list(runs_below(folder)):
        more = ", …" if len(runs) > SHOWN else ""
        found = f"none in it, but some below it, in {', '.join(runs[:SHOWN])}{more}"
    else:
        found = f"{len(list(folder.iterdir()))} other files and folders"
    return FileNotFoundError(
        f"monitor: looked for event files in {folder} and found {found}; expected "
        "events.out.tfevents.*, which a logger writes. Name the run's own folder, and call "
        "flush() or close() on its logger first. read_runs reads every run below a folder."
    )
