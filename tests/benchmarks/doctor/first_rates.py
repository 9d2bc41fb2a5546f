"""Patients whose rate, schedule or gradients are wrong, and forwards that they should not have."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import lr_scheduler

from . import _small as small
from ._case import Patient


def rate_too_high(seed: int) -> Patient:
    x, y = small.pictures(seed)
    model = small.cnn()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.5)
    return Patient(model, small.pairs(x, y, seed=seed), nn.CrossEntropyLoss(), optimizer)


def rate_too_high_for_a_transformer(seed: int) -> Patient:
    """The rate of a small network trained by SGD, with AdamW and a transformer."""
    loader = small.reading(seed)
    model = small.Reader()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def rate_too_low(seed: int) -> Patient:
    x, y = small.waves(seed)
    model = small.Listener()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-8)
    return Patient(model, small.pairs(x, y, seed=seed), nn.CrossEntropyLoss(), optimizer)


def rate_too_low_by_sgd(seed: int) -> Patient:
    """The rate for fine-tuning by AdamW, with plain SGD and from scratch."""
    x, y = small.numbers(seed)
    model = small.mlp(8, 32, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=2e-6)
    loader = small.pairs(x, y[:, None], seed=seed)
    return Patient(model, loader, nn.MSELoss(), optimizer)


def schedule_of_epochs_by_steps(seed: int) -> Patient:
    """A tenth after every third epoch is meant."""
    x, y = small.pictures(seed)
    model = small.cnn()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    scheduler = lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.1)

    def step(model, batch, loss_fn, optimizer):
        model.train()
        images, target = batch
        optimizer.zero_grad()
        loss = loss_fn(model(images), target)
        loss.backward()
        optimizer.step()
        scheduler.step()
        return loss.item()

    options = {"train_step": step, "scheduler": scheduler}
    loader = small.pairs(x, y, seed=seed)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


def decay_of_epochs_by_steps(seed: int) -> Patient:
    """0.8 for an epoch is a quick schedule; for each of 24 steps it is the end."""
    loader = small.reading(seed)
    model = small.Reader()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    scheduler = lr_scheduler.ExponentialLR(optimizer, gamma=0.8)

    def step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        loss = loss_fn(model(batch["input_ids"], batch["attention_mask"]), batch["labels"])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        return loss.detach()

    options = {"train_step": step, "scheduler": scheduler}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


def scheduler_first(seed: int) -> Patient:
    """A falling rate for ten epochs' steps; its first value is passed over."""
    x, y = small.points(seed)
    loader = small.pairs(x, y, seed=seed)
    model = small.mlp(12, 32, 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    scheduler = lr_scheduler.LinearLR(optimizer, 1.0, 0.01, total_iters=10 * len(loader))

    def step(model, batch, loss_fn, optimizer):
        model.train()
        features, target = batch
        optimizer.zero_grad()
        loss = loss_fn(model(features), target)
        loss.backward()
        scheduler.step()
        optimizer.step()
        return loss.item()

    options = {"train_step": step, "scheduler": scheduler}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


def functional_dropout(seed: int) -> Patient:
    """F.dropout knows of no mode unless it is told."""
    x, y = small.points(seed)
    model = Dropping()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, small.pairs(x, y, seed=seed), nn.CrossEntropyLoss(), optimizer)


class Dropping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(12, 64), nn.Linear(64, 4)

    def forward(self, x):
        return self.last(F.dropout(F.relu(self.first(x)), 0.3))


class DroppingReader(small.Reader):
    """Makes a new Dropout in each forward, which begins in training mode."""

    def forward(self, input_ids, attention_mask):
        return self.head(nn.Dropout(0.2)(self.read(input_ids, attention_mask)))


def dropout_made_in_forward(seed: int) -> Patient:
    loader = small.reading(seed)
    model = DroppingReader()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


