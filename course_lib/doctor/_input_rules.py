"""Is what the first layer gets of a size that it can work with?"""

from collections.abc import Iterator

import torch
from torch import Tensor

from course_lib.doctor._catalogue import finding
from course_lib.doctor._exam import Exam, spread
from course_lib.doctor._survey import survey
from course_lib.doctor._training import tensors, with_inputs
from course_lib.doctor.report import Finding

LARGE, SMALL = 20.0, 0.01  # root mean square of what the first layer gets
UNEQUAL = 100.0  # standard deviation of one feature over that of the middle one


def input_not_normalised(exam: Exam) -> Iterator[Finding]:
    entering = _entering(exam)
    if entering is None:
        return
    x = entering.float()
    size = float(x.square().mean().sqrt())
    unequal = _unequal(x)
    if SMALL <= size <= LARGE and unequal <= UNEQUAL:
        return
    if not any(value.is_floating_point() for _, value in tensors(exam.batches[0])):
        return
    if _scale_does_not_matter(exam, 1 / size):
        return
    seen = f"The first layer gets numbers from {x.min():.3g} to {x.max():.3g}"
    if unequal > UNEQUAL:
        seen += f"; one feature varies {unequal:.0f} times as much as the middle one"
    yield finding("input-not-normalised", f"{seen} (root mean square {size:.3g}).")


def _entering(exam: Exam) -> Tensor | None:
    """What the first layer with weights gets, of all batches together."""
    first = survey(exam).entering
    same = [x for x in first if x.shape[1:] == first[0].shape[1:]]
    return torch.cat(same) if same and same[0].dim() > 1 else None


def _unequal(x: Tensor) -> float:
    """How much more the widest feature of a table varies than the middle one."""
    if x.dim() != 2 or x.shape[1] < 2 or x.shape[1] > 200 or len(x) < 8:
        return 1.0
    widths = x.std(dim=0)
    widths = widths[widths > 0]
    return float(widths.max() / widths.median()) if len(widths) else 1.0


def _scale_does_not_matter(exam: Exam, change: float) -> bool:
    """Whether in training the outputs stay when all inputs are scaled: a norm comes first."""
    found = []
    for factor in (1.0, change):
        torch.manual_seed(0)
        batch = with_inputs(
            exam.batches[0],
            lambda _, x: x * factor if x.is_floating_point() else x,  # noqa: B023
        )
        try:
            exam.model.train()
            with torch.no_grad():
                found.append(exam.training.logits(batch))
        except Exception:
            return False
        finally:
            exam.keep.put_back()
    if found[0] is None:
        return False
    return float((found[0] - found[1]).abs().mean()) < 0.1 * spread(found[0])
