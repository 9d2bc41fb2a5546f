"""Exercise 09.1: parts that do not learn."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from course_lib.exercises._checking import (
    Known,
    Mistake,
    Raised,
    call,
    expect,
    expect_that,
    explaining,
)
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb09 import _toy
from course_lib.exercises.nb09._toy import NAMES, NET, Net


def freeze(module: nn.Module, *names: str) -> list[str]:
    """Let nothing in the named modules or parameters learn; no names: nothing at all.

    Drop gradients that are left over. Return the names of the frozen parameters.
    """
    frozen = {}
    for name in names or [""]:
        found = {
            each: parameter
            for each, parameter in module.named_parameters()
            if name in ("", each) or each.startswith(f"{name}.")
        }
        if not found:
            raise ValueError(f"nothing in the model lies under {name!r}")
        frozen |= found
    for parameter in frozen.values():
        parameter.requires_grad_(False)
        parameter.grad = None
    return list(frozen)


NOTHING = (
    "All of it still learns. If no name fits: a parameter lies under `head` if its name begins "
    "with `head.`. If one does: parameter.requires_grad_(False) for each of them. == compares, "
    "module.requires_grad = False only makes an attribute, and parameter.data is another tensor."
)
ALL = (
    "Nothing learns any more. Only what lies under one of the names is to be frozen: a parameter "
    "counts if its name is that name, or begins with it and a dot."
)
DOTS = (
    "The name has dots: model.get_submodule(name) follows them, getattr and named_children() do "
    "not. Or compare it with the beginning of each name in named_parameters()."
)
WHOLE_NAMES = "named_parameters() has `head.weight` and `head.bias`: both begin with `head.`."
A_PARAMETER = (
    "A name may be that of a parameter: get_submodule finds modules only, and `head.bias` does not "
    "begin with `head.bias.`. Go through named_parameters(): a name fits if it is equal, or begins "
    "with the name and a dot."
)


def _tried(names: Sequence[str], first: str = "model") -> str:
    return f"{NET}; freeze({', '.join([first, *map(repr, names)])})"


def _freeze(attempt: Any, net: Net, *names: str, idea: str = DOTS) -> Any:
    with (
        _toy.explaining_freeze(names),
        _toy.explaining_names(names, idea),
        explaining(AttributeError, A_PARAMETER, "is not an nn.Module"),
    ):
        return call(attempt, net, *names, tried=_tried(names))


def _frozen(net: Net) -> list[str]:
    return [name for name, parameter in net.named_parameters() if not parameter.requires_grad]


def _expect(
    attempt: Any, names: list[str], frozen: list[str], idea: str, *known: Known, dots: str = DOTS
) -> None:
    """Freeze these names of a new model and expect just these parameters to be frozen."""
    net = Net()
    _freeze(attempt, net, *names, idea=dots)
    expect(
        _frozen(net),
        frozen,
        tried=f"{_tried(names)}: the parameters with requires_grad=False",
        idea=idea,
        known=(
            *known,
            Known([], NOTHING),
            Known(frozen[:1], "Only the first of them. Does a return stand inside the loop?"),
            Known(NAMES, ALL),
            Known(
                _toy.others(frozen),
                "Turned round: what is named learns, and the rest does not.",
            ),
        ),
    )


def _module(attempt: Any) -> None:
    """a named module is frozen, and nothing else"""
    for name in ("head", "backbone.embeddings", "backbone"):
        idea = f"All parameters whose names begin with `{name}.` are to be frozen, and no other."
        dots = DOTS if "." in name else WHOLE_NAMES
        _expect(attempt, [name], _toy.under(f"{name}."), idea, dots=dots)


def _dot(attempt: Any) -> None:
    """layer.1 does not take layer.10 with it, nor one norm the other"""
    dot = (
        "layer.10 begins with layer.1 too, and it contains it. A name lies under another if it "
        'begins with it and a dot: startswith(name + ".").'
    )
    layer = ["backbone.layer.1.weight"]
    taken = Known(_toy.under("backbone.layer.1"), dot)
    _expect(attempt, ["backbone.layer.1"], layer, dot, taken)
    inside = (
        "backbone.norm has `norm` in its name and is another module. Look at the beginning of the "
        "name, not at what is somewhere in it or at its end."
    )
    taken = Known(_toy.under("backbone.norm", "norm"), inside)
    _expect(attempt, ["norm"], ["norm.weight", "norm.bias"], inside, taken)


def _parameter(attempt: Any) -> None:
    """a name may be that of a parameter"""
    known = Known([], A_PARAMETER)
    _expect(attempt, ["head.bias"], ["head.bias"], A_PARAMETER, known, dots=A_PARAMETER)


def _several(attempt: Any) -> None:
    """several names freeze all that they name, and what is frozen stays so"""
    parts = ["backbone.embeddings", "head"]
    first, last = ([name for name in NAMES if name.startswith(part)] for part in parts)
    _expect(
        attempt,
        parts,
        first + last,
        "Each of the names counts.",
        Known(first, "Only the first name counts. Does a return or break stand inside the loop?"),
        Known(last, "Only the last name counts: it undoes what the names before it have done."),
    )
    net = Net()
    _freeze(attempt, net, "backbone.embeddings")
    _freeze(attempt, net, "head")
    both = (
        "The second call has let the first part learn again. Set requires_grad to False where a "
        "name fits, and leave the others as they are: no `requires_grad = not ...` for all."
    )
    expect(
        _frozen(net),
        first + last,
        tried=f"{_tried(parts[:1])}, then freeze(model, 'head'): the parameters with "
        "requires_grad=False",
        idea=both,
        known=(Known(last, both),),
    )


def _everything(attempt: Any) -> None:
    """without names, everything is frozen"""
    _expect(
        attempt,
        [],
        NAMES,
        "No names mean the module as a whole.",
        Known([], "Without names a loop over them does nothing, and any(...) of none is False."),
    )


def _returns(attempt: Any) -> None:
    """the names of the frozen parameters come back"""
    for names, frozen in (
        (["backbone.norm"], _toy.under("backbone.norm.")),
        (["head.bias", "norm"], ["norm.weight", "norm.bias", "head.bias"]),
        ([], NAMES),
    ):
        _toy.expect_names(
            _freeze(attempt, Net(), *names),
            frozen,
            tried=f"{_tried(names)}: what it returns",
            idea="The full names of all parameters that it froze, as in model.named_parameters().",
            known=(
                Known(names, "These are the names that came in. Which parameters do they freeze?"),
                Known(
                    [name.rpartition(".")[2] for name in frozen],
                    "These are names within the part. model.named_parameters() has the full ones; "
                    "so has part.named_parameters(prefix=name).",
                ),
                Known(_toy.others(frozen), "These are the names of those that still learn."),
                Known(NAMES, "These are the names of all parameters. Which ones are frozen?"),
            ),
        )


def _gradients(attempt: Any) -> None:
    """gradients that are left over are gone; those of the rest are not"""
    for already in (False, True):
        net = Net()
        for parameter in net.head.parameters():
            parameter.requires_grad_(not already)
        _freeze(attempt, net, "head")
        how = ", whose head has requires_grad=False already" if already else ""
        tried = f"{_tried(['head'])}; each parameter has a gradient{how}"
        _expect_dropped(net.head.weight.grad, f"{tried}: head.weight.grad", already)
        _expect_dropped(net.head.bias.grad, f"{tried}: head.bias.grad", already)
        kept = [name for name, parameter in net.named_parameters() if parameter.grad is not None]
        expect(
            kept,
            _toy.others(["head.weight", "head.bias"]),
            tried=f"{tried}: the parameters with a gradient afterwards",
            idea="The rest goes on learning, and its gradients may be half of an accumulated "
            "step. Drop those of the frozen parameters only: no module.zero_grad().",
        )


def _expect_dropped(gradient: Any, tried: str, already: bool) -> None:
    if gradient is None:
        return
    zero = isinstance(gradient, torch.Tensor) and not gradient.any()
    idea = "An optimizer that holds the weight steps by what is left over: parameter.grad = None."
    if zero:
        idea = (
            "A gradient of zeros is a gradient: momentum, Adam's means and weight decay move the "
            "weight. The optimizer passes over a parameter only if its grad is None."
        )
    elif already:
        idea = (
            "requires_grad=False does not clear a gradient, and an optimizer steps by it. Set grad "
            "to None for what was frozen before, too: no `if parameter.requires_grad` around it."
        )
    expect_that(False, tried=tried, got=gradient, expected="None", idea=idea)


def _same(attempt: Any) -> None:
    """the parameters are still the same ones, with the same numbers"""
    net = Net()
    before = {name: (each, each.detach().clone()) for name, each in net.named_parameters()}
    _freeze(attempt, net, "head")
    now = dict(net.named_parameters())
    other = [name for name in before if now.get(name) is not before[name][0]]
    expect(
        other,
        [],
        tried=f"{_tried(['head'])}: the parameters in whose place there are others afterwards",
        idea="An optimizer holds the old ones, and unfreezing the new ones would not make it move "
        "them. Change requires_grad of the parameter that is there.",
    )
    expect(
        [name for name, (_, numbers) in before.items() if not torch.equal(now[name], numbers)],
        [],
        tried=f"{_tried(['head'])}: the parameters with other numbers afterwards",
        idea="Freezing keeps the numbers. Only requires_grad and grad change.",
    )


def _unknown(attempt: Any) -> None:
    """a name that is not in the model is an error"""
    for names in (["bakbone"], ["head", "bakbone"], ["bakbone", "head"]):
        try:
            call(attempt, Net(), *names, tried=_tried(names))
        except Raised:
            continue
        raise Mistake(
            _tried(names),
            "no error",
            "an error that names 'bakbone'",
            "A slip in the spelling, and the whole backbone goes on learning: nobody is told. For "
            "each name by itself: if no parameter lies under it, raise ValueError.",
        )


EXERCISE = Exercise(
    "09.1",
    "Parts that do not learn",
    8,
    freeze,
    (_module, _dot, _parameter, _several, _everything, _returns, _gradients, _same, _unknown),
    (
        (
            "Go through module.named_parameters(). When does a parameter's name lie under one of "
            "the names? Think of layer.1 and layer.10."
        ),
        (
            'It lies under it if each == name or each.startswith(f"{name}."). Then '
            "parameter.requires_grad_(False) and parameter.grad = None."
        ),
        (
            'for name in names or [""]: collect {each: parameter ...} of what lies under it ("" '
            "takes all), raise ValueError if there is none, and freeze what was collected. Return "
            "list(collected)."
        ),
    ),
)
