"""What has moved, compared bit by bit."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def snapshot(module: nn.Module) -> dict[str, Tensor]:
    """A copy of every parameter and every buffer, by name.

    Buffers count because they take part in the answer: BatchNorm's statistics are buffers. Those
    that a state_dict leaves out are here too.

    Built in notebooks/09_transfer_learning.ipynb.
    """
    return {name: tensor.detach().clone() for name, tensor in _tensors(module).items()}


def moved(before: Mapping[str, Tensor], module: nn.Module) -> list[str]:
    """The names of all parameters and buffers that differ from a snapshot in at least one bit.

    So NaN is equal to the same NaN, and 0.0 differs from -0.0. What was added or taken away since
    has moved, too.

    Built in notebooks/09_transfer_learning.ipynb.
    """
    after = _tensors(module)
    return [
        name
        for name in dict.fromkeys([*before, *after])
        if name not in before or name not in after or not _same_bits(before[name], after[name])
    ]


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    parameters = module.named_parameters(remove_duplicate=False)
    return dict(parameters) | dict(module.named_buffers(remove_duplicate=False))


def _same_bits(one: Tensor, other: Tensor) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return torch.equal(_bytes(one), _bytes(other))


def _bytes(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
