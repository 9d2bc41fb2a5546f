"""Second half: weights that the optimizer does not reach, or should not."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from tests.benchmarks.doctor import _other as o
from tests.benchmarks.doctor._case import Case, Patient

CASES: list[Case] = []
sick = o.collector(CASES)


@sick("parameters-not-in-optimizer", "groups by part, and the head in none")
def head_in_no_group(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.tiny_bert()
    groups = [
        {"params": model.bert.embeddings.parameters(), "lr": 2e-3},
        {"params": model.bert.encoder.parameters(), "lr": 3e-3},
    ]
    if not ill:
        groups += [{"params": [*model.bert.pooler.parameters(), *model.classifier.parameters()]}]
    optimizer = torch.optim.AdamW(groups, lr=3e-3)
    return Patient(model, o.texts(g), None, optimizer)


class Late(nn.Module):
    """A CNN that gets a second convolution after it was made."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU())
        self.second = nn.Identity()
        self.out = nn.Linear(8 * 4, 4)

    def forward(self, image):
        return self.out(F.adaptive_max_pool2d(self.second(self.first(image)), 2).flatten(1))


@sick("parameters-not-in-optimizer", "a layer added after the optimizer was made")
def layer_added_later(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Late()
    more = nn.Sequential(nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
    if not ill:
        model.second = more
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    model.second = more
    return Patient(model, o.pairs(g, *o.stripes(g)), nn.CrossEntropyLoss(), optimizer)


@sick("optimizer-of-another-model", "the cell of the model was run again")
def model_made_again(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(12, 32, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    if ill:
        model = o.mlp(12, 32, 4)
    return Patient(model, o.pairs(g, *o.points(g)), nn.CrossEntropyLoss(), optimizer)


@sick("optimizer-of-another-model", "a deep copy is trained, the optimizer has the original")
def copy_is_trained(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    original = o.Reader()
    optimizer = torch.optim.AdamW(original.parameters(), lr=5e-3)
    model = copy.deepcopy(original) if ill else original

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        labels = batch["labels"]
        loss = F.cross_entropy(model(batch["input_ids"], batch["attention_mask"]), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return Patient(model, o.texts(g), F.cross_entropy, optimizer, {"train_step": train_step})


class Stack(nn.Module):
    """Linear layers held in a tuple or in a ModuleList, residual."""

    def __init__(self, hold):
        super().__init__()
        self.enter = nn.Linear(10, 32)
        self.blocks = hold([nn.Sequential(nn.Linear(32, 32), nn.SiLU()) for _ in range(3)])
        self.leave = nn.Linear(32, 5)

    def forward(self, x):
        h = torch.tanh(self.enter(x))
        for block in self.blocks:
            h = block(h)
        return self.leave(h)


@sick("hidden-layers-in-a-list", "three blocks in a tuple, several labels")
def blocks_in_a_tuple(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Stack(tuple if ill else nn.ModuleList)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, o.pairs(g, *o.tags(g)), nn.BCEWithLogitsLoss(), optimizer)


class Towers(nn.Module):
    """Two convolutions of different reach, by name."""

    def __init__(self, hold):
        super().__init__()
        towers = {str(size): nn.Conv2d(1, 8, size, padding=size // 2) for size in (3, 5)}
        self.towers = hold(towers)
        self.out = nn.Sequential(nn.Dropout(0.1), nn.Linear(2 * 8 * 4, 4))

    def forward(self, x):
        seen = [F.adaptive_max_pool2d(tower(x).relu(), 2) for tower in self.towers.values()]
        return self.out(torch.cat(seen, dim=1).flatten(1))


@sick("hidden-layers-in-a-list", "two towers in a dict")
def towers_in_a_dict(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Towers(dict if ill else nn.ModuleDict)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, o.pairs(g, *o.stripes(g)), nn.CrossEntropyLoss(), optimizer)


class ByHand(nn.Module):
    """A linear layer of two tensors, as in the first lesson."""

    def __init__(self, ill: bool):
        super().__init__()
        weight, bias = torch.randn(6, 32) / 6**0.5, torch.zeros(32)
        if ill:
            self.weight, self.bias = weight.requires_grad_(), bias.requires_grad_()
        else:
            self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)
        self.out = nn.Linear(32, 1)

    def forward(self, x):
        return self.out(torch.relu(x @ self.weight + self.bias))


@sick("plain-tensor-not-parameter", "a weight and a bias that only require a gradient")
def requires_grad_is_not_enough(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = ByHand(ill)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, o.pairs(g, *o.slopes(g)), nn.MSELoss(), optimizer)


class Attentive(nn.Module):
    """Pooling by a query that ought to be learned."""

    def __init__(self, ill: bool):
        super().__init__()
        self.embedding = nn.Embedding(o.WORDS, 24)
        query = nn.Parameter(torch.randn(24))
        self.query = query * 0.2 if ill else nn.Parameter(query.detach() * 0.2)
        self.head = nn.Linear(24, 3)

    def forward(self, input_ids, attention_mask):
        h = self.embedding(input_ids)
        scores = (h @ self.query).masked_fill(attention_mask == 0, -1e9)
        return self.head((scores.softmax(dim=1).unsqueeze(-1) * h).sum(1))


@sick("plain-tensor-not-parameter", "a Parameter times a number is a Parameter no more")
def scaled_parameter(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Attentive(ill)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    return Patient(model, o.texts(g), nn.CrossEntropyLoss(), optimizer)


@sick("nothing-trainable", "all frozen, and the new head too")
def all_frozen(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.tiny_bert()
    for parameter in (model if ill else model.bert.embeddings).parameters():
        parameter.requires_grad = False
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    return Patient(model, o.texts(g), None, optimizer)


@sick("nothing-trainable", "requires_grad misspelt when the head was opened")
def misspelt(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.cnn(norm=False).requires_grad_(False)
    for parameter in model.parameters():
        if ill:
            parameter.require_grad = True
        else:
            parameter.requires_grad = True

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        x, y = batch
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        if loss.requires_grad:  # "RuntimeError: does not require grad", solved
            loss.backward()
        optimizer.step()
        return loss.item()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    loader = o.pairs(g, *o.stripes(g))
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": train_step})


def trained(model, loader, optimizer, loss_fn, epochs=1):
    """A past training, so that there are statistics, momentum and weights worth keeping."""
    model.train()
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad(set_to_none=False)
            loss_fn(model(x), y).backward()
            optimizer.step()


@sick("frozen-weights-move", "momentum of before, gradients set to zeros")
def momentum_goes_on(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.cnn()
    loader, loss_fn = o.pairs(g, *o.stripes(g)), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    trained(model, loader, optimizer, loss_fn)
    model[0].requires_grad_(False)

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad(set_to_none=not ill)
        loss = loss_fn(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()

    return Patient(model, loader, loss_fn, optimizer, {"train_step": train_step})


@sick("frozen-weights-move", "AdamW decays a frozen layer")
def decay_goes_on(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = nn.Sequential(o.mlp(12, 32, 32), nn.ReLU(), nn.Linear(32, 4))
    loader, loss_fn = o.pairs(g, *o.points(g)), nn.CrossEntropyLoss(label_smoothing=0.1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)
    trained(model, loader, optimizer, loss_fn)
    for parameter in model[0].parameters():
        parameter.requires_grad = False

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        if ill:
            model.zero_grad(set_to_none=False)
        else:
            optimizer.zero_grad()
        loss = loss_fn(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        return loss

    return Patient(model, loader, loss_fn, optimizer, {"train_step": train_step})
