"""Attention with a single head, by hand."""

import math

import torch
from torch import Tensor, nn

from course_lib.model._mask import expect_mask


def attention_weights(query: Tensor, key: Tensor, mask: Tensor | None = None) -> Tensor:
    """How much each token looks at each other one: softmax of scaled dot products.

    Shapes:
        query    (B, T, H)  float
        key      (B, T, H)  float
        mask     (B, T)     1 for a token, 0 for padding, which nobody looks at; None is all 1
        returns  (B, T, T)  float; row t says where token t looks, and adds up to 1

    Raises:
        ValueError: the shapes do not fit, the mask holds something else than 0 and 1, or a row of
            it has no token.

    Built in notebooks/03_custom_model.ipynb.
    """
    if query.dim() != 3 or query.shape != key.shape:
        raise ValueError(
            f"attention: query is {tuple(query.shape)}, key is {tuple(key.shape)}; expected "
            "(B, T, H) of both. Do both come from the same hidden states?"
        )
    scores = query @ key.transpose(1, 2) / math.sqrt(query.size(-1))  # (B, T, T)
    if mask is not None:
        expect_mask(mask, key, "attention")
        scores = scores.masked_fill((mask == 0).unsqueeze(1), float("-inf"))
    return torch.softmax(scores, dim=-1)


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    """Give each token an average of all values, weighted by where it looks.

    Shapes:
        query, key, value  (B, T, H)  float
        mask               (B, T)     1 for a token, 0 for padding; None is all 1
        returns            (B, T, H)  float

    Raises:
        ValueError: the shapes do not fit, the mask holds something else than 0 and 1, or a row of
            it has no token.

    Built in notebooks/03_custom_model.ipynb.
    """
    if value.shape != key.shape:
        raise ValueError(
            f"attention: value is {tuple(value.shape)}, key is {tuple(key.shape)}; expected "
            "(B, T, H) of both. Do both come from the same hidden states?"
        )
    return attention_weights(query, key, mask) @ value  # (B, T, H)


class SelfAttention(nn.Module):
    """One head of attention in which query, key and value are made of the same hidden states.

    Shapes:
        hidden   (B, T, H)  float
        mask     (B, T)     1 for a token, 0 for padding; None is all 1
        returns  (B, T, H)  float

    Built in notebooks/03_custom_model.ipynb.
    """

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.query = nn.Linear(hidden_size, hidden_size)
        self.key = nn.Linear(hidden_size, hidden_size)
        self.value = nn.Linear(hidden_size, hidden_size)

    def forward(self, hidden: Tensor, mask: Tensor | None = None) -> Tensor:
        return attention(self.query(hidden), self.key(hidden), self.value(hidden), mask)
