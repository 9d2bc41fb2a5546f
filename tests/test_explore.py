"""course_lib.explore: what is drawn for every setting, the still picture, and the live controls."""

import html
import re
import sys
from itertools import product

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.patches import FancyBboxPatch, Rectangle
from torch import nn

from course_lib import explore, plot
from course_lib.explore import nb00, nb01
from course_lib.explore._explorer import Choice, Explorer, Slider, Text, Toggle, View
from course_lib.model import TextClassifier
from course_lib.monitor import Curve
from tests import fake_backbone
from tests.fake_backbone import FakeBackbone
from tests.fake_masked_model import FakeMaskedModel, FakeTokenizer

WIDGET = "application/vnd.jupyter.widget-view+json"
MODEL = nn.Sequential(
    nn.Linear(3, 4), nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 2)), nn.ReLU()
)
EXAMPLES = torch.arange(30.0).view(10, 3)
SENTENCES = ["a" * (1 + 7 * i % 40) for i in range(100)]
LABELS, WEIGHTS = [0] * 60 + [1] * 30 + [2] * 10, torch.tensor([5 / 9, 10 / 9, 10 / 3])
SCORES = [-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0]
with torch.random.fork_rng():
    torch.manual_seed(5)
    CLASSIFIER = TextClassifier(FakeBackbone(), 3)
BATCH = {
    "input_ids": torch.tensor([[2, 4, 5, 3], [2, 6, 7, 3]]),
    "labels": torch.tensor([0, 2]),
}
RUNS = {
    "slow": {"epoch/valid_loss": Curve([1, 2, 3], [3.0, 2.5, 2.0])},
    "fast": {
        "epoch/valid_loss": Curve([1, 2, 3], [3.0, 1.0, 0.5]),
        "train/loss": Curve([10, 20, 30], [0.5, -1.0, -2.0]),
    },
}
SNAPSHOTS = [(10 * i, torch.randn(10, 64).sub(i), 0.1 * i) for i in range(3)]


MAKERS = {
    "reorder": lambda: explore.reorder(),
    "course_map": lambda: explore.course_map(),
    "module_tree": lambda: explore.module_tree(MODEL, EXAMPLES),
    "weight_pictures": lambda: explore.weight_pictures(SNAPSHOTS),
    "padded_batches": lambda: explore.padded_batches(SENTENCES, lambda text: [1] * len(text)),
    "model_shapes": lambda: explore.model_shapes(TextClassifier(FakeBackbone(), 3)),
    "attention": lambda: explore.attention(
        FakeBackbone(), fake_backbone.FakeTokenizer(), "the mean of each row"
    ),
    "threshold": lambda: explore.threshold(SCORES, [0, 0, 1, 0, 0, 1, 0, 1]),
    "sampler": lambda: explore.sampler(LABELS, ["often", "now and then", "rarely"], WEIGHTS),
    "descent": lambda: explore.descent(),
    "schedule": lambda: explore.schedule(),
    "words": lambda: explore.words(
        CLASSIFIER,
        lambda text: [2, *(4 + len(word) % 7 for word in text.split()), 3],
        ["often", "now and then", "rarely"],
        "the mean of each row",
    ),
    "stopping": lambda: explore.stopping([2.0, 1.5, 1.49, 1.6, 1.7, 1.45, *[1.6] * 20]),
    "masking": lambda: explore.masking(FakeTokenizer(), "the mean of each row " * 5),
    "guess": lambda: explore.guess(FakeMaskedModel(), FakeTokenizer(), "the [MASK] of each row"),
    "rates": lambda: explore.rates(["embeddings", "layer.0", "layer.1", "head"]),
    "frozen_parts": lambda: explore.frozen_parts(CLASSIFIER, BATCH, ["backbone", "head"]),
    "runs": lambda: explore.runs(RUNS),
    "defaults": lambda: explore.defaults(),
    "clinic": lambda: explore.clinic(),
}
EVERY = list(MAKERS)


def values_of(control):
    """All that a control can be set to."""
    match control:
        case Slider():
            return list(range(control.low, control.high + 1, control.step))
        case Choice():
            return list(control.options)
        case Toggle():
            return [False, True]
        case Text():
            return [control.value, f"typed {control.value}"]


def all_ends(explorer):
    """Every combination of the first and the last value of each control; of a text, the longer.

    Of 64 combinations every seventh, the first and the last among them.
    """
    ends = [
        values_of(c)[-1:] if isinstance(c, Text) else (values_of(c)[0], values_of(c)[-1])
        for c in explorer.controls.values()
    ]
    found = [dict(zip(explorer.controls, values, strict=True)) for values in product(*ends)]
    return found[:: 7 if len(found) == 64 else 1]


