"""The sandbox: nothing that an attempt does takes the notebook with it, and all is put back."""

import _thread
import contextlib
import gc
import os
import random
import sys
import threading
import time
import warnings
from itertools import count

import numpy as np
import pytest
import torch

from course_lib.exercises import _sandbox
from course_lib.exercises._sandbox import TimeIsUp, run

SHORT = 0.15  # seconds; a task that ends by itself has many more
LONG = 20.0


@pytest.fixture(autouse=True)
def no_thread_is_left(monkeypatch):
    monkeypatch.setattr(_sandbox, "GRACE", 0.3)
    yield
    for thread in threading.enumerate():
        if thread.name == "exercise attempt":
            thread.join(5)
            assert not thread.is_alive()


@pytest.fixture
def no_threads(monkeypatch):
    """As where Python runs in a browser: no thread can be started."""

    def start(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)


def test_a_value_and_what_was_printed_come_back(capsys):
    def task():
        print("one")
        print("two", file=sys.stderr)
        return 3

    outcome = run(task, LONG)
    assert (outcome.value, outcome.error, outcome.printed) == (3, None, "one\ntwo\n")
    assert (outcome.timed_out, outcome.interrupted, outcome.still_running) == (False,) * 3
    assert outcome.changed == ()
    assert capsys.readouterr() == ("", "")


# Time.


def endless():
    while True:
        pass


def endless_that_swallows_exceptions():
    while True:
        with contextlib.suppress(Exception):
            endless()


def endless_wait_in_steps():
    while True:
        time.sleep(0.01)


def endless_printing():
    for number in count():
        print(number)


@pytest.mark.parametrize(
    "task",
    [
        endless,
        endless_that_swallows_exceptions,
        endless_wait_in_steps,
        endless_printing,
    ],
)
def test_a_task_without_an_end_is_ended(task):
    start = time.monotonic()
    outcome = run(task, SHORT)
    assert outcome.timed_out
    assert not outcome.still_running
    assert isinstance(outcome.error, TimeIsUp)
    assert SHORT <= time.monotonic() - start < SHORT + 2


def test_a_loop_that_swallows_every_exception_is_left_behind():
    enough = threading.Event()

    def task():
        while not enough.is_set():
            with contextlib.suppress(BaseException):
                while not enough.is_set():
                    pass

    outcome = run(task, SHORT)
    enough.set()
    assert outcome.timed_out
    assert outcome.still_running
    assert outcome.error is None


def test_a_sleep_is_left_behind_and_ends_at_its_first_step_after_it():
    awake = []

    def task():
        time.sleep(SHORT + 0.6)
        awake.append(True)

    start = time.monotonic()
    outcome = run(task, SHORT)
    assert time.monotonic() - start < SHORT + 0.6
    assert outcome.timed_out
    assert outcome.still_running
    time.sleep(0.4)
    assert awake == []


def test_a_task_that_ends_in_time_is_not_waited_for_any_longer():
    start = time.monotonic()
    assert not run(lambda: time.sleep(0.05), LONG).timed_out
    assert time.monotonic() - start < 2


def test_the_stop_button_stops_the_task_and_nothing_else():
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("an interrupt goes to the main thread, and this test runs in another")

    def task():
        _thread.interrupt_main()
        endless()

    start = time.monotonic()
    outcome = run(task, LONG)
    assert outcome.interrupted
    assert not outcome.timed_out
    assert not outcome.still_running
    assert time.monotonic() - start < 2


def test_it_works_in_a_thread_other_than_the_main_one():
    outcomes = []

    def work():
        outcomes.extend([run(lambda: 3, LONG), run(endless, SHORT)])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [outcome.value for outcome in outcomes] == [3, None]
    assert [outcome.timed_out for outcome in outcomes] == [False, True]


# Errors.


class Own(BaseException):
    pass


def raises(error):
    def task():
        raise error

    return task


def recursion():
    def deeper():
        return deeper()

    gc.collect()  # so that no clean-up of somebody else's meets the limit
    return deeper()


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        (raises(ValueError("no")), ValueError),
        (sys.exit, SystemExit),
        (lambda: exit(), SystemExit),
        (raises(KeyboardInterrupt()), KeyboardInterrupt),
        (raises(GeneratorExit()), GeneratorExit),
        (raises(MemoryError()), MemoryError),
        (raises(Own()), Own),
        (recursion, RecursionError),
        (lambda: eval("1 +"), SyntaxError),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
@pytest.mark.parametrize("threads", [True, False], ids=["thread", "inline"])
def test_whatever_is_raised_is_reported_and_not_raised(task, kind, threads, request):
    if not threads:
        request.getfixturevalue("no_threads")
    outcome = run(task, LONG)
    assert type(outcome.error) is kind
    assert not outcome.timed_out


def test_where_no_thread_can_start_the_task_runs_where_it_stands(no_threads):
    outcome = run(lambda: threading.current_thread(), SHORT)
    assert outcome.value is threading.current_thread()


# What is printed.


def test_prints_without_end_are_capped():
    outcome = run(lambda: [print("x" * 1000) for _ in range(1000)], LONG)
    assert len(outcome.printed) == 2000
    assert set(outcome.printed) == {"x", "\n"}


