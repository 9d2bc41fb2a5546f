"""What a training leaves behind: numbers for every step and for every epoch."""

from dataclasses import dataclass, field


@dataclass
class History:
    """The curves of a training.

    Attributes:
        losses  the loss of each step, from before the weights moved
        rates   the learning rate of each step, of the first parameter group
        epochs  for each finished epoch {"epoch": 1, "train_loss": ..., "valid_loss": ..., ...}

    Built in notebooks/05_training_loop.ipynb.
    """

    losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    epochs: list[dict[str, float]] = field(default_factory=list)

    def column(self, name: str) -> list[float]:
        """One number of every epoch, such as "valid_loss".

        Raises:
            KeyError: no epoch is finished, or its numbers have no such name.
        """
        without = next((epoch for epoch in self.epochs or [{}] if name not in epoch), None)
        if without is not None:
            where = f" in epoch {without['epoch']}" if without else ""
            raise KeyError(
                f"History: there is no column {name!r}{where}; expected one of: "
                f"{', '.join(without) or 'none, no epoch is finished'}. fit() makes valid_loss "
                "with a valid_loader, and others with metrics."
            )
        return [epoch[name] for epoch in self.epochs]
