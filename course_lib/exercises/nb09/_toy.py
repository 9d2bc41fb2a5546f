"""A model whose names lie in wait, and names as an answer."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import nn

from course_lib.exercises._checking import (
    NO_RETURN,
    Known,
    Raised,
    expect,
    expect_that,
    explaining_each,
)

LAYERS = 11  # so that there are a layer.1 and a layer.10


class Net(nn.Module):
    """A backbone of eleven layers, with a norm of its own; a norm beside it; a head."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Module()
        self.backbone.embeddings = nn.Embedding(3, 1)
        self.backbone.layer = nn.ModuleList(nn.Linear(1, 1, bias=False) for _ in range(LAYERS))
        self.backbone.norm = nn.LayerNorm(1)
        self.norm = nn.LayerNorm(1)
        self.head = nn.Linear(1, 2)
        for parameter in self.parameters():
            parameter.grad = torch.ones_like(parameter)


NAMES = [name for name, _ in Net().named_parameters()]
COLLECTIONS = (list, tuple, set, frozenset, type({}.keys()))
NET = "a model of backbone (embeddings, layer.0 to layer.10, norm), norm and head"


def under(*starts: str) -> list[str]:
    """The names of Net's parameters that begin so."""
    return [name for name in NAMES if name.startswith(starts)]


def others(names: Iterable[str]) -> list[str]:
    """The names of Net's parameters that are not among these."""
    return [name for name in NAMES if name not in set(names)]


@contextlib.contextmanager
def explaining_names(names: Iterable[str], idea: str) -> Iterator[None]:
    """Say `idea` on the card if nothing is found under one of these names."""
    try:
        yield
    except Raised as raised:
        absent = isinstance(raised.error, (AttributeError, KeyError))
        if absent and any(f"'{name}'" in str(raised.error) for name in names):
            raised.idea = idea
        raise


RAISED = (
    "The name is there, and the attempt raises an error. Other parameters do not lie under it: "
    "whether none does is known only after the loop over all of them."
)


@contextlib.contextmanager
def explaining_freeze(names: Iterable[str]) -> Iterator[None]:
    """Say what is behind an error about these names, or about a gradient."""
    gradient = "A gradient is a tensor or None: parameter.grad = None."
    raised = [(ValueError, RAISED, name) for name in names]
    with explaining_each(*raised, (TypeError, gradient, "assigned grad")):
        yield


def expect_names(
    got: Any, expected: Sequence[str], *, tried: str, idea: str, known: Sequence[Known] = ()
) -> None:
    """Expect names in whatever order: a list of them, a tuple, a set, or the keys of a dict."""
    expect_that(
        got is not None,
        tried=tried,
        got=got,
        expected=f"the names {list(expected)}",
        idea=NO_RETURN,
    )
    expect_that(
        type(got) in COLLECTIONS and all(type(name) is str for name in got),
        tried=tried,
        got=got,
        expected=f"a list of names, {list(expected)}",
        idea="A list of names is asked, as named_parameters() gives them: not one name, a number, "
        "a generator, pairs, or the tensors themselves.",
    )
    expect(
        sorted(got),
        sorted(expected),
        tried=tried,
        idea=idea,
        known=[Known(sorted(wrong.value), wrong.idea) for wrong in known],
    )
