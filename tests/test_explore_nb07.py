"""course_lib.explore.nb07: the stop against Keras's rule, and what the picture shows of it."""

import math
import re
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from torch import nn

from course_lib import data, explore, loop, plot
from course_lib.checkpoint import EarlyStopping
from course_lib.explore import nb07
from course_lib.loop import History
from course_lib.runtime import seed_everything

NAN, INF = math.nan, math.inf
# It falls, has a bump of two epochs, falls again, stays a while, and creeps to its lowest.
CURVE = [4.0, 3.0, 2.0, 2.5, 2.25, 1.5, 1.75, 1.75, 1.75, 1.4921875, 1.75, 1.75]
SETTINGS = list(product([1, 3, 15], nb07.DELTAS))


def stopping(values, patience=3, min_delta="0", name="valid_loss", mode="min"):
    return explore.stopping(values, name, mode).view(patience=patience, min_delta=min_delta)


def keras(values, patience, min_delta, mode):
    """The rule of Keras's EarlyStopping, which never looks at a curve twice.

    Returns the epoch after which it stops, or None, and the last one that counted as better, or 0.
    """
    better = np.less if mode == "min" else np.greater
    least, best = (-min_delta, INF) if mode == "min" else (min_delta, -INF)
    wait, best_epoch = 0, 0
    for epoch, current in enumerate(values, start=1):
        wait += 1
        if better(current - least, best):
            best, best_epoch, wait = current, epoch, 0
        elif wait >= patience:
            return epoch, best_epoch
    return None, best_epoch


def lines_in(view):
    """By label the points of each line and mark; the trained part, which has none, as "trained"."""
    found = {}
    for line in view.drawing.axes[0].lines:
        label = "trained" if line.get_label().startswith("_") else line.get_label()
        assert label not in found
        found[label] = np.array(line.get_data(), dtype=float).T
    return found


def epochs_in(view):
    """The epochs that are drawn as the stop, as kept, as the best of all, as the one that counted.

    Each stands in the label too, and there it must be the same.
    """
    found = {}
    for label, points in lines_in(view).items():
        number = re.search(r"\d+$", label)
        if number is None:
            continue
        assert set(points[:, 0]) == {int(number[0])}, label
        found[label.rstrip("0123456789 ")] = int(number[0])
    stop, kept = found.pop("stop, after epoch", None), found.pop("kept, epoch", None)
    counted = found.pop("patience counts from", kept)
    best = found.pop("lowest of all, epoch", found.pop("highest of all, epoch", kept))
    assert not found
    return stop, kept, best, counted


def noisy(seed, epochs=40):
    """A curve that falls and rises again, with noise."""
    random, t = np.random.default_rng(seed), np.linspace(0, 1, epochs)
    return np.exp(-6 * t) + 0.3 * t + random.normal(0, 0.03, epochs)


# The decision.


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize(("patience", "min_delta"), SETTINGS)
def test_stop_and_marks_are_those_of_keras_s_rule(patience, min_delta, mode):
    best_of, sign = (np.nanargmin, 1) if mode == "min" else (np.nanargmax, -1)
    for seed in range(4):
        values = sign * noisy(seed)
        values[[7, 8, 20]] = NAN if seed % 2 else 1.0
        stop, counted = keras(values, patience, float(min_delta), mode)
        kept, best = 1 + best_of(values[:stop]), 1 + best_of(values)
        view = stopping(values, patience, min_delta, mode=mode)
        assert epochs_in(view) == (stop, kept, best, counted), seed


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize(("patience", "min_delta"), SETTINGS)
def test_a_real_training_stops_there_too(patience, min_delta, mode):
    for seed in (4, 5):
        values = noisy(seed) if mode == "min" else 1 - noisy(seed)
        callback = EarlyStopping(patience=patience, min_delta=float(min_delta), mode=mode)
        run = SimpleNamespace(epoch=0, history=History(), stop=False)
        for run.epoch, value in enumerate(values, start=1):
            run.history.epochs.append({"epoch": run.epoch, "valid_loss": value})
            callback.on_epoch(run)
            if run.stop:
                break
        stop, *_ = epochs_in(stopping(values, patience, min_delta, mode=mode))
        assert stop == (run.epoch if run.stop else None), seed


