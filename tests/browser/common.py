"""What holds of every notebook in the browser. A test module takes these as tests of its own.

`runs_to_its_end` stands first in a module and the others last: then they
look at what the explorers show after they were moved.
"""

import pytest

from tests.browser.contrast import faint
from tests.browser.page import DARK, LIGHT


def runs_to_its_end(notebook):
    assert None not in notebook.counts()
    assert notebook.errors() == []


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def readable(notebook, theme):
    notebook.page.bring_to_front()  # behind another page it is not drawn anew
    notebook.theme(theme)
    read, found = faint(notebook.outputs)
    assert read > 50
    assert found == []


def not_cut_off(notebook):
    assert notebook.cut_off() == []
