"""What is slow the first time in a process, done before a check's time runs."""

import torch
from torch import nn


def make_first_optimizer() -> None:
    """Make an optimizer. The first of a process loads modules for seconds.

    A check that is cut off in the middle of that leaves them half loaded for all that follow.
    """
    torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
