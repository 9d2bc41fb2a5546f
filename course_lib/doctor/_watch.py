"""What happens in a training step, seen from outside: nothing of the learner's code is changed."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.overrides import TorchFunctionMode

from course_lib.doctor._training import Training, logits_in

LOSSES = {
    F.cross_entropy: "cross_entropy",
    F.nll_loss: "nll_loss",
    F.binary_cross_entropy_with_logits: "binary_cross_entropy_with_logits",
    F.binary_cross_entropy: "binary_cross_entropy",
    F.mse_loss: "mse_loss",
    F.l1_loss: "l1_loss",
    F.smooth_l1_loss: "smooth_l1_loss",
    F.huber_loss: "huber_loss",
}
RELU = {"relu", "relu_"}
DROPOUT = {"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_dropout"}
DROPOUT |= {"feature_alpha_dropout", "dropout_", "native_dropout"}
MINUS = {"sub", "__sub__", "rsub", "__rsub__", "subtract"}
UNIFORM = {"rand", "rand_like", "bernoulli", "bernoulli_", "uniform_"}


@dataclass
class LossCall:
    """One call of a loss function: what went in, and what it made of it."""

    name: str  # of PyTorch's function, or "loss_fn" for the one that examine() got
    outputs: Tensor
    labels: Tensor
    weight: Tensor | None = None  # of the classes


@dataclass
class Step:
    """One optimizer step."""

    had_gradient: bool  # when it was over, some weight had a gradient other than 0
    backwards: int  # gradients had arrived since the last one
    frozen_moved: list[str]


@dataclass
class Seen:
    """What was seen in one or several training steps, in order."""

    events: list[str] = field(default_factory=list)  # forward, backward, step, scheduler
    modes: list[bool] = field(default_factory=list)  # of the model, at each forward with gradients
    asleep: list[str] = field(default_factory=list)  # dropouts, norms in eval() at a forward
    losses: list[LossCall] = field(default_factory=list)
    differences: list[LossCall] = field(default_factory=list)  # of outputs and something fixed
    backward_of: list[Tensor] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)  # weights with a used gradient not cleared
    reached: set[str] = field(default_factory=set)  # weights that a gradient reached
    error: Exception | None = None
    moved: set[str] = field(default_factory=set)  # parameters and buffers that changed

    def happened(self, event: str) -> None:
        if event != "backward" or self.events[-1:] != ["backward"]:
            self.events.append(event)


class Calls(TorchFunctionMode):
    """Hands every call of a PyTorch function to `note(name, function, args, kwargs, result)`."""

    def __init__(self, note: Any) -> None:
        super().__init__()
        self.note = note

    def __torch_function__(self, function, types, args=(), kwargs=None):  # noqa: ANN001, ANN204
        kwargs = kwargs or {}
        result = function(*args, **kwargs)
        self.note(getattr(function, "__name__", ""), function, args, kwargs, result)
        return result


def tensors_among(things: Iterable[Any]) -> Iterator[Tensor]:
    """The tensors among a call's arguments, and those in their lists."""
    for thing in things:
        if isinstance(thing, Tensor):
            yield thing
        elif isinstance(thing, (list, tuple)):
            yield from tensors_among(thing)


@contextmanager
def watched(training: Training) -> Iterator[Seen]:
    """Record what training steps do, until the end of the with block."""
    seen = Seen()
    with ExitStack() as stack:
        _watch_forward(training.model, seen, stack)
        _watch_gradients(training, seen, stack)
        _watch_scheduler(training.scheduler, seen, stack)
        _watch_loss_fn(training.loss_fn, seen, stack)
        stack.enter_context(Calls(lambda *call: _note(seen, *call)))
        try:
            yield seen
        except Exception as error:
            seen.error = error


def _note(seen: Seen, name: str, function: Any, args: tuple, kwargs: dict, result: Any) -> None:
    if function in LOSSES:
        given = [*args, kwargs.get("input"), kwargs.get("target")]
        given = [each for each in given if isinstance(each, Tensor)]
        if len(given) >= 2:
            weight = kwargs.get("weight", args[2] if len(args) > 2 else None)
            seen.losses.append(LossCall(LOSSES[function], given[0], given[1], weight))
    elif function is Tensor.backward:
        seen.backward_of.append(args[0].detach())
    elif name in MINUS and len(args) > 1 and all(isinstance(x, Tensor) for x in args[:2]):
        guess, truth = sorted(args[:2], key=lambda x: not x.requires_grad)
        if guess.requires_grad and not truth.requires_grad and truth.is_floating_point():
            seen.differences.append(LossCall("difference", guess, truth))


def _watch_forward(model: nn.Module, seen: Seen, stack: ExitStack) -> None:
    def before(module: nn.Module, *_: Any) -> None:
        if torch.is_grad_enabled():
            seen.happened("forward")
            seen.modes.append(model.training)
            seen.asleep += [name for name, part in model.named_modules() if _asleep(part)]

    stack.callback(model.register_forward_pre_hook(before).remove)


