"""open_board: a server of its own for each call, what it shows, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
import types
import urllib.request
from pathlib import Path

import psutil
import pytest

from course_lib import monitor
from course_lib.monitor import TensorBoardLogger, board, open_board

SERVER = board.SERVER
LIMIT = 60  # seconds


def write(folder, name="train/loss"):
    with TensorBoardLogger(folder) as logger:
        logger.scalars({name: 1.0}, 1)


def asked(address, path):
    with urllib.request.urlopen(f"{address}data/{path}", timeout=10) as answer:
        return json.load(answer)


def until(condition):
    end = time.monotonic() + LIMIT
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    return found


def answers(address):
    try:
        return bool(asked(address, "environment"))
    except OSError:
        return False


def ended(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("boards") / "runs & <more>"
    write(folder / "one")
    write(folder / "deep" / "two")
    (folder / "empty").mkdir()
    return folder


@pytest.fixture(scope="module")
def shown(runs):
    """One server for the tests that only look."""
    return open_board(str(runs))


@pytest.fixture
def stopped():
    """Stops what a test has started."""
    started = []
    yield started
    for one in started:
        board._boards.pop(one.folder, None)
        one.stop()


def test_the_address_answers_on_this_machine_and_shows_exactly_these_runs(shown, runs):
    assert shown.running
    assert shown.address.startswith("http://127.0.0.1:") and shown.address.endswith("/")
    assert asked(shown.address, "environment")["data_location"] == str(runs)
    assert until(lambda: sorted(asked(shown.address, "runs"))) == ["deep/two", "one"]
    tags = asked(shown.address, "plugin/scalars/tags")
    assert {run: list(names) for run, names in tags.items()} == {
        "one": ["train/loss"],
        "deep/two": ["train/loss"],
    }


def test_it_answers_nobody_else(shown):
    (server,) = [
        c for c in psutil.Process(shown._process.pid).net_connections() if c.status == "LISTEN"
    ]
    assert server.laddr.ip == "127.0.0.1"


def test_its_text_names_the_runs_and_neither_port_nor_address(shown):
    assert repr(shown) == "TensorBoard of runs & <more>: 2 runs (deep/two, one)"
    bundle = shown._repr_mimebundle_()
    assert bundle["text/plain"] == repr(shown)
    assert "127.0.0.1" not in json.dumps(bundle)


def test_in_jupyter_a_frame_is_a_live_widget_and_nothing_of_it_is_stored(shown, monkeypatch):
    import ipywidgets

    made = []
    monkeypatch.setattr(ipywidgets, "HTML", lambda page: made.append(page) or Widget())
    assert shown._repr_mimebundle_() == {
        "text/plain": repr(shown),
        board.runtime.WIDGET_VIEW: {"version_major": 2, "version_minor": 0, "model_id": "7"},
    }
    (page,) = made
    assert f'<iframe src="{shown.address}"' in page and "height: 640px" in page
    assert f'<a href="{shown.address}" target="_blank">' in page
    assert 'title="TensorBoard of runs &amp; &lt;more&gt;"' in page


class Widget:
    model_id = "7"


def test_without_ipywidgets_the_text_is_left(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert shown._repr_mimebundle_() == {"text/plain": repr(shown)}


def test_in_colab_its_own_frame_is_used(shown, monkeypatch):
    asked_for = []
    output = types.ModuleType("google.colab.output")
    output.serve_kernel_port_as_iframe = lambda port, **options: asked_for.append((port, options))
    colab = types.ModuleType("google.colab")
    colab.output = output
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    assert shown._repr_mimebundle_() == {"text/plain": repr(shown)}
    port = int(shown.address.removesuffix("/").rsplit(":")[-1])
    assert asked_for == [(port, {"height": "640"})]


def test_a_port_that_is_taken_is_said_and_the_other_server_goes_on(shown, tmp_path):
    port = int(shown.address.removesuffix("/").rsplit(":")[-1])
    with pytest.raises(RuntimeError, match="ended, expected it to run") as error:
        open_board(tmp_path, port=port)
    for words in (f"port {port}", "in use", str(tmp_path), "Leave port out"):
        assert words in str(error.value)
    assert shown.running and tmp_path.resolve() not in board._boards


def test_a_file_is_refused(tmp_path):
    (tmp_path / "events").write_text("")
    with pytest.raises(NotADirectoryError, match=r"open_board: got .*events, which is a file; exp"):
        open_board(tmp_path / "events")


def test_what_did_not_start_in_time_is_said_and_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(board, "START_SECONDS", 0.05)
    started, real = [], subprocess.Popen

    def noted(*args, **options):
        started.append(real(*args, **options))
        return started[-1]

    monkeypatch.setattr(board.subprocess, "Popen", noted)
    with pytest.raises(TimeoutError, match=r"gave no address in 0\.05 s, expected"):
        open_board(tmp_path)
    assert started[0].poll() is not None and board._boards.get(tmp_path) is None


def test_a_server_that_cannot_start_is_told_with_its_last_words(tmp_path, monkeypatch):
    broken = tmp_path / "broken.py"
    broken.write_text("print('a')\nprint()\nraise SystemExit('no TensorBoard here: ä')")
    monkeypatch.setattr(board, "SERVER", broken)
    with pytest.raises(RuntimeError, match="It said: a no TensorBoard here: ä Your training"):
        open_board(tmp_path)


EAGER = """
import sys
from course_lib.monitor import _serve
_serve.RELOAD_SECONDS = "1"
_serve.main(*sys.argv[1:])
"""


def test_it_starts_empty_with_nothing_on_the_path_and_finds_a_run_later(
    tmp_path, monkeypatch, stopped
):
    """A folder that is not there yet, a chosen height; then one run; then a second call."""
    monkeypatch.setenv("PATH", "")
    eager = tmp_path / "eager.py"
    eager.write_text(EAGER)
    monkeypatch.setattr(board, "SERVER", eager)
    folder = tmp_path / "later"
    first = open_board(folder, height=321)
    stopped.append(first)
    assert first.runs() == [] and repr(first).startswith("TensorBoard of later: no event file yet.")
    assert "every 5 seconds" in repr(first)
    assert 'RELOAD_SECONDS = "5"' in SERVER.read_text()
    write(folder / "one")
    assert repr(first) == "TensorBoard of later: 1 run (one)"
    assert first.height == 321
    until(lambda: asked(first.address, "runs") == ["one"])

    monkeypatch.chdir(tmp_path)
    second = open_board("later")  # the same folder under another name
    stopped.append(second)
    assert ended(first._process.pid) and not answers(first.address) and not first.running
    assert second.running and second.address != first.address
    assert [one for one in board._boards.values() if one.folder == folder] == [second]
    assert "has ended" in repr(first)


def test_a_server_that_was_killed_says_so_and_how_to_start_anew(runs, tmp_path, stopped):
    killed = open_board(tmp_path)
    stopped.append(killed)
    os.kill(killed._process.pid, signal.SIGKILL)
    until(lambda: not killed.running)
    said = repr(killed)
    assert said.startswith(f"TensorBoard of {tmp_path.name}: its server has ended")
    assert said.endswith("open_board(folder) starts a new one.")
    assert killed._repr_mimebundle_() == {"text/plain": said}
    assert killed.address not in said
    killed.stop()
    killed.stop()


def test_a_server_that_hangs_is_not_running_and_is_ended_by_force(tmp_path, monkeypatch, stopped):
    hangs = tmp_path / "hangs.py"
    hangs.write_text(
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('http://127.0.0.1:1/', flush=True)\n"
        "sys.stdin.read()\nimport time; time.sleep(60)\n"
    )
    monkeypatch.setattr(board, "SERVER", hangs)
    monkeypatch.setattr(board, "STOP_SECONDS", 0.1)
    one = open_board(tmp_path)
    assert one.address == "http://127.0.0.1:1/" and not one.running
    del board._boards[one.folder]
    one.stop()
    assert one._process.poll() == -signal.SIGKILL


PARENT = """
import sys
from course_lib.monitor import open_board
board = open_board(sys.argv[1])
print(board.address, board._process.pid, flush=True)
sys.stdin.readline()
"""


def parent_of(folder):
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(monitor.__file__).parents[2],
    )


def test_another_process_has_a_server_of_its_own_that_ends_however_its_parent_does(shown, runs):
    killed, regular = parent_of(runs), parent_of(runs)
    with killed, regular:
        ours = asked(shown.address, "environment")
        told = [process.stdout.readline().split() for process in (killed, regular)]
        assert len({shown.address, *(address for address, _ in told)}) == 3  # nobody's is reused
        killed.send_signal(signal.SIGKILL)
        regular.communicate("\n", timeout=LIMIT)
        for address, pid in told:
            until(lambda pid=pid: ended(int(pid)))
            assert not answers(address)
    assert regular.returncode == 0
    assert asked(shown.address, "environment") == ours  # ours went on
