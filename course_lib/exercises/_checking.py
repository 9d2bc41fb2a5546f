"""What a check is written with: call the attempt, expect an answer, name the mistake."""

import contextlib
import copy
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from course_lib._describe import describe

RELATIVE, ABSOLUTE = 1e-4, 1e-5  # how far two floats may be apart
NO_RETURN = "Nothing came back. Does the function end in `return`?"
TUPLE_OF_ONE = "A comma at the end of a line makes a tuple of one. Take it away."


class Mistake(Exception):  # noqa: N818 it is an answer, not an error
    """A wrong answer, told apart: what was tried, what came back, what was expected, the idea."""

    def __init__(self, tried: str, got: str, expected: str, idea: str) -> None:
        super().__init__(idea)
        self.tried, self.got, self.expected, self.idea = tried, got, expected, idea


class Raised(Exception):  # noqa: N818 it carries an error of the learner
    """The attempt raised an error of its own while it was called. `idea` says why, if known."""

    def __init__(self, tried: str, error: BaseException, idea: str = "") -> None:
        super().__init__(tried)
        self.tried, self.error, self.idea = tried, error, idea


@contextlib.contextmanager
def explaining(kind: type[Exception], idea: str, words: str = "") -> Iterator[None]:
    """Say `idea` on the card if a call in here raises an error of this kind, with these words."""
    try:
        yield
    except Raised as raised:
        if isinstance(raised.error, kind) and words in str(raised.error):
            raised.idea = idea
        raise


@contextlib.contextmanager
def explaining_each(*rows: tuple) -> Iterator[None]:
    """`explaining(*row)` for each row; of several that fit, the first has the last word."""
    with contextlib.ExitStack() as stack:
        for row in rows:
            stack.enter_context(explaining(*row))
        yield


@dataclass(frozen=True)
class Known:
    """A known wrong answer: the value it gives, and the idea that sets it right."""

    value: Any
    idea: str


def call(function: Callable, *arguments: Any, tried: str, **named: Any) -> Any:
    """Call the attempt, or something that it made.

    Its errors become `Raised`, a changed input becomes a `Mistake`. Tensors, lists, dicts and
    tables are passed as copies, so that no attempt spoils the next one, and have to come out as
    they went in; modules are passed as they are and may change.
    """
    passed = [_copy(value) for value in arguments]
    passed_by_name = {name: _copy(value) for name, value in named.items()}
    try:
        result = function(*passed, **passed_by_name)
    except Exception as error:
        raise Raised(tried, error) from error
    after, before = (*passed, *passed_by_name.values()), (*arguments, *named.values())
    for value, original in zip(after, before, strict=True):
        if value is not original and not same(value, original):
            raise Mistake(
                tried,
                f"its input, changed to {describe(value)}",
                f"its input as it was, {describe(original)}",
                "The caller still owns what it passed in. An operation whose name ends in _ or an "
                "assignment like x[...] = or x += works in place; write x = x + ... to make a "
                "new one.",
            )
    return result


