"""course_lib._files: a file is replaced as a whole or not at all."""

import os
import threading

import pytest

from course_lib import _files
from tests.full_disk import fill_up

FULL = OSError(28, "No space left on device")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "folder" / "deeper" / "file.bin"
    _files.write_atomically(path, b"old")
    return path


@pytest.mark.parametrize("content", [b"", b"new", bytes(range(256)) * 10_000])
def test_what_was_written_stands_in_the_file_alone_in_its_folder(file, content):
    _files.write_atomically(file, content)
    assert file.read_bytes() == content
    assert os.listdir(file.parent) == [file.name]


def breaks(error):
    def broken(*_):
        raise error

    return broken


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()], ids=["disk full", "interrupted"])
def test_a_write_that_breaks_off_leaves_the_old_file_and_nothing_else(
    file, monkeypatch, step, error
):
    monkeypatch.setattr(_files.os, step, breaks(error))
    with pytest.raises(type(error)):
        _files.write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert os.listdir(file.parent) == [file.name]


@pytest.mark.parametrize("cut", [0, 1, 2])
def test_a_disk_that_fills_up_in_the_middle_leaves_the_old_file_and_nothing_else(
    file, monkeypatch, cut
):
    written = fill_up(monkeypatch, after=cut)
    with pytest.raises(OSError, match="No space left"):
        _files.write_atomically(file, b"new")
    assert written == [b"new"[:cut]]
    assert file.read_bytes() == b"old"
    assert os.listdir(file.parent) == [file.name]


def test_a_first_write_that_breaks_off_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(_files.os, "fsync", breaks(FULL))
    with pytest.raises(OSError, match="No space left"):
        _files.write_atomically(tmp_path / "file", b"new")
    assert os.listdir(tmp_path) == []


def test_the_content_is_on_the_disk_before_the_name_is(file, monkeypatch):
    steps = []
    for step in ("fsync", "replace"):
        real = getattr(os, step)
        monkeypatch.setattr(
            _files.os, step, lambda *args, step=step, real=real: (steps.append(step), real(*args))
        )
    _files.write_atomically(file, b"new")
    assert steps == ["fsync", "replace"]


def test_a_folder_in_the_place_of_the_file_stays_and_is_an_error(tmp_path):
    (tmp_path / "file" / "inner").mkdir(parents=True)
    with pytest.raises(OSError):
        _files.write_atomically(tmp_path / "file", b"new")
    assert os.listdir(tmp_path) == ["file"]
    assert os.listdir(tmp_path / "file") == ["inner"]


def test_a_file_in_the_place_of_the_folder_stays_and_is_an_error(tmp_path):
    (tmp_path / "folder").write_text("in the way")
    with pytest.raises(OSError):
        _files.write_atomically(tmp_path / "folder" / "file", b"new")
    assert (tmp_path / "folder").read_text() == "in the way"


def test_of_many_writers_at_once_one_wins_whole(file):
    contents = [bytes([number]) * 100_000 for number in range(8)]
    threads = [threading.Thread(target=_files.write_atomically, args=(file, c)) for c in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.read_bytes() in contents
    assert os.listdir(file.parent) == [file.name]
