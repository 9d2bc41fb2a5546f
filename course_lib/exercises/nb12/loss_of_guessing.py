"""Exercise 12.1: what a model that knows nothing pays."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.exercises._checking import NO_RETURN, Known, call, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb10._toy import expect_float, rounded


def loss_of_guessing(labels: Tensor, classes: int) -> tuple[float, float]:
    """(N,), C -> (log C, the loss of always answering with the labels' shares)"""
    shares = labels.bincount(minlength=classes) / len(labels)
    shares = shares[shares > 0]  # 0 log 0 counts as 0
    return math.log(classes), -(shares * shares.log()).sum().item()


PAIR = "Two numbers come back, with a comma between them: log C first, then the shares' loss."
EQUAL = "With equal probabilities, every label has 1/C, and -log(1/C) is log C: for any labels."
SHARES = (
    "A label of class c costs -log of its share p_c, and a share p_c of the labels is of class c: "
    "the mean is the sum of -p_c log p_c."
)
ABSENT = (
    "A class without labels costs nothing: 0 log 0 counts as 0. log(0) is -inf, and 0 * -inf is "
    "NaN, so leave out the shares that are 0."
)
SMOOTHED = (
    "1 was added to each count, and the shares are no longer those of the labels. Leave out the "
    "shares that are 0."
)
ONE_NUMBER = "math.log takes one number. A tensor has its own: shares.log(), number by number."
ALMOST = "Rounded: give the loss itself."


def _tried(labels: list[int], classes: int) -> str:
    shown = labels if len(labels) < 13 else f"{len(labels)} of them"
    return f"labels {shown}, C = {classes}"


def _expect(
    attempt: Any, labels: list[int], classes: int, idea: str = SHARES, both: bool = True
) -> None:
    """Expect both numbers, or the first alone, each with its own known mistakes."""
    tried = _tried(labels, classes)
    with (
        explaining(ValueError, ONE_NUMBER, "one element"),  # the outer one has the last word
        explaining(ValueError, ABSENT),
        explaining(ZeroDivisionError, ABSENT),
    ):
        got = call(attempt, torch.tensor(labels), classes, tried=tried)
    first, second = math.log(classes), _paid(labels)
    expect_that(
        issubclass(type(got), (tuple, list)) and len(got) == 2,
        tried=tried,
        got=got,
        expected=f"two numbers, ({first:.4f}, {second:.4f})",
        idea=PAIR if got is not None else NO_RETURN,
    )
    expect_that(
        not any(issubclass(type(each), str) for each in got),
        tried=tried,
        got=got,
        expected=f"two numbers, ({first:.4f}, {second:.4f})",
        idea="Text came back. Numbers are asked: no quotes, and no f-string.",
    )
    expect_float(
        got[0],
        first,
        tried=f"{tried}: the first number",
        idea=EQUAL,
        known=(
            *_known_of_equal(labels, classes),
            Known(second, PAIR),
            *rounded(first, ALMOST),
        ),
    )
    if not both:
        return
    expect_float(
        got[1],
        second,
        tried=f"{tried}: the second number",
        idea=idea,
        known=(*_known_of_shares(labels, classes), *rounded(second, ALMOST)),
    )


def _paid(labels: list[int]) -> float:
    """The same by the definition: the mean over the examples."""
    return sum(-math.log(labels.count(label) / len(labels)) for label in labels) / len(labels)


def _known_of_equal(labels: list[int], classes: int) -> tuple[Known, ...]:
    seen = len(set(labels))
    return (
        Known(math.log2(classes), "In bits. PyTorch's cross-entropy takes the natural logarithm."),
        Known(math.log10(classes), "log10. PyTorch's cross-entropy takes the natural logarithm."),
        Known(
            -math.log(classes), "The sign: a loss is -log of the probability, and -log(1/C) > 0."
        ),
        Known(1 / classes, "This is the probability. The loss is -log of it."),
        Known(
            math.log(seen),
            "The classes were counted in the labels. The head has C, whether they occur or not.",
        ),
        Known(math.log(len(labels)), "N was counted. The probability of each class is 1/C."),
        Known(
            math.log(max(labels) + 1),
            "max + 1 misses classes that come after the last label. The head has C.",
        ),
    )


def _known_of_shares(labels: list[int], classes: int) -> tuple[Known, ...]:
    shares = [labels.count(label) / len(labels) for label in sorted(set(labels))]
    paid, costs = _paid(labels), [-math.log(share) for share in shares]
    as_logits = torch.tensor([labels.count(label) / len(labels) for label in range(classes)])
    softmaxed = F.cross_entropy(as_logits.expand(len(labels), -1), torch.tensor(labels)).item()
    smoothed = [(labels.count(label) + 1) / (len(labels) + classes) for label in range(classes)]
    added = sum(-math.log(smoothed[label]) for label in labels) / len(labels)
    return (
        Known(math.nan, ABSENT),
        Known(math.inf, ABSENT),
        Known(-math.inf, ABSENT),
        Known(-paid, "The sign: log of a share is below 0, and a loss is -log."),
        Known(paid / math.log(2), "In bits. PyTorch's cross-entropy takes the natural logarithm."),
        Known(
            paid / math.log(classes),
            "Divided by log C: a share of the loss of guessing. The loss itself is asked.",
        ),
        Known(paid * len(labels), "A sum over the examples. The loss is their mean: divide by N."),
        Known(
            sum(costs) / len(costs),
            "Each class counts the same here. A class with many labels is paid for more often: "
            "weigh each -log p by its share p.",
        ),
        Known(sum(costs), "The sum of -log p. Weigh each by its share p: -p log p."),
        Known(
            paid / classes,
            "The mean over the classes. Weighed by their shares they are added up: .sum().",
        ),
        Known(
            min(costs),
            "The loss of the most frequent class alone. The others count too, and cost more.",
        ),
        Known(
            softmaxed,
            "cross_entropy takes logits and makes a softmax of them: the shares went through one. "
            "The logits whose softmax is the shares are shares.log().",
        ),
        *(Known(value, SMOOTHED) for value in (added, sum(-p * math.log(p) for p in smoothed))),
        Known(1 - max(shares), "A share of wrong answers. The cross-entropy is asked: -p log p."),
        Known(max(shares), "The accuracy of the most frequent class. The cross-entropy is asked."),
        Known(math.log(classes), "Equal probabilities, once more. The second knows the labels."),
        Known(
            -math.log(sum(share * share for share in shares)),
            "-log of the mean probability. The loss is the mean of -log: first the logarithm.",
        ),
        Known(
            math.log(classes) - paid,
            "How much is saved against equal guessing. The loss itself is asked.",
        ),
    )


def _equal(attempt: Any) -> None:
    """equal probabilities cost log C, whatever the labels"""
    for labels, classes in (([2, 0, 2, 2, 0], 4), ([4, 0, 4, 4, 1, 4], 10)):
        _expect(attempt, labels, classes, both=False)


def _uneven(attempt: Any) -> None:
    """the labels' shares cost less, where they are uneven"""
    _expect(attempt, [2, 0, 2, 1, 2, 2, 0, 2], 3)
    _expect(attempt, [0, 0, 1, 0], 2)


def _absent(attempt: Any) -> None:
    """a class without labels costs nothing"""
    _expect(attempt, [0, 0, 2, 2, 2], 4, idea=ABSENT)
    _expect(attempt, [3, 1, 1, 1], 6, idea=ABSENT)


def _one(attempt: Any) -> None:
    """where all labels are the same, knowing it makes the loss 0"""
    idea = "There is one share, 1, and -1 * log 1 is 0: always answering so is always right."
    for labels, classes in (([0, 0, 0], 2), ([4, 4], 5), ([6], 7)):
        _expect(attempt, labels, classes, idea=idea)


def _any_number(attempt: Any) -> None:
    """for any number of labels and classes"""
    for count, classes in ((17, 3), (100, 5), (64, 40), (301, 2)):
        labels = [(number * number + number // 3) % classes for number in range(count)]
        _expect(attempt, labels, classes)


EXERCISE = Exercise(
    "12.1",
    "The loss of guessing",
    6,
    loss_of_guessing,
    (_equal, _uneven, _absent, _one, _any_number),
    (
        "The cross-entropy of one example is -log of its label's probability. What is it for 1/C?",
        (
            "shares = labels.bincount(minlength=classes) / len(labels). A share p of the examples "
            "pays -log p. What does a share of 0 pay?"
        ),
        (
            "shares = shares[shares > 0]; then math.log(classes) and "
            "-(shares * shares.log()).sum().item()"
        ),
    ),
)
