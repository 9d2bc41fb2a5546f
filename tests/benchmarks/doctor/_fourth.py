"""What the fourth set of cases shares: data made from arithmetic, loaders, a few small models."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

PAD, MASK = 0, 1


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blobs(seed: int, n: int = 600, features: int = 12, classes: int = 3) -> tuple[Tensor, Tensor]:
    """Classes that lie apart, each feature with mean 0 and deviation 1."""
    g = generator(1000 + seed)
    centres = 2.0 * torch.randn(classes, features, generator=g)
    y = torch.randperm(n, generator=g) % classes
    x = centres[y] + torch.randn(n, features, generator=g)
    return (x - x.mean(0)) / x.std(0), y


def slope(seed: int, n: int = 500, features: int = 6) -> tuple[Tensor, Tensor]:
    """A curved surface with a little noise; x (N, F) and y (N,) are standardised."""
    g = generator(2000 + seed)
    x = torch.randn(n, features, generator=g)
    w = torch.randn(features, generator=g)
    y = x @ w + torch.sin(2 * x[:, 0]) + 0.1 * torch.randn(n, generator=g)
    return x, (y - y.mean()) / y.std()


def tags(seed: int, n: int = 600, features: int = 10, labels: int = 5) -> tuple[Tensor, Tensor]:
    """Several labels per example: each is on where a weighted sum is positive."""
    g = generator(3000 + seed)
    x = torch.randn(n, features, generator=g)
    w = torch.randn(features, labels, generator=g)
    return x, (x @ w > 0).float()


def stripes(seed: int, n: int = 400, side: int = 8, classes: int = 4) -> tuple[Tensor, Tensor]:
    """Small pictures (N, 1, side, side) whose stripes have one of several directions."""
    g = generator(4000 + seed)
    y = torch.randperm(n, generator=g) % classes
    angle = (torch.pi * y / classes)[:, None, None]
    row = torch.arange(side).float()[None, :, None]
    column = torch.arange(side).float()[None, None, :]
    shift = 6.28 * torch.rand(n, 1, 1, generator=g)
    wave = torch.sin(1.6 * (row * torch.cos(angle) + column * torch.sin(angle)) + shift)
    x = wave + 0.4 * torch.randn(n, side, side, generator=g)
    return ((x - x.mean()) / x.std())[:, None], y


def walks(seed: int, n: int = 500, steps: int = 10, features: int = 3) -> tuple[Tensor, Tensor]:
    """Series (N, T, F) that drift up, down, or not at all."""
    g = generator(5000 + seed)
    y = torch.randperm(n, generator=g) % 3
    drift = (y.float() - 1)[:, None, None] * torch.linspace(-1, 1, steps)[None, :, None]
    x = 1.5 * drift + 0.6 * torch.randn(n, steps, features, generator=g)
    return (x - x.mean()) / x.std(), y


def sentences(
    seed: int, n: int = 400, length: int = 12, vocabulary: int = 40, classes: int = 3
) -> tuple[Tensor, Tensor, Tensor]:
    """Padded ids (N, T), their mask, and the class, which picks the words. 0 pads, 1 is [MASK]."""
    g = generator(6000 + seed)
    y = torch.randperm(n, generator=g) % classes
    share = (vocabulary - 4) // classes
    own = 4 + share * y[:, None] + torch.randint(share, (n, length), generator=g)
    common = torch.randint(4, vocabulary, (n, length), generator=g)
    ids = torch.where(torch.rand(n, length, generator=g) < 0.6, own, common)
    lengths = torch.randint(length // 3, length + 1, (n,), generator=g)
    lengths[0] = length
    mask = (torch.arange(length)[None] < lengths[:, None]).long()
    return ids * mask, mask, y


def cycles(seed: int, n: int = 400, length: int = 10, vocabulary: int = 24) -> Tensor:
    """Ids (N, T) that count up from a random start, so that a neighbour tells a hidden token."""
    g = generator(7000 + seed)
    start = torch.randint(vocabulary - 4, (n, 1), generator=g)
    return 4 + (start + torch.arange(length)[None]) % (vocabulary - 4)


def hide(seed: int, ids: Tensor, share: float = 0.2) -> tuple[Tensor, Tensor]:
    """Masked ids, and which places are hidden: one at least in each row."""
    g = generator(8000 + seed)
    hidden = torch.rand(ids.shape, generator=g) < share
    hidden[torch.arange(len(ids)), torch.randint(ids.shape[1], (len(ids),), generator=g)] = True
    return ids.masked_fill(hidden, MASK), hidden


def pairs(
    seed: int, *tensors: Tensor, batch_size: int = 32, shuffle: bool = True, **options: Any
) -> DataLoader:
    return DataLoader(
        TensorDataset(*tensors),
        batch_size=batch_size,
        shuffle=shuffle,
        generator=generator(seed),
        **options,
    )


class Rows(Dataset):
    """Examples as dicts, a column each."""

    def __init__(self, **columns: Tensor) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, i: int) -> dict[str, Tensor]:
        return {name: column[i] for name, column in self.columns.items()}


def dicts(seed: int, batch_size: int = 32, shuffle: bool = True, **columns: Tensor) -> DataLoader:
    return DataLoader(
        Rows(**columns), batch_size=batch_size, shuffle=shuffle, generator=generator(seed)
    )


def split(x: Tensor, y: Tensor, valid: int = 100) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return x[:-valid], y[:-valid], x[-valid:], y[-valid:]


def mlp(features: int, hidden: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, out))


def cnn(classes: int, *, norm: bool = False, dropout: float = 0.0) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8) if norm else nn.Identity(),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(16 * 16, classes),
    )


class Reader(nn.Module):
    """A small transformer for ids. With `each` it answers for each token, else for the sentence."""

    def __init__(
        self, out: int, vocabulary: int = 40, width: int = 16, each: bool = False, p: float = 0.0
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        self.places = nn.Embedding(32, width)
        self.layer = nn.TransformerEncoderLayer(width, 2, 32, dropout=p, batch_first=True)
        self.head = nn.Linear(width, out)
        self.each = each

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        hidden = self.words(input_ids) + self.places(places)  # (B, T, H)
        hidden = self.layer(hidden, src_key_padding_mask=attention_mask == 0)
        if self.each:
            return self.head(hidden)  # (B, T, C)
        weight = attention_mask[..., None].to(hidden.dtype)
        return self.head((hidden * weight).sum(1) / weight.sum(1))  # (B, C)


def token_loss(logits: Tensor, labels: Tensor) -> Tensor:
    return nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)


def standard_step(
    model: nn.Module, batch: Any, loss_fn: Callable, optimizer: torch.optim.Optimizer
) -> float:
    x, y = batch
    model.train()
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()
