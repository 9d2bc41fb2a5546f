"""The explorers of notebooks/00_start_here.ipynb."""

import torch
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle
from torch import Tensor

from course_lib import plot
from course_lib.explore._explorer import Choice, Explorer, Slider, View

VIEW, PERMUTE = "view (deals out again)", "permute (turns the axes)"
CELL_INK = "#101010"
MOST = 5  # rows or columns of a drawn matrix


def reorder() -> Explorer:
    """A small matrix, and what `view` and `permute` make of it."""
    controls = {
        "rows": Slider("rows of x", 1, 4, 3),
        "columns": Slider("columns of x", 1, MOST, 4),
        "operation": Choice("operation", (VIEW, PERMUTE), VIEW),
    }
    return Explorer("reorder", draw_reorder, controls)


def draw_reorder(rows: int, columns: int, operation: str) -> View:
    """x, its memory, and the result; each number keeps the colour of the row that it came from."""
    x = torch.arange(rows * columns).view(rows, columns)
    result = x.view(columns, rows) if operation == VIEW else x.permute(1, 0)
    call = f"x.view({columns}, {rows})" if operation == VIEW else "x.permute(1, 0)"
    title = (
        "view keeps the order of the numbers"
        if operation == VIEW
        else "permute keeps each row together, as a column"
    )
    figure, (left, right) = plot.figure(title, columns=2, size=(7.2, 2.8))
    _grid(left, x, columns, f"x, shape ({rows}, {columns})")
    _grid(right, result, columns, f"{call}, shape ({columns}, {rows})")
    same = "the same shape" if rows == columns else "a new shape"
    caption = (
        f"{call} gives {same} and copies nothing: the numbers stay where they are in memory, "
        f"and the strides, the steps between neighbours, go from {x.stride()} to {result.stride()}."
    )
    return View(figure, caption)


def _grid(axes: Axes, matrix: Tensor, columns: int, title: str) -> None:
    plot.bare(axes)
    axes.set_title(title, loc="center", weight="normal")
    height, width = matrix.shape
    for i in range(height):
        for j in range(width):
            number = int(matrix[i, j])
            colour = plot.COLOURS[number // columns]
            axes.add_patch(Rectangle((j + 0.04, i + 0.04), 0.92, 0.92, facecolor=colour))
            axes.text(
                j + 0.5, i + 0.5, str(number), ha="center", va="center", color=CELL_INK, size=12
            )
    x_limits = (width - MOST) / 2, (width + MOST) / 2
    y_limits = (height + MOST) / 2, (height - MOST) / 2  # downwards
    axes.set(xlim=x_limits, ylim=y_limits, aspect="equal")


# (x, y, name, notebooks that build it); x and y in boxes, from the top left.
BOXES = (
    (0, 0, "tokenizer,\npretraining", (8,)),
    (2, 0, "pretrained\nbackbone", (3, 9)),
    (3, 0, "freezing", (9,)),
    (0, 1, "Dataset", (2,)),
    (1, 1, "DataLoader", (2,)),
    (2, 1, "model", (1, 3)),
    (3, 1, "loss", (4,)),
    (4, 1, "training\nloop", (5, 11)),
    (1, 2, "prediction", (6,)),
    (2, 2, "metric", (4,)),
    (3, 2, "checkpoint", (7,)),
    (4, 2, "monitor", (10,)),
    (4, 0, "doctor", (12,)),
)
ARROWS = (
    ((0, 0), (2, 0)),
    ((2, 0), (2, 1)),
    ((0, 1), (1, 1)),
    ((1, 1), (2, 1)),
    ((2, 1), (3, 1)),
    ((3, 1), (4, 1)),
    ((4, 1), (4, 2)),
    ((2, 1), (1, 2)),
    ((1, 2), (2, 2)),
    ((4, 1), (3, 2)),
    ((3, 0), (2, 1)),
    ((4, 0), (4, 1)),
)
TOPICS = (
    ("Start here", "how a section works; the alphabet of shapes"),
    ("Module and Parameter", "what a model is made of, and tools to look inside"),
    ("Dataset and DataLoader", "raw text in, padded batches out"),
    ("Custom model", "your own head on a pretrained backbone"),
    ("Loss and metric", "what to minimise, and what to believe"),
    ("Training loop", "the five lines, and a fit that reads aloud"),
    ("Inference loop", "the same answer alone and in a batch; error analysis"),
    ("Checkpoints", "a run that is killed and goes on as if it had not been"),
    ("Pretraining", "a masked language model, from its tokenizer up"),
    ("Transfer learning", "freeze, fine-tune, and know when it hurts"),
    ("Monitoring", "curves that tell you what goes wrong"),
    ("Trainer versus loop", "the same run, by hand and by library"),
    ("Debugging clinic", "a doctor for models that only ever answer class 1"),
)


def course_map() -> Explorer:
    """The training program that the course builds, piece by piece."""
    return Explorer(
        "course_map", draw_course_map, {"notebook": Slider("notebook", 0, len(TOPICS) - 1, 1)}
    )


def draw_course_map(notebook: int) -> View:
    """The pieces: built before this notebook, built in it, still to come."""
    figure, axes = plot.figure("One training program, in thirteen notebooks", size=(7.2, 3.4))
    plot.bare(axes)
    boxes = {(x, y): _box(axes, x, y, name, notebook, by) for x, y, name, by in BOXES}
    for start, end in ARROWS:
        _arrow(axes, boxes, start, end)
    axes.set(xlim=(-0.5, 4.5), ylim=(2.5, -0.5))
    title, what = TOPICS[notebook]
    return View(figure, f"Notebook {notebook:02d}, {title}: {what}.")


def _box(
    axes: Axes, x: int, y: int, name: str, notebook: int, built_in: tuple[int, ...]
) -> FancyBboxPatch:
    now, before = notebook in built_in, min(built_in) < notebook
    box = FancyBboxPatch(
        (x - 0.4, y - 0.28),
        0.8,
        0.56,
        boxstyle="round,pad=0,rounding_size=0.06",
        facecolor=plot.ORANGE if now else plot.BLUE if before else "none",
        edgecolor=plot.INK,
        zorder=2,
    )
    axes.add_patch(box)
    numbers = ", ".join(f"{number:02d}" for number in built_in)
    ink = CELL_INK if now or before else plot.INK
    axes.text(x, y, f"{name}\n{numbers}", ha="center", va="center", color=ink, size=9, zorder=3)
    return box


def _arrow(axes: Axes, boxes: dict, start: tuple[int, int], end: tuple[int, int]) -> None:
    style = {"arrowstyle": "-|>", "color": plot.INK, "shrinkA": 0, "shrinkB": 1}
    ends = {"patchA": boxes[start], "patchB": boxes[end]}
    axes.annotate("", xy=end, xytext=start, arrowprops={**style, **ends}, zorder=1)
