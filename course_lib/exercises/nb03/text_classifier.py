"""Exercise 03.2: backbone, pooling and head in one module."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import (
    Known,
    call,
    expect,
    expect_module,
    expect_that,
    explaining,
)
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb03._toy import IDS, MASK, OBJECT, TRIED, ToyBackbone, hidden_of, mean_of
from course_lib.model import linear_head, masked_mean


class TextClassifier(nn.Module):
    """A backbone, a pooling, a head: (B, T), (B, T) -> (B, C)"""

    def __init__(
        self,
        backbone: nn.Module,
        num_classes: int,
        pooling: Callable[[Tensor, Tensor], Tensor] = masked_mean,
        head: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.pooling = pooling
        if head is None:
            head = linear_head(backbone.config.hidden_size, num_classes)
        self.head = head

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        outputs = self.backbone(input_ids=input_ids, attention_mask=attention_mask)
        hidden = outputs.last_hidden_state  # (B, T, H)
        return self.head(self.pooling(hidden, attention_mask))  # (B, H), then (B, C)


FITS = (
    "The head takes the pooled (B, H) and makes (B, C) of it: "
    "linear_head(backbone.config.hidden_size, num_classes)."
)
NO_HEAD = (
    "There is no self.head here. It is needed both ways: the head that is given, and linear_head "
    "where none is."
)
BY_SELF = "forward knows no `backbone` of its own: __init__ keeps it in self.backbone."
WIDTH = "H stands in the backbone's config: backbone.config.hidden_size."
NAMES = (
    "Keep the stub's names, forward(self, input_ids, attention_mask): a batch is passed by name."
)
MADE = "TextClassifier(backbone, 3) with H = 4"


def _make(attempt: Any, tried: str, *arguments: Any, **named: Any) -> nn.Module:
    with explaining(AttributeError, WIDTH, "no attribute 'hidden_size'"):
        model = call(attempt, *arguments, tried=tried, **named)
    expect_module(model, tried=tried)
    return model.eval()


def _run(model: nn.Module, tried: str) -> Any:
    with (
        torch.no_grad(),
        explaining(Exception, OBJECT, "BaseModelOutput"),
        explaining(TypeError, NAMES, "unexpected keyword argument"),
        explaining(TypeError, NO_HEAD, "'NoneType' object is not callable"),
        explaining(AttributeError, NO_HEAD, "no attribute 'head'"),
        explaining(NameError, BY_SELF, "'backbone'"),
        explaining(RuntimeError, FITS, "multiplied"),
    ):
        return call(model, input_ids=IDS, attention_mask=MASK, tried=tried)


def _shape(attempt: Any) -> None:
    """two sentences and three classes give logits of shape (2, 3)"""
    tried = f"{MADE}, {TRIED}"
    got = _run(_make(attempt, MADE, ToyBackbone(), 3), tried)
    expect_that(
        isinstance(got, Tensor) and got.shape == (2, 3),
        tried=tried,
        got=got,
        expected="a tensor of shape (2, 3)",
        idea=_shape_idea(got),
    )


def _shape_idea(got: Any) -> str:
    if got is None:
        return "Nothing came back. Does forward end in `return`?"
    if not isinstance(got, Tensor):
        return "The logits alone are wanted: what the head makes of the pooled vector."
    if got.shape == (2, 4, 3):
        return "(B, T, C): a score for each token. Pool before the head."
    if got.shape == (2,):
        return "One number a sentence: has argmax chosen already? Return all C logits."
    if got.shape == (2, 7):
        return "Seven outputs, and three classes here: take num_classes for C."
    if got.shape == (2, 4):
        return "(B, H): pooled, and no head yet."
    return "The backbone gives (B, T, H), the pooling (B, H), the head (B, C)."


def _parts_learn(attempt: Any) -> None:
    """it has the backbone's 28 parameters and 15 of its own"""
    model = _make(attempt, MADE, ToyBackbone(), 3)
    expect(
        sum(parameter.numel() for parameter in model.parameters()),
        43,
        tried=f"the parameters of {MADE}",
        idea="The backbone has 28, linear_head(4, 3) has 4 * 3 + 3. Keep both as attributes, so "
        "that an optimizer finds them.",
        known=(
            Known(15, "The backbone is not among them. Keep it: self.backbone = backbone."),
            Known(28, "The head is not among them: make it in __init__ and keep it in self."),
            Known(58, "There are two heads. Make one: only when no head was given."),
        ),
    )


def _named_parts(attempt: Any) -> None:
    """its parts are called backbone, pooling and head"""
    backbone, head = ToyBackbone(), nn.Linear(4, 3)
    tried = "TextClassifier(backbone, 3, pooling=masked_mean, head=head)"
    model = _make(attempt, tried, backbone, 3, pooling=masked_mean, head=head)
    for name, part in (("backbone", backbone), ("pooling", masked_mean), ("head", head)):
        expect_that(
            getattr(model, name, None) is part,
            tried=f"{tried}.{name}",
            got=getattr(model, name, None),
            expected=f"the {name} that was given",
            idea=f"Keep it under this very name, self.{name}: others will look for it there.",
        )
    default = _make(attempt, MADE, backbone, 3).head
    expect_that(
        any(isinstance(part, nn.Dropout) for part in getattr(default, "modules", list)()),
        tried=f"the head of {MADE}",
        got=default,
        expected="linear_head(4, 3), which has dropout",
        idea="Without a head that is given, make linear_head(backbone.config.hidden_size, C).",
    )


