"""Run a learner's code so that nothing it does takes the notebook with it.

It runs in a thread of its own: a loop that never ends, or a wait, is given up after a time limit,
on every system and inside a notebook kernel. What it prints is caught, and what it changes in the
process (random states, default dtype, working folder, ...) is put back and named.
"""

import contextlib
import ctypes
import io
import os
import random
import re
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

SEED = 20_251_121
MOST_PRINTED = 2_000
GRACE = 1.0


class TimeIsUp(BaseException):
    """Raised inside the learner's code when its time is up. No `except Exception` swallows it."""


@dataclass
class Outcome:
    """What came of a run: a value or an error, and everything worth telling about it."""

    value: Any = None
    error: BaseException | None = None
    printed: str = ""
    changed: tuple[str, ...] = ()
    timed_out: bool = False
    interrupted: bool = False
    still_running: bool = False


class _Printed(io.TextIOBase):
    """A text stream that keeps the first characters and drops the rest."""

    def __init__(self) -> None:
        self.text = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text[: max(0, MOST_PRINTED - len(self.text))]
        return len(text)


@dataclass(frozen=True)
class _Setting:
    """A piece of global state: how to read it and how to put it back."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], Any]


# Of the whole process, so the one who waits puts them back, whatever becomes of the attempt.
_SHARED = (
    _Setting(
        "the seed (torch.manual_seed)", torch.initial_seed, torch.default_generator.manual_seed
    ),
    _Setting("PyTorch's default dtype", torch.get_default_dtype, torch.set_default_dtype),
    _Setting(
        "PyTorch's deterministic mode",
        torch.get_deterministic_debug_mode,
        torch.set_deterministic_debug_mode,
    ),
    _Setting(
        "autograd's anomaly mode", torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly
    ),
    _Setting("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    _Setting("the working folder", os.getcwd, os.chdir),
)
# Each thread has its own, so only the attempt's thread can see that they were changed.
_OF_A_THREAD = (
    _Setting("PyTorch's default device", torch.get_default_device, torch.set_default_device),
    _Setting("PyTorch's number of threads", torch.get_num_threads, torch.set_num_threads),
    _Setting("whether autograd records", torch.is_grad_enabled, torch.set_grad_enabled),
)


@contextlib.contextmanager
def _random_states_kept() -> Iterator[None]:
    """Start from one fixed state and put the caller's random states back afterwards."""
    numpy_random = sys.modules.get("numpy.random")
    python_state, torch_state = random.getstate(), torch.get_rng_state()
    numpy_state = numpy_random.get_state() if numpy_random else None
    random.seed(SEED)
    torch.default_generator.manual_seed(SEED)  # torch.manual_seed would reseed the GPU as well
    if numpy_random:
        numpy_random.seed(SEED)
    try:
        yield
    finally:
        random.setstate(python_state)
        torch.set_rng_state(torch_state)
        if numpy_random and numpy_state is not None:
            numpy_random.set_state(numpy_state)


@contextlib.contextmanager
def _settings_kept(settings: tuple[_Setting, ...], outcome: Outcome) -> Iterator[None]:
    """Put settings back and note in `outcome.changed` which ones had been changed."""
    saved = []
    for setting in settings:
        with contextlib.suppress(Exception):  # such as a working folder that is gone
            saved.append((setting, setting.read()))
    try:
        yield
    finally:
        outcome.changed += tuple(s.name for s, value in saved if _put_back(s, value))


def _put_back(setting: _Setting, value: Any) -> bool:
    """Whether the setting had been changed; it is then as it was."""
    with contextlib.suppress(Exception):
        if setting.read() == value:
            return False
    with contextlib.suppress(Exception):
        setting.write(value)
    return True


def _show_warning(
    message: Warning | str, category: type[Warning], *_: object, **__: object
) -> None:
    """A warning without its file, whose name differs from kernel to kernel."""
    text = re.sub(r" \(Triggered internally at .*\)", "", str(message))
    print(f"{category.__name__}: {text}", file=sys.stderr)


@contextlib.contextmanager
def _every_warning_printed() -> Iterator[None]:
    """Print what the attempt warns of, in every run, and leave the caller's filters alone."""
    always = torch.is_warn_always_enabled()
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = _show_warning
        torch.set_warn_always(True)  # PyTorch gives some of its warnings once a process
        try:
            yield
        finally:
            torch.set_warn_always(always)


def run(task: Callable[[], Any], seconds: float) -> Outcome:
    """Call `task` and report what came of it, after at most `seconds` (and a moment's grace).

    Never raises what `task` raises. A task that does not stop even when told to is left behind in
    its thread (`still_running`), so that the caller goes on all the same.
    """
    outcome, printed = Outcome(), _Printed()
    with (
        _every_warning_printed(),
        _random_states_kept(),
        _settings_kept(_SHARED, outcome),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        _run_in_thread(task, seconds, outcome)
    outcome.printed = printed.text
    return outcome


def _run_in_thread(task: Callable[[], Any], seconds: float, outcome: Outcome) -> None:
    result = Outcome()

    def work() -> None:
        try:
            try:
                with _settings_kept(_OF_A_THREAD, result):
                    result.value = task()
            except BaseException as error:
                result.error = error
        except TimeIsUp as again:  # while the first was being noted
            result.error = again

    thread = threading.Thread(target=work, name="exercise attempt", daemon=True)
    try:
        thread.start()
        _join(thread, seconds)
        outcome.timed_out = thread.is_alive()
    except RuntimeError:  # where no thread can be started
        work()
    except KeyboardInterrupt:
        outcome.interrupted = True
    outcome.still_running = not _end(thread)
    if not outcome.still_running:
        outcome.value, outcome.error = result.value, result.error
        outcome.changed = result.changed


def _end(thread: threading.Thread) -> bool:
    """Stop a thread that is still at work, and tell whether it has ended."""
    deadline, pause = time.monotonic() + GRACE, 0.02
    while thread.is_alive() and time.monotonic() < deadline:
        _raise_in(thread, TimeIsUp)
        thread.join(pause)
        pause *= 2
    return not thread.is_alive()


def _join(thread: threading.Thread, seconds: float) -> None:
    """Wait in short steps: on Windows a long wait cannot be interrupted from the keyboard."""
    deadline = time.monotonic() + seconds
    while thread.is_alive() and time.monotonic() < deadline:
        thread.join(0.05)


def _raise_in(thread: threading.Thread, error: type[BaseException]) -> None:
    """Ask CPython to raise `error` in another thread at its next bytecode."""
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(error)
        )
