"""The tables: what the doctor and its rivals said, counted."""

from collections.abc import Callable, Iterator, Sequence
from statistics import median

from course_lib.doctor.report import FAULT
from tests.benchmarks._table import table
from tests.benchmarks.doctor._case import ORDINARY, SICK, UNUSUAL
from tests.benchmarks.doctor._rivals import POINTS_AT, RIVALS
from tests.benchmarks.doctor._run import PARTS, PROCESSES, SEEDS, Result, Seen

FAULTS_ONLY, ANY_FINDING = "doctor, faults", "doctor, faults and advice"


def tables(results: Sequence[Result]) -> Iterator[str]:
    yield sick(results)
    yield healthy(results)
    yield compared("All cases", results)
    yield compared(
        "Without the first part of the cases",
        [each for each in results if each.part != PARTS[0]],
    )
    yield by_name(results)
    yield pointing()
    yield otherwise(results)
    yield seconds(results)


# What is counted.


def names(seen: Seen) -> list[str]:
    return [name for name, _ in seen.findings]


def exactly(result: Result) -> bool:
    return all(names(seen) == [result.expected] for seen in result.seen)


def among_others(result: Result) -> bool:
    named = all(result.expected in names(seen) for seen in result.seen)
    return named and not exactly(result)


def has_fault(seen: Seen) -> bool:
    return any(severity == FAULT for _, severity in seen.findings)


def alarmed(result: Result) -> bool:
    """A fault at some seed."""
    return any(map(has_fault, result.seen))


def advised(result: Result) -> bool:
    """Advice at some seed, and a fault at none."""
    return not alarmed(result) and any(seen.findings for seen in result.seen)


def points_at(rival: str, result: Result) -> bool:
    """Whether the rival's coarse names lead to the cause, at each seed."""
    words = [seen.words[rival] for seen in result.seen]
    return all(word and result.expected in POINTS_AT[word] for word in words)


SAYS_ILL: dict[str, Callable[[Seen], bool]] = {
    FAULTS_ONLY: has_fault,
    ANY_FINDING: lambda seen: bool(seen.findings),
    **{name: lambda seen, name=name: bool(seen.words[name]) for name in RIVALS},
}


def detected(who: str, result: Result) -> bool:
    return all(map(SAYS_ILL[who], result.seen))


def named(who: str, result: Result) -> bool:
    if who in RIVALS:
        return points_at(who, result)
    return exactly(result) and detected(who, result)


# The tables.


def sick(results: Sequence[Result]) -> str:
    rows = []
    for part, kept in _parts(_of(results, SICK)):
        exact, among = sum(map(exactly, kept)), sum(map(among_others, kept))
        rows.append([part, len(kept), _share(exact, len(kept)), among, len(kept) - exact - among])
    return table(
        f"Sick trainings: the root cause, at each of {len(SEEDS)} seeds",
        ("part of the cases", "trainings", "named exactly", "among others", "missed"),
        rows,
    )


def healthy(results: Sequence[Result]) -> str:
    rows = [
        [f"{part}, {kind}", len(kept), sum(map(alarmed, kept)), sum(map(advised, kept))]
        for part, _ in _parts(results)
        for kind in (ORDINARY, UNUSUAL)
        if (kept := [each for each in _of(results, kind) if each.part == part])
    ]
    return table(
        f"Healthy trainings: false alarms, at any of {len(SEEDS)} seeds",
        ("part of the cases", "trainings", "fault", "advice only"),
        rows,
    )


def compared(which: str, results: Sequence[Result]) -> str:
    ill, ordinary, unusual = (_of(results, kind) for kind in (SICK, ORDINARY, UNUSUAL))
    rows = []
    for who, says_ill in SAYS_ILL.items():
        false = [sum(any(map(says_ill, r.seen)) for r in kept) for kept in (ordinary, unusual)]
        found = sum(detected(who, each) for each in ill), sum(named(who, each) for each in ill)
        rows.append([who, *(_share(count, len(ill)) for count in found), *false])
    return table(
        f"{which}: the doctor beside its rivals",
        (
            "who",
            f"{len(ill)} sick: detected",
            "cause named",
            f"{len(ordinary)} ordinary: called ill",
            f"{len(unusual)} unusual: called ill",
        ),
        rows,
    )


def by_name(results: Sequence[Result]) -> str:
    ill, rows = _of(results, SICK), []
    parts = [part for part, _ in _parts(ill)]
    for name in dict.fromkeys(sorted(each.expected for each in ill)):
        own = [each for each in ill if each.expected == name]
        cells = []
        for part in parts:
            kept = [each for each in own if each.part == part]
            cells.append(f"{sum(map(exactly, kept))} of {len(kept)}" if kept else "")
        found = (sum(detected(rival, each) for each in own) for rival in RIVALS)
        rows.append([name, *cells, *(f"{count} of {len(own)}" for count in found)])
    return table(
        "By name: how often the doctor names it exactly, and how often a rival sees that it is ill",
        ("name", *(f"exactly, {part}" for part in parts), *RIVALS),
        rows,
    )


def pointing() -> str:
    rows = [[word, ", ".join(causes) or "nothing"] for word, causes in POINTS_AT.items()]
    return table("What a rival's word is counted as naming", ("word", "causes"), rows)


def otherwise(results: Sequence[Result]) -> str:
    """Each case of which something else was said than what was expected."""
    rows = [
        [each.name, each.part, "; ".join(dict.fromkeys(map(_said, each.seen)))]
        for each in results
        if (not exactly(each) if each.kind == SICK else alarmed(each) or advised(each))
    ]
    return table("Cases that were not as expected", ("case", "part", "findings"), rows)


def seconds(results: Sequence[Result]) -> str:
    taken = sorted((seen.seconds, each.name) for each in results for seen in each.seen)
    most, longest = taken[-1]
    rows = [[len(taken), f"{median(time for time, _ in taken):.2f}", f"{most:.2f}", longest]]
    return table(
        f"Seconds of an examination of a case, {PROCESSES} side by side",
        ("examinations", "median", "most", "case"),
        rows,
    )


def _of(results: Sequence[Result], kind: str) -> list[Result]:
    return [each for each in results if each.kind == kind]


def _parts(results: Sequence[Result]) -> list[tuple[str, list[Result]]]:
    """The parts that there are, with their cases."""
    parts = ((part, [each for each in results if each.part == part]) for part in PARTS)
    return [(part, kept) for part, kept in parts if kept]


def _share(count: int, of: int) -> str:
    return f"{count} ({count / of:.0%})"


def _said(seen: Seen) -> str:
    said = [
        name if severity == FAULT else f"{name} ({severity})" for name, severity in seen.findings
    ]
    return ", ".join(said) or "nothing"
