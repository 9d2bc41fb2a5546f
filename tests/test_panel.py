"""course_lib._panel: one panel, as plain text and as HTML."""

import sys
from html.parser import HTMLParser

import IPython
import pytest

from course_lib import _panel
from course_lib._panel import Panel, Row

VOID = {"br", "hr", "img"}


class Reader(HTMLParser):
    """Reads HTML back: its text, and whether every tag is closed in order."""

    def __init__(self, page):
        super().__init__()
        self.text, self.open, self.tags = "", [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


ROWS = (
    Row("it adds up", mark="ok"),
    Row("it does not", mark="no"),
    Row("x = 1", label="tried", code=True),
    Row("word " * 40, label="idea"),
    Row("a line without a label"),
)
PLAIN = """\
Title
  [ok] it adds up
  [no] it does not
       tried     x = 1
       idea      word word word word word word word word word word word word word word word word
                 word word word word word word word word word word word word word word word word
                 word word word word word word word word
  a line without a label"""


def test_plain_text_stands_in_columns_and_wraps_under_its_own_start():
    assert Panel("Title", ROWS).plain() == PLAIN


def test_no_line_of_plain_text_is_too_wide():
    assert max(map(len, Panel("Title", ROWS).plain().splitlines())) <= 100


def test_code_keeps_its_lines_and_its_spaces():
    text = "def f(x):\n    return x"
    assert Row(text, label="got", code=True).plain().splitlines() == [
        "       got       def f(x):",
        "                     return x",
    ]
    assert text in Reader(Row(text, code=True).html()).text


@pytest.mark.parametrize("tone", _panel.TONES)
def test_html_is_well_formed_and_says_what_the_plain_text_says(tone):
    page = Reader(Panel("Title", ROWS, tone).html())
    assert page.open == []
    signs = {"ok": "✓ ", "no": "✗ ", "": ""}
    assert page.text == "Title" + "".join(signs[row.mark] + row.label + row.text for row in ROWS)


def test_each_tone_and_mark_has_a_look_of_its_own():
    assert len({Panel("Title", tone=tone).html() for tone in _panel.TONES}) == len(_panel.TONES)
    assert Row("a", mark="ok").html() != Row("a", mark="no").html()


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", "a < b & c > d", '"quoted"'])
@pytest.mark.parametrize("place", ["title", "text", "label", "code", "mark"])
def test_no_text_becomes_markup(evil, place):
    panel = {
        "title": Panel(evil),
        "text": Panel("Title", (Row(evil),)),
        "label": Panel("Title", (Row("text", label=evil),)),
        "code": Panel("Title", (Row(evil, label="got", code=True),)),
        "mark": Panel("Title", (Row(evil, mark="ok"),)),
    }[place]
    page = Reader(panel.html())
    assert evil in page.text
    assert "script" not in page.tags


def test_a_panel_shows_its_two_forms_to_a_notebook():
    panel = Panel("Title", ROWS)
    assert panel._repr_mimebundle_() == {"text/plain": PLAIN, "text/html": panel.html()}


def test_show_prints_where_there_is_no_notebook(capsys):
    _panel.show(Panel("rich"), "plain")
    assert capsys.readouterr().out == "plain\n"


def test_show_prints_where_there_is_no_ipython(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "IPython", None)
    _panel.show(Panel("rich"), "plain")
    assert capsys.readouterr().out == "plain\n"


def test_show_displays_the_thing_itself_in_a_notebook(monkeypatch, capsys):
    shown = []
    monkeypatch.setattr(IPython, "get_ipython", object)
    monkeypatch.setattr("IPython.display.display", shown.append)
    panel = Panel("rich")
    _panel.show(panel, "plain")
    assert shown == [panel]
    assert capsys.readouterr().out == ""
