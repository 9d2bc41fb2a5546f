"""Datasets that worker processes can import, whatever way they are started."""

import random

import numpy as np
import torch
from torch.utils.data import Dataset, get_worker_info


class Draws(Dataset):
    """Sixteen items, each with what the three random number generators give, and who drew it."""

    def __len__(self):
        return 16

    def __getitem__(self, index):
        if index >= len(self):
            raise IndexError(index)
        info = get_worker_info()
        return {
            "drawn": [
                random.random(),
                np.random.rand(),
                torch.rand((), dtype=torch.float64).item(),
            ],
            "worker": -1 if info is None else info.id,
        }


class Together(Dataset):
    """Two datasets of the same length side by side, the entries of both in one item."""

    def __init__(self, first, second):
        self.first, self.second = first, second

    def __len__(self):
        return len(self.first)

    def __getitem__(self, index):
        return self.first[index] | self.second[index]
