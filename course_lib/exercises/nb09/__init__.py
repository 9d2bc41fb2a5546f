"""The exercises of notebooks/09_transfer_learning.ipynb."""

from course_lib.exercises.nb09 import (
    freeze,
    gradual_unfreezing,
    moved,
    parameter_groups,
    replace_head,
    train_mode,
)

EXERCISES = (
    freeze.EXERCISE,
    moved.EXERCISE,
    train_mode.EXERCISE,
    replace_head.EXERCISE,
    parameter_groups.EXERCISE,
    gradual_unfreezing.EXERCISE,
)
