"""What every loop asks of a batch. `where` is the loop that asks, for the message."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

Batch = Mapping[str, Tensor]


def grouped(batches: Iterable[Batch], size: int) -> Iterator[list[Batch]]:
    """Lists of `size` batches; the last may be shorter. One list is in memory at a time."""
    iterator = iter(batches)
    while group := list(islice(iterator, size)):
        yield group


def device_of(model: nn.Module) -> torch.device:
    """Where the model's weights are; the CPU where it has none."""
    weight = next(model.parameters(), None)
    return torch.device("cpu") if weight is None else weight.device


def to_device(batch: Batch, device: torch.device, where: str) -> dict[str, Tensor]:
    """The batch with its tensors on `device`; those that are there already are not copied."""
    return {name: value.to(device) for name, value in inputs_of(batch, where).items()}


def inputs_and_labels(batch: Batch, where: str) -> tuple[dict[str, Tensor], Tensor]:
    """Part a batch into what the model takes, by name, and the labels."""
    inputs = inputs_of(batch, where)
    if "labels" not in inputs:
        raise ValueError(
            f"{where}: got a batch with {', '.join(inputs) or 'nothing'}, expected 'labels' too. "
            "Does the dataset have none? Then predict() is what you want."
        )
    labels = inputs.pop("labels")
    if labels.dim() == 0 or len(labels) == 0:
        raise ValueError(
            f"{where}: got labels of shape {tuple(labels.shape)}, expected one for each example, "
            "(B,) or (B, ...). Was the batch made by a loader?"
        )
    return inputs, labels


def inputs_of(batch: Any, where: str) -> dict[str, Tensor]:
    """A copy of the batch as a dict of tensors, from which the caller may take things."""
    if not isinstance(batch, Mapping):
        raise TypeError(
            f"{where}: got a batch of type {type(batch).__name__}, expected a dict such as "
            '{"input_ids": ..., "labels": ...}. Let the dataset give dicts.'
        )
    odd = {name: value for name, value in batch.items() if not isinstance(value, Tensor)}
    if odd:
        listed = ", ".join(f"{name} ({type(value).__name__})" for name, value in odd.items())
        raise TypeError(
            f"{where}: the batch holds {listed}, expected tensors only. Let the "
            "dataset's __getitem__ or the collate function leave it out or make a tensor of it."
        )
    return dict(batch)


@contextlib.contextmanager
def explaining_devices(where: str, model: nn.Module, *batch: Tensor) -> Iterator[None]:
    """Say plainly that model and batch are on different devices, if that was the error."""
    try:
        yield
    except (RuntimeError, NotImplementedError) as error:
        here, there = {weight.device for weight in model.parameters()}, {x.device for x in batch}
        if len(here | there) < 2:
            raise
        on, beside = (", ".join(sorted(map(str, devices))) for devices in (here, there))
        raise ValueError(
            f"{where}: the model is on {on}, the batch on {beside}; expected one device for all. "
            "Call model.to(device) before the optimizer is made, and move each batch: fit() and "
            "train_epoch() do."
        ) from error
