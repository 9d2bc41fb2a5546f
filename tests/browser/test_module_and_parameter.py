"""Notebook 01: its explorers, and an exercise that is a class."""

import pytest
from torch import nn, zeros

from course_lib import exercises, explore
from tests.browser import common
from tests.browser.page import wait_for
from tests.notebooks.solve import fill

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "01_module_and_parameter"
PICTURES, TREE = "explore.weight_pictures(", "explore.module_tree("
STUB = 'exercise.check("01.1", Linear)'


test_notebook_01_runs_to_its_end_without_an_error = common.runs_to_its_end


def test_the_tree_shows_a_batch_a_depth_and_a_frozen_layer(notebook):
    explorer, page = notebook.explorer(TREE), notebook.page
    classes = exercises.find("01.2").reference, exercises.find("01.1").reference
    standardize, linear = classes
    model = nn.Sequential(standardize(zeros(8, 64)), linear(64, 32), nn.ReLU(), linear(32, 10))
    expected = explore.module_tree(model, zeros(64, 64))
    label = {key: control.label for key, control in expected.controls.items()}

    def shows(**settings):
        view = expected.view(**settings)
        wait_for(explorer.caption, view.caption, page)
        wait_for(explorer.fragment, explorer.parsed(view.drawing), page)

    shows(batch=8)
    assert explorer.press(label["batch"], "ArrowRight") == 9
    shows(batch=9)
    explorer.choose(label["frozen"], "1")
    shows(batch=9, frozen="1")
    assert explorer.press(label["depth"], "Home") == 0
    shows(batch=9, frozen="1", depth=0)


def test_the_weight_pictures_go_back_to_the_first_step_and_forth(notebook):
    explorer, page = notebook.explorer(PICTURES), notebook.page
    moment = explore.weight_pictures([(0, zeros(10, 64), 0.0)]).controls["moment"].label
    last, trained = explorer.caption(), explorer.picture()
    assert last.startswith("Step 100:")
    assert trained
    assert explorer.press(moment, "Home") == 0
    wait_for(lambda: explorer.caption().startswith("Step 0:"), True, page)
    wait_for(lambda: explorer.picture() not in (b"", trained), True, page)
    assert explorer.press(moment, "ArrowRight") == 1
    wait_for(lambda: explorer.caption().startswith("Step 10:"), True, page)
    assert explorer.press(moment, "End") == 10
    wait_for(explorer.caption, last, page)
    wait_for(lambda: explorer.picture() == trained, True, page)


def test_exercise_01_1_is_solved_by_its_solution(notebook):
    solved = fill(notebook.source(STUB), exercises.solution_source)
    output = notebook.run(STUB, solved)
    output.get_by_text("Exercise 01.1 · A linear layer from two parameters · solved").wait_for()


test_everything_under_the_cells_is_readable = common.readable
test_no_label_and_no_output_is_cut_off = common.not_cut_off
