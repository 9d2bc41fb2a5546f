"""Error messages decoded, each from an error that PyTorch really raises, and the line found."""

import functools
import gc
import linecache
import sys
import sysconfig

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.exercises import _sandbox
from course_lib.exercises._checking import call
from course_lib.exercises._explain import Place, idea_of, message_of, place_of


def ones(*shape, **named):
    return torch.ones(*shape, **named)


def error_of(function, *arguments):
    with pytest.raises(BaseException) as caught:
        function(*arguments)
    return caught.value


# Modules as learners write them.


class Unset(nn.Module):
    def __init__(self, make=lambda self: None):
        make(self)

    def forward(self, x):
        return x


class Set(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(ones(2))
        self.layer = nn.Linear(2, 2)

    def foward(self, x):
        return x


class NoMethods:
    pass


def in_place(parameter):
    parameter -= 1


def deeper():
    return deeper()


def own_error(message):
    raise TypeError(f"unsupported operand, {message} 'str'")


def own_assert():
    assert len([]) == 1, "max() arg is an empty sequence"


def without_end():
    gc.collect()  # so that no clean-up of somebody else's meets the limit
    return deeper()


DECODED = {
    "super().__init__()": {
        "parameter": lambda: Unset(lambda self: setattr(self, "w", nn.Parameter(ones(1)))),
        "module": lambda: Unset(lambda self: setattr(self, "layer", nn.Linear(1, 1))),
        "buffer": lambda: Unset(lambda self: self.register_buffer("mean", ones(1))),
        "parameters()": lambda: list(Unset().parameters()),
        "modules()": lambda: list(Unset().modules()),
        "state_dict()": lambda: Unset().state_dict(),
        "hook": lambda: Unset().register_forward_hook(print),
        "call": lambda: Unset()(3),
    },
    "inner sizes equal": {
        "matrices": lambda: ones(2, 3) @ ones(2, 3),
        "linear": lambda: F.linear(ones(2, 3), ones(3, 2)),
        "vector": lambda: ones(2, 3) @ ones(2),
        "two vectors": lambda: ones(2) @ ones(3),
        "batches": lambda: ones(2, 3, 4) @ ones(2, 3, 4),
    },
    "do not broadcast": {
        "sum": lambda: ones(2) + ones(3),
        "in place": lambda: ones(3).add_(ones(2, 3)),
        "assignment": lambda: ones(2, 3).__setitem__(0, ones(2)),
        "expand": lambda: ones(3).expand(2),
    },
    "torch.no_grad()": {
        "parameter": lambda: in_place(nn.Parameter(ones(2))),
        "part": lambda: nn.Parameter(ones(2)).__setitem__(0, 3.0),
    },
    "connected to a parameter": {
        "plain": lambda: ones(1).backward(),
        "detached": lambda: ones(1, requires_grad=True).detach().backward(),
        "data": lambda: ones(1, requires_grad=True).data.sum().backward(),
    },
    ".any(), .all()": {"if": lambda: 1 if ones(2) > 0 else 0},
    "another of its kind": {
        "parameter": lambda: setattr(Set(), "weight", ones(2)),
        "module": lambda: setattr(Set(), "layer", 3),
    },
    "hold modules": {
        "list": lambda: nn.ModuleList([3]),
        "sequential": lambda: nn.Sequential((2, 3)),
        "class": lambda: nn.Sequential(nn.ReLU),
    },
    "its method forward": {"misspelled": lambda: Set()(3)},
    "is None": {
        "operand": lambda: ones(1) + None,
        "attribute": lambda: None.shape,
        "gradient": lambda: nn.Parameter(ones(1)).grad.zero_(),
    },
    "in that line: their names": {
        "missing": lambda: nn.Linear(3),
        "too many": lambda: deeper(1),
        "keyword": lambda: nn.Linear(3, 2, size=1),
        "twice": lambda: nn.Linear(3, 2, in_features=3),
        "none": lambda: NoMethods(3),
        "torch": lambda: ones(2).sum(dim="a"),
    },
    "the course's letters": {"B": lambda: B},  # noqa: F821
    "number of an axis": {"dim": lambda: ones(2).mean(dim=3)},
    "x.shape": {"view": lambda: ones(6).view(4, 2), "reshape": lambda: ones(6).reshape(4, 2)},
    "every axis once": {"permute": lambda: ones(2, 3).permute(0, 2, 1)},
    "for matrices": {"t": lambda: ones(2, 3, 4).t()},
    "Brackets call": {"tensor": lambda: ones(2)(0), "size": lambda: ones(2).shape(0)},
    "slip in the spelling": {"tensor": lambda: ones(2).shpae, "torch": lambda: torch.oness(2)},
    "without end": {"recursion": without_end},
    "ends with return": {"exit": lambda: sys.exit(0), "quit": lambda: exit()},
}
CASES = [
    pytest.param(function, words, id=f"{words}-{name}")
    for words, functions in DECODED.items()
    for name, function in functions.items()
]


@pytest.mark.parametrize(("function", "words"), CASES)
def test_an_error_that_pytorch_raises_is_decoded(function, words):
    assert words in idea_of(error_of(function))


@pytest.mark.parametrize(
    "function", [lambda: [].index(1), lambda: own_error("has no attribute"), own_assert]
)
def test_an_unknown_error_points_to_the_line(function):
    assert "the line above" in idea_of(error_of(function))


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (len, (3,), "No line of yours"),
        (torch.relu, (3,), "No line of yours"),
        (functools.partial(getattr, 3), ("shape",), "No line of yours"),
        (nn.Linear, (3,), "The check called it"),
        (NoMethods, (3, 2), "The check called it"),
        (lambda: 3, (3,), "The check called it"),
    ],
    ids=["len", "relu", "attribute", "too few", "none", "too many"],
)
def test_where_no_line_of_the_learner_was_reached_the_idea_names_none(function, arguments, words):
    outcome = _sandbox.run(lambda: call(function, *arguments, tried="it"), 5)
    assert place_of(outcome.error.error) is None
    assert words in idea_of(outcome.error.error)
    assert "line above" not in idea_of(outcome.error.error)


