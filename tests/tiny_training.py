"""A model so small that a step costs next to nothing, its batches, and what a training changed."""

import copy

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import Dataset, IterableDataset


class Tiny(nn.Module):
    """Layers in a row, (B, 3) -> (B, 2)."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)


class Times(nn.Module):
    """w * x, with one weight."""

    def __init__(self, w=1.0, dtype=torch.float32):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(w, dtype=dtype))

    def forward(self, x):
        return self.w * x


def linear(seed=0, dtype=torch.float32):
    torch.manual_seed(seed)
    return Tiny(nn.Linear(3, 2, dtype=dtype))


def noisy(seed=0):
    """With dropout, which draws random numbers, and BatchNorm, which has buffers."""
    torch.manual_seed(seed)
    return Tiny(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))


def batch(B=4, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(B, 3, generator=generator, dtype=torch.float64).to(dtype)
    return {"x": x, "labels": torch.randint(2, (B,), generator=generator)}


def batches(count, B=4, dtype=torch.float32):
    return [batch(B, seed, dtype) for seed in range(count)]


def joined(parts):
    """One large batch of several."""
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def sgd(model, lr=0.1, **options):
    return torch.optim.SGD(model.parameters(), lr=lr, **options)


def adamw(model, lr=0.01, **options):
    return torch.optim.AdamW(model.parameters(), lr=lr, **options)


def steps_of(optimizer):
    """How often an AdamW has moved each weight."""
    return {int(state["step"]) for state in optimizer.state.values()}


def state(*things):
    """Copies of the state dicts of models, optimizers and schedulers."""
    return copy.deepcopy([thing.state_dict() for thing in things])


def same(first, second):
    """Whether two nested states are equal to the bit."""
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second


def bare_step(model, given, loss_fn, optimizer, clip=None):
    """The five lines, written out."""
    logits = model(given["x"])
    loss = loss_fn(logits, given["labels"])
    optimizer.zero_grad()
    loss.backward()
    if clip is not None:
        nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item()


def loss_fn(logits, labels):
    return F.cross_entropy(logits, labels)


class Rows(Dataset):
    """Examples that tell their own number: row i is i/8 everywhere, and the label is odd or not."""

    def __init__(self, count=10, labels=True):
        self.count, self.labels = count, labels

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if not 0 <= index < self.count:
            raise IndexError(index)
        item = {"x": torch.full((3,), int(index) / 8)}
        return item | {"labels": torch.tensor(int(index) % 2)} if self.labels else item


class Stream(IterableDataset):
    """Batches that come one after the other; nobody knows how many."""

    def __init__(self, made):
        self.made = made

    def __iter__(self):
        return iter(self.made)
