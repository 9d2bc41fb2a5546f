"""The loops: one step, one epoch, a whole training; and inference over a loader."""

from course_lib.loop.fit import fit
from course_lib.loop.history import History
from course_lib.loop.infer import evaluate, evaluating, largest_logit, predict
from course_lib.loop.train import train_epoch, train_step

__all__ = [
    "History",
    "evaluate",
    "evaluating",
    "fit",
    "largest_logit",
    "predict",
    "train_epoch",
    "train_step",
]
