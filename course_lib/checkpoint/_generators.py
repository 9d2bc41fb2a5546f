"""Which generators decide the order of a loader."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch


def generators(loaders: Iterable[Any]) -> Iterator[torch.Generator]:
    """Each generator that decides the order of a loader, once."""
    seen: list[torch.Generator] = []
    for loader in loaders:
        batch_sampler = getattr(loader, "batch_sampler", None)
        samplers = [loader, getattr(loader, "sampler", None), batch_sampler]
        for holder in [*samplers, getattr(batch_sampler, "sampler", None)]:
            found = getattr(holder, "generator", None)
            if isinstance(found, torch.Generator) and all(found is not other for other in seen):
                seen.append(found)
    yield from seen
