"""The explorer of notebooks/12_debugging_clinic.ipynb."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes

from course_lib import plot
from course_lib.explore import _clinic, _instruments
from course_lib.explore._clinic import HEALTHY
from course_lib.explore._explorer import Choice, Explorer, View
from course_lib.explore._instruments import COMPANY, Activations, Answers, Asked, Losses, Moves

OVERFIT, EPOCH, MOVES, COMPANIES, ANSWERS, ACTIVATIONS = _instruments.INSTRUMENTS
PATIENTS = tuple(_clinic.MAKERS)
USUAL = 3.5  # the top of the loss's axis, where no loss is higher
NEARLY = 1e-5  # a difference of logits that rounding alone can make
SMALLEST, LARGEST = 1e-8, 10.0  # changes; below the smallest the axis is linear, down to 0
TICKS = {0: "0", 1e-8: "10⁻⁸", 1e-6: "10⁻⁶", 1e-4: "10⁻⁴", 1e-2: "10⁻²", 1: "1"}
ZERO = 3e-9  # how far the axis goes below 0

Sheet = tuple[str, str]  # the finding, and what else is measured


def clinic(patient: str = "A", instrument: str = OVERFIT) -> Explorer:
    """One of six instruments on one of the eight patients, or on a healthy training beside them.

    Each measurement begins with a fresh patient, and is made when it is first chosen.

    Arguments:
        patient     the first to be seen: "A" to "H", or "healthy"
        instrument  the first to be used: "overfit one batch", "one epoch", "what a step moves",
            "alone or in company", "answers" or "activations"

    Raises:
        ValueError: there is no such patient or instrument.
    """
    _expect(patient, PATIENTS, "patient")
    _expect(instrument, DRAWN, "instrument")
    controls = {
        "patient": Choice("patient", PATIENTS, patient),
        "instrument": Choice("instrument", tuple(DRAWN), instrument),
    }
    return Explorer("clinic", draw_clinic, controls)


def _expect(value: str, options: Sequence[str], what: str) -> None:
    if value not in tuple(options):
        raise ValueError(
            f"explore.clinic: got {what} = {value!r}, expected one of "
            f"{', '.join(map(repr, options))}. Leave it out to begin with {next(iter(options))!r}."
        )


def draw_clinic(patient: str, instrument: str) -> View:
    """What an instrument shows of a patient."""
    measured = _instruments.measure(patient, instrument)
    figure, axes = plot.figure("", size=(7.2, 3.8))
    finding, said = DRAWN[instrument](axes, measured)
    who = "Healthy" if patient == HEALTHY else f"Patient {patient}"
    style = {"ha": "left", "weight": "bold", "color": plot.INK}
    figure.suptitle(f"{who}: {finding}", x=0.01, size=13, **style)
    with plot.style():
        figure.legend(loc="outside lower left", ncols=4)
    return View(figure, f"{who}, {instrument}: {said}")


def _overfit(axes: Axes, found: Losses) -> Sheet:
    start, *_, end = found.values
    steps = len(found.values) - 1
    _losses(axes, found, range(steps + 1), "loss of the one batch")
    axes.set_xlabel("steps on this batch")
    finding = f"loss {_short(start)} to {_short(end)} in {steps} steps on one batch"
    said = (
        f"the loss of one batch is ≈ {_short(start)} before the first step, ≈ {_short(end)} after "
        f"{steps} steps on it, and ≈ {_short(max(found.values))} at the highest. "
        f"{_say_guessing(found)}"
    )
    return finding, said


def _epoch(axes: Axes, found: Losses) -> Sheet:
    start, *_, end = found.values
    steps, low, high = len(found.values), min(found.values), max(found.values)
    _losses(axes, found, range(1, steps + 1), "loss of a new batch")
    axes.set_xlabel("step of the epoch")
    finding = f"loss {_short(start)} to {_short(end)} in an epoch of {steps} steps"
    said = (
        f"the loss of each batch before its step is ≈ {_short(start)} at step 1 and ≈ "
        f"{_short(end)} at step {steps}, the lowest ≈ {_short(low)} and the highest ≈ "
        f"{_short(high)}. {_say_guessing(found)}"
    )
    return finding, said


def _short(loss: float) -> str:
    return f"{loss:.2f}" if loss >= 0.01 else f"{loss:.1g}"


def _say_guessing(found: Losses) -> str:
    return f"Guessing among {found.classes} costs log {found.classes} = {found.guessing:.2f}."


def _losses(axes: Axes, found: Losses, steps: range, label: str) -> None:
    guessing = {"color": plot.INK, "linewidth": 1.4, "linestyle": "--"}
    axes.plot(steps, found.values, "o-", color=plot.BLUE, markersize=3, label=label)
    name = f"guessing: log {found.classes} = {found.guessing:.2f}"
    axes.axhline(found.guessing, label=name, **guessing)
    axes.set(ylim=(0, max(USUAL, 1.08 * max(found.values))), ylabel="loss")


def _moves(axes: Axes, found: Moves) -> Sheet:
    places = np.arange(len(found.names))
    for changes, shift, colour, mark, step in (
        (found.first, -0.14, plot.BLUE, "o", 1),
        (found.last, 0.14, plot.ORANGE, "s", found.steps),
    ):
        moved = np.array(changes) > 0
        style = {"color": colour, "linestyle": "none", "marker": mark}
        rows = places + shift
        axes.plot(np.array(changes)[moved], rows[moved], label=f"step {step}", ms=7, **style)
        hollow = {"markerfacecolor": "none", "markeredgewidth": 1.6, "ms": 8, **style}
        axes.plot(np.zeros((~moved).sum()), rows[~moved], label=f"step {step}: 0", **hollow)
    axes.set_xscale("symlog", linthresh=SMALLEST, linscale=0.8)
    axes.set_xticks(list(TICKS), list(TICKS.values()))
    axes.set_xticks([], minor=True)
    axes.set_yticks(places, found.names)
    axes.set(xlim=(-ZERO, LARGEST), ylim=(len(places) - 0.5, -0.5))
    axes.set_xlabel("change in a step, as a share of the tensor")
    one, other = (sum(change > 0 for change in some) for some in (found.first, found.last))
    count = len(places)
    finding = f"of {count} tensors {one} move in step 1, {other} in step {found.steps}"
    said = (
        f"in step 1 ≈ {one} of {count} tensors of parameters move, by ≈ {max(found.first):.2g} of "
        f"their size at most; in step {found.steps}, the last of an epoch, ≈ {other} of {count} "
        f"move, by ≈ {max(found.last):.2g} at most."
    )
    return finding, said


def _company(axes: Axes, found: Asked) -> Sheet:
    classes = range(len(found.alone))
    hollow = {"markerfacecolor": "none", "markeredgewidth": 1.8, "linestyle": "none"}
    axes.plot(classes, found.alone, "o", color=plot.BLUE, ms=6, label="alone")
    others = f"with {COMPANY} others"
    axes.plot(classes, found.one, "s", color=plot.ORANGE, ms=12, label=others, **hollow)
    axes.plot(classes, found.other, "D", color=plot.GREEN, ms=17, label=f"{others} again", **hollow)
    axes.set_xticks(classes)
    axes.set(xlabel="class", ylabel="logit", xlim=(-0.6, len(classes) - 0.4))
    axes.margins(y=0.15)
    finding = f"logits of one example apart by {_apart(found.apart, '')}"
    apart, between = _apart(found.apart, "≈ "), _apart(found.between, "≈ ")
    said = (
        f"after an epoch, the model is asked about one example alone, in company of {COMPANY} "
        f"others, and of {COMPANY} others again. The logits are apart by {apart}, those of the two "
        f"companies by {between}."
    )
    return finding, said


def _apart(difference: float, sign: str) -> str:
    """Rounding, which differs from machine to machine, is not told."""
    little = difference < NEARLY
    return f"less than {NEARLY:.5f}" if little else f"up to {sign}{difference:.2g}"


def _answers(axes: Axes, found: Answers) -> Sheet:
    places, width = np.arange(len(found.labels)), 0.38
    axes.bar(places - width / 2, found.labels, width, color=plot.BLUE, label="labels")
    axes.bar(places + width / 2, found.answers, width, color=plot.ORANGE, label="answers")
    axes.set_xticks(places)
    axes.set(xlabel="class", ylabel="validation examples")
    count, classes = sum(found.labels), len(found.labels)
    finding = f"answers {found.answered} of {classes} classes, {found.right} of {count} right"
    said = (
        f"after an epoch, ≈ {found.answered} of {classes} classes are answered for {count} "
        f"validation examples, and ≈ {found.right} answers are right; the most frequent answer "
        f"comes ≈ {max(found.answers)} times, the most frequent label {max(found.labels)} times."
    )
    return finding, said


def _activations(axes: Axes, found: Activations) -> Sheet:
    units = np.arange(len(found.before))
    axes.bar(units, found.before, 0.7, color=plot.BLUE, label="before the first step")
    after = {"color": plot.ORANGE, "linestyle": "none", "zorder": 3, "clip_on": False}
    axes.plot(units, found.after, "o", ms=5, label="after an epoch", **after)
    what = "rows of examples" if found.rows else "examples"
    axes.set(xlabel="unit of the first hidden layer", ylabel=f"share of {what} above 0")
    axes.set(ylim=(0, 1), xlim=(-0.8, len(units) - 0.2))
    one, other = (sum(share > 0 for share in some) for some in (found.before, found.after))
    finding = f"of {len(units)} units {one} are ever above 0; after an epoch {other}"
    said = (
        f"before the first step ≈ {one} of {len(units)} units are above 0 for at least one "
        f"validation example, for ≈ {np.mean(found.before):.0%} of the {what} on average; after "
        f"an epoch ≈ {other} units, for ≈ {np.mean(found.after):.0%}."
    )
    return finding, said


DRAWN: dict[str, Callable[[Axes, object], Sheet]] = {
    OVERFIT: _overfit,
    EPOCH: _epoch,
    MOVES: _moves,
    COMPANIES: _company,
    ANSWERS: _answers,
    ACTIVATIONS: _activations,
}
