"""What the third set of cases is made of: small worlds that can be learned, and small models."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tests.benchmarks.doctor._case import SICK, Case


def sick(builds):
    """Cases from a finding's name and the builds that should earn it."""
    return [case(name, name, SICK, build) for name, group in builds.items() for build in group]


def well(builds):
    """Cases from a kind (ordinary, unusual) and builds in which nothing is wrong."""
    return [case("healthy", "", kind, build) for kind, group in builds.items() for build in group]


def case(folder, expected, kind, build):
    return Case(f"{folder}/third-{build.__name__.replace('_', '-')}", expected, kind, build)


class Rows:
    """Columns of equal length, served row by row as a dict."""

    def __init__(self, **columns):
        self.columns = columns

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def __getitem__(self, i):
        return {name: column[i] for name, column in self.columns.items()}


def dice(seed):
    return torch.Generator().manual_seed(1000 + seed)


def pairs(x, y, seed, size=16, shuffle=True, **more):
    return serve(TensorDataset(x, y), seed, size, shuffle, **more)


def dicts(seed, size=16, shuffle=True, **columns):
    return serve(Rows(**columns), seed, size, shuffle)


def serve(dataset, seed, size=16, shuffle=True, **more):
    return DataLoader(dataset, size, shuffle=shuffle, generator=dice(seed), **more)


# Worlds


def table(seed, n=240, features=8, classes=3):
    """Standard normal features; the class is the best of a few linear scores."""
    g = dice(seed)
    x = torch.randn(n, features, generator=g)
    scores = x @ torch.randn(features, classes, generator=g)
    return x, (scores - scores.mean(0)).argmax(1)


def houses(seed, n=240, features=6):
    """A price of mean 0 and scale 1 that bends with two of the features."""
    g = dice(seed)
    x = torch.randn(n, features, generator=g)
    price = x @ torch.linspace(-1, 1, features) + torch.sin(2 * x[:, 0]) + x[:, 1].abs()
    price = price + 0.1 * torch.randn(n, generator=g)
    return x, (price - price.mean()) / price.std()


def pictures(seed, n=192, classes=4, size=10):
    """Stripes; the class is their direction. (n, 1, size, size), mean 0 and scale 1."""
    g = dice(seed)
    y = torch.arange(n) % classes
    angle = y * torch.pi / classes
    row, column = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    along = angle.cos()[:, None, None] * row + angle.sin()[:, None, None] * column
    phase = 6.28 * torch.rand(n, 1, 1, generator=g)
    x = torch.sin(1.5 * along + phase) + 0.4 * torch.randn(n, size, size, generator=g)
    mix = torch.randperm(n, generator=g)
    return ((x - x.mean()) / x.std()).unsqueeze(1)[mix], y[mix]


def waves(seed, n=192, steps=20, classes=3, shift=0.0):
    """Noisy waves of a few frequencies, and of as many heights. (n, steps, 2)"""
    g = dice(seed)
    y = torch.randint(classes, (n,), generator=g)
    phase = 6.28 * torch.rand(n, 1, generator=g)
    turn = (0.35 * (1 + y))[:, None] * torch.arange(steps) + phase
    x = torch.stack([turn.sin(), turn.cos()], dim=-1) + shift * (y - 1)[:, None, None]
    return x + 0.2 * torch.randn(x.shape, generator=g), y


def sentences(seed, n=192, longest=12, words=40, classes=3, shortest=3):
    """Token ids padded with 0; words of one topic are more frequent. Returns ids, mask, topic."""
    g = dice(seed)
    y = torch.randint(classes, (n,), generator=g)
    length = torch.randint(shortest, longest + 1, (n,), generator=g)
    mask = (torch.arange(longest) < length[:, None]).long()
    share = (words - 4) // classes
    own = 4 + y[:, None] * share + torch.randint(share, (n, longest), generator=g)
    other = torch.randint(4, words, (n, longest), generator=g)
    ids = torch.where(torch.rand(n, longest, generator=g) < 0.6, own, other)
    return ids * mask, mask, y


