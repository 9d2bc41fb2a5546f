"""Third set, patients: mistakes in what flows through the model, and in what it is fed."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD, Adam, AdamW

from tests.benchmarks.doctor import _third as t
from tests.benchmarks.doctor._case import Patient


class Attention(nn.Module):
    """One head of attention over a series, then the mean over its steps."""

    def __init__(self, drop, always, outputs=3):
        super().__init__()
        self.drop, self.always = drop, always
        self.qkv = nn.Linear(2, 48)
        self.out = t.mlp(16, 24, outputs)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        drop = self.drop if self.training or self.always else 0.0
        return self.out(F.scaled_dot_product_attention(q, k, v, dropout_p=drop).mean(1))


def attention_that_drops_in_eval_mode_too(seed, ill=True):
    torch.manual_seed(seed)
    model = Attention(0.3, always=ill)
    x, y = t.waves(seed, shift=0.7)
    return Patient(model, t.pairs(x, y, seed), F.cross_entropy, Adam(model.parameters(), lr=1e-2))


class Dropping(nn.Module):
    def __init__(self, always):
        super().__init__()
        self.first, self.second = nn.Linear(6, 48), nn.Linear(48, 1)
        self.always = always

    def forward(self, x):
        hidden = torch.relu(self.first(x))
        training = True if self.always else self.training
        return self.second(F.dropout(hidden, p=0.25, training=training))


def functional_dropout_without_the_mode(seed, ill=True):
    torch.manual_seed(seed)
    model = Dropping(ill)
    x, y = t.houses(seed)
    train = t.pairs(x, y[:, None], seed)
    return Patient(model, train, nn.MSELoss(), Adam(model.parameters(), lr=5e-3))


class Series(nn.Module):
    """A TransformerEncoder over (B, T, 2)."""

    def __init__(self, batch_first):
        super().__init__()
        self.lift = nn.Linear(2, 16)
        self.encoder = t.encoder(batch_first=batch_first)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.encoder(self.lift(x)).mean(1))


def batch_taken_for_time(seed, ill=True):
    torch.manual_seed(seed)
    model = Series(batch_first=not ill)
    x, y = t.waves(seed, shift=0.7)
    return Patient(model, t.pairs(x, y, seed), F.cross_entropy, Adam(model.parameters(), lr=5e-3))


class Pooled(t.Reader):
    """Attention pooling; `dim` is where its weights add up to one."""

    def __init__(self, dim):
        super().__init__(40, 3)
        self.score, self.dim = nn.Linear(16, 1), dim

    def forward(self, input_ids, attention_mask):
        hidden = self.hidden(input_ids, attention_mask)
        score = self.score(hidden).masked_fill(attention_mask.unsqueeze(-1) == 0, -1e4)
        return self.head((score.softmax(self.dim) * hidden).sum(1))


def pooling_weights_shared_by_the_batch(seed, ill=True):
    torch.manual_seed(seed)
    model = Pooled(0 if ill else 1)
    ids, mask, y = t.sentences(seed)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(model, train, F.cross_entropy, optimizer, {"pad_token_id": 0})


class LastState(nn.Module):
    """A GRU over words; `real` reads the state behind the last real word."""

    def __init__(self, real):
        super().__init__()
        self.words, self.real = nn.Embedding(40, 16), real
        self.rnn, self.head = nn.GRU(16, 20, batch_first=True), nn.Linear(20, 3)

    def forward(self, input_ids, attention_mask):
        states = self.rnn(self.words(input_ids))[0]
        if not self.real:
            return self.head(states[:, -1])
        last = attention_mask.sum(1) - 1
        return self.head(states[torch.arange(len(states)), last])


def state_behind_the_padding(seed, ill=True):
    torch.manual_seed(seed)
    model = LastState(real=not ill)
    ids, mask, y = t.sentences(seed, longest=16)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    optimizer = Adam(model.parameters(), lr=1e-2)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, {"pad_token_id": 0})


def bert_without_its_mask(seed, ill=True):
    torch.manual_seed(seed)
    model = t.bert(num_labels=3)
    ids, mask, y = t.sentences(seed, longest=16)
    more = {} if ill else {"attention_mask": mask}
    train = t.dicts(seed, input_ids=ids, labels=y, **more)
    options = {"train_step": t.own_loss_step, "predict_fn": t.logits_of, "pad_token_id": 0}
    return Patient(model, train, None, AdamW(model.parameters(), lr=3e-3), options)


def second_layer_below_zero(seed, ill=True):
    torch.manual_seed(seed)
    model = t.convnet(4, norm=lambda c: nn.Identity())
    if ill:  # behind a ReLU, weights of one sign give answers of one sign
        nn.init.uniform_(model[3].weight, -0.2, 0.0)
        nn.init.constant_(model[3].bias, -0.1)
    train = t.pairs(*t.pictures(seed), seed)
    return Patient(model, train, nn.CrossEntropyLoss(), Adam(model.parameters(), lr=5e-3))


def biases_far_below_zero(seed, ill=True):
    torch.manual_seed(seed)
    model = t.mlp(8, 32, 32, 3)
    nn.init.constant_(model[0].bias, -15.0 if ill else 0.0)
    x, y = t.table(seed)
    return Patient(model, t.pairs(x, y, seed), F.cross_entropy, Adam(model.parameters(), lr=3e-3))


def a_dozen_sigmoids(seed, ill=True):
    torch.manual_seed(seed)
    act = nn.Sigmoid if ill else nn.SELU
    model = t.mlp(8, *[20] * 11, 3, act=act)
    x, y = t.table(seed)
    optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9)
    return Patient(model, t.pairs(x, y, seed), nn.CrossEntropyLoss(), optimizer)


def plain_depth_with_small_weights(seed, ill=True):
    torch.manual_seed(seed)
    model = t.mlp(6, *[24] * 9, 1, act=nn.Tanh)
    for part in model:
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=0.02 if ill else 0.2)
            nn.init.zeros_(part.bias)
    x, y = t.houses(seed)
    optimizer = SGD(model.parameters(), lr=0.02, momentum=0.9)
    return Patient(model, t.pairs(x, y[:, None], seed), nn.MSELoss(), optimizer)


def loop_that_doubles_at_every_step(seed, ill=True):
    torch.manual_seed(seed)
    rnn = nn.RNN
    model = t.Recurrent(2, 3, lambda i, w, batch_first: rnn(i, w, 1, "relu", batch_first=True))
    with torch.no_grad():
        model.rnn.weight_hh_l0.copy_(torch.eye(20) * (2.0 if ill else 0.5))
    train = t.pairs(*t.waves(seed, steps=30, shift=0.7), seed)
    optimizer = SGD(model.parameters(), lr=0.02)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer)


def standard_normal_weights(seed, ill=True):
    torch.manual_seed(seed)
    model = t.mlp(8, *[32] * 8, 3)
    for part in model:
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=1.0 if ill else (2 / part.in_features) ** 0.5)
    x, y = t.table(seed)
    return Patient(model, t.pairs(x, y, seed), F.cross_entropy, SGD(model.parameters(), lr=0.01))


class Joined(nn.Module):
    """A count of each of four events joins the other features as its logarithm."""

    def __init__(self):
        super().__init__()
        self.body = t.Residual(12, 3)

    def forward(self, features, log_counts):
        return self.body(torch.cat([features, log_counts], dim=1))


def logarithm_of_no_events(seed, ill=True):
    torch.manual_seed(seed)
    x, y = t.table(seed)
    counts = torch.poisson(3 * torch.ones(len(x), 4), generator=t.dice(seed))
    train = t.dicts(
        seed, features=x, log_counts=counts.log() if ill else counts.log1p() - 1.3, labels=y
    )
    model = Joined()
    return Patient(model, train, F.cross_entropy, Adam(model.parameters(), lr=5e-3))


def constant_column_divided_by_its_spread(seed, ill=True):
    torch.manual_seed(seed)
    x, y = t.houses(seed)
    x[:, 3] = 7.0
    x = (x - x.mean(0)) / (x.std(0) + (0.0 if ill else 1e-6))
    model = t.mlp(6, 32, 1)
    train = t.pairs(x, y[:, None], seed)
    return Patient(model, train, nn.MSELoss(), Adam(model.parameters(), lr=5e-3))


CASES = t.sick(
    {
        "dropout-always-on": [
            attention_that_drops_in_eval_mode_too,
            functional_dropout_without_the_mode,
        ],
        "samples-leak-within-batch": [batch_taken_for_time, pooling_weights_shared_by_the_batch],
        "padding-not-masked": [state_behind_the_padding, bert_without_its_mask],
        "dead-relu": [second_layer_below_zero, biases_far_below_zero],
        "vanishing-gradient": [a_dozen_sigmoids, plain_depth_with_small_weights],
        "exploding-gradient": [loop_that_doubles_at_every_step, standard_normal_weights],
        "non-finite-input": [logarithm_of_no_events, constant_column_divided_by_its_spread],
    }
)
