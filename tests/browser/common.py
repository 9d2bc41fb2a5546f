"""What holds of every notebook in the browser. A test module takes these as tests of its own.

`runs_to_its_end` stands first in a module and the others last: then they
look at what the explorers show after they were moved.
"""

import pytest

from tests.browser.contrast import faint
from tests.browser.page import DARK, LIGHT, wait_for

TEXTS = 50  # every notebook shows at least twice as many below its cells


def runs_to_its_end(notebook):
    assert None not in notebook.counts()
    assert notebook.errors() == []


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def readable(notebook, theme):
    notebook.page.bring_to_front()  # behind another page it is not drawn anew
    notebook.theme(theme)
    # On a busy machine the outputs were, once in some hundred runs, not all there at once.
    wait_for(lambda: faint(notebook.outputs)[0] > TEXTS, True, notebook.page)
    read, found = faint(notebook.outputs)
    assert read > TEXTS
    assert found == []


def not_cut_off(notebook):
    assert notebook.cut_off() == []
