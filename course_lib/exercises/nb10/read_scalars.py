"""Exercise 10.1: the curves of a run, from its event files."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from course_lib._describe import shorten
from course_lib.exercises._checking import (
    NO_RETURN,
    Known,
    call,
    expect,
    expect_that,
    explaining,
    same,
)
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb07._toy import folder
from course_lib.exercises.nb10._read_told import (
    BEFORE,
    DIGITS,
    GONE,
    MISSING,
    PAIR,
    POINTS,
    SCALARS,
    Curves,
    counted,
    of_names,
    of_no_curve,
    of_no_dict,
    of_steps,
)
from course_lib.exercises.nb10._toy import expect_all_digits, rounded
from course_lib.monitor import Curve, TensorBoardLogger


def read_scalars(folder: Path) -> dict[str, Curve]:
    """{name: Curve(steps, values)} for every scalar of a run"""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    curves = {}
    for name in events.Tags()["scalars"]:
        points = events.Scalars(name)
        curves[name] = Curve([p.step for p in points], [p.value for p in points])
    return curves


CALLED = f"Tags and Scalars are methods: they are called, with (). {SCALARS}"

CURVES: Curves = {
    "train/loss": ([10, 20, 30], [4.0, 2.5, 3.0]),
    "train/rate": ([10, 20, 30], [0.5, 0.25, 0.125]),
    "epoch/valid_loss": ([1, 2], [3.5, 2.75]),
}
TRIED = "a run with train/loss and train/rate at the steps 10, 20, 30 and epoch/valid_loss at 1, 2"


def _write(where: Path, curves: Curves, **options: int) -> None:
    with TensorBoardLogger(where) as logger:
        logger.start(**options)
        for name, (steps, values) in curves.items():
            for step, value in zip(steps, values, strict=True):
                logger.scalars({name: value}, step)


def _make_older(where: Path) -> None:
    """Rename the event file as one of earlier; else the logger waits for a new second."""
    (path,) = where.glob("events.out.tfevents.*")
    path.rename(path.with_name("events.out.tfevents.1000000000.first"))


@contextmanager
def _explained() -> Iterator[None]:
    missing = "event_accumulator reads a folder by its name: EventAccumulator(str(folder))."
    with (
        explaining(Exception, GONE, "has been permanently deleted"),
        explaining(KeyError, SCALARS),
        explaining(AttributeError, POINTS, "'list' object has no attribute"),
        explaining(AttributeError, POINTS, "'function' object has no attribute"),
        explaining(AttributeError, POINTS, "'method' object has no attribute"),
        explaining(TypeError, CALLED, "'method' object is not subscriptable"),
        explaining(AttributeError, POINTS, "ScalarEvent"),
        explaining(TypeError, POINTS, "'ScalarEvent'"),
        explaining(TypeError, PAIR, "Curve.__new__"),
        explaining(TypeError, missing, "string, got"),
    ):
        yield


def _expect(attempt: Any, where: Path, curves: Curves, tried: str, *known: Known) -> Any:
    with _explained():
        got = call(attempt, where, tried=tried)
    _expect_names(got, curves, tried)
    for name, curve in curves.items():
        _expect_curve(got[name], curve, f"{tried}: {name}", *known)
    return got


def _expect_names(got: Any, curves: Curves, tried: str) -> None:
    expect_that(
        got is not None,
        tried=tried,
        got=got,
        expected="a dict of curves",
        idea=NO_RETURN,
    )
    expect_that(
        isinstance(got, dict),
        tried=tried,
        got=got,
        expected="a dict {name: Curve(steps, values)}",
        idea=of_no_dict(got, curves),
    )
    names = list(curves)
    expect_that(
        set(got) == set(names),
        tried=f"{tried}: the names",
        got=list(got),
        expected=str(names),
        idea=of_names(list(got), names),
    )


def _expect_pair(got: Any, steps: list, values: list, tried: str) -> None:
    expect_that(
        not same(got, (steps[-1], values[-1])),
        tried=tried,
        got=got,
        expected=shorten(f"Curve(steps={steps}, values={values})"),
        idea=f"One point alone, the last one. {PAIR}",
    )
    expect_that(
        isinstance(got, tuple) and len(got) == 2 and all(type(part) is list for part in got),
        tried=tried,
        got=got,
        expected=shorten(f"Curve(steps={steps}, values={values})"),
        idea=of_no_curve(got, steps, values),
    )


def _expect_curve(got: Any, curve: tuple[Sequence, Sequence], tried: str, *known: Known) -> None:
    """Expect these steps and values; `known` are wrong steps."""
    steps, values = map(list, curve)
    _expect_pair(got, steps, values, tried)
    expect_that(
        (list(got[0]), list(got[1])) != (values, steps) or steps == values,
        tried=tried,
        got=got,
        expected=f"Curve(steps={steps}, values={values})",
        idea="Steps and values have changed places: Curve takes the steps first.",
    )
    expect(
        got[0],
        steps,
        tried=f"{tried}, its steps",
        idea=of_steps(got[0]),
        known=(*known, *counted(steps)),
    )
    expect(
        got[1],
        values,
        tried=f"{tried}, its values",
        idea=f"The values as they were written. {POINTS}",
        known=(
            Known(steps, f"These are the steps once more. {POINTS}"),
            Known(sorted(values), "They were sorted. The order is that of the steps."),
            *rounded(values, DIGITS),
        ),
    )


def _three_curves(attempt: Any) -> None:
    """every curve under its name, with its steps and values"""
    with folder() as where:
        _write(where / "run", CURVES)
        _expect(attempt, where / "run", CURVES, TRIED)


def _one_point(attempt: Any) -> None:
    """a curve may have one point, or the value 0"""
    curves = {"loss": ([7], [0.0]), "rate": ([0, 7, 8], [0.0, 0.5, 0.0])}
    tried = "a run with loss at step 7, which is 0, and rate at 0, 7, 8"
    with folder() as where:
        _write(where / "run", curves)
        _expect(attempt, where / "run", curves, tried)


def _other_things(attempt: Any) -> None:
    """texts and histograms of the run are left out"""
    curves = {"train/loss": ([1, 2], [2.0, 1.0])}
    tried = "a run with train/loss at 1, 2, a text and a histogram"
    with folder() as where:
        with TensorBoardLogger(where / "run") as logger:
            logger.text("run", "what was trained", 0)
            logger.histogram("weights", torch.tensor([1.0, 2.0]), 1)
            logger.scalars({"train/loss": 2.0}, 1)
            logger.scalars({"train/loss": 1.0}, 2)
        _expect(attempt, where / "run", curves, tried)


def _no_curves(attempt: Any) -> None:
    """an empty dict, where a run has no scalars"""
    tried = "a run with a text and no scalar"
    with folder() as where:
        with TensorBoardLogger(where / "run") as logger:
            logger.text("run", "what was trained", 0)
        with _explained(), explaining(UnboundLocalError, BEFORE):
            got = call(attempt, where / "run", tried=tried)
        expect_that(got is not None, tried=tried, got=got, expected="{}", idea=BEFORE)
        expect(got, {}, tried=tried, idea=BEFORE)


def _as_written(attempt: Any) -> None:
    """values as they were written: small ones, NaN, and steps that go back"""
    curves = {"rate": ([5, 6, 2, 3], [2.0**-15, math.nan, 0.25, 1.5])}
    broken = "NaN is a value, too: it shows where a training broke. Leave no point out."
    known = Known([5, 2, 3], broken), Known([2, 3, 5], broken)
    tried = "a run with rate at 5, 6, 2, 3, where it is 1/32768, NaN, 0.25 and 1.5"
    with folder() as where:
        _write(where / "run", curves)
        got = _expect(attempt, where / "run", curves, tried, *known)
        expect_all_digits(list(got["rate"][1]), curves["rate"][1], tried=tried, idea=DIGITS)


def _many(attempt: Any) -> None:
    """every point of a long curve"""
    steps = list(range(1, 301))
    values = [0.5 * step for step in steps]
    tried = "a run with loss at the steps 1 to 300"
    with folder() as where:
        _write(where / "run", {"loss": (steps, values)})
        with _explained():
            got = call(attempt, where / "run", tried=tried)
    _expect_names(got, {"loss": (steps, values)}, tried)
    _expect_pair(got["loss"], steps, values, tried)
    found = len(got["loss"][0])
    expect(found, 300, tried=f"{tried}: how many points", idea=MISSING)
    _expect_curve(got["loss"], (steps, values), tried)


def _resumed(attempt: Any) -> None:
    """a run that was resumed has one curve, from two event files"""
    first = {"loss": ([1, 2, 3], [3.0, 2.0, 9.0])}
    second = {"loss": ([3, 4], [1.0, 0.5])}
    both = {"loss": ([1, 2, 3, 4], [3.0, 2.0, 1.0, 0.5])}
    files = "One of the two files alone. EventAccumulator(str(folder)) reads all that lie there."
    one_file = Known([1, 2, 3], files), Known([3, 4], files)
    tried = "a run with loss at 1, 2, 3 that went on from step 2 and wrote 3, 4 into a second file"
    with folder() as where:
        _write(where / "run", first)
        _make_older(where / "run")
        _write(where / "run", second, step=2)
        _expect(attempt, where / "run", both, tried, *one_file)


EXERCISE = Exercise(
    "10.1",
    "Read a run back",
    10,
    read_scalars,
    (_three_curves, _one_point, _other_things, _no_curves, _as_written, _many, _resumed),
    (
        'events.Tags()["scalars"] is a list of names. Print it, for one run.',
        (
            "events.Scalars(name) is a list of points with .step, .value and .wall_time. The first "
            "two are asked for, as two lists."
        ),
        (
            "Begin with curves = {}, and for each name: points = events.Scalars(name), "
            "curves[name] = Curve([p.step for p in points], [p.value for p in points])."
        ),
    ),
)
