"""Four layers of one weight each, and a training of them as callbacks see it."""

import torch
from torch import Tensor, nn

from course_lib.exercises import _warm
from course_lib.loop import History
from course_lib.loop._run import Run
from course_lib.loop.train import NO_SCALER

_warm.make_first_optimizer()

PARTS = ["embeddings", "layer.0", "layer.1", "head"]


class Chain(nn.Module):
    """Four layers of one weight each, one behind the other."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings, self.head = _scale(), _scale()
        self.layer = nn.ModuleList([_scale(), _scale()])

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layer[1](self.layer[0](self.embeddings(x))))


def _scale() -> nn.Linear:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.ones_(layer.weight)
    return layer


def last(count: int) -> list[str]:
    """So many parts, from the end."""
    return PARTS[len(PARTS) - count :]


def run_at(model: nn.Module, epoch: int) -> Run:
    """A training of so many finished epochs."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    run = Run(model, optimizer, None, NO_SCALER, History(), 10, 1)
    set_epoch(run, epoch)
    return run


def set_epoch(run: Run, epoch: int) -> None:
    """Let so many epochs be finished."""
    run.history.epochs[:] = [{"epoch": number + 1, "train_loss": 1.0} for number in range(epoch)]


class Watcher:
    """A callback that notes which parts have moved in each epoch."""

    def __init__(self) -> None:
        self.moved: list[list[str]] = []

    def on_start(self, run: Run) -> None:
        self.before = _weights(run.model)

    def on_epoch(self, run: Run) -> None:
        after = _weights(run.model)
        self.moved.append([part for part in PARTS if after[part] != self.before[part]])
        self.before = after


def _weights(model: nn.Module) -> dict[str, float]:
    return {part: model.get_submodule(part).weight.item() for part in PARTS}
