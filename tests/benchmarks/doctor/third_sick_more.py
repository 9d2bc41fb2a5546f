"""Third set, patients: mistakes in labels, in loaders, and in what the optimizer holds."""

import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD, Adam, AdamW
from torch.utils.data import IterableDataset

from tests.benchmarks.doctor import _third as t
from tests.benchmarks.doctor._case import Patient


def price_in_a_column(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Residual(6, 1)
    x, y = t.houses(seed)
    train = t.pairs(x, y if ill else y.unsqueeze(1), seed)

    def quantile(out, y):
        gap = y - out
        return torch.maximum(0.5 * gap, -0.5 * gap).mean()

    return Patient(model, train, quantile, Adam(model.parameters(), lr=5e-3))


def ratings_in_a_row(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Reader(40, 1)
    ids, mask, y = t.sentences(seed)
    rating = (y - 1.0) if ill else (y - 1.0).unsqueeze(1)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=rating)
    optimizer = AdamW(model.parameters(), lr=5e-3)
    return Patient(model, train, nn.SmoothL1Loss(), optimizer, {"pad_token_id": 0})


def tags_padded_with_minus_one(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Tagger(30, 4)
    ids, mask, tags = t.tagged(seed, pad=-1 if ill else -100)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=tags)

    def loss_fn(out, labels):
        return F.cross_entropy(out.flatten(0, 1), labels.flatten())

    options = {"pad_token_id": 0}
    return Patient(model, train, loss_fn, Adam(model.parameters(), lr=5e-3), options)


def stars_from_one_to_four(seed, ill=True):
    torch.manual_seed(seed)
    model = t.bert(num_labels=4)
    ids, mask, y = t.sentences(seed, classes=4)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=y + int(ill))
    options = {"train_step": t.own_loss_step, "predict_fn": t.logits_of, "pad_token_id": 0}
    return Patient(model, train, None, AdamW(model.parameters(), lr=3e-3), options)


def signs_as_targets_of_bce(seed, ill=True):
    torch.manual_seed(seed)
    model = t.mlp(8, 32, 1, act=nn.ELU)
    x, y = t.table(seed, classes=2)
    y = y.float().unsqueeze(1)
    train = t.pairs(x, 2 * y - 1 if ill else y, seed)
    return Patient(model, train, nn.BCEWithLogitsLoss(), Adam(model.parameters(), lr=5e-3))


def one_direction_only_in_validation(seed, ill=True):
    torch.manual_seed(seed)
    model = t.convnet(5)
    x, y = t.pictures(seed, n=300, classes=5)
    held = torch.arange(len(x)) % 5 == 0
    if ill:  # split by a column that goes with class 2
        held = (y == 2) | (torch.arange(len(x)) % 20 == 0)
    train = t.pairs(x[~held], y[~held], seed)
    valid = t.pairs(x[held], y[held], seed, shuffle=False)
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, {"valid_loader": valid})


def head_of_a_thousand(seed, ill=True):
    torch.manual_seed(seed)
    model = t.convnet(1000 if ill else 4)
    train = t.pairs(*t.pictures(seed), seed)
    return Patient(model, train, F.cross_entropy, SGD(model.parameters(), lr=0.05, momentum=0.9))


def as_many_outputs_as_words(seed, ill=True):
    torch.manual_seed(seed)
    model = t.bert("TokenClassification", words=30, num_labels=30 if ill else 4)
    ids, mask, tags = t.tagged(seed)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=tags)
    options = {"train_step": t.own_loss_step, "predict_fn": t.logits_of, "pad_token_id": 0}
    return Patient(model, train, None, AdamW(model.parameters(), lr=5e-3), options)


def rows_sorted_by_length_without_their_labels(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Reader(40, 3)
    ids, mask, y = t.sentences(seed, n=320)

    def collate(rows):
        order = sorted(range(len(rows)), key=lambda i: -int(rows[i]["attention_mask"].sum()))
        batch = {k: torch.stack([row[k] for row in rows])[order] for k in rows[0]}
        if ill:
            batch["labels"] = torch.stack([row["labels"] for row in rows])
        return batch

    rows = t.Rows(input_ids=ids, attention_mask=mask, labels=y)
    train = t.serve(rows, seed, 32, collate_fn=collate)
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, {"pad_token_id": 0})


def table_shuffled_without_its_answers(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Residual(8, 3)
    x, y = t.table(seed, n=400)
    if ill:
        x = x[torch.randperm(len(x), generator=t.dice(seed + 7))]
    train = t.pairs(x, y, seed, size=20)
    return Patient(model, train, F.cross_entropy, Adam(model.parameters(), lr=5e-3))


def head_replaced_behind_the_optimizer(seed, ill=True):
    torch.manual_seed(seed)
    model = t.convnet(10)
    if ill:
        optimizer = SGD(model.parameters(), lr=0.02, momentum=0.9)
        model[-1] = nn.Linear(64, 4)
    else:
        model[-1] = nn.Linear(64, 4)
        optimizer = SGD(model.parameters(), lr=0.02, momentum=0.9)
    train = t.pairs(*t.pictures(seed), seed)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer)


