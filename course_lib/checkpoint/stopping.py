"""When a training has been at its best, and when to end it."""

import math
from collections.abc import Sequence
from typing import Any

MODES = ("min", "max")


def best_epoch(values: Sequence[float], mode: str = "min", min_delta: float = 0.0) -> int | None:
    """The number, from 1, of the epoch with the lowest (mode "min") or highest of the values.

    An epoch counts as better only if it is so by more than `min_delta`; NaN never is. None if no
    epoch counts.

    Raises:
        ValueError: the mode is another.

    Built in notebooks/07_checkpoints.ipynb.
    """
    if mode not in MODES:
        raise ValueError(
            f'best_epoch: got mode = {mode!r}, expected "min" if lower is better, as for a loss, '
            'or "max" if higher is, as for an accuracy.'
        )
    sign = 1 if mode == "min" else -1
    best, lowest = None, math.inf
    for number, value in enumerate(values, start=1):
        if sign * value < lowest - min_delta:
            best, lowest = number, sign * value
    return best


class EarlyStopping:
    """Ends a training when a column of its history has not improved for `patience` epochs.

    A callback for `fit`. It remembers nothing: it looks at the history, so a resumed training ends
    where it would have ended.

    Arguments:
        monitor    such as "valid_loss", or "valid_" and the name of a metric
        patience   epochs without an improvement
        min_delta  what is no larger is no improvement
        mode       "min" if lower is better, "max" if higher is

    Raises:
        ValueError: the patience is below 1, min_delta below 0, or the mode is another.

    Built in notebooks/07_checkpoints.ipynb.
    """

    def __init__(
        self,
        monitor: str = "valid_loss",
        *,
        patience: int = 3,
        min_delta: float = 0.0,
        mode: str = "min",
    ) -> None:
        if patience < 1 or not min_delta >= 0:
            raise ValueError(
                f"EarlyStopping: got patience = {patience} and min_delta = {min_delta}, expected a "
                "patience of 1 or more epochs and a min_delta of 0 or more; mode says which way "
                "is better."
            )
        best_epoch((), mode)  # refuses an unknown one
        self.monitor, self.patience, self.min_delta, self.mode = monitor, patience, min_delta, mode

    def on_start(self, run: Any) -> None:
        self.on_epoch(run)  # a resumed training may be over already

    def on_epoch(self, run: Any) -> None:
        if not run.epoch:
            return
        best = best_epoch(run.history.column(self.monitor), self.mode, self.min_delta) or 0
        if run.epoch - best >= self.patience:
            run.stop = True
            told = f"was best in epoch {best}" if best else "has been no finite number"
            print(f"EarlyStopping: {self.monitor} {told}; the training ends after {run.epoch}.")
