"""The explorers of notebooks/04_loss_and_metric.ipynb."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from course_lib import plot
from course_lib.explore._explorer import Explorer, Slider, View
from course_lib.metric import roc_auc, roc_curve

CASES = 1000
CELL_INK = "#101010"
TICKS = (0, 0.5, 1)


@dataclass(frozen=True)
class Rates:
    """A classifier at every threshold: all that no share of positives changes."""

    thresholds: Tensor  # (K + 1,) falling from infinity
    false: Tensor  # (K + 1,) of the negatives, the share that scores at least the threshold
    true: Tensor  # (K + 1,) of the positives
    area: float  # under the ROC curve
    scores: Tensor  # (N,) rising
    share: float  # of positives, in the data
    usual: float  # threshold: 0.5 of probabilities, 0 of logits


def threshold(scores: Any, labels: Any) -> Explorer:
    """Confusion matrix, ROC and PR curve as the threshold and the share of positives move.

    It begins at the usual threshold, 0.5 if all scores are from 0 to 1 and else 0, and at the
    share in the data. Other shares come from two weights, one for all positives and one for all
    negatives; nothing is drawn at random.

    Shapes:
        scores  (N,)  the higher, the more likely a 1: a logit or a probability
        labels  (N,)  0 or 1

    Raises:
        ValueError: the two are not (N,) with the same N; a score is NaN or infinite; a label is
            not 0 or 1; there are not both of them.
    """
    false, true, thresholds = roc_curve(scores, labels)
    area, share = roc_auc(scores, labels), torch.as_tensor(labels).double().mean().item()
    scores = torch.as_tensor(scores).detach().cpu().double().sort().values
    usual = 0.5 if scores[0] >= 0 and scores[-1] <= 1 else 0.0
    rates = Rates(thresholds, false, true, area, scores, share, usual)
    positives = min(50, max(1, round(100 * share)))
    controls = {
        "below": Slider("threshold, % below it", 0, 100, _usual_place(rates)),
        "positives": Slider("share of positives, %", 1, 50, positives),
    }
    return Explorer("threshold", partial(draw_threshold, rates), controls)


@dataclass(frozen=True)
class Moment:
    """The classifier at one threshold, with one share of positives."""

    cut: float  # the threshold
    place: int  # of the threshold on the curves
    share: float
    own: bool  # is it the share in the data?
    false: float
    recall: float
    precisions: Tensor  # (K + 1,) at every threshold
    area: float  # under the PR curve: average precision

    @property
    def precision(self) -> float:
        return self.precisions[self.place].item()

    @property
    def accuracy(self) -> float:
        return self.share * self.recall + (1 - self.share) * (1 - self.false)

    @property
    def f1(self) -> float:
        hits, misses = self.share * self.recall, (1 - self.share) * self.false
        return 2 * hits / (hits + misses + self.share)


def draw_threshold(rates: Rates, below: int, positives: int) -> View:
    """The confusion matrix of 1,000 cases, and the two curves with a point for the threshold."""
    now = _moment(rates, below, positives)
    title = f"At this threshold: precision {now.precision:.2f}, recall {now.recall:.2f}"
    if not now.place:
        title = f"Nothing is predicted positive, and accuracy is {now.accuracy:.2f}"
    figure, (matrix, roc, pr) = plot.figure(title, columns=3, size=(7.2, 2.9))
    _matrix(matrix, now)
    _curve(roc, rates.false, rates.true, [0, 1])
    _point(roc, now.false, now.recall)
    _label(roc, f"ROC, area {rates.area:.2f}", "false positive rate", "true positive rate")
    recalls, precisions = rates.true[1:], now.precisions[1:]  # at infinity there is none
    _curve(pr, recalls, precisions, [now.share, now.share], drawstyle="steps-pre")
    if now.place:
        _point(pr, now.recall, now.precision)
    _label(pr, f"PR, area {now.area:.2f}", "recall", "precision")
    return View(figure, _say(rates, now))


def _moment(rates: Rates, below: int, positives: int) -> Moment:
    own = round(100 * rates.share) == positives
    share = rates.share if own else positives / 100
    cut = _cut(rates, below)
    place = int((rates.thresholds >= cut).sum()) - 1
    false, recall = rates.false[place].item(), rates.true[place].item()
    return Moment(cut, place, share, own, false, recall, *_precisions(rates, share))


def _say(rates: Rates, now: Moment) -> str:
    who = "nothing" if now.cut == math.inf else f"scores from ≈ {now.cut:.3g} on"
    share = f"≈ {100 * now.share:.1f} %, as in the data"
    if not now.own:
        share = f"{100 * now.share:.0f} %, by weights"
    return (
        f"Predicted positive: {who}. Positives: {share}. Accuracy ≈ {now.accuracy:.2f} "
        f"(always 0: ≈ {1 - now.share:.2f}), precision ≈ {now.precision:.2f}, recall "
        f"≈ {now.recall:.2f}, F1 ≈ {now.f1:.2f}, ROC-AUC ≈ {rates.area:.2f}, average precision "
        f"≈ {now.area:.2f}."
    )


def _usual_place(rates: Rates) -> int:
    share_below = (rates.scores < rates.usual).double().mean().item()
    return min(99, max(1, round(100 * share_below)))


def _cut(rates: Rates, below: int) -> float:
    """The score that has so many percent of the scores below it; at 100 it is above them all."""
    if below == _usual_place(rates):
        return rates.usual
    if below == 100:
        return math.inf
    return rates.scores[below * len(rates.scores) // 100].item()


def _precisions(rates: Rates, share: float) -> tuple[Tensor, float]:
    """Precision at each threshold, 0 where nothing is predicted, and its average over recall."""
    hits, misses = share * rates.true, (1 - share) * rates.false  # (K + 1,)
    precisions = torch.where(hits > 0, hits / (hits + misses), 0.0)  # (K + 1,)
    gains = rates.true.diff()  # (K,)
    return precisions, (gains * precisions[1:]).sum().item()


def _matrix(axes: Axes, now: Moment) -> None:
    positives = round(CASES * now.share)
    negatives = CASES - positives
    tp, fp = round(positives * now.recall), round(negatives * now.false)
    cells = ((negatives - fp, fp), (positives - tp, tp))
    names = (("true negative", "false positive"), ("false negative", "true positive"))
    for i, row in enumerate(cells):
        for j, count in enumerate(row):
            colour = plot.BLUE if i == j else plot.ORANGE
            axes.add_patch(Rectangle((j + 0.03, i + 0.03), 0.94, 0.94, facecolor=colour))
            style = {"ha": "center", "va": "center", "color": CELL_INK}
            axes.text(j + 0.5, i + 0.42, str(count), size=15, **style)
            axes.text(j + 0.5, i + 0.75, names[i][j].replace(" ", "\n"), size=8, **style)
    plot.bare(axes)
    axes.set_xticks([0.5, 1.5], ["0", "1"])
    axes.set_yticks([0.5, 1.5], ["0", "1"])
    axes.tick_params(length=0)
    axes.set(xlim=(0, 2), ylim=(2, 0), aspect="equal")
    _label(axes, f"of {CASES:,} cases", "predicted", "label")


def _curve(axes: Axes, x: Tensor, y: Tensor, chance: list[float], **style: Any) -> None:
    axes.plot([0, 1], chance, color=plot.INK, linestyle="--", linewidth=1.2)
    axes.plot(x.tolist(), y.tolist(), color=plot.BLUE, linewidth=2.2, **style)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=TICKS, yticks=TICKS, aspect="equal")


def _point(axes: Axes, x: float, y: float) -> None:
    axes.plot([x], [y], "o", color=plot.ORANGE, markersize=9, clip_on=False, zorder=3)


def _label(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, loc="center", weight="normal", size=11)
    axes.set(xlabel=x, ylabel=y)
