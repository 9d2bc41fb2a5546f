"""A training that is interrupted anywhere and resumed ends with the numbers of one that is not."""

import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn_metrics
from torch import nn
from torch.optim import lr_scheduler as schedulers
from torch.utils.data import DataLoader, RandomSampler, WeightedRandomSampler

from course_lib.checkpoint import Checkpoints, EarlyStopping
from course_lib.data import make_loader
from course_lib.loop import fit
from tests.tiny_training import (
    Rows,
    Stream,
    adamw,
    batch,
    batches,
    linear,
    loss_fn,
    noisy,
    same,
    sgd,
    state,
)

# Python 3.12 and newer warn of any fork beside threads, and PyTorch has threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")

EPOCHS = 2
VALID = [batch(B, 50 + B) for B in (5, 3)]


class Noisy(Rows):
    """Rows with noise from three sources, as augmentation has."""

    def __getitem__(self, index):
        item = super().__getitem__(index)
        noise = [random.random(), np.random.rand(), torch.rand(()).item()]
        return item | {"x": item["x"] + torch.tensor(noise)}


class Large(Rows):
    """Rows whose gradients are too large for float16 until the scaler has come down."""

    def __getitem__(self, index):
        item = super().__getitem__(index)
        return item | {"x": 100 * item["x"]}


class Lines(Rows):
    """Rows of different lengths."""

    @property
    def lengths(self):
        return [1 + 5 * i % 7 for i in range(self.count)]

    def __getitem__(self, index):
        ids = torch.arange(1, 1 + self.lengths[index]) % 9
        return {"input_ids": ids, "labels": torch.tensor(index % 2)}


