"""Rules that look at the model and the optimizer as they stand, before any step."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.doctor._catalogue import finding
from course_lib.doctor._exam import Exam
from course_lib.doctor._watch import Calls, held, tensors_among
from course_lib.doctor.report import ADVICE, FAULT, Finding

CONTAINERS = (list, tuple, set, frozenset)
WEIGHT_NAMES = ("weight", "bias", "kernel", "scale", "shift", "gamma", "beta", "alpha", "proj")
MISSPELT = ("require_grad", "requires_grads", "require_grads", "required_grad", "requiresgrad")


def nothing_trainable(exam: Exam) -> Iterator[Finding]:
    everything = list(exam.model.parameters())
    if exam.trainable() or any(True for _ in hidden_modules(exam.model)):
        return
    if any(w.requires_grad for w in plain_tensors(exam.model).values()):
        return
    what = f"All {len(everything)} weight tensors are" if everything else "No weight is there to be"
    yield finding("nothing-trainable", f"{what} {'frozen' if everything else 'trained'}.")


def optimizer_of_another_model(exam: Exam) -> Iterator[Finding]:
    mine = {id(weight) for weight in exam.model.parameters()}
    others = [weight for weight in held(exam.training.optimizer) if id(weight) not in mine]
    if mine and others and len(others) == len(held(exam.training.optimizer)):
        yield finding(
            "optimizer-of-another-model",
            f"None of the optimizer's {len(others)} weight tensors is one of the model's "
            f"{len(mine)}.",
        )


def parameters_not_in_optimizer(exam: Exam) -> Iterator[Finding]:
    inside = {id(weight) for weight in held(exam.training.optimizer)}
    trainable = exam.trainable()
    missing = [name for name, weight in trainable.items() if id(weight) not in inside]
    reached = [name for name in missing if name in exam.seen.reached or exam.seen.error]
    if not reached or len(missing) == len(exam.trainable()):
        return
    if any(name in exam.moved for name in missing):  # by another optimizer
        return
    order = forward_order(exam)
    late = [name for name in reached if order.get(name, 0) > _first_inside(exam, inside, order)]
    yield finding(
        "parameters-not-in-optimizer",
        f"{len(reached)} of {len(trainable)} trainable weight tensors get a gradient and are not "
        f"in the optimizer: {_few(reached)}.",
        FAULT if late else ADVICE,
    )


def _first_inside(exam: Exam, inside: set[int], order: dict[str, int]) -> float:
    """Where in the forward pass the first weight stands that the optimizer holds."""
    own = [name for name, weight in exam.trainable().items() if id(weight) in inside]
    return min((order[name] for name in own if name in order), default=float("inf"))


def forward_order(exam: Exam) -> dict[str, int]:
    """At which place in the forward pass each weight is first used."""
    places: dict[int, int] = {}
    count = 0

    def note(name: str, function: Any, args: tuple, kwargs: dict, result: Any) -> None:
        nonlocal count
        count += 1
        if name == "__get__":
            return
        for each in tensors_among([*args, *kwargs.values()]):
            if isinstance(each, nn.Parameter):
                places.setdefault(id(each), count)

    with Calls(note):
        exam.answers(exam.batches[0])
    return {n: places[id(w)] for n, w in exam.model.named_parameters() if id(w) in places}


def _few(names: list[str], most: int = 4) -> str:
    return ", ".join(f"`{name}`" for name in names[:most]) + (", ..." if len(names) > most else "")


def hidden_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Modules with weights in plain lists, tuples and dicts, which no registered module is."""
    known = {id(part) for part in model.modules()}
    for owner, part in model.named_modules():
        for name, value in vars(part).items():
            if name.startswith("_") and name in vars(nn.Module()):
                continue
            for place, each in _inside(value):
                if isinstance(each, nn.Module) and id(each) not in known:
                    where = f"{owner}.{name}".lstrip(".") + place
                    yield where, each


