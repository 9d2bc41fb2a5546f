"""Patients whose data, masks, classes or devices are wrong."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset
from transformers import BertConfig, BertForMaskedLM

from . import _small as small
from ._case import Patient


class PlainMean(small.Reader):
    """Is given no mask: padding is attended to and goes into the mean."""

    def forward(self, input_ids):
        x = self.words(input_ids) + self.places.weight[: input_ids.shape[1]]
        return self.head(self.encoder(x).mean(1))


def padding_without_a_mask(seed: int) -> Patient:
    ids, _, y = small.sentences(seed)
    loader = small.dicts(seed, input_ids=ids, labels=y)
    model = PlainMean()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    options = {"pad_token_id": small.PAD}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


class MeanOfAll(small.Reader):
    """The mask reaches attention, and the mean is of all places."""

    def read(self, input_ids, attention_mask):
        x = self.words(input_ids) + self.places.weight[: input_ids.shape[1]]
        return self.encoder(x, src_key_padding_mask=attention_mask == 0).mean(1)


def padding_in_the_mean(seed: int) -> Patient:
    loader = small.reading(seed)
    model = MeanOfAll()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    options = {"pad_token_id": small.PAD}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


def sorted_by_class(seed: int) -> Patient:
    """A folder for each class, read one after the other."""
    x, y = small.pictures(seed)
    order = y.argsort(stable=True)
    model = small.cnn()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loader = DataLoader(TensorDataset(x[order], y[order]), batch_size=16)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def sorted_sentences(seed: int) -> Patient:
    ids, mask, y = small.sentences(seed)
    order = y.argsort(stable=True)
    columns = {"input_ids": ids[order], "attention_mask": mask[order], "labels": y[order]}
    loader = small.dicts(seed, shuffle=False, **columns)
    model = small.Reader()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def two_random_splits(seed: int) -> Patient:
    """Draws twice where one draw has to be cut in two."""
    x, y = small.points(seed)
    rows = TensorDataset(x, y)
    train = Subset(rows, torch.randperm(len(rows))[:300].tolist())
    valid = Subset(rows, torch.randperm(len(rows))[300:].tolist())
    order = torch.Generator().manual_seed(seed)
    loader = DataLoader(train, 16, shuffle=True, generator=order)
    model = small.mlp(12, 32, 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    options = {"valid_loader": DataLoader(valid, 32)}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


def doubled_before_the_split(seed: int) -> Patient:
    """Takes each sentence twice to have more of them, and splits then."""
    ids, mask, y = small.sentences(seed, count=240)
    copied = torch.cat([torch.arange(len(y)), torch.arange(len(y))])
    order = copied[torch.randperm(len(copied))]
    names = ("input_ids", "attention_mask", "labels")
    train, valid = order[:400], order[400:]
    columns = (ids, mask, y)
    loaders = [
        small.dicts(seed, **dict(zip(names, [c[part] for c in columns], strict=True)))
        for part in (train, valid)
    ]
    model = small.Reader()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    options = {"valid_loader": loaders[1]}
    return Patient(model, loaders[0], nn.CrossEntropyLoss(), optimizer, options)


def empty_loader(seed: int) -> Patient:
    """Fifty rows, batches of 64, and the last incomplete batch is dropped."""
    x, y = small.numbers(seed, count=50)
    model = small.mlp(8, 16, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loader = small.pairs(x, y[:, None], seed=seed, size=64, drop_last=True)
    return Patient(model, loader, nn.MSELoss(), optimizer)


def one_class_by_its_bias(seed: int) -> Patient:
    """Sets the bias to the classes' counts, and not to the logarithm of their shares."""
    x, y = small.points(seed)
    y = torch.where(torch.rand(len(y)) < 0.1, 1, y)
    model = small.mlp(12, 32, 4)
    with torch.no_grad():
        model[-1].bias.copy_(torch.bincount(y, minlength=4).float())
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return Patient(model, small.pairs(x, y, seed=seed), nn.CrossEntropyLoss(), optimizer)


def one_class_by_its_weight(seed: int) -> Patient:
    """Weights by a division of whole numbers: 0 for all but the rare class; epochs later."""
    x, y = small.waves(seed, count=768)
    kept = (y != 2) | (torch.rand(len(y)) < 0.5)
    x, y = x[kept], y[kept]
    weight = len(y) // (3 * torch.bincount(y))
    loss_fn = nn.CrossEntropyLoss(weight=weight.float())
    loader = small.pairs(x, y, seed=seed, size=64)
    model = small.Listener()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(2):
        for signal, target in loader:
            optimizer.zero_grad()
            loss_fn(model(signal), target).backward()
            optimizer.step()
    return Patient(model, loader, loss_fn, optimizer)


