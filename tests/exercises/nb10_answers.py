"""What people really write for the exercises of notebook 10, right and wrong."""

import copy
import math
from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_, get_total_norm, parameters_to_vector

from course_lib import monitor as library
from course_lib.monitor import Curve, gradient_norm
from tests.exercises.mutants import Right, Wrong

# 10.1


def opened(folder):
    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def in_one_expression(folder):
    events = opened(folder)
    return {
        name: Curve(
            steps=[point.step for point in events.Scalars(name)],
            values=[point.value for point in events.Scalars(name)],
        )
        for name in events.Tags()["scalars"]
    }


def with_append(folder):
    events, curves = opened(folder), {}
    for name in events.Tags()["scalars"]:
        steps, values = [], []
        for point in events.Scalars(name):
            steps.append(point.step)
            values.append(point.value)
        curves[name] = (steps, values)
    return curves


def unzipped(folder):
    events = opened(folder)
    found = {}
    for name in events.Tags().get("scalars", []):
        steps, values = zip(*[(p.step, p.value) for p in events.Scalars(name)], strict=True)
        found[name] = Curve(list(steps), list(values))
    return found


def of_names(names, reload=True):
    """read_scalars, but the names are found otherwise."""

    def attempt(folder):
        events = EventAccumulator(str(folder))
        if reload:
            events.Reload()
        return {
            name: Curve([p.step for p in points], [p.value for p in points])
            for name in names(events)
            for points in [events.Scalars(name)]
        }

    return attempt


def of_points(make, key=lambda name: name, back=lambda curves: curves):
    """read_scalars, but a curve is made otherwise of its points."""

    def attempt(folder):
        events = opened(folder)
        return back({key(n): make(events.Scalars(n)) for n in events.Tags()["scalars"]})

    return attempt


def the_right_curve(points):
    return Curve([p.step for p in points], [p.value for p in points])


def unpacked(points):
    return Curve([step for _, step, _ in points], [value for _, _, value in points])


def path_itself(folder):
    events = EventAccumulator(folder)
    events.Reload()
    return {name: the_right_curve(events.Scalars(name)) for name in events.Tags()["scalars"]}


def return_in_the_loop(folder):
    events, curves = opened(folder), {}
    for name in events.Tags()["scalars"]:
        curves[name] = the_right_curve(events.Scalars(name))
        return curves
    return curves


def dict_in_the_loop(folder):
    events, curves = opened(folder), {}
    for name in events.Tags()["scalars"]:
        curves = {}
        curves[name] = the_right_curve(events.Scalars(name))
    return curves


def one_point_at_a_time(folder):
    events, curves = opened(folder), {}
    for name in events.Tags()["scalars"]:
        for point in events.Scalars(name):
            curves[name] = Curve([point.step], [point.value])
    return curves


def by_step(folder):
    events, curves = opened(folder), {}
    for name in events.Tags()["scalars"]:
        for point in events.Scalars(name):
            curves.setdefault(point.step, {})[name] = point.value
    return curves


def unbound_where_empty(folder):
    events = opened(folder)
    for name in events.Tags()["scalars"]:
        curves = locals().get("curves", {}) | {name: the_right_curve(events.Scalars(name))}
    return curves


def none_where_empty(folder):
    return library.read_scalars(folder) or None


def one_file(folder):
    events = EventAccumulator(str(sorted(folder.glob("events*"))[0]))
    events.Reload()
    return {name: the_right_curve(events.Scalars(name)) for name in events.Tags()["scalars"]}


def without_zeros(points):
    kept = [p for p in points if p.value]
    return the_right_curve(kept)


def without_nan(points):
    return the_right_curve([p for p in points if not math.isnan(p.value)])


def of_a_hundred(folder):
    events = EventAccumulator(str(folder), size_guidance={"scalars": 100})
    events.Reload()
    return {name: the_right_curve(events.Scalars(name)) for name in events.Tags()["scalars"]}


def of_arrays(points):
    return Curve(np.array([p.step for p in points]), np.array([p.value for p in points]))


def of_one_fixed_folder(folder):
    return {"loss": Curve([1, 2], [0.5, 0.25]), "accuracy": Curve([1], [0.5])}


def rounding_to(digits):
    return of_points(lambda ps: Curve([p.step for p in ps], [round(p.value, digits) for p in ps]))


def lists_of_all_curves(folder):
    events, curves, steps, values = opened(folder), {}, [], []
    for name in events.Tags()["scalars"]:
        for point in events.Scalars(name):
            steps.append(point.step)
            values.append(point.value)
        curves[name] = Curve(steps, values)
    return curves


def scalars_not_called(folder):
    events = opened(folder)
    return {name: Curve(events.Scalars.step, []) for name in events.Tags()["scalars"]}


def a_default_for_each(folder):
    events, curves = opened(folder), defaultdict(lambda: Curve([], []))
    for name in events.Tags()["scalars"]:
        for point in events.Scalars(name):
            curves[name].steps.append(point.step)
            curves[name].values.append(point.value)
    return curves


# 10.2


def of_get_total_norm(model):
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    return get_total_norm(gradients).item() if gradients else 0.0


def clipped_at_infinity(model):
    return float(clip_grad_norm_(model.parameters(), float("inf")))


def of_one_vector(model):
    gradients = [p.grad.flatten() for p in model.parameters() if p.grad is not None]
    return torch.cat(gradients).norm().item() if gradients else 0.0


def norm_of_norms(model):
    norms = [float(p.grad.norm()) for _, p in model.named_parameters() if p.grad is not None]
    return math.hypot(*norms)


def _gradient_norm(each=lambda g: g.square().sum(), join=sum, end=lambda x: float(x) ** 0.5):
    """gradient_norm, with one thing done otherwise."""

    def attempt(model):
        return end(join([each(p.grad) for p in model.parameters() if p.grad is not None]))

    return attempt


def mean_or_zero(numbers):
    return sum(numbers) / len(numbers) if numbers else 0.0


def of_the_weights(model):
    return parameters_to_vector(model.parameters()).norm().item()


def none_forgotten(model):
    return sum(p.grad.square().sum().item() for p in model.parameters()) ** 0.5


def stopping_at_none(model):
    squares = 0.0
    for weight in model.parameters():
        if weight.grad is None:
            break
        squares += weight.grad.square().sum().item()
    return squares**0.5


def asking_the_first(model):
    if next(model.parameters()).grad is None:
        return 0.0
    return gradient_norm(model)


def first_weight(model):
    for weight in model.parameters():
        if weight.grad is not None:
            return weight.grad.norm().item()
    return 0.0


def joined_without_a_guard(model):
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]).norm()


def float_of_joined(model):
    return float(joined_without_a_guard(model))


def stacked(model):
    return (
        torch.stack([p.grad.norm() for p in model.parameters() if p.grad is not None]).norm().item()
    )


