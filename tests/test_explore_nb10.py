"""course_lib.explore.nb10: smoothing against pandas, what is drawn and said of several runs."""

import math
import re
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex

from course_lib import explore, plot
from course_lib.explore import _curves, nb10
from course_lib.loop import History
from course_lib.monitor import Curve, TensorBoardLogger, read_runs, read_scalars

NAN, INF = math.nan, math.inf
LOSS = "epoch/valid_loss"
# b's last value is the lowest, but it has only just come there.
THREE = {
    "a": {LOSS: Curve([1, 2, 3, 4], [4.0, 2.0, 1.0, 1.0])},
    "b": {LOSS: Curve([1, 2, 3, 4], [4.0, 4.0, 4.0, 0.5])},
    "c": {LOSS: Curve([1, 2, 3, 4], [8.0, 6.0, 5.0, 4.0])},
}


def shown(runs, **settings):
    return explore.runs(runs).view(**settings)


def of_one(values, curve="train/loss", **settings):
    return shown({"only": {curve: Curve(list(range(len(values))), values)}}, **settings)


def title(view):
    return view.drawing.get_suptitle()


def weighed(values, weight):
    """What pandas makes of it: older values weigh less, the weights add up to 1."""
    return pd.Series(values).ewm(alpha=1 - weight, ignore_na=True).mean().tolist()


def strong(view):
    """The strong lines: neither faint nor a mark."""
    return [line for line in view.drawing.axes[0].lines if line.get_linewidth() == 2]


def faint(view):
    return [line for line in view.drawing.axes[0].lines if line.get_alpha() == 0.35]


def names_in(view):
    [legend] = view.drawing.legends
    return [text.get_text() for text in legend.get_texts()]


def noisy(seed, points=20):
    random, t = np.random.default_rng(seed), np.linspace(0, 1, points)
    return list(np.exp(-4 * t) + random.normal(0, 0.1, points) + 0.5)


# What is drawn.


@pytest.mark.parametrize("smoothing", [1, 60, 99])
def test_points_are_faint_and_the_smoothed_curve_is_strong(smoothing):
    values = noisy(0)
    view = of_one(values, smoothing=smoothing)
    [points], [curve] = faint(view), strong(view)
    assert points.get_xdata().tolist() == curve.get_xdata().tolist() == list(range(20))
    assert points.get_ydata().tolist() == values
    np.testing.assert_allclose(curve.get_ydata(), weighed(values, smoothing / 100), rtol=1e-9)
    assert points.get_color() == curve.get_color() == plot.BLUE


def test_without_smoothing_each_run_is_one_strong_line():
    view = of_one(noisy(0))
    assert faint(view) == []
    assert [line.get_ydata().tolist() for line in strong(view)] == [noisy(0)]


def test_every_run_has_its_own_colour_or_dashes_and_its_name_in_the_legend():
    runs = {f"run {place}": {LOSS: Curve([1, 2], [1.0 + place, 1.0])} for place in range(8)}
    view = shown(runs)
    looks = [(to_hex(line.get_color()), line.get_linestyle()) for line in strong(view)]
    assert looks[:5] == [(colour, "-") for colour in (*plot.COLOURS, plot.INK)]
    assert looks[5:] == [(colour, "--") for colour in plot.COLOURS[:3]]
    assert names_in(view) == list(runs)
    [legend] = view.drawing.legends
    handles = [(to_hex(line.get_color()), line.get_linestyle()) for line in legend.get_lines()]
    assert handles == looks


def test_a_run_keeps_its_colour_where_another_has_not_the_curve():
    runs = {"a": {"x": Curve([1], [1.0])}, "b": {"x": Curve([1], [1.0]), "y": Curve([1], [2.0])}}
    for curve in ("x", "y"):
        assert strong(shown(runs, curve=curve))[-1].get_color() == plot.ORANGE


