"""Exercise 09.4: another head, on a copy."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import (
    NO_RETURN,
    call,
    expect,
    expect_module,
    expect_that,
    explaining,
    explaining_each,
)
from course_lib.exercises._exercise import Exercise


def replace_head(model: nn.Module, head: nn.Module, name: str = "head") -> nn.Module:
    """A copy of the model with another head; the model itself stays as it is."""
    made = copy.deepcopy(model)
    setattr(made, name, head)
    return made


class Net(nn.Module):
    """A body and, under some name, a head; something after it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name_of_head, self.scale = name, 1.0
        self.body = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        setattr(self, name, nn.Linear(3, 2))
        self.end = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.scale * getattr(self, self.name_of_head)(self.body(x)))


def _trained(name: str) -> Net:
    """A model with a frozen body, whose statistics and scale are not those of a new one."""
    net = Net(name)
    net.scale = 10.0
    net.body.requires_grad_(False)
    net.body[1].running_mean.copy_(torch.tensor([1.0, 2.0, 3.0]))
    return net.eval()


NOT_A_COPY = (
    "model.head = head, or setattr, changes the model that was passed: the old task has lost its "
    "head. Copy first, then set the head of the copy."
)
SHALLOW = (
    "copy.copy makes a new module that shares the dict of its parts with the old one, so setting a "
    "part sets it in both. copy.deepcopy copies all that lies inside."
)
SHARED = (
    "Both have the same tensors: training one changes the other. copy.deepcopy(model) has tensors "
    "of its own."
)
BY_NAME = (
    "made.name is an attribute called `name`. Where the name is in a variable, it is "
    "setattr(made, name, head)."
)


COPY = "A module has no method for it: copy.deepcopy(model)."
ERRORS = (
    (AttributeError, COPY, "no attribute 'copy'"),
    (AttributeError, COPY, "no attribute 'clone'"),
    (TypeError, "`copy` is the module of that name: copy.deepcopy(model).", "'module' object"),
    (TypeError, "A model is no dict: setattr(made, name, head).", "item assignment"),
    (
        TypeError,
        "The name comes before the head: setattr(made, name, head).",
        "name must be str",
    ),
    (RuntimeError, "The new weights have other shapes. Put the new module there.", "size mismatch"),
)


def _replaced(attempt: Any, name: str) -> tuple[Net, nn.Module, nn.Module, Any, str]:
    """A model, its old head, the new one, and what the attempt makes of them."""
    model, head = _trained(name), nn.Linear(3, 5)
    old = getattr(model, name)
    more = "" if name == "head" else f", name={name!r}"
    tried = f"a model of body, {name} and end; replace_head(model, nn.Linear(3, 5){more})"
    named = {} if name == "head" else {"name": name}
    with explaining_each(*ERRORS):
        got = call(attempt, model, head, tried=tried, **named)
    expect_that(
        got is not None,
        tried=tried,
        got=got,
        expected="a model",
        idea=f"{NO_RETURN} setattr returns nothing.",
    )
    return model, old, head, got, tried


def _stays(attempt: Any) -> None:
    """the model itself stays as it is"""
    model, old, head, got, tried = _replaced(attempt, "head")
    told = "the new head" if getattr(model, "head", None) is head else "another one, or none"
    shallow = got is not model and type(got) is Net
    expect_that(
        getattr(model, "head", None) is old,
        tried=f"{tried}; model.head afterwards",
        told=told,
        expected="the old head, nn.Linear(3, 2)",
        idea=SHALLOW if shallow and got.head is head else NOT_A_COPY,
    )
    expect_that(
        got is not model,
        tried=tried,
        told="the model itself",
        expected="a copy of it",
        idea="This is the model that was passed. Begin with copy.deepcopy(model).",
    )


def _has_the_head(attempt: Any) -> None:
    """what comes back is such a model, with the new head"""
    _, old, head, got, tried = _replaced(attempt, "head")
    expect_that(
        got is not head,
        tried=tried,
        told="the head",
        expected="a model with that head",
        idea="This is the head alone. Return the copy that it was set in.",
    )
    expect_that(
        not isinstance(got, (tuple, list)),
        tried=tried,
        got=got,
        expected="a model",
        idea="Several things came back. One is asked: the copy with the new head.",
    )
    expect_module(got, tried=tried)
    expect_that(
        type(got) is Net,
        tried=tried,
        got=got,
        expected="a model of the same class",
        idea="A Sequential of the parts, or any other module around them, has lost the model's own "
        "forward, and the names of its weights. Copy the model as a whole.",
    )
    expect_that(
        got.head is head,
        tried=f"{tried}.head",
        told="a copy of the new head" if _copied(got.head, head) else "another head",
        expected="the head that was given",
        idea=_idea_of_head(got, head, old),
    )
    expect_that(
        dict(got.named_children()).get("head") is head,
        tried=f"{tried}; its part head, in named_children()",
        told="the old head",
        expected="the head that was given",
        idea="A module counts as a part if it is set as an attribute: setattr(made, name, head). "
        "What is written into made.__dict__ runs, and parameters() does not have its weights.",
    )


