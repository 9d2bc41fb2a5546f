"""A disk that fills up in the middle of a write, for the tests of whatever replaces a file."""

import os

from course_lib import _files


class _Stream:
    """Takes so many bytes of what is written, to the disk, and no more."""

    def __init__(self, file, after, written):
        self.file, self.after, self.written = file, after, written

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, content):
        self.written.append(content[: self.after])
        self.file.write(self.written[-1])
        self.file.flush()
        raise OSError(28, "No space left on device")


def fill_up(monkeypatch, after):
    """From now on each write stops after so many bytes. Returns the list of what got through."""
    written, real = [], os.fdopen
    monkeypatch.setattr(_files.os, "fdopen", lambda *args: _Stream(real(*args), after, written))
    return written
