"""Notebook 02: its explorers, moved by the keyboard."""

import pytest

from course_lib import explore
from tests.browser import common
from tests.browser.page import expect_shown, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "02_dataset_and_dataloader"
BATCHES, SAMPLER = "explore.padded_batches(", "explore.sampler("
READING = "explore.reading([repr("
# Data that the page and the test share, so that every caption and picture can be foretold.
OWN_BATCHES = """explore.padded_batches(
    ["word " * (1 + 7 * i % 40) for i in range(100)], lambda text: [1] * len(text.split())
)"""
OWN_SAMPLER = """explore.sampler(
    [0] * 32 + [1] * 16 + [2] * 8 + [3] * 8, ["a", "b", "c", "d"], [0.5, 1.0, 2.0, 2.0]
)"""


def run_with_own_data(notebook, piece, source):
    """The live explorer of a cell that now holds `source`, and the same explorer here."""
    notebook.run(piece, source)
    live, here = notebook.explorer(piece), eval(source, {"explore": explore})
    expect_shown(live, here.view())
    return live, here, {key: control.label for key, control in here.controls.items()}


test_notebook_02_runs_to_its_end_without_an_error = common.runs_to_its_end


def test_bucketing_changes_the_picture_of_the_notebook_s_own_batches(notebook):
    live, page = notebook.explorer(BATCHES), notebook.page
    caption, picture = live.caption(), live.picture()
    assert caption.startswith("Batches 1 to 8 of ")
    assert picture
    assert live.toggle("bucketing") is True
    wait_for(lambda: "alike in length" in live.caption(), True, page)
    wait_for(lambda: live.picture() not in (b"", picture), True, page)
    assert live.toggle("bucketing") is False
    wait_for(live.caption, caption, page)
    wait_for(lambda: live.picture() == picture, True, page)


def test_the_slider_changes_the_picture_of_the_notebook_s_own_classes(notebook):
    live, page = notebook.explorer(SAMPLER), notebook.page
    caption, picture = live.caption(), live.picture()
    assert caption.startswith("torch, the most frequent: ")
    assert picture
    assert live.press("balance, %", "Home") == 0
    wait_for(lambda: live.caption() != caption, True, page)
    wait_for(lambda: live.picture() not in (b"", picture), True, page)
    assert live.press("balance, %", "End") == 100
    wait_for(live.caption, caption, page)
    wait_for(lambda: live.picture() == picture, True, page)


def test_the_batches_follow_every_control(notebook):
    live, here, label = run_with_own_data(notebook, BATCHES, OWN_BATCHES)
    assert live.toggle(label["bucketing"]) is True
    expect_shown(live, here.view(bucketing=True))
    assert live.toggle(label["shuffle"]) is False
    expect_shown(live, here.view(bucketing=True, shuffle=False))
    assert live.press(label["place"], "End") == 100
    expect_shown(live, here.view(bucketing=True, shuffle=False, place=100))
    live.choose(label["batch_size"], "32")
    expect_shown(live, here.view(bucketing=True, shuffle=False, place=100, batch_size="32"))


def test_the_classes_follow_the_slider_step_by_step(notebook):
    live, here, label = run_with_own_data(notebook, SAMPLER, OWN_SAMPLER)
    assert live.press(label["balance"], "ArrowLeft") == 90
    expect_shown(live, here.view(balance=90))
    assert live.press(label["balance"], "Home") == 0
    expect_shown(live, here.view(balance=0))


def test_lines_to_read_are_shown_live_and_none_is_stored(notebook):
    lines = ["a < b & c", "second"]
    output = notebook.run(READING, f"explore.reading({lines})")
    wait_for(output.locator("li").all_text_contents, lines, notebook.page)
    stored = notebook.shipped.cells[notebook.index(READING)].outputs[0].data
    assert list(stored) == ["text/plain"]
    assert "run this cell to see them" in stored["text/plain"]


test_everything_under_the_cells_is_readable = common.readable
test_no_label_and_no_output_is_cut_off = common.not_cut_off
