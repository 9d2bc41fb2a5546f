"""What accelerate shares in a process, set aside while an attempt runs."""

import contextlib
from collections.abc import Iterator
from typing import Any

from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from torch import Tensor

_SHARED = (PartialState, AcceleratorState, GradientState)


@contextlib.contextmanager
def state_set_aside() -> Iterator[None]:
    """Begin without a state, and put the caller's back.

    TrainingArguments and Accelerator(cpu=True) reset it, and an Accelerator that the notebook holds
    would be without device and precision from then on.
    """
    kept = [dict(kind._shared_state) for kind in _SHARED]
    _set([{} for _ in _SHARED])
    try:
        yield
    finally:
        _set(kept)


def _set(states: list[dict]) -> None:
    for kind, state in zip(_SHARED, states, strict=True):
        kind._shared_state.clear()
        kind._shared_state.update(state)


class Counting(Accelerator):
    """An Accelerator on the CPU that counts its backward passes."""

    def __init__(self) -> None:
        super().__init__(cpu=True)
        self.backwards = 0

    def backward(self, loss: Tensor, **options: Any) -> None:
        self.backwards += 1
        super().backward(loss, **options)
