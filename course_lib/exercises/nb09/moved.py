"""Exercise 09.2: what has moved."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import Known, call, explaining_each
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb09 import _toy


def moved(before: dict[str, Tensor], module: nn.Module) -> list[str]:
    """The names of parameters and buffers that differ from `before` in at least one bit."""
    now = dict(module.named_parameters()) | dict(module.named_buffers())
    return [name for name, tensor in now.items() if not torch.equal(tensor, before[name])]


class Net(nn.Module):
    """An embedding, a BatchNorm with its three buffers, and a head, in known numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.norm, self.head = nn.Embedding(3, 2), nn.BatchNorm1d(2), nn.Linear(2, 1)
        for number, tensor in enumerate(_tensors(self).values(), start=1):
            tensor.copy_(number + 0.5 + torch.arange(tensor.numel()).reshape(tensor.shape))


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers, to be written into."""
    return {name: tensor.detach() for name, tensor in module.state_dict().items()}


NAMES = list(Net().state_dict())
BUFFERS = [name for name, _ in Net().named_buffers()]
NET = "a model of embed, norm (a BatchNorm) and head; "
SAME = (
    "`before` holds copies: other tensors, with the same numbers where nothing has moved. "
    "`is not`, id() and sets tell tensors apart, and not their numbers."
)
A_BUFFER = (
    "A buffer is no parameter: get_parameter finds none of them. state_dict() has both, or take "
    "named_parameters() and named_buffers()."
)
DOTS = (
    "The names have dots, and getattr does not follow them. Take the tensors with their names, "
    "from named_parameters() and named_buffers()."
)
BOOLS = "before[name] != tensor compares number by number: not torch.equal(...) is one answer."
ERRORS = (
    (RuntimeError, BOOLS, "Boolean value of Tensor"),
    (RuntimeError, BOOLS, "cannot be converted to Scalar"),
    (RuntimeError, "The counter holds whole numbers, which have no mean. " + BOOLS, "output dtype"),
    (TypeError, "named_parameters() gives no list. A list of both: [*one, *other].", "'generator'"),
    (ValueError, "parameters() gives tensors alone, named_parameters() with names.", "to unpack"),
    (AttributeError, "`before` is a dict of tensors by name: before[name].", "'dict' object"),
    (AttributeError, A_BUFFER, "is not an nn.Parameter"),
)


def _expect(
    attempt: Any,
    change: Callable[[dict[str, Tensor]], None],
    what: str,
    expected: list[str],
    idea: str,
    *known: Known,
    frozen: tuple[str, ...] = (),
) -> None:
    """Change a new model, and expect these names."""
    net = Net()
    for name in frozen:
        net.get_parameter(name).requires_grad_(False)
    before = {name: tensor.clone() for name, tensor in _tensors(net).items()}
    change(_tensors(net))
    tried = f"{NET}{what}"
    absent = (
        "`before` has parameters and buffers. Look each up by its name: before[name]. The names "
        "come from named_parameters() and named_buffers(); parameters() and buffers() have none."
    )
    with explaining_each((KeyError, absent), *ERRORS), _toy.explaining_names(NAMES, DOTS):
        got = call(attempt, before, net, tried=tried)
    _toy.expect_names(
        got,
        expected,
        tried=tried,
        idea=idea,
        known=(
            *known,
            Known(
                [name for name in NAMES if name not in expected],
                "Turned round: these are the names of what stayed.",
            ),
        ),
    )


def _add(name: str, *numbers: float) -> Callable[[dict[str, Tensor]], None]:
    """Add these numbers to the tensor's first."""

    def change(tensors: dict[str, Tensor]) -> None:
        tensors[name].reshape(-1)[: len(numbers)] += torch.tensor(numbers).to(tensors[name].dtype)

    return change


