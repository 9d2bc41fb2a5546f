"""Second half: loaders, splits, classes out of balance, devices."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, default_collate

from tests.benchmarks.doctor import _other as o
from tests.benchmarks.doctor._case import Case, Patient

CASES: list[Case] = []
sick = o.collector(CASES)


@sick("not-shuffled", "a folder for each class, read in order")
def folder_by_folder(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.cnn(norm=True)
    x, y = o.stripes(g)
    order = y.argsort(stable=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    loader = o.pairs(g, x[order], y[order], shuffle=not ill)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


class Stream(IterableDataset):
    """Rows one after the other, as they lie in a file."""

    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        for ids, mask, label in self.rows:
            yield {"input_ids": ids, "attention_mask": mask, "labels": label}


@sick("not-shuffled", "an iterable dataset over a file that is sorted by class")
def sorted_stream(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.tiny_bert()
    ids, mask, labels = o.sentences(g)
    order = labels.argsort(stable=True) if ill else torch.randperm(len(labels), generator=g)
    rows = list(zip(ids[order], mask[order], labels[order], strict=True))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    return Patient(model, DataLoader(Stream(rows), 16), None, optimizer)


@sick("not-shuffled", "a list of batches from a table sorted by its target")
def sorted_by_target(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(6, 32, 1)
    x, y = o.slopes(g)
    order = y[:, 0].argsort() if ill else torch.randperm(len(y), generator=g)
    batches = [(x[part], y[part]) for part in order.split(20)]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    return Patient(model, batches, nn.MSELoss(), optimizer)


@sick("train-valid-overlap", "trained on all, validated on the last quarter of it")
def last_quarter(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(6, 32, 1, act=nn.Tanh)
    x, y = o.slopes(g)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    options = {"valid_loader": o.pairs(g, x[240:], y[240:], 40, shuffle=False)}
    loader = o.pairs(g, x, y) if ill else o.pairs(g, x[:240], y[:240])
    return Patient(model, loader, nn.MSELoss(), optimizer, options)


@sick("train-valid-overlap", "a rare class copied before the split")
def copied_before_the_split(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.Reader()
    ids, mask, labels = o.sentences(g, 400)
    rare = labels == 2
    keep = ~rare | (torch.rand(400, generator=g) < 0.2)
    rows = torch.where(keep)[0]
    rows = rows[torch.randperm(len(rows), generator=g)]

    def copied(rows):
        more = rows[rare[rows]].repeat(4)
        rows = torch.cat([rows, more])
        return rows[torch.randperm(len(rows), generator=g)]

    if ill:
        rows = copied(rows)
        train, valid = rows[:-80], rows[-80:]
    else:
        train, valid = copied(rows[:-60]), rows[-60:]
    loaders = [
        o.dicts(g, input_ids=ids[part], attention_mask=mask[part], labels=labels[part])
        for part in (train, valid)
    ]
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    options = {"valid_loader": loaders[1]}
    return Patient(model, loaders[0], nn.CrossEntropyLoss(), optimizer, options)


@sick("empty-loader", "fewer rows than a batch, and drop_last")
def dropped_last(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(12, 32, 4)
    x, y = o.points(g, 100)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loader = o.pairs(g, x, y, 128 if ill else 16, drop_last=True)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


class Once(IterableDataset):
    """Rows from an iterator that is made once, so a second pass finds nothing."""

    def __init__(self, rows, ill: bool):
        self.rows = iter(rows) if ill else rows

    def __iter__(self):
        return iter(self.rows)


@sick("empty-loader", "an iterator that the look at the first sizes used up")
def used_up(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.Reader()
    ids, mask, labels = o.sentences(g)
    names = ("input_ids", "attention_mask", "labels")
    rows = [dict(zip(names, row, strict=True)) for row in zip(ids, mask, labels, strict=True)]
    loader = DataLoader(Once(rows, ill), 16, collate_fn=default_collate)
    for batch in loader:  # the learner's look
        assert len(batch["labels"]) == 16
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def two_kinds(g, n: int, share: float, apart: float):
    """Two overlapping clouds; the rarer has this share: (n, 4), (n,). Class 1 is the common one."""
    labels = (torch.arange(n) >= round(share * n)).long()
    labels = labels[torch.randperm(n, generator=g)]
    x = torch.randn(n, 4, generator=g)
    x[:, :1] += apart * (labels.unsqueeze(1) - 0.5)
    return x, labels


@sick("one-class-collapse", "nineteen of twenty are class 1, and nothing is done about it")
def nineteen_of_twenty(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = nn.Linear(4, 2)  # a logistic regression
    x, y = two_kinds(g, 960, 0.05, 0.9)
    weight = None if ill else torch.tensor([10.0, 0.526])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    options = {"valid_loader": o.pairs(g, *two_kinds(g, 320, 0.05, 0.9), shuffle=False)}
    loader = o.pairs(g, x, y, 32)
    return Patient(model, loader, nn.CrossEntropyLoss(weight=weight), optimizer, options)


@sick("one-class-collapse", "class weights that are the counts, not their inverse")
def weights_upside_down(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    x, y = two_kinds(g, 480, 0.1, 1.6)
    share = torch.bincount(y) / len(y)

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        loss = loss_fn(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        return loss.item()

    def loss_fn(logits, labels):
        return F.cross_entropy(logits, labels, weight=2 * share if ill else 0.5 / share)

    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loader = o.pairs(g, x, y)
    return Patient(model, loader, loss_fn, optimizer, {"train_step": train_step})


@sick("wrong-device", "the batches are moved, the model is not")
def batches_moved(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.tiny_bert()
    ids, mask, labels = o.sentences(g)
    device = torch.device("meta" if ill else "cpu")

    def collate(rows):
        return {name: value.to(device) for name, value in default_collate(rows).items()}

    rows = o.Rows(input_ids=ids, attention_mask=mask, labels=labels)
    loader = DataLoader(rows, 16, shuffle=True, generator=g, collate_fn=collate)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    return Patient(model, loader, None, optimizer)


class Half(nn.Module):
    """A model whose head was made on another device than its body."""

    def __init__(self, device: str):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(12, 32), nn.ReLU())
        self.head = nn.Linear(32, 4, device=device)

    def forward(self, x):
        return self.head(self.body(x))


@sick("wrong-device", "a new head that was left on another device")
def head_elsewhere(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Half("meta" if ill else "cpu")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return Patient(model, o.pairs(g, *o.points(g)), nn.CrossEntropyLoss(), optimizer)


@sick("wrong-device", "the class weights of the loss")
def loss_weights_elsewhere(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.cnn(norm=True)
    weight = torch.tensor([1.0, 1.2, 0.9, 1.0], device="meta" if ill else "cpu")
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loader = o.pairs(g, *o.stripes(g))
    return Patient(model, loader, nn.CrossEntropyLoss(weight=weight), optimizer)
