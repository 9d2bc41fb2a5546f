"""Exercise 06.1: evaluation mode and no graph, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from course_lib.exercises._checking import Known, Raised, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb06 import _toy


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """In the block: evaluation mode, no graph. After it, each module has the mode that it had."""
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        for part, mode in modes:
            part.training = mode


TRIED = "with evaluating(model): ..."
NO_YIELD = "The block of the `with` runs where the function says `yield`: it needs just one."


class _InTheBlock(Exception):  # noqa: N818 what a learner's block may raise
    """An error of the block."""


def _in_block(attempt: Any, model: nn.Module, tried: str, look: Any) -> Any:
    """What `look()` gives inside of the block."""

    def run() -> Any:
        with attempt(model):
            return look()

    no_decorator = "Keep the line @contextmanager: it makes what `with` needs of your function."
    with (
        explaining(TypeError, NO_YIELD, "is not an iterator"),
        explaining(TypeError, no_decorator, "context manager"),
        explaining(RuntimeError, NO_YIELD, "generator didn't"),
    ):
        return call(run, tried=tried)


def _eval_mode(attempt: Any) -> None:
    """inside, every part is in evaluation mode"""
    model = _toy.Mirror().train()
    expect(
        _in_block(attempt, model, TRIED, lambda: _toy.modes(model)),
        (False, False),
        tried=f"{TRIED}, a model in training: training of the model and of its dropout",
        idea="model.eval() before the yield.",
        known=(
            Known((True, True), "It is still in training. Call model.eval() before the yield."),
            Known(
                (False, True),
                "The model's own switch was turned, its parts' were not. model.eval() goes "
                "through all of them.",
            ),
        ),
    )


def _no_graph(attempt: Any) -> None:
    """inside, no graph is made"""
    model = _toy.Mirror()
    recording = _in_block(attempt, model, TRIED, torch.is_grad_enabled)
    expect_that(
        not recording,
        tried=f"{TRIED}: torch.is_grad_enabled()",
        got=recording,
        expected="False",
        idea="eval() does not stop autograd. Put the yield into `with torch.inference_mode():`.",
    )


def _graph_again(attempt: Any) -> None:
    """afterwards, graphs are made as before"""
    model = _toy.Mirror()
    _in_block(attempt, model, TRIED, lambda: None)
    expect_that(
        torch.is_grad_enabled(),
        tried=f"{TRIED}, then torch.is_grad_enabled()",
        told="False",
        expected="True",
        idea="set_grad_enabled(False) lasts until somebody undoes it. `with "
        "torch.inference_mode():` around the yield ends by itself.",
    )
    with torch.no_grad():
        _in_block(attempt, model, TRIED, lambda: None)
        recording = torch.is_grad_enabled()
    expect_that(
        not recording,
        tried=f"inside of torch.no_grad(): {TRIED}, then torch.is_grad_enabled()",
        got=recording,
        expected="False",
        idea="set_grad_enabled(True) ends the caller's no_grad(), too. `with "
        "torch.inference_mode():` around the yield leaves it as it was.",
    )


def _modes_again(attempt: Any) -> None:
    """afterwards, each module has the mode that it had"""
    model = _toy.mixed()
    _in_block(attempt, model, f"{TRIED}, {_toy.MIXED}", lambda: None)
    expect(
        _toy.modes(model),
        (True, False),
        tried=f"{_toy.MIXED}; then training of both",
        idea="Note part.training for every part of model.modules() before, and put it back.",
        known=(
            Known(
                (True, True),
                "All parts are in training mode now, the one that was not, too: model.train() "
                "puts every part into training. Note the mode of each part of model.modules().",
            ),
            Known(
                (False, False),
                "It stays in evaluation mode. Note the modes before model.eval(), the model's "
                "own too, and put them back after the yield. (What modules() gives can be gone "
                "through once: list(model.modules()), or call it again.)",
            ),
        ),
    )
    model = _toy.Mirror().eval()
    _in_block(attempt, model, TRIED, lambda: None)
    expect(
        _toy.modes(model),
        (False, False),
        tried=f"{TRIED}, a model in evaluation mode; then training of both",
        idea="A model that comes in evaluation mode stays in it: put back what you noted.",
    )


def _parts_of_parts(attempt: Any) -> None:
    """afterwards, parts of parts have theirs, too"""
    model = _toy.deep()
    _in_block(attempt, model, TRIED, lambda: None)
    expect(
        [part.training for part in model.modules()],
        [True, True, False, True],
        tried=f"{TRIED}, a model with a Sequential(Dropout in evaluation mode, Dropout) in "
        "training: training of model, Sequential and both",
        idea="Parts have parts. children() goes one step down, modules() all the way.",
    )


def _after_an_error(attempt: Any) -> None:
    """all that holds after an error in the block, too, and the error comes through"""
    model, tried = _toy.mixed(), f"{TRIED} with an error in the block, {_toy.MIXED}"

    def fail() -> None:
        raise _InTheBlock("stop")

    try:
        _in_block(attempt, model, tried, fail)
        swallowed = True
    except Raised as raised:
        if not isinstance(raised.error, _InTheBlock):
            raise
        swallowed = False
    expect_that(
        not swallowed,
        tried=tried,
        told="no error",
        expected="the error of the block",
        idea="`except` catches what the block raises, and nobody hears of it. `finally` puts "
        "things back and lets it pass.",
    )
    expect(
        _toy.modes(model),
        (True, False),
        tried=f"{tried}; then training of both",
        idea="An error leaves the function at the yield: what stands after it does not run. "
        "try: ... yield, finally: put the modes back.",
    )
    expect_that(
        torch.is_grad_enabled(),
        tried=f"{tried}; then torch.is_grad_enabled()",
        told="False",
        expected="True",
        idea="An error skips a set_grad_enabled(True) after the yield. `with "
        "torch.inference_mode():` around the yield ends by itself.",
    )


EXERCISE = Exercise(
    "06.1",
    "Evaluating, for a while",
    8,
    evaluating,
    (_eval_mode, _no_graph, _graph_again, _modes_again, _parts_of_parts, _after_an_error),
    (
        "Three steps: note the modes, model.eval(), and after the yield put the modes back.",
        (
            "modes = [(part, part.training) for part in model.modules()] notes them. `with "
            "torch.inference_mode():` goes around the yield."
        ),
        (
            "try: with torch.inference_mode(): yield; finally: for part, mode in modes: "
            "part.training = mode"
        ),
    ),
)
