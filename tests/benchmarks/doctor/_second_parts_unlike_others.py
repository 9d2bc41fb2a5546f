"""Healthy trainings of models with parts unlike others. Not for the rules' author."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from tests.benchmarks.doctor import _well
from tests.benchmarks.doctor._case import UNUSUAL, Case, Patient


def biases_that_batchnorm_takes_away(seed: int) -> Patient:
    """A bias right before BatchNorm gets no gradient, by arithmetic."""
    torch.manual_seed(seed)
    train, valid = _well.halves(*_well.digits(seed))
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(288, 32),
        nn.BatchNorm1d(32),
        nn.ReLU(inplace=True),
        nn.Linear(32, 10),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    options = {"valid_loader": _well.unshuffled(valid)}
    train_loader = _well.loader(train, seed, 32, drop_last=True)
    return Patient(model, train_loader, nn.CrossEntropyLoss(), optimizer, options)


class NextWord(nn.Module):
    """A causal model, its output tied to its embedding: (B, T) -> (B, T, V)."""

    def __init__(self, words: int, width: int = 32, longest: int = 12) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        nn.init.normal_(self.embedding.weight, std=0.1)
        turns = torch.arange(longest).unsqueeze(1) * 0.1 ** (torch.arange(0, width, 2) / width * 2)
        self.table = torch.stack([turns.sin(), turns.cos()], dim=2).flatten(1)  # (T, H), a constant
        self.mask = nn.Transformer.generate_square_subsequent_mask(longest)
        self.layer = nn.TransformerEncoderLayer(
            width, 2, 64, 0.0, batch_first=True, norm_first=True
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, words, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, input_ids: Tensor) -> Tensor:
        T = input_ids.size(1)
        hidden = self.embedding(input_ids) * math.sqrt(32) + 0.3 * self.table[:T]
        return self.head(self.norm(self.layer(hidden, src_mask=self.mask[:T, :T], is_causal=True)))


def tied_weights_and_a_table_of_waves(seed: int) -> Patient:
    torch.manual_seed(seed)
    chains = _well.chains(seed)
    model = NextWord(19)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)

    def loss_fn(logits: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())

    rows = _well.Rows(input_ids=chains[:256], labels=chains[:256])
    valid = _well.Rows(input_ids=chains[256:], labels=chains[256:])
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(rows, seed), loss_fn, optimizer, options)


class Purse(nn.Module):
    """What the coins are worth together; padding is worth nothing: (B, T) -> (B,)."""

    def __init__(self) -> None:
        super().__init__()
        self.worth = nn.Embedding(7, 12, padding_idx=_well.PAD)
        self.each = nn.Linear(12, 1, bias=False)

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.each(self.worth(input_ids)).sum(dim=(1, 2))


def the_sum_of_a_bag(seed: int) -> Patient:
    """No mask is needed: the padding's vector is zero and gets no gradient."""
    torch.manual_seed(seed)
    worth = torch.tensor([0.0, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0])
    lengths = torch.randint(2, 9, (320,)).tolist()
    bags = [torch.randint(1, 7, (length,)) for length in lengths]
    ids, _ = _well.padded(bags)
    model = Purse()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
    rows = _well.Rows(input_ids=ids, labels=worth[ids].sum(1))
    options = {"pad_token_id": _well.PAD}
    return Patient(model, _well.loader(rows, seed), nn.MSELoss(), optimizer, options)


class CentreLoss(nn.Module):
    """Minus the squared distance to a learned centre of each class: (B, H), (B,) -> ()."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.randn(classes, width))
        self.log_scale = nn.Parameter(torch.zeros(()))

    def forward(self, outputs: Tensor, labels: Tensor) -> Tensor:
        distances = torch.cdist(outputs, self.centres) ** 2  # (B, C)
        return F.cross_entropy(-self.log_scale.exp() * distances, labels)


def a_loss_that_learns_too(seed: int) -> Patient:
    """The model's outputs are places, not logits; there are eight numbers for four classes."""
    torch.manual_seed(seed)
    train, valid = _well.halves(*_well.clusters(seed, classes=4))
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 8))
    loss_fn = CentreLoss(4, 8)
    optimizer = torch.optim.Adam([*model.parameters(), *loss_fn.parameters()], lr=3e-3)
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), loss_fn, optimizer, options)


