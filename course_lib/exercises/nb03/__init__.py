"""The exercises of notebooks/03_custom_model.ipynb."""

from course_lib.exercises.nb03 import (
    attention_weights,
    lstm_pooling,
    masked_mean,
    repaired,
    split_heads,
    text_classifier,
)

EXERCISES = (
    masked_mean.EXERCISE,
    text_classifier.EXERCISE,
    lstm_pooling.EXERCISE,
    repaired.EXERCISE,
    attention_weights.EXERCISE,
    split_heads.EXERCISE,
)
