"""The judgement of an attempt: whether there is one, what the card says of it, and any nonsense."""

import functools
import inspect
import itertools
import linecache
import time

import pytest
import torch
from torch import nn

from course_lib import exercises
from course_lib.exercises import Exercise, _exercise, judge
from course_lib.exercises._checking import Mistake, Raised, call, expect
from course_lib.exercises._exercise import unfinished
from course_lib.exercises._explain import idea_of, place_of
from tests.exercises.nonsense import NONSENSE

EVERY = [item for number in range(100) for item in exercises.for_notebook(f"{number:02}")]


# An exercise of the tests' own: double a number.


def double(x):
    return 2 * x


def _two(attempt):
    """2 becomes 4"""
    expect(call(attempt, 2, tried="x = 2"), 4, tried="x = 2", idea="Twice as much.")


def _minus(attempt):
    """-3 becomes -6

    Only the first line is the claim.
    """
    expect(call(attempt, -3, tried="x = -3"), -6, tried="x = -3", idea="The sign stays.")


DOUBLE = Exercise("99.1", "Twice", 1, double, (_two, _minus), ("a", "b", "c"))


class Box(nn.Module):
    def forward(self, x):
        return x


def _makes(attempt):
    """it makes a module"""
    call(call(attempt, tried="Box()"), torch.ones(1), tried="Box()(x)")


BOX = Exercise("99.2", "A box", 1, Box, (_makes,), ("a",))


def lines(verdict):
    return [(row.mark or row.label, row.text) for row in verdict.rows]


def said(verdict, label):
    return " ".join(row.text for row in verdict.rows if row.label == label)


def test_a_right_attempt_gets_every_claim_ticked():
    verdict = judge(DOUBLE, lambda x: x + x)
    assert verdict.status == "solved"
    assert lines(verdict) == [("ok", "2 becomes 4"), ("ok", "-3 becomes -6")]


def test_a_wrong_attempt_is_told_up_to_its_first_mistake():
    assert lines(judge(DOUBLE, lambda x: abs(2 * x))) == [
        ("ok", "2 becomes 4"),
        ("no", "-3 becomes -6"),
        ("tried", "x = -3"),
        ("got", "6"),
        ("expected", "-6"),
        ("idea", "The sign stays."),
    ]


def test_after_the_first_mistake_nothing_more_is_tried():
    asked = []
    judge(DOUBLE, lambda x: asked.append(x))
    assert asked == [2]


def test_an_error_is_told_with_the_learner_s_own_line():
    def attempt(x):
        y = x
        return y.shpae

    rows = dict(lines(judge(DOUBLE, attempt)))
    number = attempt.__code__.co_firstlineno + 2
    assert rows["tried"] == "x = 2"
    assert rows["got"] == (
        "AttributeError: 'int' object has no attribute 'shpae'\n"
        f"in line {number} of your cell: return y.shpae"
    )
    assert "a plain Python number" in rows["idea"]


@pytest.mark.parametrize("message", ["x" * 5000, "a\nb\n" * 2000])
def test_a_long_message_is_cut(message):
    def attempt(x):
        raise ValueError(message)

    got = said(judge(DOUBLE, attempt), "got")
    assert got.startswith("ValueError: ")
    assert len(got) < 450


def test_a_loop_without_an_end_is_told_as_one():
    def attempt(x):
        while True:
            pass

    start = time.monotonic()
    verdict = judge(DOUBLE, attempt, seconds=0.1)
    assert time.monotonic() - start < 2
    assert verdict.status == "wrong"
    assert said(verdict, "got") == "no end within 0.1 seconds"
    assert "loop" in said(verdict, "idea")
    assert "restart" not in said(verdict, "idea")


def test_what_cannot_be_stopped_is_said_to_go_on(monkeypatch):
    monkeypatch.setattr(_exercise._sandbox, "GRACE", 0.05)
    verdict = judge(DOUBLE, lambda x: time.sleep(0.5), seconds=0.05)
    assert "restart the kernel" in said(verdict, "idea")
    time.sleep(0.5)