def _copy(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone()
    if _is_table(value):
        return value.copy()
    return copy.deepcopy(value) if isinstance(value, (list, dict, tuple)) else value


def _is_table(value: Any) -> bool:
    """Whether it is a pandas DataFrame, without importing pandas for the question."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def same(got: Any, expected: Any) -> bool:
    """Whether two values agree: floats to a tolerance, NaN with NaN, all else exactly.

    Never raises: a value that cannot be compared does not agree.
    """
    try:
        return _same(got, expected)
    except Exception:
        return False


def _same(got: Any, expected: Any) -> bool:
    if _is_table(expected):
        return _is_table(got) and got.equals(expected)
    if isinstance(expected, Tensor):
        return isinstance(got, Tensor) and _same_tensor(got, expected)
    if isinstance(expected, (list, tuple)):
        return (
            isinstance(got, (list, tuple))
            and len(got) == len(expected)
            and all(same(one, other) for one, other in zip(got, expected, strict=True))
        )
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and got.keys() == expected.keys()
            and all(same(got[key], expected[key]) for key in expected)
        )
    if isinstance(expected, float):
        return isinstance(got, (int, float)) and not isinstance(got, bool) and _near(got, expected)
    if type(expected) is int:  # NumPy's whole numbers are as good
        return isinstance(got, Integral) and not isinstance(got, bool) and int(got) == expected
    return type(got) is type(expected) and bool(got == expected)


def _same_tensor(got: Tensor, expected: Tensor) -> bool:
    if got.shape != expected.shape or _number_kind(got) != _number_kind(expected):
        return False
    if got.is_meta or expected.is_meta:  # no numbers to compare
        return got.is_meta and expected.is_meta
    if not (expected.is_floating_point() or expected.is_complex()):
        return torch.equal(got.cpu().long(), expected.cpu().long())
    wide = torch.complex128 if expected.is_complex() else torch.float64
    got, expected = got.detach().cpu().to(wide), expected.detach().cpu().to(wide)
    return torch.allclose(got, expected, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)


def _number_kind(tensor: Tensor) -> tuple[bool, bool, bool]:
    return tensor.is_floating_point(), tensor.is_complex(), tensor.dtype == torch.bool


def _near(got: float, expected: float) -> bool:
    if math.isnan(expected):
        return math.isnan(got)
    return math.isclose(got, expected, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def expect(got: Any, expected: Any, *, tried: str, idea: str, known: Sequence[Known] = ()) -> None:
    """Raise a `Mistake` unless `got` agrees with `expected`; a known wrong value names it."""
    if same(got, expected):
        return
    for wrong in known:
        if same(got, wrong.value):
            raise Mistake(tried, describe(got), describe(expected), wrong.idea)
    shown, wanted = describe(got), describe(expected)
    with contextlib.suppress(Exception):  # a value that misbehaves says nothing of its kind
        idea = _by_kind(got, expected) or idea
        if shown == wanted:  # too large to be shown in full
            shown, wanted = _where_they_differ(got, expected)
    raise Mistake(tried, shown, wanted, idea)


def _where_they_differ(got: Any, expected: Any) -> tuple[str, str]:
    """What tells two values apart that are described alike.

    Of two texts the white space; of two large tensors of one shape the first place where they
    differ, and what stands there.
    """
    if isinstance(expected, str):
        return tuple(repr(text).replace(" ", "␣") for text in (got, expected))
    close = torch.isclose(got.detach(), expected, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
    place = tuple((~close).nonzero()[0].tolist())
    where = f"; the first difference is at {list(place)}: "
    return tuple(f"{describe(x)}{where}{x[place].item():.4g}" for x in (got, expected))


def _by_kind(got: Any, expected: Any) -> str | None:
    """What can be said from the kind of thing alone."""
    if got is None:
        return NO_RETURN
    if isinstance(expected, Tensor) and not isinstance(got, Tensor):
        if isinstance(got, tuple) and len(got) == 1:
            return TUPLE_OF_ONE
        return "A tensor is needed here, so that PyTorch can work on with it."
    if isinstance(got, Tensor) and isinstance(expected, Tensor):
        return _by_shape(got, expected)
    return None


def _by_shape(got: Tensor, expected: Tensor) -> str | None:
    if got.shape == expected.shape:
        if got.is_floating_point() and got.isnan().any():
            return (
                "There is a NaN in it: look for a division by zero, or a logarithm or root of "
                "a negative number."
            )
        if got.is_floating_point() != expected.is_floating_point():
            return f"The numbers are of the wrong kind: {got.dtype}, not {expected.dtype}."
        return None
    if got.dim() == expected.dim() == 2 and got.shape == expected.T.shape:
        return "Transposed, the shape would be right: rows and columns have changed places."
    return None


def expect_that(
    holds: bool, *, tried: str, got: Any = None, told: str = "", expected: str, idea: str
) -> None:
    """Raise a `Mistake` unless `holds`. `got` is what came back, or `told` says it in words."""
    if not holds:
        raise Mistake(tried, told or describe(got), expected, idea)


def expect_module(module: Any, *, tried: str) -> None:
    """Raise a `Mistake` unless `module` is an `nn.Module` that was set up by its base class."""
    expect_that(
        isinstance(module, torch.nn.Module),
        tried=tried,
        got=module,
        expected="an nn.Module",
        idea=_why_no_module(module),
    )
    expect_that(
        "_modules" in vars(module),
        tried=tried,
        told="an nn.Module that is not set up",
        expected="an nn.Module",
        idea="The base class is not set up yet: make super().__init__() the first line of "
        "__init__.",
    )


def _why_no_module(thing: Any) -> str:
    """What to say of a thing that is no module: of an object of the learner's own class or not."""
    if thing is None:
        return NO_RETURN
    kind = type(thing)
    with contextlib.suppress(Exception):  # a thing may forbid all questions
        if kind is tuple and len(thing) == 1:
            return TUPLE_OF_ONE
        if isinstance(thing, type) and issubclass(thing, torch.nn.Module):
            return "That is the class. Brackets, with its arguments in them, make a module of it."
        plain = ("builtins", "collections", "types", "functools", "torch", "numpy", "pandas")
        if kind.__module__.partition(".")[0] not in plain:
            return (
                f"It is an object of the class {kind.__name__}, which does not inherit from "
                "nn.Module: only in a module does PyTorch find what is inside it."
            )
    return "A module is needed here, made already, and this is a thing of another kind."
