"""Exercise 01.5: forward hooks, used to see every shape in a model."""

from typing import Any

import torch
from torch import Tensor, nn

from course_lib import shapes
from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise


def _model() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 5), nn.Sequential(nn.ReLU(), nn.Linear(5, 2)))


FULL = [("0", (4, 5)), ("1.0", (4, 5)), ("1.1", (4, 2)), ("1", (4, 2))]
CLASSES = ("Linear", "ReLU", "Linear", "Sequential")
TRIED = "Sequential(Linear(3, 5), Sequential(ReLU(), Linear(5, 2))), x of shape (4, 3)"

_NO_SHAPE = (
    "A module has no shape, its output has. Register a function, without calling it; PyTorch calls "
    "it later with (module, args, output)."
)
_ON_ONE = (
    "Every hook hangs on the whole model, so each notes its output. Hang each on the module that "
    "named_modules() gives with the name."
)
_LATE = (
    "All have the same name. A function looks its variables up when it runs, not when it is "
    "made: by then "
    "the loop has ended. Make the hook in a function that takes the name."
)


KNOWN = (
    Known(
        [],
        "The list is empty. Does the hook append to it? Did the model run, by model(x), "
        "while the hooks were in place?",
    ),
    Known([shape for _, shape in FULL], "The names are missing: pairs (name, shape)."),
    Known(FULL * 2, "All twice: the model ran twice. Once is enough."),
    Known(
        [FULL[0], FULL[3], *FULL[1:3]],
        "The right four, in another order. Let each hook append when its module has "
        "finished, and run the model once: the container 1 finishes after 1.0 and 1.1.",
    ),
    Known(
        list(zip(CLASSES, (shape for _, shape in FULL), strict=True)),
        "Those are the names of the classes. named_modules() gives each module's own name.",
    ),
    Known([(n, (4, 2)) for n in ("0", "1", "1.0", "1.1")], _ON_ONE),
    Known([(n, (4, 2)) for n in ("", "0", "1", "1.0", "1.1")], _ON_ONE),
    Known(
        [
            ("0.weight", (5, 3)),
            ("0.bias", (5,)),
            ("1.1.weight", (2, 5)),
            ("1.1.bias", (2,)),
        ],
        "Those are the shapes of the parameters. A hook sees what comes out of a module.",
    ),
    Known(
        [("0", (4, 3)), ("1", (4, 5)), ("1.0", (4, 5)), ("1.1", (4, 5))],
        "Those are the shapes that go in, before each module runs. register_forward_hook "
        "puts the hook behind it.",
    ),
    Known([("1", shape) for _, shape in FULL], _LATE),
    Known([("1.1", shape) for _, shape in FULL], _LATE),
    Known(
        [*FULL, ("", (4, 2))],
        "The model itself is in it, under an empty name. Skip names that are empty.",
    ),
    Known(
        [FULL[0], FULL[3]],
        "Only the direct children. named_modules() goes all the way down.",
    ),
    Known(
        [FULL[0], *FULL[1:3]],
        "Only modules without children. Containers have an output too.",
    ),
    Known(
        [(n, (4, 3) if n == "0" else (4, 5)) for n, _ in FULL],
        "Those are the shapes that go in. A forward hook gets (module, args, output): "
        "take the last.",
    ),
)


def _records_all(attempt: Any) -> None:
    """every module inside is noted by name, in the order of finishing"""
    with (
        explaining(TypeError, "All inputs are in one tuple. Unpack: module(*inputs).", "not tuple"),
        explaining(TypeError, "append takes one thing: a pair in brackets of its own.", "append()"),
        explaining(AttributeError, _NO_SHAPE, "no attribute 'shape'"),
    ):
        got = call(attempt, _model(), torch.ones(4, 3), tried=TRIED)
    if isinstance(got, dict):
        got = list(got.items())
    items = got if isinstance(got, (list, tuple)) else ()
    pairs = [item for item in items if isinstance(item, (list, tuple)) and len(item) == 2]
    expect_that(
        not any(isinstance(second, Tensor) for _, second in pairs),
        tried=TRIED,
        told="the outputs themselves",
        expected="their shapes",
        idea="Note tuple(output.shape), not the output.",
    )
    expect(
        _plain(got),
        FULL,
        tried=TRIED,
        idea='A list of pairs such as ("1.0", (4, 5)): name and output shape. The model itself, '
        "whose name is "
        "empty, is left out.",
        known=KNOWN,
    )


def _plain(got: object) -> object:
    """Shapes as plain tuples, so that torch.Size is as good as a tuple."""
    if not isinstance(got, (list, tuple)):
        return got
    return [
        (pair[0], tuple(pair[1]))
        if isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[1], (tuple, list))
        else pair
        for pair in got
    ]


def _twice(attempt: Any) -> None:
    """a module that is called twice is noted twice"""
    layer = nn.Linear(3, 3)
    tried = "the same Linear(3, 3) twice in a Sequential, x of shape (2, 3)"
    got = call(attempt, nn.Sequential(layer, layer), torch.ones(2, 3), tried=tried)
    if isinstance(got, dict):
        got = list(got.items())
    expect(
        _plain(got),
        [("0", (2, 3)), ("0", (2, 3))],
        tried=tried,
        idea="Append to a list: a dictionary keeps one entry a name, and the second call "
        "overwrites the first.",
        known=(
            Known(
                [*FULL, ("0", (2, 3)), ("0", (2, 3))],
                "The notes of an earlier run are still there: make the list inside the function.",
            ),
        ),
    )


def _hooks_removed(attempt: Any) -> None:
    """the hooks are gone afterwards"""
    model = _model()
    call(attempt, model, torch.ones(4, 3), tried=TRIED)
    left = sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()
    )
    expect_that(
        left == 0,
        tried=TRIED,
        told=f"{left} hooks still on the model",
        expected="none",
        idea="register_forward_hook returns a handle; call its remove(). A hook that stays runs "
        "at every later "
        "call, and a second recording notes everything twice.",
    )


def _output_unchanged(attempt: Any) -> None:
    """the model computes what it computed before"""
    model, x, seen = _model(), torch.ones(4, 3), []
    expected = model(x).detach()
    model.register_forward_hook(lambda module, args, output: seen.append(output))
    call(attempt, model, x, tried=TRIED)
    idea = (
        "A forward hook that returns something replaces the output of its module. Let yours "
        "return nothing."
    )
    for output in seen[:1]:
        expect(
            output.detach(), expected, tried="the model's output while it was recorded", idea=idea
        )
    expect(model(x).detach(), expected, tried="the model's output afterwards", idea=idea)
    expect_that(
        model.training and len(model._forward_hooks) == 1,
        tried="a model in training mode that has a hook of somebody else's",
        told=f"training {model.training}, {len(model._forward_hooks)} hooks",
        expected="training True, 1 hook",
        idea="Leave the model as it was: take off your own hooks only, by their handles, and do "
        "not "
        "switch it to evaluation mode.",
    )


EXERCISE = Exercise(
    "01.5",
    "Every shape in a model",
    8,
    shapes.record_shapes,
    (_records_all, _twice, _hooks_removed, _output_unchanged),
    (
        (
            "named_modules() gives (name, child) for everything inside; "
            "child.register_forward_hook(hook) puts a hook "
            "on it. Then run the model."
        ),
        (
            "Write hook_for(name), which returns a hook that appends "
            "(name, tuple(output.shape)) to your list."
        ),
        (
            "Keep the handles in a list, run module(*inputs), and call handle.remove() on each of "
            "them."
        ),
    ),
)
