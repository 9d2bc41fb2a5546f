"""Common error messages of a learner's code, decoded, and the learner's own line found."""

import linecache
import re
import sysconfig
import traceback
from dataclasses import dataclass

from course_lib._describe import name_of
from course_lib.runtime import PACKAGE

_FOREIGN = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {str(PACKAGE), "<frozen"}
)
_INSTALLED = ("site-packages", "dist-packages")

_IDEAS = (
    (
        r"before Module\.__init__\(\) call|no attribute '_(parameters|buffers|modules|\w*hooks)'",
        "The base class is not set up yet: make super().__init__() the first line of __init__.",
    ),
    (
        (
            r"mat1 and mat2 shapes cannot be multiplied|size mismatch, got|inconsistent tensor "
            r"size|Expected size for first two dimensions of batch2"
        ),
        (
            "A matrix product needs the inner sizes equal, as in (B, in) @ (in, out). Write both "
            "shapes down: does one of them have to be transposed, or go to the other side?"
        ),
    ),
    (
        (
            r"must match the size of tensor b|doesn't match the broadcast shape|expanded size of "
            r"the tensor"
        ),
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
        r"cannot assign .* as (parameter|child module)",
        (
            "That name belongs to a registered parameter or module; only another of its kind may "
            "take its place."
        ),
    ),
    (
        r"list is not a Module subclass",
        "nn.Sequential takes modules, not a list of them. Put a star before the list to unpack it.",
    ),
    (
        r"is not a Module subclass",
        "nn.ModuleList and nn.Sequential hold modules, made already: nn.Linear(2, 3), not (2, 3).",
    ),
    (
        r"Module \[ModuleList\] is missing",
        "A ModuleList is only a list of modules: loop over it, and call each one.",
    ),
    (
        r'missing the required "forward" function',
        (
            "Calling a module calls its method forward. Is there one, spelled so, and indented to "
            "stand inside the class?"
        ),
    ),
    (
        r"^SystemExit",
        "exit() and sys.exit() end the whole program. A function ends with return.",
    ),
    (
        r"name '[BTHCV]' is not defined",
        (
            "B, T, H, C and V are the course's letters, not names that Python knows. Unpack them "
            "from x.shape, or write the number of the axis."
        ),
    ),
    (
        r"Dimension out of range",
        "dim is the number of an axis, counted from 0 (or from -1 at the end), not its size.",
    ),
    (
        r"shape '.*' is invalid for input of size",
        (
            "The sizes do not hold that many numbers. Are they written in by hand? Take them from "
            "x.shape."
        ),
    ),
    (
        r"number of dimensions in the tensor input does not match",
        "permute wants every axis once: three numbers for three axes.",
    ),
    (
        r"t\(\) expects a tensor with <= 2 dimensions",
        "t() is for matrices. With three axes say which two change places: transpose or permute.",
    ),
    (
        r"maximum recursion depth",
        "It calls itself without end. Does __call__ or a property call the very thing it defines?",
    ),
)
_IDEAS_OF_A_LINE = (
    (
        r"'NoneType'",
        (
            "Something in that line is None: what a function without return gives, and what .grad "
            "is before backward()."
        ),
    ),
    (
        r"object is not callable",
        "Brackets call a function; what stands in front of them here is not one.",
    ),
    (
        r"'tuple' object has no attribute",
        "It is a tuple of several things: unpack it first, as in `for name, child in ...`.",
    ),
    (
        r"'NoneType' object has no attribute",
        "There is None in that place: something returned nothing, or was not set yet.",
    ),
    (
        r"'(int|float|list)' object has no attribute 'detach'",
        "nn.Parameter wraps a tensor: make the tensor first, for example with torch.randn.",
    ),
    (
        r"attribute '.*' already exists",
        (
            "The name is taken already. register_buffer makes the attribute by itself: leave out "
            "the assignment."
        ),
    ),
    (
        r"has no attribute",
        "That name does not exist there. Look for a slip in the spelling.",
    ),
    (
        r"invalid combination of arguments",
        (
            "PyTorch knows no such call. Look at the arguments in that line: their names, their "
            "number, their order."
        ),
    ),
)

_ARGUMENTS = (
    r"missing \d+ required|takes .*positional argument|takes no arguments|unexpected keyword|"
    r"got multiple values"
)
_CALL_IN_YOUR_LINE = "Look at the arguments in that line: their names, their number, their order."
_CALL_BY_TORCH = (
    "PyTorch called a function of yours with other arguments than it takes. A forward hook gets "
    "three: (module, args, output)."
)
_CALL_OF_YOURS = (
    "The check called it with other arguments than it takes. Keep the stub's first line as it was; "
    "a method needs `self` in front."
)
_READ_IT = (
    "Python stopped in the line above. Print what goes into it, and compare with what it needs."
)
_NOT_FROM_A_LINE = (
    "No line of yours raised it: it came from using what you passed to check or returned. Compare "
    "that with what the exercise asks for."
)


@dataclass(frozen=True)
class Place:
    """A line of the learner's code: its number in the cell, and its text."""

    number: int
    text: str


def place_of(error: BaseException) -> Place | None:
    """The innermost line of the learner's own code in the traceback of `error`, if any."""
    for frame, number in reversed(list(traceback.walk_tb(error.__traceback__))):
        file = frame.f_code.co_filename
        text = "" if _is_foreign(file) else linecache.getline(file, number).strip()
        if text:  # none for code that was made by exec
            return Place(number, text)
    return None


def _in_torch(error: BaseException) -> bool:
    """Whether the innermost frame of the traceback is PyTorch's."""
    *_, (frame, _line) = [(None, 0), *traceback.walk_tb(error.__traceback__)]
    return frame is not None and frame.f_globals.get("__name__", "").startswith("torch.")


def _is_foreign(file: str) -> bool:
    return file.startswith(_FOREIGN) or any(folder in file for folder in _INSTALLED)


def message_of(error: BaseException) -> str:
    """The class of an error and its message, even where the message cannot be made."""
    try:
        message = str(error)
    except BaseException:
        message = "(a message that cannot be shown)"
    return f"{name_of(type(error))}: {message}"


def idea_of(error: BaseException) -> str:
    """What an error message means, in the course's words; general advice where it is unknown."""
    text, place = message_of(error), place_of(error)
    if isinstance(error, TypeError) and re.search(_ARGUMENTS, text):
        return (
            _CALL_BY_TORCH if _in_torch(error) else _CALL_IN_YOUR_LINE if place else _CALL_OF_YOURS
        )
    for pattern, idea in _IDEAS + _IDEAS_OF_A_LINE if place else _IDEAS:
        if re.search(pattern, text):
            return idea
    return _READ_IT if place else _NOT_FROM_A_LINE
