"""The four cases of transfer learning, run: few or more labels, a task like the pretraining or not.

The unlike task is the same sentences with the same labels in a cipher, so that nothing changes but
the likeness to what the backbone has read. A model that learns from these sentences alone loses
nothing by it: TF-IDF shows that. Beside the shipped backbone, one that was pretrained with a bug.

WRITE=1 keeps the single runs in data/transfer, and goes on with what is there.
"""

import random
import string
from collections.abc import Iterator
from functools import cache, partial
from itertools import product
from pathlib import Path
from statistics import mean

from course_lib import data
from course_lib.data.sentences import MOST_TOKENS
from course_lib.model import load_backbone
from tests.benchmarks import _badly, _guessing, _rows, baselines, transfer
from tests.benchmarks._table import table
from tests.benchmarks.transfer import FINE_TUNED, FROZEN, SCRATCH, TFIDF

SIZES = (200, 2000)
SEEDS = range(5)
SIMILAR, UNLIKE = "docstrings", "cipher"
NONE, SHIPPED, BAD = "none", "shipped", "badly pretrained"
FOUR = ((NONE, TFIDF), (NONE, SCRATCH), (SHIPPED, FROZEN), (SHIPPED, FINE_TUNED))
WAYS = {SIMILAR: (*FOUR, (BAD, FROZEN), (BAD, FINE_TUNED)), UNLIKE: FOUR}
KEY = 7  # of the cipher


def ciphered(text: str) -> str:
    """The text in lower case, with another letter for each letter, always the same one."""
    letters = list(string.ascii_lowercase)
    random.Random(KEY).shuffle(letters)
    return text.lower().translate(str.maketrans(string.ascii_lowercase, "".join(letters)))


@cache
def sentences(task: str, split: str) -> transfer.Part:
    """The sentences and the labels of a split, as the task has them."""
    found, labels = data.load_docstrings(split)
    return ([ciphered(sentence) for sentence in found] if task == UNLIKE else found), labels


def cell(task: str, backbone: str, method: str, labels: int, seed: int) -> transfer.Cell:
    """One cell of the tables, trained on part number `seed` of `labels` sentences."""
    folder = _badly.folder() if backbone == BAD else _guessing.SHIPPED
    return transfer.cell(method, labels, seed, partial(sentences, task), folder)


def run() -> Iterator[str]:
    yield _lengths()
    for size in SIZES:
        for task, ways in WAYS.items():
            found = {way: _scores(task, *way, size) for way in ways}
            yield table(
                f"{size:,} labels, {task}: mean ± deviation over {len(SEEDS)} seeds",
                ("", "backbone", "accuracy", "macro F1"),
                [[method, backbone, *found[backbone, method]] for backbone, method in ways],
            )
    yield _copying()


def _scores(task: str, backbone: str, method: str, size: int) -> list[str]:
    key = {"task": task, "backbone": backbone, "method": method, "labels": size}
    found = _rows.rows("cases.csv", [key | {"seed": seed} for seed in SEEDS], _row)
    columns = ("accuracy", "macro_f1")
    return [baselines.with_deviation(_rows.numbers(found, column)) for column in columns]


def _row(**key: object) -> dict[str, object]:
    """Without the seconds: the machine may have been busy."""
    row = cell(**key).row()
    del row["seconds"]
    return row


def _lengths() -> str:
    rows = [[task, *_length(task, split)] for task, split in product(WAYS, ("train", "test"))]
    return table(
        f"Tokens, [CLS] and [SEP] among them; a sentence is cut off at {MOST_TOKENS}",
        ("task", "split", "tokens per sentence", "cut off", "unknown tokens"),
        rows,
    )


def _length(task: str, split: str) -> list[str]:
    tokenizer = load_backbone(_guessing.SHIPPED)[1]
    found = tokenizer(sentences(task, split)[0], truncation=False, verbose=False)["input_ids"]
    counts = [len(tokens) for tokens in found]
    cut = mean(count > MOST_TOKENS for count in counts)
    unknown = sum(tokens.count(tokenizer.unk_token_id) for tokens in found) / sum(counts)
    return [split, f"{mean(counts):.1f}", f"{cut:.2%}", f"{unknown:.2%}"]


def _copying() -> str:
    """What the bug's loss hides: how well both backbones guess tokens that are really hidden."""
    bad = _badly.folder()
    curve = _rows.read(bad / "curve.csv")
    shipped = _rows.read(_guessing.SHIPPED / "curve.csv")
    rows = [
        [name, f"{float(points[-1]['validation_loss']):.2f}", *_guesses(folder)]
        for name, points, folder in ((SHIPPED, shipped, _guessing.SHIPPED), (BAD, curve, bad))
    ]
    return table(
        "The loss that pretraining reports, and tokens of validation sentences that are hidden",
        ("backbone", "reported loss", "loss on hidden tokens", "guessed right"),
        rows,
    )


def _guesses(folder: Path) -> tuple[str, str]:
    loss, right = _guessing.guesses_of(load_backbone(folder)[0], folder)
    return f"{loss:.2f}", f"{right:.1%}"
