"""Rules about losses, answers, gradients and rates: the smallest sick training and its twin."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_lib.doctor import examine
from tests.tiny_training import Tiny, loss_fn, sgd

VOCABULARY, PAD = 12, 0


def points(count=8, B=8, seed=0, scale=1.0):
    """Batches of points in space; the label says on which side of a plane a point lies."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(count):
        x = torch.randn(B, 3, generator=generator)
        found.append({"x": x * scale, "labels": (x[:, 0] > 0).long()})
    return found


def numbers(**shape):
    """The same points, and how far they are from the plane."""
    return [(each["x"], 2 * each["x"][:, 0] + 1) for each in points(**shape)]


def yes_or_no():
    return [(each["x"], each["labels"].float().unsqueeze(1)) for each in points()]


def net(*after, out=2, hidden=8):
    torch.manual_seed(0)
    return Tiny(nn.Linear(3, hidden), nn.ReLU(), nn.Linear(hidden, out), *after)


def training(model=None, loader=None, loss=loss_fn, lr=0.1, **options):
    model = net() if model is None else model
    return (model, points() if loader is None else loader, loss, sgd(model, lr=lr)), options


def zeroed(model):
    """The head answers 0 for everything."""
    for weight in model.layers[2].parameters():
        nn.init.zeros_(weight)
    return model


