"""The exercises of notebooks/00_start_here.ipynb."""

from course_lib.exercises.nb00 import center, swap_axes

EXERCISES = (swap_axes.EXERCISE, center.EXERCISE)
