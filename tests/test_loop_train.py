"""One step and one epoch: the five lines to the bit, and what stops them before a weight moves."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_lib.loop import train_epoch, train_step
from tests.tiny_training import (
    Times,
    Tiny,
    adamw,
    bare_step,
    batch,
    batches,
    joined,
    linear,
    loss_fn,
    noisy,
    same,
    sgd,
    state,
    steps_of,
)

OPTIMIZERS = {
    "SGD": lambda model: sgd(model, momentum=0.9, weight_decay=0.01),
    "AdamW": adamw,
}


def squared(predictions, labels):
    return ((predictions - labels) ** 2).mean()


def one(x=3.0, label=0.0):
    return {"x": torch.tensor([x]), "labels": torch.tensor([label])}


# A step.


def test_a_step_by_hand():
    model = Times(1.0)
    loss = train_step(model, one(), squared, sgd(model))  # 9, with the gradient 2 * 3 * 3
    assert loss == 9.0
    assert model.w.item() == pytest.approx(1 - 0.1 * 18)


@pytest.mark.parametrize("clip", [None, 0.05, 100.0])
@pytest.mark.parametrize("made", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("as_a_list", [False, True])
def test_steps_are_the_five_lines_to_the_bit(as_a_list, made, clip):
    results = []
    for step in (train_step, bare_step):
        model = noisy()
        optimizer = made(model)
        given = [[b] if as_a_list and step is train_step else b for b in batches(5)]
        losses = [step(model, b, loss_fn, optimizer, clip=clip) for b in given]
        results.append((losses, state(model, optimizer), torch.get_rng_state()))
    assert same(*results)
    assert not same(results[0][1][0], noisy().state_dict())


def test_the_loss_is_that_of_before_the_weights_moved():
    model, given = linear(), batch()
    expected = F.cross_entropy(model(given["x"]), given["labels"]).item()
    assert train_step(model, given, loss_fn, sgd(model, lr=10.0)) == expected
    assert F.cross_entropy(model(given["x"]), given["labels"]).item() != expected


def test_gradients_from_before_do_not_count():
    model, fresh = linear(), linear()
    model(torch.ones(1, 3)).sum().backward()
    for each in (model, fresh):
        train_step(each, batch(), loss_fn, sgd(each))
    assert same(*state(model, fresh))


def test_the_batch_and_the_mode_stay_as_they_were():
    model, given = noisy().eval(), batch()
    before = dict(given)
    train_step(model, given, loss_fn, sgd(model))
    assert given.keys() == before.keys() and all(given[name] is before[name] for name in before)
    assert not any(part.training for part in model.modules())


# Clipping.


def test_a_large_gradient_is_cut_to_the_norm():
    model = Times(1.0)
    train_step(model, one(), squared, sgd(model), clip=2.0)  # 18 becomes 2
    assert model.w.item() == pytest.approx(1 - 0.1 * 2, rel=1e-6)


def test_the_norm_is_that_of_all_weights_together():
    model = linear()
    before = torch.cat([weight.detach().flatten() for weight in model.parameters()])
    given = batch() | {"x": 100 * batch()["x"]}
    train_step(model, given, loss_fn, sgd(model), clip=0.5)
    after = torch.cat([weight.detach().flatten() for weight in model.parameters()])
    assert (after - before).norm().item() == pytest.approx(0.1 * 0.5, rel=1e-4)


def test_only_the_weights_of_the_optimizer_count():
    """Nothing clears the other's gradient: it grows by 27 a step, and would shrink the rest."""
    model = nn.Module()
    model.mine, model.other = Times(1.0), Times(1.0)
    model.forward = lambda x: model.mine(x) + model.other(9 * x)
    optimizer = sgd(model.mine, lr=0.001)
    for number in range(1, 4):
        before = model.mine.w.item()
        train_step(model, one(), lambda found, labels: found.sum(), optimizer, clip=3.0)
        assert before - model.mine.w.item() == pytest.approx(0.001 * 3, rel=1e-3)
        assert model.other.w.grad.item() == pytest.approx(27 * number)
    assert model.other.w.item() == 1.0


# Accumulation.

SIZES = [(4, 4), (4, 4, 4, 1), (1, 7), (5,)]


@pytest.mark.parametrize(("dtype", "most"), [(torch.float64, 1e-14), (torch.float32, 1e-6)])
@pytest.mark.parametrize("clip", [None, 0.1])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_several_batches_make_the_step_of_one_large_one(sizes, clip, dtype, most):
    parts = [batch(B, seed, dtype) for seed, B in enumerate(sizes)]
    several, large = linear(dtype=dtype), linear(dtype=dtype)
    found = train_step(several, parts, loss_fn, sgd(several), clip=clip)
    expected = bare_step(large, joined(parts), loss_fn, sgd(large), clip=clip)
    assert found == pytest.approx(expected, abs=most)
    for ours, theirs in zip(several.parameters(), large.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=most)


