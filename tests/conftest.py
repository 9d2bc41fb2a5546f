"""What every test of the course shares: no test touches the learner's own progress and caches."""

import pytest


@pytest.fixture(autouse=True)
def own_state_folder(tmp_path, monkeypatch):
    """Keep progress and caches of each test in a folder of its own."""
    folder = tmp_path / "course-state"
    monkeypatch.setenv("COURSE_STATE_DIR", str(folder))
    return folder
