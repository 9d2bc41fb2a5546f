"""The same training in the loops of several libraries, each at its quickest documented settings.

All get the same model, batches in the same order, AdamW, clip 1 and linear decay after a warm-up,
and no validation. Nothing is reported, saved or shown. What is timed is training: making the
objects does not count, nor do the preparations in Trainer.train.
"""

import gc
import importlib.util
import logging
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

from course_lib import loop
from tests.benchmarks import transfer

CLIP = 1.0
BASE = "bare loop"


@dataclass(frozen=True)
class Setting:
    """What every loop trains on. The three functions give the same whenever they are called."""

    name: str
    model: Callable[[], nn.Module]
    groups: Callable[[nn.Module], list[dict]]  # parameter groups, with their learning rates
    loader: Callable[[], DataLoader]
    batch_size: int
    epochs: int

    def rate(self) -> Callable[[int], float]:
        return transfer.up_and_down(self.epochs * len(self.loader()))

    def objects(self) -> tuple[nn.Module, AdamW, LambdaLR, DataLoader]:
        model = self.model()
        optimizer = AdamW(self.groups(model))
        return model, optimizer, LambdaLR(optimizer, self.rate()), self.loader()


@dataclass(frozen=True)
class Training:
    """Made and not begun: `run` trains `model`. It may give the seconds that it took itself."""

    model: nn.Module
    run: Callable[[], float | None]

    def seconds(self) -> float:
        """Train, with the same dropout whenever and by whichever loop."""
        gc.collect()
        torch.manual_seed(0)
        start = time.perf_counter()
        own = self.run()
        return time.perf_counter() - start if own is None else own


def weights(model: nn.Module) -> Tensor:
    """All of them in one row."""
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def fit(setting: Setting) -> Training:
    model, optimizer, scheduler, loader = setting.objects()
    loss_fn = nn.CrossEntropyLoss()
    options = {"epochs": setting.epochs, "scheduler": scheduler, "clip": CLIP, "progress": False}

    def run() -> None:
        loop.fit(model, loader, loss_fn, optimizer, **options)

    return Training(model, run)


def bare(setting: Setting) -> Training:
    """The loop written out, with the loss of each step kept."""
    model, optimizer, scheduler, loader = setting.objects()
    weights = list(model.parameters())
    loss_fn = nn.CrossEntropyLoss()

    def run() -> None:
        losses = []
        model.train()
        for _ in range(setting.epochs):
            for batch in loader:
                labels = batch.pop("labels")
                loss = loss_fn(model(**batch), labels)
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(weights, CLIP)
                optimizer.step()
                scheduler.step()
                losses.append(loss.item())

    return Training(model, run)


def accelerate(setting: Setting) -> Training:
    """The loop of accelerate's documentation; its prepared loader, so no moving by hand."""
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True)
    made, *others = setting.objects()
    model, optimizer, scheduler, loader = accelerator.prepare(made, *others)
    loss_fn = nn.CrossEntropyLoss()

    def run() -> None:
        losses = []
        model.train()
        for _ in range(setting.epochs):
            for batch in loader:
                labels = batch.pop("labels")
                loss = loss_fn(model(**batch), labels)
                optimizer.zero_grad()
                accelerator.backward(loss)
                accelerator.clip_grad_norm_(model.parameters(), CLIP)
                optimizer.step()
                scheduler.step()
                losses.append(loss.item())

    return Training(made, run)


class _WithLoss(nn.Module):
    """What Trainer wants of a model: the loss beside the logits."""

    accepts_loss_kwargs = False

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model, self.loss_fn = model, nn.CrossEntropyLoss()

    def forward(self, labels: Tensor, **inputs: Tensor) -> dict[str, Tensor]:
        logits = self.model(**inputs)
        return {"loss": self.loss_fn(logits, labels), "logits": logits}