@pytest.mark.parametrize(
    ("patience", "min_delta", "expected"),
    [
        (1, "0", (4, 3, 10, 3)),
        (2, "0", (5, 3, 10, 3)),
        (3, "0", (9, 6, 10, 6)),
        (4, "0", (None, 10, 10, 10)),  # the creep is in time: the patience begins anew
        (4, "0.01", (10, 10, 10, 6)),  # 0.0078 lower is no improvement, and yet it is kept
        (4, "0.003", (None, 10, 10, 10)),
        (7, "0.1", (None, 10, 10, 6)),
        (6, "0.1", (12, 10, 10, 6)),  # the stop comes after the last epoch: nothing is saved
    ],
)
def test_a_curve_by_hand(patience, min_delta, expected):
    assert epochs_in(stopping(CURVE, patience, min_delta)) == expected
    up = stopping([-value for value in CURVE], patience, min_delta, mode="max")
    assert epochs_in(up) == expected


@pytest.mark.parametrize(("gap", "better"), [(0.03125, True), (0.0, False), (-0.5, False)])
def test_an_equal_value_is_no_improvement(gap, better):
    assert epochs_in(stopping([1.0, 1.0 - gap], patience=1))[0] == (None if better else 2)


# What is drawn.


@pytest.mark.parametrize(("patience", "min_delta"), SETTINGS)
def test_the_curve_is_drawn_up_to_the_stop_and_faint_after_it(patience, min_delta):
    view = stopping(CURVE, patience, min_delta)
    stop, _ = keras(CURVE, patience, float(min_delta), "min")
    lines = lines_in(view)
    points = np.array(list(enumerate(CURVE, start=1)))
    assert lines["trained"].tolist() == points[:stop].tolist()
    if stop in (None, len(CURVE)):
        assert "never trained" not in lines
        return
    assert lines["never trained"].tolist() == points[stop - 1 :].tolist()
    drawn = {line.get_label(): line for line in view.drawing.axes[0].lines}
    assert drawn["never trained"].get_alpha() < 0.6
    trained = next(line for label, line in drawn.items() if label.startswith("_"))
    assert trained.get_alpha() is None
    assert trained.get_color() == drawn["never trained"].get_color() == plot.BLUE


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("min_delta", nb07.DELTAS)
def test_the_level_to_beat_is_the_best_so_far_less_min_delta(min_delta, mode):
    sign = 1 if mode == "min" else -1
    values = [sign * value for value in CURVE]
    view = stopping(values, 15, min_delta, mode=mode)
    bests = [keras(values[:n], 15, float(min_delta), mode)[1] for n in range(1, 13)]
    edges = np.array([values[best - 1] for best in bests])
    levels = edges - sign * float(min_delta)
    drawn = lines_in(view)["level to beat"]
    assert drawn[:, 0].tolist() == list(range(1, 13))
    np.testing.assert_allclose(drawn[:, 1], levels, rtol=1e-12)
    for value, level, old, new in zip(values[1:], levels, bests, bests[1:], strict=False):
        assert (sign * value < sign * level) == (new != old)  # it is the level that decides
    bands = view.drawing.axes[0].collections
    assert len(bands) == (min_delta != "0")
    for band in bands:
        heights = band.get_paths()[0].vertices[:, 1]
        np.testing.assert_allclose(min(heights), min([*levels, *edges]))
        np.testing.assert_allclose(max(heights), max([*levels, *edges]))


def test_the_level_ends_at_the_stop():
    assert lines_in(stopping(CURVE, 3))["level to beat"][:, 0].tolist() == list(range(1, 10))


