"""Which cells share a slide."""

import base64
import struct

import pytest

from tests.notebooks import slides
from tests.notebooks.synthetic import code, display, stream, text

FULL = "\n".join("x = 1" for _ in range(20))  # a code cell as long as the rules allow
SENTENCE = "A sentence of nine words stands on one line."


def png(width, height):
    return base64.b64encode(
        b"\x89PNG\r\n\x1a\n" + 8 * b"-" + struct.pack(">II", width, height)
    ).decode()


def test_a_heading_begins_a_slide_and_a_smaller_one_does_not():
    cells = [text("# 01 · T"), text("## 1 · S"), text("### Small"), text("words ## not a heading")]
    assert slides.slide_types(cells) == ["slide", "slide", "-", "-"]


def test_a_code_cell_that_begins_with_a_comment_is_no_heading():
    assert slides.slide_types([text("# T"), code("# a comment")]) == ["slide", "-"]


def test_what_does_not_fit_goes_on_the_next_slide():
    assert slides.slide_types([text("# T"), code(FULL), code(FULL)]) == ["slide", "-", "subslide"]


def test_a_text_goes_with_the_code_below_it():
    cells = [text("# T"), code(FULL), text(SENTENCE), code(FULL)]
    assert slides.slide_types(cells) == ["slide", "-", "subslide", "-"]


def test_a_text_stays_where_it_is_if_its_code_would_not_fit_beside_it_anyway():
    tall = code(FULL, stream("line\n" * 9))
    cells = [text("# T"), text(SENTENCE * 8), tall]
    assert slides.slide_types(cells) == ["slide", "-", "subslide"]


@pytest.mark.parametrize(
    "source", ['predict("01.1 what", guess=None, actual=1)', 'f = exercise.check("01.1", f)']
)
def test_nothing_stands_below_a_question(source):
    cells = [text("# T"), code(source), text("The answer is 7.")]
    assert slides.slide_types(cells) == ["slide", "-", "subslide"]


def test_another_function_with_such_a_name_asks_nothing():
    cells = [text("# T"), code("loop.predict(model, loader)"), text("On.")]
    assert slides.slide_types(cells) == ["slide", "-", "-"]


def test_a_longer_cell_is_never_lower():
    for add in ("\n\nOne more.", "\n- an item", "\n| a | b |", "\n```\ncode\n```"):
        assert slides.height(text(SENTENCE + add)) > slides.height(text(SENTENCE))
    shown = (stream("a\n"), display(html="<div>a</div>"), display(png=png(600, 300)))
    for output in shown:
        assert slides.height(code("1", output)) > slides.height(code("1"))


def test_a_folded_answer_takes_one_line():
    folded = "<details><summary>The answer</summary>\n\n" + SENTENCE * 20 + "\n\n</details>"
    assert slides.height(text(folded)) == slides.height(text("The answer"))


def test_folded_code_takes_one_line():
    folded = code(FULL) | {"metadata": {"jupyter": {"source_hidden": True}}}
    assert slides.height(folded) == slides.height(code("1"))


@pytest.mark.parametrize(("lines", "pixels"), [(1, 500), (7, 430), (11, 340)])
def test_a_figure_gets_what_its_code_leaves(lines, pixels):
    source = "\n".join("1" for _ in range(lines))
    alone = slides.height(code(source))
    assert slides.height(code(source, display(png=png(800, 900)))) - alone == pytest.approx(
        pixels + 24
    )


def test_a_wide_figure_is_as_wide_as_the_slide():
    page = slides.height(code("1", display(png=png(2368, 600)))) - slides.height(code("1"))
    assert page == pytest.approx(300 + 24)
