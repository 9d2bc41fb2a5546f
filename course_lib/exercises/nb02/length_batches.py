"""Exercise 02.5: batches of similar length."""

from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Sampler

from course_lib.exercises._checking import call, expect, expect_that, explaining
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
        iterator = call(lambda made=sampler: type(made).__iter__(made), tried=tried)
        expect_that(
            hasattr(iterator, "__next__"),
            tried=tried,
            got=iterator,
            expected="an iterator over batches",
            idea="__iter__ gives one batch after the other: `yield` each, return no list."
            if iterator is not None
            else "Nothing came back: `yield` each batch.",
        )
        batches = _drawn(iterator, tried)
        listed = all(isinstance(batch, Sequence | Tensor) for batch in batches)
        expect_that(
            listed and all(_is_index(index) for batch in batches for index in batch),
            tried=tried,
            got=batches,
            expected="lists of indices, one list a batch",
            idea="There is a list too many: yield one batch after the other, each a list of "
            "indices and nothing else."
            if listed
            else "Yield a list of indices at a time: a whole batch.",
        )
        found.append([[int(index) for index in batch] for batch in batches])
    return found


def _drawn(iterator: Iterator, tried: str) -> list:
    """All batches, with words of its own for what often goes wrong in a sort."""
    with (
        explaining(NameError, "Is it a name of __init__? That is read through self: self.lengths."),
        explaining(
            TypeError,
            "Is it the key of the sort? A key is a function, here the length of an index: "
            "lambda index: self.lengths[index].",
            "'list' object is not callable",
        ),
        explaining(
            TypeError,
            "An index has no len: its length is self.lengths[index].",
            "'int' has no len()",
        ),
        explaining(
            TypeError,
            "There is None. list.sort() sorts in place and gives None; sorted(...) gives a list.",
            "'NoneType'",
        ),
    ):
        return call(lambda: list(iterator), tried=tried)


def _is_index(value: Any) -> bool:
    return isinstance(value, Integral) or (isinstance(value, Tensor) and value.ndim == 0)


def _every_index_once(attempt: Any) -> None:
    """every sentence comes once an epoch"""
    for window in (1, 2, 50):
        (batches,) = _epochs(attempt, window=window)
        flat = sorted(index for batch in batches for index in batch)
        lost = sorted(set(range(14)) - set(flat))
        expect_that(
            flat != sorted(LENGTHS),
            tried=f"{TRIED}, window {window}",
            got=batches,
            expected="indices from 0 to 13",
            idea="These are lengths. Yield the indices: the loader asks the dataset for them.",
        )
        expect(
            flat,
            list(range(14)),
            tried=f"{TRIED}, window {window}: all indices, sorted",
            idea="Some came twice. Each index belongs to one batch."
            if not lost
            else f"{len(lost)} never came, index {lost[0]} for one: the last batch or window may "
            "be smaller, but it counts."
            if len(flat) == len(set(flat))
            else f"Index {lost[0]} never came, others twice. Is a place within the window taken "
            "for an index of the dataset?",
        )


def _batch_sizes(attempt: Any) -> None:
    """batches have batch_size sentences, the last of a window perhaps fewer"""
    for window, sizes in ((50, [4, 4, 4, 2]), (2, [4, 4, 4, 2]), (1, [4, 4, 4, 2])):
        (batches,) = _epochs(attempt, window=window)
        expect(
            sorted(map(len, batches), reverse=True),
            sizes,
            tried=f"{TRIED}, window {window}: the sizes of the batches",
            idea="A window holds window * batch_size indices; cut it into pieces of batch_size.",
        )


def _similar_lengths(attempt: Any) -> None:
    """the sentences of a batch are of similar length"""
    (batches,) = _epochs(attempt)
    spans = sorted(sorted(LENGTHS[index] for index in batch) for batch in batches)
    if spans == [[1, 2], [3, 4, 5, 6], [7, 8, 9, 10], [11, 12, 13, 14]]:
        return  # from long to short: as good
    expect(
        spans,
        [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14]],
        tried=f"{TRIED}, all in one window: the lengths in each batch",
        idea="Sort the window's indices by self.lengths[index], then cut.",
    )


def _windows(attempt: Any) -> None:
    """they are sorted within each window, and only there"""
    epochs = _epochs(attempt, count=6, window=2)
    expect_that(
        any(epoch != epochs[0] for epoch in epochs),
        tried=f"{TRIED}, window 2: six epochs",
        told="six times the same batches in the same order",
        expected="another order each epoch",
        idea="Draw a new torch.randperm in every call of __iter__, and set no seed there.",
    )
    spans = [sorted(sorted(LENGTHS[i] for i in batch) for batch in epoch) for epoch in epochs]
    expect_that(
        all(map(_two_sorted_windows, spans)),
        tried=f"{TRIED}, window 2 (8 sentences, then 6): the lengths in each batch",
        got=next((span for span in spans if not _two_sorted_windows(span)), None),
        expected="in each window, batches that do not overlap in length",
        idea="Sort every window, the last one too, before you cut it into batches.",
    )
    expect_that(
        any(span != spans[0] for span in spans),
        tried=f"{TRIED}, window 2, six epochs",
        told="the same companions in every batch, every epoch",
        expected="companions that change",
        idea="Shuffle all indices first, in every epoch, and sort within a window only: 8 here, "
        "not all. So chance still mixes the batches.",
    )


def _two_sorted_windows(spans: list[list[int]]) -> bool:
    """Whether two batches come from one sorted window of 8, and two from another of 6."""
    (short,) = (span for span in spans if len(span) == 2)
    full = [span for span in spans if len(span) == 4]
    return any(
        _apart(partner, short) and _apart(*(span for span in full if span is not partner))
        for partner in full
    )


def _apart(one: list[int], other: list[int]) -> bool:
    return max(one) < min(other) or max(other) < min(one)


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
