"""Notebook 05: its explorers, moved by the keyboard."""

import pytest

from course_lib import explore
from course_lib.explore import nb05
from tests.browser import common
from tests.browser.page import expect_shown

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "05_training_loop"
DESCENT, SCHEDULE = "explore.descent(", "explore.schedule("
_, MOMENTUM, ADAM = nb05.OPTIMIZERS


def opened_on(notebook, piece, here):
    """The live explorer, which shows what the one here does, and the labels of its controls."""
    live = notebook.explorer(piece)
    expect_shown(live, here.view())
    return live, {key: control.label for key, control in here.controls.items()}


test_notebook_05_runs_to_its_end_without_an_error = common.runs_to_its_end


def test_the_path_follows_rate_optimizer_and_steps(notebook):
    here = explore.descent()
    live, label = opened_on(notebook, DESCENT, here)
    start = here.settings()
    assert live.press(label["power"], "ArrowRight") == start["power"] + 1
    expect_shown(live, here.view(power=start["power"] + 1))
    assert live.press(label["power"], "End") == 0
    expect_shown(live, here.view(power=0))  # it flies apart
    live.choose(label["optimizer"], ADAM)
    expect_shown(live, here.view(power=0, optimizer=ADAM))
    assert live.press(label["steps"], "End") == 100
    expect_shown(live, here.view(power=0, optimizer=ADAM, steps=100))
    live.choose(label["optimizer"], MOMENTUM)
    expect_shown(live, here.view(power=0, optimizer=MOMENTUM, steps=100))
    assert live.press(label["steps"], "Home") == 1
    expect_shown(live, here.view(power=0, optimizer=MOMENTUM, steps=1))


def test_the_training_follows_schedule_rate_and_unit(notebook):
    here = explore.schedule()
    live, label = opened_on(notebook, SCHEDULE, here)
    power = here.settings()["power"] - 1
    assert live.press(label["power"], "ArrowLeft") == power
    expect_shown(live, here.view(power=power))
    live.choose(label["unit"], nb05.WRONG)
    expect_shown(live, here.view(power=power, unit=nb05.WRONG))
    for name in nb05.SCHEDULES:
        live.choose(label["name"], name)
        expect_shown(live, here.view(power=power, unit=nb05.WRONG, name=name))
    live.choose(label["unit"], nb05.OWN)
    expect_shown(live, here.view(power=power, name=name))
    assert live.press(label["power"], "Home") == -20
    expect_shown(live, here.view(power=-20, name=name))
    assert notebook.errors() == []


test_everything_under_the_cells_is_readable = common.readable
test_no_label_and_no_output_is_cut_off = common.not_cut_off
