"""What the second half of the patients shares: data made from arithmetic, loaders, small models.

Every patient of that half is made by `build(seed, ill=True)`: with `ill=False` it is the same
training without its one mistake. The cases call it with a seed alone.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from tests.benchmarks.doctor._case import SICK, Case, Patient

WORDS, TOKENS = 30, 12  # 0 is padding; 1 to 9 decide the class, three for each; the rest is filler
MASK, MARKS = 1, 25  # of the masked language model: 0 padding, 1 the mask, 3 and up numbers


def collector(cases: list[Case]) -> Callable:
    """A decorator that files a build function as a case."""

    def sick(expected: str, told: str) -> Callable:
        def keep(build: Callable[..., Patient]) -> Callable[..., Patient]:
            cases.append(Case(f"{expected}/{told}", expected, SICK, build))
            return build

        return keep

    return sick


def start(seed: int) -> torch.Generator:
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(1000 + seed)


def points(g: torch.Generator, n: int = 320, classes: int = 4, features: int = 12):
    """Noisy points around one centre for each class: (n, features), (n,)."""
    labels = torch.randint(classes, (n,), generator=g)
    steps = torch.arange(1, features + 1) * torch.arange(1, classes + 1).unsqueeze(1)
    centres = torch.cos(1.7 * steps + steps % 3)
    return centres[labels] + 0.6 * torch.randn(n, features, generator=g), labels


def stripes(g: torch.Generator, n: int = 256, size: int = 12):
    """Images striped in one of four directions, normalised: (n, 1, size, size), (n,)."""
    labels = torch.randint(4, (n,), generator=g)
    row, column = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    across = torch.stack([row, column, row + column, row - column])[labels]  # (n, size, size)
    shift = 6 * torch.rand(n, 1, 1, generator=g)
    images = torch.sin(1.6 * across + shift) + 0.4 * torch.randn(n, size, size, generator=g)
    return images.unsqueeze(1), labels


def sentences(g: torch.Generator, n: int = 320, shortest: int = 4):
    """Padded token numbers, their mask, and which kind of word they hold: (n, T), (n, T), (n,)."""
    labels = torch.randint(3, (n,), generator=g)
    ids = torch.randint(10, WORDS, (n, TOKENS), generator=g)
    lengths = torch.randint(shortest, TOKENS + 1, (n,), generator=g)
    for _ in range(2):
        place = (torch.rand(n, generator=g) * lengths).long()
        ids[torch.arange(n), place] = 1 + 3 * labels + torch.randint(3, (n,), generator=g)
    mask = (torch.arange(TOKENS) < lengths.unsqueeze(1)).long()
    return ids * mask, mask, labels


def slopes(g: torch.Generator, n: int = 320, features: int = 6):
    """Regression on a few normal columns, of mean 0 and deviation near 1: (n, features), (n, 1)."""
    x = torch.randn(n, features, generator=g)
    y = x[:, :1] - 0.5 * x[:, 1:2] + 0.7 * torch.sin(2 * x[:, 2:3])
    return x, y / 1.2 + 0.05 * torch.randn(n, 1, generator=g)


def waves(g: torch.Generator, n: int = 256, length: int = 20):
    """Series in one of three rhythms, of random phase: (n, length, 1), (n,)."""
    labels = torch.randint(3, (n,), generator=g)
    rhythm = torch.tensor([0.4, 0.9, 1.6])[labels].unsqueeze(1)
    series = torch.sin(rhythm * torch.arange(length) + 6 * torch.rand(n, 1, generator=g))
    return (series + 0.1 * torch.randn(n, length, generator=g)).unsqueeze(-1), labels


def tags(g: torch.Generator, n: int = 320, labels: int = 5):
    """Several yes-or-no questions about one point: (n, 10), (n, labels) of 0.0 and 1.0."""
    x = torch.randn(n, 10, generator=g)
    return x, torch.stack([x[:, i] + x[:, 2 * i + 1] for i in range(labels)], 1).gt(0).float()


def masked_numbers(g: torch.Generator, n: int = 320, ill: bool = True, ignored: int = -100):
    """Numbers that go up by 1 each, some hidden: ids and labels, (n, 10) both.

    The labels hold every number if ill, else only the hidden ones.
    """
    first = torch.randint(MARKS - 3, (n, 1), generator=g)
    ids = 3 + (first + torch.arange(10)) % (MARKS - 3)
    hidden = torch.rand(n, 10, generator=g) < 0.2
    hidden[torch.arange(n), torch.randint(10, (n,), generator=g)] = True
    labels = ids if ill else ids.masked_fill(~hidden, ignored)
    return ids.masked_fill(hidden, MASK), labels


class Rows(torch.utils.data.Dataset):
    """Columns of equal length, given out as dicts."""

    def __init__(self, **columns: Tensor):
        self.columns = columns

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def __getitem__(self, index):
        return {name: column[index] for name, column in self.columns.items()}


def pairs(g, x, y, size: int = 16, shuffle: bool = True, **more) -> DataLoader:
    return DataLoader(TensorDataset(x, y), size, shuffle=shuffle, generator=g, **more)


def dicts(g, size: int = 16, shuffle: bool = True, **columns: Tensor) -> DataLoader:
    return DataLoader(Rows(**columns), size, shuffle=shuffle, generator=g)


def texts(g: torch.Generator, n: int = 320, size: int = 16) -> DataLoader:
    ids, mask, labels = sentences(g, n)
    return dicts(g, size, input_ids=ids, attention_mask=mask, labels=labels)


def mlp(*sizes: int, act: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    layers = []
    for wide, narrow in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(wide, narrow), act()]
    return nn.Sequential(*layers[:-1])


def cnn(classes: int = 4, norm: bool = False) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8) if norm else nn.Identity(),
        nn.ReLU(),
        nn.Conv2d(8, 12, 3, stride=2),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(2),
        nn.Flatten(),
        nn.Linear(48, classes),
    )


def tiny_bert(kind: str = "BertForSequenceClassification", **more) -> nn.Module:
    import transformers

    settings = {
        "vocab_size": WORDS,
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 48,
        "max_position_embeddings": 16,
        "initializer_range": 0.1,
        "num_labels": 3,
    }
    return getattr(transformers, kind)(transformers.BertConfig(**settings | more))


class Reader(nn.Module):
    """Sentences through an LSTM, the mean over the real tokens, a head."""

    def __init__(self, classes: int = 3, hidden: int = 24, dropout: float = 0.0):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, hidden, padding_idx=0)
        self.lstm = nn.LSTM(hidden, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, classes)

    def forward(self, input_ids, attention_mask):
        states, _ = self.lstm(self.embedding(input_ids))
        keep = attention_mask.unsqueeze(-1)
        return self.head(self.dropout((states * keep).sum(1) / keep.sum(1)))
