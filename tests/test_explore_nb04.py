"""course_lib.explore.nb04: threshold and share of positives, against weighted scikit-learn."""

import re
from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from sklearn import metrics

from course_lib import explore, plot
from course_lib.explore import nb04

NUMBERS = {
    "accuracy": r"Accuracy ≈ (\S+) ",
    "always 0": r"\(always 0: ≈ (\S+)\)",
    "precision": r"\), precision ≈ (\S+),",
    "recall": r"recall ≈ (\S+),",
    "f1": r"F1 ≈ (\S+),",
    "roc_auc": r"ROC-AUC ≈ (\S+),",
    "average_precision": r"average precision ≈ (\S+)\.$",
}


def made_up(N, share, seed=0):
    """Logits of a classifier that is right more often than not."""
    generator = np.random.default_rng(seed)
    labels = (generator.random(N) < share).astype(int)
    return generator.normal(2 * labels - 1.5), labels


LOGITS, FEW = made_up(500, 0.14)
DATA = {
    "logits": (LOGITS, FEW),
    "probabilities": (1 / (1 + np.exp(-LOGITS)), FEW),
    "ties": (LOGITS.round(), FEW),
    "half and half": made_up(301, 0.5),
    "constant": (np.full(40, 0.25), np.arange(40) % 4 == 0),
    "two": (np.array([-1.0, 1.0]), np.array([1, 0])),
}


