"""One flipped bit in a checkpoint: who notices, and what it does where nobody does."""

import io
import random
import tempfile
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_lib.checkpoint import Checkpoints, load
from tests.benchmarks import _saving, _tasks
from tests.benchmarks._table import table

FLIPS = 200


def flips(count: int = FLIPS) -> str:
    """In a checkpoint of the running task, after an epoch."""
    path, content = checkpoint()
    original = torch.load(io.BytesIO(content), weights_only=True)
    generator, found = random.Random(0), []
    for _ in range(count):
        damaged = flipped(content, generator.randrange(8 * len(content)))
        found.append([_noticed_by_load(path, damaged), *_read(damaged, original)])
    silent = [change for _, read, _, change in found if read]
    return table(
        f"{count} random bits flipped, one at a time, in a checkpoint of {len(content):,} bytes",
        ("reader", "noticed", "read with other numbers", "largest change of a number"),
        [
            ["course_lib.checkpoint.load", sum(each[0] for each in found), 0, ""],
            ["zipfile.testzip", sum(each[2] for each in found), "", ""],
            [
                "torch.load, weights_only",
                sum(not read for _, read, *_ in found),
                sum(change > 0 for change in silent),
                f"{max(silent, default=0):.1e}",
            ],
        ],
    )


def checkpoint() -> tuple[Path, bytes]:
    setting = _tasks.running(1)
    model, optimizer, scheduler, loader = setting.objects()
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = _saving.Timed(folder)
        _saving.trained(setting, checkpoints, model, loader, optimizer, scheduler)
        path = Checkpoints(folder).files()[0]
        return path, path.read_bytes()


def flipped(content: bytes, bit: int) -> bytes:
    damaged = bytearray(content)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def _noticed_by_load(path: Path, damaged: bytes) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(damaged)
        try:
            load(copy)
        except ValueError:
            return True
    return False


def _read(damaged: bytes, original: dict) -> tuple[bool, bool, float]:
    """Whether torch.load reads it, whether testzip notices, and the largest change of a number."""
    try:
        with zipfile.ZipFile(io.BytesIO(damaged)) as opened:
            noticed = opened.testzip() is not None
    except Exception:
        noticed = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state = torch.load(io.BytesIO(damaged), weights_only=True)
    except Exception:
        return False, noticed, 0.0
    return True, noticed, change(original, state)


def change(original: Any, other: Any) -> float:
    """The largest difference of two nested states; infinite where they are made otherwise."""
    return max(_changes(original, other), default=0.0)


def _changes(first: Any, second: Any) -> Iterator[float]:
    if type(first) is not type(second):
        yield float("inf")
    elif isinstance(first, Tensor):
        if first.shape != second.shape or first.dtype != second.dtype:
            yield float("inf")
        elif not torch.equal(first, second):
            yield (first.double() - second.double()).abs().nan_to_num(float("inf")).max().item()
    elif isinstance(first, Mapping):
        if first.keys() != second.keys():
            yield float("inf")
        for name in first.keys() & second.keys():
            yield from _changes(first[name], second[name])
    elif isinstance(first, list | tuple):
        if len(first) != len(second):
            yield float("inf")
        for pair in zip(first, second, strict=False):
            yield from _changes(*pair)
    elif first != second:
        yield abs(first - second) if isinstance(first, int | float) else float("inf")
