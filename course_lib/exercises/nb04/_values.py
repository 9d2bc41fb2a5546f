"""What several checks of notebook 04 need."""

import contextlib
from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from course_lib.exercises._checking import call, expect_that, explaining


def number(value: Any) -> Any:
    """A float where a tensor holds just one number: as good an answer."""
    if isinstance(value, Tensor) and value.dim() == 0:
        with contextlib.suppress(Exception):
            return float(value)
    return value


class _Names(TorchFunctionMode):
    """Notes the names of the PyTorch functions that are called, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_function__(
        self, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        self.seen.append(getattr(function, "__name__", ""))
        return function(*args, **(kwargs or {}))


def gradient(function: Callable, logits: Tensor, tried: str) -> Any:
    """What backward() leaves at the logits."""
    logits = logits.clone().requires_grad_()
    result = call(lambda: function(logits), tried=tried)
    idea = (
        "The way back to the logits is cut. .item(), .detach(), torch.tensor(...) and no_grad() "
        "do that: stay with tensors until the end."
    )
    with explaining(RuntimeError, idea):
        call(lambda: result.backward(), tried=f"{tried}: backward()")
    return logits.grad


@contextlib.contextmanager
def expect_by_hand(*ready: str, tried: str, idea: str) -> Any:
    """Raise a `Mistake` if a ready-made function whose name holds one of `ready` is called."""
    with _Names() as names:
        yield
    used = sorted({name for name in names.seen if any(part in name for part in ready)})
    expect_that(
        not used,
        tried=tried,
        told=f"a call of PyTorch's {', '.join(used)}",
        expected="the same, made of simpler functions",
        idea=idea,
    )


def calls_of(function: Callable, *arguments: Any, tried: str) -> int:
    """How many calls of PyTorch one call makes."""
    with _Names() as names:
        call(function, *arguments, tried=tried)
    return len(names.seen)


def expect_whole_batch(function: Callable, *arguments: Any, tried: str) -> None:
    """Raise a `Mistake` if a batch is taken one example at a time; it should have 100 or more."""
    made, B = calls_of(function, *arguments, tried=tried), len(arguments[0])
    expect_that(
        made < B,
        tried=tried,
        told=f"{made} calls of PyTorch for one batch",
        expected="a few calls, whatever B is",
        idea="Right, one example at a time, but the training below would take minutes. Do it for "
        "the whole batch at once: dim=1 is for the classes, torch.arange(B) for the rows.",
    )
