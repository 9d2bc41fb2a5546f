"""Every notebook as slides: nothing stands below the edge, all can be read, code runs."""

import re

import pytest

from course_lib.plot import DOTS_PER_INCH
from tests.browser.page import wait_for
from tests.browser.slides import SIZE, shown
from tests.notebooks import tool

pytestmark = [pytest.mark.slow, pytest.mark.browser]

NOTEBOOKS = [path.stem for path in tool.chosen(())]
# A screen of 55 inches is 685 mm high. Letters of 16 pixels have capitals of 11 mm there, and at
# three metres 12 minutes of arc; a good eye needs 5. The smallest in a figure have 10 points.
SMALLEST = 16
POINTS = 10
SMALLEST_IN_A_FIGURE = 12


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_slide_overflows_and_all_can_be_read(name, browser, lab):
    lab.reset()
    with shown(browser, lab, name) as slides:
        slides.lay_out()
        measured = slides.measure()
    cells = [cell for slide in measured for cell in slide["cells"]]
    assert cells == list(range(len(lab.read(name).cells)))
    for slide in measured:
        assert slide["bottom"] <= SIZE["height"], slide
        assert slide["right"] <= SIZE["width"], slide
        assert slide["letters"] >= SMALLEST, slide
        for scale in slide["figures"]:
            assert scale * POINTS * DOTS_PER_INCH / 72 >= SMALLEST_IN_A_FIGURE, slide


def test_a_printed_notebook_has_a_page_for_each_slide(browser, lab, tmp_path):
    lab.reset()
    with shown(browser, lab, "00_start_here") as slides:
        slides.lay_out()
        slides.print(tmp_path / "00.pdf")
        printed = (tmp_path / "00.pdf").read_bytes()
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == slides.count()


def test_code_runs_from_the_slide(browser, lab):
    lab.reset()
    with shown(browser, lab, "01_module_and_parameter") as slides:
        page = slides.page
        for _ in range(3):
            slides.forward()
        cell = slides.present.locator(".jp-CodeCell").first
        cell.locator(".cm-content").click()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.insert_text("print(6 * 7)")
        page.keyboard.press("Shift+Enter")
        output = cell.locator(".jp-OutputArea-output")
        wait_for(output.all_text_contents, ["42\n"], page)
