"""Metrics by hand: what a loss is not, numbers that answer a question about predictions.

Each takes the model's answers first and the labels second, as a loss does; scikit-learn takes them
the other way round. A metric is a Python float, computed in float64; a curve is tensors. The
values are scikit-learn's, ties included. Where a metric has no value, one rule decides:

- 0.0, as in scikit-learn, where one part of an answer divides 0 by 0: precision without a
  prediction of the class, recall without an example of it, F1 without either, a query without a
  relevant document. So a model that predicts only one class has an F1, and it is low.
- A ValueError where the labels cannot answer the question at all: nothing to count, a ROC curve
  without both classes, a precision-recall curve without a positive, a ranking of one document.
"""

from course_lib.metric.classification import accuracy, confusion_matrix, f1, precision, recall
from course_lib.metric.curves import average_precision, precision_recall_curve, roc_auc, roc_curve
from course_lib.metric.ranking import mean_average_precision, mean_reciprocal_rank, ndcg
from course_lib.metric.regression import mean_absolute_error, mean_squared_error

__all__ = [
    "accuracy",
    "average_precision",
    "confusion_matrix",
    "f1",
    "mean_absolute_error",
    "mean_average_precision",
    "mean_reciprocal_rank",
    "mean_squared_error",
    "ndcg",
    "precision",
    "precision_recall_curve",
    "recall",
    "roc_auc",
    "roc_curve",
]