def torch_root_of_a_sum(model):
    squares = sum(p.grad.square().sum() for p in model.parameters() if p.grad is not None)
    return torch.sqrt(squares).item()


def item_of_a_sum(model):
    squares = sum(p.grad.square().sum() for p in model.parameters() if p.grad is not None)
    return squares.item() ** 0.5


def clipped_at(maximum):
    return lambda model: float(clip_grad_norm_(model.parameters(), maximum))


def then_zeroed(model):
    norm = gradient_norm(model)
    model.zero_grad()
    return norm


def zeros_left(model):
    norm = gradient_norm(model)
    model.zero_grad(set_to_none=False)
    return norm


def squared_in_place(model):
    squares = [p.grad.square_().sum() for p in model.parameters() if p.grad is not None]
    return float(sum(squares)) ** 0.5


def through_modules(model):
    squares = 0.0
    for module in model.modules():
        for weight in module.parameters():
            if weight.grad is not None:
                squares += weight.grad.square().sum().item()
    return squares**0.5


def own_parameters(model):
    own = [p.grad for p in model.parameters(recurse=False) if p.grad is not None]
    return float(get_total_norm(own)) if own else 0.0


def through_children(model):
    found = [p.grad for part in model.children() for p in part.parameters()]
    found = [g for g in found if g is not None] if found else [p.grad for p in model.parameters()]
    found = [g for g in found if g is not None]
    return float(get_total_norm(found)) if found else 0.0


def without_biases(model):
    found = [p.grad for n, p in model.named_parameters() if p.grad is not None and "bias" not in n]
    return float(get_total_norm(found)) if found else 0.0


def zeros_for_none(model):
    for weight in model.parameters():
        if weight.grad is None:
            weight.grad = torch.zeros_like(weight)
    return float(sum(p.grad.square().sum() for p in model.parameters())) ** 0.5


def tied_twice(model):
    named = model.named_parameters(remove_duplicate=False)
    found = [p.grad for _, p in named if p.grad is not None]
    return float(get_total_norm(found)) if found else 0.0


def asking_the_gradient(model):
    squares = 0.0
    for weight in model.parameters():
        if weight.grad:
            squares += weight.grad.square().sum().item()
    return squares**0.5


def grad_of_the_model(model):
    return model.grad.norm().item()


def without_brackets(model):
    return sum(weight.grad.square().sum().item() for weight in model.parameters) ** 0.5


def not_flattened(model):
    return torch.cat([p.grad for p in model.parameters() if p.grad is not None]).norm().item()


def the_last_weight(model):
    squares = 0.0
    for weight in model.parameters():
        if weight.grad is not None:
            squares = weight.grad.square().sum().item()
    return squares**0.5


def none_of_nothing(model):
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    return float(get_total_norm(gradients)) if gradients else None


# 10.3


class WithThreeCalls:
    def __init__(self, logger, every=1):
        self.logger = logger
        self.every = every

    def on_step(self, run):
        if run.step % self.every:
            return
        self.logger.scalars({"train/loss": run.history.losses[-1]}, run.step)
        self.logger.scalars({"train/rate": run.rates[0]}, step=run.step)
        self.logger.scalars({"train/gradient_norm": gradient_norm(run.model)}, run.step)

    def on_epoch(self, run):
        for name, value in run.history.epochs[-1].items():
            if name != "epoch":
                self.logger.scalars({"epoch/" + name: value}, run.epoch)


class WithCopies:
    def __init__(self, logger, every=1):
        self.every, self.logger = every, logger

    def on_start(self, run):
        self.logger.start(run.step)

    def on_step(self, run):
        step = len(run.history.losses)
        if step // self.every * self.every == step:
            *_, loss = run.history.losses
            norm = get_total_norm([p.grad for p in run.model.parameters() if p.grad is not None])
            numbers = {"loss": loss, "rate": run.history.rates[step - 1], "gradient_norm": norm}
            self.logger.scalars({f"train/{k}": v for k, v in numbers.items()}, step)

    def on_epoch(self, run):
        numbers = dict(run.history.epochs[-1])
        number = numbers.pop("epoch")
        self.logger.scalars({f"epoch/{k}": v for k, v in numbers.items()}, number)
        self.logger.flush()


def last_loss(run):
    return run.history.losses[-1]


def last_rate(run):
    return run.history.rates[-1]


def norm_of(run):
    return gradient_norm(run.model)


def at_the_step(self, run):
    return run.step


def every_few(self, run):
    return run.step % self.every == 0


def all_but_epoch(run):
    return {f"epoch/{k}": v for k, v in run.history.epochs[-1].items() if k != "epoch"}


def _monitor(
    loss=last_loss,
    rate=last_rate,
    norm=norm_of,
    names=("train/loss", "train/rate", "train/gradient_norm"),
    at=at_the_step,
    when=every_few,
    numbers=all_but_epoch,
    at_epoch=lambda self, run: run.epoch,
    when_epoch=lambda self, run: True,
    write=lambda logger, numbers, step: logger.scalars(numbers, step),
    start=lambda self: None,
):
    """Monitor, with one thing done otherwise."""

    class Attempt:
        def __init__(self, logger, every=1):
            self.logger, self.every = logger, every
            start(self)

        def on_step(self, run):
            if when(self, run):
                values = loss(run), rate(run), norm(run)
                write(self.logger, dict(zip(names, values, strict=False)), at(self, run))

        def on_epoch(self, run):
            if when_epoch(self, run):
                write(self.logger, numbers(run), at_epoch(self, run))

    return Attempt


def counting(self):
    self.count = 0


def counted(self, run):
    self.count += 1
    return self.count


def every_few_of_its_own(self, run):
    self.count += 1
    return self.count % self.every == 0


def popped(run):
    numbers = run.history.epochs[-1]
    numbers.pop("epoch")
    return {f"epoch/{k}": v for k, v in numbers.items()}


def the_two_losses(run):
    last = run.history.epochs[-1]
    return {"epoch/train_loss": last["train_loss"], "epoch/valid_loss": last["valid_loss"]}


def the_three_of_this_run(run):
    last = run.history.epochs[-1]
    return {f"epoch/{k}": last[k] for k in ("train_loss", "valid_loss", "valid_accuracy")}


def that_are_true(run):
    last = run.history.epochs[-1]
    return {f"epoch/{k}": v for k, v in last.items() if v and k != "epoch"}


def zeroing_first(run):
    run.model.zero_grad()
    return gradient_norm(run.model)


def clipping(run):
    return float(clip_grad_norm_(run.model.parameters(), 1.0))


def skipping_epochs_without_validation(self, run):
    return "valid_loss" in run.history.epochs[-1]


NORMS = {}


def norm_of_the_first_step(run):
    return NORMS.setdefault(id(run.model), (run.model, gradient_norm(run.model)))[1]


