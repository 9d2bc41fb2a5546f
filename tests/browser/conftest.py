"""One browser and one JupyterLab for all tests of this folder; each test module opens its pages."""

import os

import pytest

from tests.browser.lab import Lab
from tests.browser.page import BROWSERS, browsing, find_browser, opened

# Their assertions show both sides, as those of a test module do.
pytest.register_assert_rewrite("tests.browser.common", "tests.browser.explorer_runs")


@pytest.fixture(scope="package")
def browser():
    executable = find_browser()
    if executable is None:
        missing = f"No browser: found none of {', '.join(BROWSERS)} on the PATH. Install Chromium."
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with browsing(executable) as context:
        yield context


@pytest.fixture(scope="package")
def lab(browser, tmp_path_factory):
    running = Lab(tmp_path_factory.mktemp("lab"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def notebook(browser, lab, request):
    """The notebook that the test module names in NOTEBOOK, opened and run."""
    lab.reset()
    with opened(browser, lab, request.module.NOTEBOOK) as notebook:
        notebook.run_all()
        yield notebook
