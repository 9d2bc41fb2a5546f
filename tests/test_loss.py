"""Losses by hand: equal to PyTorch's, gradients too, and clear about what they cannot compare."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_lib.loss import BCEWithLogitsLoss, CrossEntropyLoss, FocalLoss, L1Loss, MSELoss

CLASSES = (CrossEntropyLoss, FocalLoss)
WEIGHT = torch.tensor([0.2, 1.0, 3.0, 0.5])


def batch(B=16, C=4, seed=0, dtype=torch.float64, scale=3.0):
    generator = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(B, C, generator=generator, dtype=torch.float64)
    return logits.to(dtype), torch.randint(C, (B,), generator=generator)


def value_and_gradient(loss, predictions, labels):
    predictions = predictions.clone().requires_grad_()
    value = loss(predictions, labels)
    value.backward()
    return value.detach(), predictions.grad


def assert_equal_with_gradient(found, expected, predictions, labels, **tolerance):
    ours = value_and_gradient(found, predictions, labels)
    theirs = value_and_gradient(expected, predictions, labels)
    assert ours[0].shape == ()
    torch.testing.assert_close(ours, theirs, **tolerance)


# Cross-entropy.


def test_cross_entropy_by_hand():
    logits = torch.tensor([[1.0, 3.0], [2.0, 2.0]]).log()  # probabilities 1/4, 3/4 and 1/2, 1/2
    loss = CrossEntropyLoss()(logits, torch.tensor([1, 0]))
    assert loss.item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2, rel=1e-6)


def test_a_weighted_mean_by_hand():
    logits = torch.tensor([[1.0, 3.0], [1.0, 1.0]]).log()
    loss = CrossEntropyLoss(torch.tensor([6.0, 2.0]))(logits, torch.tensor([1, 0]))
    expected = (2 * math.log(4 / 3) + 6 * math.log(2)) / (2 + 6)
    assert loss.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["alike", "weighted"])
@pytest.mark.parametrize("B", [1, 2, 50])
def test_cross_entropy_and_its_gradient_are_pytorchs(B, weight, smoothing, dtype):
    logits, labels = batch(B, seed=B, dtype=dtype)
    weight = None if weight is None else weight.to(dtype)
    expected = nn.CrossEntropyLoss(weight, label_smoothing=smoothing)
    found = CrossEntropyLoss(weight, label_smoothing=smoothing)
    assert_equal_with_gradient(found, expected, logits, labels)


EDGES = {
    "large": (torch.tensor([[1e4, 1e4 - 1], [-1e4, 1e4]]), [0, 0]),
    "huge": (torch.tensor([[1e30, -1e30], [0.0, 1e30]]), [0, 1]),
    "constant": (torch.full((3, 2), 7.0), [0, 1, 1]),
    "one class absent": (torch.tensor([[0.0, 1, 2], [3, 4, 6]]), [0, 2]),
    "one class only": (torch.tensor([[0.0, 1, 2], [3, 4, 6]]), [2, 2]),
    "one class in all": (torch.tensor([[3.0], [-2.0]]), [0, 0]),
    "a class ruled out": (torch.tensor([[0.0, -math.inf, 1.0]]), [2]),
    "the label ruled out": (torch.tensor([[0.0, -math.inf, 1.0]]), [1]),
}


@pytest.mark.parametrize(("logits", "labels"), EDGES.values(), ids=EDGES)
def test_cross_entropy_is_pytorchs_at_the_edges(logits, labels):
    assert_equal_with_gradient(
        CrossEntropyLoss(), nn.CrossEntropyLoss(), logits, torch.tensor(labels)
    )


def test_a_class_of_weight_0_does_not_count():
    logits, labels = batch(20)
    weight = torch.tensor([0.0, 1, 1, 1], dtype=torch.float64)
    counted = labels != 0
    assert 0 < counted.sum() < 20
    expected = F.cross_entropy(logits[counted], labels[counted])
    torch.testing.assert_close(CrossEntropyLoss(weight)(logits, labels), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("loss", CLASSES)
def test_half_precision_logits_are_raised_first(loss, dtype):
    logits, labels = batch(8, dtype=dtype)
    found = loss()(logits, labels)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, loss()(logits.float(), labels))


# Focal loss.


@pytest.mark.parametrize("weight", [None, WEIGHT.double()], ids=["alike", "weighted"])
def test_focal_loss_with_gamma_0_is_cross_entropy(weight):
    assert_equal_with_gradient(FocalLoss(0.0, weight), nn.CrossEntropyLoss(weight), *batch(30))


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("weight", [None, WEIGHT.double()], ids=["alike", "weighted"])
def test_focal_loss_is_what_the_paper_writes(weight, gamma):
    def expected(logits, labels):
        p = logits.softmax(dim=1)[torch.arange(len(labels)), labels]
        counts = torch.ones(4, dtype=torch.float64) if weight is None else weight
        terms = -((1 - p) ** gamma) * p.log() * counts[labels]
        return terms.sum() / counts[labels].sum()

    assert_equal_with_gradient(FocalLoss(gamma, weight), expected, *batch(30))


def test_focal_loss_by_hand():
    logits = torch.tensor([[1.0, 3.0]]).log()
    found = FocalLoss(gamma=2.0)(logits, torch.tensor([1]))
    assert found.item() == pytest.approx((1 / 4) ** 2 * math.log(4 / 3), rel=1e-6)


@pytest.mark.parametrize("gamma", [0.0, 0.01, 0.5, 1.0, 2.0])
def test_the_gradient_of_focal_loss_is_0_where_the_model_is_sure(gamma):
    value, gradient = value_and_gradient(
        FocalLoss(gamma), torch.tensor([[200.0, 0.0]]), torch.tensor([0])
    )
    assert value.item() == 0
    assert gradient.tolist() == [[0, 0]]


# Weights, labels and modules.


@pytest.mark.parametrize("loss", CLASSES)
def test_the_weight_is_a_buffer_that_moves_with_the_module(loss):
    module = loss(weight=WEIGHT)
    assert list(module.state_dict()) == ["weight"] and not list(module.parameters())
    assert module.double().weight.dtype == torch.float64
    assert module.to("meta").weight.device.type == "meta"
    assert list(loss().state_dict()) == []


@pytest.mark.parametrize("loss", CLASSES)
def test_a_weight_of_another_precision_is_taken(loss):
    logits, labels = batch()
    torch.testing.assert_close(
        loss(weight=WEIGHT)(logits, labels), loss(weight=WEIGHT.double())(logits, labels)
    )


@pytest.mark.parametrize("kind", [torch.uint8, torch.int32, torch.int64, "list", "array"])
@pytest.mark.parametrize("loss", CLASSES)
def test_labels_of_every_whole_kind(loss, kind):
    logits, labels = batch()
    kinds = {"list": labels.tolist, "array": labels.numpy}
    given = kinds[kind]() if kind in kinds else labels.to(kind)
    assert torch.equal(loss()(logits, given), loss()(logits, labels))


@pytest.mark.parametrize("loss", [*CLASSES, BCEWithLogitsLoss, MSELoss, L1Loss])
def test_a_loss_is_a_module_without_parameters(loss):
    assert isinstance(loss(), nn.Module)
    assert list(loss().parameters()) == []


# Binary cross-entropy, squared and absolute error.


ELEMENTWISE = [
    (BCEWithLogitsLoss, nn.BCEWithLogitsLoss),
    (MSELoss, nn.MSELoss),
    (L1Loss, nn.L1Loss),
]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (5, 1), (5, 3)])
@pytest.mark.parametrize(("ours", "theirs"), ELEMENTWISE)
def test_the_others_and_their_gradients_are_pytorchs(ours, theirs, shape, dtype):
    generator = torch.Generator().manual_seed(1)
    predictions = 4 * torch.randn(shape, generator=generator, dtype=dtype)
    labels = torch.rand(shape, generator=generator, dtype=dtype)
    assert_equal_with_gradient(ours(), theirs(), predictions, labels)


def test_binary_cross_entropy_is_pytorchs_at_the_edges():
    logits = torch.tensor([0.0, 0.0, 20.0, -20.0, 100.0, -100.0, 1e30, 1e4, -1e4])
    labels = torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    for logit, label in zip(logits, labels, strict=True):
        assert_equal_with_gradient(
            BCEWithLogitsLoss(), nn.BCEWithLogitsLoss(), logit, label, rtol=1e-6, atol=1e-8
        )


def test_binary_cross_entropy_keeps_the_digits_of_a_sure_answer():
    found = BCEWithLogitsLoss()(torch.tensor([20.0, -20.0]), torch.tensor([1, 0]))
    assert found.item() == pytest.approx(math.log1p(math.exp(-20)), rel=1e-6)


def test_by_hand():
    predictions, labels = torch.tensor([1.0, 2.0, 6.0]), torch.tensor([1, 4, 2])
    assert MSELoss()(predictions, labels).item() == pytest.approx((0 + 4 + 16) / 3)
    assert L1Loss()(predictions, labels).item() == pytest.approx((0 + 2 + 4) / 3)
    odds = torch.tensor([3.0, 3.0]).log()  # a probability of 3/4
    found = BCEWithLogitsLoss()(odds, torch.tensor([True, False]))
    assert found.item() == pytest.approx((math.log(4 / 3) + math.log(4)) / 2)


def test_equal_predictions_have_no_error():
    assert MSELoss()(torch.ones(3), torch.ones(3)).item() == 0
    assert L1Loss()(torch.ones(3), torch.ones(3)).item() == 0


# Bad input.


def said_by(loss, *arguments):
    with pytest.raises(ValueError) as caught:
        loss(*arguments)
    return str(caught.value)


def zeros(*shape):
    return torch.zeros(*shape)


WHOLE = torch.tensor([0, 1, 2])
NAN = torch.tensor([[0.0, 0, 0], [0, math.nan, 0], [0, 0, 0]])
INF = torch.tensor([[0.0, 0, 0], [0, 0, 0], [math.inf, 0, 0]])
BAD_SHAPE = (
    "expected (B, C) and (B,), with the same B from 1. Look at both shapes where they are made; "
    "(B, T, C) is flattened first."
)
BAD_ROW = "expected finite ones. Did the step before blow up? Try a lower learning rate."
BAD_BATCHES = {
    "another B": (zeros(4, 3), WHOLE, f"got logits (4, 3) and labels (3,), {BAD_SHAPE}"),
    "labels (B, 1)": (zeros(3, 3), WHOLE[:, None], "got logits (3, 3) and labels (3, 1), exp"),
    "logits (B,)": (zeros(3), WHOLE, "got logits (3,) and labels (3,), expected (B, C)"),
    "logits (B, T, C)": (zeros(3, 5, 3), WHOLE, "got logits (3, 5, 3) and labels (3,), expected"),
    "an empty batch": (zeros(0, 3), WHOLE[:0], "got logits (0, 3) and labels (0,), expected"),
    "no classes": (zeros(3, 0), WHOLE, "got logits (3, 0) and labels (3,), expected (B, C)"),
    "a label above": (
        zeros(3, 2),
        WHOLE,
        (
            "got the label 2, expected 0 to 1. Do the classes count from 1, or does the head have "
            "too few?"
        ),
    ),
    "a label below": (zeros(2, 3), torch.tensor([0, -100]), "got the label -100, expected 0 to 2"),
    "float labels": (
        zeros(3, 3),
        WHOLE.float(),
        (
            "got labels of torch.float32, expected whole numbers, the classes' places. Try "
            "labels.long(), or another loss if they are not classes."
        ),
    ),
    "swapped": (
        WHOLE,
        zeros(3, 3),
        (
            "got logits of torch.int64, expected a tensor of floats, the model's output. Are the "
            "two arguments swapped?"
        ),
    ),
    "no tensor": ([[0.0, 1.0]], torch.tensor([0]), "got logits of list, expected a tensor of fl"),
    "NaN": (NAN, WHOLE, f"got logits with a NaN or an infinite number in row 1, {BAD_ROW}"),
    "infinite": (INF, WHOLE, "got logits with a NaN or an infinite number in row 2, expected"),
    "all ruled out": (zeros(3, 3) - math.inf, WHOLE, "got logits with a NaN or an infinite number"),
}


@pytest.mark.parametrize(("logits", "labels", "said"), BAD_BATCHES.values(), ids=BAD_BATCHES)
@pytest.mark.parametrize("loss", CLASSES)
def test_a_batch_that_does_not_fit_is_said(loss, logits, labels, said):
    assert said_by(loss(), logits, labels).startswith(f"{loss.__name__}: {said}")


BAD_WEIGHTS = {
    "below 0": ([1.0, -1.0], "[1.0, -1.0]"),
    "NaN": ([1.0, math.nan], "[1.0, nan]"),
    "infinite": ([1.0, math.inf], "[1.0, inf]"),
    "one number": (2.0, "2.0"),
    "a table": ([[1.0, 2.0]], "[[1.0, 2.0]]"),
}


@pytest.mark.parametrize(("weight", "got"), BAD_WEIGHTS.values(), ids=BAD_WEIGHTS)
@pytest.mark.parametrize("loss", CLASSES)
def test_a_weight_that_cannot_be_is_said(loss, weight, got):
    with pytest.raises(ValueError) as caught:
        loss(weight=torch.tensor(weight))
    assert str(caught.value) == (
        f"{loss.__name__}: got the weight {got}, expected C finite numbers from 0, one for each "
        "class. course_lib.data.class_weights makes such."
    )


@pytest.mark.parametrize("loss", CLASSES)
def test_as_many_weights_as_classes(loss):
    assert said_by(loss(weight=WEIGHT), zeros(3, 3), WHOLE) == (
        f"{loss.__name__}: got 4 weights for logits with 3 classes, expected as many. Does the "
        "head have the right number of classes?"
    )


@pytest.mark.parametrize("loss", CLASSES)
def test_a_batch_that_weighs_nothing_is_said(loss):
    weight = torch.tensor([0.0, 1.0])
    assert said_by(loss(weight=weight), zeros(2, 2), torch.tensor([0, 0])) == (
        f"{loss.__name__}: got a batch whose labels all have weight 0, expected one that counts. "
        "Leave such examples out of the data, or weigh them a little."
    )


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_a_smoothing_outside_0_to_1_is_said(value):
    with pytest.raises(ValueError) as caught:
        CrossEntropyLoss(label_smoothing=value)
    assert str(caught.value) == (
        f"CrossEntropyLoss: got label_smoothing = {value!r}, expected 0 to 1. Try 0.1."
    )


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_a_gamma_below_0_is_said(value):
    with pytest.raises(ValueError) as caught:
        FocalLoss(gamma=value)
    assert str(caught.value) == (f"FocalLoss: got gamma = {value!r}, expected 0 or more. Try 2.0.")


OTHERS = {BCEWithLogitsLoss: "logits", MSELoss: "predictions", L1Loss: "predictions"}


@pytest.mark.parametrize(("loss", "name"), OTHERS.items())
@pytest.mark.parametrize(
    ("first", "second"), [((3, 1), (3,)), ((3,), (3, 1)), ((3,), (4,)), ((3,), ()), ((0,), (0,))]
)
def test_shapes_that_differ_or_are_empty_are_said(loss, name, first, second):
    assert said_by(loss(), torch.zeros(first), torch.zeros(second)) == (
        f"{loss.__name__}: got {name} {first} and labels {second}, expected the same shape, not "
        f"empty. Is one (N, 1)? Try {name}.squeeze(-1)."
    )


@pytest.mark.parametrize(("loss", "name"), OTHERS.items())
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_said(loss, name, value):
    good, bad = torch.zeros(2), torch.tensor([0.0, value])
    end = (
        "with a NaN or an infinite number, expected finite ones. Is a value missing in the data, "
        "or did the step before blow up?"
    )
    assert said_by(loss(), bad, good) == f"{loss.__name__}: got {name} {end}"
    assert said_by(loss(), good, bad) == f"{loss.__name__}: got labels {end}"


@pytest.mark.parametrize(("loss", "name"), OTHERS.items())
def test_predictions_that_are_no_floats_are_said(loss, name):
    assert said_by(loss(), WHOLE, zeros(3)).startswith(
        f"{loss.__name__}: got {name} of torch.int64, expected a tensor of floats, "
    )


@pytest.mark.parametrize("label", [2, -1])
def test_a_binary_label_outside_0_to_1_is_said(label):
    assert said_by(BCEWithLogitsLoss(), zeros(2), torch.tensor([0, label])) == (
        f"BCEWithLogitsLoss: got the label {label}, expected 0 to 1. For more than two classes "
        "take CrossEntropyLoss."
    )
