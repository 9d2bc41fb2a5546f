"""The exercises of notebooks/01_module_and_parameter.ipynb."""

from course_lib.exercises.nb01 import (
    count_parameters,
    linear,
    linear_backward,
    mlp,
    record_shapes,
    standardize,
)

EXERCISES = (
    linear.EXERCISE,
    count_parameters.EXERCISE,
    standardize.EXERCISE,
    mlp.EXERCISE,
    linear_backward.EXERCISE,
    record_shapes.EXERCISE,
)
