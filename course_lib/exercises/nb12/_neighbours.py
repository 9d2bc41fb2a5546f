"""Nearest neighbours pair by pair, shuffled labels, and what mistakes with them give."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.exercises._checking import Known

OTHER = (
    "Nearest to each example is the example itself, at distance 0, and it always has its own "
    "label. Put inf on the diagonal of the distances, fill_diagonal_."
)

SCALED = (
    "The features were scaled first, and others are the nearest then. The distance is asked of the "
    "features as they come."
)
BY_RANK = (
    "Two examples lie in one place, at distance 0 like the example itself: the second nearest may "
    "be the example. Leave it out by its place: inf on the diagonal."
)


def distances(features: Tensor, kind: str = "euclidean") -> list[list[float]]:
    """By the definition, pair by pair."""
    measure: dict[str, Callable] = {
        "euclidean": math.dist,
        "manhattan": lambda a, b: sum(abs(x - y) for x, y in zip(a, b, strict=True)),
        "largest": lambda a, b: max(abs(x - y) for x, y in zip(a, b, strict=True)),
        "cubes": lambda a, b: sum(abs(x - y) ** 3 for x, y in zip(a, b, strict=True)),
        "first": lambda a, b: abs(a[0] - b[0]),
        "product": lambda a, b: -sum(x * y for x, y in zip(a, b, strict=True)),
        "angle": _angle,
    }
    rows = features.double().tolist()
    return [[measure[kind](one, other) for other in rows] for one in rows]


def _angle(a: list[float], b: list[float]) -> float:
    lengths = math.hypot(*a) * math.hypot(*b)
    return -sum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0.0


def nearest(distances: list[list[float]], which: int = 0) -> list[int]:
    """For each the nearest other one, or with another `which` the next, or -1, the farthest."""
    return [
        sorted((d, other) for other, d in enumerate(row) if other != one)[which][1]
        for one, row in enumerate(distances)
    ]


def _scaled(features: Tensor) -> list[Tensor]:
    """Standardised, and from 0 to 1: another distance."""
    low, high = features.amin(dim=0), features.amax(dim=0)
    return [
        (features - features.mean(dim=0)) / features.std(dim=0),
        (features - low) / (high - low),
    ]


def share(nearest: list[int], labels: list[int], truth: list[int] | None = None) -> float:
    truth = labels if truth is None else truth
    right = sum(labels[near] == own for near, own in zip(nearest, truth, strict=True))
    return right / len(labels)


def orders(count: int, shuffles: int, seed: int) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randperm(count, generator=generator).tolist() for _ in range(shuffles)]


def shuffled(nearest: list[int], labels: list[int], orders: list[list[int]]) -> list[float]:
    return [share(nearest, [labels[place] for place in order]) for order in orders]


def shuffled_apart(nearest: list[int], labels: list[int], orders: list[list[int]]) -> float:
    """The best where neighbours and examples get an order each."""
    given = [[labels[place] for place in order] for order in orders]
    pairs = zip(given[::2], given[1::2], strict=True)
    return max(share(nearest, one, other) for one, other in pairs)


def one_after_another(nearest: list[int], labels: list[int], orders: list[list[int]]) -> float:
    """The best where each shuffle shuffles what the one before has left: as good an answer."""
    found = []
    for order in orders:
        labels = [labels[place] for place in order]
        found.append(share(nearest, labels))
    return max(found)


def known_real(features: Tensor, labels: list[int]) -> list[Known]:
    real = distances(features)
    right = share(nearest(real), labels)
    others = {
        "manhattan": "The sum of the differences is another distance. Euclidean: torch.cdist.",
        "cubes": "p=3 is another distance. Euclidean is p=2: torch.cdist as it is.",
        "largest": "The largest difference is another distance. Euclidean: torch.cdist.",
        "first": "The first feature alone. All of them count: torch.cdist.",
        "product": "The largest product is not the nearest: it likes long vectors. torch.cdist.",
        "angle": "The angle leaves out the lengths. The Euclidean distance: torch.cdist.",
    }
    found = [
        (share(nearest(distances(features, kind)), labels), idea) for kind, idea in others.items()
    ]
    found += [
        (share(nearest(distances(scaled)), labels), SCALED) for scaled in _scaled(features.double())
    ]
    found += [
        (1.0, OTHER),
        (share(nearest(real, -1), labels), "The farthest: argmin has the nearest."),
        (
            share(nearest(real, 1), labels),
            "The second nearest of the others. Was the example left out twice?",
        ),
        (1 - right, "A share of mistakes. The accuracy is asked."),
        (right * len(labels), "A count. The share of all examples is asked: divide by N."),
        (100 * right, "In per cent. A share is between 0 and 1."),
        (max(map(labels.count, labels)) / len(labels), "The share of the most frequent label."),
    ]
    return [Known(value, idea) for value, idea in found if abs(value - right) > 1e-4]


def known_shuffled(features: Tensor, labels: list[int], orders: list[list[int]]) -> list[Known]:
    near = nearest(distances(features))
    each = shuffled(near, labels, orders)
    permuted = [[labels[place] for place in order] for order in orders]
    one_side = (
        "Only one side was shuffled: the neighbours' labels, or the examples' own. Shuffle once, "
        "and use the shuffled labels in the place of the real ones, on both sides."
    )
    found = [
        (sum(each) / len(each), "The mean over the shuffles. The best is asked: max."),
        (min(each), "The lowest of the shuffles. The best is asked: max."),
        (each[-1], "The last shuffle alone. Keep all of them, or the best so far."),
        (each[0], "The first shuffle alone. Does a return or break stand inside the loop?"),
        (sorted(each)[len(each) // 2], "The median. The best is asked: max."),
        (
            share(near, labels),
            "The accuracy with the real labels, once more. Was anything shuffled?",
        ),
        (max(share(near, labels, own) for own in permuted), one_side),
        (max(share(near, other, labels) for other in permuted), one_side),
        (max(share([near[n] for n in order], labels) for order in orders), one_side),
        (
            max(shuffled(near, labels, [_inverse(order) for order in orders])),
            "Features were shuffled. Shuffle labels[torch.randperm(...)]; features stay.",
        ),
        (1.0, OTHER),
        (max(each) * len(labels), "A count. The share of all examples is asked: divide by N."),
    ]
    if len(each) > 1:
        fewer = "One shuffle less than asked: `shuffles` orders, from the first to the last."
        found = [(max(each[:-1]), fewer), (max(each[1:]), fewer), *found]
    return [Known(value, idea) for value, idea in found if abs(value - max(each)) > 1e-4]


def _inverse(order: list[int]) -> list[int]:
    return sorted(range(len(order)), key=order.__getitem__)


def by_rank(features: Tensor, labels: list[int]) -> list[Known]:
    """Where the second of each sorted row is taken for the nearest other one."""
    rows = distances(features)
    found = []
    for side in (1, -1):
        seconds = [
            sorted((d, side * other, other) for other, d in enumerate(row))[1][2] for row in rows
        ]
        found.append(Known(share(seconds, labels), BY_RANK))
    return found
