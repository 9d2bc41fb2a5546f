"""The same training saved and resumed by several libraries, each as its documentation shows it.

All get the same model, data, AdamW and a rate that falls with every step, on the CPU; a checkpoint
is written every three steps. Each is called as tests.killed wants it: (tell, setting, folder, out),
begins or goes on from the folder, and writes its last state to `out`.
"""

import importlib.util
import logging
import os
import random
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Dataset

from course_lib import data, loop, runtime
from course_lib.checkpoint import Checkpoints
from tests.benchmarks import _tasks
from tests.benchmarks._loops import _WithLoss, lightning_module
from tests.killed import EVERY, Told

EPOCHS, COUNT, BATCH_SIZE = 4, 320, 32


@dataclass(frozen=True)
class Setting:
    workers: int = 0
    drawing: bool = False  # the dataset shifts its pictures by chance

    def objects(self) -> tuple[nn.Module, AdamW, LambdaLR]:
        model = _tasks.perceptron(dropout=0.2)
        optimizer = AdamW(model.parameters(), lr=1e-2)
        return model, optimizer, LambdaLR(optimizer, _rate)

    def dataset(self) -> Dataset:
        return Digits(self.drawing)

    def loader(self) -> DataLoader:
        return DataLoader(self.dataset(), BATCH_SIZE, shuffle=True, num_workers=self.workers)


SETTINGS = {
    "dropout, shuffled": Setting(),
    "and a dataset that draws": Setting(drawing=True),
    "and 2 workers": Setting(workers=2, drawing=True),
}


class Digits(Dataset):
    def __init__(self, drawing: bool) -> None:
        pictures, labels = data.load_digits("train")
        self.items = data.DigitDataset(pictures[:COUNT], labels[:COUNT])
        self.drawing = drawing

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        item = self.items[index]
        if not self.drawing:
            return item
        shift = random.randrange(3) - 1, int(torch.randint(3, ())) - 1
        return item | {"pixel_values": item["pixel_values"].roll(shift, (1, 2))}


def _rate(step: int) -> float:
    return 1 / (1 + step / 10)


def _write(out: Path, told: Told, *parts: nn.Module | AdamW | LambdaLR) -> None:
    torch.save({"state": [part.state_dict() for part in parts], "steps": told.steps}, out)


@dataclass
class _Step:
    """What Told asks of a training."""

    step: int


# The libraries.


def fit(tell: Callable, setting: Setting, folder: Path, out: Path) -> None:
    model, optimizer, scheduler = setting.objects()
    told, loader = Told(tell), setting.loader()
    runtime.seed_everything(1)
    loop.fit(
        model,
        loader,
        nn.CrossEntropyLoss(),
        optimizer,
        epochs=EPOCHS,
        scheduler=scheduler,
        callbacks=[told],
        checkpoints=Checkpoints(folder, every=EVERY, resume=True),
        progress=False,
    )
    _write(out, told, model, optimizer, scheduler)


def trainer(tell: Callable, setting: Setting, folder: Path, out: Path) -> None:
    """Its own loader; the newest checkpoint is found as in the example scripts."""
    from transformers import Trainer, TrainerCallback, TrainingArguments
    from transformers.trainer_utils import get_last_checkpoint

    model, optimizer, scheduler = setting.objects()
    told = Told(tell)

    class Tell(TrainerCallback):
        def on_train_begin(self, args, state, control, **options) -> None:
            told.on_start(_Step(state.global_step))

        def on_step_end(self, args, state, control, **options) -> None:
            told.on_step(_Step(state.global_step))

    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH_SIZE,
        dataloader_num_workers=setting.workers,
        save_strategy="steps",
        save_steps=EVERY,
        remove_unused_columns=False,  # it goes by the names that forward takes, and ours takes any
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
    )
    made = Trainer(
        _WithLoss(model),
        arguments,
        data_collator=torch.utils.data.default_collate,
        train_dataset=setting.dataset(),
        optimizers=(optimizer, scheduler),
        callbacks=[Tell()],
    )
    folder.mkdir(parents=True, exist_ok=True)
    made.train(resume_from_checkpoint=get_last_checkpoint(folder) is not None)
    _write(out, told, model, optimizer, scheduler)


