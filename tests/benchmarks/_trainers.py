"""The running task trained by the loop written out, fit, accelerate and transformers.Trainer.

For the benchmark `trainer`: without changes they do the same, step by step.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Dataset, Sampler

from course_lib import loop
from tests.benchmarks import _tasks
from tests.benchmarks._loops import _WithLoss
from tests.benchmarks._tasks import BATCH_SIZE, LABELS

if TYPE_CHECKING:
    from transformers import TrainerCallback

EPOCHS, RATE, SEED = 2, 5e-4, 1
ITS_SEED = 42  # Trainer's
DROPPED = 0.1  # of the tokens, by the dataset that draws random numbers


@dataclass(frozen=True)
class Trained:
    losses: list[float]
    model: nn.Module


def loaded() -> DataLoader:
    """The running task's own loader: each call gives the same two epochs."""
    return _tasks.running(EPOCHS).loader()


# The loops.


def by_hand(
    loader: Callable[[], DataLoader] = loaded,
    rate: float = RATE,
    groups: Callable[[nn.Module], list[dict]] = lambda model: [{"params": model.parameters()}],
    decay: float = 0.0,
    fused: bool = False,
    clip: float | None = None,
    linear: bool = False,
    autocast: bool = False,
    seed: int = SEED,
) -> Trained:
    """PyTorch alone."""
    model, batches, loss_fn = _tasks.classifier(), loader(), nn.CrossEntropyLoss()
    optimizer = AdamW(groups(model), lr=rate, weight_decay=decay, fused=fused)
    steps = EPOCHS * len(batches)
    scheduler = LambdaLR(optimizer, lambda step: 1 - step / steps if linear else 1.0)
    losses = []
    torch.manual_seed(seed)
    model.train()
    for _ in range(EPOCHS):
        for batch in batches:
            labels = batch.pop("labels")
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                loss = loss_fn(model(**batch), labels)
            optimizer.zero_grad()
            loss.backward()
            if clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
    return Trained(losses, model)


def by_fit() -> Trained:
    model, loader = _tasks.classifier(), loaded()
    optimizer = AdamW(model.parameters(), lr=RATE, weight_decay=0.0)
    torch.manual_seed(SEED)
    options = {"epochs": EPOCHS, "progress": False}
    history = loop.fit(model, loader, nn.CrossEntropyLoss(), optimizer, **options)
    return Trained(history.losses, model)


def by_accelerate() -> Trained:
    from accelerate import Accelerator

    accelerator, made, losses = Accelerator(cpu=True), _tasks.classifier(), []
    optimizer, loss_fn = AdamW(made.parameters(), lr=RATE, weight_decay=0.0), nn.CrossEntropyLoss()
    model, optimizer, loader = accelerator.prepare(made, optimizer, loaded())
    torch.manual_seed(SEED)
    model.train()
    for _ in range(EPOCHS):
        for batch in loader:
            labels = batch.pop("labels")
            loss = loss_fn(model(**batch), labels)
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()
            losses.append(loss.item())
    return Trained(losses, made)


SWITCHED_OFF = {  # what Trainer would do otherwise, beside its loader and its seed
    "learning_rate": RATE,
    "optim": "adamw_torch",
    "max_grad_norm": 0.0,
    "lr_scheduler_type": "constant",
    "weight_decay": 0.0,
}
QUIET = {
    "save_strategy": "no",
    "logging_strategy": "no",
    "report_to": "none",
    "disable_tqdm": True,
    "use_cpu": True,
    "remove_unused_columns": False,  # it goes by the names that forward takes; ours takes any
}


def by_trainer(
    loader: Callable[[], DataLoader] | None = loaded,
    seeded: bool = True,
    dataset: Dataset | None = None,
    folder: Path | None = None,
    resume: Path | None = None,
    callbacks: Sequence["TrainerCallback"] = (),
    **changed: object,
) -> Trained:
    """Without a loader it makes its own; without a seed it has its own; `resume` is a checkpoint.

    The losses are those that its step gives, since it logs means.
    """
    from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

    model, losses = _tasks.classifier(), []

    class Seeded(TrainerCallback):
        def on_train_begin(self, *given: object, **options: object) -> None:
            torch.manual_seed(SEED)

    class Noting(Trainer):
        def get_train_dataloader(self) -> DataLoader:
            return super().get_train_dataloader() if loader is None else loader()

        def training_step(self, *given: object, **options: object) -> Tensor:
            loss = super().training_step(*given, **options)
            losses.append(loss.item())
            return loss

    arguments = TrainingArguments(
        output_dir=str(folder or tempfile.gettempdir()),
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH_SIZE,
        **(QUIET | SWITCHED_OFF | changed),
    )
    made = Noting(
        _WithLoss(model),
        arguments,
        train_dataset=dataset or _tasks.sentences("train", LABELS),
        data_collator=_tasks.collate,
        callbacks=[*callbacks, *([Seeded()] if seeded else [])],
    )
    made.remove_callback(PrinterCallback)
    made.train(resume_from_checkpoint=None if resume is None else str(resume))
    return Trained(losses, model)


# Other loaders and parameter groups.


class ItsOrder(Sampler[int]):
    """Trainer's: each epoch is drawn by the sum of its seed and the number of the epoch."""

    def __init__(self, count: int) -> None:
        self.count, self.epoch = count, 0

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(ITS_SEED + self.epoch)
        self.epoch += 1
        yield from torch.randperm(self.count, generator=generator).tolist()


def in_its_order() -> DataLoader:
    dataset = _tasks.sentences("train", LABELS)
    return DataLoader(
        dataset, BATCH_SIZE, sampler=ItsOrder(len(dataset)), collate_fn=_tasks.collate
    )


def in_order() -> DataLoader:
    return DataLoader(_tasks.sentences("train", LABELS), BATCH_SIZE, collate_fn=_tasks.collate)


def matrices_decay(model: nn.Module) -> list[dict]:
    """As Trainer does it: no decay for biases and the weights of LayerNorm, which are vectors."""
    weights = list(model.parameters())
    matrices = [weight for weight in weights if weight.ndim > 1]
    vectors = [weight for weight in weights if weight.ndim == 1]
    return [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]


class Dropping(Dataset):
    """Sentences of which some tokens become padding, by chance, each time one is asked for."""

    def __init__(self) -> None:
        self.items = _tasks.sentences("train", LABELS)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        item = self.items[index]
        dropped = torch.rand(item["input_ids"].shape) < DROPPED
        return item | {"input_ids": item["input_ids"].masked_fill(dropped, _tasks.padding())}


def seeding_by_epoch() -> "TrainerCallback":
    """A callback by which each epoch's order follows from its number, in a resumed training too."""
    from transformers import TrainerCallback

    class Seeding(TrainerCallback):
        def on_epoch_begin(self, args, state, control, train_dataloader, **options) -> None:
            train_dataloader.generator.manual_seed(int(state.epoch or 0))

    return Seeding()
