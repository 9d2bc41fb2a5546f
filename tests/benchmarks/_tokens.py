"""The training sentences as word pieces, for the benchmarks of padding and loading."""

from functools import cache

from tokenizers import Tokenizer

from course_lib import data
from course_lib.pretrain.pieces import train_tokenizer

VOCABULARY = 6000


@cache
def tokenizer() -> Tokenizer:
    """Word pieces learned from the training sentences, with [CLS] before and [SEP] after."""
    return train_tokenizer(data.load_docstrings("train")[0], VOCABULARY)


def sentences(count: int | None = None) -> data.SentenceDataset:
    """The first `count` training sentences, or all of them."""
    texts, labels = data.load_docstrings("train")
    return data.SentenceDataset(
        texts[:count], labels[:count], lambda text: tokenizer().encode(text).ids
    )
