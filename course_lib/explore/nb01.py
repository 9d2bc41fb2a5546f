"""The explorers of notebooks/01_module_and_parameter.ipynb."""

import html
from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn

from course_lib import plot
from course_lib.explore._explorer import Choice, Explorer, Slider, View
from course_lib.shapes import count_parameters, record_shapes

NOTHING = "nothing"


def module_tree(model: nn.Module, examples: Tensor) -> Explorer:
    """The modules inside a model: shapes, parameters, and what still learns when a part is frozen.

    Arguments:
        examples  (N, ...) inputs for the model; the explorer runs it on the first B of them.
    """
    names = [
        name
        for name, child in model.named_modules()
        if name and any(True for _ in child.parameters())
    ]
    depth = max((name.count(".") + 1 for name, _ in model.named_modules() if name), default=1)
    controls = {
        "batch": Slider("batch size B", 1, min(64, len(examples)), min(8, len(examples))),
        "depth": Slider("levels opened", 0, depth, depth),
        "frozen": Choice("freeze", (NOTHING, *names), NOTHING),
    }
    return Explorer("module_tree", partial(draw_module_tree, model, examples), controls)


def draw_module_tree(
    model: nn.Module, examples: Tensor, batch: int, depth: int, frozen: str
) -> View:
    """A table with a line for each module down to `depth`; the model itself is not changed."""
    outputs = _shapes_inside(model, examples[:batch])
    chosen = (
        set() if frozen == NOTHING else {id(p) for p in model.get_submodule(frozen).parameters()}
    )
    rows = []
    for name, child in model.named_modules():
        level = name.count(".") + 1 if name else 0
        if level <= depth:
            shape = outputs.get(f"0.{name}" if name else "0")
            rows.append(_row(name, child, level, shape, chosen))
    total = count_parameters(model)
    learning = sum(p.numel() for p in model.parameters() if _learns(p, chosen))
    head = "".join(f'<th style="{CELL}">{title}</th>' for title in HEADINGS)
    table = f'<table style="font-family: monospace"><tr>{head}</tr>{"".join(rows)}</table>'
    caption = f"B = {batch}: the model holds {total:,} numbers, and {learning:,} of them learn."
    return View(table, caption)


def _shapes_inside(model: nn.Module, examples: Tensor) -> dict[str, tuple]:
    """Output shapes by name, "0" for the model itself; in evaluation mode, so nothing changes."""
    training = [module for module in model.modules() if module.training]
    try:
        for module in training:
            module.training = False
        return dict(record_shapes(nn.Sequential(model), examples))
    finally:
        for module in training:
            module.training = True


CELL = "text-align: left; padding: 0.1em 1.5em 0.1em 0; line-height: 1.5"
HEADINGS = ("module", "class", "output shape", "parameters", "learns")


def _learns(parameter: nn.Parameter, chosen: set[int]) -> bool:
    return parameter.requires_grad and id(parameter) not in chosen


def _row(name: str, child: nn.Module, level: int, shape: tuple | None, chosen: set[int]) -> str:
    parameters = list(child.parameters())
    learning = [parameter for parameter in parameters if _learns(parameter, chosen)]
    if not parameters:
        learns = "no parameters"
    elif not learning:
        learns = "no, frozen"
    else:
        learns = "yes" if len(learning) == len(parameters) else "in part"
    indent = "&nbsp;" * 4 * level
    cells = (
        indent + html.escape(name.rpartition(".")[2] or "(model)"),
        html.escape(type(child).__name__),
        str(shape) if shape else "not run",
        f"{count_parameters(child):,}",
        learns,
    )
    return "<tr>" + "".join(f'<td style="{CELL}">{cell}</td>' for cell in cells) + "</tr>"


Snapshot = tuple[int, Tensor, float]  # step, weight (10, 64), share of digits named right


def weight_pictures(snapshots: Sequence[Snapshot]) -> Explorer:
    """The ten rows of a digit classifier's weight as pictures, from the first step to the last.

    Each snapshot is (step, weight (10, 64), share of the training digits named right).
    """
    last = len(snapshots) - 1
    controls = {"moment": Slider("moment of training", 0, last, last)}
    return Explorer("weight_pictures", partial(draw_weight_pictures, snapshots), controls)


def draw_weight_pictures(snapshots: Sequence[Snapshot], moment: int) -> View:
    """An 8 x 8 picture for each digit: orange where ink speaks for it, blue where against it."""
    step, weights, share = snapshots[moment]
    limit = max(float(weight.abs().max()) for _, weight, _ in snapshots)
    figure, axes = plot.figure(
        f"After {step} steps: orange speaks for the digit, blue against it",
        rows=2,
        columns=5,
        size=(7.2, 3.4),
    )
    for digit, (axis, row) in enumerate(zip(axes.flat, weights, strict=True)):
        plot.image(axis, row.view(8, 8).tolist(), limit=limit)
        axis.set_title(f"row {digit}", loc="center", weight="normal", size=10, pad=4)
    caption = f"Step {step}: {share:.0%} of the training digits are named right."
    return View(figure, caption)
