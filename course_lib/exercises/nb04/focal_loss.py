"""Exercise 04.3: a loss that turns down what the model knows already."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.exercises._checking import Known, call, expect, expect_module, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb04._values import expect_whole_batch, gradient
from course_lib.exercises.nb04.log_softmax import log_softmax


class FocalLoss(nn.Module):
    """The mean of -(1 - p)^gamma log p, p being the probability of the right class."""

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(B, C), (B,) -> ()"""
        log_p = log_softmax(logits)[torch.arange(len(labels)), labels]  # (B,)
        return (-((1 - log_p.exp()) ** self.gamma) * log_p).mean()


P = torch.tensor([[0.1, 0.9], [0.4, 0.6], [0.2, 0.8]])
LOGITS, LABELS = P.log() + 1, torch.tensor([1, 0, 0])
RIGHT = torch.tensor([0.9, 0.4, 0.2])
OWN = -RIGHT.log()
LOOK = "the labels' probabilities are 0.9, 0.4, 0.2"


def _loss(attempt: Any, tried: str, *options: float, logits: Tensor = LOGITS) -> Any:
    module = call(attempt, *options, tried=tried)
    expect_module(module, tried=tried)
    return call(module, logits, LABELS, tried=tried)


def _gamma_0(attempt: Any) -> None:
    """with gamma = 0 it is cross-entropy"""
    tried = f"FocalLoss(0.0), {LOOK}"
    with explaining(NameError, "forward sees only what __init__ kept: self.gamma.", "'gamma'"):
        got = _loss(attempt, tried, 0.0)
    expect(
        got,
        OWN.mean(),
        tried=tried,
        idea="(1 - p) ** 0 is 1 for each, so what is left is the mean of -log p.",
        known=(
            Known(-OWN.mean(), "The sign is turned: -log p is above 0."),
            Known(OWN.sum(), "The sum so far. Take the mean, as CrossEntropyLoss does."),
            Known(OWN, "A loss for each example. backward() needs one number: take the mean."),
            Known(torch.tensor(0.0), "gamma is an exponent, of all of 1 - p: (1 - p) ** 0 is 1."),
            Known(torch.tensor(1.0), "(1 - p) ** gamma is there, but -log p is not: multiply."),
            Known(1 + OWN.mean(), "The factor was added to -log p. Multiply them."),
            Known(-P.log().mean(), "A mean over all classes. Only the label's own place counts."),
            Known(-P.log().sum() / 3, "A sum over all classes. Only the label's place counts."),
            Known(OWN.sum() / 6, "Divided by B * C. Only B numbers were added up."),
        ),
    )


def _gamma_2(attempt: Any) -> None:
    """with gamma = 2 an example counts by (1 - p) squared"""
    tried = f"FocalLoss(2.0), {LOOK}"
    factor = (1 - RIGHT) ** 2
    expect(
        _loss(attempt, tried, 2.0),
        (factor * OWN).mean(),
        tried=tried,
        idea="The factors are 0.1², 0.6² and 0.8²; times -log p of each; then the mean.",
        known=(
            Known((RIGHT**2 * OWN).mean(), "p ** gamma turns down the hard ones. It is 1 - p."),
            Known(
                ((1 - RIGHT) * 2 * OWN).mean(), "gamma is an exponent: (1 - p) ** gamma, not times."
            ),
            Known(((1 - RIGHT) * OWN).mean(), "(1 - p) without the exponent gamma."),
            Known(OWN.mean(), "gamma makes no difference yet."),
            Known((OWN**2).mean(), "The logarithm was raised to gamma. Raise 1 - p."),
            Known((factor * OWN).sum(), "The sum so far. Take the mean."),
            Known(
                (factor * OWN).sum() / factor.sum(),
                "Divided by the factors. The mean is over B: easy examples are meant to count "
                "for little.",
            ),
            Known(
                factor.mean() * OWN.mean(),
                "Two means, multiplied. Multiply each example's own "
                "factor and loss, then take one mean.",
            ),
            Known(
                (1 - RIGHT.mean()) ** 2 * OWN.mean(),
                "One factor for the whole batch. Each example has its own p.",
            ),
            Known(
                (1 - (-OWN.mean()).exp()) ** 2 * OWN.mean(),
                "One factor for the whole batch, from the mean loss. Each example has its own p.",
            ),
            Known(
                ((1 + OWN) ** 2 * OWN).mean(),
                "1 - log p. The factor is of the probability: p is log_p.exp().",
            ),
            Known(-(factor * OWN).mean(), "The sign is turned."),
        ),
    )


def _default(attempt: Any) -> None:
    """gamma is 2, unless it is given"""
    tried = f"FocalLoss(), {LOOK}"
    expect(
        _loss(attempt, tried),
        ((1 - RIGHT) ** 2 * OWN).mean(),
        tried=tried,
        idea="__init__ keeps gamma: self.gamma = gamma. forward uses self.gamma.",
    )


def _large(attempt: Any) -> None:
    """logits of 1000 give a number"""
    tried = "logits [[0, 1000], [0, 1000], [0, 0]], labels [1, 0, 0]"
    logits = torch.tensor([[0.0, 1000.0], [0.0, 1000.0], [0.0, 0.0]])
    expect(
        _loss(attempt, tried, 2.0, logits=logits),
        torch.tensor((1000 + 0.25 * math.log(2)) / 3),
        tried=tried,
        idea="Take log p from log_softmax, and p as its exp. The other way round, the logarithm "
        "of a probability of 0 is -inf.",
        known=(Known(F.cross_entropy(logits, LABELS), "gamma makes no difference here."),),
    )


def _gradient(attempt: Any) -> None:
    """backward() goes through it, and through the factor as well"""
    tried = "FocalLoss(2.0), logits [[0, 0]], label 0"
    module = call(attempt, 2.0, tried=tried)
    full = -0.25 * (0.5 + math.log(2))  # d/dz of -(1 - p)^2 log p, at p = 1/2
    expect(
        gradient(lambda logits: module(logits, torch.tensor([0])), torch.zeros(1, 2), tried),
        torch.tensor([[full, -full]]),
        tried=f"{tried}: the gradient of the logits",
        idea="The factor depends on the logits too: no detach, no no_grad.",
        known=(
            Known(
                torch.tensor([[-0.125, 0.125]]),
                "The factor was taken for a constant: without detach() it learns as well.",
            ),
        ),
    )


def _at_once(attempt: Any) -> None:
    """a batch is done at once"""
    tried = "FocalLoss(), logits (100, 2)"
    module = call(attempt, tried=tried)
    labels = torch.zeros(100, dtype=torch.long)
    expect_whole_batch(module, torch.zeros(100, 2), labels, tried=tried)


EXERCISE = Exercise(
    "04.3",
    "Focal loss",
    5,
    FocalLoss,
    (_gamma_0, _gamma_2, _default, _large, _gradient, _at_once),
    (
        "First log_p, (B,): the label's own place in log_softmax(logits), as in 04.2.",
        "p is log_p.exp(), and the factor (1 - p) ** self.gamma.",
        "return (-((1 - log_p.exp()) ** self.gamma) * log_p).mean()",
    ),
)
