"""The base of every explorer: a pure function from settings to a figure or an HTML fragment, and a
thin shell of widgets around it.

Where there is a widget manager the live controls show; elsewhere (GitHub, a printout, a test) the
picture of the first settings and a line of text do. The object holds all of them; the page picks
the richest it can show.
"""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from course_lib import plot
from course_lib.runtime import widget_view

CAPTION = "font-size: 14px; line-height: 1.5; white-space: normal; max-width: 720px"


@dataclass(frozen=True)
class Slider:
    """A whole number from `low` to `high`."""

    label: str
    low: int
    high: int
    value: int
    step: int = 1


@dataclass(frozen=True)
class Choice:
    """One of a few options."""

    label: str
    options: Sequence[str]
    value: str


@dataclass(frozen=True)
class Toggle:
    """Yes or no."""

    label: str
    value: bool = False


@dataclass(frozen=True)
class Text:
    """A line that the learner types."""

    label: str
    value: str


Control = Slider | Choice | Toggle | Text


@dataclass(frozen=True)
class View:
    """What an explorer draws: a figure or an HTML fragment, and what to see in it."""

    drawing: Figure | str
    caption: str


def number(value: Any) -> float:
    """A number as a float.

    Raises:
        TypeError: it is none; text is none either, even if float would take it.
    """
    if isinstance(value, str):
        raise TypeError("one is a str")
    return float(value)


class Explorer:
    """An explorer: `draw(**settings) -> View`, and one control for each setting."""

    def __init__(self, name: str, draw: Callable[..., View], controls: dict[str, Control]) -> None:
        self.name, self.draw, self.controls = name, draw, controls
        self._widget: Any = None

    def settings(self) -> dict[str, Any]:
        """The first value of every control."""
        return {key: control.value for key, control in self.controls.items()}

    def view(self, **changes: Any) -> View:
        """What is drawn for the first settings with some of them changed."""
        return self.draw(**{**self.settings(), **changes})

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple:
        view = self.view()
        data: dict[str, Any] = {"text/plain": f"[explorer {self.name}] {view.caption}"}
        metadata = {}
        if isinstance(view.drawing, Figure):
            data["image/png"] = plot.png(view.drawing)
            metadata["image/png"] = {"width": plot.width(view.drawing)}
        else:
            data["text/html"] = _page(view)
        widget = self.widget()
        if widget is not None:
            data |= widget_view(widget)
        return data, metadata

    def widget(self) -> Any:
        """The live explorer, made once; None where ipywidgets is not installed."""
        if self._widget is None:
            try:
                import ipywidgets
            except ImportError:
                return None
            self._widget = _build(ipywidgets, self)
        return self._widget


def _page(view: View) -> str:
    return f"{view.drawing}<p>{html.escape(view.caption)}</p>"


def _build(ipywidgets: Any, explorer: Explorer) -> Any:
    inputs = {key: _input(ipywidgets, control) for key, control in explorer.controls.items()}
    first = explorer.view()
    picture, caption = _canvas(ipywidgets, first), ipywidgets.HTML()

    def show(view: View) -> None:
        figure = isinstance(view.drawing, Figure)
        picture.value = plot.png(view.drawing) if figure else view.drawing
        caption.value = _text(view.caption)

    def redraw(_: Any) -> None:
        with plot.ALONE:  # moves may come in two threads: one after the other, as it stands then
            try:
                view = explorer.draw(**{key: control.value for key, control in inputs.items()})
            except Exception as error:
                caption.value = _text(
                    f"This setting cannot be drawn ({type(error).__name__}: {error})."
                )
                return
            show(view)

    show(first)
    for control in inputs.values():
        control.observe(redraw, names="value")
    return ipywidgets.VBox([*inputs.values(), picture, caption])


def _text(caption: str) -> str:
    return f'<div style="{CAPTION}">{html.escape(caption)}</div>'


def _canvas(ipywidgets: Any, view: View) -> Any:
    if not isinstance(view.drawing, Figure):
        return ipywidgets.HTML()
    wide = f"{plot.width(view.drawing)}px"
    layout = {"width": wide, "max_width": "100%", "object_fit": "contain", "margin": "8px 0 0 0"}
    return ipywidgets.Image(format="png", layout=layout)


def _input(ipywidgets: Any, control: Control) -> Any:
    common = {
        "description": control.label,
        "style": {"description_width": "12em"},
        "layout": {"width": "36em", "max_width": "100%"},
        "value": control.value,
    }
    if isinstance(control, Slider):
        return ipywidgets.IntSlider(min=control.low, max=control.high, step=control.step, **common)
    if isinstance(control, Choice):
        return ipywidgets.Dropdown(options=list(control.options), **common)
    if isinstance(control, Toggle):
        return ipywidgets.Checkbox(**common)
    return ipywidgets.Text(continuous_update=False, **common)
