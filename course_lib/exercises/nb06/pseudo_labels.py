"""Exercise 06.6: answers that are sure enough to be taken for labels."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb06 import _toy


def pseudo_labels(probabilities: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """(N, C) -> places (K,) of the sure answers, in their order, and what these answers are (K,)"""
    sureness, answers = probabilities.max(dim=1)  # (N,) both
    places = (sureness >= threshold).nonzero().flatten()
    return places, answers[places]


PROBABILITIES = torch.tensor(
    [
        [0.5, 0.25, 0.25],
        [0.0, 0.125, 0.875],
        [0.25, 0.75, 0.0],
        [0.375, 0.3125, 0.3125],
        [1.0, 0.0, 0.0],
    ]
)
TRIED = "answers 0, 2, 1, 0, 0 with the probabilities 0.5, 0.875, 0.75, 0.375, 1"
PLACES, ANSWERS = torch.tensor([1, 2, 4]), torch.tensor([2, 1, 0])


def _sure(attempt: Any) -> None:
    """the places of the sure answers, and the answers there"""
    tried = f"threshold = 0.75; {TRIED}"
    all_answers, sure = torch.tensor([0, 2, 1, 0, 0]), torch.tensor([0.875, 0.75, 1.0])
    mask = torch.tensor([False, True, True, False, True])
    above = torch.tensor([1, 4]), torch.tensor([2, 0])
    lists = "Lists so far; tensors are needed."
    pairs = "Pairs so far. Two tensors are wanted: all the places, and all the labels."
    nothing = torch.tensor([], dtype=torch.long)
    above_idea = 'One stands exactly at the threshold. "At least" is >=.'
    expect(
        call(attempt, PROBABILITIES, 0.75, tried=tried),
        (PLACES, ANSWERS),
        tried=tried,
        idea="Sure are those at 1, 2 and 4; they answer 2, 1 and 0. Return two tensors.",
        known=(
            Known([(1, 2), (2, 1), (4, 0)], pairs),
            Known(((PLACES,), ANSWERS), _toy.WHERE),
            Known((ANSWERS, sure), "Answers and probabilities. Return places and answers."),
            Known(
                (nothing, nothing),
                "Nobody was sure. They are probabilities already: a second softmax evens them out.",
            ),
            Known(
                (torch.tensor([0, 1, 2]), torch.tensor([4, 2, 1])),
                "max(dim=0) goes over the examples. The largest of each row is max(dim=1).",
            ),
            Known(
                torch.tensor([-1, 2, 1, -1, 0]),
                "Leave out those that are not sure, and return the places of the others too.",
            ),
            Known(above, above_idea),
            Known((mask, ANSWERS), "A mask of True and False: nonzero().flatten() makes places."),
            Known((PLACES, all_answers), "The answers of all. Only those at the places belong."),
            Known((PLACES, sure), "These are the probabilities. The labels are which class."),
            Known((ANSWERS, PLACES), "Turned round: first the places, then the labels."),
            Known((PLACES.unsqueeze(1), ANSWERS.unsqueeze(1)), "(K, 1), not (K,): flatten()."),
            Known((PLACES.unsqueeze(1), ANSWERS), "nonzero() gives (K, 1): flatten() it."),
            Known(
                (torch.tensor([4, 1, 2]), torch.tensor([0, 2, 1])),
                "Sorted by sureness. In the order of the examples is easier to check.",
            ),
            Known(
                (torch.tensor([1, 2, 4]), torch.tensor([0, 2, 1])),
                "These answers belong to the first places, not to the sure ones.",
            ),
            Known(
                (torch.tensor([1, 2, 4]), torch.tensor([1, 1, 1])),
                "These are not the classes with the largest probability.",
            ),
            Known(ANSWERS, "The labels alone. Without their places nobody knows whose they are."),
            Known(PLACES, "The places alone. Return both: places, labels."),
            Known(
                torch.stack([PLACES, ANSWERS]),
                "One tensor of two rows. Return two: places, labels.",
            ),
            Known((PLACES.tolist(), ANSWERS.tolist()), lists),
            Known((PLACES.tolist(), ANSWERS), lists),
        ),
    )


def _one_sure(attempt: Any) -> None:
    """one is sure: two tensors of shape (1,)"""
    tried = f"threshold = 0.9; {TRIED}"
    expect(
        call(attempt, PROBABILITIES, 0.9, tried=tried),
        (torch.tensor([4]), torch.tensor([0])),
        tried=tried,
        idea="Sure is only the one at 4, which answers 0.",
        known=(
            Known(
                (torch.tensor(4), torch.tensor(0)),
                "squeeze() takes the last axis too where there is one of them: flatten().",
            ),
        ),
    )


def _none_sure(attempt: Any) -> None:
    """nobody is sure: two tensors of shape (0,)"""
    tried = "threshold = 0.95, and the largest probability is 0.875"
    nothing = torch.tensor([], dtype=torch.long)
    expect(
        call(attempt, PROBABILITIES[:4], 0.95, tried=tried),
        (nothing, nothing),
        tried=tried,
        idea="No place, no label. nonzero() and indexing give that without a special case.",
        known=(Known((torch.tensor([]), torch.tensor([])), _toy.NO_PLACES),),
    )


def _all_sure(attempt: Any) -> None:
    """a threshold of 0 takes every example, once"""
    tried = f"threshold = 0; {TRIED}"
    expect(
        call(attempt, PROBABILITIES, 0.0, tried=tried),
        (torch.arange(5), torch.tensor([0, 2, 1, 0, 0])),
        tried=tried,
        idea="Each example has one answer, its largest probability, and only that one is compared "
        "with the threshold. Several classes of a row may be above it.",
    )


EXERCISE = Exercise(
    "06.6",
    "Sure enough for a label",
    5,
    pseudo_labels,
    (_sure, _all_sure, _one_sure, _none_sure),
    (
        "probabilities.max(dim=1) gives how sure, and the answers.",
        "(sureness >= threshold).nonzero().flatten() are the places.",
        "return places, answers[places]",
    ),
)