def test_a_class_weighted_mean_is_not_that_of_the_large_batch():
    """Each batch's mean is over its own weights: 1/4 * 8 + 3/4 * 0, in place of 9 * 8 / 12."""
    weight = torch.tensor([1.0, 9.0])
    parts = [
        {"x": torch.tensor([[-8.0]]), "labels": torch.tensor([1])},  # a loss of 8
        {"x": torch.full((3, 1), -50.0), "labels": torch.tensor([0, 0, 0])},  # of 0
    ]

    def weighted(logits, labels):
        return F.cross_entropy(F.pad(logits, (1, 0)), labels, weight)

    model = Times(1.0)
    found = train_step(model, parts, weighted, sgd(model))
    assert found == pytest.approx(8 / 4, rel=1e-3)
    large = joined(parts)
    assert weighted(large["x"], large["labels"]).item() == pytest.approx(9 * 8 / 12, rel=1e-3)


def test_weights_without_their_mean_are_those_of_the_large_batch():
    weight = torch.tensor([1.0, 9.0])
    parts = [batch(5, seed=1), batch(2, seed=2)]

    def weighted(logits, labels):
        return F.cross_entropy(logits, labels, weight, reduction="none").mean()

    several, large = linear(), linear()
    found = train_step(several, parts, weighted, sgd(several))
    assert found == pytest.approx(bare_step(large, joined(parts), weighted, sgd(large)), rel=1e-6)
    torch.testing.assert_close(several.layers[0].weight, large.layers[0].weight)


@pytest.mark.parametrize(
    ("count", "accumulate", "steps"), [(7, 3, 3), (6, 3, 2), (2, 5, 1), (3, 1, 3)]
)
def test_an_epoch_makes_a_step_of_every_so_many_batches(count, accumulate, steps):
    model = linear()
    optimizer, losses, parts = adamw(model), [], batches(count)
    mean = train_epoch(
        model, parts, loss_fn, optimizer, accumulate=accumulate, after_step=losses.append
    )
    assert steps_of(optimizer) == {steps}
    expected, other = linear(), []
    optimizer = adamw(expected)
    for first in range(0, count, accumulate):
        large = joined(parts[first : first + accumulate])
        other.append(bare_step(expected, large, loss_fn, optimizer))
    assert losses == pytest.approx(other, rel=1e-5)
    assert mean == pytest.approx(sum(losses) / steps)
    torch.testing.assert_close(model.layers[0].weight, expected.layers[0].weight)


# A loss that is no number.


def poisoned(kind):
    """A model and a batch whose loss is NaN, and words of the cause."""
    model, given = noisy(), batch(4, seed=9)
    if kind == "inputs":
        given["x"][1, 2] = math.nan
        given["x"][3, 0] = math.inf
        return model, given, loss_fn, "The inputs are not finite: x in row 1, 3. Clean them"
    if kind == "weights":
        with torch.no_grad():
            model.layers[4].weight[0, 0] = math.nan
        return model, given, loss_fn, "1 weights are not finite, layers.4.weight first"
    return model, given, lambda a, b: (a - a).log().mean(), "a logarithm of 0"


@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize("kind", ["inputs", "weights", "neither"])
def test_no_weight_moves_by_a_loss_that_is_no_number(kind, accumulate):
    model, bad, sick_loss, cause = poisoned(kind)
    optimizer = adamw(model)
    if kind == "inputs":
        train_step(model, batch(), loss_fn, optimizer)  # so that the optimizer has a state
    weights = [weight.clone() for weight in model.parameters()]
    (before,) = state(optimizer)
    group = [*batches(accumulate - 1), bad]
    with pytest.raises(FloatingPointError) as raised:
        train_step(model, group, sick_loss, optimizer)
    message = str(raised.value)
    assert cause in message
    assert "no weight has moved" in message
    assert "The batch: x (4, 3) float32" in message
    assert same(before, optimizer.state_dict())
    for old, new in zip(weights, model.parameters(), strict=True):
        assert torch.equal(old.nan_to_num(7.5), new.nan_to_num(7.5))


def test_a_buffer_that_took_it_in_is_named():
    """The forward pass changes the statistics of a BatchNorm, weights or not."""
    model, bad, _, _ = poisoned("inputs")
    with pytest.raises(FloatingPointError, match=r"layers\.1\.running_mean, .*running_var took it"):
        train_step(model, bad, loss_fn, sgd(model))


