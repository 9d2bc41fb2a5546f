"""Trainings in processes of their own, which get a real SIGKILL at a random moment."""

import contextlib
import dataclasses
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.optim.lr_scheduler import LambdaLR, StepLR
from torch.utils.data import DataLoader, Dataset

from course_lib import runtime
from course_lib.checkpoint import Checkpoints, DamagedError, EarlyStopping, load, random_states
from course_lib.data import make_loader
from course_lib.loop import fit
from tests.tiny_training import adamw, loss_fn, noisy

EPOCHS, TRAIN, VALID, BATCH = 4, 52, 24, 4  # 13 batches an epoch
EVERY = 3  # steps: so often a checkpoint is written


# What is trained.


@dataclass(frozen=True)
class Case:
    """A training; everything in it is drawn from seeds."""

    workers: int = 0
    every: int | None = EVERY
    keep: int = 2
    accumulate: int = 1
    schedule: str | None = "step"
    stopping: bool = False
    drawing: bool = False  # the dataset adds noise
    plain: bool = False  # loaders without a generator: PyTorch's own numbers decide the order


CASES = {
    "dropout, a schedule per step": Case(),
    "2 workers": Case(workers=2),
    "accumulation over 3 batches": Case(accumulate=3, every=2),
    "2 workers, accumulation, a dataset that draws": Case(2, accumulate=2, drawing=True),
    "a dataset that draws, loaders without generator": Case(drawing=True, plain=True),
    "early stopping, a schedule per epoch": Case(schedule="epoch", stopping=True),
    "2 workers, early stopping, saved at ends of epochs": Case(2, every=None, stopping=True),
    "every step is saved, one file is kept": Case(every=1, keep=1),
}


class Points(Dataset):
    """Three numbers and a label that has nothing to do with them: training soon overfits."""

    def __init__(self, count: int, seed: int, drawing: bool) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.x = torch.randn(count, 3, generator=generator)
        self.labels = torch.randint(2, (count,), generator=generator)
        self.drawing = drawing

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        noise = random.random() + torch.rand(3) if self.drawing else torch.zeros(3)
        return {"x": self.x[index] + 0.1 * noise, "labels": self.labels[index]}


def loaders_of(case: Case) -> tuple[DataLoader, DataLoader]:
    train, valid = Points(TRAIN, 0, case.drawing), Points(VALID, 1, case.drawing)
    if case.plain:
        workers = {"num_workers": case.workers}
        return DataLoader(train, BATCH, shuffle=True, **workers), DataLoader(valid, 8, **workers)
    options = {"num_workers": case.workers}
    return make_loader(train, BATCH, shuffle=True, **options), make_loader(valid, 8, **options)


def train(tell: Callable[[int], None], case: Case, folder: Path, out: Path) -> None:
    """Begin or go on, to the end; what there is then goes to `out`."""
    model = noisy()
    optimizer = adamw(model, lr=0.05)
    loaders = loaders_of(case)
    schedule = {
        "step": LambdaLR(optimizer, lambda step: 1 / (1 + step / 10)),
        "epoch": StepLR(optimizer, 1, gamma=0.7),
        None: None,
    }[case.schedule]
    told = Told(tell)
    runtime.seed_everything(3)
    history = fit(
        model,
        loaders[0],
        loss_fn,
        optimizer,
        epochs=EPOCHS,
        valid_loader=loaders[1],
        scheduler=schedule,
        schedule_per=case.schedule or "step",
        accumulate=case.accumulate,
        callbacks=[told, *([EarlyStopping(patience=1)] if case.stopping else [])],
        checkpoints=Checkpoints(
            folder, every=case.every, keep=case.keep, monitor="valid_loss", resume=True
        ),
        progress=False,
    )
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": None if schedule is None else schedule.state_dict(),
        "history": dataclasses.asdict(history),
        "random": random_states(*loaders),
    }
    torch.save({"state": state, "steps": told.steps}, out)


