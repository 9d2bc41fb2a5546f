"""course_lib.explore.nb09: what a training step takes, on models whose costs are arithmetic."""

import copy
import re
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from torch import nn

from course_lib import explore, plot
from course_lib.explore import _parts, nb09
from course_lib.explore._cost import step_cost
from course_lib.model import TextClassifier
from tests.fake_backbone import FakeBackbone

INSIDE, WIDE, CLASSES = 4, 6, 3
PARTS = ["first", "middle", "head"]
SIZES = [INSIDE * WIDE, WIDE * WIDE, WIDE * CLASSES]  # weights of each part; none has a bias


class Chain(nn.Module):
    """Three matrices one after the other, with nothing between them."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.first = nn.Linear(INSIDE, WIDE, bias=False)
            self.middle = nn.Linear(WIDE, WIDE, bias=False)
            self.head = nn.Linear(WIDE, CLASSES, bias=False)

    def forward(self, x):
        return self.head(self.middle(self.first(x)))


def batch(rows=5):
    x = torch.arange(rows * INSIDE).view(rows, INSIDE).float()
    return {"x": x, "labels": torch.arange(rows) % CLASSES}


def settings(*learning):
    return {f"part{place}": yes for place, yes in enumerate(learning)}


def chain(*learning, rows="8"):
    explorer = explore.frozen_parts(Chain(), batch(), PARTS)
    return explorer.view(rows=rows, **settings(*learning))


def by_hand(learning, rows):
    """(parameters, weights, gradients, AdamW, activations, forward, backward) of a Chain.

    A product of (a, b) and (b, c) takes 2abc operations. Backward, a matrix that learns takes one
    more product, and so does each way through a matrix to one before it that learns. The gradient
    of a matrix needs its input; one that passes on needs the matrix alone, which is there anyway.
    """
    moving = sum(size for size, yes in zip(SIZES, learning, strict=True) if yes)
    inputs = [INSIDE, WIDE, WIDE]
    kept = sum(4 * rows * n for n, yes in zip(inputs, learning, strict=True) if yes)
    if any(learning):  # the cross-entropy keeps its log-probabilities, the labels, and a number
        kept += 4 * rows * CLASSES + 8 * rows + 4
    products = [2 * rows * size for size in SIZES]
    passed = [any(learning[:place]) for place in range(3)]
    pairs = zip(products, learning, passed, strict=True)
    backward = sum(each * (yes + through) for each, yes, through in pairs)
    return (moving, 4 * sum(SIZES), 4 * moving, 8 * moving, kept, sum(products), backward)


LEARNING = list(product([True, False], repeat=3))


@pytest.mark.parametrize("rows", [1, 32])
@pytest.mark.parametrize("learning", LEARNING)
def test_a_step_takes_what_arithmetic_says(learning, rows):
    own = _parts.parts_of(Chain(), batch(), PARTS)
    frozen = [name for name, yes in zip(PARTS, learning, strict=True) if not yes]
    cost = own.cost(rows, frozen)
    expected = by_hand(learning, rows)
    found = (cost.trainable, cost.weights, cost.gradients, cost.optimizer)
    assert (*found, cost.activations, cost.forward, cost.backward) == expected
    assert cost.memory == sum(expected[1:5])
    assert cost.operations == sum(expected[5:])


class Attention(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.dropout, self.weight = dropout, nn.Parameter(torch.ones(16))

    def forward(self, x):
        x = (x * self.weight).view(2, 3, 5, 16)  # (B, heads, T, H)
        dropout = self.dropout * self.training
        return F.scaled_dot_product_attention(x, x, x, dropout_p=dropout).mean(dim=(1, 2))


@pytest.mark.parametrize(("training", "backward_products"), [(True, 4), (False, 5)])
def test_the_products_of_attention_count_with_and_without_dropout(training, backward_products):
    """Without dropout a fused kernel runs, which computes the scores a second time, backward."""
    model = Attention(0.5).train(training)
    example = {"x": torch.ones(2, 240), "labels": torch.tensor([0, 1])}
    example["x"] = example["x"].view(30, 16)
    cost = step_cost(model, example, F.cross_entropy)
    one = 2 * (2 * 3) * 5 * 16 * 5
    assert (cost.forward, cost.backward) == (2 * one, backward_products * one)


# What is drawn and said.


def stack_in(view):
    """(name, what stands below it, fill, line) of each box, and from which to which the arrow."""
    left = view.drawing.axes[0]
    texts = {}
    for text in left.texts:
        texts.setdefault(int(text.get_position()[1]), []).append(text)
    boxes = []
    for box in (patch for patch in left.patches if isinstance(patch, Rectangle)):
        name, said = (t.get_text() for t in texts[int(box.get_y())] if t.get_text())
        fill = to_hex(box.get_facecolor(), keep_alpha=True)
        boxes.append((name, said, fill, box.get_linestyle()))
    arrows = [(a.xyann[1], a.xy[1]) for a in left.texts if hasattr(a, "xyann") and a.arrow_patch]
    return boxes, [(int(start), int(end)) for start, end in arrows]


@pytest.mark.parametrize("learning", LEARNING)
def test_the_gradient_goes_to_the_first_part_that_learns(learning):
    boxes, arrows = stack_in(chain(*learning))
    assert [name for name, *_ in boxes] == PARTS
    first = learning.index(True) if any(learning) else 3
    assert arrows == ([(3, first)] if any(learning) else [])
    for place, (_, said, fill, line) in enumerate(boxes):
        state = "learns" if learning[place] else "frozen"
        state += ", gradient passes" * (not learning[place] and place > first)
        assert said == f"{SIZES[place]}, {state}"
        assert line == ("dotted" if state == "frozen" else "solid")
        assert (fill == f"{plot.BLUE}ff") is learning[place]
        assert fill.endswith("00") is not learning[place]


def bars_in(view):
    """The segments of both bars, as shares of training all, and all texts."""
    right = view.drawing.axes[1]
    segments = [p for p in right.patches if p.get_height() == pytest.approx(0.7)]
    filled = [p for p in segments if not to_hex(p.get_facecolor(), keep_alpha=True).endswith("00")]
    assert len(segments) - len(filled) == 2  # a frame around each bar
    widths = [patch.get_width() for patch in filled]
    starts = [patch.get_x() for patch in filled]
    for bar in (slice(0, 4), slice(4, 6)):
        ends = [x + width for x, width in zip(starts[bar], widths[bar], strict=True)]
        assert starts[bar] == pytest.approx([0, *ends[:-1]])
    return widths, [text.get_text() for text in right.texts]


@pytest.mark.parametrize("learning", LEARNING)
def test_the_bars_are_shares_of_training_all(learning):
    _, *full = by_hand((True,) * 3, 8)
    _, *parts = by_hand(learning, 8)
    widths, texts = bars_in(chain(*learning))
    assert widths[:4] == pytest.approx([part / sum(full[:4]) for part in parts[:4]])
    assert widths[4:] == pytest.approx([part / sum(full[4:]) for part in parts[4:]])
    kilo = [f"{part / 1000:.1f}" for part in (*parts, sum(parts[:4]), sum(full[:4]))]
    assert f"memory, kB: {kilo[-2]} of {kilo[-1]}" in texts
    names = ("weights", "gradients", "AdamW's state", "activations", "forward", "backward")
    for name, number in zip(names, kilo, strict=False):
        assert f"{name} {number}" in texts


def test_the_caption_has_the_numbers_and_says_where_the_gradient_ends():
    _, *full = by_hand((True,) * 3, 8)
    moving, *parts = by_hand((False, True, True), 8)
    weights, gradients, adam, kept = (f"{part / 1000:.1f}" for part in parts[:4])
    work = 100 * sum(parts[4:]) / sum(full[4:])
    assert chain(False, True, True).caption == (
        f"Learns: {moving} of {sum(SIZES)} parameters. Memory: ≈ {sum(parts[:4]) / 1000:.1f} of "
        f"≈ {sum(full[:4]) / 1000:.1f} kB (weights ≈ {weights}, gradients ≈ {gradients}, AdamW's "
        f"state ≈ {adam}, activations ≈ {kept}). Operations: ≈ {work:.0f} % of training all; the "
        f"forward pass alone is ≈ {100 * full[4] / sum(full[4:]):.0f} %. The backward pass ends at "
        "middle: nothing before it learns."
    )


@pytest.mark.parametrize(
    ("learning", "ends"),
    [
        ((True, True, True), " %."),
        ((True, True, False), " head is frozen, and the gradient passes through to first."),
        (
            (True, False, False),
            " middle, head are frozen, and the gradient passes through to first.",
        ),
        ((False, True, False), " head is frozen, and the gradient passes through to middle."),
        ((False, False, True), " The backward pass ends at head: nothing before it learns."),
        (
            (False, False, False),
            " There is no backward pass: loss.backward() would raise an error.",
        ),
    ],
)
def test_the_caption_says_what_the_gradient_does(learning, ends):
    assert chain(*learning).caption.endswith(ends)


def test_without_anything_that_learns_backward_raises_an_error_indeed():
    model = Chain().requires_grad_(False)
    with pytest.raises(RuntimeError, match="does not require grad"):
        F.cross_entropy(model(batch()["x"]), batch()["labels"]).backward()


@pytest.mark.parametrize(
    ("learning", "title"),
    [
        ((True, True, True), "All parts learn: all of the memory, all of the work"),
        ((False, False, False), "Nothing learns: only the forward pass is left"),
    ],
)
def test_the_title_of_the_ends(learning, title):
    assert chain(*learning).drawing.get_suptitle() == title


def test_the_title_between_the_ends_gives_the_shares():
    _, *full = by_hand((True,) * 3, 32)
    _, *parts = by_hand((False, False, True), 32)
    memory, work = (100 * sum(parts[s]) / sum(full[s]) for s in (slice(0, 4), slice(4, 6)))
    title = chain(False, False, True, rows="32").drawing.get_suptitle()
    assert title == f"{memory:.0f} % of the memory, {work:.0f} % of the work of training all"


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["backbone.embeddings", "backbone.encoder.layer.0", "head"], "embeddings layer.0 head"),
        (["a.0", "b.0"], "a.0 b.0"),
        (["a.x", "b.x"], "a.x b.x"),
        (["0", "1"], "0 1"),
        (["x" * 30, "y"], "…" + "x" * 21 + " y"),
    ],
)
def test_names_are_shortened_where_they_stay_apart(names, short):
    assert nb09.short_names(names) == short.split()


def test_there_is_a_toggle_for_each_part_in_the_order_in_which_they_run():
    explorer = explore.frozen_parts(Chain(), batch(), PARTS[::-1])
    labels = [control.label for control in explorer.controls.values()]
    assert labels == [*(f"{name} learns" for name in PARTS), "sentences in a batch"]


@pytest.mark.parametrize(
    ("number", "shown"), [(999, (1, "B")), (1000, (1e3, "k")), (5e9, (1e6, "M"))]
)
def test_a_unit_is_the_largest_that_fits(number, shown):
    assert nb09._unit(number, "B", "k", "M") == shown


# The text classifier of the course.

CLASSIFIER_PARTS = ["backbone.embeddings", "backbone.layers.0", "backbone.layers.1", "head"]
TOKENS = {"input_ids": torch.tensor([[2, 4, 5, 3], [2, 6, 7, 3]]), "labels": torch.tensor([0, 2])}


def classifier():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return TextClassifier(FakeBackbone(), 3)


def costs(*learning):
    own = _parts.parts_of(classifier(), TOKENS, CLASSIFIER_PARTS)
    frozen = [name for name, yes in zip(own.names, learning, strict=True) if not yes]
    return own.cost(8, frozen)


def test_freezing_from_the_input_on_saves_activations_and_backward_work_at_every_part():
    steps = [costs(*[False] * count, *[True] * (4 - count)) for count in range(5)]
    for before, after in zip(steps, steps[1:], strict=False):
        assert after.activations < before.activations
        assert after.backward < before.backward or before.backward == 0
        assert after.forward == before.forward
    assert steps[-1].activations == steps[-1].backward == 0


def test_freezing_the_upper_parts_saves_less_than_freezing_as_many_lower_ones():
    lower, upper = costs(False, False, False, True), costs(True, False, False, False)
    assert lower.backward < upper.backward
    assert lower.activations < upper.activations


# The learner's model stays as it is.


class Everything(nn.Module):
    """Dropout and BatchNorm, in a model that is partly frozen and in mixed modes."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(INSIDE, WIDE), nn.BatchNorm1d(WIDE), nn.Dropout())
        self.head = nn.Linear(WIDE, CLASSES)

    def forward(self, x):
        return {"logits": self.head(self.body(x))}


