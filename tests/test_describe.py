"""course_lib._describe: any value as one short line, the same every time, without an exception."""

import functools
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from course_lib._describe import describe, is_tensor, shorten
from tests.exercises.nonsense import AngryTensor, Ghost, OfAngryMeta


class Angry:
    def __repr__(self):
        raise ValueError("no")


class Apple:
    __repr__ = Angry.__repr__


def a_function():
    pass


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (None, "None"),
        (3, "3"),
        ("a\nb", "'a\\nb'"),
        ((2, 3), "(2, 3)"),
        (..., "Ellipsis"),
        (torch.Size([2, 3]), "(2, 3)"),
        (torch.tensor(2.0), "a tensor of shape (), float32: 2.0"),
        (torch.tensor([1, 2]), "a tensor of shape (2,), int64: [1, 2]"),
        (torch.tensor([True]), "a tensor of shape (1,), bool: [True]"),
        (torch.tensor([[1 / 3]]), "a tensor of shape (1, 1), float32: [[0.3333]]"),
        (torch.tensor([math.nan, -math.inf]), "a tensor of shape (2,), float32: [nan, -inf]"),
        (torch.tensor([1 + 2j]), "a tensor of shape (1,), complex64: [(1+2j)]"),
        (torch.ones(2, requires_grad=True), "a tensor of shape (2,), float32: [1.0, 1.0]"),
        (torch.zeros(12), f"a tensor of shape (12,), float32: {[0.0] * 12}"),
        (torch.zeros(13), "a tensor of shape (13,), float32"),
        (torch.zeros(0), "a tensor of shape (0,), float32: []"),
        (torch.ones(2, device="meta"), "a tensor of shape (2,), float32 on meta"),
        (torch.ones(2).half(), "a tensor of shape (2,), float16: [1.0, 1.0]"),
        (nn.Linear(2, 2), "a module of class Linear"),
        (nn.Linear, "the class Linear"),
        (nn.ModuleList(), "a module of class ModuleList"),
        (np.array([[1, 2]]), "a NumPy array (1, 2) int64: [[1, 2]]"),
        (np.zeros((4, 4)), "a NumPy array (4, 4) float64: …"),
        ([torch.tensor(1.0)], "a list of 1: a tensor of shape (), float32: 1.0"),
        ((1, torch.tensor(2)), "a tuple of 2: 1, a tensor of shape (), int64: 2"),
        ([1, 2], "[1, 2]"),
        ({"b", "a"}, "a set of 2: 'a', 'b'"),
        (set(), "set()"),
        (a_function, "the function a_function"),
        (len, "the function len"),
        (functools.partial(len), "the function partial"),
        (Angry(), "an Angry that cannot be shown"),
        (Apple(), "an Apple that cannot be shown"),
        ([Angry()], "a list that cannot be shown"),
        (Ghost(), "a Ghost that cannot be shown"),
        (OfAngryMeta, "an AngryMeta that cannot be shown"),
        (OfAngryMeta(), "an OfAngryMeta that cannot be shown"),
        (torch.ones(2).as_subclass(AngryTensor), "an AngryTensor that cannot be shown"),
    ],
    ids=lambda value: value if type(value) is str else "",
)
def test_a_value_is_one_line(value, line):
    assert describe(value) == line


@pytest.mark.parametrize("value", [object(), (lambda: (yield))(), [object()], {1: object()}])
def test_no_address_is_shown(value):
    assert "0x" in repr(value)
    assert "0x" not in describe(value)


@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("x" * 10_000, "'xxx", "xxx'"),
        (list(range(10_000)), "[0, 1, 2", "9998, 9999]"),
        ([torch.zeros(9)] * 99, "a list of 99: a tensor", "0.0, 0.0]"),
    ],
    ids=["text", "list", "tensors"],
)
def test_a_flood_is_cut_and_keeps_both_its_ends(value, start, end):
    line = describe(value)
    assert len(line) <= 160
    assert line.startswith(start)
    assert " … " in line
    assert line.endswith(end)


def test_a_list_that_holds_itself_is_described():
    endless = [torch.tensor(1)]
    endless.append(endless)
    assert describe(endless) == "a list that cannot be shown"


@pytest.mark.parametrize(("length", "shown"), [(30, 30), (100, 100), (101, 93)])
def test_text_is_shortened_only_where_it_is_too_long(length, shown):
    text = "".join(chr(ord("a") + i % 26) for i in range(length))
    short = shorten(text, 100)
    assert len(short) == shown
    assert short[:70] == text[:70]
    assert short[-20:] == text[-20:]


def test_white_space_is_folded():
    assert shorten(" a\n\n b\tc ") == "a b c"


def printed(code, **variables):
    """What a Python of its own prints."""
    run = subprocess.run(
        [sys.executable, "-c", "from course_lib._describe import describe, is_tensor; " + code],
        cwd=Path(__file__).parents[1],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout


def test_a_set_of_texts_is_described_the_same_in_every_process():
    code = "print(describe({'a', 'b', 'c', 'd', 'e'}))"
    lines = {printed(code, PYTHONHASHSEED=seed) for seed in ("0", "1", "2")}
    assert lines == {"a set of 5: 'a', 'b', 'c', 'd', 'e'\n"}


def test_describing_needs_no_torch():
    code = "import sys; print(describe([1]), is_tensor(1), 'torch' in sys.modules)"
    assert printed(code) == "[1] False False\n"


@pytest.mark.parametrize(("value", "answer"), [(torch.ones(1), True), (np.ones(1), False)])
def test_tensors_are_told_from_arrays(value, answer):
    assert is_tensor(value) is answer