class Squeezed(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = net(out=1)

    def forward(self, x):
        return self.inner(x).squeeze(-1)


class Company(Tiny):
    """Where sick, an answer is compared with those of the others in the batch."""

    sick = True

    def forward(self, x):
        logits = super().forward(x)
        return logits - logits.mean(dim=0) if self.sick else logits


class Dropping(Tiny):
    sick = True

    def forward(self, x):
        return F.dropout(super().forward(x), 0.5, training=self.sick or self.training)


def of_kind(kind, sick):
    torch.manual_seed(0)
    model = kind(nn.Linear(3, 2))
    model.sick = sick
    return training(model)


class Words(nn.Module):
    """The mean of a row's vectors: (B, T) -> (B, 2), or with its own place (B, T, V)."""

    def __init__(self, masked=True, every_place=False):
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Embedding(VOCABULARY, 8)
        self.head = nn.Linear(8, VOCABULARY if every_place else 2)
        self.masked, self.every_place = masked, every_place

    def forward(self, input_ids, attention_mask):
        vectors, mask = self.table(input_ids), attention_mask.unsqueeze(-1).float()
        mask = mask if self.masked else torch.ones_like(mask)
        mean = (vectors * mask).sum(1) / mask.sum(1)
        return self.head(vectors + mean.unsqueeze(1) if self.every_place else mean)


def sentences(T=6, count=6):
    """Rows of two to six tokens; the label says whether the token 5 is among them."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for _ in range(count):
        ids = torch.randint(1, VOCABULARY, (8, T), generator=generator)
        length = torch.randint(2, T + 1, (8, 1), generator=generator)
        mask = torch.arange(T) < length
        ids = ids.masked_fill(~mask, PAD)
        labels = (ids == 5).any(dim=1).long()
        found.append({"input_ids": ids, "attention_mask": mask.long(), "labels": labels})
    return found


def hidden_tokens(sick):
    given = sentences()
    for each in given:
        ids, real = each["input_ids"], each["attention_mask"].bool()
        chosen = real & (torch.arange(6) % 2 == 0)
        each["labels"] = ids.masked_fill(~(real if sick else chosen), -100)
        each["input_ids"] = ids if sick else ids.masked_fill(chosen, VOCABULARY - 1)

    def loss(logits, labels):
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten())

    return training(Words(every_place=True), given, loss)


def tokens_with_labels():
    """All real tokens have one: how many, and of how many."""
    masks = [each["attention_mask"] for each in sentences()]
    return sum(int(mask.sum()) for mask in masks), sum(mask.numel() for mask in masks)


def with_dead(units, dead):
    model = net(hidden=units)
    with torch.no_grad():
        model.layers[0].bias[:dead] = -100.0
    return training(model)


def thin(factor):
    """Three linear layers; the later two pass on `factor` of what they get."""
    torch.manual_seed(0)
    model = Tiny(nn.Linear(3, 4, bias=False), nn.Linear(4, 4, bias=False), nn.Linear(4, 2))
    with torch.no_grad():
        for layer in (model.layers[1], model.layers[2]):
            layer.weight.copy_(torch.eye(*layer.weight.shape) * factor)
        model.layers[2].bias.zero_()
    return training(model, lr=0.01)


def huge(factor):
    torch.manual_seed(0)
    model = Tiny(nn.Linear(3, 2))
    model.layers[0].weight.data *= factor
    return training(model, lr=1e-3)


def first_norm(given):
    """The norm of the gradient of the first batch's loss."""
    (model, loader, loss, _), _ = given
    value = loss(model(loader[0]["x"]), loader[0]["labels"])
    parts = torch.autograd.grad(value, list(model.parameters()))
    return math.sqrt(sum(float(part.norm()) ** 2 for part in parts))


def sure(bias):
    model = zeroed(net())
    model.layers[2].bias.data[1] = bias
    return training(model, lr=0.01)


def shuffled_labels(sick):
    given = points(count=40)
    order = torch.randperm(320, generator=torch.Generator().manual_seed(1))
    labels = torch.cat([each["labels"] for each in given])[order]
    for each, own in zip(given, labels.split(8), strict=True):
        each["labels"] = own if sick else each["labels"]
    return training(loader=given, lr=0.01)


def root_mean_square(scale):
    x = torch.cat([each["x"] for each in points()]) * scale
    return f"(root mean square {float(x.square().mean().sqrt()):.3g})"


CHANCE = torch.cat([each["labels"] for each in points()]).float().mean()
PAIRS = {
    # softmax outputs 1 and 0 at best: ln(e + 1) - 1
    "softmax-before-cross-entropy": (
        lambda sick: training(net(*[nn.Softmax(dim=1)] * sick)),
        f"with 2 classes the loss cannot fall below {math.log(math.e + 1) - 1:.2f}.",
    ),
    "sigmoid-before-bce-with-logits": (
        lambda sick: training(
            zeroed(net(*[nn.Sigmoid()] * sick, out=1)), yes_or_no(), nn.BCEWithLogitsLoss()
        ),
        "What the loss gets, (8, 1), is between 0.50 and 0.50",
    ),
    "nll-without-log-softmax": (
        lambda sick: training(zeroed(net(*[nn.LogSoftmax(dim=1)] * (not sick))), loss=nn.NLLLoss()),
        "from 0.00 to 0.00 whose exponentials add up to 2.00 to 2.00",
    ),
    "broadcast-in-regression-loss": (
        lambda sick: training(net(out=1) if sick else Squeezed(), numbers(), nn.MSELoss(), 0.01),
        "(8, 1) and the labels (8,): the loss compares 64 pairs, (8, 8), instead of 8.",
    ),
    "dropout-always-on": (lambda sick: of_kind(Dropping, sick), "dropout still draws"),
    "samples-leak-within-batch": (
        lambda sick: of_kind(Company, sick),
        "when the other 7 examples are replaced",
    ),
    "padding-not-masked": (
        lambda sick: training(Words(masked=not sick), sentences()),
        "tokens of padding than without",
    ),
    "masked-lm-labels-unmasked": (
        hidden_tokens,
        "{} of {} tokens have a label, and at 100% of them".format(*tokens_with_labels()),
    ),
    "dead-relu": (lambda sick: with_dead(11, 10 if sick else 9), "10 of 11 units are 0"),
    "vanishing-gradient": (lambda sick: thin(1e-3 if sick else 0.5), "`layers.0.weight` is"),
    "exploding-gradient": (
        lambda sick: huge(1e5 if sick else 1.0),
        f"has the norm {first_norm(huge(1e5)):.3g}, most of it at `layers.0.weight`.",
    ),
    # sigmoid(8)
    "one-class-collapse": (
        lambda sick: sure(8.0 if sick else 0.0),
        f"a mean probability of {1 / (1 + math.exp(-8)):.2f}; {CHANCE:.0%} of the labels are 1.",
    ),
    "input-not-normalised": (
        lambda sick: training(loader=points(scale=1000.0 if sick else 1.0)),
        root_mean_square(1000),
    ),
    "learning-rate-too-high": (
        lambda sick: training(net(), numbers(), shaped_mse, 3.0 if sick else 0.05),
        "to inf; with 0.01 of the rate it goes to",
    ),
    "learning-rate-too-low": (
        lambda sick: training(zeroed(net()), lr=1e-7 if sick else 0.1),
        "12 steps bring the loss from",
    ),
    "labels-unrelated-to-inputs": (
        shuffled_labels,
        "From the inputs of 320 examples the labels of others can be told no better than by chance",
    ),
}
ADVICE = {"labels-unrelated-to-inputs"}


def shaped_mse(outputs, labels):
    return F.mse_loss(outputs.sum(dim=1), labels)


def findings(given):
    arguments, options = given
    return examine(*arguments, **options).findings


@pytest.mark.parametrize("name", PAIRS)
def test_the_rule_fires_on_the_sick_one_and_says_its_numbers(name):
    make, words = PAIRS[name]
    (found,) = findings(make(True))
    assert found.name == name and words in found.seen
    assert found.severity == ("advice" if name in ADVICE else "fault")


@pytest.mark.parametrize("name", PAIRS)
def test_nothing_is_found_in_the_cured_twin(name):
    assert findings(PAIRS[name][0](False)) == ()


def test_a_leak_is_measured_against_the_spread_of_the_answers():
    arguments, _ = of_kind(Company, True)
    model, loader = arguments[:2]
    outputs = model(loader[0]["x"]).detach()
    (found,) = findings((arguments, {}))
    assert f"outputs vary by {float(outputs.std()):.2g}." in found.seen


def test_the_difference_that_padding_makes_is_measured():
    """The shortest row alone and padded, in units of the spread of all answers."""
    model, batch = Words(masked=False), sentences()[0]
    length, place = batch["attention_mask"].sum(1).min(dim=0)
    padded = model(batch["input_ids"], batch["attention_mask"]).detach()
    ids = batch["input_ids"][place : place + 1, :length]
    alone = model(ids, torch.ones_like(ids)).detach()[0]
    apart = float((padded[place] - alone).square().mean().sqrt() / padded.std())
    (found,) = findings(training(model, sentences()))
    assert f"{length} tokens gives another output with {6 - length} tokens" in found.seen
    assert f"the difference is {apart:.2g} times the outputs' spread." in found.seen


def test_fresh_weights_that_lean_to_a_class_at_a_tiny_rate_have_a_rate_that_is_too_low():
    """Drawn at random, this net answers class 0 with a mean probability of 0.6: no collapse."""
    (found,) = findings(training(net(), lr=1e-7))
    assert found.name == "learning-rate-too-low"
