"""Inference: a loss and metrics over a whole loader, and logits in the order of the dataset."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from course_lib._modes import in_eval_mode
from course_lib.loop._batch import (
    Batch,
    device_of,
    explaining_devices,
    inputs_and_labels,
    to_device,
)

Metric = Callable[[Tensor, Tensor], float]


def largest_logit(logits: Tensor) -> Tensor:
    """The class with the largest logit: (N, C) -> (N,).

    Built in notebooks/06_inference_loop.ipynb.
    """
    return logits.argmax(dim=-1)


@contextlib.contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode and inference mode for a while; then each part has its own mode again.

    Built in notebooks/06_inference_loop.ipynb.
    """
    with in_eval_mode(model), torch.inference_mode():
        yield


def evaluate(
    model: nn.Module,
    loader: Iterable[Batch],
    loss_fn: Callable[[Tensor, Tensor], Tensor] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    decide: Callable[[Tensor], Tensor] = largest_logit,
) -> dict[str, float]:
    """The loss and the metrics of a model on all examples of a loader.

    In evaluation mode and without gradients. The loss is the mean over examples, not over batches,
    of a loss that is a plain mean; with class weights it is near that of the whole, not equal to
    it. A metric sees all answers at once: the mean of its values per batch would be another number.

    Arguments:
        metrics  name -> function of answers (N,) and labels (N,), as in `course_lib.metric`
        decide   from logits (N, C) to answers (N,)

    Returns:
        {"loss": ...} if there is a loss_fn, and a number for each metric

    Raises:
        ValueError: the loader gives no example; a batch has no labels.

    Built in notebooks/06_inference_loop.ipynb.
    """
    device, all_logits, all_labels, losses = device_of(model), [], [], []
    with evaluating(model):
        for batch in loader:
            inputs, labels = inputs_and_labels(to_device(batch, device, "evaluate"), "evaluate")
            logits = _logits(model, inputs, "evaluate")  # (B, C)
            if loss_fn is not None:
                losses.append(loss_fn(logits, labels).item() * len(labels))
            all_logits.append(logits)
            all_labels.append(labels)
    _expect_some(all_labels, "evaluate", "a metric of no example is undefined")
    found = {} if loss_fn is None else {"loss": sum(losses) / sum(map(len, all_labels))}
    if not metrics:
        return found
    labels, answers = torch.cat(all_labels), decide(torch.cat(all_logits))  # (N,) both
    return found | {name: metric(answers, labels) for name, metric in metrics.items()}


def predict(model: nn.Module, loader: Iterable[Batch]) -> Tensor:
    """The logits of all examples, in the order of the dataset, however the loader orders them.

    In evaluation mode and without gradients. Labels are not needed, and not looked at.

    Shapes:
        returns  (N, C), on the CPU

    Raises:
        ValueError: the loader gives no example, leaves some out or takes some twice.

    Built in notebooks/06_inference_loop.ipynb.
    """
    loader, places = _with_known_order(loader)
    device, found = device_of(model), []
    with evaluating(model):
        for batch in loader:
            inputs = to_device(batch, device, "predict")
            inputs.pop("labels", None)
            found.append(_logits(model, inputs, "predict").cpu())  # (B, C)
    _expect_some(found, "predict", "there is nothing to predict")
    logits = torch.cat(found)  # (N, C), in the order of the loader
    return logits if places is None else logits[places.argsort()]


def _logits(model: nn.Module, inputs: Batch, where: str) -> Tensor:
    with explaining_devices(where, model, *inputs.values()):
        logits = model(**inputs)
    if not isinstance(logits, Tensor):
        raise TypeError(
            f"{where}: the model gave a {type(logits).__name__}, expected a tensor, the logits. "
            "Wrap the model in one that returns its .logits."
        )
    return logits


def _expect_some(batches: list[Tensor], where: str, why: str) -> None:
    if not sum(map(len, batches)):
        raise ValueError(
            f"{where}: the loader gave no example, expected at least one: {why}. Look at "
            "len(loader) and at how the data was split; an iterator is used up after one pass."
        )


def _with_known_order(loader: Any) -> tuple[Any, Tensor | None]:
    """A loader of the same batches, and each example's place in the dataset.

    There are no places where the batches come as they come: a list, an iterable dataset.
    """
    if not isinstance(loader, DataLoader) or isinstance(loader.dataset, IterableDataset):
        return loader, None
    if loader.batch_sampler is None:  # batch_size=None: the dataset makes batches itself
        return DataLoader(loader.dataset, None, collate_fn=loader.collate_fn), None
    batches = [list(batch) for batch in loader.batch_sampler]
    places = [place for batch in batches for place in batch]
    _expect_each_once(places, len(loader.dataset))
    same = DataLoader(
        loader.dataset,
        batch_sampler=batches,
        collate_fn=loader.collate_fn,
        num_workers=loader.num_workers,
        worker_init_fn=loader.worker_init_fn,
        multiprocessing_context=loader.multiprocessing_context,
        generator=loader.generator,  # else it would draw from the global random numbers
    )
    return same, torch.tensor(places)


def _expect_each_once(places: list[int], count: int) -> None:
    if sorted(places) != list(range(count)):
        raise ValueError(
            f"predict: the loader takes {len(set(places))} of {count} examples in {len(places)} "
            "draws, expected each once. Leave out drop_last, and samplers that draw at random: "
            "make_loader(dataset, batch_size) is right."
        )
