"""Parts of a model that do not learn: their weights stay, and so do their dropout and norms."""

import warnings

from torch import nn

from course_lib.freeze._names import listed, names_by_parameter, parameters_under


def freeze(module: nn.Module, *names: str) -> list[str]:
    """Let nothing in the named parts learn. Returns the names of the parameters that are frozen.

    A gradient that is left over from earlier goes with it: an optimizer that holds the weight would
    step by it once more.

    Arguments:
        names  of modules or parameters, as `named_modules()` and `named_parameters()` give them;
               none for the module as a whole

    Raises:
        ValueError: there is no such part, or it has no parameters. Nothing is frozen then.

    Warns:
        UserWarning: a weight is tied to one in another part, which is frozen with it.

    Built in notebooks/09_transfer_learning.ipynb.
    """
    return _set(module, names, learns=False)


def unfreeze(module: nn.Module, *names: str) -> list[str]:
    """Let the named parts learn again. Returns the names of their parameters. See `freeze`.

    Built in notebooks/09_transfer_learning.ipynb.
    """
    return _set(module, names, learns=True)


def train_mode(module: nn.Module) -> nn.Module:
    """`module.train()`, but a part whose parameters are all frozen stays in evaluation mode.

    So a frozen BatchNorm keeps its statistics, and frozen dropout drops nothing. `fit` calls it
    at the start of every epoch. Returns the module.

    Built in notebooks/09_transfer_learning.ipynb.
    """
    module.train()
    for part in module.modules():
        learns = [parameter.requires_grad for parameter in part.parameters()]
        if learns and not any(learns):
            part.eval()
    return module


def _set(module: nn.Module, names: tuple[str, ...], learns: bool) -> list[str]:
    where = "unfreeze" if learns else "freeze"
    asked = {}
    for name in names or ("",):
        asked |= parameters_under(module, name, where)
    tied = _tied(module, asked)
    changed = [name for name, parameter in tied.items() if parameter.requires_grad != learns]
    for parameter in asked.values():
        parameter.requires_grad_(learns)
        if not learns:
            parameter.grad = None
    if changed:
        warnings.warn(
            f"{where}: {listed(changed)} changed too, as it is the same parameter under another "
            "name; expected only the named parts to change. Give that part a weight of its own "
            "first, if it is to be treated apart.",
            stacklevel=3,
        )
    return [*asked, *tied]


def _tied(module: nn.Module, asked: dict[str, nn.Parameter]) -> dict[str, nn.Parameter]:
    """Further names of the same parameters."""
    names = names_by_parameter(module)
    same = dict.fromkeys(asked.values())
    return {name: each for each in same for name in names[each] if name not in asked}
