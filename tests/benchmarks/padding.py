"""What batches of similar length save: tokens computed, and seconds of an epoch of a small BERT."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import mean, median

import torch
from torch.nn import functional as F
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

from course_lib import data, runtime
from course_lib.data.sentences import MOST_TOKENS
from tests.benchmarks._table import ratios, spread, table
from tests.benchmarks._tokens import VOCABULARY, sentences, tokenizer

BATCH_SIZES = (16, 32, 64)
WINDOWS = {"window 1": 1, "window 10": 10, "window 50, the default": 50, "window of all": 10**6}
EPOCHS = 3  # over which tokens are counted
TIMED = 3200  # sentences in an epoch that is timed: two default windows of batches of 32
REPEATS = 3


def run() -> Iterator[str]:
    dataset = sentences()
    yield _lengths(dataset.lengths)
    yield _tokens(dataset.lengths)
    yield from _seconds(sentences(TIMED))


def _lengths(lengths: list[int]) -> str:
    ordered = sorted(lengths)
    p95, cut = ordered[int(0.95 * len(ordered))], sum(length == MOST_TOKENS for length in lengths)
    row = (tokenizer().get_vocab_size(), f"{mean(ordered):.1f}", median(ordered), p95, cut)
    header = ("word pieces", "mean", "median", "95th percentile", f"{MOST_TOKENS} or cut to it")
    return table(f"Tokens in each of {len(lengths):,} training sentences", header, [row])


def _batches(lengths: Sequence[int], batch_size: int, window: int | None) -> list[list[int]]:
    """An epoch's batches: at random where there is no window."""
    if window is None:
        return list(BatchSampler(RandomSampler(lengths), batch_size, drop_last=False))
    return list(data.LengthBatchSampler(lengths, batch_size, window=window))


def _tokens(lengths: list[int]) -> str:
    runtime.seed_everything(0)
    real, rows = sum(lengths), []
    for size in BATCH_SIZES:
        at_random = _computed(lengths, size, None)
        full = len(lengths) * MOST_TOKENS
        for name, computed in (
            (f"all padded to {MOST_TOKENS}", full),
            ("at random", at_random),
            *((name, _computed(lengths, size, window)) for name, window in WINDOWS.items()),
        ):
            share, ratio = f"{1 - real / computed:.1%}", f"{computed / at_random:.2f}"
            rows.append([size, name, f"{computed / 1000:,.0f}", share, ratio])
    header = ("batch size", "batches", "thousand tokens an epoch", "padding", "against random")
    return table(f"Tokens computed, {real:,} of them real; mean of {EPOCHS} epochs", header, rows)


def _computed(lengths: list[int], batch_size: int, window: int | None) -> float:
    def tokens() -> int:
        batches = _batches(lengths, batch_size, window)
        return sum(len(batch) * max(lengths[index] for index in batch) for batch in batches)

    return mean(tokens() for _ in range(EPOCHS))


def _seconds(dataset: data.SentenceDataset) -> Iterator[str]:
    header = ("batch size", "batches", "seconds against random")
    rows = []
    for size in BATCH_SIZES:
        windows = WINDOWS if size == 32 else {"window 50, the default": 50}
        tasks = {"at random": _epoch(dataset, size, None)}
        tasks |= {name: _epoch(dataset, size, window) for name, window in windows.items()}
        if size == 32:
            tasks["at random, loading alone"] = partial(_load, dataset, size)
        found = ratios(tasks, "at random", REPEATS)
        rows += [[size, name, spread(value)] for name, value in found.items()]
    yield table(
        f"Seconds of an epoch of {TIMED:,} sentences (BERT of 2 layers of 128, AdamW); "
        f"median, least and most of {REPEATS} rounds",
        header,
        rows,
    )


def _epoch(
    dataset: data.SentenceDataset, batch_size: int, window: int | None
) -> Callable[[], None]:
    """A function that trains for an epoch, with a model of its own."""
    from transformers import BertConfig, BertModel

    runtime.seed_everything(0)
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=512,
        max_position_embeddings=MOST_TOKENS,
    )
    backbone = BertModel(config)
    head = torch.nn.Linear(128, len(data.LIBRARIES))
    optimizer = torch.optim.AdamW([*backbone.parameters(), *head.parameters()], lr=1e-3)

    def train() -> None:
        batches = _batches(dataset.lengths, batch_size, window)
        for batch in DataLoader(dataset, batch_sampler=batches, collate_fn=data.pad_collate):
            labels = batch.pop("labels")
            optimizer.zero_grad()
            F.cross_entropy(head(backbone(**batch).pooler_output), labels).backward()
            optimizer.step()

    return train


def _load(dataset: data.SentenceDataset, batch_size: int) -> None:
    batches = _batches(dataset.lengths, batch_size, None)
    for _ in DataLoader(dataset, batch_sampler=batches, collate_fn=data.pad_collate):
        pass
