"""Pseudo-labels: do a model's own sure answers to unlabelled sentences help it? On the test split.

A model learns from a few labels and answers 4,000 training sentences whose labels it may not see.
Those answers that are sure enough join the labels, and a new model learns from both. Every model
makes 200 steps, as in `transfer`; with pseudo-labels, in batches of 32.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import mean
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from course_lib import data, runtime
from course_lib.data.sentences import MOST_TOKENS
from course_lib.loop import predict
from course_lib.model import TextClassifier, load_backbone
from tests.benchmarks import baselines, transfer
from tests.benchmarks._table import table

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SIZES = (100, 500)
POOL = 4000  # sentences from the end of the training split, where no part is taken
THRESHOLDS = (0.0, 0.9, 0.99)
RAREST = data.LIBRARIES.index("numpy")
ALONE, AS_LARGE = "the labels alone", "the labels alone, in batches of 32"

SCORES = {"accuracy": "accuracy", "macro F1": "f1"}
COLUMNS = ("", ": gain", ": better in")
Part = tuple[list[str], list[int]]


@dataclass(frozen=True)
class Added:
    """Pseudo-labels: how many, which share is right, and which is of the rarest class."""

    count: int
    right: float
    rarest: float


@dataclass(frozen=True)
class Cell:
    """What one way of training reached."""

    accuracy: float
    f1: float  # macro
    added: Added | None = None


def run() -> Iterator[str]:
    for size in SIZES:
        found = [cells(size, seed) for seed in transfer.SEEDS]
        rows = {name: [one[name] for one in found] for name in found[0]}
        yield table(
            f"{size} labels: mean ± deviation over {len(found)} seeds; the gain is that over "
            f"{ALONE}; {_rarest_share():.1%} of all sentences are NumPy's",
            ("", "added", "right", "NumPy's", *(f"{x}{y}" for x in SCORES for y in COLUMNS)),
            [_row(name, row, rows[ALONE]) for name, row in rows.items()],
        )


def _row(name: str, row: Sequence[Cell], base: Sequence[Cell]) -> list[str]:
    added = ["", "", ""]
    if row[0].added is not None:
        count, right, rarest = (
            mean(getattr(cell.added, part) for cell in row) for part in ("count", "right", "rarest")
        )
        added = [f"{count:,.0f}", f"{right:.1%}", f"{rarest:.1%}"]
    return [
        name,
        *added,
        *(text for score in SCORES.values() for text in _compared(score, row, base)),
    ]


def _compared(score: str, row: Sequence[Cell], base: Sequence[Cell]) -> list[str]:
    """A score, its gain over the base, and in how many seeds there is one."""
    values, before = ([getattr(cell, score) for cell in each] for each in (row, base))
    if row is base:
        return [baselines.with_deviation(values), "", ""]
    gains = [value - other for value, other in zip(values, before, strict=True)]
    won = f"{sum(gain > 0 for gain in gains)} of {len(gains)}"
    return [baselines.with_deviation(values), baselines.with_deviation(gains), won]


def cells(size: int, seed: int) -> dict[str, Cell]:
    """All ways of training with part number `seed` of `size` labels."""
    part = baselines.training_parts(data.load_docstrings("train"), size)[seed]
    teacher = trained(part, 16, seed)
    found = {ALONE: scored(teacher), AS_LARGE: scored(trained(part, 32, seed))}
    sentences, labels = pool()
    sureness, answers = predict(teacher, loader(sentences, None, 128)).softmax(dim=1).max(dim=1)
    for threshold in THRESHOLDS:
        places = (sureness >= threshold).nonzero().flatten()
        more = [sentences[place] for place in places]
        name = f"and answers of {threshold:g} or more" if threshold else "and all answers"
        found[name] = _with(part, more, answers[places], torch.tensor(labels)[places], seed)
        if threshold == THRESHOLDS[1]:
            true = torch.tensor(labels)[places]
            found[f"{name}, mended by hand"] = _with(part, more, true, true, seed)
    return found


def _with(part: Part, more: list[str], answers: Tensor, true: Tensor, seed: int) -> Cell:
    """A new model, trained on the part and on sentences with these answers for labels."""
    model = trained((part[0] + more, part[1] + answers.tolist()), 32, seed)
    right, rarest = ((x.float().mean().item()) for x in (answers == true, answers == RAREST))
    scores = scored(model)
    return Cell(scores.accuracy, scores.f1, Added(len(more), right, rarest))


def trained(part: Part, batch_size: int, seed: int) -> TextClassifier:
    backbone, _ = load_backbone()
    runtime.seed_everything(seed)
    model = TextClassifier(backbone, transfer.CLASSES)
    transfer.train(model, loader(*part, batch_size, seed))
    return model


def scored(model: TextClassifier) -> Cell:
    return Cell(*transfer.evaluate(model, loader(*data.load_docstrings("test"), 128)))


def loader(
    sentences: list[str], labels: list[int] | None, batch_size: int, shuffle_by: int | None = None
) -> DataLoader:
    """Batches of similar length; in another order each epoch if there is a seed to shuffle by."""
    dataset = data.SentenceDataset(sentences, labels, encode, MOST_TOKENS, transfer.CLASSES)
    shuffle, seed = shuffle_by is not None, shuffle_by or 0
    return data.make_loader(dataset, batch_size, shuffle=shuffle, bucket=True, seed=seed)


@cache
def encode(sentence: str) -> list[int]:
    return _tokenizer().encode(sentence, truncation=True, max_length=MOST_TOKENS)


@cache
def _tokenizer() -> "PreTrainedTokenizerBase":
    return load_backbone()[1]


def pool() -> Part:
    """Sentences that are taken as unlabelled, and what their labels are."""
    sentences, labels = data.load_docstrings("train")
    return sentences[-POOL:], labels[-POOL:]


def _rarest_share() -> float:
    return mean(label == RAREST for label in data.load_docstrings("train")[1])
