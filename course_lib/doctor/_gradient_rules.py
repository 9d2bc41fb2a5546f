"""Rules that look at gradients and units: do they reach all layers, and with what force?"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from course_lib.doctor._catalogue import finding
from course_lib.doctor._exam import Exam
from course_lib.doctor._structure_rules import forward_order
from course_lib.doctor._survey import survey
from course_lib.doctor._training import moved_to, parted
from course_lib.doctor._trial import own_trial
from course_lib.doctor.report import Finding

EXPLODING, VANISHING = 1e3, 3e-5
DEAD = 0.9


def knowing_nothing(exam: Exam) -> float | None:
    """The loss of an answer that is the same for all: logits of 0, or the labels' mean."""
    labels = parted(exam.batches[0])[2]
    if exam.logits is None or not isinstance(labels, Tensor) or exam.training.loss_fn is None:
        return None
    labels = moved_to(labels, exam.logits.device)
    constant = torch.zeros_like(exam.logits)
    numbers = labels.is_floating_point() and bool(((labels != 0) & (labels != 1)).any())
    if numbers and labels.numel() == exam.logits.numel():
        constant = torch.full_like(exam.logits, float(labels.mean()))
    try:
        with torch.no_grad():
            value = float(exam.training.loss_fn(constant, labels))
    except Exception:
        return None
    return value if math.isfinite(value) and value > 0 else None


def exploding_gradient(exam: Exam) -> Iterator[Finding]:
    """How far a change of the weights by their own size would move the loss, next to one that
    knows nothing."""
    usual = knowing_nothing(exam)
    tried = own_trial(exam)
    found = tried.first
    if not found:
        return
    pull = {name: float(g.float().norm()) * tried.sizes[name] for name, g in found.items()}
    total = math.sqrt(sum(value**2 for value in pull.values()))
    if not math.isfinite(total) or (usual and total / usual > EXPLODING):
        norm = math.sqrt(sum(float(g.float().norm()) ** 2 for g in found.values()))
        most = max(pull, key=lambda name: pull[name] if math.isfinite(pull[name]) else math.inf)
        yield finding(
            "exploding-gradient",
            f"The gradient of the first step has the norm {norm:.3g}, most of it at `{most}`.",
        )


def vanishing_gradient(exam: Exam) -> Iterator[Finding]:
    order, tried = forward_order(exam), own_trial(exam)
    most = 0.0
    for found in (tried.first, tried.last):
        pull = {name: float(gradient.float().norm()) for name, gradient in found.items()}
        matrices = [n for n in sorted(order, key=order.__getitem__) if n in found]
        matrices = [n for n in matrices if found[n].dim() > 1]
        largest = max(pull, key=pull.__getitem__, default="")
        if len(matrices) < 3 or not pull[largest]:
            return
        most = max(most, pull[matrices[0]] / pull[largest])
    if most < VANISHING:
        yield finding(
            "vanishing-gradient",
            f"The gradient of `{matrices[0]}` is {most:.1g} times that of `{largest}`.",
        )


def dead_relu(exam: Exam) -> Iterator[Finding]:
    for number, alive in enumerate(survey(exam).alive, start=1):
        if len(alive) >= 4 and int((~alive).sum()) >= DEAD * len(alive):
            yield finding(
                "dead-relu",
                f"In ReLU {number} of the forward pass {int((~alive).sum())} of {len(alive)} units "
                "are 0 for every example that was looked at.",
            )
            return