def test_of_many_runs_the_lowest_are_named_and_all_are_drawn():
    ends = [5.0, 3.0, 9.0, 1.0, 7.0, 2.0, 8.0, 4.0, 6.0, 0.5, 11.0, 10.0]
    runs = {f"end {end:g}": {LOSS: Curve([1, 2], [20.0, end])} for end in ends}
    view = shown(runs)
    assert names_in(view) == [f"end {end:g}" for end in ends if end < 8] + ["4 more"]
    assert [line.get_ydata()[-1] for line in strong(view)] == [end for end in ends if end < 8]
    thin = [line for line in view.drawing.axes[0].lines if line not in strong(view)]
    assert sorted(line.get_ydata()[-1] for line in thin) == [8.0, 9.0, 10.0, 11.0]
    assert len({(line.get_color(), line.get_linestyle()) for line in strong(view)}) == 8
    assert "4 more runs drawn thin." in view.caption


def test_of_many_accuracies_the_highest_are_named():
    runs = {f"{n}": {"epoch/accuracy": Curve([1], [n / 20])} for n in range(10)}
    view = shown(runs)
    assert names_in(view) == [*map(str, range(2, 10)), "2 more"]
    assert title(view) == "Highest at the end: 9, 0.45"
    assert "1 more run drawn thin." in shown({**runs, "9": {}}).caption


@pytest.mark.parametrize("log", [False, True])
def test_what_is_not_finite_is_a_gap_is_counted_and_smoothing_passes_over_it(log):
    values = [4.0, NAN, 2.0, INF, 1.0, -INF, 1.0]
    view = of_one(values, smoothing=50, log=log)
    [curve], [points] = strong(view), faint(view)
    seen = [math.isfinite(value) for value in values]
    assert np.isfinite(points.get_ydata()).tolist() == seen
    assert np.isfinite(curve.get_ydata()).tolist() == seen
    only = [value for value in values if math.isfinite(value)]
    np.testing.assert_allclose(curve.get_ydata()[seen], weighed(only, 0.5))
    assert "Not drawn: ≈ 3 values, NaN or infinite." in view.caption
    assert "Not drawn" not in of_one([1.0, 2.0]).caption


@pytest.mark.parametrize("bad", [NAN, INF])
def test_a_run_that_ends_without_a_number_has_a_cross_and_is_never_the_lowest(bad):
    runs = {"dies": {LOSS: Curve([1, 2, 3], [0.1, 0.2, bad])}, "b": {LOSS: Curve([1, 2], [3, 2])}}
    view = shown(runs)
    assert title(view) == "Lowest at the end: b, 2"
    assert "Last values: dies NaN or infinite, b ≈ 2." in view.caption
    [cross] = [line for line in view.drawing.axes[0].lines if line.get_marker() == "X"]
    assert (cross.get_xdata(), cross.get_ydata()) == ([2], [0.2])
    assert cross.get_color() == strong(view)[0].get_color()
    assert "Not drawn: ≈ 1 value, NaN or infinite." in view.caption


def test_without_any_number_there_is_an_empty_frame_that_says_so():
    for log in (False, True):
        view = of_one([NAN, INF], log=log, smoothing=50)
        assert title(view) == "No run ends in a finite number"
        assert "≈ 2 values" in view.caption
        assert plot.png(view.drawing).startswith(b"\x89PNG")


def test_a_log_scale_counts_what_it_cannot_show():
    values = [4.0, 0.0, -1.0, 2.0, NAN]
    plain, log = of_one(values), of_one(values, log=True)
    assert (plain.drawing.axes[0].get_yscale(), log.drawing.axes[0].get_yscale()) == (
        "linear",
        "log",
    )
    assert "log scale" not in plain.caption
    assert "Not drawn: ≈ 1 value, NaN or infinite." in log.caption
    assert log.caption.endswith("A log scale cannot show ≈ 2 values, 0 or below.")
    np.testing.assert_array_equal(strong(log)[0].get_ydata(), [4.0, NAN, NAN, 2.0, NAN])


def test_an_end_that_a_log_scale_cannot_show_is_said_in_the_title():
    runs = {"a": {"x": Curve([1, 2], [1.0, -2.0])}, "b": {"x": Curve([1, 2], [1.0, 1.5])}}
    assert title(shown(runs)) == "Lowest at the end: a, -2"
    assert title(shown(runs, log=True)) == "Lowest at the end: a, not on a log scale"


