"""Exercise 12.7: do the labels say anything?"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import NO_RETURN, Known, call, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb10._toy import expect_float
from course_lib.exercises.nb12 import _neighbours


def beats_shuffled(
    features: Tensor,
    labels: Tensor,
    shuffles: int = 20,
    generator: torch.Generator | None = None,
) -> tuple[float, float]:
    """(N, F), (N,) -> (accuracy of the nearest other example, the best with shuffled labels)"""
    distances = torch.cdist(features, features).fill_diagonal_(torch.inf)
    nearest = distances.argmin(dim=1)  # (N,)

    def accuracy(labels: Tensor) -> float:
        return (labels[nearest] == labels).float().mean().item()

    orders = [torch.randperm(len(labels), generator=generator) for _ in range(shuffles)]
    return accuracy(labels), max(accuracy(labels[order]) for order in orders)


# On a line, so that the nearest are seen; each but the last has one with its own label.
LINE = [0.5, 1.5, 4.5, 6.0, 7.0, 20.0, 21.5, 23.5]
ON_A_LINE = [0, 0, 1, 1, 1, 2, 2, 3]
NEAREST_ON_IT = [1, 0, 3, 4, 3, 6, 5, 6]
PAIR = (
    "Two numbers come back, with a comma between them: the accuracy with the real labels, then the "
    "best with shuffled ones."
)
NEAREST = "An example's answer is the label of the nearest other one. How many are right?"
FRESH = (
    "Each of the shuffles takes labels[torch.randperm(len(labels), generator=generator)], and asks "
    "for the accuracy with these labels in the place of the real ones: one order for each."
)
TWO_ORDERS = (
    "Two orders were drawn for each shuffle, one for the neighbours and one for the examples. "
    "Shuffle once, and use that list on both sides."
)
SEED = (
    "The order does not come from the generator that was passed: torch.randperm(N, "
    "generator=generator). Without it nobody can repeat what you have found."
)


def _run(
    attempt: Any,
    features: Tensor,
    labels: list[int],
    tried: str,
    shuffles: int | None,
    generator: torch.Generator,
) -> Any:
    """Two numbers, whatever they are."""
    named: dict[str, Any] = {"generator": generator}
    if shuffles is not None:
        named["shuffles"] = shuffles
    inside = "An accuracy is a mean of floats: (... == ...).float().mean()."
    with explaining(RuntimeError, inside, "could not infer output dtype"):
        got = call(attempt, features, torch.tensor(labels), tried=tried, **named)
    expect_that(
        issubclass(type(got), (tuple, list)) and len(got) == 2,
        tried=tried,
        got=got,
        expected="two numbers",
        idea=PAIR if got is not None else NO_RETURN,
    )
    return got


def _expect(
    attempt: Any,
    features: Tensor,
    labels: list[int],
    what: str,
    shuffles: int | None = 5,
    seed: int = 0,
    idea: str = NEAREST,
    known: Sequence[Known] = (),
) -> None:
    """Expect both numbers."""
    tried = f"{what}; {'no `shuffles`' if shuffles is None else f'shuffles={shuffles}'}"
    generator = torch.Generator().manual_seed(seed)
    fresh = generator.get_state()
    got = _run(attempt, features, labels, tried, shuffles, generator)
    nearest = _neighbours.nearest(_neighbours.distances(features))
    orders = _neighbours.orders(len(labels), 20 if shuffles is None else shuffles, seed)
    best = max(_neighbours.shuffled(nearest, labels, orders))
    real = _neighbours.share(nearest, labels)
    known = [
        *known,
        *_neighbours.known_real(features, labels),
        *([Known(best, PAIR)] if best != real else []),
    ]
    expect_float(got[0], real, tried=f"{tried}: the first number", idea=idea, known=known)
    expect_that(
        not torch.equal(generator.get_state(), fresh),
        tried=f"{tried}: the generator afterwards",
        told="as fresh as before: nothing was drawn from it",
        expected="one that has drawn an order for each shuffle",
        idea=SEED,
    )
    extra = _neighbours.orders(len(labels), len(orders) + 1, seed)
    highest = max(_neighbours.shuffled(nearest, labels, extra))
    more = [Known(highest, "One shuffle more than asked.")] if highest > best else []
    twenty = max(_neighbours.shuffled(nearest, labels, _neighbours.orders(len(labels), 20, seed)))
    if twenty != best:
        more.append(Known(twenty, "20 shuffles, where another number is asked: `shuffles`."))
    two = _neighbours.orders(len(labels), 2 * len(orders), seed)
    apart = _neighbours.shuffled_apart(nearest, labels, two)
    more += [Known(apart, TWO_ORDERS)] if apart != best else []
    expect_that(
        not issubclass(type(got[1]), (list, tuple)),
        tried=f"{tried}: the second number",
        got=got[1],
        expected=f"{best:.4f}",
        idea="One accuracy for each shuffle came back. The best of them is asked: max.",
    )
    in_a_row = _neighbours.one_after_another(nearest, labels, orders)
    if type(got[1]) is float and math.isclose(got[1], in_a_row, abs_tol=1e-4):
        return
    expect_float(
        got[1],
        best,
        tried=f"{tried}: the second number",
        idea=FRESH,
        known=[*more, *_neighbours.known_shuffled(features, labels, orders)],
    )


def _line(attempt: Any) -> None:
    """the accuracy of the nearest other example"""
    tried = f"features {LINE} on a line, labels {ON_A_LINE}"
    features = torch.tensor(LINE).unsqueeze(1)
    got = _run(attempt, features, ON_A_LINE, tried, 5, torch.Generator().manual_seed(10))
    orders = _neighbours.orders(8, 5, 10)
    best = max(_neighbours.shuffled(NEAREST_ON_IT, ON_A_LINE, orders))
    known = (
        Known(1.0, _neighbours.OTHER),
        Known(best, PAIR),
        Known(1 / 8, "A share of mistakes. The accuracy is asked."),
        Known(7.0, "A count. The share of all examples is asked: divide by N."),
        Known(87.5, "In per cent. A share is between 0 and 1."),
        Known(
            0.0,
            "The farthest of the others, or those with the largest product. The nearest are asked: "
            "argmin of torch.cdist.",
        ),
        Known(2 / 8, "The angle leaves out the lengths. The Euclidean distance: torch.cdist."),
        Known(3 / 8, "The second nearest of the others. Was the example left out twice?"),
    )
    right = "All but the last, at 23.5, whose nearest is at 21.5, have a nearest with their label."
    expect_float(got[0], 7 / 8, tried=f"{tried}: the first number", idea=right, known=known)


def _cloud(count: int, features: int, seed: int) -> Tensor:
    """Points of several lengths, and none of them as far from two others."""
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(count, features, generator=generator)
    return points * torch.linspace(0.5, 4.0, features)


def _labels(points: Tensor, classes: int, every: int = 4) -> list[int]:
    """Mostly by where a point lies; each so-many-th by nothing."""
    places = points[:, -1].argsort().argsort() * classes // len(points)
    return [
        (place + 1) % classes if number % every == 0 else place
        for number, place in enumerate(places.tolist())
    ]


def _distance(attempt: Any) -> None:
    """by the Euclidean distance, over all features"""
    for size, cloud, shuffles, seed in ((3, 152, 5, 168), (2, 1, 6, 58)):
        points = _cloud(60, size, cloud)
        what = f"60 examples of {size} features, 3 classes"
        _expect(attempt, points, _labels(points, 3), what, shuffles, seed)


def _best(attempt: Any) -> None:
    """the best of so many shuffles, by the generator that was passed"""
    points = _cloud(50, 2, 3)
    for shuffles, seed in ((3, 7), (3, 36), (1, 5), (3, 6), (12, 7), (None, 8)):
        _expect(attempt, points, _labels(points, 4), "50 examples, 4 classes", shuffles, seed)


def _same_place(attempt: Any) -> None:
    """where two examples lie in one place, each is the other's nearest"""
    points = _cloud(20, 2, 7)
    points[8:16] = points[:8]
    labels = [0] * 8 + [1] * 8 + [0, 1, 0, 1]
    what = "20 examples, 8 pairs of them in one place, with different labels"
    known = _neighbours.by_rank(points, labels)
    _expect(attempt, points, labels, what, 5, 11, _neighbours.BY_RANK, known)


