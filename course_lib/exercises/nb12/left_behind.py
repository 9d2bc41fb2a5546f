"""Exercise 12.4: weights that a step leaves behind."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.exercises._checking import Known, call, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb09._toy import expect_names
from course_lib.exercises.nb12 import _toy


def left_behind(
    train_step: Callable,
    model: nn.Module,
    batch: dict,
    loss_fn: Callable,
    optimizer: torch.optim.Optimizer,
) -> list[str]:
    """The names of trainable parameters that a call of train_step did not move at all."""
    learning = {name: p for name, p in model.named_parameters() if p.requires_grad}
    before = {name: p.detach().clone() for name, p in learning.items()}
    train_step(model, batch, loss_fn, optimizer)
    return [name for name, p in learning.items() if torch.equal(p, before[name])]


COPIES = (
    "All of them moved, and yet none seems to. named_parameters() and state_dict() hold the "
    "weights' own tensors, which move along: copy each before the call, p.detach().clone()."
)
FROZEN = "A frozen parameter, requires_grad=False, is meant to stay. Leave it out."
NOT_HELD = (
    "They have a gradient, and no optimizer holds them: they do not move. Compare numbers before "
    "and after the call, and not .grad."
)
NO_GRADIENT = (
    "The optimizer holds them, and no gradient reaches them: they do not move. Being in "
    "param_groups, or trainable, says nothing. Compare numbers before and after the call."
)
CANCEL = (
    "Its numbers moved, and their sum, mean or norm did not: some rose and others fell. So it is "
    "with a head and cross-entropy. Compare number by number, torch.equal."
)
STILL = (
    "There are gradients, and the optimizer holds all of the weights: none of them moves. Only the "
    "numbers before and after the call tell."
)
ONE = "One parameter alone. Does the return stand inside the loop, or are biases not asked?"
RATES = "Nothing moved: the rates are 0. Here the step is to train as it is."
TURNED = "Turned round: these moved. Those that did not are asked."
BOOLS = "p != before compares number by number: not torch.equal(...) is one answer."


class Normed(_toy.Net):
    """With a BatchNorm at the end, whose buffers stand still in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(super().forward(x))


def _cut(model: nn.Module, batch: dict, loss_fn: Callable, optimizer: Any) -> float:
    """A step whose graph is cut between body and head."""
    optimizer.zero_grad()
    with torch.no_grad():
        hidden = model.body(batch["x"]).tanh()
    loss = loss_fn(model.head(hidden), batch["labels"])
    loss.backward()
    optimizer.step()
    return loss.item()


def _no_step(model: nn.Module, batch: dict, loss_fn: Callable, optimizer: Any) -> float:
    optimizer.zero_grad()
    loss = _toy.loss_of(model, batch, loss_fn)
    loss.backward()
    return loss.item()


def _expect(
    attempt: Any,
    step: Callable,
    what: str,
    expected: list[str],
    idea: str,
    *known: Known,
    model: nn.Module | None = None,
    optimizer: torch.optim.Optimizer | None = None,
) -> None:
    """Expect these names of a loop, which is to be called once."""
    model = _toy.Net() if model is None else model
    optimizer = _toy.sgd(model) if optimizer is None else optimizer
    counted, tried = _toy.Counted(step), f"{_toy.NET}{what}"
    names = [name for name, _ in model.named_parameters()]
    with explaining(RuntimeError, BOOLS, "Boolean value of Tensor"):
        got = call(attempt, counted, model, _toy.batch(), F.cross_entropy, optimizer, tried=tried)
    expect_that(
        counted.calls == 1 or got is None,
        tried=f"{tried}: how often train_step was called",
        told=str(counted.calls),
        expected="1",
        idea="Nothing can move where train_step is not called."
        if not counted.calls
        else "One call, between the two looks at the weights: each call trains the model.",
    )
    expect_that(
        any(counted.rates) or got is None,
        tried=f"{tried}: the rates when train_step was called",
        told=str(counted.rates),
        expected="the optimizer's own",
        idea=RATES,
    )
    moved = [name for name in names if name not in expected]
    expect_names(got, expected, tried=tried, idea=idea, known=(*known, Known(moved, TURNED)))


def _all_move(attempt: Any) -> None:
    """none, where all of them move"""
    known = [Known(names, CANCEL) for names in (_toy.HEAD, *([name] for name in _toy.HEAD))]
    known.append(Known(_toy.NAMES, COPIES))
    _expect(attempt, _toy.healthy, "a healthy loop", [], COPIES, *known)


def _none_moves(attempt: Any) -> None:
    """all, where the optimizer makes no step"""
    known = [Known([name], ONE) for name in _toy.NAMES]
    what = "a loop without optimizer.step()"
    _expect(attempt, _no_step, what, _toy.NAMES, STILL, Known([], STILL), *known)


