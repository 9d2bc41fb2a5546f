"""Handwritten digits: 1,797 pictures of 8 x 8 pixels that come with scikit-learn."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset

from course_lib.data.splits import _expect_split

# By position: one writer's digits stand together, and so mostly fall into one part.
RANGES = {"train": slice(0, 1000), "validation": slice(1000, 1200), "test": slice(1200, None)}


def load_digits(split: str) -> tuple[Tensor, Tensor]:
    """The pictures (N, 1, 8, 8), from 0 for paper to 1 for ink, and the digits (N,) of a split.

    Raises:
        ValueError: there is no such split.

    Built in notebooks/02_dataset_and_dataloader.ipynb.
    """
    from sklearn import datasets

    _expect_split(split, "load_digits")
    digits, part = datasets.load_digits(), RANGES[split]
    pictures = torch.tensor(digits.images[part], dtype=torch.float32) / 16
    return pictures.unsqueeze(1), torch.tensor(digits.target[part])


class DigitDataset(Dataset):
    """Pictures: `{"pixel_values": (1, 8, 8) float, "labels": () long}`.

    Arguments:
        pictures  (N, 1, 8, 8)
        labels    (N,), or None where there are none

    Raises:
        ValueError: there are more pictures than labels, or fewer.

    Built in notebooks/02_dataset_and_dataloader.ipynb.
    """

    def __init__(self, pictures: Tensor, labels: Sequence[int] | Tensor | None = None) -> None:
        if labels is not None and len(labels) != len(pictures):
            raise ValueError(
                f"DigitDataset: got {len(labels)} labels for {len(pictures)} pictures, expected as "
                "many. Were both taken from the same split?"
            )
        self.pictures = pictures
        self.labels = None if labels is None else torch.as_tensor(labels)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        item = {"pixel_values": self.pictures[index]}
        if self.labels is not None:
            item["labels"] = self.labels[index]
        return item
