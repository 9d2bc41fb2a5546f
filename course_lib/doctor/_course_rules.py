"""Rules that look at how training goes: gradients, units, rates. They run where all else is well."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from course_lib.doctor._catalogue import finding
from course_lib.doctor._exam import Exam
from course_lib.doctor._structure_rules import _forward_order
from course_lib.doctor._training import moved_to, parted, tensors, with_inputs
from course_lib.doctor._trial import Trial, at_other_rate, own_trial
from course_lib.doctor._watch import RELU, Calls
from course_lib.doctor.report import ADVICE, Finding

LARGE, SMALL = 20.0, 0.01  # root mean square of what the first layer gets
UNEQUAL = 100.0  # standard deviation of one feature over that of the middle one
EXPLODING, VANISHING = 1e3, 3e-5
DEAD = 0.9
STILL = 3e-5  # relative change of the weights in a step
SURE = 0.15


def input_not_normalised(exam: Exam) -> Iterator[Finding]:
    entering = _entering(exam)
    if entering is None:
        return
    x = entering.float()
    size = float(x.square().mean().sqrt())
    spread = _unequal(x)
    if SMALL <= size <= LARGE and spread <= UNEQUAL:
        return
    if not any(value.is_floating_point() for _, value in tensors(exam.batches[0])):
        return
    if _scale_does_not_matter(exam, 1 / size):
        return
    what = f"The first layer gets numbers from {x.min():.3g} to {x.max():.3g} (root mean square {size:.3g})"
    also = (
        f"; one feature varies {spread:.0f} times as much as the middle one"
        if spread > UNEQUAL
        else ""
    )
    yield finding("input-not-normalised", f"{what}{also}.")


def _entering(exam: Exam) -> Tensor | None:
    """What the first layer with weights gets, of all batches together."""
    first: list[Tensor] = []
    took: list[bool] = []

    def note(name: str, function: Any, args: tuple, kwargs: dict, result: Any) -> None:
        if took or len(args) < 2 or not isinstance(args[0], Tensor):
            return
        if name not in ("__get__", "__set__") and any(
            map(_is_weight, [*args[1:], *kwargs.values()])
        ):
            took.append(True)
            if args[0].is_floating_point():
                first.append(args[0].detach().clone())

    for batch in exam.batches[:10]:
        took.clear()
        with Calls(note):
            exam.answers(batch)
    same = [x for x in first if x.shape[1:] == first[0].shape[1:]]
    return torch.cat(same) if same and same[0].dim() > 1 else None


def _is_weight(thing: Any) -> bool:
    """A parameter, or the list of them that recurrent layers take."""
    if isinstance(thing, (list, tuple)):
        return any(map(_is_weight, thing))
    return isinstance(thing, torch.nn.Parameter)


def _unequal(x: Tensor) -> float:
    """How much more the widest feature of a table varies than the middle one."""
    if x.dim() != 2 or x.shape[1] < 2 or x.shape[1] > 200 or len(x) < 8:
        return 1.0
    widths = x.std(dim=0)
    widths = widths[widths > 0]
    return float(widths.max() / widths.median()) if len(widths) else 1.0


def _scale_does_not_matter(exam: Exam, change: float) -> bool:
    """Whether in training the outputs stay when all inputs are scaled: a norm comes first."""
    found = []
    for factor in (1.0, change):
        torch.manual_seed(0)
        batch = with_inputs(
            exam.batches[0],
            lambda _, x: x * factor if x.is_floating_point() else x,  # noqa: B023
        )
        try:
            exam.model.train()
            with torch.no_grad():
                found.append(exam.training.logits(batch))
        except Exception:
            return False
        finally:
            exam.keep.put_back()
    if found[0] is None:
        return False
    spread = max(float(found[0].std()), 1e-6)
    return float((found[0] - found[1]).abs().mean()) < 0.1 * spread


def knowing_nothing(exam: Exam) -> float | None:
    """The loss of an answer that is the same for all: logits of 0, or the labels' mean."""
    labels = parted(exam.batches[0])[2]
    if exam.logits is None or not isinstance(labels, Tensor) or exam.training.loss_fn is None:
        return None
    labels = moved_to(labels, exam.logits.device)
    constant = torch.zeros_like(exam.logits)
    if labels.is_floating_point() and labels.numel() == exam.logits.numel():
        if bool(((labels != 0) & (labels != 1)).any()):
            constant = torch.full_like(exam.logits, float(labels.mean()))
    try:
        with torch.no_grad():
            value = float(exam.training.loss_fn(constant, labels))
    except Exception:
        return None
    return value if math.isfinite(value) and value > 0 else None


