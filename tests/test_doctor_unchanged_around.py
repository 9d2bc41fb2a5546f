"""What a training reaches beside model and optimizer is as before after an examination, too."""

import collections
import copy
import dataclasses
import random
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler as schedulers
from torch.utils.data import DataLoader, Dataset, RandomSampler, WeightedRandomSampler

from course_lib.doctor import examine
from tests.doctor_patient import Patient, bits, photo, standard, trained
from tests.tiny_training import adamw, batches, linear, loss_fn, sgd


class Numbers(Dataset):
    """A dataset that draws, and counts who asks."""

    def __init__(self):
        self.asked, self.generator = 0, torch.Generator().manual_seed(3)
        self.numpy, self.python = np.random.default_rng(4), random.Random(5)

    def __len__(self):
        return 12

    def __getitem__(self, index):
        self.asked += 1
        noise = float(self.numpy.random()) + self.python.random()
        x = torch.randn(3, generator=self.generator) + 0.1 * noise
        return {"x": x, "labels": torch.tensor(index % 2)}


# Loaders, datasets, samplers.


@pytest.mark.parametrize("sampler", ["random", "weighted", "shuffle"])
def test_loader_dataset_and_sampler_draw_on_as_if_never_asked(sampler):
    def made():
        generator, dataset = torch.Generator().manual_seed(7), Numbers()
        own = {
            "random": lambda: {"sampler": RandomSampler(dataset, generator=generator)},
            "weighted": lambda: {
                "sampler": WeightedRandomSampler([1.0] * 12, 12, generator=generator)
            },
            "shuffle": lambda: {"shuffle": True, "generator": generator},
        }[sampler]()
        return DataLoader(dataset, batch_size=4, **own)

    examined, other, model = made(), made(), linear()
    valid, other_valid = made(), made()
    examine(model, examined, loss_fn, sgd(model), valid_loader=valid)
    assert examined.dataset.asked == valid.dataset.asked == 0
    assert bits(list(examined)) == bits(list(other))
    assert bits(list(valid)) == bits(list(other_valid))


def test_what_a_loader_gives_from_memory_is_not_changed_by_a_step():
    given = batches(4, B=6)
    before = bits(copy.deepcopy(given))
    loader = DataLoader(given, batch_size=None)
    model = Patient()

    def in_place(model, batch, loss_fn, optimizer):
        batch["x"].data.mul_(0.5)
        batch["new"] = batch.pop("x")

    examine(model, loader, loss_fn, sgd(model), train_step=in_place)
    assert bits(given) == before and list(given[0]) == ["x", "labels"]


def planned(optimizer, kind):
    if kind == "sequential":
        warm = schedulers.LinearLR(optimizer, 0.1, total_iters=4)
        inner = schedulers.SequentialLR(
            optimizer,
            [schedulers.ConstantLR(optimizer, 0.5, 3), schedulers.CosineAnnealingLR(optimizer, 9)],
            [3],
        )
        return schedulers.SequentialLR(optimizer, [warm, inner], [4])
    if kind == "plateau":
        return schedulers.ReduceLROnPlateau(optimizer, patience=50)
    return schedulers.OneCycleLR(optimizer, 0.1, total_steps=400)


@pytest.mark.parametrize("kind", ["sequential", "plateau", "cycle"])
@pytest.mark.filterwarnings("ignore:.*epoch parameter.*")
def test_a_scheduler_goes_on_where_it_was(kind):
    model, optimizer = trained()
    scheduler = planned(optimizer, kind)

    def step(model, batch, loss_fn, optimizer):
        loss = standard(model, batch, loss_fn, optimizer)
        scheduler.step(loss) if kind == "plateau" else scheduler.step()

    def deep(scheduler):
        own = {k: v for k, v in vars(scheduler).items() if isinstance(v, int | float | list)}
        inner = getattr(scheduler, "_schedulers", [])
        own.pop("_schedulers", None)
        return [own, [deep(each) for each in inner], optimizer.param_groups[0]["lr"]]

    before = [copy.deepcopy(deep(scheduler)), photo(model, optimizer)[:4]]
    examine(model, batches(6), loss_fn, optimizer, train_step=step, scheduler=scheduler)
    assert [deep(scheduler), photo(model, optimizer)[:4]] == before
    assert "step" not in vars(scheduler)


