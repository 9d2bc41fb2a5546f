"""Is a scheduler stepped as often as it was made for?"""

import copy
import warnings
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

UNITS = ("step", "epoch")
MOST_STEPS = 10_000  # looked ahead
NOTHING = 1e-3  # of the largest rate: with less, hardly anything is learned


def expect_unit(
    scheduler: Any, optimizer: Optimizer, unit: str, epochs: int, steps: int | None, validated: bool
) -> None:
    """Raise a ValueError if the scheduler was made for the other unit, as far as its rates show it.

    `steps` is how many the training will take in all, None where nobody knows.
    """
    if unit not in UNITS:
        raise ValueError(
            f'fit: got schedule_per={unit!r}, expected "step" or "epoch": that is when the '
            "scheduler is stepped."
        )
    if isinstance(scheduler, ReduceLROnPlateau):
        _expect_plateau(unit, validated)
    if not isinstance(scheduler, LRScheduler):
        return
    if scheduler.optimizer is not optimizer:
        raise ValueError(
            "fit: got a scheduler that was made for another optimizer, expected the optimizer "
            "that fit gets: its rates would arrive nowhere. Make the scheduler with this one."
        )
    if isinstance(scheduler, ReduceLROnPlateau):
        return
    if getattr(scheduler, "last_epoch", 0) > 0:  # half-way, where nobody knows what it was made for
        _expect_something_left(scheduler, (steps or epochs) if unit == "step" else epochs)
        return
    if not steps or steps == epochs:
        return
    reason = (
        _for_steps(scheduler, epochs, steps)
        if unit == "epoch"
        else _for_epochs(scheduler, epochs, steps)
    )
    if reason:
        count, other = (steps, "epoch") if unit == "step" else (epochs, "step")
        raise ValueError(
            f"fit: the {type(scheduler).__name__} is stepped once per {unit}, {count} times in "
            f"all; expected a schedule of that length, but {reason}. "
            f'Pass schedule_per="{other}", or make the scheduler for {count} {unit}s.'
        )


def rates(scheduler: LRScheduler, count: int) -> list[float]:
    """The next `count` learning rates of a scheduler, the present one first; it stays as it is.

    Of several parameter groups the largest rate counts.

    Raises:
        ValueError: the schedule is over before.
    """
    optimizer = scheduler.optimizer
    groups = [
        {key: copy.deepcopy(value) for key, value in group.items() if key != "params"}
        | {"params": [torch.zeros(1)]}
        for group in optimizer.param_groups
    ]
    stand_in = torch.optim.SGD(groups, lr=0.0)
    ahead = copy.deepcopy(scheduler, {id(optimizer): stand_in})
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the optimizer is not stepped
        for place in range(count):
            if place > 0:
                ahead.step()
            found.append(max(float(group["lr"]) for group in stand_in.param_groups))
    return found


def _expect_plateau(unit: str, validated: bool) -> None:
    if unit != "epoch" or not validated:
        got = f"schedule_per={unit!r}" if validated else "no valid_loader"
        raise ValueError(
            f"fit: got ReduceLROnPlateau with {got}; it looks at the validation loss, once per "
            'epoch. Pass valid_loader and schedule_per="epoch".'
        )


def _expect_something_left(scheduler: LRScheduler, count: int) -> None:
    planned = _look_ahead(scheduler, count)
    if planned is not None and max(planned, default=0.0) <= 0:
        raise ValueError(
            f"fit: the {type(scheduler).__name__} is used up: got no rate above 0 for the {count} "
            "times that it will be stepped, expected one. Make a new one for what is to come."
        )


def _look_ahead(scheduler: LRScheduler, count: int) -> list[float] | None:
    """The rates: none where the schedule is over before, None where nobody can tell."""
    try:
        return rates(scheduler, min(count, MOST_STEPS))
    except Exception as error:  # a learner's own function may do anything
        return [] if "Tried to step" in str(error) else None


def _for_epochs(scheduler: LRScheduler, epochs: int, steps: int) -> str:
    """Why a scheduler that is stepped per step seems to be made for epochs, or ""."""
    if getattr(scheduler, "T_max", None) == epochs:
        return f"its T_max is {epochs}, the number of epochs"
    planned = _look_ahead(scheduler, steps + 1)
    if planned is None:
        return ""
    if not planned:
        return "it is over before that"
    useful = [place for place, rate in enumerate(planned) if rate > NOTHING * max(planned)]
    if useful and useful[-1] < len(planned) / 2:
        return f"after {useful[-1] + 1} of them its rate is next to nothing"
    return ""


def _for_steps(scheduler: LRScheduler, epochs: int, steps: int) -> str:
    """Why a scheduler that is stepped per epoch seems to be made for steps, or ""."""
    if getattr(scheduler, "T_max", None) == steps:
        return f"its T_max is {steps}, the number of steps"
    planned, longer = _look_ahead(scheduler, epochs + 1), _look_ahead(scheduler, steps + 1)
    if planned is None or not longer:
        return ""
    if not planned:
        return "it is over before that"
    if max(planned) < max(longer) / 2:
        return "in so few its rate never comes near its largest"
    falling = longer[longer.index(max(longer)) :]
    low = [place for place, rate in enumerate(falling) if rate <= NOTHING * max(longer)]
    if low and low[0] > 0.9 * (len(falling) - 1) and planned[-1] > max(longer) / 2:
        return f"it takes {steps} to come down"
    return ""
