"""Exercise 04.2: cross-entropy with class weights and label smoothing."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.exercises._checking import (
    Known,
    call,
    expect,
    expect_module,
    expect_that,
    explaining,
    same,
)
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb04._values import expect_by_hand, expect_whole_batch, gradient
from course_lib.exercises.nb04.log_softmax import log_softmax


class CrossEntropyLoss(nn.Module):
    """The mean of -log softmax(logits)[label], with class weights and label smoothing."""

    def __init__(self, weight: Tensor | None = None, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.label_smoothing = label_smoothing

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(B, C), (B,) -> ()"""
        C = logits.shape[1]
        weight = torch.ones(C) if self.weight is None else self.weight  # (C,)
        shares = F.one_hot(labels, C) * (1 - self.label_smoothing) + self.label_smoothing / C
        loss = -(shares * weight * log_softmax(logits)).sum(dim=1)  # (B,)
        return loss.sum() / weight[labels].sum()


P = torch.tensor([[1 / 2, 1 / 4, 1 / 4], [1 / 8, 1 / 8, 3 / 4], [1 / 4, 1 / 2, 1 / 4]])
LOGITS, LABELS = P.log() + 1, torch.tensor([0, 2, 2])  # + 1 changes no probability
OWN = torch.tensor([math.log(2), math.log(4 / 3), math.log(4)])  # -log p of the right classes
WEIGHT = torch.tensor([1.0, 2.0, 5.0])
SURPRISES = -P.log()  # (B, C)
LOOK = "the labels' probabilities are 1/2, 3/4, 1/4"


def _loss(attempt: Any, tried: str, **options: Any) -> Any:
    """What the module gives for LOGITS and LABELS."""
    module = call(attempt, **options, tried=tried)
    expect_module(module, tried=tried)
    return call(module, LOGITS, LABELS, tried=tried)


def _plain(attempt: Any) -> None:
    """without options it is the mean of -log p over the batch"""
    tried = f"CrossEntropyLoss(), {LOOK}"
    no_if = "register_buffer takes None as well, and the name exists then: it needs no `if`."
    none = "Without class weights self.weight is None. Take torch.ones(C) then."
    kept = "forward sees only what __init__ kept, as self.weight and self.label_smoothing."
    with (
        explaining(AttributeError, no_if, "has no attribute 'weight'"),
        explaining(TypeError, none, "NoneType"),
        explaining(NameError, kept, "name 'weight'"),
        explaining(NameError, kept, "name 'label_smoothing'"),
    ):
        got = _loss(attempt, tried)
    expect(
        got,
        OWN.mean(),
        tried=tried,
        idea="-log of 1/2, of 3/4 and of 1/4; then the mean of the three.",
        known=(
            Known(OWN.sum(), "The sum so far. The mean does not grow with the batch."),
            Known(OWN, "A loss for each example. backward() needs one number: take the mean."),
            Known(-OWN.mean(), "The sign is turned: this would be trained to be as wrong as can."),
            Known(SURPRISES.mean(), "A mean over all classes. Only the label's own place counts."),
            Known(OWN.sum() / 9, "Divided by B * C. Only B numbers were added up."),
            Known(
                SURPRISES[:, LABELS].mean(),
                "log_probs[:, labels] takes all labels in every row, (B, B). "
                "log_probs[torch.arange(B), labels] pairs them, (B,).",
            ),
            Known(
                F.cross_entropy(P, LABELS),
                "A softmax was applied twice. log_softmax takes the logits as they are.",
            ),
            Known(
                -LOGITS[torch.arange(3), LABELS].mean(),
                "These are the logits themselves. log_softmax(logits) comes first.",
            ),
            Known((1 - OWN.neg().exp()).mean(), "1 - p is no logarithm. The loss is -log p."),
            Known(-OWN.neg().exp().mean(), "-p is no logarithm. The loss is -log p."),
            Known(
                SURPRISES[LABELS].mean(),
                "log_probs[labels] takes whole rows. log_probs[torch.arange(B), labels] takes one "
                "place of each row.",
            ),
        ),
    )