def _copied(one: Any, head: nn.Module) -> bool:
    return _alike(one, head) and one.weight is not head.weight


def _idea_of_head(got: nn.Module, head: nn.Module, old: nn.Module) -> str:
    if _copied(got.head, head):
        return (
            "The head was copied, too. Use it as it is given, so that whoever has made it, and "
            "perhaps an optimizer for it, holds the weights of the model. Copy first, then set it."
        )
    if getattr(got, "name", None) is head:
        return BY_NAME
    if _alike(got.head, old):
        return "The copy has its old head. setattr(made, name, head) puts the new one in its place."
    return (
        "The head that was given is to stand there itself: no new Linear of its size, nothing "
        "around it, and more than its weights. setattr(made, name, head)."
    )


def _alike(one: Any, other: nn.Module) -> bool:
    return isinstance(one, nn.Linear) and torch.equal(one.weight, other.weight)


def _by_name(attempt: Any) -> None:
    """the head may have any name"""
    idea = "The models of others have no `head`: there, `name` says what is to be replaced."
    for name in ("classifier", "fc"):
        with explaining(AttributeError, idea, "head"), explaining(KeyError, idea):
            _, _, head, got, tried = _replaced(attempt, name)
        expect_module(got, tried=tried)
        expect(
            [each for each, _ in got.named_children()],
            ["body", name, "end"],
            tried=f"{tried}; the parts of what comes back",
            idea=BY_NAME if hasattr(got, "name") else f"A part that the model never calls. {idea}",
        )
        expect_that(
            getattr(got, name) is head,
            tried=f"{tried}.{name}",
            told="another head",
            expected="the head that was given",
            idea=idea,
        )


def _same_body(attempt: Any) -> None:
    """the rest is the same: weights, statistics, what is frozen"""
    model, _, _, got, tried = _replaced(attempt, "head")
    expect_module(got, tried=tried)
    state = got.state_dict()
    for name, tensor in model.body.state_dict(prefix="body.").items():
        expect(
            state.get(name),
            tensor,
            tried=f"{tried}; {name} of what comes back",
            idea="The copy has other numbers: a new model begins anew. copy.deepcopy(model) keeps "
            "the weights, and the buffers, which parameters() does not have.",
        )
    expect(
        [name for name, parameter in got.named_parameters() if not parameter.requires_grad],
        [f"body.{name}" for name, _ in model.body.named_parameters()],
        tried=f"{tried}; the body is frozen. The frozen parameters of what comes back",
        idea="What is frozen in the model is frozen in its copy, and the head learns. A state_dict "
        "knows nothing of requires_grad; copy.deepcopy(model) keeps it.",
    )
    expect(
        [part.training for part in got.body.modules()],
        [False] * 3,
        tried=f"{tried}, in evaluation mode; training of the body and its parts",
        idea="The copy is in the mode of the model: no train() or eval() here.",
    )


def _own_tensors(attempt: Any) -> None:
    """the two share nothing: training one leaves the other alone"""
    model, _, _, got, tried = _replaced(attempt, "head")
    expect_module(got, tried=tried)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with torch.no_grad():
        for tensor in got.state_dict().values():
            tensor.add_(1)
    changed = [n for n, tensor in model.state_dict().items() if not torch.equal(tensor, before[n])]
    expect_that(
        not changed,
        tried=f"{tried}; 1 added to each number of what comes back: what changes in the model",
        told=", ".join(changed),
        expected="nothing",
        idea=SHARED,
    )


def _answers(attempt: Any) -> None:
    """the model answers as before, and the copy with the new head"""
    model, old, head, got, tried = _replaced(attempt, "head")
    x = torch.tensor([[1.0, 2.0]])
    with torch.no_grad():
        hidden = model.body(x)
        for which, answer, module in (("the model", model, old), ("what comes back", got, head)):
            expect(
                call(answer, x, tried=f"{tried}; {which} on x (1, 2)"),
                10 * module(hidden),
                tried=f"{tried}; {which} on x (1, 2)",
                idea="The same weights, and another answer: attributes of a model, such as a scale "
                "or a config, stand in no state_dict. copy.deepcopy(model) copies them as well.",
            )


EXERCISE = Exercise(
    "09.4",
    "Another head",
    6,
    replace_head,
    (_stays, _has_the_head, _by_name, _same_body, _own_tensors, _answers),
    (
        "Two steps and a return. The first makes sure that the model itself stays as it is.",
        "copy.deepcopy(model) copies all of it; copy.copy(model) would share the parts.",
        "The name is in a variable: setattr(made, name, head), and return made.",
    ),
)
