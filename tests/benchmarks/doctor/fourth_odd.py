"""Healthy trainings of the fourth set that look ill at first sight."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ._case import UNUSUAL, Case, Patient
from ._fourth import (
    Reader,
    blobs,
    cnn,
    cycles,
    dicts,
    generator,
    mlp,
    pairs,
    sentences,
    slope,
    stripes,
    token_loss,
)


def accumulation(seed: int) -> Patient:
    """Gradients of four batches are gathered before a step."""
    torch.manual_seed(seed)
    model = mlp(12, 32, 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    count = {"batches": 0}

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> float:
        model.train()
        loss = loss_fn(model(batch[0]), batch[1])
        (loss / 4).backward()
        count["batches"] += 1
        if count["batches"] % 4 == 0:
            optimizer.step()
            optimizer.zero_grad()
        return loss.item()

    loader = pairs(seed, *blobs(seed, 800), batch_size=10)
    options = {"train_step": train_step}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


def contrastive(seed: int) -> Patient:
    """Two views of a row find each other among the batch: the loss compares samples on purpose."""
    torch.manual_seed(seed)
    x, _ = blobs(seed, 640, 12, 8)
    g = generator(seed)

    class Views(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = mlp(12, 32, 8)

        def forward(self, one: Tensor, two: Tensor) -> Tensor:
            vectors = [functional.normalize(self.net(view), dim=1) for view in (one, two)]
            return torch.stack(vectors, dim=1)  # (B, 2, 8)

    def loss_fn(vectors: Tensor, rows: Tensor) -> Tensor:
        likeness = vectors[:, 0] @ vectors[:, 1].T / 0.2
        return functional.cross_entropy(likeness, torch.arange(len(rows)))

    model = Views()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    views = {name: x + 0.2 * torch.randn(x.shape, generator=g) for name in ("one", "two")}
    loader = dicts(seed, **views, labels=torch.arange(len(x)))
    return Patient(model, loader, loss_fn, optimizer)


def adapting_norm(seed: int) -> Patient:
    """All is frozen but BatchNorm and the head: the averages are meant to move."""
    torch.manual_seed(seed)
    model = cnn(4, norm=True)
    for layer in model[:-1]:
        layer.requires_grad_(isinstance(layer, nn.BatchNorm2d))
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trainable, lr=3e-3)
    return Patient(model, pairs(seed, *stripes(seed)), nn.CrossEntropyLoss(), optimizer)


def bytes_into_norm(seed: int) -> Patient:
    """Pixels from 0 to 255, and BatchNorm is the first layer."""
    torch.manual_seed(seed)
    x, y = stripes(seed)
    pixels = (255 * (x - x.min()) / (x.max() - x.min())).round()
    model = nn.Sequential(nn.BatchNorm2d(1), *cnn(4))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return Patient(model, pairs(seed, pixels, y), nn.CrossEntropyLoss(), optimizer)


def summed(seed: int) -> Patient:
    """The loss is a sum over the batch, and the rate is small in return."""
    torch.manual_seed(seed)
    x, y = slope(seed)
    model = mlp(6, 32, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    return Patient(model, pairs(seed, x, y[:, None]), nn.MSELoss(reduction="sum"), optimizer)


def fine_tuning(seed: int) -> Patient:
    """A model that can read already, and 2e-5."""
    torch.manual_seed(seed)
    ids, mask, y = sentences(seed)
    model = Reader(3)
    adam = torch.optim.Adam(model.parameters(), lr=5e-3)
    for rows in torch.randperm(400, generator=generator(seed)).split(50) * 2:
        adam.zero_grad()
        functional.cross_entropy(model(ids[rows], mask[rows]), y[rows]).backward()
        adam.step()
    model.zero_grad()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)
    loader = dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"pad_token_id": 0})


def near_chance(seed: int) -> Patient:
    """Two classes that overlap: 7 of 10 right is the most that can be had."""
    torch.manual_seed(seed)
    g = generator(9000 + seed)
    x = torch.randn(2000, 8, generator=g)
    chance = torch.sigmoid(1.2 * x[:, 0] - 0.6 * x[:, 1])
    y = (torch.rand(2000, generator=g) < chance).long()
    model = mlp(8, 16, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return Patient(model, pairs(seed, x, y), nn.CrossEntropyLoss(), optimizer)


def lbfgs(seed: int) -> Patient:
    """One batch of all rows; the optimizer calls forward and backward itself."""
    torch.manual_seed(seed)
    x, y = slope(seed, 300)
    model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=8, line_search_fn="strong_wolfe")

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> Tensor:
        model.train()

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = loss_fn(model(batch[0]), batch[1])
            loss.backward()
            return loss

        return optimizer.step(closure)

    loader = pairs(seed, x, y[:, None], batch_size=300)
    return Patient(model, loader, nn.MSELoss(), optimizer, {"train_step": train_step})


def mixup(seed: int) -> Patient:
    """The step mixes each picture with another one of its batch, and the losses likewise."""
    torch.manual_seed(seed)
    model = cnn(4)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> Tensor:
        x, y = batch
        model.train()
        other = torch.randperm(len(x))
        share = torch.distributions.Beta(0.4, 0.4).sample().item()
        logits = model(share * x + (1 - share) * x[other])
        loss = share * loss_fn(logits, y) + (1 - share) * loss_fn(logits, y[other])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    options = {"train_step": train_step}
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.05)
    return Patient(model, pairs(seed, *stripes(seed)), loss_fn, optimizer, options)


class Stream:
    """Batches from a generator, without a length; the rows lie in random order from the start."""

    def __init__(self, *tensors: Tensor) -> None:
        self.tensors = tensors

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        yield from zip(*(tensor.split(32) for tensor in self.tensors), strict=True)


def stream(seed: int) -> Patient:
    torch.manual_seed(seed)
    model = mlp(12, 32, 4)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=2e-3)
    return Patient(model, Stream(*blobs(seed, 640, 12, 4)), nn.CrossEntropyLoss(), optimizer)


def causal_lm(seed: int) -> Patient:
    """Each token is asked for the next one, so every label counts and none is -100."""
    torch.manual_seed(seed)

    class Writer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(24, 16)
            self.rnn = nn.GRU(16, 24, batch_first=True)
            self.head = nn.Linear(24, 24)

        def forward(self, input_ids: Tensor) -> Tensor:
            return self.head(self.rnn(self.words(input_ids))[0])

    ids = cycles(seed, 400, 11)
    model = Writer()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loader = dicts(seed, input_ids=ids[:, :-1], labels=ids[:, 1:])
    return Patient(model, loader, token_loss, optimizer)


def one_cycle(seed: int) -> Patient:
    """The rate starts at a 25th, climbs, and ends near zero: all by design."""
    torch.manual_seed(seed)
    model = cnn(4, norm=True)
    loader = pairs(seed, *stripes(seed, 640))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=200)

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> float:
        model.train()
        optimizer.zero_grad()
        loss = loss_fn(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        scheduler.step()
        return loss.item()

    options = {"train_step": train_step, "scheduler": scheduler}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


def two_optimizers(seed: int) -> Patient:
    """The embedding has an optimizer of its own, which the step brings along."""
    torch.manual_seed(seed)
    ids, mask, y = sentences(seed)
    model = Reader(3)
    words = list(model.words.parameters())
    rest = [p for name, p in model.named_parameters() if not name.startswith("words.")]
    second = torch.optim.SGD(words, lr=0.5)
    optimizer = torch.optim.AdamW(rest, lr=3e-3)

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> float:
        model.train()
        for one in (optimizer, second):
            one.zero_grad()
        loss = loss_fn(model(batch["input_ids"], batch["attention_mask"]), batch["labels"])
        loss.backward()
        for one in (optimizer, second):
            one.step()
        return loss.item()

    loader = dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    options = {"train_step": train_step, "pad_token_id": 0}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


CASES = [
    Case(f"healthy/fourth-{form}", "", UNUSUAL, build)
    for form, build in [
        ("accumulation", accumulation),
        ("contrastive", contrastive),
        ("adapting-norm", adapting_norm),
        ("bytes-into-norm", bytes_into_norm),
        ("summed", summed),
        ("fine-tuning", fine_tuning),
        ("near-chance", near_chance),
        ("lbfgs", lbfgs),
        ("mixup", mixup),
        ("stream", stream),
        ("causal-lm", causal_lm),
        ("one-cycle", one_cycle),
        ("two-optimizers", two_optimizers),
    ]
]