def _weights(attempt: Any) -> None:
    """with weights it is a weighted mean"""
    tried = f"CrossEntropyLoss(weight=[1, 2, 5]), labels [0, 2, 2]; {LOOK}"
    of_labels = WEIGHT[LABELS]  # 1, 5, 5
    summed = (OWN * of_labels).sum()
    expect(
        _loss(attempt, tried, weight=WEIGHT),
        summed / of_labels.sum(),
        tried=tried,
        idea="The examples weigh 1, 5 and 5. Sum weight times loss, divide by 11.",
        known=(
            Known(summed / 3, "Divided by B = 3. A weighted mean divides by the weights, 1+5+5."),
            Known(
                summed / 8,
                "Divided by the classes' weights, 1 + 2 + 5. Those of the examples "
                "count: weight[labels].",
            ),
            Known(summed, "The sum so far. Divide by weight[labels].sum()."),
            Known(summed / 33, "Divided twice, by the weights and by B. The weights alone do it."),
            Known(OWN.mean(), "The weights make no difference yet."),
            Known(
                (OWN * WEIGHT).sum() / 8,
                "Weighted by place. weight[labels] gives each example the weight of its label.",
            ),
            Known(
                (OWN * WEIGHT).mean(),
                "Weighted by place. weight[labels] gives each example the weight of its label.",
            ),
            Known(
                F.cross_entropy(LOGITS * WEIGHT, LABELS),
                "The logits were weighted. That changes the model's answer; weigh the losses.",
            ),
        ),
    )


def _buffer(attempt: Any) -> None:
    """the weights belong to the module, and nobody trains them"""
    tried = "CrossEntropyLoss(weight=[1, 2, 5])"
    module = call(attempt, weight=WEIGHT, tried=tried)
    expect_module(module, tried=tried)
    trained = call(lambda: list(module.parameters()), tried=tried)
    expect_that(
        not trained,
        tried=f"{tried}.parameters()",
        got=trained,
        expected="no parameter",
        idea="A parameter is for training, and these are fixed. A buffer is what they are.",
    )
    buffers = call(lambda: list(module.buffers()), tried=tried)
    expect_that(
        any(same(buffer, WEIGHT) for buffer in buffers),
        tried=f"{tried}.buffers()",
        got=buffers,
        expected="the weights among them",
        idea='self.register_buffer("weight", weight): then loss.to(device) takes them along.',
    )


def _smoothing(attempt: Any) -> None:
    """label smoothing spreads its share over all classes"""
    tried = f"CrossEntropyLoss(label_smoothing=0.3), C = 3; {LOOK}"
    own, spread = OWN.mean(), SURPRISES.mean()
    others = (SURPRISES.sum(dim=1) - OWN).mean()  # of the two other classes, summed
    expect(
        _loss(attempt, tried, label_smoothing=0.3),
        0.7 * own + 0.3 * spread,
        tried=tried,
        idea="0.3 / 3 goes to every class, the label's own too: it has 0.7 + 0.1, the others 0.1.",
        known=(
            Known(own, "The smoothing makes no difference yet."),
            Known(
                0.7 * own + 0.15 * others,
                "Spread over the others alone. It goes to all C "
                "classes, the label's own included: 0.3 / C each.",
            ),
            Known(
                0.7 * own + 0.1 * others,
                "The shares sum to 0.9: the label's own class gets its 0.1 as well.",
            ),
            Known(own + 0.3 * spread, "The label keeps all of its 1. It gives 0.3 of it away."),
            Known(0.3 * own + 0.7 * spread, "Turned round: the label keeps 0.7."),
            Known(0.7 * own + 0.3 * 3 * spread, "0.3 for every class. It is divided among C."),
            Known(0.7 * own, "The label gave 0.3 away, and nobody got it."),
            Known(
                torch.tensor(-math.log(0.7)) + own,
                "The probability was smoothed, not the label. Mix the losses instead.",
            ),
        ),
    )


