"""Notebook 04: its explorer, moved by the keyboard."""

import pytest

from course_lib import explore
from tests.browser import common
from tests.browser.page import expect_shown, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "04_loss_and_metric"
THRESHOLD = "explore.threshold("
# Data that the page and the test share, so that every caption and picture can be foretold.
OWN = """explore.threshold(
    [i % 17 / 8 + (i % 5 == 0) - 1.5 for i in range(200)], [int(i % 5 == 0) for i in range(200)]
)"""


test_notebook_04_runs_to_its_end_without_an_error = common.runs_to_its_end


def test_the_sliders_change_the_picture_of_the_notebook_s_own_scores(notebook):
    live, page = notebook.explorer(THRESHOLD), notebook.page
    caption, picture = live.caption(), live.picture()
    assert caption.startswith("Predicted positive: scores from ≈ ")
    assert picture
    label = {k: c.label for k, c in explore.threshold([0.0, 1.0], [0, 1]).controls.items()}
    assert live.press(label["below"], "End") == 100
    wait_for(lambda: live.caption().startswith("Predicted positive: nothing."), True, page)
    assert live.press(label["positives"], "End") == 50
    wait_for(lambda: "Positives: 50 %, by weights." in live.caption(), True, page)
    wait_for(lambda: live.picture() not in (b"", picture), True, page)


def test_the_curves_follow_threshold_and_share(notebook):
    notebook.run(THRESHOLD, OWN)
    live, here = notebook.explorer(THRESHOLD), eval(OWN, {"explore": explore})
    label = {key: control.label for key, control in here.controls.items()}
    start = here.settings()
    expect_shown(live, here.view())
    assert live.press(label["below"], "ArrowRight") == start["below"] + 1
    expect_shown(live, here.view(below=start["below"] + 1))
    assert live.press(label["positives"], "Home") == 1
    expect_shown(live, here.view(below=start["below"] + 1, positives=1))
    assert live.press(label["below"], "End") == 100
    expect_shown(live, here.view(below=100, positives=1))
    assert live.press(label["below"], "Home") == 0
    expect_shown(live, here.view(below=0, positives=1))


test_everything_under_the_cells_is_readable = common.readable
test_no_label_and_no_output_is_cut_off = common.not_cut_off