@pytest.mark.parametrize("values", [[0.5], [0.5] * 40, [1e-30, 1e30], [3e38, -3e38], [0.0, 0.0]])
@pytest.mark.parametrize("log", [False, True])
def test_odd_sizes_are_drawn_without_a_warning(values, log):
    for smoothing in (0, 99):
        view = of_one(values, log=log, smoothing=smoothing)
        assert plot.png(view.drawing).startswith(b"\x89PNG")


def test_a_few_points_have_marks_and_many_have_none():
    assert strong(of_one([1.0] * 30))[0].get_marker() == "o"
    assert strong(of_one([1.0] * 31))[0].get_marker() == "None"


@pytest.mark.parametrize(
    ("values", "least"), [([0.5, 0.6], 3), ([0.4, 2.1], 3), ([1e-3, 1e9], 3), ([0.9, 1.1], 3)]
)
def test_a_log_scale_has_ticks_enough_to_read(values, least):
    axes = of_one(values, log=True).drawing.axes[0]
    low, high = axes.get_ylim()
    labels = [t.get_text() for t in axes.get_yticklabels()]
    places = [place for place in axes.get_yticks() if low <= place <= high]
    assert len(places) >= least
    assert any(labels)


def test_the_axis_is_named_by_what_a_step_of_the_curve_is():
    for curve, name in ((LOSS, "epoch"), ("train/loss", "step"), ("mine", "step")):
        axes = of_one([1.0, 2.0], curve).drawing.axes[0]
        assert (axes.get_xlabel(), axes.get_ylabel()) == (name, curve)


# What is said.


def test_title_and_caption_tell_the_ends():
    view = shown(THREE)
    assert title(view) == "Lowest at the end: b, 0.5"
    assert view.caption == f"{LOSS} of 3 runs. Last values: a ≈ 1, b ≈ 0.5, c ≈ 4."


def test_smoothing_that_changes_which_run_is_lowest_is_told_with_its_error():
    view = shown(THREE, smoothing=50)
    ends = {run: weighed(curves[LOSS].values, 0.5)[-1] for run, curves in THREE.items()}
    assert min(ends, key=ends.get) == "a"
    assert title(view) == f"Lowest at the end: a, {ends['a']:.3g} smoothed"
    assert view.caption == (
        f"{LOSS} of 3 runs. Each smoothed point is a mean of the values so far; an older one weighs"
        " 0.5 times as much as the one after it. Last values, smoothed: "
        f"{', '.join(f'{run} ≈ {end:.3g}' for run, end in ends.items())}. The smoothed last value "
        f"differs from the true one by up to ≈ {ends['b'] - 0.5:.2g} (b). Smoothing changes which "
        "run is lowest: by the true last values, b."
    )
    assert "Smoothing changes" not in shown(THREE, smoothing=1).caption


def test_what_counts_of_an_accuracy_is_the_highest():
    runs = {run: {"epoch/accuracy": curves[LOSS]} for run, curves in THREE.items()}
    assert title(shown(runs)) == "Highest at the end: c, 4"
    assert title(shown(runs, smoothing=50)) == f"Highest at the end: c, {72 / 15} smoothed"


def test_equal_ends_are_not_ranked():
    runs = dict.fromkeys("abc", THREE["a"])
    assert title(shown(runs)) == "Lowest at the end: 3 runs alike, 1"


def test_a_single_run_is_compared_with_nothing():
    view = of_one([2.0, 1.0])
    assert title(view) == "only at its end, 1"
    assert view.caption == "train/loss of 1 run. Last values: only ≈ 1."


def test_runs_without_the_curve_and_other_ends_are_told():
    runs = {**THREE, "d": {"x": Curve([1], [1.0])}, "e": {LOSS: Curve([1, 2], [9.0, 8.0])}}
    view = shown(runs)
    assert view.caption == (
        f"{LOSS} of 4 runs. Without it: d. Last values: a ≈ 1, b ≈ 0.5, c ≈ 4, e ≈ 8. The runs end "
        "at different steps, from ≈ 2 to ≈ 4."
    )


