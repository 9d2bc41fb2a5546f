"""Exercise 11.3: every default said aloud."""

import math
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import Trainer, TrainingArguments, get_scheduler
from transformers.integrations import get_reporting_integration_callbacks

from course_lib.exercises import _warm
from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb11._accelerate import state_set_aside
from course_lib.exercises.nb11._left_alone import expect_left_alone

_warm.make_first_optimizer()


def plain_arguments(folder: Path, rate: float, batch_size: int, epochs: int) -> TrainingArguments:
    """What makes Trainer the plain loop: AdamW without weight decay, one rate, no clipping."""
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=epochs,
        per_device_train_batch_size=batch_size,
        learning_rate=rate,
        lr_scheduler_type="constant",
        max_grad_norm=0,
        weight_decay=0.0,
        optim="adamw_torch",
        remove_unused_columns=False,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
    )


STEPS = 20


def _make(attempt: Any, rate: float = 0.25, batch_size: int = 3, epochs: int = 2) -> Any:
    """The attempt's arguments; and what TrainingArguments does to accelerate's state undone."""
    with tempfile.TemporaryDirectory() as parent, state_set_aside():
        folder = Path(parent) / "trainer"
        tried = f"plain_arguments(folder, rate={rate}, batch_size={batch_size}, epochs={epochs})"
        names = (
            "TrainingArguments has no argument of this name. They are learning_rate, "
            "per_device_train_batch_size, num_train_epochs and so on; "
            "help(TrainingArguments) has them all."
        )
        choices = 'The message lists what it may be. "no" and "none" are texts, too.'
        with (
            explaining(TypeError, names, "TrainingArguments.__init__()"),
            explaining(ValueError, choices, "is not a valid"),
        ):
            got = call(attempt, folder, rate, batch_size, epochs, tried=tried)
        expect_that(
            issubclass(type(got), TrainingArguments),
            tried=tried,
            got=got,
            expected="a TrainingArguments",
            idea="Return TrainingArguments(output_dir=..., ...).",
        )
        _expect_as_given(got, folder, rate, batch_size, epochs, tried)
        return got


def _expect_as_given(
    got: Any, folder: Path, rate: float, batch_size: int, epochs: int, tried: str
) -> None:
    for name, expected, default, idea in (
        ("output_dir", str(folder), "trainer_output", "The caller says where: folder."),
        ("learning_rate", rate, 5e-5, "The caller says how large a step is: rate."),
        ("per_device_train_batch_size", batch_size, 8.0, "So many for each device: batch_size."),
        ("gradient_accumulation_steps", 1, None, "Each batch is a step of its own: 1."),
        ("num_train_epochs", epochs, 3.0, "The caller says how long: epochs."),
        ("max_steps", -1, None, "max_steps overrides the epochs. Leave it out."),
    ):
        value = getattr(got, name)
        expect(
            float(value) if type(value) in (int, float) else value,
            float(expected) if type(expected) is int else expected,
            tried=f"{tried}.{name}",
            idea=idea,
            known=(Known(default, f"This is Trainer's default, whatever was passed. {idea}"),),
        )


def _given(attempt: Any) -> None:
    """folder, rate, batch size and epochs are those that were passed"""
    _make(attempt)
    _make(attempt, 0.125, 5, 7)


def _constant(attempt: Any) -> None:
    """the rate stays what it is"""
    got = _make(attempt)
    tried = f"the rates of {STEPS} steps, by .lr_scheduler_type and .warmup_steps"
    ends = "Trainer's default is linear: the rate falls to 0 over the training."
    try:
        rates = _rates(got)
    except Exception:
        rates = str(got.lr_scheduler_type)
    expect(
        rates,
        [got.learning_rate] * STEPS,
        tried=tried,
        idea='lr_scheduler_type="constant", and no warm-up.',
        known=(
            Known([got.learning_rate * (1 - step / STEPS) for step in range(STEPS)], ends),
            Known("SchedulerType.LINEAR", ends),
        ),
    )


