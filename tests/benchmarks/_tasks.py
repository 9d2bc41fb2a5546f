"""What the benchmark of loops trains: the running task, and a model next to nothing."""

import copy
from collections.abc import Sequence
from functools import cache, partial

import torch
from torch import Tensor, nn

from course_lib import data, runtime
from course_lib.data.sentences import MOST_TOKENS
from course_lib.freeze import parameter_groups
from course_lib.model import TextClassifier, load_backbone
from tests.benchmarks import transfer
from tests.benchmarks._loops import Setting

LABELS, BATCH_SIZE = 500, 16  # as in `transfer`


def running(epochs: int) -> Setting:
    """The whole backbone learns, with few labels."""
    dataset = sentences("train", LABELS)
    return Setting(
        f"Fine-tuning the backbone with {LABELS} labels",
        classifier,
        partial(parameter_groups, rates=transfer.RATES),
        partial(loader_of, dataset, shuffle=True, bucket=True),
        BATCH_SIZE,
        epochs,
    )


def tiny(epochs: int) -> Setting:
    """The loop around the model shows."""
    digits = data.DigitDataset(*data.load_digits("train"))
    return Setting(
        "A perceptron with 2,410 weights on digits",
        perceptron,
        lambda model: [{"params": list(model.parameters()), "lr": 1e-3}],
        partial(data.make_loader, digits, 32, shuffle=True),
        32,
        epochs,
    )


def classifier(seed: int = 0, dtype: torch.dtype = torch.float32) -> TextClassifier:
    """The shipped backbone and a head whose weights are drawn by the seed."""
    backbone = copy.deepcopy(backbone_and_tokenizer()[0])
    runtime.seed_everything(seed)
    return TextClassifier(backbone, transfer.CLASSES).to(dtype)


class Perceptron(nn.Module):
    """Two layers: (B, 1, 8, 8) -> (B, 10)."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(dropout), nn.Linear(32, 10)
        )

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.layers(pixel_values)


def perceptron(dropout: float = 0.0) -> Perceptron:
    runtime.seed_everything(0)
    return Perceptron(dropout)


@cache
def backbone_and_tokenizer() -> tuple:
    return load_backbone()


@cache
def sentences(split: str, count: int | None = None, part: int = 0) -> data.SentenceDataset:
    """Part number `part` of `count` sentences each, or all sentences of a split."""
    texts, labels = data.load_docstrings(split)
    cut = slice(None) if count is None else slice(part * count, (part + 1) * count)
    encode = partial(backbone_and_tokenizer()[1].encode, truncation=True, max_length=MOST_TOKENS)
    return data.SentenceDataset(texts[cut], labels[cut], encode, MOST_TOKENS, transfer.CLASSES)


def loader_of(
    dataset: data.SentenceDataset, batch_size: int = BATCH_SIZE, **options: object
) -> torch.utils.data.DataLoader:
    return data.make_loader(dataset, batch_size, pad_token_id=padding(), **options)


def collate(items: Sequence[dict], width: int | None = None) -> dict[str, Tensor]:
    """A batch, as wide as its longest sentence or wider."""
    batch = data.pad_collate(items, padding())
    gap = (0, width - batch["input_ids"].size(1)) if width else (0, 0)
    ids = nn.functional.pad(batch["input_ids"], gap, value=padding())
    mask = nn.functional.pad(batch["attention_mask"], gap)
    return batch | {"input_ids": ids, "attention_mask": mask}


def padding() -> int:
    return backbone_and_tokenizer()[1].pad_token_id
