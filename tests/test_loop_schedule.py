"""Schedulers that count in the right unit pass, those that count in the other are named."""

import copy
import math
import threading

import pytest
import torch
from torch.optim import lr_scheduler as schedulers

from course_lib.loop import fit
from course_lib.loop._schedule import expect_unit, rates
from tests.tiny_training import batches, linear, loss_fn, same, sgd, state

EPOCHS, STEPS = 10, 300  # steps in all


def linear_with_warm_up(optimizer, warm_up, steps):
    from transformers import get_linear_schedule_with_warmup

    return get_linear_schedule_with_warmup(optimizer, warm_up, steps)


def warm_up_then_cosine(optimizer, warm_up, steps):
    parts = [
        schedulers.LinearLR(optimizer, 0.01, total_iters=warm_up),
        schedulers.CosineAnnealingLR(optimizer, steps - warm_up),
    ]
    return schedulers.SequentialLR(optimizer, parts, [warm_up])


def chained(optimizer, steps):
    parts = [
        schedulers.LinearLR(optimizer, 0.1, total_iters=steps // 10),
        schedulers.ExponentialLR(optimizer, 0.01 ** (1 / steps)),
    ]
    return schedulers.ChainedScheduler(parts, optimizer)


def stepped(scheduler, times):
    for _ in range(times):
        scheduler.optimizer.step()
        scheduler.step()
    return scheduler


s = schedulers
RIGHT = {
    "per step": {
        "cosine": lambda o: s.CosineAnnealingLR(o, STEPS),
        "cosine, twice as long": lambda o: s.CosineAnnealingLR(o, 2 * STEPS),
        "cosine, up again": lambda o: s.CosineAnnealingLR(o, STEPS // 4),
        "steps of 100": lambda o: s.StepLR(o, 100),
        "steps longer than the run": lambda o: s.StepLR(o, 1000),
        "milestones": lambda o: s.MultiStepLR(o, [100, 200]),
        "warm restarts": lambda o: s.CosineAnnealingWarmRestarts(o, 30),
        "warm restarts, longer each": lambda o: s.CosineAnnealingWarmRestarts(o, 10, 2),
        "one cycle": lambda o: s.OneCycleLR(o, 1.0, total_steps=STEPS),
        "one cycle, of epochs": lambda o: s.OneCycleLR(o, 1.0, epochs=EPOCHS, steps_per_epoch=30),
        "cyclic": lambda o: s.CyclicLR(o, 0.001, 0.1, step_size_up=20),
        "cyclic, one": lambda o: s.CyclicLR(o, 0.001, 0.1, step_size_up=150),
        "linear": lambda o: s.LinearLR(o, 1.0, 0.0, STEPS),
        "polynomial": lambda o: s.PolynomialLR(o, STEPS, 2.0),
        "warm-up, then constant": lambda o: s.LinearLR(o, 0.01, total_iters=20),
        "warm-up and linear decay": lambda o: linear_with_warm_up(o, 20, STEPS),
        "warm-up and linear decay, longer": lambda o: linear_with_warm_up(o, 60, 3 * STEPS),
        "warm-up, then cosine": lambda o: warm_up_then_cosine(o, 30, STEPS),
        "chained": lambda o: chained(o, STEPS),
        "exponential": lambda o: s.ExponentialLR(o, 0.99),
        "constant": lambda o: s.ConstantLR(o, 0.5, 10),
        "a lambda": lambda o: s.LambdaLR(o, lambda step: 1 / math.sqrt(step + 1)),
        "half used up": lambda o: stepped(s.CosineAnnealingLR(o, 2 * STEPS), STEPS),
        "linear, nine tenths used up": lambda o: stepped(
            linear_with_warm_up(o, 20, 10 * STEPS), 9 * STEPS
        ),
    },
    "per epoch": {
        "cosine": lambda o: s.CosineAnnealingLR(o, EPOCHS),
        "cosine, twice as long": lambda o: s.CosineAnnealingLR(o, 2 * EPOCHS),
        "steps of 3": lambda o: s.StepLR(o, 3),
        "steps of 30, of which none comes": lambda o: s.StepLR(o, 30),
        "milestones": lambda o: s.MultiStepLR(o, [5, 8]),
        "warm restarts": lambda o: s.CosineAnnealingWarmRestarts(o, 5),
        "one cycle": lambda o: s.OneCycleLR(o, 1.0, total_steps=EPOCHS),
        "cyclic": lambda o: s.CyclicLR(o, 0.001, 0.1, step_size_up=2),
        "linear": lambda o: s.LinearLR(o, 1.0, 0.0, EPOCHS),
        "warm-up of 3": lambda o: s.LinearLR(o, 0.1, total_iters=3),
        "warm-up and linear decay": lambda o: linear_with_warm_up(o, 2, EPOCHS),
        "warm-up, then cosine": lambda o: warm_up_then_cosine(o, 2, EPOCHS),
        "exponential": lambda o: s.ExponentialLR(o, 0.9),
        "exponential, slow": lambda o: s.ExponentialLR(o, 0.999),
        "constant": lambda o: s.ConstantLR(o, 0.5, 2),
        "chained": lambda o: chained(o, EPOCHS),
        "a lambda": lambda o: s.LambdaLR(o, lambda epoch: 0.95**epoch),
    },
}
ODD = {  # right all the same
    "per step": {
        "a finder of rates": lambda o: s.ExponentialLR(o, 1.05),
        "a rate of 0": lambda o: s.LambdaLR(o, lambda step: 0.0),
        "a lock inside": lambda o: Locked(o),
    },
    "per epoch": {
        "half used up": lambda o: stepped(s.CosineAnnealingLR(o, 2 * EPOCHS), EPOCHS),
        "a list of rates": lambda o: s.LambdaLR(
            o, lambda epoch: [1 / 2**n for n in range(11)][epoch]
        ),
        "a power that overflows": lambda o: s.LambdaLR(o, lambda epoch: 20.0**epoch),
    },
}


class Locked(schedulers.LRScheduler):
    """It cannot be copied."""

    def __init__(self, optimizer):
        self.lock = threading.Lock()
        super().__init__(optimizer)

    def get_lr(self):
        return self.base_lrs


def table(cases):
    return [
        pytest.param(unit.split()[1], made, id=f"{name}, {unit}")
        for unit, schedules in cases.items()
        for name, made in schedules.items()
    ]


def check(made, unit, epochs=EPOCHS, steps=STEPS, validated=True):
    optimizer = sgd(linear(), momentum=0.9)
    scheduler = made(optimizer)
    expect_unit(scheduler, optimizer, unit, epochs, steps, validated)


@pytest.mark.parametrize(("unit", "made"), [*table(RIGHT), *table(ODD)])
def test_a_schedule_of_the_right_unit_is_taken(unit, made):
    check(made, unit)


@pytest.mark.parametrize(("unit", "made"), table(RIGHT))
def test_so_it_is_where_nobody_knows_the_number_of_steps(unit, made):
    check(made, unit, steps=None)


# Wrong ones: how the two schedules go on, and what is said.

OVER = "it is over before that"
SMALL = r"after \d+ of them its rate is next to nothing"
HIGH = "in so few its rate never comes near its largest"
SLOW = "it takes 300 to come down"
WRONG = {
    "step": {
        "cosine": (lambda o: s.CosineAnnealingLR(o, EPOCHS), "its T_max is 10, the number of epo"),
        "one cycle": (lambda o: s.OneCycleLR(o, 1.0, total_steps=EPOCHS), OVER),
        "linear": (lambda o: s.LinearLR(o, 1.0, 0.0, EPOCHS), SMALL),
        "warm-up and linear decay": (lambda o: linear_with_warm_up(o, 2, EPOCHS), SMALL),
        "polynomial": (lambda o: s.PolynomialLR(o, EPOCHS), SMALL),
        "steps of 3": (lambda o: s.StepLR(o, 3), SMALL),
        "milestones": (lambda o: s.MultiStepLR(o, [3, 5, 7, 9]), SMALL),
        "exponential": (lambda o: s.ExponentialLR(o, 0.9), SMALL),
    },
    "epoch": {
        "cosine": (lambda o: s.CosineAnnealingLR(o, STEPS), "its T_max is 300, the number of ste"),
        "one cycle": (lambda o: s.OneCycleLR(o, 1.0, total_steps=STEPS), HIGH),
        "linear": (lambda o: s.LinearLR(o, 1.0, 0.0, STEPS), SLOW),
        "polynomial": (lambda o: s.PolynomialLR(o, STEPS), SLOW),
        "warm-up and linear decay": (lambda o: linear_with_warm_up(o, 30, STEPS), HIGH),
        "short warm-up and decay": (lambda o: linear_with_warm_up(o, 5, STEPS), SLOW),
        "warm-up, then cosine": (lambda o: warm_up_then_cosine(o, 30, STEPS), HIGH),
        "cyclic, one": (lambda o: s.CyclicLR(o, 0.001, 0.1, step_size_up=150), HIGH),
    },
}


@pytest.mark.parametrize(
    ("unit", "made", "words"),
    [
        pytest.param(unit, *case, id=f"{name}, per {unit}")
        for unit, cases in WRONG.items()
        for name, case in cases.items()
    ],
)
def test_a_schedule_of_the_other_unit_is_named(unit, made, words):
    with pytest.raises(ValueError, match=words) as raised:
        check(made, unit)
    name = type(made(sgd(linear(), momentum=0.9))).__name__
    count, other = (STEPS, "epoch") if unit == "step" else (EPOCHS, "step")
    message = str(raised.value)
    assert message.startswith(f"fit: the {name} is stepped once per {unit}, {count} times in all;")
    assert message.endswith(
        f'Pass schedule_per="{other}", or make the scheduler for {count} {unit}s.'
    )


def test_with_one_step_in_each_epoch_both_units_are_the_same():
    for unit in ("step", "epoch"):
        check(lambda o: s.CosineAnnealingLR(o, EPOCHS), unit, steps=EPOCHS)


@pytest.mark.parametrize(
    "made",
    [
        lambda o: stepped(s.LinearLR(o, 1.0, 0.0, STEPS), STEPS),
        lambda o: stepped(s.LambdaLR(o, lambda step: 1 - step / STEPS), STEPS),
    ],
    ids=["down to 0", "and below"],
)
@pytest.mark.parametrize("unit", ["step", "epoch"])
def test_a_schedule_that_is_used_up_is_named(unit, made):
    with pytest.raises(ValueError, match=r"fit: .* used up.*Make a new"):
        check(made, unit)


GOING_ON = {
    "a lock inside": lambda o: stepped(Locked(o), 3),
    "a cosine at its bottom, that rises again": lambda o: stepped(s.CosineAnnealingLR(o, 30), 30),
    "a cycle at its bottom": lambda o: stepped(s.CyclicLR(o, 0.0, 0.1, step_size_up=10), 20),
}


@pytest.mark.parametrize("made", GOING_ON.values(), ids=GOING_ON)
def test_a_schedule_that_goes_on_is_not_used_up(made):
    check(made, "step", epochs=1, steps=60)


def test_a_cycle_that_is_used_up_is_named_before_it_begins():
    with pytest.raises(ValueError, match=r"OneCycleLR is used up"):
        check(lambda o: stepped(s.OneCycleLR(o, 1.0, total_steps=31), 30), "step", 1, 60)


def test_a_plateau_looks_at_the_validation_loss_once_per_epoch():
    check(s.ReduceLROnPlateau, "epoch")
    with pytest.raises(ValueError, match=r"ReduceLROnPlateau with schedule_per='step'; it looks"):
        check(s.ReduceLROnPlateau, "step")
    with pytest.raises(ValueError, match=r"with no valid_loader.*Pass valid_loader and"):
        check(s.ReduceLROnPlateau, "epoch", validated=False)


@pytest.mark.parametrize("unit", ["steps", "batch", None])
def test_there_are_two_units(unit):
    with pytest.raises(ValueError, match=f'schedule_per={unit!r}, expected "step" or "epoch"'):
        check(lambda o: None, unit)


@pytest.mark.parametrize("made", [s.ReduceLROnPlateau, lambda o: s.StepLR(o, 3)])
def test_a_scheduler_of_another_optimizer_is_refused(made):
    with pytest.raises(ValueError, match="a scheduler that was made for another optimizer"):
        expect_unit(made(sgd(linear())), sgd(linear()), "epoch", EPOCHS, STEPS, True)


@pytest.mark.parametrize(("unit", "T_max"), [("step", 2), ("epoch", 6)])
def test_fit_says_it_before_anything_is_done(unit, T_max):
    model = linear()
    optimizer = sgd(model)
    scheduler = s.CosineAnnealingLR(optimizer, T_max)
    before = state(model, optimizer, scheduler)
    with pytest.raises(ValueError, match=f"its T_max is {T_max}, the number of"):
        fit(
            model,
            batches(3),
            loss_fn,
            optimizer,
            epochs=2,
            scheduler=scheduler,
            schedule_per=unit,
            progress=False,
        )
    assert same(before, state(model, optimizer, scheduler))


# Looking ahead.


def everything(scheduler):
    """All that a scheduler and its optimizer hold, to the bit."""
    optimizer = scheduler.optimizer
    held = {k: v for k, v in vars(scheduler).items() if k not in ("optimizer", "_schedulers")}
    parts = [everything(part) for part in getattr(scheduler, "_schedulers", [])]
    found = held | {"": parts, "groups": optimizer.param_groups, "state": dict(optimizer.state)}
    kept = {key: value for key, value in found.items() if not callable(value)}
    return copy.deepcopy({k: v for k, v in kept.items() if "fn_ref" not in k and k != "lr_lambdas"})


FORWARD = [case for case in table(RIGHT) if case.values[0] == "step"]


@pytest.mark.parametrize(("unit", "made"), FORWARD)
@pytest.mark.parametrize("used", [0, 3])
def test_looking_ahead_gives_the_rates_that_come_and_changes_nothing(unit, made, used):
    """The rates are those of the scheduler itself, stepped for real."""
    model = linear()
    optimizer = sgd(model, momentum=0.9)
    scheduler = stepped(made(optimizer), used)
    before, weights = everything(scheduler), state(model)
    found = rates(scheduler, 40)
    assert same(before, everything(scheduler)) and same(weights, state(model))
    expected = []
    for _ in range(40):
        expected.append(optimizer.param_groups[0]["lr"])
        stepped(scheduler, 1)
    assert found == expected
    assert not same(before, everything(scheduler))


def test_of_several_groups_the_largest_rate_counts():
    groups = [{"params": [torch.ones(1)], "lr": 0.001}, {"params": [torch.ones(1)], "lr": 2.0}]
    optimizer = torch.optim.AdamW(groups)
    assert rates(s.ExponentialLR(optimizer, 0.5), 3) == [2.0, 1.0, 0.5]


def test_a_rate_that_is_a_tensor_stays_as_it_is():
    optimizer = sgd(linear(), lr=torch.tensor(0.5))
    scheduler = s.ExponentialLR(optimizer, 0.5)
    assert rates(scheduler, 3) == [0.5, 0.25, 0.125]
    assert optimizer.param_groups[0]["lr"].item() == 0.5


def test_momentum_that_goes_with_the_rate_stays_as_it_is():
    optimizer = torch.optim.AdamW(linear().parameters(), betas=(0.9, 0.99))
    scheduler = s.OneCycleLR(optimizer, 1.0, total_steps=50)
    before = everything(scheduler)
    rates(scheduler, 50)
    assert same(before, everything(scheduler))


def test_a_schedule_that_is_over_before_says_so():
    scheduler = s.OneCycleLR(sgd(linear(), momentum=0.9), 1.0, total_steps=5)
    assert len(rates(scheduler, 5)) == 5
    with pytest.raises(ValueError, match="Tried to step 6 times"):
        rates(scheduler, 7)
