"""The eight patients of notebooks/12_debugging_clinic.ipynb, and a healthy one beside them.

Spoilers below: each function that makes a patient says in its docstring what is wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer
from torch.optim.lr_scheduler import LRScheduler, StepLR
from torch.utils.data import DataLoader

from course_lib.data import DigitDataset, load_digits, make_loader

PIXELS, HIDDEN, DIGITS, BATCH_SIZE = 64, 32, 10, 32
RATE, MOMENTUM = 0.05, 0.9
HEALTHY = "healthy"
EIGHT = 8

Batch = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Patient:
    """A training, as a colleague hands it over.

    Batches are dicts: "pixel_values" (B, 64), the pixels of digits with mean 0 and deviation 1, and
    "labels" (B,).

    Arguments:
        train_step  train_step(model, batch, loss_fn, optimizer) learns from one batch
        predict_fn  predict_fn(model, batch) gives the logits (B, C)
        scheduler   of the optimizer, where there is one
    """

    name: str
    model: nn.Module
    train_loader: DataLoader
    loss_fn: Callable[[Tensor, Tensor], Tensor]
    optimizer: Optimizer
    train_step: Callable[[nn.Module, Batch, Callable, Optimizer], None]
    valid_loader: DataLoader
    predict_fn: Callable[[nn.Module, Batch], Tensor]
    scheduler: LRScheduler | None = None

    def __repr__(self) -> str:
        train, valid = self.train_loader.dataset, self.valid_loader.dataset
        size, classes = self.train_loader.batch_size, 1 + int(train.labels.max())
        return (
            f"Patient {self.name}: batches of pixel_values ({size}, {PIXELS}) and labels ({size},),"
            f" {classes} classes, {len(train):,} examples to learn from, {len(valid)} to validate"
        )


class Network(nn.Module):
    """Two layers: pixel_values (B, 64) -> (B, 32) -> logits (B, C)."""

    def __init__(self, classes: int = DIGITS) -> None:
        super().__init__()
        self.hidden, self.relu = nn.Linear(PIXELS, HIDDEN), nn.ReLU()
        self.head = nn.Linear(HIDDEN, classes)

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.head(self.relu(self.hidden(pixel_values)))


class DigitNetwork(Network):
    """The same, with probabilities (B, C) at its end."""

    def forward(self, pixel_values: Tensor) -> Tensor:
        return super().forward(pixel_values).softmax(dim=1)


class RowNetwork(nn.Module):
    """The 8 rows of a picture, (B, 8, 8) -> (B, 8, 32), pooled by learned weights -> (B, C)."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.relu = nn.Linear(8, HIDDEN), nn.ReLU()
        self.places = nn.Parameter(0.1 * torch.randn(8, HIDDEN))
        self.score, self.head = nn.Linear(HIDDEN, 1, bias=False), nn.Linear(HIDDEN, DIGITS)

    def forward(self, pixel_values: Tensor) -> Tensor:
        rows = self.relu(self.hidden(pixel_values.view(-1, 8, 8)) + self.places)  # (B, 8, 32)
        weights = self.score(rows).softmax(dim=0)  # (B, 8, 1)
        return self.head((weights * rows).sum(dim=1))


def patient(letter: str) -> Patient:
    """A training with one thing wrong in it, fresh and the same at every call.

    Arguments:
        letter  "A" to "H", or "healthy" for one with nothing wrong

    Raises:
        ValueError: there is no such patient.
    """
    if letter not in tuple(MAKERS):
        raise ValueError(
            f"explore.patient: got {letter!r}, expected one of {', '.join(map(repr, MAKERS))}. "
            'Try explore.patient("A").'
        )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(12)
        return MAKERS[letter]()


def _digits() -> tuple[Tensor, ...]:
    """Pixels (N, 64) and labels (N,) to learn from, and those to validate with."""
    return tuple(each.clone() for each in _loaded())