def table_not_normalised(seed: int) -> Patient:
    """Age in years, income in a currency, distance in metres, as they are in the table."""
    x, y = small.points(seed, features=4, classes=3)
    x = x * torch.tensor([14.0, 18_000.0, 900.0, 2.0]) + torch.tensor([40.0, 42_000.0, 5e3, 3.0])
    model = small.mlp(4, 32, 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, small.pairs(x, y, seed=seed), nn.CrossEntropyLoss(), optimizer)


def pixels_not_normalised(seed: int) -> Patient:
    """Pixels from 0 to 255 into tanh units."""
    x, y = small.pictures(seed, raw=True)
    x = (x * 255 / 16).round().flatten(1)
    model = small.Named(small.mlp(64, 32, 10, act=nn.Tanh))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    return Patient(model, small.dicts(seed, x=x, labels=y), nn.CrossEntropyLoss(), optimizer)


def logarithm_of_nought(seed: int) -> Patient:
    """A column of counts, some of them 0, is replaced by its logarithm."""
    x, y = small.numbers(seed)
    counts = torch.poisson(4 * x[:, 3].exp().clamp(max=6))
    x[:, 3] = counts.log() - 1.0
    model = small.mlp(8, 32, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loader = small.pairs(x, y[:, None], seed=seed)
    return Patient(model, loader, nn.MSELoss(), optimizer)


def nought_by_nought(seed: int) -> Patient:
    """Each picture is divided by its own spread; a blank one has none."""
    x, y = small.pictures(seed, raw=True)
    x[::40] = 0.0
    x = (x - x.mean((1, 2, 3), keepdim=True)) / x.std((1, 2, 3), keepdim=True)
    model = small.cnn()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return Patient(model, small.pairs(x, y, seed=seed), nn.CrossEntropyLoss(), optimizer)


def model_elsewhere(seed: int) -> Patient:
    """The model is on another device than the batches; meta stands for it."""
    x, y = small.pictures(seed)
    model = small.cnn().to("meta")
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return Patient(model, small.pairs(x, y, seed=seed), nn.CrossEntropyLoss(), optimizer)


def head_elsewhere(seed: int) -> Patient:
    """The body was moved, and the head that was put on it later was not."""
    loader = small.reading(seed)
    model = small.Reader()
    model.head = nn.Linear(32, 3, device="meta")
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def labels_everywhere(seed: int) -> Patient:
    """Every word is a label, also the ones that stand in the input."""
    holed, whole, _ = small.gaps(seed)
    model = small.Filler()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    loader = small.dicts(seed, input_ids=holed, labels=whole)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def labels_computed_and_dropped(seed: int) -> Patient:
    """A collator that works out which labels count, and returns the others."""
    holed, whole, gap = small.gaps(seed, count=256)

    def collate(rows):
        batch = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
        labels = batch["whole"].clone()
        labels.masked_fill(~batch["gap"], -100)
        return {"input_ids": batch["input_ids"], "labels": labels}

    rows = [
        {"input_ids": i, "whole": w, "gap": g} for i, w, g in zip(holed, whole, gap, strict=True)
    ]
    order = torch.Generator().manual_seed(seed)
    loader = DataLoader(rows, 16, shuffle=True, generator=order, collate_fn=collate)
    config = BertConfig(
        vocab_size=small.VOCABULARY,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=16,
    )
    model = BertForMaskedLM(config)
    return Patient(model, loader, None, torch.optim.AdamW(model.parameters(), lr=2e-3))


CASES = [
    small.sick("padding-not-masked", "no-mask", padding_without_a_mask),
    small.sick("padding-not-masked", "mean", padding_in_the_mean),
    small.sick("not-shuffled", "cnn", sorted_by_class),
    small.sick("not-shuffled", "transformer", sorted_sentences),
    small.sick("train-valid-overlap", "two-draws", two_random_splits),
    small.sick("train-valid-overlap", "doubled", doubled_before_the_split),
    small.sick("empty-loader", "drop-last", empty_loader),
    small.sick("one-class-collapse", "bias", one_class_by_its_bias),
    small.sick("one-class-collapse", "weight", one_class_by_its_weight),
    small.sick("input-not-normalised", "table", table_not_normalised),
    small.sick("input-not-normalised", "pixels", pixels_not_normalised),
    small.sick("non-finite-input", "logarithm", logarithm_of_nought),
    small.sick("non-finite-input", "spread", nought_by_nought),
    small.sick("wrong-device", "model", model_elsewhere),
    small.sick("wrong-device", "head", head_elsewhere),
    small.sick("masked-lm-labels-unmasked", "filler", labels_everywhere),
    small.sick("masked-lm-labels-unmasked", "collator", labels_computed_and_dropped),
]
