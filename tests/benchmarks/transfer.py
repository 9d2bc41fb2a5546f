"""Few labels: TF-IDF, and the backbone from scratch, frozen and fine-tuned, on the test split.

BACKBONE names another folder, or a name on the Hub, in place of the shipped backbone. All methods
train on the same parts of the training split. The seconds are those of training: making the model,
choosing C and the test part do not count.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from functools import cache, partial
from statistics import mean
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

from course_lib import data, runtime
from course_lib.data.sentences import MOST_TOKENS
from course_lib.loop import fit, predict
from course_lib.model import TextClassifier, load_backbone
from course_lib.shapes import count_parameters
from tests.benchmarks import baselines
from tests.benchmarks._table import table

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SIZES = (100, 500, 2000)
SEEDS = range(5)  # each with a part of the training split of its own
STEPS, WARM_UP = 200, 20
RATES = (5e-4, 5e-3)  # of the backbone and of the head
CLASSES = len(data.LIBRARIES)
TFIDF, SCRATCH = "TF-IDF + logistic regression", "from scratch"
FROZEN, FINE_TUNED = "pretrained, frozen", "pretrained, fine-tuned"


@dataclass(frozen=True)
class Cell:
    """What one method reached with one part of the training split."""

    accuracy: float
    f1: float  # macro
    seconds: float
    trainable: int  # parameters


def cell(method: str, size: int, seed: int) -> Cell:
    """One cell of the tables: a method of METHODS, trained on part number `seed` of `size` labels.

    `make bench` gives it one thread; elsewhere it takes as many as torch has.
    """
    return METHODS[method](size, seed)


def run() -> Iterator[str]:
    for size in SIZES:
        rows = []
        for method in METHODS:
            found = zip(*(astuple(cell(method, size, seed)) for seed in SEEDS), strict=True)
            accuracy, f1, seconds, trainable = found
            scores = map(baselines.with_deviation, (accuracy, f1))
            rows.append([method, *scores, f"{mean(seconds):.1f}", f"{mean(trainable):,.0f}"])
        yield table(
            f"{size:,} labels: mean ± deviation over {len(SEEDS)} seeds; "
            f"threads: {torch.get_num_threads()}",
            ("", "accuracy", "macro F1", "seconds", "trainable parameters"),
            rows,
        )


def tfidf(size: int, seed: int) -> Cell:
    part, C = _part(size, seed), strength(size)
    start = time.perf_counter()
    model = baselines.sentence_model(part, C)
    seconds = time.perf_counter() - start
    sentences, labels = data.load_docstrings("test")
    scores = baselines.accuracy_and_f1(labels, model.predict(sentences))
    numbers = model[-1].coef_.size + model[-1].intercept_.size
    return Cell(*scores, seconds, numbers)


@cache
def strength(size: int) -> float:
    """The C that `baselines` takes for this size: the best macro F1 on the validation split."""
    parts = baselines.training_parts(data.load_docstrings("train"), size)
    validation = data.load_docstrings("validation")

    def f1(C: float) -> float:
        models = [baselines.sentence_model(part, C) for part in parts]
        return baselines.mean_accuracy_and_f1(models, validation)[1]

    return max(baselines.STRENGTHS, key=f1)


def from_scratch(pretrained: nn.Module) -> nn.Module:
    """The same model with weights drawn anew."""
    from transformers import AutoModel

    return AutoModel.from_config(pretrained.config, add_pooling_layer=False)


def frozen(pretrained: nn.Module) -> nn.Module:
    """Nothing in it learns, and it gives the same vectors in every epoch."""
    for module in pretrained.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return pretrained.requires_grad_(False)


def as_it_is(pretrained: nn.Module) -> nn.Module:
    return pretrained


def neural(
    prepare: Callable[[nn.Module], nn.Module], rates: tuple[float, float], size: int, seed: int
) -> Cell:
    """Train a new head, and of the backbone what has a gradient; score it on the test split."""
    backbone, tokenizer = load_backbone(os.environ.get("BACKBONE") or None)
    runtime.seed_everything(seed)
    model = TextClassifier(prepare(backbone), CLASSES)
    batch_size = 16 if size <= 500 else 32  # with 2,000 labels, 16 costs two points
    seconds = train(model, _loader(_part(size, seed), tokenizer, batch_size, seed), rates)
    scores = evaluate(model, _loader(data.load_docstrings("test"), tokenizer, 128))
    return Cell(*scores, seconds, count_parameters(model, trainable_only=True))


# The learning rates are those of the backbone and of the head. They, the dropout (in the backbone's
# config), the pooling, the number of steps and the batch size were chosen on the validation split,
# most of them with 500 labels.
METHODS: dict[str, Callable[[int, int], Cell]] = {
    TFIDF: tfidf,
    SCRATCH: partial(neural, from_scratch, (1e-3, 1e-3)),
    FROZEN: partial(neural, frozen, (0.0, 2e-2)),
    FINE_TUNED: partial(neural, as_it_is, RATES),
}


def train(
    model: TextClassifier,
    loader: DataLoader,
    rates: tuple[float, float] = RATES,
    callbacks: Sequence[Any] = (),
) -> float:
    """STEPS steps of AdamW, warm-up and linear decay; the seconds it took."""
    optimizer = torch.optim.AdamW(groups(model, rates))
    options = {
        "epochs": -(-STEPS // len(loader)),
        "scheduler": LambdaLR(optimizer, up_and_down(STEPS)),
        "clip": 1.0,
        "callbacks": [StopsAfter(STEPS), *callbacks],
        "progress": False,
    }
    start = time.perf_counter()
    fit(model, loader, F.cross_entropy, optimizer, **options)
    return time.perf_counter() - start


class StopsAfter:
    """Ends a training after so many steps, in the middle of an epoch too."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def on_step(self, run: Any) -> None:
        run.stop = run.stop or run.step == self.steps


def groups(model: TextClassifier, rates: tuple[float, float] = RATES) -> list[dict]:
    """Parameter groups of what learns in the backbone and in the head, with their rates."""
    parts = model.backbone.parameters(), model.head.parameters()
    return [
        {"params": [weight for weight in part if weight.requires_grad], "lr": rate}
        for part, rate in zip(parts, rates, strict=True)
    ]


def up_and_down(steps: int) -> Callable[[int], float]:
    """From a step to its share of the learning rate: a line up, and one down to 0."""
    return lambda step: min((step + 1) / WARM_UP, (steps - step) / (steps - WARM_UP))


def evaluate(model: nn.Module, loader: DataLoader) -> tuple[float, float]:
    """Accuracy and macro F1."""
    answers = predict(model, loader).argmax(dim=1)
    return baselines.accuracy_and_f1(loader.dataset.labels, answers.tolist())


def _part(size: int, seed: int) -> tuple[list, list]:
    return baselines.training_parts(data.load_docstrings("train"), size)[seed]


def _loader(
    part: tuple[list, list],
    tokenizer: "PreTrainedTokenizerBase",
    batch_size: int,
    shuffle_by: int | None = None,
) -> DataLoader:
    """Batches of similar length; in another order each epoch if there is a seed to shuffle by."""
    most = min(tokenizer.model_max_length, MOST_TOKENS)
    encode = partial(tokenizer.encode, truncation=True, max_length=most)
    return data.make_loader(
        data.SentenceDataset(*part, encode, most, CLASSES),
        batch_size,
        shuffle=shuffle_by is not None,
        bucket=True,
        seed=shuffle_by or 0,
        pad_token_id=tokenizer.pad_token_id,
    )
