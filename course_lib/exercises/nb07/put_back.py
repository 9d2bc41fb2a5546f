"""Exercise 07.2: a training's state, put back."""

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining, same
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb07 import _toy
from course_lib.exercises.nb07._toy import Training, set_random_states


def put_back(training: Training, state: Mapping[str, Any]) -> None:
    """Put a state into a training's model, optimizer, scheduler, loader and generators."""
    training.model.load_state_dict(state["model"])
    training.optimizer.load_state_dict(state["optimizer"])
    training.scheduler.load_state_dict(state["scheduler"])
    set_random_states(state["random"], training.loader)


OBJECTS = {
    "model": nn.Module,
    "optimizer": torch.optim.Optimizer,
    "scheduler": torch.optim.lr_scheduler.LRScheduler,
    "loader": DataLoader,
}
TRIED = "the state of a training after two epochs, put into a new one"
FOUR = "Four lines: load_state_dict for the model, the optimizer and the scheduler, and "
THIRD_RATE = 0.25 * (1 + math.cos(math.pi * 3 / 8))  # of the cosine, after three of its epochs
RANDOM = 'set_random_states(state["random"], training.loader)'


def _state_of(training: Training) -> dict[str, Any]:
    """A copy: the training goes on."""
    return copy.deepcopy(
        {
            "model": training.model.state_dict(),
            "optimizer": training.optimizer.state_dict(),
            "scheduler": training.scheduler.state_dict(),
            "random": _toy.random_states(training.loader),
        }
    )


def _resumed(attempt: Any) -> tuple[Training, Training, dict[str, Any]]:
    """A training that was not interrupted, one that is resumed, and the state in between."""
    first = Training()
    first.epoch(), first.epoch()
    state = _state_of(first)
    second = Training()
    _toy.next_numbers()
    _put(attempt, second, state)
    _toy.set_random_states(state["random"])  # for the first, which goes on by itself
    return first, second, state


def _put(attempt: Any, training: Training, state: dict[str, Any]) -> None:
    whole = 'This is the whole state. Each part has its own place in it: state["model"].'
    three = (
        "load_state_dict belongs to the model, the optimizer and the scheduler. The loader and the "
        f"generators get theirs by {RANDOM}."
    )
    only = "The loader itself, without a list around it: "
    with (
        explaining(KeyError, "That is the state of another part.", "param_groups"),
        explaining(AttributeError, 'The state is a dict: state["model"], no dot.', "'dict' object"),
        explaining(AttributeError, only + RANDOM, "'list' object"),
        explaining(ValueError, only + RANDOM, "generators"),
        explaining(OSError, "No file is read here: the state is what is passed in."),
        explaining(TypeError, 'In the brackets: what is loaded, state["model"].', "missing 1 req"),
        explaining(RuntimeError, whole, "loading state_dict"),
        explaining(KeyError, whole),
        explaining(AttributeError, three),
        explaining(TypeError, three, "load_state_dict"),
    ):
        call(attempt, training, state, tried=TRIED)
    for name, kind in OBJECTS.items():
        expect_that(
            isinstance(getattr(training, name, None), kind),
            tried=f"{TRIED}: training.{name}",
            got=getattr(training, name, None),
            expected=f"the {name}, with another state",
            idea=f"A state is numbers, and = only gives a name to another thing. training.{name} "
            "stays what it is, and gets the numbers put into it.",
        )
        expect_that(
            "state_dict" not in vars(getattr(training, name)),
            tried=f"{TRIED}: training.{name}.state_dict",
            told="the state",
            expected="the method that it was",
            idea=f"state_dict is a method, and = only puts another thing under its name. "
            f"training.{name}.load_state_dict copies the numbers.",
        )


def _untouched(training: Training, state: dict[str, Any]) -> bool:
    return (
        not training.optimizer.state
        and training.scheduler.last_epoch == 0
        and not same(training.model.state_dict(), state["model"])
    )


def _model(attempt: Any) -> None:
    """the model has its weights"""
    _, second, state = _resumed(attempt)
    expect_that(
        not call(lambda: _untouched(second, state), tried=TRIED),
        tried=TRIED,
        told="neither the model nor the optimizer nor the scheduler has changed",
        expected="the state in them",
        idea="Is it put into the training that is passed? A name bound inside, as by training = "
        "Training(), changes nothing outside.",
    )
    for name, tensor in state["model"].items():
        expect(
            call(lambda name=name: second.model.state_dict()[name], tried=TRIED),
            tensor,
            tried=f"{TRIED}: {name} of the model",
            idea='training.model.load_state_dict(state["model"])',
        )


