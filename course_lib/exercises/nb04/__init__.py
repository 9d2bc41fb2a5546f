"""The exercises of notebooks/04_loss_and_metric.ipynb."""

from course_lib.exercises.nb04 import (
    confusion,
    cross_entropy,
    f1_score,
    focal_loss,
    log_softmax,
    ndcg_score,
    roc_area,
)

EXERCISES = (
    log_softmax.EXERCISE,
    cross_entropy.EXERCISE,
    focal_loss.EXERCISE,
    confusion.EXERCISE,
    f1_score.EXERCISE,
    roc_area.EXERCISE,
    ndcg_score.EXERCISE,
)
