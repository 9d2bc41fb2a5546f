"""course_lib.progress and course_lib._memory: one small file that nothing damages for good."""

import json
import os
import threading

import pytest

from course_lib import _memory, exercises, progress
from tests.full_disk import fill_up

NOTHING = {"attempts": 0, "hints": 0, "solved": False}
SOUND = {"version": 1, "exercises": {}, "predictions": {}}


@pytest.fixture
def file(own_state_folder):
    return own_state_folder / "progress.json"


@pytest.fixture(autouse=True)
def nothing_unsaved(monkeypatch):
    monkeypatch.setattr(_memory, "_unsaved", {})


def test_looking_writes_nothing(own_state_folder):
    assert _memory.exercise("01.1") == NOTHING
    assert _memory.prediction_score("01") == (0, 0)
    assert not own_state_folder.exists()


def test_attempts_and_hints_are_counted_by_exercise():
    _memory.record_attempt("01.1", solved=False)
    _memory.record_attempt("01.1", solved=False)
    assert [_memory.record_hint("01.1") for _ in range(3)] == [1, 2, 3]
    assert _memory.exercise("01.1") == {"attempts": 2, "hints": 3, "solved": False}
    assert _memory.exercise("01.2") == NOTHING


def test_what_was_solved_once_stays_solved():
    for solved in (True, False):
        _memory.record_attempt("01.1", solved)
    assert _memory.exercise("01.1") == {"attempts": 2, "hints": 0, "solved": True}


def test_predictions_are_counted_by_notebook():
    for name, right in (("01.1", True), ("01.2", False), ("01.10", True), ("00.1", True)):
        _memory.record_prediction(name, right)
    assert _memory.prediction_score("01") == (2, 3)
    assert _memory.prediction_score("00") == (1, 1)


def test_the_file_is_readable_json_and_the_only_one(file):
    _memory.record_attempt("01.1", solved=True)
    assert json.loads(file.read_text("utf-8")) == {
        "version": 1,
        "exercises": {"01.1": {"attempts": 1, "hints": 0, "solved": True}},
        "predictions": {},
    }
    assert os.listdir(file.parent) == [file.name]


@pytest.mark.parametrize("cut", [0, 1, 40, -1])  # bytes that the disk takes of the new file
def test_a_write_that_breaks_off_leaves_the_old_file_whole(file, monkeypatch, cut):
    _memory.record_hint("01.1")
    before = file.read_bytes()
    written = fill_up(monkeypatch, after=cut)
    assert _memory.record_hint("01.1") == 2
    assert written == [before.replace(b'"hints": 1', b'"hints": 2')[:cut]]
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == [file.name]


DAMAGES = {
    "empty": b"",
    "cut": b'{"version": 1, "exerc',
    "not text": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
    "long number": b"1" * 10_000,
    "a list": b"[]",
    "another version": json.dumps({**SOUND, "version": 2}).encode(),
    "no predictions": b'{"version": 1, "exercises": {}}',
    "a list of exercises": json.dumps({**SOUND, "exercises": ["01.1"]}).encode(),
    "a number for an exercise": json.dumps({**SOUND, "exercises": {"01.1": 3}}).encode(),
}


@pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_set_aside_with_a_word_and_a_new_one_begins(file, capsys, content):
    file.parent.mkdir()
    file.write_bytes(content)
    _memory.record_attempt("01.1", solved=True)
    aside = file.with_name("progress.damaged-1.json")
    assert aside.read_bytes() == content
    assert aside.name in capsys.readouterr().out
    assert _memory.exercise("01.1")["solved"]
    _memory.record_attempt("01.1", solved=True)
    assert capsys.readouterr().out == ""


def test_a_second_damaged_file_does_not_replace_the_first(file):
    file.parent.mkdir()
    for content in ("one", "two"):
        file.write_text(content)
        _memory.load()
    asides = [file.with_name(f"progress.damaged-{n}.json").read_text() for n in (1, 2)]
    assert asides == ["one", "two"]


@pytest.mark.parametrize("entry", [{}, {"attempts": "3", "hints": None, "solved": 1}])
def test_odd_values_in_a_sound_file_count_as_none(file, entry):
    file.parent.mkdir()
    file.write_text(json.dumps({**SOUND, "exercises": {"01.1": entry}}))
    assert _memory.exercise("01.1") == NOTHING


def test_where_nothing_can_be_written_progress_lasts_for_the_session_and_says_so_once(
    own_state_folder, capsys
):
    own_state_folder.write_text("a file where the folder should be")
    for _ in range(2):
        _memory.record_attempt("01.1", solved=True)
    assert _memory.exercise("01.1")["attempts"] == 2
    said = capsys.readouterr().out
    assert said.count("for this session only") == 1
    assert own_state_folder.read_text() == "a file where the folder should be"


def test_what_was_kept_for_the_session_is_written_as_soon_as_that_works(own_state_folder, file):
    own_state_folder.write_text("in the way")
    _memory.record_hint("01.1")
    own_state_folder.unlink()
    _memory.record_hint("01.1")
    assert json.loads(file.read_text())["exercises"]["01.1"]["hints"] == 2
    assert _memory._unsaved == {}


def test_a_reader_never_sees_half_a_file(file):
    _memory.record_hint("01.1")
    stop, seen = threading.Event(), set()

    def read():
        while not stop.is_set():
            seen.add(type(json.loads(file.read_text())).__name__)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(30):
        _memory.record_hint("01.1")
    stop.set()
    reader.join()
    assert seen == {"dict"}
    assert _memory.exercise("01.1")["hints"] == 31


def test_the_board_tells_open_tried_and_solved_apart():
    first, second, *others = exercises.for_notebook("01")
    _memory.record_attempt(first.id, solved=True)
    _memory.record_attempt(second.id, solved=False)
    _memory.record_hint(second.id)
    _memory.record_prediction("01.1", right=True)
    _memory.record_prediction("01.2", right=False)
    panel = progress.board("01")
    lines = panel.plain().splitlines()
    assert lines[0] == f"Notebook 01 · 1 of {2 + len(others)} exercises solved"
    assert lines[1].split(maxsplit=1) == [first.id, f"{first.title} ({first.minutes} min): solved"]
    assert lines[2].endswith(f"{second.title} ({second.minutes} min): tried, 1 of 3 hints")
    assert all(line.endswith(": open") for line in lines[3:-1])
    assert lines[-1].split(maxsplit=1) == ["guesses", "1 right at the first guess, 2 made"]
    assert panel.tone == "quiet"


def test_a_hint_asked_for_again_and_again_is_not_more_than_all_hints():
    item = exercises.for_notebook("01")[0]
    for _ in range(7):
        _memory.record_hint(item.id)
    assert f"open, {len(item.hints)} of {len(item.hints)} hints" in progress.board("01").plain()


def test_the_board_is_green_when_all_is_solved():
    for item in exercises.for_notebook("00"):
        assert progress.board("00").tone == "quiet"
        _memory.record_attempt(item.id, solved=True)
    assert progress.board("00").tone == "good"


@pytest.mark.parametrize("number", ["99", "0", "00.1", "abc", 0, None, []])
def test_a_notebook_without_exercises_has_no_board(number):
    panel = progress.board(number)
    assert panel.plain().startswith("No such notebook\n")
    assert panel.tone == "quiet"
