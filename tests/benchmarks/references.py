"""Attention, losses and metrics by hand against PyTorch and scikit-learn: largest differences.

A difference is |ours - reference| / max(1, |reference|): absolute where the reference is small,
relative where it is large. All cases are random, with fixed seeds.
"""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product

import numpy as np
import torch
import torch.nn.functional as F
from sklearn import metrics
from torch import Tensor, nn

from course_lib import loss, metric
from course_lib.model import SelfAttention, attention
from tests.benchmarks import _cases
from tests.benchmarks._cases import ROUNDS, C
from tests.benchmarks._table import table

PRECISIONS = {"float32": torch.float32, "float64": torch.float64}


def run() -> Iterator[str]:
    kinds = "B from 1 to 8, T from 1 to 64, H from 1 to 128"
    yield _differentiable(f"Attention, normal inputs: {kinds}", _attentions())
    kinds = "random, one class absent, constant, huge (times 1e4 and 1e30), a single example"
    yield _differentiable(f"Losses: {kinds}", _losses())
    yield _metrics()


def _difference(ours: object, theirs: object) -> float:
    """The largest one; where the reference is infinite, ours has to be the same, and NaN never."""
    ours, theirs = (np.asarray(value, dtype=np.float64) for value in (ours, theirs))
    if ours.shape != theirs.shape:
        return math.inf
    finite = np.isfinite(theirs)
    if not np.array_equal(ours[~finite], theirs[~finite]):
        return math.inf
    ours, theirs = ours[finite], theirs[finite]
    gaps = np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))
    return math.inf if np.isnan(gaps).any() else gaps.max(initial=0.0).item()


def _shown(difference: float) -> str:
    return f"{difference:.0e}" if difference else "0"


# Attention and losses: values and gradients, in two precisions. What is compared comes as
# (name, name of the reference, cases), and a case is (ours, theirs, inputs, weight).


def _differentiable(title: str, pairs: Iterable[tuple[str, str, Callable]]) -> str:
    rows = []
    for (name, reference, cases), (precision, dtype) in product(pairs, PRECISIONS.items()):
        found = [_values_and_gradients(*case) for case in cases(dtype)]
        largest = [_shown(max(differences)) for differences in zip(*found, strict=True)]
        rows.append([name, reference, precision, f"{len(found):,}", *largest])
    return table(title, ("by hand", "reference", "", "cases", "value", "gradient"), rows)


def _values_and_gradients(
    ours: Callable, theirs: Callable, inputs: Tensor, weight: Tensor
) -> list[float]:
    found = [_with_gradient(function, inputs, weight) for function in (ours, theirs)]
    return [_difference(*pair) for pair in zip(*found, strict=True)]


