"""Second patients of the first half, written differently, where there was only one."""

import copy

import torch
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader
from transformers import BertConfig, BertForSequenceClassification

from . import _small as small
from ._case import Patient


def bert(classes: int = 3) -> nn.Module:
    config = BertConfig(
        vocab_size=small.VOCABULARY,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=16,
        num_labels=classes,
    )
    return BertForSequenceClassification(config)


def cleared_with_the_loss(seed: int) -> Patient:
    """A helper that does backward, and a step that begins with zero_grad."""
    x, y = small.numbers(seed)
    model = small.mlp(8, 32, 1)

    def gradients(model, batch, loss_fn):
        features, target = batch
        loss = loss_fn(model(features), target)
        loss.backward()
        return loss

    def step(model, batch, loss_fn, optimizer):
        model.train()
        loss = gradients(model, batch, loss_fn)
        model.zero_grad()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    loader = small.pairs(x, y[:, None], seed=seed)
    return Patient(model, loader, nn.MSELoss(), optimizer, {"train_step": step})


def step_without_brackets(seed: int) -> Patient:
    loader = small.reading(seed)
    model = bert()

    def step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        optimizer.step  # noqa: B018
        return loss.item()

    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Patient(model, loader, None, optimizer, {"train_step": step})


def trained_as_it_was_loaded(seed: int) -> Patient:
    """A loaded model comes in evaluation mode, and nobody calls train."""
    loader = small.reading(seed)
    model = bert().eval()

    def step(model, batch, loss_fn, optimizer):
        optimizer.zero_grad()
        output = model(**batch)
        output.loss.backward()
        optimizer.step()
        return output.loss.item()

    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Patient(model, loader, None, optimizer, {"train_step": step})


def answers_in_train_mode(seed: int) -> Patient:
    """Copies the first line of the training step into the evaluation."""
    x, y = small.pictures(seed)
    model = small.cnn(norm=True)

    def predict(model, batch):
        model.train()
        images, _ = batch
        with torch.no_grad():
            return model(images).argmax(dim=1)

    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    options = {
        "predict_fn": predict,
        "valid_loader": small.pairs(x[400:], y[400:], seed=seed, shuffle=False),
    }
    loader = small.pairs(x[:400], y[:400], seed=seed)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


def optimizer_of_the_original(seed: int) -> Patient:
    """Trains a copy, to keep the original, with the optimizer of the original."""
    x, y = small.tags(seed)
    original = small.mlp(10, 32, 5)
    optimizer = torch.optim.Adam(original.parameters(), lr=5e-3)
    model = copy.deepcopy(original)
    return Patient(model, small.pairs(x, y, seed=seed), nn.BCEWithLogitsLoss(), optimizer)


class Listed(small.Reader):
    """Layers of a transformer in a plain list."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = None
        self.blocks = [
            nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True) for _ in range(2)
        ]

    def read(self, input_ids, attention_mask):
        x = self.words(input_ids) + self.places.weight[: input_ids.shape[1]]
        for block in self.blocks:
            x = block(x, src_key_padding_mask=attention_mask == 0)
        seen = attention_mask[:, :, None]
        return (x * seen).sum(1) / seen.sum(1)


def blocks_in_a_list(seed: int) -> Patient:
    loader = small.reading(seed)
    model = Listed()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def all_frozen_by_a_name(seed: int) -> Patient:
    """The head is called `classifier`, and what is not called `head` is frozen."""
    loader = small.reading(seed)
    model = bert()
    for name, parameter in model.named_parameters():
        if "head" not in name:
            parameter.requires_grad = False
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Patient(model, loader, None, optimizer)


def warm_up_first(seed: int) -> Patient:
    """The rate grows for 20 steps and falls then; it moves at the top of the step."""
    loader = small.reading(seed)
    model = small.Reader()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    steps = 10 * len(loader)
    scheduler = lr_scheduler.LambdaLR(
        optimizer, lambda k: min((k + 1) / 20, (steps - k) / (steps - 20), 1.0)
    )

    def step(model, batch, loss_fn, optimizer):
        scheduler.step()
        model.train()
        optimizer.zero_grad()
        logits = model(batch["input_ids"], batch["attention_mask"])
        loss = loss_fn(logits, batch["labels"])
        loss.backward()
        optimizer.step()
        return loss.item()

    options = {"train_step": step, "scheduler": scheduler}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


def vanishing_by_tanh_of_sums(seed: int) -> Patient:
    """Ten layers of weights with a spread of 0.01 make the signal smaller and smaller."""
    x, y = small.numbers(seed)
    model = small.mlp(8, *[32] * 9, 1, act=nn.Tanh)
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    loader = small.pairs(x, y[:, None], seed=seed)
    return Patient(model, loader, nn.MSELoss(), optimizer)


def nothing_left_by_a_filter(seed: int) -> Patient:
    """Keeps sentences of more than twelve words, of which there are none."""
    ids, mask, y = small.sentences(seed)
    rows = [
        {"input_ids": i, "attention_mask": m, "labels": k}
        for i, m, k in zip(ids, mask, y, strict=True)
        if m.sum() > 12
    ]
    model = small.Reader()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Patient(model, DataLoader(rows, 16), nn.CrossEntropyLoss(), optimizer)


CASES = [
    small.sick("zero-grad-after-backward", "regression", cleared_with_the_loss),
    small.sick("no-optimizer-step", "no-brackets", step_without_brackets),
    small.sick("train-in-eval-mode", "as-loaded", trained_as_it_was_loaded),
    small.sick("eval-in-train-mode", "cnn", answers_in_train_mode),
    small.sick("optimizer-of-another-model", "copy", optimizer_of_the_original),
    small.sick("hidden-layers-in-a-list", "transformer", blocks_in_a_list),
    small.sick("nothing-trainable", "bert", all_frozen_by_a_name),
    small.sick("scheduler-before-optimizer", "warm-up", warm_up_first),
    small.sick("vanishing-gradient", "small-weights", vanishing_by_tanh_of_sums),
    small.sick("empty-loader", "filter", nothing_left_by_a_filter),
]
