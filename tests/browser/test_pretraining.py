"""Notebook 08: its explorers, with sentences typed into them."""

import pytest

from course_lib import explore
from course_lib.explore import _masks, nb08
from tests.browser import common
from tests.browser.lab import ROOT
from tests.browser.page import expect_shown, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "08_pretraining"
MASKING, GUESS = "explore.masking(", "explore.guess("
# A tokenizer and a model that the page and the test share, so that every caption and picture can be
# foretold.
FAKES = "from tests.fake_masked_model import FakeMaskedModel, FakeTokenizer"
MASKING_HERE = 'explore.masking(FakeTokenizer(), "the mean of each row the sum of each row")'
GUESS_HERE = 'explore.guess(FakeMaskedModel(), FakeTokenizer(), "the [MASK] of each row")'


def here(source):
    """One of the explorers above, in this process."""
    scope = {"explore": explore}
    exec(FAKES, scope)
    return eval(source, scope)


def shared(source):
    """A cell that makes the same explorer; the lab knows where the tests are."""
    return f"import sys\n\nsys.path.insert(0, {str(ROOT)!r})\n{FAKES}\n\n{source}"


def write(live, label, text):
    """Type a text into its field, as a learner does: the old one goes, and Enter at the end."""
    field = live.output.locator(".widget-text", has_text=label).get_by_role("textbox")
    field.fill(text)
    field.press("Enter")


def labels(explorer):
    return {key: control.label for key, control in explorer.controls.items()}


test_notebook_08_runs_to_its_end_without_an_error = common.runs_to_its_end


def test_the_notebook_s_own_sentence_is_masked_again_with_each_draw(notebook):
    live, label = notebook.explorer(MASKING), labels(here(MASKING_HERE))
    caption, picture = live.caption(), live.picture()
    assert caption.startswith("Share 15 %: ")
    assert live.press(label["share"], "End") == 60
    wait_for(lambda: live.caption().startswith("Share 60 %: "), True, live.page)
    wait_for(lambda: live.picture() not in (b"", picture), True, live.page)
    write(live, label["sentence"], "")
    wait_for(lambda: live.caption().startswith("The sentence has no token"), True, live.page)
    write(live, label["sentence"], "Return the sum of each row.")
    wait_for(lambda: live.caption().startswith("Share 60 %: "), True, live.page)
    assert notebook.errors() == []


def test_the_notebook_s_own_model_guesses_a_typed_sentence(notebook):
    live, label = notebook.explorer(GUESS), labels(here(GUESS_HERE))
    caption = live.caption()
    assert caption.startswith("Reads both sides. Best guess: ")
    live.choose(label["reads"], nb08.LEFT)
    wait_for(lambda: live.caption().startswith("Reads left side only. "), True, live.page)
    live.choose(label["reads"], nb08.BOTH)
    wait_for(live.caption, caption, live.page)
    write(live, label["sentence"], "no mask at all")
    wait_for(lambda: live.caption().startswith("The sentence has 0 [MASK]"), True, live.page)
    write(live, label["sentence"], "Compute the [MASK] of each column.")
    wait_for(lambda: live.caption().startswith("Reads both sides. "), True, live.page)
    assert notebook.errors() == []


def test_the_boxes_follow_share_way_draw_and_sentence(notebook):
    explorer = here(MASKING_HERE)
    label = labels(explorer)
    notebook.run(MASKING, shared(MASKING_HERE))
    live = notebook.explorer(MASKING)
    expect_shown(live, explorer.view())
    assert live.press(label["share"], "ArrowRight") == 20
    expect_shown(live, explorer.view(share=20))
    assert live.press(label["draw"], "ArrowRight") == 1
    for way in (_masks.MASKED, _masks.RANDOM, _masks.KEPT, _masks.BERT):
        live.choose(label["way"], way)
        expect_shown(live, explorer.view(share=20, draw=1, way=way))
    write(live, label["sentence"], "an $x$ 평균 of each row")
    expect_shown(live, explorer.view(share=20, draw=1, sentence="an $x$ 평균 of each row"))
    write(live, label["sentence"], "of each row " * 50)
    expect_shown(live, explorer.view(share=20, draw=1, sentence="of each row " * 50))
    assert notebook.errors() == []


def test_the_bars_follow_the_side_that_is_read_and_their_number(notebook):
    explorer = here(GUESS_HERE)
    label = labels(explorer)
    notebook.run(GUESS, shared(GUESS_HERE))
    live = notebook.explorer(GUESS)
    expect_shown(live, explorer.view())
    for reads in (nb08.LEFT, nb08.RIGHT):
        live.choose(label["reads"], reads)
        expect_shown(live, explorer.view(reads=reads))
    assert live.press(label["top"], "Home") == 3
    expect_shown(live, explorer.view(reads=nb08.RIGHT, top=3))
    write(live, label["sentence"], "[MASK] and [MASK]")
    expect_shown(live, explorer.view(sentence="[MASK] and [MASK]"))
    write(live, label["sentence"], "each [MASK]")
    expect_shown(live, explorer.view(sentence="each [MASK]", reads=nb08.RIGHT, top=3))
    assert notebook.errors() == []


test_everything_under_the_cells_is_readable = common.readable
test_no_label_and_no_output_is_cut_off = common.not_cut_off