class Words(nn.Module):
    """Reads Lines."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(9, 4)
        self.layers = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 2))

    def forward(self, input_ids, attention_mask):
        return self.layers((self.embedding(input_ids) * attention_mask[..., None]).mean(1))


def words(seed):
    torch.manual_seed(seed)
    return Words()


class OwnRate:
    """Lowers the rate after each epoch, by itself."""

    def on_epoch(self, run):
        run.optimizer.param_groups[0]["lr"] *= 0.5


class Draws:
    """Draws random numbers whenever it is called, as one that shows examples does."""

    def draw(self, run):
        random.random(), np.random.rand(), torch.rand(3)

    on_start = on_step = on_epoch = on_end = draw


@dataclass
class Case:
    """A training: how it is made, and with what options."""

    model: Any = noisy
    optimizer: Any = adamw
    loader: Any = lambda: make_loader(Rows(14), 4, shuffle=True, seed=3)
    valid: Any = lambda: VALID
    scheduler: Any = lambda optimizer: None
    callbacks: Any = list
    options: dict = field(default_factory=dict)
    steps: int = 4  # in an epoch
    slow: bool = False  # worker processes take their time to start


def plateau(optimizer):
    return schedulers.ReduceLROnPlateau(optimizer, patience=0, threshold=0.5)


def one_cycle(optimizer):
    return schedulers.OneCycleLR(optimizer, 0.1, total_steps=EPOCHS * 4)


def by_numpy(optimizer):
    return schedulers.LambdaLR(optimizer, lambda n: np.float64(0.9) ** n)


def loader(workers=0, data=Noisy, **options):
    return lambda: make_loader(data(14), 4, seed=3, shuffle=True, num_workers=workers, **options)


def without_generator(made):
    """A loader that draws its order from the global numbers."""
    return lambda: DataLoader(Rows(14), **{"batch_size": 4, **made(None)})


def weighted(generator):
    weights = torch.arange(1.0, 15)
    return {"sampler": WeightedRandomSampler(weights, 14, generator=generator)}


def several_each(generator):
    """With replacement, which draws again and again in an epoch: 32 at a time."""
    return {"sampler": RandomSampler(Rows(14), True, 70, generator=generator), "batch_size": 16}


def seeded(made):
    return lambda: DataLoader(
        Rows(14), **{"batch_size": 4, **made(torch.Generator().manual_seed(5))}
    )


CASES = {
    "plain": Case(linear, sgd, loader=lambda: batches(4)),
    "dropout, shuffled": Case(),
    "one cycle, clipped, metric": Case(
        scheduler=one_cycle,
        options={
            "clip": 0.1,
            "metrics": {"accuracy": lambda a, b: sklearn_metrics.accuracy_score(b, a)},
        },
    ),
    "accumulated": Case(
        loader=lambda: make_loader(Rows(10), 2, shuffle=True, seed=3),
        scheduler=by_numpy,
        options={"accumulate": 2},
        steps=3,
    ),
    "per epoch": Case(
        scheduler=lambda o: schedulers.MultiStepLR(o, [1, 2]),
        options={"schedule_per": "epoch", "epochs": 3},
    ),
    "plateau": Case(scheduler=plateau, options={"schedule_per": "epoch", "epochs": 3}),
    "early stopping": Case(
        callbacks=lambda: [EarlyStopping(patience=1, min_delta=5.0)], options={"epochs": 4}
    ),
    "float16": Case(
        optimizer=lambda m: sgd(m, lr=0.01),
        scheduler=by_numpy,
        options={"autocast": torch.float16, "clip": 1.0},
    ),
    "float16, too large": Case(
        linear,
        lambda m: sgd(m, lr=1e-4),
        loader(data=Large),
        scheduler=by_numpy,
        options={"autocast": torch.float16},
    ),
    "bfloat16": Case(options={"autocast": torch.bfloat16}),
    "random data": Case(loader=loader()),
    "random data, two workers": Case(loader=loader(2), slow=True),
    "random data, two workers, accumulated": Case(
        loader=loader(2), steps=2, options={"accumulate": 3}, slow=True
    ),
    "buckets": Case(words, loader=loader(data=Lines, bucket=True), valid=lambda: None),
    "buckets, two workers": Case(
        words, loader=loader(2, Lines, bucket=True), valid=lambda: None, slow=True
    ),
    "weighted": Case(loader=seeded(weighted)),
    "weighted, global numbers": Case(loader=without_generator(weighted)),
    "with replacement": Case(loader=seeded(several_each), steps=5),
    "shuffled by global numbers": Case(loader=without_generator(lambda g: {"shuffle": True})),
    "shuffled, workers by global numbers": Case(
        loader=lambda: DataLoader(Noisy(14), 4, shuffle=True, num_workers=2), slow=True
    ),
    "shuffled validation": Case(
        valid=lambda: make_loader(Noisy(9), 4, shuffle=True, seed=8),
    ),
    "validation by global numbers": Case(valid=lambda: DataLoader(Noisy(9), 4, shuffle=True)),
    "a shared generator": Case(valid=None),
    "own rate": Case(callbacks=lambda: [OwnRate()]),
    "own draws": Case(callbacks=lambda: [Draws()]),
    "no length": Case(loader=lambda: DataLoader(Stream(batches(4)), None), valid=lambda: None),
    "no length, shuffled validation": Case(
        loader=lambda: Stream(batches(4)),
        valid=lambda: make_loader(Noisy(9), 4, shuffle=True, seed=8),
    ),
}


def sharing(loader):
    """A validation loader whose order comes from the training loader's generator."""
    return DataLoader(Noisy(9), 4, shuffle=True, generator=loader.generator)