class BatchSecond(nn.Module):
    """A transformer that takes the first axis for time, as is its default."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(small.VOCABULARY, 32)
        self.encoder = small.encoder(batch_first=False)
        self.head = nn.Linear(32, 3)

    def forward(self, ids):
        return self.head(self.encoder(self.words(ids)).mean(1))


def batch_taken_for_time(seed: int) -> Patient:
    ids, _, y = small.sentences(seed, shortest=12)
    model = BatchSecond()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Patient(model, small.pairs(ids, y, seed=seed), nn.CrossEntropyLoss(), optimizer)


class ByTheBatch(nn.Module):
    """Normalises what it is given by the mean and the spread of the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.net = small.mlp(8, 32, 1)

    def forward(self, x):
        return self.net((x - x.mean(0)) / (x.std(0) + 1e-5))


def normalised_by_the_batch(seed: int) -> Patient:
    x, y = small.numbers(seed)
    model = ByTheBatch()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loader = small.dicts(seed, x=x, labels=y[:, None])
    return Patient(model, loader, nn.MSELoss(), optimizer)


def dead_by_their_biases(seed: int) -> Patient:
    """Small weights and biases of -1: no hidden unit ever answers."""
    x, y = small.tags(seed)
    model = small.mlp(10, 32, 5)
    nn.init.normal_(model[0].weight, std=0.02)
    nn.init.constant_(model[0].bias, -1.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, small.pairs(x, y, seed=seed), nn.BCEWithLogitsLoss(), optimizer)


def dead_by_an_earlier_rate(seed: int) -> Patient:
    """An epoch at far too high a rate has killed the units; the rate and head are new."""
    x, y = small.pictures(seed)
    loader = small.pairs(x, y, seed=seed, size=32)
    model = small.cnn()
    small.practise(model, loader, torch.optim.Adam(model.parameters(), lr=1.0))
    model[-1].reset_parameters()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def vanishing_by_sigmoids(seed: int) -> Patient:
    x, y = small.points(seed)
    model = small.mlp(12, *[32] * 8, 4, act=nn.Sigmoid)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return Patient(model, small.pairs(x, y, seed=seed), nn.CrossEntropyLoss(), optimizer)


def exploding_by_wide_weights(seed: int) -> Patient:
    """normal_ without a spread has one of 1, which six layers of 64 units multiply."""
    x, y = small.numbers(seed)
    model = small.mlp(8, *[64] * 6, 1)
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight)
            nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = small.pairs(x, y[:, None], seed=seed)
    return Patient(model, loader, nn.MSELoss(), optimizer)


class Recurrent(nn.Module):
    """A plain recurrence of ReLUs over a long signal."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(2, 24, nonlinearity="relu", batch_first=True)
        nn.init.eye_(self.rnn.weight_hh_l0)
        self.head = nn.Linear(24, 3)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


def exploding_by_time(seed: int) -> Patient:
    """Each of 40 moments makes the state half as large again."""
    x, y = small.waves(seed, steps=40)
    model = Recurrent()
    with torch.no_grad():
        model.rnn.weight_hh_l0.mul_(1.5)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return Patient(model, small.pairs(x, y, seed=seed), nn.CrossEntropyLoss(), optimizer)


CASES = [
    small.sick("learning-rate-too-high", "cnn", rate_too_high),
    small.sick("learning-rate-too-high", "transformer", rate_too_high_for_a_transformer),
    small.sick("learning-rate-too-low", "lstm", rate_too_low),
    small.sick("learning-rate-too-low", "sgd", rate_too_low_by_sgd),
    small.sick("scheduler-stepped-too-often", "step", schedule_of_epochs_by_steps),
    small.sick("scheduler-stepped-too-often", "decay", decay_of_epochs_by_steps),
    small.sick("scheduler-before-optimizer", "mlp", scheduler_first),
    small.sick("dropout-always-on", "functional", functional_dropout),
    small.sick("dropout-always-on", "made-in-forward", dropout_made_in_forward),
    small.sick("samples-leak-within-batch", "batch-first", batch_taken_for_time),
    small.sick("samples-leak-within-batch", "by-the-batch", normalised_by_the_batch),
    small.sick("dead-relu", "biases", dead_by_their_biases),
    small.sick("dead-relu", "earlier-rate", dead_by_an_earlier_rate),
    small.sick("vanishing-gradient", "sigmoids", vanishing_by_sigmoids),
    small.sick("exploding-gradient", "wide-weights", exploding_by_wide_weights),
    small.sick("exploding-gradient", "time", exploding_by_time),
]