@pytest.mark.parametrize("B", [4, 7])
def test_the_sick_rows_are_named_five_at_most(B):
    bad = batch(B)
    bad["x"][:] = math.nan
    rows = "0, 1, 2, 3" if B == 4 else "0, 1, 2, 3, 4, ..."
    with pytest.raises(FloatingPointError, match=f"not finite: x in row {rows}. Clean"):
        train_step(linear(), bad, loss_fn, sgd(linear()))


def test_labels_that_are_no_number_are_named():
    with pytest.raises(FloatingPointError, match="labels in row 0"):
        train_step(Times(), one(label=math.nan), squared, sgd(Times()))


def test_a_buffer_that_is_no_number_is_named():
    model = noisy()
    model.layers[1].running_var.fill_(math.nan)
    model.eval()
    with pytest.raises(FloatingPointError, match=r"layers\.1\.running_var"):
        train_step(model, batch(), loss_fn, sgd(model))


def test_an_input_without_an_axis_can_be_the_cause():
    model = nn.Module()
    model.times = Times()
    model.forward = lambda x, scale: scale * model.times(x)
    bad = one() | {"scale": torch.tensor(math.nan)}
    with pytest.raises(FloatingPointError, match="The inputs are not finite: scale"):
        train_step(model, bad, squared, sgd(model))


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_an_infinite_loss_is_no_number_either(value):
    model = Times()
    with pytest.raises(FloatingPointError, match=f"the loss is {value}, expected a finite"):
        train_step(model, one(), lambda found, labels: found.sum() * 0 + value, sgd(model))
    assert model.w.item() == 1.0


def root(predictions, labels):
    """At 0 it is 0, and its gradient is not a number."""
    return (predictions * 0).abs().sqrt().sum()


def test_with_clip_a_gradient_that_is_no_number_moves_no_weight():
    model, given = noisy(), batch()
    optimizer = adamw(model)
    train_step(model, given, loss_fn, optimizer)
    before = state(optimizer), [weight.clone() for weight in model.parameters()]
    with pytest.raises(FloatingPointError) as raised:
        train_step(model, given, root, optimizer, clip=1.0)
    message = str(raised.value)
    assert "the loss is finite, but the norm of its gradient is nan" in message
    assert "a root at 0" in message and "The batch: x (4, 3) float32" in message
    assert same(before, (state(optimizer), list(model.parameters())))


def test_without_clip_the_next_step_says_that_the_weights_are_sick():
    model = Times()
    assert train_step(model, one(), root, sgd(model)) == 0.0
    with pytest.raises(FloatingPointError, match="1 weights are not finite, w first"):
        train_step(model, one(), squared, sgd(model))


def test_an_epoch_says_in_which_step_it_was():
    model, parts = linear(), batches(5)
    parts[3]["x"][0, 0] = math.nan
    optimizer, losses = adamw(model), []
    with pytest.raises(FloatingPointError, match="This was step 4 of the epoch"):
        train_epoch(model, parts, loss_fn, optimizer, after_step=losses.append)
    assert len(losses) == 3 and steps_of(optimizer) == {3}


# A loss that is not one number.


def test_a_loss_for_each_example_is_refused():
    model = linear()
    with pytest.raises(ValueError, match=r"a loss of shape \(4,\), expected one number.*mean"):
        train_step(model, batch(), nn.CrossEntropyLoss(reduction="none"), sgd(model))
    assert same(*state(model, linear()))


def test_one_number_with_an_axis_is_taken():
    model, other = linear(), linear()
    train_step(model, batch(), lambda *given: loss_fn(*given).reshape(1), sgd(model))
    train_step(other, batch(), loss_fn, sgd(other))
    assert same(*state(model, other))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [(lambda *given: 1.0, "float"), (lambda *given: loss_fn(*given).detach(), "detach")],
    ids=["a number of Python", "detached"],
)
def test_a_loss_from_which_no_gradient_comes_is_refused(wrong, words):
    model = linear()
    with pytest.raises((TypeError, ValueError), match=f"train_step: .*{words}"):
        train_step(model, batch(), wrong, sgd(model))


# Batches and loaders that cannot be trained on.

