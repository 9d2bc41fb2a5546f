"""Exercise 08.4: the loss of the hidden tokens."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb04 import _values


def masked_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """(B, T, V), (B, T) -> (): mean cross-entropy over the tokens whose label is not -100"""
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)


P = torch.tensor(
    [
        [[0.5, 0.25, 0.125, 0.125], [0.25, 0.125, 0.5, 0.125], [0.125, 0.625, 0.125, 0.125]],
        [[0.25, 0.5, 0.125, 0.125], [0.625, 0.125, 0.125, 0.125], [0.75, 0.125, 0.0625, 0.0625]],
    ]
)
LABELS = torch.tensor([[-100, 2, -100], [0, -100, 3]])
LOGITS = P.log() + 1  # + 1 changes no probability
LN2 = math.log(2)
OWN = torch.tensor([1.0, 2.0, 4.0]) * LN2  # of the probabilities 1/2, 1/4, 1/16
COUNTED = LABELS != -100
TRIED = (
    "logits (2, 3, 4), labels [[-100, 2, -100], [0, -100, 3]], whose probabilities are "
    "1/2, 1/4 and 1/16"
)
AXES = (
    "Cross-entropy wants the classes on axis 1. Take all tokens as one long list, "
    "logits.flatten(0, 1) and labels.flatten(), or exchange axes: logits.transpose(1, 2)."
)
MIXED = f"view and reshape exchange no axes, they cut the numbers afresh. {AXES}"
LEFT_OUT = "Leave out the tokens whose label is -100."


def _run(attempt: Any, logits: Tensor, labels: Tensor, tried: str) -> Any:
    index = f"-100 is no place among the logits. {LEFT_OUT}"
    both = "Choose the tokens in both, logits[chosen] and labels[chosen], or in neither."
    a_class = (
        "nn.CrossEntropyLoss is a class: make one first, nn.CrossEntropyLoss()(logits, labels), or "
        "call F.cross_entropy. And `if` asks one question of one number, not of a batch."
    )
    with (
        explaining(RuntimeError, a_class, "Boolean value"),
        explaining(ValueError, AXES, "1D target"),
        explaining(RuntimeError, AXES, "Expected target size"),
        explaining(RuntimeError, AXES, "-dimensional"),
        explaining(ValueError, both, "input batch_size (3)"),
        explaining(ValueError, both, "target batch_size (3)"),
        explaining(ValueError, AXES, "to match target batch_size"),
        explaining(RuntimeError, index, "out of bounds"),
        explaining(RuntimeError, index, "Class values must be non-negative"),
        explaining(IndexError, index, "out of bounds"),
        explaining(IndexError, index, "out of range"),
        explaining(IndexError, AXES, "Target"),
        explaining(NotImplementedError, "The logits come first, then the labels.", "'Long'"),
    ):
        return call(attempt, logits, labels, tried=tried)


def _other_means() -> tuple[Known, ...]:
    """The right losses of tokens, and a mean of them that is another."""
    total = OWN.sum()
    return (
        Known(total, "The sum so far. Divide by the tokens that count."),
        Known(
            total / 6,
            "Divided by all six tokens, those that do not count among them. Three count: a sum of "
            "losses with zeros in it is divided by how many there are.",
        ),
        Known(total / 2, "Divided by B. The mean is over the tokens that count, three here."),
        Known(
            torch.tensor(2 * LN2),
            "A mean of means: each row counts alike, though one has more chosen tokens. Take all "
            "tokens together, then one mean.",
        ),
        Known(
            torch.tensor(4 * LN2),
            "The sum of the rows' means. Take all tokens together, then one mean.",
        ),
        Known(
            F.nll_loss(LOGITS.log_softmax(1).flatten(0, 1), LABELS.flatten()),
            "The softmax ran over T. Probabilities of tokens sum to 1 over V: dim=-1.",
        ),
        Known(
            torch.tensor(2.5 * LN2),
            "The token with label 0 is missing. Leave out -100, nothing else.",
        ),
        Known(OWN, "A loss for each token. backward() needs one number: take the mean."),
        Known(
            F.cross_entropy(LOGITS.flatten(0, 1), LABELS.flatten(), reduction="none"),
            "A loss for each token. backward() needs one number: the mean of those that count.",
        ),
    )


def _other_losses() -> tuple[Known, ...]:
    """Losses of tokens that are others."""
    zeros = LABELS.clamp(min=0)
    return (
        Known(-OWN.mean(), "The sign is turned: -log p is above 0."),
        Known(OWN.mean().exp(), "This is the perplexity, exp of the loss. Return the loss."),
        Known(
            F.cross_entropy(LOGITS.flatten(0, 1), zeros.flatten()),
            f"The -100 became 0, and these tokens count as if they were token 0. {LEFT_OUT}",
        ),
        Known(
            F.cross_entropy(P.flatten(0, 1), LABELS.flatten()),
            "A softmax was applied twice. cross_entropy takes the logits as they are.",
        ),
        Known(-LOGITS[COUNTED][[0, 1, 2], LABELS[COUNTED]].mean(), "These are logits, not log p."),
        Known(
            -P[COUNTED][[0, 1, 2], LABELS[COUNTED]].mean(),
            "These are probabilities. nll_loss takes log_softmax.",
        ),
        Known(F.cross_entropy(LOGITS.view(2, 4, 3), LABELS), MIXED),
        Known(F.cross_entropy(LOGITS.transpose(1, 2).reshape(-1, 4), LABELS.flatten()), MIXED),
        Known(
            F.cross_entropy(LOGITS.transpose(0, 1).reshape(-1, 4), LABELS.flatten()),
            "Logits and labels are in different orders: B and T were exchanged in one of them.",
        ),
        Known(
            -P.log()[COUNTED].mean(),
            "A mean over the whole vocabulary. Only the label's own place counts.",
        ),
        Known(
            F.cross_entropy(LOGITS[~COUNTED], torch.zeros(3, dtype=torch.long)),
            f"Turned round: these are the tokens that do not count. {LEFT_OUT}",
        ),
    )


def _mean(attempt: Any) -> None:
    """the mean of -log p over the tokens that have a label"""
    expect(
        _run(attempt, LOGITS, LABELS, TRIED),
        OWN.mean(),
        tried=TRIED,
        idea="-log of 1/2, of 1/4 and of 1/16, then the mean of the three.",
        known=(*_other_means(), *_other_losses()),
    )


def _row_without(attempt: Any) -> None:
    """a row in which nothing is chosen changes nothing"""
    labels = torch.tensor([[-100, 2, -100], [-100, -100, -100]])
    tried = "the same logits, labels [[-100, 2, -100], [-100, -100, -100]]"
    idea = (
        "A mean for each row divides 0 by 0 where nothing is chosen. Take all tokens of the batch "
        "together, then one mean."
    )
    expect(
        _run(attempt, LOGITS, labels, tried),
        torch.tensor(LN2),
        tried=tried,
        idea=idea,
        known=(
            Known(torch.tensor(math.nan), idea),
            Known(torch.tensor(LN2 / 2), f"The empty row counts as a loss of 0. {idea}"),
        ),
    )


def _axes(attempt: Any) -> None:
    """any shape, T = V too"""
    for shape in ((2, 3, 3), (3, 3, 3), (4, 5, 2), (1, 1, 6), (2, 7, 40)):
        B, T, V = shape
        logits = (torch.arange(B * T * V) * 1.7).sin().view(shape) * 3
        labels = (torch.arange(B * T) * 2 % V).view(B, T)
        labels[:, 1::3] = -100
        tried = f"logits {shape}, labels {tuple(labels.shape)}"
        right = F.cross_entropy(logits.transpose(1, 2), labels)
        known = [Known(F.cross_entropy(logits.reshape(B, V, T), labels), MIXED)]
        known += [Known(F.cross_entropy(logits, labels), AXES)] if T == V else []
        expect(_run(attempt, logits, labels, tried), right, tried=tried, idea=AXES, known=known)


def _large(attempt: Any) -> None:
    """large logits do no harm"""
    logits, labels = torch.tensor([[[0.0, 200.0], [500.0, 0.0]]]), torch.tensor([[0, -100]])
    tried = "logits [[[0, 200], [500, 0]]], labels [[0, -100]]"
    idea = "exp(200) is more than a float holds. log_softmax, or cross_entropy, avoids it."
    expect(
        _run(attempt, logits, labels, tried),
        torch.tensor(200.0),
        tried=tried,
        idea=idea,
        known=(Known(torch.tensor(math.inf), idea), Known(torch.tensor(math.nan), idea)),
    )


def _certain(attempt: Any) -> None:
    """a token that is guessed with certainty counts, with a loss of 0"""
    logits, labels = torch.tensor([[[0.0, 200.0], [500.0, 0.0]]]), torch.tensor([[0, 0]])
    tried = "logits [[[0, 200], [500, 0]]], labels [[0, 0]]"
    idea = "The losses are 200 and 0, and both count: ask the labels which do, not the losses."
    expect(
        _run(attempt, logits, labels, tried),
        torch.tensor(100.0),
        tried=tried,
        idea=idea,
        known=(Known(torch.tensor(200.0), idea),),
    )


def _goes_back(attempt: Any) -> None:
    """backward() reaches the logits of these tokens, and no others"""
    expected = (P - F.one_hot(LABELS.clamp(min=0), 4)) * COUNTED.unsqueeze(-1) / 3
    found = _values.gradient(lambda logits: attempt(logits, LABELS.clone()), LOGITS, TRIED)
    expect_that(
        found is not None,
        tried=f"{TRIED}: logits.grad after backward()",
        told="None: backward() did not reach the logits",
        expected="a gradient",
        idea="The way back to the logits is cut: torch.tensor(...) begins a new one. Return what "
        "was computed from them.",
    )
    expect(
        found,
        expected,
        tried=f"{TRIED}: logits.grad after backward()",
        idea="A chosen token gets (p - 1 at its label, p elsewhere) / 3; the others get 0.",
    )


EXERCISE = Exercise(
    "08.4",
    "The loss of the hidden tokens",
    8,
    masked_loss,
    (_mean, _row_without, _axes, _large, _certain, _goes_back),
    (
        "F.cross_entropy leaves out the label -100 by itself. What is missing is the right shape.",
        (
            "It takes (N, V) logits and (N,) labels. All tokens of the batch are N = B * T "
            "examples: flatten(0, 1) makes one axis of the first two."
        ),
        "F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)",
    ),
)
