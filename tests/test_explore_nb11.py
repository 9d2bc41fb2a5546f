"""course_lib.explore.nb11: the trainings against AdamW by hand, and each reason that is given."""

import inspect
import math
import re
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from torch import nn

from course_lib import explore, plot
from course_lib.explore import nb11

STEPS, RATE, SEEDS = 40, 0.01, (0, 1, 2)
CHANGES = ("clip", "linear", "decay", "order", "dropout", "fused")


def defaults(*options):
    return explore.defaults().view(**dict.fromkeys(options, True))


def both(*options, seed=0):
    plain, other = (nb11.train(frozenset(some), seed) for some in ((), options))
    return nb11.Compared(plain, other)


def differences(*options, seed=0):
    found = both(*options, seed=seed)
    return np.abs(np.subtract(found.plain.losses, found.other.losses))


def first(*options, seed=0):
    """The first step that differs, from 1 on."""
    return 1 + int(differences(*options, seed=seed).nonzero()[0][0])


def by_hand(*options, seed=0):
    """AdamW after its paper (Loshchilov and Hutter, algorithm 2), in float64."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = nn.Linear(64, 32), nn.Linear(32, 10)
        weights = [
            w.detach().double().requires_grad_() for part in layers for w in part.parameters()
        ]
        torch.manual_seed(seed + 1 + 1000 * ("dropout" in options))
        masks = [F.dropout(torch.ones(8, 32), 0.2).double() for _ in range(STEPS)]
    batches = nb11._batches(seed + 2 + 1000 * ("order" in options))
    m, v, losses = [0.0] * 4, [0.0] * 4, []
    for step, ((pixels, labels), mask) in enumerate(zip(batches, masks, strict=True), start=1):
        hidden = mask * F.linear(pixels.double(), *weights[:2]).clamp(min=0)
        loss = F.cross_entropy(F.linear(hidden, *weights[2:]), labels)
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, weights)
        norm = math.sqrt(sum((gradient**2).sum() for gradient in gradients))
        share = min(1.0, 1 / norm) if "clip" in options else 1.0
        rate = RATE * (1 - (step - 1) / STEPS) if "linear" in options else RATE
        for place, gradient in enumerate(gradients):
            gradient = share * gradient
            m[place] = 0.9 * m[place] + 0.1 * gradient
            v[place] = 0.999 * v[place] + 0.001 * gradient**2
            size = (v[place] / (1 - 0.999**step)).sqrt() + 1e-8
            with torch.no_grad():
                weights[place] *= 1 - rate * 0.01 * ("decay" in options)
                weights[place] -= rate * m[place] / (1 - 0.9**step) / size
    return losses


# The trainings.


@pytest.mark.parametrize("options", [(), *((name,) for name in CHANGES), CHANGES])
def test_each_training_is_adamw_after_its_paper(options):
    losses, expected = nb11.train(frozenset(options)).losses, by_hand(*options)
    np.testing.assert_allclose(losses[:20], expected[:20], rtol=1e-5)
    # Adam divides even a gradient that is nearly 0 by its size: float32 may then step another way.
    np.testing.assert_allclose(losses, expected, rtol=3e-2)


def test_what_is_called_a_default_is_one():
    from transformers import TrainingArguments

    default = {
        name: field.default for name, field in TrainingArguments.__dataclass_fields__.items()
    }
    assert (default["max_grad_norm"], default["weight_decay"]) == (1.0, 0.0)
    assert default["lr_scheduler_type"] == "linear"
    assert inspect.signature(torch.optim.AdamW).parameters["weight_decay"].default == 0.01


def test_the_rate_falls_as_transformers_s_linear_schedule_does():
    from transformers import get_linear_schedule_with_warmup

    optimizer = torch.optim.AdamW([torch.zeros(1)], lr=RATE)
    scheduler = get_linear_schedule_with_warmup(optimizer, 0, STEPS)
    rates = []
    for _ in range(STEPS):
        rates += scheduler.get_last_lr()
        optimizer.step()
        scheduler.step()
    np.testing.assert_allclose(both("linear").other.rates, rates, rtol=1e-12)
    assert scheduler.get_last_lr() == [0.0]
    assert set(both("linear").plain.rates) == {RATE}


def test_two_plain_loops_are_equal_to_the_bit_when_trained_anew():
    before = nb11.train(frozenset())
    nb11.train.cache_clear()
    assert nb11.train(frozenset()) == before


def test_another_order_begins_with_other_examples_in_batches_of_the_same_size():
    one, other = nb11._batches(2), nb11._batches(1002)
    assert [x.shape for x, _ in one] == [x.shape for x, _ in other] == [(8, 64)] * STEPS
    assert not torch.equal(one[0][0], other[0][0])
    assert len({x.numpy().tobytes() for pixels, _ in one for x in pixels}) > 0.99 * 8 * STEPS


def test_drawing_changes_neither_the_random_state_nor_the_threads():
    nb11.train.cache_clear()
    torch.rand(7)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        defaults("dropout", "order")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.get_rng_state(), before)


def test_each_setting_is_trained_once(monkeypatch):
    said = defaults("clip", "fused").caption
    monkeypatch.setattr(nb11, "_loop", None)  # a training would fail
    assert defaults("clip", "fused").caption == said


# The reasons, with more than one seed.


@pytest.mark.parametrize("seed", SEEDS)
def test_clipping_hardly_changes_the_first_step_of_adam(seed):
    norms, apart = both("clip", seed=seed).plain.norms, differences("clip", seed=seed)
    assert norms[0] > 1.5
    assert apart[0] == 0
    assert apart[1] < 5e-6  # cut by a third and more, and yet the same step
    assert apart[2] > 100 * max(apart[1], 1e-7)
    assert max(apart) > 0.02
    assert max(norms[:3]) > 1.1 * min(norms[:3]) > 1.1  # cut by different factors


def test_adam_s_first_step_does_not_depend_on_the_size_of_the_gradient():
    steps = []
    for size in (1.0, 0.3):
        weight = torch.zeros(3, requires_grad=True)
        weight.grad = size * torch.tensor([0.5, -0.02, 0.001])
        torch.optim.AdamW([weight], lr=RATE).step()
        steps.append(weight.detach())
    torch.testing.assert_close(steps[0], steps[1], rtol=1e-4, atol=0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("option", "step"), [("linear", 3), ("decay", 2), ("order", 1), ("dropout", 1)]
)
def test_the_first_step_that_differs_is_the_one_that_the_reason_names(option, step, seed):
    assert first(option, seed=seed) == step


@pytest.mark.parametrize("seed", SEEDS)
def test_fused_adamw_differs_in_the_last_bits_only(seed):
    apart = differences("fused", seed=seed)
    assert apart[0] == 0
    assert max(apart) < 1e-5
    assert 1000 * max(apart) < min(max(differences(name, seed=seed)) for name in CHANGES[:5])


def test_weight_decay_changes_less_than_the_falling_rate():
    assert 10 * max(differences("decay")) < max(differences("linear"))


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (
            "clip",
            "≈ NORM and is cut to 1, yet Adam takes almost the same first step",
        ),
        ("linear", "Step 1 has the full rate and step 2 has 1/40 less"),
        ("decay", "rate × 0.01 = 0.01% off every weight"),
        ("order", "Step 1 has other examples"),
        ("dropout", "in step 1 already other units are dropped"),
        ("fused", "the losses differ in their last bits"),
    ],
)
def test_one_option_alone_is_told_its_reason(option, words):
    words = words.replace("NORM", f"{both().plain.norms[0]:.2f}")
    another = "linear" if option != "linear" else "clip"
    assert words in defaults(option).caption
    assert words not in defaults(option, another).caption


def test_the_norm_that_is_told_is_that_of_the_first_gradient():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 10)
        model = nn.Sequential(*layers)
        torch.manual_seed(1)
        pixels, labels = nb11._batches(2)[0]
        F.cross_entropy(model(pixels), labels).backward()
    norm = torch.cat([w.grad.flatten() for w in model.parameters()]).norm().item()
    assert both().plain.norms[0] == pytest.approx(norm, rel=1e-5)


# What is said.


def test_without_an_option_all_is_equal_and_nothing_measured_is_said():
    view = defaults()
    assert view.drawing.get_suptitle() == "All 40 losses are equal to the bit"
    assert view.caption == (
        "Nothing is ticked: one loop, run twice with the same seed, order, dropout and optimizer. "
        "Losses equal to the bit: 40 of 40."
    )


@pytest.mark.parametrize("options", [("clip",), ("linear",), ("fused",), ("decay", "order")])
def test_title_and_caption_tell_the_first_and_the_largest_difference(options):
    view, apart = defaults(*options), differences(*options)
    start, most = first(*options), 1 + int(apart.argmax())
    by, largest = f"{apart[start - 1]:.1e}", f"{apart.max():.2g}"
    assert view.drawing.get_suptitle() == (
        f"First differs at step {start}, by {by}; at most by {largest}, at step {most}"
    )
    labels = ", ".join(nb11.OPTIONS[name].label for name in options)
    assert view.caption.startswith(
        f"Ticked: {labels}. First step that differs: ≈ {start}, by ≈ {by}. Largest difference: "
        f"≈ {largest}, in step ≈ {most}. Losses equal to the bit: ≈ {(apart == 0).sum()} of 40. "
    )


def test_of_several_options_it_is_told_what_each_does_alone():
    alone = [f"{max(differences(name)):.2g}" for name in ("clip", "decay", "fused")]
    assert defaults("fused", "decay", "clip").caption.endswith(
        f"The largest difference by each alone: clipping ≈ {alone[0]}, weight decay ≈ {alone[1]}, "
        f"fused AdamW ≈ {alone[2]}."
    )


def test_losses_that_are_equal_in_spite_of_an_option_are_said_to_be(monkeypatch):
    monkeypatch.setattr(nb11, "train", lambda options: nb11.Run((2.0,) * STEPS, (1.5,) * STEPS, ()))
    view = defaults("fused")
    assert view.drawing.get_suptitle() == "All 40 losses are equal to the bit"
    assert "Ticked: fused AdamW. Losses equal to the bit: ≈ 40 of 40. " in view.caption


# What is drawn.


def marks_in(axes):
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


@pytest.mark.parametrize("options", [(), ("clip",), ("fused",), CHANGES])
def test_differences_are_dots_and_equal_losses_are_hollow_at_0(options):
    top, bottom = defaults(*options).drawing.axes
    apart, steps, marks = differences(*options), np.arange(1, STEPS + 1), marks_in(top)
    differ, equal = marks["they differ"], marks["equal to the bit: 0"]
    assert differ.get_xdata().tolist() == steps[apart > 0].tolist()
    assert differ.get_ydata().tolist() == apart[apart > 0].tolist()
    assert equal.get_xdata().tolist() == steps[apart == 0].tolist()
    assert set(equal.get_ydata()) <= {0.0}
    assert equal.get_markerfacecolor() == "none"
    low, high = top.get_ylim()
    assert low < 0 <= apart.max() < high
    names = dict(zip(top.get_yticks(), (t.get_text() for t in top.get_yticklabels()), strict=True))
    assert (names[0], names[1e-4]) == ("0", "10⁻⁴")
    curves = marks_in(bottom)
    found = both(*options)
    assert tuple(curves["plain loop"].get_ydata()) == found.plain.losses
    assert tuple(curves["with what is ticked"].get_ydata()) == found.other.losses
    assert max([*found.plain.losses, *found.other.losses]) < bottom.get_ylim()[1]


def test_the_picture_names_what_is_ticked_where_no_curve_goes():
    assert not list(defaults().drawing.axes[1].texts)
    bottom = defaults(*CHANGES).drawing.axes[1]
    [text] = bottom.texts
    assert text.get_text() == (
        "ticked: clipping, falling rate, weight decay, order, dropout, fused AdamW"
    )
    made = bottom.figure
    FigureCanvasAgg(made)
    made.draw_without_rendering()
    lowest = bottom.transData.inverted().transform((0, text.get_window_extent().y0))[1]
    assert max(loss for name in CHANGES for loss in both(name).other.losses) < lowest


def test_the_last_bit_is_the_distance_to_the_next_float32():
    line = marks_in(defaults().drawing.axes[0])["last bit of the loss (float32)"]
    losses = np.array(both().plain.losses, dtype=np.float32)
    expected = np.nextafter(losses, np.float32(np.inf)) - losses
    np.testing.assert_array_equal(line.get_ydata(), expected)


def test_no_difference_that_can_be_seen_is_smaller_than_a_last_bit():
    smallest = min(d for name in CHANGES for d in differences(name) if d)
    assert smallest > 1e-9


def test_every_colour_is_the_course_s_own():
    for axes in defaults("clip").drawing.axes:
        assert {to_hex(line.get_color()) for line in axes.lines} <= {*plot.COLOURS, plot.INK}


@pytest.mark.parametrize("options", [(), ("linear",), CHANGES])
def test_every_text_stands_inside_the_figure_and_none_on_another(options):
    made = defaults(*options).drawing
    FigureCanvasAgg(made)
    made.draw_without_rendering()
    texts = [made._suptitle, *(text for legend in made.legends for text in legend.get_texts())]
    for axes in made.axes:
        texts += [*axes.texts, axes.xaxis.label, axes.yaxis.label]
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
            texts += [label for place, label in ticks if min(limits) <= place <= max(limits)]
    boxes = [(t.get_text(), t.get_window_extent()) for t in texts if t.get_text()]
    assert len(boxes) > 25
    for text, box in boxes:
        assert 0 <= box.x0 <= box.x1 <= made.bbox.x1, text
        assert 0 <= box.y0 <= box.y1 <= made.bbox.y1, text
    for (i, (one, box)), (j, (other, second)) in product(enumerate(boxes), enumerate(boxes)):
        assert i == j or not box.padded(-1).overlaps(second), (one, other)


def test_the_frame_stays_as_options_are_ticked():
    frames = set()
    for options in ((), ("clip",), CHANGES):
        made = defaults(*options).drawing
        FigureCanvasAgg(made)
        made.draw_without_rendering()
        for axes in made.axes:
            place = tuple(np.round(axes.get_window_extent().bounds))
            frames.add((place, axes.get_xlim(), axes.get_ylim()))
    assert len(frames) == 2


def test_each_option_has_a_box_and_every_number_that_is_measured_its_sign():
    controls = explore.defaults().controls
    assert [control.label for control in controls.values()] == [
        "gradients clipped at 1",
        "rate falls linearly to 0",
        "weight decay 0.01 (AdamW's own default)",
        "another order of the examples",
        "another dropout",
        "fused AdamW",
    ]
    assert not any(control.value for control in controls.values())
    for name in CHANGES:
        measured = re.sub(r"≈ [\d.e+-]+", "", defaults(name).caption)
        assert not re.search(r"\d\.\d*e-\d|\d\.\d{3}", measured)
