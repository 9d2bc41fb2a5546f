"""Losses by hand. A loss is a module: it compares a batch with its labels and gives one number, ().

Each is a mean over the batch, and equals the PyTorch module of the same name; FocalLoss has none.
A loss that would be NaN is an error: it says where the NaN came from, before it reaches a weight.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class CrossEntropyLoss(nn.Module):
    """How surprised the model is by the right classes: the mean of -log softmax(logits)[label].

    Takes logits, not probabilities. With weights the mean is a weighted one, as in PyTorch: each
    example counts as much as the weight of its label, so a batch of rare classes has no larger
    loss. Half-precision logits are raised to float32 first.

    Arguments:
        weight           (C,), how much each class counts; all alike without it
        label_smoothing  the share of a label that is spread over all classes, from 0 to 1

    Shapes:
        logits   (B, C)  float
        labels   (B,)    whole numbers from 0 to C - 1
        returns  ()      float

    Raises:
        ValueError: weights or smoothing that cannot be; an empty batch; logits and labels that
            disagree on B; a label outside C; labels that are floats; logits that hold a NaN or
            +inf; a batch whose labels all weigh 0.

    Built in notebooks/04_loss_and_metric.ipynb.
    """

    def __init__(self, weight: Tensor | None = None, label_smoothing: float = 0.0) -> None:
        super().__init__()
        if not 0 <= label_smoothing <= 1:
            raise ValueError(
                f"CrossEntropyLoss: got label_smoothing = {label_smoothing!r}, expected 0 to 1. "
                "Try 0.1."
            )
        self.register_buffer("weight", _class_weight(weight, "CrossEntropyLoss"))
        self.label_smoothing = label_smoothing

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        labels = _labels(logits, labels, "CrossEntropyLoss")
        log_probs = _log_softmax(logits, "CrossEntropyLoss")  # (B, C)
        weight = _weight_for(log_probs, self.weight, "CrossEntropyLoss")  # (C,)
        loss = -_pick(log_probs, labels) * weight[labels]  # (B,)
        if self.label_smoothing:
            spread = -(log_probs * weight).mean(dim=1)  # (B,)
            loss = (1 - self.label_smoothing) * loss + self.label_smoothing * spread
        return _weighted_mean(loss, weight[labels], "CrossEntropyLoss")


class FocalLoss(nn.Module):
    """Cross-entropy that turns down what the model knows already: -(1 - p)^gamma log p.

    p is the probability of the right class. With gamma = 0 it is CrossEntropyLoss, weights
    included; the larger gamma, the more the hard examples decide.
    Source: Lin et al., Focal Loss for Dense Object Detection, 2017.

    Arguments:
        gamma   0 or more
        weight  (C,), how much each class counts; all alike without it

    Shapes:
        logits   (B, C)  float
        labels   (B,)    whole numbers from 0 to C - 1
        returns  ()      float

    Raises:
        ValueError: a gamma below 0, and all that CrossEntropyLoss refuses.

    Built in notebooks/04_loss_and_metric.ipynb.
    """

    def __init__(self, gamma: float = 2.0, weight: Tensor | None = None) -> None:
        super().__init__()
        if not 0 <= gamma < float("inf"):
            raise ValueError(f"FocalLoss: got gamma = {gamma!r}, expected 0 or more. Try 2.0.")
        self.register_buffer("weight", _class_weight(weight, "FocalLoss"))
        self.gamma = gamma

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        labels = _labels(logits, labels, "FocalLoss")
        log_probs = _log_softmax(logits, "FocalLoss")  # (B, C)
        weight = _weight_for(log_probs, self.weight, "FocalLoss")  # (C,)
        log_p = _pick(log_probs, labels)  # (B,)
        # At p = 1 and gamma < 1 the power has an infinite slope, and 0 * inf is NaN: stay off 0.
        miss = (-log_p.expm1()).clamp(min=torch.finfo(log_p.dtype).tiny)  # 1 - p
        loss = -(miss**self.gamma) * log_p * weight[labels]
        return _weighted_mean(loss, weight[labels], "FocalLoss")


class BCEWithLogitsLoss(nn.Module):
    """Binary cross-entropy: one logit an answer, each a yes-or-no question of its own.

    Shapes:
        logits   any, such as (B,) or (B, C)  float
        labels   the same                     0 or 1, or a probability between
        returns  ()                           float

    Raises:
        ValueError: the shapes differ, there is nothing in them, a label is not within 0 and 1, or
            the logits hold a NaN or an infinite number.

    Built in notebooks/04_loss_and_metric.ipynb.
    """

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        logits, labels = _same_shape(logits, labels, "BCEWithLogitsLoss", "logits")
        outside = labels[(labels < 0) | (labels > 1)]
        if len(outside):
            raise ValueError(
                f"BCEWithLogitsLoss: got the label {outside[0].item():g}, expected 0 to 1. For "
                "more than two classes take CrossEntropyLoss."
            )
        # sigmoid(-z) is 1 - sigmoid(z), without the subtraction that loses all digits.
        return -(labels * F.logsigmoid(logits) + (1 - labels) * F.logsigmoid(-logits)).mean()


class MSELoss(nn.Module):
    """Mean squared error. (N, 1) against (N,) is refused: it would compare all with all, (N, N).

    Shapes:
        predictions  any, such as (N,)  float
        labels       the same           numbers
        returns      ()                 float

    Raises:
        ValueError: the shapes differ, there is nothing in them, or a number is NaN or infinite.

    Built in notebooks/04_loss_and_metric.ipynb.
    """

    def forward(self, predictions: Tensor, labels: Tensor) -> Tensor:
        predictions, labels = _same_shape(predictions, labels, "MSELoss", "predictions")
        return ((predictions - labels) ** 2).mean()


class L1Loss(nn.Module):
    """Mean absolute error (MAE): an outlier counts by its distance, not by the square of it.

    Shapes:
        predictions  any, such as (N,)  float
        labels       the same           numbers
        returns      ()                 float

    Raises:
        ValueError: the shapes differ, there is nothing in them, or a number is NaN or infinite.

    Built in notebooks/04_loss_and_metric.ipynb.
    """

    def forward(self, predictions: Tensor, labels: Tensor) -> Tensor:
        predictions, labels = _same_shape(predictions, labels, "L1Loss", "predictions")
        return (predictions - labels).abs().mean()


def _log_softmax(logits: Tensor, where: str) -> Tensor:
    """logits - logsumexp(logits); the maximum goes first, so that exp stays small."""
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    logits = logits - logits.amax(dim=1, keepdim=True).detach()  # (B, C), the largest is 0
    log_probs = logits - logits.exp().sum(dim=1, keepdim=True).log()
    bad = log_probs.isnan().any(dim=1).nonzero().flatten()
    if len(bad):
        raise ValueError(
            f"{where}: got logits with a NaN or an infinite number in row {bad[0].item()}, "
            "expected finite ones. Did the step before blow up? Try a lower learning rate."
        )
    return log_probs


def _pick(log_probs: Tensor, labels: Tensor) -> Tensor:
    """The log probability of each example's own label, (B,)."""
    return log_probs.gather(1, labels.unsqueeze(1)).squeeze(1)


