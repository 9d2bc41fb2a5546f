"""Exercise 09.5: a learning rate for each part."""

from typing import Any

import torch
from torch import nn

from course_lib.exercises._checking import NO_RETURN, Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb09 import _toy
from course_lib.exercises.nb09._toy import NAMES, NET, Net


def parameter_groups(module: nn.Module, rates: dict[str, float]) -> list[dict]:
    """{name: rate} -> [{"params": [...], "lr": rate, "name": name}, ...] in that order

    A parameter belongs to the longest name it lies under ("" is the rest).
    """
    members = {name: [] for name in rates}
    for each, parameter in module.named_parameters():
        names = [name for name in rates if name in ("", each) or each.startswith(f"{name}.")]
        if names:
            members[max(names, key=len)].append(parameter)
    return [{"params": members[name], "lr": rate, "name": name} for name, rate in rates.items()]


LONGEST = (
    "A parameter belongs to one group alone: that of the longest name which it lies under, "
    "wherever that stands in `rates`."
)
TWICE = (
    "A parameter is held twice, and an optimizer refuses one that is in two groups. Choose one "
    "name for each parameter, the longest that it lies under."
)
DOT = (
    "layer.10 begins with layer.1 too. A name lies under another if it begins with it and a dot, "
    'startswith(name + "."), or is equal.'
)
REST = '"" is the rest: every name lies under it, and any other name is longer.'
A_LIST = (
    '"params" is to be a list of the parameters themselves: a generator is empty after one look, '
    "names or pairs are no parameters, and extend() takes a parameter to pieces: append()."
)
KEYS = (
    'An optimizer looks for "params" and "lr". Where it finds no "lr" it takes its own rate, and '
    'says nothing; "name" is for people.'
)
DOTS = (
    "The names have dots, are of parameters, or are empty: getattr and named_children() know none "
    "of that. Go through named_parameters(), and compare the names."
)


ONE_LIST = "All groups hold the same list. One for each: {name: [] for name in rates}."
NO_NAME = (
    "Not every parameter lies under a name of `rates`, and a name may have dots. Look which of "
    "them it lies under; it may be none, and then it is in no group."
)


def _tried(rates: dict[str, float]) -> str:
    return f"{NET}; rates {rates}"


def _groups(attempt: Any, rates: dict[str, float], net: nn.Module) -> list:
    """The groups, of the right form."""
    tried = _tried(rates)
    with (
        explaining(KeyError, NO_NAME),
        explaining(ValueError, f"{NO_NAME} {REST}", "empty"),
        _toy.explaining_names(rates, DOTS),
        explaining(AttributeError, DOTS, "is not an nn.Module"),
    ):
        got = call(attempt, net, rates, tried=tried)
    expect_that(
        type(got) in (list, tuple) and all(type(group) is dict for group in got),
        tried=tried,
        got=got,
        expected=f"a list of {len(rates)} dicts",
        idea=NO_RETURN if got is None else "A list with a dict for each name is asked.",
    )
    for group in got:
        expect_that(
            {"params", "lr", "name"} <= group.keys(),
            tried=f"{tried}: the keys of a group",
            got=[str(key) for key in group],
            expected="['params', 'lr', 'name']",
            idea=KEYS,
        )
        expect_that(
            type(group["params"]) in (list, tuple)
            and all(isinstance(member, nn.Parameter) for member in group["params"]),
            tried=f"{tried}: the params of a group",
            got=group["params"],
            expected="a list of parameters",
            idea=A_LIST,
        )
    return list(got)


def _members(net: nn.Module, groups: list) -> dict[str, list[str]]:
    """The names of the parameters of each group, by the group's name, as they stand in the model.

    What is no parameter of the model is "another tensor".
    """
    names = {id(parameter): name for name, parameter in net.named_parameters()}
    found = {}
    for group in groups:
        held = [names.get(id(member), "another tensor") for member in group["params"]]
        found[str(group["name"])] = sorted(held, key=[*NAMES, "another tensor"].index)
    return found


def _expect(
    attempt: Any,
    rates: dict[str, float],
    expected: dict[str, list[str]],
    idea: str,
    *known: Known,
    net: Net | None = None,
) -> None:
    """Expect these members of the groups."""
    net = net or Net()
    groups = _groups(attempt, rates, net)
    got, lists = _members(net, groups), len({id(group["params"]) for group in groups})
    tried = f"{_tried(rates)}: the parameters of each group"
    every = [name for names in got.values() for name in names]
    for wrong in known:
        expect_that(
            got != wrong.value,
            tried=tried,
            told=_told(got),
            expected=_told(expected),
            idea=wrong.idea,
        )
    for holds, why in (
        (list(got) == list(expected), "A group for each name of `rates`, in their order."),
        ("another tensor" not in every, "A group holds the model's own parameters: no copies."),
        (len(every) == len(set(every)), TWICE if lists == len(got) else ONE_LIST),
        (got == expected, idea),
    ):
        expect_that(holds, tried=tried, told=_told(got), expected=_told(expected), idea=why)


def _told(members: dict[str, list[str]]) -> str:
    """Groups in a line, large ones by their number."""
    return "; ".join(
        f"{name or repr('')}: {', '.join(held) if len(held) < 4 else f'{len(held)} parameters'}"
        for name, held in members.items()
    )