def _with_gradient(function: Callable, inputs: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The value, and the gradient of its weighted sum."""
    inputs = inputs.clone().requires_grad_()
    value = function(inputs)
    (value * weight).sum().backward()
    return value.detach(), inputs.grad


def _attentions() -> Iterator[tuple[str, str, Callable]]:
    reference = "scaled_dot_product_attention"
    for name, mask_of in {"no mask": None, "padding": _padding, "any mask": _any}.items():
        yield f"attention, {name}", reference, partial(_attention, mask_of, 1)
    yield "attention, padding, query × 10", reference, partial(_attention, _padding, 10)
    yield "SelfAttention, padding", "MultiheadAttention with one head", _self_attention


def _padding(B: int, T: int) -> Tensor:
    return (torch.arange(T) < torch.randint(1, T + 1, (B, 1))).long()  # (B, T)


def _any(B: int, T: int) -> Tensor:
    """Any tokens of a row, one at least."""
    return torch.randint(2, (B, T)).scatter(1, torch.randint(T, (B, 1)), 1)  # (B, T)


def _shapes() -> Iterator[tuple[int, int, int]]:
    torch.manual_seed(0)
    for _ in range(3 * ROUNDS):
        B, T, H = (torch.randint(1, most + 1, ()).item() for most in (8, 64, 128))
        yield B, T, H


def _attention(mask_of: Callable | None, factor: float, dtype: torch.dtype) -> Iterator[tuple]:
    for B, T, H in _shapes():
        mask = mask_of(B, T) if mask_of else None
        allowed = None if mask is None else mask.bool().unsqueeze(1)  # (B, 1, T)
        inputs = torch.randn(3, B, T, H, dtype=dtype)
        inputs[0] *= factor
        reference = partial(F.scaled_dot_product_attention, attn_mask=allowed)
        yield (
            lambda inputs, mask=mask: attention(*inputs, mask),
            lambda inputs, reference=reference: reference(*inputs),
            inputs,
            torch.randn(B, T, H, dtype=dtype),
        )


def _self_attention(dtype: torch.dtype) -> Iterator[tuple]:
    for B, T, H in _shapes():
        ours = SelfAttention(H).to(dtype)
        theirs = nn.MultiheadAttention(H, 1, batch_first=True, dtype=dtype)
        layers = ours.query, ours.key, ours.value
        with torch.no_grad():
            theirs.in_proj_weight.copy_(torch.cat([layer.weight for layer in layers]))
            theirs.in_proj_bias.copy_(torch.cat([layer.bias for layer in layers]))
            theirs.out_proj.weight.copy_(torch.eye(H))
            theirs.out_proj.bias.zero_()
        mask = _padding(B, T)
        reference = partial(theirs, key_padding_mask=mask == 0, need_weights=False)
        yield (
            partial(ours, mask=mask),
            lambda hidden, reference=reference: reference(hidden, hidden, hidden)[0],
            *torch.randn(2, B, T, H, dtype=dtype),
        )


def _losses() -> Iterator[tuple[str, str, Callable]]:
    weight = torch.tensor([0.2, 1.0, 3.0, 0.5, 0.0])
    smoothing = {"label_smoothing": 0.1}
    theirs = nn.CrossEntropyLoss
    for how, options in {
        "": {},
        "(weight)": {"weight": weight},
        "(label_smoothing=0.1)": smoothing,
        "(weight, label_smoothing=0.1)": {"weight": weight, **smoothing},
    }.items():
        pair = loss.CrossEntropyLoss(**options), theirs(**options)
        yield f"CrossEntropyLoss{how}", theirs.__name__, partial(_loss, *pair, _cases.logits)
    for how, given in {"": None, ", weight": weight}.items():
        pair = loss.FocalLoss(0.0, given), theirs(given)
        yield f"FocalLoss(gamma=0{how})", theirs.__name__, partial(_loss, *pair, _cases.logits)
    for gamma in (0.5, 2.0, 5.0):
        pair = loss.FocalLoss(gamma), _PaperFocalLoss(gamma)
        cases = partial(_loss, *pair, _cases.ordinary_logits)
        yield f"FocalLoss(gamma={gamma:g})", "the paper's formula, random batches only", cases
    for name, cases in {
        "BCEWithLogitsLoss": _cases.binary_logits,
        "MSELoss": _cases.regression,
        "L1Loss": _cases.regression,
    }.items():
        yield name, name, partial(_loss, getattr(loss, name)(), getattr(nn, name)(), cases)


class _PaperFocalLoss(nn.Module):
    """-(1 - p)^gamma log p as it is written, which does where no probability is tiny."""

    def __init__(self, gamma: float) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        p = logits.softmax(dim=1)[F.one_hot(labels, C).bool()]  # (B,)
        return (-((1 - p) ** self.gamma) * p.log()).mean()


def _loss(
    ours: nn.Module, theirs: nn.Module, cases: Callable, dtype: torch.dtype
) -> Iterator[tuple]:
    torch.manual_seed(0)
    pair = ours.to(dtype), theirs.to(dtype)
    for predictions, labels in cases(dtype):
        functions = (lambda given, f=f, labels=labels: f(given, labels) for f in pair)
        yield *functions, predictions, torch.ones((), dtype=dtype)


# Metrics. A pair is (name, ours, name of the reference, the reference, cases); both are called as
# ours are, predictions first. Refused is a case without a value, where ours raises a ValueError.


def _metrics() -> str:
    rows = []
    for name, ours, reference, theirs, cases in _metric_pairs():
        differences, refused, without = [], 0, 0
        for case in cases(np.random.default_rng(0)):
            try:
                found = ours(*case)
            except ValueError:
                refused += 1
                without += _has_no_value(theirs, case)
                continue
            differences.append(_largest(found, _silently(theirs, case)))
        counts = [f"{len(differences):,}", _shown(max(differences)), refused, without]
        rows.append([name, reference, *counts])
    return table(
        "Metrics: random, ties, constant, one class absent, a single example; "
        "refused by ours, and of these by scikit-learn (an error, a warning or NaN)",
        ("by hand", "scikit-learn's", "cases", "difference", "refused", "by both"),
        rows,
    )


def _largest(ours: object, theirs: object) -> float:
    """Of numbers, arrays, or a tuple of arrays."""
    if isinstance(ours, tuple):
        return max(_difference(*pair) for pair in zip(ours, theirs, strict=True))
    return _difference(ours, theirs)


def _silently(reference: Callable, case: tuple) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return reference(*case)


def _has_no_value(reference: Callable, case: tuple) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = reference(*case)
        except (ValueError, UserWarning):
            return True
    parts = found if isinstance(found, tuple) else (found,)
    return any(np.isnan(part).any() for part in parts)


def _metric_pairs() -> Iterator[tuple]:
    classes, every = _cases.predicted_classes, list(range(C))
    yield _pair(metric.accuracy, metrics.accuracy_score, classes)
    yield _pair(metric.confusion_matrix, metrics.confusion_matrix, classes, labels=every)
    for average in ("binary", "macro", "micro", None):
        cases = partial(classes, classes=2 if average == "binary" else C)
        for name in ("precision", "recall", "f1"):
            ours, theirs = getattr(metric, name), getattr(metrics, f"{name}_score")
            options = {"average": average, "zero_division": 0}
            options |= {"labels": every} if average is None else {}
            yield _pair(ours, theirs, cases, **options)
    yield _pair(metric.roc_curve, metrics.roc_curve, _cases.scored, drop_intermediate=False)
    yield _pair(metric.roc_auc, metrics.roc_auc_score, _cases.scored)
    yield _pair(metric.precision_recall_curve, metrics.precision_recall_curve, _cases.scored)
    yield _pair(metric.average_precision, metrics.average_precision_score, _cases.scored)
    theirs = metrics.label_ranking_average_precision_score
    yield _pair(metric.mean_reciprocal_rank, theirs, _cases.ranked_with_one_relevant)
    yield _pair(metric.mean_average_precision, mean_of_average_precision_scores, _cases.ranked)
    for k in (None, 1, 3):
        yield _pair(metric.ndcg, metrics.ndcg_score, partial(_cases.ranked, most=4), k=k)
    for name in ("mean_absolute_error", "mean_squared_error"):
        yield _pair(getattr(metric, name), getattr(metrics, name), _cases.predicted_numbers)


def _pair(ours: Callable, theirs: Callable, cases: Callable, **options: object) -> tuple:
    """The options are the reference's, which takes labels first; ours has some of them too."""
    shared = {name: value for name, value in options.items() if name in ("average", "k")}
    shown = ", ".join(f"{name}={value!r}" for name, value in shared.items())
    if "labels" in options:
        shared["num_classes"] = C
    return (
        f"{ours.__name__}({shown})" if shown else ours.__name__,
        partial(ours, **shared),
        theirs.__name__,
        lambda predictions, labels: theirs(labels, predictions, **options),
        cases,
    )


def mean_of_average_precision_scores(labels: np.ndarray, scores: np.ndarray) -> float:
    pairs = zip(labels, scores, strict=True)
    return np.mean([metrics.average_precision_score(*pair) for pair in pairs])
