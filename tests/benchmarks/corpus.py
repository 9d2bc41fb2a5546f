"""What the docstrings are like: lengths, names given away, near-duplicates, what is held out."""

import os
import random
import re
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from statistics import mean, median
from unittest.mock import patch

from course_lib import _sources, data, runtime
from tests.benchmarks._table import table

# How a sentence may call each library.
CALLED = {"sklearn": r"sklearn|scikit-learn", "torch": r"py?torch|torch"}
RANDOM_SPLITS = 5
READS = 5


def run() -> Iterator[str]:
    pairs = [
        pair for split in data.SPLITS for pair in zip(*data.load_docstrings(split), strict=True)
    ]
    texts = [text for text, _ in pairs]
    yield table("Sentences", ("what", "measured"), [*_lengths(texts), *_names(pairs)])
    yield table("Near-duplicates", ("what", "measured"), _duplicates(texts))
    yield table("Left out", ("what", "measured"), _left_out())
    yield table("Collecting", ("what", "measured"), _collecting())


def _lengths(texts: list[str]) -> list[tuple]:
    words = sorted(len(text.split()) for text in texts)
    p95 = words[int(0.95 * len(words))]
    return [("words: median, 95th percentile, most", f"{median(words):.0f}, {p95}, {words[-1]}")]


def _names(pairs: list[tuple[str, int]]) -> list[tuple]:
    patterns = [
        re.compile(rf"\b({CALLED.get(name, name)})\b", re.IGNORECASE) for name in data.LIBRARIES
    ]
    own = sum(bool(patterns[label].search(text)) for text, label in pairs)
    some = sum(any(pattern.search(text) for pattern in patterns) for text, _ in pairs)
    return [
        ("name their own library", f"{own:,} of {len(pairs):,} = {own / len(pairs):.1%}"),
        ("name any of the seven", f"{some:,} = {some / len(pairs):.1%}"),
    ]


def _duplicates(texts: list[str]) -> list[tuple]:
    keys = [data.key_of(text) for text in texts]
    groups = Counter(keys)
    alike = sum(count for count in groups.values() if count > 1)
    random_parts, hashed_parts = [], [data.split_of(text) for text in texts]
    for seed in range(RANDOM_SPLITS):
        draw = random.Random(seed)
        random_parts.append(draw.choices(data.SPLITS, (8, 1, 1), k=len(texts)))
    given_away = mean(_given_away(keys, parts) for parts in random_parts)
    held_out = mean(len(texts) - parts.count("train") for parts in random_parts)
    return [
        (
            "sentences with a near-duplicate (same `key_of`)",
            f"{alike:,} = {alike / len(texts):.1%}",
        ),
        ("groups of them", sum(count > 1 for count in groups.values())),
        (
            "validation and test sentences with one in train, random split",
            f"{given_away:.0f} = {given_away / held_out:.1%}",
        ),
        ("the same, with `split_of`", _given_away(keys, hashed_parts)),
    ]


def _given_away(keys: list[str], parts: list[str]) -> int:
    known = {key for key, part in zip(keys, parts, strict=True) if part == "train"}
    return sum(key in known for key, part in zip(keys, parts, strict=True) if part != "train")


def _left_out() -> list[tuple]:
    owners, texts, paragraphs = defaultdict(set), set(), set()
    for name in data.LIBRARIES:
        sentences, found = _sources.read_files(_sources.source_files(name))
        paragraphs.update(found)
        texts.update((text, name) for text in sentences)
    for text, name in texts:
        owners[data.key_of(text)].add(name)
    shared = {data.key_of(text): text for text, _ in texts if len(owners[data.key_of(text)]) > 1}
    gone = sum(len(owners[data.key_of(text)]) > 1 for text, _ in texts)
    kept = data.load_paragraphs()
    dropped = len(paragraphs) - len(kept)
    words = sum(len(text.split()) for text in kept)
    return [
        ("sentences that two or more libraries share, by `key_of`", len(shared)),
        ("the same, counted in each library that has one", gone),
        ("paragraphs found", f"{len(paragraphs):,}"),
        (
            "left out, for a validation or test sentence in them",
            f"{dropped:,} = {dropped / len(paragraphs):.1%}",
        ),
        ("kept, for pretraining", f"{len(kept):,}, {words / 1e6:.2f} million words"),
    ]


def _collecting() -> list[tuple]:
    """Seconds here, for once: at most 20 are wanted for the first collection, 0.5 later."""
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.dict(os.environ, COURSE_CACHE_DIR=folder),
    ):
        first = _seconds_to_load()
        later = median(_seconds_to_load() for _ in range(READS))
        size = (runtime.cache_dir() / "docstrings.json").stat().st_size
    return [
        ("first collection / later read, of one split", f"{first / later:.0f}"),
        ("seconds: first, later", f"{first:.1f}, {later:.2f}"),
        ("the file", f"{size / 1e6:.1f} MB"),
    ]


def _seconds_to_load() -> float:
    start = time.perf_counter()
    data.load_docstrings("train")
    return time.perf_counter() - start