def test_the_model_the_batch_and_the_random_state_stay_as_they_are():
    model, example = Everything().train(), batch()
    model.body[2].eval()
    model.body[0].requires_grad_(False)
    F.cross_entropy(model(example["x"])["logits"], example["labels"]).backward()
    seen = []
    model.head.register_forward_hook(lambda *_: seen.append("forward"))
    before, modes = copy.deepcopy(model.state_dict()), [m.training for m in model.modules()]
    gradients = [None if w.grad is None else w.grad.clone() for w in model.parameters()]
    wanted = [w.requires_grad for w in model.parameters()]
    given, random_state = copy.deepcopy(example), torch.get_rng_state()
    explorer = explore.frozen_parts(model, example, ["body", "head"])
    for learning in product([True, False], repeat=2):
        explorer.view(**settings(*learning))
    assert torch.equal(torch.get_rng_state(), random_state)
    assert [m.training for m in model.modules()] == modes
    assert [w.requires_grad for w in model.parameters()] == wanted
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    for weight, gradient in zip(model.parameters(), gradients, strict=True):
        assert weight.grad is gradient is None or torch.equal(weight.grad, gradient)
    assert example.keys() == given.keys()
    assert all(torch.equal(example[name], given[name]) for name in given)
    assert seen == []


def test_the_same_settings_give_the_same_caption_in_any_order():
    explorer = explore.frozen_parts(Everything(), batch(), ["body", "head"])
    orders = [explorer.view(part0=yes).caption for yes in (True, False, True, False)]
    assert orders[:2] == orders[2:]
    fresh = explore.frozen_parts(Everything(), batch(), ["body", "head"])
    assert fresh.view(part0=False).caption == orders[1]


