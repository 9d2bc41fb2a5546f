"""Gradual unfreezing in a training: what learns when, and that resuming changes nothing."""

import copy

import pytest
import torch
from torch import nn

from course_lib.checkpoint import Checkpoints
from course_lib.data import make_loader
from course_lib.freeze import (
    GradualUnfreezing,
    check_optimizer,
    freeze,
    moved,
    parameter_groups,
    snapshot,
    unfreeze,
)
from course_lib.loop import fit
from tests.tiny_training import Rows, Tiny, batch, batches, loss_fn, same, state

PARTS = ["layers.0", "layers.1", "layers.2"]
STEPS = 3  # in an epoch


def block(inputs):
    """Something of all that may move: weights, statistics, and dropout, which draws numbers."""
    return nn.Sequential(nn.Linear(inputs, 8), nn.GELU(), nn.BatchNorm1d(8), nn.Dropout(0.3))


def three_parts(seed=0):
    torch.manual_seed(seed)
    return Tiny(block(3), block(8), nn.Linear(8, 2))


def sgd(model):
    groups = parameter_groups(model, {"layers.0": 0.01, "layers.1": 0.02, "layers.2": 0.05})
    return torch.optim.SGD(groups, momentum=0.9, weight_decay=0.1)


def adamw(model):
    groups = parameter_groups(model, {"layers.0": 0.01, "layers.1": 0.02, "layers.2": 0.05})
    return torch.optim.AdamW(groups, weight_decay=0.1)


def parts_of(names):
    return sorted({".".join(name.split(".")[:2]) for name in names})


class Watch:
    """What has moved in each epoch, and what could learn in it."""

    def __init__(self):
        self.moved, self.learned = [], []

    def on_start(self, run):
        self.before = snapshot(run.model)
        self.learning = {n for n, w in run.model.named_parameters() if w.requires_grad}

    def on_epoch(self, run):
        self.moved.append(moved(self.before, run.model))
        self.learned.append(self.learning)
        self.on_start(run)


def watched(gradual, epochs, make_optimizer=adamw, model=None):
    model = model or three_parts()
    watch = Watch()
    callbacks = [gradual, watch]  # the watch looks after it
    fit(
        model,
        batches(STEPS),
        loss_fn,
        make_optimizer(model),
        epochs=epochs,
        valid_loader=batches(1),
        callbacks=callbacks,
        progress=False,
    )
    return model, watch


# What learns when.

PLANS = {
    (1, 5): [PARTS[2:], PARTS[1:], PARTS, PARTS, PARTS],
    (2, 6): [PARTS[2:], PARTS[2:], PARTS[1:], PARTS[1:], PARTS, PARTS],
    (3, 4): [PARTS[2:], PARTS[2:], PARTS[2:], PARTS[1:]],
    (9, 2): [PARTS[2:], PARTS[2:]],
}


@pytest.mark.parametrize(("every", "epochs"), PLANS)
@pytest.mark.parametrize("make_optimizer", [sgd, adamw])
def test_a_part_stays_to_the_bit_until_its_epoch_and_moves_from_then_on(
    every, epochs, make_optimizer
):
    _, watch = watched(GradualUnfreezing(PARTS, every), epochs, make_optimizer)
    model = three_parts()
    weights, tensors = dict(model.named_parameters()), snapshot(model)
    for number, plan in enumerate(PLANS[every, epochs]):
        assert set(watch.moved[number]) == {n for n in tensors if parts_of([n])[0] in plan}
        assert watch.learned[number] == {n for n in weights if parts_of([n])[0] in plan}


@pytest.mark.parametrize(("every", "epochs"), PLANS)
def test_the_plan_can_be_asked_for_beforehand(every, epochs):
    gradual = GradualUnfreezing(PARTS, every)
    assert [gradual.learning(epoch) for epoch in range(epochs)] == PLANS[every, epochs]


def test_one_epoch_is_the_default_and_one_part_is_enough():
    assert GradualUnfreezing(PARTS).every == 1
    _, watch = watched(GradualUnfreezing(["layers.1"]), 2)
    assert [parts_of(names) for names in watch.moved] == [PARTS, PARTS]  # the others are not its


