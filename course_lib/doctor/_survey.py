"""One look at some batches in evaluation mode: the answers, and which units were ever above 0."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from course_lib.doctor._exam import Exam, once
from course_lib.doctor._watch import RELU, Calls, tensors_among

BATCHES = 8


@dataclass
class Survey:
    """What the first batches showed."""

    answers: list[Tensor | None] = field(default_factory=list)  # logits of each batch
    alive: list[Tensor] = field(default_factory=list)  # of each ReLU: units above 0 somewhere
    entering: list[Tensor] = field(default_factory=list)  # what the first weights are used on


@once
def survey(exam: Exam) -> Survey:
    found = Survey()
    for batch in exam.batches[:BATCHES]:
        _look(exam, batch, found)
    return found


def _look(exam: Exam, batch: Any, found: Survey) -> None:
    relus: list[Tensor] = []
    first: list[Tensor] = []

    def note(name: str, function: Any, args: tuple, kwargs: dict, result: Any) -> None:
        if is_relu(name, args, kwargs) and isinstance(result, Tensor) and result.dim() > 1:
            relus.append(_units(result.detach()))
        if not first and _uses_weights(name, args, kwargs):
            first.append(args[0].detach().clone())

    with Calls(note):
        found.answers.append(exam.answers(batch))
    found.entering += [x for x in first if x.is_floating_point()]
    if not found.alive:
        found.alive = relus
    for before, now in zip(found.alive, relus, strict=False):
        if before.shape == now.shape:
            before |= now


def _uses_weights(name: str, args: tuple, kwargs: dict) -> bool:
    if name in ("__get__", "__set__") or len(args) < 2 or not isinstance(args[0], Tensor):
        return False
    others = tensors_among([*args[1:], *kwargs.values()])  # recurrent layers take a list of weights
    return any(isinstance(each, nn.Parameter) for each in others)


def is_relu(name: str, args: tuple, kwargs: dict) -> bool:
    if name == "clamp":
        low = kwargs.get("min", args[1] if len(args) > 1 else None)
        high = kwargs.get("max", args[2] if len(args) > 2 else None)
        return high is None and isinstance(low, (int, float)) and low == 0
    if name == "clamp_min":
        return (args[1] if len(args) > 1 else kwargs.get("min")) == 0
    return name in RELU


def _units(result: Tensor) -> Tensor:
    """Which units are above 0 somewhere: features stand last, channels of pictures second."""
    if result.dim() == 4:
        return (result > 0).transpose(1, -1).flatten(0, 2).any(dim=0)
    return (result > 0).flatten(0, -2).any(dim=0)
