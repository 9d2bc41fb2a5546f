"""Rules about steps, parameters, schedules and batches: the smallest sick training and its twin."""

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler as schedulers
from torch.utils.data import DataLoader, TensorDataset

from course_lib.doctor import examine
from tests.tiny_training import Tiny, loss_fn, sgd


def points(count=8, B=8, seed=0):
    """Batches of points in space; the label says on which side of a plane a point lies."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(count):
        x = torch.randn(B, 3, generator=generator)
        found.append({"x": x, "labels": (x[:, 0] > 0).long()})
    return found


def net(*between, out=2):
    torch.manual_seed(0)
    return Tiny(nn.Linear(3, 8), nn.ReLU(), *between, nn.Linear(8, out))


def steps(*words, then=None):
    """A training step of the named actions, in their order."""

    def step(model, batch, loss_fn, optimizer):
        loss = None
        for word in words:
            if word == "forward":
                loss = loss_fn(model(batch["x"]), batch["labels"])
            elif word == "detached":
                loss = loss_fn(model(batch["x"]).detach(), batch["labels"])
            elif word == "backward":
                loss.backward()
            elif word in ("train", "eval"):
                getattr(model, word)()
            elif word == "scheduler":
                then.step()
            else:
                getattr(optimizer, word)()

    return step


ALL = ("train", "zero_grad", "forward", "backward", "step")


def without(*words):
    return steps(*(word for word in ALL if word not in words))


def training(model=None, loader=None, optimizer=None, **options):
    model = net() if model is None else model
    optimizer = sgd(model) if optimizer is None else optimizer
    return (model, points() if loader is None else loader, loss_fn, optimizer), options


def frozen_in_the_middle(sick):
    """Gradients of zeros stay where they are cleared in place, and weight decay does the rest."""
    model = net()
    optimizer = sgd(model, weight_decay=0.1)
    first = model.layers[0].weight.requires_grad_(False)
    first.grad = torch.zeros_like(first) if sick else None

    def step(model, batch, loss_fn, optimizer):
        optimizer.zero_grad(set_to_none=False)
        without("zero_grad")(model, batch, loss_fn, optimizer)

    return training(model, optimizer=optimizer, train_step=step)


def frozen_norm(sick):
    model = net(nn.BatchNorm1d(8))
    model.layers[2].requires_grad_(False)
    rest = [] if sick else [model.layers[2]]

    def step(model, batch, loss_fn, optimizer):
        model.train()
        for part in rest:
            part.eval()
        without("train")(model, batch, loss_fn, optimizer)

    return training(model, train_step=step)


class Scaled(nn.Module):
    def __init__(self, sick):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.head, scale = nn.Linear(3, 8), nn.Linear(8, 2), torch.randn(8)
        self.scale = scale if sick else nn.Parameter(scale)

    def forward(self, x):
        return self.head(self.first(x) * self.scale)


class Listed(nn.Module):
    def __init__(self, sick):
        super().__init__()
        torch.manual_seed(0)
        parts = [nn.Linear(3, 8), nn.Linear(8, 8)]
        self.parts, self.head = parts if sick else nn.ModuleList(parts), nn.Linear(8, 2)

    def forward(self, x):
        for part in self.parts:
            x = part(x).relu()
        return self.head(x)


def scheduled(make, *order):
    model = net()
    optimizer = sgd(model)
    scheduler = make(optimizer)
    step = steps("train", "zero_grad", "forward", "backward", *order, then=scheduler)
    return training(model, optimizer=optimizer, train_step=step, scheduler=scheduler)


def cosine(steps):
    return lambda optimizer: schedulers.CosineAnnealingLR(optimizer, steps)


def spoilt(sick):
    given = points()
    if sick:
        given[3]["x"][0, 1], given[5]["x"][2, 2] = float("nan"), float("inf")
    return training(loader=given)


def classes(sick, labels):
    given = points()
    for each in given if sick else []:
        each["labels"] = labels(each["labels"])
    return given


def rows(sorted_by_label=False, count=64, seed=0):
    given = points(1, count, seed)[0]
    order = given["labels"].argsort() if sorted_by_label else torch.arange(count)
    return TensorDataset(given["x"][order], given["labels"][order])


def overlapping(sick):
    train, other = rows(), rows(seed=1, count=8)
    valid = [other[i] for i in range(8)]
    if sick:
        valid[:3] = [train[i] for i in (5, 7, 40)]
    loader = DataLoader(train, batch_size=8, shuffle=True)
    return training(loader=loader, valid_loader=DataLoader(valid, batch_size=4))


def halves(model):
    return torch.optim.SGD(model.layers[0].parameters(), lr=0.1)


def in_meta(sick):
    model = net().to("meta") if sick else net()
    return training(model)


# name: (sick or well -> training, words of what is seen in the sick one)
PAIRS = {
    "no-zero-grad": (
        lambda sick: training(train_step=without("zero_grad" if sick else "")),
        "4 weight tensors still held the gradient",
    ),
    "zero-grad-after-backward": (
        lambda sick: training(
            train_step=steps("forward", "backward", "zero_grad", "step") if sick else without()
        ),
        "at none of 4 optimizer steps was one left",
    ),
    "no-optimizer-step": (
        lambda sick: training(train_step=without("step" if sick else "")),
        "backward() ran 16 times, optimizer.step() not once",
    ),
    "no-backward": (
        lambda sick: training(train_step=without("backward" if sick else "")),
        "no weight gets a gradient",
    ),
    "detached-loss": (
        lambda sick: training(
            train_step=steps("zero_grad", "detached", "backward", "step") if sick else without()
        ),
        "does not require grad",
    ),
    "train-in-eval-mode": (
        lambda sick: training(
            net(nn.Dropout(0.5)), train_step=steps("eval" if sick else "train", *ALL[1:])
        ),
        "at all 4 forward passes of training: layers.2.",
    ),
    "eval-in-train-mode": (
        lambda sick: training(
            net(nn.Dropout(0.5)),
            predict_fn=lambda model, batch: (model if sick else model.eval())(batch["x"]),
        ),
        "two calls with the same batch give different answers",
    ),
    "frozen-weights-move": (frozen_in_the_middle, "1 weight tensors have requires_grad=False"),
    "frozen-batchnorm-updates": (frozen_norm, "1 BatchNorm layers without trainable weights"),
    "nothing-trainable": (
        lambda sick: training(net().requires_grad_(not sick)),
        "All 4 weight tensors are frozen.",
    ),
    "parameters-not-in-optimizer": (
        lambda sick: training(model := net(), optimizer=(halves if sick else sgd)(model)),
        "2 of 4 trainable weight tensors get a gradient and are not in the optimizer: `layers.2.w",
    ),
    "optimizer-of-another-model": (
        lambda sick: training(model := net(), optimizer=sgd(net() if sick else model)),
        "None of the optimizer's 4 weight tensors is one of the model's 4.",
    ),
    # 3 * 8 + 8 and 8 * 8 + 8
    "hidden-layers-in-a-list": (lambda sick: training(Listed(sick)), "hold 104 weights"),
    "plain-tensor-not-parameter": (lambda sick: training(Scaled(sick)), "`scale` (8,) take part"),
    "scheduler-before-optimizer": (
        lambda sick: scheduled(cosine(240), *(("scheduler", "step")[:: 1 if sick else -1])),
        "the scheduler is stepped first",
    ),
    "scheduler-stepped-too-often": (
        lambda sick: scheduled(cosine(5 if sick else 24), "step", "scheduler"),
        "its T_max is 5 steps, and an epoch has 8.",
    ),
    "wrong-device": (in_meta, "meta: model.layers.0.weight, model.layers.0.bias"),
    "non-finite-input": (spoilt, "2 numbers of `x` are NaN or infinite, in batch 3 first."),
    "labels-out-of-range": (
        lambda sick: training(loader=classes(sick, lambda labels: labels * 4 + 2)),
        "64 of 64 labels are not from 0 to 1: 2, 6; the head has 2 outputs.",
    ),
    "unused-class": (
        lambda sick: training(net(out=3 if sick else 2), classes(sick, lambda y: y * 2)),
        "Of 3 classes, 1 never occurs among 64 labels.",
    ),
    "head-too-wide": (
        lambda sick: training(net(out=6 if sick else 2)),
        "The head has 6 outputs; the 64 labels that were looked at are 0 to 1.",
    ),
    "not-shuffled": (
        lambda sick: training(loader=DataLoader(rows(sick), batch_size=8, shuffle=not sick)),
        "labels vary in a batch only",
    ),
    "train-valid-overlap": (overlapping, "3 of 8 validation examples are in the training part"),
    "empty-loader": (
        lambda sick: training(
            loader=DataLoader(rows(), batch_size=65 if sick else 64, drop_last=True)
        ),
        "The loader gives no batch; its dataset has 64 examples and drop_last is on.",
    ),
}


def seen_by_name(given):
    arguments, options = given
    return {each.name: each.seen for each in examine(*arguments, **options).findings}


@pytest.mark.parametrize("name", PAIRS)
def test_the_rule_fires_on_the_sick_one_and_says_its_numbers(name):
    make, words = PAIRS[name]
    found = seen_by_name(make(True))
    assert list(found) == [name] and words in found[name]


@pytest.mark.parametrize("name", PAIRS)
def test_nothing_is_found_in_the_cured_twin(name):
    assert seen_by_name(PAIRS[name][0](False)) == {}


def test_how_much_labels_vary_in_sorted_batches_is_told():
    """Sorted labels are mixed in one batch of eight at most."""
    data = rows(sorted_by_label=True)
    labels = data.tensors[1].float()
    inside = sum(float(part.var()) for part in labels.split(8)) / 8
    found = seen_by_name(training(loader=DataLoader(data, batch_size=8)))
    assert f"only {inside / float(labels.var()):.2f} times" in found["not-shuffled"]


def test_a_second_step_that_finds_nothing_is_no_fault_beside_one_that_does():
    once_more = steps(*ALL, "zero_grad", "step")
    assert seen_by_name(training(train_step=once_more)) == {}


TWICE = ": two calls with the same batch give different answers"


@pytest.mark.parametrize(
    ("between", "more"),
    [
        ([nn.BatchNorm1d(8)], "; BatchNorm learns."),
        ([nn.Dropout(0.5)], f"{TWICE}."),
        ([nn.BatchNorm1d(8), nn.Dropout(0.5)], f"{TWICE}; BatchNorm learns."),
    ],
    ids=["batchnorm", "dropout", "both"],
)
def test_what_a_prediction_in_training_mode_does_is_said(between, more):
    found = seen_by_name(
        training(net(*between), predict_fn=lambda model, batch: model.train()(batch["x"]))
    )
    assert found == {"eval-in-train-mode": f"predict_fn leaves the model in training mode{more}"}


def test_gradients_added_up_over_batches_and_cleared_after_their_step_are_no_fault():
    seen = []

    def step(model, batch, loss_fn, optimizer):
        steps("train", "forward", "backward")(model, batch, loss_fn, optimizer)
        seen.append(batch)
        if len(seen) % 2 == 0:
            optimizer.step()
            optimizer.zero_grad()

    assert seen_by_name(training(train_step=step)) == {}
