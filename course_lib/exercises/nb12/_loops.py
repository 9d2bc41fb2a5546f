"""Loops that clear their gradients, or some of them, or none."""

from collections.abc import Callable
from typing import Any

from torch import nn

from course_lib.exercises.nb12 import _toy


def adds(model: nn.Module, batch: dict, loss_fn: Callable, optimizer: Any) -> float:
    """No clearing at all."""
    loss = _toy.loss_of(model, batch, loss_fn)
    loss.backward()
    optimizer.step()
    return loss.item()


def clearing_the_model(model: nn.Module, *others: Any) -> float:
    model.zero_grad()
    return adds(model, *others)


def clearing_to_zeros(model: nn.Module, batch: dict, loss_fn: Callable, optimizer: Any) -> float:
    optimizer.zero_grad(set_to_none=False)
    return adds(model, batch, loss_fn, optimizer)


def clearing_by_hand(model: nn.Module, *others: Any) -> float:
    for parameter in model.parameters():
        parameter.grad = None
    return adds(model, *others)


def clearing_at_the_end(*arguments: Any) -> float:
    loss = adds(*arguments)
    arguments[-1].zero_grad()
    return loss


def zeros_at_the_end(*arguments: Any) -> float:
    loss = adds(*arguments)
    arguments[-1].zero_grad(set_to_none=False)
    return loss


def in_two_halves(model: nn.Module, batch: dict, loss_fn: Callable, optimizer: Any) -> float:
    optimizer.zero_grad()
    for half in (slice(0, 2), slice(2, 4)):
        part = {name: tensor[half] for name, tensor in batch.items()}
        loss = _toy.loss_of(model, part, loss_fn) / 2
        loss.backward()
    optimizer.step()
    return loss.item()


def clearing(word: str) -> Callable:
    """A loop that clears the gradients of those with this word in their name, and no others."""

    def step(model: nn.Module, *others: Any) -> float:
        for name, parameter in model.named_parameters():
            if word in name:
                parameter.grad = None
        return adds(model, *others)

    return step
