"""Do the inputs say anything about the labels? Asked of shuffled labels as well."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.doctor._exam import Exam
from course_lib.doctor._training import parted, tensors

MOST = 500  # examples
LEAST = 64
SHUFFLES = 200


def relation(exam: Exam) -> tuple[float, int] | None:
    """How many standard deviations better true labels are told than shuffled ones; examples."""
    features, labels = _features(exam), _labels(exam)
    if not features or labels is None or len(labels) < LEAST:
        return None
    labels = labels[:MOST]
    if float(labels.var(dim=0).sum()) == 0:
        return None
    found = [
        better_than_shuffled(kernel, labels[: len(x)])
        for x in features
        for kernel in _kernels(x[:MOST])
    ]
    return (max(found), len(labels)) if found else None


def better_than_shuffled(kernel: Tensor, labels: Tensor) -> float:
    """Kernel ridge regression, each example told from all others, (N, N), (N, K)."""
    count = len(labels)
    centre = torch.eye(count) - 1 / count
    kernel = centre @ kernel @ centre
    strength = 0.1 * kernel.diagonal().mean().clamp(min=1e-9)
    hat = torch.linalg.solve(kernel + strength * torch.eye(count), kernel)  # (N, N)
    # told from the others: the residual over 1 - its own share (leave one out)
    own = (1 - hat.diagonal()).clamp(min=1e-3).unsqueeze(1)

    generator = torch.Generator().manual_seed(0)
    orders = [torch.randperm(count, generator=generator) for _ in range(SHUFFLES)]
    labels = labels - labels.mean(dim=0)
    dealt = torch.stack([labels, *(labels[order] for order in orders)], dim=1)  # (N, S + 1, K)
    misses = (dealt - (hat @ dealt.flatten(1)).view_as(dealt)) / own.unsqueeze(1)
    told = -misses.square().sum(dim=(0, 2)) / labels.square().sum()  # (S + 1,)
    chance = told[1:]
    return float((told[0] - chance.mean()) / chance.std().clamp(min=1e-9))


def _kernels(x: Tensor) -> list[Tensor]:
    """A linear one, and one for which only near examples are alike."""
    x = (x - x.mean(dim=0)) / x.std(dim=0).clamp(min=1e-6)
    distances = torch.cdist(x, x).square()
    middle = distances.median().clamp(min=1e-6)
    return [x @ x.T / x.shape[1], (-2.0 * distances / middle).exp()]


def _features(exam: Exam) -> list[Tensor]:
    """Inputs as rows of numbers: the inputs themselves, the tokens counted, their places."""
    floats, bags = [], []
    for batch in exam.batches:
        named = dict(tensors(batch))
        here = [
            x.float().flatten(1)
            for n, x in named.items()
            if x.is_floating_point() and "mask" not in n
        ]
        floats.append(torch.cat(here, dim=1) if here and all(x.dim() > 1 for x in here) else None)
        ids = named.get(exam.tokens) if exam.tokens else None
        bags.append(ids)
    found = [_joined(floats)]
    if all(ids is not None and ids.dim() == 2 for ids in bags):
        most = int(max(ids.max() for ids in bags)) + 1
        if most <= 50_000:
            found.append(torch.cat([_counts(ids, most) for ids in bags])[:MOST])
            width = min(ids.shape[1] for ids in bags)
            found.append(_first_and_last(bags, min(width, 16)))
    return [x for x in found if x is not None and x.shape[1] and len(x) >= LEAST]


def _joined(parts: list[Tensor | None]) -> Tensor | None:
    if not parts or any(part is None for part in parts):
        return None
    widths = {part.shape[1] for part in parts}
    return torch.cat(parts)[:MOST].cpu() if len(widths) == 1 else None


def _counts(ids: Tensor, most: int) -> Tensor:
    counts = torch.zeros(len(ids), most)
    return counts.scatter_add_(1, ids.long(), torch.ones(ids.shape)).clamp(max=4)


def _first_and_last(bags: list[Tensor], width: int) -> Tensor | None:
    """Which token stands at which of the first places, for a small vocabulary."""
    ids = torch.cat([ids[:, :width] for ids in bags])[:MOST]
    most = int(ids.max()) + 1
    return F.one_hot(ids.long(), most).flatten(1).float() if most * width <= 4_096 else None


def _labels(exam: Exam) -> Tensor | None:
    """As columns, (N, K): one-hot for classes; None for labels of tokens."""
    found = [parted(batch)[2] for batch in exam.batches]
    if not all(isinstance(labels, Tensor) and labels.dim() in (1, 2) for labels in found):
        return None
    if len({labels.shape[1:] for labels in found}) > 1:
        return None
    labels = torch.cat(found).cpu()
    if labels.is_floating_point() or labels.dtype == torch.bool:
        return labels.float().reshape(len(labels), -1)
    if labels.dim() > 1 or exam.classes is None or exam.is_pairwise or int(labels.min()) < 0:
        return None
    return F.one_hot(labels.unique(return_inverse=True)[1]).float()  # of the classes that occur