# What a step closes over.

CALLS = {"count": 0, "list": [], "tensor": torch.zeros(2)}
TOTAL = 0


def by_globals(model, batch, loss_fn, optimizer):
    global TOTAL
    TOTAL += 1
    CALLS["count"] += 1
    CALLS["list"].append(len(CALLS["list"]))
    CALLS["tensor"] += 1
    CALLS["new"] = "x"
    return standard(model, batch, loss_fn, optimizer)


def test_globals_that_a_step_changes_are_as_before():
    model = linear()
    before = bits(CALLS)
    examine(model, batches(4), loss_fn, sgd(model), train_step=by_globals)
    assert bits(CALLS) == before and TOTAL == 0 and "new" not in CALLS


def deeper(model, batch, loss_fn, optimizer):
    return by_globals(model, batch, loss_fn, optimizer)


def test_globals_of_functions_that_a_step_calls_are_as_before():
    model = linear()
    before = bits(CALLS)
    examine(model, batches(4), loss_fn, sgd(model), train_step=deeper)
    assert bits(CALLS) == before and TOTAL == 0


def test_counters_teachers_scalers_and_other_optimizers_are_as_before():
    """A second model with its optimizer, an averaged teacher, and a GradScaler, in closures."""
    model, critic, count = linear(), linear(1), 0
    teacher = torch.optim.swa_utils.AveragedModel(model)
    second, scaler = adamw(critic), torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=1)
    seen, queue, log = collections.Counter(), collections.deque(maxlen=3), []

    def step(model, batch, loss_fn, optimizer):
        nonlocal count
        count += 1
        seen["steps"] += 1
        queue.append(count)
        optimizer.zero_grad(), second.zero_grad()
        loss = loss_fn(model(batch["x"]), batch["labels"])
        loss = loss + loss_fn(critic(batch["x"]), batch["labels"])
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        second.step()
        teacher.update_parameters(model)
        log.append(loss.item())

    optimizer = sgd(model, momentum=0.9)
    optimizer.step = optimizer.step  # an attribute of the object, as some libraries leave it
    for given in batches(2, B=5):
        step(model, given, loss_fn, optimizer)

    def state():
        pictures = photo(model, optimizer), photo(critic, second), bits(teacher.state_dict())
        return *pictures, bits(scaler.state_dict()), dict(seen), list(queue), list(log), count

    before = state()
    examine(model, batches(4), loss_fn, optimizer, train_step=step)
    assert state() == before
    step(model, given, loss_fn, optimizer)
    assert state() != before


class Trainer:
    """A learner's own class: its step is a bound method."""

    def __init__(self, model):
        self.model, self.losses, self.best, self.average = model, [], None, {}
        self.history = {"loss": [], "deep": ([1], {"a": [2]})}

    def train_step(self, model, batch, loss_fn, optimizer):
        self.losses.append(standard(model, batch, loss_fn, optimizer))
        self.best = min(self.losses)
        self.average = {name: w.detach().clone() for name, w in model.named_parameters()}
        self.history["deep"][1]["a"].append(3)
        self.history = {}


def test_a_trainer_whose_method_is_the_step_is_as_before():
    model = linear()
    trainer = Trainer(model)
    history = trainer.history
    examine(model, batches(4), loss_fn, sgd(model), train_step=trainer.train_step)
    assert (trainer.losses, trainer.best, trainer.average) == ([], None, {})
    assert trainer.history is history
    assert history == {"loss": [], "deep": ([1], {"a": [2]})}