def test_counting_does_not_touch_gradients_nor_need_them_switched_on():
    model = Chain()
    with torch.no_grad():
        cost = step_cost(model, batch(8), F.cross_entropy)
    assert cost.backward == by_hand((True,) * 3, 8)[-1]
    assert all(weight.grad is None for weight in model.parameters())


def test_what_is_done_to_the_model_later_is_not_seen():
    model = Chain()
    explorer = explore.frozen_parts(model, batch(), PARTS)
    caption = explorer.view().caption
    model.requires_grad_(False)
    model.head = nn.Linear(WIDE, 100)
    assert explorer.view(rows="16").caption == caption


def test_a_model_that_comes_frozen_can_be_unfrozen_in_the_picture():
    model = Chain().requires_grad_(False)
    own = _parts.parts_of(model, batch(), PARTS)
    assert own.cost(8).trainable == sum(SIZES)
    assert own.cost(8, ["first"]).trainable == sum(SIZES[1:])
    assert not any(weight.requires_grad for weight in model.parameters())


class Dropping(Chain):
    """Like Chain, but the middle part drops some of what it makes."""

    def __init__(self):
        super().__init__()
        self.middle = nn.Sequential(self.middle, nn.Dropout())


def test_a_frozen_part_drops_nothing_and_keeps_no_mask():
    own = _parts.parts_of(Dropping(), batch(), PARTS)
    frozen = own.cost(8, ["middle"])
    assert frozen.activations == by_hand((True, False, True), 8)[4]
    assert own.cost(8).activations > by_hand((True, True, True), 8)[4]


