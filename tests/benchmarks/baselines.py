"""What simple models reach on the test parts of the three data sets."""

import importlib.util
import warnings
from collections.abc import Iterator
from statistics import mean, stdev

import numpy as np
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline

from course_lib import data, runtime
from course_lib.data.docstrings import DISTRIBUTIONS
from course_lib.data.passengers import LABEL
from tests.benchmarks._table import table

SIZES = (100, 500, 2000)
SUBSETS = 5  # disjoint training parts of each size
STRENGTHS = (1, 3, 10, 30, 100, 300)  # of C; the default is 1
TWIN = 0.9  # cosine of TF-IDF vectors above which two sentences are nearly the same
SCORES = ("accuracy", "macro F1")


def run() -> Iterator[str]:
    yield _counts()
    yield _docstrings()
    yield _passengers()
    yield _digits()


def _counts() -> str:
    from importlib.metadata import version

    labels = [np.bincount(data.load_docstrings(split)[1]) for split in data.SPLITS]
    counts = np.stack(labels, axis=1)  # (classes, splits)
    rows = [
        [name, version(DISTRIBUTIONS.get(name, name)), *row, row.sum(), f"{share:.1%}"]
        for name, row, share in zip(
            data.LIBRARIES, counts, counts.sum(1) / counts.sum(), strict=True
        )
    ]
    rows.append(["all", "", *counts.sum(0), counts.sum(), "100.0%"])
    header = ("library", "version", *data.SPLITS, "all", "share")
    return table("Docstrings: sentences by split and class", header, rows)


def _docstrings() -> str:
    train, validation, test = (data.load_docstrings(split) for split in data.SPLITS)
    majority = [np.bincount(train[1]).argmax()] * len(test[1])
    rows = [
        ["majority class", "", *(f"{value:.3f}" for value in accuracy_and_f1(test[1], majority))]
    ]
    for size in (*SIZES, len(train[0])):
        parts = training_parts(train, size)
        tried = {C: [sentence_model(part, C) for part in parts] for C in STRENGTHS}
        on_validation = {C: mean_accuracy_and_f1(models, validation) for C, models in tried.items()}
        best = max(STRENGTHS, key=lambda C: on_validation[C][1])
        for C, how in ((1, "C = 1, the default"), (best, f"C = {best}, by validation")):
            found = np.array(
                [accuracy_and_f1(test[1], model.predict(test[0])) for model in tried[C]]
            )
            rows.append([f"{size:,} labels", how, *map(with_deviation, found.T)])
    rows += _nearest(train, test, tried[best][0])
    return table(
        "Docstrings: TF-IDF and logistic regression on the test part; "
        f"mean ± deviation over {SUBSETS} disjoint training parts; C of {STRENGTHS} by macro F1",
        ("trained on", "logistic regression", *SCORES),
        rows,
    )


def _nearest(train: tuple[list, list], test: tuple[list, list], best: Pipeline) -> list[list]:
    """The label of the nearest training sentence; the best model on what has none so near."""
    vectors = TfidfVectorizer()
    known = vectors.fit_transform(train[0])  # (N, V), rows of length 1
    cosines = vectors.transform(test[0]) @ known.T  # (test, N)
    guesses = np.array(train[1])[np.asarray(cosines.argmax(axis=1)).ravel()]
    alone = cosines.max(axis=1).toarray().ravel() <= TWIN
    labels, by_best = np.array(test[1]), best.predict(test[0])
    size, twins = f"{len(train[0]):,} labels", f"{np.mean(~alone):.1%}"
    rest = f"the best, without the {twins} of test sentences that have a twin (cosine > {TWIN})"
    found = {
        "none: the label of the nearest sentence": accuracy_and_f1(labels, guesses),
        rest: accuracy_and_f1(labels[alone], by_best[alone]),
    }
    return [[size, how, *(f"{value:.3f}" for value in scores)] for how, scores in found.items()]


