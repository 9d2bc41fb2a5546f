"""Patients of the fourth set: parameters, optimizers, rates and schedules."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ._case import SICK, Case, Patient
from ._fourth import (
    Reader,
    blobs,
    cnn,
    dicts,
    mlp,
    pairs,
    sentences,
    slope,
    standard_step,
    stripes,
    tags,
    token_loss,
    walks,
)


class Sequence(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(3, 16, batch_first=True)
        self.norm = nn.LayerNorm(16)
        self.head = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.rnn(x)[0][:, -1]))


def parameters_missing(seed: int, ill: bool = True) -> Patient:
    """The new head is made after the optimizer; the rest of the model is in it."""
    torch.manual_seed(seed)
    model = cnn(10)
    optimizer = torch.optim.Adam(model[:-1].parameters(), lr=2e-3)
    model[-1] = nn.Linear(256, 4)
    if not ill:
        optimizer.add_param_group({"params": model[-1].parameters()})
    return Patient(model, pairs(seed, *stripes(seed)), nn.CrossEntropyLoss(), optimizer)


def parameters_missing_in_groups(seed: int, ill: bool = True) -> Patient:
    """Two groups with two rates, and the recurrent layer is in neither."""
    torch.manual_seed(seed)
    model = Sequence()
    groups = [
        {"params": model.head.parameters(), "lr": 5e-3},
        {"params": model.norm.parameters(), "weight_decay": 0.0},
    ]
    if not ill:
        groups.append({"params": model.rnn.parameters()})
    optimizer = torch.optim.AdamW(groups, lr=3e-3)
    options = {"train_step": standard_step}
    return Patient(model, pairs(seed, *walks(seed)), nn.CrossEntropyLoss(), optimizer, options)


def optimizer_of_a_copy(seed: int, ill: bool = True) -> Patient:
    """A copy is trained; the optimizer moves the original."""
    torch.manual_seed(seed)
    ids, mask, y = sentences(seed)
    original = Reader(3)
    model = copy.deepcopy(original)
    owner = original if ill else model
    optimizer = torch.optim.AdamW(owner.parameters(), lr=3e-3)
    loader = dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def layers_in_a_list(seed: int, ill: bool = True) -> Patient:
    torch.manual_seed(seed)

    class Deep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(12, 24)
            blocks = [nn.Linear(24, 24) for _ in range(2)]
            self.blocks = blocks if ill else nn.ModuleList(blocks)
            self.last = nn.Linear(24, 3)

        def forward(self, x: Tensor) -> Tensor:
            x = torch.relu(self.first(x))
            for block in self.blocks:
                x = torch.relu(block(x))
            return self.last(x)

    model = Deep()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    options = {"scheduler": torch.optim.lr_scheduler.StepLR(optimizer, step_size=10)}
    return Patient(model, pairs(seed, *blobs(seed)), nn.CrossEntropyLoss(), optimizer, options)


def plain_tensor(seed: int, ill: bool = True) -> Patient:
    """The learner's own linear layer keeps its weight as a tensor that only looks trainable."""
    torch.manual_seed(seed)

    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            weight = 0.3 * torch.randn(6, 32)
            self.weight = weight.requires_grad_() if ill else nn.Parameter(weight)
            self.out = nn.Linear(32, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(torch.tanh(x @ self.weight)).squeeze(-1)

    model = Own()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, pairs(seed, *slope(seed)), nn.MSELoss(), optimizer)


