"""Exercise 08.1: the pair that a tokenizer merges next."""

from collections.abc import Sequence
from typing import Any

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise


def most_frequent_pair(
    spelled: dict[str, list[str]], counts: dict[str, int]
) -> tuple[str, str] | None:
    """spelled: {word: pieces}, counts: {word: count} -> the pair of neighbouring pieces that
    occurs most often (counted with the words' counts; of equals the first in the alphabet); None
    if there is no pair"""
    total: dict[tuple[str, str], int] = {}
    for word, pieces in spelled.items():
        for pair in zip(pieces, pieces[1:], strict=False):
            total[pair] = total.get(pair, 0) + counts[word]
    return min(total, key=lambda pair: (-total[pair], pair), default=None)


NO_PAIR = (
    "There may be no pair at all, and max(), min(), most_common(1)[0] and sorted(...)[0] need one. "
    "Return None then; max() and min() take default=None."
)
TIE = (
    "The counts are equal, and of equals the first in the alphabet wins. Compare (-count, pair): "
    "min(total, key=lambda pair: (-total[pair], pair))."
)


def _spelled(word: str) -> list[str]:
    return [word[0], *(f"##{letter}" for letter in word[1:])]


def _expect(
    attempt: Any,
    spelled: dict[str, list[str]],
    counts: dict[str, int],
    pair: tuple[str, str] | None,
    idea: str,
    known: Sequence[Known] = (),
) -> None:
    """Call with these words and expect a pair."""
    tried = f"the counts {counts}, spelled {list(spelled.values())}"
    outside = (
        "The last piece has no neighbour behind it: zip(pieces, pieces[1:]) ends by itself, and "
        "range(len(pieces) - 1) does so too."
    )
    empty_or_outside = NO_PAIR if pair is None else outside
    pair_first = (
        "A pair that is new has no count yet: total.get(pair, 0), or a Counter. (The keys of "
        "counts are words.)"
    )
    by_word = "The keys of counts are words, as they are in spelled: counts[word]."
    with (
        explaining(ValueError, "pieces[1:] is shorter by one: zip without strict=True.", "zip()"),
        explaining(ValueError, NO_PAIR, "empty"),
        explaining(IndexError, empty_or_outside),
        explaining(TypeError, NO_PAIR if pair is None else pair_first, "NoneType"),
        explaining(KeyError, pair_first, "("),
        explaining(KeyError, by_word, "'"),
    ):
        got = call(attempt, spelled, counts, tried=tried)
    if pair is not None:
        _expect_pair(got, pair, tried)
    expect(got, pair, tried=tried, idea=idea, known=known)


def _expect_pair(got: Any, pair: tuple[str, str], tried: str) -> None:
    """What can be said from the kind of answer alone."""
    for wrong, idea in (
        (isinstance(got, str), "One text came back. A pair is a tuple of two pieces: (a, b)."),
        (type(got) is int, "This is a count. Which pair has it?"),
        (
            isinstance(got, tuple) and len(got) == 2 and any(type(part) is int for part in got),
            "The pair came with its count. Return the pair alone.",
        ),
        (
            isinstance(got, (list, set, frozenset)),
            "A pair is a tuple: it has an order, and it can be a key of a dict.",
        ),
    ):
        expect_that(not wrong, tried=tried, got=got, expected=repr(pair), idea=idea)


def _counts(attempt: Any) -> None:
    """a pair counts as often as its words occur"""
    counts = {"at": 9, "cab": 2, "can": 2, "car": 2}
    _expect(
        attempt,
        {word: _spelled(word) for word in counts},
        counts,
        ("a", "##t"),
        "(a, ##t) occurs 9 times, and (c, ##a) 2 + 2 + 2 times.",
        (
            Known(
                ("c", "##a"),
                "(c, ##a) stands in the most words, three, but each occurs only twice. Add "
                "counts[word] for each pair, not 1.",
            ),
            Known(("##t", "a"), "Which piece comes first counts: (a, ##t) is not (##t, a)."),
            Known(
                ("##t", "c"), "These two stand in different words. A pair stands within one word."
            ),
            Known(("##a", "##b"), "This is the rarest pair, or the first in the alphabet."),
            Known(("a", "t"), "These are letters of the word. Take its pieces, here a and ##t."),
            Known(None, "No pair. Does the return stand behind the loop, and is it what you want?"),
        ),
    )


def _adds_up(attempt: Any) -> None:
    """all the words that have it add up, wherever it stands in them"""
    counts = {"sun": 5, "run": 4, "runs": 3, "us": 6}
    _expect(
        attempt,
        {word: _spelled(word) for word in counts},
        counts,
        ("##u", "##n"),
        "(##u, ##n) occurs 5 + 4 + 3 = 12 times.",
        (
            Known(
                ("r", "##u"),
                "Only the first pair of each word was counted, or every second one. All "
                "neighbours count: zip(pieces, pieces[1:]).",
            ),
            Known(
                ("u", "##s"),
                "(u, ##s) occurs 6 times, in one word. Add up the words that have a pair: "
                "total[pair] = total.get(pair, 0) + counts[word].",
            ),
        ),
    )