class Tied(Chain):
    """A fourth matrix, which is the middle one under another name."""

    def __init__(self):
        super().__init__()
        self.again = nn.Linear(WIDE, WIDE, bias=False)
        self.again.weight = self.middle.weight

    def forward(self, x):
        return self.head(self.again(self.middle(self.first(x))))


def test_tied_weights_are_frozen_together_and_counted_once():
    own = _parts.parts_of(Tied(), batch(), [*PARTS, "again"])
    assert own.names == ("first", "middle", "again", "head")
    assert own.parameters() == own.cost(8).trainable == sum(SIZES)
    for frozen in ("middle", "again"):
        assert own.cost(8, [frozen]).trainable == SIZES[0] + SIZES[2]


# Rates, part by part.

BERT_PARTS = ["backbone.embeddings", *(f"backbone.encoder.layer.{n}" for n in range(3)), "head"]


def lanes_in(view):
    """(begins, ends, height in shares of the highest) of each part's bar, and what stands right."""
    (axes,) = view.drawing.axes
    bars = [patch for patch in axes.patches if isinstance(patch, Rectangle)][1::2]
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars]
    heights = [bar.get_height() / 0.8 for bar in bars]
    assert all(
        bar.get_y() + bar.get_height() == pytest.approx(y + 0.9) for y, bar in enumerate(bars)
    )
    right = [text.get_text() for text in axes.texts if text.get_position()[0] > 0]
    return spans, heights, right


def test_a_part_learns_an_epoch_later_and_at_half_the_rate_of_the_next():
    view = explore.rates(BERT_PARTS).view()
    spans, heights, right = lanes_in(view)
    assert spans == [(4, 5), (3, 5), (2, 5), (1, 5), (0, 5)]
    assert heights == pytest.approx([1 / 16, 1 / 8, 1 / 4, 1 / 2, 1])
    assert right == ["6.25e-05", "0.000125", "0.00025", "0.0005", "0.001"]
    assert view.drawing.get_suptitle() == "embeddings: 6.25 % of the last rate, in 1 of 5 epochs"
    assert view.caption == (
        "Rate 0.001 for head, 0.5 of it for each part before; one more part learns after each "
        "epoch. The rate of a part times the epochs in which it learns, in shares of that of head: "
        "embeddings 1.25 %, layer.0 5 %, layer.1 15 %, layer.2 40 %, head 100 %."
    )