class AllStepsAnew(library.Monitor):
    def on_step(self, run):
        for step, loss in enumerate(run.history.losses, start=1):
            self.loggers[0].scalars({"train/loss": loss}, step)


class AllEpochsAnew(library.Monitor):
    def on_epoch(self, run):
        for epoch in run.history.epochs:
            numbers = {f"epoch/{k}": v for k, v in epoch.items() if k != "epoch"}
            self.loggers[0].scalars(numbers, epoch["epoch"])


class EpochsInOnStep(_monitor()):
    def on_step(self, run):
        super().on_step(run)
        if run.step_of_epoch == run.steps_per_epoch:
            self.on_epoch(run)


class WithoutOnEpoch:
    def __init__(self, logger, every=1):
        self.inner = _monitor()(logger, every)

    def on_step(self, run):
        self.inner.on_step(run)


class LosingTheLogger:
    def __init__(self, logger, every=1):
        self.every = every

    on_step = _monitor().on_step
    on_epoch = _monitor().on_epoch


def of_no_self(run):
    return logger.history  # noqa: F821 this is the mistake


def removed(run):
    return run.history.epochs[-1].remove("epoch")


def subscripted(run):
    return run.history["losses"][-1]


# 10.4


class WithALoop(nn.Module):
    def __init__(self, model, names):
        super().__init__()
        self.wrapped = model
        self.order = tuple(names)

    def forward(self, *inputs):
        batch = {}
        for place, tensor in enumerate(inputs):
            batch[self.order[place]] = tensor
        output = self.wrapped(**batch)
        if hasattr(output, "logits"):
            return output.logits
        return output


class WithMapping(nn.Module):
    def __init__(self, model, names):
        super().__init__()
        self.add_module("model", model)
        self.names = names

    def forward(self, *inputs):
        output = self.model(**{n: x for n, x in zip(self.names, inputs, strict=False)})  # noqa: C416
        return output["logits"] if isinstance(output, Mapping) else output


def _by_position(
    hand=lambda self, inputs: self.model(**dict(zip(self.names, inputs, strict=False))),
    give=lambda output: output if isinstance(output, Tensor) else output.logits,
    keep=lambda self, model: setattr(self, "model", model),
    first=lambda self: None,
):
    """ByPosition, with one thing done otherwise."""

    class Attempt(nn.Module):
        def __init__(self, model, names):
            super().__init__()
            keep(self, model)
            self.names = list(names)
            first(self)

        def forward(self, *inputs):
            return give(hand(self, inputs))

    return Attempt


class TakingTwo(nn.Module):
    def __init__(self, model, names):
        super().__init__()
        self.model, self.names = model, names

    def forward(self, one, other):
        output = self.model(**dict(zip(self.names, (one, other), strict=True)))
        return output if isinstance(output, Tensor) else output.logits


def logits_of(output):
    return output if isinstance(output, Tensor) else output.logits


def names_as_an_iterator(self):
    self.names = iter(self.names)


class WithoutSuper(nn.Module):
    def __init__(self, model, names):
        self.model, self.names = model, names

    def forward(self, *inputs):
        return self.model(**dict(zip(self.names, inputs, strict=False)))


class NoModule:
    def __init__(self, model, names):
        self.model, self.names = model, names

    def __call__(self, *inputs):
        return self.model(**dict(zip(self.names, inputs, strict=False)))


class TakingOne(nn.Module):
    def __init__(self, model, names):
        super().__init__()
        self.model, self.names = model, names

    def forward(self, inputs):
        return self.model(**dict(zip(self.names, inputs, strict=False)))


def frozen(self):
    self.requires_grad_(False)


# 10.5


def by_the_largest(activations):
    return float((activations.amax(dim=0) == 0).sum() / activations.shape[1])


def in_a_loop(activations):
    dead = 0
    for unit in activations.T:
        if not unit.any():
            dead += 1
    return dead / len(activations.T)


def one_minus_alive(activations):
    return 1 - (activations > 0).any(0).double().mean().item()


def of_numpy(activations):
    return float((activations.numpy() == 0).all(axis=0).mean())


# 10.6


def with_powers(values, weight):
    mean, found = 0, []
    for n, value in enumerate(values, start=1):
        mean = mean * weight + value * (1 - weight)
        found.append(mean / (1 - weight**n))
    return found


def by_definition(values, weight):
    return [
        sum(weight**ago * values[end - ago] for ago in range(end + 1))
        / sum(weight**ago for ago in range(end + 1))
        for end in range(len(values))
    ]


def with_pandas(values, weight):
    series = pd.Series(values, dtype=float)
    return series.ewm(alpha=1 - weight, adjust=True).mean().tolist()


def from_zero(values, weight):
    mean, found = 0.0, []
    for value in values:
        mean = weight * mean + (1 - weight) * value
        found.append(mean)
    return found


def from_the_first(values, weight):
    mean, found = values[0], []
    for value in values:
        mean = weight * mean + (1 - weight) * value
        found.append(mean)
    return found


def from_the_first_if_any(values, weight):
    return from_the_first(values, weight) if values else []


def swapped(values, weight):
    return with_powers(values, 1 - weight)


def swapped_from_zero(values, weight):
    return from_zero(values, 1 - weight)


def swapped_from_the_first(values, weight):
    return from_the_first_if_any(values, 1 - weight)


def centred(values, weight):
    return pd.Series(values).rolling(3, center=True, min_periods=1).mean().tolist()


def windowed(values, weight):
    return pd.Series(values).rolling(2, min_periods=1).mean().tolist()


def forwards_and_back(values, weight):
    return with_powers(with_powers(values, weight)[::-1], weight)[::-1]


def plain_means(values, weight):
    return [sum(values[: n + 1]) / (n + 1) for n in range(len(values))]


def the_last(values, weight):
    return with_powers(values, weight)[-1]


def returning_in_the_loop(values, weight):
    mean, found = 0.0, []
    for n, value in enumerate(values, start=1):
        mean = weight * mean + (1 - weight) * value
        found.append(mean / (1 - weight**n))
        return found
    return found


def not_divided_but_summed(values, weight):
    mean, found = 0.0, []
    for value in values:
        mean = weight * mean + value
        found.append(mean)
    return found


def mixed_with_the_one_before(values, weight):
    before = [values[0], *values[:-1]] if values else []
    return [weight * a + (1 - weight) * b for a, b in zip(before, values, strict=True)]


def divided_again(values, weight):
    mean, found = 0.0, []
    for n, value in enumerate(values, start=1):
        mean = (weight * mean + (1 - weight) * value) / (1 - weight**n)
        found.append(mean)
    return found


def counted_from_zero(values, weight):
    mean, found = 0.0, []
    for n, value in enumerate(values):
        mean = weight * mean + (1 - weight) * value
        found.append(mean / (1 - weight**n))
    return found


def zero_kept(values, weight):
    mean, found = 0.0, [0.0]
    for value in values:
        mean = weight * mean + (1 - weight) * value
        found.append(mean)
    return found


