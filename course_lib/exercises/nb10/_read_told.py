"""What is said of curves that were read wrongly: their names, their steps, their kind."""

from collections.abc import Mapping, Sequence
from typing import Any

from course_lib.exercises._checking import Known
from course_lib.monitor import Curve

Curves = Mapping[str, tuple[Sequence[int], Sequence[float]]]

EVERY = 'events.Tags()["scalars"] has the names of all curves: one entry for each of them.'
SCALARS = (
    "Tags() is a dict of all kinds of things that a run may hold. The names of its curves are in "
    'events.Tags()["scalars"], and events.Scalars(name) has the points of one.'
)
POINTS = "events.Scalars(name) is a list of points, and each has a .step and a .value."
OTHER = "Or is another folder read than the one given?"
GONE = "There is no such folder. Take the one that is given: EventAccumulator(str(folder))."
MISSING = (
    "Points are missing. Unless size_guidance says otherwise, EventAccumulator keeps 10,000 of a "
    "curve, and all of them if there are fewer: leave it out."
)
DIGITS = "Rounded: a value as it is, p.value. A rate may be as small as 0.00003."
BEFORE = (
    "No curves, and so an empty dict, which a loop over no names leaves as it is: make it before "
    "the loop, and return it after that."
)
PAIR = (
    "Each curve is Curve(steps, values), two lists of the same length: "
    "Curve([p.step for p in points], [p.value for p in points])."
)


def of_no_dict(got: Any, curves: Curves) -> str:
    if type(got) is list and all(type(each) is str for each in got):
        return "These are the names alone. Each of them wants its curve: a dict."
    if type(got) is list and [each[:1] for each in got if type(each) is tuple] == [
        (name,) for name in curves
    ]:
        return "A list of pairs. A dict finds a curve by its name: dict(...) makes one of them."
    if type(got) is list and len(got) == len(curves):
        return "Curves without their names. Put them into a dict, by name."
    if type(got) is Curve or type(got) is tuple:
        return f"This is one curve, without its name. {EVERY}"
    return "A dict is asked, {name: Curve(steps, values)}, with an entry for each curve."


def of_names(got: list, names: list[str]) -> str:
    if got == []:
        return (
            "No curve at all. Does events.Reload() stand before Tags()? Only that reads the files. "
            f"And {EVERY} {OTHER}"
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
    return f"The keys are the names as the run has them, one for each curve. {OTHER}"


def counted(steps: Sequence[int]) -> tuple[Known, ...]:
    own = "Points are counted here, and many runs log every tenth step only. p.step says which."
    return (
        Known(list(range(len(steps))), own),
        Known(list(range(1, len(steps) + 1)), own),
        Known(sorted(steps), "Sorted by step. The order is that in which the points were written."),
        Known(steps[-1:], "The last step alone. Every point counts."),
    )


def of_steps(got: list) -> str:
    if got and all(isinstance(each, float) and each > 1e9 for each in got):
        return (
            "These are seconds since 1970: wall_time says when a point was written. The step, "
            "p.step, says where in the training it belongs."
        )
    if len(got) > len(set(got)):
        return (
            f"The points of all curves in one list: begin the two lists anew for each name. {OTHER}"
        )
    if any(isinstance(each, float) for each in got):
        return "Steps are whole numbers, p.step as it is."
    return f"The steps as they were written. {POINTS} {OTHER}"


def of_no_curve(got: Any, steps: list, values: list) -> str:
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
        return (
            "The numbers are right, and they stand in tuples or arrays: list(...), or .tolist(), "
            "makes a list of each."
        )
    if type(got) is list and got == [steps, values]:
        return f"A list of two lists. {PAIR}"
    return PAIR
