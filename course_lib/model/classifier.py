"""A classifier of sentences: a pretrained backbone, a pooling, a head."""

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn

from course_lib.model._mask import expect_mask
from course_lib.model.pooling import masked_mean

DROPOUT = 0.1


def linear_head(hidden_size: int, num_classes: int, dropout: float = DROPOUT) -> nn.Sequential:
    """The smallest head, dropout and one linear layer: (B, H) -> (B, C).

    Built in notebooks/03_custom_model.ipynb.
    """
    return nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden_size, num_classes))


def two_layer_head(hidden_size: int, num_classes: int, dropout: float = DROPOUT) -> nn.Sequential:
    """A head with a layer of its own before the classes: (B, H) -> (B, H) -> (B, C).

    Built in notebooks/03_custom_model.ipynb.
    """
    return nn.Sequential(
        nn.Dropout(dropout),
        nn.Linear(hidden_size, hidden_size),
        nn.GELU(),
        nn.Dropout(dropout),
        nn.Linear(hidden_size, num_classes),
    )


class TextClassifier(nn.Module):
    """A pretrained backbone, a pooling and a head: token numbers in, logits out.

    Shapes:
        input_ids       (B, T)  whole numbers below V
        attention_mask  (B, T)  1 for a token, 0 for padding; None is all 1
        returns         (B, C)  float, the logits

    Arguments:
        backbone     what `load_backbone` or `AutoModel` gives, with hidden size H
        num_classes  C, 2 or more
        pooling      (B, T, H), (B, T) -> (B, H): a function or a module, which then learns too
        head         (B, H) -> (B, C), a module; None makes `linear_head(H, C)`

    Raises:
        TypeError: the backbone is none, or brings a head of its own; on use, token numbers are
            not whole.
        ValueError: num_classes is below 2, or pooling or head do not fit; on use, the mask does
            not fit or has a row of zeros, a token number is outside the vocabulary, or T is more
            than the backbone has positions for.

    Built in notebooks/03_custom_model.ipynb.
    """

    def __init__(
        self,
        backbone: nn.Module,
        num_classes: int,
        pooling: Callable[[Tensor, Tensor], Tensor] = masked_mean,
        head: nn.Module | None = None,
    ) -> None:
        super().__init__()
        _expect_backbone(backbone)
        if isinstance(num_classes, bool) or not isinstance(num_classes, int) or num_classes < 2:
            raise ValueError(
                f"TextClassifier: got num_classes = {num_classes!r}, expected a whole number from "
                "2. Yes or no is two classes."
            )
        H = backbone.config.hidden_size
        self.backbone, self.pooling = backbone, pooling
        self.head = linear_head(H, num_classes) if head is None else head
        _expect_fit(self.pooling, self.head, H, num_classes)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
    ) -> Tensor:
        """(B, T), (B, T) -> (B, C). Some tokenizers give token_type_ids too; they are ignored."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        _expect_inputs(input_ids, mask, self.backbone)
        outputs = self.backbone(input_ids=input_ids, attention_mask=mask)
        hidden = outputs.last_hidden_state  # (B, T, H)
        return self.head(self.pooling(hidden, mask))  # (B, H), then (B, C)


def _expect_backbone(backbone: nn.Module) -> None:
    if not hasattr(getattr(backbone, "config", None), "hidden_size"):
        raise TypeError(
            f"TextClassifier: got a backbone of type {type(backbone).__name__}, expected a "
            "transformers model. load_backbone() gives two things: backbone, tokenizer."
        )
    if getattr(backbone, "base_model", backbone) is not backbone:
        raise TypeError(
            f"TextClassifier: got {type(backbone).__name__}, which has a head already; expected "
            "a bare backbone. Load it with AutoModel, or pass its .base_model."
        )


def _expect_fit(pooling: Callable, head: nn.Module, H: int, C: int) -> None:
    """Try pooling and head, or rather copies, on two sentences of three tokens."""
    weight = next(head.parameters(), torch.zeros(()))
    hidden = torch.zeros(2, 3, H, dtype=weight.dtype, device=weight.device)
    mask = torch.ones(2, 3, dtype=torch.long, device=weight.device)
    with torch.no_grad():
        pooled = _trial(pooling)(hidden, mask)
        if pooled.dim() != 2 or len(pooled) != 2:
            raise ValueError(
                f"TextClassifier: the pooling made {tuple(pooled.shape)} of (2, 3, {H}), expected "
                f"(2, {H}): one vector a sentence. Does it go over the tokens, dim=1?"
            )
        try:
            logits = _trial(head)(pooled)
        except RuntimeError as error:
            raise ValueError(
                f"TextClassifier: the head does not take what the pooling gives, {error}; "
                f"expected a head for (B, {pooled.size(1)}). Begin it with "
                f"nn.Linear({pooled.size(1)}, ...)."
            ) from error
    if logits.shape != (2, C):
        raise ValueError(
            f"TextClassifier: the head made {tuple(logits.shape)} of (2, {pooled.size(1)}), "
            f"expected (2, {C}) for num_classes = {C}. End it with nn.Linear(..., {C})."
        )


def _trial(part: Callable) -> Callable:
    """A copy of a module, in which dropout does nothing and BatchNorm counts nothing."""
    return deepcopy(part).eval() if isinstance(part, nn.Module) else part


def _expect_inputs(input_ids: Tensor, mask: Tensor, backbone: nn.Module) -> None:
    if input_ids.is_floating_point() or input_ids.dtype == torch.bool:
        raise TypeError(
            f"TextClassifier: input_ids are {input_ids.dtype}, expected whole numbers "
            "(torch.long). Were mask and ids swapped?"
        )
    if input_ids.dim() != 2 or input_ids.numel() == 0 or mask.shape != input_ids.shape:
        raise ValueError(
            f"TextClassifier: input_ids are {tuple(input_ids.shape)}, the mask is "
            f"{tuple(mask.shape)}; expected (B, T) of both, the same and not empty. One sentence "
            "is [sentence], a batch of B = 1."
        )
    _expect_positions(input_ids.size(1), backbone)
    vocabulary = backbone.get_input_embeddings().num_embeddings
    low, high = input_ids.min().item(), input_ids.max().item()
    if low < 0 or high >= vocabulary:
        raise ValueError(
            f"TextClassifier: got the token number {low if low < 0 else high}, expected 0 to "
            f"{vocabulary - 1}. Does the tokenizer belong to this backbone?"
        )
    expect_mask(mask, input_ids.unsqueeze(-1), "TextClassifier")


def _expect_positions(T: int, backbone: nn.Module) -> None:
    limit = _most_tokens(backbone)
    if limit is not None and limit < T:
        raise ValueError(
            f"TextClassifier: got T = {T} tokens, expected at most {limit}, for which the backbone "
            f"has positions. Cut off: tokenizer(..., truncation=True, max_length={limit})."
        )


def _most_tokens(backbone: nn.Module) -> int | None:
    """The longest T that a backbone has positions for; None if nothing limits it."""
    for name, module in backbone.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            # RoBERTa counts its positions from the number after padding's.
            before = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - before
    return None
