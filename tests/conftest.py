"""What every test of the course shares: no test touches the learner's own progress and caches."""

import os
import signal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# A shell starts what runs in the background with Ctrl-C ignored, and children inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_state_folder(tmp_path, monkeypatch):
    """Keep progress of each test in a folder of its own; collected docstrings serve all tests."""
    folder = tmp_path / "course-state"
    monkeypatch.setenv("COURSE_STATE_DIR", str(folder))
    shared = os.environ.get("COURSE_CACHE_DIR", str(ROOT / ".pytest_cache/course"))
    monkeypatch.setenv("COURSE_CACHE_DIR", shared)
    return folder
