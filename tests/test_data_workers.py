"""Worker processes: the same batches as without, however they are started, and other seeds."""

import multiprocessing
import random

import numpy as np
import pytest
import torch

from course_lib import runtime
from course_lib.data import (
    DigitDataset,
    PassengerDataset,
    SentenceDataset,
    TableEncoder,
    load_digits,
    load_passengers,
    make_loader,
)
from tests.workers_dataset import Draws, Together

FORK = pytest.param(
    "fork",
    marks=pytest.mark.skipif(
        "fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this system"
    ),
)
# Python 3.12 and newer warn of any fork beside threads, and PyTorch has threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


def loader_of(dataset, start, **options):
    """A loader with two worker processes that are started in this way."""
    loader = make_loader(dataset, 4, num_workers=2, **options)
    loader.multiprocessing_context = start
    return loader


def sentences():
    texts = [" ".join(["word"] * (1 + number * 7 % 11)) for number in range(50)]
    return SentenceDataset(
        texts, [number % 7 for number in range(50)], lambda text: [2, *map(len, text.split()), 3]
    )


def passengers():
    train = load_passengers("train")
    return PassengerDataset(train[:30], TableEncoder.fit(train))


def digits():
    pictures, labels = load_digits("validation")
    return DigitDataset(pictures[:30], labels[:30])


def passengers_and_digits():
    return Together(passengers(), digits())


def expect_same_epochs(loader, other, epochs):
    for _ in range(epochs):
        batches, expected = list(loader), list(other)
        assert len(batches) == len(expected) > 5
        for batch, wanted in zip(batches, expected, strict=True):
            assert list(batch) == list(wanted)
            assert all(torch.equal(batch[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("start", [FORK])
@pytest.mark.parametrize("made", [sentences, passengers, digits])
def test_forked_workers_give_the_same_batches_in_the_same_order(made, start):
    dataset = made()
    for options in ({}, {"shuffle": True}, {"shuffle": True, "bucket": True}):
        if made is sentences or "bucket" not in options:
            without = make_loader(dataset, 4, seed=3, **options)
            expect_same_epochs(loader_of(dataset, start, seed=3, **options), without, epochs=2)


@pytest.mark.parametrize("made", [sentences, passengers_and_digits])
def test_spawned_workers_give_the_same_batches_in_the_same_order(made):
    dataset, options = made(), {"shuffle": True, "bucket": made is sentences, "seed": 3}
    without = make_loader(dataset, 4, **options)
    expect_same_epochs(loader_of(dataset, "spawn", **options), without, epochs=1)


def drawn(start, seed, epochs=2):
    """By epoch, what each worker's items drew: `[{worker: [[random, numpy, torch], ...]}, ...]`"""
    loader, found = loader_of(Draws(), start, seed=seed), []
    for _ in range(epochs):
        by_worker = {0: [], 1: []}
        for batch in loader:
            (worker,) = set(batch["worker"].tolist())
            by_worker[worker] += torch.stack(batch["drawn"], dim=1).tolist()
        found.append(by_worker)
    return found


@pytest.fixture(scope="module")
def forked():
    return drawn("fork", seed=1)


@pytest.mark.parametrize("start", [FORK])
def test_random_numbers_differ_by_worker_by_epoch_and_within_an_epoch(forked, start):
    assert [len(rows) for epoch in forked for rows in epoch.values()] == [8] * 4
    for generator in range(3):  # random, numpy, torch
        numbers = [row[generator] for epoch in forked for rows in epoch.values() for row in rows]
        assert len(set(numbers)) == len(numbers) == 32


@pytest.mark.parametrize("start", [FORK])
def test_random_numbers_come_again_with_the_seed_whatever_the_global_ones(forked, start):
    runtime.seed_everything(99)
    random.random(), np.random.rand(), torch.rand(())
    assert drawn(start, seed=1) == forked
    other = drawn(start, seed=2, epochs=1)
    assert not {tuple(row) for rows in other[0].values() for row in rows} & {
        tuple(row) for rows in forked[0].values() for row in rows
    }


@pytest.mark.parametrize("start", [FORK])
def test_spawned_workers_draw_what_forked_ones_draw(forked, start):
    assert drawn("spawn", seed=1, epochs=1) == forked[:1]


def test_without_workers_the_global_random_numbers_serve():
    runtime.seed_everything(5)
    loader = make_loader(Draws(), 16)
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    (batch,) = loader
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    first = [random.random(), np.random.rand(), torch.rand((), dtype=torch.float64).item()]
    assert [column[0].item() for column in batch["drawn"]] == first
    assert set(batch["worker"].tolist()) == {-1}
