"""Unusual and yet healthy: what a careless rule would call a fault. Not for the rules' author."""

import copy
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.benchmarks.doctor import _well
from tests.benchmarks.doctor._case import UNUSUAL, Case, Patient


class WithTeacher(nn.Module):
    """A student, and its average over time, which no gradient moves: (B, F) -> (B, C)."""

    def __init__(self) -> None:
        super().__init__()
        self.student = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)

    def forward(self, values: Tensor) -> Tensor:
        return self.student(values)


def a_teacher_that_follows_its_student(seed: int) -> Patient:
    torch.manual_seed(seed)
    train, valid = _well.halves(*_well.clusters(seed))
    model = WithTeacher()
    optimizer = torch.optim.SGD(model.student.parameters(), lr=0.05, momentum=0.9)

    def step(
        model: WithTeacher, batch: list[Tensor], loss_fn: nn.Module, optimizer: object
    ) -> float:
        values, labels = batch
        model.train()
        optimizer.zero_grad()
        with torch.no_grad():
            wanted = model.teacher(values).softmax(1)
        noisy = model(values + 0.1 * torch.randn_like(values)).softmax(1)
        loss = loss_fn(model(values), labels) + 0.5 * F.mse_loss(noisy, wanted)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            pairs = zip(model.teacher.parameters(), model.student.parameters(), strict=True)
            for old, new in pairs:
                old.lerp_(new, 0.1)
        return loss.item()

    options = {"train_step": step, "valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), nn.CrossEntropyLoss(), optimizer, options)


def a_head_that_begins_at_zero(seed: int) -> Patient:
    """All logits are equal at first, and no gradient reaches the layers below in the first step."""
    torch.manual_seed(seed)
    train, valid = _well.halves(*_well.clusters(seed, classes=4))
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4))
    nn.init.zeros_(model[-1].weight)
    nn.init.zeros_(model[-1].bias)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.1)
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), loss_fn, optimizer, options)


class LogProbabilities(nn.Module):
    """Cross-entropy takes the log-softmax once more, and a second one changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 3))

    def forward(self, table: Tensor) -> Tensor:
        return self.layers(table).log_softmax(dim=-1)


def log_softmax_before_cross_entropy(seed: int) -> Patient:
    torch.manual_seed(seed)
    values, labels = _well.clusters(seed)
    model = LogProbabilities()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    rows = _well.Rows(table=values[:256], labels=labels[:256])
    valid = _well.Rows(table=values[256:], labels=labels[256:])
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(rows, seed), nn.CrossEntropyLoss(), optimizer, options)


class Variational(nn.Module):
    """It draws in eval mode too: (B, 64) -> the picture (B, 64), mean and log-variance (B, 6)."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Linear(64, 48), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(48, 6), nn.Linear(48, 6)
        self.up = nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 64))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.down(pixels)
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        drawn = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        return self.up(drawn), mean, log_variance


def pictures_drawn_at_random(seed: int) -> Patient:
    torch.manual_seed(seed)
    pixels = _well.digits(seed)[0].flatten(1)
    train, valid = _well.halves(pixels, pixels)
    model = Variational()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    def loss_fn(outputs: tuple[Tensor, Tensor, Tensor], pixels: Tensor) -> Tensor:
        logits, mean, log_variance = outputs
        ink = F.binary_cross_entropy_with_logits(logits, pixels, reduction="sum")
        prior = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
        return (ink + 0.5 * prior) / len(pixels)

    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed, 32), loss_fn, optimizer, options)


class OnFrozen(nn.Module):
    """Convolutions that stay as they are, BatchNorm's statistics too: (B, 1, 8, 8) -> (B, C)."""

    def __init__(self, backbone: nn.Module, classes: int) -> None:
        super().__init__()
        self.backbone = backbone.requires_grad_(False)
        self.head = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, classes))

    def train(self, mode: bool = True) -> "OnFrozen":
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(self, pictures: Tensor) -> Tensor:
        with torch.no_grad():
            features = self.backbone(pictures)
        return self.head(features)


@cache
def _pretrained(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    pictures, labels = _well.digits(seed, 800)
    backbone = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
    )
    whole = nn.Sequential(backbone, nn.Linear(64, 10))
    _well.trained(whole, pictures[:400], labels[:400], steps=30, rate=5e-3)
    return backbone


def _pretrained_convolutions(seed: int) -> nn.Sequential:
    """A copy; what follows is drawn as if the training had been anew."""
    backbone = copy.deepcopy(_pretrained(seed))
    torch.manual_seed(seed)
    return backbone


def a_backbone_that_rests_in_eval_mode(seed: int) -> Patient:
    pictures, labels = _well.digits(seed, 800)
    model = OnFrozen(_pretrained_convolutions(seed), 2)
    train, valid = _well.halves(pictures[400:], (labels[400:] >= 5).long())
    optimizer = torch.optim.Adam(model.head.parameters(), lr=5e-3)
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), nn.CrossEntropyLoss(), optimizer, options)


def weights_learn_and_batchnorm_rests(seed: int) -> Patient:
    """Batches of four are too small for statistics, so those of the pretraining are kept."""
    pictures, labels = _well.digits(seed, 800)
    model = nn.Sequential(_pretrained_convolutions(seed), nn.Dropout(0.1), nn.Linear(64, 10))
    train, valid = _well.halves(pictures[400:], labels[400:])
    optimizer = torch.optim.SGD(model.parameters(), lr=5e-3, momentum=0.9)

    def step(model: nn.Module, batch: list[Tensor], loss_fn: nn.Module, optimizer: object) -> float:
        model.train()
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        optimizer.zero_grad()
        loss = loss_fn(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        return loss.item()

    options = {"train_step": step, "valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed, 4), nn.CrossEntropyLoss(), optimizer, options)


def trained_to_the_end_already(seed: int) -> Patient:
    torch.manual_seed(seed)
    values, labels = _well.clusters(seed, noise=0.3)
    train, valid = _well.halves(values, labels)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
    _well.trained(model, *train.tensors, steps=120, rate=1e-2)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), nn.CrossEntropyLoss(), optimizer, options)


def nine_to_one(seed: int) -> Patient:
    torch.manual_seed(seed)
    labels = (torch.rand(600) < 0.1).long()
    values = torch.randn(600, 6) + labels.unsqueeze(1) * torch.tensor([2.0, -1.5, 1.0, 0, 0, 0])
    train, valid = _well.halves(values, labels)
    model = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed, 32), nn.CrossEntropyLoss(), optimizer, options)


UNUSUAL_CASES = [
    Case("unusual/a-teacher-follows-its-student", "", UNUSUAL, a_teacher_that_follows_its_student),
    Case("unusual/a-head-that-begins-at-zero", "", UNUSUAL, a_head_that_begins_at_zero),
    Case("unusual/log-softmax-and-cross-entropy", "", UNUSUAL, log_softmax_before_cross_entropy),
    Case("unusual/pictures-drawn-at-random", "", UNUSUAL, pictures_drawn_at_random),
    Case("unusual/a-backbone-rests-in-eval-mode", "", UNUSUAL, a_backbone_that_rests_in_eval_mode),
    Case("unusual/weights-learn-batchnorm-rests", "", UNUSUAL, weights_learn_and_batchnorm_rests),
    Case("unusual/trained-to-the-end", "", UNUSUAL, trained_to_the_end_already),
    Case("unusual/nine-to-one", "", UNUSUAL, nine_to_one),
]
