"""Exercise 12.9: causes, and not what follows from them."""

from collections.abc import Iterable, Sequence
from typing import Any

from course_lib.doctor import Finding
from course_lib.exercises._checking import (
    NO_RETURN,
    Known,
    Mistake,
    call,
    expect,
    expect_that,
    explaining,
)
from course_lib.exercises._exercise import Exercise


def causes(findings: Sequence[Finding], follows: dict[str, set[str]]) -> list[Finding]:
    """Findings without those that follow from another one.

    follows is {name: the set of names that follow from it}.
    """
    explained = {name for finding in findings for name in follows.get(finding.name, ())}
    return [finding for finding in findings if finding.name not in explained]


STEP, STILL, ONE, FLAT = "no-optimizer-step", "weights-still", "one-class-collapse", "flat-loss"
DEAD, RATE = "dead-relu", "learning-rate-too-high"
PADDING, EMPTY = "padding-not-masked", "empty-loader"
FOLLOWS = {STEP: {STILL, FLAT}, RATE: {DEAD, ONE}}
CHAIN = {RATE: {DEAD}, DEAD: {FLAT}, FLAT: {ONE}}
NOT_FOUND = (
    "Its cause was not found here, so it stays: nothing else explains it. Only what follows from "
    "one of the findings is left out."
)
IN_A_CHAIN = (
    "What follows from a finding is left out, also where that finding follows from another one "
    "itself: ask all the findings what follows from them, and those that are left out, too."
)
OBJECTS = "These are names. The findings themselves come back, with all that they know."
NOTHING_LEFT_OUT = (
    "Nothing is left out. Compare finding.name with the names in follows, and ask all findings "
    "what follows from them."
)
DIRECTLY = (
    "What stands between the two was not found. Leave out what follows directly from a finding: "
    "follows[name] itself, and not what follows from those names in turn."
)
WITHIN = (
    "A name is looked for within a longer text, and is found inside another name. Collect the "
    "names in a set, and ask `in` of the set."
)
AGAIN = (
    "A finding is there once for each other one that it does not follow from. Look at all of them "
    "first, then keep it or leave it out, once."
)
AFTER = "A cause may be listed after what follows from it. Look at all findings, then leave out."


def _of(*names: str) -> list[Finding]:
    return [Finding(name, "fault", f"seen: {name}") for name in names]


def _expect(
    attempt: Any,
    found: Sequence[str],
    follows: dict[str, set[str]],
    expected: Sequence[str],
    idea: str,
    *known: tuple[Iterable[str], str],
) -> None:
    """Expect these of the findings, in their order. Known are names, and what they tell."""
    findings, tried = _of(*found), _tried(found, follows)
    absent = (
        "Not every finding has something that follows from it: follows.get(name, set()), or ask "
        "`in follows` first."
    )
    hashed = "follows holds names: look up finding.name, and not the finding."
    text = (
        "follows holds names, plain text: what follows has no .name. Compare it with finding.name."
    )
    with (
        explaining(KeyError, hashed, "Finding("),  # the outer one has the last word
        explaining(KeyError, absent),
        explaining(TypeError, absent, "NoneType"),
        explaining(TypeError, hashed, "unhashable"),
        explaining(AttributeError, text, "'str'"),
    ):
        got = _called(attempt, findings, follows, tried)
    expect_that(
        issubclass(type(got), (list, tuple)),
        tried=tried,
        got=got,
        expected=f"a list of findings: {_listed(expected)}",
        idea=NO_RETURN
        if got is None
        else "A list is asked, in the order of the findings: no set, dict or generator.",
    )
    right = _of(*expected)
    if list(map(type, got)) == [Finding] * len(got):  # short to read, and no less exact
        names = tuple(each.name for each in got)
        known += ((_again(found, follows), AGAIN),)
        wrong = [Known(tuple(one), words) for one, words in (*known, *_mistakes(found, expected))]
        expect(names, tuple(expected), tried=f"{tried}; the names", idea=idea, known=wrong)
    expect(list(got), right, tried=tried, idea=OBJECTS)


def _again(found: Sequence[str], follows: dict[str, set[str]]) -> list[str]:
    """Each, as often as there is a finding that it does not follow from."""
    return [name for name in found for cause in found if name not in follows.get(cause, ())]


def _called(attempt: Any, findings: list, follows: dict, tried: str) -> Any:
    """Call it; of a list that was changed more is to be said than that it was."""
    try:
        return call(attempt, findings, follows, tried=tried)
    except Mistake as mistake:
        mistake.idea = (
            "The caller's own list, dict or sets were changed: make new ones. (And a loop over a "
            "list from which it removes skips the one after.)"
        )
        raise


def _mistakes(found: Sequence[str], expected: Sequence[str]) -> list[tuple[Sequence[str], str]]:
    return [
        ((), "Nothing is left. A finding that follows from none of the others stays."),
        (found, NOTHING_LEFT_OUT),
        (
            [name for name in found if name not in expected],
            "Turned round: these follow from others. The causes are asked.",
        ),
        (expected[::-1], "The order is turned round: keep that of the findings."),
        (sorted(expected), "Sorted by name: keep the order of the findings."),
    ]


