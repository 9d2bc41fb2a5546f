"""What the general sentences say: each of a real error, and none of it of a neighbouring one."""

import math
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

from course_lib.exercises import (
    Exercise,
    _explain,
    _explain_names,
    _explain_python,
    _explain_tensors,
    _explain_torch,
    _sandbox,
    judge,
)
from course_lib.exercises._checking import call, explaining
from course_lib.exercises._explain import idea_of
from tests.exercises.mutants import told
from tests.exercises.nonsense import ANGRY


def error_of(function):
    with pytest.raises(BaseException) as caught:
        function()
    return caught.value


def ones(*shape, **named):
    return torch.ones(*shape, **named)


def run(source):
    """Run a statement, such as an assignment, which no lambda can hold."""
    names = {"ones": ones, "nn": nn, "torch": torch}
    return lambda: exec(source, names)


def at(thing, index):
    return thing[index]


def cut(thing, end):
    return thing[:end]


def whole(*shape):
    return torch.ones(*shape, dtype=torch.long)


def parameter(*shape):
    return nn.Parameter(ones(*shape))


def values():
    yield 1


class Model(nn.Module):
    def __init__(self, size=2):
        super().__init__()
        self.layer1 = nn.Linear(2, size)
        self.factor = 2.0

    def forward(self, x):
        return x

    def bare(self):
        return factor  # noqa: F821

    def bare_in_a_list(self):
        return [factor for _ in range(2)]  # noqa: F821

    def argument(self):
        return size  # noqa: F821

    def nowhere(self):
        return nothing_of_the_kind  # noqa: F821

    def misspelled(self):
        factors = 3
        return factros + factors  # noqa: F821


class NoSelf(nn.Module):
    def forward(x):  # noqa: N805
        return x


class Plain:
    def __init__(self):
        self.epochs = 3

    def helper(x):  # noqa: N805
        return x

    def call_helper(self):
        return self.helper(3)


class Child(Plain):
    def start(self):
        return super().begin()


class NoItem:
    def __len__(self):
        return 3

    def __getitem__(self):
        return 3


def without_self():
    return self.weight  # noqa: F821


def too_early():
    total += 1  # noqa: F821
    total = 2
    print(total)


def hooked(hook):
    layer = nn.Linear(2, 2)
    layer.register_forward_hook(hook)
    return layer(ones(1, 2))


def hooked_before(hook):
    layer = nn.Linear(2, 2)
    layer.register_forward_pre_hook(hook)
    return layer(ones(1, 2))


def hooked_backward():
    x = ones(1, requires_grad=True)
    x.register_hook(lambda: None)
    x.backward()


def calls_in_a_hook():
    return hooked(lambda module, args, output: without_self(3))


def twice():
    loss = (parameter(2) ** 2).sum()
    loss.backward()
    loss.backward()


def changed_in_place():
    x = parameter(2).exp()
    x += 1
    x.sum().backward()


def grown():
    table = {1: 2}
    for key in table:
        table[key + 1] = 3


