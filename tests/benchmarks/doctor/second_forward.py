"""Second half: forward passes that do more, or less, than their author thinks."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.benchmarks.doctor import _other as o
from tests.benchmarks.doctor._case import Case, Patient

CASES: list[Case] = []
sick = o.collector(CASES)


class Dropping(nn.Module):
    """A CNN with a functional dropout before its last layer."""

    def __init__(self, ill: bool):
        super().__init__()
        self.convolve = nn.Sequential(nn.Conv2d(1, 12, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(2))
        self.out = nn.Linear(48, 4)
        self.ill = ill

    def forward(self, image):
        h = self.convolve(image).flatten(1)
        h = F.dropout(h, 0.3) if self.ill else F.dropout(h, 0.3, training=self.training)
        return self.out(h)


@sick("dropout-always-on", "F.dropout that is not told the mode")
def functional_dropout(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Dropping(ill)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    x, y = o.stripes(g, 320)
    options = {"valid_loader": o.pairs(g, x[256:], y[256:], shuffle=False)}
    loader = o.pairs(g, x[:256], y[:256])
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


class Attending(nn.Module):
    """Self-attention by scaled_dot_product_attention, then the mean of the real tokens."""

    def __init__(self, ill: bool):
        super().__init__()
        self.embedding = nn.Embedding(o.WORDS, 24)
        self.project = nn.Linear(24, 3 * 24)
        self.head = nn.Linear(24, 3)
        self.ill = ill

    def forward(self, input_ids, attention_mask):
        h = self.embedding(input_ids)
        query, key, value = self.project(h).chunk(3, dim=-1)
        p = 0.4 if self.ill or self.training else 0.0
        seen = attention_mask.bool().unsqueeze(1)  # (B, 1, T)
        h = h + F.scaled_dot_product_attention(query, key, value, attn_mask=seen, dropout_p=p)
        keep = attention_mask.unsqueeze(-1)
        return self.head((h * keep).sum(1) / keep.sum(1))


@sick("dropout-always-on", "dropout_p of the attention, in both modes")
def attention_dropout(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Attending(ill)

    def predict_fn(model, batch):
        model.eval()
        with torch.no_grad():
            return model(batch["input_ids"], batch["attention_mask"])

    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    options = {"predict_fn": predict_fn, "pad_token_id": 0}
    return Patient(model, o.texts(g), nn.CrossEntropyLoss(), optimizer, options)


class Noisy(nn.Module):
    """A dropout by hand between two layers."""

    def __init__(self, ill: bool):
        super().__init__()
        self.enter, self.leave = nn.Linear(6, 48), nn.Linear(48, 1)
        self.ill = ill

    def forward(self, x):
        h = self.enter(x).relu()
        if self.ill or self.training:
            h = h * torch.bernoulli(torch.full_like(h, 0.8)) / 0.8
        return self.leave(h)


@sick("dropout-always-on", "a mask by hand in a regression")
def dropout_by_hand(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Noisy(ill)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, o.pairs(g, *o.slopes(g)), nn.MSELoss(), optimizer)


class Recurrent(nn.Module):
    """A GRU on series, batch first in the data."""

    def __init__(self, ill: bool):
        super().__init__()
        self.gru = nn.GRU(1, 24, batch_first=not ill)
        self.out = nn.Linear(24, 3)

    def forward(self, x):
        states, _ = self.gru(x)
        return self.out(states.mean(dim=1))


@sick("samples-leak-within-batch", "a GRU that takes the batch for time")
def batch_taken_for_time(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Recurrent(ill)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    return Patient(model, o.pairs(g, *o.waves(g)), nn.CrossEntropyLoss(), optimizer)


class Heads(nn.Module):
    """Attention by hand; the weights ought to sum to 1 over the tokens."""

    def __init__(self, ill: bool):
        super().__init__()
        self.embedding = nn.Embedding(o.WORDS, 24, padding_idx=0)
        self.score = nn.Linear(24, 1)
        self.head = nn.Linear(24, 3)
        self.axis = 0 if ill else 1

    def forward(self, input_ids, attention_mask):
        h = self.embedding(input_ids)  # (B, T, H)
        scores = self.score(h).masked_fill(attention_mask.unsqueeze(-1) == 0, -1e4)
        weights = torch.softmax(scores, dim=self.axis) * attention_mask.unsqueeze(-1)
        return self.head((weights * h).sum(dim=1))


@sick("samples-leak-within-batch", "a softmax over the batch instead of the tokens")
def softmax_over_the_batch(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Heads(ill)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    options = {"pad_token_id": 0}
    return Patient(model, o.texts(g), nn.CrossEntropyLoss(), optimizer, options)


class Centred(nn.Module):
    """A regression that centres its inputs."""

    def __init__(self, ill: bool):
        super().__init__()
        self.net = o.mlp(6, 32, 1, act=nn.Tanh)
        self.ill = ill

    def forward(self, x):
        return self.net((x - x.mean(0)) / (x.std(0, correction=0) + 0.1) if self.ill else x)


@sick("samples-leak-within-batch", "inputs centred by the batch's own mean in forward")
def centred_by_the_batch(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Centred(ill)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, o.pairs(g, *o.slopes(g)), nn.SmoothL1Loss(), optimizer)


class Unmasked(nn.Module):
    """A transformer whose mean leaves padding out, while its attention may not."""

    def __init__(self, ill: bool):
        super().__init__()
        self.embedding = nn.Embedding(o.WORDS, 24)
        layer = nn.TransformerEncoderLayer(24, 2, 48, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(24, 3)
        self.ill = ill

    def forward(self, input_ids, attention_mask):
        padding = None if self.ill else attention_mask == 0
        h = self.encoder(self.embedding(input_ids), src_key_padding_mask=padding)
        keep = attention_mask.unsqueeze(-1)
        return self.head((h * keep).sum(1) / keep.sum(1))


@sick("padding-not-masked", "no src_key_padding_mask, though the mean is masked")
def attention_to_padding(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Unmasked(ill)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    options = {"pad_token_id": 0}
    return Patient(model, o.texts(g), nn.CrossEntropyLoss(), optimizer, options)


@sick("padding-not-masked", "a Hugging Face model that is given no attention_mask")
def mask_not_handed_on(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.tiny_bert()
    ids, mask, labels = o.sentences(g)
    more = {} if ill else {"attention_mask": mask}
    loader = o.dicts(g, input_ids=ids, labels=labels, **more)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    return Patient(model, loader, None, optimizer, {"pad_token_id": 0})


class LastState(nn.Module):
    """The LSTM's state after the last place, or after the last real token."""

    def __init__(self, ill: bool):
        super().__init__()
        self.embedding = nn.Embedding(o.WORDS, 24)
        self.lstm = nn.LSTM(24, 24, batch_first=True)
        self.head = nn.Linear(24, 3)
        self.ill = ill

    def forward(self, input_ids):
        states, _ = self.lstm(self.embedding(input_ids))
        if self.ill:
            return self.head(states[:, -1])
        last = (input_ids != 0).sum(1) - 1
        return self.head(states[torch.arange(len(last)), last])


