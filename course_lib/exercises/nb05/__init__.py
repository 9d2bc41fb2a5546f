"""The exercises of notebooks/05_training_loop.ipynb."""

from course_lib.exercises.nb05 import (
    accumulated_step,
    clip_gradients,
    fit,
    train_epoch,
    train_step,
    warm_up,
)

EXERCISES = (
    train_step.EXERCISE,
    train_epoch.EXERCISE,
    accumulated_step.EXERCISE,
    clip_gradients.EXERCISE,
    warm_up.EXERCISE,
    fit.EXERCISE,
)