def test_what_lies_in_no_part_is_left_as_it_is():
    model = three_parts()
    freeze(model, "layers.2.bias")
    gradual = GradualUnfreezing(["layers.0", "layers.1"])
    before = snapshot(model)
    _, watch = watched(gradual, 1, model=model)
    assert parts_of(watch.moved[0]) == PARTS[1:]
    assert "layers.2.bias" not in moved(before, model)


def test_a_model_that_all_learned_before_begins_with_its_last_part_alone():
    model = three_parts()
    optimizer = sgd(model)
    fit(model, batches(STEPS), loss_fn, optimizer, epochs=1, progress=False)  # there is momentum
    before = snapshot(model)
    fit(
        model,
        batches(STEPS),
        loss_fn,
        optimizer,
        epochs=1,
        callbacks=[GradualUnfreezing(PARTS)],
        progress=False,
    )
    assert parts_of(moved(before, model)) == PARTS[2:]


def test_a_second_fit_with_the_history_goes_on_with_the_plan():
    model, watch = three_parts(), Watch()
    optimizer, history = sgd(model), None
    for _ in range(3):
        history = fit(
            model,
            batches(STEPS),
            loss_fn,
            optimizer,
            epochs=1,
            history=history,
            callbacks=[GradualUnfreezing(PARTS), watch],
            progress=False,
        )
    assert [parts_of(names) for names in watch.moved] == [PARTS[2:], PARTS[1:], PARTS]


def test_the_optimizer_is_healthy_in_every_epoch():
    class Check:
        def on_start(self, run):
            check_optimizer(run.model, run.optimizer)

        on_epoch = on_start

    model = three_parts()
    callbacks = [GradualUnfreezing(PARTS), Check()]
    options = {"epochs": 4, "callbacks": callbacks, "progress": False}
    assert len(fit(model, batches(2), loss_fn, adamw(model), **options).losses) == 8


def test_a_weight_that_joins_late_is_corrected_as_by_a_fresh_adamw():
    late = three_parts()
    optimizer = adamw(late)
    gradual = GradualUnfreezing(PARTS, every=1)
    options = {"epochs": 2, "callbacks": [gradual], "progress": False}
    fit(late, batches(STEPS), loss_fn, optimizer, **options)  # layers.1 joined, layers.0 did not
    weights = list(late.layers[0].parameters())
    assert not any(weight in optimizer.state for weight in weights)
    steps = {int(optimizer.state[weight]["step"]) for weight in late.layers[1].parameters()}
    assert steps == {STEPS}

    late.eval()  # so that both see the same
    fresh = copy.deepcopy(late)
    other = adamw(fresh)
    for model, each in ((late, optimizer), (fresh, other)):
        for number in range(3):
            each.zero_grad()
            given = batch(seed=number)
            grown = loss_fn(model(given["x"]), given["labels"])
            inputs = list(model.layers[0].parameters())
            for weight, grad in zip(inputs, torch.autograd.grad(grown, inputs), strict=True):
                weight.grad = grad  # of this part alone, so that the rest is the same for both
            each.step()
    for one, two in zip(late.parameters(), fresh.parameters(), strict=True):
        assert torch.equal(one, two)
    assert moved(snapshot(three_parts()), late) != []
    assert {int(optimizer.state[weight]["step"]) for weight in weights} == {3}


# Stopped and resumed.


class StopAt:
    def __init__(self, step):
        self.step = step

    def on_step(self, run):
        run.stop = run.step == self.step


def training(make_optimizer, epochs, every, seed=0, stop=None, checkpoints=None):
    """All states at the end of a training, made anew."""
    model = three_parts(seed)
    optimizer = make_optimizer(model)
    torch.manual_seed(seed)
    history = fit(
        model,
        make_loader(Rows(10), 4, shuffle=True, seed=3),  # three steps
        loss_fn,
        optimizer,
        epochs=epochs,
        valid_loader=batches(1),
        callbacks=[GradualUnfreezing(PARTS, every), *([StopAt(stop)] if stop else [])],
        checkpoints=checkpoints,
        progress=False,
    )
    learning = [weight.requires_grad for weight in model.parameters()]
    return snapshot(model), [state(model, optimizer), vars(history), learning], model