@sick("padding-not-masked", "an LSTM read after its padding")
def read_after_padding(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = LastState(ill)
    ids, _, labels = o.sentences(g)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    options = {"pad_token_id": 0}
    return Patient(model, o.pairs(g, ids, labels), nn.CrossEntropyLoss(), optimizer, options)


def pretrained(g, backbone: nn.Module, width: int, x, y) -> None:
    """Two epochs with a head that is thrown away: weights and statistics worth keeping."""
    model = nn.Sequential(backbone, nn.Linear(width, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(3):
        for images, labels in o.pairs(g, x, y, 32):
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()
    backbone.requires_grad_(False)


@sick("frozen-batchnorm-updates", "a frozen CNN under model.train()")
def frozen_cnn(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    backbone = o.cnn(norm=True)[:-1]
    x, y = o.stripes(g)
    pretrained(g, backbone, 48, x, y)
    model = nn.Sequential(backbone, nn.Linear(48, 4))

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        if not ill:
            model[0].eval()
        optimizer.zero_grad()
        loss = loss_fn(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        return loss.item()

    optimizer = torch.optim.SGD(model[1].parameters(), lr=0.05, momentum=0.9)
    loader = o.pairs(g, x, y, 8)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": train_step})


class Transfer(nn.Module):
    """A backbone that is set to eval when the model is made, and a new head."""

    def __init__(self, backbone: nn.Module, ill: bool):
        super().__init__()
        self.backbone, self.head = backbone.eval(), nn.Linear(24, 4)
        self.ill = ill

    def train(self, mode: bool = True):
        super().train(mode)
        if not self.ill:
            self.backbone.eval()
        return self

    def forward(self, features):
        with torch.no_grad():
            hidden = self.backbone(features)
        return self.head(hidden)


@sick("frozen-batchnorm-updates", "eval() of the backbone undone by train(), under no_grad")
def eval_undone(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    x, y = o.points(g)
    backbone = nn.Sequential(nn.Linear(12, 24), nn.BatchNorm1d(24), nn.ReLU())
    pretrained(g, backbone, 24, x, y)
    model = Transfer(backbone, ill)
    optimizer = torch.optim.Adam(model.head.parameters(), lr=1e-2)
    loader = o.dicts(g, 8, features=x, labels=y)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)