# words of the sentence: errors that it is said of
SAID = {
    # Attributes.
    "there is `shape`. Is it a slip in the spelling": [lambda: ones(2).shpae],
    "there is `ones`": [lambda: torch.oness(2)],
    "there is `Linear`": [lambda: nn.linear(2, 2)],
    "there is `forward`": [lambda: Model().foward(3)],
    "there is `weight`": [lambda: nn.Linear(2, 2).weigth],
    "there is `values`": [lambda: {}.vales()],
    "a line that sets it, with `self.` in front and the same spelling": [
        lambda: Model().dropout,
        lambda: Model().layer2,
        lambda: Plain().count,
    ],
    "a plain Python number": [
        lambda: (1.5).backward(),
        lambda: ones(2).sum().item().backward(),
        lambda: (ones(2) == [1, 2]).sum(),
        lambda: len("a").mean(),
    ],
    "There is a text in that place": [
        lambda: "backbone".named_parameters(),
        lambda: [name.shape for name in {"weight": ones(1)}],
    ],
    "Something that the line uses is None": [
        lambda: None.shape,
        lambda: parameter(1).grad.zero_(),
        lambda: ones(1) + None,
        lambda: at(None, 0),
        lambda: len(None),
        lambda: f"{None:.2f}",
    ],
    "Are the brackets missing": [
        lambda: ones(2).mean.item(),
        lambda: Model().state_dict.keys(),
        lambda: list(Model().parameters),
        lambda: at(ones(2).size, 0),
        lambda: ones(2).mean + 1,
    ],
    "That is a tuple of tensors, not one": [
        lambda: ones(2, 2).max(dim=1).float(),
        lambda: ones(2).sort().sum(),
        lambda: ones(2, 2).max(dim=1).mean(),
        lambda: ones(2, 2) - ones(2, 2).max(dim=1),
        lambda: torch.exp(ones(2, 2).max(dim=1)),
        lambda: ones(2, 2).max(dim=1) > 1,
    ],
    "It is a tuple of several things": [
        lambda: nn.LSTM(2, 2)(ones(2, 2)).shape,
        lambda: [pair.weight for pair in Model().named_children()],
    ],
    "a whole collection": [lambda: [ones(1)].mean(), lambda: F.softmax([1.0], dim=0)],
    "There is a dict": [lambda: {}.input_ids, lambda: {"a": ones(1)}.item()],
    "makes its values one by one. Loop": [lambda: Model().parameters().shape],
    "a NumPy array": [lambda: np.ones(2).unsqueeze(0), lambda: np.ones(2).detach()],
    "None of the classes above": [lambda: Child().start()],
    "nothing of that name in that library": [lambda: torch.CrossEntropyLoss()],
    "That is the class itself": [lambda: nn.Linear.weight, lambda: Plain.epochs],
    "a tensor has nothing of that name": [lambda: parameter(1).eval(), lambda: ones(2).append(3)],
    "That is a module, and": [lambda: nn.ReLU().shape, lambda: nn.Dropout().weight],
    "print its type": [lambda: torch.float32.numbers, lambda: DataLoader([1]).labels],
    "nn.Parameter wraps a tensor": [lambda: nn.Parameter(3.0), lambda: nn.Parameter([1.0])],
    # Names.
    "B, T, H, C and V are": [lambda: B],  # noqa: F821
    "only behind `self.`": [lambda: Model().bare(), lambda: Model().bare_in_a_list()],
    "an argument of __init__": [lambda: Model().argument()],
    "there is `factors`": [lambda: Model().misspelled()],
    "No value has that name": [lambda: Model().nowhere(), lambda: unheard_of],  # noqa: F821
    "only inside a method": [without_self],
    "it has none yet": [too_early],
    # Calls.
    "Look at the arguments in that line": [
        lambda: nn.Linear(3),
        lambda: nn.Linear(3, 2, size=1),
        lambda: without_self(3),
        lambda: ones(2).softmax(),
        lambda: [].append(1, 2),
        lambda: sorted([1], ke=1),
        lambda: calls_in_a_hook(),
    ],
    "`self` is one of them": [lambda: Plain().call_helper()],
    "hands its arguments on to its forward": [
        lambda: NoSelf()(3),
        lambda: Model()(1, 2),
        lambda: nn.CrossEntropyLoss()(ones(2, 3)),
        lambda: nn.Linear(2, 2)(ones(2), y=1),
        lambda: nn.Sequential(nn.ReLU())(1, 2),
    ],
    "A forward hook gets three": [
        lambda: hooked(lambda module, output: None),
        lambda: hooked_before(lambda module: None),
    ],
    "a library called a function": [
        hooked_backward,
        lambda: next(iter(DataLoader(NoItem()))),
        lambda: next(iter(DataLoader([1], collate_fn=lambda: 1))),
    ],
    # Numbers and shapes.
    "made for. In the message": [lambda: nn.Linear(3, 2)(ones(4, 5))],
    "inner sizes equal": [
        lambda: ones(2, 3) @ ones(2, 3),
        lambda: F.linear(ones(2, 3), ones(3, 2)),
    ],
    "made for another size": [
        lambda: nn.LayerNorm(3)(ones(2, 4)),
        lambda: nn.BatchNorm1d(3)(ones(2, 4)),
        lambda: nn.LSTM(2, 2)(ones(2, 3)),
        lambda: nn.Conv2d(3, 2, 2)(ones(1, 1, 5, 5)),
    ],
    "another number of axes": [lambda: ones(2, 3).mm(ones(3)), lambda: torch.tensor(1.0) @ ones(2)],
    "do not broadcast": [lambda: ones(2) + ones(3), lambda: torch.where(ones(2) > 0, ones(3), 0)],
    "One number is wanted there": [
        lambda: math.log(ones(2)),
        lambda: math.sqrt(ones(2)),
        lambda: float(ones(2)),
        lambda: ones(2).item(),
        lambda: torch.tensor([ones(2), ones(2)]),
    ],
    "not defined for": [
        lambda: math.log(0),
        lambda: math.log(torch.zeros(1)),
        lambda: math.sqrt(-1),
        lambda: math.log2(-1.0),
    ],
    "too large for a float": [lambda: math.exp(1000)],
    "divided by 0": [lambda: 1 / 0, lambda: 1.0 / 0, lambda: 1 % 0],
    "has fractions in general": [
        lambda: (ones(2) > 0).mean(),
        lambda: whole(2).mean(),
        lambda: whole(2).std(),
        lambda: whole(2).norm(),
    ],
    "no such operation for numbers": [lambda: F.softmax(whole(2), 0), lambda: ones(2) & ones(2)],
    "never changes the dtype": [run("x = torch.arange(2); x += 0.5")],
    "can require no gradient": [lambda: nn.Parameter(whole(2)), lambda: whole(2).requires_grad_()],
    "A mask is": [lambda: torch.where(ones(2), 1, 0), lambda: ones(2).masked_fill(ones(2), 0)],
    "does not subtract True": [lambda: 1 - (ones(2) > 0)],
    "have to be whole numbers": [
        lambda: F.cross_entropy(ones(2, 3), ones(2)),
        lambda: nn.Embedding(3, 2)(ones(2)),
        lambda: ones(4)[ones(2)],
    ],
    "Two tensors of different dtypes": [
        lambda: nn.Linear(2, 2)(ones(1, 2).double()),
        lambda: nn.Linear(2, 2)(whole(1, 2)),
        lambda: ones(2, 2) @ whole(2, 2),
        lambda: nn.BCELoss()(ones(2).double(), ones(2)),
    ],
    "A label names a class": [lambda: F.cross_entropy(ones(2, 3), torch.tensor([0, 3]))],
    "do not belong together": [
        lambda: F.cross_entropy(ones(2, 3), whole(3)),
        lambda: F.cross_entropy(ones(2, 3, 4), whole(2)),
    ],
    "compares number by number": [lambda: F.binary_cross_entropy_with_logits(ones(2), ones(3))],
    # Indices.
    "has no row in the table": [
        lambda: nn.Embedding(3, 2)(torch.tensor([3])),
        lambda: nn.Embedding(3, 2)(torch.tensor([-1])),
    ],
    "more indices than there are axes": [lambda: ones(2)[0, 1], lambda: np.ones(2)[0, 1]],
    "a single number, with nothing": [
        lambda: torch.tensor(1.0)[0],
        lambda: list(torch.tensor(1.0)),
        lambda: len(torch.tensor(1.0)),
    ],
    "no such index on that axis": [lambda: ones(2)[2], lambda: ones(2, 3)[0, 3]],
    "n things have the indices": [
        lambda: [1][1],
        lambda: "a"[3],
        lambda: (1,)[3],
        lambda: nn.Sequential(nn.ReLU())[1],
    ],
    "nothing left to take out": [lambda: [].pop()],
    "A mask needs the shape": [lambda: ones(4)[ones(3) > 0]],
    "Sizes and indices are whole": [lambda: ones(4)[1.0], lambda: torch.zeros(2.0)],
    "A whole number is wanted there, and": [lambda: at([1], 0.5), lambda: range(4 / 2)],
    "The ends of a slice": [
        lambda: cut([1, 2], 2 / 2),
        lambda: cut(ones(4), 2.0),
        lambda: cut([1], "a"),
    ],
    "A single whole number": [lambda: range(ones(2)), lambda: at([1], ones(1))],
    "a key in quotes is for a dict. Print": [lambda: at([1], "a"), lambda: at((1,), "a")],
    "takes one index at a time": [lambda: at([[1]], (0, 0))],
    "a list is looped over without it": [lambda: range([1]), lambda: at([1], [0])],
    "got a text where": [lambda: torch.tensor(["a", 1]), lambda: ones(4)["a"]],
    "Nothing is kept under that key": [lambda: {}["a"], lambda: nn.ModuleDict({})["a"]],
    "cannot be changed once": [
        run("(1, 2)[0] = 3"),
        run("'abc'[0] = 'b'"),
        run("ones(2).shape[0] = 3"),
    ],
    "no places that could be changed": [run("(3)[0] = 1"), run("(n for n in [])[0] = 1")],
    "cannot be indexed": [lambda: at(3, 0), lambda: at({1}, 0), lambda: DataLoader([1])[0]],
    # Many and few.
    "nothing to choose from. Which line should": [
        lambda: max([]),
        lambda: min(n for n in []),
        run("raise ValueError('max() iterable argument is empty')"),  # Python 3.12 and later
    ],
    "The tensor is empty": [lambda: ones(0).max(), lambda: ones(0).argmax()],
    "more names to be filled": [
        run("a, b = [1, 2, 3]"),
        run("a, b, c = ones(2)"),
        run("for a, b in ones(3, 3): pass"),
    ],
    "Something with several values": [run("a, b = 3"), lambda: list(3), lambda: [*Model()]],
    "len() works only on": [lambda: len(3), lambda: len(Model())],
    "A generator (map, zip": [
        lambda: values() + values(),
        lambda: values() + 1,
        lambda: len(values()),
        lambda: Model().parameters()[0],
        lambda: map(abs, [1])[0],
        lambda: ones(2) + values(),
    ],
    "A list does not calculate": [
        lambda: [1] + 1,
        lambda: 1 + [1],
        lambda: [1] / 2,
        lambda: sum([[1]]),
        lambda: [1, 2] / ones(2),
    ],
    "the number has to be whole": [lambda: [1] * 0.5],
    "One side is a tuple": [lambda: ones(2, 2).max(dim=1) + 1, lambda: ones(2) * 2 + (1, 2)],
    "One side is a text": [lambda: "a" + 1, lambda: 1 + "a", lambda: "a" < 1],
    "The sign in that line": [lambda: {} + {}, lambda: Model() + 1, lambda: [1] > 1],
    "no key of a dict": [lambda: {[]: 1}, lambda: {{}}],
    "A single number is wanted": [lambda: math.log("a"), lambda: float([1])],
    "A format after the colon": [lambda: f"{ones(2):.2f}", lambda: f"{[1]:.2f}"],
    "not a number as int()": [lambda: int("a"), lambda: float("1,5")],
    "must not grow": [grown],
    "Brackets call": [lambda: ones(2)(0), lambda: at(["a"], 0)()],
    # Tensors side by side.
    "no ragged edge": [lambda: torch.tensor([[1, 2], [3]])],
    "torch.tensor takes numbers": [lambda: torch.tensor(None), lambda: torch.tensor(values())],
    "stacked only if": [lambda: torch.stack([ones(2), ones(3)])],
    "joined along an axis": [
        lambda: torch.cat([ones(2, 3), ones(2, 2)]),
        lambda: torch.cat([ones(2), ones(2, 2)]),
    ],
    "torch.cat makes": [lambda: torch.cat([torch.tensor(1.0)])],
    "The list of tensors is empty": [lambda: torch.stack([]), lambda: torch.cat([])],
    "A list or tuple of tensors": [lambda: torch.cat(ones(2)), lambda: torch.stack([1, 2])],
    "A tensor is wanted there; the": [lambda: torch.exp(2.0), lambda: nn.Linear(2, 2)([1, 2])],
    "A tensor is wanted there, and there is None": [lambda: nn.Linear(2, 2)(None)],
    "view leaves the numbers": [lambda: ones(2, 3).T.view(6)],
    "PyTorch knows no such call": [lambda: ones(2).sum(dim="a")],
    # Yes or no.
    "One yes or no was asked of many": [
        lambda: 1 if ones(2) > 0 else 0,
        lambda: [ones(2)] == [ones(2)],
        lambda: max(ones(2), ones(2)),
        lambda: bool(np.ones(2)),
    ],
    "asked of an empty tensor": [lambda: bool(ones(0))],
    "where an option is expected": [lambda: nn.CrossEntropyLoss(ones(2, 3), whole(2))],
    # Gradients.
    "connected to a parameter": [lambda: ones(1).backward()],
    "Autograd guards": [run("x = nn.Parameter(ones(2)); x -= 1")],
    "starts from a single number": [lambda: parameter(2).backward()],
    "uses up the graph": [twice],
    "The gradient needs a value as it was": [changed_in_place],
    "does not depend on that tensor": [
        lambda: torch.autograd.grad(parameter(1).sum(), parameter(1))
    ],
    "not those of the model": [lambda: Model().load_state_dict({})],
    "The name is taken already": [
        lambda: (lambda m: (setattr(m, "mean", 1), m.register_buffer("mean", ones(1))))(Model())
    ],
}
CASES = [(words, function) for words, functions in SAID.items() for function in functions]


