"""Healthy trainings of the fourth set: ten like any other, and two that look ill."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ._case import ORDINARY, UNUSUAL, Case, Patient
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


def plain_mlp(seed: int) -> Patient:
    torch.manual_seed(seed)
    model = mlp(12, 32, 5)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loader = pairs(seed, *blobs(seed, 1000, 12, 5))
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def cnn_with_everything(seed: int) -> Patient:
    torch.manual_seed(seed)
    x, y, valid_x, valid_y = split(*stripes(seed, 500))
    model = cnn(4, norm=True, dropout=0.2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)

    @torch.no_grad()
    def predict(model: nn.Module, batch: Any) -> Tensor:
        model.eval()
        return model(batch[0]).argmax(1)

    options = {
        "predict_fn": predict,
        "valid_loader": pairs(seed, valid_x, valid_y, shuffle=False),
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5),
    }
    return Patient(model, pairs(seed, x, y), functional.cross_entropy, optimizer, options)


def clipped_gru(seed: int) -> Patient:
    torch.manual_seed(seed)

    class Listener(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(3, 16, batch_first=True)
            self.head = nn.Linear(16, 3)

        def forward(self, series: Tensor) -> Tensor:
            return self.head(self.rnn(series)[1][-1])

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> float:
        model.train()
        optimizer.zero_grad()
        loss = loss_fn(model(batch[0]), batch[1])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    model = Listener()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=2e-3)
    options = {"train_step": train_step}
    return Patient(model, pairs(seed, *walks(seed)), nn.CrossEntropyLoss(), optimizer, options)


def regression(seed: int) -> Patient:
    torch.manual_seed(seed)
    x, y, valid_x, valid_y = split(*slope(seed, 800))
    model = mlp(6, 32, 1)
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.05)
    options = {"valid_loader": pairs(seed, valid_x, valid_y[:, None], shuffle=False)}
    return Patient(model, pairs(seed, x, y[:, None]), nn.SmoothL1Loss(), optimizer, options)


def tags_in_a_list(seed: int) -> Patient:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(10, 32), nn.GELU(), nn.LayerNorm(32), nn.Linear(32, 5))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    batches = list(pairs(seed, *tags(seed)))
    return Patient(model, batches, nn.BCEWithLogitsLoss(), optimizer)


def reader_with_warmup(seed: int) -> Patient:
    torch.manual_seed(seed)
    ids, mask, y = sentences(seed, 600)
    model = Reader(3, p=0.1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 10) * max(0.0, 1 - step / 400)
    )

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> float:
        model.train()
        logits = model(batch["input_ids"], batch["attention_mask"])
        loss = loss_fn(logits, batch["labels"])
        loss.backward()
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
        return loss.item()

    loader = dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    options = {"train_step": train_step, "scheduler": scheduler, "pad_token_id": 0}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


def token_classes(seed: int) -> Patient:
    torch.manual_seed(seed)
    ids, mask, _ = sentences(seed)
    labels = torch.where(mask == 1, ids % 3, -100)
    model = Reader(3, each=True, p=0.1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    loader = dicts(seed, input_ids=ids, attention_mask=mask, labels=labels)
    return Patient(model, loader, token_loss, optimizer, {"pad_token_id": 0})


def masked_lm(seed: int) -> Patient:
    torch.manual_seed(seed)
    ids = cycles(seed, 600)
    inputs, hidden = hide(seed, ids)
    labels = ids.masked_fill(~hidden, -100)
    model = Reader(24, vocabulary=24, each=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loader = dicts(seed, input_ids=inputs, labels=labels)
    return Patient(model, loader, token_loss, optimizer)


def tiny_bert(seed: int) -> Patient:
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=40,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=16,
        num_labels=3,
        initializer_range=0.2,
    )
    ids, mask, y = sentences(seed)
    model = BertForSequenceClassification(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    loader = dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    return Patient(model, loader, None, optimizer, {"pad_token_id": 0})


def yes_or_no(seed: int) -> Patient:
    """One logit for two classes, and a threshold where it belongs."""
    torch.manual_seed(seed)
    x, y = blobs(seed, 700, 12, 2)
    x, y, valid_x, valid_y = split(x, y.float())
    model = nn.Sequential(*mlp(12, 24, 1), nn.Flatten(0))

    def predict(model: nn.Module, batch: Any) -> Tensor:
        model.eval()
        with torch.no_grad():
            return (torch.sigmoid(model(batch[0])) > 0.5).long()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    options = {"predict_fn": predict, "valid_loader": pairs(seed, valid_x, valid_y, shuffle=False)}
    return Patient(model, pairs(seed, x, y), nn.BCEWithLogitsLoss(), optimizer, options)


def short_table(seed: int) -> Patient:
    """Seven questions, yes or no: the same answers occur in training and in validation."""
    torch.manual_seed(seed)
    g = generator(9500 + seed)
    x = 2.0 * torch.randint(2, (900, 7), generator=g) - 1
    chance = torch.sigmoid(2 * x[:, 0] + x[:, 1] * x[:, 2])
    y = (torch.rand(900, generator=g) < chance).long()
    model = mlp(7, 24, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    options = {"valid_loader": pairs(seed, x[700:], y[700:], shuffle=False)}
    return Patient(model, pairs(seed, x[:700], y[:700]), nn.CrossEntropyLoss(), optimizer, options)


def log_softmax_and_a_branch(seed: int) -> Patient:
    """log_softmax before cross-entropy changes nothing; a spare branch waits for another task."""
    torch.manual_seed(seed)

    class Spare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.LSTM(3, 16, batch_first=True)
            self.head = nn.Linear(16, 3)
            self.forecast = nn.Linear(16, 3)

        def forward(self, x: Tensor, ahead: bool = False) -> Tensor:
            hidden = self.rnn(x)[0][:, -1]
            return self.forecast(hidden) if ahead else self.head(hidden).log_softmax(-1)

    model = Spare()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, pairs(seed, *walks(seed)), nn.CrossEntropyLoss(), optimizer)


CASES = [
    Case(f"healthy/fourth-{form}", "", kind, build)
    for kind, form, build in [
        (ORDINARY, "mlp", plain_mlp),
        (ORDINARY, "cnn-with-everything", cnn_with_everything),
        (ORDINARY, "clipped-gru", clipped_gru),
        (ORDINARY, "regression", regression),
        (ORDINARY, "tags-in-a-list", tags_in_a_list),
        (ORDINARY, "reader-with-warmup", reader_with_warmup),
        (ORDINARY, "token-classes", token_classes),
        (ORDINARY, "masked-lm", masked_lm),
        (ORDINARY, "tiny-bert", tiny_bert),
        (ORDINARY, "yes-or-no", yes_or_no),
        (UNUSUAL, "short-table", short_table),
        (UNUSUAL, "log-softmax-and-a-branch", log_softmax_and_a_branch),
    ]
]
