"""All states that decide what random numbers come next."""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from course_lib.checkpoint._generators import generators


def random_states(*loaders: Any) -> dict[str, Any]:
    """The states of Python's, NumPy's and PyTorch's generators, and of those of the loaders.

    They are tensors, numbers, strings and lists: what `torch.load` reads with weights_only. Of
    other devices than the CPU, those of CUDA are among them.

    Built in notebooks/07_checkpoints.ipynb.
    """
    version, numbers, gauss = random.getstate()
    name, keys, place, has_gauss, cached = np.random.get_state()
    return {
        "python": [version, torch.tensor(numbers), gauss],
        "numpy": [name, torch.from_numpy(keys.astype(np.int64)), place, has_gauss, cached],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "loaders": [generator.get_state() for generator in generators(loaders)],
    }


def set_random_states(states: Mapping[str, Any], *loaders: Any) -> None:
    """Put back what `random_states` gave; without loaders, those of loaders stay as they are.

    Raises:
        ValueError: the loaders have another number of generators than they had. Nothing is set.

    Built in notebooks/07_checkpoints.ipynb.
    """
    found = list(generators(loaders))
    if loaders and len(found) != len(states["loaders"]):
        raise ValueError(
            f"set_random_states: the loaders have {len(found)} generators, expected "
            f"{len(states['loaders'])}, as when the states were taken. Make the loaders in the "
            "same way: generator=... and the sampler decide."
        )
    version, numbers, gauss = states["python"]
    random.setstate((version, tuple(torch.as_tensor(numbers).tolist()), gauss))
    name, keys, *others = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *others))
    torch.set_rng_state(states["torch"])
    if states["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(states["cuda"])
    for generator, state in zip(found, states["loaders"], strict=False):
        generator.set_state(state)
