"""Is the learning rate too high or too low? Other rates are tried on the same batches."""

import math
from collections.abc import Iterator

from torch.optim import LBFGS

from course_lib.doctor._catalogue import finding
from course_lib.doctor._exam import Exam
from course_lib.doctor._gradient_rules import knowing_nothing
from course_lib.doctor._trial import Trial, at_other_rate, own_trial
from course_lib.doctor.report import Finding

STILL = 3e-5  # relative change of the weights in a step
FROZEN = 1e-5  # a thousand such steps change them by a hundredth


def learning_rate(exam: Exam) -> Iterator[Finding]:
    """Too high or too low, by comparison with other rates on the same batches."""
    if isinstance(exam.training.optimizer, LBFGS):  # looks for its own length of step
        return
    own = own_trial(exam)
    usual = knowing_nothing(exam)
    if not own.losses or any(math.isnan(loss) for loss in own.losses[:1]):
        exam.left_out.append("the learning rate: the step shows no loss")
        return
    if usual and own.end < 0.2 * usual:
        return
    if own.ratio > 1.05 or (own.ratio > 0.85 and own.peak > 1.5):
        yield from _too_high(exam, own)
    elif own.ratio > 0.98 and own.changes and max(own.changes) < STILL:
        yield from _too_low(exam, own)


def _too_high(exam: Exam, own: Trial) -> Iterator[Finding]:
    for factor in (0.1, 0.01, 0.001):
        lower = at_other_rate(exam, factor)
        if lower.end < 0.9 * own.end and lower.ratio < 0.98:
            yield finding(
                "learning-rate-too-high",
                f"In {len(own.losses)} steps the loss goes from {own.losses[0]:.3g} to "
                f"{own.end:.3g}; with {factor:g} of the rate it goes to {lower.end:.3g}.",
            )
            return


def _too_low(exam: Exam, own: Trial) -> Iterator[Finding]:
    for factor in (1e2, 1e3, 1e4, 1e5, 1e6, 1e7):
        higher = at_other_rate(exam, factor)
        gain = 0.005 if max(own.changes) < FROZEN else 0.1
        if higher.ratio < own.ratio - gain:
            yield finding(
                "learning-rate-too-low",
                f"A step changes the weights by {max(own.changes):.1g} of their size, and "
                f"{len(own.losses)} steps bring the loss from {own.start:.4g} to {own.end:.4g}; "
                f"with {factor:g} times the rate it goes to {higher.end:.3g}.",
            )
            return
