"""Drawing a model's graph: TensorBoard traces it, which wants tensors by position and one back."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from course_lib._modes import in_eval_mode


class ByPosition(nn.Module):
    """A model that takes its inputs by position and gives one tensor.

    That tensor is the output itself, or of an output with names its `logits`, or else the first.
    """

    def __init__(self, model: nn.Module, names: Sequence[str]) -> None:
        super().__init__()
        self.model, self.names = model, tuple(names)

    def forward(self, *inputs: Tensor) -> Tensor:
        return one_tensor(self.model(**dict(zip(self.names, inputs, strict=True))))


def one_tensor(output: Any) -> Tensor:
    """The tensor of an output that may have several, under names or in order."""
    if isinstance(output, Tensor):
        return output
    if isinstance(output, Mapping):
        output = [output["logits"]] if "logits" in output else list(output.values())
    return next(value for value in output if isinstance(value, Tensor))


def draw(writer: Any, model: nn.Module, inputs: Mapping[str, Tensor]) -> None:
    """Write the graph, with the model as it was: its modes, and PyTorch's random numbers."""
    given = {name: value for name, value in inputs.items() if name != "labels"}
    traced = ByPosition(model, list(given))
    with warnings.catch_warnings(), torch.random.fork_rng(), in_eval_mode(model):
        warnings.simplefilter("ignore")  # add_graph itself calls torch.jit.trace, deprecated
        writer.add_graph(traced, tuple(given.values()))
