"""What checks are written with: agreement, known mistakes, inputs left alone, hostile values."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.exercises._checking import (
    Known,
    Mistake,
    Raised,
    call,
    expect,
    expect_module,
    expect_that,
    same,
)
from tests.exercises.nonsense import ANGRY, NAN, NONSENSE, Unset, angry

T = torch.tensor


nonsense = pytest.mark.parametrize("name", NONSENSE)

EXPECTED = (torch.full((3,), 2.0), (2, 2, 2), {"a": 2}, 2.0, 2, "two")


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (T([1.0, 2.0]), T([1.0, 2.0])),
        (T([1.00001, 2.0]), T([1.0, 2.0])),
        (T([1.0]).double(), T([1.0])),
        (T([1.0]).half(), T([1.0])),
        (T([1.0], requires_grad=True), T([1.0])),
        (nn.Parameter(T([1.0])), T([1.0])),
        (T([NAN, math.inf]), T([NAN, math.inf])),
        (T([1, 2], dtype=torch.int32), T([1, 2])),
        (T([True, False]), T([True, False])),
        (T([1 + 2j]), T([1 + 2j])),
        (torch.ones(2, 3).T, torch.ones(3, 2)),
        (torch.zeros(0, 2), torch.zeros(0, 2)),
        ([1, (2, 3)], (1, [2, 3])),
        (torch.Size([2, 3]), (2, 3)),
        ((T([1.0]), 2), [T([1.0]), 2]),
        ({"a": T([1.0])}, {"a": T([1.0])}),
        (0.30000001, 0.3),
        (3, 3.0),
        (np.float64(3), 3.0),
        (NAN, NAN),
        (math.inf, math.inf),
        (1e300, 1e300),
        (3, 3),
        ("a", "a"),
        (None, None),
        (True, True),
    ],
)
def test_values_that_agree(got, expected):
    assert same(got, expected) is True


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (T([1.0, 2.1]), T([1.0, 2.0])),
        (T([[1.0, 2.0]]), T([1.0, 2.0])),
        (T([1.0]), T([1.0, 1.0])),
        (T(1.0), T([1.0])),
        (T([1]), T([1.0])),
        (T([1.0]), T([1])),
        (T([1]), T([True])),
        (T([True]), T([1])),
        (T([1 + 0j]), T([1.0])),
        (T([1 + 1j]), T([1 + 2j])),
        (T([1.0]), T([1 + 0j])),
        (T([100_001]), T([100_000])),
        (T([2**53 + 1]), T([2**53])),
        (T([NAN]), T([1.0])),
        (T([math.inf]), T([-math.inf])),
        (T([1.0], device="meta"), T([1.0])),
        ([1.0], T([1.0])),
        (np.ones(1), torch.ones(1)),
        (1.0, T(1.0)),
        ([1, 2], [1, 2, 3]),
        ([1, 2, 3], [1, 2]),
        ([1, 2], [2, 1]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1, "b": 2}, {"a": 1}),
        ([("a", 1)], {"a": 1}),
        (0.31, 0.3),
        (True, 1.0),
        (T(3.0), 3.0),
        (NAN, 1.0),
        (1.0, NAN),
        ("3.0", 3.0),
        (10**400, 1.0),
        (True, 1),
        (1, True),
        (3.0, 3),
        (T(3), 3),
        ("a", "b"),
        (None, 0),
    ],
)
def test_values_that_do_not_agree(got, expected):
    assert same(got, expected) is False


def test_agreement_does_not_depend_on_the_default_dtype_and_device():
    pairs = [(0.3, 0.3), (T([0.3]), T([0.3])), (T([1]), T([1]))]
    try:
        torch.set_default_device("meta")
        torch.set_default_dtype(torch.float64)
        agree = [same(got, expected) for got, expected in pairs]
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
    assert agree == [True] * 3


def mistake_of(got, expected, known=()):
    with pytest.raises(Mistake) as caught:
        expect(got, expected, tried="it", idea="the idea", known=known)
    return caught.value


@nonsense
def test_no_value_agrees_by_misbehaving(name):
    value = NONSENSE[name]
    for expected in EXPECTED:
        assert same(value, expected) is False
        assert same([value], [expected]) is False
        assert same({"a": value}, {"a": expected}) is False


@nonsense
def test_any_value_is_a_mistake_with_an_idea(name):
    known = (Known(T([0.0]), "zero"), Known(["b"], "text"), Known(0.25, "part"))
    for expected in EXPECTED:
        mistake = mistake_of(NONSENSE[name], expected, known)
        assert mistake.tried == "it"
        assert mistake.got
        assert len(mistake.got) <= 160
        assert "0x" not in mistake.got
        assert mistake.idea not in ("", "zero", "text", "part")


def test_a_right_answer_passes_even_where_a_known_mistake_looks_the_same():
    assert expect(3, 3, tried="it", idea="", known=(Known(3, "wrong"),)) is None


def test_a_known_mistake_is_named_and_the_first_that_fits_wins():
    known = (Known(4, "four"), Known(5, "five"), Known(5, "five again"))
    mistake = mistake_of(5, 3, known)
    assert (mistake.tried, mistake.got, mistake.expected, mistake.idea) == ("it", "5", "3", "five")
    assert mistake_of(6, 3, known).idea == "the idea"


@pytest.mark.parametrize(
    ("got", "expected", "idea"),
    [
        (None, T([1.0]), "return"),
        (None, 3, "return"),
        ([1.0], T([1.0]), "tensor is needed"),
        (np.ones(1), T([1.0]), "tensor is needed"),
        (1.0, T(1.0), "tensor is needed"),
        ((T([1.0]),), T([1.0]), "comma"),
        (T([1]), T([1.0]), "wrong kind: torch.int64, not torch.float32"),
        (torch.ones(2, 3), torch.ones(3, 2), "Transposed"),
        (torch.full((2,), NAN), torch.ones(2), "NaN"),
        (torch.ones(2, 3), torch.zeros(2, 3), "the idea"),
        (torch.ones(2), torch.ones(3), "the idea"),
        (3, T(3.0).shape, "the idea"),
    ],
)
def test_the_kind_of_a_value_gives_an_idea_where_no_known_mistake_does(got, expected, idea):
    assert idea in mistake_of(got, expected).idea


def test_where_two_large_tensors_look_the_same_their_first_difference_is_shown():
    got, expected = torch.zeros(4, 5), torch.zeros(4, 5)
    got[2, 3] = got[3, 0] = 7.5
    mistake = mistake_of(got, expected)
    assert mistake.got.endswith("the first difference is at [2, 3]: 7.5")
    assert mistake.expected.endswith("the first difference is at [2, 3]: 0")


@pytest.mark.parametrize("got", [torch.ones(4, 5, device="meta"), [torch.ones(4, 5)]])
def test_where_no_difference_can_be_found_the_idea_stays(got):
    expected = torch.zeros(4, 5) if torch.is_tensor(got) else [torch.zeros(4, 5)]
    assert mistake_of(got, expected).idea == "the idea"


def test_a_known_mistake_is_told_before_the_kind():
    assert mistake_of(None, T([1.0]), (Known(None, "known"),)).idea == "known"


# Calls.


def test_a_call_gives_what_the_function_returns():
    assert call(lambda a, *, b: (a, b), 1, b=2, tried="it") == (1, 2)


@pytest.mark.parametrize(
    "error", [ValueError("no"), TypeError(), AssertionError(), angry, StopIteration(3)]
)
def test_an_error_of_the_function_is_carried_with_what_was_tried(error):
    if error is angry:
        error = type("AngryError", (Exception,), {"__str__": lambda self: 1 / 0})()

    def function():
        raise error

    with pytest.raises(Raised) as caught:
        call(function, tried="function()")
    assert caught.value.error is error
    assert caught.value.tried == "function()"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_program_is_not_held_up(error):
    def function():
        raise error

    with pytest.raises(error):
        call(function, tried="it")


def negate(x):
    x.neg_()


def swap(x):
    x[0], x[1] = x[1], x[0]


def change_inside(x):
    x["a"][0] += 1


MUTATIONS = {
    "tensor": (negate, T([1.0, 2.0])),
    "integers": (lambda x: x.add_(1), T([100_000])),
    "shape": (lambda x: x.unsqueeze_(0), T([1.0])),
    "list": (swap, [1, 2]),
    "appended": (lambda x: x.append(3), [1, 2]),
    "dict": (lambda x: x.pop("a"), {"a": 1}),
    "deep": (change_inside, {"a": [1]}),
    "tensor in a dict": (change_inside, {"a": T([1.0])}),
    "tensor in a tuple": (lambda x: x[0].zero_(), (T([1.0]),)),
    "to NaN": (lambda x: x.fill_(NAN), T([1.0])),
}


@pytest.mark.parametrize(("function", "value"), MUTATIONS.values(), ids=MUTATIONS)
@pytest.mark.parametrize("named", [False, True], ids=["by position", "by name"])
def test_a_changed_input_is_a_mistake(function, value, named):
    value = copy.deepcopy(value)  # so that a test does not see what another one changed
    with pytest.raises(Mistake, match="works in place") as caught:
        if named:
            call(lambda x: function(x), x=value, tried="it")
        else:
            call(function, value, tried="it")
    assert caught.value.got.startswith("its input, changed to ")
    assert caught.value.expected.startswith("its input as it was, ")


@pytest.mark.parametrize(
    "value",
    [
        T([NAN, 1.0]),
        T([1.0], requires_grad=True),
        torch.ones(2, device="meta"),
        [1, NAN],
        {"a": T([NAN])},
        (T([True]), None),
        torch.zeros(0),
        nn.Linear(2, 2),
        ANGRY,
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_input_that_is_left_alone_is_no_mistake(value):
    assert call(lambda x: 3, value, tried="it") == 3


def test_a_module_may_change():
    call(lambda module: nn.init.zeros_(module.weight), nn.Linear(2, 2), tried="it")


# Statements about what came back.


@pytest.mark.parametrize("holds", [True, 1, T(True)])
def test_a_statement_that_holds_passes(holds):
    expect_that(holds, tried="it", got=None, expected="something", idea="the idea")


@pytest.mark.parametrize(
    ("came", "text"),
    [
        ({"told": "no such attribute"}, "no such attribute"),
        ({"got": 3}, "3"),
        ({"got": None}, "None"),
        ({"got": ""}, "''"),
        ({"got": 3, "told": "three"}, "three"),
    ],
)
def test_a_statement_that_does_not_hold_is_a_mistake(came, text):
    with pytest.raises(Mistake) as caught:
        expect_that(False, tried="it", expected="something", idea="the idea", **came)
    mistake = caught.value
    assert (mistake.tried, mistake.expected, mistake.idea) == ("it", "something", "the idea")
    assert mistake.got == text


def test_a_module_is_told_from_what_is_none():
    expect_module(nn.Linear(2, 2), tried="it")
    for name in ("zero", "a long text", "an empty tuple", "an int tensor", "an array", "all angry"):
        with pytest.raises(Mistake):
            expect_module(NONSENSE[name], tried="it")


class NoModule:
    def forward(self, x):
        return x


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (NoModule(), "class NoModule, which does not inherit from nn.Module"),
        (None, "Nothing came back"),
        ((nn.ReLU(),), "A comma"),
        (nn.ReLU, "That is the class"),
        *[
            (value, "a thing of another kind")
            for value in ((nn.ReLU(), 1), [nn.ReLU()], {}, 3, "a", len, torch.ones(1), object())
        ],
        (NoModule, "a thing of another kind"),
        (lambda x: x, "a thing of another kind"),
        (nn.Parameter(torch.ones(1)), "a thing of another kind"),
        (np.ones(1), "a thing of another kind"),
    ],
)
def test_what_is_no_module_is_told_by_its_kind(value, words):
    with pytest.raises(Mistake) as caught:
        expect_module(value, tried="it")
    assert words in caught.value.idea
    assert ("inherit" in caught.value.idea) == isinstance(value, NoModule)


def test_a_module_whose_base_class_was_not_set_up_is_told():
    with pytest.raises(Mistake, match=r"super\(\).__init__\(\)"):
        expect_module(Unset(), tried="it")
