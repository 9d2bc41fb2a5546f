"""Time and memory of an examination of the course's classifier.

Memory is the most that a process held at once, as Linux counts it (VmHWM), in a process of its own:
after some training steps, and again after the examination. What tracemalloc counts leaves
tensors out, and getrusage's ru_maxrss begins with what the parent held.
"""

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import torch
from torch import nn

from course_lib.doctor import examine
from course_lib.freeze import parameter_groups
from tests.benchmarks import _tasks, transfer
from tests.benchmarks._table import spread, table
from tests.benchmarks.doctor._case import Patient

BATCH_SIZE, SENTENCES = 32, 2_000
THREADS = 1, 2
ROUNDS, PROCESSES = 5, 3
STEPS = 8  # timed together: sentences are not equally long
STATUS = Path("/proc/self/status")  # of Linux
MIB = 2**20
COLUMNS = ("what", "median (least to most)")


def tables() -> Iterator[str]:
    before = torch.get_num_threads()
    try:
        for threads in THREADS:
            print(f"doctor: time, threads: {threads}", file=sys.stderr, flush=True)
            torch.set_num_threads(threads)
            yield times()
    finally:
        torch.set_num_threads(before)
    print("doctor: memory", file=sys.stderr, flush=True)
    yield memory()


def patient() -> Patient:
    """The classifier on the shipped backbone: real sentences, dropout, AdamW."""
    model = _tasks.classifier().train()
    loader = _tasks.loader_of(_tasks.sentences("train", SENTENCES), BATCH_SIZE, shuffle=True)
    optimizer = torch.optim.AdamW(parameter_groups(model, transfer.RATES))
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


def steps(trained: Patient, count: int) -> None:
    for batch in islice(cycle(trained.train_loader), count):
        inputs = {name: value for name, value in batch.items() if name != "labels"}
        trained.model.train()
        trained.optimizer.zero_grad()
        trained.loss_fn(trained.model(**inputs), batch["labels"]).backward()
        trained.optimizer.step()


def examination(trained: Patient) -> int:
    """The number of findings: where there is a fault, the doctor stops early."""
    padding = _tasks.padding()
    report = examine(
        trained.model,
        trained.train_loader,
        trained.loss_fn,
        trained.optimizer,
        pad_token_id=padding,
    )
    return len(report.findings)


def times() -> str:
    """In turns; a first round is not counted."""
    trained = patient()
    rounds = []
    for _ in range(ROUNDS + 1):
        one_step = _seconds(lambda: steps(trained, STEPS)) / STEPS
        rounds.append((one_step, _seconds(lambda: examination(trained))))
    own, whole = zip(*rounds[1:], strict=True)
    rows = [
        ["seconds of a training step", _spread(own)],
        ["seconds of an examination", _spread(whole)],
        ["an examination in training steps", _spread([b / a for a, b in rounds[1:]])],
        ["findings", examination(trained)],
    ]
    title = f"The course's classifier, {_setting(trained)}, threads: {torch.get_num_threads()}"
    return table(f"{title}, {ROUNDS} rounds", COLUMNS, rows)


def memory() -> str:
    """In processes that begin anew."""
    if not STATUS.exists():
        return table("Memory of an examination", ("what", "MiB"), [["not measured: no Linux", ""]])
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:
        found = list(pool.map(_most_held, range(PROCESSES)))
    weights = found[0][0]
    rows = [
        ["weights", f"{weights:.1f}"],
        ["most that the training's process held", _spread([most for _, most, _ in found])],
        ["more than that in an examination", _spread([more for *_, more in found])],
        ["the same in sizes of the weights", _spread([more / weights for *_, more in found])],
    ]
    return table(f"Memory in MiB, {PROCESSES} processes", COLUMNS, rows)


def _most_held(_: int) -> tuple[float, float, float]:
    """The weights, the most while training, and how much more while examining, in MiB."""
    torch.set_num_threads(1)
    trained = patient()
    steps(trained, STEPS)
    before = _peak()
    examination(trained)
    return _size(trained.model), before, _peak() - before


def _peak() -> float:
    [line] = [line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024  # kB


def _size(model: nn.Module) -> float:
    return sum(weight.numel() * weight.element_size() for weight in model.parameters()) / MIB


def _spread(values: Sequence[float]) -> str:
    return spread((median(values), min(values), max(values)))


def _setting(trained: Patient) -> str:
    return f"{len(trained.train_loader.dataset)} sentences, batches of {BATCH_SIZE}"


def _seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start