def _not_held(attempt: Any) -> None:
    """those that the optimizer does not hold"""
    for part, names in (("body", _toy.HEAD), ("head", _toy.BODY)):
        model = _toy.Net()
        optimizer = _toy.sgd(getattr(model, part))
        what = f"an optimizer that holds the {part} alone"
        known = [Known([*names, name], CANCEL) for name in _toy.HEAD if name not in names]
        known += [Known([], NOT_HELD), Known(_toy.NAMES, COPIES), Known(names[:1], ONE)]
        _expect(
            attempt, _toy.healthy, what, names, NOT_HELD, *known, model=model, optimizer=optimizer
        )


def _no_gradient(attempt: Any) -> None:
    """those that no gradient reaches"""
    what = "a loop that runs the body under no_grad"
    _expect(attempt, _cut, what, _toy.BODY, NO_GRADIENT, Known([], NO_GRADIENT))


def _frozen(attempt: Any) -> None:
    """not those that are frozen"""
    for part, names in (("body", _toy.BODY), ("head", _toy.HEAD)):
        model = _toy.Net()
        getattr(model, part).requires_grad_(False)
        what = f"a healthy loop, with a frozen {part}"
        _expect(attempt, _toy.healthy, what, [], FROZEN, Known(names, FROZEN), model=model)
    model = _toy.Net()
    model.body.weight.requires_grad_(False)
    what = "an optimizer that holds the head alone; body.weight is frozen"
    known = Known(_toy.BODY, FROZEN), Known([], NOT_HELD)
    head = _toy.sgd(model.head)
    _expect(attempt, _toy.healthy, what, ["body.bias"], FROZEN, *known, model=model, optimizer=head)


def _changes(**changes: Callable) -> Callable:
    """A loop that moves every weight's numbers in some way, and by name in another."""

    def step(model: nn.Module, batch: dict, loss_fn: Callable, optimizer: Any) -> None:
        for name, parameter in model.named_parameters():
            change = changes.get(name.replace(".", "_"), lambda numbers: numbers.add_(1.0))
            change(parameter.detach().view(-1))

    return step


def _a_bit(place: int) -> Callable:
    """A change of one number by its last bit."""

    def change(numbers: torch.Tensor) -> None:
        numbers[place] = torch.nextafter(numbers[place], torch.tensor(100.0))

    return change


def _turned(numbers: torch.Tensor) -> None:
    numbers[0], numbers[-1] = numbers[-1].item(), numbers[0].item()


def _hardly(attempt: Any) -> None:
    """one that moved by a single bit has moved"""
    close = (
        "The last bit of one of its numbers is another: it moved. allclose, isclose, a rounding, a "
        "bound, or a look at one number passes over it. torch.equal has no tolerance and sees all."
    )
    name = "body.weight"
    for number in (0.25, 1e-15):
        for place in (5, 0, 2):
            model = _toy.Net()
            model.body.weight.detach().view(-1)[place] = number
            what = f"a loop that moves number {place} of {name}, {number}, by one bit, others by 1"
            step = _changes(body_weight=_a_bit(place))
            _expect(attempt, step, what, [], close, Known([name], close), model=model)


def _cancels(attempt: Any) -> None:
    """one of which two numbers changed places has moved"""
    what = "a loop that swaps two numbers of head.weight, and moves the others by 1"
    step = _changes(head_weight=_turned)
    _expect(attempt, step, what, [], CANCEL, Known(["head.weight"], CANCEL))


def _one_stays(attempt: Any) -> None:
    """a single one that stays is found, by its full name"""
    for name in _toy.NAMES:
        step = _changes(**{name.replace(".", "_"): lambda numbers: None})
        what = f"a loop that moves all but {name} by 1"
        idea = "Its numbers are as they were. The full name is that of named_parameters()."
        _expect(attempt, step, what, [name], idea)


def _buffers(attempt: Any) -> None:
    """parameters, and not buffers"""
    model = Normed().eval()
    idea = (
        "In evaluation mode the buffers of a BatchNorm stand still, and they are meant to. "
        "state_dict() has them, too: go through named_parameters()."
    )
    buffers = [name for name, _ in model.named_buffers()]
    what = "and a BatchNorm, in evaluation mode; a healthy loop"
    _expect(attempt, _toy.healthy, what, [], idea, Known(buffers, idea), model=model)


EXERCISE = Exercise(
    "12.4",
    "Left behind",
    8,
    left_behind,
    (
        _not_held,
        _all_move,
        _none_moves,
        _no_gradient,
        _frozen,
        _one_stays,
        _hardly,
        _cancels,
        _buffers,
    ),
    (
        "Take a picture of the weights, call train_step once, and compare.",
        (
            "before = {name: p.detach().clone() for name, p in model.named_parameters()}. What "
            "would be in it without clone()?"
        ),
        (
            "The list of names for which p.requires_grad and torch.equal(p, before[name]), after "
            "train_step(model, batch, loss_fn, optimizer)."
        ),
    ),
)
