"""Third set, patients: mistakes in rates and schedules, in freezing, and in what is held fixed."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD, Adam, AdamW, RMSprop
from torch.optim.lr_scheduler import OneCycleLR, StepLR

from tests.benchmarks.doctor import _third as t
from tests.benchmarks.doctor._case import Patient


class Ordered(nn.Module):
    """Reads a row of symbols, whose places matter."""

    def __init__(self, position, outputs=2):
        super().__init__()
        self.words = nn.Embedding(12, 16)
        self.position = position
        self.encoder = t.encoder(layers=1)
        self.head = nn.Linear(16, outputs)

    def forward(self, x):
        return self.head(self.encoder(self.words(x) + self.position).mean(1))


def places_without_a_parameter(seed, ill=True):
    torch.manual_seed(seed)
    position = torch.zeros(1, 6, 16)
    model = Ordered(position.requires_grad_() if ill else nn.Parameter(position))
    x = torch.randint(12, (320, 6), generator=t.dice(seed))
    y = (x[:, 0] > x[:, 5]).long()
    return Patient(model, t.pairs(x, y, seed), F.cross_entropy, Adam(model.parameters(), lr=5e-3))


class Linear(nn.Module):
    """A layer written by hand."""

    def __init__(self, before, after, parameter):
        super().__init__()
        start = torch.randn(before, after, dtype=torch.float64) / before**0.5
        if parameter:
            self.weight = nn.Parameter(start.float())
        else:  # what .float() returns is no Parameter any more
            self.weight = nn.Parameter(start).float()
        self.bias = nn.Parameter(torch.zeros(after))

    def forward(self, x):
        return x @ self.weight + self.bias


def parameter_cast_on_the_way(seed, ill=True):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), Linear(24, 12, not ill), nn.ReLU())
    model.append(nn.Linear(12, 1))
    x, y = t.houses(seed)
    train = t.pairs(x, y[:, None], seed)
    return Patient(model, train, nn.HuberLoss(), Adam(model.parameters(), lr=5e-3))


def head_frozen_along_with_the_rest(seed, ill=True):
    torch.manual_seed(seed)
    model = t.bert(num_labels=3)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = not ill and "embeddings" not in name
    ids, mask, y = t.sentences(seed)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    options = {"train_step": t.own_loss_step, "predict_fn": t.logits_of, "pad_token_id": 0}
    return Patient(model, train, None, AdamW(model.parameters(), lr=3e-3), options)


class Transferred(nn.Module):
    """A trained backbone whose weights stay, and a new head."""

    def __init__(self, backbone, keep_statistics):
        super().__init__()
        self.backbone = backbone.requires_grad_(False)
        self.head = nn.Linear(64, 4)
        self.keep_statistics = keep_statistics

    def train(self, mode=True):
        super().train(mode)
        if self.keep_statistics:
            self.backbone.eval()
        return self

    def forward(self, x):
        return self.head(self.backbone(x))


def statistics_that_follow_the_new_pictures(seed, ill=True):
    torch.manual_seed(seed)
    backbone = t.convnet(4)[:-1]
    for part in backbone:
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = None
    backbone(1.5 * t.pictures(seed + 50)[0] + 0.3)  # what the backbone was trained on
    for part in backbone:
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 0.1
    model = Transferred(backbone, keep_statistics=not ill)
    train = t.pairs(*t.pictures(seed), seed)
    optimizer = Adam(model.head.parameters(), lr=1e-2)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer)


def decay_of_what_was_frozen_late(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Residual(8, 3)
    optimizer = AdamW(model.parameters(), lr=5e-3, weight_decay=0.1)
    x, y = t.table(seed)

    def step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad(set_to_none=not ill)
        loss = loss_fn(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        return loss.item()

    step(model, (x, y), F.cross_entropy, optimizer)
    model.stem.requires_grad_(False)
    model.blocks[0].requires_grad_(False)
    optimizer.zero_grad(set_to_none=not ill)
    return Patient(model, t.pairs(x, y, seed), F.cross_entropy, optimizer, {"train_step": step})


def transformer_at_three_tenths(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Reader(40, 3, layers=2)
    ids, mask, y = t.sentences(seed)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    optimizer = AdamW(model.parameters(), lr=0.3 if ill else 3e-3)
    return Patient(model, train, F.cross_entropy, optimizer, {"pad_token_id": 0})


def regression_that_runs_away(seed, ill=True):
    torch.manual_seed(seed)
    model = t.mlp(6, 32, 32, 1)
    x, y = t.houses(seed)
    optimizer = SGD(model.parameters(), lr=3.0 if ill else 0.02, momentum=0.9)
    return Patient(model, t.pairs(x, y[:, None], seed), nn.MSELoss(), optimizer)


def gru_that_hardly_moves(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Recurrent(2, 3)
    optimizer = RMSprop(model.parameters(), lr=1e-7 if ill else 3e-3)
    return Patient(model, t.pairs(*t.waves(seed), seed), nn.CrossEntropyLoss(), optimizer)


def convnet_with_three_zeros_too_many(seed, ill=True):
    torch.manual_seed(seed)
    model = t.convnet(4, norm=lambda c: nn.GroupNorm(4, c))
    optimizer = Adam(model.parameters(), lr=5e-8 if ill else 5e-3)
    return Patient(model, t.pairs(*t.pictures(seed), seed), F.cross_entropy, optimizer)


def scheduled(scheduler, before=False):
    """A step that also steps the schedule, in front of the optimizer's step or behind it."""

    def step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        if isinstance(batch, dict):
            inputs, y = t.split(batch)
            loss = loss_fn(model(**inputs), y)
        else:
            loss = loss_fn(model(batch[0]), batch[1])
        loss.backward()
        if scheduler is not None and before:
            scheduler.step()
        optimizer.step()
        if scheduler is not None and not before:
            scheduler.step()
        return loss.item()

    return step


