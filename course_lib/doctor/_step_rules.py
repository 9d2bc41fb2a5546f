"""Rules that look at what some training steps did."""

import re
from collections.abc import Container, Iterator

import torch
from torch import Tensor, nn

from course_lib.doctor._catalogue import finding
from course_lib.doctor._exam import Exam
from course_lib.doctor._structure_rules import plain_tensors
from course_lib.doctor._training import parted, tensors
from course_lib.doctor.report import ADVICE, FAULT, Finding

DEVICE = re.compile(
    r"same device|meta tensor|expected device|on different devices|Cannot copy out of meta|"
    r"are on (cpu|cuda|meta)|is on (cpu|cuda|meta)|[Mm]eta device",
)
NO_WAY_BACK = re.compile(r"does not require grad|no way leads back")


def wrong_device(exam: Exam) -> Iterator[Finding]:
    """Tensors without values (meta), or a step that says that devices differ."""
    places = _places(exam)
    empty = [name for name, device in places.items() if device == "meta"]
    error = None if empty else exam.seen.error
    if not empty and not (error and DEVICE.search(str(error))):
        return
    kinds = sorted(set(places.values()))
    where = "; ".join(f"{kind}: {_examples_on(places, kind)}" for kind in kinds)
    said = "" if error is None else f" The step says: {_first_line(error)}"
    yield finding("wrong-device", f"{where}.{said}")


def _places(exam: Exam) -> dict[str, str]:
    """On which device everything is, by name."""
    found = {f"model.{n}": w.device.type for n, w in exam.model.named_parameters()}
    found |= {f"model.{n}": b.device.type for n, b in exam.model.named_buffers()}
    found |= {f"model.{n}": x.device.type for n, x in plain_tensors(exam.model).items()}
    if isinstance(exam.training.loss_fn, nn.Module):
        found |= {f"loss_fn.{n}": b.device.type for n, b in exam.training.loss_fn.named_buffers()}
    for batch in exam.batches[:1]:
        labels = parted(batch)[2]
        found |= {f"batch {n}": x.device.type for n, x in tensors(batch)}
        found |= {"batch labels": labels.device.type} if isinstance(labels, Tensor) else {}
    for weight, state in getattr(exam.training.optimizer, "state", {}).items():
        for name, x in state.items():
            if isinstance(x, Tensor) and x.dim() and x.device != weight.device:
                found[f"optimizer's {name}"] = x.device.type
    return found


def _examples_on(places: dict[str, str], kind: str, most: int = 3) -> str:
    names = [name for name, device in places.items() if device == kind]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"


def step_fails(exam: Exam) -> Iterator[Finding]:
    error = exam.seen.error
    if error is not None and not NO_WAY_BACK.search(str(error)):
        yield finding("step-fails", f"The training step raises {_first_line(error)}")


def detached_loss(exam: Exam) -> Iterator[Finding]:
    seen = exam.seen
    if seen.reached or not exam.trainable():
        return
    error = seen.error
    if error is not None and NO_WAY_BACK.search(str(error)):
        yield finding("detached-loss", f"backward() fails: {_first_line(error)}")
    elif error is None and (seen.backward_of or "backward" in seen.events):
        yield finding(
            "detached-loss",
            f"backward() ran, and none of {len(exam.trainable())} trainable weight tensors got a "
            "gradient other than 0.",
        )
    elif error is None:
        yield finding("no-backward", "In the training step no weight gets a gradient.")


def no_zero_grad(exam: Exam) -> Iterator[Finding]:
    carried = exam.seen.carried
    if carried:
        names = sorted(set(carried))
        yield finding(
            "no-zero-grad",
            f"{len(names)} weight tensors still held the gradient that a step had used when the "
            f"next one was added, `{names[0]}` for one.",
        )


def zero_grad_after_backward(exam: Exam) -> Iterator[Finding]:
    steps = exam.seen.steps
    arrived = bool(exam.seen.reached) and sum(step.backwards for step in steps) > 0
    if arrived and not any(step.had_gradient for step in steps):
        yield finding(
            "zero-grad-after-backward",
            f"Gradients arrived, and at none of {len(steps)} optimizer steps was one left.",
        )


def no_optimizer_step(exam: Exam) -> Iterator[Finding]:
    seen = exam.seen
    still = not exam.moved & exam.trainable().keys()
    if seen.error is None and seen.reached and not seen.steps and still:
        count = seen.events.count("backward")
        yield finding(
            "no-optimizer-step",
            f"backward() ran {count} times, optimizer.step() not once, and no weight moved.",
        )


def train_in_eval_mode(exam: Exam) -> Iterator[Finding]:
    """A fault where the learner's own step does it; else the mode at hand is worth a word."""
    if exam.training.train_step is None:
        if not exam.model.training and mode_matters(exam):
            yield finding(
                "train-in-eval-mode",
                "The model came in evaluation mode. The standard step calls model.train(); a loop "
                "of your own must do so too.",
                ADVICE,
            )
        return
    modes = exam.seen.modes
    if modes and not any(modes) and exam.seen.reached:
        matters = mode_matters(exam)
        parts = sorted(set(exam.seen.asleep))
        which = f": {', '.join(parts[:3])}" if parts else ""
        seen = f"The model is in evaluation mode at all {len(modes)} forward passes of training"
        if matters:
            yield finding("train-in-eval-mode", f"{seen}{which}.")
        else:
            yield finding(
                "train-in-eval-mode", f"{seen}; it has no part that this changes.", ADVICE
            )


def mode_matters(exam: Exam) -> bool:
    """Whether training mode gives other outputs than evaluation mode."""
    evaluated = exam.logits
    torch.manual_seed(0)
    try:
        exam.model.train()
        with torch.no_grad():
            trained = exam.training.logits(exam.batches[0])
    except Exception:
        return True
    finally:
        exam.keep.put_back()
    if evaluated is None or trained is None or trained.shape != evaluated.shape:
        return True
    return not torch.allclose(trained, evaluated, rtol=1e-3, atol=1e-5)


def frozen_weights_move(exam: Exam) -> Iterator[Finding]:
    moved = sorted({name for step in exam.seen.steps for name in step.frozen_moved})
    if moved:
        yield finding(
            "frozen-weights-move",
            f"{len(moved)} weight tensors have requires_grad=False and were moved by the "
            f"optimizer, `{moved[0]}` for one.",
        )


def frozen_batchnorm_updates(exam: Exam) -> Iterator[Finding]:
    """A BatchNorm switched to training mode on its own, amid a frozen part in eval, is meant so."""
    sick = [n for n in norms_that_learnt(exam.model, exam.moved) if _is_frozen(exam.model, n)]
    if sick and exam.trainable():
        yield finding(
            "frozen-batchnorm-updates",
            f"{len(sick)} BatchNorm layers without trainable weights changed their running "
            f"statistics in training, `{sick[0]}` for one.",
            FAULT,
        )


def norms_that_learnt(model: nn.Module, moved: Container[str]) -> list[str]:
    """The BatchNorms whose running statistics are among what moved."""
    return [
        name
        for name, part in model.named_modules()
        if isinstance(part, nn.modules.batchnorm._BatchNorm)
        and f"{name}.running_mean".lstrip(".") in moved
    ]


def _is_frozen(model: nn.Module, name: str) -> bool:
    """All weights of the layer are frozen; of one without weights, those of what it is part of."""
    path = name.split(".")
    for depth in range(len(path), 0, -1):
        weights = list(model.get_submodule(".".join(path[:depth])).parameters())
        if weights:
            return not any(weight.requires_grad for weight in weights)
    return False
