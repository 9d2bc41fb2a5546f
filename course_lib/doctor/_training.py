"""The training that is examined: its parts, called in whatever way they want to be called."""

import contextlib
import inspect
import io
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

LABELS = ("labels", "label", "targets", "target", "y")
IGNORED = -100
# how a learner's function may name what it wants
NAMES = {
    "model": ("model", "net", "network", "module", "classifier", "m"),
    "batch": ("batch", "data", "example", "examples", "b"),
    "inputs": ("inputs", "input", "x", "xb", "features", "images"),
    "labels": (*LABELS, "yb"),
    "loss_fn": ("loss_fn", "loss_function", "criterion", "loss_func", "loss"),
    "optimizer": ("optimizer", "optimiser", "optim", "opt"),
    "scheduler": ("scheduler", "sched", "lr_scheduler"),
    "loader": ("loader", "dataloader", "data_loader", "valid_loader", "batches"),
}
MEANT = {name: role for role, names in NAMES.items() for name in names}


def parted(batch: Any) -> tuple[tuple, dict[str, Any], Any]:
    """A batch as (positional inputs, inputs by name, labels); labels None where there are none."""
    if isinstance(batch, Mapping):
        inputs, name = dict(batch), _labels_name(batch)
        return (), inputs, inputs.pop(name) if name else None
    if isinstance(batch, Tensor):
        return (batch,), {}, None
    *inputs, labels = batch
    if len(inputs) == 1 and isinstance(inputs[0], Mapping):
        return (), dict(inputs[0]), labels
    return tuple(inputs), {}, labels


def _labels_name(batch: Mapping) -> str | None:
    return next((name for name in LABELS if name in batch), None)


def with_inputs(batch: Any, change: Callable[[str, Tensor], Tensor], labels: Any = None) -> Any:
    """The same batch with each input tensor changed; `change` gets its name and the tensor.

    Other labels take the place of its own where they are given.
    """
    args, kwargs, own = parted(batch)
    labels = own if labels is None else labels
    args = tuple(change(str(i), x) if isinstance(x, Tensor) else x for i, x in enumerate(args))
    kwargs = {n: change(n, x) if isinstance(x, Tensor) else x for n, x in kwargs.items()}
    if isinstance(batch, Mapping):
        name = _labels_name(batch)
        return kwargs | ({name: labels} if name else {})
    if isinstance(batch, Tensor):
        return args[0]
    if kwargs:
        return kwargs, labels
    return (*args, labels)


def moved_to(batch: Any, device: torch.device) -> Any:
    if isinstance(batch, Tensor):
        return batch.to(device)
    if isinstance(batch, Mapping):
        return {name: moved_to(value, device) for name, value in batch.items()}
    if isinstance(batch, (tuple, list)):
        return tuple(moved_to(value, device) for value in batch)
    return batch


def tensors(batch: Any) -> Iterator[tuple[str, Tensor]]:
    """The input tensors of a batch by name; those of a pair are "0", "1", ..."""
    args, kwargs, _ = parted(batch)
    pairs = [*((str(place), x) for place, x in enumerate(args)), *kwargs.items()]
    return ((name, x) for name, x in pairs if isinstance(x, Tensor))


def logits_in(output: Any) -> Tensor | None:
    """The logits in what a model gave: a tensor, an object with logits, a dict or a tuple."""
    if isinstance(output, Tensor):
        return output
    if getattr(output, "logits", None) is not None:
        return output.logits
    if isinstance(output, Mapping):
        if "logits" in output:
            return output["logits"]
        output = list(output.values())
    if isinstance(output, (tuple, list)):
        found = (x for x in output if isinstance(x, Tensor) and x.is_floating_point() and x.dim())
        return next(found, None)
    return None


