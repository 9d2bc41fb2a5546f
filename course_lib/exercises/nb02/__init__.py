"""The exercises of notebooks/02_dataset_and_dataloader.ipynb."""

from course_lib.exercises.nb02 import (
    class_weights,
    first_sentence,
    length_batches,
    pad_collate,
    passengers,
    split_of,
)

EXERCISES = (
    first_sentence.EXERCISE,
    split_of.EXERCISE,
    passengers.EXERCISE,
    pad_collate.EXERCISE,
    length_batches.EXERCISE,
    class_weights.EXERCISE,
)
