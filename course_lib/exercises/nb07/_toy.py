"""A small training, loaders of numbers, and checkpoints in a folder that goes away."""

import contextlib
import hashlib
import io
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from course_lib import checkpoint, data
from course_lib.exercises import _warm

_warm.make_first_optimizer()


class Numbers(Dataset):
    """{"number": n}; noisy ones have, beside it, a random number of each generator."""

    def __init__(self, count: int, noisy: bool = False) -> None:
        self.count, self.noisy = count, noisy

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        item = {"number": torch.tensor(index)}
        return item | {"noise": torch.tensor(next_numbers())} if self.noisy else item


def next_numbers() -> list[float]:
    """The next random number of Python, NumPy and PyTorch."""
    return [random.random(), float(np.random.rand()), torch.rand(()).item()]


def random_states(*loaders: Any) -> dict[str, Any]:
    """As in the notebook. "cuda" is for those who use the library's set_random_states."""
    name, keys, *others = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": [name, torch.from_numpy(keys.astype(np.int64)), *others],
        "torch": torch.get_rng_state(),
        "cuda": [],
        "loaders": [loader.generator.get_state() for loader in loaders],
    }


def set_random_states(states: Mapping[str, Any], *loaders: Any) -> None:
    """As in the notebook, whose states have no "cuda"."""
    checkpoint.set_random_states({"cuda": []} | dict(states), *loaders)


class Training:
    """As in the notebook: a model, an optimizer, a scheduler and a loader, made anew."""

    def __init__(self) -> None:
        self.model = nn.Linear(2, 1)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.5)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, 8)
        self.loader = data.make_loader(Numbers(6), 2, shuffle=True)

    def epoch(self) -> list[list[int]]:
        """Train for an epoch. Returns the batches; random numbers stand for dropout."""
        order = []
        for batch in self.loader:
            numbers = batch["number"].float()  # (2,)
            loss = (self.model(numbers) * torch.rand(1)).sum()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            order.append(batch["number"].tolist())
        self.scheduler.step()
        return order


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A new folder, which is gone afterwards."""
    made = Path(tempfile.gettempdir(), f"exercise-{uuid4().hex}")
    made.mkdir(mode=0o700)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def saved(state: dict[str, Any], where: Path, label: str) -> Path:
    """Write `where`/label-checksum.pt, as the notebook's save does."""
    content = io.BytesIO()
    torch.save(state, content)
    return written(content.getvalue(), where, label)


def written(content: bytes, where: Path, label: str) -> Path:
    """Write these bytes by a name that has their checksum."""
    path = where / f"{label}-{hashlib.sha256(content).hexdigest()[:16]}.pt"
    path.write_bytes(content)
    return path


def flipped(content: bytes, place: int) -> bytes:
    """The same but for one bit."""
    changed = bytearray(content)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def is_damaged_error(error: BaseException) -> bool:
    """Whether it is a DamagedError: the notebook has a class of its own by this name."""
    return any(kind.__name__ == "DamagedError" for kind in type(error).__mro__)
