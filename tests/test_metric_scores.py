"""Curves, rankings and errors by hand: scikit-learn's values, ties included, and clear errors."""

import math

import numpy as np
import pytest
import torch
from sklearn import metrics

from course_lib.metric import (
    average_precision,
    mean_absolute_error,
    mean_average_precision,
    mean_reciprocal_rank,
    mean_squared_error,
    ndcg,
    precision_recall_curve,
    roc_auc,
    roc_curve,
)

ROC, PR = (roc_curve, roc_auc), (precision_recall_curve, average_precision)
RANKING = (mean_reciprocal_rank, mean_average_precision, ndcg)
ERRORS = (mean_absolute_error, mean_squared_error)


def said_by(metric, *arguments, **options):
    with pytest.raises(ValueError) as caught:
        metric(*arguments, **options)
    return str(caught.value)


def scored(N, levels, seed):
    """Random scores, few levels of them for many ties, and labels that hold both."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.arange(N) % 3 == 0).astype(int)
    return generator.integers(levels, size=N) / levels, labels


# Curves.

CURVES = {
    **{
        f"{N} of {levels}": scored(N, levels, N)
        for N in (2, 3, 50, 500)
        for levels in (2, 5, 10**6)
    },
    "constant": ([0.5, 0.5, 0.5], [0, 1, 0]),
    "all in order": ([0.1, 0.2, 0.9], [0, 0, 1]),
    "all in reverse": ([0.9, 0.2, 0.1], [0, 0, 1]),
    "logits": ([-3.0, 5.0, 0.0, -1e6], [0, 1, 1, 0]),
    "a tie of both": ([0.1, 0.5, 0.5, 0.8], [0, 0, 1, 1]),
    "nearly equal": ([0.5, np.nextafter(0.5, 1), 0.5], [1, 0, 0]),
}
ONLY_POSITIVES = {"only positives": ([0.1, 0.4, 0.4], [1, 1, 1]), "a single one": ([0.3], [1])}


@pytest.mark.parametrize(("scores", "labels"), CURVES.values(), ids=CURVES)
def test_the_roc_curve_and_its_area_are_scikit_learns(scores, labels):
    expected = metrics.roc_curve(labels, scores, drop_intermediate=False)
    for ours, theirs in zip(roc_curve(scores, labels), expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=1e-15)
    found = roc_auc(scores, labels)
    assert type(found) is float
    assert found == pytest.approx(metrics.roc_auc_score(labels, scores), abs=1e-14)


@pytest.mark.parametrize(("scores", "labels"), CURVES.values(), ids=CURVES)
def test_the_area_is_how_often_a_positive_scores_higher(scores, labels):
    scores, labels = np.array(scores), np.array(labels)
    gaps = scores[labels == 1][:, None] - scores[labels == 0]
    expected = ((gaps > 0) + (gaps == 0) / 2).mean()
    assert roc_auc(scores, labels) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(("scores", "labels"), (CURVES | ONLY_POSITIVES).values())
def test_the_precision_recall_curve_and_its_area_are_scikit_learns(scores, labels):
    expected = metrics.precision_recall_curve(labels, scores)
    for ours, theirs in zip(precision_recall_curve(scores, labels), expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=1e-15)
    found = average_precision(scores, labels)
    assert type(found) is float
    assert found == pytest.approx(metrics.average_precision_score(labels, scores), abs=1e-14)


def test_constant_scores_are_worth_chance():
    labels = [1, 0, 0, 0]
    assert roc_auc([0.3] * 4, labels) == 0.5
    assert average_precision([0.3] * 4, labels) == 0.25


def test_curves_by_hand():
    scores, labels = [0.9, 0.8, 0.7], [1, 0, 1]
    false_rates, true_rates, thresholds = roc_curve(scores, labels)
    assert false_rates.tolist() == [0, 0, 1, 1]
    assert true_rates.tolist() == [0, 0.5, 0.5, 1]
    assert thresholds.tolist() == [math.inf, 0.9, 0.8, 0.7]
    assert roc_auc(scores, labels) == 0.5
    precisions, recalls, thresholds = precision_recall_curve(scores, labels)
    assert precisions.tolist() == [2 / 3, 0.5, 1, 1]
    assert recalls.tolist() == [1, 0.5, 0.5, 0]
    assert thresholds.tolist() == [0.7, 0.8, 0.9]
    assert average_precision(scores, labels) == pytest.approx(1 / 2 + 2 / 3 / 2)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("metric", [roc_auc, average_precision])
def test_scores_of_every_precision_that_still_have_a_graph(metric, dtype):
    scores = torch.tensor([0.5, 0.25, 0.125, 0.5], dtype=dtype, requires_grad=True)
    labels = torch.tensor([True, False, True, False])
    assert metric(scores, labels) == metric([0.5, 0.25, 0.125, 0.5], [1, 0, 1, 0])


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("metric", ROC)
def test_a_roc_curve_of_one_class_is_said(metric, label):
    assert said_by(metric, [0.1, 0.4], [label, label]) == (
        f"{metric.__name__}: got only the label {label}, expected both 0 and 1: it compares "
        "positives with negatives. Take more data, or look at how it was split."
    )


@pytest.mark.parametrize("metric", PR)
def test_a_precision_recall_curve_without_a_positive_is_said(metric):
    assert said_by(metric, [0.1, 0.4], [0, 0]) == (
        f"{metric.__name__}: got only the label 0, expected at least one 1: recall is a share of "
        "the positives. Take more data, or look at how it was split."
    )


BAD_SCORES = {
    "fewer labels": ([0.1, 0.2], [1], "got scores (2,) and labels (1,), expected (N,) for both"),
    "(N, 1)": (torch.zeros(2, 1), [0, 1], "got scores (2, 1) and labels (2,), expected (N,) for"),
    "(N, C)": (torch.zeros(2, 3), [0, 1], "got scores (2, 3) and labels (2,), expected (N,) for"),
    "empty": ([], [], "got scores (0,) and labels (0,), expected (N,) for both, not empty."),
    "NaN": (
        [0.1, math.nan],
        [0, 1],
        (
            "got scores with a NaN or an infinite number, expected finite ones. Look at where they "
            "come from: the model's output, or a gap in the data."
        ),
    ),
    "infinite": ([0.1, -math.inf], [0, 1], "got scores with a NaN or an infinite number, expected"),
    "float labels": ([0.1, 0.2], [0.0, 1.0], "got labels of torch.float32, expected whole numbers"),
    "three classes": (
        [0.1, 0.2, 0.3],
        [0, 1, 2],
        (
            "got the label 2, expected 0 and 1. With more classes ask about one at a time: "
            "scores[:, c] and (labels == c).long()."
        ),
    ),
    "-1 for 0": ([0.1, 0.2], [-1, 1], "got the class -1 in labels, expected 0 or more."),
}


@pytest.mark.parametrize(("scores", "labels", "said"), BAD_SCORES.values(), ids=BAD_SCORES)
@pytest.mark.parametrize("metric", [*ROC, *PR])
def test_scores_without_a_curve_are_said(metric, scores, labels, said):
    assert said_by(metric, scores, labels).startswith(f"{metric.__name__}: {said}")


# Rankings.


def ranked(Q, D, levels, seed, most=1):
    generator = np.random.default_rng(seed)
    scores = generator.integers(levels, size=(Q, D)) / levels
    return scores, generator.integers(most + 1, size=(Q, D))


SIZES = [(1, 2), (1, 7), (5, 2), (20, 10)]
LEVELS = [1, 3, 10**6]  # 1: all scores equal


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize(("Q", "D"), SIZES)
def test_map_is_the_mean_of_scikit_learns_average_precision(Q, D, levels):
    scores, labels = ranked(Q, D, levels, seed=Q * D)
    labels[:, 0] = 1
    pairs = zip(labels, scores, strict=True)
    expected = np.mean([metrics.average_precision_score(*pair) for pair in pairs])
    found = mean_average_precision(scores, labels)
    assert type(found) is float
    assert found == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize(("Q", "D"), SIZES)
def test_mrr_with_one_relevant_document_is_scikit_learns(Q, D, levels):
    scores, _ = ranked(Q, D, levels, seed=Q + D)
    labels = np.eye(D, dtype=int)[np.random.default_rng(0).integers(D, size=Q)]
    expected = metrics.label_ranking_average_precision_score(labels, scores)
    found = mean_reciprocal_rank(scores, labels)
    assert type(found) is float
    assert found == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_mrr_with_many_relevant_documents_is_the_place_of_the_first(seed):
    generator = np.random.default_rng(seed)
    scores, labels = generator.random((8, 6)), generator.integers(2, size=(8, 6))
    labels[:, 1] = 1
    places = [
        row[np.argsort(-score)].argmax() + 1 for score, row in zip(scores, labels, strict=True)
    ]
    assert mean_reciprocal_rank(scores, labels) == pytest.approx(np.mean(1 / np.array(places)))


@pytest.mark.parametrize("k", [None, 1, 3, 100])
@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize(("Q", "D"), SIZES)
def test_ndcg_is_scikit_learns(Q, D, levels, k):
    scores, labels = ranked(Q, D, levels, seed=Q * D, most=4)
    found = ndcg(scores, labels, k=k)
    assert type(found) is float
    assert found == pytest.approx(metrics.ndcg_score(labels, scores, k=k), abs=1e-14)


def test_ndcg_takes_labels_that_are_no_whole_numbers():
    scores, labels = [[0.3, 0.2, 0.1]], [[0.5, 0.0, 2.5]]
    expected = metrics.ndcg_score(labels, scores)
    assert ndcg(scores, labels) == pytest.approx(expected, abs=1e-14)


def test_rankings_by_hand():
    scores, labels = [[0.9, 0.5, 0.1], [0.9, 0.5, 0.1]], [[1, 0, 1], [0, 0, 1]]
    assert mean_reciprocal_rank(scores, labels) == pytest.approx((1 + 1 / 3) / 2)
    assert mean_average_precision(scores, labels) == pytest.approx(((1 + 2 / 3) / 2 + 1 / 3) / 2)
    first = (1 + 1 / 2) / (1 + 1 / math.log2(3))
    assert ndcg(scores, labels) == pytest.approx((first + 1 / 2) / 2)


def test_a_tie_counts_against_the_relevant_document():
    # The relevant ones tie with one other: it stands before them, and after it they are second.
    assert mean_reciprocal_rank([[0.5, 0.5, 0.5, 0.1]], [[1, 0, 1, 0]]) == 1 / 2


@pytest.mark.parametrize("metric", RANKING)
def test_a_query_without_a_relevant_document_counts_0(metric):
    scores = [[0.9, 0.5], [0.9, 0.5]]
    assert metric(scores, [[1, 0], [0, 0]]) == 0.5
    assert metric(scores, [[0, 0], [0, 0]]) == 0.0


BAD_RANKINGS = {
    "one document": (
        [[0.1], [0.2]],
        [[1], [0]],
        (
            "got (2, 1), one document a query, expected two or more: one alone is always in order. "
            "Is a row a query, and a column a document?"
        ),
    ),
    "one query as a row": (
        [0.1, 0.2],
        [1, 0],
        "got scores (2,) and labels (2,), expected (Q, D) for both, not empty. One query is ",
    ),
    "other shapes": ([[0.1, 0.2]], [[1, 0, 0]], "got scores (1, 2) and labels (1, 3), expected"),
    "no queries": (torch.zeros(0, 3), torch.zeros(0, 3), "got scores (0, 3) and labels (0, 3), ex"),
    "NaN": ([[0.1, math.nan]], [[1, 0]], "got scores with a NaN or an infinite number, expected"),
}


@pytest.mark.parametrize(("scores", "labels", "said"), BAD_RANKINGS.values(), ids=BAD_RANKINGS)
@pytest.mark.parametrize("metric", RANKING)
def test_what_cannot_be_ranked_is_said(metric, scores, labels, said):
    assert said_by(metric, scores, labels).startswith(f"{metric.__name__}: {said}")


@pytest.mark.parametrize("metric", RANKING[:2])
def test_labels_that_are_not_0_or_1_are_said(metric):
    name = metric.__name__
    assert said_by(metric, [[0.1, 0.2]], [[0, 2]]).startswith(f"{name}: got the label 2, expected")
    assert said_by(metric, [[0.1, 0.2]], [[0.0, 1.0]]).startswith(f"{name}: got labels of torch.fl")


@pytest.mark.parametrize("k", [0, -1, 2.0, "2"])
def test_a_k_that_is_no_number_of_places_is_said(k):
    assert said_by(ndcg, [[0.1, 0.2]], [[0, 1]], k=k) == (
        f"ndcg: got k = {k!r}, expected a whole number from 1. Leave it out for all places."
    )


def test_a_relevance_below_0_or_none_at_all_is_said():
    assert said_by(ndcg, [[0.1, 0.2]], [[0, -1]]) == (
        "ndcg: got the label -1, expected 0 or more: 0 is of no use. Shift the labels so that the "
        "worst is 0."
    )
    assert said_by(ndcg, [[0.1, 0.2]], [[0, math.nan]]).startswith("ndcg: got labels with a NaN or")


# Errors of numbers.


@pytest.mark.parametrize("N", [1, 2, 100])
def test_mae_and_mse_are_scikit_learns(N):
    predictions, labels = np.random.default_rng(N).normal(size=(2, N))
    for ours, theirs in (
        (mean_absolute_error, metrics.mean_absolute_error),
        (mean_squared_error, metrics.mean_squared_error),
    ):
        found = ours(predictions, labels)
        assert type(found) is float
        assert found == pytest.approx(theirs(labels, predictions), rel=1e-14)


def test_mae_and_mse_by_hand():
    predictions, labels = torch.tensor([1.0, 2.0, 6.0], requires_grad=True), [1, 4, 2]
    assert mean_absolute_error(predictions, labels) == 2.0
    assert mean_squared_error(predictions, labels) == pytest.approx(20 / 3)
    assert mean_absolute_error(labels, labels) == mean_squared_error(labels, labels) == 0.0


@pytest.mark.parametrize("metric", ERRORS)
@pytest.mark.parametrize(
    ("first", "second"), [((3, 1), (3,)), ((3,), (3, 1)), ((3,), (4,)), ((0,), (0,)), ((), ())]
)
def test_numbers_that_cannot_be_compared_are_said(metric, first, second):
    assert said_by(metric, torch.zeros(first), torch.zeros(second)) == (
        f"{metric.__name__}: got predictions {first} and labels {second}, expected (N,) for both, "
        "not empty. Is one of them (N, 1)? Squeeze it."
    )


@pytest.mark.parametrize("metric", ERRORS)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_are_none_are_said(metric, value):
    name = metric.__name__
    assert said_by(metric, [value], [1]).startswith(f"{name}: got predictions with a NaN or an")
    assert said_by(metric, [1], [value]).startswith(f"{name}: got labels with a NaN or an infinite")
