"""Gradual unfreezing: the head first, then one part more every so many epochs."""

from collections.abc import Sequence
from typing import Any

from course_lib.freeze._names import expect_parts, held_by, listed, parameters_under
from course_lib.freeze.freezing import freeze, unfreeze


class GradualUnfreezing:
    """A callback for `fit`: at first only the last part learns, then more of them, from the end on.

    What learns follows from the number of finished epochs alone, so a training that is resumed
    goes on as it would have; after the last epoch one part more learns than was trained. Parts with
    tied weights learn together, from the later of them on. The optimizer has to hold all parts from
    the start, as `parameter_groups` gives them; it passes over those that are frozen.

    Arguments:
        parts  names of modules, from the input to the output
        every  epochs until the next part is unfrozen

    Raises:
        ValueError: there are no parts, or every is below 1; at the start of a training, a part is
            not in the model or not in the optimizer.

    Method: Howard and Ruder (2018).

    Built in notebooks/09_transfer_learning.ipynb.
    """

    def __init__(self, parts: Sequence[str], every: int = 1) -> None:
        expect_parts(parts, "GradualUnfreezing")
        if not isinstance(every, int) or every < 1:
            raise ValueError(
                f"GradualUnfreezing: got every = {every!r}, expected a whole number of epochs from "
                "1 on. To unfreeze faster, name larger parts."
            )
        self.parts, self.every = list(parts), every

    def learning(self, epoch: int) -> list[str]:
        """The parts that learn when so many epochs are finished."""
        count = 1 + epoch // self.every
        return self.parts[-count:]

    def on_start(self, run: Any) -> None:
        held = set(held_by(run.optimizer))
        for part in self.parts:
            weights = parameters_under(run.model, part, "GradualUnfreezing")
            missing = [name for name, weight in weights.items() if weight not in held]
            if missing:
                raise ValueError(
                    f"GradualUnfreezing: the optimizer does not hold {len(missing):,} weights of "
                    f"{part!r} ({listed(missing)}), expected all parts from the start. Make it "
                    "with parameter_groups(model, ...) and a rate for each part."
                )
        self.on_epoch(run)

    def on_epoch(self, run: Any) -> None:
        learning = self.learning(run.epoch)
        frozen = self.parts[: len(self.parts) - len(learning)]
        if frozen:
            freeze(run.model, *frozen)
        unfreeze(run.model, *learning)
