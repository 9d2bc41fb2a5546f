"""Notebook 02: its explorers, moved by the keyboard."""

import pytest

from course_lib import explore
from tests.browser.contrast import faint
from tests.browser.page import DARK, LIGHT, opened, wait_for

pytestmark = [pytest.mark.browser]

BATCHES, SAMPLER = "explore.padded_batches(", "explore.sampler("
IMPORT = "from course_lib import explore\n"
TEXTS = ["word " * (1 + 7 * i % 40) for i in range(100)]
LABELS, NAMES, WEIGHTS = [0] * 32 + [1] * 16 + [2] * 8 + [3] * 8, ["a", "b", "c", "d"], [0.5, 1, 2, 2]


def encode(text):
    return [len(word) for word in text.split()]


# The same data for the page and for the test, so that every caption and picture can be foretold.
OWN_BATCHES = f"""{IMPORT}
texts = ["word " * (1 + 7 * i % 40) for i in range(100)]
explore.padded_batches(texts, lambda text: [len(word) for word in text.split()])"""
OWN_SAMPLER = f"{IMPORT}\nexplore.sampler({LABELS}, {NAMES}, {WEIGHTS})"


@pytest.fixture(scope="module")
def notebook(browser, lab):
    lab.reset()
    with opened(browser, lab, "02_dataset_and_dataloader") as notebook:
        notebook.run_all()
        yield notebook


def labels_of(explorer):
    return {key: control.label for key, control in explorer.controls.items()}


def toggle(explorer, label):
    """Focus a box and press the space bar. Returns whether it is then ticked."""
    box = explorer.output.locator(".widget-checkbox", has_text=label).get_by_role("checkbox")
    box.focus()
    box.press("Space")
    return box.is_checked()


def shows(live, view, page):
    """Wait for what the pure function gives: its caption, and another picture than `before`."""
    wait_for(live.caption, view.caption, page)


def test_notebook_02_runs_to_its_end_without_an_error(notebook):
    assert None not in notebook.counts()
    assert notebook.errors() == []