def test_every_number_of_the_first_caption_is_marked_as_measured():
    runs = {f"r{'x' * n}": {LOSS: Curve(list(range(n)), noisy(n, n))} for n in range(2, 14)}
    said = shown(runs).caption.replace(f"{LOSS} of 12 runs", "").replace("4 more runs", "")
    assert re.findall(r"(?<!≈ )(?<![\d.])\d[\d.]*", said) == []


# Names.


def test_long_names_are_shortened_and_stay_apart():
    runs = {f"sweep/{'x' * 60}/rate-0.{n}": THREE["a"] for n in range(3)}
    names = names_in(shown(runs))
    assert len(set(names)) == 3
    assert max(map(len, names)) <= _curves.MOST_LETTERS
    assert [name[-3:] for name in names] == ["0.0", "0.1", "0.2"]


def test_names_that_differ_in_the_middle_only_get_a_number():
    runs = {f"{'x' * 30}{n}{'y' * 30}": THREE["a"] for n in range(3)}
    assert [name[:2] for name in names_in(shown(runs))] == ["1 ", "2 ", "3 "]


@pytest.mark.parametrize(
    "name", ["_hidden", "$x^", ".", "a/b", "two\nlines", "run {1}", "\U0001f9a9", ""]
)
def test_odd_names_are_drawn_as_they_are(name):
    view = shown({name: {name or "x": Curve([1, 2], [2.0, 1.0])}, "b": THREE["a"]})
    assert plot.png(view.drawing).startswith(b"\x89PNG")
    letters = name.replace("\n", " ").replace("\U0001f9a9", "□")
    assert letters in shown({name: THREE["b"], "b": THREE["a"]}).drawing.get_suptitle()


def test_all_curves_of_all_runs_can_be_chosen_and_the_validation_loss_comes_first():
    point = Curve([1], [1.0])
    names = ["train/rate", "epoch/train_loss", "zebra", LOSS, "train/loss"]
    explorer = explore.runs(
        {"a": dict.fromkeys(names[:3], point), "b": dict.fromkeys(names[2:], point)}
    )
    choice = explorer.controls["curve"]
    assert choice.options == [LOSS, "epoch/train_loss", "train/loss", "train/rate", "zebra"]
    assert choice.value == LOSS
    assert explore.runs({"a": {"zebra": point}}).controls["curve"].value == "zebra"
    slider = explorer.controls["smoothing"]
    assert (slider.low, slider.high, slider.value) == (0, 99, 0)


# What goes in.


def test_runs_are_taken_as_tensorboard_stored_them(tmp_path):
    for run, rate in (("slow", 0.1), ("fast", 0.5)):
        logger = TensorBoardLogger(tmp_path / run)
        for step in range(1, 5):
            logger.scalars({"train/loss": (1 - rate) ** step}, step)
        logger.close()
    view = shown(read_runs(tmp_path))
    assert title(view) == "Lowest at the end: fast, 0.0625"
    assert [line.get_ydata().tolist() for line in strong(view)] == [
        pytest.approx([(1 - rate) ** step for step in range(1, 5)]) for rate in (0.5, 0.1)
    ]
    with pytest.raises(TypeError, match=r"curves of a single run \('train/loss' is a Curve\)"):
        explore.runs(read_scalars(tmp_path / "fast"))


def test_curves_may_be_any_pair_of_rows_and_are_copied():
    values = [2.0, 1.0]
    given = {"a": {"x": (range(2), values), "y": [torch.arange(2), torch.tensor(values)]}}
    explorer = explore.runs(given)
    values.append(0.0)
    given.clear()
    assert title(explorer.view()) == title(explorer.view(curve="y")) == "a at its end, 1"


def test_an_empty_curve_is_as_good_as_none():
    runs = {
        "a": {"x": Curve([], []), "y": Curve([1], [1.0])},
        "b": {"x": Curve([1], [2.0])},
        "c": {},
    }
    assert shown(runs, curve="x").caption.startswith("x of 1 run. Without it: a, c. ")


