"""Exercise 03.4: three shape bugs, one behind the other."""

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
from course_lib.model import masked_mean


class Repaired(nn.Module):
    """[CLS] and the mean side by side: (B, T), (B, T) -> (B, C)"""

    def __init__(self, backbone: nn.Module, num_classes: int) -> None:
        super().__init__()
        H = backbone.config.hidden_size
        self.backbone, self.head = backbone, nn.Linear(2 * H, num_classes)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        outputs = self.backbone(input_ids=input_ids, attention_mask=attention_mask)
        hidden = outputs.last_hidden_state  # (B, T, H)
        first, mean = hidden[:, 0], masked_mean(hidden, attention_mask)
        return self.head(torch.cat([first, mean], dim=-1))  # (B, 2H), then (B, C)


BELOW = (
    "torch.cat still joins along the first axis: four rows of H from two sentences. Features are "
    "the last axis, dim=-1."
)
TO_MEET = (
    "What stands side by side should be (B, 2H), and nn.Linear(2 * H, num_classes) takes it, with "
    "H = backbone.config.hidden_size. Print both shapes."
)
SIZES = "Side by side they are 2H features, and the head takes H of them: nn.Linear(2 * H, ...)."
MADE = "Repaired(backbone, 3) with H = 4"


def _make(attempt: Any) -> tuple[nn.Module, ToyBackbone]:
    backbone = ToyBackbone()
    module = call(attempt, backbone, 3, tried=MADE)
    expect_module(module, tried=MADE)
    return module.eval(), backbone


def _head(module: nn.Module) -> Any:
    """The one linear layer, wherever the attempt keeps it."""
    found = [part for part in module.modules() if isinstance(part, nn.Linear)]
    return found[0] if len(found) == 1 else None


@torch.no_grad()
def _logits(attempt: Any) -> Tensor:
    module, _ = _make(attempt)
    with (
        explaining(Exception, OBJECT, "BaseModelOutput"),
        explaining(TypeError, OBJECT, "tuple indices"),
        explaining(RuntimeError, SIZES, "(2x8 and 4x3)"),
        explaining(RuntimeError, BELOW, "(4x4 and 8x3)"),
        explaining(RuntimeError, TO_MEET, "cannot be multiplied"),
    ):
        return call(module, IDS, MASK, tried=f"{MADE}, {TRIED}")


def _shape(attempt: Any) -> None:
    """two sentences and three classes give logits of shape (2, 3)"""
    got = _logits(attempt)
    shape = tuple(getattr(got, "shape", ()))
    expect_that(
        shape == (2, 3),
        tried=f"{MADE}, {TRIED}",
        got=got,
        expected="a tensor of shape (2, 3)",
        idea=BELOW
        if shape[:1] == (4,)
        else "(B, T, H) -> twice (B, H) -> side by side (B, 2H) -> (B, C).",
    )


def _side_by_side(attempt: Any) -> None:
    """the head takes 2H features, 8 of them: no information is dropped or mixed"""
    module, _ = _make(attempt)
    head = _head(module)
    expect_that(
        head is not None,
        tried=f"the linear layers in {MADE}",
        told=f"{sum(isinstance(part, nn.Linear) for part in module.modules())} of them",
        expected="one, the head",
        idea="Only sizes were wrong in Broken: it needs no further layer.",
    )
    expect(
        tuple(head.weight.shape),
        (3, 8),
        tried=f"the weight of the head in {MADE}",
        idea="nn.Linear(2 * H, num_classes) has a weight of shape (C, 2H).",
        known=(
            Known(
                (3, 4),
                "The head takes H features: added or averaged, [CLS] and mean are mixed for good. "
                "Side by side they are 2H.",
            ),
        ),
    )


@torch.no_grad()
def _values(attempt: Any) -> None:
    """the head sees [CLS] and the masked mean"""
    module, backbone = _make(attempt)
    head, hidden = _head(module), hidden_of(backbone)
    first, mean = hidden[:, 0], mean_of(hidden)
    plain, blind = hidden.mean(dim=1), hidden_of(backbone, None)
    got, tried = call(module, IDS, MASK, tried=MADE), f"{MADE}, {TRIED}"
    turned = head(torch.cat([mean, first], dim=-1))
    if isinstance(got, Tensor) and got.shape == turned.shape and torch.allclose(got, turned):
        return  # the order of the two is a matter of taste
    expect(
        got,
        head(torch.cat([first, mean], dim=-1)),
        tried=tried,
        idea="torch.cat([first, mean], dim=-1), and the head over it.",
        known=(
            Known(head(torch.cat([first, first], dim=-1)), "[CLS] twice: the mean is missing."),
            Known(head(torch.cat([mean, mean], dim=-1)), "The mean twice: [CLS] is missing."),
            Known(
                head(torch.cat([hidden[:, -1], mean], dim=-1)),
                "The last position is not [CLS], and in a short sentence padding: hidden[:, 0].",
            ),
            Known(
                head(torch.cat([first, mean], dim=-1)).softmax(dim=-1),
                "These are probabilities. Return logits: the loss takes them as they are.",
            ),
            Known(head(torch.cat([first, plain], dim=-1)), "Padding is in the mean now."),
            Known(
                head(torch.cat([blind[:, 0], mean_of(blind)], dim=-1)),
                "The backbone no longer gets the mask.",
            ),
            Known(
                head(torch.stack([first, mean], dim=-1).flatten(1)),
                "The features are shuffled together like cards. It can be learned, but cat with "
                "dim=-1 keeps each half together.",
            ),
        ),
    )


EXERCISE = Exercise(
    "03.4",
    "Three shape bugs",
    8,
    Repaired,
    (_shape, _side_by_side, _values),
    (
        "Mend one bug, run, read the next message: which letter is each number?",
        "The three: the output object is no tensor; cat without dim; the head's input size.",
        ".last_hidden_state; torch.cat([first, mean], dim=-1); nn.Linear(2 * H, num_classes)",
    ),
)
