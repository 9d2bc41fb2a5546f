"""What a case is: a training as a learner would hand it in, and what is wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import nn

SICK, ORDINARY, UNUSUAL = "sick", "ordinary", "unusual"


@dataclass(frozen=True)
class Patient:
    """One training. `options` are those of examine: train_step, valid_loader and so on."""

    model: nn.Module
    train_loader: Any
    loss_fn: Callable | None
    optimizer: Any
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """How to make a patient. `expected` names the root cause; it is "" where all is well."""

    name: str
    expected: str
    kind: str  # SICK, ORDINARY or UNUSUAL
    build: Callable[[int], Patient]
