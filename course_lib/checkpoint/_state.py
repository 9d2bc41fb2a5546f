"""What a checkpoint holds of a training, and how it is put back.

`run` is what `fit` hands to callbacks: course_lib.loop's Run.
"""

import contextlib
import copy
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from course_lib.checkpoint._generators import generators
from course_lib.checkpoint._names import expect_same_names
from course_lib.checkpoint.randomness import random_states

PARTS = ("model", "optimizer", "scheduler", "scaler")
NOT_THERE = "not in the model"
MOST = 6  # differences that a message tells


def settings_of(run: Any) -> dict[str, Any] | None:
    """With what options a training begins; None where its objects have made steps before."""
    if run.optimizer.state or getattr(run.scheduler, "last_epoch", 0) > 0:
        return None
    groups = [_options(group) for group in run.optimizer.param_groups]
    return copy.deepcopy({"optimizer": groups, "scheduler": _state(run.scheduler)})


def state_of(run: Any) -> dict[str, Any]:
    """Everything that decides how the training goes on."""
    return {
        **{part: _state(getattr(run, part)) for part in PARTS},
        "epochs": run.epochs,
        "epoch": run.epoch,
        "step": run.step,
        "step_of_epoch": run.step_of_epoch,
        "history": asdict(run.history),
        "random": random_states(*run.loaders),
        "kinds": _kinds(run),
    }


def expect_whole(run: Any) -> None:
    """Raise an error if something would be lost that decides how the training goes on."""
    if any(NOT_THERE in group for group in _names(run.model, run.optimizer)):
        raise ValueError(
            "Checkpoints: the optimizer moves a weight that is not in the model, expected those of "
            "the model only: it would be lost. Make it a part of the model."
        )
    for part in PARTS:
        if (held := getattr(run, part)) is not None and not hasattr(held, "state_dict"):
            raise TypeError(
                f"Checkpoints: the {part}, a {type(held).__name__}, has no state_dict, expected "
                "one: what it remembers would be lost. Give it state_dict and load_state_dict."
            )


def restore(run: Any, state: Mapping[str, Any]) -> None:
    """Put a state into a training's objects, random numbers excepted.

    Raises:
        ValueError: the state is that of another training. Nothing is changed.
    """
    expect_same_names(run.model, state["model"], "Checkpoints")
    _expect_same(_kinds(run), state["kinds"])
    if (settings := settings_of(run)) is not None and state["settings"] is not None:
        _expect_same(settings, state["settings"])
    _expect_beginning(run.history, state["history"])
    for part in PARTS:
        if getattr(run, part) is not None:
            getattr(run, part).load_state_dict(state[part])
    for name, numbers in state["history"].items():
        setattr(run.history, name, numbers)
    run.step_of_epoch, run.scale = state["step_of_epoch"], run.scaler.get_scale()
    run.as_planned = run.epochs == state["epochs"]


def _state(part: Any) -> Any:
    return None if part is None else part.state_dict()


def _options(group: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in group.items() if name not in ("params", "param_names")}


def _kinds(run: Any) -> dict[str, Any]:
    """What must be the same for a state to fit."""
    return {
        "the model's class": type(run.model).__name__,
        "its weights' types": sorted({str(w.dtype) for w in run.model.state_dict().values()}),
        "the optimizer": type(run.optimizer).__name__,
        "its weights, in their order": _names(run.model, run.optimizer),
        "the scheduler": type(run.scheduler).__name__,
        "the scaler in use": run.scaler.is_enabled(),
        "steps per epoch": run.steps_per_epoch,
        "fit's": {name: str(value) for name, value in run.options.items()},
        "the loaders'": [_loader(loader) for loader in run.loaders],
    }


def _loader(loader: Any) -> dict[str, Any]:
    with contextlib.suppress(TypeError, AttributeError):
        examples = len(loader.dataset)
        return {
            "examples": examples,
            "batch size": loader.batch_size,
            "generators": len(list(generators([loader]))),
        }
    return {}  # a list, or a stream


def _names(model: nn.Module, optimizer: Optimizer) -> list[list[str]]:
    """What the optimizer moves, by name: its state goes by position alone."""
    names = {id(weight): name for name, weight in model.named_parameters()}
    groups = [group["params"] for group in optimizer.param_groups]
    return [[names.get(id(weight), NOT_THERE) for weight in group] for group in groups]


def _expect_same(now: Any, saved: Any) -> None:
    odd = [
        f"{place}: {then} then, {here} now" for place, then, here in _differences("", saved, now)
    ]
    if odd:
        more = [f"and {len(odd) - MOST} more"] if len(odd) > MOST else []
        raise ValueError(_another_training("; ".join(odd[:MOST] + more)))


def _another_training(odd: str) -> str:
    return (
        f"Checkpoints: the checkpoint is of another training ({odd}); expected the same. Nothing "
        "was changed. To go on with it, make everything as it was then. To begin another training, "
        "name another folder; it may take the old one's weights: load_weights(model, "
        'checkpoints.newest()["model"]).'
    )


def _differences(place: str, saved: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    """(place, then, now) of all that differs; (1, 2) and [1, 2] don't."""
    if isinstance(saved, Mapping) and isinstance(now, Mapping):
        for name in {**saved, **now}:
            yield from _differences(f"{place} {name}".strip(), saved.get(name), now.get(name))
    elif isinstance(saved, list | tuple) and isinstance(now, list | tuple):
        if len(saved) != len(now):
            yield f"{place}, how many", len(saved), len(now)
        for number, pair in enumerate(zip(saved, now, strict=False)):
            yield from _differences(f"{place}[{number}]", *pair)
    elif isinstance(saved, torch.Tensor) and isinstance(now, torch.Tensor):
        if not torch.equal(saved, now):
            yield place, saved, now
    elif saved != now and not (saved != saved and now != now):  # NaN is not even itself
        yield place, saved, now


def _expect_beginning(history: Any, saved: Mapping[str, Any]) -> None:
    given = asdict(history)
    beginning = {name: saved[name][: len(numbers)] for name, numbers in given.items()}
    if any(_differences("", beginning, given)):
        raise ValueError(
            f"Checkpoints: got a history of {len(given['losses'])} steps that is not the beginning "
            f"of the checkpoint's, which has {len(saved['losses'])}. Nothing was changed. Leave "
            "history out: it comes from the checkpoint."
        )
