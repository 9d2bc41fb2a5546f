"""Exercise 11.1: a model that knows its loss."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers.utils import find_labels

from course_lib.exercises._checking import (
    Known,
    call,
    expect,
    expect_module,
    expect_that,
    explaining,
)
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb11._forward import MASK, explaining_forward


class WithLoss(nn.Module):
    """A model of logits, as Trainer wants one: it takes the labels, too, and gives the loss."""

    accepts_loss_kwargs = False  # forward wants the batch, and nothing else from Trainer

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, labels: Tensor | None = None, **inputs: Tensor) -> dict[str, Tensor]:
        """-> {"loss": cross-entropy, "logits": (B, C)}, and without labels {"logits": (B, C)}"""
        logits = self.model(**inputs)
        if labels is None:
            return {"logits": logits}
        return {"loss": F.cross_entropy(logits, labels), "logits": logits}


class Sum(nn.Module):
    """Logits w * (a + b): it takes two inputs, by name, and no labels."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(1.0))
        self.modes: list[bool] = []  # of each forward pass: whether in training mode

    def forward(self, *, a: Tensor, b: Tensor) -> Tensor:
        self.modes.append(self.training)
        return self.w * (a + b)


P = torch.tensor([[0.5, 0.25, 0.25], [0.5, 0.25, 0.25]])
LOGITS = P.log() + 1  # + 1 changes no probability
INPUTS = {"a": P.log(), "b": torch.ones(2, 3)}
LABELS = torch.tensor([0, 2])
LN2 = math.log(2)
LOSS = torch.tensor(1.5 * LN2)  # the mean of log 2 and log 4
SHOWN = "WithLoss(model)(a=..., b=..., labels=[0, 2]), whose labels have the probabilities 1/2, 1/4"
WITHOUT = "WithLoss(model)(a=..., b=...), without labels"
DICT = 'Trainer reads the parts by name: {"loss": loss, "logits": logits}.'
CUT = (
    "The way from the loss back to the weights is cut: .item(), .detach() or torch.tensor(...) "
    "makes a number that Trainer cannot call backward() on. Return the loss as it is."
)


def _make(attempt: Any, model: Sum | None = None) -> Any:
    made = call(attempt, model or Sum(), tried="WithLoss(model)")
    expect_module(made, tried="WithLoss(model)")
    return made


def _forward(made: Any, inputs: dict[str, Tensor], labels: Tensor | None, tried: str) -> Any:
    given = inputs if labels is None else inputs | {"labels": labels}
    with explaining_forward():
        return call(made, tried=tried, **given)


def _expect_dict(got: Any, keys: set[str], tried: str) -> None:
    """Raise a `Mistake` unless it is a dict of just these keys."""
    wanted = f"a dict with {' and '.join(sorted(keys, key=len))}"
    expect_that(
        got is not None,
        tried=tried,
        got=got,
        expected=wanted,
        idea="Nothing came back. Does forward end in `return`, in both cases?",
    )
    order = "In a tuple Trainer takes the first for the loss, whatever it is."
    expect_that(
        issubclass(type(got), dict),
        tried=tried,
        got=got,
        expected=wanted,
        idea=f"{order} Names leave no doubt. {DICT}"
        if type(got) is tuple
        else DICT
        if "loss" in keys
        else 'Without labels, too, it is a dict: {"logits": logits}.',
    )
    expect_that(
        not keys - set(got),
        tried=tried,
        got=list(got),
        expected=wanted,
        idea="Without `loss` Trainer stops, without `logits` it has no predictions to measure. "
        f"{DICT}",
    )
    none = "Without labels there is no loss: leave the key out. A None, too, is taken for a "
    expect_that(
        not set(got) - keys,
        tried=tried,
        got=list(got),
        expected=wanted,
        idea=f"{none}prediction, and Trainer's predict stops at it."
        if "loss" in set(got) - keys
        else "Whatever is in it beside the loss, Trainer takes for predictions, and its metrics "
        "get a tuple of arrays.",
    )


def _logits(attempt: Any) -> None:
    """the logits are those of the model, which gets all inputs by name"""
    got = _forward(_make(attempt), INPUTS, LABELS, SHOWN)
    _expect_dict(got, {"loss", "logits"}, SHOWN)
    expect(
        got["logits"],
        LOGITS,
        tried=f"{SHOWN}: logits",
        idea="self.model(**inputs) gives them.",
        known=(
            Known(P, "These are probabilities. Hand on the logits as the model gives them."),
            Known(LOSS, "Loss and logits have changed places."),
            Known(LOGITS.argmax(dim=-1), "These are classes. Hand on the logits, for any metric."),
        ),
    )


def _loss(attempt: Any) -> None:
    """the loss is the cross-entropy of the logits"""
    got = _forward(_make(attempt), INPUTS, LABELS, SHOWN)
    _expect_dict(got, {"loss", "logits"}, SHOWN)
    loss, each = got["loss"], F.cross_entropy(LOGITS, LABELS, reduction="none")
    expect_that(
        type(loss) is not float,
        tried=f"{SHOWN}: loss",
        got=loss,
        expected="a tensor with no axes",
        idea=CUT,
    )
    expect(
        loss,
        LOSS,
        tried=f"{SHOWN}: loss",
        idea="F.cross_entropy(logits, labels): the mean of log 2 and log 4.",
        known=(
            Known(
                F.cross_entropy(P, LABELS),
                "A softmax stood before cross_entropy, which has one inside: it wants logits.",
            ),
            Known(
                F.cross_entropy(P.log().softmax(dim=0), LABELS),
                "A softmax stood before cross_entropy, which has one inside: it wants logits.",
            ),
            Known(LOSS / 2, "cross_entropy is a mean already: no division by the batch size."),
            Known(2 * LOSS, "This is the sum. The mean, as in your loop, or the rates differ."),
            Known(each, "A loss for each example. backward() needs one number: the mean."),
            Known(-LOSS, "The sign is turned: -log p is above 0."),
            Known(F.nll_loss(LOGITS, LABELS), "nll_loss takes log_softmax, not logits."),
        ),
    )