def cut_of(scores, labels, below):
    """The threshold, by definition: the usual one at the start, else the score at that place."""
    usual = 0.5 if scores.min() >= 0 and scores.max() <= 1 else 0.0
    start = explore.threshold(scores, labels).controls["below"].value
    if below == start:
        return usual
    return np.inf if below == 100 else np.sort(scores)[below * len(scores) // 100]


def weights_of(labels, positives):
    """Weights by which the positives are that share of all; 1 where it is the data's own."""
    share = labels.mean()
    if round(100 * share) == positives:
        return np.ones(len(labels))
    wanted = positives / 100
    return np.where(labels == 1, wanted / share, (1 - wanted) / (1 - share))


def said_in(view):
    return {name: float(re.search(found, view.caption)[1]) for name, found in NUMBERS.items()}


def cells_in(made):
    numbers = [text.get_text() for text in made.axes[0].texts[::2]]
    return np.array([int(number.replace(",", "")) for number in numbers]).reshape(2, 2)


def curve_in(axes):
    [line] = [line for line in axes.lines if to_hex(line.get_color()) == plot.BLUE]
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def points_in(axes):
    return [
        (line.get_xdata()[0], line.get_ydata()[0])
        for line in axes.lines
        if line.get_marker() == "o" and to_hex(line.get_color()) == plot.ORANGE
    ]


SETTINGS = list(product(DATA, [0, 50, 87, 100, "start"], [1, 33, "start"]))


@pytest.fixture(scope="module")
def shown():
    """Every view once: `shown(name, below, positives)` gives view, data, weights, threshold."""
    explorers = {name: explore.threshold(*data) for name, data in DATA.items()}

    @cache
    def view(name, below, positives):
        explorer, (scores, labels) = explorers[name], DATA[name]
        start = explorer.settings()
        below = start["below"] if below == "start" else below
        positives = start["positives"] if positives == "start" else positives
        weights = weights_of(labels, positives)
        drawn = explorer.view(below=below, positives=positives)
        return drawn, scores, labels.astype(int), weights, cut_of(scores, labels, below)

    return view


@pytest.mark.parametrize(("name", "below", "positives"), SETTINGS)
def test_every_number_is_that_of_weighted_scikit_learn(name, below, positives, shown):
    view, scores, labels, weights, cut = shown(name, below, positives)
    predicted = (scores >= cut).astype(int)
    known = {"sample_weight": weights}
    if_none = {**known, "zero_division": 0.0}
    expected = {
        "accuracy": metrics.accuracy_score(labels, predicted, **known),
        "always 0": metrics.accuracy_score(labels, np.zeros_like(labels), **known),
        "precision": metrics.precision_score(labels, predicted, **if_none),
        "recall": metrics.recall_score(labels, predicted, **if_none),
        "f1": metrics.f1_score(labels, predicted, **if_none),
        "roc_auc": metrics.roc_auc_score(labels, scores, **known),
        "average_precision": metrics.average_precision_score(labels, scores, **known),
    }
    assert said_in(view) == pytest.approx(expected, abs=0.005 + 1e-9)
    title = f"At this threshold: precision {said_in(view)['precision']:.2f}, "
    title += f"recall {said_in(view)['recall']:.2f}"
    if not predicted.any():
        title = f"Nothing is predicted positive, and accuracy is {said_in(view)['accuracy']:.2f}"
    assert view.drawing.get_suptitle() == title


@pytest.mark.parametrize(("name", "below", "positives"), SETTINGS)
def test_the_matrix_counts_1000_cases(name, below, positives, shown):
    view, scores, labels, weights, cut = shown(name, below, positives)
    cells = cells_in(view.drawing)
    predicted = (scores >= cut).astype(int)
    matrix = metrics.confusion_matrix(labels, predicted, labels=[0, 1], sample_weight=weights)
    assert cells.sum() == 1000
    assert np.abs(cells - 1000 * matrix / matrix.sum()).max() <= 1
    assert (cells.sum(axis=1) == np.round(1000 * matrix.sum(axis=1) / matrix.sum())).all()


@pytest.mark.parametrize(("name", "below", "positives"), SETTINGS)
def test_curves_and_points_are_those_of_weighted_scikit_learn(name, below, positives, shown):
    view, scores, labels, weights, cut = shown(name, below, positives)
    _, roc, pr = view.drawing.axes
    predicted = scores >= cut
    false, true = predicted[labels == 0].mean(), predicted[labels == 1].mean()
    x, y, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(curve_in(roc), (x, y), atol=1e-12)
    assert points_in(roc) == [pytest.approx((false, true))]
    precisions, recalls, _ = metrics.precision_recall_curve(labels, scores, sample_weight=weights)
    expected = recalls[:-1][::-1], precisions[:-1][::-1]  # its last point has no threshold
    np.testing.assert_allclose(curve_in(pr), expected, atol=1e-12)
    if predicted.any():
        precision = np.average(labels[predicted], weights=weights[predicted])
        assert points_in(pr) == [pytest.approx((true, precision))]
    else:
        assert points_in(pr) == []


def test_the_share_of_positives_moves_the_pr_curve_and_leaves_the_roc_curve():
    views = [explore.threshold(*DATA["logits"]).view(positives=p).drawing for p in (1, 10, 50)]
    rocs = [np.array(curve_in(made.axes[1])) for made in views]
    assert all(np.array_equal(one, other) for one, other in pairwise(rocs))
    areas = [float(made.axes[2].get_title().removeprefix("PR, area ")) for made in views]
    assert areas[0] + 0.1 < areas[1] < areas[2] - 0.1
    assert len({made.axes[1].get_title() for made in views}) == 1


def test_the_pr_curve_has_steps_whose_area_is_average_precision():
    scores, labels = DATA["ties"]
    _, roc, pr = explore.threshold(scores, labels).view().drawing.axes
    [curve] = [line for line in pr.lines if line.get_drawstyle() == "steps-pre"]
    recalls, precisions = curve.get_data()
    area = (np.diff(recalls, prepend=0) * precisions).sum()  # each step is as high as its end
    assert area == pytest.approx(metrics.average_precision_score(labels, scores))
    assert {line.get_drawstyle() for line in roc.lines} == {"default"}


def test_chance_is_dashed_a_diagonal_and_the_share_of_positives():
    _, roc, pr = explore.threshold(*DATA["logits"]).view(positives=30).drawing.axes
    dashed = [
        [(tuple(line.get_xdata()), tuple(line.get_ydata())) for line in axes.lines
         if line.get_linestyle() == "--"]
        for axes in (roc, pr)
    ]  # fmt: skip
    assert dashed == [[((0, 1), (0, 1))], [((0, 1), (0.3, 0.3))]]


def test_right_cells_are_blue_and_wrong_ones_orange_and_each_has_its_name():
    axes = explore.threshold(*DATA["logits"]).view().drawing.axes[0]
    colours = [to_hex(patch.get_facecolor()) for patch in axes.patches]
    names = [text.get_text().replace("\n", " ") for text in axes.texts[1::2]]
    assert list(zip(names, colours, strict=True)) == [
        ("true negative", plot.BLUE),
        ("false positive", plot.ORANGE),
        ("false negative", plot.ORANGE),
        ("true positive", plot.BLUE),
    ]
    places = [text.get_position() for text in axes.texts[::2]]
    assert [(x, int(y)) for x, y in places] == [(0.5, 0), (1.5, 0), (0.5, 1), (1.5, 1)]
    assert axes.yaxis_inverted()  # label 0 in the upper row, as scikit-learn prints it


@pytest.mark.parametrize(
    ("scores", "labels", "below", "positives"),
    [
        (np.linspace(-3, 1, 200), np.arange(200) % 5 == 0, 75, 20),  # 150 of 200 below 0
        (np.linspace(0, 1, 200), np.arange(200) % 5 == 0, 50, 20),  # 100 below 0.5
        (np.linspace(1, 2, 10), np.arange(10) > 0, 1, 50),  # all above 0; 90 % positives
        (np.linspace(-2, -1, 500), np.arange(500) == 0, 99, 1),  # all below 0; 0.2 % positives
    ],
)
def test_it_begins_at_the_usual_threshold_and_at_the_share_in_the_data(
    scores, labels, below, positives
):
    settings = explore.threshold(scores, labels).settings()
    assert settings == {"below": below, "positives": positives}


def test_at_the_start_the_numbers_are_those_of_the_data_to_the_last_digit():
    scores, labels = DATA["logits"]  # 12.4 % positives, and the slider stands on 12
    assert labels.mean() == 0.124
    view = explore.threshold(scores, labels).view()
    assert "scores from ≈ 0 on. Positives: ≈ 12.4 %, as in the data." in view.caption
    assert said_in(view)["always 0"] == 0.88
    assert explore.threshold(scores, labels).settings()["positives"] == 12
    counts = metrics.confusion_matrix(labels, scores > 0)  # of 500 cases
    assert (cells_in(view.drawing) == 2 * counts).all()


def test_a_share_by_weights_is_said_and_so_is_a_threshold_above_all():
    view = explore.threshold(*DATA["logits"]).view(below=100, positives=3)
    assert view.caption.startswith("Predicted positive: nothing. Positives: 3 %, by weights. ")
    assert (cells_in(view.drawing) == [[970, 0], [30, 0]]).all()
    everything = explore.threshold(*DATA["logits"]).view(below=0, positives=3)
    assert (cells_in(everything.drawing) == [[0, 970], [0, 30]]).all()


KINDS = {
    "lists": (list, list),
    "tensors that learn": (lambda s: torch.tensor(s, requires_grad=True), torch.tensor),
    "half precision": (lambda s: torch.tensor(s).half().float(), torch.tensor),
    "bools": (np.asarray, lambda labels: np.asarray(labels) == 1),
}


@pytest.mark.parametrize("kind", KINDS)
def test_scores_and_labels_may_be_lists_arrays_and_tensors(kind):
    scores, labels = [-1.5, -0.5, 0.5, 1.5, 2.5], [0, 1, 0, 1, 1]
    make_scores, make_labels = KINDS[kind]
    explorer = explore.threshold(make_scores(scores), make_labels(labels))
    assert not explorer.draw.args[0].scores.requires_grad  # it would hold a graph alive
    view = explorer.view(positives=50)
    assert said_in(view)["roc_auc"] == 0.83  # 5 of 6 pairs in order
    assert (cells_in(view.drawing) == [[250, 250], [167, 333]]).all()


@pytest.mark.parametrize(
    ("scores", "labels", "said"),
    [
        ([0.1, 0.2], [1, 1], "got only the label 1, expected both 0 and 1"),
        ([0.1, 0.2], [0, 0], "got only the label 0, expected both 0 and 1"),
        ([0.1, 0.2], [0, 2], "got the label 2, expected 0 and 1"),
        ([0.1, 0.2, 0.3], [0, 1], "got scores (3,) and labels (2,), expected (N,) for both"),
        ([[0.1], [0.2]], [0, 1], "got scores (2, 1) and labels (2,)"),
        ([], torch.tensor([], dtype=torch.long), "got scores (0,) and labels (0,)"),
        ([0.1, float("nan")], [0, 1], "got scores with a NaN or an infinite number"),
        ([0.1, 0.2], [0.0, 1.0], "got labels of torch.float32, expected whole numbers"),
    ],
)
def test_scores_and_labels_that_answer_nothing_are_refused(scores, labels, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        explore.threshold(scores, labels)


@pytest.mark.parametrize("name", DATA)
def test_every_text_stands_inside_the_figure_and_none_on_another(name, shown):
    for below, positives in product([0, 50, 100], [1, 50]):
        made = shown(name, below, positives)[0].drawing
        FigureCanvasAgg(made)
        made.draw_without_rendering()
        boxes = []
        for axes in made.axes:
            texts = [*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label]
            texts += [*axes.get_xticklabels(), *axes.get_yticklabels()]
            boxes += [(text.get_text(), text.get_window_extent()) for text in texts]
        boxes += [("title", made._suptitle.get_window_extent())]
        for text, box in boxes:
            assert 0 <= box.x0 <= box.x1 <= made.bbox.x1, text
            assert 0 <= box.y0 <= box.y1 <= made.bbox.y1, text
        for (one, box), (other, second) in product(boxes, boxes):
            assert one == other or not box.padded(-1).overlaps(second), (one, other)


def test_drawing_changes_neither_the_data_nor_the_random_state():
    scores, labels = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 1])
    before, random_state = (scores.clone(), labels.clone()), torch.get_rng_state()
    explorer = explore.threshold(scores, labels)
    captions = {explorer.view().caption for _ in range(2)}
    assert len(captions) == 1
    assert torch.equal(scores, before[0])
    assert torch.equal(labels, before[1])
    assert torch.equal(torch.get_rng_state(), random_state)


def test_there_are_as_many_cases_as_the_title_says():
    made = explore.threshold(*DATA["logits"]).view().drawing
    assert made.axes[0].get_title() == f"of {nb04.CASES:,} cases"
    assert cells_in(made).sum() == nb04.CASES
