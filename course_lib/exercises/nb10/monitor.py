"""Exercise 10.3: a callback that watches."""

from collections.abc import Mapping
from statistics import fmean
from typing import Any

import torch

from course_lib.exercises._checking import Known, expect, expect_that, same
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb10._toy import run_at
from course_lib.exercises.nb10._watched import (
    NOT_COUNTED,
    NOTHING,
    STEP_NAMES,
    by_hand,
    expect_names,
    expect_steps,
    fitted,
    make,
    of_epoch_names,
    only,
    points_of,
    steps_written,
    tell,
)
from course_lib.exercises.nb10.gradient_norm import gradient_norm
from course_lib.loop._run import Run
from course_lib.monitor._logger import Logger


class Monitor:
    """A callback of fit that hands the numbers of a training to a logger."""

    def __init__(self, logger: "Logger", every: int = 1) -> None:
        self.logger, self.every = logger, every

    def on_step(self, run: "Run") -> None:
        """loss, rate and norm of the gradient, at every so many steps"""
        if run.step % self.every == 0:
            numbers = {
                "train/loss": run.history.losses[-1],
                "train/rate": run.history.rates[-1],
                "train/gradient_norm": gradient_norm(run.model),
            }
            self.logger.scalars(numbers, run.step)

    def on_epoch(self, run: "Run") -> None:
        """the numbers of the epoch that has just finished"""
        last = run.history.epochs[-1]
        numbers = {f"epoch/{name}": value for name, value in last.items() if name != "epoch"}
        self.logger.scalars(numbers, run.epoch)


LOSSES, RATES = [8.0, 4.0, 3.0, 1.0, 2.5], [0.5, 0.25, 0.125, 0.0625, 0.03125]
NEXT_RATE = 0.015625
EPOCHS = [
    {"epoch": 1, "train_loss": 6.0, "valid_loss": 5.0, "valid_accuracy": 0.5},
    {"epoch": 2, "train_loss": 2.0, "valid_loss": 3.0, "valid_accuracy": 0.0},
]
IN_EPOCH = "a run after 5 steps and 2 epochs; on_step(run)"
CHANGED = (
    "A callback that watches changes nothing. pop and del take a number out of the history itself; "
    "leave it out of what you write."
)
EACH_ANEW = "Right at one step and not at another: take each number anew, and as it is."
EVERY = "run.step % self.every == 0: with every=3 these are the steps 3, 6, 9."


def _a_step(attempt: Any) -> None:
    """after a step: its loss, its rate and the norm of the gradient, at run.step"""
    run = run_at(LOSSES, RATES, EPOCHS, next_rate=NEXT_RATE)
    made, recorder, made_by = make(attempt, run)
    tried = f"{made_by}; {IN_EPOCH}"
    tell(made, "on_step", run, tried)
    points = points_of(recorder, tried)
    epoch = "This is run.epoch. After a step the point stands at run.step, the number of steps."
    own = f"Five steps are made. {NOT_COUNTED}"
    expect_steps(
        points,
        [5],
        tried,
        "One point of each curve, at run.step, which is 5.",
        Known([], f"{NOTHING} And with every=1 each step counts: run.step % 1 is 0."),
        Known([2], epoch),
        Known([4], "One too few: run.step counts the steps that are made, and this was the fifth."),
        Known([6], "One too many: run.step counts the steps that are made, this one too."),
        Known([1], own),
        Known([0], own),
        Known([25], "Nothing is to be multiplied: run.step counts through all epochs."),
        Known([10], "Nothing is to be multiplied: run.step counts through all epochs."),
        Known([1, 2, 3, 4, 5], "All steps anew, after each step. Write the last one."),
        Known([0, 1, 2, 3, 4], "All steps anew, after each step. Write the last one."),
    )
    names = f"Three curves, called {', '.join(STEP_NAMES)}. The part before the / is their group."
    expect_names(points[5], STEP_NAMES, tried, names)
    for name, value, idea, known in _step_values():
        expect(points[5][name], value, tried=f"{tried}: {name}", idea=idea, known=known)


