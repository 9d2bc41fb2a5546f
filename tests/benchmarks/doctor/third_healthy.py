"""Third set: trainings in which nothing is wrong, common ones first."""

import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import WeightedRandomSampler

from tests.benchmarks.doctor import _third as t
from tests.benchmarks.doctor._case import ORDINARY, UNUSUAL, Patient


def lstm_with_clipping(seed):
    torch.manual_seed(seed)
    model = t.Recurrent(2, 3, nn.LSTM)
    step = t.step(lambda m, b, loss_fn: loss_fn(m(b[0]), b[1]), clip=1.0)
    train = t.pairs(*t.waves(seed, shift=0.5), seed)
    optimizer = Adam(model.parameters(), lr=8e-3)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, {"train_step": step})


def convnet_with_validation(seed):
    torch.manual_seed(seed)
    model = t.convnet(4, drop=0.2)
    x, y = t.pictures(seed, n=240)
    train = t.pairs(x[:192], y[:192], seed)
    options = {"valid_loader": t.pairs(x[192:], y[192:], seed, shuffle=False)}
    optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    return Patient(model, train, F.cross_entropy, optimizer, options | {"predict_fn": t.answers})


def bert_with_warmup(seed):
    from transformers import get_linear_schedule_with_warmup

    torch.manual_seed(seed)
    model = t.bert(num_labels=3, drop=0.1)
    ids, mask, y = t.sentences(seed)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    optimizer = AdamW(model.parameters(), lr=3e-3)
    scheduler = get_linear_schedule_with_warmup(optimizer, len(train), 10 * len(train))
    step = t.step(lambda m, b, _: m(**b).loss, clip=1.0, after=scheduler.step)
    options = {"train_step": step, "scheduler": scheduler, "predict_fn": t.logits_of}
    return Patient(model, train, None, optimizer, options | {"pad_token_id": 0})


def tagger_that_ignores_padding(seed):
    torch.manual_seed(seed)
    model = t.Tagger(30, 4, drop=0.1)
    ids, mask, tags = t.tagged(seed)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=tags)

    def loss_fn(out, labels):
        return F.cross_entropy(out.flatten(0, 1), labels.flatten())

    options = {"pad_token_id": 0}
    return Patient(model, train, loss_fn, Adam(model.parameters(), lr=5e-3), options)


def many_labels_at_once(seed):
    torch.manual_seed(seed)
    model = t.Residual(8, 5, drop=0.1)
    x, _ = t.table(seed)
    y = (x[:, :5] + x[:, 3:8] > 0.7).float()
    loss_fn = nn.BCEWithLogitsLoss(pos_weight=torch.full((5,), 2.0))
    return Patient(model, t.pairs(x, y, seed), loss_fn, AdamW(model.parameters(), lr=5e-3))


def gpt_on_its_own_words(seed):
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(seed)
    sizes = {"n_embd": 24, "n_layer": 1, "n_head": 2, "n_positions": 16, "vocab_size": 24}
    off = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    model = GPT2LMHeadModel(GPT2Config(**sizes, **off, bos_token_id=1, eos_token_id=2))
    ids = t.counting(seed)
    mask = (torch.arange(10) < torch.randint(5, 11, (len(ids), 1), generator=t.dice(seed))).long()
    labels = ids.masked_fill(mask == 0, -100)
    train = t.dicts(seed, input_ids=ids * mask, attention_mask=mask, labels=labels)
    options = {"train_step": t.own_loss_step, "predict_fn": t.logits_of, "pad_token_id": 0}
    return Patient(model, train, None, AdamW(model.parameters(), lr=5e-3), options)


def prices_with_a_rate_per_epoch(seed):
    torch.manual_seed(seed)
    model = t.Residual(6, 1)
    x, y = t.houses(seed, n=300)
    train, valid = t.pairs(x[:240], y[:240, None], seed), t.pairs(x[240:], y[240:, None], seed)
    optimizer = AdamW(model.parameters(), lr=5e-3)
    options = {"valid_loader": valid, "scheduler": StepLR(optimizer, 5, gamma=0.5)}
    return Patient(model, train, nn.HuberLoss(), optimizer, options)


def distilbert_with_frozen_embeddings(seed):
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    torch.manual_seed(seed)
    sizes = {"vocab_size": 40, "dim": 24, "n_layers": 1, "n_heads": 2, "hidden_dim": 48}
    config = DistilBertConfig(**sizes, max_position_embeddings=32, initializer_range=0.2)
    model = DistilBertForSequenceClassification(config)
    model.distilbert.embeddings.requires_grad_(False)
    ids, mask, y = t.sentences(seed, classes=2)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    optimizer = AdamW((p for p in model.parameters() if p.requires_grad), lr=3e-3)
    options = {"train_step": t.own_loss_step, "predict_fn": t.logits_of, "pad_token_id": 0}
    return Patient(model, train, None, optimizer, options)


def student_of_a_teacher(seed):
    torch.manual_seed(seed)
    x, y = t.table(seed)
    teacher, model = t.mlp(8, 48, 48, 3), t.mlp(8, 16, 3)
    learning = Adam(teacher.parameters(), lr=0.03)
    for _ in range(25):
        learning.zero_grad()
        F.cross_entropy(teacher(x), y).backward()
        learning.step()
    teacher.eval().requires_grad_(False)

    def loss_of(model, batch, loss_fn):
        out, wanted = model(batch[0]), teacher(batch[0])
        soft = F.kl_div((out / 2).log_softmax(1), (wanted / 2).softmax(1), reduction="batchmean")
        return 0.3 * loss_fn(out, batch[1]) + 4 * 0.7 * soft

    options = {"train_step": t.step(loss_of)}
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(model, t.pairs(x, y, seed), F.cross_entropy, optimizer, options)


