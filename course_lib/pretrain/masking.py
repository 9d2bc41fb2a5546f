"""Masked language modelling: some tokens are hidden, and the model guesses them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from course_lib._modes import in_eval_mode

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100  # the label that PyTorch's cross-entropy leaves out


def mask_tokens(
    input_ids: Tensor,
    special_ids: Sequence[int],
    mask_id: int,
    words: range,
    share: float = 0.15,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Choose tokens to be guessed; of these mask 80 %, replace 10 % by chance, leave 10 %.

    Each token is chosen by itself, with probability `share`. One at least is chosen, since the mean
    loss of none is NaN.

    Shapes:
        input_ids  (B, T)  long
        returns    (B, T)  long, what the model reads; the input stays as it is
                   (B, T)  long, the labels: the token that stood there, -100 if not chosen

    Arguments:
        special_ids  are never chosen: [CLS], [SEP], [PAD]
        words        the numbers that random tokens are drawn from

    Raises:
        TypeError: input_ids are not whole numbers, or words is no range.
        ValueError: the shape is not (B, T), the share is not in (0, 1], there are no words, or no
            token but special ones.

    Method: Devlin and others (2019).

    Built in notebooks/08_pretraining.ipynb.
    """
    _expect_maskable(input_ids, special_ids, words, share)
    special = torch.isin(input_ids, torch.tensor(list(special_ids), device=input_ids.device))
    # Drawn on the CPU, so that a seed gives the same masks on every device.
    draw = torch.rand(input_ids.shape, generator=generator).to(input_ids.device)
    draw = draw.masked_fill(special, 2.0)
    chosen = draw < share  # (B, T)
    chosen.view(-1)[draw.argmin()] = True
    way = torch.rand(input_ids.shape, generator=generator).to(input_ids.device)
    by_chance = torch.randint(words.start, words.stop, input_ids.shape, generator=generator)
    by_chance = by_chance.to(input_ids.device)
    masked = torch.where(chosen & (way < 0.8), mask_id, input_ids)
    masked = torch.where(chosen & (way >= 0.8) & (way < 0.9), by_chance, masked)
    return masked, torch.where(chosen, input_ids, IGNORED)


@torch.no_grad()
def fill_mask(
    model: nn.Module, tokenizer: "PreTrainedTokenizerBase", text: str, top: int = 5
) -> list[tuple[str, float]]:
    """What the model would write for the one [MASK] in a text: tokens with their probabilities.

    The most probable first. The model's mode is left as it is found.

    Raises:
        ValueError: there is not just one mask in the text, or top is not in 1 to V.

    Built in notebooks/08_pretraining.ipynb.
    """
    inputs = tokenizer(text, return_tensors="pt", truncation=True)
    inputs = inputs.to(next(model.parameters()).device)
    places = (inputs["input_ids"][0] == tokenizer.mask_token_id).nonzero()  # (masks, 1)
    if len(places) != 1:
        raise ValueError(
            f"fill_mask: got {len(places)} masks in {text[:60]!r}, expected one. Write "
            f"{tokenizer.mask_token} for the one token to guess; a text that is cut off may lose "
            "it."
        )
    if not 1 <= top <= len(tokenizer):
        raise ValueError(
            f"fill_mask: got top = {top}, expected 1 to {len(tokenizer):,}, the size of the "
            "vocabulary."
        )
    with in_eval_mode(model):
        logits = model(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
        ).logits  # (1, T, V)
    probabilities = logits[0, places.item()].softmax(dim=-1)  # (V,)
    best = probabilities.topk(top)
    tokens = tokenizer.convert_ids_to_tokens(best.indices.tolist())
    return list(zip(tokens, best.values.tolist(), strict=True))


def _expect_maskable(
    input_ids: Tensor, special_ids: Sequence[int], words: range, share: float
) -> None:
    if input_ids.is_floating_point() or not isinstance(words, range):
        raise TypeError(
            f"mask_tokens: got input_ids of {input_ids.dtype} and words of type "
            f"{type(words).__name__}, expected whole numbers and a range. Write words=range(5, V)."
        )
    if input_ids.dim() != 2:
        raise ValueError(
            f"mask_tokens: input_ids are {tuple(input_ids.shape)}, expected (B, T). One sentence "
            "is [sentence], a batch of B = 1."
        )
    if not 0 < share <= 1:
        raise ValueError(
            f"mask_tokens: got share = {share}, expected more than 0 and at most 1, such as 0.15."
        )
    if words.step != 1 or not len(words):
        raise ValueError(
            f"mask_tokens: got words = {words}, expected the numbers of real tokens, such as "
            "range(5, 6000)."
        )
    if not set(input_ids.unique().tolist()) - set(special_ids):
        raise ValueError(
            "mask_tokens: all tokens are special ones, expected at least one to guess. Is the text "
            "empty, or is every token listed in special_ids?"
        )
