"""Which weights an optimizer moves, and at which rate."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from torch import nn
from torch.optim import Optimizer

from course_lib.freeze._names import (
    expect_parts,
    held_by,
    lies_under,
    listed,
    names_by_parameter,
    parameters_under,
)


def parameter_groups(module: nn.Module, rates: Mapping[str, float]) -> list[dict[str, Any]]:
    """One parameter group for each named part, with the part's learning rate, for an optimizer.

    A parameter belongs to the longest name that it lies under; "" is the module as a whole, that is
    the rest. Of a tied parameter the first name counts that lies under any. A group holds the
    frozen weights of its part too: an optimizer passes over weights without a gradient, and they
    are there when they are unfrozen.

    Arguments:
        rates  by the name of a module or a parameter

    Returns:
        dicts of "params", "lr" and "name", in the order of `rates`

    Raises:
        ValueError: there is no such part, it has no parameters of its own, a rate is below 0 or not
            finite, or a weight that learns lies under none of the names.

    Built in notebooks/09_transfer_learning.ipynb.
    """
    _expect_rates(rates)
    for name in rates:
        parameters_under(module, name, "parameter_groups")
    members: dict[str, list[nn.Parameter]] = {name: [] for name in rates}
    left_out = []
    for parameter, names in names_by_parameter(module).items():
        name = _owner(rates, names)
        if name is not None:
            members[name].append(parameter)
        elif parameter.requires_grad:
            left_out.append(names[0])
    _expect_whole(members, left_out)
    return [{"params": members[name], "lr": rate, "name": name} for name, rate in rates.items()]


def _owner(rates: Mapping[str, float], parameter_names: Sequence[str]) -> str | None:
    """The longest name that a parameter lies under, by the first of its names under any."""
    for parameter_name in parameter_names:
        names = [name for name in rates if lies_under(parameter_name, name)]
        if names:
            return max(names, key=len)
    return None


def falling_rates(parts: Sequence[str], rate: float, factor: float) -> dict[str, float]:
    """A learning rate for each part: `rate` for the last, and `factor` of it for each one before.

    Arguments:
        parts   names of modules, from the input to the output

    Raises:
        ValueError: there are no parts, or the factor is not above 0.

    Method: Howard and Ruder (2018), discriminative fine-tuning.

    Built in notebooks/09_transfer_learning.ipynb.
    """
    expect_parts(parts, "falling_rates")
    if not factor > 0:
        raise ValueError(
            f"falling_rates: got factor = {factor}, expected a number above 0, such as 0.5. To let "
            "a part not learn at all, freeze it."
        )
    last = len(parts) - 1
    return {name: rate * factor ** (last - place) for place, name in enumerate(parts)}


def check_optimizer(module: nn.Module, optimizer: Optimizer) -> None:
    """Raise an error unless the optimizer moves just those weights of the module that learn.

    `fit` does not call it, because what it finds can be meant: a head trained alone while the
    backbone still collects gradients, one optimizer for two models.

    Raises:
        ValueError: a weight learns that the optimizer does not hold; it holds weights that the
            module does not have; it holds a frozen weight with a gradient left over, by which the
            next step would move it.

    Built in notebooks/09_transfer_learning.ipynb.
    """
    held = set(held_by(optimizer))
    named = dict(module.named_parameters())
    missing = [
        name for name, weight in named.items() if weight.requires_grad and weight not in held
    ]
    strangers = len(held - set(named.values()))
    sliding = [
        name
        for name, weight in named.items()
        if not weight.requires_grad and weight.grad is not None and weight in held
    ]
    problems = [_missing(missing), _strangers(strangers), _sliding(sliding)]
    said = [problem for problem in problems if problem]
    if said:
        raise ValueError(f"check_optimizer: {' '.join(said)}")


def _missing(names: Sequence[str]) -> str:
    if not names:
        return ""
    return (
        f"Parameters learn that the optimizer does not hold, {len(names):,} ({listed(names)}): "
        "they get gradients and never move. Expected it to hold all. Make the optimizer after the "
        "head is replaced and after the layers are unfrozen."
    )


def _strangers(count: int) -> str:
    if not count:
        return ""
    return (
        f"The optimizer holds parameters that the model does not have, {count:,}, expected none: "
        "they belong to another model, a copy, or a head that was replaced. Make the optimizer "
        "from this model."
    )


def _sliding(names: Sequence[str]) -> str:
    if not names:
        return ""
    return (
        f"Frozen parameters that the optimizer holds have a gradient left over, {len(names):,} "
        f"({listed(names)}), expected None: the next step can move them. Freeze with `freeze`, "
        "which clears it, or call optimizer.zero_grad()."
    )


def _expect_rates(rates: Mapping[str, float]) -> None:
    if not isinstance(rates, Mapping) or not rates:
        raise ValueError(
            f"parameter_groups: got rates = {rates!r}, expected a dict from names to learning "
            "rates, such as {'backbone': 5e-4, 'head': 5e-3}."
        )
    for name, rate in rates.items():
        if not (isinstance(rate, Real) and rate >= 0 and math.isfinite(rate)):
            raise ValueError(
                f"parameter_groups: the rate of {name!r} is {rate!r}, expected a number from 0 on. "
                "To let a part not learn at all, freeze it."
            )


def _expect_whole(members: Mapping[str, list], left_out: Sequence[str]) -> None:
    if left_out:
        raise ValueError(
            f"parameter_groups: of what learns, {len(left_out):,} lie under none of the names "
            f"({listed(left_out)}), expected a rate for each. Add a rate for that part, '' for all "
            "the rest, or freeze it."
        )
    for name, weights in members.items():
        if not weights:
            raise ValueError(
                f"parameter_groups: all parameters of {name!r} belong to other names (longer ones, "
                "or of a tied weight), expected at least one of its own. Leave it out."
            )