def trainer(setting: Setting) -> Training:
    """transformers.Trainer with our loader in place of its own, as its documentation shows."""
    from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

    model, optimizer, scheduler, loader = setting.objects()
    moments = []

    class Moments(TrainerCallback):
        def on_train_begin(self, *given: object, **options: object) -> None:
            moments.append(time.perf_counter())

        def on_train_end(self, *given: object, **options: object) -> None:
            moments.append(time.perf_counter())

    class WithLoader(Trainer):
        def get_train_dataloader(self) -> DataLoader:
            return loader

    arguments = TrainingArguments(
        output_dir=tempfile.gettempdir(),  # nothing is written
        num_train_epochs=setting.epochs,
        per_device_train_batch_size=setting.batch_size,
        max_grad_norm=CLIP,
        logging_strategy="no",
        logging_nan_inf_filter=False,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
    )
    made = WithLoader(
        _WithLoss(model), arguments, train_dataset=loader.dataset, optimizers=(optimizer, scheduler)
    )
    made.remove_callback(PrinterCallback)
    made.add_callback(Moments)

    def run() -> float:
        made.train()
        return moments[1] - moments[0]

    return Training(model, run)


def lightning_module(model: nn.Module, optimizer: AdamW, scheduler: LambdaLR) -> nn.Module:
    """What lightning wants of a training."""
    from lightning import LightningModule

    class Module(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model, self.loss_fn = model, nn.CrossEntropyLoss()

        def training_step(self, batch: dict[str, Tensor]) -> Tensor:
            labels = batch.pop("labels")
            return self.loss_fn(self.model(**batch), labels)

        def configure_optimizers(self) -> dict[str, object]:
            each_step = {"scheduler": scheduler, "interval": "step"}
            return {"optimizer": optimizer, "lr_scheduler": each_step}

    return Module()


def lightning(setting: Setting) -> Training:
    """lightning.Trainer, barebones: without all that may slow it down."""
    from lightning import Trainer

    model, optimizer, scheduler, loader = setting.objects()
    model.train()  # the others do so; lightning leaves a pretrained backbone in eval mode

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
        made = Trainer(
            accelerator="cpu", barebones=True, max_epochs=setting.epochs, gradient_clip_val=CLIP
        )

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the loader might have more workers
            made.fit(module, loader)

    module = lightning_module(model, optimizer, scheduler)
    return Training(model, run)


def skorch(setting: Setting) -> Training:
    """skorch.NeuralNet with clipping and the scheduler as callbacks, and no other."""
    from skorch import NeuralNet
    from skorch.callbacks import GradientNormClipping, LRScheduler

    model, _, _, loader = setting.objects()
    loader.collate_fn = partial(_pairs, loader.collate_fn)
    schedule = LRScheduler(LambdaLR, lr_lambda=setting.rate(), step_every="batch", event_name=None)
    silent = ("epoch_timer", "train_loss", "valid_loss", "print_log")
    net = NeuralNet(
        model,
        criterion=nn.CrossEntropyLoss,
        optimizer=AdamW,
        max_epochs=setting.epochs,
        iterator_train=lambda dataset, **options: loader,
        train_split=None,
        callbacks=[GradientNormClipping(CLIP), schedule],
        verbose=0,
        **{f"callbacks__{name}": None for name in silent},
    ).initialize()
    net.optimizer_ = AdamW(setting.groups(model))

    def run() -> None:
        net.partial_fit(loader.dataset)

    return Training(model, run)


def _pairs(collate: Callable, items: list) -> tuple[dict[str, Tensor], Tensor]:
    """A batch as skorch takes it: inputs and labels apart."""
    batch = collate(items)
    labels = batch.pop("labels")
    return batch, labels


LIBRARIES = {
    BASE: (bare, None),
    "fit": (fit, None),
    "accelerate": (accelerate, "accelerate"),
    "transformers.Trainer": (trainer, "transformers"),
    "skorch": (skorch, "skorch"),
    "lightning": (lightning, "lightning"),
}


def missing() -> list[str]:
    """The packages to compare with that are not installed."""
    wanted = [package for _, package in LIBRARIES.values() if package]
    return [package for package in wanted if importlib.util.find_spec(package) is None]


def makers() -> dict[str, Callable[[Setting], Training]]:
    """By name, what makes a training with each loop that is there."""
    return {name: made for name, (made, package) in LIBRARIES.items() if package not in missing()}
