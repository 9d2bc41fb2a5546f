"""A model with all that a training may carry, and a picture of it that tells any changed bit."""

import random
import warnings

import numpy as np
import torch
from torch import nn

from tests.tiny_training import adamw, batches, loss_fn

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
OPTIMIZER_HOOKS = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")


class Patient(nn.Module):
    """With all that a module may carry: buffers, plain tensors, a counter, a list, a memory."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm = nn.Linear(3, 6), nn.BatchNorm1d(6)
        self.drop, self.head = nn.Dropout(0.5), nn.Linear(6, 2)
        self.frozen = nn.Linear(6, 6).requires_grad_(False)
        self.register_buffer("calls", torch.zeros(()))
        self.register_buffer("secret", torch.zeros(3), persistent=False)
        self.plain, self.count, self.sizes, self.last = torch.ones(2), 0, [], None

    def forward(self, x):
        self.calls += 1
        self.secret.data += 1  # such a change PyTorch does not count
        self.plain = self.plain * 2
        self.count += 1
        self.sizes.append(len(x))
        hidden = self.drop(self.norm(self.first(x)).relu())
        logits = self.head(hidden + self.frozen(hidden))
        self.last = logits.detach()
        return logits


def bits(thing):
    """A value that is equal only for things that are equal to the bit."""
    if isinstance(thing, torch.Tensor):
        raw = thing.detach().contiguous().reshape(-1).view(torch.uint8).tolist()
        return (str(thing.dtype), tuple(thing.shape), thing.requires_grad, raw)
    if isinstance(thing, np.ndarray):
        return (str(thing.dtype), thing.shape, thing.tobytes())
    if isinstance(thing, dict):
        return [(key if isinstance(key, str) else id(key), bits(x)) for key, x in thing.items()]
    if isinstance(thing, list | tuple):
        return [bits(each) for each in thing]
    return thing


def weights(model, optimizer):
    """Values, identities and gradients of all tensors, and the hooks on them."""
    held = [weight for group in optimizer.param_groups for weight in group["params"]]
    found = {f"weight {i}": w for i, w in enumerate(held)}
    found |= dict(model.named_parameters()) | dict(model.named_buffers())
    return [
        (name, id(x), bits(x), id(x.grad), bits(x.grad), str(x._backward_hooks))
        for name, x in found.items()
    ]


def parts(model):
    """Modes, hooks and plain attributes of all modules."""
    own = ("_parameters", "_buffers", "_modules")
    return [
        (
            name,
            bits({key: x for key, x in vars(part).items() if key not in own}),
            [list(getattr(part, hooks)) for hooks in HOOKS],
        )
        for name, part in model.named_modules()
    ]


def state_of(optimizer):
    groups = [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
    hooks = [list(getattr(optimizer, name)) for name in OPTIMIZER_HOOKS]
    keys = sorted(k for k in vars(optimizer) if k != "_zero_grad_profile_name")
    return [bits(dict(optimizer.state)), bits(groups), hooks, keys, str(optimizer.step)]


def chance():
    name, keys, *rest = np.random.get_state()
    return [bits(torch.get_rng_state()), random.getstate(), name, keys.tobytes(), rest]


def ambience():
    return [torch.is_grad_enabled(), warnings.filters[:], torch.get_default_dtype()]


def photo(model, optimizer, *more):
    return [
        weights(model, optimizer),
        parts(model),
        state_of(optimizer),
        chance(),
        ambience(),
        more,
    ]


def trained(optimizer_of=adamw, steps=2):
    """A model and its optimizer amid a training: with state, gradients and random numbers drawn."""
    model = Patient()
    optimizer = optimizer_of(model)
    for given in batches(steps, B=6):
        loss_fn(model(given["x"]), given["labels"]).backward()
        optimizer.step()
    model.head.bias.grad = None
    model.drop.eval()
    model.first.weight.register_hook(lambda gradient: gradient * 1.0)
    model.norm.register_forward_hook(lambda *_: None)
    optimizer.register_step_pre_hook(lambda *_: None)
    return model, optimizer


def standard(model, batch, loss_fn, optimizer):
    model.train()
    optimizer.zero_grad()
    loss = loss_fn(model(batch["x"]), batch["labels"])
    loss.backward()
    optimizer.step()
    return loss.item()
