"""course_lib.explore.nb05: paths against their closed forms, schedules and trainings by hand."""

import math
import re
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.patches import Ellipse
from torch import nn

from course_lib import explore, plot
from course_lib.data import load_digits
from course_lib.explore import _schedules, nb05

CURVATURES, START, FIRST = np.array([0.5, 20.0]), np.array([-8.0, 2.0]), 56.0
SGD, MOMENTUM, ADAM = nb05.OPTIMIZERS
POWERS = *range(-60, -28, 8), *range(-28, -8), *range(-8, 1, 4)


def rate_of(power):
    return 10 ** (power / 20)


def loss_at(w):
    return (CURVATURES * np.asarray(w) ** 2).sum(axis=-1) / 2


def by_sgd(rate, steps):
    """w after t steps is w0 (1 - rate * curvature)^t."""
    return START * (1 - rate * CURVATURES) ** np.arange(steps + 1)[:, None]


def by_momentum(rate, steps):
    """(w, velocity) goes through a matrix, for each direction its own."""
    found = []
    for curvature, start in zip(CURVATURES, START, strict=True):
        step = np.array([[1 - rate * curvature, -rate * 0.9], [curvature, 0.9]])
        powers = (np.linalg.matrix_power(step, t) for t in range(steps + 1))
        found.append([(power @ [start, 0])[0] for power in powers])
    return np.array(found).T


def by_adam(rate, steps):
    """As in the paper of Kingma and Ba, algorithm 1."""
    w, m, v, path = START, 0.0, 0.0, [START]
    for t in range(1, steps + 1):
        gradient = CURVATURES * w
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        w = w - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        path.append(w)
    return np.array(path)


ORACLES = {SGD: by_sgd, MOMENTUM: by_momentum, ADAM: by_adam}


def descent(power=-40, optimizer=SGD, steps=50):
    return explore.descent().view(power=power, optimizer=optimizer, steps=steps)


def points_in(axes):
    """The points of the blue line."""
    [line] = [line for line in axes.lines if to_hex(line.get_color()) == plot.BLUE]
    return np.array(line.get_data(), dtype=float).T


def finding(*settings):
    """What the title says after the rate, without the drawing."""
    return nb05._finding(path_of(*settings))


def path_of(power, optimizer, steps):
    return nb05._descend(optimizer, rate_of(power))[: steps + 1]


