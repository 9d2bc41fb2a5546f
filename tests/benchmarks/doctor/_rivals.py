"""What the doctor is compared with: two checks that many learners are told to make.

They get the learner's own step, as the doctor does, and say a coarse name, or "" for not ill. An
error says ill. `POINTS_AT` has the causes that a coarse name is counted as naming: those that
it leads to without further search. One name stands for several causes, and each is counted.
That a loss does not fall says nothing of the cause.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import fmean
from unittest import mock

import torch
from torch import Tensor, nn

from course_lib.doctor._training import Training, tensors
from tests.benchmarks.doctor._case import Patient

STEPS, LAST = 100, 5  # on one batch; the loss at the end is the mean of so many
FEW = 4  # steps after which weights are looked at: one may add up gradients, or have a rate of 0
FALLEN = 0.2  # of the loss at the start
LARGEST = 1_000.0  # output of a fresh model

RAISES = "raises"
NO_NUMBER = "NaN or infinite"
DOES_NOT_FALL = "loss does not fall"
NOTHING_LEARNS = "no trainable weight"
TWO_DEVICES = "two devices"
OUT_OF_RANGE = "outputs out of range"
NO_GRADIENT = "no gradient"
STAYS = "weights stay"
FROZEN_MOVES = "frozen weights change"

POINTS_AT = {
    RAISES: (
        "wrong-device",
        "labels-out-of-range",
        "empty-loader",
        "detached-loss",
        "nothing-trainable",
    ),
    NO_NUMBER: ("non-finite-input", "learning-rate-too-high", "exploding-gradient"),
    DOES_NOT_FALL: (),
    NOTHING_LEARNS: ("nothing-trainable",),
    TWO_DEVICES: ("wrong-device",),
    OUT_OF_RANGE: (
        "softmax-before-cross-entropy",
        "sigmoid-before-bce-with-logits",
        "nll-without-log-softmax",
        "input-not-normalised",
    ),
    NO_GRADIENT: ("detached-loss",),
    STAYS: (
        "parameters-not-in-optimizer",
        "optimizer-of-another-model",
        "no-optimizer-step",
        "zero-grad-after-backward",
        "dead-relu",
    ),
    FROZEN_MOVES: ("frozen-weights-move",),
}


def overfit_one_batch(patient: Patient) -> str:
    """Train on the first batch alone. The loss is what backward() is called on."""
    try:
        losses = _losses(_training(patient))
    except Exception:
        return RAISES
    if not all(map(math.isfinite, losses)):
        return NO_NUMBER
    fallen = losses and fmean(losses[-LAST:]) < FALLEN * losses[0]
    return "" if fallen else DOES_NOT_FALL


def few_steps(patient: Patient) -> str:
    """Look before some steps and after them: the first of the checks that fails."""
    training = _training(patient)
    try:
        batch = next(iter(training.loader))
        return next(_complaints(training, batch), "")
    except Exception:
        return RAISES


RIVALS: dict[str, Callable[[Patient], str]] = {
    "overfit one batch": overfit_one_batch,
    "few steps": few_steps,
}


def _training(patient: Patient) -> Training:
    """The learner's step, called in the way that the doctor calls it."""
    parts = (patient.model, patient.train_loader, patient.loss_fn, patient.optimizer)
    return Training(*parts, **patient.options)


# Overfitting one batch.


def _losses(training: Training) -> list[float]:
    """The loss of each step that calls backward(): the mean where it does so several times.

    An error in a later step ends the training: a schedule may be shorter than this.
    """
    batch = next(iter(training.loader))
    losses: list[float] = []
    for _ in range(STEPS):
        with _heard() as heard:
            try:
                training.step(batch)
            except Exception:
                if not losses:
                    raise
                return losses + heard
        losses += [fmean(heard)] if heard else []
    return losses


@contextmanager
def _heard() -> Iterator[list[float]]:
    """What backward() is called on while this lasts."""
    heard: list[float] = []
    backward = Tensor.backward

    def listening(loss: Tensor, *args: object, **options: object) -> None:
        heard.append(float(loss.detach().mean()))
        return backward(loss, *args, **options)

    with mock.patch.object(Tensor, "backward", listening):
        yield heard


# A few steps.


def _complaints(training: Training, batch: object) -> Iterator[str]:
    learning = [weight for weight in training.model.parameters() if weight.requires_grad]
    frozen = [weight for weight in training.model.parameters() if not weight.requires_grad]
    if not learning:
        yield NOTHING_LEARNS
    if len(_devices(training, batch)) > 1:
        yield TWO_DEVICES
    yield from _about_outputs(training, batch)
    before = [weight.detach().clone() for weight in (*learning, *frozen)]
    with _arriving(learning) as arrived, _heard() as losses:
        for _ in range(FEW):
            training.step(batch)
    stay = [torch.equal(a, b) for a, b in zip(before, (*learning, *frozen), strict=True)]
    if not all(map(math.isfinite, losses)):
        yield NO_NUMBER
    if not arrived:
        yield NO_GRADIENT
    if any(stay[: len(learning)]):
        yield STAYS
    if not all(stay[len(learning) :]):
        yield FROZEN_MOVES


def _devices(training: Training, batch: object) -> set[torch.device]:
    inputs = [x for _, x in tensors(batch)]
    return {x.device for x in (*training.model.parameters(), *inputs)}


@contextmanager
def _arriving(weights: list[nn.Parameter]) -> Iterator[list[Tensor]]:
    """The gradients that come back to any of these weights."""
    arrived: list[Tensor] = []
    with ExitStack() as stack:
        for weight in weights:
            stack.callback(weight.register_hook(arrived.append).remove)
        yield arrived


def _about_outputs(training: Training, batch: object) -> Iterator[str]:
    """Of a model that can be asked without its step; where it can't, nothing is said."""
    try:
        with torch.no_grad():
            outputs = training.logits(batch)
    except Exception:
        return
    if outputs is None:
        return
    if not outputs.isfinite().all():
        yield NO_NUMBER
    if outputs.abs().max() > LARGEST or not _in_range(outputs, training.loss_fn):
        yield OUT_OF_RANGE


def _in_range(outputs: Tensor, loss_fn: object) -> bool:
    """Whether this can be what the loss wants: logits, log-probabilities or probabilities."""
    probabilities = bool(((outputs >= 0) & (outputs <= 1)).all())
    if isinstance(loss_fn, (nn.CrossEntropyLoss, nn.BCEWithLogitsLoss)):
        return not probabilities
    if isinstance(loss_fn, nn.NLLLoss):
        return bool((outputs <= 0).all())
    return probabilities or not isinstance(loss_fn, nn.BCELoss)