class Trial:
    """A training of a case, made anew with everything different that a checkpoint must bring."""

    def __init__(self, case, resumed=False):
        seed = 77 if resumed else 0
        self.model = case.model(seed)
        self.optimizer = case.optimizer(self.model)
        self.scheduler = case.scheduler(self.optimizer)
        self.case, self.loader, self.history = case, case.loader(), None
        self.valid = case.valid() if case.valid else sharing(self.loader)
        random.seed(seed), np.random.seed(seed), torch.manual_seed(seed)

    def fit(self, callbacks=(), checkpoints=None):
        options = {"epochs": EPOCHS, "progress": False} | self.case.options
        self.history = fit(
            self.model,
            self.loader,
            loss_fn,
            self.optimizer,
            valid_loader=self.valid,
            scheduler=self.scheduler,
            callbacks=[*self.case.callbacks(), *callbacks],
            checkpoints=checkpoints,
            **options,
        )
        return self

    def states(self):
        parts = [self.model, self.optimizer, *[self.scheduler] * (self.scheduler is not None)]
        numbers = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()
        return {"history": vars(self.history), "parts": state(*parts), "random": numbers}


class BrokenError(Exception):
    pass


class StopAt:
    """Ends the training at a step: politely, or by an error before the step is kept."""

    def __init__(self, step, politely=True, event="on_step"):
        self.step, self.politely = step, politely
        setattr(self, event, self.end)

    def end(self, run):
        if run.step == self.step:
            run.stop = True
            if not self.politely:
                raise BrokenError

    def on_end(self, run):
        self.epochs, self.steps = run.epoch, run.step


def interrupted(case, folder, step, politely, resumed=False, event="on_step", **options):
    """A training that is interrupted. Returns how far it came."""
    stop = StopAt(step, politely, event)
    trial = Trial(case, resumed)
    kept = Checkpoints(folder, resume=True, **options)
    if politely:
        trial.fit([stop], kept)
    else:
        with pytest.raises(BrokenError):
            trial.fit([stop], kept)
    return stop


@pytest.fixture(scope="module")
def wanted():
    """What trainings come to that nothing interrupts and nothing keeps: steps and states."""
    made = {}

    def result(name):
        if name not in made:
            trial = Trial(CASES[name]).fit()
            made[name] = (len(trial.history.losses), trial.states())
        return made[name]

    return result


def differing(found, expected):
    return [name for name in expected if not same(found[name], expected[name])]


NAMES = [pytest.param(n, marks=[pytest.mark.slow] * CASES[n].slow) for n in CASES]


@pytest.mark.parametrize("name", CASES)
def test_keeping_checkpoints_changes_nothing(tmp_path, wanted, name):
    trial = Trial(CASES[name]).fit(checkpoints=Checkpoints(tmp_path, every=3))
    steps, states = wanted(name)
    assert differing(trial.states(), states) == []
    assert steps >= 2 * CASES[name].steps and steps % CASES[name].steps == 0


POLITELY = ["dropout, shuffled", "accumulated", "shuffled validation", "no length"]
ENDS = [pytest.param(case.values[0], False, marks=case.marks) for case in NAMES]
ENDS += [(name, True) for name in POLITELY]


@pytest.mark.parametrize(("name", "politely"), ENDS)
def test_interrupted_at_any_step_it_ends_the_same(tmp_path, wanted, name, politely):
    case, (steps, states) = CASES[name], wanted(name)
    failed = {}
    for step in range(1, steps + 1):
        folder = tmp_path / str(step)
        interrupted(case, folder, step, politely, every=1 if step % 2 else 3)
        kept = Checkpoints(folder, resume=True)
        trial = Trial(case, resumed=bool(kept.files())).fit(checkpoints=kept)
        odd = set(differing(trial.states(), states))
        if politely and step == steps:
            odd -= {"random"}  # it was over: nothing is drawn, nothing set
        failed |= {step: odd} if odd else {}
    assert failed == {}


@pytest.mark.parametrize("name", NAMES)
def test_interrupted_after_each_step_it_ends_the_same(tmp_path, wanted, name):
    case, (steps, states) = CASES[name], wanted(name)
    for step in range(1, steps + 1):
        stop = interrupted(case, tmp_path, step, politely=True, resumed=step > 1)
        assert stop.steps == step
    trial = Trial(case, resumed=True).fit(checkpoints=Checkpoints(tmp_path, resume=True))
    assert set(differing(trial.states(), states)) <= {"random"}
