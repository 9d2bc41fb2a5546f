"""A notebook that was saved with live widgets, the next day."""

import pytest

from tests.browser.page import NotebookPage, opened, wait_for

pytestmark = [pytest.mark.browser]
NAME = "00_start_here"
REORDER, STUB = "explore.reorder()", "def swap_tokens_and_hidden"

def test_x(browser, lab, tmp_path):
    with opened(browser, lab, NAME) as notebook:
        notebook.run_all()
        notebook.explorer(REORDER)
        saved = notebook.save()
    import nbformat
    nbformat.write(saved, "/tmp/w/br/saved.ipynb")
    page = browser.new_page()
    n = NotebookPage(page, lab, NAME)
    page.goto(lab.address_of(NAME, "again"))
    n.wait_until_ready()
    page.wait_for_timeout(6000)
    print(n.output(REORDER).text_content(), n.output(REORDER).inner_html())
    print(n.output(STUB).text_content())
    n.cell(REORDER).scroll_into_view_if_needed()
    page.screenshot(path="/tmp/w/br/reopened.png")
    page.close()
    assert 0
