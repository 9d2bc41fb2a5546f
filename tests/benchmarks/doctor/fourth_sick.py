"""Patients of the fourth set: the step, the mode and the loss."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ._case import SICK, Case, Patient
from ._fourth import (
    Reader,
    blobs,
    cnn,
    dicts,
    mlp,
    pairs,
    sentences,
    slope,
    split,
    stripes,
    tags,
    walks,
)


def no_zero_grad(seed: int, ill: bool = True) -> Patient:
    """The line is there, but its brackets are not."""
    torch.manual_seed(seed)
    model = cnn(4)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> float:
        images, labels = batch
        model.train()
        if ill:
            optimizer.zero_grad  # noqa: B018
        else:
            optimizer.zero_grad()
        loss = loss_fn(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return Patient(
        model,
        pairs(seed, *stripes(seed)),
        nn.CrossEntropyLoss(),
        optimizer,
        {"train_step": train_step},
    )


class Curve(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = mlp(6, 24, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x).squeeze(1)


def no_zero_grad_wrong_moment(seed: int, ill: bool = True) -> Patient:
    """The gradients are cleared when an epoch begins, not when a batch does."""
    torch.manual_seed(seed)
    x, y = slope(seed)
    model = Curve()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    optimizer.zero_grad()

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> Tensor:
        model.train()
        if not ill:
            optimizer.zero_grad()
        loss = loss_fn(model(batch["x"]), batch["labels"])
        loss.backward()
        optimizer.step()
        return loss.detach()

    options = {"train_step": train_step}
    return Patient(model, dicts(seed, x=x, labels=y), functional.mse_loss, optimizer, options)


def zero_grad_after_backward(seed: int, ill: bool = True) -> Patient:
    torch.manual_seed(seed)
    model = mlp(10, 32, 5)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=2e-3)

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> None:
        x, y = batch
        model.train()
        if not ill:
            model.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        if ill:
            model.zero_grad()
        optimizer.step()

    options = {"train_step": train_step}
    return Patient(model, pairs(seed, *tags(seed)), nn.BCEWithLogitsLoss(), optimizer, options)


def no_optimizer_step(seed: int, ill: bool = True) -> Patient:
    """A step for every fourth batch, with a counter that nobody moves on."""
    torch.manual_seed(seed)
    ids, mask, y = sentences(seed)
    model = Reader(3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    seen = {"batches": 0}

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> float:
        model.train()
        seen["batches"] = seen["batches"] if ill else seen["batches"] + 1
        logits = model(batch["input_ids"], batch["attention_mask"])
        loss = loss_fn(logits, batch["labels"])
        optimizer.zero_grad()
        loss.backward()
        if seen["batches"] > 0:
            optimizer.step()
        return loss.item()

    loader = dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    options = {"train_step": train_step, "pad_token_id": 0}
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


def train_in_eval_mode(seed: int, ill: bool = True) -> Patient:
    """The mode of the last evaluation stays for good."""
    torch.manual_seed(seed)
    x, y, valid_x, valid_y = split(*stripes(seed, 500))
    model = cnn(4, norm=True, dropout=0.3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> float:
        model.train(not ill)
        x, y = batch
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    valid = pairs(seed, valid_x, valid_y, shuffle=False)
    options = {"train_step": train_step, "valid_loader": valid}
    return Patient(model, pairs(seed, x, y), nn.CrossEntropyLoss(), optimizer, options)


def eval_in_train_mode(seed: int, ill: bool = True) -> Patient:
    torch.manual_seed(seed)
    x, y, valid_x, valid_y = split(*blobs(seed, 700, 12, 3))
    model = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Dropout(0.4), nn.Linear(48, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    @torch.no_grad()
    def predict(model: nn.Module, batch: Any) -> Tensor:
        model.train(ill)
        return model(batch[0]).argmax(dim=1)

    options = {"predict_fn": predict, "valid_loader": pairs(seed, valid_x, valid_y, shuffle=False)}
    return Patient(model, pairs(seed, x, y), nn.CrossEntropyLoss(), optimizer, options)


def eval_in_train_mode_norm(seed: int, ill: bool = True) -> Patient:
    """No dropout; BatchNorm alone makes an answer depend on its neighbours in the batch."""
    torch.manual_seed(seed)
    x, y, valid_x, valid_y = split(*stripes(seed, 500))
    model = cnn(4, norm=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)

    def predict(model: nn.Module, batch: Any) -> Tensor:
        if ill:
            model.train()
        else:
            model.eval()
        with torch.inference_mode():
            return model(batch[0])

    options = {"predict_fn": predict, "valid_loader": pairs(seed, valid_x, valid_y, shuffle=False)}
    return Patient(model, pairs(seed, x, y), functional.cross_entropy, optimizer, options)


def detached_loss(seed: int, ill: bool = True) -> Patient:
    """A new tensor made from a number asks for a gradient and knows no weights."""
    torch.manual_seed(seed)
    model = mlp(12, 32, 3)
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.05)

    def train_step(model: nn.Module, batch: Any, loss_fn: Callable, optimizer: Any) -> float:
        x, y = batch
        model.train()
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        if ill:
            loss = torch.tensor(loss.item(), requires_grad=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    options = {"train_step": train_step}
    return Patient(model, pairs(seed, *blobs(seed)), nn.CrossEntropyLoss(), optimizer, options)


def detached_loss_in_its_function(seed: int, ill: bool = True) -> Patient:
    """The loss function goes through NumPy, so backward() has nothing to follow."""
    torch.manual_seed(seed)
    x, y = slope(seed)
    model = mlp(6, 32, 1)

    def loss_fn(outputs: Tensor, targets: Tensor) -> Tensor:
        if ill:
            error = outputs.detach().numpy() - targets.numpy()
            return torch.tensor((error**2).mean())
        return ((outputs - targets) ** 2).mean()

    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, pairs(seed, x, y[:, None]), loss_fn, optimizer)


def softmax_first(seed: int, ill: bool = True) -> Patient:
    torch.manual_seed(seed)
    layers = [nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 5)]
    model = nn.Sequential(*layers, *([nn.Softmax(dim=1)] if ill else []))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loader = pairs(seed, *blobs(seed, 600, 12, 5))
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def softmax_in_the_loss(seed: int, ill: bool = True) -> Patient:
    """The model gives logits; the loss makes them probabilities and takes the softmax again."""
    torch.manual_seed(seed)
    ids, mask, y = sentences(seed)
    model = Reader(3)

    def loss_fn(logits: Tensor, labels: Tensor) -> Tensor:
        scores = torch.softmax(logits, dim=-1) if ill else logits
        return functional.cross_entropy(scores, labels)

    loader = dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    return Patient(model, loader, loss_fn, optimizer, {"pad_token_id": 0})


def sigmoid_first(seed: int, ill: bool = True) -> Patient:
    torch.manual_seed(seed)

    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.Linear(10, 32)
            self.out = nn.Linear(32, 5)

        def forward(self, x: Tensor) -> Tensor:
            scores = self.out(torch.relu(self.hidden(x)))
            return torch.sigmoid(scores) if ill else scores

    model = Tagger()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loss_fn = functional.binary_cross_entropy_with_logits
    return Patient(model, list(pairs(seed, *tags(seed))), loss_fn, optimizer)


def nll_of_logits(seed: int, ill: bool = True) -> Patient:
    torch.manual_seed(seed)

    class Listener(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(3, 16, batch_first=True)
            self.head = nn.Linear(16, 3)

        def forward(self, series: Tensor) -> Tensor:
            logits = self.head(self.rnn(series)[0][:, -1])
            return logits if ill else logits.log_softmax(dim=-1)

    model = Listener()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, pairs(seed, *walks(seed)), nn.NLLLoss(), optimizer)


CASES = [
    Case(f"{name}/fourth-{form}", name, SICK, build)
    for name, form, build in [
        ("no-zero-grad", "no-brackets-cnn", no_zero_grad),
        ("no-zero-grad", "once-an-epoch", no_zero_grad_wrong_moment),
        ("zero-grad-after-backward", "tags", zero_grad_after_backward),
        ("no-optimizer-step", "counter-stands-still", no_optimizer_step),
        ("train-in-eval-mode", "cnn", train_in_eval_mode),
        ("eval-in-train-mode", "dropout", eval_in_train_mode),
        ("eval-in-train-mode", "norm", eval_in_train_mode_norm),
        ("detached-loss", "from-a-number", detached_loss),
        ("detached-loss", "through-numpy", detached_loss_in_its_function),
        ("softmax-before-cross-entropy", "last-layer", softmax_first),
        ("softmax-before-cross-entropy", "in-the-loss", softmax_in_the_loss),
        ("sigmoid-before-bce-with-logits", "in-forward", sigmoid_first),
        ("nll-without-log-softmax", "gru", nll_of_logits),
    ]
]
