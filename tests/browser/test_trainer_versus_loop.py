"""Notebook 11: its explorer, with defaults ticked by the keyboard."""

import pytest

from course_lib import explore
from tests.browser import common
from tests.browser.page import expect_shown, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "11_trainer_versus_loop"
DEFAULTS = "explore.defaults("


test_notebook_11_runs_to_its_end_without_an_error = common.runs_to_its_end


def test_each_default_moves_the_losses_apart_and_back(notebook):
    explorer = explore.defaults()
    live = notebook.explorer(DEFAULTS)
    expect_shown(live, explorer.view())  # the same processor: equal to the last bit
    for key, control in explorer.controls.items():
        assert live.toggle(control.label) is True
        expect_shown(live, explorer.view(**{key: True}))
        assert live.toggle(control.label) is False
    expect_shown(live, explorer.view())
    assert notebook.errors() == []


def test_defaults_are_ticked_together_and_what_is_seen_twice_is_the_same(notebook):
    explorer, ticked = explore.defaults(), {}
    live = notebook.explorer(DEFAULTS)
    for key, control in explorer.controls.items():
        assert live.toggle(control.label) is True
        ticked[key] = True
        expect_shown(live, explorer.view(**ticked))
    assert "The largest difference by each alone: clipping ≈ " in live.caption()
    picture = live.picture()
    assert live.toggle(explorer.controls["order"].label) is False
    wait_for(lambda: live.picture() not in (b"", picture), True, live.page)
    assert live.toggle(explorer.controls["order"].label) is True
    wait_for(live.picture, picture, live.page)
    assert notebook.errors() == []


test_everything_under_the_cells_is_readable = common.readable
test_no_label_and_no_output_is_cut_off = common.not_cut_off
