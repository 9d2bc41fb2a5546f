"""Healthy trainings, the half that the rules' author reads: nothing here is a fault."""

import torch
from torch import Tensor, nn

from tests.benchmarks.doctor import _first_steps_unlike_others, _first_texts, _first_unusual, _well
from tests.benchmarks.doctor._case import ORDINARY, Case, Patient


def perceptron_on_a_table(seed: int) -> Patient:
    torch.manual_seed(seed)
    train, valid = _well.halves(*_well.clusters(seed))
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), nn.CrossEntropyLoss(), optimizer, options)


class Digits(nn.Module):
    """Two convolutions: (B, 1, 8, 8) -> (B, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.1), nn.Linear(256, 10))

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.head(self.features(pixel_values))


def convolutions_on_digits(seed: int) -> Patient:
    torch.manual_seed(seed)
    pictures, labels = _well.digits(seed, 500)
    train = _well.Rows(pixel_values=pictures[:400], labels=labels[:400])
    valid = _well.Rows(pixel_values=pictures[400:], labels=labels[400:])
    model = Digits()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-4)

    def predict(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        model.eval()
        with torch.no_grad():
            return model(batch["pixel_values"]).argmax(dim=1)

    options = {
        "valid_loader": _well.unshuffled(valid),
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5),
        "predict_fn": predict,
    }
    train_loader = _well.loader(train, seed, 32, drop_last=True)
    return Patient(model, train_loader, nn.CrossEntropyLoss(), optimizer, options)


class WaveReader(nn.Module):
    """An LSTM's last hidden state: (B, T, 1) -> (B, C)."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, 24, batch_first=True)
        self.head = nn.Linear(24, 3)

    def forward(self, waves: Tensor) -> Tensor:
        _, (hidden, _) = self.lstm(waves)
        return self.head(hidden[-1])


def lstm_on_waves(seed: int) -> Patient:
    torch.manual_seed(seed)
    labels = torch.randint(0, 3, (240,))
    moments = torch.arange(16) / 16 + torch.rand(240, 1)
    waves = torch.sin(2 * torch.pi * moments * (1 + labels.unsqueeze(1))) + 0.1 * torch.randn(
        240, 16
    )
    train, valid = _well.halves(waves.unsqueeze(-1), labels)
    model = WaveReader()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    def step(model: nn.Module, batch: list[Tensor], loss_fn: nn.Module, optimizer: object) -> float:
        waves, labels = batch
        model.train()
        loss = loss_fn(model(waves), labels)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    options = {"train_step": step, "valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), nn.CrossEntropyLoss(), optimizer, options)


def several_labels_at_once(seed: int) -> Patient:
    torch.manual_seed(seed)
    values = torch.randn(320, 10)
    labels = (values @ torch.randn(10, 5) + 0.3 * torch.randn(320, 5) > 0.5).float()
    train, valid = _well.halves(values, labels)
    model = nn.Sequential(nn.Linear(10, 32), nn.LayerNorm(32), nn.GELU(), nn.Linear(32, 5))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)

    def predict(model: nn.Module, batch: list[Tensor]) -> Tensor:
        model.eval()
        with torch.no_grad():
            return (model(batch[0]) > 0).float()

    options = {"valid_loader": _well.unshuffled(valid), "predict_fn": predict}
    return Patient(model, _well.loader(train, seed), nn.BCEWithLogitsLoss(), optimizer, options)


def regression_of_one_number(seed: int) -> Patient:
    torch.manual_seed(seed)
    values = torch.randn(320, 6)
    target = values[:, 0] * values[:, 1] + torch.sin(values[:, 2]) + 0.1 * torch.randn(320)
    train, valid = _well.halves(values, target.unsqueeze(1))
    model = nn.Sequential(
        nn.Linear(6, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 1)
    )
    optimizer = torch.optim.RMSprop(model.parameters(), lr=2e-3)
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), nn.MSELoss(), optimizer, options)


def yes_or_no_in_half_precision(seed: int) -> Patient:
    torch.manual_seed(seed)
    values, labels = _well.clusters(seed, classes=2)
    train, valid = _well.halves(values, labels.float().unsqueeze(1))
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1))
    optimizer = torch.optim.NAdam(model.parameters(), lr=3e-3)

    def step(model: nn.Module, batch: list[Tensor], loss_fn: nn.Module, optimizer: object) -> float:
        model.train()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(batch[0])
        loss = loss_fn(logits.float(), batch[1])
        loss.backward()
        optimizer.step()
        return loss.item()

    options = {"train_step": step, "valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), nn.BCEWithLogitsLoss(), optimizer, options)


CASES = [
    Case("healthy/perceptron-on-a-table", "", ORDINARY, perceptron_on_a_table),
    Case("healthy/convolutions-on-digits", "", ORDINARY, convolutions_on_digits),
    Case("healthy/lstm-on-waves", "", ORDINARY, lstm_on_waves),
    Case("healthy/several-labels-at-once", "", ORDINARY, several_labels_at_once),
    Case("healthy/regression-of-one-number", "", ORDINARY, regression_of_one_number),
    Case("healthy/yes-or-no-in-half-precision", "", ORDINARY, yes_or_no_in_half_precision),
    *_first_texts.TEXT_CASES,
    *_first_unusual.UNUSUAL_CASES,
    *_first_steps_unlike_others.STEP_CASES,
]
