"""What to say of a name that is not there: `x.nmae` (AttributeError) and `nmae` (NameError)."""

import builtins
import contextlib
import difflib
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

import torch

from course_lib.exercises._explain_python import FUNCTION, NONE, NOT_CALLED, ONE_BY_ONE
from course_lib.exercises._explain_tensors import PAIR

_INSIDE = ("<lambda>", "<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")

# (pattern of the text, sentence): what the thing is that was asked for the name.
_KINDS = (
    (
        r"'torch\.return_types",
        PAIR,
    ),
    (
        rf"^AttributeError: '{FUNCTION}' object",
        NOT_CALLED,
    ),
    (
        r"^AttributeError: '(float|int|bool|complex)' object",
        (
            "There is a plain Python number in that place, or True or False, and no tensor. Look "
            "at what made it: .item(), len() and float() do, and so does == between unlike things."
        ),
    ),
    (
        r"^AttributeError: 'str' object",
        (
            "There is a text in that place, which is perhaps only the name of the thing that you "
            "mean. A loop over a dict gives its keys, and named_parameters() and the like give "
            "names too."
        ),
    ),
    (
        r"^AttributeError: '(tuple|torch\.Size)' object",
        (
            "It is a tuple of several things: unpack it first, as in `for name, child in ...`, or "
            "take one of them by its index."
        ),
    ),
    (
        r"^AttributeError: '(list|set|frozenset|range|dict_\w+)' object",
        (
            "There is a whole collection in that place, not one of the things in it. Loop over it, "
            "take one out, or make a tensor of its numbers."
        ),
    ),
    (
        r"^AttributeError: '(dict|OrderedDict|defaultdict)' object",
        (
            'There is a dict in that place. It gives its values by their keys, as in d["key"], and '
            "not behind a dot."
        ),
    ),
    (
        rf"^AttributeError: '{ONE_BY_ONE}' object",
        (
            "There is something in that place that makes its values one by one. Loop over it, or "
            "collect them with list() first."
        ),
    ),
    (
        r"^AttributeError: 'numpy\.ndarray' object",
        (
            "There is a NumPy array in that place, not a tensor, and its methods have other names. "
            "torch.as_tensor makes a tensor of it."
        ),
    ),
    (
        r"'super' object",
        "None of the classes above has that name. Look at what the class inherits from.",
    ),
    (
        r"module '[\w.]+' has no",
        (
            "There is nothing of that name in that library. Is the name spelled right, or is it at "
            "home elsewhere: torch, torch.nn and torch.nn.functional hold different names?"
        ),
    ),
    (
        r"type object ",
        (
            "That is the class itself, not an object made from it, and it has nothing of that "
            "name. What __init__ sets belongs to the objects."
        ),
    ),
)
_SET_BY_YOU = (
    "The object has nothing of that name at that moment. Is there a line that sets it, with "
    "`self.` in front and the same spelling, and has it run before?"
)
_TENSOR = (
    "That is a tensor, and a tensor has nothing of that name. Is another thing meant, such as the "
    "module that it belongs to, or a function of torch?"
)
_MODULE = (
    "That is a module, and it has nothing of that name. Not every kind of module has a weight, and "
    "what a module computes comes from calling it."
)
_OTHER = (
    "The thing in that place has nothing of that name. Is it of the kind that you think (print its "
    "type), and is the name spelled right?"
)
_MADE_A_PARAMETER = (
    "nn.Parameter wraps a tensor: make the tensor first, for example with torch.randn."
)

_LETTERS = (
    "B, T, H, C and V are the course's letters, not names that Python knows. Unpack them from "
    "x.shape, or write the number of the axis."
)
_SELF = "`self` is known only inside a method that has it as its first argument."
_OF_SELF = (
    "There is no such name of its own in that method, but `self` has one. A method finds what "
    "belongs to the object only behind `self.`."
)
_OF_INIT = (
    "That is an argument of __init__, which no other method sees. What is needed later has to be "
    "kept on `self`."
)
_NO_VALUE_YET = (
    "A name that gets a value somewhere in a function is the function's own, and here it has none "
    "yet. Look for the line that gives it one: has it run before this line, in every case?"
)
_NO_NAME = (
    "No value has that name there. Is it spelled as where it got its value, and did that happen in "
    "this function, in its brackets, or in a cell that has run?"
)