def exploding_gradient(exam: Exam) -> Iterator[Finding]:
    """By how many times a loss that knows nothing a change of the weights by themselves moves it."""
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
    order, tried = _forward_order(exam), own_trial(exam)
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
    for number, alive in enumerate(_alive(exam), start=1):
        dead = 1 - float(alive.float().mean())
        if len(alive) >= 4 and dead >= DEAD:
            yield finding(
                "dead-relu",
                f"In ReLU {number} of the forward pass {int((~alive).sum())} of {len(alive)} units "
                "are 0 for every example that was looked at.",
            )
            return


def _alive(exam: Exam) -> list[Tensor]:
    """For each ReLU of the forward pass, which units are above 0 for some example."""
    found: list[Tensor] = []
    place = 0

    def note(name: str, function: Any, args: tuple, kwargs: dict, result: Any) -> None:
        nonlocal place
        if not _is_relu(name, args, kwargs) or not isinstance(result, Tensor) or result.dim() < 2:
            return
        above = _units(result.detach())
        if place == len(found):
            found.append(above)
        elif found[place].shape == above.shape:
            found[place] |= above
        place += 1

    for batch in exam.batches[:8]:
        place = 0
        with Calls(note):
            exam.answers(batch)
    return found


def _is_relu(name: str, args: tuple, kwargs: dict) -> bool:
    if name == "clamp":
        low = kwargs.get("min", args[1] if len(args) > 1 else None)
        high = kwargs.get("max", args[2] if len(args) > 2 else None)
        return high is None and isinstance(low, (int, float)) and low == 0
    if name == "clamp_min":
        return not isinstance(args[1] if len(args) > 1 else kwargs.get("min"), Tensor)
    return name in RELU and name != "threshold"


def _units(result: Tensor) -> Tensor:
    """Which units are above 0 somewhere: features stand last, channels of pictures second."""
    if result.dim() == 4:
        return (result > 0).transpose(1, -1).flatten(0, 2).any(dim=0)
    return (result > 0).flatten(0, -2).any(dim=0)


def one_class_collapse(exam: Exam) -> Iterator[Finding]:
    """One answer for all, and surer of it than its share of the labels allows."""
    yield from _weighed_out(exam)
    counted = _counted(exam)
    if counted is None:
        return
    labels, chances = counted
    answers = chances.argmax(dim=1)
    only = int(answers.mode().values)
    if bool((answers != only).any()) or len(labels) < 16:
        return
    share = float((labels == only).float().mean())
    sure = float(chances[:, only].mean())
    if share < 1 and sure - share > SURE and not _recovers(exam, only):
        yield finding(
            "one-class-collapse",
            f"The model answers class {only} for all {len(labels)} examples, with a mean "
            f"probability of {sure:.2f}; {share:.0%} of the labels are {only}.",
        )


def imbalance(exam: Exam) -> Iterator[Finding]:
    """So few of all other classes that answering one class is nearly right."""
    labels = exam.labels
    if labels is None or exam.logits is None or labels.dim() > 1:
        return
    if labels.is_floating_point() and not bool(((labels == 0) | (labels == 1)).all()):
        return
    counts = labels.long().unique(return_counts=True)[1]
    if len(counts) > 1 and len(labels) >= 40 and counts.max() >= 0.95 * counts.sum():
        yield finding(
            "one-class-collapse",
            f"{int(counts.max())} of {len(labels)} labels are of one class: a model that answers "
            "nothing else is nearly always right, and training will find that first.",
            ADVICE,
        )