def _one(attempt: Any) -> None:
    """one example with the label 0 has a loss, too"""
    inputs = {name: value[:1] for name, value in INPUTS.items()}
    tried = "WithLoss(model)(a=..., b=..., labels=[0]), a batch of one"
    got = _forward(_make(attempt), inputs, LABELS[:1], tried)
    expect_that(
        not issubclass(type(got), dict) or "loss" in got,
        tried=tried,
        told="no loss",
        expected="a loss",
        idea=MASK,
    )
    _expect_dict(got, {"loss", "logits"}, tried)
    expect(got["loss"], torch.tensor(LN2), tried=f"{tried}: loss", idea="log 2, of 1/2.")


def _without_labels(attempt: Any) -> None:
    """without labels there are the logits alone"""
    for labels, tried in (({}, WITHOUT), ({"labels": None}, f"{WITHOUT[:-16]}, labels=None)")):
        got = _forward(_make(attempt), INPUTS | labels, None, tried)
        _expect_dict(got, {"logits"}, tried)
        expect(got["logits"], LOGITS, tried=tried, idea="self.model(**inputs) gives them.")


def _once(attempt: Any) -> None:
    """the model inside runs once, and its mode is Trainer's affair"""
    for training, mode in ((True, "train()"), (False, "eval()")):
        made = _make(attempt, model := Sum()).train(training)
        tried = f"{SHOWN}, after {mode}"
        got = _forward(made, INPUTS, LABELS, tried)
        expect_that(
            not issubclass(type(got), dict) or "loss" in got,
            tried=tried,
            told="no loss",
            expected="a loss",
            idea="An evaluation has labels, too, and wants the loss. Ask `if labels is None`, not "
            "`if self.training`.",
        )
        expect_that(
            len(model.modes) == 1,
            tried=f"{tried}: forward passes of the model",
            told=str(len(model.modes)),
            expected="1",
            idea="The forward pass is most of the work, and dropout draws anew in each: call "
            "self.model(**inputs) once, and use its logits twice.",
        )
        expect_that(
            model.modes == [training] and model.training is made.training is training,
            tried=f"{tried}: the mode of the model in its forward pass and after",
            told="changed",
            expected=f"as {mode} left it",
            idea="Trainer calls train() and eval() itself: no mode is set in forward.",
        )


def _goes_back(attempt: Any) -> None:
    """backward() of the loss reaches the weights of the model"""
    made = _make(attempt)
    _expect_dict(got := _forward(made, INPUTS, LABELS, SHOWN), {"loss", "logits"}, SHOWN)
    tried = f"{SHOWN}: the gradient of the model's weight after backward()"
    again = "backward() has run in forward already. Trainer calls it: return the loss alone."
    with (
        explaining(RuntimeError, again, "second time"),
        explaining(RuntimeError, CUT),
        explaining(AttributeError, CUT),
    ):
        call(lambda: got["loss"].backward(), tried=tried)
    weights = [weight for weight in made.parameters() if weight.dim() == 0]
    expect_that(
        len(weights) == 1,
        tried="WithLoss(model): parameters()",
        told=f"{len(weights)} of the model's",
        expected="the model's one weight",
        idea="Trainer trains the parameters that it finds: self.model = model makes them known.",
    )
    # d loss / d w: the sum of (p - 1 at the label, p elsewhere) * logit, over B.
    right = ((P - F.one_hot(LABELS, 3)) * LOGITS).sum() / 2
    expect(weights[0].grad, right, tried=tried, idea=CUT)


def _for_trainer(attempt: Any) -> None:
    """Trainer finds out that it takes labels, and nothing more"""
    made = _make(attempt)
    expect_that(
        find_labels(type(made)) == ["labels"],
        tried="WithLoss(model): the arguments of forward, where Trainer looks for the labels",
        told="none called labels",
        expected="labels",
        idea="Keep the stub's first line. Trainer reads the names: where no argument is called "
        "labels, it trains, but evaluates without loss and without metrics.",
    )
    expect_that(
        getattr(made, "accepts_loss_kwargs", None) is False,
        tried="WithLoss(model).accepts_loss_kwargs",
        got=getattr(made, "accepts_loss_kwargs", None),
        expected="False",
        idea="Keep that line. Where forward has **inputs and nothing says no, Trainer hands it "
        "num_items_in_batch, too.",
    )


EXERCISE = Exercise(
    "11.1",
    "A model that knows its loss",
    8,
    WithLoss,
    (_logits, _loss, _one, _without_labels, _goes_back, _once, _for_trainer),
    (
        "Run the model inside on the inputs, then see whether there are labels.",
        "logits = self.model(**inputs). If labels is None, {'logits': logits} is all there is.",
        'With labels: {"loss": F.cross_entropy(logits, labels), "logits": logits}',
    ),
)
