"""The doctor: what is wrong with a training?"""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from course_lib.doctor import (
    _answer_rules,
    _class_rules,
    _data_rules,
    _gradient_rules,
    _input_rules,
    _loss_rules,
    _rate_rules,
    _schedule_rules,
    _step_rules,
    _structure_rules,
)
from course_lib.doctor._catalogue import finding
from course_lib.doctor._exam import Exam
from course_lib.doctor._keep import Keep
from course_lib.doctor._training import Training, quiet, size_of, taken
from course_lib.doctor.report import ADVICE, FAULT, Finding, Report

MOST_BATCHES, MOST_EXAMPLES = 200, 2_000

Rule = Callable[[Exam], Iterator[Finding]]

# Where one of these finds a fault, nothing that follows from it can be told from it.
FIRST: tuple[Rule, ...] = (
    _data_rules.non_finite_input,
    _step_rules.wrong_device,
    _data_rules.labels_out_of_range,
    _structure_rules.nothing_trainable,
)
NEXT: tuple[Rule, ...] = (
    _structure_rules.hidden_layers,
    _structure_rules.plain_tensor_not_parameter,
    _structure_rules.optimizer_of_another_model,
    _structure_rules.misspelt_freezing,
    _step_rules.detached_loss,
    _step_rules.no_zero_grad,
    _step_rules.zero_grad_after_backward,
    _step_rules.no_optimizer_step,
    _structure_rules.parameters_not_in_optimizer,
    _step_rules.frozen_weights_move,
    _step_rules.frozen_batchnorm_updates,
    _step_rules.train_in_eval_mode,
    _answer_rules.masked_lm_labels_unmasked,
    _loss_rules.labels_beyond_yes_and_no,
    _loss_rules.squashed,
    _loss_rules.nll_without_log_softmax,
    _loss_rules.broadcast_in_regression_loss,
    _schedule_rules.scheduler_before_optimizer,
    _schedule_rules.scheduler_stepped_too_often,
    _answer_rules.dropout_always_on,
    _answer_rules.samples_leak_within_batch,
    _answer_rules.padding_not_masked,
    _answer_rules.eval_in_train_mode,
    _data_rules.not_shuffled,
    _data_rules.train_valid_overlap,
    _step_rules.step_fails,
)
# How training goes is looked at only where all this is well; the first fault ends it.
LAST: tuple[Rule, ...] = (
    _input_rules.input_not_normalised,
    _gradient_rules.exploding_gradient,
    _gradient_rules.dead_relu,
    _gradient_rules.vanishing_gradient,
    _class_rules.one_class_collapse,
    _rate_rules.learning_rate,
    _data_rules.classes_without_labels,
    _class_rules.imbalance,
    _class_rules.labels_unrelated,
)
# A cause and what follows from it: only the cause is reported.
FOLLOWS = {
    "hidden-layers-in-a-list": {
        "plain-tensor-not-parameter",
        "parameters-not-in-optimizer",
        "detached-loss",
        "dropout-always-on",
        "eval-in-train-mode",
        "padding-not-masked",
    },
    "plain-tensor-not-parameter": {"step-fails", "detached-loss", "parameters-not-in-optimizer"},
    "optimizer-of-another-model": {
        "parameters-not-in-optimizer",
        "no-zero-grad",
        "no-optimizer-step",
        "zero-grad-after-backward",
    },
    "detached-loss": {"no-optimizer-step", "zero-grad-after-backward", "step-fails"},
    "no-backward": {"no-optimizer-step", "zero-grad-after-backward", "step-fails"},
    "train-in-eval-mode": {"eval-in-train-mode"},
    "dropout-always-on": {
        "eval-in-train-mode",
        "samples-leak-within-batch",
        "padding-not-masked",
    },
    "samples-leak-within-batch": {"padding-not-masked"},
    "scheduler-before-optimizer": {"scheduler-stepped-too-often"},
    "masked-lm-labels-unmasked": {"padding-not-masked"},
    "broadcast-in-regression-loss": {"step-fails"},
    "nll-without-log-softmax": {"step-fails"},
}
SHY = {"not-shuffled", "labels-unrelated-to-inputs"}  # as advice, only where nothing else is found


