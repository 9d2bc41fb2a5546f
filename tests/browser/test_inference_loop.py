"""Notebook 06: its explorer, with sentences typed into it."""

import pytest

from course_lib import explore
from tests.browser import common
from tests.browser.page import expect_shown, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "06_inference_loop"
WORDS = "explore.words("
# A model that counts words by their length; the page and the test share it, so that every caption
# and picture can be foretold.
MODEL = """import torch
from torch import nn


class Lengths(nn.Module):
    def forward(self, input_ids, attention_mask):
        lengths = (input_ids * attention_mask).double()
        kinds = [lengths == 1, lengths == 2, lengths >= 3]
        return torch.stack([kind.sum(dim=1).double() for kind in kinds], dim=1)
"""
EXPLORER = """explore.words(
    Lengths(),
    lambda text: [0, *(len(word) // 3 for word in text.split())],
    ["short", "middle", "long"],
    "These words are not equally long",
)"""


def here():
    """The explorer of MODEL and EXPLORER, in this process."""
    scope = {"explore": explore}
    exec(MODEL, scope)
    return eval(EXPLORER, scope)


def write(live, label, text):
    """Type a text into its field, as a learner does: the old one goes, and Enter at the end."""
    field = live.output.locator(".widget-text", has_text=label).get_by_role("textbox")
    field.fill(text)
    field.press("Enter")


test_notebook_06_runs_to_its_end_without_an_error = common.runs_to_its_end


def test_a_typed_sentence_is_classified_by_the_notebook_s_own_model(notebook):
    live, label = notebook.explorer(WORDS), here().controls["sentence"].label
    caption, picture = live.caption(), live.picture()
    assert caption.startswith("The answer is ")
    write(live, label, "Return the sum of each row.")
    wait_for(lambda: live.caption() not in ("", caption), True, live.page)
    wait_for(lambda: live.picture() not in (b"", picture), True, live.page)
    assert "Under each word" in live.caption()
    write(live, label, "")
    wait_for(lambda: live.caption().startswith("The sentence is empty"), True, live.page)
    assert notebook.errors() == []


def test_words_and_bars_follow_the_sentence_and_the_class(notebook):
    explorer = here()
    notebook.run(WORDS, f"{MODEL}\n\n{EXPLORER}")
    live = notebook.explorer(WORDS)
    label = {key: control.label for key, control in explorer.controls.items()}
    expect_shown(live, explorer.view())
    write(live, label["sentence"], "An incomprehensible $x$ 평균 word")
    expect_shown(live, explorer.view(sentence="An incomprehensible $x$ 평균 word"))
    live.choose(label["explained"], "long")
    view = explorer.view(sentence="An incomprehensible $x$ 평균 word", explained="long")
    expect_shown(live, view)
    write(live, label["sentence"], "one " * 100)
    expect_shown(live, explorer.view(sentence="one " * 100, explained="long"))
    live.choose(label["explained"], "the answer")
    expect_shown(live, explorer.view(sentence="one " * 100))
    write(live, label["sentence"], "one")
    expect_shown(live, explorer.view(sentence="one"))


test_everything_under_the_cells_is_readable = common.readable
test_no_label_and_no_output_is_cut_off = common.not_cut_off
