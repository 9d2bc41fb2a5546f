"""What the benchmarks share: a Markdown table, and times taken in turns."""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table under a title: the first column to the left, numbers to the right."""
    rule = [":--", *["--:"] * (len(header) - 1)]
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in (header, rule, *rows)]
    return "\n".join([f"**{title}**", "", *lines])


def ratios(
    tasks: Mapping[str, Callable[[], object]], base: str, repeats: int
) -> dict[str, tuple[float, float, float]]:
    """How many times the seconds of `base` each task takes: median, least and most.

    The tasks take turns, and each is compared with the base of its own round, so that what else the
    machine does meanwhile counts about as much for both. A first round is not counted.
    """
    rounds = [{name: _seconds(task) for name, task in tasks.items()} for _ in range(repeats + 1)]
    found = {name: [each[name] / each[base] for each in rounds[1:]] for name in tasks}
    return {name: (median(values), min(values), max(values)) for name, values in found.items()}


def spread(value: tuple[float, float, float]) -> str:
    middle, least, most = value
    return f"{middle:.2f} ({least:.2f} to {most:.2f})"


def _seconds(task: Callable[[], object]) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start
