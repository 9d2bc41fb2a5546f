"""The exercises of notebooks/07_checkpoints.ipynb."""

from course_lib.exercises.nb07 import (
    best_epoch,
    load,
    load_weights,
    newest,
    put_back,
    rest_of_epoch,
)

EXERCISES = (
    load_weights.EXERCISE,
    put_back.EXERCISE,
    rest_of_epoch.EXERCISE,
    load.EXERCISE,
    best_epoch.EXERCISE,
    newest.EXERCISE,
)
