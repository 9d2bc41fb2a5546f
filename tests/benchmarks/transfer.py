"""Few labels: the backbone fine-tuned, frozen, and its model from scratch, on the test split."""

import os
import time
from collections.abc import Callable, Iterator
from statistics import mean, stdev

import torch
import torch.nn.functional as F
from sklearn.metrics import accuracy_score, f1_score
from torch import Tensor, nn

from course_lib import data, runtime
from tests.benchmarks._table import table

SIZES = (100, 500, 2000)
SEEDS = range(5)
STEPS, BATCH = 200, 32
CLASSES = len(data.LIBRARIES)


class Classifier(nn.Module):
    """A backbone, the mean of its tokens, dropout, and a linear head."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone, self.dropout = backbone, nn.Dropout(0.1)
        self.head = nn.Linear(backbone.config.hidden_size, CLASSES)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        hidden = self.backbone(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weight = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return self.head(self.dropout((hidden * weight).sum(1) / weight.sum(1)))


def pretrained() -> nn.Module:
    from transformers import AutoModel

    return AutoModel.from_pretrained(folder(), add_pooling_layer=False)


def from_scratch() -> nn.Module:
    from transformers import AutoConfig, AutoModel

    return AutoModel.from_config(AutoConfig.from_pretrained(folder()), add_pooling_layer=False)


def folder() -> str:
    """The backbone's folder: the environment variable BACKBONE, else the one that is shipped."""
    found = os.environ.get("BACKBONE") or str(runtime.data_dir() / "backbone")
    if not os.path.isfile(f"{found}/model.safetensors"):
        raise FileNotFoundError(
            f"transfer: found no model.safetensors in {found}, expected a pretrained backbone. "
            "Make one with `python -m course_lib.pretrain`."
        )
    return found


def frozen(seed: int) -> Classifier:
    model = Classifier(pretrained())
    model.backbone.requires_grad_(False)
    return model


METHODS: dict[str, tuple[Callable, float]] = {
    "from scratch": (lambda seed: Classifier(from_scratch()), 5e-4),
    "frozen": (frozen, 5e-3),
    "fine-tuned": (lambda seed: Classifier(pretrained()), 5e-4),
}


def train(model: nn.Module, loader: object, rate: float) -> float:
    """STEPS steps of AdamW, warm-up and linear decay; the seconds it took."""
    start, step = time.perf_counter(), 0
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 20, (STEPS - step) / (STEPS - 20))
    )
    model.train()
    while step < STEPS:
        for batch in loader:
            labels = batch.pop("labels")
            loss = F.cross_entropy(model(**batch), labels)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            schedule.step()
            step += 1
            if step == STEPS:
                break
    return time.perf_counter() - start


@torch.no_grad()
def scores(model: nn.Module, loader: object) -> tuple[float, float]:
    model.eval()
    answers, labels = [], []
    for batch in loader:
        labels += batch.pop("labels").tolist()
        answers += model(**batch).argmax(dim=1).tolist()
    return accuracy_score(labels, answers), f1_score(labels, answers, average="macro")


def run() -> Iterator[str]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder())
    most = AutoTokenizer.from_pretrained(folder()).model_max_length

    def encode(text: str) -> list[int]:
        return tokenizer(text)["input_ids"]

    def encoded(part: tuple[list, list]) -> data.SentenceDataset:
        return data.SentenceDataset(*part, encode, most, CLASSES)

    test = data.make_loader(encoded(data.load_docstrings("test")), 128, bucket=True)
    sentences, labels = data.load_docstrings("train")
    for size in SIZES:
        rows = []
        for name, (make, rate) in METHODS.items():
            found, seconds = [], []
            for seed in SEEDS:
                cut = slice(seed * size, (seed + 1) * size)
                part = encoded((sentences[cut], labels[cut]))
                torch.manual_seed(seed)
                model = make(seed)
                loader = data.make_loader(part, BATCH, shuffle=True, bucket=True, seed=seed)
                seconds.append(train(model, loader, rate))
                found.append(scores(model, test))
            rows.append(
                [name, *map(with_deviation, zip(*found, strict=True)), f"{mean(seconds):.1f}"]
            )
        yield table(
            f"{size} labels, {len(SEEDS)} seeds", ("", "accuracy", "macro F1", "seconds"), rows
        )


def with_deviation(values: tuple[float, ...]) -> str:
    return f"{mean(values):.3f} ± {stdev(values):.3f}"
