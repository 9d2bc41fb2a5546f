"""explore.reading: the words of others are seen live, and never stored."""

import sys

import ipywidgets
import pytest

from course_lib import explore
from course_lib.runtime import WIDGET_VIEW

LINES = ["Add <b>two</b> arrays.", "Close the file."]


@pytest.fixture
def made(monkeypatch):
    """The values of the HTML widgets that are made."""
    values = []

    class Noting(ipywidgets.HTML):
        def __init__(self, value):
            values.append(value)
            super().__init__(value)

    monkeypatch.setattr(ipywidgets, "HTML", Noting)
    return values


def test_the_stored_text_counts_the_lines_and_quotes_none(made):
    shown = explore.reading(LINES)._repr_mimebundle_()
    assert set(shown) == {"text/plain", WIDGET_VIEW}
    assert "2 lines" in shown["text/plain"]
    assert not any(word in shown["text/plain"] for word in ("Add", "arrays", "Close"))


def test_the_live_view_has_every_line_and_no_markup_of_theirs(made):
    explore.reading(LINES)._repr_mimebundle_()
    (value,) = made
    assert value.count("<li>") == 2
    assert "Add &lt;b&gt;two&lt;/b&gt; arrays." in value and "Close the file." in value


def test_without_widgets_the_lines_are_plain_text(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    shown = explore.reading(LINES)._repr_mimebundle_()
    assert shown == {"text/plain": "Add <b>two</b> arrays.\nClose the file."}
