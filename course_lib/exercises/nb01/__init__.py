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
    standardize.EXERCISE,
    count_parameters.EXERCISE,
    mlp.EXERCISE,
    record_shapes.EXERCISE,
    linear_backward.EXERCISE,
)
