"""Rules that look at the batches: are there any, do they hold numbers, what are the labels like."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, SequentialSampler

from course_lib.doctor._catalogue import finding
from course_lib.doctor._exam import Exam
from course_lib.doctor._training import parted, size_of, taken, tensors
from course_lib.doctor.report import ADVICE, Finding

FEW = 12  # kinds of labels of a task that gives one to every token
A_FEW = 6  # batches that are drawn a second time
MIXED = 0.5  # share of the variance of labels that a batch should at least have in itself


def non_finite_input(exam: Exam) -> Iterator[Finding]:
    sick = {}
    for number, batch in enumerate(exam.batches):
        _, _, labels = parted(batch)
        named = [*tensors(batch), *([("labels", labels)] if isinstance(labels, Tensor) else [])]
        for name, x in named:
            if x.is_floating_point() and not x.is_meta and "mask" not in name:
                count = int((~x.isfinite()).sum())
                if count:
                    first, before = sick.get(name, (number, 0))
                    sick[name] = (first, before + count)
    for name, (first, count) in sick.items():
        yield finding(
            "non-finite-input",
            f"{count} numbers of {_called(name)} are NaN or infinite, in batch {first} first.",
        )


def _called(name: str) -> str:
    return f"input {name}" if name.isdigit() else f"`{name}`"


def labels_out_of_range(exam: Exam) -> Iterator[Finding]:
    labels, classes = exam.labels, exam.classes
    if labels is None or classes is None:
        return
    counted = labels[labels != exam.ignored]
    wrong = counted[(counted < 0) | (counted >= classes)]
    if len(wrong):
        yield finding(
            "labels-out-of-range",
            f"{len(wrong)} of {len(counted)} labels are not from 0 to {classes - 1}: "
            f"{_few(wrong.unique())}; the head has {classes} outputs.",
        )


def _few(values: Tensor, most: int = 6) -> str:
    listed = ", ".join(f"{value:g}" for value in values[:most].tolist())
    return listed + (", ..." if len(values) > most else "")


def classes_without_labels(exam: Exam) -> Iterator[Finding]:
    """unused-class and head-too-wide: both may be meant so."""
    labels, classes = exam.labels, exam.classes
    if labels is None or classes is None:
        return
    counted = labels[labels != exam.ignored]
    if not len(counted) or counted.min() < 0 or counted.max() >= classes:
        return
    of_tokens = len(labels) != _examples(exam)
    if of_tokens and (len(counted.unique()) > FEW or counted.max() >= classes / 2):
        return  # words, and no classes that somebody gave to tokens
    counts = torch.bincount(counted, minlength=classes)
    above = classes - 1 - int(counted.max())
    enough = len(counted) >= 10 * int((counts > 0).sum())
    if above >= 2 and enough:
        yield finding(
            "head-too-wide",
            f"The head has {classes} outputs; the {len(counted)} labels that were looked at are "
            f"0 to {int(counted.max())}.",
            ADVICE,
        )
        counts = counts[: classes - above]
    unused = (counts == 0).nonzero().flatten()
    if len(unused) and not of_tokens and enough and len(counted) >= 8 * len(counts):
        yield finding(
            "unused-class",
            f"Of {classes} classes, {_few(unused)} never {_occur(len(unused))} among "
            f"{len(counted)} labels.",
            ADVICE,
        )


def _occur(count: int) -> str:
    return "occurs" if count == 1 else "occur"


def _examples(exam: Exam) -> int:
    return sum(map(size_of, exam.batches))


def not_shuffled(exam: Exam) -> Iterator[Finding]:
    """A fixed order with batches alike inside is a fault, a fixed order alone is advice."""
    if len(exam.batches) < 2:
        return
    again = taken(exam.training.loader, A_FEW, 10**9)
    if not again:
        yield finding(
            "empty-loader", "The loader gave batches once, and none when it was asked again."
        )
        return
    if not all(_equal(one, other) for one, other in zip(exam.batches, again, strict=False)):
        return
    within = _variance_within(exam)
    if within is not None and within < MIXED:
        yield finding(
            "not-shuffled",
            f"Two passes give the same order, and labels vary in a batch only {within:.2f} times "
            "as much as among all.",
        )
    elif _was_forgotten(exam.training.loader):
        yield finding("not-shuffled", "Two passes give the same batches in the same order.", ADVICE)


def _was_forgotten(loader: Any) -> bool:
    """Whether it is a DataLoader that could shuffle and does not."""
    return isinstance(loader, DataLoader) and isinstance(loader.sampler, SequentialSampler)


def _equal(one: Any, other: Any) -> bool:
    pairs = zip(tensors(one), tensors(other), strict=False)
    return all(a.shape == b.shape and torch.equal(a, b) for (_, a), (_, b) in pairs)


def _variance_within(exam: Exam) -> float | None:
    """Variance of the labels inside batches, over that of all: 1 in a shuffled order."""
    parts = [parted(batch)[2] for batch in exam.batches]
    if not all(isinstance(part, Tensor) and len(part) > 1 for part in parts[:-1]):
        return None
    parts = [part for part in parts if isinstance(part, Tensor) and part.dim() and len(part) > 1]
    if any(part.dim() > 2 or (part.dim() == 2 and not part.is_floating_point()) for part in parts):
        return None
    columns = [_columns(part, int(exam.classes or 0)) for part in parts]
    total = torch.cat(columns).var(dim=0).sum()
    sizes = torch.tensor([float(len(part)) for part in columns])
    inside = torch.stack([part.var(dim=0).sum() for part in columns])
    return None if total <= 0 else float((inside * sizes).sum() / sizes.sum() / total)


def _columns(labels: Tensor, classes: int) -> Tensor:
    """Labels as columns of numbers: classes one-hot, (N, C), other numbers as they are, (N, K)."""
    if labels.is_floating_point() or labels.dtype == torch.bool or labels.dim() == 2:
        return labels.float().reshape(len(labels), -1)
    return torch.nn.functional.one_hot(
        labels.clamp(min=0), max(classes, int(labels.max()) + 1)
    ).float()


def train_valid_overlap(exam: Exam) -> Iterator[Finding]:
    loader = exam.training.valid_loader
    if loader is None:
        return
    valid = taken(loader, 200, 4_000)
    if not valid:
        yield finding("empty-loader", "The validation loader gave no batch.")
        return
    shared = _shared_places(exam.training.loader, loader)
    if shared:
        yield finding(
            "train-valid-overlap",
            f"{shared} places of one dataset are in the training part and in the validation part.",
        )
        return
    train = _prints(exam.batches, exam.training.pad_token_id)
    known = _prints(valid, exam.training.pad_token_id)
    twice = sum(each in set(train) for each in known)
    # Rows of few whole numbers may be alike by chance, and are so within the training part, too.
    usual = 1 - len(set(train)) / max(len(train), 1) if _may_repeat(valid[0]) else 0.0
    if twice >= 2 and twice > (0.02 + 2 * usual) * len(known):
        yield finding(
            "train-valid-overlap",
            f"{twice} of {len(known)} validation examples are in the training part as well.",
        )


def _may_repeat(batch: Any) -> bool:
    """Whether examples are so short that two may be alike by chance."""
    values = [x for name, x in tensors(batch) if "mask" not in name]
    if any(x.is_floating_point() and bool((x != x.round()).any()) for x in values):
        return False
    return sum(x[0].numel() for x in values if x.dim()) < 8


def _shared_places(one: Any, other: Any) -> int:
    (first, places), (second, others) = _places(one), _places(other)
    if first is None or first is not second:
        return 0
    return len(set(places) & set(others))


def _places(loader: Any) -> tuple[Any, list[int]]:
    """The dataset that lies under all Subsets, and which of its places the loader takes."""
    dataset = getattr(loader, "dataset", None)
    if dataset is None or not hasattr(dataset, "__len__") or not hasattr(dataset, "indices"):
        return None, []
    places = list(range(len(dataset)))
    while hasattr(dataset, "indices") and hasattr(dataset, "dataset"):
        indices = list(dataset.indices)
        places = [int(indices[place]) for place in places]
        dataset = dataset.dataset
    return dataset, places


def _prints(batches: list[Any], pad: int | None) -> list[bytes]:
    """What tells one example from another, one for each: its inputs, without padding."""
    found = []
    for batch in batches:
        args, kwargs, _ = parted(batch)
        mask = next((kwargs[n] for n in kwargs if n == "attention_mask"), None)
        values = [*args, *(value for name, value in kwargs.items() if "mask" not in name)]
        values = [value for value in values if isinstance(value, Tensor) and value.dim()]
        for place in range(size_of(batch)):
            row = [_unpadded(value[place], mask, place, pad) for value in values]
            found.append(b"|".join(part.contiguous().cpu().numpy().tobytes() for part in row))
    return found


def _unpadded(row: Tensor, mask: Tensor | None, place: int, pad: int | None) -> Tensor:
    if row.dim() != 1:
        return row
    if mask is not None and mask.dim() == 2 and mask.shape[1] == len(row):
        return row[mask[place].bool()]
    return row[row != pad] if pad is not None and not row.is_floating_point() else row