def test_a_stopped_attempt_is_no_mistake_of_the_learner(monkeypatch):
    outcome = _exercise._sandbox.Outcome(interrupted=True)
    monkeypatch.setattr(_exercise._sandbox, "run", lambda task, seconds: outcome)
    verdict = judge(DOUBLE, double)
    assert verdict.status == "wrong"
    assert said(verdict, "got") == "stopped by you"


def test_prints_and_changed_settings_are_noted_on_right_and_wrong_attempts_alike():
    def attempt(x):
        print("looking at", x)
        torch.manual_seed(0)
        return 2 * x

    right, wrong = judge(DOUBLE, attempt), judge(DOUBLE, lambda x: attempt(x) + 1)
    assert (right.status, wrong.status) == ("solved", "wrong")
    assert said(right, "printed") == "looking at 2 looking at -3"
    assert said(wrong, "printed") == "looking at 2"
    for verdict in (right, wrong):
        assert "the seed (torch.manual_seed)" in said(verdict, "note")


def test_the_same_attempt_is_judged_the_same_every_time():
    def attempt(x):
        print(object(), {"a", "b"} and torch.rand(1))
        return object()

    first, second = judge(DOUBLE, attempt), judge(DOUBLE, attempt)
    assert first == second
    assert "0x" not in str(first)


# Whether there is an attempt.


def of_a_cell(source, linecache_name="/tmp/ipykernel_1/unfinished.py"):
    linecache.cache[linecache_name] = (
        len(source),
        None,
        source.splitlines(keepends=True),
        linecache_name,
    )
    namespace = {"nn": nn, "functools": functools}
    exec(compile(source, linecache_name, "exec"), namespace)
    return namespace["attempt"]


BLANK = {
    "function": "def attempt(x):\n    '''(B) -> (B)'''\n    ...\n",
    "one line": "def attempt(x): ...\n",
    "half written": "def attempt(x):\n    y = x\n    ...\n    return y\n",
    "inside a loop": "def attempt(x):\n    for i in x:\n        ...\n",
    "decorated": "@functools.cache\ndef other(): pass\n\n@staticmethod\ndef attempt(x):\n    ...\n"
    "attempt = attempt.__func__\n",
    "method": "class attempt:\n    def f(self):\n        return 1\n    def g(self): ...\n",
    "class method": "class attempt:\n    @classmethod\n    def f(cls): ...\n",
    "static method": "class attempt:\n    @staticmethod\n    def f(): ...\n",
    "module": "class attempt(nn.Module):\n    def __init__(self):\n"
    "        super().__init__()\n        ...\n    def forward(self, x):\n        return x\n",
}
NOT_BLANK = {
    "function": "def attempt(x):\n    return 2 * x\n",
    "index": "def attempt(x):\n    return x[..., 0]\n",
    "default": "def attempt(x=...):\n    return x is ...\n",
    "pass": "def attempt(x):\n    pass\n",
    "text": "def attempt(x):\n    '...'\n    return 2 * x  # ...\n",
    "lambda": "attempt = lambda x: ...\n",
    "class": "class attempt:\n    size: int\n    def f(self):\n        return 1\n",
    "empty class": "class attempt:\n    ...\n",
    "inherited": "class Base:\n    def f(self): ...\n\nclass attempt(Base):\n    pass\n",
    "instance": "class C:\n    def __call__(self, x): ...\n\nattempt = C()\n",
    "builtin": "attempt = len\n",
    "partial": "attempt = functools.partial(len)\n",
}


@pytest.mark.parametrize("source", BLANK.values(), ids=BLANK)
def test_a_stub_that_is_not_filled_is_told_from_an_attempt(source):
    attempt = of_a_cell(source)
    assert "`...` still stands in `" in unfinished(attempt)
    assert judge(DOUBLE, attempt).status == "open"


@pytest.mark.parametrize("source", NOT_BLANK.values(), ids=NOT_BLANK)
def test_what_has_no_blank_of_its_own_is_an_attempt(source):
    attempt = of_a_cell(source)
    assert unfinished(attempt) == ""
    assert judge(DOUBLE, attempt).status != "open"