class Told:
    """Tells of every step, and counts those that are made here."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self.tell, self.steps = tell, 0

    def on_start(self, run) -> None:
        self.tell(run.step)

    def on_step(self, run) -> None:
        self.steps += 1
        self.tell(run.step)


# How it is killed.


@dataclass(frozen=True)
class Moment:
    """So long after a step was made."""

    step: int
    seconds: float = 0.0


@dataclass(frozen=True)
class Ended:
    """How a process ended: -9 if it was killed; the last step it told of; what it printed."""

    code: int
    step: int
    printed: str
    seconds: float  # from the first that it told to the last

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


_context = multiprocessing.get_context("forkserver") if os.name != "nt" else None
_LOADED = ["torch._dynamo", "course_lib.loop", __name__]  # optimizers import the first, in seconds


def preload(modules: Sequence[str] = ()) -> None:
    """Before the first process starts: what all of them find loaded, so that each starts in no
    time; modules that are not installed are left out."""
    _context.set_forkserver_preload([*_LOADED, *modules])


if _context is not None:
    preload()


def run(target: Callable, *args: object, kill: Moment | None = None, limit: float = 120) -> Ended:
    """Call target(tell, *args) in a process, and kill it at a moment.

    It calls `tell` with its number of steps. It ends by itself if the moment never comes.
    The second of the arguments is a folder; beside it is put what it prints.
    """
    here, there = _context.Pipe(duplex=False)
    log = Path(args[1]).with_suffix(".log")
    process = _context.Process(target=_run, args=(there, log, target, args))
    process.start()
    there.close()
    told, until = [], time.monotonic() + limit
    while time.monotonic() < until:
        if here.poll(0.02):
            if not (new := _next(here)):
                break
            told += new
        elif not process.is_alive():
            break
        if kill is not None and told and told[-1][0] >= kill.step:
            time.sleep(kill.seconds)
            break
    if kill is None:
        process.join(max(0.0, until - time.monotonic()))
    process.kill()  # nothing happens to one that has ended
    process.join()
    while here.poll(0) and (more := _next(here)):
        told += more
    steps, times = zip(*told, strict=True) if told else ([-1], [0.0])
    return Ended(process.exitcode, steps[-1], log.read_text(), times[-1] - times[0])


def _next(connection) -> list[tuple[int, float]]:
    try:
        return [connection.recv()]
    except (EOFError, OSError):  # the end, or cut short by the kill
        return []


def _run(connection, log: Path, target: Callable, args: tuple) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    torch.set_num_threads(1)
    if sys.platform == "linux":  # a loader in here would start its workers as this was started
        multiprocessing.set_start_method("fork", force=True)
    try:
        target(lambda step: connection.send((step, time.monotonic())), *args)
    except BaseException:
        os.write(2, traceback.format_exc().encode())
        os._exit(1)


def run_until_killed(
    generator: random.Random, whole: Ended, target: Callable, *args: object
) -> Ended:
    """Kill it at a random moment of its run; `whole` is how it ends if it is left alone."""
    if whole.code or not whole.step:
        raise AssertionError(f"it does not come to its end: {whole}")
    pause = EVERY * whole.seconds / whole.step  # a write takes most of it
    for _ in range(10):
        moment = Moment(generator.randrange(whole.step), generator.uniform(0, pause))
        ended = run(target, *args, kill=moment)
        if ended.killed:
            return ended
        shutil.rmtree(args[1], ignore_errors=True)  # it was at its end before
    raise AssertionError(f"it is over before it can be killed: {ended}")


# What is there afterwards.


@dataclass(frozen=True)
class Found:
    """What a killed training has left in its folder."""

    step: int  # of the newest checkpoint, 0 if there is none
    intact: int
    damaged: int
    unfinished: int  # temporary files


def found_in(folder: Path) -> Found:
    steps, damaged = [], 0
    for path in folder.glob("step-*.pt"):
        try:
            steps.append(load(path)["step"])
        except (DamagedError, ValueError):
            damaged += 1
    unfinished = len(list(folder.glob("*.tmp")))
    return Found(max(steps, default=0), len(steps), damaged, unfinished)


def result(out: Path) -> dict | None:
    """What `train` has written, if it has come to its end."""
    with contextlib.suppress(FileNotFoundError):
        return torch.load(out, weights_only=True)
    return None
