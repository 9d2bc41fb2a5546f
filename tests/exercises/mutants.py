"""How the exercises of a notebook are tested: right answers, and wrong ones with their feedback."""

from collections.abc import Callable
from dataclasses import dataclass

from course_lib import exercises
from course_lib.exercises import Verdict, judge


@dataclass(frozen=True)
class Right:
    """A right answer, written differently from the reference."""

    id: str
    name: str
    attempt: Callable


@dataclass(frozen=True)
class Wrong:
    """A mistake that people really make, and the words that must name it."""

    id: str
    name: str
    attempt: Callable
    says: str


def names(answers: list) -> list[str]:
    return [f"{answer.id} {answer.name}" for answer in answers]


def verdict(answer: Right | Wrong) -> Verdict:
    return judge(exercises.find(answer.id), answer.attempt)


def told(given: Verdict, label: str) -> str:
    """What a verdict says on the lines with this label."""
    return " ".join(row.text for row in given.rows if row.label == label)


def report(given: Verdict) -> str:
    """A verdict as it stands on the card, for a failing test to show."""
    return "\n" + "\n".join(row.plain() for row in given.rows)