def _parameter(attempt: Any) -> None:
    """one parameter that has moved is named"""
    idea = (
        "Compare each tensor with before[name], looked up by name and not by place, and keep the "
        "name where the two differ."
    )
    nothing = (
        "Nothing is named, and one number of it is another. Print what your comparison gives. Are "
        "brackets missing behind a method, or does the list begin anew inside the loop?"
    )
    known = (Known([], nothing), Known(NAMES, SAME))
    for name in ("embed.weight", "head.bias"):
        _expect(attempt, _add(name, 1.0), f"1 added to a number of {name}", [name], idea, *known)
    fell = "The number fell. A tensor has moved if any number differs, up or down: no > alone."
    what = "1 taken from a number of head.bias"
    _expect(attempt, _add("head.bias", -1.0), what, ["head.bias"], idea, Known([], fell))


def _nothing(attempt: Any) -> None:
    """where nothing has moved, nothing is named"""
    _expect(attempt, lambda tensors: None, "nothing changed", [], SAME)


def _all(attempt: Any) -> None:
    """all that have moved are named"""
    names = ["embed.weight", "norm.bias", "head.weight"]

    def change(tensors: dict[str, Tensor]) -> None:
        for name in names:
            _add(name, 1.0)(tensors)

    one = "Only one of them. Does the return stand inside the loop?"
    known = [Known([name], one) for name in names]
    idea = "Go through all of them, and collect the names."
    _expect(attempt, change, f"1 added in {', '.join(names)}", names, idea, *known)


def _cancels(attempt: Any) -> None:
    """changes that cancel out count"""
    cancel = (
        "One number rose and one fell by as much, so sums, means and norms are what they were. "
        "Compare number by number."
    )
    for name, numbers in (("head.weight", (1.0, -1.0)), ("embed.weight", (5.0, 0, 0, 0, 0, -5.0))):
        what = f"two numbers of {name} changed places"
        _expect(attempt, _add(name, *numbers), what, [name], cancel, Known([], cancel))


def _bit(attempt: Any) -> None:
    """a single bit counts"""

    def smallest(tensors: dict[str, Tensor]) -> None:
        number = tensors["head.weight"][0, :1]
        number.copy_(torch.nextafter(number, torch.tensor(100.0)))

    close = (
        "One bit is another, and this comparison has a tolerance: allclose, isclose, a rounding, "
        "or a difference above some small number. A frozen weight does not move at all: torch.equal"
    )
    what = "the last bit of a number of head.weight turned"
    _expect(attempt, smallest, what, ["head.weight"], close, Known([], close))


def _last_number(attempt: Any) -> None:
    """the last number of a tensor counts like the first"""
    idea = "The last number alone is another. Compare all numbers of a tensor, not its first ones."
    for name, count in (("embed.weight", 6), ("head.weight", 2)):
        what = f"1 added to the last number of {name}"
        _expect(attempt, _add(name, *[0.0] * (count - 1), 1.0), what, [name], idea, Known([], idea))


def _buffers(attempt: Any) -> None:
    """buffers count"""
    idea = (
        "A buffer has moved: named_parameters() has none of them, named_buffers() has. BatchNorm's "
        "mean, variance and counter are buffers, and in evaluation mode the answer depends on the "
        "first two."
    )
    for name in BUFFERS:
        _expect(attempt, _add(name, 1.0), f"1 added in {name}", [name], idea, Known([], idea))


def _frozen(attempt: Any) -> None:
    """what is frozen counts"""
    idea = (
        "It is frozen and has moved all the same, by a gradient that was left over: just that is "
        "to be found. Look at all parameters, whatever their requires_grad."
    )
    what = "1 added in embed.weight, which is frozen"
    name = "embed.weight"
    _expect(attempt, _add(name, 1.0), what, [name], idea, Known([], idea), frozen=(name,))


EXERCISE = Exercise(
    "09.2",
    "What has moved",
    8,
    moved,
    (_parameter, _nothing, _all, _cancels, _last_number, _bit, _buffers, _frozen),
    (
        "Which tensors has a module beside its parameters? Go through both kinds, by name.",
        "torch.equal(one, other) is True if all numbers are equal, without a tolerance.",
        (
            "now = dict(module.named_parameters()) | dict(module.named_buffers()); then the list "
            "of names for which torch.equal(tensor, before[name]) is False."
        ),
    ),
)
