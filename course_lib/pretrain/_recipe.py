"""What the backbone is made of and how it is trained. A number here changes the result."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Sizes and settings of one pretraining run; the same recipe gives the same backbone."""

    vocabulary: int = 6000
    hidden: int = 128
    layers: int = 3
    heads: int = 4
    tokens: int = 64  # the longest input; longer paragraphs are cut into several
    batch_size: int = 64
    steps: int = 40_000
    learning_rate: float = 1e-3  # reached after the warm-up, then falling in a straight line to 0
    warm_up: int = 300
    weight_decay: float = 0.01
    clip: float = 1.0
    mask: float = 0.2  # the share of tokens that are to be guessed
    seed: int = 0

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        rising = (step + 1) / self.warm_up
        falling = (self.steps - step) / max(1, self.steps - self.warm_up)
        return self.learning_rate * min(1.0, rising, falling)
