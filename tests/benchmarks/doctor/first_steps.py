"""Patients whose training step is wrong: what is called, in which order, in which mode."""

import torch
from torch import nn
from torch.nn import functional as F

from . import _small as small
from ._case import Patient


def no_zero_grad(seed: int) -> Patient:
    x, y = small.points(seed)
    model = small.mlp(12, 32, 4)

    def step(model, batch, loss_fn, optimizer):
        model.train()
        features, target = batch
        loss = loss_fn(model(features), target)
        loss.backward()
        optimizer.step()
        return loss.item()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = small.pairs(x, y, seed=seed)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": step})


def no_zero_grad_once_an_epoch(seed: int) -> Patient:
    """Clears the gradients when an epoch begins and not for each batch."""
    loader = small.reading(seed)
    model = small.Reader()
    seen = [0]

    def step(model, batch, loss_fn, optimizer):
        model.train()
        if seen[0] % len(loader) == 0:
            optimizer.zero_grad()
        seen[0] += 1
        logits = model(batch["input_ids"], batch["attention_mask"])
        loss = loss_fn(logits, batch["labels"])
        loss.backward()
        optimizer.step()
        return loss.detach()

    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": step})


def zero_grad_after_backward(seed: int) -> Patient:
    x, y = small.waves(seed)
    model = small.Listener()

    def step(model, batch, loss_fn, optimizer):
        model.train()
        signal, target = batch
        loss = loss_fn(model(signal), target)
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
        return loss.item()

    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    loader = small.pairs(x, y, seed=seed)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": step})


def no_optimizer_step(seed: int) -> Patient:
    x, y = small.tags(seed)
    model = small.Named(small.mlp(10, 48, 5))

    def step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        loss = loss_fn(model(batch["x"]), batch["labels"])
        loss.backward()
        return {"loss": loss.item()}

    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loader = small.dicts(seed, x=x, labels=y)
    return Patient(model, loader, nn.BCEWithLogitsLoss(), optimizer, {"train_step": step})


def train_in_eval_mode(seed: int) -> Patient:
    """Looks at the accuracy in between, and forgets to go back."""
    x, y = small.pictures(seed)
    model = small.cnn(norm=True)

    def step(model, batch, loss_fn, optimizer):
        images, target = batch
        model.eval()
        with torch.no_grad():
            accuracy = (model(images).argmax(1) == target).float().mean()
        optimizer.zero_grad()
        loss = loss_fn(model(images), target)
        loss.backward()
        optimizer.step()
        return loss.item(), accuracy.item()

    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = small.pairs(x, y, seed=seed, size=32)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": step})


def eval_in_train_mode(seed: int) -> Patient:
    """Thinks that no_grad is all there is to evaluation."""
    loader = small.reading(seed)
    model = small.Reader()

    def predict(model, batch):
        with torch.no_grad():
            return model(batch["input_ids"], batch["attention_mask"])

    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    options = {"predict_fn": predict, "valid_loader": small.reading(seed + 1000, count=96)}
    return Patient(model.train(), loader, nn.CrossEntropyLoss(), optimizer, options)


def detached_loss(seed: int) -> Patient:
    """Makes the error "does not require grad" go away."""
    x, y = small.numbers(seed)
    model = small.mlp(8, 32, 1)

    def step(model, batch, loss_fn, optimizer):
        model.train()
        features, target = batch
        optimizer.zero_grad()
        guess = torch.tensor(model(features).tolist())
        loss = loss_fn(guess, target)
        loss.requires_grad = True
        loss.backward()
        optimizer.step()
        return loss.item()

    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loader = small.pairs(x, y[:, None], seed=seed)
    return Patient(model, loader, nn.MSELoss(), optimizer, {"train_step": step})


def detached_loss_item(seed: int) -> Patient:
    x, y = small.pictures(seed)
    model = small.cnn()

    def step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        losses = [loss_fn(model(part), target).item() for part, target in _halves(batch)]
        loss = torch.tensor(sum(losses) / 2, requires_grad=True)
        loss.backward()
        optimizer.step()
        return loss

    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    loader = small.pairs(x, y, seed=seed, size=32)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": step})


def softmax_in_the_step(seed: int) -> Patient:
    loader = small.reading(seed)
    model = small.Reader()

    def step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        chances = F.softmax(model(batch["input_ids"], batch["attention_mask"]), dim=-1)
        loss = loss_fn(chances, batch["labels"])
        loss.backward()
        optimizer.step()
        return loss.item()

    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": step})


def _halves(batch):
    images, target = batch
    middle = len(images) // 2
    return (images[:middle], target[:middle]), (images[middle:], target[middle:])


CASES = [
    small.sick("no-zero-grad", "mlp", no_zero_grad),
    small.sick("no-zero-grad", "once-an-epoch", no_zero_grad_once_an_epoch),
    small.sick("zero-grad-after-backward", "lstm", zero_grad_after_backward),
    small.sick("no-optimizer-step", "tags", no_optimizer_step),
    small.sick("train-in-eval-mode", "cnn", train_in_eval_mode),
    small.sick("eval-in-train-mode", "transformer", eval_in_train_mode),
    small.sick("detached-loss", "regression", detached_loss),
    small.sick("detached-loss", "item", detached_loss_item),
    small.sick("softmax-before-cross-entropy", "step", softmax_in_the_step),
]
