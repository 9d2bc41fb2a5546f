"""A sentence masked for an explorer, by the draws of `mask_tokens`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from course_lib.pretrain.masking import IGNORED, mask_tokens

BERT, MASKED, RANDOM, KEPT = "80 % / 10 % / 10 %, BERT's", "all [MASK]", "all random", "all kept"
MOST_TOKENS = 32


@dataclass(frozen=True)
class Pieces:
    """What masking has to know of a tokenizer, of transformers or of the tokenizers library."""

    tokenizer: Any
    plain: bool  # of the tokenizers library
    special: tuple[int, ...]  # that are never chosen
    mask: int
    words: range

    def ids(self, text: str) -> tuple[list[int], bool]:
        """The first tokens, with the last one at the end, and whether some are left out."""
        if self.plain:
            ids = list(self.tokenizer.encode(text).ids)
        else:
            ids = self.tokenizer(text, truncation=True, max_length=MOST_TOKENS + 1)["input_ids"]
        cut = len(ids) > MOST_TOKENS
        return ([*ids[: MOST_TOKENS - 1], ids[-1]] if cut else ids), cut

    def name(self, number: int) -> str:
        if self.plain:
            return str(self.tokenizer.id_to_token(number))
        return str(self.tokenizer.convert_ids_to_tokens(number))


def pieces_of(tokenizer: Any) -> Pieces:
    """Raises ValueError where there is no token for a mask."""
    plain = hasattr(tokenizer, "encode_batch")
    never = [_special(tokenizer, name, plain) for name in ("pad", "cls", "sep")]
    mask, unknown = (_special(tokenizer, name, plain) for name in ("mask", "unk"))
    if mask is None:
        raise ValueError(
            "explore.masking: the tokenizer has no token for a mask, expected one like [MASK]. "
            "load_backbone() gives such a tokenizer, train_tokenizer makes one."
        )
    known = sorted(number for number in (*never, mask, unknown) if number is not None)
    first = len(known) if known == list(range(len(known))) else 0  # special tokens come first
    size = tokenizer.get_vocab_size() if plain else len(tokenizer)
    special = tuple(number for number in never if number is not None)
    return Pieces(tokenizer, plain, special, mask, range(first, size))


def _special(tokenizer: Any, name: str, plain: bool) -> int | None:
    if plain:
        return tokenizer.token_to_id(f"[{name.upper()}]")
    return getattr(tokenizer, f"{name}_token_id", None)


@dataclass(frozen=True)
class Masked:
    """A sentence before and after masking.

    Shapes:
        original, read, labels  (T,)
    """

    original: Tensor
    read: Tensor
    labels: Tensor
    tokens: int  # that could have been chosen
    mask: int

    def fate(self, place: int) -> str | None:
        """What became of a token; None if it was not chosen."""
        if self.labels[place] == IGNORED:
            return None
        if self.read[place] == self.mask:
            return "masked"
        return "kept" if self.read[place] == self.labels[place] else "replaced"

    def count(self, fate: str) -> int:
        return sum(self.fate(place) == fate for place in range(len(self.read)))

    @property
    def chosen(self) -> int:
        return int((self.labels != IGNORED).sum())

    @property
    def unchanged(self) -> int:
        """Tokens, but special ones, that can be read as they were written."""
        return self.tokens - self.chosen + self.count("kept")


def mask_sentence(pieces: Pieces, ids: Sequence[int], share: float, way: str, draw: int) -> Masked:
    """Mask one sentence, by the draws of `mask_tokens`; only what becomes of the chosen differs."""
    original = torch.tensor([list(ids)])  # (1, T)
    generator = torch.Generator().manual_seed(draw)
    arguments = (pieces.special, pieces.mask, pieces.words, share, generator)
    read, labels = mask_tokens(original, *arguments)
    if way != BERT:
        read = torch.where(labels != IGNORED, _all(way, pieces, original, draw), original)
    tokens = sum(number not in pieces.special for number in ids)
    return Masked(original[0], read[0], labels[0], tokens, pieces.mask)


def _all(way: str, pieces: Pieces, original: Tensor, draw: int) -> Tensor:
    """What all tokens would become, if all were chosen. (1, T)"""
    if way == MASKED:
        return torch.full_like(original, pieces.mask)
    if way == KEPT:
        return original
    generator = torch.Generator().manual_seed(draw)  # as mask_tokens draws: two shares, then words
    torch.rand(original.shape, generator=generator)
    torch.rand(original.shape, generator=generator)
    words = pieces.words
    return torch.randint(words.start, words.stop, original.shape, generator=generator)