def _within_a_word(attempt: Any) -> None:
    """a pair that occurs twice in a word counts twice"""
    counts = {"tomtom": 3, "is": 5}
    _expect(
        attempt,
        {word: _spelled(word) for word in counts},
        counts,
        ("##o", "##m"),
        "tomtom has (##o, ##m) twice: 2 * 3 = 6, and (i, ##s) occurs 5 times.",
        (
            Known(
                ("i", "##s"),
                "tomtom has (##o, ##m) twice: 2 * 3 = 6 is more than 5. A set of the pairs, or "
                "every second place, forgets one of the two.",
            ),
        ),
    )


def _twice_in_a_word(attempt: Any) -> None:
    """a piece that occurs twice in a word has its own neighbours each time"""
    counts = {"array": 3, "era": 2}
    _expect(
        attempt,
        {word: _spelled(word) for word in counts},
        counts,
        ("##r", "##a"),
        "(##r, ##a) occurs in array and in era: 3 + 2 = 5 times.",
        (
            Known(
                ("##r", "##r"),
                "array has ##r twice, and .index finds the first of them each time. Go by place: "
                "zip(pieces, pieces[1:]).",
            ),
        ),
    )


def _pieces(attempt: Any) -> None:
    """pieces are neighbours within a word, merged ones too, and their order counts"""
    spelled = {"no": ["no"], "on": ["on"], "note": ["no", "##te"], "tone": ["t", "##one"]}
    _expect(
        attempt,
        spelled,
        {"no": 9, "on": 9, "note": 2, "tone": 1},
        ("no", "##te"),
        "Two words have one piece each, and no pair. note has (no, ##te), twice.",
        (
            Known(("no", "on"), "These are two words. A pair stands within one word."),
            Known(("no", "no"), "These are two words. A pair stands within one word."),
            Known(("n", "##o"), "These are letters, and they are merged already: use the pieces."),
            Known(("n", "o"), "These are letters, and they are merged already: use the pieces."),
        ),
    )
    counts = {"cat": 3, "cut": 3, "it": 5}
    _expect(
        attempt,
        {word: _spelled(word) for word in counts},
        counts,
        ("i", "##t"),
        "(i, ##t) occurs 5 times, and each pair in cat and in cut 3 times.",
        (Known(("c", "##t"), "c and ##t are no neighbours: a piece stands between them."),),
    )
    counts = {"hah": 3, "aha": 2, "on": 4}
    _expect(
        attempt,
        {"hah": ["ha", "##h"], "aha": ["##h", "ha"], "on": ["o", "##n"]},
        counts,
        ("o", "##n"),
        "(o, ##n) occurs 4 times.",
        [
            Known(pair, "(ha, ##h) and (##h, ha) are two pairs: which piece comes first counts.")
            for pair in (("ha", "##h"), ("##h", "ha"))
        ],
    )


def _ties(attempt: Any) -> None:
    """of equals the first in the alphabet"""
    for words, pair in (
        (("us", "as", "is"), ("a", "##s")),
        (("as", "us"), ("a", "##s")),
        (("it", "in", "is"), ("i", "##n")),
    ):
        counts = dict.fromkeys(words, 4)
        others = [tuple(_spelled(word)) for word in words]
        _expect(
            attempt,
            {word: _spelled(word) for word in words},
            counts,
            pair,
            TIE,
            [Known(other, TIE) for other in others if other != pair],
        )
    _expect(
        attempt,
        {"and": _spelled("and")},
        {"and": 3},
        ("##n", "##d"),
        TIE,
        (
            Known(
                ("a", "##n"),
                f"As Python sorts texts, ## comes before every letter: leave it as it is. {TIE}",
            ),
        ),
    )


def _by_word(attempt: Any) -> None:
    """the count is looked up by the word"""
    _expect(
        attempt,
        {"at": _spelled("at"), "in": _spelled("in")},
        {"in": 7, "at": 2},
        ("i", "##n"),
        "in occurs 7 times, and at twice.",
        (
            Known(
                ("a", "##t"),
                "The two dicts went side by side, and their words come in different orders. Look "
                "the count up: counts[word].",
            ),
        ),
    )


def _none(attempt: Any) -> None:
    """None, if there is no pair"""
    for spelled in ({}, {"a": ["a"], "the": ["the"], "q": []}):
        _expect(
            attempt,
            spelled,
            dict.fromkeys(spelled, 3),
            None,
            "One piece alone has no neighbour: there is no pair. Return None.",
        )


EXERCISE = Exercise(
    "08.1",
    "The most frequent pair",
    12,
    most_frequent_pair,
    (_counts, _adds_up, _within_a_word, _twice_in_a_word, _pieces, _ties, _by_word, _none),
    (
        (
            "Keep a dict (or a Counter) from a pair to how often it occurs. Go through the words, "
            "and in each through its neighbours."
        ),
        (
            "zip(pieces, pieces[1:]) gives the neighbours. Each adds counts[word] to its pair. A "
            "tie: min() by (-count, pair) takes the most frequent first, then the alphabet."
        ),
        "return min(total, key=lambda pair: (-total[pair], pair), default=None)",
    ),
)
