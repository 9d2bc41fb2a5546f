"""Sentences as sequences of token numbers, each as long as it is."""

from collections.abc import Callable, Iterable, Sequence
from operator import index as as_int

import torch
from torch import Tensor
from torch.utils.data import Dataset

MOST_TOKENS = 64


class SentenceDataset(Dataset):
    """Sentences: `{"input_ids": (T,) long, "labels": () long}`, T by the sentence.

    A sentence of more than `max_tokens` is cut off; its last token, which marks the end, stays.

    Arguments:
        sentences    the texts
        labels       for each its class; None where there are none
        encode       turns a text into a list of token numbers
        max_tokens   the longest T, 1 or more
        num_classes  if given, labels have to be below it

    Raises:
        TypeError: a sentence is not a string, a label or a token not a whole number.
        ValueError: a sentence is empty or has no token; labels are too many, too few or outside
            the classes; max_tokens is below 1.

    Built in notebooks/02_dataset_and_dataloader.ipynb.
    """

    def __init__(
        self,
        sentences: Sequence[str],
        labels: Sequence[int] | None,
        encode: Callable[[str], list[int]],
        max_tokens: int = MOST_TOKENS,
        num_classes: int | None = None,
    ) -> None:
        if max_tokens < 1:
            raise ValueError(
                f"SentenceDataset: got max_tokens = {max_tokens}, expected 1 or more. Try "
                f"{MOST_TOKENS}."
            )
        _expect_sentences(sentences)
        self.labels = None if labels is None else _checked(labels, len(sentences), num_classes)
        tokens = [_token_numbers(encode(text), text) for text in sentences]
        self.input_ids = [_shortened(ids, max_tokens) for ids in tokens]
        self.lengths = [len(ids) for ids in self.input_ids]

    def __len__(self) -> int:
        return len(self.input_ids)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        item = {"input_ids": torch.tensor(self.input_ids[index])}  # (T,)
        if self.labels is not None:
            item["labels"] = torch.tensor(self.labels[index])
        return item


def _expect_sentences(sentences: Sequence[str]) -> None:
    if isinstance(sentences, str):
        raise TypeError(
            "SentenceDataset: got one string, expected a list of sentences. Write [sentence]."
        )
    for number, text in enumerate(sentences):
        if not isinstance(text, str):
            raise TypeError(
                f"SentenceDataset: sentence {number} is {text!r}, of type {type(text).__name__}; "
                "expected a string. Is it a gap in the table? Drop it first."
            )
        if not text.strip():
            raise ValueError(
                f"SentenceDataset: sentence {number} is empty; expected at least one word. "
                "Drop empty sentences first, with their labels."
            )


def _checked(labels: Sequence[int], count: int, num_classes: int | None) -> list[int]:
    if len(labels) != count:
        raise ValueError(
            f"SentenceDataset: got {len(labels)} labels for {count} sentences, expected as many. "
            "Were both taken from the same split?"
        )
    checked = []
    for number, label in enumerate(labels):
        try:
            checked.append(as_int(label))
        except TypeError:
            raise TypeError(
                f"SentenceDataset: label {number} is {label!r}, of type {type(label).__name__}; "
                "expected a whole number from 0. Map class names to numbers first."
            ) from None
        if not 0 <= checked[-1] < (num_classes or float("inf")):
            most = f" to {num_classes - 1}" if num_classes else ""
            raise ValueError(
                f"SentenceDataset: label {number} is {label}, expected a number from 0{most}. "
                "Do the classes count from 1, or is one missing from the list?"
            )
    return checked


def _token_numbers(encoded: Iterable[int], text: str) -> list[int]:
    try:
        ids = [as_int(number) for number in encoded]
    except TypeError:
        raise TypeError(
            f"SentenceDataset: encode gave something of type {type(encoded).__name__} for "
            f"{text[:40]!r}, expected a list of whole numbers. Of a Hugging Face tokenizer, pass "
            "tokenizer.encode."
        ) from None
    if not ids:
        raise ValueError(
            f"SentenceDataset: encode gave no token for {text[:40]!r}, expected at least one. Give "
            "unknown words a number of their own."
        )
    return ids


def _shortened(ids: list[int], most: int) -> list[int]:
    return ids if len(ids) <= most else [*ids[: most - 1], ids[-1]]
