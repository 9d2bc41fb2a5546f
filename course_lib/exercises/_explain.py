"""Common error messages of a learner's code, decoded, and the learner's own line found."""

import linecache
import re
import sysconfig
import traceback
from dataclasses import dataclass
from typing import Any

from course_lib._describe import name_of
from course_lib.exercises import _explain_python, _explain_tensors, _explain_torch
from course_lib.exercises._explain_names import idea_of_attribute, idea_of_name
from course_lib.runtime import PACKAGE

_FOREIGN = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {str(PACKAGE), "<frozen"}
)
_INSTALLED = ("site-packages", "dist-packages")
_ANYWHERE = _explain_python.ANYWHERE + _explain_torch.ROWS
_OF_A_LINE = _explain_tensors.ROWS + _explain_python.OF_A_LINE

_ARGUMENTS = (
    r"missing (\d+ )?required|takes .*argument|takes no |unexpected keyword|"
    r"invalid keyword argument|got multiple values|expected (at (least|most) )?\d+ arguments?\b|"
    r"argument after \*\*? must"
)
_OF_A_METHOD = r"(?<!<locals>)\.\w+\(\) takes .*positional"
_CALL_IN_YOUR_LINE = "Look at the arguments in that line: their names, their number, their order."
_SELF_COUNTS = " In the count of a method's arguments `self` is one of them."
_CALL_OF_FORWARD = (
    "Calling a module hands its arguments on to its forward, and forward takes others. Compare "
    "them with forward's first line, which needs `self` in front."
)
_CALL_OF_A_HOOK = (
    "PyTorch called a hook with other arguments than it takes. A forward hook gets three: (module, "
    "args, output); a forward pre-hook two: (module, args)."
)
_CALL_BY_OTHERS = (
    "Not your line, but a library called a function with other arguments than it takes; the "
    "message names the function. If it is yours, compare its first line with what such a function "
    "is handed."
)
_CALL_OF_YOURS = (
    "The check called it with other arguments than it takes. Keep the stub's first line as it was; "
    "a method needs `self` in front."
)
_LAYER = (
    "The last axis of what goes into the layer has another size than the layer was made for. In "
    "the message, of the first pair the second number is what came, of the second pair the first "
    "is what the layer wants."
)
_GIVEN_AS_A_SETTING = (
    "PyTorch asked a yes or no of a tensor of many numbers. Does it stand where an option is "
    "expected, as in nn.CrossEntropyLoss(x, y), which makes a module and calls nothing yet?"
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
    module, function, is_own = _innermost(error)
    if place and is_own and _raised_on_purpose(error, place):
        return _READ_IT
    if isinstance(error, TypeError) and re.search(_ARGUMENTS, text):
        return _idea_of_a_call(text, place, module, function, is_own)
    return (
        _by_where(text, module)
        or _look_up(_ANYWHERE, error, text)
        or _by_name(error, text, place)
        or (_look_up(_OF_A_LINE, error, text) if place else "")
        or (_READ_IT if place else _NOT_FROM_A_LINE)
    )


def _raised_on_purpose(error: BaseException, place: Place) -> bool:
    return isinstance(error, AssertionError) or f"raise {name_of(type(error))}" in place.text


def _innermost(error: BaseException) -> tuple[str, str, bool]:
    """Where the error was raised: the module's name, the function's, whether it is a learner's."""
    *_, (frame, _line) = [(None, 0), *traceback.walk_tb(error.__traceback__)]
    if frame is None:
        return "", "", False
    code = frame.f_code
    return str(frame.f_globals.get("__name__")), code.co_name, not _is_foreign(code.co_filename)


def _idea_of_a_call(text: str, place: Place | None, module: str, function: str, own: bool) -> str:
    """What to say of arguments that do not fit."""
    by_torch = module.startswith("torch.")
    if by_torch and ".forward() " in text:
        return _CALL_OF_FORWARD
    if module == "torch.nn.modules.module" and function in ("_call_impl", "inner"):
        return _CALL_OF_A_HOOK
    if by_torch or (place and not own):
        return _CALL_BY_OTHERS
    if place is None:
        return _CALL_OF_YOURS
    return _CALL_IN_YOUR_LINE + (_SELF_COUNTS if re.search(_OF_A_METHOD, text) else "")


def _by_where(text: str, module: str) -> str:
    """What only the place tells, inside PyTorch."""
    if module == "torch.nn.modules.linear" and "mat1 and mat2 shapes" in text:
        return _LAYER
    inside = ("torch.nn.modules.", "torch.nn._reduction", "torch.nn.functional")
    if module.startswith(inside) and "Boolean value of Tensor with more" in text:
        return _GIVEN_AS_A_SETTING
    return ""


def _by_name(error: BaseException, text: str, place: Place | None) -> str:
    if isinstance(error, NameError):
        return idea_of_name(error, text, place is not None)
    if isinstance(error, AttributeError) and place:
        return idea_of_attribute(error, text, _is_foreign)
    return ""


def _look_up(rows: tuple[tuple[Any, str, str], ...], error: BaseException, text: str) -> str:
    fits = (
        row for kind, pattern, row in rows if isinstance(error, kind) and re.search(pattern, text)
    )
    return next(fits, "")
