"""The exercises of notebooks/08_pretraining.ipynb."""

from course_lib.exercises.nb08 import (
    choose_tokens,
    count_bert,
    fill_mask,
    hide_tokens,
    masked_loss,
    most_frequent_pair,
)

EXERCISES = (
    most_frequent_pair.EXERCISE,
    choose_tokens.EXERCISE,
    hide_tokens.EXERCISE,
    masked_loss.EXERCISE,
    fill_mask.EXERCISE,
    count_bert.EXERCISE,
)
