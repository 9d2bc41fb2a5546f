"""Exercise 06.4: where the model is wrong, and sure."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb06 import _toy


def confident_mistakes(probabilities: Tensor, labels: Tensor, k: int) -> Tensor:
    """(N, C), (N,) -> (k,), the places of the surest wrong answers, the surest first"""
    sureness, answers = probabilities.max(dim=1)  # (N,) both
    wrong = (answers != labels).nonzero().flatten()  # places
    order = sureness[wrong].argsort(descending=True)
    return wrong[order][:k]


PROBABILITIES = torch.tensor(
    [
        [0.70, 0.20, 0.10],
        [0.01, 0.58, 0.41],
        [0.05, 0.90, 0.05],
        [0.72, 0.14, 0.14],
        [0.275, 0.275, 0.45],
        [0.02, 0.97, 0.01],
    ]
)
LABELS = torch.tensor([0, 2, 1, 1, 1, 1])  # wrong: 1 (0.58), 3 (0.72), 4 (0.45)
MASK = "A mask of True and False. nonzero().flatten() makes places of it."
FLAT = "squeeze() takes the last axis too where there is one of them: flatten()."
TRIED = "six answers; wrong are those at 1, 3 and 4, with the probabilities 0.58, 0.72, 0.45"


def _run(attempt: Any, labels: Tensor, k: int, tried: str) -> Any:
    fewer = "topk and fixed indices want k of them. A slice, [:k], takes as many as there are."
    each = "max() is the largest of all numbers. max(dim=1) gives two things of each row."
    two = "sort() gives two things, the values and the places. argsort() gives the places alone."
    among = "Sort only the mistakes, sureness[wrong]: all examples have more places than wrong has."
    rows = "The largest of each row is max(dim=1). dim=0 goes over the examples."
    with (
        explaining(IndexError, two, "tensor of dimension 1"),
        explaining(IndexError, among, "with size 3"),
        explaining(TypeError, _toy.WHERE, "only integer tensors"),
        explaining(RuntimeError, rows, "must match the size"),
        explaining(RuntimeError, fewer, "selected index k out of range"),
        explaining(TypeError, each, "iteration over a 0-d tensor"),
        explaining(TypeError, FLAT, "len() of a 0-d tensor"),
        explaining(IndexError, FLAT, "of dimension 0"),
        explaining(IndexError, FLAT, "0-dim tensor"),
    ):
        return call(attempt, PROBABILITIES, labels, k, tried=tried)


def _surest(attempt: Any) -> None:
    """the surest wrong answers come first"""
    tried = f"k = 2, {TRIED}"
    wrong = PROBABILITIES[[3, 1]]
    expect(
        _run(attempt, LABELS, 2, tried),
        torch.tensor([3, 1]),
        tried=tried,
        idea="How sure it was is the probability of its own answer, the largest of the row.",
        known=(
            Known(
                torch.tensor([1, 0]),
                "Places among the mistakes alone. To look a sentence up, you need its place among "
                "all: wrong[order].",
            ),
            Known(torch.tensor([5, 2]), "These are right. Leave out where answers == labels."),
            Known(torch.tensor([4, 1]), "The least sure come first. descending=True."),
            Known(
                torch.tensor([3, 4]),
                "Sorted by the label's probability, or by a difference of two. How sure it was is "
                "the largest probability of the row alone.",
            ),
            Known(
                torch.tensor([1, 3]),
                "They are not sorted by how sure the model was, the largest probability of the "
                "row.",
            ),
            Known(
                torch.tensor([], dtype=torch.long),
                "The k surest of all were taken first, and they are right. Leave the right ones "
                "out first, then take k.",
            ),
            Known(torch.tensor([3, 1, 4]), "All of them. Only the first k are wanted."),
            Known(torch.tensor([False, True]), MASK),
            Known(torch.tensor([False, True, False, True, True, False]), MASK),
            Known(torch.tensor([0.72, 0.58]), "These are the probabilities. Return the places."),
            Known(wrong, "These are the rows themselves. Return their places."),
            Known(torch.tensor([[3], [1]]), "nonzero() gives (K, 1): flatten() it."),
            Known(torch.tensor([[[1]], [[1]]]), "nonzero() gives (K, 1): flatten() it."),
            Known(
                torch.tensor([[3, 4, 1], [1, 3, 4]]),
                "Each row was sorted. Take the largest of each row first, max(dim=1).",
            ),
        ),
    )


def _fewer(attempt: Any) -> None:
    """where there are fewer than k, as many as there are"""
    tried = f"k = 10, {TRIED}"
    expect(
        _run(attempt, LABELS, 10, tried),
        torch.tensor([3, 1, 4]),
        tried=tried,
        idea="Three are wrong: return three places.",
        known=(
            Known(
                torch.tensor([3, 1, 4, 5, 2, 0]),
                "The right ones were only put behind. Leave them out.",
            ),
        ),
    )
    labels = PROBABILITIES.argmax(dim=1)
    labels[3] = 1
    tried = "k = 2, and only the answer at 3 is wrong"
    one = "One is wrong: return one place, a tensor of shape (1,)."
    known = Known(torch.tensor(3), FLAT)
    expect(
        _run(attempt, labels, 2, tried), torch.tensor([3]), tried=tried, idea=one, known=(known,)
    )
    tried = "k = 2, and every answer is right"
    expect(
        _run(attempt, PROBABILITIES.argmax(dim=1), 2, tried),
        torch.tensor([], dtype=torch.long),
        tried=tried,
        idea="No mistake, no place: a tensor of shape (0,).",
        known=(Known(torch.tensor([]), _toy.NO_PLACES),),
    )


EXERCISE = Exercise(
    "06.4",
    "Wrong, and sure",
    6,
    confident_mistakes,
    (_surest, _fewer),
    (
        "probabilities.max(dim=1) gives two things: how sure, and the answers.",
        "wrong = (answers != labels).nonzero().flatten() are the places of the mistakes.",
        "wrong[sureness[wrong].argsort(descending=True)][:k]",
    ),
)