def _weighted_mean(loss: Tensor, weight: Tensor, where: str) -> Tensor:
    if weight.sum() == 0:
        raise ValueError(
            f"{where}: got a batch whose labels all have weight 0, expected one that counts. Leave "
            "such examples out of the data, or weigh them a little."
        )
    return loss.sum() / weight.sum()


def _class_weight(weight: Tensor | None, where: str) -> Tensor | None:
    if weight is None:
        return None
    weight = torch.as_tensor(weight)
    if weight.ndim != 1 or not ((weight >= 0) & weight.isfinite()).all():
        raise ValueError(
            f"{where}: got the weight {weight.tolist()}, expected C finite numbers from 0, one for "
            "each class. course_lib.data.class_weights makes such."
        )
    return weight


def _weight_for(log_probs: Tensor, weight: Tensor | None, where: str) -> Tensor:
    C = log_probs.shape[1]
    if weight is None:
        return log_probs.new_ones(C)
    if len(weight) != C:
        raise ValueError(
            f"{where}: got {len(weight)} weights for logits with {C} classes, expected as many. "
            "Does the head have the right number of classes?"
        )
    return weight.to(log_probs.dtype)


def _labels(logits: Tensor, labels: Tensor, where: str) -> Tensor:
    """The labels as long, once they are known to fit the logits."""
    labels = torch.as_tensor(labels)
    _expect_float(logits, where, "logits")
    if labels.is_floating_point():
        raise ValueError(
            f"{where}: got labels of {labels.dtype}, expected whole numbers, the classes' places. "
            "Try labels.long(), or another loss if they are not classes."
        )
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not logits.numel():
        raise ValueError(
            f"{where}: got logits {tuple(logits.shape)} and labels {tuple(labels.shape)}, expected "
            "(B, C) and (B,), with the same B from 1. Look at both shapes where they are made; "
            "(B, T, C) is flattened first."
        )
    outside = labels[(labels < 0) | (labels >= logits.shape[1])]
    if len(outside):
        raise ValueError(
            f"{where}: got the label {outside[0].item()}, expected 0 to {logits.shape[1] - 1}. Do "
            "the classes count from 1, or does the head have too few?"
        )
    return labels.long()


def _same_shape(
    predictions: Tensor, labels: Tensor, where: str, name: str
) -> tuple[Tensor, Tensor]:
    """Both, the labels in the other's dtype, once they can be compared one by one."""
    labels = torch.as_tensor(labels)
    _expect_float(predictions, where, name)
    if predictions.shape != labels.shape or not labels.numel():
        raise ValueError(
            f"{where}: got {name} {tuple(predictions.shape)} and labels {tuple(labels.shape)}, "
            f"expected the same shape, not empty. Is one (N, 1)? Try {name}.squeeze(-1)."
        )
    for what, values in ((name, predictions), ("labels", labels)):
        if not values.isfinite().all():
            raise ValueError(
                f"{where}: got {what} with a NaN or an infinite number, expected finite ones. "
                "Is a value missing in the data, or did the step before blow up?"
            )
    return predictions, labels.to(predictions.dtype)


def _expect_float(values: Tensor, where: str, name: str) -> None:
    if not isinstance(values, Tensor) or not values.is_floating_point():
        got = values.dtype if isinstance(values, Tensor) else type(values).__name__
        raise ValueError(
            f"{where}: got {name} of {got}, expected a tensor of floats, the model's output. Are "
            "the two arguments swapped?"
        )