X = torch.ones(2, 3)
NO_BATCHES = {
    "no labels": ({"x": X}, ValueError, r"got a batch with x, expected 'labels' too"),
    "nothing at all": ({}, ValueError, "got a batch with nothing, expected 'labels' too"),
    "a tuple": ((X, torch.ones(2)), TypeError, "a batch of type tuple, expected a dict"),
    "a tensor": (X, TypeError, "a batch of type Tensor, expected a dict"),
    "a string": (
        {"x": X, "text": ["a", "b"], "name": "c", "labels": torch.ones(2)},
        TypeError,
        r"holds text \(list\), name \(str\), expected tensors only",
    ),
    "no example": (
        {"x": X[:0], "labels": torch.ones(0).long()},
        ValueError,
        r"labels of shape \(0,\), expected one for each example",
    ),
    "one label without an axis": (
        {"x": X, "labels": torch.tensor(1)},
        ValueError,
        r"labels of shape \(\), expected one for each example",
    ),
}
NO_BATCH = pytest.mark.parametrize(("bad", "error", "words"), NO_BATCHES.values(), ids=NO_BATCHES)


@NO_BATCH
def test_what_is_no_batch_is_said(bad, error, words):
    model = linear()
    given = [bad] if isinstance(bad, tuple | torch.Tensor) else bad  # of these, a list is meant
    with pytest.raises(error, match=f"train_step: .*{words}"):
        train_step(model, given, loss_fn, sgd(model))
    assert same(*state(model, linear()))


@NO_BATCH
def test_an_epoch_says_which_step_had_no_batch(bad, error, words):
    model, losses = linear(), []
    with pytest.raises(error, match=words) as raised:
        train_epoch(model, [batch(), bad], loss_fn, sgd(model), after_step=losses.append)
    assert len(losses) == 1
    assert "This was step 2 of the epoch." in str(raised.value)


def test_no_batches_make_no_step():
    with pytest.raises(ValueError, match="a list of no batches, expected at least one"):
        train_step(linear(), [], loss_fn, sgd(linear()))


def test_an_empty_loader_makes_no_epoch():
    with pytest.raises(ValueError, match="the loader gave no batch, expected at least one"):
        train_epoch(linear(), [], loss_fn, sgd(linear()))


def test_an_iterator_is_used_up_after_an_epoch():
    model, iterator = linear(), iter(batches(2))
    train_epoch(model, iterator, loss_fn, sgd(model))
    with pytest.raises(ValueError, match="an iterator is used up after one epoch"):
        train_epoch(model, iterator, loss_fn, sgd(model))


@pytest.mark.parametrize("accumulate", [0, -1])
def test_no_step_has_fewer_than_one_batch(accumulate):
    with pytest.raises(ValueError, match=f"got accumulate = {accumulate}, expected 1 or more"):
        train_epoch(linear(), batches(2), loss_fn, sgd(linear()), accumulate=accumulate)


# An epoch.


def test_an_epoch_takes_every_batch_once_in_their_order():
    model, expected, parts = linear(), linear(), batches(4)
    mean = train_epoch(model, iter(parts), loss_fn, sgd(model))
    losses = [bare_step(expected, part, loss_fn, sgd(expected)) for part in parts]
    assert mean == pytest.approx(sum(losses) / 4)
    assert same(*state(model, expected))


def test_an_epoch_puts_every_part_into_training_mode():
    """One that was in eval mode too, such as a frozen BatchNorm: it has to be put back."""
    model = noisy().eval()
    train_epoch(model, batches(1), loss_fn, sgd(model))
    assert all(part.training for part in model.modules())


@pytest.mark.parametrize("accumulate", [1, 2])
def test_an_epoch_ends_where_it_is_told_and_takes_no_batch_more(accumulate):
    losses, iterator = [], iter(batches(9))

    def after_step(loss):
        losses.append(loss)
        return len(losses) == 3

    model = linear()
    options = {"accumulate": accumulate, "after_step": after_step}
    mean = train_epoch(model, iterator, loss_fn, sgd(model), **options)
    assert len(losses) == 3 and mean == pytest.approx(sum(losses) / 3)
    assert len(list(iterator)) == 9 - 3 * accumulate


def raising(error):
    def after_step(loss):
        raise error

    return after_step


def test_an_error_of_after_step_comes_as_it_is():
    model = linear()
    with pytest.raises(RuntimeError, match=r"^full$"):
        train_epoch(
            model, batches(1), loss_fn, sgd(model), after_step=raising(RuntimeError("full"))
        )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", torch.ones(4, 9)),
        ("labels", torch.tensor([0, 1, 7, 0])),  # an IndexError
    ],
    ids=["inputs", "labels"],
)
def test_an_error_of_pytorch_gets_the_number_of_the_step(name, value):
    model = linear()
    with pytest.raises((RuntimeError, IndexError)) as raised:
        train_epoch(model, [batch(), batch() | {name: value}], loss_fn, sgd(model))
    message = str(raised.value)
    assert message.startswith(("mat1 and mat2 shapes", "Target 7 is out of bounds"))
    assert "This was step 2 of the epoch." in message


