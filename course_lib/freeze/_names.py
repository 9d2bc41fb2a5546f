"""Parameters by the names of their modules, and by the optimizer that holds them."""

import difflib
from collections.abc import Sequence

from torch import nn
from torch.optim import Optimizer


def parameters_under(module: nn.Module, name: str, where: str) -> dict[str, nn.Parameter]:
    """The parameters of a part of the module, by their names in the module.

    `name` is that of a module or of one parameter; "" is the module as a whole.

    Raises:
        ValueError: there is no such part, or it has no parameters.
        TypeError: the name is none.
    """
    if not isinstance(name, str):
        raise TypeError(
            f"{where}: got a {type(name).__name__} in place of a name, expected a string. Put a "
            "star before a list of names, freeze(model, *names); freeze(part) takes a module."
        )
    found = {
        each: parameter
        for each, parameter in module.named_parameters(remove_duplicate=False)
        if lies_under(each, name)
    }
    if not found:
        raise ValueError(f"{where}: {_nothing(module, name)}")
    return found


def names_by_parameter(module: nn.Module) -> dict[nn.Parameter, list[str]]:
    """Every parameter with its names, of which a tied one has several."""
    found: dict[nn.Parameter, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        found.setdefault(parameter, []).append(name)
    return found


def held_by(optimizer: Optimizer) -> list[nn.Parameter]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def expect_parts(parts: Sequence[str], where: str) -> None:
    """Raises ValueError where there is no list, or none in it."""
    if isinstance(parts, str) or not parts:
        raise ValueError(
            f"{where}: got parts = {parts!r}, expected a list of names, from the input to the "
            "output, such as ['backbone', 'head']."
        )


def lies_under(parameter: str, name: str) -> bool:
    return name in ("", parameter) or parameter.startswith(f"{name}.")


def _nothing(module: nn.Module, name: str) -> str:
    modules = [each for each, _ in module.named_modules(remove_duplicate=False)]
    what = type(module).__name__
    if name in modules:
        return (
            f"{name or what!r} has no parameters, expected a part with some. Dropout and "
            "activations have none: name the layer beside it."
        )
    names = [*modules[1:], *(each for each, _ in module.named_parameters())]
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else "named_parameters() lists them all."
    children = [each for each, _ in module.named_children()]
    parts = ", ".join(children or [each for each, _ in module.named_parameters()]) or "none"
    return f"{what} has no part {name!r}, expected one of its parts ({parts}) or below. {hint}"


def listed(names: Sequence[str], most: int = 3) -> str:
    """Some of the names, for a message."""
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
