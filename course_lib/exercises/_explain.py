"""Common error messages of a learner's code, decoded, and the learner's own line found."""

import linecache
import re
import sysconfig
import traceback
from dataclasses import dataclass

from course_lib.runtime import PACKAGE

_FOREIGN = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {str(PACKAGE), "<frozen"}
)

_IDEAS = (
    (
        r"before Module\.__init__\(\) call|has no attribute '_(parameters|buffers|modules)'",
        "The base class is not set up yet: make super().__init__() the first line of __init__.",
    ),
    (
        r"mat1 and mat2 shapes cannot be multiplied|size mismatch, got",
        (
            "A matrix product needs the inner sizes equal: (B, in) @ (in, out). "
            "A weight stored as (out, in) has to be transposed first: weight.T."
        ),
    ),
    (
        r"must match the size of tensor b|not broadcastable",
        (
            "The two shapes do not broadcast. Read them from the right: each pair of sizes has to "
            "be equal, or one of them 1."
        ),
    ),
    (
        r"leaf Variable that requires grad.*in-place",
        (
            "Autograd guards parameters against silent changes. Change them inside `with "
            "torch.no_grad():`."
        ),
    ),
    (
        r"does not require grad and does not have a grad_fn",
        (
            "Nothing in this result is connected to a parameter that requires a gradient. Was it "
            "made from a plain tensor, or cut off by .data, .detach() or .item()?"
        ),
    ),
    (
        r"Boolean value of Tensor with more than one value",
        (
            "`if tensor:` asks one question of many numbers. Say which: .any(), .all(), or compare "
            ".shape."
        ),
    ),
    (
        r"cannot assign .* as parameter|is not a Module subclass",
        (
            "That name belongs to a registered parameter or module; only another of its kind may "
            "take its place."
        ),
    ),
    (
        (
            r"missing \d+ required positional argument|takes \d+ positional argument|unexpected "
            r"keyword"
        ),
        (
            "The call and the definition disagree on the arguments. Keep the stub's first line as "
            "it was; a method needs `self` in front."
        ),
    ),
    (
        r"maximum recursion depth",
        "It calls itself without end. Does __call__ or a property call the very thing it defines?",
    ),
)


@dataclass(frozen=True)
class Place:
    """A line of the learner's code: its number in the cell, and its text."""

    number: int
    text: str


def place_of(error: BaseException) -> Place | None:
    """The innermost line of the learner's own code in the traceback of `error`, if any."""
    if isinstance(error, SyntaxError) and error.lineno:
        return Place(error.lineno, (error.text or "").strip())
    for frame, number in reversed(list(traceback.walk_tb(error.__traceback__))):
        file = frame.f_code.co_filename
        if not file.startswith(_FOREIGN):
            return Place(number, linecache.getline(file, number).strip())
    return None


def idea_of(error: BaseException) -> str:
    """What an error message means, in the course's words; general advice where it is unknown."""
    text = f"{type(error).__name__}: {error}"
    for pattern, idea in _IDEAS:
        if re.search(pattern, text):
            return idea
    return "Read the last line of the error first, then the line of yours that it points to."