def test_kept_is_filled_the_best_of_all_is_hollow_and_what_counted_is_another_shape():
    curve = [4.0, 3.0, 2.9921875, 3.5, 3.5, 2.0]
    axes = stopping(curve, 3, "0.01").drawing.axes[0]
    marks = {line.get_label(): line for line in axes.lines}
    kept, best = marks["kept, epoch 3"], marks["lowest of all, epoch 6"]
    counted = marks["patience counts from 2"]
    assert kept.get_marker() == best.get_marker() != counted.get_marker()
    assert to_hex(kept.get_markerfacecolor()) == plot.ORANGE
    assert best.get_markerfacecolor() == "none"
    assert to_hex(best.get_markeredgecolor()) == plot.ORANGE
    assert to_hex(counted.get_markerfacecolor()) == plot.GREEN


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_mark_stands_in_the_frame_and_the_frame_stays(seed, mode):
    values, frames = noisy(seed) if mode == "min" else -noisy(seed), set()
    values[3] *= 1e6  # a spike, of which the frame shows the foot
    for patience, min_delta in SETTINGS:
        view = stopping(values, patience, min_delta, mode=mode)
        low, high = view.drawing.axes[0].get_ylim()
        frames |= {(low, high)} if float(min_delta) < 0.05 else set()
        lines = lines_in(view)
        level = lines["level to beat"][-1, 1]
        marks = [
            p[0, 1] for label, p in lines.items() if re.match("kept|lowest|highest|pat", label)
        ]
        assert all(low < mark < high for mark in [*marks, level]), (patience, min_delta)
        assert high - low < 10
    assert len(frames) == 1


@pytest.mark.parametrize("values", [[2.0] * 6, [0.0] * 6, [0.25], [1e-9] * 3, [1e12] * 3])
def test_a_flat_curve_has_a_frame_around_it(values):
    view = stopping(values)
    low, high = view.drawing.axes[0].get_ylim()
    assert low < values[0] < high
    assert plot.png(view.drawing).startswith(b"\x89PNG")


# What is said.


def said(view):
    return view.drawing.get_suptitle(), view.caption


def expect_said(view, title, caption):
    assert said(view) == (title, caption)


def test_a_stop_that_comes_too_early_says_what_it_costs():
    expect_said(
        stopping(CURVE, 2),
        "Stops after epoch 5; the lowest of all comes in epoch 10",
        "patience 2, min_delta 0. Epochs trained: ≈ 5 of 12; saved: ≈ 58%. Kept: epoch ≈ 3, "
        "valid_loss ≈ 2. Waiting for the rest would have reached ≈ 1.492 in epoch ≈ 10, lower by "
        "≈ 0.51.",
    )


def test_a_stop_after_the_lowest_says_that_nothing_is_lost():
    expect_said(
        stopping([3.0, 1.0, 2.0, 2.0, 2.0], 2),
        "Stops after epoch 4; the lowest of all is kept, epoch 2",
        "patience 2, min_delta 0. Epochs trained: ≈ 4 of 5; saved: ≈ 20%. Kept: epoch ≈ 2, "
        "valid_loss ≈ 1. It is the lowest of all.",
    )


def test_a_training_that_never_stops_says_so():
    expect_said(
        stopping(CURVE, 15),
        "Never stops in 12 epochs; the lowest of all is kept, epoch 10",
        "patience 15, min_delta 0. Epochs trained: 12, all. The patience is never used up. "
        "Kept: epoch ≈ 10, valid_loss ≈ 1.492. It is the lowest of all.",
    )


def test_a_small_improvement_is_kept_but_does_not_count():
    curve = [0.5, 0.8, 0.805, 0.79, 0.9]
    expect_said(
        stopping(curve, 2, "0.01", "valid_accuracy", "max"),
        "Stops after epoch 4; the highest of all comes in epoch 5",
        "patience 2, min_delta 0.01. Epochs trained: ≈ 4 of 5; saved: ≈ 20%. Kept: epoch ≈ 3, "
        "valid_accuracy ≈ 0.805. The patience counts from epoch ≈ 2: no later one was higher by "
        "more than 0.01. Waiting for the rest would have reached ≈ 0.9 in epoch ≈ 5, higher by "
        "≈ 0.095.",
    )