def test_both_streams_are_put_back_even_where_the_task_replaced_them():
    before = sys.stdout, sys.stderr

    def task():
        sys.stdout = sys.stderr = None

    run(task, LONG)
    assert (sys.stdout, sys.stderr) == before


def test_a_warning_is_printed_without_its_file_and_the_filters_are_put_back():
    before = list(warnings.filters), warnings.showwarning

    def task():
        warnings.simplefilter("always")
        for _ in range(2):
            warnings.warn("careful", UserWarning, stacklevel=1)

    assert run(task, LONG).printed == "UserWarning: careful\nUserWarning: careful\n"
    assert (list(warnings.filters), warnings.showwarning) == before


def test_the_same_warning_is_printed_in_every_run():
    def task():
        torch.tensor([1 + 1j]).float()

    line = "UserWarning: Casting complex values to real discards the imaginary part\n"
    assert [run(task, LONG).printed for _ in range(2)] == [line, line]
    assert not torch.is_warn_always_enabled()


# What is put back.

DRAWS = {
    "random": random.random,
    "numpy": lambda: float(np.random.rand()),
    "torch": lambda: torch.rand(()).item(),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("threads", [True, False], ids=["thread", "inline"])
def test_every_run_draws_the_same_and_the_caller_draws_on_as_if_there_had_been_none(
    draw, threads, request
):
    if not threads:
        request.getfixturevalue("no_threads")
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(7)
    expected = [draw(), draw()]
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(7)
    inside, outside = [], []
    for _ in range(2):
        inside.append(run(lambda: [draw(), draw()], LONG).value)
        outside.append(draw())
    assert outside == expected
    assert inside[0] == inside[1]
    assert inside[0][0] != inside[0][1]


@pytest.mark.parametrize("reseed", [lambda: torch.manual_seed(0), torch.seed], ids=["0", "any"])
def test_a_new_seed_is_put_back_and_named(reseed):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    outcome = run(reseed, LONG)
    assert outcome.changed == ("the seed (torch.manual_seed)",)
    assert torch.equal(torch.rand(3), expected)


def test_drawing_without_seeding_is_nothing_to_name():
    assert run(lambda: (torch.rand(3), torch.randperm(5)), LONG).changed == ()


def to_another_folder():
    os.chdir(os.path.dirname(os.getcwd()))


def to_a_folder_that_goes_away():
    os.mkdir("gone")
    os.chdir("gone")
    os.rmdir(os.getcwd())


CHANGES = {
    "default dtype": (
        "PyTorch's default dtype",
        lambda: torch.set_default_dtype(torch.float64),
        lambda: torch.ones(1).dtype,
    ),
    "default device": (
        "PyTorch's default device",
        lambda: torch.set_default_device("meta"),
        lambda: torch.ones(1).device,
    ),
    "threads": (
        "PyTorch's number of threads",
        lambda: torch.set_num_threads(torch.get_num_threads() + 1),
        torch.get_num_threads,
    ),
    "no grad": (
        "whether autograd records",
        lambda: torch.set_grad_enabled(False),
        torch.is_grad_enabled,
    ),
    "deterministic": (
        "PyTorch's deterministic mode",
        lambda: torch.set_deterministic_debug_mode("error"),
        torch.are_deterministic_algorithms_enabled,
    ),
    "anomaly": (
        "autograd's anomaly mode",
        lambda: torch.autograd.set_detect_anomaly(True),
        torch.is_anomaly_enabled,
    ),
    "recursion limit": (
        "the recursion limit",
        lambda: sys.setrecursionlimit(sys.getrecursionlimit() + 100),
        sys.getrecursionlimit,
    ),
    "folder": ("the working folder", to_another_folder, os.getcwd),
    "lost folder": ("the working folder", to_a_folder_that_goes_away, os.getcwd),
}


@pytest.mark.parametrize(("name", "change", "read"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("threads", [True, False], ids=["thread", "inline"])
@pytest.mark.parametrize("raising", [False, True], ids=["returns", "raises"])
def test_a_changed_setting_is_put_back_and_named(
    name, change, read, threads, raising, request, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before = read()
    if not threads:
        request.getfixturevalue("no_threads")
    changed_inside = []

    def task():
        change()
        with contextlib.suppress(FileNotFoundError):
            changed_inside.append(read() != before)
        return 1 / 0 if raising else None

    outcome = run(task, LONG)
    assert changed_inside in ([True], [])
    assert outcome.changed == (name,)
    assert read() == before
    torch.set_default_device(None)


def test_what_a_task_changes_and_changes_back_is_not_named():
    def task():
        with torch.no_grad():
            torch.set_default_dtype(torch.float64)
        torch.set_default_dtype(torch.float32)

    assert run(task, LONG).changed == ()


def test_a_task_that_is_ended_has_its_changes_put_back_too():
    def task():
        torch.set_default_dtype(torch.float64)
        endless()

    assert run(task, SHORT).changed == ("PyTorch's default dtype",)
    assert torch.get_default_dtype() == torch.float32


def test_a_task_runs_where_the_working_folder_is_gone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    to_a_folder_that_goes_away()
    outcome = run(lambda: 3, LONG)
    assert (outcome.value, outcome.changed) == (3, ())
