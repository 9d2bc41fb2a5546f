"""Exercise 07.1: weights that fit, or an error that says all."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import (
    Mistake,
    Raised,
    call,
    expect,
    expect_that,
    explaining,
)
from course_lib.exercises._exercise import Exercise
from course_lib.exercises._explain import place_of


def load_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Load weights by name, all or nothing."""
    expected = model.state_dict()
    missing = [name for name in expected if name not in weights]
    unexpected = [name for name in weights if name not in expected]
    shapes = [
        f"{name} {tuple(weights[name].shape)}, not {tuple(weight.shape)}"
        for name, weight in expected.items()
        if name in weights and weights[name].shape != weight.shape
    ]
    kinds = {"missing": missing, "unexpected": unexpected, "another shape": shapes}
    lines = [f"{kind}: {'; '.join(names)}" for kind, names in kinds.items() if names]
    if lines:
        raise ValueError("\n".join(lines))
    model.load_state_dict(weights)


class Net(nn.Module):
    """Four weights, and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(2))
        self.hidden, self.head = nn.Linear(2, 3), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.hidden(x - self.mean))


NAMES = "mean, hidden.weight, hidden.bias, head.weight, head.bias"
MODEL = f"a model with {NAMES}"
TOO_LATE = (
    "load_state_dict raises a RuntimeError, and by then it has copied what fits. Compare names and "
    "shapes first, with model.state_dict()."
)
ABSENT = "weights[name] fails where the name is missing. Compare shapes of names on both sides."
SILENT = (
    "Nobody hears of it: strict=False tells only who reads what it returns, copy_ broadcasts, and "
    "a print stops nothing. Compare the names, both ways, and the shapes, and raise."
)
RETURNED = (
    "What is returned is easily overlooked. An error stops the caller: raise ValueError(text)."
)
RUN_TOGETHER = 'Where does one name end? Put something between them: ", ".join(names).'
ANOTHER_KIND = (
    "A ValueError is asked: who catches it catches this one and no other. And `python -O` leaves "
    "assert out."
)
NO_BRACKETS = "state_dict is a method: model.state_dict(), with brackets, gives the dict."
NO_ERROR = "raise takes an error, with the text in its brackets: raise ValueError(text)."
FIT = (
    "Each name and each shape is as in model.state_dict(), so nothing is wrong with them. Compare "
    "shapes with !=, and look the names up in model.state_dict(), which has the inner ones too."
)
BUFFERS = (
    "A model's state has buffers as well, such as BatchNorm's means. model.state_dict() has all, "
    "named_parameters() has not."
)


def _weights() -> dict[str, Tensor]:
    """All that the model needs, with numbers that no new model has."""
    return {
        name: torch.full_like(tensor, 10.0 + number)
        for number, (name, tensor) in enumerate(Net().state_dict().items())
    }


@contextlib.contextmanager
def _explaining_own(idea: str) -> Iterator[None]:
    """Say `idea` on the card if the attempt raises an error by a `raise` or `assert` of its own."""
    try:
        yield
    except Raised as raised:
        if _is_own(raised.error):
            raised.idea = idea
        raise


def _is_own(error: BaseException) -> bool:
    """Whether it comes from a `raise` or `assert` of the attempt, and not from what it called."""
    place = place_of(error)
    if place is None or isinstance(error, AssertionError):
        return place is not None
    return re.search(rf"\braise {type(error).__name__}\b", place.text) is not None


def _call(attempt: Any, model: nn.Module, weights: dict[str, Tensor], tried: str) -> Any:
    with (
        explaining(RuntimeError, TOO_LATE, "loading state_dict"),
        explaining(KeyError, ABSENT),
        explaining(TypeError, NO_BRACKETS, "'method' object"),
        explaining(TypeError, NO_ERROR, "exceptions must derive"),
    ):
        return call(attempt, model, weights, tried=tried)


def _loads(attempt: Any) -> None:
    """weights that fit are loaded, buffers too, in whatever order they come"""
    given = _weights()
    turned = dict(reversed(given.items()))
    order = "The same names and shapes. They come by name: their order says nothing."
    for weights, how, idea in ((given, "", FIT), (turned, ", in another order", order)):
        model, tried = Net(), f"{MODEL}; weights with the same names{how}"
        with (
            explaining(ValueError, idea, "hidden.weight"),
            explaining(ValueError, BUFFERS if idea is FIT else idea, "mean"),
            explaining(ValueError, idea),
            _explaining_own(idea),
        ):
            _call(attempt, model, weights, tried)
        for name, tensor in turned.items():
            expect(
                model.state_dict()[name],
                tensor,
                tried=f"{tried}: {name} afterwards",
                idea=BUFFERS
                if name == "mean"
                else "Nothing is wrong with them: after the look, model.load_state_dict(weights).",
            )


def _refused(attempt: Any, weights: dict[str, Tensor], what: str, names: list[str]) -> None:
    """Expect a ValueError with all the names, and the model as it was."""
    model, tried = Net(), f"{MODEL}; weights {what}"
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    try:
        with _explaining_own(ANOTHER_KIND):
            got = _call(attempt, model, weights, tried)
    except Raised as raised:
        if not isinstance(raised.error, ValueError):
            raise
        message = str(raised.error)
    else:
        returned = isinstance(got, (str, Exception))
        raise Mistake(
            tried,
            f"no error, but {type(got).__name__} returned" if returned else "no error",
            f"a ValueError that names {', '.join(names)}",
            RETURNED if returned else SILENT,
        )
    absent = [name for name in names if not _names(message, name)]
    expect_that(
        not absent,
        tried=tried,
        told=f"ValueError: {message}",
        expected=f"a ValueError that names {', '.join(names)}",
        idea=RUN_TOGETHER
        if any(one + other in message for one in names for other in names)
        else f"It does not name {', '.join(absent)}. Collect all that is missing, all that is "
        "unexpected and all wrong shapes in lists, and raise once, at the end.",
    )
    changed = [n for n, tensor in model.state_dict().items() if not torch.equal(tensor, before[n])]
    expect_that(
        not changed,
        tried=f"{tried}: the model after the error",
        told=f"another {', '.join(changed)}",
        expected="the numbers as they were",
        idea="Half of it is loaded. load_state_dict copies what fits before it raises, and with "
        "strict=False too. Look at everything first, and load last.",
    )


def _names(message: str, name: str) -> bool:
    """Whether a name stands in a message, and not as a part of a longer one."""
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\.?\w)", message) is not None


def _missing(attempt: Any) -> None:
    """what is missing is named, all of it"""
    for names in (["head.bias"], ["mean", "hidden.weight", "head.weight"]):
        weights = {name: tensor for name, tensor in _weights().items() if name not in names}
        _refused(attempt, weights, f"without {', '.join(names)}", names)


def _unexpected(attempt: Any) -> None:
    """what is unexpected is named, all of it"""
    for names in (["head.scale"], ["scale", "tail.weight", "tail.bias"]):
        weights = _weights() | {name: torch.ones(2) for name in names}
        _refused(attempt, weights, f"that have {', '.join(names)} too", names)


def _shapes(attempt: Any) -> None:
    """wrong shapes are named, those that would broadcast too"""
    for shapes in (
        {"head.weight": (5, 3)},
        {"hidden.bias": (1,), "head.bias": ()},
        {"hidden.weight": (3, 2, 1), "head.weight": (2, 1), "mean": (2, 1)},
        {"hidden.weight": (2, 3)},
    ):
        weights = _weights() | {name: torch.ones(shape) for name, shape in shapes.items()}
        told = ", ".join(f"{name} of shape {shape}" for name, shape in shapes.items())
        _refused(attempt, weights, f"with {told}", list(shapes))


def _together(attempt: Any) -> None:
    """all three together, and names with a prefix"""
    weights = _weights() | {"scale": torch.ones(1), "head.weight": torch.ones(5, 3)}
    del weights["hidden.bias"]
    what = "with scale, without hidden.bias, and with head.weight of shape (5, 3)"
    _refused(attempt, weights, what, ["scale", "hidden.bias", "head.weight"])
    prefixed = {f"module.{name}": tensor for name, tensor in _weights().items()}
    _refused(attempt, prefixed, "whose names begin with module.", [*_weights(), *prefixed])
    _refused(attempt, {}, "that are empty", list(_weights()))


EXERCISE = Exercise(
    "07.1",
    "Weights that fit, or one error",
    10,
    load_weights,
    (_loads, _missing, _unexpected, _shapes, _together),
    (
        "model.state_dict() has the names and shapes that the model expects. Three questions.",
        (
            "Missing: names of model.state_dict() that are not in weights. Unexpected: the other "
            "way round. Shapes: of names on both sides, weights[name].shape against the model's."
        ),
        (
            "Collect the three as lists. If one of them is not empty, raise ValueError with all "
            'three in its message, f"missing: {missing}; ...". Else model.load_state_dict(weights).'
        ),
    ),
)