def _large(attempt: Any) -> None:
    """for features of any size"""
    points = 1000 * _cloud(40, 3, 8)
    what = "40 examples of 3 features, in thousands"
    near = "A number on the diagonal is too small for features in thousands: put inf there."
    labels = _labels(points, 3)
    _expect(attempt, points, labels, what, 4, 12, NEAREST, (Known(1.0, near),))


def _uneven(attempt: Any) -> None:
    """where one class is common, shuffled labels do well, too"""
    points = _cloud(60, 2, 4)
    labels = [int(number % 10 == 3) for number in range(60)]
    _expect(attempt, points, labels, "60 examples, 54 of them with label 0", 6, 9)


def _without_generator(attempt: Any) -> None:
    """without a generator it runs, too"""
    points = _cloud(64, 2, 5)
    labels = torch.tensor(_labels(points, 8))
    tried = "64 examples, 8 classes, shuffles=3, no generator"
    got = call(attempt, points, labels, 3, tried=tried)
    expect_that(
        issubclass(type(got), (tuple, list)) and len(got) == 2,
        tried=tried,
        got=got,
        expected="two numbers",
        idea=PAIR,
    )
    expect_that(
        issubclass(type(got[1]), (int, float)) and 0 <= got[1] <= 1,
        tried=f"{tried}: the second number",
        got=got[1],
        expected="a share between 0 and 1",
        idea="generator=None is PyTorch's own: hand it on as it is.",
    )


def _any_type(attempt: Any) -> None:
    """for other types, and labels of any number"""
    points = _cloud(30, 5, 6)
    labels = [100 * label + 7 for label in _labels(points, 2)]
    what = "30 examples, 5 features in float64, labels 7 and 107"
    _expect(attempt, points.double(), labels, what, 4, 10)


EXERCISE = Exercise(
    "12.7",
    "Better than shuffled",
    12,
    beats_shuffled,
    (_line, _distance, _best, _same_place, _large, _uneven, _without_generator, _any_type),
    (
        "Who is nearest does not depend on the labels: find it once, then ask with each labels.",
        (
            "torch.cdist(features, features) has all distances, (N, N). Put inf on the diagonal, "
            "take argmin(dim=1), and compare labels[nearest] with labels."
        ),
        (
            "def accuracy(labels): return (labels[nearest] == labels).float().mean().item(). Then "
            "the max of it for labels[torch.randperm(len(labels), generator=generator)]."
        ),
    ),
)