def tagged(seed, n=160, longest=10, words=30, tags=4, pad=-100):
    """Each word has its tag; a tag is shifted by one behind the word 1. Padded."""
    ids, mask, _ = sentences(seed, n, longest, words)
    marker = torch.rand(ids.shape, generator=dice(seed)) < 0.15
    ids = ids.masked_fill(marker, 1)
    ids = ids * mask
    shift = F.pad((ids == 1).long(), (1, 0))[:, :-1]
    return ids, mask, ((ids + shift) % tags).masked_fill(mask == 0, pad)


def counting(seed, n=192, longest=10, words=24):
    """Sentences that count upwards with a constant stride, so a hidden word can be told."""
    g = dice(seed)
    start = torch.randint(words - 4, (n, 1), generator=g)
    stride = torch.randint(1, 3, (n, 1), generator=g)
    return 4 + (start + stride * torch.arange(longest)) % (words - 4)


# Models


class Residual(nn.Module):
    """A residual MLP with LayerNorm."""

    def __init__(self, features, outputs, width=24, depth=3, drop=0.0):
        super().__init__()
        self.stem = nn.Linear(features, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Dropout(drop))
            for _ in range(depth)
        )
        self.head = nn.Linear(width, outputs)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(x)


def mlp(*sizes, act=nn.ReLU):
    layers = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), act()]
    return nn.Sequential(*layers[:-1])


def convnet(classes, width=8, norm=nn.BatchNorm2d, drop=0.0):
    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1),
        norm(width),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
        norm(2 * width),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(drop),
        nn.Linear(8 * width, classes),
    )


class Recurrent(nn.Module):
    """An LSTM or GRU over a series; its last state answers."""

    def __init__(self, inputs, outputs, kind=nn.GRU, width=20):
        super().__init__()
        self.rnn = kind(inputs, width, batch_first=True)
        self.out = nn.Linear(width, outputs)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])


def encoder(width=16, heads=2, layers=1, batch_first=True, drop=0.0):
    layer = nn.TransformerEncoderLayer(
        width, heads, 2 * width, dropout=drop, batch_first=batch_first
    )
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)


class Reader(nn.Module):
    """Words, a TransformerEncoder, the mean over real tokens, a head."""

    def __init__(self, words, outputs, width=16, drop=0.0, layers=1):
        super().__init__()
        self.words = nn.Embedding(words, width, padding_idx=0)
        self.encoder = encoder(width, layers=layers, drop=drop)
        self.head = nn.Linear(width, outputs)

    def hidden(self, input_ids, attention_mask):
        return self.encoder(self.words(input_ids), src_key_padding_mask=attention_mask == 0)

    def forward(self, input_ids, attention_mask):
        hidden = self.hidden(input_ids, attention_mask)  # (B, T, H)
        keep = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return self.head((hidden * keep).sum(1) / keep.sum(1))


class Tagger(Reader):
    """One answer for every token. (B, T, C)"""

    def forward(self, input_ids, attention_mask):
        return self.head(self.hidden(input_ids, attention_mask))


def bert(head="SequenceClassification", words=40, layers=1, drop=0.0, **more):
    """A tiny BERT of one's own, with the named head."""
    import transformers

    config = transformers.BertConfig(
        vocab_size=words,
        hidden_size=24,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=32,
        hidden_dropout_prob=drop,
        attention_probs_dropout_prob=drop,
        initializer_range=0.1,
        **more,
    )
    return getattr(transformers, f"BertFor{head}")(config)


# Steps


def split(batch):
    return {k: v for k, v in batch.items() if k != "labels"}, batch["labels"]


def step(loss_of, clip=None, after=None):
    """A right step round `loss_of(model, batch, loss_fn)`; `after()` follows the update."""

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        loss = loss_of(model, batch, loss_fn)
        loss.backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        if after is not None:
            after()
        return loss.item()

    return train_step


def own_loss_step(model, batch, loss_fn, optimizer):
    """For models that bring their loss."""
    model.train()
    optimizer.zero_grad()
    loss = model(**batch).loss
    loss.backward()
    optimizer.step()
    return loss.item()


def logits_of(model, batch):
    """The answers of a Hugging Face model."""
    model.eval()
    with torch.no_grad():
        return model(**split(batch)[0]).logits


def answers(model, batch):
    """The answers of a model for a pair or a dict."""
    model.eval()
    with torch.no_grad():
        return model(**split(batch)[0]) if isinstance(batch, dict) else model(batch[0])
