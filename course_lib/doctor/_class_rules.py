"""Rules that look at the classes: is only one answered, do the labels follow from the inputs?"""

from collections.abc import Iterator

import torch
from torch import Tensor

from course_lib.doctor._catalogue import finding
from course_lib.doctor._exam import Exam
from course_lib.doctor._loss_rules import last_layer
from course_lib.doctor._relation import relation
from course_lib.doctor._survey import survey
from course_lib.doctor._training import parted
from course_lib.doctor._trial import own_trial
from course_lib.doctor.report import ADVICE, Finding

SURE = 0.3
DRAWS = 4


def one_class_collapse(exam: Exam) -> Iterator[Finding]:
    """One answer for all, and surer of it than its share of the labels allows."""
    yield from _weighed_out(exam)
    yield from _decided_alike(exam)
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


def _only(exam: Exam) -> bool:
    """Whether the model answers one class for all as it stands."""
    counted = _counted(exam)
    return counted is not None and len(counted[1].argmax(dim=1).unique()) == 1


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
    for batch, logits in zip(exam.batches, survey(exam).answers, strict=False):
        own = parted(batch)[2]
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


def _decided_alike(exam: Exam) -> Iterator[Finding]:
    """A predict_fn that gives one answer whatever the last weights are."""
    last = last_layer(exam) if exam.training.predict_fn is not None else None
    labels = exam.labels
    if last is None or labels is None or len(labels.unique()) < 2:
        return
    found: set[float] = set()
    for seed in range(DRAWS):
        torch.manual_seed(seed)
        with torch.no_grad():
            for weight in last.parameters(recurse=False):
                weight.normal_(std=3.0)
        try:
            answers = exam.training.predict(exam.batches[0])
        except Exception:
            return
        finally:
            exam.keep.put_back()
        if not isinstance(answers, Tensor) or answers.dim() != 1 or len(answers) < 8:
            return
        found |= set(answers.tolist())
    if len(found) == 1:
        yield finding(
            "one-class-collapse",
            f"predict_fn answers {found.pop():g} for all, and still does when the last layer's "
            f"weights are drawn anew, {DRAWS} times: it does not look at the logits.",
        )


def imbalance(exam: Exam) -> Iterator[Finding]:
    """So few of all other classes that answering one class is nearly right."""
    labels = exam.labels
    if labels is None or exam.logits is None or labels.dim() > 1:
        return
    if labels.is_floating_point() and not bool(((labels == 0) | (labels == 1)).all()):
        return
    counts = labels.long().unique(return_counts=True)[1]
    if not 1 < len(counts) <= 20 or len(labels) < 40:
        return
    if counts.max() >= (0.9 if _only(exam) else 0.95) * counts.sum():
        yield finding(
            "one-class-collapse",
            f"{int(counts.max())} of {len(labels)} labels are of one class: a model that answers "
            "nothing else is nearly always right, and training will find that first.",
            ADVICE,
        )


def labels_unrelated(exam: Exam) -> Iterator[Finding]:
    found = relation(exam)
    if found is not None and found[0] < 3:
        score, count = found
        yield finding(
            "labels-unrelated-to-inputs",
            f"From the inputs of {count} examples the labels of others can be told no better than "
            f"by chance: {score:.1f} standard deviations above shuffled labels, too little to "
            "count. A very weak relation would look the same.",
            ADVICE,
        )
