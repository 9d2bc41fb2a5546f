"""The exercises of notebooks/06_inference_loop.ipynb."""

from course_lib.exercises.nb06 import (
    confident_mistakes,
    evaluate,
    evaluating,
    predict,
    pseudo_labels,
    why_one_answer,
)

EXERCISES = (
    evaluating.EXERCISE,
    evaluate.EXERCISE,
    predict.EXERCISE,
    confident_mistakes.EXERCISE,
    why_one_answer.EXERCISE,
    pseudo_labels.EXERCISE,
)
