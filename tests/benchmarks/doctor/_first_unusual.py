"""Unusual and yet healthy: what a careless rule would call a fault. Read by the rules' author."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.benchmarks.doctor import _well
from tests.benchmarks.doctor._case import UNUSUAL, Case, Patient


def _small_cnn() -> nn.Sequential:
    """(B, 1, 8, 8) -> (B, 64), with BatchNorm."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
    )


def fine_tuning_at_a_small_rate(seed: int) -> Patient:
    from course_lib.data import SentenceDataset, make_loader
    from course_lib.model import TextClassifier

    backbone, tokenizer = _well.backbone()
    torch.manual_seed(seed)
    sentences, labels = _well.docstrings(seed, 240)
    train = SentenceDataset(sentences, labels, tokenizer.encode, max_tokens=32)
    model = TextClassifier(backbone, 7)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)
    pad = tokenizer.pad_token_id
    train_loader = make_loader(train, 16, shuffle=True, seed=seed, pad_token_id=pad)
    return Patient(model, train_loader, nn.CrossEntropyLoss(), optimizer, {"pad_token_id": pad})


def pixels_up_to_255_with_batchnorm_first(seed: int) -> Patient:
    torch.manual_seed(seed)
    pictures, labels = _well.digits(seed)
    train, valid = _well.halves((pictures * 255).round(), labels)
    model = nn.Sequential(
        nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed, 32), nn.CrossEntropyLoss(), optimizer, options)


class Matcher(nn.Module):
    """Two views of the same things, each compared with each: (B, F), (B, F) -> (B, B)."""

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 16))
        self.right = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 16))

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        left, right = F.normalize(self.left(left), dim=1), F.normalize(self.right(right), dim=1)
        return left @ right.T / 0.1


def contrast_within_the_batch(seed: int) -> Patient:
    torch.manual_seed(seed)
    things = torch.randn(320, 6)
    left = things @ torch.randn(6, 12) + 0.1 * torch.randn(320, 12)
    right = torch.tanh(things @ torch.randn(6, 12)) + 0.1 * torch.randn(320, 12)

    def collate(items: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        batch = {name: torch.stack([item[name] for item in items]) for name in items[0]}
        return batch | {"labels": torch.arange(len(items))}

    model = Matcher()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    rows = _well.Rows(left=left, right=right)
    train_loader = _well.loader(rows, seed, 32, collate_fn=collate, drop_last=True)
    return Patient(model, train_loader, nn.CrossEntropyLoss(), optimizer)


def a_summed_loss(seed: int) -> Patient:
    torch.manual_seed(seed)
    train, valid = _well.halves(*_well.clusters(seed, rows=640, classes=4))
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4))
    optimizer = torch.optim.SGD(model.parameters(), lr=2e-3)
    options = {"valid_loader": _well.unshuffled(valid)}
    loss_fn = nn.CrossEntropyLoss(reduction="sum")
    return Patient(model, _well.loader(train, seed, 64), loss_fn, optimizer, options)


class WithHead(nn.Module):
    """What a backbone gives, and one layer more."""

    def __init__(self, backbone: nn.Module, width: int, classes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(width, classes)

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.head(self.backbone(pixel_values))


def only_the_head_in_the_optimizer(seed: int) -> Patient:
    torch.manual_seed(seed)
    pictures, labels = _well.digits(seed, 800)
    backbone = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 32), nn.ReLU()
    )
    whole = nn.Sequential(backbone, nn.Linear(32, 10))
    _well.trained(whole, pictures[:400], labels[:400])
    model = WithHead(backbone, 32, 2)  # from which digit to whether it is odd
    optimizer = torch.optim.Adam(model.head.parameters(), lr=1e-2)
    rows = _well.Rows(pixel_values=pictures[400:], labels=labels[400:] % 2)
    return Patient(model, _well.loader(rows, seed), nn.CrossEntropyLoss(), optimizer)


def a_class_in_reserve(seed: int) -> Patient:
    """Class 0 is for "none of these", which the training data of today do not hold."""
    torch.manual_seed(seed)
    values, labels = _well.clusters(seed, classes=4)
    train, valid = _well.halves(values, labels + 1)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 5))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), nn.CrossEntropyLoss(), optimizer, options)