def _both(attempt: Any) -> None:
    """with weights and smoothing together, each class's part has the weight of that class"""
    tried = f"CrossEntropyLoss(weight=[1, 2, 5], label_smoothing=0.3); {LOOK}"
    of_labels, options = WEIGHT[LABELS], {"weight": WEIGHT, "label_smoothing": 0.3}
    own = (OWN * of_labels).sum() / of_labels.sum()
    spread = (SURPRISES.mean(dim=1) * of_labels).sum() / of_labels.sum()
    expect(
        _loss(attempt, tried, **options),
        F.cross_entropy(LOGITS, LABELS, **options),
        tried=tried,
        idea="Multiply -log p by the weights, class by class, before the smoothing mixes them. The "
        "sum is divided by the weights of the labels, 1 + 5 + 5.",
        known=(
            Known(
                0.7 * own + 0.3 * spread,
                "The weight of the label went to all classes of its row. Each class has its own: "
                "multiply log_probs (B, C) by weight (C,) before the smoothing.",
            ),
            Known(
                0.7 * own + 0.3 * SURPRISES.mean(dim=1).sum() / of_labels.sum(),
                "The label's own part is weighted, the smoothing's is not. Multiply log_probs "
                "(B, C) by weight (C,) before both.",
            ),
            Known(
                0.7 * own + 0.3 * (SURPRISES * WEIGHT).mean(),
                "The smoothing's part was divided by B. Both parts are divided by the weights of "
                "the labels.",
            ),
            Known(own, "With weights, the smoothing makes no difference."),
            Known(
                0.7 * OWN.mean() + 0.3 * SURPRISES.mean(),
                "With smoothing, the weights make no difference.",
            ),
        ),
    )


def _seven_classes(attempt: Any) -> None:
    """C comes from the logits"""
    tried = "CrossEntropyLoss(), logits (2, 7), all 0"
    fixed = "Only logits know C, logits.shape[1]: make the ones for missing weights in forward."
    module = call(attempt, tried=tried)
    with explaining(Exception, fixed, "3"):
        got = call(module, torch.zeros(2, 7), torch.tensor([6, 0]), tried=tried)
    expect(
        got,
        torch.tensor(math.log(7)),
        tried=tried,
        idea="Seven classes, all alike: log 7. logits.shape[1] is C.",
    )


def _gradient(attempt: Any) -> None:
    """backward() gives the logits (probability - label) / B"""
    tried = f"CrossEntropyLoss(), {LOOK}"
    module = call(attempt, tried=tried)
    expect(
        gradient(lambda logits: module(logits, LABELS), LOGITS, tried),
        (P - F.one_hot(LABELS, 3)) / 3,
        tried=f"{tried}: the gradient of the logits",
        idea="All of it has to be made from the logits by operations that PyTorch can follow.",
    )


def _by_hand(attempt: Any) -> None:
    """it is made by hand"""
    tried = "CrossEntropyLoss()"
    idea = "PyTorch's is good. Here build it on your log_softmax, so that you know what it does."
    with expect_by_hand("cross_entropy", tried=tried, idea=idea):
        _loss(attempt, tried)


def _at_once(attempt: Any) -> None:
    """a batch is done at once"""
    tried = "CrossEntropyLoss(), logits (100, 2)"
    module = call(attempt, tried=tried)
    labels = torch.zeros(100, dtype=torch.long)
    expect_whole_batch(module, torch.zeros(100, 2), labels, tried=tried)


EXERCISE = Exercise(
    "04.2",
    "Cross-entropy",
    15,
    CrossEntropyLoss,
    (_plain, _seven_classes, _weights, _buffer, _smoothing, _both, _gradient, _at_once, _by_hand),
    (
        "Begin without options: -log_softmax(logits)[torch.arange(B), labels], then the mean.",
        (
            "Weights: (loss * weight[labels]).sum() / weight[labels].sum(). Without weights take "
            "torch.ones(C)."
        ),
        (
            "Smoothing: multiply log_probs by weight (C,) first, each class by its own. Then "
            "(1 - s) * own + s * spread, the spread being the mean over dim=1."
        ),
    ),
)
