"""What the errors in the wrapper of exercise 11.1 mean."""

import contextlib
from collections.abc import Iterator

from course_lib.exercises._checking import explaining

MASK = "Ask for None: `if labels is None`. A label of 0 counts as False."
TAKEN = "The model inside takes its own inputs and no labels: self.model(**inputs)."
NAMED = f"Other models have other inputs: hand on all, by name. {TAKEN}"
NONE = "Without labels there is no loss, and cross_entropy cannot take None."
DEFAULT = "Keep `labels=None`: a batch to predict has no labels."
ASKED = (
    f"A tensor was asked for yes or no. {MASK} Or nn.CrossEntropyLoss(logits, labels): that makes "
    "a loss function, and F.cross_entropy(logits, labels) calls one."
)
KINDS = (
    "cross_entropy takes the logits (B, C), which are floats, and the labels (B,), as they come."
)
ITSELF = "self.forward is this function. The model inside is self.model: self.model(**inputs)."
UNMADE = 'Without labels no loss is made: return {"logits": logits} then.'
TENSOR = "The model inside gives the logits themselves, a tensor: self.model(**inputs)."


@contextlib.contextmanager
def explaining_forward() -> Iterator[None]:
    """Name the mistake behind an error of forward; the outer ones have the last word."""
    with (
        explaining(TypeError, DEFAULT, "argument: 'labels'"),
        explaining(TypeError, NAMED, "forward()"),
        explaining(TypeError, TAKEN, "'labels'"),
        explaining(TypeError, NONE, "must be Tensor, not NoneType"),
        explaining(AttributeError, NONE, "'NoneType'"),
        explaining(KeyError, NONE, "labels"),
        explaining(KeyError, NAMED),
        explaining(IndexError, TENSOR, "too many indices"),
        explaining(NameError, f"__init__ has put the model into self. {TAKEN}", "'model'"),
        explaining(UnboundLocalError, UNMADE, "'loss'"),
        explaining(RecursionError, ITSELF),
        explaining(NotImplementedError, "The logits come first, then the labels.", "'Long'"),
        explaining(RuntimeError, KINDS, "Long"),
        explaining(RuntimeError, ASKED, "Boolean value of Tensor"),
    ):
        yield