def named(value):
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize(("words", "function"), CASES, ids=named)
def test_the_sentence_is_said_of_the_error_and_no_other(words, function):
    idea = idea_of(error_of(function))
    assert words in idea
    others = [other for other in SAID if other in idea and other not in words]
    assert set(others) <= ALONGSIDE.get(words, set())


# Sentences that go together: the longer one has the shorter one's words.
ALONGSIDE = {
    "`self` is one of them": {"Look at the arguments in that line"},
    "PyTorch knows no such call": {"Look at the arguments in that line"},
}

NEIGHBOURS = [
    ("written", lambda: ones(2).mean(dim=3)),
    # No slip: never set, another kind of thing, a number more, a _ more.
    ("slip in the spelling", lambda: Model().dropout),
    ("slip in the spelling", lambda: Model().layer2),
    ("slip in the spelling", lambda: Model().requires_grad),
    ("slip in the spelling", lambda: (1.5).backward()),
    ("slip in the spelling", lambda: np.ones(2).unsqueeze(0)),
    ("slip in the spelling", lambda: {}.item()),
    ("slip in the spelling", lambda: unheard_of),  # noqa: F821
    ("a line that sets it", lambda: nn.Linear(2, 2).dropout),
    ("There is a text", lambda: str.shape),
    ("forward hook", lambda: NoSelf()(3)),
    ("forward hook", lambda: nn.Linear(2, 2)(ones(2), ones(2))),
    ("forward hook", lambda: next(iter(DataLoader(NoItem())))),
    ("forward hook", hooked_backward),
    ("forward hook", calls_in_a_hook),
    ("transposed", lambda: nn.Linear(3, 2)(ones(4, 5))),
    ("self", lambda: Model().nowhere()),
    ("self", lambda: [].append(1, 2)),
    ("self", lambda: (lambda: 3)(4)),
    ("fractions", lambda: whole(2).mean(dtype=torch.long)),
    ("this is a float", lambda: cut([1], "a")),
    (".any()", lambda: nn.CrossEntropyLoss(ones(2, 3), whole(2))),
    ("divided", lambda: math.log(0)),
    ("choose from", lambda: max(3)),
    ("more names", run("a, b = 3")),
    ("changed once", run("(3)[0] = 1")),
    ("divided", lambda: int("a")),
    ("Nothing is kept", lambda: set().pop()),
]


