"""Rules that look at what goes into the loss: logits or probabilities, and in which shape.

What kind of loss it is, is asked of its behaviour: cross-entropy does not change when a number is
added to all logits of an example, whatever its code looks like.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.doctor._catalogue import finding
from course_lib.doctor._exam import Exam, once
from course_lib.doctor._training import moved_to, parted, size_of
from course_lib.doctor._watch import LossCall, watched
from course_lib.doctor.report import Finding

STRETCH = 60.0  # the last layer's weights times this: logits leave [0, 1], probabilities cannot
CLOSE = 1e-3
REGRESSION = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")


@once
def loss_calls(exam: Exam) -> list[LossCall]:
    """The calls of loss functions that were seen in training, the kind of each found out."""
    calls = [call for call in exam.seen.losses if call.name != "loss_fn"]
    own = [call for call in exam.seen.losses if call.name == "loss_fn"]
    if not own and callable(exam.training.loss_fn):
        own = _own_call(exam)
    for call in [] if calls else own[:1]:
        kind = kind_of(exam.training.loss_fn, call.outputs.detach(), call.labels)
        calls.append(LossCall(kind, call.outputs, call.labels))
    return calls


def _own_call(exam: Exam) -> list[LossCall]:
    labels = parted(exam.batches[0])[2]
    if exam.logits is None or not isinstance(labels, Tensor):
        return []
    return [LossCall("loss_fn", exam.logits, moved_to(labels, exam.logits.device))]


def kind_of(loss_fn: Callable, outputs: Tensor, labels: Tensor) -> str:
    """The name of the PyTorch function that a loss function is like; "" where it is like none."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(outputs.shape, generator=generator).to(outputs)
    try:
        with torch.no_grad():
            if not labels.is_floating_point() and outputs.dim() >= 2:
                return _class_kind(loss_fn, logits, labels)
            return _number_kind(loss_fn, logits, labels)
    except Exception:
        return ""


def _class_kind(loss_fn: Callable, logits: Tensor, labels: Tensor) -> str:
    plain, shifted = loss_fn(logits, labels), loss_fn(logits + 1.0, labels)
    fall = float(plain - shifted)
    if abs(fall) < CLOSE * max(1.0, abs(float(plain))):
        changed = float((loss_fn(logits * 3.0, labels) - plain).abs()) > CLOSE
        return "cross_entropy" if changed else ""
    doubled = loss_fn(logits + 2.0, labels)
    straight = abs(float(shifted - doubled) - fall) < CLOSE * max(1.0, abs(fall))
    halved = loss_fn(logits * 0.5, labels)
    return "nll_loss" if straight and abs(float(halved * 2 - plain)) < CLOSE else ""


def _number_kind(loss_fn: Callable, outputs: Tensor, labels: Tensor) -> str:
    """PyTorch's own at two places: a mean and a sum differ by one and the same factor."""
    same = labels.reshape(outputs.shape) if labels.numel() == outputs.numel() else labels
    candidates = {"mse_loss": F.mse_loss, "l1_loss": F.l1_loss}
    if bool(((same >= 0) & (same <= 1)).all()):
        candidates["binary_cross_entropy_with_logits"] = F.binary_cross_entropy_with_logits
    for name, candidate in candidates.items():
        ratios = [
            float(loss_fn(x, same) / candidate(x, same.to(x))) for x in (outputs, outputs * 2.5)
        ]
        if abs(ratios[0] - ratios[1]) < CLOSE * abs(ratios[0]):
            return name
    return ""


def squashed(exam: Exam) -> Iterator[Finding]:
    """Probabilities where the loss wants logits."""
    for call in loss_calls(exam):
        outputs = call.outputs.detach().float()
        if call.name == "cross_entropy":
            if _is_distribution(outputs):
                yield finding(
                    "softmax-before-cross-entropy",
                    f"What cross-entropy gets, {tuple(outputs.shape)}, adds up to 1 over the "
                    f"classes in every row: it is probabilities; {_floor(outputs)}",
                )
                return
            if _within(outputs) and _stays_within(exam):
                yield finding(
                    "softmax-before-cross-entropy",
                    f"What cross-entropy gets, {tuple(outputs.shape)}, stays between 0 and 1 "
                    "however large the last weights are: it is squashed already.",
                )
                return
        yes_or_no = call.name == "binary_cross_entropy_with_logits"
        if yes_or_no and _within(outputs) and _stays_within(exam):
            yield finding(
                "sigmoid-before-bce-with-logits",
                f"What the loss gets, {tuple(outputs.shape)}, is between {outputs.min():.2f} "
                f"and {outputs.max():.2f}, and stays between 0 and 1 however large the last "
                "weights are.",
            )
            return


def _floor(outputs: Tensor) -> str:
    """How low the loss can get on probabilities of C classes."""
    classes = outputs.shape[1]
    lowest = float(torch.tensor(1 + (classes - 1) / torch.e).log())
    return f"with {classes} classes the loss cannot fall below {lowest:.2f}."