def _step_values() -> list[tuple[str, float, str, list[Known]]]:
    """What each curve should hold, and what others put there."""
    last, rate = "The last loss: run.history.losses[-1].", "The last rate: run.history.rates[-1]."
    norm = "The norm of the gradient: gradient_norm(run.model), from above."
    losses = [
        Known(LOSSES[0], f"This is the first loss. {last}"),
        Known(fmean(LOSSES), f"The mean of all losses hides what this step did. {last}"),
        Known(sum(LOSSES), f"The sum of all losses. {last}"),
        Known(min(LOSSES), f"The lowest so far. {last}"),
        Known(EPOCHS[-1]["train_loss"], f"The mean loss of an epoch. {last}"),
    ]
    rates = [
        Known(RATES[0], f"This is the first rate. {rate}"),
        Known(fmean(RATES), f"The mean of all rates. {rate}"),
        Known(
            NEXT_RATE,
            "This is the rate of the step to come: the scheduler is stepped before the callbacks "
            f"are told. {rate}",
        ),
    ]
    norms = [
        Known(0.0, f"0: were the gradients dropped before they were measured? {norm}"),
        Known(10.0, f"This is the norm of the weights. {norm}"),
    ]
    return [
        ("train/loss", LOSSES[-1], last, losses),
        ("train/rate", RATES[-1], rate, rates),
        ("train/gradient_norm", 5.0, norm, norms),
    ]


def _every(attempt: Any) -> None:
    """with every=3, after every third step"""
    late = f"One too late or too early. {EVERY}"
    known = (
        Known(list(range(1, 9)), "After every step: `every` does nothing."),
        Known([1, 4, 7], f"The steps 1, 4, 7. {EVERY}"),
        Known([2, 5, 8], late),
        Known([4, 8], late),
        Known([4, 7], late),
        Known([3], f"Once only. {EVERY}"),
        Known([1, 2], f"A point stands at run.step, not at how many points there are. {EVERY}"),
        Known([3, 4, 5, 6, 7, 8], f"All steps from the third on. {EVERY}"),
        Known([1, 2, 4, 5, 7, 8], f"Turned round: these are the steps to leave out. {EVERY}"),
        Known([], NOTHING),
    )
    run = run_at([], [])
    made, recorder, made_by = make(attempt, run, every=3)
    tried = f"{made_by}; on_step(run) after each of 8 steps: the steps of what is written"
    found = steps_written(made, recorder, run, range(1, 9), tried)
    expect(found, [3, 6], tried=tried, idea=EVERY, known=known)


def _resumed(attempt: Any) -> None:
    """in a training that is resumed the count goes on"""
    run = run_at([1.0] * 42, [0.5] * 42, EPOCHS)
    made, recorder, made_by = make(attempt, run, every=4)
    tried = (
        f"{made_by}; a training resumed after 42 steps, on_step(run) after each of 8 more: the "
        "steps of what is written"
    )
    found = steps_written(made, recorder, run, range(43, 51), tried)
    early = "What is written at step 2 is of an epoch: those numbers are for on_epoch alone."
    known = (Known([2, 44, 48], early),)
    expect(found, [44, 48], tried=tried, idea=NOT_COUNTED, known=known)


def _an_epoch(attempt: Any) -> None:
    """after an epoch: all its numbers but "epoch", at run.epoch"""
    run = run_at(LOSSES, RATES, EPOCHS)
    made, recorder, made_by = make(attempt, run)
    tried = f"{made_by}; a run after 5 steps and 2 epochs; on_epoch(run)"
    tell(made, "on_epoch", run, tried)
    points = points_of(recorder, tried)
    expect_steps(
        points,
        [2],
        tried,
        "One point of each curve, at run.epoch, which is 2.",
        Known([5], "This is run.step. A point of an epoch stands at run.epoch."),
        Known([1], "One too few: run.epoch counts finished epochs. Or is it a count of its own?"),
        Known([3], "One too many: run.epoch counts finished epochs, this one too."),
        Known([0], f"Two epochs are finished. {NOT_COUNTED}"),
        Known([1, 2], "All epochs anew, after each epoch. Write the last one."),
        Known([0, 1], "All epochs anew, after each epoch. Write the last one."),
    )
    _expect_last_epoch(points[2], EPOCHS[-1], tried)