def test_parts_that_never_learn_are_frozen_to_the_end():
    view = explore.rates(BERT_PARTS, epochs=5).view(every=2, factor=10)
    spans, _, right = lanes_in(view)
    assert spans == [(5, 5), (5, 5), (4, 5), (2, 5), (0, 5)]
    assert right == ["frozen", "frozen", "1e-05", "0.0001", "0.001"]
    assert view.drawing.get_suptitle() == "2 of 5 parts never learn in these 5 epochs"
    assert "; one more part learns after every 2 epochs. " in view.caption
    assert view.caption.endswith(
        "embeddings 0 %, layer.0 0 %, layer.1 0.2 %, layer.2 6 %, head 100 %."
    )


def test_without_unfreezing_all_learn_from_the_start():
    view = explore.rates(["a", "b"], 3).view(every=0, factor=100, top="0.01")
    assert lanes_in(view) == ([(0, 3)] * 2, pytest.approx([1, 1]), ["0.01"] * 2)
    assert view.caption.startswith("Rate 0.01 for b, the same for all; all learn from the start. ")


@pytest.mark.parametrize(("parts", "epochs"), [(["a"] * 13, 5), (["a"], 0), (["a"], 13)])
def test_rates_of_too_much_are_refused(parts, epochs):
    said = f"explore.rates: got {len(parts)} parts and {epochs} epochs, expected 1 to 12 of each"
    with pytest.raises(ValueError, match=said):
        explore.rates(parts, epochs)


@pytest.mark.parametrize("parts", ["head", []])
def test_rates_need_a_list_of_parts(parts):
    with pytest.raises(ValueError, match="expected a list of names"):
        explore.rates(parts)


# What is refused.


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ("head", "got parts = 'head', expected a list of 1 to 12 names"),
        ([], "got parts = [], expected a list of 1 to 12 names"),
        ([*PARTS, "tail"], "the Chain has no part 'tail' with parameters"),
        (["first", "head"], "the parameter 'middle.weight' lies in 0 of the parts"),
        ([*PARTS, "head"], "the parameter 'head.weight' lies in 2 of the parts"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, said):
    with pytest.raises(ValueError, match=re.escape(f"explore.frozen_parts: {said}")):
        explore.frozen_parts(Chain(), batch(), parts)


def test_a_part_that_does_not_run_is_refused():
    model = Chain()
    model.spare = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="'spare' does not run when the model does"):
        explore.frozen_parts(model, batch(), [*PARTS, "spare"])


@pytest.mark.parametrize("given", [{"x": torch.ones(2, INSIDE)}, (torch.ones(2, 4), [0, 1]), None])
def test_a_batch_without_labels_is_refused(given):
    with pytest.raises(ValueError, match="got a batch without labels"):
        explore.frozen_parts(Chain(), given, PARTS)


# How it reads.


class Twelve(nn.Module):
    def __init__(self):
        super().__init__()
        for place in range(12):
            self.add_module(f"{place:02d}{'w' * 40}", nn.Linear(INSIDE, INSIDE))

    def forward(self, x):
        for layer in self.children():
            x = layer(x)
        return x


def test_no_text_is_wider_than_its_half():
    names = [name for name, _ in Twelve().named_children()]
    for learning in ([True] * 12, [True, *[False] * 11], [False] * 12):
        view = explore.frozen_parts(Twelve(), batch(), names).view(**settings(*learning))
        made = view.drawing
        FigureCanvasAgg(made)
        made.draw_without_rendering()
        for axes in made.axes:
            box = axes.get_window_extent()
            for text in (text for text in axes.texts if text.get_text()):
                found = text.get_window_extent()
                assert box.x0 <= found.x0, text
                assert found.x1 <= box.x1, text
                assert box.y0 <= found.y0, text
                assert found.y1 <= box.y1, text


def test_names_and_lanes_do_not_run_into_one_another():
    made = explore.rates([name for name, _ in Twelve().named_children()], 12).view(every=0).drawing
    FigureCanvasAgg(made)
    made.draw_without_rendering()
    (axes,) = made.axes
    begins = axes.transData.transform((0, 0))[0]
    for text in axes.texts:
        found = text.get_window_extent()
        assert found.x0 >= 0
        assert found.x1 <= (begins if text.get_position()[0] < 0 else made.bbox.x1)