@cache
def _loaded() -> tuple[Tensor, ...]:
    (train, labels), (valid, others) = load_digits("train"), load_digits("validation")
    mean, deviation = train.mean(), train.std()
    train, valid = ((some.flatten(1) - mean) / deviation for some in (train, valid))
    return train, labels, valid, others


def _step(model: nn.Module, batch: Batch, loss_fn: Callable, optimizer: Optimizer) -> None:
    model.train()
    optimizer.zero_grad()
    loss = loss_fn(model(pixel_values=batch["pixel_values"]), batch["labels"])
    loss.backward()
    optimizer.step()


@torch.no_grad()
def _predict(model: nn.Module, batch: Batch) -> Tensor:
    model.eval()
    return model(pixel_values=batch["pixel_values"])


def _training(name: str, model: nn.Module, **own: Any) -> Patient:
    """The training of a model with all as it should be, except for what is given."""
    train, labels, valid, others = own.pop("digits", None) or _digits()
    parts = {
        "train_loader": make_loader(DigitDataset(train, labels), BATCH_SIZE, shuffle=True, seed=1),
        "loss_fn": nn.CrossEntropyLoss(),
        "train_step": _step,
        "valid_loader": make_loader(DigitDataset(valid, others), BATCH_SIZE),
        "predict_fn": _predict,
    }
    if "optimizer" not in own:
        own["optimizer"] = SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    return Patient(name, model, **{**parts, **own})


def _healthy() -> Patient:
    return _training(HEALTHY, Network())


def _a() -> Patient:
    """No zero_grad."""

    def train_step(model: nn.Module, batch: Batch, loss_fn: Callable, optimizer: SGD) -> None:
        model.train()
        loss = loss_fn(model(pixel_values=batch["pixel_values"]), batch["labels"])
        loss.backward()
        optimizer.step()

    return _training("A", Network(), train_step=train_step)


def _b() -> Patient:
    """The optimizer was made before the head was replaced."""
    model = Network(classes=2)
    optimizer = SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    model.head = nn.Linear(HIDDEN, DIGITS)
    return _training("B", model, optimizer=optimizer)


def _c() -> Patient:
    """Softmax, and then cross-entropy."""
    return _training("C", DigitNetwork())


def _d() -> Patient:
    """Softmax over the examples of a batch, where the rows of one are meant."""
    model = RowNetwork()
    return _training("D", model, optimizer=Adam(model.parameters(), lr=0.01))


def _e() -> Patient:
    """The pictures were shuffled and the labels were not."""
    train, labels, *valid = _digits()
    order = torch.randperm(len(train))
    return _training("E", Network(), digits=(train[order], labels, *valid))


def _f() -> Patient:
    """A bias so low that no hidden unit is ever above 0."""
    model = Network()
    nn.init.constant_(model.hidden.bias, -10.0)
    return _training("F", model)


def _g() -> Patient:
    """A rate made to fall after 3 epochs falls after 3 batches."""
    model = Network()
    optimizer = SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    scheduler = StepLR(optimizer, step_size=3, gamma=0.1)

    def train_step(model: nn.Module, batch: Batch, loss_fn: Callable, optimizer: SGD) -> None:
        _step(model, batch, loss_fn, optimizer)
        scheduler.step()

    return _training("G", model, optimizer=optimizer, scheduler=scheduler, train_step=train_step)


def _h() -> Patient:
    """An eight (0) or another digit (1), and the common class weighs more instead of less."""
    train, labels, valid, others = _digits()
    digits = (train, (labels != EIGHT).long(), valid, (others != EIGHT).long())
    counts = digits[1].bincount().float()
    weighed = nn.CrossEntropyLoss(weight=2 * counts / counts.sum())
    return _training("H", Network(classes=2), digits=digits, loss_fn=weighed)


MAKERS: dict[str, Callable[[], Patient]] = {
    "A": _a,
    "B": _b,
    "C": _c,
    "D": _d,
    "E": _e,
    "F": _f,
    "G": _g,
    "H": _h,
    HEALTHY: _healthy,
}
