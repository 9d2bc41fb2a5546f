"""Few labels: TF-IDF, and the backbone from scratch, frozen, gradually unfrozen and fine-tuned.

All methods train on the same parts of the training split and are scored on the test split. The
seconds are those of training: making the model, choosing C and the test part do not count. The
memory is that of one step on 16 sentences of 32 tokens: weights, gradients, AdamW's state and what
the forward pass keeps for the backward pass, counted, not measured. How much the old task is
forgotten is measured on the validation sentences, under the guessing head of the backbone.

BACKBONE names another folder, or a name on the Hub, in place of the shipped backbone. WRITE=1 keeps
the single runs of the shipped one in data/transfer, and goes on with what is there.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

from course_lib import data, freeze, runtime
from course_lib.data.sentences import MOST_TOKENS
from course_lib.explore._cost import step_cost
from course_lib.loop import fit, predict
from course_lib.model import TextClassifier, load_backbone
from course_lib.shapes import count_parameters
from tests.benchmarks import _guessing, _rows, baselines
from tests.benchmarks._table import table

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SIZES = (100, 500, 2000)
SEEDS = range(5)  # each with a part of the training split of its own
STEPS, WARM_UP = 200, 20
UNFREEZE_EVERY = 32  # steps, or the next whole number of epochs
RATES = {"backbone": 5e-4, "head": 5e-3}
CLASSES = len(data.LIBRARIES)
FORGETTING = 500  # labels
COUNTED = (16, 32)  # (B, T) of the batch that memory is counted for
TFIDF, SCRATCH = "TF-IDF + logistic regression", "from scratch"
FROZEN, FINE_TUNED = "pretrained, frozen", "pretrained, fine-tuned"
GRADUAL = "pretrained, gradually unfrozen"

Part = tuple[list[str], list[int]]
Split = Callable[[str], Part]  # "train", "validation" or "test" -> sentences and labels


@dataclass(frozen=True)
class Cell:
    """What one method reached with one part of the training split."""

    accuracy: float
    f1: float  # macro
    seconds: float
    trainable: int  # parameters that learn at the end
    memory: int  # bytes

    def row(self) -> dict[str, object]:
        """As it stands in the CSV files."""
        return {
            "accuracy": f"{self.accuracy:.4f}",
            "macro_f1": f"{self.f1:.4f}",
            "seconds": f"{self.seconds:.2f}",
            "trainable": self.trainable,
            "memory_mb": f"{self.memory / 1e6:.3f}",
        }


def cell(
    method: str,
    size: int,
    seed: int,
    split: Split = data.load_docstrings,
    backbone: str | Path | None = None,
) -> Cell:
    """One cell of the tables: a method of METHODS, trained on part number `seed` of `size` labels.

    `make bench` gives it one thread; elsewhere it takes as many as torch has.
    """
    if method == TFIDF:
        return tfidf(size, seed, split)
    model, tokenizer, seconds = trained(method, size, seed, split, backbone)
    scores = evaluate(model, _loader(split("test"), tokenizer, 128))
    trainable = count_parameters(model, trainable_only=True)
    return Cell(*scores, seconds, trainable, memory(model, tokenizer))


def run() -> Iterator[str]:
    for size in SIZES:
        yield table(
            f"{size:,} labels: mean ± deviation over {len(SEEDS)} seeds; "
            f"threads: {torch.get_num_threads()}",
            ("", "accuracy", "macro F1", "seconds", "trainable parameters", "memory, MB"),
            [_scores(method, size) for method in METHODS],
        )
    if not os.environ.get("BACKBONE"):
        yield table(
            "Forgetting: guessing hidden tokens of validation sentences, before and after training "
            f"with {FORGETTING} labels; mean ± deviation over {len(SEEDS)} seeds",
            ("", "loss before", "loss after", "guessed right before", "guessed right after"),
            [_forgotten(method) for method in (FROZEN, GRADUAL, FINE_TUNED)],
        )


def _scores(method: str, size: int) -> list[str]:
    numbers = _numbers("few_labels.csv", method, size, _measured)
    return [
        method,
        *(baselines.with_deviation(numbers(column)) for column in ("accuracy", "macro_f1")),
        f"{mean(numbers('seconds')):.1f}",
        f"{mean(numbers('trainable')):,.0f}",
        f"{mean(numbers('memory_mb')):.2f}",
    ]


def _measured(method: str, labels: int, seed: int) -> dict[str, object]:
    return cell(method, labels, seed).row()


def _forgotten(method: str) -> list[str]:
    numbers = _numbers("forgetting.csv", method, FORGETTING, forgetting)
    columns = ("loss_before", "loss_after", "right_before", "right_after")
    return [method, *(baselines.with_deviation(numbers(column)) for column in columns)]


def _numbers(
    name: str, method: str, size: int, measure: Callable[..., dict[str, object]]
) -> Callable[[str], list[float]]:
    """From a column of the file to its numbers, one for each seed."""
    wanted = [{"method": method, "labels": size, "seed": seed} for seed in SEEDS]
    return partial(_rows.numbers, _rows.rows(name, wanted, measure))


def forgetting(method: str, labels: int, seed: int) -> dict[str, object]:
    """The old task's loss and the share of tokens guessed right, before and after the new task."""
    model, _, _ = trained(method, labels, seed)
    (loss, right), (new_loss, new_right) = _before(), _guessing.guesses_of(model.backbone)
    found = {"loss_before": loss, "loss_after": new_loss}
    found |= {"right_before": right, "right_after": new_right}
    return {name: f"{value:.4f}" for name, value in found.items()}


