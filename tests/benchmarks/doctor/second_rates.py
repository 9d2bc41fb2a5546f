"""Second half: learning rates and their schedules."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import lr_scheduler

from tests.benchmarks.doctor import _other as o
from tests.benchmarks.doctor._case import Case, Patient

CASES: list[Case] = []
sick = o.collector(CASES)


@sick("learning-rate-too-high", "AdamW at 0.5 on a tiny BERT")
def bert_at_half(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.tiny_bert()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.5 if ill else 3e-3)
    return Patient(model, o.texts(g), None, optimizer)


@sick("learning-rate-too-high", "plain gradient descent at 20 in a regression")
def descent_at_twenty(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(6, 32, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=20.0 if ill else 0.05)
    return Patient(model, o.pairs(g, *o.slopes(g)), nn.MSELoss(), optimizer)


@sick("learning-rate-too-high", "Adam at 3 on an LSTM, gradients clipped")
def clipped_lstm(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.Reader()

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        logits = model(batch["input_ids"], batch["attention_mask"])
        loss = loss_fn(logits, batch["labels"])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    optimizer = torch.optim.Adam(model.parameters(), lr=3.0 if ill else 5e-3)
    loader = o.texts(g)
    return Patient(model, loader, F.cross_entropy, optimizer, {"train_step": train_step})


@sick("learning-rate-too-low", "SGD at 1e-6, with momentum")
def crawling_cnn(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.cnn(norm=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6 if ill else 3e-2, momentum=0.9)
    return Patient(model, o.pairs(g, *o.stripes(g)), nn.CrossEntropyLoss(), optimizer)


@sick("learning-rate-too-low", "Adam at 1e-8 on a model from scratch")
def crawling_adam(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(10, 48, 5, act=nn.GELU)
    groups = [{"params": [p]} for p in model.parameters()]
    optimizer = torch.optim.Adam(groups, lr=1e-8 if ill else 1e-2)
    loader = o.pairs(g, *o.tags(g))
    return Patient(model, loader, nn.BCEWithLogitsLoss(), optimizer)


def stepping(schedule, each: int = 1):
    """A step that moves the schedule on after every so many batches."""
    done = {"batches": 0}

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        *inputs, labels = batch.values() if isinstance(batch, dict) else batch
        optimizer.zero_grad()
        loss = loss_fn(model(*inputs), labels)
        loss.backward()
        optimizer.step()
        done["batches"] += 1
        if done["batches"] % each == 0:
            schedule.step()
        return loss.item()

    return train_step


@sick("scheduler-stepped-too-often", "StepLR in epochs, stepped with every batch")
def steps_of_three(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.cnn(norm=True)
    loader = o.pairs(g, *o.stripes(g))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    schedule = lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.1)
    train_step = stepping(schedule, each=1 if ill else len(loader))
    options = {"train_step": train_step, "scheduler": schedule}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


@sick("scheduler-stepped-too-often", "an exponential decay in epochs, stepped with every batch")
def halved_each_batch(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.Reader()
    loader = o.texts(g)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    schedule = lr_scheduler.ExponentialLR(optimizer, gamma=0.7)
    train_step = stepping(schedule, each=1 if ill else len(loader))
    options = {"train_step": train_step, "scheduler": schedule}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


@sick("scheduler-stepped-too-often", "a cosine over ten epochs that is over after ten batches")
def cosine_of_ten(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(12, 32, 4)
    loader = o.pairs(g, *o.points(g))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    schedule = lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
    train_step = stepping(schedule, each=1 if ill else len(loader))
    options = {"train_step": train_step, "scheduler": schedule}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


@sick("scheduler-before-optimizer", "OneCycleLR moved on between backward and step")
def one_cycle_first(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.cnn(norm=True)
    loader = o.pairs(g, *o.stripes(g))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    schedule = lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=20 * len(loader))

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        loss = loss_fn(model(batch[0]), batch[1])
        loss.backward()
        if ill:
            schedule.step()
        optimizer.step()
        if not ill:
            schedule.step()
        return loss.item()

    options = {"train_step": train_step, "scheduler": schedule}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


@sick("scheduler-before-optimizer", "a linear warm-up of a transformer, moved on first of all")
def warm_up_first(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.tiny_bert()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    warm_up = lambda step: min(1.0, (step + 1) / 40)  # noqa: E731
    schedule = lr_scheduler.LambdaLR(optimizer, warm_up)

    def train_step(model, batch, loss_fn, optimizer):
        if ill:
            schedule.step()
        model.train()
        loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if not ill:
            schedule.step()
        return loss.item(), schedule.get_last_lr()

    options = {"train_step": train_step, "scheduler": schedule}
    return Patient(model, o.texts(g), None, optimizer, options)