def _parts(attempt: Any) -> None:
    """each part has a group with its rate and its name, in the order of the rates"""
    for names in (["backbone", "norm", "head"], ["head", "norm", "backbone"]):
        rates = {name: 0.5 / 2**place for place, name in enumerate(names)}
        net = Net()
        groups = _groups(attempt, rates, net)
        tried = f"{_tried(rates)}: name and rate of each group"
        got = [(group["name"], group["lr"]) for group in groups]
        expect(
            got,
            list(rates.items()),
            tried=tried,
            idea="A group for each name of `rates`, in their order, with that name and that rate.",
            known=(
                Known(
                    [(name, rates[name]) for name in ("backbone", "norm", "head")],
                    "This is the order of the model. The groups come in the order of `rates`: a "
                    "scheduler with a rate for each group, or a plot, counts on it.",
                ),
            ),
        )
        expected = {name: _toy.under(f"{name}.") for name in names}
        idea = "All parameters whose names begin with the part's and a dot."
        last = "Only the last one of each: does it take the place of those before? append() adds."
        _expect(
            attempt, rates, expected, idea, Known({n: m[-1:] for n, m in expected.items()}, last)
        )


def _dot(attempt: Any) -> None:
    """layer.1 does not take layer.10 with it, nor one norm the other; "" is the rest"""
    inside = "backbone.norm has `norm` in its name. Look at the beginning of the name."
    for name, more, idea in (
        ("backbone.layer.1", ["backbone.layer.10.weight"], DOT),
        ("norm", _toy.under("backbone.norm."), inside),
    ):
        own = _toy.under(f"{name}.")
        taken = [each for each in NAMES if each in {*own, *more}]
        _expect(
            attempt,
            {name: 0.5, "": 0.25},
            {name: own, "": _toy.others(own)},
            f"{idea} {REST}",
            Known({name: taken, "": _toy.others(taken)}, idea),
            Known({name: own, "": []}, REST),
            Known({name: [], "": NAMES}, LONGEST),
            Known({name: own, "": NAMES}, TWICE),
        )


def _longest(attempt: Any) -> None:
    """the longest name counts, in whatever order they come"""
    layer = ["backbone.layer.0.weight"]
    backbone = [name for name in _toy.under("backbone.") if name not in layer]
    rest = _toy.others([*backbone, *layer])
    expected = {"": rest, "backbone": backbone, "backbone.layer.0": layer}
    outer = {"": NAMES, "backbone": [], "backbone.layer.0": []}
    empty = {"": [], "backbone": backbone, "backbone.layer.0": layer}
    middle = {"": rest, "backbone": [*backbone, *layer], "backbone.layer.0": []}
    for names in (list(expected), list(expected)[::-1], ["backbone", "", "backbone.layer.0"]):
        rates = {name: 0.5 / 2**place for place, name in enumerate(names)}
        wrong = [
            Known({name: members[name] for name in names}, idea)
            for members, idea in (
                (outer, LONGEST),
                (middle | {"": _toy.others(_toy.under("backbone."))}, LONGEST),
                (empty, REST),
                (empty | {"backbone": sorted([*backbone, *layer], key=NAMES.index)}, REST),
            )
        ]
        _expect(attempt, rates, {name: expected[name] for name in names}, LONGEST, *wrong)


def _parameters(attempt: Any) -> None:
    """a name may be that of a parameter"""
    rates = {"": 0.5, "head.bias": 0.25}
    bias = "A parameter lies under its own name, too: each == name, or it begins with name and a "
    expected = {"": _toy.others(["head.bias"]), "head.bias": ["head.bias"]}
    _expect(
        attempt,
        rates,
        expected,
        bias + "dot.",
        Known({"": NAMES, "head.bias": []}, bias + "dot."),
        Known({"": [], "head.bias": ["head.bias"]}, REST),
    )


def _frozen(attempt: Any) -> None:
    """frozen parameters are in their groups, too"""
    net = Net()
    net.backbone.requires_grad_(False)
    backbone = _toy.under("backbone.")
    expected = {"backbone": backbone, "": _toy.others(backbone)}
    later = (
        "The backbone is frozen now. When it is unfrozen, an optimizer that was made without it "
        "leaves it where it is. Frozen parameters cost it nothing: it passes over those without a "
        "gradient."
    )
    known = Known({**expected, "backbone": []}, later)
    _expect(attempt, {"backbone": 0.5, "": 0.25}, expected, later, known, net=net)


def _optimizer(attempt: Any) -> None:
    """an optimizer takes the groups, and each part moves at its rate"""
    net, rates = Net(), {"": 0.0, "head": 0.5, "backbone": 0.25, "backbone.embeddings": 0.125}
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    groups = _groups(attempt, rates, net)
    tried = f"{_tried(rates)}: SGD(groups, lr=9) makes a step; all gradients are 1"
    call(lambda: torch.optim.SGD(groups, lr=9.0).step(), tried=tried)
    steps = {"head.weight": 0.5, "backbone.layer.10.weight": 0.25, "norm.weight": 0.0}
    steps["backbone.embeddings.weight"] = 0.125
    for name, step in steps.items():
        expect(
            (before[name] - net.get_parameter(name)).detach(),
            torch.full_like(before[name], step),
            tried=f"{tried}; how far {name} went",
            idea="A part moves by its own rate times its gradient. 0 is a rate, too, and says that "
            "the part stays: `rate or ...` would take another.",
        )


EXERCISE = Exercise(
    "09.5",
    "A learning rate for each part",
    10,
    parameter_groups,
    (_parts, _dot, _longest, _parameters, _frozen, _optimizer),
    (
        (
            "Turn it round: for each parameter, which names does it lie under, and which of them "
            "is the longest?"
        ),
        (
            "members = {name: [] for name in rates} keeps the order. A parameter lies under name "
            'if name in ("", each) or each.startswith(f"{name}.").'
        ),
        (
            "for each, parameter in module.named_parameters(): names = [...]; if names: "
            "members[max(names, key=len)].append(parameter). Then a dict for each name and rate of "
            "rates.items()."
        ),
    ),
)