def _is_distribution(outputs: Tensor) -> bool:
    if outputs.dim() < 2 or outputs.shape[1] < 2 or not len(outputs):
        return False
    sums = outputs.sum(dim=1)
    return bool(((sums - 1).abs() < CLOSE).all()) and _within(outputs)


def _within(outputs: Tensor) -> bool:
    return bool(((outputs >= 0) & (outputs <= 1)).all()) and outputs.numel() > 0


def _stays_within(exam: Exam) -> bool:
    """Whether what the loss gets is still in [0, 1] when the last layer's weights are stretched."""
    last = last_layer(exam)
    if last is None:
        return False
    _stretch(last)
    with watched(exam.training) as seen:
        exam.training.step(exam.batches[0])
    exam.keep.put_back()
    outputs = [call.outputs.detach() for call in seen.losses]
    if not outputs:  # a loss that is written out: in the model's own mode, what comes to it
        _stretch(last)
        outputs = _outputs(exam)
    return bool(outputs) and all(map(_within, outputs))


@torch.no_grad()
def _stretch(layer: nn.Module) -> None:
    for weight in layer.parameters(recurse=False):
        weight.mul_(STRETCH)
        if weight.dim() == 1:  # away from 0, so that a ReLU's row of zeros does not count
            weight.add_(torch.linspace(-STRETCH, STRETCH, len(weight)).to(weight))


def _outputs(exam: Exam) -> list[Tensor]:
    """In the model's present mode: some give logits in training and probabilities otherwise."""
    try:
        with torch.no_grad():
            logits = exam.training.logits(exam.batches[0])
        return [] if logits is None else [logits.clone()]
    except Exception:
        return []
    finally:
        exam.keep.put_back()


def last_layer(exam: Exam) -> nn.Module | None:
    """The module with weights of its own that ran last."""
    ran: list[nn.Module] = []
    own = [m for m in exam.model.modules() if any(True for _ in m.parameters(recurse=False))]
    handles = [m.register_forward_pre_hook(lambda m, _: ran.append(m)) for m in own]
    try:
        exam.answers(exam.batches[0])
    finally:
        for handle in handles:
            handle.remove()
    return ran[-1] if ran else None


def labels_beyond_yes_and_no(exam: Exam) -> Iterator[Finding]:
    for call in loss_calls(exam):
        labels = call.labels.detach()
        if call.name.startswith("binary_cross_entropy") and not _within(labels):
            yield finding(
                "labels-out-of-range",
                f"A loss for yes or no gets labels from {labels.min():g} to {labels.max():g}, "
                "expected 0 to 1.",
            )
            return


def nll_without_log_softmax(exam: Exam) -> Iterator[Finding]:
    for call in loss_calls(exam):
        if call.name != "nll_loss" or call.outputs.dim() < 2:
            continue
        total = call.outputs.detach().float().exp().sum(dim=1)
        if bool(((total - 1).abs() > 0.01).any()):
            yield finding(
                "nll-without-log-softmax",
                f"NLLLoss gets numbers from {call.outputs.min():.2f} to {call.outputs.max():.2f} "
                f"whose exponentials add up to {total.min():.2f} to {total.max():.2f}, not to 1.",
            )
            return


def broadcast_in_regression_loss(exam: Exam) -> Iterator[Finding]:
    for call in loss_calls(exam) + _own_shapes(exam) + _subtracted(exam):
        one, other = call.outputs.shape, call.labels.shape
        if one == other or call.name not in (*REGRESSION, "own", "difference"):
            continue
        try:
            both = torch.broadcast_shapes(one, other)
        except RuntimeError:
            continue
        if both.numel() > max(one.numel(), other.numel()):
            yield finding(
                "broadcast-in-regression-loss",
                f"The predictions are {tuple(one)} and the labels {tuple(other)}: the loss "
                f"compares {both.numel()} pairs, {tuple(both)}, instead of {one.numel()}.",
            )
            return


def _subtracted(exam: Exam) -> list[LossCall]:
    """Subtractions of (B, 1) and (B,), in a loss that is written out in the step."""
    size = size_of(exam.batches[0])
    shapes = {(size,), (size, 1)}
    found = exam.seen.differences if size > 1 else []
    return [
        call for call in found if {tuple(call.outputs.shape), tuple(call.labels.shape)} == shapes
    ]


def _own_shapes(exam: Exam) -> list[LossCall]:
    """Where a hand-written loss gets two shapes and gives another loss than with one shape."""
    labels = parted(exam.batches[0])[2]
    loss_fn, outputs = exam.training.loss_fn, exam.logits
    if exam.training.train_step is not None or not callable(loss_fn) or outputs is None:
        return []  # a step of the learner's own may bring both to one shape
    if (
        not isinstance(labels, Tensor)
        or not labels.is_floating_point()
        or outputs.numel() != labels.numel()
    ):
        return []
    labels = moved_to(labels, outputs.device)
    try:
        with torch.no_grad():
            apart, together = (
                loss_fn(outputs, labels),
                loss_fn(outputs.reshape(labels.shape), labels),
            )
        same = torch.allclose(apart, together, rtol=1e-4)
    except Exception:
        return []
    finally:
        exam.keep.put_back()
    return [] if same else [LossCall("own", outputs, labels)]
