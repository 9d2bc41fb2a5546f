"""Weights by name: loading them with one clear error, and writing them down for others."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import safetensors.torch
from torch import Tensor, nn

from course_lib._files import write_atomically
from course_lib.checkpoint._names import expect_same_names, tied


def load_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Load weights into a model whose names and shapes are the same.

    A name may be missing whose tensor is tied to one that is there.

    Raises:
        ValueError: names are missing or unexpected, or shapes differ; all are named, and the model
            is as it was.

    Built in notebooks/07_checkpoints.ipynb.
    """
    expect_same_names(model, weights, "load_weights")
    model.load_state_dict(weights, strict=False)


def export(model: nn.Module, path: str | PathLike) -> Path:
    """Write the weights, and nothing else, as safetensors: a format that can hold no code.

    Tensors that are tied are written once. `load_weights(model, safetensors.torch.load_file(path))`
    reads them back.

    Raises:
        TypeError: the model's state holds something else than tensors.
        OSError: it could not be written; an earlier file is as it was.

    Built in notebooks/07_checkpoints.ipynb.
    """
    path, state = Path(path), model.state_dict()
    if odd := [name for name, value in state.items() if not isinstance(value, Tensor)]:
        raise TypeError(
            f"export: {', '.join(odd)} of this {type(model).__name__} is no tensor, expected "
            "tensors only: safetensors holds nothing else. Export the part that has none of it."
        )
    names = [same[0] for same in tied(model)]
    tensors = {name: state[name].detach().cpu().contiguous().clone() for name in names}
    write_atomically(path, safetensors.torch.save(tensors, {"format": "pt"}))
    return path
