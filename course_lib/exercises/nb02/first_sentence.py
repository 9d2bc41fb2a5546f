"""Exercise 02.1: the first sentence of a docstring."""

from typing import Any

from course_lib.data import first_sentence
from course_lib.exercises._checking import Known, call, expect, explaining
from course_lib.exercises._exercise import Exercise

LINES = "Draw a line\nfrom here\n  to there."
TWO = "Draw a line. Return its handle."
NUMBERS = "Round x to 0.5, as\nnumpy.round does."
SECTIONS = "Draw a line\n\nParameters\n----------\nx : float"
MARGIN = "Draw a line\n   \nx : float"


def _sentence(attempt: Any, text: str) -> Any:
    """What the attempt makes of a text, with words of its own for what `split` surprises with."""
    with (
        explaining(
            AttributeError,
            "pattern.split gives a list of pieces. Take the first, [0], before you go on.",
            "'list' object",
        ),
        explaining(
            AttributeError,
            "search and match give None where they find nothing. split always gives a piece.",
            "'NoneType' object",
        ),
        explaining(
            IndexError, "split gives the pieces. Where nothing is cut it is one, at index 0."
        ),
    ):
        return call(attempt, text, tried=repr(text))


def _joins_lines(attempt: Any) -> None:
    """a sentence over several lines comes out on one"""
    expect(
        _sentence(attempt, LINES),
        "Draw a line from here to there.",
        tried=repr(LINES),
        idea='" ".join(text.split()) puts one space between any two words.',
        known=(
            Known("Draw a line from here to there", "The full stop belongs to the sentence."),
            Known("Draw a line", "That is the first line. A sentence goes on over line ends."),
            Known("draw a line from here to there.", "Keep the letters as they are."),
            Known(LINES, "The line ends are still there: split at white space, join with spaces."),
            Known("Draw a line from here   to there.", "A line end may be followed by spaces."),
            Known("Draw a linefrom here  to there.", "Put a space where the line end was."),
            Known(
                ["Draw a line from here to there."],
                "pattern.split gives a list. Take its first item.",
            ),
            Known([LINES], "pattern.split gives a list. Take its first item."),
            Known(LINES.split(), "These are the words. Join them with spaces."),
            Known(
                " ".join(LINES),
                "A space after every letter: join takes the words, which text.split() gives.",
            ),
            Known(
                "Draw a line from here to there..",
                "A full stop was added to one that stood there. SENTENCE_END cuts behind the "
                "stop, so that none is lost.",
            ),
        ),
    )


def _first_of_two(attempt: Any) -> None:
    """of two sentences the first comes out, with its full stop"""
    expect(
        _sentence(attempt, TWO),
        "Draw a line.",
        tried=repr(TWO),
        idea="SENTENCE_END.split(text) gives the sentences; the first is enough.",
        known=(
            Known(TWO, "Both sentences came back. Cut where SENTENCE_END matches."),
            Known("Draw a line", "The full stop belongs to the sentence."),
        ),
    )


def _stops_inside(attempt: Any) -> None:
    """a full stop inside a number or a name ends nothing"""
    expect(
        _sentence(attempt, NUMBERS),
        "Round x to 0.5, as numpy.round does.",
        tried=repr(NUMBERS),
        idea="A sentence ends at a full stop that a space and a capital follow: SENTENCE_END.",
        known=(
            Known("Round x to 0", "Cut at the first full stop, which stands inside a number."),
            Known("Round x to 0.", "Cut at the first full stop, which stands inside a number."),
            Known("Round x to 0.5, as numpy", "Cut at a full stop which stands inside a name."),
        ),
    )


def _ends_with_the_paragraph(attempt: Any) -> None:
    """where no full stop comes, the paragraph's end is the sentence's"""
    for text, expected in ((SECTIONS, "Draw a line"), (MARGIN, "Draw a line")):
        expect(
            _sentence(attempt, text),
            expected,
            tried=repr(text),
            idea="Cut at PARAGRAPH_END first, as long as the line ends are there; then join.",
            known=(
                Known("Draw a line.", "A full stop was added. Give back what stands there."),
                Known(
                    " ".join(text.split()),
                    "The empty line was not found: it may hold spaces, and it is gone once the "
                    "lines are joined. Cut at PARAGRAPH_END first.",
                ),
            ),
        )


EXERCISE = Exercise(
    "02.1",
    "The first sentence",
    6,
    first_sentence,
    (_joins_lines, _first_of_two, _stops_inside, _ends_with_the_paragraph),
    (
        "Three steps: the first paragraph, on one line, up to the sentence's end.",
        "PARAGRAPH_END.split(docstring.strip())[0] is the first paragraph.",
        'line = " ".join(paragraph.split()), and SENTENCE_END.split(line)[0] is the sentence.',
    ),
)