def _tried(found: Sequence[str], follows: dict[str, set[str]]) -> str:
    parts = [f"{cause}: {{{_listed(sorted(names))}}}" for cause, names in follows.items()]
    return f"findings {_listed(found)}; follows {{{', '.join(parts)}}}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _followers(attempt: Any) -> None:
    """what follows from another finding is left out"""
    idea = "It follows from a finding that is there: once that is mended, it is gone."
    _expect(attempt, [STEP, STILL], FOLLOWS, [STEP], idea)
    skipped = (
        "One was passed over: a loop over a list from which it removes skips the one after. Make a "
        "new list of what stays."
    )
    some = "Some of what follows is still there. Does a return or break stand inside the loop?"
    _expect(
        attempt,
        [RATE, STEP, DEAD, FLAT, STILL],
        FOLLOWS,
        [RATE, STEP],
        idea,
        ([RATE, STEP, FLAT, STILL], some),
        ([RATE, STEP, FLAT], skipped),
        ([RATE, STEP, DEAD], some),
    )


def _alone(attempt: Any) -> None:
    """what is neither cause nor follower stays"""
    idea = "Nothing that was found explains it: it stays, whether or not `follows` knows its name."
    found = [PADDING, EMPTY, STEP, FLAT]
    _expect(attempt, found, FOLLOWS, [PADDING, EMPTY, STEP], idea, ([STEP], idea))
    _expect(attempt, [PADDING], FOLLOWS, [PADDING], idea)
    _expect(attempt, [PADDING, STEP], {}, [PADDING, STEP], idea)


def _not_found(attempt: Any) -> None:
    """what follows from something that was not found stays"""
    _expect(attempt, [DEAD], FOLLOWS, [DEAD], NOT_FOUND, ((), NOT_FOUND))
    _expect(
        attempt,
        [STEP, DEAD, FLAT, ONE],
        FOLLOWS,
        [STEP, DEAD, ONE],
        NOT_FOUND,
        ([STEP], NOT_FOUND),
    )


def _any_order(attempt: Any) -> None:
    """a cause may be listed after what follows from it"""
    _expect(
        attempt,
        [FLAT, DEAD, RATE, STEP, STILL],
        FOLLOWS,
        [RATE, STEP],
        AFTER,
        ([FLAT, DEAD, RATE, STEP], AFTER),
    )


def _chain(attempt: Any) -> None:
    """of a chain, the first alone is left"""
    for found in ([RATE, DEAD, FLAT, ONE], [ONE, FLAT, DEAD, RATE]):
        left = [name for name in found if name in (RATE, FLAT)]
        _expect(
            attempt,
            found,
            CHAIN,
            [RATE],
            IN_A_CHAIN,
            (left, IN_A_CHAIN),
            ([name for name in found if name not in (DEAD,)], IN_A_CHAIN),
        )


def _broken_chain(attempt: Any) -> None:
    """what follows only through something that was not found stays"""
    for found in ([RATE, FLAT], [ONE, RATE], [ONE, PADDING, DEAD]):
        known = [name for name in found if name not in (FLAT, ONE)]
        _expect(attempt, found, CHAIN, found, DIRECTLY, (known, DIRECTLY))


def _whole_names(attempt: Any) -> None:
    """a name is a whole name"""
    for found, follows in (
        (["a", "b", "c"], {"a": {"bc"}}),
        (["relu", "dead"], {"dead": {DEAD, FLAT}}),
        ([DEAD, STEP], {STEP: {"dead", "relu", f"{DEAD}-head"}}),
    ):
        left = [name for name in found if not any(name in other for other in _all(follows))]
        _expect(attempt, found, follows, found, WITHIN, (left, WITHIN))


def _all(follows: dict[str, set[str]]) -> set[str]:
    return {name for names in follows.values() for name in names}


def _order(attempt: Any) -> None:
    """the order stays, and nothing is there twice"""
    found = [PADDING, DEAD, STEP, ONE, "not-shuffled", FLAT]
    kept = [PADDING, DEAD, STEP, ONE, "not-shuffled"]
    _expect(attempt, found, FOLLOWS, kept, "The order is that of the findings.")
    both = {STEP: {FLAT}, PADDING: {FLAT}}
    idea = "It follows from two findings, and is left out once; the two stay, each once."
    _expect(attempt, [FLAT, STEP, PADDING], both, [STEP, PADDING], idea)


def _none(attempt: Any) -> None:
    """no findings, no causes"""
    _expect(attempt, [], FOLLOWS, [], "An empty list comes back: the model is healthy.")


def _any_names(attempt: Any) -> None:
    """for any names"""
    follows = {"a": {"b", "c"}, "d": {"a"}, "e": set()}
    idea = "The names are those of `follows`: none of them stands in your function."
    _expect(attempt, ["e", "c", "a", "f", "b"], follows, ["e", "a", "f"], idea)
    _expect(attempt, ["e", "c", "a", "d", "b"], follows, ["e", "d"], IN_A_CHAIN)


EXERCISE = Exercise(
    "12.9",
    "Causes, and not what follows",
    8,
    causes,
    (
        _followers,
        _alone,
        _not_found,
        _any_order,
        _chain,
        _broken_chain,
        _whole_names,
        _order,
        _none,
        _any_names,
    ),
    (
        "Two steps: first collect all names that follow from any finding, then leave them out.",
        "follows.get(finding.name, set()) has what follows from one finding. Unite these sets.",
        (
            "explained = {name for finding in findings for name in follows.get(finding.name, ())}; "
            "then the list of the findings whose name is not in it."
        ),
    ),
)
