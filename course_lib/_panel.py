"""A small titled panel: plain text for a terminal or a test, HTML for a notebook page.

Cards, predictions and the progress board are all made of it, so they look alike. The colours are
translucent over whatever page they stand on, so that a panel reads on a light and a dark one.
"""

import html
import re
import textwrap
from dataclasses import dataclass

TONES = {
    "good": "0, 158, 115",
    "open": "230, 159, 0",
    "bad": "213, 94, 0",
    "quiet": "128, 128, 128",
}
SIGNS = {"ok": "&#10003;", "no": "&#10007;"}
PRE = "margin: 0; padding: 0; background: none; color: inherit; font-size: 13px; line-height: 1.5"
LABEL_WIDTH = 10
WIDTH = 100


@dataclass(frozen=True)
class Row:
    """A line of a panel. `label` stands in front of it, `mark` is "ok", "no" or "" before both."""

    text: str
    label: str = ""
    mark: str = ""
    code: bool = False

    def plain(self) -> str:
        if self.mark:
            head = f"  [{self.mark}] "
        elif self.label:
            head = f"       {self.label:<{LABEL_WIDTH}}"
        else:
            head = "  "
        lines = self.text.split("\n") if self.code else textwrap.wrap(self.text, WIDTH - len(head))
        return head + ("\n" + " " * len(head)).join(lines)

    def html(self) -> str:
        text = html.escape(self.text)
        if self.mark:
            return f"<div><b>{SIGNS[self.mark]}</b> {_with_code(text)}</div>"
        if self.code and not self.label:
            return f'<pre style="{PRE}; white-space: pre; overflow-x: auto">{text}</pre>'
        if not self.label:
            return f"<div>{_with_code(text)}</div>"
        value = f'<pre style="{PRE}; white-space: pre-wrap">{text}</pre>' if self.code else ""
        label = f'<span style="flex: 0 0 5.5em; opacity: 0.75">{html.escape(self.label)}</span>'
        return (
            f'<div style="display: flex; margin-left: 1.3em">{label}'
            f'<div style="min-width: 0; overflow-wrap: anywhere">{value or _with_code(text)}</div>'
            "</div>"
        )


def _with_code(text: str) -> str:
    """Words between backticks as code."""
    return re.sub(r"`([^`]+)`", r'<code style="background: none; color: inherit">\1</code>', text)


@dataclass(frozen=True)
class Panel:
    """A title and rows under it. `tone` is one of TONES."""

    title: str
    rows: tuple[Row, ...] = ()
    tone: str = "quiet"

    def plain(self) -> str:
        return "\n".join([self.title, *(row.plain() for row in self.rows)])

    def html(self) -> str:
        rgb = TONES[self.tone]
        style = (
            f"border-left: 4px solid rgb({rgb}); background: rgba({rgb}, 0.10); color: inherit; "
            "padding: 0.5em 0.9em; font-size: 14px; line-height: 1.5; max-width: 760px; "
            "white-space: normal"
        )
        rows = "".join(row.html() for row in self.rows)
        return f'<div style="{style}"><div><b>{html.escape(self.title)}</b></div>{rows}</div>'

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": self.plain(), "text/html": self.html()}


def show(thing: object, plain: str) -> None:
    """Display `thing` richly where there is a notebook, print `plain` where there is none."""
    try:
        from IPython import get_ipython
    except ImportError:
        shell = None
    else:
        shell = get_ipython()
    if shell is None:
        print(plain)
        return
    from IPython.display import display

    display(thing)