def _asleep(part: nn.Module) -> bool:
    """Dropout or a BatchNorm that learns, in evaluation mode."""
    if part.training:
        return False
    if isinstance(part, nn.modules.dropout._DropoutNd):
        return part.p > 0
    return isinstance(part, nn.modules.batchnorm._BatchNorm)


def weights(training: Training) -> dict[str, Tensor]:
    """The model's parameters by name, and those that the optimizer holds beside, once each."""
    found = {id(weight): (name, weight) for name, weight in training.model.named_parameters()}
    for number, weight in enumerate(held(training.optimizer)):
        found.setdefault(id(weight), (f"optimizer's weight {number}", weight))
    return dict(found.values())


def held(optimizer: Any) -> list[Tensor]:
    groups = getattr(optimizer, "param_groups", None) or []
    return [weight for group in groups for weight in group["params"]]


def _watch_gradients(training: Training, seen: Seen, stack: ExitStack) -> None:
    used: set[str] = set()  # weights whose present gradient a step has used already
    stale: set[str] = set()  # weights to whose used gradient another was added
    everything = weights(training)
    fresh = {"backwards": 0}

    def arrival(name: str, weight: Tensor) -> Any:
        def hook(gradient: Tensor) -> None:
            seen.happened("backward")
            fresh["backwards"] += 1
            if gradient.is_meta or _is_something(gradient):
                seen.reached.add(name)
            if not has_gradient(weight):
                stale.discard(name)
            elif name in used:
                stale.add(name)
            used.discard(name)

        return hook

    for name, weight in everything.items():
        if weight.requires_grad:
            stack.callback(weight.register_hook(arrival(name, weight)).remove)
    before: dict[str, Tensor] = {}  # frozen weights that the optimizer holds

    def stepped() -> dict[str, Tensor]:
        mine = {id(weight) for weight in held(training.optimizer)}
        return {name: weight for name, weight in everything.items() if id(weight) in mine}

    def begins(*_: Any) -> None:
        frozen = {n: w for n, w in stepped().items() if not (w.requires_grad or w.is_meta)}
        before.update({name: weight.detach().clone() for name, weight in frozen.items()})

    def ends(*_: Any) -> None:
        seen.happened("step")
        with_gradient = [name for name, weight in stepped().items() if has_gradient(weight)]
        used.update(with_gradient)
        seen.carried += sorted(stale.intersection(with_gradient))
        stale.clear()
        moved = [name for name, values in before.items() if not values.equal(everything[name])]
        seen.steps.append(Step(bool(with_gradient), fresh["backwards"], moved))
        fresh["backwards"] = 0
        before.clear()

    _around_steps(training.optimizer, begins, ends, stack)


def _around_steps(optimizer: Any, begins: Any, ends: Any, stack: ExitStack) -> None:
    if isinstance(optimizer, Optimizer):
        stack.callback(optimizer.register_step_pre_hook(begins).remove)
        stack.callback(optimizer.register_step_post_hook(ends).remove)
        return
    step = optimizer.step

    def counted(*args: Any, **kwargs: Any) -> Any:
        begins()
        result = step(*args, **kwargs)
        ends()
        return result

    optimizer.step = counted
    stack.callback(lambda: optimizer.__dict__.pop("step", None))


def has_gradient(weight: Tensor) -> bool:
    return weight.grad is not None and _is_something(weight.grad)


def _is_something(gradient: Tensor) -> bool:
    values = gradient.coalesce().values() if gradient.is_sparse else gradient
    return bool(values.detach().ne(0).any())


def _watch_scheduler(scheduler: Any, seen: Seen, stack: ExitStack) -> None:
    if scheduler is None:
        return
    step, own = scheduler.step, "step" in scheduler.__dict__

    def counted(*args: Any, **kwargs: Any) -> Any:
        seen.happened("scheduler")
        return step(*args, **kwargs)

    scheduler.step = counted
    stack.callback(lambda: setattr(scheduler, "step", step) if own else delattr(scheduler, "step"))


def _watch_loss_fn(loss_fn: Any, seen: Seen, stack: ExitStack) -> None:
    if not isinstance(loss_fn, nn.Module):
        return

    def after(module: nn.Module, args: tuple, kwargs: dict, result: Any) -> None:
        given = [x for x in map(_tensor_of, [*args, *kwargs.values()]) if x is not None]
        if len(given) >= 2 and isinstance(result, Tensor):
            weight = getattr(module, "weight", None)
            seen.losses.append(LossCall("loss_fn", given[0], given[1], weight))

    stack.callback(loss_fn.register_forward_hook(after, with_kwargs=True).remove)


def _tensor_of(thing: Any) -> Tensor | None:
    return thing if isinstance(thing, Tensor) else logits_in(thing)
