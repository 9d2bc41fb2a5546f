"""Second half: a third patient for some names, mostly transformers and masked language models."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.benchmarks.doctor import _other as o
from tests.benchmarks.doctor._case import Case, Patient

CASES: list[Case] = []
sick = o.collector(CASES)


class Sideways(nn.Module):
    """A transformer on sentences of one length, whose layer may expect (T, B, H)."""

    def __init__(self, batch_first: bool):
        super().__init__()
        self.embedding = nn.Embedding(o.WORDS, 24)
        self.places = nn.Parameter(0.1 * torch.randn(o.TOKENS, 24))
        self.layer = nn.TransformerEncoderLayer(24, 2, 48, 0.0, batch_first=batch_first)
        self.head = nn.Linear(24, 3)

    def forward(self, input_ids):
        return self.head(self.layer(self.embedding(input_ids) + self.places).mean(dim=1))


@sick("samples-leak-within-batch", "a TransformerEncoderLayer without batch_first")
def without_batch_first(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Sideways(batch_first=not ill)
    ids, _, labels = o.sentences(g, shortest=o.TOKENS)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    loader = o.dicts(g, input_ids=ids, labels=labels)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


class Layers(nn.Module):
    """A masked language model whose encoder layers are held in some way."""

    def __init__(self, hold):
        super().__init__()
        self.embedding = nn.Embedding(o.MARKS, 24)
        self.places = nn.Embedding(10, 24)
        make = nn.TransformerEncoderLayer
        self.layers = hold([make(24, 2, 48, 0.0, batch_first=True) for _ in range(2)])
        self.out = nn.Linear(24, o.MARKS)

    def forward(self, input_ids):
        h = self.embedding(input_ids) + self.places.weight
        for layer in self.layers:
            h = layer(h)
        return self.out(h).transpose(1, 2)  # (B, V, T), as cross_entropy wants it


@sick("hidden-layers-in-a-list", "encoder layers of a masked language model in a list")
def encoder_layers_in_a_list(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Layers(list if ill else nn.ModuleList)
    ids, labels = o.masked_numbers(g, ill=False)
    loader = o.dicts(g, input_ids=ids, labels=labels)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


@sick("learning-rate-too-low", "AdamW at 1e-8 on a masked language model from scratch")
def crawling_masked_lm(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.tiny_bert("BertForMaskedLM", vocab_size=o.MARKS)
    ids, labels = o.masked_numbers(g, ill=False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-8 if ill else 5e-3)
    return Patient(model, o.dicts(g, input_ids=ids, labels=labels), None, optimizer)


@sick("no-zero-grad", "a masked language model with Adamax, gradients clipped")
def stale_masked_lm(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Layers(nn.ModuleList)
    ids, labels = o.masked_numbers(g, ill=False)

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        loss = loss_fn(model(batch["input_ids"]), batch["labels"])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        if not ill:
            optimizer.zero_grad()
        return loss.item()

    optimizer = torch.optim.Adamax(model.parameters(), lr=5e-3)
    loader = o.dicts(g, input_ids=ids, labels=labels)
    return Patient(model, loader, F.cross_entropy, optimizer, {"train_step": train_step})


class Placed(nn.Module):
    """Sentences with a fixed table of positions, made beside the model."""

    def __init__(self, device: str):
        super().__init__()
        angles = torch.arange(o.TOKENS).unsqueeze(1) / 50 ** (torch.arange(24) / 24)
        self.table = torch.sin(angles).to(device)
        self.embedding = nn.Embedding(o.WORDS, 24)
        self.head = o.mlp(24, 24, 3)

    def forward(self, input_ids, attention_mask):
        h = self.embedding(input_ids) + self.table[: input_ids.shape[1]]
        keep = attention_mask.unsqueeze(-1)
        return self.head((h * keep).sum(1) / keep.sum(1))


@sick("wrong-device", "a table that is no buffer and was left elsewhere")
def table_elsewhere(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Placed("meta" if ill else "cpu")
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, o.texts(g), nn.CrossEntropyLoss(), optimizer)


class Residual(nn.Module):
    """Ten residual blocks for a regression, with no norm."""

    def __init__(self, scale: float):
        super().__init__()
        self.enter = nn.Linear(6, 32)
        self.blocks = nn.ModuleList(o.mlp(32, 32, 32) for _ in range(10))
        self.leave = nn.Linear(32, 1)
        self.scale = scale

    def forward(self, x):
        h = self.enter(x)
        for block in self.blocks:
            h = h + self.scale * block(h)
        return self.leave(h)


@sick("exploding-gradient", "ten residual blocks, each added eightfold")
def eightfold_blocks(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Residual(8.0 if ill else 0.3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return Patient(model, o.pairs(g, *o.slopes(g)), nn.MSELoss(), optimizer)


@sick("detached-loss", "predictions that went through a list")
def through_a_list(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(6, 32, 1, act=nn.Tanh)

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        x, y = batch
        optimizer.zero_grad()
        answers = model(x)
        if ill:
            answers = torch.tensor(answers.tolist(), requires_grad=True)
        loss = torch.mean((answers - y) ** 2)
        loss.backward()
        optimizer.step()
        return loss.item()

    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loader = o.pairs(g, *o.slopes(g))
    return Patient(model, loader, F.mse_loss, optimizer, {"train_step": train_step})


class Tags(nn.Module):
    """Several labels from one row of a table."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(11, 40), nn.LayerNorm(40), nn.GELU())
        self.out = nn.Linear(40, 5)

    def forward(self, row):
        return self.out(self.body(row))


@sick("non-finite-input", "a constant column divided by its deviation of 0")
def constant_column(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Tags()
    x, y = o.tags(g)
    x = torch.cat([x, torch.full((len(x), 1), 4.0)], dim=1)
    x = (x - x.mean(0)) / (x.std(0) + (0.0 if ill else 1e-6))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    loader = o.dicts(g, row=x, labels=y)
    return Patient(model, loader, nn.BCEWithLogitsLoss(), optimizer)


@sick("labels-out-of-range", "three classes, num_labels left at two")
def num_labels_left(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.tiny_bert(num_labels=2 if ill else 3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    return Patient(model, o.texts(g), None, optimizer, {"pad_token_id": 0})


@sick("padding-not-masked", "an EmbeddingBag that averages padding too")
def bag_of_padding(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    bag = nn.EmbeddingBag(o.WORDS, 24, mode="mean", padding_idx=None if ill else 0)
    model = nn.Sequential(bag, nn.ReLU(), nn.Linear(24, 3))
    ids, _, labels = o.sentences(g)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    loader = o.pairs(g, ids, labels)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"pad_token_id": 0})
