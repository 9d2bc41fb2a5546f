"""Exercise 05.6: a whole training."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from course_lib.exercises._checking import (
    Known,
    Mistake,
    call,
    expect,
    expect_that,
    explaining,
)
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb05 import _toy
from course_lib.exercises.nb05.train_epoch import train_epoch
from course_lib.loop import History, evaluate


def validate(model: nn.Module, loader: Iterable, loss_fn: Callable) -> float:
    """As in the notebook: the mean loss of the batches, and the model stays in evaluation mode."""
    loss = evaluate(model, loader, loss_fn)["loss"]
    model.eval()
    return loss


def fit(
    model: nn.Module,
    train_loader: Iterable,
    loss_fn: Callable,
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    valid_loader: Iterable,
    scheduler: Any = None,
) -> History:
    """Train and validate for some epochs; a scheduler is stepped after each. Survives Ctrl-C."""
    history = History()
    try:
        for epoch in range(epochs):
            numbers = {"epoch": epoch + 1}
            numbers["train_loss"] = train_epoch(model, train_loader, loss_fn, optimizer)
            numbers["valid_loss"] = validate(model, valid_loader, loss_fn)
            history.epochs.append(numbers)
            if scheduler is not None:
                scheduler.step()
    except KeyboardInterrupt:
        print("interrupted")
    return history


# Two steps per epoch: w is 1.6 and 1.9, then 2.05 and 2.125.
ROWS = [
    {"epoch": 1, "train_loss": 2.65, "valid_loss": 0.01},
    {"epoch": 2, "train_loss": 0.540625, "valid_loss": 0.015625},
]
TRIED = _toy.SETTING + "two training batches and one to validate, two epochs"


def _train() -> list[dict]:
    return [_toy.batch(), _toy.batch()]


def _valid() -> list[dict]:
    return [_toy.batch_of([1.0], [2.0])]


def _fit(
    attempt: Any, train: Iterable = (), epochs: int = 2, **named: Any
) -> tuple[nn.Module, Any, Any]:
    model, optimizer = _toy.made()
    named = {"valid_loader": _valid()} | named
    if "scheduler" in named:
        named["scheduler"] = named["scheduler"](optimizer)
    rows = "A History keeps its rows in a list: history.epochs.append(...)."
    made = "History is the class; History(), with brackets, makes one."
    no_scheduler = "Without a scheduler, scheduler is None: ask before you step it."
    with (
        explaining(AttributeError, rows, "'History' object"),
        explaining(AttributeError, made, "type object 'History'"),
        explaining(AttributeError, no_scheduler, "'NoneType' object has no attribute 'step'"),
    ):
        got = call(
            lambda: attempt(
                model, train or _train(), _toy.squared, optimizer, epochs=epochs, **named
            ),
            tried=TRIED,
        )
    return model, optimizer, got


def _rows(got: Any, tried: str) -> list:
    expect_that(
        isinstance(getattr(got, "epochs", None), list),
        tried=tried,
        got=got,
        expected="a History",
        idea="Make a History() before the loop, append to its epochs, and return it.",
    )
    return got.epochs


def _history(attempt: Any) -> None:
    """the history has a row for every epoch"""
    _, _, got = _fit(attempt)
    late = [{**row, "valid_loss": loss} for row, loss in zip(ROWS, (1.0, 0.01), strict=True)]
    on_training = [
        {**row, "valid_loss": loss} for row, loss in zip(ROWS, (0.625, 0.4140625), strict=True)
    ]
    expect(
        _rows(got, TRIED),
        ROWS,
        tried=TRIED,
        idea='A new History() for each call, and in it a new row for each epoch: {"epoch": 1, '
        '"train_loss": ..., "valid_loss": ...}, what train_epoch and validate return.',
        known=(
            Known(late, "Validation comes before training here. It should see the trained model."),
            Known(ROWS[:1], "One epoch only. Does the return stand inside the loop?"),
            Known(
                [{**row, "epoch": row["epoch"] - 1} for row in ROWS],
                "Epochs count from 1 for people: epoch + 1.",
            ),
            Known(
                [ROWS[0], {"epoch": 2, "train_loss": 0.5225, "valid_loss": 0.0169}],
                "The model has learned from the validation part: train_epoch gets the training "
                "loader only.",
            ),
            Known(on_training, "valid_loss is that of the training loader here."),
            Known([ROWS[1]] * 2, "Both rows are one dict, filled anew. Make one in each epoch."),
            Known(ROWS[1:], "Only the last epoch is left. Is History() made inside the loop?"),
            Known([], "The history is empty: append a row to history.epochs in every epoch."),
        ),
    )


def _does_not_learn_from_validation(attempt: Any) -> None:
    """validation moves no weight"""
    model, _, _ = _fit(attempt)
    expect(
        _toy.weight_of(model),
        2.125,
        tried=f"{TRIED}: w at the end",
        idea="Two epochs of two steps each. Call train_epoch on the training loader only.",
    )


def _modes(attempt: Any) -> None:
    """it trains in training mode and validates in evaluation mode, in every epoch"""
    model, _, _ = _fit(attempt)
    expect(
        model.modes,
        [True, True, False] * 2,
        tried=f"{TRIED}: was the model in training mode at each forward pass?",
        idea="train_epoch and validate see to the mode. Call each once per epoch.",
    )


def _scheduler(attempt: Any) -> None:
    """a scheduler is stepped once per epoch, after the optimizer"""

    def halving(optimizer: Any) -> Any:
        return torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)

    tried = f"{TRIED}, and a scheduler that halves the rate"
    model, optimizer, _ = _fit(attempt, scheduler=halving)
    expect(
        optimizer.param_groups[0]["lr"],
        0.025,
        tried=f"{tried}: the rate at the end",
        idea="Two epochs, two calls of scheduler.step().",
        known=(
            Known(
                0.1,
                "The rate is what it was: call scheduler.step() every epoch, without an argument.",
            ),
            Known(0.1 / 16, "It was stepped after every batch. This one counts epochs."),
        ),
    )
    expect(
        _toy.weight_of(model),
        2.03125,
        tried=f"{tried}: w at the end",
        idea="The first epoch has the full rate: step the scheduler after the epoch, not before.",
    )


class _Interrupting(list):
    """A loader that is interrupted when it is gone through for the second time."""

    rounds = 0

    def __iter__(self) -> Any:
        self.rounds += 1
        if self.rounds == 2:
            raise KeyboardInterrupt
        return super().__iter__()


def _interrupted(attempt: Any) -> None:
    """Ctrl-C in the second of three epochs ends it, and leaves the history of the first"""
    idea = (
        "Ctrl-C, or the stop button, raises KeyboardInterrupt in the middle of the loop. Put the "
        "whole loop into try, catch just that (except Exception does not), and return the history."
    )
    for where in ("training", "validation"):
        tried = f"{TRIED[:-10]}three epochs, interrupted in the {where} of the second"
        train = _Interrupting(_train()) if where == "training" else _train()
        valid = _Interrupting(_valid()) if where == "validation" else _valid()
        try:
            _, _, got = _fit(attempt, train, epochs=3, valid_loader=valid)
        except KeyboardInterrupt as error:
            raise Mistake(tried, "KeyboardInterrupt, and no history", "a History", idea) from error
        below = "Nothing came back. Return the history below the try, not only inside it."
        expect_that(got is not None, tried=tried, got=got, expected="a History", idea=below)
        on = "It went on after the interruption: try has to stand around the loop, not inside it."
        rows = _rows(got, tried)
        half = "A row of a half epoch is in it: append when training and validation are done."
        expect_that(
            all(len(row) == 3 for row in rows), tried=tried, got=rows, expected="one row", idea=half
        )
        expect_that(len(rows) != 2, tried=tried, got=rows, expected="one row", idea=on)
        expect(rows, ROWS[:1], tried=tried, idea=idea)


def _errors_pass(attempt: Any) -> None:
    """an error is not swallowed"""

    def broken(predictions: Any, labels: Any) -> Any:
        raise ArithmeticError("broken on purpose")

    model, optimizer = _toy.made()
    try:
        attempt(model, _train(), broken, optimizer, epochs=2, valid_loader=_valid())
    except ArithmeticError:
        return
    raise Mistake(
        "a loss function that raises an ArithmeticError",
        "no error",
        "the error",
        "A bare except, an except Exception, or a return in finally hides mistakes. Catch "
        "KeyboardInterrupt alone.",
    )


EXERCISE = Exercise(
    "05.6",
    "A whole training",
    12,
    fit,
    (
        _history,
        _does_not_learn_from_validation,
        _modes,
        _scheduler,
        _interrupted,
        _errors_pass,
    ),
    (
        "Per epoch: train_epoch, validate, a row for the history, and the scheduler's step.",
        "try: the loop over range(epochs). except KeyboardInterrupt: nothing to do but to say so.",
        (
            'numbers = {"epoch": epoch + 1}; numbers["train_loss"] = train_epoch(...); '
            'numbers["valid_loss"] = validate(...); history.epochs.append(numbers)'
        ),
    ),
)
