"""The benchmarks can be found and run; what they measure is not asserted."""

import importlib
import subprocess
import sys

import pytest

from tests.benchmarks import __main__ as benchmarks


def test_there_are_benchmarks():
    assert {"baselines", "corpus", "loader", "padding"} <= set(benchmarks.names())


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