def rate_of_an_epoch_dropped_every_batch(seed, ill=True):
    torch.manual_seed(seed)
    model = t.convnet(4)
    optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9)
    scheduler = StepLR(optimizer, step_size=3, gamma=0.1)  # three epochs
    options = {"train_step": scheduled(scheduler if ill else None), "scheduler": scheduler}
    train = t.pairs(*t.pictures(seed), seed)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, options)


def decay_of_eight_epochs_in_eight_batches(seed, ill=True):
    from transformers import get_linear_schedule_with_warmup

    torch.manual_seed(seed)
    model = t.Reader(40, 3)
    ids, mask, y = t.sentences(seed)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    optimizer = Adam(model.parameters(), lr=5e-3)
    steps = 8 if ill else 8 * len(train)
    scheduler = get_linear_schedule_with_warmup(optimizer, 0, num_training_steps=steps)
    options = {"train_step": scheduled(scheduler), "scheduler": scheduler, "pad_token_id": 0}
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, options)


def one_cycle_in_front_of_the_step(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Recurrent(2, 3)
    train = t.pairs(*t.waves(seed), seed)
    optimizer = AdamW(model.parameters(), lr=5e-3)
    scheduler = OneCycleLR(optimizer, max_lr=2e-2, total_steps=10 * len(train) + 1)
    options = {"train_step": scheduled(scheduler, before=ill), "scheduler": scheduler}
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, options)


CASES = t.sick(
    {
        "plain-tensor-not-parameter": [places_without_a_parameter, parameter_cast_on_the_way],
        "nothing-trainable": [head_frozen_along_with_the_rest],
        "frozen-batchnorm-updates": [statistics_that_follow_the_new_pictures],
        "frozen-weights-move": [decay_of_what_was_frozen_late],
        "learning-rate-too-high": [transformer_at_three_tenths, regression_that_runs_away],
        "learning-rate-too-low": [gru_that_hardly_moves, convnet_with_three_zeros_too_many],
        "scheduler-stepped-too-often": [
            rate_of_an_epoch_dropped_every_batch,
            decay_of_eight_epochs_in_eight_batches,
        ],
        "scheduler-before-optimizer": [one_cycle_in_front_of_the_step],
    }
)
