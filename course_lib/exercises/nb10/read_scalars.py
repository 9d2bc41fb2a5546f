"""Exercise 10.1: the curves of a run, from its event files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb07._toy import folder
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


Curves = Mapping[str, tuple[Sequence[int], Sequence[float]]]

CURVES: Curves = {
    "train/loss": ([10, 20, 30], [4.0, 2.5, 3.0]),
    "train/rate": ([10, 20, 30], [0.5, 0.25, 0.125]),
    "epoch/valid_loss": ([1, 2], [3.5, 2.75]),
}
TRIED = "a run with train/loss and train/rate at the steps 10, 20, 30 and epoch/valid_loss at 1, 2"
EVERY = 'events.Tags()["scalars"] has the names of all curves: one entry for each of them.'
SCALARS = (
    "Tags() is a dict of all kinds of things that a run may hold. The names of its curves are in "
    'events.Tags()["scalars"], and events.Scalars(name) has the points of one.'
)
POINTS = "events.Scalars(name) is a list of points, and each has a .step and a .value."
BEFORE = (
    "No curves, and so an empty dict, which a loop over no names leaves as it is: make it before "
    "the loop, and return it after that."
)
PAIR = (
    "Each curve is Curve(steps, values), two lists of the same length: "
    "Curve([p.step for p in points], [p.value for p in points])."
)


def _write(where: Path, curves: Curves, **options: int) -> None:
    with TensorBoardLogger(where) as logger:
        logger.start(**options)
        for name, (steps, values) in curves.items():
            for step, value in zip(steps, values, strict=True):
                logger.scalars({name: value}, step)


@contextmanager
def _explained() -> Iterator[None]:
    missing = "event_accumulator reads a folder by its name: EventAccumulator(str(folder))."
    with (
        explaining(KeyError, SCALARS),
        explaining(AttributeError, POINTS, "'list' object has no attribute"),
        explaining(AttributeError, POINTS, "ScalarEvent"),
        explaining(TypeError, POINTS, "'ScalarEvent'"),
        explaining(TypeError, PAIR, "Curve.__new__"),
        explaining(TypeError, missing, "string, got"),
    ):
        yield


def _expect(attempt: Any, where: Path, curves: Curves, tried: str, *known: Known) -> None:
    with _explained():
        got = call(attempt, where, tried=tried)
    _expect_names(got, curves, tried)
    for name, curve in curves.items():
        _expect_curve(got[name], curve, f"{tried}: {name}", *known)


def _expect_names(got: Any, curves: Curves, tried: str) -> None:
    expect_that(
        got is not None,
        tried=tried,
        got=got,
        expected="a dict of curves",
        idea="Nothing came back. Does the function end in `return`?",
    )
    expect_that(
        isinstance(got, dict),
        tried=tried,
        got=got,
        expected="a dict {name: Curve(steps, values)}",
        idea=_of_no_dict(got, curves),
    )
    names = list(curves)
    expect_that(
        set(got) == set(names),
        tried=f"{tried}: the names",
        got=list(got),
        expected=str(names),
        idea=_of_names(list(got), names),
    )


def _of_no_dict(got: Any, curves: Curves) -> str:
    if type(got) is list and all(type(each) is str for each in got):
        return "These are the names alone. Each of them wants its curve: a dict."
    if type(got) is list and len(got) == len(curves):
        return "Curves without their names. Put them into a dict, by name."
    if type(got) is Curve or type(got) is tuple:
        return f"This is one curve, without its name. {EVERY}"
    return "A dict is asked, {name: Curve(steps, values)}, with an entry for each curve."


def _of_names(got: list, names: list[str]) -> str:
    if got == []:
        return (
            "No curve at all. Does events.Reload() stand before Tags()? Only that reads the files. "
            f"And {EVERY}"
        )
    if any(type(each) is int for each in got):
        return "The keys are steps. A curve is found by its name, and holds its steps itself."
    if set(got) < set(names):
        one = "The last curve alone: make the dict before the loop." if got == names[-1:] else EVERY
        return (
            f"The first curve alone: does the return stand inside the loop? {EVERY}"
            if (got == names[:1])
            else one
        )
    if set(got) & {"scalars", "images", "histograms", "tensors"}:
        return SCALARS
    short = {name.rpartition("/")[2] for name in names}
    if set(got) <= short | {name.partition("/")[0] for name in names}:
        return "The names were cut. train/loss and valid/loss are two curves: keep them whole."
    return "The keys are the names as the run has them, one for each curve."


def _expect_curve(got: Any, curve: tuple[Sequence, Sequence], tried: str, *known: Known) -> None:
    """Expect these steps and values; `known` are wrong steps."""
    steps, values = map(list, curve)
    expect_that(
        isinstance(got, tuple) and len(got) == 2 and all(type(part) is list for part in got),
        tried=tried,
        got=got,
        expected=f"Curve(steps={steps}, values={values})",
        idea=_of_no_curve(got, steps, values),
    )
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
        idea=_of_steps(got[0]),
        known=(*known, *_counted(steps)),
    )
    expect(
        got[1],
        values,
        tried=f"{tried}, its values",
        idea=f"The values as they were written. {POINTS}",
        known=(
            Known(steps, f"These are the steps once more. {POINTS}"),
            Known(sorted(values), "They were sorted. The order is that of the steps."),
        ),
    )


def _counted(steps: Sequence[int]) -> tuple[Known, ...]:
    own = "Points are counted here, and many runs log every tenth step only. p.step says which."
    return (
        Known(list(range(len(steps))), own),
        Known(list(range(1, len(steps) + 1)), own),
        Known(steps[-1:], "The last step alone. Every point counts."),
    )


def _of_steps(got: list) -> str:
    if got and all(isinstance(each, float) and each > 1e9 for each in got):
        return (
            "These are seconds since 1970: wall_time says when a point was written. The step, "
            "p.step, says where in the training it belongs."
        )
    if any(isinstance(each, float) for each in got):
        return "Steps are whole numbers, p.step as it is."
    return f"The steps as they were written. {POINTS}"


def _of_no_curve(got: Any, steps: list, values: list) -> str:
    if isinstance(got, dict):
        return f"A dict for the curve. {PAIR}"
    if got in (values[-1], values[0]):
        return f"One value alone. A curve has all of its points. {PAIR}"
    if got == values:
        return f"The values without their steps. {PAIR}"
    if type(got) is list and got and hasattr(got[0], "wall_time"):
        return f"These are TensorBoard's points as they came. {PAIR}"
    if type(got) is list and got == [*zip(steps, values, strict=True)]:
        return f"Pairs of a step and a value. {PAIR}"
    if isinstance(got, tuple) and tuple(map(list, got)) == (steps, values):
        return "The numbers are right, and they stand in tuples. list(...) makes a list of each."
    if type(got) is list and got == [steps, values]:
        return f"A list of two lists. {PAIR}"
    return PAIR


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
        _write(where / "run", second, step=2)
        _expect(attempt, where / "run", both, tried, *one_file)


EXERCISE = Exercise(
    "10.1",
    "Read a run back",
    10,
    read_scalars,
    (_three_curves, _one_point, _other_things, _no_curves, _resumed),
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
