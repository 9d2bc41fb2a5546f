"""fit against the bare loop and other libraries' loops; what must be equal; time to accuracy.

All loops are in `_loops`. The other libraries serve this benchmark alone; where one is not
installed, the rest is measured without it. To install them:
.venv/bin/python -m pip install -c constraints.txt -r tests/benchmarks/requirements.txt
"""

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from importlib.metadata import version
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.utils.data import DataLoader

from course_lib import data, metric
from course_lib.data.sentences import MOST_TOKENS
from course_lib.loop import History, evaluate, fit, predict, train_step
from tests.benchmarks import _loops, _tasks, transfer
from tests.benchmarks._loops import BASE, Setting, weights
from tests.benchmarks._table import table
from tests.benchmarks._tasks import LABELS

ROUNDS = 21
RUNNING_EPOCHS, TINY_EPOCHS = 1, 20  # a second or so each, so that neighbours are alike
PRECISIONS = {"float32": torch.float32, "float64": torch.float64}
STEPS = 10  # after which accumulation is compared
PREDICTED = 400  # test sentences
WANTED, EVERY = 0.67, 10  # accuracy; steps between two looks at the test split


def run() -> Iterator[str]:
    if _loops.missing():
        yield f"Not installed, so not compared: {', '.join(_loops.missing())}."
    for setting in (_tasks.running(RUNNING_EPOCHS), _tasks.tiny(TINY_EPOCHS)):
        yield same_weights(setting)
        yield speed(setting)
    yield accumulation()
    yield continuing()
    yield prediction()
    yield time_to_accuracy()


# Speed.


def speed(setting: Setting, rounds: int = ROUNDS) -> str:
    """In every round each loop trains once beside a bare loop, which is the first in turns."""
    found = [_round(setting, number) for number in range(rounds + 1)][1:]  # one to warm up
    rows = []
    for name in found[0]:
        ratios = [each[name] for each in found]
        shown = [f"{value:.3f}" for value in (median(ratios), min(ratios), max(ratios))]
        rows.append([name, _version(name), *shown])
    return table(
        f"{setting.name}, {setting.epochs * len(setting.loader()):,} steps: "
        f"seconds of training, {BASE} = 1; {rounds} rounds",
        ("loop", "version", "median", "least", "most"),
        rows,
    )


def _round(setting: Setting, number: int) -> dict[str, float]:
    """How many times the seconds of the bare loop beside it each loop takes.

    The bare loop runs beside a second bare loop too: how far that is from 1 is noise. Objects are
    made before the clock starts.
    """
    found, makers = {}, _loops.makers()
    for name, make in makers.items():
        pair = [makers[BASE](setting), make(setting)]
        order = (0, 1) if number % 2 else (1, 0)
        seconds = {place: pair[place].seconds() for place in order}
        found[name] = seconds[1] / seconds[0]
    return found


def _version(name: str) -> str:
    package = _loops.LIBRARIES[name][1]
    return version(package) if package else ""


def same_weights(setting: Setting) -> str:
    """What every loop makes of two epochs, dropout and clipping included."""
    short = dataclasses.replace(setting, epochs=2)
    found = {name: weights(_trained(make(short))) for name, make in _loops.makers().items()}
    rows = [[name, _shown(_largest(each, found[BASE]))] for name, each in found.items()]
    title = f"{setting.name}: largest difference of a weight from the {BASE}'s after two epochs"
    return table(title, ("loop", "difference"), rows)


def _trained(training: _loops.Training) -> nn.Module:
    training.seconds()
    return training.model


def _largest(ours: Tensor, theirs: Tensor) -> float:
    return (ours - theirs).abs().max().item()


def _shown(difference: float) -> str:
    return f"{difference:.0e}" if difference else "0"


# What must be equal.


def accumulation() -> str:
    """Without dropout, which draws other numbers for other batches."""
    rows = []
    for sizes in ((16, 16), (8, 8, 8, 8), (15, 16, 1)):
        found = [_accumulated(sizes, dtype) for dtype in PRECISIONS.values()]
        rows.append([" + ".join(map(str, sizes)), *map(_shown, found)])
    title = f"{STEPS} steps of several batches against {STEPS} of one with 32: largest difference "
    title += "of a weight (fine-tuning without dropout, SGD, clip 1)"
    return table(title, ("batches of a step", *PRECISIONS), rows)


def _accumulated(sizes: Sequence[int], dtype: torch.dtype) -> float:
    return _largest(*(weights(_stepped(each, dtype)) for each in (sizes, [32])))


def _stepped(sizes: Sequence[int], dtype: torch.dtype) -> nn.Module:
    model, dataset = _tasks.classifier(dtype=dtype).train(), _tasks.sentences("train", LABELS)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    optimizer, items = torch.optim.SGD(model.parameters(), lr=0.1), iter(dataset)
    for _ in range(STEPS):
        batches = [_tasks.collate([next(items) for _ in range(size)]) for size in sizes]
        train_step(model, batches, F.cross_entropy, optimizer, clip=1.0)
    return model


def continuing() -> str:
    """With dropout, shuffling, AdamW and a schedule."""
    rows = []
    for parts in ((2, 2), (1, 3), (1, 1, 1, 1)):
        pairs = [(_trained_in(parts, d), _trained_in([4], d)) for d in PRECISIONS.values()]
        rows.append([" + ".join(map(str, parts)), *(_shown(_largest(*pair)) for pair in pairs)])
    title = "fit in parts against fit for 4 epochs: largest difference of a weight, a loss, a rate"
    return table(f"{title} (perceptron with dropout)", ("epochs", *PRECISIONS), rows)