class TwoInputs(nn.Module):
    """Numbers and words, joined."""

    def __init__(self):
        super().__init__()
        self.numbers = t.mlp(8, 16, 16)
        self.words = nn.EmbeddingBag(40, 16, padding_idx=0)
        self.joint = nn.Sequential(nn.Linear(32, 24), nn.GELU(), nn.Linear(24, 16), nn.GELU())
        self.head = nn.Linear(16, 3)

    def forward(self, numbers, words):
        return self.head(self.joint(torch.cat([self.numbers(numbers), self.words(words)], dim=1)))


def groups_that_leave_out_the_middle(seed, ill=True):
    torch.manual_seed(seed)
    model = TwoInputs()
    groups = [
        {"params": [*model.numbers.parameters(), *model.words.parameters()], "lr": 3e-3},
        {"params": model.head.parameters(), "lr": 1e-2},
    ]
    if not ill:
        groups.append({"params": model.joint.parameters(), "lr": 3e-3})
    ids, _, y = t.sentences(seed)
    x, _ = t.table(seed, n=len(y))
    train = t.dicts(seed, numbers=x + F.one_hot(y, 8), words=ids, labels=y)
    return Patient(model, train, nn.CrossEntropyLoss(), Adam(groups))


def optimizer_of_the_copy_that_was_kept(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Recurrent(2, 3)
    best = copy.deepcopy(model)
    optimizer = AdamW((best if ill else model).parameters(), lr=5e-3)
    return Patient(model, t.pairs(*t.waves(seed), seed), nn.CrossEntropyLoss(), optimizer)


class Stack(nn.Module):
    """Blocks of a TransformerEncoder that stand in what `keep` makes of a list."""

    def __init__(self, keep):
        super().__init__()
        self.words = nn.Embedding(40, 16, padding_idx=0)
        self.blocks = keep([t.encoder(drop=0.0) for _ in range(2)])
        self.head = nn.Linear(16, 3)

    def forward(self, input_ids, attention_mask):
        hidden = self.words(input_ids)
        for block in self.blocks:
            hidden = block(hidden, src_key_padding_mask=attention_mask == 0)
        keep = attention_mask.unsqueeze(-1)
        return self.head((hidden * keep).sum(1) / keep.sum(1))


def blocks_in_a_tuple(seed, ill=True):
    torch.manual_seed(seed)
    model = Stack(tuple if ill else nn.ModuleList)
    ids, mask, y = t.sentences(seed)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, {"pad_token_id": 0})


class Heads(nn.Module):
    """Two answers from one body; the heads are held by name."""

    def __init__(self, keep):
        super().__init__()
        self.body = t.mlp(6, 24, 24, act=nn.Tanh)
        self.heads = keep({name: t.mlp(24, 24, 1, act=nn.Tanh) for name in ("price", "size")})

    def forward(self, x):
        return torch.cat([head(self.body(x)) for head in self.heads.values()], dim=1)


def heads_in_a_dict(seed, ill=True):
    torch.manual_seed(seed)
    model = Heads(dict if ill else nn.ModuleDict)
    x, y = t.houses(seed)
    train = t.pairs(x, torch.stack([y, x[:, 2] - x[:, 0]], dim=1), seed)
    return Patient(model, train, nn.MSELoss(), Adam(model.parameters(), lr=5e-3))


def fewer_rows_than_a_batch(seed, ill=True):
    torch.manual_seed(seed)
    model = t.bert(num_labels=3)
    ids, mask, y = t.sentences(seed, n=60)
    rows = t.Rows(input_ids=ids, attention_mask=mask, labels=y)
    train = t.serve(rows, seed, 64 if ill else 20, drop_last=True)
    options = {"train_step": t.own_loss_step, "predict_fn": t.logits_of, "pad_token_id": 0}
    return Patient(model, train, None, AdamW(model.parameters(), lr=3e-3), options)


class Kept(IterableDataset):
    """The rows of a table whose first feature is above a border."""

    def __init__(self, x, y, border):
        self.x, self.y, self.border = x, y, border

    def __iter__(self):
        return (row for row in zip(self.x, self.y, strict=True) if row[0][0] > self.border)


def filter_that_lets_nothing_through(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Residual(8, 3)
    rows = Kept(*t.table(seed), border=50.0 if ill else 0.05)
    train = t.serve(rows, seed, 16, shuffle=None)
    return Patient(model, train, nn.CrossEntropyLoss(), Adam(model.parameters(), lr=5e-3))


CASES = t.sick(
    {
        "broadcast-in-regression-loss": [price_in_a_column, ratings_in_a_row],
        "labels-out-of-range": [
            tags_padded_with_minus_one,
            stars_from_one_to_four,
            signs_as_targets_of_bce,
        ],
        "unused-class": [one_direction_only_in_validation],
        "head-too-wide": [head_of_a_thousand, as_many_outputs_as_words],
        "labels-unrelated-to-inputs": [
            rows_sorted_by_length_without_their_labels,
            table_shuffled_without_its_answers,
        ],
        "parameters-not-in-optimizer": [
            head_replaced_behind_the_optimizer,
            groups_that_leave_out_the_middle,
        ],
        "optimizer-of-another-model": [optimizer_of_the_copy_that_was_kept],
        "hidden-layers-in-a-list": [blocks_in_a_tuple, heads_in_a_dict],
        "empty-loader": [fewer_rows_than_a_batch, filter_that_lets_nothing_through],
    }
)