@pytest.mark.parametrize("steps", [1, 100])
@pytest.mark.parametrize("power", [-60, -26, -20, -15, 0])
@pytest.mark.parametrize("optimizer", ORACLES)
def test_the_path_is_the_one_of_the_closed_form(optimizer, power, steps):
    bowl, losses = descent(power, optimizer, steps).drawing.axes
    path = ORACLES[optimizer](rate_of(power), steps)
    drawn = points_in(bowl)
    np.testing.assert_allclose(drawn, path[: len(drawn)], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(points_in(losses)[:, 1], loss_at(path), rtol=1e-6, atol=1e-12)
    assert points_in(losses)[:, 0].tolist() == list(range(steps + 1))


@pytest.mark.parametrize("optimizer", ORACLES)
@pytest.mark.parametrize("power", [-40, -19, -10, 0])
def test_the_path_is_cut_off_after_its_first_point_outside_and_the_caption_says_so(
    power, optimizer
):
    view = descent(power, optimizer, 100)
    bowl = view.drawing.axes[0]
    path = ORACLES[optimizer](rate_of(power), 100)
    (left, right), (low, high) = bowl.get_xlim(), bowl.get_ylim()
    inside = (left <= path[:, 0]) & (path[:, 0] <= right) & (low <= path[:, 1])
    inside &= path[:, 1] <= high
    said = re.search(r" Step (\d+) leaves the picture, where the path is cut off\.$", view.caption)
    if inside.all():
        assert said is None
        assert len(points_in(bowl)) == 101
    else:
        first = int(inside.argmin())
        assert int(said[1]) == first
        assert len(points_in(bowl)) == first + 1


def test_no_setting_overflows_and_the_wildest_one_can_be_drawn():
    for optimizer, power in product(ORACLES, POWERS):
        assert np.isfinite(path_of(power, optimizer, 100)).all(), (optimizer, power)
    wildest = descent(0, SGD, 100)
    assert plot.png(wildest.drawing)[:4] == b"\x89PNG"
    assert "≈ 2.3e+257;" in wildest.caption  # 19^200 times 40, and little beside it
    assert f"{40 * 19.0**200:.2g}" == "2.3e+257"


# (the largest curvature) * rate > 2, and with momentum b > 2 (1 + b).
EDGES = {SGD: 2 / 20, MOMENTUM: 2 * 1.9 / 20, ADAM: math.inf}


@pytest.mark.parametrize("optimizer", ORACLES)
@pytest.mark.parametrize("power", POWERS)
def test_it_flies_apart_beyond_the_edge_and_only_there(power, optimizer):
    beyond = rate_of(power) > EDGES[optimizer]
    assert (finding(power, optimizer, 100) == "it flies apart") is beyond
    if not beyond:  # not even for a moment
        for steps in (1, 2, 3, 5, 8):
            assert finding(power, optimizer, steps) != "it flies apart"


@pytest.mark.parametrize("power", [power for power in POWERS if rate_of(power) < 0.1])
def test_plain_descent_zigzags_where_a_step_goes_too_far_and_arrives_or_does_not(power):
    said = finding(power, SGD, 60)
    across = 1 - 20 * rate_of(power)  # what a step leaves of w2
    assert said.startswith("it zigzags, and ") is (
        across < -0.1
    )  # seen three times: 2 * 0.1² = SEEN
    losses = loss_at(by_sgd(rate_of(power), 60))
    if losses[-1] <= 0.56:
        arrival = int((losses <= 0.56).argmax())
        assert said.endswith(f"arrives after {arrival} steps")
    else:
        assert said.endswith(f"after 60 steps {losses[-1] / 56:.0%} of the loss is left")


def test_the_title_tells_the_rate_and_the_finding():
    title = descent(-30, SGD, 20).drawing.get_suptitle()
    assert title == f"Learning rate 0.0316: {finding(-30, SGD, 20)}"


def test_the_words_of_the_finding_one_by_one():
    assert finding(-40, SGD, 50) == "after 50 steps 17% of the loss is left"
    assert finding(-26, SGD, 1).startswith("after 1 step 2")
    assert finding(-26, SGD, 90).startswith("it arrives after ")
    assert finding(-21, SGD, 50).startswith("it zigzags, and arrives after ")
    assert finding(-20, SGD, 50).startswith("it zigzags, and after 50 steps ")
    assert finding(-40, MOMENTUM, 50).startswith("it swings, and arrives after ")
    twice = by_momentum(rate_of(-18), 50)[:, 1]  # it crosses twice running, and never thrice
    assert "xxx" not in "".join(".x"[int(one * two < 0)] for one, two in pairwise(twice))
    assert finding(-18, MOMENTUM, 50).startswith("it swings, and arrives after ")
    # One step: w2 becomes 2 (1 - 20 * 0.1778), and the loss 5 times as large.
    assert finding(-15, MOMENTUM, 1) == "after 1 step the loss is 4.9 times the first"


def test_an_arrival_is_one_to_stay():
    losses = loss_at(by_momentum(0.01, 50))
    arrival = int(re.search(r"arrives after (\d+)", finding(-40, MOMENTUM, 50))[1])
    assert (losses[arrival:] <= 0.56).all()
    assert losses[arrival - 1] > 0.56
    assert (losses[:arrival] <= 0.56).any()  # it had been there before, and swung out again


def test_momentum_arrives_where_plain_descent_does_not():
    assert "arrives" in finding(-40, MOMENTUM, 50)
    assert "is left" in finding(-40, SGD, 50)


def test_adam_first_goes_equally_far_in_both_directions_and_plain_descent_does_not():
    steps = {o: np.abs(np.diff(points_in(descent(-40, o, 1).drawing.axes[0]), axis=0))[0]
             for o in (ADAM, SGD)}  # fmt: skip
    assert steps[ADAM] == pytest.approx([0.01, 0.01])
    assert steps[SGD] == pytest.approx([0.01 * 0.5 * 8, 0.01 * 20 * 2])


@pytest.mark.parametrize(
    ("power", "optimizer", "steps", "crossings"),
    [
        (-20, SGD, 50, 50),  # w2 = 2, -2, 2, ...
        (-40, SGD, 50, 0),
        (-26, SGD, 50, 1),  # what is left of w2 is 0.005, and it cannot be seen
        (-21, SGD, 4, 4),
        (-16, MOMENTUM, 0, None),
    ],
)
def test_steps_across_the_valley_are_counted(power, optimizer, steps, crossings):
    if crossings is None:
        steps, heights = 30, by_momentum(rate_of(power), 30)[:, 1]
        crossings = int((heights[1:] * heights[:-1] < 0).sum())
        assert 3 < crossings < 30
    assert f"; steps across the valley: {crossings}. " in descent(power, optimizer, steps).caption


def test_the_caption_tells_optimizer_steps_and_the_loss_at_the_end():
    view = descent(-40, MOMENTUM, 30)
    loss = loss_at(by_momentum(0.01, 30))[-1]
    assert view.caption.startswith(
        f"SGD with momentum 0.9, steps: 30. The loss goes from 56 to ≈ {loss:.2g};"
    )
    assert loss_at(START) == FIRST


def test_the_contours_are_where_the_loss_is_the_same_and_the_green_one_is_a_hundredth():
    bowl, losses = descent().drawing.axes
    contours = [patch for patch in bowl.patches if isinstance(patch, Ellipse)]
    ends = np.array([[c.width / 2, c.height / 2] for c in contours])
    along, across = (CURVATURES / 2 * ends**2).T
    np.testing.assert_allclose(along, across)
    shares = dict(zip([to_hex(c.get_facecolor()) for c in contours], along / FIRST, strict=True))
    assert shares[plot.GREEN] == pytest.approx(0.01)
    assert sorted(along / FIRST) == pytest.approx([0.01, 0.05, 0.2, 0.5, 1, 2])
    [line] = [line for line in losses.lines if to_hex(line.get_color()) == plot.GREEN]
    assert set(line.get_ydata()) == {0.01 * FIRST}
    assert bowl.get_aspect() == 1  # so that a step is seen to leave a contour at a right angle


def test_every_path_begins_at_the_orange_point():
    bowl, losses = descent().drawing.axes
    for axes, start in ((bowl, START), (losses, (0, FIRST))):
        [point] = [line for line in axes.lines if to_hex(line.get_color()) == plot.ORANGE]
        assert np.array(point.get_data()).T.tolist() == [list(start)]
        assert points_in(axes)[0] == pytest.approx(start)


# Schedules.

DIGITS = {split: load_digits(split) for split in ("train", "validation")}
CONSTANT, STEP, COSINE, WARM, PLATEAU = _schedules.SCHEDULES
CLOSED_FORMS = {
    CONSTANT: lambda t: 1.0,
    STEP: lambda t: 0.1 ** (t // 80),
    COSINE: lambda t: (1 + math.cos(math.pi * t / 200)) / 2,
    WARM: lambda t: (t + 1) / 20 if t < 20 else (200 - t) / 180,
}


def schedule(name=COSINE, power=-3, unit=nb05.OWN):
    return explore.schedule().view(name=name, power=power, unit=unit)


def run_of(name, power=-3, wrong=False):
    return _schedules.train(name, 10 ** (power / 10), _schedules.unit_of(name, wrong))


def lines_in(axes):
    """By label the points of each line."""
    return {line.get_label(): np.array(line.get_data(), dtype=float).T for line in axes.lines}


@pytest.mark.parametrize("unit", [nb05.OWN, nb05.WRONG])
@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_the_rates_are_those_of_the_closed_form(name, unit):
    rates = points_in(schedule(name, -5, unit).drawing.axes[0])
    every = 20 if unit == nb05.WRONG else 1
    expected = [10**-0.5 * CLOSED_FORMS[name](step // every) for step in range(200)]
    assert rates[:, 0].tolist() == list(range(1, 201))
    np.testing.assert_allclose(rates[:, 1], expected, rtol=1e-9, atol=1e-12)


def lowered(seen, peak):
    """The rates after each number that a ReduceLROnPlateau of patience 1 is told."""
    rate, best, bad, rates = peak, math.inf, 0, []
    for loss in seen:
        better = loss < best * (1 - 1e-4)
        best, bad = (loss, 0) if better else (best, bad + 1)
        if bad > 1:
            rate, bad = (rate / 10 if rate - rate / 10 > 1e-8 else rate), 0
        rates.append(rate)
    return rates


@pytest.mark.parametrize("power", [-20, -7, -3, 0])
def test_the_plateau_is_told_the_validation_loss_of_each_epoch(power):
    peak, run = 10 ** (power / 10), run_of(PLATEAU, power)
    after = [peak, *lowered(run.validation[4::4], peak)]  # a loss every 5 steps, an epoch has 20
    np.testing.assert_allclose(run.rates, np.repeat(after[:10], 20))


def test_some_plateau_lowers_the_rate():
    assert any(run_of(PLATEAU, power).rates[-1] < 10 ** (power / 10) for power in (-7, -3, 0))


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


class ByHand:
    """The network of the explorer, its gradients and its optimizer without PyTorch's."""

    def __init__(self):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).double()
            self.orders = [torch.randperm(1000).numpy() for _ in range(10)]
        self.weights = [weight.detach().numpy().copy() for weight in model.parameters()]
        self.velocities = [np.zeros_like(weight) for weight in self.weights]

    def forward(self, x):
        W1, b1, W2, b2 = self.weights
        hidden = np.maximum(0, x @ W1.T + b1)
        return hidden, softmax(hidden @ W2.T + b2)

    def loss(self, x, y):
        return -np.log(self.forward(x)[1][np.arange(len(y)), y]).mean()

    def step(self, x, y, rate):
        hidden, shares = self.forward(x)
        slope = (shares - np.eye(10)[y]) / len(y)
        back = slope @ self.weights[2] * (hidden > 0)
        gradients = [back.T @ x, back.sum(axis=0), slope.T @ hidden, slope.sum(axis=0)]
        for place, gradient in enumerate(gradients):
            self.velocities[place] = 0.9 * self.velocities[place] + gradient
            self.weights[place] = self.weights[place] - rate * self.velocities[place]


@pytest.fixture(scope="module")
def numbers():
    return {
        split: (pictures.flatten(1).double().numpy(), labels.numpy())
        for split, (pictures, labels) in DIGITS.items()
    }


@pytest.mark.parametrize("name", [CONSTANT, WARM, PLATEAU])
def test_losses_and_accuracy_are_those_of_a_training_by_hand(name, numbers):
    run, network = run_of(name), ByHand()
    (x, y), (other_x, other_y) = numbers["train"], numbers["validation"]
    training, validation = [network.loss(x, y)], [network.loss(other_x, other_y)]
    batches = [some for order in network.orders for some in order.reshape(20, 50)]
    told = []
    for step, some in enumerate(batches, start=1):
        rate = lowered(told, 10**-0.3)[-1] if name == PLATEAU and told else 10**-0.3
        network.step(x[some], y[some], rate * CLOSED_FORMS.get(name, lambda t: 1.0)(step - 1))
        if step % 5 == 0:
            training.append(network.loss(x, y))
            validation.append(network.loss(other_x, other_y))
        told += [validation[-1]] if step % 20 == 0 else []
    np.testing.assert_allclose(run.training, training, rtol=1e-5)
    np.testing.assert_allclose(run.validation, validation, rtol=1e-5)
    assert run.accuracy == (network.forward(other_x)[1].argmax(axis=1) == other_y).mean()


def test_a_plateau_in_the_wrong_unit_is_told_the_loss_of_each_batch(numbers):
    run, network = run_of(PLATEAU, wrong=True), ByHand()
    x, y = numbers["train"]
    batches, told = [some for order in network.orders for some in order.reshape(20, 50)], []
    for some, rate in zip(batches, run.rates, strict=True):
        told.append(network.loss(x[some], y[some]))
        network.step(x[some], y[some], rate)
    np.testing.assert_allclose(run.rates, [10**-0.3, *lowered(told, 10**-0.3)[:-1]])


@pytest.mark.parametrize("name", [COSINE, PLATEAU])
def test_the_curves_are_those_of_the_training_beside_a_constant_rate(name):
    lines = lines_in(schedule(name).drawing.axes[1])
    run, constant = run_of(name), run_of(CONSTANT)
    expected = {
        "training": run.training,
        "validation": run.validation,
        "validation, constant rate": constant.validation,
    }
    assert lines.keys() == expected.keys()
    for label, losses in expected.items():
        assert lines[label][:, 0].tolist() == list(range(0, 201, 5))
        assert lines[label][:, 1].tolist() == list(losses)
    assert run.training != run.validation != constant.validation


def test_a_constant_rate_is_compared_with_nothing_and_has_no_unit():
    views = [schedule(CONSTANT, unit=unit) for unit in (nb05.OWN, nb05.WRONG)]
    assert views[0].caption == views[1].caption
    assert {view.drawing.get_suptitle() for view in views} == {
        f"Validation loss {run_of(CONSTANT).validation[-1]:.2f} at the end"
    }
    assert lines_in(views[0].drawing.axes[1]).keys() == {"training", "validation"}
    assert "scheduler" not in views[0].caption


@pytest.mark.parametrize("name", [STEP, WARM, PLATEAU])
def test_caption_and_title_tell_how_it_ends(name):
    view, run, constant = schedule(name), run_of(name), run_of(CONSTANT)
    unit = "epoch" if name == PLATEAU else "batch"
    assert view.caption == (
        f"{name}, peak rate 0.501, scheduler.step() once per {unit}. After 200 steps: training "
        f"loss ≈ {run.training[-1]:.3f}, validation loss ≈ {run.validation[-1]:.3f}, validation "
        f"accuracy ≈ {round(100 * run.accuracy)} %. With a constant rate the validation loss is "
        f"≈ {constant.validation[-1]:.3f}."
    )
    assert view.drawing.get_suptitle() == (
        f"Validation loss {run.validation[-1]:.2f} at the end; with a constant rate "
        f"{constant.validation[-1]:.2f}"
    )


@pytest.mark.parametrize(
    ("name", "title"),
    [
        (STEP, "Stepped once per epoch, the last rate is 100% of the peak"),
        (COSINE, "Stepped once per epoch, the last rate is 100% of the peak"),  # 0.995
        (WARM, "Stepped once per epoch, the last rate is 50% of the peak"),
        (PLATEAU, "Stepped once per batch, the last rate is less than 1% of the peak"),
    ],
)
def test_in_the_wrong_unit_the_title_tells_the_last_rate(name, title):
    view = schedule(name, unit=nb05.WRONG)
    assert view.drawing.get_suptitle() == title
    assert f"scheduler.step() once per {title.split()[3].removesuffix(',')}." in view.caption


# What the picture is there to show, with more than one seed.


@pytest.mark.parametrize("seed", [0, 1])
def test_at_a_high_rate_a_schedule_saves_the_run_and_at_a_low_one_it_costs(seed):
    def ends(name, peak):
        unit = _schedules.unit_of(name)
        return _schedules.train(name, peak, unit, seed).validation[-1]

    for name in (COSINE, WARM):
        assert ends(name, 10**-0.3) < 0.8 * ends(CONSTANT, 10**-0.3), name
        assert ends(name, 10**-2.0) > 1.5 * ends(CONSTANT, 10**-2.0), name


def test_each_setting_is_trained_once(monkeypatch):
    first = schedule(COSINE, -19)
    monkeypatch.setattr(_schedules, "_start", None)  # a training would fail
    assert schedule(COSINE, -19).caption == first.caption


@pytest.mark.parametrize("draw", [lambda: descent(-33, ADAM, 7), lambda: schedule(STEP, -18)])
def test_drawing_changes_neither_the_random_state_nor_the_threads(draw):
    nb05._descend.cache_clear()
    torch.rand(7)  # no state that a training leaves behind
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        draw()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    "view",
    [
        lambda: descent(-60, ADAM, 100),
        lambda: descent(-21, SGD, 1),
        lambda: descent(0, MOMENTUM, 100),
        lambda: schedule(CONSTANT, 0),
        lambda: schedule(PLATEAU, -20, nb05.WRONG),
        lambda: schedule(WARM, -13),
    ],
)
def test_every_text_stands_inside_the_figure_and_none_on_another(view):
    made = view().drawing
    FigureCanvasAgg(made)
    made.draw_without_rendering()
    texts = [made._suptitle, *(text for legend in made.legends for text in legend.get_texts())]
    for axes in made.axes:
        texts += [*axes.texts, axes.xaxis.label, axes.yaxis.label]
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
            texts += [label for place, label in ticks if min(limits) <= place <= max(limits)]
    boxes = [(t.get_text(), t.get_window_extent()) for t in texts if t.get_text()]
    assert len(boxes) > 15
    for text, box in boxes:
        assert 0 <= box.x0 <= box.x1 <= made.bbox.x1, text
        assert 0 <= box.y0 <= box.y1 <= made.bbox.y1, text
    for (i, (one, box)), (j, (other, second)) in product(enumerate(boxes), enumerate(boxes)):
        assert i == j or not box.padded(-1).overlaps(second), (one, other)


def test_moving_the_rate_moves_the_path():
    paths = [points_in(descent(power).drawing.axes[0]).tolist() for power in (-50, -40, -30)]
    assert all(one != other for one, other in pairwise(paths))
