"""A model whose logits are known by arithmetic, and which notes how it is asked."""

import torch
from torch import Tensor, nn

MIXED = "a model in training whose dropout is in evaluation mode"
BY_NAME = "The model wants its inputs by name, model(**inputs), not the dict itself."
STACKED = "The last batch is shorter: torch.cat joins batches, torch.stack wants equal sizes."
NO_PLACES = "torch.tensor([]) is of floats, and places are whole numbers: dtype=torch.long."
WHERE = "torch.where(condition) gives a tuple, an axis each: take its [0]."
OTHER_INPUTS = "Other models have other inputs: hand on all but the labels, model(**inputs)."


class Mirror(nn.Module):
    """Logits (x, 0): class 0 where x > 0, class 1 where x < 0. In training it says the opposite.

    It notes for each call whether it was in training, and whether autograd was recording.
    """

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(1.0))
        self.part = nn.Dropout(0.5)
        self.modes: list[bool] = []
        self.recording: list[bool] = []

    def forward(self, x: Tensor) -> Tensor:
        """(B,) -> (B, 2)"""
        self.modes.append(self.training)
        self.recording.append(torch.is_grad_enabled())
        sign = -1 if self.training else 1
        return self.w * torch.stack([sign * x, torch.zeros_like(x)], dim=1)


def mixed() -> Mirror:
    """A model in training, one part of which is in evaluation mode, as a frozen backbone is."""
    model = Mirror().train()
    model.part.eval()
    return model


def deep() -> Mirror:
    """A model in training whose part has two parts, the first of them in evaluation mode."""
    model = Mirror()
    model.part = nn.Sequential(nn.Dropout(0.5), nn.Dropout(0.5))
    model.part[0].eval()
    return model


def modes(model: Mirror) -> tuple[bool, bool]:
    """Whether the model is in training, and whether its part is."""
    return model.training, model.part.training


def batch_of(x: list[float], labels: list[int] | None = None) -> dict[str, Tensor]:
    batch = {"x": torch.tensor(x)}
    return batch if labels is None else batch | {"labels": torch.tensor(labels)}