@dataclass
class Training:
    """The arguments of `examine`, and the batches that were looked at."""

    model: nn.Module
    loader: Any
    loss_fn: Callable | None
    optimizer: Any
    train_step: Callable | None = None
    valid_loader: Any = None
    scheduler: Any = None
    predict_fn: Callable | None = None
    pad_token_id: int | None = None
    batches: list[Any] = field(default_factory=list)

    @property
    def device(self) -> torch.device:
        weight = next(self.model.parameters(), None)
        return torch.device("cpu") if weight is None else weight.device

    def outputs(self, batch: Any, with_labels: bool = False) -> Any:
        """What the model gives for the inputs of a batch, in whatever mode it is."""
        args, kwargs, labels = parted(moved_to(batch, self.device))
        return self.model(*args, **(kwargs | ({"labels": labels} if with_labels else {})))

    def logits(self, batch: Any) -> Tensor | None:
        return logits_in(self.outputs(batch))

    def loss(self, batch: Any) -> Tensor:
        """The loss of a batch, by the loss function or by the model itself."""
        if self.loss_fn is None:
            output = self.outputs(batch, with_labels=True)
            return output["loss"] if isinstance(output, Mapping) else output.loss
        output = self.outputs(batch)
        labels = parted(moved_to(batch, self.device))[2]
        logits = logits_in(output)
        if logits is None or logits is output:
            return self.loss_fn(output, labels)
        try:
            return self.loss_fn(logits, labels)
        except (TypeError, ValueError, AttributeError, KeyError):  # it wants all that there is
            return self.loss_fn(output, labels)

    def step(self, batch: Any) -> Any:
        """One training step: the learner's own, or the standard one where none was given."""
        with quiet():
            if self.train_step is None:
                return self._standard_step(batch)
            return called(self.train_step, self._offers(batch), "model batch loss_fn optimizer")

    def predict(self, batch: Any) -> Any:
        """What the learner's own function predicts; it may want a batch, inputs or a loader."""
        with quiet():
            for order in ("model batch", "model inputs"):
                try:
                    return called(self.predict_fn, self._offers(batch), order)
                except Exception:
                    continue
            return called(self.predict_fn, self._offers(batch), "model loader")

    def _standard_step(self, batch: Any) -> float:
        self.model.train()
        self.optimizer.zero_grad()
        loss = self.loss(batch)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def _offers(self, batch: Any) -> dict[str, Any]:
        args, kwargs, labels = parted(batch)
        return {
            "model": self.model,
            "batch": batch,
            "inputs": kwargs or (args[0] if len(args) == 1 else args),
            "labels": labels,
            "loss_fn": self.loss_fn,
            "optimizer": self.optimizer,
            "scheduler": self.scheduler,
            "loader": [batch],
        }


def called(function: Callable, offers: Mapping[str, Any], order: str) -> Any:
    """Call a learner's function with what its parameters' names ask for, else as usual."""
    wanted = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        and parameter.default is parameter.empty
    ]
    usual = order.split()
    if not wanted or len(wanted) > len(offers):
        return function(*(offers[role] for role in usual))
    roles = [MEANT.get(parameter.name.lower().strip("_")) for parameter in wanted]
    if None in roles or len(set(roles)) < len(roles):
        roles = usual[: len(wanted)] if len(wanted) > 1 else usual[1:2]
    return function(*(offers[role] for role in roles))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """What the learner's functions print is not the doctor's."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def taken(loader: Any, most_batches: int, most_examples: int) -> list[Any]:
    """The first batches of a loader."""
    found, examples = [], 0
    for batch in itertools.islice(iter(without_workers(loader)), most_batches):
        found.append(batch)
        examples += size_of(batch)
        if examples >= most_examples:
            break
    return found


def without_workers(loader: Any) -> Any:
    """The same loader in this process: workers that persist are left alone."""
    if not isinstance(loader, DataLoader) or loader.num_workers == 0:
        return loader
    options = {"collate_fn": loader.collate_fn, "generator": loader.generator}
    if loader.batch_sampler is not None and not isinstance(loader.dataset, IterableDataset):
        return DataLoader(loader.dataset, batch_sampler=loader.batch_sampler, **options)
    options |= {"batch_size": loader.batch_size, "drop_last": loader.drop_last}
    if not isinstance(loader.dataset, IterableDataset):
        options |= {"sampler": loader.sampler}
    return DataLoader(loader.dataset, **options)


def size_of(batch: Any) -> int:
    """Examples in a batch."""
    return next((len(x) for _, x in tensors(batch) if x.dim()), 1)