@pytest.mark.parametrize("given", ["runs", [THREE], None, History(), 3])
def test_what_is_no_dict_is_refused(given):
    said = (
        f"explore.runs: got {type(given).__name__}, expected a dict of runs, .* Pass monitor.read_"
    )
    with pytest.raises(TypeError, match=said):
        explore.runs(given)


@pytest.mark.parametrize("given", [{}, {"a": {}}, {"a": {"x": Curve([], [])}}])
def test_runs_without_a_point_are_refused(given):
    counted = f"{len(given)} run{'s' * (len(given) != 1)}"
    with pytest.raises(
        ValueError, match=rf"got {counted} and no point .* at least one.* flush\(\)"
    ):
        explore.runs(given)


def test_the_curves_of_a_single_run_are_named_as_such():
    with pytest.raises(TypeError, match=r"explore.runs\(\{'my run': curves\}\), or pass"):
        explore.runs(THREE["a"])
    explore.runs({"my run": THREE["a"]})


def test_a_run_that_is_no_dict_is_refused():
    said = "explore.runs: the run 'b' is a list, expected a dict, .* monitor.read_scalars"
    with pytest.raises(TypeError, match=said):
        explore.runs({"a": THREE["a"], "b": [1.0]})


@pytest.mark.parametrize(
    "curve", [1.0, [1.0, 2.0], [1.0, 2.0, 3.0], None, (["1"], ["2"]), ([1], [None]), "12"]
)
def test_a_curve_that_is_no_pair_of_rows_is_refused(curve):
    said = f"the curve 'x' of the run 'a' is a {type(curve).__name__}, expected steps and values"
    with pytest.raises(TypeError, match=said):
        explore.runs({"a": {"x": curve}})


def test_a_curve_with_more_steps_than_values_is_refused():
    with pytest.raises(
        ValueError, match="'x' of the run 'a' has 2 steps and 1 values, expected as"
    ):
        explore.runs({"a": {"x": Curve([1, 2], [1.0])}})


# How it reads.

LONG = {f"sweep/2026-11-2{n}/rate=0.00{n},batch={n}": n for n in range(12)}


def long_runs(count):
    return {
        name: {
            LOSS: Curve(list(range(1, 21)), noisy(n)),
            "train/a_rather_long_name_of_a_curve" * 2: Curve([1], [1e6]),
        }
        for name, n in list(LONG.items())[:count]
    }


@pytest.mark.parametrize(
    "view",
    [
        lambda: shown(THREE),
        lambda: shown(long_runs(8), smoothing=90, log=True),
        lambda: shown(long_runs(12), smoothing=90),
        lambda: shown(long_runs(1), curve="train/a_rather_long_name_of_a_curve" * 2, log=True),
        lambda: of_one([NAN, 1e7, 3e7], smoothing=40),
    ],
)
def test_every_text_stands_inside_the_figure_and_none_on_another(view):
    made = view().drawing
    FigureCanvasAgg(made)
    made.draw_without_rendering()
    (axes,) = made.axes
    [legend] = made.legends
    texts = [made._suptitle, axes.xaxis.label, axes.yaxis.label, *legend.get_texts()]
    for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
        texts += [label for place, label in ticks if min(limits) <= place <= max(limits)]
    boxes = [(t.get_text(), t.get_window_extent()) for t in texts if t.get_text()]
    assert len(boxes) > 6
    for text, box in boxes:
        assert 0 <= box.x0 <= box.x1 <= made.bbox.x1, text
        assert 0 <= box.y0 <= box.y1 <= made.bbox.y1, text
    for (i, (one, box)), (j, (other, second)) in product(enumerate(boxes), enumerate(boxes)):
        assert i == j or not box.padded(-1).overlaps(second), (one, other)
    assert not legend.get_window_extent().overlaps(axes.get_window_extent())


def test_colours_are_the_course_s_own():
    colours = {to_hex(line.get_color()) for line in shown(long_runs(12)).drawing.axes[0].lines}
    assert colours <= {*plot.COLOURS, plot.INK}
    assert nb10.THIN["alpha"] >= 0.5