# Devices.


@pytest.mark.parametrize(("here", "there"), [("cpu", "meta"), ("meta", "cpu")])
def test_a_batch_on_another_device_is_said(here, there):
    model = linear().to(here)
    given = {name: value.to(there) for name, value in batch().items()}
    words = f"the model is on {here}, the batch on {there}; expected one device for all"
    with pytest.raises(ValueError, match=words):
        train_step(model, given, loss_fn, sgd(model))


def test_labels_on_another_device_are_said():
    model = linear()
    given = batch() | {"labels": batch()["labels"].to("meta")}
    with pytest.raises(ValueError, match="the model is on cpu, the batch on cpu, meta"):
        train_step(model, given, loss_fn, sgd(model))


def test_an_error_on_one_device_comes_as_it_is():
    with pytest.raises(RuntimeError, match=r"^mat1 and mat2 shapes cannot be multiplied"):
        train_step(
            linear(), {"x": torch.ones(4, 9), "labels": torch.ones(4)}, loss_fn, sgd(linear())
        )


def test_an_epoch_moves_batches_to_the_model():
    """On the device "meta" there are shapes and no numbers: so far it comes, and no further."""
    seen = []

    def looking(logits, labels):
        seen.append((logits.device.type, labels.device.type))
        raise OSError("seen")

    with pytest.raises(OSError, match="seen"):
        train_epoch(linear().to("meta"), batches(1), looking, sgd(linear()))
    assert seen == [("meta", "meta")]


# Mixed precision.

HALVES = pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)


def trained(steps=30, **options):
    model = linear()
    optimizer = sgd(model, momentum=0.9)
    losses = [train_step(model, b, loss_fn, optimizer, **options) for b in batches(steps)]
    return model, losses


@HALVES
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("clip", [None, 0.3])
def test_half_precision_comes_close(clip, scaled, dtype):
    scaler = {"scaler": torch.amp.GradScaler("cpu")} if scaled else {}
    model, losses = trained(autocast=dtype, clip=clip, **scaler)
    expected, wanted = trained(clip=clip)
    torch.testing.assert_close(model.layers[0].weight, expected.layers[0].weight, rtol=0, atol=0.02)
    assert losses == pytest.approx(wanted, abs=0.02)
    assert losses != wanted
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}


@HALVES
@pytest.mark.parametrize("autocast", [False, True])
def test_the_forward_pass_and_nothing_else_calculates_in_half_precision(autocast, dtype):
    model, seen = linear(), []
    model.layers[0].register_forward_hook(lambda part, given, found: seen.append(found.dtype))
    train_step(model, batch(), loss_fn, sgd(model), autocast=dtype if autocast else None)
    assert seen == [dtype if autocast else torch.float32]
    assert not torch.is_autocast_enabled("cpu")
    assert model.layers[0].weight.grad.dtype == torch.float32


def tiny_gradient(predictions, labels):
    return predictions.float().sum() * 1e-8  # below the smallest float16


@pytest.mark.parametrize(("scale", "moves"), [(None, False), (2.0**16, True)])
def test_a_scaler_keeps_small_gradients_of_float16(scale, moves):
    model = Tiny(nn.Linear(3, 2))
    before = model.layers[0].weight.clone()
    scaler = {"scaler": torch.amp.GradScaler("cpu", init_scale=scale)} if scale else {}
    given = {"x": torch.ones(1, 3), "labels": torch.ones(1)}
    train_step(model, given, tiny_gradient, sgd(model, lr=1e6), autocast=torch.float16, **scaler)
    moved = before - model.layers[0].weight
    expected = 1e6 * 1e-8 if moves else 0.0
    torch.testing.assert_close(moved, torch.full((2, 3), expected), rtol=1e-2, atol=0)


@pytest.mark.parametrize("clip", [None, 1.0])
def test_a_scaler_leaves_out_a_step_that_overflows_and_halves_its_scale(clip):
    model = linear()
    optimizer = adamw(model)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**60)
    options = {"autocast": torch.float16, "scaler": scaler, "clip": clip}
    loss = train_step(model, batch(), loss_fn, optimizer, **options)
    assert math.isfinite(loss)
    assert same(*state(model, linear())) and not optimizer.state
    assert scaler.get_scale() == 2.0**59


def test_a_type_that_autocast_does_not_take_is_refused():
    with pytest.raises((TypeError, ValueError), match=r"autocast.*expected torch\.bfloat16"):
        train_step(linear(), batch(), loss_fn, sgd(linear()), autocast=True)
