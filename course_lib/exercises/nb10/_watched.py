"""What a callback writes to its logger, collected and compared; a training to watch."""

import contextlib
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn

from course_lib._describe import describe
from course_lib.exercises._checking import Known, Mistake, call, expect, expect_that, explaining
from course_lib.exercises.nb10._toy import Recorder
from course_lib.loop import fit
from course_lib.loop._run import Run

Points = dict[int, dict[str, float]]  # {step: {name: value}}

STEP_NAMES = ["train/loss", "train/rate", "train/gradient_norm"]
NOT_COUNTED = (
    "How far the training is stands in run.step and run.epoch alone. A number that the callback "
    "counts up for itself begins anew when a training is resumed."
)
SCALARS = "The logger's method is scalars: self.logger.scalars({name: number, ...}, step)."
OF_RUN = (
    "run has step, epoch, history and model; the losses are in run.history.losses, the rates in "
    "run.history.rates."
)
OF_SELF = "What __init__ was given and kept is found on self: self.logger, self.every."
OF_EPOCH = (
    "An epoch is a dict, and belongs to the history. Make a new one of it, without the name "
    '"epoch": go through items().'
)
LAST_PLACE = (
    "run.step losses have the places 0 to run.step - 1, and epochs, too, are counted from place "
    "0: take [-1]."
)
NOTHING = "Nothing was written. self.logger.scalars(numbers, step) writes."


def make(attempt: Any, run: Run, every: int = 1) -> tuple[Any, Recorder, str]:
    """A callback, told of the start if it wants to know; its logger; how it was made."""
    recorder = Recorder()
    tried = "Monitor(logger)" if every == 1 else f"Monitor(logger, every={every})"
    given = {} if every == 1 else {"every": every}
    made = call(lambda: attempt(recorder, **given), tried=tried)
    if callable(call(lambda: getattr(made, "on_start", None), tried=tried)):
        tell(made, "on_start", run, tried)
        recorder.calls.clear()
    return made, recorder, tried


def tell(made: Any, event: str, run: Run, tried: str) -> None:
    with (
        explaining(AttributeError, f"fit calls {event}(run): keep this method.", f"'{event}'"),
        explaining(AttributeError, "__init__ keeps it: self.logger = logger.", "'logger'"),
        explaining(AttributeError, SCALARS, "'Recorder'"),
        explaining(TypeError, SCALARS, "Recorder."),
        explaining(AttributeError, OF_RUN, "'Run' object has no attribute"),
        explaining(AttributeError, OF_RUN, "has no attribute 'model'"),
        explaining(TypeError, OF_RUN, "'History' object is not subscriptable"),
        explaining(NameError, OF_SELF, "name 'logger'"),
        explaining(NameError, OF_SELF, "name 'every'"),
        explaining(AttributeError, OF_EPOCH, "'dict' object has no attribute"),
        explaining(IndexError, LAST_PLACE),
        explaining(
            KeyError, "An epoch without validation has no such number: take those it has.", "valid"
        ),
    ):
        call(lambda: getattr(made, event)(run), tried=tried)


def points_of(recorder: Recorder, tried: str) -> Points:
    """What was written, by step. Several calls for one step are as good as one."""
    found: Points = {}
    for numbers, step in recorder.calls:
        _expect_call(numbers, step, tried)
        for name, value in numbers.items():
            expect_that(
                name not in found.setdefault(int(step), {}),
                tried=f"{tried}: {name} at step {step}",
                told="written twice",
                expected="one point",
                idea="A curve has one point at a step. Write the last numbers, once.",
            )
            found[int(step)][name] = _number(value, name, tried)
    return found


def _expect_call(numbers: Any, step: Any, tried: str) -> None:
    turned = isinstance(step, Mapping)
    expect_that(
        isinstance(numbers, Mapping) and all(type(name) is str for name in numbers),
        tried=f"{tried}: what scalars was given",
        got=numbers,
        expected="a dict {name: number}, then the step",
        idea=f"Turned round: the dict comes first. {SCALARS}" if turned else SCALARS,
    )
    expect_that(
        isinstance(step, Integral) and not isinstance(step, bool),
        tried=f"{tried}: the step that scalars was given",
        got=step,
        expected="a whole number",
        idea="A point stands at run.step after a step, at run.epoch after an epoch.",
    )


