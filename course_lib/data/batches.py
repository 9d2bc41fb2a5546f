"""From a dataset to batches: padding, length buckets, weights, and the loader."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, Sampler, default_collate

WINDOW = 50  # batches that are sorted together


def pad_collate(items: Sequence[Mapping[str, Tensor]], pad_token_id: int = 0) -> dict[str, Tensor]:
    """Make one batch of items of different lengths: pad on the right, and say what is padding.

    Shapes:
        items    B dicts with "input_ids" (T_i,) and, in all of them or in none, "labels" ()
        returns  "input_ids" (B, T), "attention_mask" (B, T), "labels" (B,); T is the longest T_i

    Raises:
        ValueError: there are no items, one has no "input_ids", or only some have labels.

    Built in notebooks/02_dataset_and_dataloader.ipynb.
    """
    _expect_items(items)
    ids = [item["input_ids"] for item in items]
    mask = [torch.ones_like(row) for row in ids]
    batch = {
        "input_ids": pad_sequence(ids, batch_first=True, padding_value=pad_token_id),  # (B, T)
        "attention_mask": pad_sequence(mask, batch_first=True),  # (B, T), 0 for padding
    }
    if "labels" in items[0]:
        batch["labels"] = torch.stack([item["labels"] for item in items])  # (B,)
    return batch


def _expect_items(items: Sequence[Mapping[str, Tensor]]) -> None:
    if not items:
        raise ValueError("pad_collate: got no items, expected at least one. Is the batch empty?")
    for number, item in enumerate(items):
        if "input_ids" not in item:
            raise ValueError(
                f"pad_collate: item {number} has {sorted(item)}, expected 'input_ids'. Does the "
                "dataset hold sentences? Others need no padding: leave out pad_collate."
            )
        if ("labels" in item) != ("labels" in items[0]):
            raise ValueError(
                f"pad_collate: of items 0 and {number} only one has labels; expected all or none. "
                "Were two datasets joined?"
            )


class LengthBatchSampler(Sampler[list[int]]):
    """Batches of similar length: shuffle, sort by length within windows, shuffle the batches.

    Every example comes once an epoch. Without `shuffle` the batches go from short to long, always
    the same. The generator's state decides the next epoch; it moves on with each.

    Arguments:
        lengths     of every example
        batch_size  examples in a batch; one batch holds what is left over
        window      batches that are sorted together: 1 is mere shuffling, many leave less to chance

    Raises:
        ValueError: batch_size or window is below 1, or there are no lengths.

    Built in notebooks/02_dataset_and_dataloader.ipynb.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        shuffle: bool = True,
        generator: torch.Generator | None = None,
        window: int = WINDOW,
    ) -> None:
        _expect_positive(batch_size, "LengthBatchSampler", "batch_size")
        _expect_positive(window, "LengthBatchSampler", "window")
        if len(lengths) == 0:
            raise ValueError(
                "LengthBatchSampler: got no lengths, expected one for each example. Is the "
                "dataset empty?"
            )
        self.lengths, self.batch_size, self.shuffle = lengths, batch_size, shuffle
        self.generator, self.window = generator, window

    def __iter__(self) -> Iterator[list[int]]:
        count = len(self.lengths)
        size = self.batch_size * self.window if self.shuffle else count
        order = self._shuffled(count) if self.shuffle else list(range(count))
        batches = []
        for start in range(0, count, size):
            window = sorted(order[start : start + size], key=lambda index: self.lengths[index])
            for first in range(0, len(window), self.batch_size):
                batches.append(window[first : first + self.batch_size])
        for number in self._shuffled(len(batches)) if self.shuffle else range(len(batches)):
            yield batches[number]

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def _shuffled(self, count: int) -> list[int]:
        return torch.randperm(count, generator=self.generator).tolist()


