"""Patients whose parameters, freezing or optimizer are wrong."""

import torch
from torch import nn
from torch.nn import functional as F

from . import _small as small
from ._case import Patient


def head_after_the_optimizer(seed: int) -> Patient:
    """Ten classes become four, after the optimizer was made."""
    x, y = small.pictures(seed, classes=4)
    model = small.cnn(classes=10)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    model[-1] = nn.Linear(model[-1].in_features, 4)
    return Patient(model, small.pairs(x, y, seed=seed), nn.CrossEntropyLoss(), optimizer)


def encoder_left_out(seed: int) -> Patient:
    """Groups with rates of their own, and one part in no group."""
    loader = small.reading(seed)
    model = small.Reader()
    groups = [
        {"params": [*model.words.parameters(), *model.places.parameters()], "lr": 5e-4},
        {"params": model.encoder.layers[0].parameters(), "lr": 1e-3},
        {"params": model.head.parameters(), "lr": 2e-3},
    ]
    optimizer = torch.optim.AdamW(groups)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def optimizer_of_another_model(seed: int) -> Patient:
    """Runs the cell with the model again, and not that with the optimizer."""
    x, y = small.waves(seed)
    model = small.Listener()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    model = small.Listener()
    return Patient(model, small.pairs(x, y, seed=seed), nn.CrossEntropyLoss(), optimizer)


class Tower(nn.Module):
    """Hidden layers in a plain list."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(8, 32)
        self.hidden = [nn.Linear(32, 32) for _ in range(3)]
        self.last = nn.Linear(32, 1)

    def forward(self, x):
        x = F.relu(self.first(x))
        for layer in self.hidden:
            x = F.relu(layer(x))
        return self.last(x).squeeze(1)


def layers_in_a_list(seed: int) -> Patient:
    x, y = small.numbers(seed)
    model = Tower()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, small.pairs(x, y, seed=seed), nn.MSELoss(), optimizer)


class Scaled(nn.Module):
    """A hand-written layer whose weight is no nn.Parameter."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = torch.randn(inputs, outputs)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = inputs**-0.5

    def forward(self, x):
        return x @ self.weight * self.scale + self.bias


def weight_as_a_tensor(seed: int) -> Patient:
    x, y = small.tags(seed)
    model = nn.Sequential(Scaled(10, 32), nn.ReLU(), nn.Linear(32, 5))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, small.pairs(x, y, seed=seed), nn.BCEWithLogitsLoss(), optimizer)


class Placed(small.Reader):
    """Places, which are meant to be learnt, as a plain tensor."""

    def __init__(self) -> None:
        super().__init__()
        del self.places
        self.places_of_words = (0.1 * torch.randn(12, 32)).requires_grad_()

    def read(self, input_ids, attention_mask):
        x = self.words(input_ids) + self.places_of_words[: input_ids.shape[1]]
        x = self.encoder(x, src_key_padding_mask=attention_mask == 0)
        seen = attention_mask[:, :, None]
        return (x * seen).sum(1) / seen.sum(1)


def places_as_a_tensor(seed: int) -> Patient:
    loader = small.reading(seed)
    model = Placed()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def nothing_trainable(seed: int) -> Patient:
    """Means to freeze the body, and freezes the new head too."""
    x, y = small.pictures(seed)
    model = small.cnn()
    model[-1] = nn.Linear(model[-1].in_features, 10)
    for parameter in model.parameters():
        parameter.requires_grad = False
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return Patient(model, small.pairs(x, y, seed=seed), nn.CrossEntropyLoss(), optimizer)


def frozen_batchnorm(seed: int) -> Patient:
    """A trained body is frozen, and model.train() lets its statistics move."""
    x, y = small.pictures(seed)
    loader = small.pairs(x, y, seed=seed, size=32)
    model = small.cnn(norm=True)
    small.practise(model, loader, torch.optim.Adam(model.parameters(), lr=2e-3))
    model[:-1].requires_grad_(False)
    model[-1].reset_parameters()
    optimizer = torch.optim.Adam(model[-1].parameters(), lr=2e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def frozen_momentum(seed: int) -> Patient:
    """Momentum of the epoch before moves what is frozen in the next."""
    x, y = small.points(seed)
    loader = small.pairs(x, y, seed=seed)
    model = small.mlp(12, 32, 16, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    small.practise(model, loader, optimizer)
    model[:2].requires_grad_(False)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": zeros})


def frozen_decay(seed: int) -> Patient:
    """AdamW shrinks frozen weights whose gradients are zeros."""
    x, y = small.waves(seed)
    loader = small.pairs(x, y, seed=seed)
    model = small.Listener()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.1)
    small.practise(model, loader, optimizer, epochs=3)
    model.lstm.requires_grad_(False)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": zeros})


def zeros(model, batch, loss_fn, optimizer):
    """A step that fills the gradients with zeros, as older code does."""
    model.train()
    x, y = batch
    optimizer.zero_grad(set_to_none=False)
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


CASES = [
    small.sick("parameters-not-in-optimizer", "new-head", head_after_the_optimizer),
    small.sick("parameters-not-in-optimizer", "groups", encoder_left_out),
    small.sick("optimizer-of-another-model", "lstm", optimizer_of_another_model),
    small.sick("hidden-layers-in-a-list", "regression", layers_in_a_list),
    small.sick("plain-tensor-not-parameter", "tags", weight_as_a_tensor),
    small.sick("plain-tensor-not-parameter", "places", places_as_a_tensor),
    small.sick("nothing-trainable", "cnn", nothing_trainable),
    small.sick("frozen-batchnorm-updates", "cnn", frozen_batchnorm),
    small.sick("frozen-weights-move", "momentum", frozen_momentum),
    small.sick("frozen-weights-move", "decay", frozen_decay),
]
