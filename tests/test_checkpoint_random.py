"""The states of all generators: taken, kept in a file, and put back."""

import random

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, RandomSampler, Sampler, WeightedRandomSampler

from course_lib.checkpoint import load, random_states, save, set_random_states
from course_lib.data import make_loader
from course_lib.data.batches import LengthBatchSampler
from tests.tiny_training import Rows, batches, same

DRAWS = {
    "python": lambda: [random.random() for _ in range(3)],
    "python's normal": lambda: [random.gauss(0, 1) for _ in range(3)],
    "numpy": lambda: np.random.rand(700).tolist(),
    "numpy's normal": lambda: np.random.randn(3).tolist(),
    "torch": lambda: torch.rand(3),
    "torch's normal": lambda: torch.randn(3),
}


def scramble():
    """Everything random elsewhere, and half-way in a pair of normal numbers."""
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(999)
    random.gauss(0, 1), np.random.randn()


def kept(states, tmp_path):
    """What comes of them in a file."""
    return load(save({"random": states}, tmp_path, "x"))["random"]


@pytest.mark.parametrize("before", DRAWS)
@pytest.mark.parametrize("then", DRAWS)
def test_each_generator_draws_again_what_it_drew(tmp_path, before, then):
    """After any other drawing, odd numbers of normal ones too."""
    DRAWS[before]()
    states = kept(random_states(), tmp_path)
    expected = DRAWS[then]()
    scramble()
    assert not same(DRAWS[then](), expected)
    set_random_states(states)
    assert same(DRAWS[then](), expected)


def test_taking_the_states_draws_nothing_and_is_no_view():
    scramble()
    first, second = random_states(), random_states()
    assert same(first, second)
    for draw in DRAWS.values():
        draw()
    assert same(first, second) and not same(first, random_states())


def test_what_was_put_back_is_what_is_taken(tmp_path):
    states = random_states()
    scramble()
    set_random_states(kept(states, tmp_path))
    assert same(random_states(), states)


def seeded(seed=3):
    return torch.Generator().manual_seed(seed)


class Own(Sampler):
    """A learner's, with a generator."""

    def __init__(self):
        self.generator = seeded()

    def __len__(self):
        return 10

    def __iter__(self):
        yield from torch.randint(10, (10,), generator=self.generator).tolist()


# How a loader of 10 rows is made, and how many generators decide its order.
LOADERS = {
    "ours": (lambda: make_loader(Rows(), 3, shuffle=True), 1),
    "ours, not shuffled": (lambda: make_loader(Rows(), 3), 1),
    "shuffled": (lambda: DataLoader(Rows(), 3, shuffle=True, generator=seeded()), 1),
    "shuffled by global numbers": (lambda: DataLoader(Rows(), 3, shuffle=True), 0),
    "a sampler's": (lambda: DataLoader(Rows(), 3, sampler=Own()), 1),
    "weighted": (
        lambda: DataLoader(
            Rows(), 3, sampler=WeightedRandomSampler([1.0] * 10, 10, generator=seeded())
        ),
        1,
    ),
    "two": (
        lambda: DataLoader(
            Rows(), 3, sampler=RandomSampler(Rows(), generator=seeded(1)), generator=seeded(2)
        ),
        2,
    ),
    "buckets": (
        lambda: DataLoader(
            Rows(), batch_sampler=LengthBatchSampler([*range(10)], 3, generator=seeded())
        ),
        1,
    ),
    "a batch sampler's sampler": (
        lambda: DataLoader(
            Rows(), batch_sampler=torch.utils.data.BatchSampler(Own(), 3, drop_last=False)
        ),
        1,
    ),
    "a list": (lambda: batches(3), 0),
}


def order(loader):
    return [part["x"] for part in loader]


@pytest.mark.parametrize(("made", "count"), LOADERS.values(), ids=LOADERS)
def test_a_loader_gives_its_next_epoch_again(tmp_path, made, count):
    loader = made()
    order(loader)
    states = kept(random_states(loader), tmp_path)
    assert len(states["loaders"]) == count
    expected = order(loader), order(loader)
    other = made()
    scramble()
    set_random_states(states, other)
    assert same((order(other), order(other)), expected)


def test_loaders_keep_their_order_among_one_another(tmp_path):
    def made():
        return make_loader(Rows(), 3, shuffle=True, seed=1), make_loader(
            Rows(), 3, shuffle=True, seed=2
        )

    first, second = made()
    order(second)
    states = kept(random_states(first, second), tmp_path)
    expected = order(first), order(second)
    others = made()
    set_random_states(states, *others)
    assert same(tuple(map(order, others)), expected)


def test_a_generator_of_two_loaders_counts_once():
    generator = seeded()
    both = [DataLoader(Rows(), 3, shuffle=True, generator=generator) for _ in range(2)]
    assert len(random_states(*both)["loaders"]) == 1


def test_without_loaders_theirs_stay_as_they_are():
    loader = make_loader(Rows(), 3, shuffle=True)
    states = random_states(loader)
    expected = [order(loader), order(loader)]
    set_random_states(states, loader)
    order(loader)
    set_random_states(states)
    assert same(order(loader), expected[1])


@pytest.mark.parametrize("count", [1, 3])
def test_another_number_of_generators_is_refused_and_nothing_is_set(count):
    made = [make_loader(Rows(), 3, seed=seed) for seed in range(3)]
    states = random_states(*made[:2])
    scramble()
    before = random_states(*made)
    with pytest.raises(ValueError, match=f"have {count} generators, expected 2, as when"):
        set_random_states(states, *made[:count])
    assert same(random_states(*made), before)


def test_a_machine_without_cuda_takes_the_states_of_one_that_has_it():
    if torch.cuda.is_available():
        pytest.skip("there is CUDA")
    states = random_states()
    assert states["cuda"] == []
    expected = torch.rand(3)
    set_random_states({**states, "cuda": [torch.zeros(16, dtype=torch.uint8)]})
    assert torch.equal(torch.rand(3), expected)