def test_every_blank_of_a_class_is_named_once():
    source = "class attempt:\n    def f(self): ...\n    def g(self):\n        ...\n        ...\n"
    assert "in `f`, `g`:" in unfinished(of_a_cell(source))


def test_the_dots_themselves_are_no_attempt():
    assert "..." in unfinished(...)
    assert judge(DOUBLE, ...).status == "open"


def test_code_without_a_source_is_taken_for_an_attempt():
    namespace = {}
    exec("def attempt(x): ...", namespace)
    assert unfinished(namespace["attempt"]) == ""
    assert judge(DOUBLE, namespace["attempt"]).status == "wrong"


def later(x):
    raise NotImplementedError("later")


class Later(nn.Module):
    def forward(self, x):
        raise NotImplementedError


class Misspelled(nn.Module):
    def foward(self, x):
        return x


@pytest.mark.parametrize(("exercise", "attempt"), [(DOUBLE, later), (BOX, Later)])
def test_a_not_implemented_error_of_the_learner_is_no_attempt(exercise, attempt):
    verdict = judge(exercise, attempt)
    assert verdict.status == "open"
    assert "NotImplementedError" in verdict.rows[0].text


class MisspelledInside(nn.Sequential):
    def __init__(self):
        super().__init__(Misspelled())


@pytest.mark.parametrize("attempt", [Misspelled, MisspelledInside])
def test_a_not_implemented_error_of_pytorch_is_a_mistake_with_an_idea(attempt):
    verdict = judge(BOX, attempt)
    assert verdict.status == "wrong"
    assert "its method forward" in said(verdict, "idea")


@pytest.mark.parametrize(
    ("exercise", "attempt", "kind"),
    [
        (DOUBLE, 4, "a function"),
        (DOUBLE, None, "a function"),
        (DOUBLE, "double", "a function"),
        (BOX, torch.ones(1), "a class"),
        (BOX, Box(), "a class"),
    ],
)
def test_a_result_in_place_of_the_name_is_told(exercise, attempt, kind):
    verdict = judge(exercise, attempt)
    assert verdict.status == "wrong"
    assert said(verdict, "expected") == kind
    assert f"Pass the name itself, {exercise.reference.__name__}" in said(verdict, "idea")


# Nonsense, for every exercise of every notebook.


@pytest.fixture
def outcomes(monkeypatch):
    """What the sandbox reported, for a look behind the rows."""
    seen = []
    run = _exercise._sandbox.run

    def spy(task, seconds):
        seen.append(run(task, seconds))
        return seen[-1]

    monkeypatch.setattr(_exercise._sandbox, "run", spy)
    return seen


def told(exercise, attempt, outcomes, by_the_check=True):
    """The status of an attempt. If it is wrong, it got an idea, and no error of the check's own.

    Without `by_the_check` it may be such an error: the attempt began well and ended in nonsense.
    """
    verdict = judge(exercise, attempt, seconds=5)
    error = outcomes[-1].error
    if verdict.status == "wrong":
        assert said(verdict, "idea"), verdict
        assert said(verdict, "got"), verdict
        assert "0x" not in str(verdict)
        assert max(len(row.text) for row in verdict.rows) < 700
        by_the_course = not isinstance(error, Mistake | Raised) and place_of(error) is None
        assert not (by_the_check and by_the_course) or "super()" in idea_of(error), error
    return verdict.status


# What an attempt may end in that has begun well: one of each kind.
ENDS = [
    NONSENSE[name]
    for name in (
        "None",
        "a half",
        "a long text",
        "an int tensor",
        "a NaN tensor",
        "a meta tensor",
        "a sparse tensor",
        "an angry tensor",
        "three numbers",
        "an array",
        "an unset module",
        "angry pairs",
        "all angry",
        "a ghost",
        "what agrees with all",
    )
]
each_exercise = pytest.mark.parametrize("exercise", EVERY, ids=lambda exercise: exercise.id)


@each_exercise
def test_the_reference_itself_is_right(exercise, outcomes):
    assert told(exercise, exercise.reference, outcomes) == "solved"


