"""Trainings that are killed and resumed, by fit and by other libraries; what saving costs; damage.

Every training runs in a process of its own and gets a real SIGKILL at a random moment. The other
libraries serve this benchmark alone; where one is not installed, the rest is measured without it.
To install them: .venv/bin/python -m pip install -c constraints.txt -r
tests/benchmarks/requirements.txt
"""

import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests import killed
from tests.benchmarks import _flips, _resumes, _saving
from tests.benchmarks._table import table
from tests.killed import Ended, Found, found_in, result, run_until_killed
from tests.tiny_training import same

POINTS, POINTS_EACH = 64, 6  # kill points over all cases of fit; for each library and setting


def run() -> Iterator[str]:
    if _resumes.missing():
        yield f"Not installed, so not compared: {', '.join(_resumes.missing())}."
    killed.preload(_resumes.MODULES)
    yield kill_test()
    for name in _resumes.SETTINGS:
        yield comparison(name)
    yield _saving.cost()
    yield _flips.flips()


@dataclass(frozen=True)
class Resumed:
    """A training that was killed once, and what became of it."""

    killed: Ended
    found: Found
    ended: Ended
    given: dict | None
    whole: dict

    @property
    def done(self) -> bool:
        return self.ended.code == 0 and self.given is not None

    @property
    def equal(self) -> bool:
        return self.done and same(self.given["state"], self.whole["state"])

    @property
    def twice(self) -> int:
        """Steps that were made again."""
        return max(0, self.killed.step + self.given["steps"] - self.whole["steps"])


def resumed(target: Callable, option: object, points: int, seed: int) -> list[Resumed]:
    """Leave a training alone, then kill and resume it at so many random moments."""
    generator, made = random.Random(seed), []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as parent:
        whole, expected = _run(target, option, Path(parent) / "whole")
        for number in range(points):
            folder = Path(parent) / f"run-{number}"
            out = folder.with_suffix(".out")
            end = run_until_killed(generator, whole, target, option, folder, out)
            out.unlink(missing_ok=True)
            found = found_in(folder)
            made.append(Resumed(end, found, *_run(target, option, folder), expected))
    return made


def _run(target: Callable, option: object, folder: Path) -> tuple[Ended, dict | None]:
    out = folder.with_suffix(".out")
    return killed.run(target, option, folder, out), result(out)


def kill_test(points: int = POINTS) -> str:
    """The cases of the tests: weights, optimizer, schedule, history and random states."""
    rows, each = [], points // len(killed.CASES)
    for number, (name, case) in enumerate(killed.CASES.items()):
        found = resumed(killed.train, case, each, seed=number)
        rows.append([name, *_counted(found)])
    rows.append(["all", *(sum(column) for column in zip(*(row[1:] for row in rows), strict=True))])
    return table(
        "fit with Checkpoints, killed at random moments",
        (
            "training",
            "killed",
            "resumed",
            "equal to the last bit",
            "damaged checkpoints",
            "unfinished writes",
        ),
        rows,
    )


def _counted(found: list[Resumed]) -> list[int]:
    return [
        len(found),
        sum(each.done for each in found),
        sum(each.equal for each in found),
        sum(each.found.damaged for each in found),
        sum(each.found.unfinished for each in found),
    ]


def comparison(name: str, points: int = POINTS_EACH) -> str:
    """The same training by every library that is there."""
    setting = _resumes.SETTINGS[name]
    rows = [
        [library, *_compared(resumed(target, setting, points, seed=0), target, setting)]
        for library, target in _resumes.trainings().items()
    ]
    return table(
        f"The same perceptron, killed at {points} random moments; {name}",
        (
            "library",
            "resumed",
            "equal to the last bit",
            "most steps made again",
            "left alone twice: equal",
            "errors",
        ),
        rows,
    )


def _compared(found: list[Resumed], target: Callable, setting: _resumes.Setting) -> list[object]:
    errors = Counter(_resumes.reason(each.ended.printed) for each in found if not each.done)
    return [
        f"{sum(each.done for each in found)} of {len(found)}",
        sum(each.equal for each in found),
        max((each.twice for each in found if each.done), default=""),
        "yes" if _repeatable(target, setting, found[0].whole) else "no",
        "; ".join(f"{count} × {error}" for error, count in errors.items()),
    ]


def _repeatable(target: Callable, setting: _resumes.Setting, whole: dict) -> bool:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as parent:
        _, again = _run(target, setting, Path(parent) / "again")
    return again is not None and same(again["state"], whole["state"])
