"""Third set: more trainings that look odd, and in which nothing is wrong."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.optim import LBFGS, SGD, Adam, AdamW, SparseAdam
from torch.optim.lr_scheduler import CyclicLR

from tests.benchmarks.doctor import _third as t
from tests.benchmarks.doctor._case import UNUSUAL, Patient


class Experts(nn.Module):
    """Every row goes to the one expert that its gate prefers."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(8, 4)
        self.experts = nn.ModuleList(t.mlp(8, 16, 3) for _ in range(4))

    def forward(self, x):
        share = self.gate(x).softmax(1)
        best = share.argmax(1)
        out = x.new_zeros(len(x), 3)
        for k, expert in enumerate(self.experts):
            rows = (best == k).nonzero().flatten()
            if len(rows):
                out = out.index_add(0, rows, expert(x[rows]) * share[rows, k, None])
        return out


def one_expert_a_row(seed):
    torch.manual_seed(seed)
    model = Experts()
    train = t.pairs(*t.table(seed), seed)
    return Patient(model, train, nn.CrossEntropyLoss(), Adam(model.parameters(), lr=1e-2))


class NextWord(nn.Module):
    """A GRU language model; the words that go in and come out share their weights."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(24, 24)
        self.rnn = nn.GRU(24, 24, batch_first=True)
        self.head = nn.Linear(24, 24, bias=False)
        self.head.weight = self.words.weight

    def forward(self, x):
        return self.head(self.rnn(self.words(x))[0])


def tied_words(seed):
    torch.manual_seed(seed)
    model, ids = NextWord(), t.counting(seed)

    def loss_fn(out, labels):
        return F.cross_entropy(out.transpose(1, 2), labels)

    train = t.pairs(ids[:, :-1], ids[:, 1:], seed)
    return Patient(model, train, loss_fn, Adam(model.parameters(), lr=5e-3))


def sparse_gradients(seed):
    torch.manual_seed(seed)
    model = nn.EmbeddingBag(40, 3, sparse=True, mode="sum")
    ids, _, y = t.sentences(seed, shortest=12)
    train = t.pairs(ids, y, seed)
    return Patient(model, train, F.cross_entropy, SparseAdam(model.parameters(), lr=0.02))


def closure_for_lbfgs(seed):
    torch.manual_seed(seed)
    model = t.mlp(8, 12, 3, act=nn.Tanh)

    def step(model, batch, loss_fn, optimizer):
        model.train()

        def closure():
            optimizer.zero_grad()
            loss = loss_fn(model(batch[0]), batch[1])
            loss.backward()
            return loss

        return optimizer.step(closure).item()

    train = t.pairs(*t.table(seed), seed, size=120)
    optimizer = LBFGS(model.parameters(), lr=0.3, max_iter=4)
    return Patient(model, train, F.cross_entropy, optimizer, {"train_step": step})


def counts_in_and_counts_out(seed):
    torch.manual_seed(seed)
    model = t.mlp(6, 24, 1).append(nn.Softplus())
    g = t.dice(seed)
    x = torch.poisson(2 * torch.ones(240, 6), generator=g)
    y = torch.poisson(0.5 + x[:, :1] + 0.5 * (x[:, 1:2] - x[:, 2:3]).abs(), generator=g)
    loss_fn = nn.PoissonNLLLoss(log_input=False)
    return Patient(model, t.pairs(x, y, seed), loss_fn, Adam(model.parameters(), lr=5e-3))


def cyclic_rate_and_two_batches_a_step(seed):
    torch.manual_seed(seed)
    model = t.convnet(4)
    optimizer = SGD(model.parameters(), lr=0.01, momentum=0.9)
    scheduler = CyclicLR(optimizer, 0.01, 0.1, step_size_up=6)
    seen = []

    def step(model, batch, loss_fn, optimizer):
        model.train()
        seen.append(1)
        loss = loss_fn(model(batch[0]), batch[1])
        (loss / 2).backward()
        if len(seen) % 2 == 0:
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
        return loss.item()

    options = {"train_step": step, "scheduler": scheduler}
    train = t.pairs(*t.pictures(seed), seed)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, options)


class TwoHeads(nn.Module):
    """Direction and brightness of a picture."""

    def __init__(self):
        super().__init__()
        self.body = t.convnet(24)
        self.direction, self.bright = nn.Linear(24, 4), nn.Linear(24, 2)

    def forward(self, image):
        hidden = self.body(image).relu()
        return self.direction(hidden), self.bright(hidden)


def half_of_the_answers_missing(seed):
    torch.manual_seed(seed)
    model = TwoHeads()
    x, y = t.pictures(seed)
    level = torch.arange(len(x)) % 2
    x = x + 1.5 * (level[:, None, None, None] - 0.5)
    labels = torch.stack([y, level], dim=1)
    gone = torch.randint(2, (len(x),), generator=t.dice(seed))
    labels[torch.arange(len(x)), gone] = -100

    def loss_fn(out, labels):
        terms = [F.cross_entropy(one, labels[:, k], reduction="sum") for k, one in enumerate(out)]
        return sum(terms) / len(labels)

    train = t.dicts(seed, image=x, labels=labels)
    return Patient(model, train, loss_fn, AdamW(model.parameters(), lr=5e-3))


def spectral_norms(seed):
    torch.manual_seed(seed)
    model = nn.Sequential(
        spectral_norm(nn.Linear(8, 32)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Linear(32, 32)),
        nn.LeakyReLU(0.2),
        nn.Linear(32, 1),
    )
    x, y = t.table(seed, classes=2)

    def hinge(out, y):
        return F.relu(1 - (2 * y - 1) * out).mean()

    train = t.pairs(x, y.float()[:, None], seed)
    return Patient(model, train, hinge, Adam(model.parameters(), lr=1e-2, betas=(0.5, 0.99)))


def batches_of_one_length(seed):
    torch.manual_seed(seed)
    model = t.Reader(40, 3)
    ids, mask, y = t.sentences(seed)
    order = mask.sum(1).argsort(stable=True).split(16)
    turn = torch.randperm(len(order), generator=t.dice(seed)).tolist()
    batches = []
    for rows in (order[k] for k in turn):
        longest = int(mask[rows].sum(1).max())
        words, real = ids[rows, :longest], mask[rows, :longest]
        batches.append({"input_ids": words, "attention_mask": real, "labels": y[rows]})
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(model, batches, nn.CrossEntropyLoss(), optimizer, {"pad_token_id": 0})


def last_touches_at_a_tiny_rate(seed):
    torch.manual_seed(seed)
    model = t.Residual(8, 3)
    x, y = t.table(seed)
    earlier = Adam(model.parameters(), lr=1e-2)
    for _ in range(30):
        earlier.zero_grad()
        F.cross_entropy(model(x), y).backward()
        earlier.step()
    optimizer = AdamW(model.parameters(), lr=2e-5, weight_decay=0.01)
    return Patient(model, t.pairs(x, y, seed), F.cross_entropy, optimizer)


def large_rate_behind_plain_norms(seed):
    torch.manual_seed(seed)
    model = t.convnet(4, norm=lambda c: nn.BatchNorm2d(c, affine=False))
    optimizer = SGD(model.parameters(), lr=0.3, momentum=0.9, nesterov=True)
    train = t.pairs(*t.pictures(seed), seed, size=32)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer)


def pictures_that_lose_their_noise(seed):
    torch.manual_seed(seed)
    model = t.mlp(100, 24, 100, act=nn.GELU)
    clean = t.pictures(seed)[0].flatten(1)
    noisy = clean + 0.3 * torch.randn(clean.shape, generator=t.dice(seed))
    train = t.pairs(noisy, clean, seed)
    return Patient(model, train, nn.MSELoss(reduction="mean"), Adam(model.parameters(), lr=5e-3))


CASES = t.well(
    {
        UNUSUAL: [
            one_expert_a_row,
            tied_words,
            sparse_gradients,
            closure_for_lbfgs,
            counts_in_and_counts_out,
            cyclic_rate_and_two_batches_a_step,
            half_of_the_answers_missing,
            spectral_norms,
            batches_of_one_length,
            last_touches_at_a_tiny_rate,
            large_rate_behind_plain_norms,
            pictures_that_lose_their_noise,
        ],
    }
)