@pytest.mark.parametrize(("words", "function"), NEIGHBOURS, ids=named)
def test_the_sentence_is_not_said_of_a_neighbouring_error(words, function):
    assert words not in idea_of(error_of(function))


def sentences():
    tables = (_explain_python.ANYWHERE, _explain_python.OF_A_LINE)
    rows = [row for table in (*tables, _explain_tensors.ROWS, _explain_torch.ROWS) for row in table]
    kept = [text for _, text in _explain_names._KINDS]
    names = {**vars(_explain), **vars(_explain_names)}
    constants = [value for name, value in names.items() if not name.startswith("__")]
    return [row[-1] for row in rows] + kept + [t for t in constants if _is_sentence(t)]


def _is_sentence(value):
    return isinstance(value, str) and value.strip().endswith((".", "?")) and " " in value.strip()


SENTENCES = [text for text in sentences() if "\n" not in text]


def test_the_sentences_are_found():
    assert len(SENTENCES) > 100


@pytest.mark.parametrize("text", SENTENCES)
def test_a_sentence_is_two_at_most_and_ends(text):
    assert len(re.findall(r"[.?!](?= [A-Z`]|$)", text.strip())) <= 2
    assert len(text) <= 260


# Told by tests of their own, in test_explain.py.
ELSEWHERE = (
    *("It calls itself", "exit() and", "The base class", "That name belongs", "nn.Sequential"),
    *("nn.ModuleList", "A ModuleList", "Calling a module calls", "dim is", "The sizes"),
    *("permute wants", "t() is", "The check called", "Python stopped", "No line of yours"),
)