def drawn_in(made):
    """All that can be seen in a figure, as bytes, much faster than its PNG."""
    texts = [text.get_text() for axes in made.axes for text in axes.texts]
    colours = [patch.get_facecolor() for axes in made.axes for patch in axes.patches]
    colours += [some.get_facecolor().tolist() for axes in made.axes for some in axes.collections]
    images = [image.get_array().tolist() for axes in made.axes for image in axes.get_images()]
    return repr((made.get_suptitle(), texts, colours, images)).encode()


@pytest.fixture
def quick_pictures(monkeypatch):
    monkeypatch.setattr(plot, "png", drawn_in)


# What is drawn.


def grid(axes):
    """The numbers drawn in an axes, row by row, and the colour under each."""
    numbers = {text.get_position(): int(text.get_text()) for text in axes.texts}
    colours = {
        (patch.get_x() + 0.46, patch.get_y() + 0.46): to_hex(patch.get_facecolor())
        for patch in axes.patches
        if isinstance(patch, Rectangle)
    }
    rows = int(max(y for _, y in numbers) + 0.5)
    columns = int(max(x for x, _ in numbers) + 0.5)
    cells = [[(j + 0.5, i + 0.5) for j in range(columns)] for i in range(rows)]
    near = {(round(x, 3), round(y, 3)): colour for (x, y), colour in colours.items()}
    return (
        [[numbers[cell] for cell in row] for row in cells],
        [[near[cell] for cell in row] for row in cells],
    )


