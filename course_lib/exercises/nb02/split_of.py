"""Exercise 02.2: a split that the sentence itself decides."""

import builtins
from collections import Counter
from typing import Any

from course_lib.data import SPLITS, split_of
from course_lib.exercises._checking import call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise

LETTERS = "abcdefghijklmnopqrstuvwxyz"
TEXTS = [f"Draw the {a}{b}{c} line." for a in LETTERS for b in LETTERS for c in "xyz"]  # 2,028
TRIED = "2,028 different sentences"
TWINS = [
    (f"Generate the {word} #1 problem.", f"generate the {word} #3 problem")
    for word in ("Friedman", "Swiss", "moons", "circles", "blobs", "hastie", "spiral", "sparse")
]


def _answers(attempt: Any) -> list:
    with (
        explaining(TypeError, "A hash takes bytes: key_of(text).encode().", "encoded before"),
        explaining(TypeError, "A digest is text. int(digest, 16) is its number.", "not all arg"),
        explaining(ValueError, "The digits are hexadecimal: int(digest, 16).", "literal for int"),
    ):
        return [call(attempt, text, tried=repr(text)) for text in TEXTS]


def _names(attempt: Any) -> None:
    """every sentence gets one of the three names"""
    for text, got in zip(TEXTS, _answers(attempt), strict=True):
        expect_that(
            isinstance(got, str) and got in SPLITS,
            tried=repr(text),
            got=got,
            expected="'train', 'validation' or 'test'",
            idea="Nothing came back. Does every way through the function end in `return`?"
            if got is None
            else "Map the number to a name: one remainder is the test, one the validation, "
            "eight are the training.",
        )


def _again(attempt: Any) -> None:
    """the same sentence gets the same answer, in this session and in the next"""
    first = _answers(attempt)
    expect_that(
        all(_answers(attempt) == first for _ in range(3)),
        tried="the same sentences again",
        told="other answers",
        expected="the same answers",
        idea="A draw at random is another one next time. The sentence has to decide: hash it.",
    )
    original = builtins.hash
    builtins.hash = lambda value: original((value, "another session"))
    try:
        second = _answers(attempt)
    finally:
        builtins.hash = original
    expect_that(
        second == first,
        tried="the same sentences in another session",
        told="other answers",
        expected="the same answers",
        idea="Python salts hash() anew in every session. hashlib's are the same everywhere.",
    )


def _twins(attempt: Any) -> None:
    """two sentences with the same key go the same way"""
    for one, other in TWINS:
        expect(
            call(attempt, other, tried=repr(other)),
            call(attempt, one, tried=repr(one)),
            tried=f"{one!r} and {other!r}",
            idea="Hash key_of(text), not the text: then case, digits and punctuation do not count.",
        )


def _shares(attempt: Any) -> None:
    """about one in ten is for the test, one in ten for validation"""
    counts = Counter(_answers(attempt))
    expect_that(
        len(counts) > 1,
        tried=TRIED,
        told=f"{max(counts)} for each",
        expected="three parts",
        idea="Everything goes the same way. Does the answer depend on a remainder of the hash?",
    )
    for split in ("test", "validation", "train"):
        share = counts[split] / len(TEXTS)
        low, high = (0.74, 0.86) if split == "train" else (0.07, 0.13)
        expect_that(
            low <= share <= high,
            tried=TRIED,
            told=f"{split}: {share:.0%}",
            expected=f"{split}: about {0.8 if split == 'train' else 0.1:.0%}",
            idea=f"No sentence is for the {split}: can the remainder take that value?"
            if share == 0
            else f"That is about one in {1 / share:.0f}. int(digest, 16) % 10 takes ten values "
            "equally often: one is for the test, one for validation.",
        )


EXERCISE = Exercise(
    "02.2",
    "The sentence decides",
    8,
    split_of,
    (_names, _again, _twins, _shares),
    (
        (
            "Turn the key into a number that looks random but is always the same, and look at its "
            "last digit."
        ),
        (
            "hashlib.sha256(key_of(text).encode()).hexdigest() is text; int(..., 16) makes a "
            "number of it."
        ),
        (
            'number % 10 is 0 to 9, each equally often: return "test" for 0, "validation" for 1, '
            'else "train".'
        ),
    ),
)
