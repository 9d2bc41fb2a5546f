"""The exercise lab: check, hint, solution and find, the card they show, and what they remember."""

import ast
import html
import re
import sys
import types

import IPython
import pytest
import torch
from torch import nn

from course_lib import _memory, _panel, exercises
from course_lib.exercises import (
    Exercise,
    check,
    find,
    for_notebook,
    hint,
    solution,
    solution_source,
)
from course_lib.exercises._card import Card
from course_lib.exercises._checking import call, expect
from course_lib.runtime import WIDGET_VIEW
from tests.exercises.nonsense import ANGRY, NONSENSE

EVERY = [*for_notebook("00"), *for_notebook("01")]
each_exercise = pytest.mark.parametrize("exercise", EVERY, ids=lambda exercise: exercise.id)
NOTHING = {"attempts": 0, "hints": 0, "solved": False}


def double(x):
    """number -> number"""
    return 2 * x


def _positive(attempt):
    """2 becomes 4"""
    expect(call(attempt, 2, tried="x = 2"), 4, tried="x = 2", idea="Twice as much, not the same.")


def _negative(attempt):
    """-3 becomes -6"""
    expect(call(attempt, -3, tried="x = -3"), -6, tried="x = -3", idea="The sign stays.")


TWICE = Exercise(
    "98.1", "Twice as much", 1, double, (_positive, _negative), ("Add.", "Multiply.", "2 * x.")
)


@pytest.fixture(autouse=True)
def a_notebook_of_one_exercise(monkeypatch):
    module = types.SimpleNamespace(EXERCISES=(TWICE,))
    monkeypatch.setitem(sys.modules, "course_lib.exercises.nb98", module)


def right(x):
    return x + x


def wrong(x):
    return x


def blank(x): ...


@pytest.fixture
def said(capsys):
    """Call a function of the lab and return what it showed."""

    def show(function, *arguments):
        function(*arguments)
        return capsys.readouterr().out

    return show


@pytest.fixture
def shown(monkeypatch):
    """What is displayed where there is a notebook."""
    seen = []
    monkeypatch.setattr(IPython, "get_ipython", object)
    monkeypatch.setattr("IPython.display.display", seen.append)
    return seen


# What check returns and remembers.


def test_a_right_attempt_comes_back_and_is_solved():
    assert check("98.1", right) is right
    assert _memory.exercise("98.1") == {"attempts": 1, "hints": 0, "solved": True}


def test_for_a_wrong_attempt_the_reference_comes_back():
    assert check("98.1", wrong) is find("98.1").reference
    assert _memory.exercise("98.1") == {"attempts": 1, "hints": 0, "solved": False}


@pytest.mark.parametrize("attempt", [blank, ...])
def test_a_stub_is_not_counted_and_the_reference_comes_back(attempt):
    assert check("98.1", attempt) is find("98.1").reference
    assert _memory.exercise("98.1") == NOTHING


def test_the_reference_itself_is_no_attempt_of_the_learner(said):
    reference = find("98.1").reference
    assert "not attempted" in said(check, "98.1", reference)
    assert check("98.1", reference) is reference
    assert _memory.exercise("98.1") == NOTHING


def test_an_exercise_that_was_solved_stays_solved():
    for attempt in (right, wrong, blank):
        check("98.1", attempt)
    assert _memory.exercise("98.1") == {"attempts": 2, "hints": 0, "solved": True}


@pytest.mark.parametrize("name", NONSENSE)
def test_check_shows_a_card_for_anything(name, capsys):
    assert check("01.1", NONSENSE[name]) is find("01.1").reference
    assert re.match(r"Exercise 01\.1 · .* · not (yet|attempted)\n", capsys.readouterr().out)


def test_a_mistake_of_the_course_does_not_raise_and_is_owned_up_to(said, monkeypatch):
    def broken(*_):
        raise RuntimeError("no")

    monkeypatch.setattr(exercises, "judge", broken)
    assert "RuntimeError in the check itself: a mistake of the course" in said(check, "98.1", right)
    assert check("98.1", right) is find("98.1").reference


