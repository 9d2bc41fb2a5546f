"""A tokenizer and a model like those of Transformers, whose guesses are known by arithmetic."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

WORDS = ("[PAD]", "[UNK]", "[MASK]", "[CLS]", "[SEP]", "the", "loss", "falls", "rises", "model")
WORDS += ("mean", "##s", "row", "of", "each", "is")
V = len(WORDS)
# 1/2, 1/4, 1/8, ...; what is left for the last two goes 2 : 1, so that all sum to 1.
FALLING = torch.tensor([2.0 ** -(place + 1) for place in range(V - 2)] + [2**-13 / 3, 2**-14 / 3])


class BatchEncoding(dict):
    """What Transformers' object of this name does: its parts by key and as attributes."""

    def __getattr__(self, name: str) -> Any:
        if name not in self:
            raise AttributeError(name)
        return self[name]

    def to(self, device: Any) -> "BatchEncoding":
        return self


class ToyTokenizer:
    """Words between spaces, with [CLS] before and [SEP] behind. [MASK] is number 2 here.

    A plural that it does not know is two pieces: rows is row and ##s.
    """

    mask_token, mask_token_id = "[MASK]", WORDS.index("[MASK]")
    cls_token_id, sep_token_id, pad_token_id = 3, 4, 0
    vocab_size = V

    def __len__(self) -> int:
        return V

    def __call__(
        self, text: str | Sequence[str], return_tensors: str | None = None, **options: Any
    ) -> BatchEncoding:
        texts = [text] if isinstance(text, str) else text
        rows = [self._numbers(each) for each in texts]
        parts = {
            "input_ids": rows,
            "token_type_ids": [[0] * len(row) for row in rows],
            "attention_mask": [[1] * len(row) for row in rows],
        }
        if return_tensors is not None:
            return BatchEncoding({name: torch.tensor(part) for name, part in parts.items()})
        alone = isinstance(text, str)
        return BatchEncoding({name: part[0] if alone else part for name, part in parts.items()})

    def _numbers(self, text: str) -> list[int]:
        words = self.tokenize(text)
        known = [WORDS.index(word) if word in WORDS else 1 for word in words]
        return [self.cls_token_id, *known, self.sep_token_id]

    def tokenize(self, text: str) -> list[str]:
        return [piece for word in text.split() for piece in _cut(word)]

    def encode(self, text: str, return_tensors: str | None = None, **options: Any) -> Any:
        return self(text, return_tensors)["input_ids"]

    def get_vocab(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(WORDS)}

    vocab = property(get_vocab)

    def convert_tokens_to_ids(self, tokens: str | Sequence[str]) -> Any:
        return WORDS.index(tokens) if isinstance(tokens, str) else [*map(WORDS.index, tokens)]

    def convert_ids_to_tokens(self, ids: Any, **options: Any) -> Any:
        return WORDS[ids] if isinstance(ids, int) else [WORDS[int(number)] for number in ids]

    def decode(self, ids: Any, **options: Any) -> Any:
        ids = ids.tolist() if isinstance(ids, Tensor) else ids
        if isinstance(ids, int):
            return WORDS[ids]
        if ids and isinstance(ids[0], list):
            return [self.decode(row) for row in ids]
        return " ".join(WORDS[number] for number in ids)

    def batch_decode(self, sequences: Any, **options: Any) -> list[str]:
        found = self.decode(sequences)
        return [found] if isinstance(found, str) else found


def _cut(word: str) -> list[str]:
    plural = word not in WORDS and word.removesuffix("s") in WORDS
    return [word.removesuffix("s"), "##s"] if plural else [word]


class MaskedLMOutput:
    """What Transformers' object of this name does: its parts by name, by key, and as a tuple's."""

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits

    def __getitem__(self, key: Any) -> Tensor:
        return self.logits if key == "logits" else (self.logits,)[key]


class ToyModel(nn.Module):
    """At place t the words 5 + t, 6 + t, ... have 1/2, 1/4, ...; in training it is the reverse."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(1.0))

    @property
    def device(self) -> torch.device:
        return self.w.device

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
    ) -> MaskedLMOutput:
        B, T = input_ids.shape
        return MaskedLMOutput(self.w * logits_of(T, self.training).expand(B, T, V))


def logits_of(T: int, training: bool = False) -> Tensor:
    """(1, T, V)"""
    falling = FALLING.flip(0) if training else FALLING
    return torch.stack([falling.roll(5 + place) for place in range(T)]).log().unsqueeze(0) + 3


def guesses(place: int, top: int, training: bool = False) -> list[tuple[str, float]]:
    """The most probable words at a place, the first first."""
    best = logits_of(place + 1, training)[0, place].softmax(dim=-1).topk(top)
    return [
        (WORDS[number], value)
        for number, value in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]
