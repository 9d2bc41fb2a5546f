"""Exercise 12.3: a gradient that is still there."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb12 import _loops, _toy


def carries_over(
    train_step: Callable,
    model: nn.Module,
    batch: dict,
    loss_fn: Callable,
    optimizer: torch.optim.Optimizer,
) -> bool:
    """True if the gradient of the first call is still there when the second call adds its own."""
    rates = [group["lr"] for group in optimizer.param_groups]
    for group in optimizer.param_groups:
        group["lr"] = 0.0  # no weight moves: both calls compute the same gradient
    seen = []
    for _ in range(2):
        train_step(model, batch, loss_fn, optimizer)
        seen.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate
    return any(not torch.allclose(one, two) for one, two in zip(*seen, strict=True))


NONE = (
    "After a loop that clears at its end, .grad is None: nothing is left, so nothing carries over. "
    "Ask `if p.grad is not None` before you copy."
)
NOTHING = (
    "After a loop that clears at its end nothing is left, neither the first time nor the second. "
    "Twice nothing is nothing: ask whether the gradients differ, not whether the norm is twice."
)
ZEROS = (
    "This loop clears at its end, to zeros, and leaves zeros after both calls. Twice 0 is 0, too: "
    "ask whether the second differs from the first, not whether it is twice the first."
)
COPIES = (
    "The loop never clears: without a move of the weights, the second call finds the same gradient "
    "once more, and leaves twice as much. Compare the gradients after both calls, and copy the "
    "first, p.grad.clone(): backward() adds into the very tensor that you hold."
)
MOVED = (
    "The weights moved between the two calls, so their gradients differ in a healthy loop, too. "
    'Set the rate of every group to 0 first, group["lr"] = 0.0: then both compute the same one.'
)
PRESENT = (
    "This loop clears. That there is a gradient after a call says nothing: a healthy loop that "
    "clears at its beginning leaves one, too. Is it larger after the second call?"
)
LEFT = (
    "The model came with a gradient of before, and the first call added to it or cleared it. The "
    "question is whether the second call's differs from the first's: not whether it is twice it."
)
OPPOSITE = (
    "The gradient of before points the other way: what carries over makes the sum smaller, and not "
    "larger. Ask whether the gradients differ, number by number, and not which norm is larger."
)
PAIRS = (
    "Two gradients, or lists of them, give no one yes or no: zip them, torch.allclose each pair."
)
YES_OR_NO = "True or False is asked. bool(...) makes one of the two."
ANY = "Some of the weights keep their gradient. One is enough: look at all of them, any(...)."


def _groups(model: nn.Module) -> torch.optim.Optimizer:
    body = {"params": model.body.parameters(), "lr": 0.125}
    return torch.optim.SGD([body, {"params": model.head.parameters(), "lr": 0.5}])


def _ask(
    attempt: Any,
    step: Callable,
    what: str,
    model: nn.Module | None = None,
    optimizer: torch.optim.Optimizer | None = None,
) -> tuple[Any, bool, str]:
    """What the attempt says of a loop; whether the weights have moved; what was tried."""
    model = _toy.Net() if model is None else model
    optimizer = _toy.sgd(model) if optimizer is None else optimizer
    before = _toy.numbers_of(model)
    tried = f"a loop that {what}"
    with (
        explaining(AttributeError, NONE, "NoneType"),
        explaining(TypeError, NONE, "NoneType"),
        explaining(RuntimeError, PAIRS, "Boolean value of Tensor"),
    ):
        got = call(attempt, step, model, _toy.batch(), F.cross_entropy, optimizer, tried=tried)
    now = _toy.numbers_of(model)
    return got, any(not torch.equal(now[name], before[name]) for name in before), tried


def _expect(attempt: Any, step: Callable, what: str, answer: bool, idea: str, **made: Any) -> None:
    got, moved, tried = _ask(attempt, step, what, **made)
    plain = "The answer is right, and it stands in a tensor: bool(...) makes True or False of it."
    known = [Known(torch.tensor(answer), plain), Known(torch.tensor([answer]), plain)]
    if answer is False:
        known.append(Known(True, MOVED if moved else idea))
    if got is not None and not isinstance(got, torch.Tensor):
        shown = str(answer)
        expect_that(type(got) is bool, tried=tried, got=got, expected=shown, idea=YES_OR_NO)
    expect(got, answer, tried=tried, idea=idea, known=known)


def _carried(attempt: Any) -> None:
    """True for a loop that never clears"""
    _expect(attempt, _loops.adds, "never clears the gradients", True, COPIES)


def _cleared_first(attempt: Any) -> None:
    """False for a loop that clears before backward()"""
    for step, what in (
        (_toy.healthy, "begins with optimizer.zero_grad()"),
        (_loops.clearing_to_zeros, "begins with optimizer.zero_grad(set_to_none=False)"),
    ):
        _expect(attempt, step, what, False, PRESENT)


def _cleared_last(attempt: Any) -> None:
    """False for a loop that clears at its end"""
    for step, what, idea in (
        (_loops.clearing_at_the_end, "ends in optimizer.zero_grad()", NOTHING),
        (_loops.zeros_at_the_end, "ends in optimizer.zero_grad(set_to_none=False)", ZEROS),
    ):
        _expect(attempt, step, what, False, idea)


def _otherwise(attempt: Any) -> None:
    """however it is cleared, and however often backward() runs in a step"""
    ways = (
        "There are many ways to clear. Don't look for one of them; look at the gradient that is "
        "left, p.grad, after both calls."
    )
    for step, what in (
        (_loops.clearing_the_model, "begins with model.zero_grad()"),
        (_loops.clearing_by_hand, "sets parameter.grad = None for each parameter"),
    ):
        _expect(attempt, step, what, False, ways)
    halves = (
        "The second half of the batch adds to the first, within one call: so it should be. Compare "
        "what is there after a whole call."
    )
    what = "clears, and then takes the batch in two halves, with a backward() for each"
    _expect(attempt, _loops.in_two_halves, what, False, halves)


def _some(attempt: Any) -> None:
    """True if only some of the weights keep their gradient"""
    for word, what in (
        ("body", "clears the body's gradients, not the head's"),
        ("head", "clears the head's gradients, not the body's"),
        ("weight", "clears the gradients of all weights, not of the biases"),
        ("bias", "clears the gradients of all biases, not of the weights"),
    ):
        _expect(attempt, _loops.clearing(word), what, True, ANY)
        model = _toy.Net()
        what = f"{what}; two groups, body and head"
        _expect(
            attempt, _loops.clearing(word), what, True, ANY, model=model, optimizer=_groups(model)
        )
    for part in ("body", "head"):
        frozen = _toy.Net()
        getattr(frozen, part).requires_grad_(False)
        what = f"never clears, with a frozen {part}"
        none = "A frozen weight has no gradient, .grad is None. The others have one: look at those."
        _expect(attempt, _loops.adds, what, True, none, model=frozen)


def _left_over(attempt: Any) -> None:
    """whatever gradient is there at the beginning"""
    for step, what, answer in (
        (_toy.healthy, "begins with optimizer.zero_grad()", False),
        (_loops.clearing_at_the_end, "ends in optimizer.zero_grad()", False),
        (_loops.adds, "never clears", True),
    ):
        model = _toy.Net()
        for parameter in model.parameters():
            parameter.grad = torch.full_like(parameter, 0.5)
        _expect(
            attempt, step, f"{what}; a model with gradients of before", answer, LEFT, model=model
        )
        model = _toy.Net()
        _toy.loss_of(model, _toy.batch()).backward()
        for parameter in model.parameters():
            parameter.grad *= -3
        what = f"{what}; a model with -3 times this gradient in it"
        _expect(attempt, step, what, answer, OPPOSITE, model=model)


def _each_group(attempt: Any) -> None:
    """for an optimizer of several groups, and for others than SGD"""
    for make, name in (
        (_groups, "two groups, with the rates 0.125 and 0.5"),
        (lambda model: torch.optim.AdamW(model.parameters(), lr=0.25), "AdamW"),
    ):
        for step, what, answer in (
            (_toy.healthy, "begins with optimizer.zero_grad()", False),
            (_loops.adds, "never clears", True),
        ):
            model = _toy.Net()
            optimizer = make(model)
            idea = COPIES if answer else PRESENT
            _expect(
                attempt, step, f"{what}; {name}", answer, idea, model=model, optimizer=optimizer
            )


def _left_alone(attempt: Any) -> None:
    """afterwards the rates are as they were, and so are the weights"""
    for step, what in ((_toy.healthy, "clears"), (_loops.adds, "never clears")):
        model = _toy.Net()
        optimizer = _groups(model)
        _, moved, tried = _ask(attempt, step, what, model, optimizer)
        expect(
            [group["lr"] for group in optimizer.param_groups],
            [0.125, 0.5],
            tried=f"{tried}; two groups with the rates 0.125 and 0.5: the rates afterwards",
            idea="Note each group's own rate before, and put it back after the two calls.",
            known=(
                Known(
                    [0.0, 0.0],
                    "They stay 0, and the training that follows learns nothing. Note "
                    "each group's rate before, and put it back.",
                ),
                Known([0.125, 0.125], "Each group has a rate of its own: note all of them."),
                Known([0.5, 0.5], "Each group has a rate of its own: note all of them."),
            ),
        )
        expect_that(
            not moved,
            tried=f"{tried}; the weights afterwards",
            told="other numbers",
            expected="the numbers from before",
            idea="An examination that trains the model changes what it looks at. With the rate 0 "
            "in every group, the two calls move nothing.",
        )


EXERCISE = Exercise(
    "12.3",
    "A gradient that is still there",
    10,
    carries_over,
    (
        _carried,
        _cleared_first,
        _cleared_last,
        _otherwise,
        _some,
        _left_over,
        _each_group,
        _left_alone,
    ),
    (
        "If no weight moves, two calls compute the same gradient. What is in .grad after each?",
        (
            'Set group["lr"] = 0.0 for each group of optimizer.param_groups. After each of two '
            "calls keep [p.grad.clone() for p in model.parameters() if p.grad is not None]."
        ),
        (
            "Put the rates back, and return any(not torch.allclose(one, two) for one, two in "
            "zip(first, second)): cleared gradients are the same both times."
        ),
    ),
)
