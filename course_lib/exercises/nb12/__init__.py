"""The exercises of notebooks/12_debugging_clinic.ipynb."""

from course_lib.exercises.nb12 import (
    beats_shuffled,
    carries_over,
    causes,
    changes_in_company,
    dead_units,
    left_behind,
    loss_of_guessing,
    only_answer,
    overfit_one_batch,
)

EXERCISES = (
    loss_of_guessing.EXERCISE,
    overfit_one_batch.EXERCISE,
    carries_over.EXERCISE,
    left_behind.EXERCISE,
    changes_in_company.EXERCISE,
    dead_units.EXERCISE,
    beats_shuffled.EXERCISE,
    only_answer.EXERCISE,
    causes.EXERCISE,
)
