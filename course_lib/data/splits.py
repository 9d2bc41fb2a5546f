"""Which part of the data an example belongs to: decided by the example itself, once and for all."""

import hashlib
import re

SPLITS = ("train", "validation", "test")
NOT_LETTERS = re.compile(r"[^a-z]+")


def key_of(text: str) -> str:
    """What stays of a text when case, digits and punctuation do not count.

    Two texts with the same key are so alike that one gives the other away.

    Built in notebooks/02_dataset_and_dataloader.ipynb.
    """
    return NOT_LETTERS.sub(" ", text.lower()).strip()


def split_of(text: str) -> str:
    """The part a text belongs to: "test" for one in ten, "validation" for one in ten, else "train".

    A hash of `key_of(text)` decides. So the answer is the same in every session, on every machine,
    whatever other texts there are; and near-duplicates are never parted.

    Built in notebooks/02_dataset_and_dataloader.ipynb.
    """
    digest = hashlib.sha256(key_of(text).encode()).hexdigest()
    return {0: "test", 1: "validation"}.get(int(digest, 16) % 10, "train")


def _expect_split(split: str, where: str) -> None:
    if split not in SPLITS:
        raise ValueError(
            f"{where}: got the split {split!r}, expected one of {', '.join(map(repr, SPLITS))}. "
            "Is it a slip of the pen?"
        )
