"""Healthy trainings whose steps or loaders are unlike others. Not for the rules' author."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset

from tests.benchmarks.doctor import _well
from tests.benchmarks.doctor._case import UNUSUAL, Case, Patient


def zero_grad_at_the_end_and_a_resting_scaler(seed: int) -> Patient:
    torch.manual_seed(seed)
    train, valid = _well.halves(*_well.clusters(seed))
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    scaler = torch.amp.GradScaler("cpu", enabled=False)

    def step(model: nn.Module, batch: list[Tensor], loss_fn: nn.Module, optimizer: object) -> float:
        model.train()
        values, labels = (part.clone() for part in batch)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = loss_fn(model(values), labels)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        model.zero_grad(set_to_none=True)
        return loss.item()

    options = {"train_step": step, "valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), nn.CrossEntropyLoss(), optimizer, options)


def in_order_but_shuffled_before(seed: int) -> Patient:
    torch.manual_seed(seed)
    values, labels = _well.clusters(seed, rows=640)
    order = torch.randperm(640)
    train, valid = _well.halves(values[order], labels[order])
    model = nn.Sequential(nn.Linear(8, 24), nn.Mish(), nn.Linear(24, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.unshuffled(train, 16), nn.CrossEntropyLoss(), optimizer, options)


class Stream(IterableDataset):
    """Twenty batches' worth of points an epoch, others each time; it has no length."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        for _ in range(320):
            place = 4 * torch.rand(2, generator=self.generator) - 2
            yield {"places": place, "labels": (place.norm() > 1.5).long()}


class Ring(nn.Module):
    """Inside or outside: (B, 2) -> (B, 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 32), nn.Softplus(), nn.Linear(32, 2))

    def forward(self, places: Tensor) -> Tensor:
        return self.layers(places)


def a_stream_without_a_length(seed: int) -> Patient:
    torch.manual_seed(seed)
    model = Ring()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    train_loader = DataLoader(Stream(seed), batch_size=16)
    return Patient(model, train_loader, nn.CrossEntropyLoss(), optimizer)


def batches_kept_in_a_list(seed: int) -> Patient:
    """The loader is a list of tuples, and BCE's labels have the shape (B,), as the outputs."""
    torch.manual_seed(seed)
    values, labels = _well.clusters(seed, rows=400, classes=2)
    parts = zip(values.split(20), labels.float().split(20), strict=True)
    batches = [(one, other) for one, other in parts]
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1), nn.Flatten(0))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    options = {"valid_loader": batches[16:]}
    return Patient(model, batches[:16], nn.BCEWithLogitsLoss(), optimizer, options)


def one_epoch_of_onecycle(seed: int) -> Patient:
    torch.manual_seed(seed)
    train, valid = _well.halves(*_well.clusters(seed, rows=1600, classes=4))
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4))
    train_loader = _well.loader(train, seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.2, total_steps=len(train_loader)
    )

    def step(model: nn.Module, batch: list[Tensor], loss_fn: nn.Module, optimizer: object) -> float:
        model.train()
        optimizer.zero_grad()
        loss = loss_fn(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        schedule.step()
        return loss.item()

    options = {
        "train_step": step,
        "valid_loader": _well.unshuffled(valid),
        "scheduler": schedule,
    }
    return Patient(model, train_loader, nn.CrossEntropyLoss(), optimizer, options)


def two_noisy_views_of_one_thing(seed: int) -> Patient:
    """A pair is two views; the loss brings the second through the model, and has no labels."""
    torch.manual_seed(seed)
    things = torch.randn(400, 3) @ torch.randn(3, 10)
    first, second = (things + 0.3 * torch.randn(400, 10) for _ in range(2))
    train, valid = _well.halves(first, second)
    model = nn.Sequential(nn.Linear(10, 32), nn.GELU(), nn.Linear(32, 12))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)

    def loss_fn(outputs: Tensor, views: Tensor) -> Tensor:
        similar = F.normalize(outputs, dim=1) @ F.normalize(model(views), dim=1).T / 0.1
        own = torch.arange(len(similar))
        return (F.cross_entropy(similar, own) + F.cross_entropy(similar.T, own)) / 2

    options = {"valid_loader": _well.unshuffled(valid, 20)}
    return Patient(model, _well.loader(train, seed, 20), loss_fn, optimizer, options)


def two_tasks_and_two_losses(seed: int) -> Patient:
    """The loss in the step has a second part, for outputs that the first does not see."""
    torch.manual_seed(seed)
    values, labels = _well.clusters(seed)
    amount = values[:, :2].sum(1, keepdim=True).sin()

    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.trunk = nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU())
            self.kind, self.amount = nn.Linear(48, 3), nn.Linear(48, 1)

        def forward(self, table: Tensor, amount: Tensor | None = None) -> Tensor:
            return self.kind(self.trunk(table))

    model = Shared()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

    def step(model: Shared, batch: dict, loss_fn: nn.Module, optimizer: object) -> list[float]:
        model.train()
        hidden = model.trunk(batch["table"])
        losses = [
            loss_fn(model.kind(hidden), batch["labels"]),
            F.smooth_l1_loss(model.amount(hidden), batch["amount"]),
        ]
        optimizer.zero_grad()
        torch.autograd.backward([losses[0], 0.5 * losses[1]])
        optimizer.step()
        return [loss.item() for loss in losses]

    rows = _well.Rows(table=values, amount=amount, labels=labels)
    train_loader = _well.loader(rows, seed)
    return Patient(model, train_loader, nn.CrossEntropyLoss(), optimizer, {"train_step": step})


STEP_CASES = [
    Case("unusual/zero-grad-at-the-end", "", UNUSUAL, zero_grad_at_the_end_and_a_resting_scaler),
    Case("unusual/in-order-shuffled-before", "", UNUSUAL, in_order_but_shuffled_before),
    Case("unusual/a-stream-without-a-length", "", UNUSUAL, a_stream_without_a_length),
    Case("unusual/batches-kept-in-a-list", "", UNUSUAL, batches_kept_in_a_list),
    Case("unusual/one-epoch-of-onecycle", "", UNUSUAL, one_epoch_of_onecycle),
    Case("unusual/two-noisy-views", "", UNUSUAL, two_noisy_views_of_one_thing),
    Case("unusual/two-tasks-and-two-losses", "", UNUSUAL, two_tasks_and_two_losses),
]
