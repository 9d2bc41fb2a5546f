"""The benchmarks can be found and run; what they measure is not asserted."""

import importlib.util
import subprocess
import sys

import pytest
import torch

from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import _flips, _loops, _resumes, _tasks


def test_there_are_benchmarks():
    assert {"baselines", "corpus", "loader", "loop", "padding"} <= set(benchmarks.names())


@pytest.mark.parametrize("name", benchmarks.names())
def test_a_benchmark_says_what_it_measures_and_can_be_run(name):
    module = importlib.import_module(f"tests.benchmarks.{name}")
    assert module.__doc__.strip()
    assert callable(module.run)


def test_an_unknown_benchmark_is_named_with_those_that_there_are():
    command = [sys.executable, "-m", "tests.benchmarks", "speeed"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no benchmark called speeed; there are baselines, checkpoint" in done.stderr


def test_the_loops_that_are_compared_train_alike():
    """The bare loop and fit; those of the libraries are compared by the benchmark itself."""
    setting = _tasks.tiny(epochs=1)
    bare, fit = _loops.bare(setting), _loops.fit(setting)
    start = [weight.clone() for weight in fit.model.parameters()]
    assert bare.seconds() > 0 and fit.seconds() > 0
    for ours, theirs, before in zip(
        fit.model.parameters(), bare.model.parameters(), start, strict=True
    ):
        assert torch.equal(ours, theirs) and not torch.equal(ours, before)


def test_a_library_that_is_not_installed_is_left_out_and_named(monkeypatch):
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "skorch" else object()
    )
    assert _loops.missing() == ["skorch"]
    assert list(_loops.makers()) == [
        "bare loop",
        "fit",
        "accelerate",
        "transformers.Trainer",
        "lightning",
    ]


def test_what_a_flipped_bit_does_is_measured():
    state = {"weights": [torch.tensor([1.0, 2.0])], "step": 3}
    other = {"weights": [torch.tensor([1.0, 2.5])], "step": 3}
    assert _flips.change(state, state) == 0
    assert _flips.change(state, other) == 0.5
    assert _flips.change(state, state | {"step": 7}) == 4
    assert _flips.change(state, {"weights": state["weights"]}) == float("inf")
    assert _flips.flipped(b"\x00\x00", 9) == b"\x00\x02"


def test_the_libraries_that_resume_are_left_out_where_they_are_missing(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert _resumes.missing() == ["transformers", "lightning", "accelerate"]
    assert list(_resumes.trainings()) == ["fit"]


def test_an_error_of_a_resumed_training_is_told_without_its_paths():
    printed = "Traceback (most recent call last):\n  File ...\nValueError: none at /tmp/run-3\n"
    assert _resumes.reason(printed) == "ValueError: none at"
