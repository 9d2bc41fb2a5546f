"""How fast the loader is: worker processes, buckets, and what the collate costs."""

from collections.abc import Iterator
from functools import partial

import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader

from course_lib import data
from course_lib.data.sentences import MOST_TOKENS
from tests.benchmarks._table import ratios, spread, table
from tests.benchmarks._tokens import sentences

BATCH_SIZE = 32
WORKERS = (0, 1, 2)
REPEATS = 5
BASE = "at random, 0 workers"


def run() -> Iterator[str]:
    dataset = sentences()
    yield _workers(dataset)
    yield _collates(dataset)


def _workers(dataset: data.SentenceDataset) -> str:
    loaders = {
        f"{name}, {workers} worker{'s' * (workers != 1)}": data.make_loader(
            dataset, BATCH_SIZE, shuffle=True, bucket=bucket, num_workers=workers
        )
        for name, bucket in (("at random", False), ("bucketed", True))
        for workers in WORKERS
    }
    found = ratios(
        {name: partial(_go_through, loader) for name, loader in loaders.items()}, BASE, REPEATS
    )
    rows = [[name, f"{1 / value[0]:.2f}", spread(value)] for name, value in found.items()]
    title = f"An epoch of {len(dataset):,} sentences in batches of {BATCH_SIZE}, nothing done with "
    title += "them; the workers' start counts"
    return table(title, ("loader", f"batches per second, {BASE} = 1", "seconds"), rows)


def _go_through(loader: DataLoader) -> None:
    for _ in loader:
        pass


def _collates(dataset: data.SentenceDataset) -> str:
    items = [dataset[index] for index in range(len(dataset))]
    batches = [items[start : start + BATCH_SIZE] for start in range(0, len(items), BATCH_SIZE)]
    tasks = {
        "pad_collate": partial(_collate_all, data.pad_collate, batches),
        f"F.pad each row to {MOST_TOKENS}, stack": partial(_collate_all, _padded_to_most, batches),
        "reading the items": partial(_read, dataset),
    }
    found = ratios(tasks, "pad_collate", REPEATS)
    rows = [[name, spread(value)] for name, value in found.items()]
    return table(
        f"Seconds of the collate alone, batches of {BATCH_SIZE}", ("what", "seconds"), rows
    )


def _read(dataset: data.SentenceDataset) -> None:
    for index in range(len(dataset)):
        dataset[index]


def _collate_all(collate, batches: list[list[dict]]) -> None:
    for batch in batches:
        collate(batch)


def _padded_to_most(items: list[dict]) -> dict[str, torch.Tensor]:
    """What one writes first: the same keys, T always the longest that is allowed."""
    ids = [item["input_ids"] for item in items]
    gaps = [(0, MOST_TOKENS - len(row)) for row in ids]
    mask = [F.pad(torch.ones_like(row), gap) for row, gap in zip(ids, gaps, strict=True)]
    return {
        "input_ids": torch.stack([F.pad(row, gap) for row, gap in zip(ids, gaps, strict=True)]),
        "attention_mask": torch.stack(mask),
        "labels": torch.stack([item["labels"] for item in items]),
    }