def _trained_in(parts: Sequence[int], dtype: torch.dtype) -> Tensor:
    """Weights, losses and rates in one row."""
    model = _tasks.perceptron(dropout=0.2).to(dtype)
    pictures, labels = data.load_digits("train")
    loader = data.make_loader(data.DigitDataset(pictures.to(dtype), labels), 32, shuffle=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    schedule = CosineAnnealingLR(optimizer, 4 * len(loader))
    history, options = History(), {"scheduler": schedule, "clip": 1.0, "progress": False}
    for epochs in parts:
        fit(model, loader, F.cross_entropy, optimizer, epochs=epochs, history=history, **options)
    numbers = torch.tensor([*history.losses, *history.rates], dtype=dtype)
    return torch.cat([weights(model), numbers])


def prediction() -> str:
    rows = []
    for name, loader in _loaders().items():
        found = [_against_one_by_one(loader, dtype) for dtype in PRECISIONS.values()]
        rows.append([name, *(_shown(each) for each, _ in found), *(n for _, n in found)])
    title = f"predict against each of {PREDICTED} sentences alone, without padding and loader: "
    title += "largest difference of a logit, and answers that differ"
    answers = [f"answers, {precision}" for precision in PRECISIONS]
    return table(title, ("loader", *PRECISIONS, *answers), rows)


def _loaders() -> Mapping[str, DataLoader]:
    dataset = _tasks.sentences("test", PREDICTED)
    made, wide = partial(_tasks.loader_of, dataset), partial(_tasks.collate, width=MOST_TOKENS)
    return {
        "batches of 1": made(1),
        "batches of 16": made(16),
        "batches of 128": made(128),
        "shuffled": made(16, shuffle=True),
        "by length": made(16, bucket=True),
        "by length, shuffled": made(16, shuffle=True, bucket=True),
        "shuffled, 2 workers": made(16, shuffle=True, num_workers=2),
        f"all padded to {MOST_TOKENS}": DataLoader(dataset, 16, collate_fn=wide),
    }


def _against_one_by_one(loader: DataLoader, dtype: torch.dtype) -> tuple[float, int]:
    found, expected = predict(_tuned(dtype), loader), _one_by_one(dtype)
    differing = found.argmax(dim=1) != expected.argmax(dim=1)
    return _largest(found, expected), int(differing.sum())


@cache
def _tuned(dtype: torch.dtype) -> nn.Module:
    return _trained(_loops.bare(_tasks.running(epochs=2))).to(dtype)


@cache
def _one_by_one(dtype: torch.dtype) -> Tensor:
    """PyTorch alone."""
    model, dataset = _tuned(dtype).eval(), _tasks.sentences("test", PREDICTED)
    with torch.no_grad():
        return torch.cat([model(dataset[n]["input_ids"].unsqueeze(0)) for n in range(len(dataset))])


# Time to accuracy.


class Clock:
    """The seconds of training, and the accuracy every few steps, which costs none of them."""

    def __init__(self, model: nn.Module, loader: DataLoader) -> None:
        self.model, self.loader = model, loader
        self.seconds, self.curve = 0.0, []

    def on_start(self, run) -> None:
        self.since = time.perf_counter()

    def on_step(self, run) -> None:
        self.seconds += time.perf_counter() - self.since
        if run.step % EVERY == 0:
            found = evaluate(self.model, self.loader, metrics={"accuracy": metric.accuracy})
            self.curve.append((run.step, self.seconds, found["accuracy"]))
        self.since = time.perf_counter()


def time_to_accuracy(seeds: Sequence[int] = transfer.SEEDS) -> str:
    rows = [_accuracy_row(seed) for seed in seeds]
    return table(
        f"{LABELS} labels: seconds of training until the test accuracy is {WANTED} for the first "
        f"time, looked at every {EVERY} steps; threads: {torch.get_num_threads()}",
        (
            "seed",
            f"seconds to {WANTED}",
            "steps",
            f"accuracy after {transfer.STEPS}",
            "seconds",
            "TF-IDF's accuracy",
            "seconds",
        ),
        rows,
    )


def _accuracy_row(seed: int) -> list[object]:
    curve, tfidf = learning_curve(seed), transfer.cell(transfer.TFIDF, LABELS, seed)
    reached = next((each for each in curve if each[2] >= WANTED), None)
    first = ["never", ""] if reached is None else [f"{reached[1]:.1f}", reached[0]]
    _, seconds, accuracy = curve[-1]
    last = [f"{accuracy:.3f}", f"{seconds:.1f}"]
    return [seed, *first, *last, f"{tfidf.accuracy:.3f}", f"{tfidf.seconds:.2f}"]


def learning_curve(seed: int) -> list[tuple[int, float, float]]:
    """(steps, seconds of training, accuracy on the test split) by fit, with transfer's recipe."""
    test = _tasks.loader_of(_tasks.sentences("test"), 128, bucket=True)
    train = _tasks.sentences("train", LABELS, seed)
    loader = _tasks.loader_of(train, shuffle=True, bucket=True, seed=seed)
    model = _tasks.classifier(seed)
    clock = Clock(model, test)
    transfer.train(model, loader, callbacks=[clock])
    return clock.curve