def _number(value: Any, name: str, tried: str) -> float:
    with contextlib.suppress(Exception):  # a value that misbehaves is no number
        if isinstance(value, (Real, Tensor)):
            return float(value)
    idea = "A point is one number. Is something named that has to be called, with ()?"
    if type(value) in (list, tuple):
        idea = (
            "A point is one number. history.losses and history.rates are lists of all steps, and "
            "the last one, [-1], is that of this step."
        )
    raise Mistake(f"{tried}: {name}", describe(value), "a number", idea)


def expect_steps(points: Points, steps: list[int], tried: str, idea: str, *known: Known) -> None:
    nothing = Known([], NOTHING)
    expect(
        sorted(points),
        steps,
        tried=f"{tried}: the steps of what is written",
        idea=idea,
        known=(*known, nothing),
    )


def expect_names(numbers: Mapping, names: Sequence[str], tried: str, idea: str) -> None:
    expect_that(
        set(numbers) == set(names),
        tried=f"{tried}: the names",
        got=sorted(numbers),
        expected=str(sorted(names)),
        idea=idea,
    )


def steps_written(
    made: Any, recorder: Recorder, run: Run, steps: Sequence[int], tried: str
) -> list[int]:
    """Let the run make these steps, and return at which something was written."""
    for step in steps:
        run.history.losses[:] = [float(1 + number) for number in range(step)]
        run.history.rates[:] = [0.5] * step
        run.rates = [0.5]
        run.step_of_epoch = 1 + (step - 1) % 10
        tell(made, "on_step", run, tried)
    return sorted(points_of(recorder, tried))


def of_epoch_names(got: set[str], names: set[str]) -> str:
    if {"epoch/epoch", "epoch"} & got:
        return (
            "The number of the epoch is where the points stand, and no curve of its own: leave out "
            'the name "epoch".'
        )
    if got and got <= {name.removeprefix("epoch/") for name in names} | {"epoch"}:
        return 'Each name gets "epoch/" in front, so that they are a group: f"epoch/{name}".'
    if got < names and "epoch/valid_accuracy" not in got:
        return (
            "valid_accuracy is missing. All numbers of the epoch are asked for, whatever their "
            "names, and those that are 0, too: go through items()."
        )
    return 'Every number of the epoch but "epoch", under the name f"epoch/{name}".'


def only(recorder: Recorder, prefix: str) -> Recorder:
    """The curves of one group: steps and epochs count differently."""
    chosen = Recorder()
    for numbers, step in recorder.calls:
        if isinstance(numbers, Mapping):
            numbers = {n: v for n, v in numbers.items() if str(n).startswith(prefix)}
        if numbers:
            chosen.calls.append((numbers, step))
    return chosen


class Line(nn.Module):
    """w * x, with w = 1 at first."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(1.0))

    def forward(self, x: Tensor) -> Tensor:
        return self.w * x


def by_hand(epochs: int, steps: int) -> tuple[Points, Points]:
    """What a fit of Line to 3 gives: for x = 1 the loss is (w - 3)², its gradient 2 (w - 3)."""
    w, rate, in_steps, in_epochs = 1.0, 0.25, {}, {}
    for epoch in range(1, epochs + 1):
        losses = []
        for _ in range(steps):
            gradient = 2 * (w - 3)
            losses.append((w - 3) ** 2)
            numbers = losses[-1], rate, abs(gradient)
            in_steps[len(in_steps) + 1] = dict(zip(STEP_NAMES, numbers, strict=True))
            w, rate = w - rate * gradient, rate / 2
        valid = (w - 3) ** 2
        in_epochs[epoch] = {"epoch/train_loss": fmean(losses), "epoch/valid_loss": valid}
    return in_steps, in_epochs


def fitted(attempt: Any, every: int, epochs: int, steps: int, tried: str) -> Recorder:
    """What the callback writes while Line is fitted to 3; the rate is halved after each step."""
    model, recorder = Line(), Recorder()
    batch = {"x": torch.tensor([1.0]), "labels": torch.tensor([3.0])}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
    halved = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step)

    def train() -> None:
        fit(
            model,
            [batch] * steps,
            nn.functional.mse_loss,
            optimizer,
            epochs=epochs,
            valid_loader=[batch],
            scheduler=halved,
            callbacks=[attempt(recorder, every=every)],
            progress=False,
        )

    call(train, tried=tried)
    return recorder
