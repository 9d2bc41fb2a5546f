"""Exercise 12.8: one answer for all."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect, explaining
from course_lib.exercises._exercise import Exercise


def only_answer(logits: Tensor) -> int | None:
    """(N, C) -> the class, if all examples get the same answer; None if they do not"""
    answers = logits.argmax(dim=1).unique()
    return answers.item() if len(answers) == 1 else None


LARGEST = "An example's answer is the class of its largest logit: argmax over the classes, dim=1."
WANTED = "If all examples get one answer, that class comes back, as a number."
PLAIN = (
    "The class is right, and it stands in a tensor. .item() makes a plain number of it, which "
    "prints and compares as one."
)
NO_OTHER = "Where the examples get several answers there is no such class: return None."
ZERO = (
    "Class 0 counts as False: `if answer` and `answer or ...` lose it. Ask `is not None`, or len."
)
COLUMNS = "argmax(dim=0) asks each class for its example. Ask each example for its class: dim=1."
FLAT = "argmax() without dim counts through all numbers, row after row. Ask each row: dim=1."
MEAN = (
    "Something was averaged or added up over the examples first, and the largest taken then. Take "
    "each example's own answer first."
)
SEVERAL = "The answers are several, and 0 is a class like the others: return None."
CANCELS = (
    "Some answers are above the first one and some below, and their differences or their mean "
    "cancel. Compare each with the first, or count the different ones: .unique()."
)
NEARLY = "Nearly all is not all: one example gets another answer. Compare each, with no bound."
RUNS = "The same other answer is there in two places. Compare each answer, wherever it stands."
DIFFER = (
    "The logits differ from example to example, and all have their largest in one place: compare "
    "the answers, and not the logits."
)


def _expect(attempt: Any, rows: list, expected: int | None, what: str, *known: Known) -> None:
    logits = torch.tensor(rows)
    tried = what if logits.numel() > 16 else f"logits {rows}: {what}"
    several = "These are several numbers, and .item() is for one. How many answers are there?"
    with (
        explaining(RuntimeError, several, "cannot be converted to Scalar"),
        explaining(AssertionError, NO_OTHER),
        explaining(ValueError, NO_OTHER, "unpack"),
    ):
        got = call(attempt, logits, tried=tried)
    if expected is None:
        known += tuple(
            Known(value, NO_OTHER) for value in (False, True, -1, "", "None", [], torch.tensor(-1))
        )
        answers = [row.index(max(row)) for row in rows]
        if 0 not in answers:
            known += (Known(0, SEVERAL),)
        commonest = max(answers, key=answers.count)
        known += (
            Known(
                commonest,
                "Most examples get this answer, and not all of them. One that gets another is "
                "enough: then there is no only answer.",
            ),
            Known(answers[0], "The first example's answer. Do all the others get the same?"),
            Known(answers[-1], "The last example's answer. Do all the others get the same?"),
            Known(
                sorted(answers)[(len(answers) - 1) // 2],
                "The median of the answers: classes have no middle. Do all get the same?",
            ),
        )
    else:
        known += (
            Known(True, "Which class is it? The number is asked, and no yes or no."),
            Known(torch.tensor(expected), PLAIN),
            Known(torch.tensor([expected]), PLAIN),
            Known(
                torch.tensor([expected] * len(rows)), "An answer for each example: one is asked."
            ),
            Known(float(expected) + 0.5, WANTED),
        )
    expect(
        got, expected, tried=tried, idea=WANTED if expected is not None else NO_OTHER, known=known
    )


def _one(attempt: Any) -> None:
    """where all examples get one answer, the class comes back"""
    rows = [[3.0, 1.0, 5.0, 0.0]] * 4
    known = (
        Known(None, LARGEST),
        Known(0, COLUMNS),
        Known(3, "The class of the smallest logit. The largest is the answer: argmax."),
        Known(5.0, "This is the largest logit. Its place is asked, the class: argmax."),
        Known(torch.tensor(5.0), "This is the largest logit. Its place is asked: argmax."),
    )
    _expect(attempt, rows, 2, "all have their largest in column 2", *known)
    rows = [[3.0, 1.0, 5.0, 0.0], [3.0, 1.0, 6.0, 0.0]]
    known = Known(6, FLAT), Known(None, DIFFER), *known
    _expect(attempt, rows, 2, "all have their largest in column 2", *known)


def _several(attempt: Any) -> None:
    """where they get several, None comes back"""
    rows = [[*row, 1.5] for row in _rows([4, 1, 1, 2, 3], 5)]  # the largest mean is in column 5
    _expect(attempt, rows, None, "the answers are 4, 1, 1, 2 and 3", Known(5, MEAN))
    for answers in ([0, 0, 0, 2], [2, 0, 0, 0]):
        shown = ", ".join(map(str, answers))
        _expect(attempt, _rows(answers, 4), None, f"the answers are {shown}")


def _rows(answers: list[int], C: int) -> list[list[float]]:
    """Logits that have these answers."""
    return [[2.0 if column == answer else 0.0 for column in range(C)] for answer in answers]


def _wherever(attempt: Any) -> None:
    """one other answer is enough, wherever it stands"""
    for answers, idea in (
        ([2, 1, 2, 1, 2], RUNS),
        ([0, 1, 1, 0, 0, 1, 0], RUNS),
        ([1, 0, 2], CANCELS),
        ([1, 2, 0, 1], CANCELS),
    ):
        shown = f"the answers are {', '.join(map(str, answers))}"
        known = [Known(answer, idea) for answer in sorted(set(answers))]
        _expect(attempt, _rows(answers, 3), None, shown, *known)
    for place in (0, 150, 399):
        answers = [1] * 400
        answers[place] = 2
        shown = f"400 examples: all answers are 1, but that of example {place}, which is 2"
        known = Known(1, NEARLY), Known(2, NEARLY)
        _expect(attempt, _rows(answers, 3), None, shown, *known)


def _zero(attempt: Any) -> None:
    """class 0 is a class like the others"""
    rows = [[2.0, 1.0]] * 3
    _expect(attempt, rows, 0, "all answers are 0", Known(None, ZERO), Known(False, ZERO))


def _differing(attempt: Any) -> None:
    """what counts are the answers, and not the logits"""
    rows = [[0.0, 9.0, 1.0], [-4.0, -2.0, -3.0], [0.25, 0.5, 0.0], [5.0, 6.0, 5.5]]
    _expect(attempt, rows, 1, "the logits differ, all answers are 1", Known(None, DIFFER))
    near = [[0.5, 0.4999], [0.4999, 0.5], [0.5, 0.4999]]
    close = (
        "The logits are nearly the same, and the answers are not: 0, 1 and 0. Compare the answers, "
        "with no tolerance on the logits."
    )
    _expect(attempt, near, None, "the answers are 0, 1 and 0", Known(0, close), Known(1, close))


def _each_by_itself(attempt: Any) -> None:
    """each example answers for itself"""
    rows = [[9.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    _expect(attempt, rows, None, "the answers are 0, 1 and 1", Known(0, MEAN))
    column = [[3.0, 4.0, 1.0], [0.0, 5.0, 2.0], [1.0, 2.0, 0.0]]
    _expect(attempt, column, 1, "all answers are 1", Known(None, COLUMNS))


def _any_shape(attempt: Any) -> None:
    """for any number of examples and classes"""
    for N, C, answer in ((1, 4, 3), (1, 2, 0), (5, 1, 0), (40, 12, 7), (3, 100, 99)):
        rows = [[(row * column) % 5 / 10 for column in range(C)] for row in range(N)]
        for row in rows:
            row[answer] = 1.0
        known = Known(None, ZERO) if answer == 0 else Known(None, LARGEST)
        _expect(attempt, rows, answer, f"N = {N}, C = {C}, all answers are {answer}", known)
        if N > 1 and C > 1:
            rows[N // 2][(answer + 1) % C] = 2.0
            _expect(attempt, rows, None, f"N = {N}, C = {C}, one answer is another")


EXERCISE = Exercise(
    "12.8",
    "One answer for all",
    4,
    only_answer,
    (_one, _several, _zero, _differing, _each_by_itself, _wherever, _any_shape),
    (
        "First the answer of each example. Then: how many different ones are there?",
        "logits.argmax(dim=1) has the answers; .unique() leaves one of each.",
        "answers = logits.argmax(dim=1).unique(); answers.item() if len(answers) == 1, else None.",
    ),
)
