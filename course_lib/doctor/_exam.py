"""What several rules want to know of a training, looked up once and put back at once."""

from collections.abc import Callable, Mapping
from functools import cached_property, wraps
from typing import Any

import torch
from torch import Tensor, nn

from course_lib._modes import in_eval_mode
from course_lib.doctor._keep import Keep
from course_lib.doctor._training import IGNORED, Training, parted, size_of, tensors
from course_lib.doctor._watch import Seen, watched
from course_lib.freeze import moved, snapshot

SOME_BATCHES, MOST_BATCHES = 4, 16  # a step that adds up gradients takes several batches
SOME_STEPS = 3


class Exam:
    """A training under examination. Each look leaves the training as it was."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self.model = training.model
        self.keep = Keep(
            training.model,
            training.optimizer,
            training.scheduler,
            training.loss_fn,
            training.train_step,
            training.predict_fn,
            training.batches,
        )
        self.left_out: list[str] = []
        self.looked: dict[Callable, Any] = {}  # what was looked up `once`

    @property
    def batches(self) -> list[Any]:
        return self.training.batches

    @cached_property
    def seen(self) -> Seen:
        """What the first training steps do."""
        seen = self.steps(SOME_BATCHES)
        few = not seen.error and "backward" in seen.events and len(seen.steps) < SOME_STEPS
        return self.steps(MOST_BATCHES) if few else seen

    def steps(self, count: int) -> Seen:
        before = snapshot(self.model)
        with watched(self.training) as seen:
            for number in range(count):
                self.training.step(self.batches[number % len(self.batches)])
        seen.moved = set(moved(before, self.model))
        self.keep.put_back()
        return seen

    @property
    def moved(self) -> set[str]:
        """The parameters and buffers that the first training steps changed."""
        return self.seen.moved

    @cached_property
    def logits(self) -> Tensor | None:
        """Of the first batch, in evaluation mode, as the training finds the model."""
        return self.answers(self.batches[0])

    def answers(self, batch: Any, seed: int = 0) -> Tensor | None:
        """The logits of a batch in evaluation mode, without gradients; None where it fails."""
        torch.manual_seed(seed)
        try:
            return self.present_answers(batch)
        finally:
            self.keep.put_back(after_forward=True)

    def present_answers(self, batch: Any) -> Tensor | None:
        """The same of the model as it stands, such as after some steps; nothing is put back."""
        try:
            with in_eval_mode(self.model), torch.no_grad():
                logits = self.training.logits(batch)
            return None if logits is None else logits.clone()
        except Exception:
            return None

    @cached_property
    def labels(self) -> Tensor | None:
        """All labels that were seen, where they can be put together; None where not."""
        found = [parted(batch)[2] for batch in self.batches]
        if not all(isinstance(labels, Tensor) and labels.dim() for labels in found):
            return None
        if len({labels.shape[1:] for labels in found}) > 1:
            found = [labels.reshape(-1) for labels in found]
        return torch.cat(found) if not found[0].is_meta else None

    @cached_property
    def ignored(self) -> int:
        return getattr(self.training.loss_fn, "ignore_index", IGNORED)

    @cached_property
    def classes(self) -> int | None:
        """C where logits (B, C) or (B, T, C) stand beside whole labels (B,) or (B, T)."""
        labels = parted(self.batches[0])[2]
        if self.logits is None or not isinstance(labels, Tensor) or labels.is_floating_point():
            return None
        if labels.dtype == torch.bool or self.logits.dim() < 2:
            return None
        if self.logits.shape[:-1] == labels.shape and self.logits.shape[-1] > 1:
            return self.logits.shape[-1]
        dense = self.logits.shape[:1] + self.logits.shape[2:]  # (B, C, ...)
        return self.logits.shape[1] if dense == labels.shape and self.logits.dim() > 2 else None

    @cached_property
    def is_pairwise(self) -> bool:
        """Whether the outputs compare the examples of a batch with one another, (B, B)."""
        half = size_of(self.batches[0]) // 2
        if self.logits is None or half < 1 or self.logits.dim() < 2:
            return False
        smaller = self.answers(rows(self.batches[0], slice(0, half)))
        return smaller is not None and smaller.shape[1:] != self.logits.shape[1:]

    @cached_property
    def tokens(self) -> str | None:
        """The name of the input that holds token ids, (B, T)."""
        whole = [n for n, x in tensors(self.batches[0]) if x.dim() == 2 and _is_ids(x)]
        named = [name for name in whole if name == "input_ids"]
        plain = [name for name in whole if "mask" not in name and "type" not in name]
        return next(iter([*named, *plain]), None)

    def trainable(self) -> dict[str, nn.Parameter]:
        return {name: w for name, w in self.model.named_parameters() if w.requires_grad}


def once(look: Callable[[Exam], Any]) -> Callable[[Exam], Any]:
    """A function of an examination that is called once, and then known."""

    @wraps(look)
    def known(exam: Exam) -> Any:
        if look not in exam.looked:
            exam.looked[look] = look(exam)
        return exam.looked[look]

    return known


def _is_ids(x: Tensor) -> bool:
    return x.dtype in (torch.int64, torch.int32)


def spread(answers: Tensor) -> float:
    """How much answers vary, a unit to measure differences by; never 0."""
    return max(float(answers.float().std()) if answers.numel() > 1 else 0.0, 1e-6)


def rows(batch: Any, which: Any) -> Any:
    """Some examples of a batch."""
    size = size_of(batch)

    def cut(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: cut(each) for name, each in value.items()}
        if isinstance(value, Tensor) and value.dim() and len(value) == size:
            return value[which]
        return value

    return cut(batch) if isinstance(batch, (Mapping, Tensor)) else tuple(map(cut, batch))