def nothing_trainable(seed: int, ill: bool = True) -> Patient:
    """The backbone is frozen after the head was put in, and the head with it."""
    torch.manual_seed(seed)
    model = mlp(12, 32, 3)
    for parameter in (model if ill else model[0]).parameters():
        parameter.requires_grad_(False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return Patient(model, pairs(seed, *blobs(seed)), nn.CrossEntropyLoss(), optimizer)


def _taught(model: nn.Module, optimizer: Any, batches: Any, loss_fn: Callable) -> None:
    for x, y in batches:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()


def frozen_norm(seed: int, ill: bool = True) -> Patient:
    """The body is frozen, BatchNorm included, but train() reaches its running averages."""
    torch.manual_seed(seed)
    x, y = stripes(seed)
    body = cnn(4, norm=True)[:-1]
    whole = nn.Sequential(body, nn.Linear(256, 4))
    adam = torch.optim.Adam(whole.parameters(), lr=3e-3)
    _taught(whole, adam, pairs(seed, x, y), functional.cross_entropy)
    adam.zero_grad()

    class Frozen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = body.requires_grad_(False)
            self.head = nn.Linear(256, 4)

        def forward(self, images: Tensor) -> Tensor:
            return self.head(self.body(images))

        def train(self, mode: bool = True) -> "Frozen":
            super().train(mode)
            if not ill:
                self.body.eval()
            return self

    model = Frozen()
    optimizer = torch.optim.Adam(model.head.parameters(), lr=3e-3)
    return Patient(model, pairs(seed, *stripes(seed + 50)), nn.CrossEntropyLoss(), optimizer)


def frozen_moves(seed: int, ill: bool = True) -> Patient:
    """Frozen in mid-training: zero gradients stay, and decay and momentum work on."""
    torch.manual_seed(seed)
    x, y = blobs(seed)
    model = mlp(12, 32, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.01)
    _taught(model, optimizer, list(pairs(seed, x, y))[:4], functional.cross_entropy)
    model[0].requires_grad_(False)
    if not ill:
        for parameter in model[0].parameters():
            parameter.grad = None

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> float:
        model.train()
        optimizer.zero_grad(set_to_none=False)
        loss = loss_fn(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        return loss.item()

    options = {"train_step": train_step}
    return Patient(model, pairs(seed, x, y), nn.CrossEntropyLoss(), optimizer, options)


def rate_too_high(seed: int, ill: bool = True) -> Patient:
    torch.manual_seed(seed)
    model = cnn(4)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.5 if ill else 2e-3)
    return Patient(model, pairs(seed, *stripes(seed)), nn.CrossEntropyLoss(), optimizer)


def rate_too_high_sgd(seed: int, ill: bool = True) -> Patient:
    """Regression: each step overshoots further than the one before."""
    torch.manual_seed(seed)
    x, y = slope(seed)
    model = mlp(6, 32, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=2.0 if ill else 0.03, momentum=0.9)
    return Patient(model, pairs(seed, x, y[:, None]), nn.MSELoss(), optimizer)


def rate_too_low(seed: int, ill: bool = True) -> Patient:
    torch.manual_seed(seed)
    model = mlp(10, 32, 5)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-9 if ill else 3e-3)
    return Patient(model, pairs(seed, *tags(seed)), nn.BCEWithLogitsLoss(), optimizer)


def _tokens(seed: int) -> tuple[nn.Module, Any]:
    """Token classification: is the word even? Padding has the label -100."""
    torch.manual_seed(seed)
    ids, mask, _ = sentences(seed)
    labels = torch.where(mask == 1, ids % 2, -100)
    return Reader(2, each=True), dicts(seed, input_ids=ids, attention_mask=mask, labels=labels)


def scheduler_too_often(seed: int, ill: bool = True) -> Patient:
    """gamma=0.5 was meant for an epoch; it is done for each batch."""
    model, loader = _tokens(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> float:
        model.train()
        optimizer.zero_grad()
        logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        loss = loss_fn(logits, batch["labels"])
        loss.backward()
        optimizer.step()
        if ill:
            scheduler.step()
        return loss.item()

    options = {"train_step": train_step, "scheduler": scheduler, "pad_token_id": 0}
    return Patient(model, loader, token_loss, optimizer, options)


def scheduler_first(seed: int, ill: bool = True) -> Patient:
    torch.manual_seed(seed)
    model = Sequence()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=500)

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> float:
        x, y = batch
        model.train()
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        for part in (scheduler, optimizer) if ill else (optimizer, scheduler):
            part.step()
        return loss.item()

    options = {"train_step": train_step, "scheduler": scheduler}
    return Patient(model, pairs(seed, *walks(seed)), nn.CrossEntropyLoss(), optimizer, options)


CASES = [
    Case(f"{name}/fourth-{form}", name, SICK, build)
    for name, form, build in [
        ("parameters-not-in-optimizer", "head-made-later", parameters_missing),
        ("parameters-not-in-optimizer", "no-group-for-the-lstm", parameters_missing_in_groups),
        ("optimizer-of-another-model", "copy", optimizer_of_a_copy),
        ("hidden-layers-in-a-list", "mlp", layers_in_a_list),
        ("plain-tensor-not-parameter", "own-linear", plain_tensor),
        ("nothing-trainable", "head-too", nothing_trainable),
        ("frozen-batchnorm-updates", "cnn-body", frozen_norm),
        ("frozen-weights-move", "momentum", frozen_moves),
        ("learning-rate-too-high", "adam-cnn", rate_too_high),
        ("learning-rate-too-high", "sgd-regression", rate_too_high_sgd),
        ("learning-rate-too-low", "tags", rate_too_low),
        ("scheduler-stepped-too-often", "tokens", scheduler_too_often),
        ("scheduler-before-optimizer", "lstm", scheduler_first),
    ]
]
