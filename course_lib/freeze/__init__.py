"""Transfer learning: freeze parts and prove it, rates by part, gradual unfreezing, a new head."""

from course_lib.freeze.freezing import freeze, train_mode, unfreeze
from course_lib.freeze.gradual import GradualUnfreezing
from course_lib.freeze.groups import check_optimizer, falling_rates, parameter_groups
from course_lib.freeze.head import replace_head
from course_lib.freeze.proof import moved, snapshot

__all__ = [
    "GradualUnfreezing",
    "check_optimizer",
    "falling_rates",
    "freeze",
    "moved",
    "parameter_groups",
    "replace_head",
    "snapshot",
    "train_mode",
    "unfreeze",
]
