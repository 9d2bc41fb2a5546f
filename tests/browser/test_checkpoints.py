"""Notebook 07: its explorer, moved by the keyboard."""

import pytest

from course_lib import explore
from tests.browser import common
from tests.browser.page import expect_shown, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "07_checkpoints"
STOPPING = "explore.stopping("
# A curve that the page and the test share, so that every caption and picture can be foretold.
CURVE = [2.0, 1.5, 1.4921875, 1.625, 1.75, 1.25, *[1.5] * 12, 1.0, 1.125]


test_notebook_07_runs_to_its_end_without_an_error = common.runs_to_its_end


def test_the_stop_moves_on_the_notebook_s_own_curve(notebook):
    live, here = notebook.explorer(STOPPING), explore.stopping(CURVE)
    label = {key: control.label for key, control in here.controls.items()}
    before = live.picture()
    assert live.caption().startswith("patience 3, min_delta 0. Epochs trained: ")
    assert live.press(label["patience"], "Home") == 1
    wait_for(lambda: live.caption().startswith("patience 1, min_delta 0. "), True, live.page)
    wait_for(lambda: live.picture() not in (b"", before), True, live.page)
    live.choose(label["min_delta"], "0.1")
    wait_for(lambda: live.caption().startswith("patience 1, min_delta 0.1. "), True, live.page)
    assert notebook.errors() == []


def test_the_stop_follows_patience_and_min_delta(notebook):
    here = explore.stopping(CURVE)
    label = {key: control.label for key, control in here.controls.items()}
    notebook.run(STOPPING, f"explore.stopping({CURVE})")
    live = notebook.explorer(STOPPING)
    expect_shown(live, here.view())
    assert live.press(label["patience"], "ArrowLeft") == 2
    expect_shown(live, here.view(patience=2))
    for min_delta in here.controls["min_delta"].options:
        live.choose(label["min_delta"], min_delta)
        expect_shown(live, here.view(patience=2, min_delta=min_delta))
    assert live.press(label["patience"], "End") == 15
    expect_shown(live, here.view(patience=15, min_delta=min_delta))
    assert live.press(label["patience"], "Home") == 1
    expect_shown(live, here.view(patience=1, min_delta=min_delta))
    assert notebook.errors() == []


test_everything_under_the_cells_is_readable = common.readable
test_no_label_and_no_output_is_cut_off = common.not_cut_off
