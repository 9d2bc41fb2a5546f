"""Second half: what comes in and what flows through: inputs, activations, gradients."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.benchmarks.doctor import _other as o
from tests.benchmarks.doctor._case import Case, Patient

CASES: list[Case] = []
sick = o.collector(CASES)


@sick("dead-relu", "biases that start far below zero")
def biases_far_below(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(12, 32, 32, 4)
    if ill:
        nn.init.constant_(model[0].bias, -12.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    return Patient(model, o.pairs(g, *o.points(g)), nn.CrossEntropyLoss(), optimizer)


@sick("dead-relu", "a convolution of negative weights after a ReLU")
def negative_convolution(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten()
    ).append(nn.Linear(32, 4))
    if ill:
        nn.init.uniform_(model[2].weight, -0.2, 0.0)  # meant: from -0.2 to 0.2
        nn.init.zeros_(model[2].bias)

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        loss = loss_fn(model(batch["image"]), batch["labels"])
        loss.backward()
        optimizer.step()
        return loss.item()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = model

        def forward(self, image):
            return self.layers(image)

    net = Net()
    images, labels = o.stripes(g)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    loader = o.dicts(g, image=images, labels=labels)
    return Patient(net, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": train_step})


@sick("vanishing-gradient", "twelve sigmoids on top of each other")
def twelve_sigmoids(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(*[12] + [32] * (12 if ill else 2), 4, act=nn.Sigmoid if ill else nn.ReLU)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return Patient(model, o.pairs(g, *o.points(g)), nn.CrossEntropyLoss(), optimizer)


class Deep(nn.Module):
    """Seven convolutions with tanh, whose weights the learner draws."""

    def __init__(self, std: float | None):
        super().__init__()
        widths = [1] + [8] * 7
        pairs = zip(widths, widths[1:], strict=False)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairs)
        self.out = nn.Linear(8 * 9, 4)
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=std or layer.weight[0].numel() ** -0.5)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return self.out(F.max_pool2d(x, 4).flatten(1))


@sick("vanishing-gradient", "convolutions drawn with a deviation of 0.002")
def drawn_too_small(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Deep(0.002 if ill else None)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    return Patient(model, o.pairs(g, *o.stripes(g)), nn.CrossEntropyLoss(), optimizer)


@sick("exploding-gradient", "seven linear layers drawn with a deviation of 1")
def drawn_too_large(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(10, *[48] * 6, 5)
    for layer in model[::2]:
        if ill:
            nn.init.normal_(layer.weight)
        else:
            nn.init.kaiming_normal_(layer.weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    return Patient(model, o.pairs(g, *o.tags(g)), nn.BCEWithLogitsLoss(), optimizer)


class HandRNN(nn.Module):
    """A recurrent network by hand, with a ReLU, over thirty steps."""

    def __init__(self, scale: float):
        super().__init__()
        self.take = nn.Linear(1, 24)
        self.keep = nn.Linear(24, 24, bias=False)
        self.out = nn.Linear(24, 3)
        with torch.no_grad():
            self.keep.weight.copy_(scale * torch.eye(24))

    def forward(self, series):
        h = torch.zeros(len(series), 24)
        for t in range(series.shape[1]):
            h = torch.relu(self.take(series[:, t]) + self.keep(h))
        return self.out(h)


@sick("exploding-gradient", "a recurrence by hand that grows by half each step")
def growing_recurrence(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = HandRNN(1.6 if ill else 0.5)
    labels = torch.randint(3, (320,), generator=g)
    series = torch.randn(320, 30, 1, generator=g) + (labels - 1.0).reshape(-1, 1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    loader = o.dicts(g, series=series, labels=labels)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


@sick("input-not-normalised", "a table of incomes, years and shares")
def raw_table(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(4, 24, 3)
    x, y = o.points(g, classes=3, features=4)
    raw = x * torch.tensor([9000.0, 12.0, 5.0, 0.1]) + torch.tensor([42000.0, 45.0, 2005.0, 0.4])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    loader = o.pairs(g, raw if ill else x, y)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


class Plain(nn.Module):
    """A CNN that takes images as they come, with no norm."""

    def __init__(self):
        super().__init__()
        self.layers = o.cnn()

    def forward(self, pixels):
        return self.layers(pixels)


@sick("input-not-normalised", "pixels from 0 to 255, no norm in the network")
def raw_pixels(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Plain()
    images, labels = o.stripes(g)
    if ill:
        images = (images.clamp(-2, 2) * 63 + 127).round()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    loader = o.dicts(g, pixels=images, labels=labels)
    return Patient(model, loader, F.cross_entropy, optimizer)


@sick("input-not-normalised", "a regression on years, none near zero")
def years(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(6, 32, 1, act=nn.Tanh)
    x, y = o.slopes(g)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loader = o.pairs(g, 1995 + 8 * x if ill else x, y)
    return Patient(model, loader, nn.MSELoss(), optimizer)


@sick("non-finite-input", "gaps in a table, read as NaN")
def gaps_in_a_table(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = nn.Sequential(nn.Linear(12, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 4))
    x, y = o.points(g)
    gaps = torch.rand(x.shape, generator=g) < 0.03
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loader = o.pairs(g, x.masked_fill(gaps, float("nan") if ill else 0.0), y)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


class Series(nn.Module):
    """An LSTM on series, by name."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 24, batch_first=True)
        self.out = nn.Linear(24, 3)

    def forward(self, series):
        return self.out(self.lstm(series)[0].mean(1))


@sick("non-finite-input", "one infinite value in one of all series")
def one_infinite_value(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Series()
    series, labels = o.waves(g)
    if ill:
        series[77, 5] = float("-inf")  # the logarithm of a reading of 0
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    loader = o.dicts(g, series=series, labels=labels)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)
