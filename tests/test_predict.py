"""course_lib.predict: a guess first, then the answer, then the score."""

import math

import numpy as np
import pytest
import torch

from course_lib import _memory
from course_lib.predict import agree, predict
from tests.exercises.nonsense import Ghost


class Angry:
    def __eq__(self, other):
        raise ValueError("no")

    __hash__ = None

    def __repr__(self):
        raise ValueError("no")


SECRET = (17, 23)


def said(capsys, *args, **named):
    predict(*args, **named)
    return capsys.readouterr().out


def test_without_a_guess_nothing_of_the_answer_is_shown_and_nothing_is_counted(capsys):
    out = said(capsys, "01.3 shape", guess=None, actual=SECRET)
    assert out.startswith("Prediction 01.3 shape · your guess first\n")
    assert "17" not in out
    assert _memory.prediction_score("01") == (0, 0)


def test_without_a_guess_the_choices_are_shown(capsys):
    assert "One of: 1, 'two'" in said(capsys, "01.3", actual=1, choices=(1, "two"))


@pytest.mark.parametrize(
    ("guess", "verdict", "score"), [(SECRET, "right", (1, 1)), ((17, 24), "not this time", (0, 1))]
)
def test_a_guess_is_shown_beside_the_answer_and_counted(capsys, guess, verdict, score):
    title, mine, answer = said(capsys, "01.3 shape", guess, SECRET).splitlines()
    assert title == f"Prediction 01.3 shape · {verdict}"
    assert mine.split(maxsplit=1) == ["guess", str(guess)]
    assert answer.split(maxsplit=1) == ["actual", "(17, 23)"]
    assert _memory.prediction_score("01") == score
    assert _memory.prediction_score("02") == (0, 0)


@pytest.mark.parametrize(("guesses", "score"), [((1, 2), (1, 1)), ((2, 1), (0, 1))])
def test_only_the_first_guess_counts(guesses, score):
    for guess in guesses:
        predict("01.3 again", guess, 1)
    predict("01.3 another name for the same", guesses[1], 1)
    assert _memory.prediction_score("01") == score


@pytest.mark.parametrize(
    ("guess", "actual", "choices", "says"),
    [
        (3, 1, (1, 2), "none of the choices"),
        ("error", "an error", ("an error", "none"), "none of the choices"),
        ("(2, 5, 4)", (2, 5, 4), (), "The answer is a tuple"),
        ("650", 650, (), "The answer is a number"),
        (True, 1, (), "The answer is a number"),
        ("yes", True, (), "The answer is True or False"),
        (0, "error", (), "The answer is text in quotes"),
        ((2, 5, 4), ((2, 5), (5, 4)), (), "The answer has 2 parts"),
    ],
)
def test_a_guess_of_another_kind_is_asked_again_and_gives_nothing_away(
    capsys, guess, actual, choices, says
):
    out = said(capsys, "01.3", guess, actual, choices=choices)
    assert says in out
    assert "your guess first" in out
    assert "actual" not in out
    assert _memory.prediction_score("01") == (0, 0)


def test_the_answer_is_shown_in_the_form_of_a_guess(capsys):
    out = said(capsys, "01.3", ((0, 1), (2, 3)), ([0, 1], torch.Size([2, 4])))
    assert "guess     ((0, 1), (2, 3))" in out
    assert "actual    ((0, 1), (2, 4))" in out
    assert "choices" not in said(capsys, "01.3", 2, 1, choices=(1, 2))


@pytest.mark.parametrize(
    ("guess", "actual"),
    [
        ((2, 3), torch.Size([2, 3])),
        ([2, 3], (2, 3)),
        (torch.tensor([2, 3]), (2, 3)),
        ((2, (3, 4)), [2, torch.Size([3, 4])]),
        (650, 650),
        (650.0, 650),
        (np.int64(5), 5),
        (0.667, 2 / 3),
        (0, 0.0),
        (1e-9, 0.0),
        (torch.tensor(0.5), 0.5),
        (" An ERROR ", "an error"),
        (True, True),
        (None, None),
        (math.nan, math.nan),
        (math.inf, math.inf),
        ({"a": 1}, {"a": 1}),
        (("Deep", 1.0), ("deep", 1)),
    ],
)
def test_guesses_that_agree(guess, actual):
    assert agree(guess, actual) is True
    assert agree(actual, guess) is True


@pytest.mark.parametrize(
    ("guess", "actual"),
    [
        ((2, 3), (3, 2)),
        ((2, 3), (2, 3, 1)),
        ((2,), 2),
        (2411, 2410),
        (0.65, 2 / 3),
        (0.0001, 0.0005),
        (650.0, 600),
        (1, True),
        (0, False),
        ("2", 2),
        ("error", "an error"),
        (math.nan, 1.0),
        (math.inf, -math.inf),
        (..., 3),
        (Angry(), 3),
        (Ghost(), 3),
        ([Angry()], [3]),
        (torch.ones(2, device="meta"), (1, 1)),
        (object(), 3),
    ],
    ids=range(19),
)
def test_guesses_that_do_not_agree(guess, actual):
    assert agree(guess, actual) is False
    assert agree(actual, guess) is False


@pytest.mark.parametrize(
    "guess",
    [
        pytest.param(Angry(), id="angry"),
        pytest.param(Ghost(), id="ghost"),
        pytest.param(object(), id="object"),
        pytest.param("x" * 9999, id="long"),
        pytest.param(torch.ones(9, 9), id="tensor"),
    ],
)
def test_any_guess_is_shown_without_an_exception_or_an_address(capsys, guess):
    out = said(capsys, "01.3 odd", guess, 1)
    assert out.startswith("Prediction 01.3 odd · your guess first\n")
    assert "0x" not in out
    assert len(out) < 400