@each_exercise
def test_nonsense_in_place_of_the_name_is_told(exercise, outcomes):
    for name, value in NONSENSE.items():
        expected = "open" if value is ... else "wrong"
        assert told(exercise, value, outcomes) == expected, name


@each_exercise
def test_a_function_that_returns_nonsense_is_told(exercise, outcomes):
    for name, value in NONSENSE.items():
        assert told(exercise, lambda *_, value=value, **__: value, outcomes) == "wrong", name


@each_exercise
@pytest.mark.parametrize("right", [1, 2, 3])
def test_a_function_that_ends_in_nonsense_is_told(exercise, right, outcomes):
    for value in ENDS:
        calls = itertools.count(1)

        def attempt(*args, calls=calls, value=value, **named):
            return exercise.reference(*args, **named) if next(calls) <= right else value

        told(exercise, attempt, outcomes, by_the_check=False)


@pytest.mark.parametrize(
    "exercise",
    [item for item in EVERY if nn.Module in getattr(item.reference, "__mro__", ())],
    ids=lambda exercise: exercise.id,
)
@pytest.mark.parametrize("right", [0, 1, 2, 3])
def test_a_module_whose_forward_ends_in_nonsense_is_told(exercise, right, outcomes):
    for value in ENDS:
        calls = itertools.count(1)

        class Attempt(exercise.reference):
            def forward(self, *args, calls=calls, value=value, **named):
                return super().forward(*args, **named) if next(calls) <= right else value

        status = told(exercise, Attempt, outcomes, by_the_check=not right)
        assert right or status == "wrong"


class Empty(nn.Module):
    pass


class Taking(nn.Module):
    def __init__(self, *args, **named):
        super().__init__()


class Silent(Taking):
    def forward(self, *args):
        pass


class NeverSetUp(nn.Module):
    def __init__(self, *args):
        pass

    def forward(self, *args):
        return args[0]


class SetUpLate(nn.Module):
    def __init__(self, *args):
        self.weight = nn.Parameter(torch.ones(1))
        super().__init__()


class Meta(Taking):
    def __init__(self, *args):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 3, device="meta"))
        self.bias = nn.Parameter(torch.ones(2, device="meta"))

    def forward(self, x):
        return x.to("meta")


class Plain:
    def __init__(self, *args, **named):
        pass


class Hidden(Taking):
    """Hides from everybody what it is made of."""

    parameters = named_parameters = state_dict = buffers = None


@pytest.mark.parametrize(("name", "attempt"), [("01.1", Meta), ("01.4", Hidden)])
def test_what_only_the_check_stumbles_over_is_said_so(name, attempt):
    verdict = judge(exercises.find(name), attempt)
    assert verdict.status == "wrong"
    assert said(verdict, "idea").startswith("No line of yours raised it")


class Wild(Taking):
    def __getattr__(self, name):
        raise ValueError(name)


def forgets(self):
    """A method without a class around it."""
    return self


def yields(*args, **named):
    yield from args


FORMS = [
    lambda: None,
    lambda a, b, c, d, e: None,
    lambda *, x: x,
    forgets,
    yields,
    print,
    len,
    torch.relu,
    functools.partial(print, "x"),
    type,
    int,
    dict,
    nn.Module,
    nn.Identity,
    Plain,
    Empty,
    Taking,
    Silent,
    NeverSetUp,
    SetUpLate,
    Wild,
]


@each_exercise
def test_a_wrong_signature_or_the_wrong_kind_of_thing_is_told(exercise, outcomes):
    for form in FORMS:
        assert told(exercise, form, outcomes) == "wrong", form


@each_exercise
def test_a_function_that_raises_is_told(exercise, outcomes):
    for error in (ValueError("no"), KeyError(), SystemExit(3), MemoryError(), StopIteration()):

        def attempt(*args, error=error, **named):
            raise error

        made = attempt
        if inspect.isclass(exercise.reference):
            made = type("Attempt", (nn.Module,), {"__init__": attempt})
        verdict = judge(exercise, made)
        assert verdict.status == "wrong"
        assert "raise error" in said(verdict, "got")
        assert said(verdict, "idea")
