"""Checkpoints: files that are whole or not there, exact resume, early stopping, weights to share.

`Checkpoints` goes to `fit`; the other names are what it is made of.
"""

from course_lib.checkpoint.file import DamagedError, load, save
from course_lib.checkpoint.folder import Checkpoints
from course_lib.checkpoint.randomness import random_states, set_random_states
from course_lib.checkpoint.stopping import EarlyStopping, best_epoch
from course_lib.checkpoint.weights import export, load_weights

__all__ = [
    "Checkpoints",
    "DamagedError",
    "EarlyStopping",
    "best_epoch",
    "export",
    "load",
    "load_weights",
    "random_states",
    "save",
    "set_random_states",
]