def _optimizer(attempt: Any) -> None:
    """the optimizer has its means, its count of steps and its rate"""
    _, second, state = _resumed(attempt)
    tried = f"{TRIED}: training.optimizer"
    load = 'training.optimizer.load_state_dict(state["optimizer"])'
    expect(
        call(lambda: second.optimizer.state_dict()["state"], tried=tried),
        state["optimizer"]["state"],
        tried=f"{tried}.state_dict()['state']",
        idea=f"AdamW keeps two means and a step count for each weight: {load}",
        known=(Known({}, f"No means, as if no step had been made: {load}"),),
    )
    expect(
        call(lambda: second.optimizer.param_groups[0]["lr"], tried=tried),
        state["optimizer"]["param_groups"][0]["lr"],
        tried=f"{tried}.param_groups[0]['lr']",
        idea=f"The rate is in the optimizer's state too: {load}",
        known=(Known(THIRD_RATE, "The scheduler was stepped once more. Nothing moves on here."),),
    )


def _scheduler(attempt: Any) -> None:
    """the scheduler knows how often it was stepped"""
    _, second, _ = _resumed(attempt)
    expect(
        call(lambda: second.scheduler.last_epoch, tried=TRIED),
        2,
        tried=f"{TRIED}: training.scheduler.last_epoch",
        idea='training.scheduler.load_state_dict(state["scheduler"])',
        known=(
            Known(0, "The scheduler begins anew, and the rate will be another. It has a state."),
        ),
    )


def _loader(attempt: Any) -> None:
    """the loader draws the order of the next epoch, as it would have done"""
    first, second, _ = _resumed(attempt)
    new = Training()
    expected = [batch["number"].tolist() for batch in first.loader]
    got = call(lambda: [batch["number"].tolist() for batch in second.loader], tried=TRIED)
    expect(
        got,
        expected,
        tried=f"{TRIED}: the batches of its next epoch",
        idea=f"The loader has a generator of its own: {RANDOM}. Make it the last line: nothing "
        "may draw after it.",
        known=(
            Known(
                [batch["number"].tolist() for batch in new.loader],
                f"This is the order of the very first epoch. {RANDOM} puts back the loader's "
                "generator as well; without the loader it stays as it is.",
            ),
        ),
    )


def _generators(attempt: Any) -> None:
    """Python, NumPy and PyTorch draw the numbers that they would have drawn"""
    first = Training()
    first.epoch(), first.epoch()
    state = _state_of(first)
    expected = _toy.next_numbers()
    second = Training()
    _toy.next_numbers()
    _put(attempt, second, state)
    expect(
        _toy.next_numbers(),
        expected,
        tried=f"{TRIED}: the next random number of Python, NumPy and PyTorch",
        idea=f"{RANDOM} puts all back. Nothing may draw after it: make it the last line.",
    )


def _goes_on(attempt: Any) -> None:
    """it goes on as if nothing had happened, to the last bit"""
    first, second, state = _resumed(attempt)
    for training in (first, second):
        _toy.set_random_states(state["random"])

        def two_epochs(training: Training = training) -> None:
            training.epoch(), training.epoch()

        call(two_epochs, tried=f"{TRIED}, then two more epochs")
    rates = [training.optimizer.param_groups[0]["lr"] for training in (second, first)]
    expect(
        rates[0],
        rates[1],
        tried=f"{TRIED}: the rate after two more epochs",
        idea="The scheduler moves the rate of the optimizer that it was made with. A new "
        "optimizer in training.optimizer is another one: keep the objects, load their states.",
    )
    weights = [training.model.weight.detach() for training in (second, first)]
    expect_that(
        torch.equal(*weights),
        tried=f"{TRIED}: the model's weight after two more epochs",
        got=weights[0],
        expected=f"{weights[1].tolist()}, as without an interruption",
        idea="All numbers were right, and yet it trains otherwise. The optimizer moves the tensors "
        "that it was made with, and its means belong to them: no new tensors, no assign=True, no "
        "assignment to optimizer.state. " + FOUR + RANDOM + ".",
    )


EXERCISE = Exercise(
    "07.2",
    "A training, put back",
    5,
    put_back,
    (_model, _optimizer, _scheduler, _loader, _generators, _goes_on),
    (
        "Four lines, one for each part of the state.",
        'Three of them are like training.model.load_state_dict(state["model"]).',
        f"The fourth is {RANDOM}: without the loader, its order stays that of a new one.",
    ),
)
