"""The cache of the docstrings: read, made anew when it must be, never trusted blindly."""

import importlib.metadata
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from course_lib import _prose, _sources
from course_lib.data import _cache, docstrings, load_docstrings, load_paragraphs, splits
from tests.full_disk import fill_up

KEY = {"numpy": "2.4.6", "code": "abc"}
PARTS = {
    "train": [["Compute the sum.", 0], ["Größe — ok.", 1]],
    "validation": [["Load it.", 2]],
    "test": [],
    "paragraphs": ["Line one.\nLine two.", "And so on."],
}
DAMAGED = "load_docstrings: the cached docstrings were damaged; they are collected again.\n"


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "cache" / "docstrings.json"
    _cache.write(file, KEY, PARTS)
    return file


@pytest.mark.parametrize("name", PARTS)
def test_each_part_comes_back_as_it_was(path, name):
    assert _cache.read(path, KEY, name) == PARTS[name]


def test_every_line_but_the_first_is_json(path):
    _, header, *parts = path.read_bytes().splitlines()
    assert json.loads(header)["key"] == KEY
    assert [json.loads(part) for part in parts] == list(PARTS.values())


@pytest.mark.parametrize(
    "key", [{}, {"numpy": "2.4.6"}, {**KEY, "numpy": "2.4.7"}, {**KEY, "new": "1"}]
)
def test_a_file_made_from_something_else_is_no_answer(path, key):
    assert _cache.read(path, key, "train") is None


def test_no_file_is_no_answer(tmp_path):
    assert _cache.read(tmp_path / "none", KEY, "train") is None
    (tmp_path / "file").touch()
    assert _cache.read(tmp_path / "file" / "below", KEY, "train") is None
    assert _cache.read(tmp_path, KEY, "train") is None


def test_a_part_that_is_not_in_the_file_is_damage(path):
    with pytest.raises(_cache.Damaged):
        _cache.read(path, KEY, "more")


def test_wherever_the_file_is_cut_off_it_is_never_taken_for_whole(path):
    whole = path.read_bytes()
    for cut in range(len(whole) - 1):  # the last byte is a line break, and says nothing
        path.write_bytes(whole[:cut])
        with pytest.raises(_cache.Damaged):
            _cache.read(path, KEY, "paragraphs")


def test_whichever_bit_flips_no_part_is_wrong_and_somebody_notices(path):
    whole = path.read_bytes()
    for place in range(len(whole) - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        noticed = 0
        for name, part in PARTS.items():
            try:
                assert _cache.read(path, KEY, name) == part
            except _cache.Damaged:
                noticed += 1
        assert noticed, place


# From here on: what a learner sees of it, with a small corpus in place of the real one.


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """The file of the cache, in a folder of the test's own, that is not there yet."""
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "kept"))
    return tmp_path / "kept" / "docstrings.json"


@pytest.fixture
def collected(monkeypatch):
    """Each collection appends to this list and takes no time."""
    calls = []
    monkeypatch.setattr(docstrings, "_collect", lambda: (calls.append(1), PARTS)[1])
    return calls


def expect_right_data():
    assert load_docstrings("train") == (["Compute the sum.", "Größe — ok."], [0, 1])
    assert load_docstrings("validation") == (["Load it."], [2])
    assert load_docstrings("test") == ([], [])
    assert load_paragraphs() == PARTS["paragraphs"]


def test_the_first_call_collects_and_the_others_read(cached, collected, capsys):
    expect_right_data()
    assert len(collected) == 1
    assert capsys.readouterr().out == ""
    assert {file.name for file in cached.parent.iterdir()} - {"docstrings.lock"} == {cached.name}


def test_a_file_of_another_version_is_collected_anew_without_a_word(
    cached, collected, monkeypatch, capsys
):
    expect_right_data()
    real = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: "0.0" if name == "scikit-learn" else real(name)
    )
    expect_right_data()
    assert len(collected) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("module", [_sources, _prose, splits, docstrings])
def test_a_file_of_other_code_is_collected_anew_without_a_word(
    cached, collected, monkeypatch, capsys, tmp_path, module
):
    expect_right_data()
    changed = tmp_path / "changed.py"
    changed.write_bytes(Path(module.__file__).read_bytes() + b"\n")
    monkeypatch.setattr(module, "__file__", str(changed))
    expect_right_data()
    assert len(collected) == 2
    assert capsys.readouterr().out == ""


