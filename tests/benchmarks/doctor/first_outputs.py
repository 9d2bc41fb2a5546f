"""Patients whose outputs, loss and labels do not go together."""

import torch
from torch import nn

from . import _small as small
from ._case import Patient


def softmax_at_the_end(seed: int) -> Patient:
    x, y = small.pictures(seed)
    model = nn.Sequential(*small.cnn(), nn.Softmax(dim=1))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return Patient(model, small.pairs(x, y, seed=seed), nn.CrossEntropyLoss(), optimizer)


def sigmoid_at_the_end(seed: int) -> Patient:
    x, y = small.tags(seed)
    model = nn.Sequential(*small.mlp(10, 32, 5), nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, small.pairs(x, y, seed=seed), nn.BCEWithLogitsLoss(), optimizer)


class YesOrNo(small.Reader):
    """Says how likely it is that a sentence is of the second kind."""

    def forward(self, input_ids, attention_mask):
        return super().forward(input_ids, attention_mask).squeeze(1).sigmoid()


def sigmoid_in_forward(seed: int) -> Patient:
    ids, mask, y = small.sentences(seed, classes=2)
    loader = small.dicts(seed, input_ids=ids, attention_mask=mask, labels=y.float())
    model = YesOrNo(classes=1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Patient(model, loader, nn.BCEWithLogitsLoss(), optimizer)


def nll_of_logits(seed: int) -> Patient:
    x, y = small.waves(seed)
    model = small.Listener()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, small.pairs(x, y, seed=seed), nn.NLLLoss(), optimizer)


def nll_of_probabilities(seed: int) -> Patient:
    """The logarithm of the softmax is wanted, and only the softmax is there."""
    x, y = small.points(seed)
    model = nn.Sequential(*small.mlp(12, 32, 4), nn.Softmax(dim=1))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, small.pairs(x, y, seed=seed), nn.NLLLoss(), optimizer)


def broadcast_by_hand(seed: int) -> Patient:
    x, y = small.numbers(seed)
    model = small.mlp(8, 32, 1)

    def mean_squared_error(outputs, labels):
        return ((outputs - labels) ** 2).mean()

    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, small.pairs(x, y, seed=seed), mean_squared_error, optimizer)


def broadcast_of_the_labels(seed: int) -> Patient:
    """The outputs are squeezed and the labels are not."""
    x, y = small.waves(seed)
    pace = small.standard(y.float())[:, None]

    class Pace(small.Listener):
        def forward(self, x):
            return super().forward(x).squeeze(-1)

    model = Pace(classes=1)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, small.pairs(x, pace, seed=seed), nn.L1Loss(), optimizer)


def labels_from_one(seed: int) -> Patient:
    """Grades 1 to 4, as the spreadsheet has them."""
    x, y = small.points(seed)
    model = small.mlp(12, 32, 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, small.pairs(x, y + 1, seed=seed), nn.CrossEntropyLoss(), optimizer)


def head_of_too_few(seed: int) -> Patient:
    """A head for two classes, kept from an earlier task, and three kinds of sentences."""
    loader = small.reading(seed)
    model = small.Reader(classes=2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def unused_class(seed: int) -> Patient:
    """One digit in the middle was lost when the files were copied."""
    x, y = small.pictures(seed, count=700)
    kept = y != 4
    model = small.cnn(classes=10)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loader = small.pairs(x[kept], y[kept], seed=seed, size=32)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def unused_class_by_a_mapping(seed: int) -> Patient:
    """A wrong entry in the table of names sends the class 1 to 2."""
    x, y = small.points(seed, classes=4)
    number = {"cat": 0, "dog": 2, "bird": 2, "fish": 3}
    names = ["cat", "dog", "bird", "fish"]
    y = torch.tensor([number[names[k]] for k in y.tolist()])
    model = small.Named(small.mlp(12, 32, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loader = small.dicts(seed, x=x, labels=y)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def head_of_a_thousand(seed: int) -> Patient:
    """The head of a network for a thousand kinds of pictures, and ten digits."""
    x, y = small.pictures(seed)
    model = small.cnn(classes=1000)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loader = small.pairs(x, y, seed=seed, size=32)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def head_as_wide_as_the_hidden(seed: int) -> Patient:
    """Takes the hidden size for the number of classes."""
    x, y = small.waves(seed)
    model = small.Listener(classes=24, hidden=24)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return Patient(model, small.pairs(x, y, seed=seed), nn.CrossEntropyLoss(), optimizer)


def labels_of_other_rows(seed: int) -> Patient:
    """Shuffles the inputs and forgets the labels."""
    x, y = small.points(seed)
    x = x[torch.randperm(len(x))]
    model = small.mlp(12, 32, 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loader = small.pairs(x[:300], y[:300], seed=seed)
    options = {"valid_loader": small.pairs(x[300:], y[300:], seed=seed, shuffle=False)}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


def labels_one_row_off(seed: int) -> Patient:
    """The first line of one file was a header, and that of the other was not."""
    ids, mask, y = small.sentences(seed)
    model = small.Reader()
    loader = small.dicts(
        seed, input_ids=ids[1:], attention_mask=mask[1:], labels=y.roll(1)[1:].clone()
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


CASES = [
    small.sick("softmax-before-cross-entropy", "cnn", softmax_at_the_end),
    small.sick("sigmoid-before-bce-with-logits", "tags", sigmoid_at_the_end),
    small.sick("sigmoid-before-bce-with-logits", "reader", sigmoid_in_forward),
    small.sick("nll-without-log-softmax", "lstm", nll_of_logits),
    small.sick("nll-without-log-softmax", "softmax", nll_of_probabilities),
    small.sick("broadcast-in-regression-loss", "by-hand", broadcast_by_hand),
    small.sick("broadcast-in-regression-loss", "labels", broadcast_of_the_labels),
    small.sick("labels-out-of-range", "from-one", labels_from_one),
    small.sick("labels-out-of-range", "reader", head_of_too_few),
    small.sick("unused-class", "cnn", unused_class),
    small.sick("unused-class", "mapping", unused_class_by_a_mapping),
    small.sick("head-too-wide", "thousand", head_of_a_thousand),
    small.sick("head-too-wide", "lstm", head_as_wide_as_the_hidden),
    small.sick("labels-unrelated-to-inputs", "shuffled", labels_of_other_rows),
    small.sick("labels-unrelated-to-inputs", "row-off", labels_one_row_off),
]
