"""Small data sets and models, out of which the patients of the first half are made."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from ._case import SICK, Case, Patient

PAD, MASK, FIRST_WORD, VOCABULARY = 0, 1, 2, 22


def sick(cause: str, how: str, build: Callable[[int], Patient]) -> Case:
    """A case whose name is its cause and a word for how it comes about."""
    return Case(f"{cause}/{how}", cause, SICK, build)


def rng(seed: int) -> torch.Generator:
    """Seed the global generator too, which draws the weights."""
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)


def pairs(*columns: Tensor, seed: int, size: int = 16, **options: Any) -> DataLoader:
    """A shuffled loader of tuples."""
    options = {"shuffle": True, **options}
    order = torch.Generator().manual_seed(seed)
    return DataLoader(TensorDataset(*columns), size, generator=order, **options)


def dicts(seed: int, size: int = 16, shuffle: bool = True, **columns: Tensor) -> DataLoader:
    """A shuffled loader of dicts."""
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    order = torch.Generator().manual_seed(seed)
    return DataLoader(rows, size, shuffle=shuffle, generator=order)


def standard(x: Tensor) -> Tensor:
    return (x - x.mean(0)) / x.std(0)


def points(seed: int, count: int = 384, features: int = 12, classes: int = 4):
    """Clouds of points, one for each class: (N, F) and (N,)."""
    draw = rng(seed)
    centres = 1.2 * torch.randn(classes, features, generator=draw)
    y = torch.randint(classes, (count,), generator=draw)
    return standard(centres[y] + torch.randn(count, features, generator=draw)), y


def numbers(seed: int, count: int = 384, features: int = 8):
    """A regression: (N, F) and (N,), both of mean 0 and spread 1."""
    draw = rng(seed)
    x = torch.randn(count, features, generator=draw)
    y = x @ torch.randn(features, generator=draw) + torch.sin(2 * x[:, 0])
    return x, standard(y + 0.1 * torch.randn(count, generator=draw))


def tags(seed: int, count: int = 384, features: int = 10, labels: int = 5):
    """Several answers for each row: (N, F) and (N, L) of 0 and 1."""
    draw = rng(seed)
    x = torch.randn(count, features, generator=draw)
    return x, (x @ torch.randn(features, labels, generator=draw) > 0.5).float()


@lru_cache(maxsize=1)
def _pictures() -> tuple[Tensor, Tensor]:
    sheet = load_digits()
    return torch.tensor(sheet.images).float()[:, None], torch.tensor(sheet.target)


def pictures(seed: int, count: int = 480, classes: int = 10, raw: bool = False):
    """Digits of scikit-learn: (N, 1, 8, 8) and (N,); the raw ones have values 0 to 16."""
    x, y = _pictures()
    x, y = x[y < classes], y[y < classes]
    chosen = torch.randperm(len(x), generator=rng(seed))[:count]
    return (x[chosen] if raw else (x[chosen] - 4.9) / 6.0), y[chosen]


def waves(seed: int, count: int = 384, steps: int = 16, classes: int = 3):
    """Two noisy signals that turn round at a pace of their class: (N, T, 2) and (N,)."""
    draw = rng(seed)
    y = torch.randint(classes, (count,), generator=draw)
    phase = 6.3 * torch.rand(count, 1, generator=draw)
    angle = phase + (0.2 + 0.5 * y[:, None]) * torch.arange(steps)
    x = torch.stack([angle.sin(), angle.cos()], dim=2)
    return 1.4 * (x + 0.2 * torch.randn(x.shape, generator=draw)), y


def sentences(seed: int, count: int = 384, shortest: int = 4, classes: int = 3):
    """Words, of which a class has six favourites; ends are padded. ids, mask and labels."""
    length = 12
    draw = rng(seed)
    y = torch.randint(classes, (count,), generator=draw)
    any_word = torch.randint(FIRST_WORD, VOCABULARY, (count, length), generator=draw)
    own_word = FIRST_WORD + 6 * y[:, None] + torch.randint(6, (count, length), generator=draw)
    own = torch.rand(count, length, generator=draw) < 0.5
    lengths = torch.randint(shortest, length + 1, (count, 1), generator=draw)
    mask = (torch.arange(length) < lengths).long()
    return torch.where(own, own_word, any_word) * mask, mask, y


def gaps(seed: int, count: int = 384, length: int = 10):
    """Rows that count upwards, with gaps: inputs, whole rows, and where the gaps are."""
    draw = rng(seed)
    start = torch.randint(VOCABULARY - FIRST_WORD, (count, 1), generator=draw)
    whole = FIRST_WORD + (start + torch.arange(length)) % (VOCABULARY - FIRST_WORD)
    gap = torch.rand(count, length, generator=draw) < 0.2
    gap[:, 0] |= ~gap.any(1)
    return whole.masked_fill(gap, MASK), whole, gap


def mlp(*widths: int, act: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Linear layers of these widths with an activation between two of them."""
    layers: list[nn.Module] = []
    for before, after in zip(widths, widths[1:], strict=False):
        layers += [nn.Linear(before, after), act()]
    return nn.Sequential(*layers[:-1])


