"""Exercise 02.5: batches of similar length."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import Sampler

from course_lib.exercises._checking import call, expect, expect_that
from course_lib.exercises._exercise import Exercise


class LengthBatchSampler(Sampler[list[int]]):
    """Batches of similar length, in another order each epoch."""

    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        generator: torch.Generator | None = None,
        window: int = 50,
    ) -> None:
        self.lengths, self.batch_size = lengths, batch_size
        self.generator, self.window = generator, window

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)  # rounded up

    def __iter__(self) -> Iterator[list[int]]:
        """Yield lists of indices, one list a batch."""
        order = torch.randperm(len(self.lengths), generator=self.generator).tolist()
        size = self.window * self.batch_size
        batches = []
        for start in range(0, len(order), size):
            window = sorted(order[start : start + size], key=lambda index: self.lengths[index])
            for first in range(0, len(window), self.batch_size):
                batches.append(window[first : first + self.batch_size])
        for number in torch.randperm(len(batches), generator=self.generator).tolist():
            yield batches[number]


LENGTHS = [7, 3, 9, 1, 8, 2, 6, 4, 5, 10, 12, 11, 14, 13]
TRIED = "14 sentences of 1 to 14 tokens, batch_size 4"


def _epochs(attempt: Any, count: int = 1, window: int = 50, seed: int = 0) -> list[list]:
    """The batches of some epochs in a row."""
    generator = torch.Generator().manual_seed(seed)
    tried = f"{TRIED}, window {window}"
    sampler = call(attempt, list(LENGTHS), 4, generator, window, tried=tried)
    found = []
    for _ in range(count):
        batches = call(lambda: list(sampler), tried=tried)
        listed = all(isinstance(batch, Sequence | torch.Tensor) for batch in batches)
        expect_that(
            listed,
            tried=tried,
            got=batches,
            expected="lists of indices, one list a batch",
            idea="Yield a list of indices at a time: a whole batch.",
        )
        found.append([[int(index) for index in batch] for batch in batches])
    return found


def _every_index_once(attempt: Any) -> None:
    """every sentence comes once an epoch"""
    for window in (1, 2, 50):
        (batches,) = _epochs(attempt, window=window)
        flat = sorted(index for batch in batches for index in batch)
        lost = sorted(set(range(14)) - set(flat))
        expect(
            flat,
            list(range(14)),
            tried=f"{TRIED}, window {window}: all indices, sorted",
            idea=f"{len(lost)} never came, index {lost[0]} for one: the last batch or window may "
            "be smaller, but it counts."
            if lost
            else "Some came twice. Each index belongs to one batch.",
        )


def _batch_sizes(attempt: Any) -> None:
    """batches have batch_size sentences, the last of a window perhaps fewer"""
    (batches,) = _epochs(attempt)
    expect(
        sorted(map(len, batches), reverse=True),
        [4, 4, 4, 2],
        tried=f"{TRIED}: the sizes of the batches",
        idea="Cut each sorted window into pieces of batch_size.",
    )


def _similar_lengths(attempt: Any) -> None:
    """the sentences of a batch are of similar length"""
    (batches,) = _epochs(attempt)
    spans = sorted(sorted(LENGTHS[index] for index in batch) for batch in batches)
    expect(
        spans,
        [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14]],
        tried=f"{TRIED}, all in one window: the lengths in each batch",
        idea="Sort the window's indices by self.lengths[index], then cut.",
    )


def _windows(attempt: Any) -> None:
    """only within a window are they sorted"""
    epochs = _epochs(attempt, count=6, window=2)
    sorted_through = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14]]
    spans = [sorted(sorted(LENGTHS[i] for i in batch) for batch in epoch) for epoch in epochs]
    expect_that(
        any(span != sorted_through for span in spans),
        tried=f"{TRIED}, window 2, six epochs",
        told="the same companions in every batch, every epoch",
        expected="companions that change",
        idea="A window holds window * batch_size indices: 8 here, not all. Sort within it only, so "
        "that chance still mixes the batches.",
    )


def _shuffled(attempt: Any) -> None:
    """the batches come in a random order, another each epoch, the same from the same seed"""
    epochs = _epochs(attempt, count=8, window=1)
    expect_that(
        any(epoch != epochs[0] for epoch in epochs),
        tried=f"{TRIED}: eight epochs",
        told="eight times the same batches in the same order",
        expected="another order each epoch",
        idea="Draw a new torch.randperm in every call of __iter__.",
    )
    epochs = _epochs(attempt, count=8)
    longest = [[max(LENGTHS[index] for index in batch) for batch in epoch] for epoch in epochs]
    expect_that(
        any(order != sorted(order) and order != sorted(order)[::-1] for order in longest),
        tried=f"{TRIED}: the longest of each batch, eight epochs",
        told="always from short to long, or the other way",
        expected="a random order",
        idea="Shuffle the batches at the end, else the model sees short ones first in every epoch.",
    )
    expect_that(
        _epochs(attempt, count=2) == _epochs(attempt, count=2),
        tried=f"{TRIED}: two epochs, twice from seed 0",
        told="other batches the second time",
        expected="the same batches",
        idea="Draw with torch.randperm(n, generator=self.generator) only: then a seed repeats it.",
    )


EXERCISE = Exercise(
    "02.5",
    "Batches of similar length",
    12,
    LengthBatchSampler,
    (_every_index_once, _batch_sizes, _similar_lengths, _windows, _shuffled),
    (
        (
            "torch.randperm(len(self.lengths), generator=self.generator).tolist() is a shuffled "
            "list of all indices. Cut it into windows of self.window * self.batch_size."
        ),
        (
            "sorted(window, key=lambda index: self.lengths[index]) sorts a window; cut it into "
            "pieces of batch_size and collect all pieces in a list."
        ),
        (
            "for number in torch.randperm(len(batches), generator=self.generator).tolist(): "
            "yield batches[number]."
        ),
    ),
)
