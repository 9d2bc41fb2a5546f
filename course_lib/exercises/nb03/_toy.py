"""A backbone whose hidden states are known by arithmetic."""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

OBJECT = (
    "The backbone gives an object with named parts, no tensor: take .last_hidden_state before you "
    "go on."
)
IDS = torch.tensor([[1, 2, 3, 4], [5, 6, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
TRIED = "a batch of two sentences, of 4 and 2 tokens"


class BaseModelOutput:
    """What Transformers' object of this name does: its parts by name, by key, and as a tuple's."""

    def __init__(self, last_hidden_state: Tensor) -> None:
        self.last_hidden_state = last_hidden_state

    def __getitem__(self, key: Any) -> Tensor:
        by_key = isinstance(key, str) and key == "last_hidden_state"
        return self.last_hidden_state if by_key else (self.last_hidden_state,)[key]


class ToyBackbone(nn.Module):
    """A hidden state is the token's own vector plus twice the mean of all that the mask keeps."""

    def __init__(self, hidden_size: int = 4) -> None:
        super().__init__()
        self.config = SimpleNamespace(hidden_size=hidden_size)
        self.embeddings = nn.Embedding(7, hidden_size)
        numbers = torch.arange(7 * hidden_size).view(7, hidden_size)
        self.embeddings.weight.data = (numbers * 1.7).sin()

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, **others: Any
    ) -> BaseModelOutput:
        own = self.embeddings(input_ids)  # (B, T, H)
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        mean = (own * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)  # (B, H)
        return BaseModelOutput(last_hidden_state=own + 2 * mean.unsqueeze(1))


def hidden_of(backbone: ToyBackbone, mask: Tensor | None = MASK, ids: Tensor = IDS) -> Tensor:
    """(2, 4, H): what the backbone gives for IDS, or for others."""
    with torch.no_grad():
        return backbone(ids, mask).last_hidden_state


def mean_of(hidden: Tensor) -> Tensor:
    """(2, 4, H) -> (2, H): the means of the 4 and the 2 real tokens."""
    return torch.stack([hidden[0].mean(dim=0), hidden[1, :2].mean(dim=0)])