def damaged(whole):
    middle = len(whole) // 2
    flipped = bytes([whole[middle] ^ 4])
    return {
        "empty": b"",
        "cut at once": whole[:1],
        "cut in the key": whole[:100],
        "cut in the middle": whole[:middle],
        "cut at the end": whole[:-2],
        "a flipped bit": whole[:middle] + flipped + whole[middle + 1 :],
        "another version by a flipped bit": whole.replace(b'"numpy": "', b'"numpy": "1', 1),
        "a list": b"[]\n",
        "an object": b'{"key": {}, "parts": {}}\n',
        "a number": b"3\n",
        "nonsense": os.urandom(1000),
        "deep": b"[" * 200_000,
        "an older form": whole.split(b"\n", 1)[1],
    }


@pytest.mark.parametrize("kind", damaged(b"\n" * 300))
def test_a_damaged_file_is_made_anew_with_one_line_of_notice(cached, collected, capsys, kind):
    load_paragraphs()
    whole = cached.read_bytes()
    cached.write_bytes(damaged(whole)[kind])
    assert load_paragraphs() == PARTS["paragraphs"]
    assert capsys.readouterr().out == DAMAGED
    assert len(collected) == 2
    assert cached.read_bytes() == whole
    expect_right_data()
    assert len(collected) == 2
    assert capsys.readouterr().out == ""


def test_a_folder_in_the_place_of_the_file_is_said_and_the_data_is_right(cached, collected, capsys):
    cached.mkdir(parents=True)
    assert load_paragraphs() == PARTS["paragraphs"]
    assert len(collected) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"load_docstrings: {cached} cannot be written (")
    assert "COURSE_CACHE_DIR names another folder" in line
    assert {file.name for file in cached.parent.iterdir()} == {cached.name, "docstrings.lock"}


def test_a_file_in_the_place_of_the_folder_is_said_and_the_data_is_right(cached, collected, capsys):
    cached.parent.write_text("in the way")
    assert load_paragraphs() == PARTS["paragraphs"]
    assert len(collected) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"load_docstrings: {cached} cannot be written (")
    assert cached.parent.read_text() == "in the way"


def test_a_folder_in_the_place_of_the_lock_keeps_nobody_from_the_data(cached, collected):
    cached.with_suffix(".lock").mkdir(parents=True)
    expect_right_data()
    assert len(collected) == 1


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_disk_that_fills_up_is_said_and_nothing_half_written_stays(
    cached, collected, monkeypatch, capsys, cut
):
    fill_up(monkeypatch, after=cut)
    assert load_paragraphs() == PARTS["paragraphs"]
    assert len(collected) == 1
    assert capsys.readouterr().out == (
        f"load_docstrings: {cached} cannot be written (No space left on device), so the docstrings "
        "are collected anew each time. COURSE_CACHE_DIR names another folder.\n"
    )
    assert {file.name for file in cached.parent.iterdir()} <= {"docstrings.lock"}


def test_an_error_of_the_collection_is_not_taken_for_one_of_the_disk(cached, monkeypatch, capsys):
    def broken():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(docstrings, "_collect", broken)
    with pytest.raises(OSError, match="Too many open files"):
        load_paragraphs()
    assert capsys.readouterr().out == ""
    assert not cached.exists()


RACE = """
import os, sys, time
from course_lib.data import docstrings

def collect():
    with open(sys.argv[1], "a") as log:
        log.write("collected\\n")
    time.sleep(1)
    return {"train": [["One of them.", 3]], "validation": [], "test": [], "paragraphs": []}

docstrings._collect = collect
open(f"{sys.argv[1]}.{os.getpid()}", "w").close()
while not os.path.exists(sys.argv[2]):
    time.sleep(0.01)
print(docstrings.load_docstrings("train"))
"""


def test_of_two_processes_at_once_one_collects_and_both_get_the_data(cached, tmp_path):
    log, start = tmp_path / "log", tmp_path / "start"
    command = [sys.executable, "-c", textwrap.dedent(RACE), str(log), str(start)]
    racers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    try:
        while len(list(tmp_path.glob("log.*"))) < 2:
            assert all(racer.poll() is None for racer in racers)
        start.touch()
        said = [racer.communicate(timeout=60)[0] for racer in racers]
    finally:
        for racer in racers:
            racer.kill()
    assert said == ["(['One of them.'], [3])\n"] * 2
    assert log.read_text() == "collected\n"
    assert _cache.read(cached, docstrings._key(), "train") == [["One of them.", 3]]
