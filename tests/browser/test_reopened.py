"""A notebook that has been run and saved: the page is loaded again, or opened the next day."""

import shutil

import pytest

from course_lib import explore, plot
from tests.browser.page import ExplorerView, opened, wait_for

pytestmark = [pytest.mark.browser]

NAME, NEXT_DAY = "00_start_here", "00_the_next_day"
REORDER, CHECK = "explore.reorder()", 'exercise.check("00.1"'
ROWS = explore.reorder().controls["rows"]
LOADING = "Loading widget..."


@pytest.fixture(scope="module")
def saved(browser, lab):
    """Notebook 00, run and saved, with a slider moved from where it began."""
    lab.reset()
    with opened(browser, lab, NAME) as notebook:
        notebook.run_all()
        assert notebook.explorer(REORDER).press(ROWS.label, "End") == ROWS.high
        notebook.save()
        yield notebook


def test_after_a_reload_the_picture_stands_there_and_running_the_cell_brings_it_to_life(saved):
    saved.page.reload()
    saved.wait_until_ready()
    picture = ExplorerView(saved.output(REORDER), saved.page).picture()
    assert picture == plot.png(explore.reorder().view().drawing)
    saved.run(REORDER)
    explorer, view = saved.explorer(REORDER), explore.reorder().view
    assert explorer.press(ROWS.label, "Home") == ROWS.low
    wait_for(explorer.caption, view(rows=ROWS.low).caption, saved.page)
    assert saved.errors() == []


def test_the_next_day_pictures_and_texts_stand_where_the_widgets_were(saved, browser, lab):
    copy = lab.path(NEXT_DAY)
    shutil.copyfile(lab.path(NAME), copy)
    try:
        with opened(browser, lab, NEXT_DAY) as notebook:
            wait_for(lambda: notebook.outputs.filter(has_text=LOADING).count(), 0, notebook.page)
            assert notebook.errors() == []
            picture = ExplorerView(notebook.output(REORDER), notebook.page).picture()
            assert picture == plot.png(explore.reorder().view().drawing)
            assert "Exercise 00.1 · Swap two axes" in (notebook.output(CHECK).text_content() or "")
    finally:
        copy.unlink()