def test_a_single_epoch_never_stops():
    expect_said(
        stopping([0.7], 1),
        "Never stops in 1 epoch; the lowest of all is kept, epoch 1",
        "patience 1, min_delta 0. Epochs trained: 1, all. The patience is never used up. "
        "Kept: epoch ≈ 1, valid_loss ≈ 0.7. It is the lowest of all.",
    )


def test_a_constant_curve_stops_when_the_patience_is_used_up():
    view = stopping([0.5] * 10, 3)
    assert view.drawing.get_suptitle() == "Stops after epoch 4; the lowest of all is kept, epoch 1"


def test_nan_is_never_better_and_is_told():
    view = stopping([NAN, 2.0, NAN, 1.0, NAN, NAN, 0.5], 2)
    expect_said(
        view,
        "Stops after epoch 6; the lowest of all comes in epoch 7",
        "patience 2, min_delta 0. Epochs trained: ≈ 6 of 7; saved: ≈ 14%. Kept: epoch ≈ 4, "
        "valid_loss ≈ 1. Waiting for the rest would have reached ≈ 0.5 in epoch ≈ 7, lower by "
        "≈ 0.5. No finite number in 4 epochs: not drawn, and NaN never counts as better.",
    )


def test_a_stop_before_the_first_number_keeps_nothing():
    view = stopping([NAN, NAN, 0.5], 2)
    assert epochs_in(view)[:3] == (2, None, 3)
    expect_said(
        view,
        "Stops after epoch 2; the lowest of all comes in epoch 3",
        "patience 2, min_delta 0. Epochs trained: ≈ 2 of 3; saved: ≈ 33%. Waiting for the rest "
        "would have reached ≈ 0.5 in epoch ≈ 3. No finite number in 2 epochs: not drawn, and NaN "
        "never counts as better.",
    )


@pytest.mark.parametrize(
    ("patience", "begins"), [(2, "Stops after epoch 2"), (15, "Never stops in 4 epochs")]
)
@pytest.mark.parametrize("bad", [NAN, INF])
def test_without_a_number_there_is_nothing_to_keep(bad, patience, begins):
    view = stopping([bad] * 4, patience)
    assert view.drawing.get_suptitle() == f"{begins}: no epoch has a finite number"
    assert "Kept" not in view.caption
    assert epochs_in(view)[1:] == (None, None, None)
    assert plot.png(view.drawing).startswith(b"\x89PNG")


# What goes in.


@pytest.mark.parametrize(
    "values", [np.array(CURVE), torch.tensor(CURVE), tuple(CURVE), iter(CURVE), map(float, CURVE)]
)
def test_the_values_may_come_in_any_row_of_numbers(values):
    assert said(stopping(values)) == said(stopping(CURVE))


def test_a_list_that_grows_later_does_not_change_the_picture():
    values = list(CURVE)
    explorer = explore.stopping(values)
    values.append(0.0)
    assert said(explorer.view()) == said(stopping(CURVE))


@pytest.mark.parametrize(
    "values",
    [
        History(),
        [{"valid_loss": 0.5}],
        "0.5",
        ["0.5", "0.4"],
        0.5,
        None,
        [0.5, None],
        [[0.5, 0.4]],
        torch.zeros(2, 2),
        np.zeros((2, 2)),
    ],
    ids=repr,
)
def test_values_that_are_no_numbers_are_an_error_with_a_way_out(values):
    with pytest.raises(TypeError) as caught:
        explore.stopping(values)
    message = str(caught.value)
    assert message.startswith(f"explore.stopping: got values of type {type(values).__name__}, ")
    assert "expected one for each epoch" in message
    assert message.endswith('Pass history.column("valid_loss").')


def test_no_values_are_an_error_with_a_way_out():
    with pytest.raises(ValueError, match=r"got no values, expected one .* epoch is finished\."):
        explore.stopping([])


def test_an_unknown_mode_is_an_error_with_a_way_out():
    with pytest.raises(ValueError, match=r'best_epoch: got mode = \'auto\', expected "min"'):
        explore.stopping(CURVE, mode="auto")