def mixup_of_pictures(seed):
    torch.manual_seed(seed)
    model = t.convnet(4)

    def loss_of(model, batch, loss_fn):
        x, y = batch
        share, other = 0.7 + 0.3 * torch.rand(()), torch.randperm(len(x))
        out = model(share * x + (1 - share) * x[other])
        return share * loss_fn(out, y) + (1 - share) * loss_fn(out, y[other])

    optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9)
    train = t.pairs(*t.pictures(seed), seed)
    return Patient(model, train, F.cross_entropy, optimizer, {"train_step": t.step(loss_of)})


class Skipping(t.Residual):
    """Leaves blocks out at random while it trains."""

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            if not self.training or torch.rand(()) < 0.8:
                x = x + block(x) / (0.8 if self.training else 1.0)
        return self.head(x)


def stochastic_depth(seed):
    torch.manual_seed(seed)
    model = Skipping(8, 3, depth=4)
    train = t.pairs(*t.table(seed), seed)
    return Patient(model, train, F.cross_entropy, AdamW(model.parameters(), lr=5e-3))


def two_views_that_find_each_other(seed):
    torch.manual_seed(seed)
    model = t.mlp(12, 32, 16)
    x, _ = t.table(seed, features=12)
    other = x + 0.3 * torch.randn(x.shape, generator=t.dice(seed + 9))

    def loss_of(model, batch, loss_fn):
        a, b = (F.normalize(model(view), dim=1) for view in batch)
        return loss_fn(a @ b.T / 0.2, torch.arange(len(a)))

    options = {"train_step": t.step(loss_of)}
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(
        model, t.pairs(x, other, seed, drop_last=True), F.cross_entropy, optimizer, options
    )


def rare_class_drawn_as_often(seed):
    torch.manual_seed(seed)
    model = t.mlp(8, 32, 2)
    y = (torch.arange(320) % 10 == 0).long()
    x = torch.randn(320, 8, generator=t.dice(seed)) + y[:, None]
    weight = (1 / y.bincount().float())[y]
    sampler = WeightedRandomSampler(weight, 320, generator=t.dice(seed))
    train = t.pairs(x, y, seed, shuffle=None, sampler=sampler)
    return Patient(model, train, nn.CrossEntropyLoss(), Adam(model.parameters(), lr=5e-3))


def short_sentences_first(seed):
    torch.manual_seed(seed)
    model = t.Reader(40, 3)
    ids, mask, y = t.sentences(seed)
    order = mask.sum(1).argsort(stable=True)
    columns = {"input_ids": ids[order], "attention_mask": mask[order], "labels": y[order]}
    train = t.dicts(seed, shuffle=False, **columns)
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, {"pad_token_id": 0})


def gradients_cut_to_almost_nothing(seed):
    torch.manual_seed(seed)
    model = t.Recurrent(2, 3)
    step = t.step(lambda m, b, loss_fn: loss_fn(m(b[0]), b[1]), clip=0.05)
    optimizer = SGD(model.parameters(), lr=2.0, momentum=0.9)
    train = t.pairs(*t.waves(seed, shift=0.5), seed)
    return Patient(model, train, F.cross_entropy, optimizer, {"train_step": step})


def probabilities_in_double_precision(seed):
    torch.manual_seed(seed)
    model = t.mlp(8, 32, 1).append(nn.Sigmoid()).double()
    x, y = t.table(seed, classes=2)
    train = t.pairs(x.double(), y.double()[:, None], seed)
    return Patient(model, train, nn.BCELoss(), Adam(model.parameters(), lr=5e-3))


def log_softmax_taken_twice(seed):
    torch.manual_seed(seed)
    model = t.convnet(4).append(nn.LogSoftmax(dim=1))
    train = t.pairs(*t.pictures(seed), seed)
    return Patient(model, train, nn.CrossEntropyLoss(), Adam(model.parameters(), lr=5e-3))


def three_quantiles_of_one_price(seed):
    torch.manual_seed(seed)
    model = t.mlp(6, 32, 3, act=nn.SiLU)
    x, y = t.houses(seed)
    levels = torch.tensor([0.1, 0.5, 0.9])

    def pinball(out, y):  # (B, 3) against (B, 1), on purpose
        gap = y - out
        return torch.maximum(levels * gap, (levels - 1) * gap).mean()

    train = t.pairs(x, y[:, None], seed)
    return Patient(model, train, pinball, Adam(model.parameters(), lr=5e-3))


def average_of_the_weights_answers(seed):
    torch.manual_seed(seed)
    model = t.Residual(8, 3)
    average = copy.deepcopy(model).eval().requires_grad_(False)

    def follow():
        with torch.no_grad():
            for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
                slow.lerp_(fast, 0.1)

    step = t.step(lambda m, b, loss_fn: loss_fn(m(b[0]), b[1]), after=follow)
    options = {"train_step": step, "predict_fn": lambda m, b: average(b[0])}
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(model, t.pairs(*t.table(seed), seed), F.cross_entropy, optimizer, options)


CASES = t.well(
    {
        ORDINARY: [
            lstm_with_clipping,
            convnet_with_validation,
            bert_with_warmup,
            tagger_that_ignores_padding,
            many_labels_at_once,
            gpt_on_its_own_words,
            prices_with_a_rate_per_epoch,
            distilbert_with_frozen_embeddings,
        ],
        UNUSUAL: [
            student_of_a_teacher,
            mixup_of_pictures,
            stochastic_depth,
            two_views_that_find_each_other,
            rare_class_drawn_as_often,
            short_sentences_first,
            gradients_cut_to_almost_nothing,
            probabilities_in_double_precision,
            log_softmax_taken_twice,
            three_quantiles_of_one_price,
            average_of_the_weights_answers,
        ],
    }
)
