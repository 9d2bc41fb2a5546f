"""What people really write for the exercises of notebook 04, right and wrong."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from sklearn import metrics
from torch import nn

from course_lib import loss as library
from course_lib import metric
from course_lib.exercises.nb04.log_softmax import log_softmax
from tests.exercises.mutants import Right, Wrong

# 04.1


def with_logsumexp(logits):
    return logits - torch.logsumexp(logits, dim=1, keepdim=True)


def shifted(logits):
    largest = logits.max(dim=1).values
    sums = torch.exp(logits - largest[:, None]).sum(1)
    return logits - (largest + torch.log(sums))[:, None]


def row_by_row(logits):
    rows = []
    for row in logits:
        row = row - row.max()
        rows.append(row - torch.log(torch.exp(row).sum()))
    return torch.stack(rows)


def without_maximum(logits):
    return logits - logits.exp().sum(dim=1, keepdim=True).log()


def log_of_the_ratio(logits):
    return (logits.exp() / logits.exp().sum(dim=1, keepdim=True)).log()


def log_of_the_softmax(logits):
    return logits.softmax(dim=1).log()


def log_of_the_shifted_softmax(logits):
    exp = (logits - logits.amax(dim=1, keepdim=True)).exp()
    return torch.log(exp / exp.sum(dim=1, keepdim=True))


def softmax_alone(logits):
    return logits.softmax(dim=1)


def negative_log_softmax(logits):
    return -with_logsumexp(logits)


def down_the_columns(logits):
    return logits - torch.logsumexp(logits, dim=0)


def without_keepdim(logits):
    return logits - logits.exp().sum(dim=1).log()


def one_sum(logits):
    return logits - logits.exp().sum().log()


def base_2(logits):
    return with_logsumexp(logits) / math.log(2)


def base_10(logits):
    return torch.log10(logits.softmax(dim=1))


def the_log_sums(logits):
    return torch.logsumexp(logits, dim=1)


def sums_without_log(logits):
    return logits - logits.exp().sum(dim=1, keepdim=True)


def one_maximum(logits):
    return without_maximum(logits - logits.max())


def maximum_inside_only(logits):
    shifted = logits - logits.amax(dim=1, keepdim=True)
    return logits - shifted.exp().sum(dim=1, keepdim=True).log()


def largest_size(logits):
    return without_maximum(logits - logits.abs().amax(dim=1, keepdim=True))


def clipped(logits):
    return without_maximum(logits.clamp(-80, 80))


def ready_made(logits):
    return F.log_softmax(logits, dim=1)


def ready_made_method(logits):
    return logits.log_softmax(dim=1)


def in_place(logits):
    logits -= logits.amax(dim=1, keepdim=True)
    return without_maximum(logits)


def detached(logits):
    return with_logsumexp(logits).detach()


def through_numpy(logits):
    z = logits.detach().numpy()
    z = z - z.max(axis=1, keepdims=True)
    return torch.tensor(z - np.log(np.exp(z).sum(axis=1, keepdims=True)))


def in_place_of_a_copy(logits):
    logits = logits.clone()
    logits -= torch.max(logits, 1, keepdim=True)[0]
    return logits - logits.exp().sum(-1)[:, None].log()


def maximum_without_keepdim(logits):
    return F.log_softmax(logits - logits.amax(dim=1), dim=1)


def nothing_keeps_dim(logits):
    logits = logits - logits.amax(dim=1)
    return logits - logits.exp().sum(dim=1).log()


def columns_maximum(logits):
    return without_maximum(logits - logits.amax(dim=0, keepdim=True))


def maximum_outside_only(logits):
    return without_maximum(logits) - logits.amax(dim=1, keepdim=True)


def pair_of_max(logits):
    return without_maximum(logits - logits.max(dim=1, keepdim=True))


def math_log(logits):
    return logits - math.log(logits.exp().sum(dim=1, keepdim=True))


# 04.2


class WithNll(nn.Module):
    def __init__(self, weight=None, label_smoothing=0.0):
        super().__init__()
        self.register_buffer("w", weight)
        self.s = label_smoothing

    def forward(self, logits, labels):
        log_probs = log_softmax(logits)
        weight = torch.ones_like(logits[0]) if self.w is None else self.w
        spread = -(log_probs * weight).sum() / logits.shape[1] / weight[labels].sum()
        return (1 - self.s) * F.nll_loss(log_probs, labels, self.w) + self.s * spread


class Entropy(nn.Module):
    """A base for one mistake at a time."""

    def __init__(self, weight=None, label_smoothing=0.0):
        super().__init__()
        self.register_buffer("weight", weight)
        self.s = label_smoothing

    def surprises(self, logits):
        return -log_softmax(logits)

    def own(self, surprises, labels):
        return surprises.gather(1, labels.unsqueeze(1)).squeeze(1)

    def weights(self, labels, C):
        return torch.ones(len(labels)) if self.weight is None else self.weight[labels]

    def smoothed(self, own, surprises):
        return (1 - self.s) * own + self.s * surprises.mean(dim=1)

    def mean(self, loss, weights):
        return (loss * weights).sum() / weights.sum()

    def forward(self, logits, labels):
        surprises, weights = self.surprises(logits), self.weights(labels, logits.shape[1])
        if self.weight is None or not self.s:
            loss = self.smoothed(self.own(surprises, labels), surprises)
            return self.mean(loss, weights)
        weighted = surprises * self.weight  # each class by its own
        loss = self.smoothed(self.own(weighted, labels), weighted) / weights
        return self.mean(loss, weights)


class LoopEntropy(Entropy):
    """Over the examples, one by one."""

    def forward(self, logits, labels):
        log_probs, total, weights = log_softmax(logits), 0.0, 0.0
        for row, label in zip(log_probs, labels.tolist(), strict=True):
            weight = torch.ones(len(row)) if self.weight is None else self.weight
            row = row * weight
            loss = -(1 - self.s) * row[label] - self.s * row.sum() / len(row)
            total, weights = total + loss, weights + weight[label]
        return total / weights


class RowWeighted(Entropy):
    """The weight of the label for all classes of its row."""

    def forward(self, logits, labels):
        surprises = self.surprises(logits)
        loss = self.smoothed(self.own(surprises, labels), surprises)
        return self.mean(loss, self.weights(labels, logits.shape[1]))


class UnsmoothedIfWeighted(Entropy):
    def smoothed(self, own, surprises):
        return own if self.weight is not None else super().smoothed(own, surprises)


class ThreeClasses(Entropy):
    def __init__(self, weight=None, label_smoothing=0.0):
        super().__init__(torch.ones(3) if weight is None else weight, label_smoothing)


class DummyBuffer(Entropy):
    def __init__(self, weight=None, label_smoothing=0.0):
        super().__init__(None, label_smoothing)
        del self.weight
        self.weight = weight
        self.register_buffer("dummy", torch.zeros(1))


class BufferIfGiven(Entropy):
    def __init__(self, weight=None, label_smoothing=0.0):
        super().__init__(None, label_smoothing)
        del self.weight
        if weight is not None:
            self.register_buffer("weight", weight)


class Summed(Entropy):
    def mean(self, loss, weights):
        return (loss * weights).sum()


class SummedIfWeighted(Entropy):
    def mean(self, loss, weights):
        return loss.mean() if self.weight is None else (loss * weights).sum()


class Unreduced(Entropy):
    def mean(self, loss, weights):
        return loss * weights


class TurnedSign(Entropy):
    def surprises(self, logits):
        return log_softmax(logits)


class AllPairs(Entropy):
    def own(self, surprises, labels):
        return surprises[:, labels].mean(dim=1)


class OverAllClasses(Entropy):
    def own(self, surprises, labels):
        return surprises.mean(dim=1)


class DividedByAll(Entropy):
    def own(self, surprises, labels):
        return (F.one_hot(labels, surprises.shape[1]) * surprises).mean(dim=1)


class TwoSoftmaxes(Entropy):
    def surprises(self, logits):
        return -log_softmax(logits.softmax(dim=1))


class NoSoftmax(Entropy):
    def surprises(self, logits):
        return -logits


class OneMinusP(Entropy):
    def surprises(self, logits):
        return 1 - logits.softmax(dim=1)


class DividedByB(Entropy):
    def mean(self, loss, weights):
        return (loss * weights).mean()


class DividedByClassWeights(Entropy):
    def mean(self, loss, weights):
        return loss.mean() if self.weight is None else (loss * weights).sum() / self.weight.sum()


class Unweighted(Entropy):
    def weights(self, labels, C):
        return torch.ones(len(labels))


class WeightedByPlace(Entropy):
    def weights(self, labels, C):
        return torch.ones(len(labels)) if self.weight is None else self.weight


class WeightedLogits(Entropy):
    def forward(self, logits, labels):
        weight = 1 if self.weight is None else self.weight
        return self.own(self.surprises(logits * weight), labels).mean()


class PlainAttribute(Entropy):
    def __init__(self, weight=None, label_smoothing=0.0):
        super().__init__(None, label_smoothing)
        del self.weight
        self.weight = weight


class TrainedWeights(Entropy):
    def __init__(self, weight=None, label_smoothing=0.0):
        super().__init__(None, label_smoothing)
        del self.weight
        self.weight = None if weight is None else nn.Parameter(weight)


class Unsmoothed(Entropy):
    def smoothed(self, own, surprises):
        return own


class SmoothedOverOthers(Entropy):
    def smoothed(self, own, surprises):
        others = surprises.sum(dim=1) - own
        return (1 - self.s) * own + self.s * others / (surprises.shape[1] - 1)


class SmoothedWithoutOwn(Entropy):
    def smoothed(self, own, surprises):
        others = surprises.sum(dim=1) - own
        return (1 - self.s) * own + self.s * others / surprises.shape[1]


class KeepsAll(Entropy):
    def smoothed(self, own, surprises):
        return own + self.s * surprises.mean(dim=1)


class SmoothedTheWrongWay(Entropy):
    def smoothed(self, own, surprises):
        return (self.s * own + (1 - self.s) * surprises.mean(dim=1)) if self.s else own


class SmoothedBySum(Entropy):
    def smoothed(self, own, surprises):
        return (1 - self.s) * own + self.s * surprises.sum(dim=1)


class GivesAway(Entropy):
    def smoothed(self, own, surprises):
        return (1 - self.s) * own


class ReadyEntropy(nn.CrossEntropyLoss):
    def __init__(self, weight=None, label_smoothing=0.0):
        super().__init__(weight=weight, label_smoothing=label_smoothing)


class ReadyFunction(Entropy):
    def forward(self, logits, labels):
        return F.cross_entropy(logits, labels, self.weight, label_smoothing=self.s)


class AsANumber(Entropy):
    def mean(self, loss, weights):
        return super().mean(loss, weights).item()


class AsANewTensor(Entropy):
    def mean(self, loss, weights):
        return torch.tensor(super().mean(loss, weights).item())


class MinusP(Entropy):
    def surprises(self, logits):
        return -logits.softmax(dim=1)


class WholeRows(Entropy):
    def own(self, surprises, labels):
        return surprises[labels].mean(dim=1)


class NoneForWeights(Entropy):
    def weights(self, labels, C):
        return self.weight[labels]


class NoSelf(Entropy):
    def weights(self, labels, C):
        return weight[labels]  # noqa: F821 it is the mistake


class DividedTwice(Entropy):
    def mean(self, loss, weights):
        return loss.mean() if self.weight is None else (loss * weights / weights.sum()).mean()


class SpreadUnweighted(Entropy):
    def forward(self, logits, labels):
        surprises, weights = self.surprises(logits), self.weights(labels, logits.shape[1])
        loss = self.smoothed(self.own(surprises, labels) * weights, surprises)
        return loss.sum() / weights.sum()


class SpreadOverB(Entropy):
    def forward(self, logits, labels):
        surprises = self.surprises(logits)
        own = self.mean(self.own(surprises, labels), self.weights(labels, logits.shape[1]))
        if self.weight is not None:
            surprises = surprises * self.weight
        return (1 - self.s) * own + self.s * surprises.mean()


class NotSetUp(Entropy):
    def __init__(self, weight=None, label_smoothing=0.0):
        self.weight = weight


class NoModule:
    def __init__(self, weight=None, label_smoothing=0.0):
        self.weight = weight

    def forward(self, logits, labels):
        return F.cross_entropy(logits, labels)


# 04.3


class Focal(nn.Module):
    """A base for one mistake at a time: on p, by softmax and gather."""

    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def p(self, logits, labels):
        return self.log_p(logits, labels).exp()

    def log_p(self, logits, labels):
        return log_softmax(logits).gather(1, labels[:, None])[:, 0]

    def factor(self, p):
        return (1 - p) ** self.gamma

    def mean(self, loss, factor):
        return (factor * loss).mean()

    def forward(self, logits, labels):
        factor = self.factor(self.p(logits, labels))
        return self.mean(-self.log_p(logits, labels), factor)


class OneHotFocal(Focal):
    def forward(self, logits, labels):
        loss = -(F.one_hot(labels, logits.shape[1]) * log_softmax(logits)).sum(dim=1)
        return (loss * torch.pow(1 - torch.exp(-loss), self.gamma)).mean()


class PToGamma(Focal):
    def factor(self, p):
        return p**self.gamma


class GammaTimes(Focal):
    def factor(self, p):
        return self.gamma * (1 - p)


class GammaTimesUnlessZero(Focal):
    def factor(self, p):
        return self.gamma * (1 - p) if self.gamma else torch.ones_like(p)


class WithoutGamma(Focal):
    def factor(self, p):
        return 1 - p


class NoExponent(Focal):
    def factor(self, p):
        return 1 - p if self.gamma else torch.ones_like(p)


class LossToGamma(Focal):
    def forward(self, logits, labels):
        return (-self.log_p(logits, labels)).pow(self.gamma or 1.0).mean()


class GammaIgnored(Focal):
    def factor(self, p):
        return torch.ones_like(p)


class FocalOfCrossEntropy(Focal):
    def forward(self, logits, labels):
        loss = F.cross_entropy(logits, labels, reduction="none")
        return ((1 - (-loss).exp()) ** self.gamma * loss).mean()


class OneMinusPToGamma(Focal):
    def factor(self, p):
        return 1 - p**self.gamma


class FactorAdded(Focal):
    def mean(self, loss, factor):
        return (factor + loss).mean()


class FocalOfAllClasses(Focal):
    def log_p(self, logits, labels):
        return log_softmax(logits)


class FocalOfAllClassesSummed(FocalOfAllClasses):
    def mean(self, loss, factor):
        return (factor * loss).sum(dim=1).mean()


class FocalOverAll(FocalOfAllClasses):
    def forward(self, logits, labels):
        log_p = log_softmax(logits)
        loss = -((1 - log_p.exp()) ** self.gamma) * log_p
        return (F.one_hot(labels, logits.shape[1]) * loss).mean()


class FocalNoSelf(Focal):
    def factor(self, p):
        return (1 - p) ** gamma  # noqa: F821 it is the mistake


class FocalSum(Focal):
    def mean(self, loss, factor):
        return (factor * loss).sum()


class FocalUnreduced(Focal):
    def mean(self, loss, factor):
        return factor * loss


class FocalWeightedMean(Focal):
    def mean(self, loss, factor):
        return (factor * loss).sum() / factor.sum()


class FocalTwoMeans(Focal):
    def mean(self, loss, factor):
        return factor.mean() * loss.mean()


class FocalOfTheMeanLoss(Focal):
    def forward(self, logits, labels):
        loss = -self.log_p(logits, labels).mean()
        return (1 - torch.exp(-loss)) ** self.gamma * loss


class FocalOfTheMeanP(Focal):
    def p(self, logits, labels):
        return super().p(logits, labels).mean()


class FocalSign(Focal):
    def mean(self, loss, factor):
        return -(factor * loss).mean()


class OneMinusLogP(Focal):
    def p(self, logits, labels):
        return self.log_p(logits, labels)


class FactorAlone(Focal):
    def mean(self, loss, factor):
        return factor.mean()


class FocalOfProbabilities(Focal):
    def log_p(self, logits, labels):
        return logits.softmax(dim=1)[torch.arange(len(labels)), labels].log()


class FocalDetached(Focal):
    def factor(self, p):
        return super().factor(p.detach())


class LoopFocal(Focal):
    def forward(self, logits, labels):
        pairs = zip(logits.split(1), labels.split(1), strict=True)
        return sum(super(LoopFocal, self).forward(*pair) for pair in pairs) / len(labels)


class OtherDefault(Focal):
    def __init__(self, gamma=1.0):
        super().__init__(gamma)


class AlwaysTwo(Focal):
    def __init__(self, gamma=2.0):
        super().__init__(2.0)


# 04.4


def matrix_by_loop(predictions, labels, num_classes):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.long)
    for prediction, label in zip(predictions, labels, strict=True):
        matrix[label, prediction] += 1
    return matrix


def matrix_by_one_hot(predictions, labels, num_classes):
    return F.one_hot(labels, num_classes).T @ F.one_hot(predictions, num_classes)


def matrix_by_index_put(predictions, labels, num_classes):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.int)
    return matrix.index_put_((labels, predictions), torch.tensor(1).int(), accumulate=True)


def matrix_transposed(predictions, labels, num_classes):
    return matrix_by_loop(labels, predictions, num_classes)


def matrix_once(predictions, labels, num_classes):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.long)
    matrix[labels, predictions] += 1
    return matrix


def matrix_once_of_floats(predictions, labels, num_classes):
    return matrix_once(predictions, labels, num_classes).float()


def matrix_of_floats(predictions, labels, num_classes):
    return matrix_by_loop(predictions, labels, num_classes).float()


def matrix_of_shares(predictions, labels, num_classes):
    matrix = matrix_by_loop(predictions, labels, num_classes)
    return matrix / matrix.sum(dim=1, keepdim=True)


def matrix_of_lists(predictions, labels, num_classes):
    return matrix_by_loop(predictions, labels, num_classes).tolist()


def matrix_of_scikit_learn(predictions, labels, num_classes):
    return metrics.confusion_matrix(labels, predictions, labels=range(num_classes))


def matrix_flat(predictions, labels, num_classes):
    return matrix_by_loop(predictions, labels, num_classes).flatten()


def matrix_of_what_occurs(predictions, labels, num_classes):
    return torch.tensor(metrics.confusion_matrix(labels, predictions))


def matrix_without_minlength(predictions, labels, num_classes):
    cells = labels * num_classes + predictions
    return torch.bincount(cells).reshape(num_classes, num_classes)


def matrix_diagonal(predictions, labels, num_classes):
    return matrix_by_loop(predictions, labels, num_classes).diag()


def matrix_by_rows(predictions, labels, num_classes):
    rows = [
        torch.bincount(predictions[labels == i], minlength=num_classes) for i in range(num_classes)
    ]
    return torch.stack(rows)


def matrix_by_ragged_rows(predictions, labels, num_classes):
    return torch.stack([torch.bincount(predictions[labels == i]) for i in range(num_classes)])


def matrix_of_one_row(predictions, labels, num_classes):
    matrix = [[0] * num_classes] * num_classes
    for prediction, label in zip(predictions, labels, strict=True):
        matrix[label][prediction] += 1
    return torch.tensor(matrix)


def matrix_of_the_first(predictions, labels, num_classes):
    return matrix_by_loop(predictions[:1], labels[:1], num_classes)


def matrix_of_mistakes(predictions, labels, num_classes):
    wrong = predictions != labels
    return matrix_by_loop(predictions[wrong], labels[wrong], num_classes)


def matrix_of_column_shares(predictions, labels, num_classes):
    matrix = matrix_by_loop(predictions, labels, num_classes)
    return matrix / matrix.sum(dim=0)


# 04.5


def counts(predictions, labels, num_classes):
    matrix = matrix_by_loop(predictions, labels, num_classes).double()
    return matrix.diag(), matrix.sum(dim=0), matrix.sum(dim=1)


def divide(part, whole):
    return torch.where(whole > 0, part / whole.clamp(min=1), 0.0)


def f1_by_precision_and_recall(predictions, labels, average="binary", num_classes=2):
    hits, predicted, actual = counts(predictions, labels, num_classes)
    if average == "micro":
        hits, predicted, actual = hits.sum(), predicted.sum(), actual.sum()
    P, R = divide(hits, predicted), divide(hits, actual)
    each = torch.where(P + R > 0, 2 * P * R / (P + R).clamp(min=1e-12), 0.0)
    return each[1] if average == "binary" else each.mean()


def f1_of_scikit_learn(predictions, labels, average="binary", num_classes=2):
    return metrics.f1_score(labels, predictions, average=average, zero_division=0)


def f1_with_nan(predictions, labels, average="binary", num_classes=2):
    hits, predicted, actual = counts(predictions, labels, num_classes)
    if average == "micro":
        return (hits.sum() / actual.sum()).item()
    P, R = hits / predicted, hits / actual
    each = 2 * P * R / (P + R)
    return (each[1] if average == "binary" else each.mean()).item()


def f1_with_zero_division(predictions, labels, average="binary", num_classes=2):
    if average != "binary":
        return f1_of_scikit_learn(predictions, labels, average)
    hits, predicted, actual = (x[1].item() for x in counts(predictions, labels, 2))
    P, R = hits / predicted, hits / actual
    return 2 * P * R / (P + R)


def f1_is_accuracy(predictions, labels, average="binary", num_classes=2):
    return (predictions == labels).double().mean().item()


def f1_is_precision(predictions, labels, average="binary", num_classes=2):
    return metrics.precision_score(labels, predictions, average=average, zero_division=0)


def f1_is_recall(predictions, labels, average="binary", num_classes=2):
    return metrics.recall_score(labels, predictions, average=average, zero_division=0)


def f1_plain_mean(predictions, labels, average="binary", num_classes=2):
    both = (f(predictions, labels, average) for f in (f1_is_precision, f1_is_recall))
    return sum(both) / 2


def f1_halved(predictions, labels, average="binary", num_classes=2):
    return f1_of_scikit_learn(predictions, labels, average) / 2


def f1_of_class_0(predictions, labels, average="binary", num_classes=2):
    if average != "binary":
        return f1_of_scikit_learn(predictions, labels, average)
    return metrics.f1_score(labels, predictions, pos_label=0)


def f1_always_macro(predictions, labels, average="binary", num_classes=2):
    return f1_of_scikit_learn(predictions, labels, "macro")


def f1_always_binary(predictions, labels, average="binary", num_classes=2):
    hits, predicted, actual = counts(predictions, labels, num_classes)
    return (2 * hits / (predicted + actual))[1].item()


def f1_of_means(predictions, labels, average="binary", num_classes=2):
    if average != "macro":
        return f1_of_scikit_learn(predictions, labels, average)
    P, R = (f(predictions, labels, average) for f in (f1_is_precision, f1_is_recall))
    return 2 * P * R / (P + R)


def f1_weighted(predictions, labels, average="binary", num_classes=2):
    average = "weighted" if average == "macro" else average
    return f1_of_scikit_learn(predictions, labels, average)


def f1_leaves_zeros_out(predictions, labels, average="binary", num_classes=2):
    if average != "macro":
        return f1_of_scikit_learn(predictions, labels, average)
    each = metrics.f1_score(labels, predictions, average=None)
    return float(each[each > 0].mean())


def f1_summed(predictions, labels, average="binary", num_classes=2):
    each = metrics.f1_score(labels, predictions, average=None)
    return float(each.sum()) if average == "macro" else f1_of_scikit_learn(predictions, labels)


def f1_micro_is_macro(predictions, labels, average="binary", num_classes=2):
    average = "macro" if average == "micro" else average
    return f1_of_scikit_learn(predictions, labels, average)


def f1_list(predictions, labels, average="binary", num_classes=2):
    return metrics.f1_score(labels, predictions, average=None).tolist()


def f1_by_classes(predictions, labels, average="binary", num_classes=2):
    if average == "micro":
        return (predictions == labels).float().mean()
    each = []
    for c in [1] if average == "binary" else range(num_classes):
        both = int((predictions == c).sum() + (labels == c).sum())
        each.append(2 * int(((predictions == c) & (labels == c)).sum()) / both if both else 0.0)
    return sum(each) / len(each)


def f1_tensor(predictions, labels, average="binary", num_classes=2):
    hits, predicted, actual = counts(predictions, labels, num_classes)
    return 2 * hits / (predicted + actual)


def f1_of_two_classes(predictions, labels, average="binary", num_classes=2):
    return f1_by_precision_and_recall(predictions, labels, average)


def f1_micro_summed(predictions, labels, average="binary", num_classes=2):
    given = "macro" if average == "micro" else average
    found = f1_of_scikit_learn(predictions, labels, given)
    return found * num_classes if average == "micro" else found


# 04.6


def auc_by_ranks(scores, labels):
    table = torch.cat([scores[labels == 1], scores[labels == 0]])
    P, N = int(labels.sum()), int((1 - labels).sum())
    below = (table[:P, None] > table).sum(1) + 0.5 * (table[:P, None] == table).sum(1)
    return (below.sum() - P * P / 2) / (P * N)


def auc_by_loop(scores, labels):
    wins, pairs = 0.0, 0
    for score, label in zip(scores, labels, strict=True):
        for other, theirs in zip(scores, labels, strict=True):
            if label == 1 and theirs == 0:
                pairs += 1
                wins += 1.0 if score > other else 0.5 if score == other else 0.0
    return wins / pairs


def auc_of_two_groups(scores, labels):
    positives, negatives = scores[labels == 1], scores[labels == 0]
    wins = sum(float(a > b) + float(a >= b) for a in positives for b in negatives) / 2
    return wins / (len(positives) * len(negatives))


def auc_of_signs(scores, labels):
    return (((scores[labels == 1, None] - scores[labels == 0]).sign() + 1) / 2).mean()


def auc_of_scikit_learn(scores, labels):
    return float(metrics.roc_auc_score(labels, scores))


def auc_turned(scores, labels):
    return 1 - auc_by_loop(scores, labels)


def auc_pairs(scores, labels):
    return auc_by_loop(scores, labels) * int(labels.sum()) * int((1 - labels).sum())


def auc_over_all(scores, labels):
    return auc_pairs(scores, labels) / len(labels) ** 2


def auc_is_accuracy(scores, labels):
    return ((scores > 0) == (labels == 1)).double().mean().item()


def auc_of_answers(scores, labels):
    return auc_by_loop((scores > 0).float(), labels)


def auc_is_average_precision(scores, labels):
    return float(metrics.average_precision_score(labels, scores))


def auc_strict(scores, labels):
    return (scores[labels == 1, None] > scores[labels == 0]).double().mean().item()


def auc_ties_won(scores, labels):
    return (scores[labels == 1, None] >= scores[labels == 0]).double().mean().item()


def auc_in_order(scores, labels):
    wins, negatives_left = 0, int((1 - labels).sum())
    for label in labels.tolist():
        wins, negatives_left = wins + label * negatives_left, negatives_left - (1 - label)
    return wins / int(labels.sum()) / int((1 - labels).sum())


def auc_wins_less_losses(scores, labels):
    return (scores[labels == 1, None] - scores[labels == 0]).sign().mean().item()


def auc_of_bools(scores, labels):
    return (scores[labels == 1, None] > scores[labels == 0]).mean().item()


def auc_of_means(scores, labels):
    return float(scores[labels == 1].mean() > scores[labels == 0].mean())


def auc_paired_off(scores, labels):
    positives, negatives = scores[labels == 1], scores[labels == 0]
    return sum(float(a > b) for a, b in zip(positives, negatives, strict=False)) / len(positives)


def auc_by_positives(scores, labels):
    return auc_strict(scores, labels) * int((labels == 0).sum())


def auc_by_negatives(scores, labels):
    return auc_strict(scores, labels) * int(labels.sum())


def auc_unmeaned(scores, labels):
    return scores[labels == 1, None] > scores[labels == 0]


def auc_curve_turned(scores, labels):
    return -auc_by_loop(scores, labels)


def auc_without_an_axis(scores, labels):
    return (scores[labels == 1] > scores[labels == 0]).double().mean().item()


# 04.7


def ndcg_by_loop(scores, labels, k=None):
    found = []
    for row, gains in zip(scores.tolist(), labels.tolist(), strict=True):
        order = sorted(range(len(row)), key=lambda i, row=row: -row[i])
        best = dcg(sorted(gains, reverse=True), k)
        found.append(dcg([gains[i] for i in order], k) / best if best else 0.0)
    return sum(found) / len(found)


def dcg(gains, k=None):
    return sum(gain / math.log2(i + 2) for i, gain in enumerate(gains[:k]))


def ndcg_natural(scores, labels, k=None):
    """Natural logarithms: the base cancels out."""
    ranked = torch.stack(
        [y[s.argsort(descending=True)] for s, y in zip(scores, labels, strict=True)]
    )
    ranked, best = ranked[:, :k], labels.sort(descending=True).values[:, :k]
    discounts = 1 / torch.log(torch.arange(2, ranked.shape[1] + 2))
    ratio = (ranked * discounts).sum(1) / (best * discounts).sum(1)
    return ratio.nan_to_num(0.0).mean()


def ndcg_of_scikit_learn(scores, labels, k=None):
    return float(metrics.ndcg_score(labels, scores, k=k))


class Ndcg:
    """A base for one mistake at a time."""

    def ranked(self, scores, labels):
        return labels.gather(1, scores.argsort(dim=1, descending=True))

    def best(self, scores, labels):
        return labels.sort(dim=1, descending=True).values

    def discounts(self, D):
        return 1 / torch.arange(2, D + 2).log2()

    def cut(self, rows, k):
        return rows[:, :k]

    def cut_best(self, rows, k):
        return rows[:, :k]

    def gain(self, rows):
        return (rows * self.discounts(rows.shape[1])).sum(dim=1)

    def ratio(self, gains, best):
        return (gains / best.clamp(min=1e-9)).mean().item()

    def __call__(self, scores, labels, k=None):
        ranked = self.cut(self.ranked(scores, labels), k)
        best = self.cut_best(self.best(scores, labels), k)
        return self.ratio(self.gain(ranked), self.gain(best))


def attempt(**methods):
    """A function that makes one mistake."""
    mistaken = type("Mistaken", (Ndcg,), methods)()
    return lambda scores, labels, k=None: mistaken(scores, labels, k)


ndcg_is_dcg = attempt(ratio=lambda self, gains, best: gains.mean().item())
ndcg_unsorted = attempt(ranked=lambda self, scores, labels: labels)
ndcg_rising = attempt(ranked=lambda self, scores, labels: labels.gather(1, scores.argsort(dim=1)))
ndcg_labels_sorted = attempt(ranked=Ndcg.best)
ndcg_doubled = attempt(gain=lambda self, rows: Ndcg.gain(self, 2**rows - 1))
ndcg_over_sum = attempt(gain_of_best=None, best=lambda self, scores, labels: labels)
ndcg_places_late = attempt(discounts=lambda self, D: 1 / torch.arange(3, D + 3).log2())
ndcg_places_early = attempt(discounts=lambda self, D: 1 / torch.arange(1, D + 1).log2())
ndcg_harmonic = attempt(discounts=lambda self, D: 1 / torch.arange(1, D + 1))
ndcg_of_places = attempt(
    ranked=lambda self, scores, labels: labels.gather(
        1, scores.argsort(dim=1, descending=True).argsort(dim=1)
    )
)
ndcg_of_the_order = attempt(
    ranked=lambda self, scores, labels: scores.argsort(dim=1, descending=True)
)
ndcg_k_ignored = attempt(cut=lambda self, rows, k: rows, cut_best=lambda self, rows, k: rows)
ndcg_best_not_cut = attempt(cut_best=lambda self, rows, k: rows)
ndcg_pooled = attempt(ratio=lambda self, gains, best: (gains.sum() / best.sum()).item())
ndcg_summed = attempt(ratio=lambda self, gains, best: (gains / best).sum().item())
ndcg_first_query = attempt(ratio=lambda self, gains, best: (gains / best)[0].item())
ndcg_nan = attempt(ratio=lambda self, gains, best: (gains / best).mean().item())
ndcg_leaves_out = attempt(ratio=lambda self, gains, best: (gains / best).nanmean().item())


def ndcg_divided_by_the_sum(scores, labels, k=None):
    gains = Ndcg().gain(Ndcg().ranked(scores, labels))
    return (gains / labels.sum(dim=1)).mean().item()


def ndcg_first_documents(scores, labels, k=None):
    best = Ndcg().gain(Ndcg().best(scores, labels)[:, :k])
    return Ndcg().ratio(Ndcg().gain(Ndcg().ranked(scores[:, :k], labels[:, :k])), best)


def ndcg_best_of_the_top(scores, labels, k=None):
    ranked = Ndcg().ranked(scores, labels)[:, :k]
    return Ndcg().ratio(Ndcg().gain(ranked), Ndcg().gain(ranked.sort(descending=True).values))


def ndcg_divides_in_python(scores, labels, k=None):
    rows = zip(scores.tolist(), labels.tolist(), strict=True)
    ratios = []
    for row, gains in rows:
        ranked = [gain for _, gain in sorted(zip(row, gains, strict=True), reverse=True)]
        ratios.append(dcg(ranked, k) / dcg(sorted(gains, reverse=True), k))
    return sum(ratios) / len(ratios)


def ndcg_by_topk(scores, labels, k=None):
    k = k or scores.shape[1]
    gains = Ndcg().gain(labels.gather(1, scores.topk(k, dim=1).indices))
    return (gains / Ndcg().gain(labels.topk(k, dim=1).values)).nan_to_num(0.0).mean()


def ndcg_upside_down(scores, labels, k=None):
    return 1 / ndcg_by_loop(scores, labels, k)


def ndcg_of_rows(scores, labels, k=None):
    return Ndcg().gain(labels[scores.argsort(dim=1, descending=True)]).mean().item()


def ndcg_of_a_pair(scores, labels, k=None):
    return Ndcg().gain(labels.gather(1, scores.sort(dim=1, descending=True))).mean().item()


def ndcg_needs_k(scores, labels, k=None):
    return sum(1 / math.log2(place + 1) for place in range(1, k + 1))


def ndcg_math_log(scores, labels, k=None):
    return (labels / math.log2(torch.arange(2, 2 + labels.shape[1]))).sum().item()


ndcg_best_rising = attempt(best=lambda self, scores, labels: labels.sort(dim=1).values)
ndcg_multiplied = attempt(discounts=lambda self, D: torch.arange(2, D + 2).log2())
ndcg_undiscounted = attempt(discounts=lambda self, D: torch.ones(D))
ndcg_of_yes_and_no = attempt(gain=lambda self, rows: Ndcg.gain(self, (rows > 0).long()))
ndcg_unmeaned = attempt(ratio=lambda self, gains, best: gains / best)


RIGHT = (
    Right("04.1", "logsumexp", with_logsumexp),
    Right("04.1", "a shift by hand", shifted),
    Right("04.1", "on a copy", in_place_of_a_copy),
    Right("04.2", "gather", Entropy),
    Right("04.2", "nll_loss", WithNll),
    Right("04.2", "the library's", library.CrossEntropyLoss),
    Right("04.3", "gather", Focal),
    Right("04.3", "from the loss itself", OneHotFocal),
    Right("04.3", "from PyTorch's cross-entropy", FocalOfCrossEntropy),
    Right("04.3", "the library's", library.FocalLoss),
    Right("04.4", "a loop", matrix_by_loop),
    Right("04.4", "row by row", matrix_by_rows),
    Right("04.4", "one-hot", matrix_by_one_hot),
    Right("04.4", "index_put_", matrix_by_index_put),
    Right("04.4", "the library's", metric.confusion_matrix),
    Right("04.5", "from precision and recall", f1_by_precision_and_recall),
    Right("04.5", "class by class", f1_by_classes),
    Right("04.5", "scikit-learn's", f1_of_scikit_learn),
    Right("04.5", "the library's", metric.f1),
    Right("04.6", "ranks", auc_by_ranks),
    Right("04.6", "a loop over two groups", auc_of_two_groups),
    Right("04.6", "signs", auc_of_signs),
    Right("04.6", "scikit-learn's", auc_of_scikit_learn),
    Right("04.6", "the library's", metric.roc_auc),
    Right("04.7", "a loop", ndcg_by_loop),
    Right("04.7", "topk", ndcg_by_topk),
    Right("04.7", "natural logarithms", ndcg_natural),
    Right("04.7", "scikit-learn's", ndcg_of_scikit_learn),
    Right("04.7", "the library's", metric.ndcg),
)

WRONG = (
    Wrong("04.1", "no maximum", without_maximum, "exp(1000) is inf"),
    Wrong("04.1", "the logarithm of a ratio", log_of_the_ratio, "exp(1000) is inf"),
    Wrong("04.1", "the logarithm of a softmax", log_of_the_softmax, "rounded to 0"),
    Wrong("04.1", "of a shifted one", log_of_the_shifted_softmax, "rounded to 0"),
    Wrong("04.1", "a softmax", softmax_alone, "These are the probabilities"),
    Wrong("04.1", "the sign", negative_log_softmax, "The sign is turned"),
    Wrong("04.1", "dim=0", down_the_columns, "down the columns"),
    Wrong("04.1", "no keepdim", without_keepdim, "keepdim=True"),
    Wrong("04.1", "one sum", one_sum, "One sum over the whole batch"),
    Wrong("04.1", "base 2", base_2, "base 2"),
    Wrong("04.1", "base 10", base_10, "base 10"),
    Wrong("04.1", "the sums alone", the_log_sums, "Subtract them from logits"),
    Wrong("04.1", "no logarithm of the sum", sums_without_log, "Take their logarithm first"),
    Wrong("04.1", "one maximum", one_maximum, "its own maximum"),
    Wrong("04.1", "the maximum inside only", maximum_inside_only, "inside exp only"),
    Wrong("04.1", "the largest size", largest_size, "absolute value"),
    Wrong("04.1", "clipped", clipped, "Subtract the row's maximum"),
    Wrong("04.1", "PyTorch's function", ready_made, "make it from exp and log"),
    Wrong("04.1", "PyTorch's method", ready_made_method, "make it from exp and log"),
    Wrong("04.1", "in place", in_place, "still owns"),
    Wrong("04.1", "detached", detached, "way back to the logits is cut"),
    Wrong("04.1", "row by row", row_by_row, "whole batch at once"),
    Wrong("04.1", "NumPy", through_numpy, "way back to the logits is cut"),
    Wrong("04.1", "no keepdim for the maximum", maximum_without_keepdim, "The maxima (B,)"),
    Wrong("04.1", "no keepdim at all", nothing_keeps_dim, "The maxima (B,)"),
    Wrong("04.1", "the columns' maximum", columns_maximum, "maximum of each column"),
    Wrong("04.1", "the maximum outside only", maximum_outside_only, "outside exp only"),
    Wrong("04.1", "max and its places", pair_of_max, "a pair"),
    Wrong("04.1", "math.log", math_log, "takes one number"),
    Wrong("04.2", "-p", MinusP, "-p is no logarithm"),
    Wrong("04.2", "whole rows", WholeRows, "takes whole rows"),
    Wrong("04.2", "None for weights", NoneForWeights, "self.weight is None"),
    Wrong("04.2", "no self", NoSelf, "what __init__ kept"),
    Wrong("04.2", "divided twice", DividedTwice, "Divided twice"),
    Wrong("04.2", "smoothing without weights", SpreadUnweighted, "the smoothing's is not"),
    Wrong("04.2", "smoothing over B", SpreadOverB, "part was divided by B"),
    Wrong("04.2", "a row's weight for all its classes", RowWeighted, "Each class has its own"),
    Wrong(
        "04.2", "no smoothing where there are weights", UnsmoothedIfWeighted, "With weights, the"
    ),
    Wrong("04.2", "three classes for good", ThreeClasses, "Only logits know C"),
    Wrong("04.2", "a buffer of something else", DummyBuffer, "register_buffer"),
    Wrong("04.2", "a buffer only if given", BufferIfGiven, "needs no `if`"),
    Wrong("04.2", "a sum", Summed, "does not grow with the batch"),
    Wrong("04.2", "unreduced", Unreduced, "A loss for each example"),
    Wrong("04.2", "the sign", TurnedSign, "The sign is turned"),
    Wrong("04.2", "all pairs", AllPairs, "takes all labels in every row"),
    Wrong("04.2", "all classes", OverAllClasses, "Only the label's own place"),
    Wrong("04.2", "divided by B * C", DividedByAll, "Only B numbers"),
    Wrong("04.2", "softmax twice", TwoSoftmaxes, "applied twice"),
    Wrong("04.2", "no softmax", NoSoftmax, "the logits themselves"),
    Wrong("04.2", "1 - p", OneMinusP, "no logarithm"),
    Wrong("04.2", "weighted, divided by B", DividedByB, "Divided by B = 3"),
    Wrong("04.2", "divided by the classes' weights", DividedByClassWeights, "of the examples"),
    Wrong("04.2", "a weighted sum", SummedIfWeighted, "Divide by weight[labels].sum()"),
    Wrong("04.2", "no weights", Unweighted, "weights make no difference"),
    Wrong("04.2", "weights by place", WeightedByPlace, "Weighted by place"),
    Wrong("04.2", "weighted logits", WeightedLogits, "logits were weighted"),
    Wrong("04.2", "a plain attribute", PlainAttribute, "register_buffer"),
    Wrong("04.2", "a parameter", TrainedWeights, "A parameter is for training"),
    Wrong("04.2", "no smoothing", Unsmoothed, "smoothing makes no difference"),
    Wrong("04.2", "over the others", SmoothedOverOthers, "the others alone"),
    Wrong("04.2", "without the own", SmoothedWithoutOwn, "sum to 0.9"),
    Wrong("04.2", "keeps all", KeepsAll, "keeps all of its 1"),
    Wrong("04.2", "smoothed the wrong way", SmoothedTheWrongWay, "Turned round"),
    Wrong("04.2", "a sum over classes", SmoothedBySum, "divided among C"),
    Wrong("04.2", "gives away", GivesAway, "nobody got it"),
    Wrong("04.2", "PyTorch's module", ReadyEntropy, "build it on your log_softmax"),
    Wrong("04.2", "PyTorch's function", ReadyFunction, "build it on your log_softmax"),
    Wrong("04.2", "a number", AsANumber, "tensor is needed"),
    Wrong("04.2", "a new tensor", AsANewTensor, "way back to the logits is cut"),
    Wrong("04.2", "a loop", LoopEntropy, "whole batch at once"),
    Wrong("04.2", "no super", NotSetUp, "super().__init__()"),
    Wrong("04.2", "no module", NoModule, "inherit from nn.Module"),
    Wrong("04.3", "p to gamma", PToGamma, "It is 1 - p"),
    Wrong("04.3", "gamma times", GammaTimes, "gamma is an exponent"),
    Wrong("04.3", "gamma times, but for 0", GammaTimesUnlessZero, "gamma is an exponent"),
    Wrong("04.3", "1 - p to gamma", OneMinusPToGamma, "all of 1 - p"),
    Wrong("04.3", "added", FactorAdded, "was added"),
    Wrong("04.3", "all classes", FocalOfAllClasses, "mean over all classes"),
    Wrong("04.3", "all classes, summed", FocalOfAllClassesSummed, "sum over all classes"),
    Wrong("04.3", "divided by B * C", FocalOverAll, "Only B numbers"),
    Wrong("04.3", "no self", FocalNoSelf, "self.gamma"),
    Wrong("04.3", "1 - p", WithoutGamma, "(1 - p) ** 0 is 1"),
    Wrong("04.3", "1 - p, but for 0", NoExponent, "without the exponent"),
    Wrong("04.3", "the loss to gamma", LossToGamma, "logarithm was raised"),
    Wrong("04.3", "gamma ignored", GammaIgnored, "gamma makes no difference"),
    Wrong("04.3", "a sum", FocalSum, "Take the mean"),
    Wrong("04.3", "unreduced", FocalUnreduced, "A loss for each example"),
    Wrong("04.3", "a weighted mean", FocalWeightedMean, "Divided by the factors"),
    Wrong("04.3", "two means", FocalTwoMeans, "Two means"),
    Wrong("04.3", "of the mean loss", FocalOfTheMeanLoss, "from the mean loss"),
    Wrong("04.3", "of the mean p", FocalOfTheMeanP, "One factor for the whole batch"),
    Wrong("04.3", "the sign", FocalSign, "The sign is turned"),
    Wrong("04.3", "1 - log p", OneMinusLogP, "1 - log p"),
    Wrong("04.3", "the factor alone", FactorAlone, "-log p is not"),
    Wrong("04.3", "from probabilities", FocalOfProbabilities, "-inf"),
    Wrong("04.3", "detached", FocalDetached, "without detach()"),
    Wrong("04.3", "a loop", LoopFocal, "whole batch at once"),
    Wrong("04.3", "another default", OtherDefault, "self.gamma"),
    Wrong("04.3", "always 2", AlwaysTwo, "(1 - p) ** 0 is 1"),
    Wrong("04.4", "transposed", matrix_transposed, "Rows are the labels"),
    Wrong("04.4", "counts once", matrix_once, "was counted once"),
    Wrong("04.4", "counts once, floats", matrix_once_of_floats, "was counted once"),
    Wrong("04.4", "floats", matrix_of_floats, "whole numbers"),
    Wrong("04.4", "shares", matrix_of_shares, "Shares of each row"),
    Wrong("04.4", "lists", matrix_of_lists, "list of lists"),
    Wrong("04.4", "scikit-learn's", matrix_of_scikit_learn, "tensor is needed"),
    Wrong("04.4", "flat", matrix_flat, "reshape"),
    Wrong("04.4", "of what occurs", matrix_of_what_occurs, "taken from the data"),
    Wrong("04.4", "no minlength", matrix_without_minlength, "minlength"),
    Wrong("04.4", "rows without minlength", matrix_by_ragged_rows, "gives every row C places"),
    Wrong("04.4", "one row C times", matrix_of_one_row, "the same list"),
    Wrong("04.4", "the first pair", matrix_of_the_first, "inside the loop"),
    Wrong("04.4", "the mistakes", matrix_of_mistakes, "diagonal is missing"),
    Wrong("04.4", "shares of columns", matrix_of_column_shares, "Shares of each column"),
    Wrong("04.4", "the diagonal", matrix_diagonal, "diagonal alone"),
    Wrong("04.5", "NaN", f1_with_nan, "without a hit"),
    Wrong("04.5", "division by zero", f1_with_zero_division, "0 / 0"),
    Wrong("04.5", "accuracy", f1_is_accuracy, "This is the accuracy"),
    Wrong("04.5", "precision", f1_is_precision, "This is the precision"),
    Wrong("04.5", "recall", f1_is_recall, "This is the recall"),
    Wrong("04.5", "the plain mean", f1_plain_mean, "harmonic"),
    Wrong("04.5", "half", f1_halved, "factor 2"),
    Wrong("04.5", "class 0", f1_of_class_0, "F1 of class 0"),
    Wrong("04.5", "always macro", f1_always_macro, "that is macro"),
    Wrong("04.5", "always class 1", f1_always_binary, "class 1 alone"),
    Wrong("04.5", "of mean precision and recall", f1_of_means, "mean precision and the mean"),
    Wrong("04.5", "weighted", f1_weighted, "hides the rare classes"),
    Wrong("04.5", "zeros left out", f1_leaves_zeros_out, "left out"),
    Wrong("04.5", "a sum", f1_summed, "Divide by C"),
    Wrong("04.5", "micro is macro", f1_micro_is_macro, "Sum the counts first"),
    Wrong("04.5", "two classes", f1_of_two_classes, "There are 3 classes"),
    Wrong("04.5", "micro is a sum", f1_micro_summed, "The classes' F1, summed"),
    Wrong("04.5", "a tensor", f1_tensor, "F1 of each class"),
    Wrong("04.5", "a list", f1_list, "F1 of each class"),
    Wrong("04.6", "turned round", auc_turned, "with the negative ahead"),
    Wrong("04.6", "the number of pairs", auc_pairs, "Divide by all"),
    Wrong("04.6", "over N * N", auc_over_all, "Divided by N * N"),
    Wrong("04.6", "accuracy", auc_is_accuracy, "every threshold"),
    Wrong("04.6", "of the answers", auc_of_answers, "not from the scores"),
    Wrong("04.6", "average precision", auc_is_average_precision, "average precision"),
    Wrong("04.6", "all with all", auc_by_loop, "meets all others"),
    Wrong("04.6", "wins less losses", auc_wins_less_losses, "takes them off"),
    Wrong("04.6", "the mean of yes and no", auc_of_bools, "have no mean"),
    Wrong("04.6", "the means", auc_of_means, "not the means"),
    Wrong("04.6", "paired off", auc_paired_off, "paired off"),
    Wrong("04.6", "over the positives", auc_by_positives, "Divided by the positives"),
    Wrong("04.6", "over the negatives", auc_by_negatives, "Divided by the negatives"),
    Wrong("04.6", "each pair", auc_unmeaned, "for each pair"),
    Wrong("04.6", "the curve backwards", auc_curve_turned, "has to rise"),
    Wrong("04.6", "ties lost", auc_strict, "Ties count 0"),
    Wrong("04.6", "ties won", auc_ties_won, "Ties count as wins"),
    Wrong("04.6", "counts on the order", auc_in_order, "Only scores decide"),
    Wrong("04.6", "no axis for the pairs", auc_without_an_axis, "size"),
    Wrong("04.7", "DCG", ndcg_is_dcg, "This is the DCG"),
    Wrong("04.7", "not sorted", ndcg_unsorted, "order of the documents"),
    Wrong("04.7", "rising", ndcg_rising, "From the lowest score"),
    Wrong("04.7", "labels by themselves", ndcg_labels_sorted, "sorted by themselves"),
    Wrong("04.7", "no discount", ndcg_undiscounted, "discount missing"),
    Wrong("04.7", "multiplied", ndcg_multiplied, "Multiplied by log2"),
    Wrong("04.7", "the best order rising", ndcg_best_rising, "begins with the largest"),
    Wrong("04.7", "yes and no", ndcg_of_yes_and_no, "three times as much"),
    Wrong("04.7", "upside down", ndcg_upside_down, "Upside down"),
    Wrong("04.7", "no mean", ndcg_unmeaned, "Take their mean"),
    Wrong("04.7", "rows for labels", ndcg_of_rows, "stays in the row"),
    Wrong("04.7", "a sort for its order", ndcg_of_a_pair, "a pair"),
    Wrong("04.7", "k is needed", ndcg_needs_k, "Without k it is None"),
    Wrong("04.7", "math.log2", ndcg_math_log, "takes one number"),
    Wrong("04.7", "2^label - 1", ndcg_doubled, "another variant"),
    Wrong("04.7", "over the sum", ndcg_divided_by_the_sum, "sum of the labels"),
    Wrong("04.7", "the best order not sorted", ndcg_over_sum, "By falling score"),
    Wrong("04.7", "places from 2", ndcg_places_late, "places count from 2"),
    Wrong("04.7", "places from 0", ndcg_places_early, "log2(1) = 0"),
    Wrong("04.7", "1 / place", ndcg_harmonic, "Divided by the place"),
    Wrong("04.7", "places for labels", ndcg_of_places, "Sorted twice"),
    Wrong("04.7", "the order for labels", ndcg_of_the_order, "order itself was added"),
    Wrong("04.7", "no k", ndcg_k_ignored, "k makes no difference"),
    Wrong("04.7", "the best order not cut", ndcg_best_not_cut, "has to stop at k"),
    Wrong("04.7", "the first k documents", ndcg_first_documents, "Cut too early"),
    Wrong("04.7", "the best of the top", ndcg_best_of_the_top, "Cut too early"),
    Wrong("04.7", "pooled", ndcg_pooled, "in each query first"),
    Wrong("04.7", "a sum", ndcg_summed, "mean over the queries"),
    Wrong("04.7", "the first query", ndcg_first_query, "first query alone"),
    Wrong("04.7", "NaN", ndcg_nan, "0 / 0 is NaN"),
    Wrong("04.7", "left out of the mean", ndcg_leaves_out, "left out of the mean"),
    Wrong("04.7", "a division in Python", ndcg_divides_in_python, "0 / 0 is NaN"),
)