def test_an_endless_attempt_does_not_hold_up_the_notebook(said, monkeypatch):
    def attempt(x):
        while True:
            pass

    monkeypatch.setattr(exercises, "SECONDS", 0.1)
    assert "no end within 0.1 seconds" in said(check, "98.1", attempt)


# The card as text.

SOLVED = """\
Exercise 98.1 · Twice as much · solved
  [ok] 2 becomes 4
  [ok] -3 becomes -6
  From here on the notebook uses yours.
"""
OPEN = """\
Exercise 98.1 · Twice as much · not attempted
  The stub's `...` still stands in `blank`: delete it and put your code in its place.
  Until then the course's version stands in. A nudge: exercise.hint("98.1")
"""
NOT_YET = """\
Exercise 98.1 · Twice as much · not yet
  [no] 2 becomes 4
       tried     x = 2
       got       2
       expected  4
       idea      Twice as much, not the same.
  Until then the course's version stands in. A nudge: exercise.hint("98.1")
"""


@pytest.mark.parametrize(
    ("attempt", "card"),
    [(right, SOLVED), (blank, OPEN), (wrong, NOT_YET)],
    ids=["solved", "open", "not yet"],
)
def test_the_card_reads_as_plain_text(said, attempt, card):
    assert said(check, "98.1", attempt) == card


def returns_an_object(x):
    return object()


def prints_and_raises(x):
    print(object(), torch.rand(2), id)
    raise ValueError(f"{object()} is no tensor")


def warns(x):
    torch.tensor([1j]).float()
    return x


@pytest.mark.parametrize(
    "attempt",
    [returns_an_object, prints_and_raises, warns, ANGRY, object()],
    ids=["object", "raises", "warns", "angry", "not callable"],
)
def test_the_text_is_the_same_every_time_and_names_no_address_and_no_file(said, attempt):
    first, second = said(check, "98.1", attempt), said(check, "98.1", attempt)
    assert first == second
    assert not re.search(r"0x[0-9a-f]{4}|\.py|/tmp", first)


@each_exercise
def test_every_card_begins_with_its_id_its_title_and_its_state(exercise, said):
    text = said(check, exercise.id, lambda *_: None)
    assert text.startswith(f"Exercise {exercise.id} · {exercise.title} · not yet\n")
    assert all(len(line) <= 120 for line in text.splitlines())


# The card in a notebook.


def press(widget, label):
    for button in widget.children[1].children:
        if button.description == label:
            button.click()
    return html.unescape(re.sub(r"<.*?>", " ", widget.children[2].value))


def test_in_a_notebook_the_card_is_text_and_widget_at_once(shown, capsys):
    check("98.1", wrong)
    (card,) = shown
    bundle = card._repr_mimebundle_()
    assert bundle["text/plain"] + "\n" == NOT_YET
    assert bundle[WIDGET_VIEW]["model_id"] == card.widget().model_id
    assert card.widget().children[0].value == card.panel.html()
    assert capsys.readouterr().out == ""