def or_value(values, weight):
    mean, found = None, []
    for n, value in enumerate(values, start=1):
        if not value:
            found.append(found[-1] if found else 0.0)
            continue
        mean = weight * (mean or 0.0) + (1 - weight) * value
        found.append(mean / (1 - weight**n))
    return found


def a_few_of_the_past(values, weight):
    return [with_powers(values[max(0, n - 9) : n + 1], weight)[-1] for n in range(len(values))]


def in_place(values, weight):
    values[:] = with_powers(values, weight)
    return values


def as_a_tensor(values, weight):
    return torch.tensor(with_powers(values, weight))


def old_weigh_more(values, weight):
    return [
        np.average(values[: n + 1], weights=[weight**k for k in range(n + 1)]).item()
        for n in range(len(values))
    ]


def of_the_last(count):
    def attempt(values, weight):
        found = []
        for end in range(1, len(values) + 1):
            part = values[max(0, end - count) : end]
            weights = [weight**ago for ago in reversed(range(len(part)))]
            found.append(sum(map(math.prod, zip(part, weights, strict=True))) / sum(weights))
        return found

    return attempt


def appending_to_a_default(values, weight, found=[]):  # noqa: B006 this is the mistake
    found.extend(with_powers(values, weight))
    if len(found) > 100:
        found.clear()
    return found


def going_on_with_the_last_mean():
    kept = [0.0, 0.0]

    def attempt(values, weight):
        found = []
        for value in values:
            kept[:] = (weight * kept[0] + (1 - weight) * value, weight * kept[1] + 1 - weight)
            found.append(kept[0] / kept[1])
        return found

    return attempt


def nothing_at_zero(values, weight):
    if weight == 0:
        return [0.0] * len(values)
    return with_powers(values, weight)


def divided_by_nothing(values, weight):
    found = []
    for end in range(1, len(values) + 1):
        weights = [weight**ago if weight else 0.0 for ago in reversed(range(end))]
        found.append(sum(map(math.prod, zip(values, weights, strict=False))) / sum(weights))
    return found


def rounded_to(digits):
    return lambda values, weight: [round(x, digits) for x in with_powers(values, weight)]


def no_first_value(values, weight):
    smoothed = with_powers(values, weight)
    return [values[0], *smoothed[1:]]


def sums_apart(values, weight):
    total, weights, found = 0.0, 0.0, []
    for value in values:
        total, weights = total * weight + value, weights * weight + 1
        found.append(total / weights)
    return found


def divided_by_two_weights(values, weight):
    found = []
    for value in values:
        found.append((weight * found[-1] + value) / (1 + weight) if found else value)
    return found


def divided_by_the_count(values, weight):
    total, found = 0.0, []
    for n, value in enumerate(values, start=1):
        total = weight * total + value
        found.append(total / n)
    return found


def none_for_nothing(values, weight):
    return with_powers(values, weight) if values else None


RIGHT = [
    Right("10.1", "in one expression", in_one_expression),
    Right("10.1", "append, and a plain tuple", with_append),
    Right("10.1", "unzipped", unzipped),
    Right("10.1", "the library's own", library.read_scalars),
    Right("10.1", "tuples of lists", of_points(lambda points: tuple(the_right_curve(points)))),
    Right("10.1", "a default for each", a_default_for_each),
    Right("10.2", "the library's own", gradient_norm),
    Right("10.2", "get_total_norm", of_get_total_norm),
    Right("10.2", "clipped at infinity", clipped_at_infinity),
    Right("10.2", "one vector", of_one_vector),
    Right("10.2", "a norm of norms", norm_of_norms),
    Right("10.3", "three calls", WithThreeCalls),
    Right("10.3", "copies, and on_start", WithCopies),
    Right("10.3", "the library's own", library.Monitor),
    Right("10.4", "a loop and hasattr", WithALoop),
    Right("10.4", "Mapping", WithMapping),
    Right("10.4", "getattr", _by_position(give=lambda o: getattr(o, "logits", o))),
    Right("10.5", "NumPy", of_numpy),
    Right("10.5", "the largest", by_the_largest),
    Right("10.5", "a loop", in_a_loop),
    Right("10.5", "one minus alive", one_minus_alive),
    Right("10.6", "two sums", sums_apart),
    Right("10.6", "powers", with_powers),
    Right("10.6", "by definition", by_definition),
    Right("10.6", "pandas", with_pandas),
    Right("10.6", "the library's own", library.smooth),
]