def _expect_last_epoch(got: Mapping, epoch: Mapping, tried: str) -> None:
    names = [f"epoch/{name}" for name in epoch if name != "epoch"]
    expect_names(got, names, tried, of_epoch_names(set(got), set(names)))
    for name in names:
        short = name.removeprefix("epoch/")
        last = "The last epoch: run.history.epochs[-1]."
        first = (Known(EPOCHS[0].get(short), f"This is the first epoch. {last}"),)
        expect(got[name], epoch[short], tried=f"{tried}: {name}", idea=last, known=first)


def _every_epoch(attempt: Any) -> None:
    """after each epoch, whatever `every` is, with validation or without"""
    for every, idea in (
        (1, "An epoch without validation has a train_loss, and is written, too."),
        (7, "`every` counts steps. After each epoch its numbers are written."),
    ):
        run = run_at(LOSSES, RATES, [])
        made, recorder, made_by = make(attempt, run, every=every)
        tried = f"{made_by}; on_epoch(run) after each of 3 epochs without validation"
        for number in range(1, 4):
            run.history.epochs.append({"epoch": number, "train_loss": 4.0 - number})
            tell(made, "on_epoch", run, tried)
        points = points_of(recorder, tried)
        known = (Known([], idea), Known([1], f"Once only. {idea}"))
        expect_steps(points, [1, 2, 3], tried, idea, *known)
        for number in range(1, 4):
            _expect_last_epoch(points[number], {"train_loss": 4.0 - number}, tried)


def _leaves_alone(attempt: Any) -> None:
    """it changes nothing: the history and the gradients are as they were"""
    run = run_at(LOSSES, RATES, EPOCHS)
    made, _, made_by = make(attempt, run)
    for event in ("on_step", "on_epoch"):
        tried = f"{made_by}; {event}(run)"
        tell(made, event, run, tried)
        history = run.history
        for name, found, before in (
            ("losses", history.losses, LOSSES),
            ("rates", history.rates, RATES),
            ("epochs[-1]", history.epochs[-1] if history.epochs else None, EPOCHS[-1]),
            ("epochs", history.epochs, EPOCHS),
        ):
            expect_that(
                same(found, before),
                tried=f"{tried}: run.history.{name} afterwards",
                got=found,
                expected=str(before),
                idea=CHANGED,
            )
        gradients = [weight.grad for weight in run.model.parameters()]
        expect(
            gradients,
            [torch.tensor([0.0, 3.0]), torch.tensor([-4.0])],
            tried=f"{tried}: the gradients afterwards",
            idea="A callback that watches changes nothing: no zero_grad, no clipping in here.",
        )


def _in_fit(attempt: Any) -> None:
    """in a real training, all of it"""
    tried = "fit(model, ..., epochs=3, callbacks=[Monitor(logger, every=2)]), 3 steps in an epoch"
    recorder = fitted(attempt, 2, 3, 3, tried)
    in_steps, in_epochs = by_hand(3, 3)
    for prefix, expected in (
        ("train/", {step: in_steps[step] for step in in_steps if step % 2 == 0}),
        ("epoch/", in_epochs),
    ):
        written = points_of(only(recorder, prefix), tried)
        idea = "Each callback is told by fit alone: on_step after each step, on_epoch after each."
        expect_steps(written, sorted(expected), f"{tried}: the curves {prefix}...", idea)
        for step, numbers in expected.items():
            where = f"{tried}: the curves {prefix}... at {step}"
            expect_names(
                written[step], list(numbers), where, "The same curves as above, each time."
            )
            expect(written[step], numbers, tried=where, idea=EACH_ANEW)


EXERCISE = Exercise(
    "10.3",
    "A callback that watches",
    15,
    Monitor,
    (_a_step, _every, _resumed, _an_epoch, _every_epoch, _leaves_alone, _in_fit),
    (
        (
            "run has all that you need: step, epoch, model, and history with losses, rates and "
            "epochs. Keep no count of your own."
        ),
        (
            "on_step: if run.step % self.every == 0, write run.history.losses[-1], "
            "run.history.rates[-1] and gradient_norm(run.model) at run.step."
        ),
        (
            'on_epoch: numbers = {f"epoch/{name}": value for name, value in '
            'run.history.epochs[-1].items() if name != "epoch"}, and '
            "self.logger.scalars(numbers, run.epoch)."
        ),
    ),
)
