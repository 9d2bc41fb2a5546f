"""Accuracy, confusion, precision, recall and F1 by hand: scikit-learn's values, clear errors."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import metrics

from course_lib.metric import accuracy, confusion_matrix, f1, precision, recall

PAIRS = [
    (precision, metrics.precision_score),
    (recall, metrics.recall_score),
    (f1, metrics.f1_score),
]
ALL = (accuracy, confusion_matrix, precision, recall, f1)


def drawn(N, C, seed):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randint(C, (2, N), generator=generator))


# predictions, labels
BINARY = {
    "random": drawn(50, 2, 0),
    "all right": ([0, 1, 1], [0, 1, 1]),
    "all wrong": ([1, 0, 0], [0, 1, 1]),
    "never predicted": ([0, 0, 0], [0, 1, 1]),
    "always predicted": ([1, 1, 1], [0, 1, 1]),
    "never there": ([0, 1, 0], [0, 0, 0]),
    "neither": ([0, 0, 0], [0, 0, 0]),
    "nothing but it": ([1, 1], [1, 1]),
    "a single hit": ([1], [1]),
    "a single miss": ([0], [1]),
    "a single false alarm": ([1], [0]),
}
CLASSES = {
    "random": drawn(100, 4, 1),
    "few": drawn(5, 4, 2),
    "all right": ([0, 1, 2, 3], [0, 1, 2, 3]),
    "one class absent": ([0, 2, 2, 3], [0, 3, 2, 3]),
    "one class only predicted": ([0, 1, 2, 3], [0, 2, 2, 3]),
    "one class never predicted": ([0, 2, 2, 3], [0, 1, 2, 3]),
    "one prediction for all": ([1, 1, 1, 1, 1], [0, 1, 2, 3, 1]),
    "one class in all": ([2, 2], [2, 2]),
    "a single one": ([3], [3]),
    "a single wrong one": ([3], [1]),
}


@pytest.mark.parametrize(("predictions", "labels"), [*BINARY.values(), *CLASSES.values()])
def test_accuracy_and_confusion_matrix_are_scikit_learns(predictions, labels):
    assert accuracy(predictions, labels) == pytest.approx(
        metrics.accuracy_score(labels, predictions), abs=1e-15
    )
    expected = metrics.confusion_matrix(labels, predictions, labels=range(4))
    found = confusion_matrix(predictions, labels, num_classes=4)
    assert found.dtype == torch.int64 and found.tolist() == expected.tolist()


@pytest.mark.parametrize(("predictions", "labels"), BINARY.values(), ids=BINARY)
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_binary_values_are_scikit_learns(ours, theirs, predictions, labels):
    found = ours(predictions, labels)
    assert type(found) is float
    assert found == pytest.approx(theirs(labels, predictions, zero_division=0), abs=1e-15)


@pytest.mark.parametrize("average", ["macro", "micro"])
@pytest.mark.parametrize(("predictions", "labels"), [*BINARY.values(), *CLASSES.values()])
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_averages_are_scikit_learns(ours, theirs, predictions, labels, average):
    expected = theirs(labels, predictions, average=average, zero_division=0)
    for num_classes in (None, 4, 9):  # classes that do not occur change no average
        found = ours(predictions, labels, average=average, num_classes=num_classes)
        assert type(found) is float
        assert found == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(("predictions", "labels"), [*BINARY.values(), *CLASSES.values()])
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_the_values_of_each_class_are_scikit_learns(ours, theirs, predictions, labels):
    found = ours(predictions, labels, average=None, num_classes=5)
    expected = theirs(labels, predictions, labels=range(5), average=None, zero_division=0)
    assert all(type(value) is float for value in found)
    assert found == pytest.approx(expected.tolist(), abs=1e-15)


def test_a_confusion_matrix_by_hand():
    # Of three 0s, one was taken for a 1 and one for a 2; the 2 was taken for a 1.
    assert confusion_matrix([0, 1, 2, 1], [0, 0, 0, 2]).tolist() == [
        [1, 1, 1],
        [0, 0, 0],
        [0, 1, 0],
    ]


def test_precision_recall_and_f1_by_hand():
    predictions, labels = [1, 1, 1, 0, 0], [1, 0, 0, 1, 0]  # 1 hit of 3 predicted, of 2 there
    assert precision(predictions, labels) == pytest.approx(1 / 3)
    assert recall(predictions, labels) == pytest.approx(1 / 2)
    assert f1(predictions, labels) == pytest.approx(2 / 5)
    assert accuracy(predictions, labels) == pytest.approx(2 / 5)


def test_a_model_that_predicts_one_class_is_accurate_and_has_a_low_macro_f1():
    labels = [0] * 95 + [1] * 5
    assert accuracy([0] * 100, labels) == 0.95
    assert f1([0] * 100, labels) == 0.0
    # F1 of class 0: 2 * 95 / (100 + 95).
    assert f1([0] * 100, labels, average="macro") == pytest.approx(190 / 195 / 2)


def test_without_num_classes_there_are_as_many_as_the_largest_says():
    assert confusion_matrix([0, 1], [0, 3]).shape == (4, 4)
    assert confusion_matrix([4, 1], [0, 3]).shape == (5, 5)
    assert f1([0, 3], [0, 3], average=None) == [1.0, 0.0, 0.0, 1.0]


KINDS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "series": pd.Series,
    "booleans": lambda values: torch.tensor(values) == 1,
    "small": lambda values: torch.tensor(values, dtype=torch.uint8),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("metric", ALL)
def test_classes_of_every_kind(metric, kind):
    predictions, labels = [0, 1, 1, 0, 1], [0, 1, 0, 1, 1]
    found = metric(kind(predictions), kind(labels))
    expected = metric(torch.tensor(predictions), torch.tensor(labels))
    if metric is confusion_matrix:
        found, expected = found.tolist(), expected.tolist()
    assert found == expected


def test_many_small_whole_numbers_do_not_overflow():
    ids = torch.arange(200, dtype=torch.uint8)
    assert confusion_matrix(ids, ids).trace() == 200


# Bad input.


def said_by(metric, *arguments, **options):
    with pytest.raises(ValueError) as caught:
        metric(*arguments, **options)
    return str(caught.value)


NO_MATCH = "expected (N,) for both, not empty. Is one of them (N, 1)? Squeeze it."
BAD_INPUTS = {
    "fewer labels": ([0, 1, 1], [0, 1], f"got predictions (3,) and labels (2,), {NO_MATCH}"),
    "(N, 1)": ([[0], [1]], [0, 1], f"got predictions (2, 1) and labels (2,), {NO_MATCH}"),
    "both (N, 1)": ([[0], [1]], [[0], [1]], "got predictions (2, 1) and labels (2, 1), expected"),
    "one number": (1, 1, "got predictions () and labels (), expected (N,) for both, not empty."),
    "empty": ([], [], "got predictions (0,) and labels (0,), expected (N,) for both, not empty."),
    "float labels": (
        [0, 1],
        [0.0, 1.0],
        (
            "got labels of torch.float32, expected whole numbers, the classes' places. Try "
            ".long(), or .argmax(dim=-1) first where they are logits."
        ),
    ),
    "logits": (torch.zeros(2, 3), [0, 1], "got predictions of torch.float32, expected whole num"),
    "padding": (
        [0, 1],
        [0, -100],
        (
            "got the class -100 in labels, expected 0 or more. Is it padding? Leave it out first: "
            "keep = labels != -100."
        ),
    ),
    "a class below 0": ([0, -1], [0, 1], "got the class -1 in predictions, expected 0 or more."),
}


@pytest.mark.parametrize(("predictions", "labels", "said"), BAD_INPUTS.values(), ids=BAD_INPUTS)
@pytest.mark.parametrize("metric", ALL)
def test_predictions_that_cannot_be_counted_are_said(metric, predictions, labels, said):
    assert said_by(metric, predictions, labels).startswith(f"{metric.__name__}: {said}")


@pytest.mark.parametrize("metric", ALL[1:])
@pytest.mark.parametrize(("predictions", "labels"), [([0, 2], [0, 1]), ([0, 1], [0, 2])])
def test_a_class_outside_the_given_ones_is_said(metric, predictions, labels):
    assert said_by(metric, predictions, labels, num_classes=2) == (
        f"{metric.__name__}: got the class 2, expected 0 to 1, since num_classes = 2. Do the "
        "classes count from 1?"
    )


@pytest.mark.parametrize("metric", ALL[1:])
@pytest.mark.parametrize("value", [0, -1, 2.0, "2"])
def test_a_number_of_classes_that_is_none_is_said(metric, value):
    assert said_by(metric, [0], [0], num_classes=value) == (
        f"{metric.__name__}: got num_classes = {value!r}, expected a whole number from 1. Leave it "
        "out to take the largest class + 1."
    )


@pytest.mark.parametrize("metric", ALL[2:])
def test_an_unknown_average_is_said(metric):
    assert said_by(metric, [0], [0], average="mean") == (
        f"{metric.__name__}: got average = 'mean', expected one of 'binary', 'macro', 'micro', "
        "None. Try 'macro', where every class counts alike."
    )


@pytest.mark.parametrize("metric", ALL[2:])
@pytest.mark.parametrize(("labels", "options"), [([0, 2], {}), ([0, 1], {"num_classes": 3})])
def test_binary_with_more_than_two_classes_is_said(metric, labels, options):
    assert said_by(metric, [0, 1], labels, **options) == (
        f"{metric.__name__}: got 3 classes with average = 'binary', expected 0 and 1. Try 'macro', "
        "where every class counts alike."
    )
