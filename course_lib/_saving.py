"""What JupyterLab does before it saves a notebook, when `make lab` started it."""

from typing import Any

from course_lib.runtime import WIDGET_VIEW


def drop_views(model: dict[str, Any], **_: object) -> None:
    """Save the still picture or text of a widget, not the live view: it ends with its kernel.

    Without this, a notebook that is opened again shows "model not found" where a card or an
    explorer was. A Jupyter `pre_save_hook`; the page that is being saved keeps its live widgets.
    """
    if model["type"] != "notebook":
        return
    for cell in model["content"]["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if len(data) > 1:
                data.pop(WIDGET_VIEW, None)