@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("make_optimizer", [sgd, adamw])
def test_stopped_after_any_step_and_resumed_it_ends_with_the_same_bits(
    tmp_path, make_optimizer, every
):
    epochs = 4 if every == 1 else 5
    weights, states, _ = training(make_optimizer, epochs, every)
    for step in range(1, epochs * STEPS):
        folder = tmp_path / str(step)
        kept = {"checkpoints": Checkpoints(folder, resume=True)}
        training(make_optimizer, epochs, every, stop=step, **kept)
        _, resumed, model = training(make_optimizer, epochs, every, seed=77, **kept)
        assert moved(weights, model) == []
        assert same(resumed, states), step


def test_stopped_after_each_step_it_ends_with_the_same_bits(tmp_path):
    epochs = 4
    weights, states, _ = training(adamw, epochs, 1)
    for step in range(1, epochs * STEPS + 1):
        kept = Checkpoints(tmp_path, resume=True)
        seed = 0 if step == 1 else step
        _, resumed, model = training(adamw, epochs, 1, seed=seed, stop=step, checkpoints=kept)
    assert moved(weights, model) == [] and same(resumed, states)


def test_resumed_across_an_unfreezing_the_part_that_joins_had_not_moved(tmp_path):
    model, kept = three_parts(), Checkpoints(tmp_path, resume=True)
    given = {"checkpoints": kept, "progress": False, "epochs": 2}
    before = snapshot(model)
    callbacks = [GradualUnfreezing(PARTS), StopAt(STEPS)]  # where an epoch ends
    fit(model, batches(STEPS), loss_fn, sgd(model), callbacks=callbacks, **given)
    assert parts_of(moved(before, model)) == PARTS[2:]
    model = three_parts()
    fit(model, batches(STEPS), loss_fn, sgd(model), callbacks=[GradualUnfreezing(PARTS)], **given)
    assert parts_of(moved(before, model)) == PARTS[1:]


# Errors.


@pytest.mark.parametrize("parts", ["head", [], ()])
def test_parts_are_a_list_of_names(parts):
    with pytest.raises(ValueError, match=r"^GradualUnfreezing: got parts = .*, expected a list of"):
        GradualUnfreezing(parts)


@pytest.mark.parametrize("every", [0, -1, 0.5, 1.5, 2.0])
def test_the_next_part_comes_after_one_epoch_or_more(every):
    with pytest.raises(ValueError, match=f"^GradualUnfreezing: got every = {every}, expected"):
        GradualUnfreezing(PARTS, every)


def started(gradual, model, optimizer):
    before = snapshot(model)
    with pytest.raises(ValueError) as caught:
        options = {"epochs": 1, "callbacks": [gradual], "progress": False}
        fit(model, batches(1), loss_fn, optimizer, **options)
    assert moved(before, model) == [] and all(w.requires_grad for w in model.parameters())
    return str(caught.value)


def test_a_part_that_the_model_does_not_have_ends_the_training_before_it_starts():
    model = three_parts()
    said = started(GradualUnfreezing(["layers.0", "layers.3"]), model, sgd(model))
    assert said.startswith("GradualUnfreezing: Tiny has no part 'layers.3', expected one of its")


@pytest.mark.parametrize("held", ["layers.1", "layers.2"])
def test_an_optimizer_without_a_part_ends_the_training_before_it_starts(held):
    model = three_parts()
    freeze(model)
    unfreeze(model, held)
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    unfreeze(model)
    said = started(GradualUnfreezing(PARTS), model, torch.optim.SGD(learning, lr=0.1))
    assert said.startswith(
        "GradualUnfreezing: the optimizer does not hold 4 weights of 'layers.0' "
        "(layers.0.0.weight, layers.0.0.bias, layers.0.2.weight and 1 more), expected all parts"
    )