def examine(
    model: nn.Module,
    train_loader: Any,
    loss_fn: Callable | None,
    optimizer: Any,
    *,
    train_step: Callable | None = None,
    valid_loader: Any = None,
    scheduler: Any = None,
    predict_fn: Callable | None = None,
    pad_token_id: int | None = None,
) -> Report:
    """Look at a training before it costs a night, and say what is wrong with it.

    It takes some batches, runs a few steps of the learner's own `train_step`, asks the model the
    same question in different company, and compares. Everything that can be reached from the
    arguments is as before when it returns: weights, gradients, buffers, modes, hooks, the state of
    optimizer, scheduler and random numbers. So all of that, and data held in tensors, is in memory
    twice for as long as it takes. An ill training is no error: it is a finding.

    Arguments:
        train_loader  batches: dicts of "labels" and the model's inputs by name, or pairs (x, y)
        loss_fn       loss_fn(logits, labels); None if the model gives a loss when it gets labels
        train_step    train_step(model, batch, loss_fn, optimizer); without it, the standard step
        valid_loader  to see whether it shares examples with the training part
        scheduler     of this optimizer; examined where train_step steps it
        predict_fn    predict_fn(model, batch), as used for validation
        pad_token_id  the token that fills up short rows

    Raises:
        TypeError: the model is no nn.Module, or a loader cannot be walked.

    Built in notebooks/12_debugging_clinic.ipynb.
    """
    _expect(model, train_loader, valid_loader)
    training = Training(
        model,
        train_loader,
        loss_fn,
        optimizer,
        train_step,
        valid_loader,
        scheduler,
        predict_fn,
        pad_token_id,
    )
    loaders = Keep(train_loader, valid_loader)
    try:
        with warnings.catch_warnings(), torch.enable_grad(), quiet():
            warnings.simplefilter("ignore")
            return _examined(training)
    finally:
        loaders.put_back()


def _expect(model: Any, train_loader: Any, valid_loader: Any) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"examine: got a model of type {type(model).__name__}, expected an nn.Module. Pass the "
            "model itself, not its name or its outputs."
        )
    given = {"train_loader": train_loader}
    if valid_loader is not None:
        given["valid_loader"] = valid_loader
    for name, loader in given.items():
        if not hasattr(loader, "__iter__") and not hasattr(loader, "__getitem__"):
            raise TypeError(
                f"examine: got a {name} of type {type(loader).__name__}, expected something that "
                "gives batches. Pass a DataLoader or a list of batches."
            )


def _examined(training: Training) -> Report:
    early = _batches(training)
    if early is not None:
        return Report((early,))
    exam = Exam(training)
    found: list[Finding] = []
    try:
        for stage in (FIRST, NEXT, LAST):
            for rule in stage:
                if stage is LAST and _faults(found):
                    break
                found += _asked(rule, exam)
            if _faults(found) and stage is FIRST:
                break
    finally:
        exam.keep.put_back()
    examples = sum(map(size_of, exam.batches))
    seen = f"Looked at {len(exam.batches)} batches with {examples} examples."
    return Report(_causes(found), seen, tuple(dict.fromkeys(exam.left_out)))


def _faults(found: list[Finding]) -> list[Finding]:
    return [each for each in found if each.severity == FAULT]


def _batches(training: Training) -> Finding | None:
    """Take the batches to look at; a finding where there are none."""
    loader = training.loader
    if hasattr(loader, "__next__"):
        return finding(
            "empty-loader",
            "The loader is an iterator: it gives its batches once, and a second epoch gets none. "
            "Nothing was taken from it, so nothing else could be examined.",
            FAULT if getattr(loader, "gi_frame", loader) is None else ADVICE,
        )
    try:
        training.batches = taken(loader, MOST_BATCHES, MOST_EXAMPLES)
    except Exception as error:
        return finding("step-fails", f"The loader raises {type(error).__name__}: {error}")
    if training.batches:
        return None
    try:
        size = f"; its dataset has {len(loader.dataset)} examples"
    except Exception:  # it has none, or none that knows its length
        size = ""
    drops = " and drop_last is on" if getattr(loader, "drop_last", False) else ""
    return finding("empty-loader", f"The loader gives no batch{size}{drops}.")


def _asked(rule: Rule, exam: Exam) -> list[Finding]:
    """What a rule finds; one that fails says so in the report, and changes nothing."""
    try:
        return list(rule(exam))
    except Exception as error:
        exam.left_out.append(f"{rule.__name__.replace('_', ' ')}: {type(error).__name__}: {error}")
        return []
    finally:
        exam.keep.put_back(after_forward=True)


def _causes(found: list[Finding]) -> tuple[Finding, ...]:
    """Causes without what follows from them, faults first, each name once."""
    names = {each.name for each in found}
    silent = set().union(*(FOLLOWS.get(name, set()) for name in names))
    kept = {each.name: each for each in reversed(found) if each.name not in silent}
    own = list(reversed(kept.values()))
    if len(own) > 1:
        own = [each for each in own if not (each.name in SHY and each.severity == ADVICE)] or own
    return tuple(sorted(own, key=lambda each: each.severity != FAULT))