# How it reads.


def texts_in(made):
    (axes,) = made.axes
    texts = [made._suptitle, axes.xaxis.label, axes.yaxis.label]
    texts += [text for legend in made.legends for text in legend.get_texts()]
    for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
        texts += [label for place, label in ticks if min(limits) <= place <= max(limits)]
    return texts


THOUSAND = list(1.0 + 1 / np.arange(1, 1201))
LONGEST = [5.0, 3.0, 2.995, *[4.0] * 1500, 1.0]


@pytest.mark.parametrize(
    "view",
    [
        lambda: stopping(noisy(0), 1),
        lambda: stopping(noisy(1), 15, "0.1"),
        lambda: stopping(CURVE, 6, "0.1"),
        lambda: stopping([-value for value in LONGEST], 15, "0.01", "a" * 80, "max"),
        lambda: stopping(LONGEST, 15, "0.01", "valid_$x^2$_{"),
        lambda: stopping(THOUSAND, 15),
        lambda: stopping([0.7]),
        lambda: stopping([NAN] * 3, 2),
        lambda: stopping([1e-7, 3e-7, 2e-7, 4e-7]),
        lambda: stopping([123456.0, 123457.5, 123456.5]),
    ],
)
def test_every_text_stands_inside_the_figure_and_none_on_another(view):
    made = view().drawing
    FigureCanvasAgg(made)
    made.draw_without_rendering()
    boxes = [(t.get_text(), t.get_window_extent()) for t in texts_in(made) if t.get_text()]
    assert len(boxes) > 8
    for text, box in boxes:
        assert 0 <= box.x0 <= box.x1 <= made.bbox.x1, text
        assert 0 <= box.y0 <= box.y1 <= made.bbox.y1, text
    for (i, (one, box)), (j, (other, second)) in product(enumerate(boxes), enumerate(boxes)):
        assert i == j or not box.padded(-1).overlaps(second), (one, other)


def test_the_axes_keep_their_height_as_the_controls_move():
    heights = set()
    for patience, min_delta in [(1, "0"), (15, "0"), (15, "0.1"), (6, "0.1"), (3, "0.01")]:
        made = stopping(CURVE, patience, min_delta).drawing
        FigureCanvasAgg(made)
        made.draw_without_rendering()
        heights.add(round(made.axes[0].get_window_extent().height))
    assert len(heights) == 1


def test_a_name_is_no_formula():
    assert "$x^2$" in stopping(CURVE, name="valid_$x^2$").caption
    label = stopping(CURVE, name="valid_$x^2$").drawing.axes[0].yaxis.label
    assert (label.get_text(), label.get_parse_math()) == ("valid_$x^2$", False)


# What the picture is there to show, with more than one seed.


class DigitNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.dropout = nn.Linear(64, 64), nn.Dropout(0.2)
        self.head = nn.Linear(64, 10)

    def forward(self, pixel_values):
        return self.head(self.dropout(self.hidden(pixel_values.flatten(1)).relu()))


@pytest.mark.parametrize("seed", [0, 1])
def test_on_a_real_curve_the_impatient_stop_too_early(seed):
    seed_everything(seed)
    pictures, labels = data.load_digits("train")
    few, model = data.DigitDataset(pictures[:150], labels[:150]), DigitNet()
    history = loop.fit(
        model,
        data.make_loader(few, 25, shuffle=True),
        nn.CrossEntropyLoss(),
        torch.optim.AdamW(model.parameters(), lr=1e-2),
        epochs=60,
        valid_loader=data.make_loader(data.DigitDataset(*data.load_digits("validation")), 200),
        progress=False,
    )
    losses = history.column("valid_loss")
    kept = [losses[epochs_in(stopping(losses, p))[1] - 1] for p in (1, 3, 10)]
    assert kept[0] > 1.05 * min(losses)
    assert kept[0] >= kept[1] >= kept[2]
    assert kept[2] < 1.1 * min(losses)
