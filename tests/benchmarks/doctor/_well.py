"""What the healthy cases share: small data made from arithmetic, loaders that keep a seed."""

import copy
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, TensorDataset

if TYPE_CHECKING:
    from transformers import BertConfig

PAD, START, FIRST_WORD = 0, 1, 3


class Rows(Dataset):
    """A dataset of dicts, from columns of the same length."""

    def __init__(self, **columns: Tensor) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {name: column[index] for name, column in self.columns.items()}


def loader(dataset: Dataset, seed: int, batch_size: int = 16, **options: Any) -> DataLoader:
    """A loader that shuffles, by a generator of its own."""
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(dataset, batch_size, shuffle=True, generator=generator, **options)


def unshuffled(dataset: Dataset, batch_size: int = 32, **options: Any) -> DataLoader:
    """What validation reads."""
    return DataLoader(dataset, batch_size, **options)


def halves(*columns: Tensor, train: float = 0.8) -> tuple[TensorDataset, TensorDataset]:
    """The first rows to train on, the rest to validate."""
    cut = int(len(columns[0]) * train)
    return (
        TensorDataset(*(column[:cut] for column in columns)),
        TensorDataset(*(column[cut:] for column in columns)),
    )


def clusters(
    seed: int, rows: int = 320, features: int = 8, classes: int = 3, noise: float = 1.0
) -> tuple[Tensor, Tensor]:
    """A table (N, F), roughly standardised, around one centre a class; the classes (N,)."""
    generator = torch.Generator().manual_seed(1000 + seed)
    centres = torch.randn(classes, features, generator=generator)
    labels = torch.randint(0, classes, (rows,), generator=generator)
    values = centres[labels] + noise * torch.randn(rows, features, generator=generator)
    return (values - values.mean(0)) / values.std(0), labels


@cache
def _all_digits() -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    return torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1), torch.tensor(
        digits.target
    )


def digits(seed: int, count: int = 400) -> tuple[Tensor, Tensor]:
    """Some of scikit-learn's pictures (N, 1, 8, 8), from 0 to 1, and their digits (N,)."""
    pictures, labels = _all_digits()
    chosen = torch.randperm(len(labels), generator=torch.Generator().manual_seed(2000 + seed))
    return pictures[chosen[:count]] / 16, labels[chosen[:count]]


def phrases(
    seed: int, rows: int = 240, vocabulary: int = 40, classes: int = 3, longest: int = 12
) -> tuple[list[Tensor], Tensor]:
    """Sequences of token numbers; every third word, about, is one of the class's own words."""
    generator = torch.Generator().manual_seed(3000 + seed)
    own = 4  # words that only one class uses
    labels = torch.randint(0, classes, (rows,), generator=generator)
    texts = []
    for label in labels.tolist():
        length = int(torch.randint(4, longest, (), generator=generator))
        common = torch.randint(
            FIRST_WORD + own * classes, vocabulary, (length,), generator=generator
        )
        special = FIRST_WORD + own * label + torch.randint(0, own, (length,), generator=generator)
        where = torch.rand(length, generator=generator) < 0.35
        where[int(torch.randint(0, length, (), generator=generator))] = True
        words = torch.where(where, special, common)
        texts.append(torch.cat([torch.tensor([START]), words]))
    return texts, labels


def chains(seed: int, rows: int = 320, words: int = 16, length: int = 10) -> Tensor:
    """Token numbers (N, T), no two rows alike; each word is the one before it plus 1 or 2."""
    generator = torch.Generator().manual_seed(4000 + seed)
    first = torch.randint(0, words, (2 * rows, 1), generator=generator)
    leaps = 1 + (torch.rand(2 * rows, length - 1, generator=generator) < 0.25).long()
    steps = torch.cat([torch.zeros_like(first), leaps.cumsum(1)], dim=1)
    unlike = torch.unique(FIRST_WORD + (first + steps) % words, dim=0)
    return unlike[torch.randperm(len(unlike), generator=generator)[:rows]]


def padded(texts: list[Tensor], pad: int = PAD) -> tuple[Tensor, Tensor]:
    """The token numbers (N, T), and the mask (N, T)."""
    mask = pad_sequence([torch.ones_like(text) for text in texts], batch_first=True)
    return pad_sequence(texts, batch_first=True, padding_value=pad), mask


def phrase_rows(seed: int, **options: int) -> tuple[Rows, Rows]:
    """Padded phrases to train on and to validate."""
    texts, labels = phrases(seed, **options)
    ids, mask = padded(texts)
    cut = len(labels) * 4 // 5
    return (
        Rows(input_ids=ids[:cut], attention_mask=mask[:cut], labels=labels[:cut]),
        Rows(input_ids=ids[cut:], attention_mask=mask[cut:], labels=labels[cut:]),
    )


def bert_config(**options: Any) -> "BertConfig":
    """Two layers of 32."""
    from transformers import BertConfig

    sizes = {
        "vocab_size": 40,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 16,
        "type_vocab_size": 1,
        "pad_token_id": PAD,
    }
    return BertConfig(**(sizes | options))


@cache
def _shipped() -> tuple[nn.Module, Any]:
    from course_lib.model import load_backbone

    return load_backbone()


def backbone() -> tuple[nn.Module, Any]:
    """A copy of the course's backbone, and its tokenizer."""
    model, tokenizer = _shipped()
    return copy.deepcopy(model), tokenizer


@cache
def _docstrings() -> tuple[list[str], list[int]]:
    from course_lib.data import load_docstrings

    return load_docstrings("train")


def docstrings(seed: int, count: int = 160) -> tuple[list[str], list[int]]:
    """Some sentences of the course, and which of seven libraries each comes from."""
    pairs = [pair for pair in zip(*_docstrings(), strict=True) if len(pair[0]) < 120]
    start = seed * 500 % (len(pairs) - count)
    chosen = pairs[start : start + count]
    return [sentence for sentence, _ in chosen], [label for _, label in chosen]


def inputs_of(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """A batch without its labels."""
    return {name: value for name, value in batch.items() if name != "labels"}


def trained(
    model: nn.Module, values: Tensor, labels: Tensor, steps: int = 60, rate: float = 3e-3
) -> nn.Module:
    """The same model, after a short training on classes: pretrained, for a case's purposes."""
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    model.train()
    for step in range(steps):
        rows = torch.arange(step * 64, step * 64 + 64) % len(labels)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(values[rows]), labels[rows]).backward()
        optimizer.step()
    model.zero_grad()
    return model
