"""Healthy trainings, the half that the rules' author does not read: nothing here is a fault."""

import torch
from torch import Tensor, nn

from tests.benchmarks.doctor import (
    _second_parts_unlike_others,
    _second_steps_unlike_others,
    _second_texts,
    _second_unusual,
    _well,
)
from tests.benchmarks.doctor._case import ORDINARY, Case, Patient


class Residual(nn.Module):
    """x + f(x), with a norm before: (B, H) -> (B, H)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.layers = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden + self.layers(self.norm(hidden))


class Passengers(nn.Module):
    """(B, F) -> (B, 2)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.first = nn.Linear(features, 32)
        self.blocks = nn.ModuleList([Residual(32), Residual(32)])
        self.last = nn.Linear(32, 2)

    def forward(self, features: Tensor) -> Tensor:
        hidden = self.first(features)
        for block in self.blocks:
            hidden = block(hidden)
        return self.last(hidden)


def passengers_with_the_courses_step(seed: int) -> Patient:
    from course_lib.data import PassengerDataset, TableEncoder, load_passengers, make_loader
    from course_lib.loop import train_step

    train, valid = load_passengers("train"), load_passengers("validation")
    encoder = TableEncoder.fit(train)
    torch.manual_seed(seed)
    dataset = PassengerDataset(train, encoder)
    model = Passengers(dataset.features.size(1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def step(model: nn.Module, batch: dict, loss_fn: nn.Module, optimizer: object) -> float:
        model.train()
        return train_step(model, batch, loss_fn, optimizer, clip=1.0)

    options = {
        "train_step": step,
        "valid_loader": make_loader(PassengerDataset(valid, encoder), 64),
    }
    train_loader = make_loader(dataset, 32, shuffle=True, seed=seed)
    return Patient(model, train_loader, nn.CrossEntropyLoss(), optimizer, options)


class PatchReader(nn.Module):
    """A small vision transformer: 16 patches of 2 x 2, (B, 1, 8, 8) -> (B, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, 32, 2, stride=2)
        self.summary = nn.Parameter(0.02 * torch.randn(1, 1, 32))
        self.positions = nn.Parameter(0.02 * torch.randn(1, 17, 32))
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
        self.before, self.between, self.after = nn.LayerNorm(32), nn.LayerNorm(32), nn.LayerNorm(32)
        self.mix = nn.Sequential(nn.Linear(32, 64), nn.GELU(), nn.Dropout(0.05), nn.Linear(64, 32))
        self.head = nn.Linear(32, 10)

    def forward(self, pictures: Tensor) -> Tensor:
        tokens = self.patches(pictures).flatten(2).transpose(1, 2)  # (B, 16, 32)
        first = self.summary.expand(len(tokens), -1, -1)
        tokens = torch.cat([first, tokens], dim=1) + self.positions
        normed = self.before(tokens)
        tokens = tokens + self.attention(normed, normed, normed, need_weights=False)[0]
        tokens = tokens + self.mix(self.between(tokens))
        return self.head(self.after(tokens[:, 0]))


def patches_of_digits(seed: int) -> Patient:
    torch.manual_seed(seed)
    pictures, labels = _well.digits(seed, 700)
    train, valid = _well.halves((pictures - 0.3) / 0.38, labels)
    model = PatchReader()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05, betas=(0.9, 0.98))
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed, 32), nn.CrossEntropyLoss(), optimizer, options)


def convolutions_with_groupnorm(seed: int) -> Patient:
    torch.manual_seed(seed)
    pictures, labels = _well.digits(seed)
    train, valid = _well.halves(pictures, labels)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.GroupNorm(4, 16),
        nn.LeakyReLU(0.1),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, padding=1),
        nn.GroupNorm(4, 16),
        nn.LeakyReLU(0.1),
        nn.Dropout2d(0.05),
        nn.Flatten(),
        nn.Linear(256, 10),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, nesterov=True)

    def step(model: nn.Module, batch: list[Tensor], loss_fn: nn.Module, optimizer: object) -> tuple:
        model.train()
        for weight in model.parameters():
            weight.grad = None
        logits = model(batch[0])
        loss = loss_fn(logits, batch[1])
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), 0.5)
        optimizer.step()
        return loss.item(), (logits.argmax(1) == batch[1]).float().mean().item()

    options = {"train_step": step, "valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed, 20), nn.CrossEntropyLoss(), optimizer, options)


def pictures_through_a_bottleneck(seed: int) -> Patient:
    """An autoencoder: the target is the picture."""
    torch.manual_seed(seed)
    pictures, _ = _well.digits(seed)
    flat = pictures.flatten(1)
    train, valid = _well.halves(flat, flat.clone())
    model = nn.Sequential(
        nn.Linear(64, 32), nn.ELU(), nn.Linear(32, 8), nn.Linear(8, 32), nn.ELU(), nn.Linear(32, 64)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), nn.MSELoss(), optimizer, options)


def three_numbers_at_once(seed: int) -> Patient:
    torch.manual_seed(seed)
    values = torch.rand(400, 5) * 2 - 1
    target = torch.stack([values[:, 0] ** 2, values[:, 1] * values[:, 2], values[:, 3:].sum(1)], 1)
    train = _well.Rows(measured=values[:320], labels=target[:320])
    valid = _well.Rows(measured=values[320:], labels=target[320:])

    class Surface(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(5, 64), nn.SiLU(), nn.Linear(64, 3))

        def forward(self, measured: Tensor) -> Tensor:
            return self.layers(measured)

    model = Surface()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    halving = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=3)
    options = {"valid_loader": _well.unshuffled(valid), "scheduler": halving}
    return Patient(model, _well.loader(train, seed), nn.HuberLoss(), optimizer, options)


class SeriesReader(nn.Module):
    """Convolutions over time: (B, 2, T) -> (B,)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(2, 16, 5, padding=2),
            nn.ReLU(),
            nn.Conv1d(16, 16, 3, dilation=2, padding=2),
            nn.ReLU(),
            nn.AdaptiveMaxPool1d(1),
            nn.Flatten(),
            nn.Linear(16, 1),
        )

    def forward(self, series: Tensor) -> Tensor:
        return self.layers(series).squeeze(1)


def height_of_a_peak(seed: int) -> Patient:
    torch.manual_seed(seed)
    height = 1 + 2 * torch.rand(320)
    middle = torch.randint(4, 20, (320, 1))
    moments = torch.arange(24).unsqueeze(0)
    peak = height.unsqueeze(1) * torch.exp(-((moments - middle) ** 2) / 4)
    series = torch.stack([peak, peak.roll(1, 1)], dim=1) + 0.05 * torch.randn(320, 2, 24)
    train, valid = _well.halves(series, height)
    model = SeriesReader()
    optimizer = torch.optim.RAdam(model.parameters(), lr=1e-2)

    def predict(model: nn.Module, batch: list[Tensor]) -> Tensor:
        model.eval()
        with torch.inference_mode():
            return model(batch[0])

    options = {"valid_loader": _well.unshuffled(valid), "predict_fn": predict}
    return Patient(model, _well.loader(train, seed), nn.L1Loss(), optimizer, options)


def weights_for_uneven_classes(seed: int) -> Patient:
    from course_lib.data import class_weights

    torch.manual_seed(seed)
    values, labels = _well.clusters(seed, rows=600, classes=3, noise=0.8)
    kept = (labels != 2) | (torch.rand(600) < 0.3)
    train, valid = _well.halves(values[kept], labels[kept])
    model = nn.Sequential(
        nn.Linear(8, 32, bias=False), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 3)
    )
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.05)
    loss_fn = nn.CrossEntropyLoss(weight=class_weights(train.tensors[1], 3))
    options = {"valid_loader": _well.unshuffled(valid)}
    train_loader = _well.loader(train, seed, 24, drop_last=True)
    return Patient(model, train_loader, loss_fn, optimizer, options)


CASES = [
    Case("healthy/passengers", "", ORDINARY, passengers_with_the_courses_step),
    Case("healthy/patches-of-digits", "", ORDINARY, patches_of_digits),
    Case("healthy/convolutions-with-groupnorm", "", ORDINARY, convolutions_with_groupnorm),
    Case("healthy/pictures-through-a-bottleneck", "", ORDINARY, pictures_through_a_bottleneck),
    Case("healthy/three-numbers-at-once", "", ORDINARY, three_numbers_at_once),
    Case("healthy/height-of-a-peak", "", ORDINARY, height_of_a_peak),
    Case("healthy/weights-for-uneven-classes", "", ORDINARY, weights_for_uneven_classes),
    *_second_texts.TEXT_CASES,
    *_second_unusual.UNUSUAL_CASES,
    *_second_parts_unlike_others.PART_CASES,
    *_second_steps_unlike_others.STEP_CASES,
]