def _expect_positive(value: int, where: str, name: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(
            f"{where}: got {name} = {value!r}, expected a whole number from 1. Try 32."
        )


def class_weights(labels: Sequence[int] | Tensor, num_classes: int) -> Tensor:
    """A weight for each class, the larger the rarer: N / (C * its count).

    Over all N examples the weights add up to N, so that a mean loss keeps its size.

    For a loss: `nn.CrossEntropyLoss(weight=weights)`. For a sampler:
    `WeightedRandomSampler(weights[labels], len(labels))`.

    Shapes:
        labels   (N,) whole numbers from 0 to C - 1
        returns  (C,) float

    Raises:
        ValueError: a label is outside the classes, or a class has no example.

    Built in notebooks/02_dataset_and_dataloader.ipynb.
    """
    labels = torch.as_tensor(labels if isinstance(labels, Tensor) else list(labels))
    outside = labels[(labels < 0) | (labels >= num_classes) | (labels != labels.long())]
    if len(outside):
        raise ValueError(
            f"class_weights: got the label {outside[0].item()}, expected 0 to {num_classes - 1}. "
            "Do the classes count from 1?"
        )
    counts = labels.long().bincount(minlength=num_classes)  # (C,)
    absent = (counts == 0).nonzero().flatten().tolist()
    if absent:
        raise ValueError(
            f"class_weights: got no example of class {', '.join(map(str, absent))}, expected at "
            "least one each: nothing to weigh. Take more data, or fewer classes."
        )
    return len(labels) / (num_classes * counts.float())


def make_loader(
    dataset: Dataset,
    batch_size: int,
    *,
    shuffle: bool = False,
    bucket: bool = False,
    drop_last: bool = False,
    seed: int = 0,
    num_workers: int = 0,
    pad_token_id: int = 0,
) -> DataLoader:
    """A DataLoader that gives the same batches whenever it is made with the same seed.

    Sentences are padded and get an attention mask. Each epoch has another order; in worker
    processes `random`, `numpy.random` and `torch` are seeded by epoch and worker, from `seed`.

    Arguments:
        bucket     batches of similar length, for a SentenceDataset
        drop_last  leave out a last batch that is not full

    Raises:
        ValueError: batch_size below 1, an empty dataset, no batch left by drop_last, or bucket
            with a dataset that has no lengths or with drop_last.

    Built in notebooks/02_dataset_and_dataloader.ipynb.
    """
    _expect_positive(batch_size, "make_loader", "batch_size")
    _expect_examples(len(dataset), batch_size, drop_last)
    generator = torch.Generator().manual_seed(seed)
    options = {
        "generator": generator,
        "num_workers": num_workers,
        "collate_fn": _collate_for(dataset, pad_token_id),
        "pin_memory": torch.cuda.is_available(),
    }
    if not bucket:
        return DataLoader(dataset, batch_size, shuffle, drop_last=drop_last, **options)
    lengths = getattr(dataset, "lengths", None)
    if lengths is None or drop_last:
        got = "drop_last" if drop_last else f"a {type(dataset).__name__} without lengths"
        raise ValueError(
            f"make_loader: got bucket=True with {got}, expected a SentenceDataset and no "
            "drop_last. Leave one of the two out."
        )
    sampler = LengthBatchSampler(lengths, batch_size, shuffle, generator)
    return DataLoader(dataset, batch_sampler=sampler, **options)


def _expect_examples(count: int, batch_size: int, drop_last: bool) -> None:
    if count == 0 or (drop_last and count < batch_size):
        why = f" below batch_size = {batch_size}, with drop_last" if count else ""
        raise ValueError(
            f"make_loader: got {count} examples{why}, expected at least one batch: a loop over it "
            "would do nothing, in silence. Look at the dataset's length, or at drop_last."
        )


def _collate_for(dataset: Dataset, pad_token_id: int) -> Callable:
    if "input_ids" in dataset[0]:
        return partial(pad_collate, pad_token_id=pad_token_id)
    return default_collate
