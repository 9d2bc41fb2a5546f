"""Exercise 01.3: what a model learns, as a number."""

from typing import Any

import torch
from torch import nn

from course_lib import shapes
from course_lib.exercises._checking import Known, call, expect, explaining
from course_lib.exercises._exercise import Exercise


def _nested() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 2)))


def _count_nested(attempt: Any) -> None:
    """it counts the numbers of all children: 15 + 8"""
    tried = "Sequential(Linear(4, 3), Sequential(ReLU(), Linear(3, 2)))"
    with (
        explaining(
            TypeError, "Brackets are missing: parameters() and numel() are calls.", "method"
        ),
        explaining(AttributeError, _NOT_EVERY_MODULE, "no attribute 'weight'"),
    ):
        got = call(attempt, _nested(), tried=tried)
    expect(
        got,
        23,
        tried=tried,
        idea="Add up the number of elements of every tensor in module.parameters(). A plain int "
        "comes back.",
        known=(
            Known(4, "That is the number of tensors. Each holds many numbers: parameter.numel()."),
            Known(18, "The biases are left out. parameters() has them all."),
            Known(15, "The children of children are left out. parameters() has them all."),
            Known(
                10,
                "len(parameter) and parameter.shape[0] count the rows. All its numbers: "
                "parameter.numel().",
            ),
            Known(
                0,
                "Nothing was counted. Did you look only at the module's own parameters, while the "
                "numbers sit in the children? Or leave out all that learn?",
            ),
            Known(12, "Only the first tensor was counted: return after the loop, not inside it."),
            Known(2, "Only the last tensor was counted: add to the sum, do not replace it."),
            Known(
                54,
                "Some numbers were counted twice: parameters() goes into the children by itself, "
                "so one loop is enough.",
            ),
            Known(
                torch.tensor(23),
                "The right number, as a tensor. numel() gives a plain int; add those.",
            ),
        ),
    )


_NOT_EVERY_MODULE = (
    "Not every module has a weight: a ReLU and a Sequential hold none of their own. "
    "module.parameters() gives those that are there."
)


def _count_shared(attempt: Any) -> None:
    """a layer that is used twice counts once"""
    layer = nn.Linear(4, 4, bias=False)
    tried = "one Linear(4, 4, bias=False), twice in a Sequential"
    expect(
        call(attempt, nn.Sequential(layer, layer), tried=tried),
        16,
        tried=tried,
        idea="parameters() lists a shared tensor once.",
        known=(
            Known(
                32,
                "It was counted under both its names. state_dict() lists a shared tensor twice, "
                "and so does a walk over the children; parameters() lists it once.",
            ),
        ),
    )


def _count_tied(attempt: Any) -> None:
    """one weight in two layers counts once, and a module may have none"""
    first, second = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
    second.weight = first.weight
    tried = "two layers with one and the same weight"
    expect(
        call(attempt, nn.Sequential(first, second), tried=tried),
        16,
        tried=tried,
        idea="It is one tensor, whoever holds it. module.parameters() lists it once.",
    )
    expect(
        call(attempt, nn.ReLU(), tried="nn.ReLU()"),
        0,
        tried="nn.ReLU()",
        idea="A module without parameters has none to count: 0.",
    )


def _count_buffers(attempt: Any) -> None:
    """buffers do not count: BatchNorm1d(5) learns 10 numbers"""
    tried = (
        "BatchNorm1d(5): weight and bias; buffers running_mean, running_var, num_batches_tracked"
    )
    expect(
        call(attempt, nn.BatchNorm1d(5), tried=tried),
        10,
        tried=tried,
        idea="Count what is learned: the parameters.",
        known=(
            Known(21, "The 11 numbers of the buffers are in it. state_dict() holds buffers too."),
        ),
    )


def _count_trainable(attempt: Any) -> None:
    """frozen parameters count, unless trainable_only=True"""
    module = _nested()
    module[0].requires_grad_(False)
    tried = "the same model, its first Linear(4, 3) frozen"
    expect(
        call(attempt, module, tried=tried),
        23,
        tried=tried,
        idea="Without trainable_only every parameter counts, frozen or not.",
        known=(
            Known(8, "The frozen ones are missing. They count unless trainable_only is True."),
            Known(
                15, "Only the frozen ones were counted. All count unless trainable_only is True."
            ),
        ),
    )
    with explaining(AttributeError, "Ask each parameter, not the module.", "'requires_grad'"):
        got = call(attempt, module, trainable_only=True, tried=tried + ", trainable_only=True")
    expect(
        got,
        8,
        tried=tried + ", trainable_only=True",
        idea="Leave out parameters whose requires_grad is False.",
        known=(
            Known(23, "trainable_only changes nothing: ask each parameter for its requires_grad."),
            Known(15, "Those are the frozen ones. requires_grad is True for what learns."),
            Known(
                0,
                "Nothing was counted. Before backward() every .grad is None; whether a parameter "
                "learns is in its requires_grad.",
            ),
        ),
    )


EXERCISE = Exercise(
    "01.3",
    "Count what a model learns",
    4,
    shapes.count_parameters,
    (_count_nested, _count_shared, _count_tied, _count_buffers, _count_trainable),
    (
        (
            "module.parameters() already walks through all children. What does each item know "
            "about its size?"
        ),
        "Add up parameter.numel().",
        "Skip a parameter if trainable_only is True and its requires_grad is False.",
    ),
)