@pytest.mark.parametrize("kind", ["none", "sick", "raises"])
def test_a_training_that_goes_on_after_an_examination_is_the_same_to_the_bit(kind):
    """Dropout, shuffling, momentum and a schedule: whatever draws or counts would show."""

    def sick(model, batch, loss_fn, optimizer):
        standard(model.eval(), batch, loss_fn, optimizer)
        optimizer.param_groups[0]["lr"] *= 3
        if kind == "raises":
            raise ValueError

    results = []
    for looked_at in (False, True):
        model, optimizer = trained()
        data = [{k: v[0] for k, v in each.items()} for each in batches(20, B=1)]
        loader = DataLoader(data, batch_size=5, shuffle=True)
        scheduler = planned(optimizer, "sequential")
        torch.manual_seed(11)
        for epoch in range(3):
            if looked_at and epoch:
                own = {"none": None}.get(kind, sick)
                options = {"train_step": own, "scheduler": scheduler, "valid_loader": loader}
                examine(model, loader, loss_fn, optimizer, **options)
            for given in loader:
                standard(model, given, loss_fn, optimizer)
            scheduler.step()
        results.append([bits(model.state_dict()), bits(optimizer.state_dict()["state"])])
        results[-1].append([bits(torch.get_rng_state()), scheduler.get_last_lr()])
    names = [entry[0] for entry in results[0][1]]
    assert names and results[0][0] == results[1][0] and results[0][2] == results[1][2]
    assert [v for _, v in results[0][1]] == [v for _, v in results[1][1]]


# What can't be seen by way of __dict__.


@dataclasses.dataclass(slots=True)
class Meter:
    total: float = 0.0
    losses: list = dataclasses.field(default_factory=list)


def test_an_object_with_slots_is_as_before():
    model, meter = linear(), Meter()

    def step(model, batch, loss_fn, optimizer):
        meter.total += standard(model, batch, loss_fn, optimizer)
        meter.losses.append(meter.total)

    examine(model, batches(4), loss_fn, sgd(model), train_step=step)
    assert (meter.total, meter.losses) == (0.0, [])


class Counts(nn.Linear):
    calls = 0

    def forward(self, x):
        type(self).calls += 1
        return super().forward(x)


def test_a_counter_of_the_class_is_as_before():
    model = Counts(3, 2)
    examine(model, batches(4), loss_fn, sgd(model))
    assert Counts.calls == 0


def test_attributes_and_hooks_of_a_parameter_are_as_before():
    model = linear()
    weight = model.layers[0].weight
    weight.average = weight.detach().clone()

    def step(model, batch, loss_fn, optimizer):
        weight.register_post_accumulate_grad_hook(lambda w: None)
        standard(model, batch, loss_fn, optimizer)
        weight.average.lerp_(weight.detach(), 0.5)
        weight.seen = True

    before = bits(weight.average)
    examine(model, batches(4), loss_fn, sgd(model), train_step=step)
    assert bits(weight.average) == before and not hasattr(weight, "seen")
    assert not weight._post_accumulate_grad_hooks


def test_sparse_gradients_are_as_before():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(9, 4, sparse=True), nn.Flatten(), nn.Linear(8, 2))
    given = [(torch.tensor([[1, 2], [3, 4]]), torch.tensor([0, 1]))] * 3
    optimizer = sgd(model)
    loss_fn(model(given[0][0]), given[0][1]).backward()
    gradient = model[0].weight.grad
    before = gradient.clone().to_dense()
    for step in (None, lambda model, x, y: loss_fn(model(x), y).backward()):
        examine(model, given, loss_fn, optimizer, train_step=step)
        assert model[0].weight.grad is gradient and torch.equal(gradient.to_dense(), before)


def test_a_scripted_model_is_as_before():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = torch.jit.script(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)))
    model.eval()
    before = [(n, bits(x)) for n, x in model.state_dict().items()]
    examine(model, batches(4), loss_fn, sgd(model))
    assert [(n, bits(x)) for n, x in model.state_dict().items()] == before
    assert not any(part.training for part in model.modules())
