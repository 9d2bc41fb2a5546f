"""An exercise, and the judgement of an attempt: no display, no memory, so that it tests well."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from course_lib._describe import describe, shorten
from course_lib._panel import Row
from course_lib.exercises import _sandbox
from course_lib.exercises._checking import Mistake, Raised
from course_lib.exercises._explain import idea_of, message_of, place_of

SECONDS = 10.0


@dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook.

    Each check takes the attempt and raises a `Mistake` where it is wrong; the first line of its
    docstring is the claim that the card shows. The reference is a function or a class whose name is
    that of the stub.
    """

    id: str
    title: str
    minutes: int
    reference: Callable
    checks: tuple[Callable[[Any], None], ...]
    hints: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What the checks say of an attempt: "solved", "wrong" or "open" (not attempted)."""

    status: str
    rows: tuple[Row, ...]


def judge(exercise: Exercise, attempt: Any, seconds: float = SECONDS) -> Verdict:
    """Run the checks on an attempt, one after another, until one of them finds a mistake."""
    passed: list[str] = []
    outcome = _sandbox.run(lambda: _examine(exercise, attempt, passed), seconds)
    if isinstance(outcome.error, _Unfinished):
        return Verdict("open", (Row(str(outcome.error)),))
    if _says_not_implemented(outcome.error):
        return Verdict("open", (Row("It still raises NotImplementedError."),))
    rows = [Row(claim, mark="ok") for claim in passed]
    solved = outcome.error is None and len(passed) == len(exercise.checks)
    if not solved:
        failed = exercise.checks[min(len(passed), len(exercise.checks) - 1)]
        rows += [Row(claim_of(failed), mark="no"), *_feedback(outcome, seconds)]
    return Verdict("solved" if solved else "wrong", (*rows, *_notes(outcome)))


class _Unfinished(Exception):  # noqa: N818 it is an answer, not an error
    """There is nothing to check yet."""


def _examine(exercise: Exercise, attempt: Any, passed: list[str]) -> None:
    """What touches the attempt in any way, and so runs in the sandbox."""
    blanks = unfinished(attempt)
    if blanks:
        raise _Unfinished(blanks)
    _expect_the_name_itself(exercise, attempt)
    for check in exercise.checks:
        check(attempt)
        passed.append(claim_of(check))


def claim_of(check: Callable) -> str:
    """The claim that a check proves: the first line of its docstring."""
    return (check.__doc__ or check.__name__).strip().splitlines()[0]


def _says_not_implemented(error: BaseException | None) -> bool:
    """Whether a line of the learner's own raises it. PyTorch does for a module without forward."""
    cause = error.error if isinstance(error, Raised) else error
    if not isinstance(cause, NotImplementedError):
        return False
    place = place_of(cause)
    return place is not None and "NotImplementedError" in place.text


def _expect_the_name_itself(exercise: Exercise, attempt: Any) -> None:
    wants_class = inspect.isclass(exercise.reference)
    if inspect.isclass(attempt) if wants_class else callable(attempt):
        return
    wanted = "a class" if wants_class else "a function"
    raise Mistake(
        "the attempt as it was passed to check",
        describe(attempt),
        wanted,
        f"Pass the name itself, {exercise.reference.__name__}: {wanted}, not what it returns.",
    )


def _feedback(outcome: _sandbox.Outcome, seconds: float) -> tuple[Row, ...]:
    """What went wrong, in the four lines of a card: tried, got, expected, idea."""
    error = outcome.error
    if outcome.interrupted:
        return _lines("", "stopped by you", "", "")
    if outcome.timed_out:
        return _lines("", f"no end within {seconds:g} seconds", "", _endless(outcome))
    if isinstance(error, Mistake):
        return _lines(error.tried, error.got, error.expected, error.idea)
    if isinstance(error, Raised):
        return _raised(error.error, error.tried, error.idea)
    return _raised(error, "") if error is not None else ()


def _endless(outcome: _sandbox.Outcome) -> str:
    idea = (
        "Look for a loop whose condition never becomes false, or a wait for something that "
        "never comes."
    )
    if outcome.still_running:
        idea += (
            " It is still running in the background: mend it, then restart the kernel (menu "
            "Kernel)."
        )
    return idea


def _raised(error: BaseException, tried: str, idea: str = "") -> tuple[Row, ...]:
    place = place_of(error)
    message = shorten(message_of(error), 300)
    where = f"\nin line {place.number} of your cell: {place.text}" if place else ""
    return _lines(tried, message + where, "", idea or idea_of(error))


def _lines(tried: str, got: str, expected: str, idea: str) -> tuple[Row, ...]:
    rows = (
        Row(tried, label="tried", code=True),
        Row(got, label="got", code=True),
        Row(expected, label="expected", code=True),
        Row(idea, label="idea"),
    )
    return tuple(row for row in rows if row.text)


def _notes(outcome: _sandbox.Outcome) -> tuple[Row, ...]:
    """What is worth saying of a right and of a wrong attempt alike."""
    rows = []
    if outcome.printed.strip():
        rows.append(Row(shorten(outcome.printed.strip(), 300), label="printed", code=True))
    if outcome.changed:
        text = (
            f"Your code changed {', '.join(outcome.changed)}; it was put back. A function that "
            "changes "
            "what everybody shares surprises its caller: leave that to the one who calls it."
        )
        rows.append(Row(text, label="note"))
    return tuple(rows)


def unfinished(attempt: Any) -> str:
    """A sentence naming where the stub's `...` still stands, or "" where none is left."""
    if attempt is Ellipsis:
        return "The stub's `...` still stands: put your answer in its place."
    names = [function.__name__ for function in _functions_of(attempt) if _has_blank(function)]
    if not names:
        return ""
    listed = ", ".join(f"`{name}`" for name in dict.fromkeys(names))
    return f"The stub's `...` still stands in {listed}: delete it and put your code in its place."


def _functions_of(attempt: Any) -> list[Callable]:
    """The function itself, or the functions defined in a class."""
    if inspect.isfunction(attempt):
        return [attempt]
    if not inspect.isclass(attempt):
        return []
    members = [getattr(member, "__func__", member) for member in vars(attempt).values()]
    return [member for member in members if inspect.isfunction(member)]


def _has_blank(function: Callable) -> bool:
    """Whether the function's source has a statement that is just `...`."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except Exception:  # there is no source, or none that can be read
        return False
    return any(
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and node.value.value is ...
        for node in ast.walk(tree)
    )