def cnn(classes: int = 10, norm: bool = False) -> nn.Sequential:
    """For the digits; `norm` adds batch normalisation."""
    body = [nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8) if norm else nn.Identity()]
    body += [nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1)]
    body += [nn.BatchNorm2d(16) if norm else nn.Identity(), nn.ReLU(), nn.Flatten()]
    return nn.Sequential(*body, nn.Linear(16 * 4 * 4, classes))


class Named(nn.Module):
    """A network whose input has a name, for dict batches."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Listener(nn.Module):
    """An LSTM over a signal; its last state goes into the head."""

    def __init__(self, classes: int = 3, hidden: int = 24) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, hidden, batch_first=True)
        self.head = nn.Linear(hidden, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


def encoder(hidden: int = 32, layers: int = 2, **options: Any) -> nn.TransformerEncoder:
    options = {"batch_first": True, "dropout": 0.1, **options}
    layer = nn.TransformerEncoderLayer(hidden, 4, 2 * hidden, **options)
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)


class Reader(nn.Module):
    """A transformer that reads padded sentences; a masked mean goes into the head."""

    def __init__(self, classes: int = 3, hidden: int = 32) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, hidden, padding_idx=PAD)
        self.places = nn.Embedding(12, hidden)
        self.encoder = encoder(hidden)
        self.head = nn.Linear(hidden, classes)

    def read(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        x = self.words(input_ids) + self.places.weight[: input_ids.shape[1]]
        x = self.encoder(x, src_key_padding_mask=attention_mask == 0)
        seen = attention_mask[:, :, None]
        return (x * seen).sum(1) / seen.sum(1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.head(self.read(input_ids, attention_mask))


class Filler(nn.Module):
    """A transformer that says for each place which word stands there: (B, V, T)."""

    def __init__(self, hidden: int = 32) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, hidden)
        self.places = nn.Embedding(12, hidden)
        self.encoder = encoder(hidden, dropout=0.0)
        self.head = nn.Linear(hidden, VOCABULARY)

    def forward(self, input_ids: Tensor) -> Tensor:
        x = self.words(input_ids) + self.places.weight[: input_ids.shape[1]]
        return self.head(self.encoder(x)).transpose(1, 2)


def reading(seed: int, classes: int = 3, count: int = 384) -> DataLoader:
    """The sentences as dict batches."""
    ids, mask, y = sentences(seed, count=count, classes=classes)
    return dicts(seed, input_ids=ids, attention_mask=mask, labels=y)


def practise(model: nn.Module, loader: DataLoader, optimizer: Any, epochs: int = 1) -> None:
    """An earlier, ordinary training on the same data."""
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