def _rates(got: TrainingArguments) -> list[float]:
    """The rate of each step, from the scheduler that Trainer makes."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=got.learning_rate)
    scheduler = get_scheduler(
        got.lr_scheduler_type,
        optimizer,
        num_warmup_steps=got.get_warmup_steps(STEPS),
        num_training_steps=STEPS,
        scheduler_specific_kwargs=got.lr_scheduler_kwargs,
    )
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def _unclipped(attempt: Any) -> None:
    """gradients are not clipped"""
    got = _make(attempt).max_grad_norm
    idea = "max_grad_norm=0 turns clipping off: Trainer clips where it is above 0."
    if got == math.inf:  # no gradient is longer: each is multiplied by 1
        return
    expect(
        got,
        0.0,
        tried="plain_arguments(...).max_grad_norm",
        idea=idea,
        known=(
            Known(1.0, f"Trainer's default: it cuts every gradient to the norm 1. {idea}"),
            Known(None, f"None > 0 is an error, at the first step of the training. {idea}"),
        ),
    )


def _plain_adamw(attempt: Any) -> None:
    """the optimizer is PyTorch's plain AdamW, and nothing decays"""
    got = _make(attempt)
    try:
        kind, options = Trainer.get_optimizer_cls_and_kwargs(got)
    except Exception:
        kind, options = None, {}
    fused = bool(options.get("fused"))
    idea = 'optim="adamw_torch" is torch.optim.AdamW as your loop has it.'
    expect_that(
        kind is torch.optim.AdamW and not fused,
        tried="plain_arguments(...).optim",
        told=str(getattr(got.optim, "value", got.optim)),
        expected="adamw_torch",
        idea=f"Trainer's default is another kernel, which sums in another order. {idea}"
        if fused
        else idea,
    )
    for name, expected in (("betas", (0.9, 0.999)), ("eps", 1e-8)):
        expect_that(
            options.get(name) == expected,
            tried=f"plain_arguments(...): {name} of AdamW",
            told=str(options.get(name)),
            expected=str(expected),
            idea="PyTorch's own default, and Trainer's, too: leave it out.",
        )
    decay = "AdamW takes 0.01 by default in PyTorch and 0 in Trainer. The loop has weight_decay=0."
    tried = "plain_arguments(...).weight_decay"
    expect(got.weight_decay, 0.0, tried=tried, idea=decay, known=(Known(None, decay),))


def _silent(attempt: Any) -> None:
    """nothing is reported, and nothing saved"""
    got = _make(attempt)
    expect_that(
        _trackers(got) == [],
        tried="plain_arguments(...).report_to",
        told=str(got.report_to),
        expected="none",
        idea='report_to="none", a text. None in its place is taken for the name of a tracker, and '
        "Trainer cannot be made."
        if got.report_to == [None]
        else 'report_to="none": no tracker hears of the training.',
    )
    saves = getattr(got.save_strategy, "value", got.save_strategy)
    expect_that(
        saves == "no",
        tried="plain_arguments(...).save_strategy",
        told=str(saves),
        expected="no",
        idea='save_strategy="no". By default Trainer saves every 500 steps and at the end: model, '
        "optimizer, random state.",
    )


def _trackers(got: TrainingArguments) -> list | None:
    """The callbacks that Trainer makes of report_to; None if it cannot."""
    try:
        return get_reporting_integration_callbacks(got.report_to)
    except Exception:
        return None


def _on_the_cpu(attempt: Any) -> None:
    """it computes on the CPU"""
    expect_that(
        _make(attempt).use_cpu is True,
        tried="plain_arguments(...).use_cpu",
        told="False",
        expected="True",
        idea="use_cpu=True. By default Trainer takes a GPU where there is one, and a GPU sums in "
        "another order.",
    )


def _columns(attempt: Any) -> None:
    """batches reach the model whole"""
    expect_that(
        _make(attempt).remove_unused_columns is False,
        tried="plain_arguments(...).remove_unused_columns",
        told="True",
        expected="False",
        idea="Trainer reads the names of forward's arguments and drops what is not among them. "
        "**inputs is no name, so all but the labels would be gone: remove_unused_columns=False.",
    )


def _every_step(attempt: Any) -> None:
    """each step is logged"""
    got = _make(attempt)
    how, every = getattr(got.logging_strategy, "value", got.logging_strategy), got.logging_steps
    expect_that(
        how == "steps" and every == 1,
        tried="plain_arguments(...): .logging_strategy and .logging_steps",
        told=f"{how}, {every}",
        expected="steps, 1",
        idea="logging_steps=1. With more, Trainer logs the mean of so many losses; by default 500, "
        "and a shorter training logs none.",
    )


def _nothing_more(attempt: Any) -> None:
    """what is not asked stays at its default"""
    expect_left_alone(_make(attempt), "plain_arguments(...)")


EXERCISE = Exercise(
    "11.3",
    "Every default said aloud",
    15,
    plain_arguments,
    (
        _given,
        _constant,
        _unclipped,
        _plain_adamw,
        _silent,
        _on_the_cpu,
        _columns,
        _every_step,
        _nothing_more,
    ),
    (
        "Four of the arguments are the caller's. Look up the others in help(TrainingArguments).",
        (
            "output_dir, learning_rate, per_device_train_batch_size, num_train_epochs; "
            "lr_scheduler_type, max_grad_norm, weight_decay, optim; save_strategy, report_to, "
            "use_cpu, remove_unused_columns, logging_steps."
        ),
        (
            'lr_scheduler_type="constant", max_grad_norm=0, weight_decay=0.0, optim="adamw_torch", '
            'save_strategy="no", report_to="none", use_cpu=True, remove_unused_columns=False, '
            "logging_steps=1"
        ),
    ),
)