def _weighed_out(exam: Exam) -> Iterator[Finding]:
    weight = next((call.weight for call in exam.seen.losses if call.weight is not None), None)
    labels = exam.labels
    if not isinstance(weight, Tensor) or weight.dim() != 1 or exam.classes != len(weight):
        return
    if labels is None or labels.dim() > 1:
        return
    counts = torch.bincount(labels[labels >= 0], minlength=len(weight)).float()
    pull = counts * weight.detach().cpu().float()
    shares = pull / pull.sum().clamp(min=1e-12)
    if float(shares.max()) > 0.98 and float(counts.max() / counts.sum()) < 0.95:
        yield finding(
            "one-class-collapse",
            f"With its class weights the loss counts class {int(shares.argmax())} for "
            f"{float(shares.max()):.1%} of all; of the labels it is "
            f"{float(counts[shares.argmax()] / counts.sum()):.0%}.",
        )


def _counted(exam: Exam) -> tuple[Tensor, Tensor] | None:
    """Labels (N,) and probabilities (N, C) of the batches that were looked at."""
    labels, chances = [], []
    for batch in exam.batches[:20]:
        logits, own = exam.answers(batch), parted(batch)[2]
        if logits is None or not isinstance(own, Tensor):
            return None
        if logits.numel() == own.numel() and bool(((own == 0) | (own == 1)).all()):
            yes = logits.reshape(-1).sigmoid()
            chances.append(torch.stack([1 - yes, yes], dim=1))
        elif exam.classes and logits.dim() == 2 and own.dim() == 1:
            chances.append(logits.softmax(dim=-1))
        else:
            return None
        labels.append(own.reshape(-1).long())
    return torch.cat(labels), torch.cat(chances)


def _recovers(exam: Exam, only: int) -> bool:
    """Whether a short training brings another answer."""
    logits = own_trial(exam).answers
    if logits is None:
        return False
    answers = logits.argmax(dim=1) if logits.dim() > 1 and logits.shape[1] > 1 else logits > 0
    return bool((answers.long() != only).any())


def learning_rate(exam: Exam) -> Iterator[Finding]:
    """Too high or too low, by comparison with other rates on the same batches."""
    own = own_trial(exam)
    usual = knowing_nothing(exam)
    if not own.losses or any(math.isnan(loss) for loss in own.losses[:1]):
        exam.left_out.append("the learning rate: the step shows no loss")
        return
    if usual and own.end < 0.2 * usual:
        return
    if own.ratio > 1.05 or (own.ratio > 0.85 and own.peak > 1.5):
        yield from _too_high(exam, own)
    elif own.ratio > 0.98 and own.changes and max(own.changes) < STILL:
        yield from _too_low(exam, own)


def _too_high(exam: Exam, own: Trial) -> Iterator[Finding]:
    for factor in (0.1, 0.01, 0.001):
        lower = at_other_rate(exam, factor)
        if lower.end < 0.9 * own.end and lower.ratio < 0.98:
            yield finding(
                "learning-rate-too-high",
                f"In {len(own.losses)} steps the loss goes from {own.losses[0]:.3g} to "
                f"{own.end:.3g}; with {factor:g} of the rate it goes to {lower.end:.3g}.",
            )
            return


def _too_low(exam: Exam, own: Trial) -> Iterator[Finding]:
    for factor in (100.0, 1e4, 1e6):
        higher = at_other_rate(exam, factor)
        if higher.ratio < 0.9 and higher.ratio < own.ratio - 0.05:
            yield finding(
                "learning-rate-too-low",
                f"A step changes the weights by {max(own.changes):.1g} of their size, and "
                f"{len(own.losses)} steps bring the loss from {own.start:.4g} to {own.end:.4g}; "
                f"with {factor:g} times the rate it goes to {higher.end:.3g}.",
            )
            return


def labels_unrelated(exam: Exam) -> Iterator[Finding]:
    from course_lib.doctor._relation import relation

    found = relation(exam)
    if found is not None and found[0] < 3:
        score, count = found
        yield finding(
            "labels-unrelated-to-inputs",
            f"From the inputs of {count} examples nothing about the labels of others could be "
            f"told: {score:.1f} standard deviations better than with shuffled labels. A very weak "
            "relation would look the same.",
            ADVICE,
        )
