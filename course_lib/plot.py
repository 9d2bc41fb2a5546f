"""One figure style for the whole course, readable on a light page and on a dark one.

Backgrounds are transparent; text and axes are a grey with a contrast of at least 4 to 1 on white
and on black; the colours stay apart for colour-blind readers and on both pages.
"""

import contextlib
import io
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from course_lib import _panel

if TYPE_CHECKING:
    from course_lib.loop import History

INK = "#7a7a7a"
BLUE, ORANGE, GREEN, PINK = "#3287cd", "#d9822b", "#1a9e77", "#c5679d"
COLOURS = (BLUE, ORANGE, GREEN, PINK)
SIGNED = LinearSegmentedColormap.from_list("signed", [BLUE, "#f4f4f4", ORANGE])
LOSSES = ("train_loss", "valid_loss")
SIZE = (7.2, 3.4)  # inches
DOTS_PER_INCH = 160
SCREEN_DOTS_PER_INCH = 100

ALONE = threading.RLock()  # matplotlib's settings belong to all threads
STYLE: dict[str, Any] = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": INK,
    "grid.alpha": 0.25,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlesize": 12,
    "axes.titlepad": 10,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "lines.linewidth": 2.2,
    "font.family": "DejaVu Sans",
    "figure.constrained_layout.use": True,
}


@contextlib.contextmanager
def style() -> Iterator[None]:
    """The course's style, for one thread at a time."""
    with ALONE, rc_context(STYLE):
        yield


def figure(
    title: str, *, rows: int = 1, columns: int = 1, size: tuple[float, float] = SIZE
) -> tuple[Figure, Any]:
    """A figure in the course's style, and its axes: one, or a NumPy array for several.

    Arguments:
        title    what the figure shows, as a finding: "Frozen weights do not move".
        size     width and height in inches.
    """
    with style():
        made = Figure(figsize=size)
        axes = made.subplots(rows, columns)
        made.suptitle(title, x=0.01, ha="left", weight="bold", size=13, color=INK)
    return made, axes


def learning_curves(history: "History", title: str) -> Figure:
    """The losses of a training over its epochs, and beside them what else validation measured.

    Arguments:
        history  as `course_lib.loop.fit` returns it, with at least one finished epoch.
    """
    epochs = history.column("epoch")
    names = [name for name in history.epochs[-1] if name not in ("epoch", *LOSSES)]
    made, axes = figure(title, columns=1 + bool(names))
    left = axes[0] if names else axes
    if history.losses:  # of each step; the last step of an epoch stands at its number
        share = epochs[-1] / len(history.losses)
        steps = [share * (step + 1) for step in range(len(history.losses))]
        left.plot(steps, history.losses, color=BLUE, linewidth=0.8, alpha=0.5)
    known = [name for name in LOSSES if name in history.epochs[-1]]
    _lines(left, history, known, "loss")
    if names:
        _lines(axes[1], history, names, "on the validation part")
    return made


def _lines(axes: Axes, history: "History", names: Sequence[str], label: str) -> None:
    for name, colour in zip(names, COLOURS, strict=False):
        numbers = history.column(name)
        axes.plot(history.column("epoch"), numbers, "o-", markersize=4, color=colour, label=name)
    axes.set(xlabel="epoch", ylabel=label)
    axes.xaxis.get_major_locator().set_params(integer=True)
    with style():
        axes.legend()


def bare(axes: Axes) -> None:
    """Leave an axes empty of ticks, grid and frame, for pictures and drawings."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def image(axes: Axes, pixels: Sequence, *, limit: float | None = None) -> None:
    """Draw a matrix as a picture; with `limit`, from blue at -limit to orange at +limit."""
    bare(axes)
    if limit is None:
        axes.imshow(pixels, cmap="gray_r", interpolation="nearest")
        return
    axes.imshow(pixels, cmap=SIGNED, vmin=-limit, vmax=limit, interpolation="nearest")


def png(made: Figure) -> bytes:
    """The figure as a PNG with a transparent background."""
    buffer = io.BytesIO()
    with style():
        made.savefig(buffer, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return buffer.getvalue()


def width(made: Figure) -> int:
    """How wide the figure stands on the page, in CSS pixels."""
    return round(made.get_figwidth() * SCREEN_DOTS_PER_INCH)


class Picture:
    """A finished figure: a PNG in a notebook, its title as text elsewhere."""

    def __init__(self, made: Figure) -> None:
        self.png, self.width = png(made), width(made)
        self.text = f"[figure] {made.get_suptitle()}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple:
        data = {"text/plain": self.text, "image/png": self.png}
        return data, {"image/png": {"width": self.width}}


def show(made: Figure) -> None:
    """Show a figure under the cell."""
    picture = Picture(made)
    _panel.show(picture, picture.text)