def training_parts(train: tuple[list, list], size: int) -> list[tuple[list, list]]:
    """Disjoint parts of `size` examples; the first is the one a notebook takes."""
    count = min(SUBSETS, len(train[0]) // size)
    cuts = [slice(number * size, (number + 1) * size) for number in range(count)]
    return [(train[0][cut], train[1][cut]) for cut in cuts]


def sentence_model(part: tuple[list, list], C: float) -> Pipeline:
    return make_pipeline(TfidfVectorizer(), LogisticRegression(C=C, max_iter=2000)).fit(*part)


def accuracy_and_f1(labels: list, guesses: list) -> tuple[float, float]:
    f1 = f1_score(labels, guesses, average="macro", zero_division=0)
    return accuracy_score(labels, guesses), f1


def mean_accuracy_and_f1(models: list[Pipeline], part: tuple[list, list]) -> np.ndarray:
    return np.mean([accuracy_and_f1(part[1], model.predict(part[0])) for model in models], axis=0)


def with_deviation(values: list[float]) -> str:
    deviation = f" ± {stdev(values):.3f}" if len(values) > 1 else ""
    return f"{mean(values):.3f}{deviation}"


def _passengers() -> str:
    train, test = data.load_passengers("train"), data.load_passengers("test")
    answers, chances = _hidden(set(test["passenger"]))
    labels = [answers[name] for name in test["passenger"]]
    encoder = data.TableEncoder.fit(train)
    features, wanted = encoder.encode(train).numpy(), train[LABEL]
    unseen = encoder.encode(test).numpy()
    sea_and_tablet = [encoder.names.index(name) for name in ("wave_height", "tablet = yes")]

    def with_product(columns: np.ndarray) -> np.ndarray:
        return np.column_stack([columns, columns[:, sea_and_tablet].prod(axis=1)])

    linear, product = LogisticRegression(), LogisticRegression()
    trees = HistGradientBoostingClassifier(max_depth=3, random_state=0)
    found = {
        f"majority class ({wanted.mode()[0]})": np.full(len(test), wanted.mean()),
        "logistic regression": linear.fit(features, wanted).predict_proba(unseen)[:, 1],
        "the same, with tablet × sea": product.fit(with_product(features), wanted).predict_proba(
            with_product(unseen)
        )[:, 1],
        "boosted trees": trees.fit(features, wanted).predict_proba(unseen)[:, 1],
        "the rule itself, nothing missing": np.array(chances),
    }
    rows = []
    for name, chance in found.items():
        guesses = chance > 0.5
        scores = accuracy_score(labels, guesses), f1_score(labels, guesses, zero_division=0)
        rows.append([name, *(f"{x:.3f}" for x in (*scores, roc_auc_score(labels, chance)))])
    title = f"Passengers: {len(train)} to train on, {len(test)} in the test part"
    title += f", {np.mean(labels):.1%} of them seasick"
    return table(title, ("model", "accuracy", "F1 of seasick", "ROC-AUC"), rows)


def _hidden(test: set[str]) -> tuple[dict[str, int], list[float]]:
    """The test part's labels, and the chances by the rule, the bookings' dispositions left out."""
    path = runtime.data_dir() / "make_passengers.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    chance, noted = script.chance, []

    def noting(row: dict, shared: float) -> float:
        noted.append(chance(row, 0.0))
        return chance(row, shared)

    script.chance = noting
    rows, answers = script.make()
    return answers, [
        value for row, value in zip(rows, noted, strict=True) if row["passenger"] in test
    ]


def _digits() -> str:
    everything = datasets.load_digits()
    pixels, labels = everything.data / 16, everything.target
    train, test = len(data.load_digits("train")[1]), len(data.load_digits("test")[1])
    by_position = np.arange(len(labels))
    orders = [np.random.default_rng(seed).permutation(len(labels)) for seed in range(SUBSETS)]
    rows = []
    for name, tried in (("by position (the course's)", [by_position]), ("at random", orders)):
        found = np.array([_digit_scores(pixels, labels, order, train, test) for order in tried])
        rows.append([name, *map(with_deviation, found.T)])
    title = f"Digits: logistic regression, {train} to train on, {test} in the test part"
    return table(title, ("split", *SCORES), rows)


def _digit_scores(
    pixels: np.ndarray, labels: np.ndarray, order: np.ndarray, train: int, test: int
) -> tuple[float, float]:
    first, last = order[:train], order[-test:]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LogisticRegression(max_iter=2000).fit(pixels[first], labels[first])
    return accuracy_and_f1(labels[last], model.predict(pixels[last]))
