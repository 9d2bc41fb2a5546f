"""Patients of the fourth set: shapes, labels, forward passes, signals and loaders."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ._case import SICK, Case, Patient
from ._fourth import (
    Reader,
    blobs,
    cnn,
    cycles,
    dicts,
    generator,
    hide,
    mlp,
    pairs,
    sentences,
    slope,
    split,
    stripes,
    tags,
    token_loss,
    walks,
)


def broadcast(seed: int, ill: bool = True) -> Patient:
    """(32, 1) against (32,)."""
    torch.manual_seed(seed)
    x, y = slope(seed)
    model = mlp(6, 32, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, pairs(seed, x, y if ill else y[:, None]), nn.MSELoss(), optimizer)


def broadcast_own_loss(seed: int, ill: bool = True) -> Patient:
    """Here the model squeezes and the labels don't; no warning from a loss written by hand."""
    torch.manual_seed(seed)
    x, _ = walks(seed)
    target = x[:, -3:].mean((1, 2)) - x[:, :3].mean((1, 2))

    class Regressor(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(3, 16, batch_first=True)
            self.out = nn.Linear(16, 1)

        def forward(self, series: Tensor) -> Tensor:
            return self.out(self.rnn(series)[0][:, -1]).squeeze(-1)

    model = Regressor()
    labels = target[:, None] if ill else target
    optimizer = torch.optim.RMSprop(model.parameters(), lr=2e-3)
    loader = dicts(seed, series=x, labels=labels)
    return Patient(model, loader, lambda out, y: (out - y).abs().mean(), optimizer)


def labels_from_one(seed: int, ill: bool = True) -> Patient:
    torch.manual_seed(seed)
    x, y = stripes(seed)
    model = cnn(4)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return Patient(model, pairs(seed, x, y + int(ill)), nn.CrossEntropyLoss(), optimizer)


def unused_class(seed: int, ill: bool = True) -> Patient:
    """A filter lost class 2 of 4 in training; validation still has it."""
    torch.manual_seed(seed)
    x, y, valid_x, valid_y = split(*blobs(seed, 800, 12, 4))
    keep = y != 2 if ill else torch.ones_like(y, dtype=torch.bool)
    model = mlp(12, 32, 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    options = {"valid_loader": pairs(seed, valid_x, valid_y, shuffle=False)}
    loader = pairs(seed, x[keep], y[keep])
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


def wide_head(seed: int, ill: bool = True) -> Patient:
    """Three classes, and the head of a model for a hundred."""
    torch.manual_seed(seed)
    ids, mask, y = sentences(seed)
    model = Reader(100 if ill else 3)
    loader = dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"pad_token_id": 0})


def labels_shuffled(seed: int, ill: bool = True) -> Patient:
    """The pictures are shuffled, the labels are not."""
    torch.manual_seed(seed)
    x, y = stripes(seed)
    order = torch.randperm(len(x), generator=generator(seed))
    model = cnn(4)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loader = pairs(seed, x[order], y if ill else y[order])
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def labels_of_the_next(seed: int, ill: bool = True) -> Patient:
    """One row was dropped from the table, not from its labels: all are off by one."""
    torch.manual_seed(seed)
    x, y = slope(seed, 800)
    x, y = (x[1:], y[:-1]) if ill else (x, y)
    model = mlp(6, 32, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, pairs(seed, x, y[:, None]), functional.mse_loss, optimizer)


def always_dropout(seed: int, ill: bool = True) -> Patient:
    torch.manual_seed(seed)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(12, 48)
            self.second = nn.Linear(48, 3)

        def forward(self, x: Tensor) -> Tensor:
            hidden = torch.relu(self.first(x))
            hidden = functional.dropout(hidden, 0.3, training=ill or self.training)
            return self.second(hidden)

    x, y, valid_x, valid_y = split(*blobs(seed, 700))
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    options = {"valid_loader": pairs(seed, valid_x, valid_y, shuffle=False)}
    return Patient(model, pairs(seed, x, y), nn.CrossEntropyLoss(), optimizer, options)


