"""What can be measured in a patient of the clinic. Each measure takes a patient that is fresh."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from course_lib.explore._clinic import Batch, Patient, patient
from course_lib.explore._threads import one_thread

STEPS = 60  # on one batch
COMPANY = 31  # examples beside the one that is asked about


@dataclass(frozen=True)
class Losses:
    """The loss of a batch before its step; `values[-1]` of one batch is that after all steps."""

    values: tuple[float, ...]
    classes: int

    @property
    def guessing(self) -> float:
        """The loss of an answer that gives all classes the same probability."""
        return math.log(self.classes)


@dataclass(frozen=True)
class Moves:
    """By what share of its own norm each tensor of parameters changes in a step."""

    names: tuple[str, ...]
    first: tuple[float, ...]
    last: tuple[float, ...]
    steps: int  # the number of the last


@dataclass(frozen=True)
class Asked:
    """The logits (C,) of one example: alone, and in two companies."""

    alone: tuple[float, ...]
    one: tuple[float, ...]
    other: tuple[float, ...]

    @property
    def apart(self) -> float:
        """The largest difference of a logit."""
        triples = zip(self.alone, self.one, self.other, strict=True)
        return max(max(logits) - min(logits) for logits in triples)

    @property
    def between(self) -> float:
        """The same between the two companies."""
        return max(abs(one - other) for one, other in zip(self.one, self.other, strict=True))


@dataclass(frozen=True)
class Answers:
    """How often each class is the label and how often the answer, and how many are right."""

    labels: tuple[int, ...]
    answers: tuple[int, ...]
    right: int

    @property
    def answered(self) -> int:
        """How many classes are answered at all."""
        return sum(count > 0 for count in self.answers)


@dataclass(frozen=True)
class Activations:
    """The share of examples for which each unit of the first hidden layer is above 0."""

    before: tuple[float, ...]
    after: tuple[float, ...]
    rows: bool  # a unit answers each row of a picture


Measured = Losses | Moves | Asked | Answers | Activations


@cache
@one_thread()
def measure(name: str, instrument: str) -> Measured:
    """What an instrument shows of a patient, measured once; the random state stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return INSTRUMENTS[instrument](patient(name))


def overfit_one_batch(ill: Patient) -> Losses:
    """The loss of one batch before the first of STEPS steps on it, and after each."""
    batch = next(iter(ill.train_loader))
    losses = [_loss(ill, batch)]
    for _ in range(STEPS):
        _learn(ill, batch)
        losses.append(_loss(ill, batch))
    return Losses(tuple(losses), _classes(ill, batch))


def one_epoch(ill: Patient) -> Losses:
    """The loss of each batch of an epoch before its step."""
    losses = []
    for batch in ill.train_loader:
        losses.append(_loss(ill, batch))
        _learn(ill, batch)
    return Losses(tuple(losses), _classes(ill, batch))


def what_a_step_moves(ill: Patient) -> Moves:
    """The relative change of each tensor in the first step of an epoch and in its last."""
    changes = []
    for batch in ill.train_loader:
        before = [weight.detach().clone() for weight in ill.model.parameters()]
        _learn(ill, batch)
        pairs = zip(before, ill.model.parameters(), strict=True)
        changes.append(tuple(_share(old, new.detach()) for old, new in pairs))
    names = tuple(name for name, _ in ill.model.named_parameters())
    return Moves(names, changes[0], changes[-1], len(changes))


def alone_or_in_company(ill: Patient) -> Asked:
    """After one epoch, the logits of the first validation example, asked three times."""
    _learn_an_epoch(ill)
    dataset = ill.valid_loader.dataset
    ids = torch.arange(1, 1 + 2 * COMPANY).view(2, COMPANY)
    asked = [[0], [0, *ids[0].tolist()], [0, *ids[1].tolist()]]
    collate = ill.valid_loader.collate_fn
    batches = [collate([dataset[place] for place in places]) for places in asked]
    return Asked(*(tuple(_logits(ill, batch)[0].tolist()) for batch in batches))


def answers(ill: Patient) -> Answers:
    """After one epoch, the answers to the validation examples."""
    _learn_an_epoch(ill)
    logits = torch.cat([_logits(ill, batch) for batch in ill.valid_loader])
    labels = torch.cat([batch["labels"] for batch in ill.valid_loader])
    found, classes = logits.argmax(dim=1), logits.shape[1]
    counts = [tuple(some.bincount(minlength=classes).tolist()) for some in (labels, found)]
    return Answers(*counts, right=int((found == labels).sum()))


def activations(ill: Patient) -> Activations:
    """Shares of the validation examples, before the first step and after one epoch."""
    before = _above_0(ill)
    _learn_an_epoch(ill)
    after = _above_0(ill)
    shares = [tuple(some.flatten(0, -2).float().mean(dim=0).tolist()) for some in (before, after)]
    return Activations(*shares, rows=before.dim() == 3)


def _learn(ill: Patient, batch: Batch) -> None:
    ill.train_step(ill.model, batch, ill.loss_fn, ill.optimizer)


def _learn_an_epoch(ill: Patient) -> None:
    for batch in ill.train_loader:
        _learn(ill, batch)


def _logits(ill: Patient, batch: Batch) -> Tensor:
    """Of a batch, (B, C)."""
    return ill.predict_fn(ill.model, batch).detach()


def _loss(ill: Patient, batch: Batch) -> float:
    with torch.no_grad():
        return ill.loss_fn(_logits(ill, batch), batch["labels"]).item()


def _classes(ill: Patient, batch: Batch) -> int:
    return _logits(ill, batch).shape[1]


def _share(old: Tensor, new: Tensor) -> float:
    return ((new - old).double().norm() / old.double().norm()).item()


def _above_0(ill: Patient) -> Tensor:
    """Whether the units of the first ReLU are above 0, for all validation examples (N, ..., H)."""
    first = next(module for module in ill.model.modules() if isinstance(module, nn.ReLU))
    found: list[Tensor] = []
    handle = first.register_forward_hook(lambda module, inputs, output: found.append(output > 0))
    try:
        for batch in ill.valid_loader:
            ill.predict_fn(ill.model, batch)
    finally:
        handle.remove()
    return torch.cat(found)


INSTRUMENTS: dict[str, Callable[[Patient], Measured]] = {
    "overfit one batch": overfit_one_batch,
    "one epoch": one_epoch,
    "what a step moves": what_a_step_moves,
    "alone or in company": alone_or_in_company,
    "answers": answers,
    "activations": activations,
}
