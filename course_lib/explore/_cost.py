"""What a training step costs: weights, bytes and floating-point operations, counted, not timed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop, sdpa_flop

ADAM_STATES = 2  # AdamW keeps two numbers for each weight that it moves


def _forward_flop(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return sdpa_flop(query, key, value)


def _backward_flop(gradient: Any, query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return sdpa_backward_flop(gradient, query, key, value)


# The attention that a CPU takes where there is no dropout; the counter knows the GPUs' alone.
_ATTENTION = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _forward_flop,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: _backward_flop,
}


@dataclass(frozen=True)
class Cost:
    """What one training step with AdamW takes.

    Attributes:
        trainable    parameters that learn
        weights      bytes of all parameters and buffers
        gradients    bytes of the gradients
        optimizer    bytes of AdamW's state
        activations  bytes that the forward pass keeps for the backward pass
        forward      floating-point operations of the forward pass, in matrix products
        backward     those of the backward pass
    """

    trainable: int
    weights: int
    gradients: int
    optimizer: int
    activations: int
    forward: int
    backward: int

    @property
    def memory(self) -> int:
        """Bytes of all of it."""
        return self.weights + self.gradients + self.optimizer + self.activations

    @property
    def operations(self) -> int:
        """Floating-point operations of the whole step."""
        return self.forward + self.backward


def step_cost(model: nn.Module, batch: dict[str, Tensor], loss_fn: Callable) -> Cost:
    """Count one step on a batch, in the mode that the model is in.

    Gradients, modes and the global random state stay as they are; a BatchNorm in train mode counts
    the batch, as in any step. `batch` is a dict of "labels" and the model's inputs by name.
    """
    inputs = {name: value for name, value in batch.items() if name != "labels"}
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    kept = _Kept([*model.parameters(), *model.buffers()])
    with _own_randomness(model), torch.enable_grad():
        with _counter() as forward, saved_tensors_hooks(kept.keep, lambda tensor: tensor):
            loss = loss_fn(model(**inputs), batch["labels"])
        with _counter() as backward:
            if loss.requires_grad:
                torch.autograd.grad(loss, learning, allow_unused=True)
    moving = sum(map(_bytes, learning))
    return Cost(
        trainable=sum(weight.numel() for weight in learning),
        weights=sum(map(_bytes, kept.fixed)),
        gradients=moving,
        optimizer=ADAM_STATES * moving,
        activations=sum(kept.storages.values()),
        forward=forward.get_total_flops(),
        backward=backward.get_total_flops(),
    )


class _Kept:
    """The storages that autograd keeps, each counted once; weights are there anyway."""

    def __init__(self, fixed: list[Tensor]) -> None:
        self.fixed, self.storages = fixed, {}
        self.known = {tensor.untyped_storage().data_ptr() for tensor in fixed}

    def keep(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.known:
            self.storages[storage.data_ptr()] = storage.nbytes()
        return tensor


def _counter() -> FlopCounterMode:
    return FlopCounterMode(display=False, custom_mapping=_ATTENTION)


def _own_randomness(model: nn.Module) -> Any:
    """Dropout draws from a copy of the random state."""
    devices = {weight.device for weight in model.parameters() if weight.device.type == "cuda"}
    return torch.random.fork_rng(devices=list(devices))


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