def frozen_with_batchnorm_that_adapts(seed: int) -> Patient:
    torch.manual_seed(seed)
    pictures, labels = _well.digits(seed, 900)
    backbone = _small_cnn()
    _well.trained(
        nn.Sequential(backbone, nn.Linear(64, 10)), pictures[:400], labels[:400], steps=30
    )
    for module in backbone.modules():
        if isinstance(module, nn.Conv2d):
            module.requires_grad_(False)
    model = WithHead(backbone, 64, 10)
    train, valid = 1 - pictures[400:800], 1 - pictures[800:]  # white on black from now on
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(learning, lr=5e-3)
    options = {
        "valid_loader": _well.unshuffled(_well.Rows(pixel_values=valid, labels=labels[800:]))
    }
    rows = _well.Rows(pixel_values=train, labels=labels[400:800])
    train_loader = _well.loader(rows, seed, 32, drop_last=True)
    return Patient(model, train_loader, nn.CrossEntropyLoss(), optimizer, options)


class TwoHeads(nn.Module):
    """Its second head is for another task, and rests in this training."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(8, 32), nn.ReLU())
        self.kind = nn.Linear(32, 3)
        self.price = nn.Linear(32, 1)

    def forward(self, table: Tensor, task: str = "kind") -> Tensor:
        return self.kind(self.trunk(table)) if task == "kind" else self.price(self.trunk(table))


def a_branch_that_rests(seed: int) -> Patient:
    torch.manual_seed(seed)
    values, labels = _well.clusters(seed)
    model = TwoHeads()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    train_loader = _well.loader(_well.Rows(table=values, labels=labels), seed)
    return Patient(model, train_loader, nn.CrossEntropyLoss(), optimizer)


def hardly_better_than_chance(seed: int) -> Patient:
    torch.manual_seed(seed)
    values = torch.randn(2400, 6)
    rises = torch.sigmoid(0.5 * values @ F.normalize(torch.randn(6), dim=0)) > torch.rand(2400)
    train, valid = _well.halves(values, rises.long(), train=0.7)
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    options = {"valid_loader": _well.unshuffled(valid, 64)}
    return Patient(model, _well.loader(train, seed, 32), nn.CrossEntropyLoss(), optimizer, options)


def a_step_that_returns_its_loss(seed: int) -> Patient:
    torch.manual_seed(seed)
    train, valid = _well.halves(*_well.clusters(seed))
    model = nn.Sequential(nn.Linear(8, 32), nn.SiLU(), nn.Linear(32, 3))
    optimizer = torch.optim.Adamax(model.parameters(), lr=1e-2)

    def step(
        model: nn.Module, batch: list[Tensor], loss_fn: nn.Module, optimizer: object
    ) -> Tensor:
        model.train()
        optimizer.zero_grad()
        loss = loss_fn(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        return loss

    options = {"train_step": step, "valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), nn.CrossEntropyLoss(), optimizer, options)


UNUSUAL_CASES = [
    Case("unusual/fine-tuning-at-a-small-rate", "", UNUSUAL, fine_tuning_at_a_small_rate),
    Case("unusual/pixels-up-to-255", "", UNUSUAL, pixels_up_to_255_with_batchnorm_first),
    Case("unusual/contrast-within-the-batch", "", UNUSUAL, contrast_within_the_batch),
    Case("unusual/a-summed-loss", "", UNUSUAL, a_summed_loss),
    Case("unusual/only-the-head-in-the-optimizer", "", UNUSUAL, only_the_head_in_the_optimizer),
    Case("unusual/a-class-in-reserve", "", UNUSUAL, a_class_in_reserve),
    Case("unusual/batchnorm-that-adapts", "", UNUSUAL, frozen_with_batchnorm_that_adapts),
    Case("unusual/a-branch-that-rests", "", UNUSUAL, a_branch_that_rests),
    Case("unusual/hardly-better-than-chance", "", UNUSUAL, hardly_better_than_chance),
    Case("unusual/a-step-that-returns-its-loss", "", UNUSUAL, a_step_that_returns_its_loss),
]
