"""Patients of the fourth set: units, gradients, loaders, inputs and a single answer."""

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
    generator,
    mlp,
    pairs,
    sentences,
    slope,
    split,
    standard_step,
    stripes,
    tags,
    walks,
)


def dead_relu(seed: int, ill: bool = True) -> Patient:
    """A bias of -12 in front of the second ReLU: it never lets anything through."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 3)
    )
    nn.init.constant_(model[2].bias, -12.0 if ill else 0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return Patient(model, pairs(seed, *blobs(seed)), nn.CrossEntropyLoss(), optimizer)


def vanishing(seed: int, ill: bool = True) -> Patient:
    """Twelve sigmoid layers; the cure is ReLU with its usual start."""
    torch.manual_seed(seed)

    class Tall(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(12, 24)
            self.layers = nn.ModuleList(nn.Linear(24, 24) for _ in range(12))
            self.head = nn.Linear(24, 3)
            for layer in self.layers:
                if not ill:
                    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

        def forward(self, x: Tensor) -> Tensor:
            squash = torch.sigmoid if ill else torch.relu
            x = squash(self.inner(x))
            for layer in self.layers:
                x = squash(layer(x))
            return self.head(x)

    model = Tall()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    return Patient(model, pairs(seed, *blobs(seed)), nn.CrossEntropyLoss(), optimizer)


def exploding(seed: int, ill: bool = True) -> Patient:
    """Weights with deviation 1 where 1 / sqrt(width) was due: the scale grows by each layer."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for inner in [12] + 7 * [48]:
        layer = nn.Linear(inner, 48)
        nn.init.normal_(layer.weight, std=1.0 if ill else (2 / inner) ** 0.5)
        nn.init.zeros_(layer.bias)
        layers += [layer, nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(48, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    return Patient(model, pairs(seed, *blobs(seed)), nn.CrossEntropyLoss(), optimizer)


def sorted_by_class(seed: int, ill: bool = True) -> Patient:
    """The files were read folder by folder, and shuffle was left out."""
    torch.manual_seed(seed)
    x, y = stripes(seed, 480)
    order = torch.argsort(y, stable=True)
    loader = pairs(seed, x[order], y[order], shuffle=not ill)
    model = cnn(4)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def overlap(seed: int, ill: bool = True) -> Patient:
    """The validation set was drawn from all the rows, and the training set is all the rows."""
    torch.manual_seed(seed)
    ids, mask, y = sentences(seed, 600)
    chosen = torch.randperm(600, generator=generator(seed))
    held, rest = chosen[:120], chosen if ill else chosen[120:]
    train = dicts(seed, input_ids=ids[rest], attention_mask=mask[rest], labels=y[rest])
    valid = dicts(
        seed, shuffle=False, input_ids=ids[held], attention_mask=mask[held], labels=y[held]
    )
    model = Reader(3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    options = {"valid_loader": valid, "pad_token_id": 0}
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, options)


def empty(seed: int, ill: bool = True) -> Patient:
    """200 rows, batches of 256, and drop_last."""
    torch.manual_seed(seed)
    size = 256 if ill else 32
    loader = pairs(seed, *slope(seed, 200), batch_size=size, drop_last=True)
    model = nn.Sequential(*mlp(6, 32, 1), nn.Flatten(0))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, loader, nn.MSELoss(), optimizer)


def collapse_by_argmax(seed: int, ill: bool = True) -> Patient:
    """One logit for two classes, and an argmax over it: it only ever answers class 0."""
    torch.manual_seed(seed)
    x, y = blobs(seed, 700, 12, 2)
    x, y, valid_x, valid_y = split(x, y.float()[:, None])

    @torch.no_grad()
    def predict(model: nn.Module, batch: Any) -> Tensor:
        model.eval()
        logits = model(batch[0])  # (B, 1)
        return logits.argmax(dim=1) if ill else (logits[:, 0] > 0).long()

    model = mlp(12, 32, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    options = {"predict_fn": predict, "valid_loader": pairs(seed, valid_x, valid_y, shuffle=False)}
    return Patient(model, pairs(seed, x, y), nn.BCEWithLogitsLoss(), optimizer, options)


def collapse_by_weights(seed: int, ill: bool = True) -> Patient:
    """Class weights upside down: the loss hears one class alone."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Flatten(), *mlp(30, 32, 3))
    weight = torch.tensor([1e-4, 1.0, 1e-4]) if ill else torch.ones(3)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loader = pairs(seed, *walks(seed))
    options = {"train_step": standard_step}
    return Patient(model, loader, nn.CrossEntropyLoss(weight=weight), optimizer, options)


def raw_inputs(seed: int, ill: bool = True) -> Patient:
    """House sizes in square feet and years, as they stand in the table."""
    torch.manual_seed(seed)
    x, y = slope(seed)
    if ill:
        x = x * torch.tensor([900.0, 20.0, 3000.0, 1.0, 400.0, 250.0]) + 2000.0
    model = mlp(6, 32, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    return Patient(model, pairs(seed, x, y[:, None]), nn.MSELoss(), optimizer)


def not_finite(seed: int, ill: bool = True) -> Patient:
    """The logarithm of a count that is sometimes 0."""
    torch.manual_seed(seed)
    x, y = tags(seed)
    if ill:
        counts = torch.randint(0, 12, (len(x),), generator=generator(seed)).float()
        x[:, 3] = torch.log(counts)
    model = mlp(10, 32, 5)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loss_fn = functional.binary_cross_entropy_with_logits
    return Patient(model, pairs(seed, x, y), loss_fn, optimizer)


def wrong_device(seed: int, ill: bool = True) -> Patient:
    """The model was moved, the batches were not."""
    torch.manual_seed(seed)
    model = cnn(4)
    model = model.to("meta") if ill else model
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    options = {"train_step": standard_step}
    loader = pairs(seed, *stripes(seed))
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


CASES = [
    Case(f"{name}/fourth-{form}", name, SICK, build)
    for name, form, build in [
        ("dead-relu", "bias", dead_relu),
        ("vanishing-gradient", "sigmoids", vanishing),
        ("exploding-gradient", "start", exploding),
        ("not-shuffled", "folder-by-folder", sorted_by_class),
        ("train-valid-overlap", "drawn-from-all", overlap),
        ("empty-loader", "drop-last", empty),
        ("one-class-collapse", "argmax-of-one-logit", collapse_by_argmax),
        ("one-class-collapse", "class-weights", collapse_by_weights),
        ("input-not-normalised", "raw-table", raw_inputs),
        ("non-finite-input", "log-of-zero", not_finite),
        ("wrong-device", "moved-model", wrong_device),
    ]
]
