"""Second half: outputs that the loss does not expect."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.benchmarks.doctor import _other as o
from tests.benchmarks.doctor._case import Case, Patient

CASES: list[Case] = []
sick = o.collector(CASES)


@sick("softmax-before-cross-entropy", "a CNN whose last layer is Softmax")
def last_layer_softmax(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.cnn()
    if ill:
        model.append(nn.Softmax(dim=1))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, o.pairs(g, *o.stripes(g)), nn.CrossEntropyLoss(), optimizer)


class Encoder(nn.Module):
    """A transformer on sentences whose last lines depend on what the learner writes."""

    def __init__(self, finish, outputs: int = 3):
        super().__init__()
        self.embedding = nn.Embedding(o.WORDS, 24)
        layer = nn.TransformerEncoderLayer(24, 2, 48, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(24, outputs)
        self.finish = finish

    def forward(self, input_ids, attention_mask):
        padding = attention_mask == 0
        states = self.encoder(self.embedding(input_ids), src_key_padding_mask=padding)
        keep = attention_mask.unsqueeze(-1)
        return self.finish(self.head((states * keep).sum(1) / keep.sum(1)))


def softmax_by_hand(scores):
    top = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
    return top / top.sum(dim=-1, keepdim=True)


@sick("softmax-before-cross-entropy", "a softmax by hand in a transformer, the loss in the step")
def softmax_in_forward(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Encoder(softmax_by_hand if ill else nn.Identity())

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        batch = dict(batch)
        labels = batch.pop("labels")
        optimizer.zero_grad()
        loss = F.cross_entropy(model(**batch), labels, label_smoothing=0.05)
        loss.backward()
        optimizer.step()
        return loss.item()

    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    return Patient(model, o.texts(g), F.cross_entropy, optimizer, {"train_step": train_step})


@sick("softmax-before-cross-entropy", "a softmax inside the loss")
def softmax_in_loss(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(12, 32, 4)
    criterion = nn.CrossEntropyLoss(reduction="sum")
    if ill:
        loss_fn = lambda scores, y: criterion(scores.softmax(-1), y) / len(y)  # noqa: E731
    else:
        loss_fn = lambda scores, y: criterion(scores, y) / len(y)  # noqa: E731
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return Patient(model, o.pairs(g, *o.points(g)), loss_fn, optimizer)


@sick("sigmoid-before-bce-with-logits", "several labels, Sigmoid at the end")
def tags_squashed(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = nn.Sequential(nn.Linear(10, 40), nn.ReLU(), nn.Linear(40, 5))
    if ill:
        model.append(nn.Sigmoid())
    x, y = o.tags(g)
    loader = [(x[i : i + 16], y[i : i + 16]) for i in range(0, len(x), 16)]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    return Patient(model, loader, nn.BCEWithLogitsLoss(), optimizer)


@sick("sigmoid-before-bce-with-logits", "one output, a logistic curve by hand")
def logistic_by_hand(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    finish = (lambda z: 1 / (1 + torch.exp(-z))) if ill else nn.Identity()
    model = Encoder(finish, outputs=1)
    ids, mask, kinds = o.sentences(g)
    labels = (kinds == 1).float().unsqueeze(1)  # (n, 1)
    weight = torch.tensor([2.0])
    loss_fn = nn.BCEWithLogitsLoss(pos_weight=weight)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loader = o.dicts(g, input_ids=ids, attention_mask=mask, labels=labels)
    return Patient(model, loader, loss_fn, optimizer)


@sick("nll-without-log-softmax", "raw scores picked by hand")
def picked_scores(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(12, 32, 4)

    def loss_fn(outputs, labels):
        if not ill:
            outputs = outputs.log_softmax(dim=1)
        return -outputs.gather(1, labels.unsqueeze(1)).mean()

    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, o.pairs(g, *o.points(g)), loss_fn, optimizer)


class Listener(nn.Module):
    """A GRU on series that answers with probabilities, or their logarithms."""

    def __init__(self, log: bool):
        super().__init__()
        self.gru = nn.GRU(1, 24, batch_first=True)
        self.out = nn.Linear(24, 3)
        self.log = log

    def forward(self, x):
        _, last = self.gru(x)
        scores = self.out(last[-1])
        return F.log_softmax(scores, dim=1) if self.log else F.softmax(scores, dim=1)


@sick("nll-without-log-softmax", "probabilities where logarithms are meant")
def probabilities_to_nll(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Listener(log=not ill)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    return Patient(model, o.pairs(g, *o.waves(g)), nn.NLLLoss(), optimizer)


@sick("broadcast-in-regression-loss", "a column of predictions, a row of targets")
def column_against_row(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(6, 32, 1)
    x, y = o.slopes(g)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, o.pairs(g, x, y.squeeze(1) if ill else y), nn.HuberLoss(), optimizer)


class Meter(nn.Module):
    """An LSTM that gives one number for a series."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 16, batch_first=True)
        self.out = nn.Linear(16, 1)

    def forward(self, series):
        return self.out(self.lstm(series)[0][:, -1]).squeeze(-1)  # (B,)


@sick("broadcast-in-regression-loss", "squared errors by hand, the last batch smaller")
def squared_by_hand(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Meter()
    series, _ = o.waves(g, 200)
    target = series[:, -4:].mean(1)  # (n, 1)
    target = (target - target.mean()) / target.std()

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        error = model(batch["series"]) - batch["labels"]
        loss = (error**2).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    labels = target if ill else target.squeeze(1)
    loader = o.dicts(g, 24, series=series, labels=labels)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    loss_fn = lambda predicted, y: ((predicted - y) ** 2).mean()  # noqa: E731
    return Patient(model, loader, loss_fn, optimizer, {"train_step": train_step})