@cache
def _before() -> tuple[float, float]:
    return _guessing.guesses_of(load_backbone()[0])


def tfidf(size: int, seed: int, split: Split = data.load_docstrings) -> Cell:
    """Its memory is that of the coefficients and the weights of words (idf), in float64."""
    part, C = _part(size, seed, split), strength(size)
    start = time.perf_counter()
    model = baselines.sentence_model(part, C)
    seconds = time.perf_counter() - start
    sentences, labels = split("test")
    scores = baselines.accuracy_and_f1(labels, model.predict(sentences))
    learned = (model[-1].coef_, model[-1].intercept_)
    held = sum(array.nbytes for array in (*learned, model[0].idf_))
    return Cell(*scores, seconds, sum(array.size for array in learned), held)


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
    """Nothing in it learns; `fit` keeps it in evaluation mode, so it drops nothing."""
    freeze.freeze(pretrained)
    return pretrained


def as_it_is(pretrained: nn.Module) -> nn.Module:
    return pretrained


@dataclass(frozen=True)
class Way:
    """What is done to the backbone before training, and the learning rates.

    With `falls`, the layers are unfrozen one after another, and the backbone's rate is that of its
    last one; each before it has the share `falls` of the rate of the next.
    """

    prepare: Callable[[nn.Module], nn.Module]
    rates: Mapping[str, float]
    falls: float | None = None


# The learning rates, the dropout (in the backbone's config), the pooling, the number of steps, the
# batch size and the pace of unfreezing were chosen on the validation split, most of them with 500
# labels. Of nine settings of the gradual way, this one had the best macro F1, by a little.
WAYS = {
    SCRATCH: Way(from_scratch, {"backbone": 1e-3, "head": 1e-3}),
    FROZEN: Way(frozen, {"backbone": 0.0, "head": 2e-2}),
    GRADUAL: Way(as_it_is, {"backbone": 1e-3, "head": 1e-2}, falls=0.7),
    FINE_TUNED: Way(as_it_is, RATES),
}
METHODS = (TFIDF, *WAYS)


def trained(
    method: str,
    size: int,
    seed: int,
    split: Split = data.load_docstrings,
    backbone: str | Path | None = None,
) -> tuple[TextClassifier, "PreTrainedTokenizerBase", float]:
    """A new head, and of the backbone what the method lets learn; the seconds of training."""
    way = WAYS[method]
    pretrained, tokenizer = load_backbone(backbone or os.environ.get("BACKBONE") or None)
    runtime.seed_everything(seed)
    model = TextClassifier(way.prepare(pretrained), CLASSES)
    batch_size = 16 if size <= 500 else 32  # with 2,000 labels, 16 costs two points
    loader = _loader(_part(size, seed, split), tokenizer, batch_size, seed)
    if way.falls is None:
        return model, tokenizer, train(model, loader, way.rates)
    every = max(1, round(UNFREEZE_EVERY / len(loader)))
    unfreezing = freeze.GradualUnfreezing(parts(model), every)
    return model, tokenizer, train(model, loader, falling(model, way), [unfreezing])


def falling(model: TextClassifier, way: Way) -> dict[str, float]:
    """A rate for each of the parts."""
    *encoder, head = parts(model)
    rates = freeze.falling_rates(encoder, way.rates["backbone"], way.falls)
    return rates | {head: way.rates["head"]}


def parts(model: TextClassifier) -> list[str]:
    """From the input to the output."""
    layers = range(len(model.backbone.encoder.layer))
    encoder = [f"backbone.encoder.layer.{number}" for number in layers]
    return ["backbone.embeddings", *encoder, "head"]


def memory(model: TextClassifier, tokenizer: "PreTrainedTokenizerBase") -> int:
    """Bytes of one training step, with what learns in the model now."""
    return step_cost(freeze.train_mode(model), _batch(tokenizer), F.cross_entropy).memory


def _batch(tokenizer: "PreTrainedTokenizerBase") -> dict[str, Tensor]:
    B, T = COUNTED
    sentences, labels = data.load_docstrings("train")
    options = {"padding": "max_length", "truncation": True, "max_length": T}
    inputs = tokenizer(sentences[:B], return_tensors="pt", **options)
    kept = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    return kept | {"labels": torch.tensor(labels[:B])}


def train(
    model: TextClassifier,
    loader: DataLoader,
    rates: Mapping[str, float] = RATES,
    callbacks: Sequence[Any] = (),
) -> float:
    """STEPS steps of AdamW, warm-up and linear decay; the seconds it took."""
    optimizer = torch.optim.AdamW(freeze.parameter_groups(model, rates))
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


def up_and_down(steps: int) -> Callable[[int], float]:
    """From a step to its share of the learning rate: a line up, and one down to 0."""
    return lambda step: min((step + 1) / WARM_UP, (steps - step) / (steps - WARM_UP))


def evaluate(model: nn.Module, loader: DataLoader) -> tuple[float, float]:
    """Accuracy and macro F1."""
    answers = predict(model, loader).argmax(dim=1)
    return baselines.accuracy_and_f1(loader.dataset.labels, answers.tolist())


def _part(size: int, seed: int, split: Split = data.load_docstrings) -> Part:
    return baselines.training_parts(split("train"), size)[seed]


def _loader(
    part: Part,
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
