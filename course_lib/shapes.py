"""Look into a model: how many numbers it learns, and which shapes flow through it."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def count_parameters(module: nn.Module, trainable_only: bool = False) -> int:
    """Count the numbers in a module's parameters, those of its children included.

    A parameter that several layers share counts once. Buffers do not count.
    With `trainable_only`, parameters whose `requires_grad` is False are left out.

    Built in notebooks/01_module_and_parameter.ipynb.
    """
    return sum(
        parameter.numel()
        for parameter in module.parameters()
        if parameter.requires_grad or not trainable_only
    )


def record_shapes(
    module: nn.Module, *inputs: Tensor, **named_inputs: Tensor
) -> list[tuple[str, tuple]]:
    """Run a module once and note the output shape of every module inside it, in order of finishing.

    A module that is called twice is noted twice; one whose output is not a tensor is left out. The
    run builds no graph, and its hooks are removed afterwards, even if it fails.

    Returns:
        Pairs such as ("layers.0", (8, 32)).

    Built in notebooks/01_module_and_parameter.ipynb.
    """
    shapes: list[tuple[str, tuple]] = []

    def hook_for(name: str) -> Callable:
        def hook(child: nn.Module, args: tuple, output: object) -> None:
            if isinstance(output, Tensor):
                shapes.append((name, tuple(output.shape)))

        return hook

    handles = [
        child.register_forward_hook(hook_for(name))
        for name, child in module.named_modules()
        if name
    ]
    try:
        with torch.no_grad():
            module(*inputs, **named_inputs)
    finally:
        for handle in handles:
            handle.remove()
    return shapes