class Series(nn.Module):
    """An encoder over time. Without batch_first it attends over the batch instead."""

    def __init__(self, batch_first: bool) -> None:
        super().__init__()
        self.inner = nn.Linear(3, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=batch_first)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(16, 3)
        self.register_buffer("clock", torch.linspace(-1, 1, 10)[:, None])

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(self.inner(x) * (1 + self.clock)).mean(dim=1))


def leak_by_attention(seed: int, ill: bool = True) -> Patient:
    torch.manual_seed(seed)
    model = Series(batch_first=not ill)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, pairs(seed, *walks(seed)), nn.CrossEntropyLoss(), optimizer)


def leak_by_norm(seed: int, ill: bool = True) -> Patient:
    """Inputs are centred inside forward, over the batch where the features were meant."""
    torch.manual_seed(seed)

    class Centred(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = mlp(10, 32, 5)

        def forward(self, x: Tensor) -> Tensor:
            return self.net(x - x.mean(dim=0 if ill else 1, keepdim=True))

    x, y = tags(seed)
    model = Centred()
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.05)
    return Patient(model, pairs(seed, x, y), nn.BCEWithLogitsLoss(), optimizer)


def padding_counts(seed: int, ill: bool = True) -> Patient:
    """A bag of words that takes the mean over padding as well."""
    torch.manual_seed(seed)

    class Bag(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(40, 16)
            self.head = nn.Linear(16, 3)

        def forward(self, input_ids: Tensor) -> Tensor:
            hidden = self.words(input_ids)
            if ill:
                return self.head(hidden.mean(dim=1))
            real = (input_ids != 0)[..., None].float()
            return self.head((hidden * real).sum(1) / real.sum(1))

    ids, _, y = sentences(seed)
    model = Bag()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    loader = pairs(seed, ids, y)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"pad_token_id": 0})


def masked_lm(seed: int, ill: bool = True) -> Patient:
    """Labels are a copy of the ids: the loss is mostly that of copying what can be seen."""
    torch.manual_seed(seed)
    ids = cycles(seed)
    inputs, hidden = hide(seed, ids)
    labels = ids if ill else ids.masked_fill(~hidden, -100)
    model = Reader(24, vocabulary=24, each=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    loader = dicts(seed, input_ids=inputs, attention_mask=torch.ones_like(ids), labels=labels)
    return Patient(model, loader, token_loss, optimizer, {"pad_token_id": 0})


def masked_lm_bert(seed: int, ill: bool = True) -> Patient:
    """A tiny BERT; masks are drawn batch by batch. The -100 is computed and not assigned."""
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=24,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=16,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.2,
    )
    model = BertForMaskedLM(config)
    draws = generator(seed)

    def collate(rows: list[tuple[Tensor]]) -> dict[str, Tensor]:
        ids = torch.stack([row[0] for row in rows])
        chosen = torch.rand(ids.shape, generator=draws) < 0.25
        chosen[:, 0] = True
        labels = ids.clone()
        only_hidden = labels.masked_fill(~chosen, -100)
        if not ill:
            labels = only_hidden
        return {
            "input_ids": ids.masked_fill(chosen, 1),
            "attention_mask": torch.ones_like(ids),
            "labels": labels,
        }

    loader = pairs(seed, cycles(seed), collate_fn=collate)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    return Patient(model, loader, None, optimizer, {"pad_token_id": 0})


CASES = [
    Case(f"{name}/fourth-{form}", name, SICK, build)
    for name, form, build in [
        ("broadcast-in-regression-loss", "mse", broadcast),
        ("broadcast-in-regression-loss", "own-loss", broadcast_own_loss),
        ("labels-out-of-range", "from-one", labels_from_one),
        ("unused-class", "lost-in-a-filter", unused_class),
        ("head-too-wide", "hundred", wide_head),
        ("labels-unrelated-to-inputs", "pictures-shuffled", labels_shuffled),
        ("labels-unrelated-to-inputs", "off-by-one-row", labels_of_the_next),
        ("dropout-always-on", "mlp", always_dropout),
        ("samples-leak-within-batch", "no-batch-first", leak_by_attention),
        ("samples-leak-within-batch", "centred-over-batch", leak_by_norm),
        ("padding-not-masked", "bag-of-words", padding_counts),
        ("masked-lm-labels-unmasked", "encoder", masked_lm),
        ("masked-lm-labels-unmasked", "bert", masked_lm_bert),
    ]
]
