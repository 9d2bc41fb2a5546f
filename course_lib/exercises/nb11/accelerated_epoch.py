"""Exercise 11.6: one epoch with accelerate."""

from collections.abc import Callable
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.utils.data import DataLoader

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb05 import _toy
from course_lib.exercises.nb11._accelerate import Counting, state_set_aside
from course_lib.loop import train_epoch


def accelerated_epoch(
    accelerator: Accelerator, model: nn.Module, loader: Any, loss_fn: Any, optimizer: Any
) -> list[float]:
    """A step on every batch, in training mode. Returns the losses of the steps."""
    model.train()
    losses = []
    for batch in loader:
        inputs = {name: value for name, value in batch.items() if name != "labels"}
        optimizer.zero_grad()
        loss = loss_fn(model(**inputs), batch["labels"])
        accelerator.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    return losses


EXAMPLES = [(1.0, 3.0), (2.0, 4.0), (1.0, 3.0), (2.0, 4.0), (0.0, 2.0)]
LOSSES = [4.0, 1.3, 4.0]  # w goes from 1 to 1.6 and 1.9; the gradient of the last batch is 0
TRIED = _toy.SETTING + "a loader of three batches whose losses are 4, 1.3 and 4"
DIRECTLY = (
    "backward() was called on the loss itself. accelerator.backward(loss) scales it where a GPU "
    "calculates in float16, shares it out where gradients accumulate, and hands it to DeepSpeed: "
    "without it the same code is right on this machine alone."
)
TWICE = "One backward pass for each batch, by accelerator.backward(loss), and no loss.backward()."
START = "backward() starts from the loss, one number: accelerator.backward(loss)."
NOTHING = "backward() gives nothing back: accelerator.backward(loss), in a line of its own."
ACCELERATOR = (
    "The accelerator stands in for one call alone, backward(loss). The step is the optimizer's: "
    "optimizer.step()."
)
GRAPHS = (
    "Plain numbers are asked: loss.item(). A tensor stays on the model's device, and one on which "
    "nobody calls backward() keeps its whole graph in memory."
)
CUT = (
    "The way from the loss back to the weights is cut: .item() or .detach() came before "
    "backward, or the forward pass ran under no_grad()."
)