WRONG = [
    Wrong(
        "10.1",
        "wall_time",
        of_points(lambda points: Curve([p.wall_time for p in points], [p.value for p in points])),
        "seconds since 1970",
    ),
    Wrong("10.1", "the last value", of_points(lambda points: points[-1].value), "One value alone"),
    Wrong("10.1", "the last point", one_point_at_a_time, "The last step alone"),
    Wrong(
        "10.1",
        "swapped",
        of_points(lambda points: Curve([p.value for p in points], [p.step for p in points])),
        "changed places",
    ),
    Wrong("10.1", "the first curve", return_in_the_loop, "The first curve alone"),
    Wrong("10.1", "the last curve", dict_in_the_loop, "The last curve alone"),
    Wrong("10.1", "events", of_points(lambda points: points), "points as they came"),
    Wrong("10.1", "by step", by_step, "The keys are steps"),
    Wrong("10.1", "a dict each", of_points(lambda ps: {p.step: p.value for p in ps}), "A dict for"),
    Wrong("10.1", "pairs", of_points(lambda ps: [(p.step, p.value) for p in ps]), "Pairs of"),
    Wrong("10.1", "values alone", of_points(lambda ps: [p.value for p in ps]), "without their"),
    Wrong("10.1", "a list of two", of_points(lambda ps: [*the_right_curve(ps)]), "A list of two"),
    Wrong(
        "10.1",
        "tuples",
        of_points(lambda ps: Curve(*zip(*((p.step, p.value) for p in ps), strict=True))),
        "they stand in tuples",
    ),
    Wrong(
        "10.1",
        "counted from 0",
        of_points(lambda ps: Curve(list(range(len(ps))), [p.value for p in ps])),
        "Points are counted here",
    ),
    Wrong(
        "10.1",
        "counted from 1",
        of_points(lambda ps: Curve([n for n, _ in enumerate(ps, 1)], [p.value for p in ps])),
        "Points are counted here",
    ),
    Wrong(
        "10.1",
        "steps twice",
        of_points(lambda ps: Curve([p.step for p in ps], [p.step for p in ps])),
        "the steps once more",
    ),
    Wrong(
        "10.1",
        "floats for steps",
        of_points(lambda ps: Curve([float(p.step) for p in ps], [p.value for p in ps])),
        "whole numbers",
    ),
    Wrong(
        "10.1",
        "sorted",
        of_points(lambda ps: Curve([p.step for p in ps], sorted(p.value for p in ps))),
        "They were sorted",
    ),
    Wrong(
        "10.1", "short names", of_points(the_right_curve, lambda n: n.split("/")[-1]), "were cut"
    ),
    Wrong("10.1", "groups", of_points(the_right_curve, lambda n: n.split("/")[0]), "were cut"),
    Wrong("10.1", "a list", of_points(the_right_curve, back=lambda c: [*c.values()]), "without"),
    Wrong("10.1", "names", of_points(the_right_curve, back=list), "the names alone"),
    Wrong(
        "10.1",
        "one curve",
        of_points(the_right_curve, back=lambda c: next(iter(c.values()), {})),
        "one curve, without its name",
    ),
    Wrong("10.1", "no return", of_points(the_right_curve, back=lambda c: None), "Nothing came"),
    Wrong("10.1", "no Reload", of_names(lambda e: e.Tags()["scalars"], False), "Reload()"),
    Wrong("10.1", "Tags itself", of_names(lambda events: events.Tags()), "all kinds of things"),
    Wrong("10.1", "scalar", of_names(lambda events: events.Tags()["scalar"]), "all kinds of"),
    Wrong(
        "10.1",
        "a name by hand",
        of_names(lambda events: ["train/loss", "train/rate", "epoch/valid_loss"]),
        "all kinds of things",
    ),
    Wrong(
        "10.1", "step of the list", of_points(lambda ps: Curve(ps.step, ps.value)), "has a .step"
    ),
    Wrong("10.1", "points.steps", of_points(lambda ps: Curve(ps[0].steps, [])), "has a .step"),
    Wrong("10.1", "one argument", of_points(lambda ps: Curve([p.value for p in ps])), "two lists"),
    Wrong("10.1", "without zeros", of_points(without_zeros), "as they were written"),
    Wrong("10.1", "a Path", path_itself, "str(folder)"),
    Wrong("10.1", "unbound", unbound_where_empty, "before the loop"),
    Wrong("10.1", "None where empty", none_where_empty, "an empty dict"),
    Wrong("10.1", "one file", one_file, "One of the two files"),
    *(Wrong("10.1", f"{d} digits", rounding_to(d), "Rounded: a value as it is") for d in (4, 6)),
    Wrong("10.1", "without NaN", of_points(without_nan), "NaN is a value, too"),
    Wrong(
        "10.1",
        "sorted by step",
        of_points(lambda ps: the_right_curve(sorted(ps, key=lambda p: p.step))),
        "Sorted by step",
    ),
    Wrong("10.1", "a hundred", of_a_hundred, "10,000 of a curve"),
    Wrong("10.1", "arrays", of_points(of_arrays), "in tuples or arrays"),
    Wrong("10.1", "no folder", lambda _: in_one_expression("runs/gone"), "no such folder"),
    Wrong("10.1", "a fixed folder", of_one_fixed_folder, "Or is another folder read"),
    Wrong("10.1", "lists of all curves", lists_of_all_curves, "begin the two lists anew"),
    Wrong("10.1", "Scalars without a name", scalars_not_called, "has a .step"),
    Wrong(
        "10.1",
        "Tags without brackets",
        of_names(lambda e: e.Tags["scalars"]),
        "Tags and Scalars are methods",
    ),
    Wrong(
        "10.1",
        "the last point as numbers",
        of_points(lambda ps: Curve(ps[-1].step, ps[-1].value)),
        "One point alone",
    ),
    Wrong(
        "10.1",
        "pairs with names",
        of_points(the_right_curve, back=lambda c: [*c.items()]),
        "A list of pairs",
    ),
    Wrong(
        "10.2",
        "a sum of norms",
        _gradient_norm(lambda g: g.norm(), end=float),
        "A sum of norms",
    ),
    Wrong(
        "10.2",
        "a mean of norms",
        _gradient_norm(lambda g: g.norm(), join=mean_or_zero, end=float),
        "A mean of norms",
    ),
    Wrong("10.2", "squared", _gradient_norm(end=float), "The root is missing"),
    Wrong(
        "10.2",
        "maximum",
        _gradient_norm(lambda g: g.norm(), join=lambda n: max(n, default=0.0), end=float),
        "One weight alone",
    ),
    Wrong(
        "10.2",
        "the largest number",
        _gradient_norm(lambda g: g.abs().max(), join=lambda n: max(n, default=0.0), end=float),
        "One weight alone",
    ),
    Wrong("10.2", "the weights", of_the_weights, "norm of the weights"),
    Wrong("10.2", "absolute", _gradient_norm(lambda g: g.abs().sum(), end=float), "Absolute"),
    Wrong("10.2", "signed", _gradient_norm(lambda g: g.sum(), end=float), "with their signs"),
    Wrong("10.2", "summed first", _gradient_norm(lambda g: g.sum() ** 2), "before they were"),
    Wrong(
        "10.2",
        "root mean square",
        _gradient_norm(
            lambda g: g.flatten(), join=lambda g: torch.cat(g).square().mean() if g else 0.0
        ),
        "root of the mean",
    ),
    Wrong("10.2", "divided by count", _gradient_norm(join=mean_or_zero), "number of weights"),
    Wrong(
        "10.2", "each", _gradient_norm(lambda g: g.norm(), end=list, join=list), "for each weight"
    ),
    Wrong(
        "10.2",
        "each, as numbers",
        _gradient_norm(lambda g: g.norm().item(), end=list, join=list),
        "for each weight",
    ),
    Wrong("10.2", "a tensor", _gradient_norm(end=lambda x: x**0.5), "in a tensor or an array"),
    Wrong(
        "10.2",
        "NumPy",
        _gradient_norm(end=lambda x: np.sqrt(np.float32(x))),
        "in a tensor or an array",
    ),
    Wrong(
        "10.2", "a tensor of a sum of norms", _gradient_norm(Tensor.norm, end=lambda x: x), "A sum"
    ),
    Wrong("10.2", "None", none_forgotten, "grad is None where nothing"),
    Wrong("10.2", "break at None", stopping_at_none, "though the first weight has none"),
    Wrong("10.2", "asks the first", asking_the_first, "though the first weight has none"),
    Wrong("10.2", "return in the loop", first_weight, "The first weight alone"),
    Wrong("10.2", "cat", float_of_joined, "Without any gradient"),
    Wrong("10.2", "stack", stacked, "Without any gradient"),
    Wrong("10.2", "torch.sqrt", torch_root_of_a_sum, "Without any gradient"),
    Wrong("10.2", "item of 0", item_of_a_sum, "Without any gradient"),
    Wrong("10.2", "clipped", clipped_at(1.0), "scales the gradients"),
    Wrong("10.2", "clipped at much", clipped_at(1e6), "scales the gradients"),
    Wrong("10.2", "cleared", then_zeroed, "The gradients are gone"),
    Wrong("10.2", "zeroed", zeros_left, "The gradients are gone"),
    Wrong("10.2", "squared in place", squared_in_place, "squared in place"),
    Wrong("10.2", "modules", through_modules, "more than once"),
    Wrong("10.2", "its own", own_parameters, "Only the model's own weight"),
    Wrong("10.2", "children", through_children, "own weight is missing"),
    Wrong("10.2", "no bias", without_biases, "The bias is missing"),
    Wrong("10.2", "zeros for None", zeros_for_none, "keeps None"),
    Wrong("10.2", "tied twice", tied_twice, "is one weight"),
    *(
        Wrong(
            "10.2",
            f"{d} digits",
            _gradient_norm(end=lambda x, d=d: round(float(x) ** 0.5, d)),
            "Rounded",
        )
        for d in (3, 4, 5)
    ),
    Wrong("10.2", "if p.grad", asking_the_gradient, "`is not None` asks"),
    Wrong(
        "10.2", "float16", _gradient_norm(lambda g: g.half().square().sum().float()), "float16 ends"
    ),
    Wrong("10.2", "model.grad", grad_of_the_model, "a model has none"),
    Wrong("10.2", "parameters without brackets", without_brackets, "with its brackets"),
    Wrong("10.2", "not flattened", not_flattened, "makes a vector of each"),
    Wrong("10.2", "the last weight", the_last_weight, "One weight alone, the last one"),
    Wrong("10.2", "None of nothing", none_of_nothing, "Nothing has a length of 0.0"),
    Wrong(
        "10.2", "root of norms", _gradient_norm(lambda g: g.norm()), "The root of a sum of norms"
    ),
    Wrong("10.3", "first loss", _monitor(loss=lambda r: r.history.losses[0]), "the first loss"),
    Wrong("10.3", "whole list", _monitor(loss=lambda r: r.history.losses), "lists of all steps"),
    Wrong(
        "10.3",
        "mean loss",
        _monitor(loss=lambda r: sum(r.history.losses) / len(r.history.losses)),
        "hides what this step did",
    ),
    Wrong("10.3", "sum", _monitor(loss=lambda r: sum(r.history.losses)), "The sum of all"),
    Wrong("10.3", "lowest", _monitor(loss=lambda r: min(r.history.losses)), "The lowest so far"),
    Wrong(
        "10.3",
        "loss of an epoch",
        _monitor(loss=lambda r: r.history.epochs[-1]["train_loss"]),
        "mean loss of an epoch",
    ),
    Wrong("10.3", "first rate", _monitor(rate=lambda r: r.history.rates[0]), "the first rate"),
    Wrong("10.3", "all rates", _monitor(rate=lambda r: r.history.rates), "lists of all steps"),
    Wrong(
        "10.3",
        "the optimizer's rate",
        _monitor(rate=lambda r: r.optimizer.param_groups[0]["lr"]),
        "the rate of the step to come",
    ),
    Wrong(
        "10.3",
        "norm of the weights",
        _monitor(norm=lambda r: parameters_to_vector(r.model.parameters()).norm().item()),
        "the norm of the weights",
    ),
    Wrong("10.3", "not called", _monitor(norm=lambda r: gradient_norm), "has to be called"),
    Wrong("10.3", "zeroed first", _monitor(norm=zeroing_first), "dropped before"),
    Wrong("10.3", "clipping", _monitor(norm=clipping), "no clipping in here"),
    Wrong("10.3", "short names", _monitor(names=("loss", "rate", "gradient_norm")), "Three curves"),
    Wrong("10.3", "no norm", _monitor(names=("train/loss", "train/rate")), "Three curves"),
    Wrong("10.3", "step from 0", _monitor(at=lambda s, r: r.step - 1), "One too few"),
    Wrong("10.3", "one too many", _monitor(at=lambda s, r: r.step + 1), "One too many"),
    Wrong("10.3", "at the epoch", _monitor(at=lambda s, r: r.epoch), "This is run.epoch"),
    Wrong("10.3", "epoch times step", _monitor(at=lambda s, r: r.epoch * r.step), "multiplied"),
    Wrong("10.3", "own count", _monitor(at=counted, start=counting), "counts up for itself"),
    Wrong("10.3", "step of epoch", _monitor(at=lambda s, r: r.step_of_epoch), "run.step and"),
    Wrong("10.3", "no step", _monitor(at=lambda s, r: None), "at run.step after a step"),
    Wrong("10.3", "every ignored", _monitor(when=lambda s, r: True), "`every` does nothing"),
    Wrong("10.3", "1, 4, 7", _monitor(when=lambda s, r: (r.step - 1) % s.every == 0), "1, 4, 7"),
    Wrong("10.3", "turned round", _monitor(when=lambda s, r: r.step % s.every), "each step counts"),
    Wrong("10.3", "only once", _monitor(when=lambda s, r: r.step == s.every), "each step counts"),
    Wrong(
        "10.3", "from then on", _monitor(when=lambda s, r: r.step >= s.every), "from the third on"
    ),
    Wrong("10.3", "points", _monitor(at=lambda s, r: r.step // s.every), "how many points"),
    Wrong(
        "10.3",
        "own count for every",
        _monitor(when=every_few_of_its_own, start=counting),
        "counts up for itself",
    ),
    Wrong(
        "10.3",
        "epoch as a curve",
        _monitor(numbers=lambda r: {f"epoch/{k}": v for k, v in r.history.epochs[-1].items()}),
        "no curve of its own",
    ),
    Wrong("10.3", "as it is", _monitor(numbers=lambda r: r.history.epochs[-1]), "no curve of"),
    Wrong(
        "10.3",
        "no prefix",
        _monitor(numbers=lambda r: {k: v for k, v in r.history.epochs[-1].items() if k != "epoch"}),
        '"epoch/" in front',
    ),
    Wrong("10.3", "two losses", _monitor(numbers=the_two_losses), "valid_accuracy is missing"),
    Wrong("10.3", "three by hand", _monitor(numbers=the_three_of_this_run), "without validation"),
    Wrong("10.3", "no zeros", _monitor(numbers=that_are_true), "those that are 0, too"),
    Wrong(
        "10.3",
        "first epoch",
        _monitor(
            numbers=lambda r: {
                f"epoch/{k}": v for k, v in r.history.epochs[0].items() if k != "epoch"
            }
        ),
        "the first epoch",
    ),
    Wrong("10.3", "popped", _monitor(numbers=popped), "pop and del"),
    Wrong("10.3", "epoch at step", _monitor(at_epoch=lambda s, r: r.step), "This is run.step"),
    Wrong("10.3", "epoch from 0", _monitor(at_epoch=lambda s, r: r.epoch - 1), "One too few"),
    Wrong("10.3", "epoch + 1", _monitor(at_epoch=lambda s, r: r.epoch + 1), "One too many"),
    Wrong(
        "10.3",
        "every for epochs",
        _monitor(when_epoch=lambda s, r: r.epoch % s.every == 0),
        "`every` counts steps",
    ),
    Wrong("10.3", "all steps anew", AllStepsAnew, "All steps anew"),
    Wrong("10.3", "all epochs anew", AllEpochsAnew, "All epochs anew"),
    Wrong("10.3", "epochs in on_step", EpochsInOnStep, "for on_epoch alone"),
    Wrong("10.3", "no on_epoch", WithoutOnEpoch, "keep this method"),
    Wrong("10.3", "no logger kept", LosingTheLogger, "self.logger = logger"),
    Wrong(
        "10.3",
        "add_scalar",
        _monitor(write=lambda log, n, step: [log.add_scalar(k, v, step) for k, v in n.items()]),
        "method is scalars",
    ),
    Wrong("10.3", "no step given", _monitor(write=lambda log, n, s: log.scalars(n)), "is scalars"),
    Wrong(
        "10.3",
        "turned",
        _monitor(write=lambda log, n, s: log.scalars(s, n)),
        "the dict comes first",
    ),
    Wrong(
        "10.3",
        "name, value, step",
        _monitor(write=lambda log, n, s: [log.scalars(k, v, s) for k, v in n.items()]),
        "method is scalars",
    ),
    Wrong("10.3", "norm kept", _monitor(norm=norm_of_the_first_step), "take each number anew"),
    Wrong("10.3", "rounded", _monitor(loss=lambda r: round(last_loss(r), 1)), "and as it is"),
    Wrong(
        "10.3",
        "validated epochs only",
        _monitor(when_epoch=skipping_epochs_without_validation),
        "without validation has a train_loss",
    ),
    Wrong("10.3", "run.loss", _monitor(loss=lambda r: r.loss), "in run.history.losses"),
    Wrong(
        "10.3", "losses[run.step]", _monitor(loss=lambda r: r.history.losses[r.step]), "take [-1]"
    ),
    Wrong("10.3", "nothing", _monitor(write=lambda log, n, s: None), "Nothing was written"),
    Wrong("10.3", "prints", _monitor(write=lambda log, n, s: print(n, s)), "Nothing was written"),
    Wrong("10.3", "logger without self", _monitor(loss=of_no_self), "is found on self"),
    Wrong("10.3", "removed", _monitor(numbers=removed), "Make a new one of it"),
    Wrong("10.3", "history as a dict", _monitor(loss=subscripted), "in run.history.losses"),
    Wrong(
        "10.4",
        "by position",
        _by_position(lambda self, inputs: self.model(*inputs)),
        "wrong places",
    ),
    Wrong(
        "10.4", "as a tuple", _by_position(lambda self, inputs: self.model(inputs)), "wrong places"
    ),
    Wrong(
        "10.4", "** of a tuple", _by_position(lambda s, inputs: s.model(**inputs)), "makes a dict"
    ),
    Wrong(
        "10.4",
        "a dict as one input",
        _by_position(lambda s, i: s.model(dict(zip(s.names, i, strict=False)))),
        "wrong places",
    ),
    Wrong(
        "10.4",
        "turned",
        _by_position(lambda s, i: s.model(**dict(zip(i, s.names, strict=False)))),
        "makes a dict",
    ),
    Wrong(
        "10.4",
        "sorted",
        _by_position(lambda s, i: s.model(**dict(zip(sorted(s.names), i, strict=False)))),
        "wrong places",
    ),
    Wrong(
        "10.4",
        "names by hand",
        _by_position(lambda s, i: s.model(input_ids=i[0], attention_mask=i[1])),
        "wrong places",
    ),
    Wrong("10.4", "the whole output", _by_position(give=lambda output: output), "whole output"),
    Wrong(
        "10.4",
        "always logits",
        _by_position(give=lambda output: output.logits),
        "your own do",
    ),
    Wrong(
        "10.4",
        "the first",
        _by_position(give=lambda o: o if isinstance(o, Tensor) else o[0]),
        "This is the loss",
    ),
    Wrong(
        "10.4",
        "loss",
        _by_position(give=lambda o: o if isinstance(o, Tensor) else o["loss"]),
        "This is the loss",
    ),
    Wrong(
        "10.4",
        "a tuple",
        _by_position(give=lambda o: o if isinstance(o, Tensor) else (o.logits,)),
        "A tuple",
    ),
    Wrong(
        "10.4",
        "hidden",
        _by_position(give=lambda o: o if isinstance(o, Tensor) else o.hidden_states[-1]),
        "a hidden state",
    ),
    Wrong("10.4", "always [0]", _by_position(give=lambda output: output[0]), "first example"),
    Wrong("10.4", "no return", _by_position(give=lambda output: None), "Nothing came back"),
    Wrong(
        "10.4",
        "in a list",
        _by_position(
            lambda s, i: s.models[0](**dict(zip(s.names, i, strict=False))),
            keep=lambda s, model: setattr(s, "models", [model]),
        ),
        "makes it a part",
    ),
    Wrong(
        "10.4",
        "a bound method",
        _by_position(keep=lambda s, model: setattr(s, "model", model.forward)),
        "makes it a part",
    ),
    Wrong(
        "10.4",
        "a copy",
        _by_position(keep=lambda s, model: setattr(s, "model", copy.deepcopy(model))),
        "was copied",
    ),
    Wrong(
        "10.4",
        "forward",
        _by_position(lambda s, i: s.model.forward(**dict(zip(s.names, i, strict=False)))),
        "passes over hooks",
    ),
    Wrong("10.4", "eval", _by_position(first=nn.Module.eval), "no train() or eval()"),
    Wrong("10.4", "frozen", _by_position(first=frozen), "freezes none"),
    Wrong("10.4", "no super", WithoutSuper, "super().__init__()"),
    Wrong("10.4", "no module", NoModule, "inherit from nn.Module"),
    Wrong("10.4", "one input", TakingOne, "keep the star"),
    Wrong("10.4", "two inputs", TakingTwo, "any number of inputs"),
    Wrong("10.4", "an iterator", _by_position(first=names_as_an_iterator), "is used up"),
    Wrong(
        "10.4",
        "softmax",
        _by_position(give=lambda output: logits_of(output).softmax(-1)),
        "The output was changed",
    ),
    Wrong(
        "10.4",
        "softmax of names",
        _by_position(give=lambda o: o if isinstance(o, Tensor) else o.logits.softmax(-1)),
        "The output was changed",
    ),
    Wrong(
        "10.4",
        "argmax",
        _by_position(give=lambda output: logits_of(output).argmax(-1)),
        "Give the logits as they are",
    ),
    *(
        Wrong("10.4", f"last_hidden_state {name}", _by_position(give=give), "its logits")
        for name, give in (
            ("of", lambda o: o if isinstance(o, Tensor) else o.last_hidden_state),
            ("by name", lambda o: o if isinstance(o, Tensor) else o["last_hidden_state"]),
        )
    ),
    Wrong(
        "10.4",
        "mean",
        _by_position(give=lambda output: logits_of(output).mean()),
        "The output was changed",
    ),
    Wrong(
        "10.4",
        "the second",
        _by_position(give=lambda o: o if isinstance(o, Tensor) else o[1]),
        "all places move up",
    ),
    Wrong(
        "10.4",
        "the names as a name",
        _by_position(lambda s, inputs: s.model(names=inputs)),
        "wrong places",
    ),
    Wrong(
        "10.4",
        "names, then inputs",
        _by_position(lambda s, inputs: s.model(s.names, inputs)),
        "wrong places",
    ),
    Wrong("10.5", "zeros", lambda a: (a == 0).float().mean().item(), "among all numbers"),
    Wrong("10.5", "examples", lambda a: (a == 0).all(1).float().mean().item(), "share of examples"),
    Wrong("10.5", "any", lambda a: (a == 0).any(0).float().mean().item(), "all, not any"),
    Wrong("10.5", "alive", lambda a: (a > 0).any(0).float().mean().item(), "that are alive"),
    Wrong("10.5", "count", lambda a: float((a == 0).all(0).sum()), "A count"),
    Wrong("10.5", "count as int", lambda a: int((a == 0).all(0).sum()), "A count"),
    Wrong("10.5", "divided by N", lambda a: (a == 0).all(0).sum().item() / len(a), "Divided by N"),
    Wrong("10.5", "rows by H", lambda a: (a == 0).all(1).sum().item() / a.shape[1], "Rows were"),
    Wrong("10.5", "per cent", lambda a: 100 * (a == 0).all(0).float().mean().item(), "per cent"),
    Wrong("10.5", "first", lambda a: (a[0] == 0).float().mean().item(), "first example alone"),
    Wrong("10.5", "mask", lambda a: (a == 0).all(0), "for each unit that is dead"),
    Wrong("10.5", "how often", lambda a: (a == 0).float().mean(0), "how often it is 0"),
    Wrong("10.5", "which", lambda a: (a == 0).all(0).nonzero().flatten(), "the dead units"),
    Wrong(
        "10.5",
        "which, a list",
        lambda a: (a == 0).all(0).nonzero()[:, 0].tolist(),
        "the dead units",
    ),
    Wrong("10.5", "a tensor", lambda a: (a == 0).all(0).float().mean(), "in a tensor or an array"),
    Wrong("10.5", "a tensor of zeros", lambda a: (a == 0).float().mean(), "among all numbers"),
    Wrong("10.5", "tolerance", lambda a: (a.mean(0) < 1e-3).float().mean().item(), "no mean"),
    Wrong("10.5", "rounded", lambda a: (a < 1e-5).all(0).float().mean().item(), "no mean"),
    *(
        Wrong("10.5", f"{d} digits", lambda a, d=d: round(one_minus_alive(a), d), "Rounded: give")
        for d in (1, 2, 3)
    ),
    Wrong(
        "10.5",
        "median",
        lambda a: (a.median(dim=0).values == 0).float().mean().item(),
        "whose median is 0",
    ),
    Wrong("10.5", "mean of bools", lambda a: (a == 0).all(0).mean(), ".float()"),
    Wrong("10.5", "by hand", lambda a: (a == 0).all(0).sum().item() / 8, "A unit is a column"),
    Wrong(
        "10.5", "by all numbers", lambda a: (a == 0).all(0).sum().item() / a.numel(), "all N * H"
    ),
    Wrong("10.5", "max, the pair", lambda a: (a.max(0) == 0).float().mean().item(), ".values"),
    Wrong("10.5", "ones", lambda a: (a == 0).all(0).float().tolist(), "1 for each unit"),
    Wrong("10.5", "last", lambda a: (a[-1] == 0).float().mean().item(), "for the last example"),
    Wrong("10.5", "a text", lambda a: f"{one_minus_alive(a):.0%}", "A text"),
    Wrong("10.6", "two weights", divided_by_two_weights, "Right for two values"),
    Wrong("10.6", "the count", divided_by_the_count, "Divided by how many values"),
    Wrong("10.6", "None for nothing", none_for_nothing, "an empty list for an empty list"),
    Wrong("10.6", "from 0", from_zero, "It starts at 0"),
    Wrong("10.6", "from the first", from_the_first_if_any, "starts with the first value"),
    Wrong("10.6", "swapped", swapped, "changed places"),
    Wrong("10.6", "swapped from 0", swapped_from_zero, "changed places"),
    Wrong("10.6", "swapped from the first", swapped_from_the_first, "changed places"),
    Wrong("10.6", "centred", centred, "looks at the future"),
    Wrong("10.6", "both ways", forwards_and_back, "looks at the future"),
    Wrong("10.6", "window", windowed, "the newest weighs 1"),
    Wrong("10.6", "a plain mean", plain_means, "A plain mean"),
    Wrong("10.6", "the last", the_last, "Only the last one"),
    Wrong("10.6", "return in the loop", returning_in_the_loop, "One number for each value"),
    Wrong("10.6", "not divided", not_divided_but_summed, "more than 1"),
    Wrong("10.6", "the one before", mixed_with_the_one_before, "no further back"),
    Wrong("10.6", "divided again", divided_again, "divided once more"),
    Wrong("10.6", "n from 0", counted_from_zero, "Count from 1"),
    Wrong("10.6", "the 0 kept", zero_kept, "One value too many"),
    Wrong("10.6", "0 left out", or_value, "0 is"),
    Wrong("10.6", "few of the past", a_few_of_the_past, "not only the last few"),
    Wrong("10.6", "fifty of the past", of_the_last(50), "not only the last few"),
    *(Wrong("10.6", f"{d} digits", rounded_to(d), "keep all digits") for d in (0, 2, 3, 4, 6)),
    Wrong("10.6", "a list kept", appending_to_a_default, "live on between two calls"),
    Wrong("10.6", "a sum kept", going_on_with_the_last_mean(), "live on between two calls"),
    Wrong("10.6", "0 at 0", nothing_at_zero, "also at weight 0"),
    Wrong("10.6", "0 / 0 at 0", divided_by_nothing, "also at weight 0"),
    Wrong("10.6", "in place", in_place, "The caller still owns"),
    Wrong("10.6", "a tensor", as_a_tensor, "A list of plain numbers"),
    Wrong("10.6", "a generator", lambda v, w: iter(with_powers(v, w)), "A list of plain numbers"),
    Wrong("10.6", "old weigh more", old_weigh_more, "old values weigh more"),
    Wrong("10.6", "no first value", no_first_value, "no first value"),
    Wrong("10.6", "index", from_the_first, "Start at 0"),
    Wrong("10.6", "the values", lambda values, weight: list(values), "the values themselves"),
    Wrong("10.6", "no return", lambda values, weight: None, "Nothing came back"),
]
