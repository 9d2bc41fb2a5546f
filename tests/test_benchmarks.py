"""The benchmarks can be found and run; what they measure is not asserted."""

import importlib.util
import subprocess
import sys

import pytest
import torch

from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import _loops, _tasks


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
    assert "no benchmark called speeed; there are baselines, corpus" in done.stderr


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