@pytest.mark.parametrize("text", SENTENCES)
def test_every_sentence_is_said_of_some_error(text):
    assert text.startswith(ELSEWHERE) or any(words in text for words in SAID)


# Objects that answer no question, and errors without the names.


class Wild:
    @property
    def __dict__(self):
        raise ValueError("no")

    def __getattr__(self, name):
        raise AttributeError(f"'Wild' object has no attribute '{name}'")

    def __dir__(self):
        raise ValueError("no")


@pytest.mark.parametrize(
    "error",
    [
        AttributeError("'float' object has no attribute 'x'"),
        AttributeError("no"),
        NameError("name 'x' is not defined"),
        AttributeError("'Wild' object has no attribute 'x'", name="x", obj=Wild()),
        AttributeError("'Angry' object has no attribute 'x'", name="x", obj=ANGRY),
        NameError("name 'x' is not defined", name="x"),
    ],
)
def test_an_odd_error_gets_an_idea_too(error):
    def odd():
        return iter([error]).__next__()

    def throw():
        values().throw(odd())

    assert idea_of(error)
    assert idea_of(error_of(throw))


def test_where_the_check_calls_a_module_forward_is_named():
    outcome = _sandbox.run(lambda: call(NoSelf(), 3, tried="it"), 5)
    assert "hands its arguments on to its forward" in idea_of(outcome.error.error)


def test_no_sentence_of_a_line_is_said_where_no_line_was_reached():
    for function in (len, math.log, torch.exp, F.softmax):
        outcome = _sandbox.run(lambda function=function: call(function, [1.0], tried="it"), 5)
        assert outcome.error is None or "No line of yours" in idea_of(outcome.error.error)


def test_a_sentence_of_the_exercise_goes_before_a_general_one():
    def check(attempt):
        """it divides"""
        with explaining(ZeroDivisionError, "The exercise's own."):
            call(attempt, 3, tried="3")

    exercise = Exercise("99.1", "Part", 1, lambda x: x, (check,), ("a",))
    assert told(judge(exercise, lambda x: x / 0), "idea") == "The exercise's own."
    assert "math.log" not in told(judge(exercise, lambda x: math.log(-x)), "idea")
    assert "not defined for" in told(judge(exercise, lambda x: math.log(-x)), "idea")
