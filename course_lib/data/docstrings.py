"""Which library wrote this sentence? The first sentences of the docstrings of seven libraries.

They are collected once from the sources of the installed libraries, which are read, never run, and
kept in one file in `runtime.cache_dir()`; a change of version or of the cleaning makes it anew.
"""

import contextlib
import hashlib
import importlib.metadata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from course_lib import _prose, _sources, runtime
from course_lib.data import _cache, splits
from course_lib.data.splits import _expect_split, key_of, split_of

# The classes, by label: 0 is matplotlib. Each name as it is imported, and as it is installed.
LIBRARIES = ("matplotlib", "numpy", "pandas", "scipy", "sklearn", "torch", "transformers")
DISTRIBUTIONS = {"sklearn": "scikit-learn"}
FILES_AT_ONCE = 40  # files that a worker process reads before it reports


def load_docstrings(split: str) -> tuple[list[str], list[int]]:
    """The sentences of a split, and for each the index of its library in `LIBRARIES`.

    Every sentence stands once, in one split; one that two libraries share is in none. The order is
    shuffled, and always the same: the first n are a fair sample.

    Raises:
        ValueError: there is no such split.

    Built in notebooks/02_dataset_and_dataloader.ipynb.
    """
    _expect_split(split, "load_docstrings")
    pairs = _part(split)
    return [sentence for sentence, _ in pairs], [label for _, label in pairs]


def load_paragraphs() -> list[str]:
    """All paragraphs of the same docstrings, without labels, for pretraining.

    A paragraph in which a validation or test sentence occurs is left out, whatever its case,
    digits and punctuation.

    Built in notebooks/02_dataset_and_dataloader.ipynb.
    """
    return _part("paragraphs")


def _part(name: str) -> Any:
    """One part of the corpus, from the cache or collected now."""
    from filelock import FileLock

    path, key = runtime.cache_dir() / "docstrings.json", _key()
    try:
        found = _cache.read(path, key, name)
    except _cache.Damaged:
        found = None
    if found is not None:
        return found
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # whoever cannot lock cannot write: that is said below
            path.parent.mkdir(parents=True, exist_ok=True)
            # Whoever comes second waits, and then reads.
            stack.enter_context(FileLock(path.with_suffix(".lock")))
        return _read_or_collect(path, key, name)


def _read_or_collect(path: Path, key: Mapping[str, str], name: str) -> Any:
    try:
        found = _cache.read(path, key, name)
    except _cache.Damaged:
        print("load_docstrings: the cached docstrings were damaged; they are collected again.")
        found = None
    if found is not None:
        return found
    parts = _collect()
    try:
        _cache.write(path, key, parts)
    except OSError as error:
        print(
            f"load_docstrings: {path} cannot be written ({error.strerror}), so the docstrings are "
            "collected anew each time. COURSE_CACHE_DIR names another folder."
        )
    return parts[name]


def _key() -> dict[str, str]:
    """What the corpus depends on: the libraries' versions, the code that cleans and splits."""
    key = {name: importlib.metadata.version(DISTRIBUTIONS.get(name, name)) for name in LIBRARIES}
    code = hashlib.sha256()
    for module in (_sources.__file__, _prose.__file__, splits.__file__, __file__):
        code.update(Path(module).read_bytes())
    return key | {"code": code.hexdigest()}


def _collect() -> dict[str, list]:
    """Read all libraries, in two processes, and make the parts of the corpus."""
    from joblib import Parallel, delayed

    jobs = [
        (label, files[start : start + FILES_AT_ONCE])
        for label, library in enumerate(LIBRARIES)
        for files in [_sources.source_files(library)]
        for start in range(0, len(files), FILES_AT_ONCE)
    ]
    read = delayed(_sources.read_files)
    results = Parallel(n_jobs=2, return_as="generator")(read(files) for _, files in jobs)
    sentences: list[dict[str, None]] = [{} for _ in LIBRARIES]
    paragraphs: dict[str, None] = {}
    bar = runtime.progress_bar(results, len(jobs), "collecting docstrings")
    for (label, _), (first, rest) in zip(jobs, bar, strict=True):
        sentences[label].update(dict.fromkeys(first))
        paragraphs.update(dict.fromkeys(rest))
    parts = _split(sentences)
    held_out = [text for split in ("validation", "test") for text, _ in parts[split]]
    return parts | {"paragraphs": _without(held_out, paragraphs)}


def _split(sentences: list[Iterable[str]]) -> dict[str, list]:
    """`{split: [(sentence, label), ...]}`, in the order of the sentences' hashes."""
    owners = defaultdict(set)
    for label, texts in enumerate(sentences):
        for text in texts:
            owners[key_of(text)].add(label)
    parts: dict[str, list] = {"train": [], "validation": [], "test": []}
    for label, texts in enumerate(sentences):
        for text in texts:
            if len(owners[key_of(text)]) == 1:
                parts[split_of(text)].append((text, label))
    for pairs in parts.values():
        pairs.sort(key=lambda pair: hashlib.sha256(pair[0].encode()).digest())
    return parts


def _without(held_out: Iterable[str], paragraphs: Iterable[str]) -> list[str]:
    """The paragraphs in which no held-out sentence occurs.

    Words two and three of a sentence's key are whole words wherever it occurs, so each paragraph is
    compared only with sentences that share such a pair.
    """
    by_pair = defaultdict(list)
    for text in held_out:
        words = (key := key_of(text)).split()
        by_pair[words[1], words[2]].append(key)
    kept = []
    for paragraph in paragraphs:
        key = key_of(paragraph)
        words = key.split()
        pairs = by_pair.keys() & set(zip(words, words[1:], strict=False))
        if not any(sentence in key for pair in pairs for sentence in by_pair[pair]):
            kept.append(paragraph)
    return kept