def _inside(value: Any, place: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    if isinstance(value, nn.Module):
        if place:
            yield place, value
    elif depth < 4 and isinstance(value, dict):
        for key, each in value.items():
            yield from _inside(each, f"{place}[{key!r}]", depth + 1)
    elif depth < 4 and isinstance(value, CONTAINERS):
        for number, each in enumerate(value):
            yield from _inside(each, f"{place}[{number}]", depth + 1)


def hidden_layers(exam: Exam) -> Iterator[Finding]:
    """Layers that no list of parameters shows. One that is used without gradients is meant so."""
    found = list(hidden_modules(exam.model))
    inside = {id(weight) for weight in held(exam.training.optimizer)}
    used = _reached(exam)
    lost = [
        (where, weight)
        for where, part in found
        for weight in part.parameters()
        if id(weight) in used
    ]
    if not lost:
        return
    untrained = [where for where, weight in lost if id(weight) not in inside]
    numbers = sum(weight.numel() for _, weight in lost)
    listed = _few(list(dict.fromkeys(where for where, _ in lost)))
    yield finding(
        "hidden-layers-in-a-list",
        f"{listed} hold {numbers} weights that take part in the loss, and `parameters()` finds "
        "none of them.",
        FAULT if untrained else ADVICE,
    )


def _reached(exam: Exam) -> set[int]:
    """All leaves that need a gradient and that the loss of the first batch depends on."""
    try:
        with torch.enable_grad():
            loss = exam.training.loss(exam.batches[0])
        found = {id(leaf) for leaf in leaves(loss)}
    except Exception:
        found = set()
    finally:
        exam.keep.put_back()
    if not found:  # the loss function may want something else: take the outputs
        found = _reached_by_outputs(exam)
    return found


def _reached_by_outputs(exam: Exam) -> set[int]:
    try:
        with torch.enable_grad():
            logits = exam.training.logits(exam.batches[0])
        return set() if logits is None else {id(leaf) for leaf in leaves(logits)}
    except Exception:
        return set()
    finally:
        exam.keep.put_back()


def leaves(result: Tensor) -> list[Tensor]:
    """The tensors at which the way back from a result ends."""
    found, known, waiting = [], set(), [result.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in known:
            continue
        known.add(node)
        if hasattr(node, "variable"):
            found.append(node.variable)
        waiting += [following for following, _ in node.next_functions]
    return found


def plain_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Floating tensors that are mere attributes of a module, by name; those in lists too."""
    found = {}
    for owner, part in model.named_modules():
        for name, value in vars(part).items():
            if name in vars(nn.Module()):
                continue
            for place, each in _tensors_inside(value):
                found[f"{owner}.{name}".lstrip(".") + place] = each
    known = {id(weight) for weight in [*model.parameters(), *model.buffers()]}
    return {name: x for name, x in found.items() if id(x) not in known}


def _tensors_inside(value: Any) -> Iterator[tuple[str, Tensor]]:
    things = [("", value)]
    if isinstance(value, (list, tuple)):
        things = [(f"[{number}]", each) for number, each in enumerate(value)]
    elif isinstance(value, dict):
        things = [(f"[{key!r}]", each) for key, each in value.items()]
    for place, each in things:
        if isinstance(each, Tensor) and each.is_floating_point():
            yield place, each


def plain_tensor_not_parameter(exam: Exam) -> Iterator[Finding]:
    """A tensor that was meant to learn. A table of sines or a mean of the data is a constant."""
    inside = {id(weight) for weight in held(exam.training.optimizer)}
    plain = {n: x for n, x in plain_tensors(exam.model).items() if not x.is_meta}
    used = _used_in_forward(exam) if plain else set()
    lost = {n: x for n, x in plain.items() if id(x) in used and id(x) not in inside}
    meant = [name for name, x in lost.items() if x.requires_grad or _meant_to_learn(name, x)]
    if meant:
        first = lost[meant[0]]
        yield finding(
            "plain-tensor-not-parameter",
            f"{_few(meant)} {tuple(first.shape)} take part in the forward pass; `parameters()` "
            "finds none of them, so no optimizer moves them.",
        )


def _used_in_forward(exam: Exam) -> set[int]:
    used: set[int] = set()

    def note(name: str, function: Any, args: tuple, kwargs: dict, result: Any) -> None:
        if name not in ("__get__", "size", "dim"):
            used.update(map(id, tensors_among([*args, *kwargs.values()])))

    with Calls(note):
        exam.answers(exam.batches[0])
    return used


def _meant_to_learn(name: str, x: Tensor) -> bool:
    """By its name, or because it is drawn at random: a constant table has a pattern."""
    last = name.rsplit(".", 1)[-1].split("[")[0].lower()
    named = any(word in last for word in WEIGHT_NAMES) or last in ("w", "b", "w1", "w2", "b1", "b2")
    return named or _looks_random(x.detach())


def _looks_random(x: Tensor) -> bool:
    """Many different numbers, of both signs, none like its neighbour."""
    if x.numel() < 16 or len(x.unique()) < 0.9 * x.numel() or x.min() >= 0:
        return False
    rows = x.reshape(-1, x.shape[-1]) if x.dim() > 1 else x.reshape(1, -1)
    return all(
        _neighbours(part) < 4 / part.numel() ** 0.5 for part in (rows, rows.T) if part.shape[1] > 3
    )


def _neighbours(table: Tensor) -> float:
    """How alike numbers beside one another are: the absolute correlation."""
    one, other = table[:, :-1].reshape(-1), table[:, 1:].reshape(-1)
    one, other = one - one.mean(), other - other.mean()
    return abs(float((one * other).sum() / (one.norm() * other.norm()).clamp(min=1e-12)))


def misspelt_freezing(exam: Exam) -> Iterator[Finding]:
    wrong = [
        f"{name}.{attribute}"
        for name, weight in exam.model.named_parameters()
        for attribute in MISSPELT
        if getattr(weight, attribute, None) is False
    ]
    wrong += [
        f"{name}.{attribute}"
        for name, part in exam.model.named_modules()
        for attribute in ("requires_grad", *MISSPELT)
        if vars(part).get(attribute) is False and any(w.requires_grad for w in part.parameters())
    ]
    if wrong:
        yield finding(
            "frozen-weights-move",
            f"`{wrong[0]}` is set to False{_and_more(wrong)}: an attribute that PyTorch does not "
            "look at, so these weights are trained.",
        )


def _and_more(names: list[str]) -> str:
    return f" (and {len(names) - 1} like it)" if len(names) > 1 else ""
