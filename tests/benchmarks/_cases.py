"""Random cases for the benchmark of references, with the edges among them.

A case is what a model says and the labels. Those of losses are tensors, drawn with torch's global
generator; those of metrics are arrays.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

ROUNDS = 100  # cases of each kind
C = 5
Tensors = Iterator[tuple[Tensor, Tensor]]
Arrays = Iterator[tuple[np.ndarray, np.ndarray]]


def ordinary_logits(dtype: torch.dtype) -> Tensors:
    """(B, C) logits and (B,) labels, without edges."""
    for _ in range(ROUNDS):
        B = torch.randint(2, 65, ()).item()
        yield 3 * torch.randn(B, C, dtype=dtype), torch.randint(C, (B,))


def logits(dtype: torch.dtype) -> Tensors:
    """The same with edges. One label is 0, so that some may weigh nothing."""
    for found, labels in ordinary_logits(dtype):
        labels[0] = 0
        yield found, labels
        yield found, labels.clamp(max=C - 2)  # the last class is absent
        yield torch.full_like(found, found[0, 0].item()), labels
        yield 1e4 * found, labels
        yield 1e30 * found, labels
        yield found[:1], labels[:1]


def binary_logits(dtype: torch.dtype) -> Tensors:
    for found, _ in ordinary_logits(dtype):
        labels = torch.randint_like(found, 2)
        yield found, labels
        yield found, torch.rand_like(found)  # probabilities
        yield found, torch.zeros_like(found)  # no 1 at all
        yield torch.full_like(found, found[0, 0].item()), labels
        yield 1e4 * found, labels
        yield 1e30 * found, labels
        yield found[:1, 0], labels[:1, 0]


def regression(dtype: torch.dtype) -> Tensors:
    for found, _ in ordinary_logits(dtype):
        labels = torch.randn_like(found)
        yield found, labels
        yield found[:, 0], labels[:, 0]
        yield found.sign(), labels.sign()  # many without an error
        yield torch.full_like(found, found[0, 0].item()), labels
        yield 1e4 * found, labels
        yield found[:1, 0], labels[:1, 0]


def predicted_classes(draw: np.random.Generator, classes: int = C) -> Arrays:
    for _ in range(ROUNDS):
        found, labels = draw.integers(classes, size=(2, draw.integers(2, 200)))
        yield found, labels
        yield found, labels.clip(max=classes - 2)  # a class that is not there
        yield found.clip(max=classes - 2), labels  # one that is never predicted
        yield found * 0, labels
        yield found[:1], labels[:1]


def scored(draw: np.random.Generator) -> Arrays:
    """(N,) scores, and labels of 0 and 1."""
    for _ in range(ROUNDS):
        N = draw.integers(2, 200)
        found, labels = draw.normal(size=N), draw.integers(2, size=N)
        yield found, labels
        yield found.round(), labels  # ties
        yield found * 0, labels
        yield found, labels * 0
        yield found, labels * 0 + 1
        yield found[:1], labels[:1]


def ranked(draw: np.random.Generator, most: int = 1) -> Arrays:
    """(Q, D) scores, and labels from 0 to `most`."""
    for _ in range(ROUNDS):
        Q, D = draw.integers(1, 10), draw.integers(2, 20)
        found, labels = draw.normal(size=(Q, D)), draw.integers(most + 1, size=(Q, D))
        yield found, labels
        yield found.round(), labels  # ties
        yield found * 0, labels
        yield found, labels * draw.integers(2, size=(Q, 1))  # queries with nothing relevant
        yield found[:1, :2], labels[:1, :2]


def ranked_with_one_relevant(draw: np.random.Generator) -> Arrays:
    for found, labels in ranked(draw):
        Q, D = labels.shape
        yield found, np.eye(D, dtype=int)[draw.integers(D, size=Q)]


def predicted_numbers(draw: np.random.Generator) -> Arrays:
    for _ in range(ROUNDS):
        found, labels = draw.normal(size=(2, draw.integers(2, 200)))
        yield found, labels
        yield 1e6 * found, labels
        yield found * 0, labels
        yield labels, labels
        yield found[:1], labels[:1]
