"""The card of an exercise: plain text everywhere, with buttons where there are widgets."""

from collections.abc import Callable
from typing import Any

from course_lib._panel import Panel
from course_lib.runtime import widget_view


class Card:
    """A panel with buttons under it in JupyterLab and Colab, and a plain text elsewhere.

    `buttons` maps a label to a function that returns the panel to show when it is pressed.
    """

    def __init__(self, panel: Panel, buttons: dict[str, Callable[[], Panel]]) -> None:
        self.panel, self.buttons = panel, buttons
        self._widget: Any = None

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        bundle: dict[str, Any] = self.panel._repr_mimebundle_()
        widget = self.widget()
        if widget is not None:
            bundle |= widget_view(widget)
        return bundle

    def widget(self) -> Any:
        """The live card, made once; None where ipywidgets is not installed."""
        if self._widget is None:
            try:
                import ipywidgets
            except ImportError:
                return None
            self._widget = _build(ipywidgets, self.panel, self.buttons)
        return self._widget


def _build(ipywidgets: Any, panel: Panel, buttons: dict[str, Callable[[], Panel]]) -> Any:
    answer = ipywidgets.HTML()

    def on_press(make_panel: Callable[[], Panel]) -> Callable[[Any], None]:
        def pressed(_: Any) -> None:
            answer.value = make_panel().html()

        return pressed

    row = []
    for label, make_panel in buttons.items():
        button = ipywidgets.Button(description=label)
        button.on_click(on_press(make_panel))
        row.append(button)
    return ipywidgets.VBox([ipywidgets.HTML(panel.html()), ipywidgets.HBox(row), answer])