def _learns(attempt: Any) -> None:
    """gradients reach the backbone"""
    backbone = ToyBackbone()
    model = _make(attempt, MADE, backbone, 3)
    tried = f"{MADE}, {TRIED}: backward() of the logits' sum"
    logits = call(model, input_ids=IDS, attention_mask=MASK, tried=tried)
    if isinstance(logits, Tensor) and logits.requires_grad:
        logits.sum().backward()
    expect_that(
        backbone.embeddings.weight.grad is not None,
        tried=tried,
        told="no gradient for the backbone",
        expected="a gradient for every parameter",
        idea="no_grad, .detach() and requires_grad_(False) cut the backbone off: then only the "
        "head learns. Notebook 09 does that on purpose.",
    )


def _any_width(attempt: Any) -> None:
    """the head fits a backbone of another width"""
    tried = "TextClassifier(backbone, 2) with H = 6"
    width = "Ask the backbone for H: backbone.config.hidden_size."
    with explaining(RuntimeError, width, "multiplied"):
        got = _run(_make(attempt, tried, ToyBackbone(6), 2), f"{tried}, {TRIED}")
    expect(
        tuple(getattr(got, "shape", ())),
        (2, 2),
        tried=f"{tried}: the shape of the logits",
        idea="Ask the backbone for H: backbone.config.hidden_size; and take num_classes for C.",
    )


def _pools_with_the_mask(attempt: Any) -> None:
    """the mask reaches both the backbone and the pooling"""
    backbone, tried = ToyBackbone(), "TextClassifier(backbone, 4, head=nn.Identity())"
    model = _make(attempt, tried, backbone, 4, head=nn.Identity())
    hidden, blind = hidden_of(backbone), hidden_of(backbone, None)
    expect(
        _run(model, f"{tried}, {TRIED}"),
        mean_of(hidden),
        tried=f"{tried}, {TRIED}",
        idea="This head does nothing, so the masked mean of the hidden states should come out. Is "
        "a head that is given used? Do the backbone and the pooling both get the mask?",
        known=(
            Known(hidden.mean(dim=1), "Padding is in the mean. Give the mask to the pooling."),
            Known(mean_of(blind), "The backbone got no mask: its tokens have looked at padding."),
            Known(
                mean_of(hidden_of(backbone, ids=MASK, mask=IDS)),
                "The backbone got mask and input_ids exchanged. Pass them by name.",
            ),
            Known(blind.mean(dim=1), "The mask reaches neither the backbone nor the pooling."),
            Known(hidden[:, 0], "That is the first token. Call self.pooling."),
            Known(
                mean_of(hidden).softmax(dim=-1),
                "These are probabilities. Return logits: the loss takes them as they are.",
            ),
            Known(mean_of(hidden).log_softmax(dim=-1), "Return logits, without a softmax."),
            Known(
                mean_of(hidden).relu(), "There is an activation behind the head. Logits have none."
            ),
        ),
    )


def _own_parts(attempt: Any) -> None:
    """a pooling and a head that are given are used"""
    backbone, head = ToyBackbone(), nn.Linear(4, 2)
    tried = "TextClassifier(backbone, 2, pooling=second_token, head=nn.Linear(4, 2))"

    def second_token(hidden: Tensor, mask: Tensor) -> Tensor:
        return hidden[:, 1]

    model = _make(attempt, tried, backbone, 2, pooling=second_token, head=head)
    hidden = hidden_of(backbone)
    expect(
        _run(model, f"{tried}, {TRIED}"),
        head(hidden[:, 1]).detach(),
        tried=f"{tried}, {TRIED}",
        idea="Use the pooling and the head that were given: a new head only if head is None.",
        known=(
            Known(head(mean_of(hidden)).detach(), "The pooling is fixed. Call self.pooling."),
            Known(head(hidden[:, 0]).detach(), "The pooling is fixed. Call self.pooling."),
        ),
    )


class _Square(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x**2


def _head_last(attempt: Any) -> None:
    """the head comes after the pooling"""
    backbone, tried = ToyBackbone(), "TextClassifier(backbone, 4, head=a module that squares)"
    model = _make(attempt, tried, backbone, 4, head=_Square())
    expect(
        _run(model, f"{tried}, {TRIED}"),
        mean_of(hidden_of(backbone)) ** 2,
        tried=f"{tried}, {TRIED}",
        idea="Pool first, then the head: the head is for (B, H).",
        known=(
            Known(
                mean_of(hidden_of(backbone) ** 2),
                "The head comes first here. With a linear head that makes no difference, with "
                "others it does: pool first.",
            ),
        ),
    )


EXERCISE = Exercise(
    "03.2",
    "A classifier on a backbone",
    12,
    TextClassifier,
    (
        _shape,
        _parts_learn,
        _any_width,
        _pools_with_the_mask,
        _own_parts,
        _named_parts,
        _head_last,
        _learns,
    ),
    (
        "super().__init__() first. Then three attributes: backbone, pooling, head.",
        (
            "forward has three lines: hidden states (B, T, H), pooled (B, H), logits (B, C). The "
            "mask goes to the backbone and to the pooling."
        ),
        (
            "hidden = self.backbone(input_ids=input_ids, attention_mask=attention_mask)"
            ".last_hidden_state; return self.head(self.pooling(hidden, attention_mask))"
        ),
    ),
)