@pytest.mark.parametrize("operation", [nb00.VIEW, nb00.PERMUTE], ids=["view", "permute"])
@pytest.mark.parametrize("columns", [2, 3, 5])
@pytest.mark.parametrize("rows", [2, 3, 4])
def test_reorder_draws_what_numpy_computes(rows, columns, operation):
    x = np.arange(rows * columns).reshape(rows, columns)
    result = x.reshape(columns, rows) if operation == nb00.VIEW else x.T
    view = nb00.draw_reorder(rows, columns, operation)
    left, right = view.drawing.axes
    for axes, matrix in ((left, x), (right, result)):
        numbers, colours = grid(axes)
        assert numbers == matrix.tolist()
        assert colours == [[plot.COLOURS[n // columns] for n in row] for row in matrix]
    for matrix in (x, result):
        strides = tuple(np.array(matrix.strides) // x.itemsize)
        assert str(tuple(map(int, strides))) in view.caption
    assert ("the same shape" in view.caption) is (rows == columns)


@pytest.mark.parametrize("notebook", range(13))
def test_the_map_colours_what_is_built_now_and_what_was_built_before(notebook):
    view = nb00.draw_course_map(notebook)
    (axes,) = view.drawing.axes
    boxes = [patch for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    names = [text.get_text() for text in axes.texts if text.get_text()]
    assert len(boxes) == len(names) == 13
    for box, name in zip(boxes, names, strict=True):
        built = [int(number) for number in name.rpartition("\n")[2].split(", ")]
        colour = to_hex(box.get_facecolor(), keep_alpha=True)
        if notebook in built:
            assert colour == plot.ORANGE + "ff"
        elif min(built) < notebook:
            assert colour == plot.BLUE + "ff"
        else:
            assert colour.endswith("00")
    assert notebook == 0 or any(f"{notebook:02d}" in name for name in names)
    assert view.caption.startswith(f"Notebook {notebook:02d}, ")


def test_every_arrow_of_the_map_joins_two_boxes():
    places = [(x, y) for x, y, *_ in nb00.BOXES]
    assert len(set(places)) == len(places)
    for start, end in nb00.ARROWS:
        assert start in places
        assert end in places
        assert start != end


def lines_of(table):
    """The cells of an HTML table, row by row, without their indent."""
    rows = re.findall(r"<tr>(.*?)</tr>", table)
    cells = (re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in rows)
    return [[html.unescape(cell).lstrip("\xa0") for cell in row] for row in cells]


def test_the_module_tree_has_a_line_for_each_module():
    view = nb01.draw_module_tree(MODEL, EXAMPLES, batch=5, depth=2, frozen="1")
    assert lines_of(view.drawing) == [
        ["module", "class", "output shape", "parameters", "learns"],
        ["(model)", "Sequential", "(5, 2)", "34", "in part"],
        ["0", "Linear", "(5, 4)", "16", "yes"],
        ["1", "Sequential", "(5, 2)", "18", "no, frozen"],
        ["0", "BatchNorm1d", "(5, 4)", "8", "no, frozen"],
        ["1", "Dropout", "(5, 4)", "0", "no parameters"],
        ["2", "Linear", "(5, 2)", "10", "no, frozen"],
        ["2", "ReLU", "(5, 2)", "0", "no parameters"],
    ]
    assert "34 numbers, and 16 of them learn" in view.caption
    assert view.drawing.count("&nbsp;") == 4 * (3 * 1 + 3 * 2)


@pytest.mark.parametrize(("depth", "lines"), [(0, 1), (1, 4), (2, 7)])
def test_the_module_tree_opens_as_many_levels_as_asked(depth, lines):
    view = nb01.draw_module_tree(MODEL, EXAMPLES, batch=1, depth=depth, frozen=nb01.NOTHING)
    assert len(lines_of(view.drawing)) == 1 + lines


def test_a_module_that_does_not_run_is_said_not_to_have_run():
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused = nn.Linear(3, 3), nn.Linear(3, 3)

        def forward(self, x):
            return self.used(x)

    view = explore.module_tree(Half(), EXAMPLES).view()
    assert [line[2] for line in lines_of(view.drawing)[1:]] == ["(8, 3)", "(8, 3)", "not run"]


def test_drawing_a_model_does_not_change_it_nor_the_random_state():
    before = {name: tensor.clone() for name, tensor in MODEL.state_dict().items()}
    modes = [module.training for module in MODEL.modules()]
    random_state = torch.get_rng_state()
    explorer = explore.module_tree(MODEL, EXAMPLES)
    explorer.view(frozen="0")
    assert all(torch.equal(tensor, before[name]) for name, tensor in MODEL.state_dict().items())
    assert [module.training for module in MODEL.modules()] == modes
    assert torch.equal(torch.get_rng_state(), random_state)
    assert all(parameter.requires_grad for parameter in MODEL.parameters())
    assert all(not module._forward_hooks for module in MODEL.modules())


def test_a_model_that_fails_is_put_back_into_its_mode():
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(3, 2)).eval()
    model[0].train()
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        explore.module_tree(model, EXAMPLES).view()
    assert [module.training for module in model.modules()] == [False, True, False]


def test_names_of_modules_are_not_markup():
    class Evil(nn.Module):
        def forward(self, x):
            return x

    Evil.__name__ = "<b>Evil</b>"
    model = nn.ModuleDict({"<i>": Evil()})
    model.forward = lambda x: model["<i>"](x)
    table = explore.module_tree(model, EXAMPLES).view().drawing
    assert "<b>" not in table
    assert "<i>" not in table
    assert lines_of(table)[2][:2] == ["<i>", "<b>Evil</b>"]


@pytest.mark.parametrize(("examples", "most"), [(3, 3), (64, 64), (100, 64)])
def test_the_batch_is_never_larger_than_the_examples(examples, most):
    batch = explore.module_tree(nn.Linear(3, 2), torch.ones(examples, 3)).controls["batch"]
    assert (batch.high, batch.value) == (most, min(8, most))


@pytest.mark.parametrize("moment", [0, 1, 2])
def test_the_weights_are_drawn_one_picture_a_row_with_one_scale_for_all_moments(moment):
    view = nb01.draw_weight_pictures(SNAPSHOTS, moment)
    images = [axes.get_images()[0] for axes in view.drawing.axes]
    drawn = np.stack([np.asarray(image.get_array()) for image in images])
    assert np.array_equal(drawn, SNAPSHOTS[moment][1].view(10, 8, 8).double().numpy())
    largest = max(weights.abs().max().item() for _, weights, _ in SNAPSHOTS)
    assert {image.get_clim() for image in images} == {(-largest, largest)}
    assert view.caption.startswith(f"Step {10 * moment}: {10 * moment}% of")


@pytest.mark.parametrize("name", [name for name in EVERY if name != "module_tree"])
def test_no_text_runs_out_of_its_figure(name):
    explorer = MAKERS[name]()
    for settings in all_ends(explorer):
        made = explorer.draw(**settings).drawing
        FigureCanvasAgg(made)
        made.draw_without_rendering()
        texts = [made._suptitle, *(text for axes in made.axes for text in axes.texts)]
        texts += [axes.title for axes in made.axes]
        for text in filter(lambda text: text.get_text(), texts):
            box = text.get_window_extent()
            assert box.x0 >= 0, text
            assert box.x1 <= made.bbox.x1, text
            assert box.y0 >= 0, text
            assert box.y1 <= made.bbox.y1, text


# The still picture.


@pytest.mark.parametrize("name", EVERY)
def test_the_still_picture_shows_the_first_settings(name, quick_pictures):
    explorer = MAKERS[name]()
    view = explorer.view()
    data, metadata = explorer._repr_mimebundle_()
    assert data["text/plain"] == f"[explorer {name}] {view.caption}"
    if isinstance(view.drawing, str):
        assert data["text/html"] == f"{view.drawing}<p>{html.escape(view.caption)}</p>"
        assert "image/png" not in data
    else:
        assert data["image/png"] == drawn_in(view.drawing)
        assert metadata == {"image/png": {"width": 720}}
        assert "text/html" not in data


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.usefixtures("quick_pictures")
def test_the_richest_view_is_the_live_one_and_without_ipywidgets_there_is_none(name, monkeypatch):
    explorer = MAKERS[name]()
    data, _ = explorer._repr_mimebundle_()
    assert data[WIDGET]["model_id"] == explorer.widget().model_id
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    still = MAKERS[name]()
    assert still.widget() is None
    without, _ = still._repr_mimebundle_()
    assert data.keys() - without.keys() == {WIDGET}


# The live controls.


def parts(explorer):
    *inputs, picture, caption = explorer.widget().children
    return dict(zip(explorer.controls, inputs, strict=True)), picture, caption


def shown(caption):
    return html.unescape(re.sub(r"<.*?>", "", caption.value))


def contents(drawing):
    return drawing if isinstance(drawing, str) else drawn_in(drawing)


def test_a_live_figure_is_a_real_png_and_the_live_explorer_is_made_once():
    explorer = explore.reorder()
    inputs, picture, _ = parts(explorer)
    assert picture.value == plot.png(explorer.view().drawing)
    inputs["rows"].value = 4
    assert picture.value == plot.png(explorer.view(rows=4).drawing)
    assert bytes(picture.value[:4]) == b"\x89PNG"
    assert explorer.widget() is explorer.widget()


@pytest.mark.parametrize("name", EVERY)
def test_a_changed_control_shows_what_the_drawing_function_gives(name, quick_pictures):
    explorer = MAKERS[name]()
    inputs, picture, caption = parts(explorer)
    settings = explorer.settings()
    assert {key: control.value for key, control in inputs.items()} == settings
    pictures = {contents(explorer.view().drawing)}
    for key, control in explorer.controls.items():
        for value in (values_of(control)[0], values_of(control)[-1]):
            inputs[key].value = settings[key] = value
            view = explorer.draw(**settings)
            assert picture.value == contents(view.drawing)
            assert shown(caption) == view.caption
            pictures.add(contents(view.drawing))
    assert len(pictures) > len(explorer.controls)


def plain_explorer(draw):
    controls = {
        "number": Slider("a number", 0, 10, 4, step=2),
        "kind": Choice("a kind", ("one", "two"), "one"),
        "yes": Toggle("yes or no"),
        "word": Text("a word", "first"),
    }
    return Explorer("plain", draw, controls)


def test_every_kind_of_control_has_its_label_its_limits_and_its_first_value():
    inputs, _, _ = parts(plain_explorer(lambda **settings: View(str(settings), "caption")))
    assert [control.description for control in inputs.values()] == [
        "a number",
        "a kind",
        "yes or no",
        "a word",
    ]
    assert [control.value for control in inputs.values()] == [4, "one", False, "first"]
    number = inputs["number"]
    assert (number.min, number.max, number.step) == (0, 10, 2)
    assert inputs["kind"].options == ("one", "two")


def test_every_kind_of_control_redraws():
    explorer = plain_explorer(lambda **settings: View(str(settings), f"{len(settings)} settings"))
    inputs, picture, caption = parts(explorer)
    settings = {"number": 6, "kind": "two", "yes": True, "word": "second"}
    for key, value in settings.items():
        inputs[key].value = value
    assert picture.value == str(settings)
    assert shown(caption) == "4 settings"


def test_a_setting_that_cannot_be_drawn_says_so_keeps_the_picture_and_recovers():
    def draw(number, **_):
        if number == 6:
            raise ValueError("no <six>")
        return View(str(number), f"the number {number}")

    inputs, picture, caption = parts(plain_explorer(draw))
    inputs["number"].value = 6
    assert picture.value == "4"
    assert shown(caption) == "This setting cannot be drawn (ValueError: no <six>)."
    inputs["number"].value = 8
    assert (picture.value, shown(caption)) == ("8", "the number 8")


def test_a_caption_is_not_markup():
    _, _, caption = parts(plain_explorer(lambda **_: View("", "a < b & <i>c</i>")))
    assert "<i>" not in caption.value
    assert html.unescape(caption.value).count("a < b & <i>c</i>") == 1