class Small(nn.Module):
    """Three classes, and a dropout in front that draws random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.drop, self.head = nn.Dropout(0.5), nn.Linear(4, 3)
        with torch.no_grad():
            self.head.weight.copy_((torch.arange(12.0) * 1.7).sin().view(3, 4))
            self.head.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.drop(x))


def _loader() -> DataLoader:
    rows = [
        {"x": torch.tensor(x).double(), "labels": torch.tensor(label).double()}
        for x, label in EXAMPLES
    ]
    return DataLoader(rows, batch_size=2)


def _epoch(
    attempt: Any,
    model: nn.Module,
    loader: DataLoader | None = None,
    loss_fn: Callable[[Tensor, Tensor], Tensor] = _toy.squared,
    optimizer: torch.optim.Optimizer | None = None,
    tried: str = TRIED,
) -> tuple[Any, int]:
    """What the attempt returns, and how many backward passes went through the accelerator."""
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=_toy.RATE)
    with (
        state_set_aside(),
        explaining(RuntimeError, TWICE, "second time"),
        explaining(RuntimeError, CUT, "does not require grad"),
        explaining(AttributeError, CUT, "'float' object"),
        explaining(AttributeError, NOTHING, "'NoneType'"),
        explaining(TypeError, START, "backward()"),
        explaining(TypeError, ACCELERATOR, "'int' object is not callable"),
        _toy.explaining_inputs(),
        _toy.explaining_backward(),
    ):
        accelerator = Counting()
        ready = accelerator.prepare(model, _loader() if loader is None else loader, optimizer)
        prepared, batches, stepping = ready
        got = call(lambda: attempt(accelerator, prepared, batches, loss_fn, stepping), tried=tried)
    return got, accelerator.backwards


def _every_batch(attempt: Any) -> None:
    """each batch is used once, with one step from a clean gradient"""
    model = _toy.Scale()
    _epoch(attempt, model)
    sums = "The gradients add up from step to step: optimizer.zero_grad() in the loop, once a step."
    late = "Each step used the gradient of the batch before: step() stands before backward."
    never = (
        "The weight has not moved. In each round: zero_grad, forward, loss, backward, step. "
        "zero_grad between backward and step wipes the gradient out."
    )
    expect(
        _toy.weight_of(model),
        _toy.WEIGHTS[1],
        tried=f"{TRIED}: w after the epoch",
        idea="w goes from 1 to 1.6, to 1.9, and stays: zero_grad, forward, loss, backward, step.",
        known=(
            Known(_toy.WEIGHTS[0], "Only one batch moved it. Does the return stand in the loop?"),
            Known(_toy.STARTS, never),
            Known(3.4, sums),
            Known(2.2, late),
            Known(2.5, f"Only part of the gradients was cleared. {sums}"),
            Known(2.8, f"{late} And nothing clears the gradients."),
            Known(2.125, "Every batch was used twice."),
            Known(1.525, "The loss is divided once more: it is a mean already."),
            Known(1.2, "The gradients are clipped to the norm 1. That is not asked here."),
        ),
    )


def _backward(attempt: Any) -> None:
    """backward goes through the accelerator"""
    _, count = _epoch(attempt, _toy.Scale())
    expect(
        count,
        len(LOSSES),
        tried=f"{TRIED}: calls of accelerator.backward",
        idea=TWICE,
        known=(Known(0, DIRECTLY),),
    )


def _losses(attempt: Any) -> None:
    """it returns the losses of the steps, as numbers"""
    got, _ = _epoch(attempt, _toy.Scale())
    expect_that(
        type(got) not in (list, tuple) or not any(isinstance(loss, Tensor) for loss in got),
        tried=TRIED,
        told="a list with tensors in it",
        expected="a list of numbers",
        idea=GRAPHS,
    )
    expect(
        got,
        LOSSES,
        tried=TRIED,
        idea="loss.item() of each step, in a list.",
        known=(
            Known(3.1, "This is the mean. The losses themselves are asked, one for each step."),
            Known(9.3, "This is the sum. The losses themselves are asked, one for each step."),
            Known(LOSSES[-1], "This is the last loss alone. Collect them in a list."),
            Known([], "The list is empty: append loss.item() in the loop."),
            Known([8.0, 2.6, 4.0], "Each loss is a mean already, whatever the size of the batch."),
        ),
    )


def _training_mode(attempt: Any) -> None:
    """the model is in training mode, even if it comes in evaluation mode, and runs once a batch"""
    model = _toy.Scale().eval()
    _epoch(attempt, model)
    expect_that(
        all(model.modes),
        tried="a model that comes in evaluation mode, as after an evaluation",
        told="a forward pass in evaluation mode",
        expected="all of them in training mode",
        idea="accelerate prepares a model and leaves its mode alone: model.train(), before the "
        "loop.",
    )
    expect_that(
        len(model.modes) == len(LOSSES),
        tried=TRIED,
        told=f"{len(model.modes)} forward passes",
        expected=f"{len(LOSSES)}",
        idea="The forward pass is most of the work: once for each batch.",
    )


def _any_inputs(attempt: Any) -> None:
    """the model gets all inputs, by name, and the loss gets predictions first"""
    row = {"a": 1.0, "b": 2.0, "labels": 20.0}
    loader = DataLoader([{name: torch.tensor(n).double() for name, n in row.items()}])
    tried = "a model that takes a and b, w * (a + 10 b); the loss (prediction - 2 * label)²; "
    tried += "a = 1, b = 2, label 20"

    def loss(predictions: Tensor, labels: Tensor) -> Tensor:
        return _toy.squared(predictions, 2 * labels)

    got, _ = _epoch(attempt, _toy.Sum(), loader, loss, tried=tried)
    expect(
        got,
        [361.0],
        tried=tried,
        idea="(21 - 40)² = 361: loss_fn(model(**inputs), labels), with the loss_fn that is passed.",
        known=(
            Known([484.0], "Labels and predictions have changed places: loss_fn(logits, labels)."),
        ),
    )


def _to_the_bit(attempt: Any) -> None:
    """weights and losses are those of your own train_epoch, to the last bit"""
    rows = [
        {"x": (torch.arange(4.0) * (n + 1)).cos(), "labels": torch.tensor(n % 3)} for n in range(10)
    ]
    random, models, losses = torch.get_rng_state(), (Small(), Small()), []
    each = losses.append  # what it returns, None, lets the epoch go on
    tried = "a small model with dropout, ten examples in batches of 4, AdamW; one random state"
    for model, ours in zip(models, (True, False), strict=True):
        loader = DataLoader(rows, batch_size=4)
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.05, weight_decay=0.0)
        torch.set_rng_state(random)
        if ours:
            train_epoch(model, loader, nn.functional.cross_entropy, optimizer, after_step=each)
        else:
            got, _ = _epoch(attempt, model, loader, nn.functional.cross_entropy, optimizer, tried)
    pairs = zip(models[0].parameters(), models[1].parameters(), strict=True)
    largest = max((one - other).abs().max().item() for one, other in pairs)
    expect_that(
        largest == 0,
        tried=f"{tried}: the largest difference to a weight of loop.train_epoch",
        got=largest,
        expected="0.0",
        idea="The same five steps in the same order draw the same random numbers. Does the model "
        "run twice, is a loss scaled, a gradient clipped, or is autocast on?",
    )
    expect_that(
        list(got) == losses,
        tried=f"{tried}: the losses",
        got=got,
        expected=str(losses),
        idea="loss.item() as it is, not rounded: the two are compared to the last bit.",
    )


EXERCISE = Exercise(
    "11.6",
    "One epoch with accelerate",
    10,
    accelerated_epoch,
    (_every_batch, _backward, _losses, _training_mode, _any_inputs, _to_the_bit),
    (
        "Your train_epoch from notebook 05, with another backward, and a list of losses.",
        "Model, loader and optimizer are prepared: use them as ever. Only loss.backward() changes.",
        (
            "model.train(); for each batch: optimizer.zero_grad(), loss = loss_fn(model(**inputs), "
            'batch["labels"]), accelerator.backward(loss), optimizer.step(), loss.item() kept.'
        ),
    ),
)