def idea_of_attribute(error: AttributeError, text: str, is_foreign: Callable[[str], bool]) -> str:
    """What it means that a thing has no such name; "" where the message says something else."""
    if "has no attribute" not in text:
        return ""
    if "'NoneType'" in text:
        return NONE
    if _frames(error)[-1].f_code.co_qualname == "Parameter.__new__":
        return _MADE_A_PARAMETER
    with contextlib.suppress(Exception):  # an object may forbid all questions
        close = _close(error.name, _names_of(error.obj, error.name))
        if close and not hasattr(torch.Tensor, error.name):  # else the wrong thing was asked
            return (
                f"There is no `{error.name}`, but there is `{close}`. Is it a slip in the "
                "spelling, or is the thing another one than you think?"
            )
    for pattern, idea in _KINDS:
        if re.search(pattern, text):
            return idea
    with contextlib.suppress(Exception):
        return _by_object(error.obj, is_foreign)
    return _OTHER


def _by_object(thing: Any, is_foreign: Callable[[str], bool]) -> str:
    if isinstance(thing, torch.Tensor):
        return _TENSOR
    home = sys.modules.get(type(thing).__module__)
    file = getattr(home, "__file__", None)
    if type(thing).__module__ == "__main__" or (file is not None and not is_foreign(file)):
        return _SET_BY_YOU
    return _MODULE if isinstance(thing, torch.nn.Module) else _OTHER


def idea_of_name(error: NameError, text: str, has_place: bool) -> str:
    """What it means that there is no such name; "" where nothing can be said."""
    if re.search(r"name '[BTHCV]' is not defined", text):
        return _LETTERS
    if not has_place:
        return ""
    if re.search("cannot access (local|free) variable", text):
        return _NO_VALUE_YET
    if not error.name:
        return ""
    if error.name == "self":
        return _SELF
    with contextlib.suppress(Exception):
        return _by_frame(error.name, _frames(error)) or _NO_NAME
    return _NO_NAME


def _by_frame(name: str, frames: list[FrameType]) -> str:
    frame = frames[-1]
    while frame.f_code.co_name in _INSIDE and len(frames) > 1:
        frames = frames[:-1]
        frame = frames[-1]
    owner = frame.f_locals.get("self")
    if owner is not None:
        if name in dir(owner):
            return _OF_SELF
        if name in inspect.signature(type(owner).__init__).parameters:
            return _OF_INIT
    close = _close(name, {*frame.f_locals, *frame.f_globals, *dir(builtins)})
    if close:
        return f"There is no `{name}`, but there is `{close}`. Is it a slip in the spelling?"
    return ""


def _frames(error: BaseException) -> list[FrameType]:
    return [frame for frame, _ in traceback.walk_tb(error.__traceback__)]


def _names_of(thing: Any, wanted: str) -> list[str]:
    own = vars(thing) if hasattr(thing, "__dict__") else ()
    return [n for n in dir(thing) if wanted.startswith("_") or not n.startswith("_") or n in own]


def _close(name: str, names: Iterable[str]) -> str:
    """The name that another one was probably meant to be.

    Not one that differs in a number or a _ at an end: `layer2` and `layer1`, `relu` and `relu_`
    may both be right.
    """
    plain = {other.lower(): other for other in names if _core(other) != _core(name)}
    found = difflib.get_close_matches(name.lower(), plain, 1, 0.8)
    return plain[found[0]] if found else ""


def _core(name: str) -> str:
    return re.sub(r"\d", "", name.strip("_"))
