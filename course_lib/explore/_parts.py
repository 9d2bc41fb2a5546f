"""A copy of a model whose parts are frozen and counted, step by step."""

import copy
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import freeze
from course_lib.explore._cost import Cost, step_cost

MOST_PARTS = 12
WHERE = "explore.frozen_parts"


@dataclass(frozen=True)
class Parts:
    """A model of its own, a batch, and the parts in the order in which they run."""

    model: nn.Module
    batch: dict[str, Tensor]
    names: tuple[str, ...]
    _costs: dict[tuple, Cost] = field(default_factory=dict)

    def cost(self, rows: int, frozen: Sequence[str] = ()) -> Cost:
        """Of one training step on so many sentences, with these parts frozen and no others."""
        key = (rows, *frozen)
        if key not in self._costs:
            self._costs[key] = step_cost(self._frozen(frozen), self._rows(rows), _loss)
        return self._costs[key]

    def parameters(self, name: str = "") -> int:
        """How many a part has; with no name, the model."""
        return sum(weight.numel() for weight in self.model.get_submodule(name).parameters())

    def _frozen(self, frozen: Sequence[str]) -> nn.Module:
        model = copy.deepcopy(self.model)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of tied weights
            freeze.unfreeze(model, *self.names)
            if frozen:
                freeze.freeze(model, *frozen)
        return freeze.train_mode(model)

    def _rows(self, count: int) -> dict[str, Tensor]:
        """The batch, repeated or cut off."""
        rows = torch.arange(count) % len(self.batch["labels"])
        return {name: value[rows] for name, value in self.batch.items()}


def parts_of(model: nn.Module, batch: Mapping[str, Tensor], names: Sequence[str]) -> Parts:
    """Raises ValueError where the batch has no labels, or the parts are not those of the model."""
    if not isinstance(batch, Mapping) or "labels" not in batch:
        raise ValueError(
            f"{WHERE}: got a batch without labels, expected a dict of the model's inputs and "
            '"labels". Take one from a loader: next(iter(loader)).'
        )
    _expect_parts(model, names)
    own = copy.deepcopy(model).cpu()
    for module in own.modules():  # what a learner hung in does not see these steps
        for hooks in (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks):
            hooks.clear()
    own.zero_grad(set_to_none=True)
    ready = {name: value.detach().cpu().clone() for name, value in batch.items()}
    return Parts(own, ready, _in_order(own, ready, names))


def _loss(outputs: Any, labels: Tensor) -> Tensor:
    logits = outputs if isinstance(outputs, Tensor) else outputs["logits"]
    return F.cross_entropy(logits, labels)


def _in_order(model: nn.Module, batch: dict[str, Tensor], names: Sequence[str]) -> tuple[str, ...]:
    """The parts as they begin to run."""
    begun: list[str] = []
    own = copy.deepcopy(model).eval()
    for name in names:
        for module in own.get_submodule(name).modules():
            module.register_forward_pre_hook(lambda *_, name=name: begun.append(name))
    with torch.no_grad():
        own(**{key: value[:1] for key, value in batch.items() if key != "labels"})
    idle = [name for name in names if name not in begun]
    if idle:
        raise ValueError(
            f"{WHERE}: {idle[0]!r} does not run when the model does, expected parts that do. Leave "
            "it out and freeze it."
        )
    return tuple(dict.fromkeys(begun))


def _expect_parts(model: nn.Module, names: Sequence[str]) -> None:
    if isinstance(names, str) or not 1 <= len(names) <= MOST_PARTS:
        raise ValueError(
            f"{WHERE}: got parts = {names!r}, expected a list of 1 to {MOST_PARTS} names of "
            "modules, such as ['backbone', 'head']."
        )
    modules = dict(model.named_modules())
    for name in names:
        if not any(True for _ in modules.get(name, nn.Identity()).parameters()):
            raise ValueError(
                f"{WHERE}: the {type(model).__name__} has no part {name!r} with parameters, "
                "expected the name of a module. named_modules() lists all names."
            )
    for name, parameter in model.named_parameters():
        count = sum(name.startswith(f"{part}.") for part in names)
        if count > 1 or (count == 0 and parameter.requires_grad):
            raise ValueError(
                f"{WHERE}: the parameter {name!r} lies in {count} of the parts, expected one. "
                "Name parts that lie beside one another and that are, together, all that learns."
            )