def lightning(tell: Callable, setting: Setting, folder: Path, out: Path) -> None:
    from lightning import Callback, Trainer, seed_everything
    from lightning.pytorch.callbacks import ModelCheckpoint

    model, optimizer, scheduler = setting.objects()
    told = Told(tell)

    class Tell(Callback):
        def on_train_start(self, trainer, module) -> None:
            told.on_start(_Step(trainer.global_step))

        def on_train_batch_end(self, trainer, *given) -> None:
            told.on_step(_Step(trainer.global_step))

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    seed_everything(1, workers=True)
    saving = ModelCheckpoint(folder, every_n_train_steps=EVERY, save_last=True)
    silent = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    made = Trainer(accelerator="cpu", max_epochs=EPOCHS, callbacks=[Tell(), saving], **silent)
    module = lightning_module(model, optimizer, scheduler)
    made.fit(module, setting.loader(), ckpt_path="last")
    _write(out, told, model, optimizer, scheduler)


def accelerate(
    tell: Callable, setting: Setting, folder: Path, out: Path, seedable: bool = False
) -> None:
    """As in its guide to checkpoints and its example: folders step_1, step_2, ..."""
    from accelerate import Accelerator, DataLoaderConfiguration
    from accelerate.utils import set_seed

    options = {"dataloader_config": DataLoaderConfiguration(use_seedable_sampler=seedable)}
    accelerator = Accelerator(cpu=True, **(options if seedable else {}))
    made = setting.objects()
    told, loss_fn = Told(tell), nn.CrossEntropyLoss()
    set_seed(1)
    model, optimizer, scheduler, loader = accelerator.prepare(*made, setting.loader())
    saved = [int(path.name.removeprefix("step_")) for path in folder.glob("step_*")]
    step = max(saved, default=0)
    if saved:
        accelerator.load_state(folder / f"step_{step}")
    told.on_start(_Step(step))
    first, passed = divmod(step, len(loader))
    model.train()
    for epoch in range(first, EPOCHS):
        loader.set_epoch(epoch)
        rest = loader
        if epoch == first and passed:
            rest = accelerator.skip_first_batches(loader, passed)
        for batch in rest:
            labels = batch.pop("labels")
            loss = loss_fn(model(**batch), labels)
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()
            scheduler.step()
            step += 1
            told.on_step(_Step(step))
            if step % EVERY == 0:
                accelerator.save_state(folder / f"step_{step}")
    _write(out, told, *made)


def accelerate_seedable(tell: Callable, setting: Setting, folder: Path, out: Path) -> None:
    accelerate(tell, setting, folder, out, seedable=True)


LIBRARIES = {
    "fit": (fit, None),
    "transformers.Trainer": (trainer, "transformers"),
    "lightning": (lightning, "lightning"),
    "accelerate": (accelerate, "accelerate"),
    "accelerate, seedable sampler": (accelerate_seedable, "accelerate"),
}
MODULES = [  # loaded once, for all
    "transformers.trainer",
    "transformers.trainer_utils",
    "lightning",
    "accelerate",
    "sklearn.datasets",
    __name__,
]


def missing() -> list[str]:
    wanted = dict.fromkeys(package for _, package in LIBRARIES.values() if package)
    return [package for package in wanted if importlib.util.find_spec(package) is None]


def trainings() -> dict[str, Callable]:
    """By name, what trains with each library that is there."""
    return {name: made for name, (made, package) in LIBRARIES.items() if package not in missing()}


def reason(printed: str) -> str:
    """The error that ended a process, without what changes from run to run."""
    lines = [line for line in printed.splitlines() if line and not line.startswith(" ")]
    found = [line for line in lines if "Error" in line.split(":")[0]] or lines or ["no message"]
    first = found[-1].split(os.sep)[0]
    return first[:80].rstrip(" '(")
