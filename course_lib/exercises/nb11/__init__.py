"""The exercises of notebooks/11_trainer_versus_loop.ipynb."""

from course_lib.exercises.nb11 import (
    accelerated_epoch,
    compute_metrics,
    first_difference,
    plain_arguments,
    to_logger,
    with_loss,
)

EXERCISES = (
    with_loss.EXERCISE,
    first_difference.EXERCISE,
    plain_arguments.EXERCISE,
    compute_metrics.EXERCISE,
    to_logger.EXERCISE,
    accelerated_epoch.EXERCISE,
)
