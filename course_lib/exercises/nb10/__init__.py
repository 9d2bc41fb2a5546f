"""The exercises of notebooks/10_monitoring.ipynb."""

from course_lib.exercises.nb10 import (
    by_position,
    dead_units,
    gradient_norm,
    monitor,
    read_scalars,
    smooth,
)

EXERCISES = (
    read_scalars.EXERCISE,
    gradient_norm.EXERCISE,
    monitor.EXERCISE,
    by_position.EXERCISE,
    dead_units.EXERCISE,
    smooth.EXERCISE,
)
