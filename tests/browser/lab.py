"""A JupyterLab started by `make lab` in a copy of the course: no test alters the original."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
FILES = ("Makefile", "pyproject.toml", "constraints.txt")
ADDRESS = re.compile(r"http://\S+:\d+/lab\S*\?token=\w+")
START_SECONDS = 120
STOP_SECONDS = 15
# No question about Jupyter news in the corner of a page.
QUIET = {"apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False}}


class Lab:
    """A running server: the address that `make lab` printed, and the folder that it serves.

    `settings` are those of JupyterLab, such as `{"notebook-extension/tracker": {…}}`.
    """

    def __init__(self, folder: Path, settings: dict[str, dict] | None = None) -> None:
        self.settings = QUIET | (settings or {})
        self.folder, self.course, self.state = folder, folder / "course", folder / "state"
        self._log = folder / "lab.log"
        self._copy_course()
        self._process = self._start()
        try:
            self.address = self._printed_address()
        except BaseException:
            self.stop()
            raise

    def _copy_course(self) -> None:
        self.course.mkdir()
        for name in FILES:
            shutil.copy2(ROOT / name, self.course)
        shutil.copytree(
            ROOT / "notebooks",
            self.course / "notebooks",
            ignore=shutil.ignore_patterns(".ipynb_checkpoints"),
        )
        self._lend_environment()

    def _lend_environment(self) -> None:
        """Make `make lab` find this very environment, ready, in the copy."""
        own = self.course / ".venv"
        own.mkdir()
        for entry in Path(sys.prefix).iterdir():
            if entry.name != ".ready":
                (own / entry.name).symlink_to(entry)
        requirements = "cat pyproject.toml constraints.txt | cksum"
        if not (own / "bin/python").exists():
            raise RuntimeError(
                f"{sys.executable} is in no virtual environment, and `make lab` would have to "
                "install one first. Run the tests by `make test`."
            )
        checksum = subprocess.check_output(requirements, shell=True, cwd=self.course, text=True)
        (own / ".ready").write_text(f"{self.course.resolve()}\n{checksum}", "utf-8")

    def _environment(self) -> dict[str, str]:
        own = {
            f"JUPYTER_{name}_DIR": str(self.folder / name) for name in ("CONFIG", "DATA", "RUNTIME")
        }
        own |= {"COURSE_STATE_DIR": str(self.state), "IPYTHONDIR": str(self.folder / "ipython")}
        for name, settings in self.settings.items():
            file = self.folder / f"CONFIG/lab/user-settings/@jupyterlab/{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(settings), "utf-8")
        kept = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
        return {"OMP_NUM_THREADS": "1"} | kept | own

    def _start(self) -> subprocess.Popen:
        with self._log.open("wb") as output:
            return subprocess.Popen(
                ["make", "lab", "LAB_ARGS=--no-browser --ServerApp.port=0"],
                cwd=self.course,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _printed_address(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            text = self._log.read_text("utf-8")
            if found := ADDRESS.search(text):
                return found[0]
            if self._process.poll() is not None:
                raise RuntimeError(f"`make lab` ended before it printed an address:\n{text}")
            time.sleep(0.1)
        raise TimeoutError(f"`make lab` printed no address in {START_SECONDS} s:\n{text}")

    def stop(self) -> None:
        """Stop the server; it stops its kernels."""
        try:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        except ProcessLookupError:
            self._process.wait()

    def address_of(self, name: str, workspace: str) -> str:
        """A notebook's address in a workspace of its own, where no earlier tab is restored."""
        url = urlsplit(self.address)
        path = f"lab/workspaces/{workspace}/tree/notebooks/{name}.ipynb"
        return f"{url.scheme}://{url.netloc}/{path}?reset&{url.query}"

    def path(self, name: str) -> Path:
        return self.course / f"notebooks/{name}.ipynb"

    def read(self, name: str) -> NotebookNode:
        """A notebook as it is saved now."""
        return nbformat.read(self.path(name), as_version=4)

    def reset(self) -> None:
        """Notebooks as they are shipped, and a learner who has done nothing yet."""
        shutil.rmtree(self.state, ignore_errors=True)
        for shipped in (ROOT / "notebooks").glob("*.ipynb"):
            shutil.copyfile(shipped, self.course / "notebooks" / shipped.name)

    def kernel_state(self, name: str) -> str:
        """What the kernel of a notebook does: "idle", "busy", ...; "none" before it has one."""
        return next((s["kernel"]["execution_state"] for s in self._sessions(name)), "none")

    def end_kernel(self, name: str) -> None:
        for session in self._sessions(name):
            self._call("DELETE", f"sessions/{session['id']}")

    def _sessions(self, name: str) -> list[dict]:
        path = f"notebooks/{name}.ipynb"
        return [session for session in self._call("GET", "sessions") if session["path"] == path]

    def _call(self, method: str, what: str) -> list:
        url = urlsplit(self.address)
        request = urllib.request.Request(
            f"{url.scheme}://{url.netloc}/api/{what}",
            method=method,
            headers={"Authorization": f"token {url.query.removeprefix('token=')}"},
        )
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.loads(reply.read() or b"[]")
