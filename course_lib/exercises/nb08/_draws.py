"""Random draws: from the generator that was handed in, and from nowhere else."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import expect_that, same

PASS_IT = (
    "torch.rand(shape, generator=generator), and so with every other draw: a draw without it, or "
    "by random and NumPy, takes its numbers from elsewhere."
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def expect_batch(got: Any, like: Tensor, tried: str, name: str = "it") -> None:
    """Raise a `Mistake` unless it is a tensor of this shape."""
    expect_that(
        isinstance(got, Tensor) and got.shape == like.shape,
        tried=tried,
        got=got,
        expected=f"a tensor of shape {tuple(like.shape)}",
        idea=f"{name[0].upper()}{name[1:]} has a position for each token of the batch: (B, T).",
    )


def expect_the_generator(draw: Callable[[torch.Generator], Any], tried: str) -> None:
    """Raise a `Mistake` unless the generator alone decides, and moves on with each call."""
    generator = seeded(3)
    first, second, again = draw(generator), draw(generator), draw(seeded(3))
    expect_that(
        same(first, again),
        tried=f"{tried}, twice, each time with a new generator of seed 3",
        told="two different answers",
        expected="the same answer",
        idea=f"Not all draws come from the generator. {PASS_IT}",
    )
    expect_that(
        not same(first, second),
        tried=f"{tried}, twice, with one and the same generator",
        told="the same answer",
        expected="two different answers",
        idea="A seed inside of the function makes every call draw the same numbers, in every batch "
        "and every epoch. Leave the generator as it is, and draw from it.",
    )


def uniform_share(flags: Tensor) -> float:
    """(R, N) bool -> the share of rows that are all True or all False; 0 if all are the same."""
    if (flags == flags[:1]).all() and (flags == flags[:, :1]).all():
        return 0.0  # all True, or all False
    return (flags.all(dim=1) | ~flags.any(dim=1)).float().mean().item()


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"
