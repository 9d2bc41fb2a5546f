"""Notebook 00 as `make lab` opens it."""

import re

import pytest

from course_lib import exercises, explore, plot
from course_lib._panel import TONES
from course_lib.explore.nb00 import PERMUTE
from tests.browser import common
from tests.browser.page import DARK, LIGHT, opened, wait_for

pytestmark = [pytest.mark.browser]

REORDER, MAP, CHECK = "explore.reorder()", "explore.course_map()", 'exercise.check("00.1"'
CARD_TEXT = "Exercise 00.1 · Swap two axes · "
A_HINT = re.compile(r"^Hint \d of 3")
NEXT_CELL = "swapped = swap_tokens_and_hidden(hidden)"


@pytest.fixture(scope="module")
def start_here(browser, lab):
    """Notebook 00, opened from the address that `make lab` printed, and run."""
    lab.reset()
    with opened(browser, lab, "00_start_here", lab.address) as notebook:
        notebook.run_all()
        yield notebook


def dealt_again(x):
    B, T, H = x.shape
    return x.view(B, H, T)


def written(body):
    """What a learner writes: a function of one line, and under it the cell's own last line."""

    def source_in(notebook):
        check = notebook.source(CHECK).splitlines()[-1]
        return f"def {check.partition(' = ')[0]}(x):\n    {body}\n\n\n{check}"

    return source_in


WRONG = written("return x.view(x.shape[0], x.shape[2], x.shape[1])")
RIGHT = written("return x.transpose(1, 2)")
ENDLESS = written("while True: pass")


def test_make_lab_serves_notebook_00_at_the_address_that_it_prints(start_here, lab):
    assert start_here.page.url.endswith("/lab/tree/notebooks/00_start_here.ipynb")
    assert "token" not in start_here.page.url
    assert start_here.panel.get_by_role("heading", level=1).text_content().startswith("00 · Start")
    assert start_here.page.get_by_role("tab", name="00_start_here.ipynb").is_visible()


def test_notebook_00_runs_to_its_end_without_an_error(start_here):
    code = [cell for cell in start_here.shipped.cells if cell.cell_type == "code"]
    assert sorted(start_here.counts()) == list(range(1, len(code) + 1))
    assert start_here.errors() == []


def test_the_keyboard_moves_an_explorer_to_what_its_function_draws(start_here):
    page, explorer = start_here.page, start_here.explorer(REORDER)
    controls = explore.reorder().controls
    rows, columns, operation = controls["rows"], controls["columns"], controls["operation"]
    settings = [
        ({}, lambda: None),
        ({"rows": rows.low}, lambda: explorer.press(rows.label, "Home")),
        ({"rows": rows.low + 1}, lambda: explorer.press(rows.label, "ArrowRight")),
        ({"columns": columns.high}, lambda: explorer.press(columns.label, "End")),
        ({"columns": columns.high - 1}, lambda: explorer.press(columns.label, "ArrowLeft")),
        ({"operation": PERMUTE}, lambda: explorer.choose(operation.label, PERMUTE)),
    ]
    chosen = {}
    for change, act in settings:
        act()
        chosen |= change
        view = explore.reorder().view(**chosen)
        wait_for(explorer.caption, view.caption, page)
        wait_for(lambda view=view: explorer.picture() == plot.png(view.drawing), True, page)


def test_the_map_goes_from_the_first_notebook_to_the_last(start_here):
    explorer, course_map = start_here.explorer(MAP), explore.course_map()
    [slider] = course_map.controls.values()
    for key, notebook in (("Home", 0), ("End", 12), ("ArrowLeft", 11)):
        assert explorer.press(slider.label, key) == notebook
        caption = course_map.view(notebook=notebook).caption
        wait_for(explorer.caption, caption, start_here.page)


def test_an_exercise_is_tried_hinted_at_looked_up_and_solved(start_here):
    exercise = exercises.find("00.1")
    [idea] = [
        row.text for row in exercises.judge(exercise, dealt_again).rows if row.label == "idea"
    ]
    output = start_here.run(CHECK, WRONG(start_here))
    output.get_by_text(f"{CARD_TEXT}not yet").wait_for()
    assert idea in output.text_content()

    output.get_by_role("button", name="Hint").click()
    output.get_by_text(A_HINT).wait_for()
    assert any(hint in output.text_content() for hint in exercise.hints)

    output.get_by_role("button", name="Solution").click()
    output.get_by_text("Solution 00.1").wait_for()
    assert exercises.solution_source("00.1") in output.text_content()

    output = start_here.run(CHECK, RIGHT(start_here))
    output.get_by_text(f"{CARD_TEXT}solved").wait_for()
    panel = output.locator(".widget-html-content > div").first
    edge = panel.evaluate("panel => getComputedStyle(panel).borderLeftColor")
    assert edge == f"rgb({TONES['good']})"


def test_an_attempt_that_never_ends_gets_its_card_and_the_next_cell_runs(start_here):
    card_is_there = start_here.start(CHECK, ENDLESS(start_here))
    next_is_done = start_here.start(NEXT_CELL)
    assert not card_is_there()
    wait_for(card_is_there, True, start_here.page)
    output = start_here.output(CHECK)
    output.get_by_text(f"{CARD_TEXT}not yet").wait_for()
    assert "no end within 10 seconds" in output.text_content()
    wait_for(next_is_done, True, start_here.page)
    assert "(2, 5, 4) -> (2, 4, 5)" in start_here.output(NEXT_CELL).text_content()


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_everything_under_the_cells_is_readable(start_here, theme):
    card = start_here.run(CHECK, WRONG(start_here))
    card.get_by_role("button", name="Hint").click()
    card.get_by_text(A_HINT).wait_for()
    common.readable(start_here, theme)


def test_no_label_and_no_output_is_cut_off(start_here):
    assert start_here.cut_off() == []
