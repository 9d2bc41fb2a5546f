"""What a training step costs: weights, bytes and floating-point operations, counted, not timed."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

ADAM_STATES = 2  # AdamW keeps two numbers for each weight that it moves


@dataclass(frozen=True)
class Cost:
    """What one training step with AdamW takes.

    Attributes:
        trainable    parameters that learn
        weights      bytes of all parameters and buffers
        gradients    bytes of the gradients
        optimizer    bytes of AdamW's state
        activations  bytes that the forward pass keeps for the backward pass
        operations   floating-point operations of matrix products, forward and backward
    """

    trainable: int
    weights: int
    gradients: int
    optimizer: int
    activations: int
    operations: int

    @property
    def memory(self) -> int:
        """Bytes of all of it."""
        return self.weights + self.gradients + self.optimizer + self.activations


def step_cost(model: nn.Module, batch: dict[str, Tensor], loss_fn: Callable) -> Cost:
    """Count one step on a batch, in the mode that the model is in. Gradients stay as they are.

    `batch` is a dict of "labels" and the model's inputs by name.
    """
    inputs = {name: value for name, value in batch.items() if name != "labels"}
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    fixed = [*model.parameters(), *model.buffers()]
    known = {tensor.untyped_storage().data_ptr() for tensor in fixed}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with FlopCounterMode(display=False) as counter:
        with saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = loss_fn(model(**inputs), batch["labels"])
        if learning:
            torch.autograd.grad(loss, learning, allow_unused=True)
    moving = sum(_bytes(weight) for weight in learning)
    return Cost(
        trainable=sum(weight.numel() for weight in learning),
        weights=sum(map(_bytes, fixed)),
        gradients=moving,
        optimizer=ADAM_STATES * moving,
        activations=sum(kept.values()),
        operations=counter.get_total_flops(),
    )


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