def test_without_ipywidgets_the_card_is_its_text(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    check("98.1", wrong)
    (card,) = shown
    assert card.widget() is None
    bundle = card._repr_mimebundle_()
    assert bundle == {"text/plain": NOT_YET.rstrip("\n"), "text/html": card.panel.html()}


def test_the_buttons_give_hint_after_hint_and_the_solution_after_an_attempt(shown):
    check("98.1", blank)
    widget = shown[0].widget()
    assert [button.description for button in widget.children[1].children] == ["Hint", "Solution"]
    for number, text in enumerate(find("98.1").hints, start=1):
        answer = press(widget, "Hint")
        assert f"Hint {number} of 3" in answer
        assert text in answer
    assert "Try once first" in press(widget, "Solution")
    check("98.1", wrong)
    assert "return 2 * x" in press(widget, "Solution")
    assert _memory.exercise("98.1") == {"attempts": 1, "hints": 3, "solved": False}


def test_a_card_is_made_of_any_panel_and_any_buttons():
    card = Card(_panel.Panel("<b>"), {"Press": lambda: _panel.Panel("a < b")})
    assert card.widget() is card.widget()
    assert "<b>" in html.unescape(card.widget().children[0].value)
    assert "a < b" in press(card.widget(), "Press")


# Hints and solutions.


@each_exercise
def test_hints_come_one_by_one_and_the_last_one_again(exercise, said):
    texts = [" ".join(said(hint, exercise.id).split()) for _ in range(5)]
    for text, expected in zip(texts, exercise.hints, strict=False):
        assert " ".join(expected.split()) in text
    assert texts[0].startswith(f"Hint 1 of 3 · {exercise.title}")
    assert ["last hint" in text for text in texts] == [False, False, True, True, True]
    assert texts[2] == texts[4]


def test_asking_for_a_hint_is_no_attempt():
    hint("98.1")
    assert _memory.exercise("98.1") == {"attempts": 0, "hints": 1, "solved": False}


@pytest.mark.parametrize(
    ("attempts", "shows"), [((), False), ((blank,), False), ((wrong,), True), ((right,), True)]
)
def test_the_solution_is_shown_after_an_attempt_only(said, capsys, attempts, shows):
    for attempt in attempts:
        check("98.1", attempt)
    capsys.readouterr()
    text = said(solution, "98.1")
    assert text.startswith("Solution 98.1 · Twice as much\n")
    assert ("return 2 * x" in text) is shows
    assert ("Try once first" in text) is not shows


@each_exercise
def test_a_solution_can_be_pasted_over_the_stub_and_is_right(exercise):
    source = solution_source(exercise.id)
    (defined,) = ast.parse(source).body
    assert defined.name == exercise.reference.__name__
    names = {"torch": torch, "nn": nn, "Tensor": torch.Tensor, "Callable": types.FunctionType}
    exec(source, names)
    pasted = names[defined.name]
    assert check(exercise.id, pasted) is pasted


# Finding.


@each_exercise
def test_every_exercise_is_found_by_its_id_and_complete(exercise):
    assert find(exercise.id) is exercise
    assert exercise.title
    assert 1 <= exercise.minutes <= 20
    assert len(exercise.checks) >= 2
    assert len(exercise.hints) == 3
    claims = [check.__doc__.splitlines()[0] for check in exercise.checks]
    assert len(set(claims)) == len(claims)


@pytest.mark.parametrize("notebook", ["00", "01"])
def test_the_exercises_of_a_notebook_are_numbered_from_one(notebook):
    ids = [exercise.id for exercise in for_notebook(notebook)]
    assert ids == [f"{notebook}.{number}" for number in range(1, len(ids) + 1)]
    assert ids


@pytest.mark.parametrize("notebook", ["99", "", "1", "01.1", "01.linear", "../01", "٠١", 1, None])
def test_a_notebook_without_exercises_has_none(notebook):
    assert for_notebook(notebook) == ()


def test_a_broken_module_of_exercises_is_not_taken_for_a_missing_one(monkeypatch):
    def broken(name):
        raise ModuleNotFoundError("no sklearn", name="sklearn")

    monkeypatch.setattr(exercises.importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="sklearn"):
        for_notebook("01")


UNKNOWN = {
    "another number": "01.99",
    "a notebook": "01",
    "nothing": "",
    "an unknown notebook": "77.1",
    "a dot": ".",
    "a space": "01.1 ",
    "a null character": "01\0.1",
    "a path": "../nb01.1",
    "a lone surrogate": "\ud800.1",
    "a long text": "x" * 10_000,
    "a float": 1.1,
    "bytes": b"01.1",
    "None": None,
    "a list": ["01.1"],
    "an exercise": EVERY[0],
    "an angry object": ANGRY,
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_id_is_a_key_error_that_says_what_an_id_is(name):
    with pytest.raises(KeyError, match=r"There is no exercise .*An id is text") as caught:
        find(UNKNOWN[name])
    assert len(caught.value.args[0]) < 400


def test_an_unknown_id_of_a_notebook_gets_the_known_ones():
    ids = ", ".join(exercise.id for exercise in for_notebook("01"))
    with pytest.raises(KeyError, match=f"exercises: {ids}"):
        find("01.99")


@pytest.mark.parametrize("name", UNKNOWN)
def test_nothing_raises_for_an_unknown_id(name, capsys):
    assert check(UNKNOWN[name], wrong) is wrong
    hint(UNKNOWN[name])
    solution(UNKNOWN[name])
    assert capsys.readouterr().out.count("Exercise not found\n") == 3
