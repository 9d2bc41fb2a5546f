"""A training that gets SIGKILL and is resumed ends as one that was left alone, to the last bit."""

import dataclasses
import os
import random

import pytest

from tests import killed
from tests.killed import CASES, Case, found_in, result, run, run_until_killed
from tests.killed_writing import STAGES, train_to_stage
from tests.tiny_training import same

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")

POINTS = [(name, seed) for seed in range(3) for name in CASES]  # the first of each case is quick
SLOW = [pytest.param(*point, marks=pytest.mark.slow) for point in POINTS[len(CASES) :]]
WRITE = 10  # at the end of the second epoch, which is the best so far: two old ones are deleted
EARLIER = [pytest.param(write, marks=pytest.mark.slow) for write in (1, 2, 5)]


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory):
    """From a case to how it ends if nothing happens: (Ended, what it wrote)."""
    done = {}

    def of(case):
        case = dataclasses.replace(case, keep=2)  # how many files stay changes nothing else
        if case not in done:
            folder = tmp_path_factory.mktemp("left-alone") / "run"
            ended = run(killed.train, case, folder, folder.with_suffix(".out"))
            done[case] = ended, expect_result(ended, folder.with_suffix(".out"))
        return done[case]

    return of


def expect_result(ended, out):
    assert ended.code == 0, ended.printed
    return result(out)


def expect_exact(case, folder, left_alone, ended):
    """Resume what was killed, and compare its end."""
    found, every = found_in(folder), case.every or left_alone(case)[0].step // 3
    assert ended.killed
    assert found.damaged == 0
    assert ended.step - every <= found.step <= ended.step + 1  # it is killed before it tells
    resumed = run(killed.train, case, folder, folder.with_suffix(".out"))
    whole, given = left_alone(case)[1], expect_result(resumed, folder.with_suffix(".out"))
    said = f"goes on after step {found.step}," if found.intact else "begins anew"
    assert said in resumed.printed
    assert given["steps"] == whole["steps"] - found.step  # nothing is done twice
    assert same(given["state"], whole["state"])
    assert found_in(folder).unfinished == 0
    assert found_in(folder).intact in (case.keep, case.keep + 1)  # the best may be an old one


@pytest.mark.parametrize(("name", "seed"), [*POINTS[: len(CASES)], *SLOW])
def test_killed_at_a_random_moment_it_ends_as_if_it_had_not_been(name, seed, tmp_path, left_alone):
    case, folder = CASES[name], tmp_path / "run"
    out, generator = folder.with_suffix(".out"), random.Random(seed)
    ended = run_until_killed(generator, left_alone(case)[0], killed.train, case, folder, out)
    expect_exact(case, folder, left_alone, ended)


@pytest.mark.parametrize("write", [WRITE, *EARLIER])
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stage", STAGES)
def test_killed_at_any_stage_of_a_write_it_goes_on(stage, workers, write, tmp_path, left_alone):
    case, folder = Case(workers, keep=1), tmp_path / "run"
    out = folder.with_suffix(".out")
    ended = run(train_to_stage, case, folder, out, stage, write)
    found = found_in(folder)
    renamed = stage in STAGES[4:]
    assert found.unfinished == (0 if renamed else 1)
    if write == WRITE:
        assert (found.step, found.intact) == {
            STAGES[4]: (26, 3),
            STAGES[5]: (26, 2),
        }.get(stage, (24, 2))
    expect_exact(case, folder, left_alone, ended)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_killed_again_and_again_it_ends_as_if_it_had_not_been(name, tmp_path, left_alone):
    case, folder = CASES[name], tmp_path / "run"
    out, generator, steps = folder.with_suffix(".out"), random.Random(name), []
    for _ in range(6):
        whole = left_alone(case)[0].step
        moment = killed.Moment(generator.randrange(max(steps, default=0), whole), 0.0)
        ended = run(killed.train, case, folder, out, kill=moment)
        if not ended.killed:
            break  # the last steps go by before it is killed
        steps.append(found_in(folder).step)
    assert steps and steps == sorted(steps)  # nothing that was saved is lost
    if ended.killed:
        expect_exact(case, folder, left_alone, ended)
    else:
        assert same(expect_result(ended, out)["state"], left_alone(case)[1]["state"])
