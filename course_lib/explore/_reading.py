"""Text to read that is not the course's own: shown live, and never stored in a notebook."""

import html
from collections.abc import Sequence
from typing import Any

from course_lib.explore._explorer import CAPTION
from course_lib.runtime import widget_view


class Reading:
    """Lines of text. Where there are no widgets, they are printed plainly."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(lines)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        try:
            import ipywidgets
        except ImportError:
            return {"text/plain": "\n".join(self.lines)}
        count = f"{len(self.lines)} line{'s' if len(self.lines) != 1 else ''}"
        text = f"[to read] {count} from the installed libraries: run this cell to see them."
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.lines)
        widget = ipywidgets.HTML(f'<ol style="{CAPTION}">{items}</ol>')
        return {"text/plain": text} | widget_view(widget)


def reading(lines: Sequence[str]) -> Reading:
    """Show lines that quote others: live in a notebook, and not in the stored one."""
    return Reading(lines)