class TwoInputs(nn.Module):
    """Numbers, and a category among thirty of which some hardly occur: -> (B, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = nn.Embedding(30, 6, sparse=True)
        self.numbers = weight_norm(nn.Linear(5, 16))
        self.rest = nn.Sequential(
            nn.ReLU(inplace=True), nn.Linear(22, 16), nn.Tanh(), nn.Linear(16, 1)
        )

    def forward(self, numbers: Tensor, shop: Tensor) -> Tensor:
        return self.rest(torch.cat([self.numbers(numbers), self.shop(shop)], dim=1))


def two_inputs_weight_norm_sparse_gradients(seed: int) -> Patient:
    torch.manual_seed(seed)
    numbers = torch.randn(480, 5)
    shop = (torch.rand(480) ** 2 * 30).long()
    effect = torch.linspace(-1, 1, 30)[torch.randperm(30)]
    target = numbers[:, 0] - 0.5 * numbers[:, 1] + effect[shop] + 0.1 * torch.randn(480)
    columns = {"numbers": numbers, "shop": shop, "labels": target.unsqueeze(1)}
    train = _well.Rows(**{name: column[:400] for name, column in columns.items()})
    valid = _well.Rows(**{name: column[400:] for name, column in columns.items()})
    model = TwoInputs()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), nn.MSELoss(), optimizer, options)


class LowRank(nn.Module):
    """A frozen layer, and a correction of rank 2 that is nothing at first."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down = nn.Parameter(torch.randn(2, base.in_features) / base.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(base.out_features, 2))

    def forward(self, values: Tensor) -> Tensor:
        return self.base(values) + 2 * values @ self.down.T @ self.up.T


def low_rank_adapters(seed: int) -> Patient:
    """Trained on digits, then on the same pictures turned by a quarter, with 1 weight in 10."""
    torch.manual_seed(seed)
    pictures, labels = _well.digits(seed, 900)
    layers = nn.Linear(64, 64), nn.Linear(64, 64), nn.Linear(64, 10)
    whole = nn.Sequential(nn.Flatten(), layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
    _well.trained(whole, pictures[:400], labels[:400])
    model = nn.Sequential(
        nn.Flatten(), LowRank(layers[0]), nn.ReLU(), LowRank(layers[1]), nn.ReLU(), layers[2]
    )
    layers[2].requires_grad_(False)
    turned = pictures[400:].rot90(1, (2, 3))
    train, valid = _well.halves(turned, labels[400:])
    optimizer = torch.optim.AdamW([w for w in model.parameters() if w.requires_grad], lr=1e-2)
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), nn.CrossEntropyLoss(), optimizer, options)


class Gated(nn.Module):
    """Layers whose gates are shut at first, so that only the gates get a gradient: in float64."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(4))
        self.gates = nn.Parameter(torch.zeros(4))
        self.head = nn.Linear(8, 3)

    def forward(self, values: Tensor) -> Tensor:
        for layer, gate in zip(self.layers, self.gates, strict=True):
            values = values + gate * torch.tanh(layer(values))
        return self.head(values)


def gates_shut_at_first_in_float64(seed: int) -> Patient:
    torch.manual_seed(seed)
    values, labels = _well.clusters(seed)
    train, valid = _well.halves(values.double(), labels)
    model = Gated().double()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), nn.CrossEntropyLoss(), optimizer, options)


PART_CASES = [
    Case("unusual/biases-before-batchnorm", "", UNUSUAL, biases_that_batchnorm_takes_away),
    Case("unusual/tied-weights-and-waves", "", UNUSUAL, tied_weights_and_a_table_of_waves),
    Case("unusual/the-sum-of-a-bag", "", UNUSUAL, the_sum_of_a_bag),
    Case("unusual/a-loss-that-learns-too", "", UNUSUAL, a_loss_that_learns_too),
    Case(
        "unusual/two-inputs-sparse-gradients", "", UNUSUAL, two_inputs_weight_norm_sparse_gradients
    ),
    Case("unusual/low-rank-adapters", "", UNUSUAL, low_rank_adapters),
    Case("unusual/gates-shut-at-first", "", UNUSUAL, gates_shut_at_first_in_float64),
]
