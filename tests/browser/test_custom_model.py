"""Notebook 03: its explorers, moved by the keyboard, and a sentence typed into one of them."""

import pytest

from course_lib import explore, plot
from course_lib.data import LIBRARIES
from course_lib.model import TextClassifier, load_backbone
from tests.browser import common
from tests.browser.page import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "03_custom_model"
SHAPES, ATTENTION = "explore.model_shapes(", "explore.attention("
EMPTY = "The sentence is empty"


@pytest.fixture(scope="module")
def pretrained():
    return load_backbone()


def write(live, label, text):
    """Type a text into its field, as a learner does: the old one goes, and Enter at the end."""
    field = live.output.locator(".widget-text", has_text=label).get_by_role("textbox")
    field.fill(text)
    field.press("Enter")


def expect_new_picture(live, old):
    wait_for(lambda: live.picture() not in (b"", old), True, live.page)
    return live.picture()


def labels_of(explorer):
    return {key: control.label for key, control in explorer.controls.items()}


test_notebook_03_runs_to_its_end_without_an_error = common.runs_to_its_end


def test_the_shapes_follow_b_and_t(notebook, pretrained):
    live = notebook.explorer(SHAPES)
    here = explore.model_shapes(TextClassifier(pretrained[0], len(LIBRARIES)))
    label = labels_of(here)

    def shows(**settings):
        view = here.view(**settings)
        wait_for(live.caption, view.caption, live.page)
        wait_for(lambda: live.picture() == plot.png(view.drawing), True, live.page)

    shows()
    assert live.press(label["batch"], "End") == 64
    shows(batch=64)
    assert live.press(label["tokens"], "Home") == 2
    shows(batch=64, tokens=2)
    assert live.press(label["tokens"], "ArrowRight") == 3
    shows(batch=64, tokens=3)


def test_attention_follows_every_control_and_a_typed_sentence(notebook, pretrained):
    live, here = notebook.explorer(ATTENTION), explore.attention(*pretrained)
    label, picture = labels_of(here), live.picture()
    assert picture
    sentence = "Sort the rows, then drop the last one."
    write(live, label["sentence"], sentence)
    wait_for(live.caption, here.view(sentence=sentence).caption, live.page)
    picture = expect_new_picture(live, picture)
    live.choose(label["layer"], "0")
    wait_for(live.caption, here.view(sentence=sentence, layer="0").caption, live.page)
    picture = expect_new_picture(live, picture)
    live.choose(label["head"], "1")
    wait_for(live.caption, here.view(sentence=sentence, layer="0", head="1").caption, live.page)
    picture = expect_new_picture(live, picture)
    assert live.press(label["row"], "Home") == 0
    chosen = {"sentence": sentence, "layer": "0", "head": "1", "row": 0}
    wait_for(live.caption, here.view(**chosen).caption, live.page)
    expect_new_picture(live, picture)


def test_an_empty_sentence_is_no_error_and_a_next_one_is_drawn(notebook, pretrained):
    live, here = notebook.explorer(ATTENTION), explore.attention(*pretrained)
    label = labels_of(here)["sentence"]
    write(live, label, "")
    wait_for(lambda: live.caption().startswith(EMPTY), True, live.page)
    write(live, label, "Return the row.")
    wait_for(lambda: "adds up to 1" in live.caption(), True, live.page)
    assert notebook.errors() == []


test_everything_under_the_cells_is_readable = common.readable
test_no_label_and_no_output_is_cut_off = common.not_cut_off