# The line.

NAMES = [
    "<ipython-input-3-9d3f5b>",
    "/tmp/ipykernel_4711/1234567.py",
    "/tmp/ipython-input-1-123.py",
    r"C:\Users\me\AppData\Local\Temp\ipykernel_4711\1234567.py",
]


@pytest.fixture
def cell(monkeypatch):
    """Run a pretend cell of a notebook, with its source where IPython puts it."""

    def run(source, name=NAMES[0], **names):
        lines = source.splitlines(keepends=True)
        monkeypatch.setitem(linecache.cache, name, (len(source), None, lines, name))
        namespace = {"torch": torch, "nn": nn, **names}
        exec(compile(source, name, "exec"), namespace)
        return namespace

    return run


FUNCTION = """\
def f(x):
    y = x + 1

    return y @ missing
"""


@pytest.mark.parametrize("name", NAMES)
def test_the_line_is_found_in_a_cell(cell, name):
    function = cell(FUNCTION, name)["f"]
    assert place_of(error_of(function, 1)) == Place(4, "return y @ missing")


def test_the_line_is_the_learner_s_own_and_not_one_of_pytorch(cell):
    source = "def f(layer, x):\n    return layer(x)\n"
    function = cell(source)["f"]
    assert place_of(error_of(function, nn.Linear(2, 2), ones(3))) == Place(2, "return layer(x)")


def test_the_innermost_of_the_learner_s_lines_is_named(cell):
    helper = cell("def helper(x):\n    return x.shpae\n", NAMES[1])["helper"]
    source = "class Model(nn.Module):\n    def forward(self, x):\n        return helper(x)\n"
    model = cell(source, helper=helper)["Model"]()
    assert place_of(error_of(model, ones(1))) == Place(2, "return x.shpae")


def test_a_line_that_pytorch_calls_back_is_named(cell):
    source = "def hook(module, args, output):\n    raise ValueError('no')\n"
    layer = nn.Linear(1, 1)
    layer.register_forward_hook(cell(source)["hook"])
    assert place_of(error_of(layer, ones(1))).text == "raise ValueError('no')"


def test_an_error_in_evaluated_text_points_to_the_line_that_evaluates_it(cell):
    for source in ("eval('1 +')", "eval('1 / 0')", "exec('\\n\\n1 / 0')"):
        function = cell(f"def f():\n    {source}\n")["f"]
        assert place_of(error_of(function)) == Place(2, source)


def test_a_long_statement_is_named_by_one_of_its_lines(cell):
    function = cell("def f(x):\n    return (\n        x\n        @ missing\n    )\n")["f"]
    assert place_of(error_of(function, 1)).text in ("return (", "x", "@ missing")


def test_an_own_module_of_the_learner_counts_as_theirs(tmp_path, monkeypatch):
    (tmp_path / "learners_own.py").write_text("def f():\n    return 1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    import learners_own

    assert place_of(error_of(learners_own.f)) == Place(2, "return 1 / 0")


@pytest.mark.parametrize(
    "folder",
    [
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("purelib"),
        "/usr/lib/python3/dist-packages",
        "/home/me/.local/lib/python3.12/site-packages",
        r"C:\Users\me\venv\Lib\site-packages",
    ],
)
def test_installed_code_is_not_the_learner_s(cell, folder):
    installed = cell("def f():\n    return 1 / 0\n", f"{folder}/some/module.py")["f"]
    function = cell("def g():\n    installed()\n", installed=installed)["g"]
    assert place_of(error_of(function)) == Place(2, "installed()")


# The message.


class OwnError(Exception):
    pass


class SilentError(Exception):
    def __str__(self):
        raise SystemExit


class OfOddMeta(type):
    def __getattribute__(cls, name):
        raise ValueError(name)


class OddError(Exception, metaclass=OfOddMeta):
    pass


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("no"), "ValueError: no"),
        (OwnError(), "OwnError: "),
        (KeyError("a"), "KeyError: 'a'"),
        (SilentError(), "SilentError: (a message that cannot be shown)"),
        (OddError("no"), "OddError: no"),
    ],
    ids=["usual", "empty", "key", "silent", "odd"],
)
def test_a_message_is_made_of_any_error(error, message):
    assert message_of(error) == message
    assert idea_of(error)
