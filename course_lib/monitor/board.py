"""TensorBoard under a cell: a server of our own, on a free port, in JupyterLab and in Colab."""

import atexit
import html
import subprocess
import sys
import threading
import urllib.request
from collections import deque
from os import PathLike
from pathlib import Path
from typing import Any

from course_lib import runtime
from course_lib.monitor._folder import runs_below

SERVER = Path(__file__).with_name("_serve.py")
START_SECONDS = 60
STOP_SECONDS = 5
HEIGHT = 640  # CSS pixels
LAST_LINES = 8
_boards: dict[Path, "Board"] = {}


class Board:
    """A running TensorBoard. At the end of a cell it shows itself.

    Attributes:
        folder   what it draws: every run below it
        address  where it answers, on this machine only

    Built in notebooks/10_monitoring.ipynb.
    """

    def __init__(self, folder: Path, port: int, height: int) -> None:
        self.folder, self.height = folder, height
        self._lines: deque[str] = deque(maxlen=LAST_LINES)  # the last that the server said
        self._answered = threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, "-X", "utf8", str(SERVER), str(folder), str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    @property
    def running(self) -> bool:
        """Whether the server answers."""
        if self._process.poll() is not None:
            return False
        try:
            urllib.request.urlopen(f"{self.address}data/environment", timeout=10).close()
        except OSError:
            return False
        return True

    def runs(self) -> list[str]:
        """The names of the runs that lie below the folder now."""
        return sorted(runs_below(self.folder))

    def stop(self) -> None:
        """End the server. What it drew stays in its folder."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process.stdin.close()
        self._listener.join()
        self._process.stdout.close()

    def __repr__(self) -> str:
        if not self.running:
            words = self._last_words()
            return (
                f"TensorBoard of {self.folder.name}: its server has ended"
                f"{f', with the words: {words}' if words else ''}. The event files are as they "
                "were. open_board(folder) starts a new one."
            )
        names = self.runs()
        if not names:
            return (
                f"TensorBoard of {self.folder.name}: no event file yet. It looks again every "
                "5 seconds; flush() or close() a logger whose folder lies in it."
            )
        count = f"{len(names)} run{'s' * (len(names) > 1)}"
        return f"TensorBoard of {self.folder.name}: {count} ({', '.join(names)})"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        data: dict[str, Any] = {"text/plain": repr(self)}
        if self.running:
            data |= self._frame()
        return data

    def _frame(self) -> dict[str, Any]:
        """A live view and nothing stored: a page opened tomorrow has no frame without a server."""
        if "google.colab" in sys.modules:
            self._show_in_colab()
            return {}
        try:
            from ipywidgets import HTML
        except ImportError:
            return {}
        style = f"width: 100%; height: {self.height}px; border: 1px solid #8888; border-radius: 4px"
        where = html.escape(self.address)
        title = html.escape(f"TensorBoard of {self.folder.name}")
        return runtime.widget_view(
            HTML(
                f'<iframe src="{where}" title="{title}" style="{style}"></iframe>'
                f'<div><a href="{where}" target="_blank">open in a tab of its own</a></div>'
            )
        )

    def _show_in_colab(self) -> None:
        from google.colab import output

        port = int(self.address.rstrip("/").rpartition(":")[2])
        output.serve_kernel_port_as_iframe(port, height=str(self.height))

    def _listen(self) -> None:
        """Take what the server says: its address, and words that may explain an end."""
        for line in self._process.stdout:
            if line.startswith("http://"):
                self.address = line.strip()
                self._answered.set()
            else:
                self._lines.append(line.strip())
        self._answered.set()

    def _wait(self) -> None:
        if not self._answered.wait(START_SECONDS):
            raise TimeoutError(
                f"open_board: TensorBoard's server gave no address in {START_SECONDS} s, expected "
                "it in a few. The machine may be busy: call open_board again when it is not."
            )
        if not hasattr(self, "address"):
            raise RuntimeError(
                f"open_board: TensorBoard's server for {self.folder} ended, expected it to run. "
                f"It said: {self._last_words()} Your training and its files are as they were. "
                "Leave port out, so that a free one is taken."
            )

    def _last_words(self) -> str:
        return " ".join(filter(None, self._lines))


def open_board(folder: str | PathLike, *, port: int = 0, height: int = HEIGHT) -> Board:
    """Start TensorBoard for all runs below a folder. At the end of a cell it shows itself.

    Each call starts a server of its own, with this Python, so that no older one answers in its
    place and nothing has to be on the PATH; one that this process had started for the same folder
    is stopped. It ends with this process.

    Arguments:
        port    0 takes a free one
        height  of the frame, in CSS pixels

    Raises:
        NotADirectoryError: the folder is a file.
        RuntimeError: the server could not start, as when the port is taken.
        TimeoutError: it did not answer.

    Built in notebooks/10_monitoring.ipynb.
    """
    folder = Path(folder).resolve()
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(
            f"open_board: got {folder}, which is a file; expected the folder that holds the runs."
        )
    if folder in _boards:
        _boards.pop(folder).stop()
    _boards[folder] = Board(folder, port, height)
    return _boards[folder]


@atexit.register
def _stop_all() -> None:
    for board in _boards.values():
        board.stop()
