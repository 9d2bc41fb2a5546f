"""What `explore.schedule` trains: a small network on digits, with a schedule of PyTorch's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer, lr_scheduler

from course_lib.data import load_digits
from course_lib.explore._threads import one_thread

STEPS, WARM_UP = 200, 20
BATCH_SIZE, MOMENTUM, HIDDEN, SEED = 50, 0.9, 32, 0
EPOCH = 20  # steps: 1,000 digits in batches of 50
EVERY = 5  # steps from one point of the curves to the next
CONSTANT, PLATEAU = "constant", "ReduceLROnPlateau(patience=1)"
# Their options are those of PyTorch where nothing else is said; all but PLATEAU are for batches.
SCHEDULES: dict[str, Callable[[Optimizer], lr_scheduler.LRScheduler]] = {
    CONSTANT: partial(lr_scheduler.ConstantLR, factor=1.0),
    "StepLR(step_size=80)": partial(lr_scheduler.StepLR, step_size=80),
    "CosineAnnealingLR(T_max=200)": partial(lr_scheduler.CosineAnnealingLR, T_max=STEPS),
    "LambdaLR: up for 20, then down to 0": partial(
        lr_scheduler.LambdaLR,
        lr_lambda=lambda step: min((step + 1) / WARM_UP, (STEPS - step) / (STEPS - WARM_UP)),
    ),
    PLATEAU: partial(lr_scheduler.ReduceLROnPlateau, patience=1),
}


@dataclass(frozen=True)
class Run:
    """A training: the rate of each step, and losses every EVERY steps, the first before step 1."""

    rates: tuple[float, ...]  # STEPS of them
    training: tuple[float, ...]
    validation: tuple[float, ...]
    accuracy: float  # on the validation split, at the end


def unit_of(name: str, wrong: bool = False) -> str:
    """How often a schedule is stepped: once per "batch" or once per "epoch"."""
    return "epoch" if (name == PLATEAU) != wrong else "batch"


@cache
@one_thread()
def train(name: str, peak: float, unit: str, seed: int = SEED) -> Run:
    """STEPS steps of SGD with momentum; in float64, so that rounding is not seen in the curves.

    A PLATEAU is told the validation loss once per epoch, or the loss of each batch.
    """
    model, batches = _start(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=peak, momentum=MOMENTUM)
    scheduler = SCHEDULES[name](optimizer)
    rates, losses = [], [_losses(model)]
    for step, (pixels, labels) in enumerate(batches, start=1):
        loss = F.cross_entropy(model(pixels), labels)
        optimizer.zero_grad()
        loss.backward()
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step % EVERY == 0:
            losses.append(_losses(model))
        if unit == "batch" or step % EPOCH == 0:
            seen = losses[-1][1] if unit == "epoch" else loss.item()
            scheduler.step(*([seen] if name == PLATEAU else []))
    training, validation = zip(*losses, strict=True)
    return Run(tuple(rates), training, validation, _accuracy(model))


def _start(seed: int) -> tuple[nn.Module, Iterator[tuple[Tensor, Tensor]]]:
    """A new network, and the batches of STEPS steps, each epoch in an order of its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(64, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 10)).double()
        order = torch.cat([torch.randperm(EPOCH * BATCH_SIZE) for _ in range(STEPS // EPOCH)])
    pixels, labels = _digits("train")
    return model, ((pixels[some], labels[some]) for some in order.split(BATCH_SIZE))


@cache
def _digits(split: str) -> tuple[Tensor, Tensor]:
    """The pixels (N, 64) and the digits (N,)."""
    pictures, labels = load_digits(split)
    return pictures.flatten(1).double(), labels


@torch.no_grad()
def _losses(model: nn.Module) -> tuple[float, float]:
    """On all training digits and on all validation digits."""
    splits = (_digits(split) for split in ("train", "validation"))
    training, validation = (F.cross_entropy(model(x), y).item() for x, y in splits)
    return training, validation


@torch.no_grad()
def _accuracy(model: nn.Module) -> float:
    pixels, labels = _digits("validation")
    return (model(pixels).argmax(dim=1) == labels).double().mean().item()
