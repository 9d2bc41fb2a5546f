"""Run, normalise and address the notebooks: `python -m tests.notebooks.tool --help`."""

import argparse
import copy
import os
import re
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tests.notebooks import store

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
TIMEOUT = 600
IGNORE_OUTPUT = "nbval-ignore-output"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")

SETUP_TITLE = "# Set-up:"
SETUP = """\
# Set-up: finds the course, or installs it where it is missing (Colab). Safe to run again.
import importlib.util
import subprocess
import sys

COURSE = "git+<address>@<tag>"
needed = {"course_lib": COURSE, "torchinfo": "torchinfo"}
missing = [source for name, source in needed.items() if importlib.util.find_spec(name) is None]
if missing:
    print("Installing", *missing)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *missing]
    done = subprocess.run(pip, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr)
        raise RuntimeError("Set-up: pip failed, see above. Is there a network? Run the cell again.")
    importlib.invalidate_caches()

from course_lib import runtime

runtime.report()"""

COLAB = "https://colab.research.google.com"
BADGE = re.compile(r"\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)")


@dataclass(frozen=True)
class Origin:
    """Where the course is published."""

    address: str
    tag: str

    @property
    def repository(self) -> str:
        """`owner/name`."""
        return "/".join(self.address.split("/")[-2:])


def origin(pyproject: Path = ROOT / "pyproject.toml") -> Origin:
    """The address and the tag, from the one place where they stand.

    Raises:
        ValueError: pyproject.toml names no version, or no GitHub repository.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("project", {})
    address = project.get("urls", {}).get("Repository", "")
    version = project.get("version", "")
    if not version or not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]*[\w-]", address):
        raise ValueError(
            f"{pyproject.name}: got version {version!r} and Repository {address!r}, expected a "
            "version and https://github.com/owner/name. Mend [project] and [project.urls]."
        )
    return Origin(address.removesuffix(".git"), f"v{version}")


def setup_source(place: Origin) -> str:
    """The set-up cell, the same in every notebook."""
    return SETUP.replace("<address>", place.address).replace("<tag>", place.tag)


def badge(place: Origin, name: str) -> str:
    """The line that opens the notebook called `name` in Colab."""
    target = f"{COLAB}/github/{place.repository}/blob/{place.tag}/notebooks/{name}"
    return f"[![Open in Colab]({COLAB}/assets/colab-badge.svg)]({target})"


def with_badge(notebook: NotebookNode, name: str, place: Origin) -> NotebookNode:
    """A copy whose first cell carries the badge and whose first code cell is the set-up cell.

    Outputs stay. A notebook without a set-up cell gets one, which has yet to run.
    """
    notebook = copy.deepcopy(notebook)
    if not notebook.cells or notebook.cells[0].cell_type != "markdown":
        raise ValueError(
            f"{name}: the first cell is not text; expected the title. "
            "Begin the notebook with a markdown cell `# NN · Title`."
        )
    first, line = notebook.cells[0], badge(place, name)
    if BADGE.search(first.source):
        first.source = BADGE.sub(lambda _: line, first.source)
    else:
        first.source = f"{first.source.rstrip()}\n\n{line}"
    code = store.code_cells(notebook)
    if not code or not code[0].source.startswith(SETUP_TITLE):
        notebook.cells.insert(1, new_code_cell(id="setup"))
    setup = store.code_cells(notebook)[0]
    setup.source = setup_source(place)
    tags = setup.metadata.get("tags", [])
    setup.metadata["tags"] = tags if IGNORE_OUTPUT in tags else [*tags, IGNORE_OUTPUT]
    return notebook


def run(
    notebook: NotebookNode,
    folder: Path,
    *,
    name: str = "notebook",
    timeout: int = TIMEOUT,
) -> tuple[NotebookNode, list[float]]:
    """Run all cells in order in one kernel; the notebook as it ran, the seconds of each cell.

    The kernel is this Python, works in `folder`, keeps its progress in a folder of its own and
    computes with one thread.

    Raises:
        RuntimeError: a cell failed, ran longer than `timeout` seconds, or took the kernel with it.
    """
    notebook = copy.deepcopy(notebook)
    client = NotebookClient(
        notebook,
        timeout=timeout,
        record_timing=False,
        store_widget_state=False,
        force_raise_errors=True,
        resources={"metadata": {"path": str(folder)}},
    )
    _prepare(client.create_kernel_manager())
    seconds = []
    with tempfile.TemporaryDirectory() as state, client.setup_kernel(env=_environment(state)):
        for index, cell in enumerate(notebook.cells):
            start = time.perf_counter()
            try:
                client.execute_cell(cell, index)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                raise RuntimeError(_failure(name, notebook, index, error)) from None
            seconds.append(time.perf_counter() - start)
    return notebook, seconds


def _prepare(manager: KernelManager) -> None:
    """Let every kernel name mean the Python that runs this file; encrypt where that is known."""

    class ThisPython(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())

    manager.kernel_spec_manager = ThisPython()
    if manager.has_trait("transport_encryption"):
        manager.transport_encryption = "auto"


def _environment(state: str) -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}
    path = [str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    return environment | {
        "COURSE_STATE_DIR": os.path.join(state, "course"),
        "IPYTHONDIR": os.path.join(state, "ipython"),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(path),
    }


def _failure(name: str, notebook: NotebookNode, index: int, error: Exception) -> str:
    cell = notebook.cells[index]
    lines = [line for out in cell.outputs for line in out.get("traceback", [])] or [str(error)]
    said = COLOURS.sub("", "\n".join(lines))
    return (
        f"{name}, cell {index + 1} of {len(notebook.cells)} (id {cell.get('id', 'none')}): "
        f"{getattr(error, 'ename', type(error).__name__)} in\n\n"
        f"{_indented(cell.source)}\n\nIt said\n\n{_indented(said)}\n\n"
        "Expected every cell to run; the notebook is as it was. Mend the cell, then run this again."
    )


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.strip().splitlines())


def execute(path: Path, timeout: int = TIMEOUT) -> str:
    """Run a notebook in place and store it normalised; what to report. A failure writes nothing."""
    ran, seconds = run(store.read(path), path.parent, name=path.name, timeout=timeout)
    store.write(path, store.normalise(store.stamp(ran)))
    slowest = max(range(len(seconds)), key=seconds.__getitem__)
    took = f"in {sum(seconds):.1f} s, slowest cell {slowest + 1} with {seconds[slowest]:.1f} s"
    lines = [f"{path.name}: {len(store.code_cells(ran))} code cells {took}"]
    for index, cell in enumerate(ran.cells, start=1):
        said = [out.text for out in cell.get("outputs", []) if out.get("name") == "stderr"]
        if said and IGNORE_OUTPUT not in cell.metadata.get("tags", []):
            lines.append(
                f"  cell {index} wrote to stderr, nbval will fail: {said[0].strip()[:200]}"
            )
    return "\n".join(lines)


def normalise(path: Path) -> str:
    """Normalise a stored notebook without running it."""
    changed = store.write(path, store.normalise(store.read(path)))
    return f"{path.name}: {'normalised' if changed else 'as it should be'}"


def write_badge(path: Path, place: Origin) -> str:
    """Write the badge and the set-up cell of a stored notebook."""
    changed = store.write(path, store.normalise(with_badge(store.read(path), path.name, place)))
    return f"{path.name}: {'now at' if changed else 'is at'} {place.address} {place.tag}"


def with_badges(page: str, place: Origin) -> str:
    """A page, such as the README, in which every badge leads to its notebook at `place`."""
    return BADGE.sub(lambda old: badge(place, old[0].rpartition("/")[2].rstrip(")")), page)


def write_readme(place: Origin, readme: Path = ROOT / "README.md") -> str:
    """Write the badges of the README."""
    page = readme.read_text(encoding="utf-8")
    readme.write_text(with_badges(page, place), encoding="utf-8")
    return f"{readme.name}: is at {place.address} {place.tag}"


def chosen(names: Sequence[str], folder: Path = NOTEBOOKS) -> list[Path]:
    """The notebooks that begin with one of `names`, in reading order; all, without names.

    Raises:
        ValueError: a name fits no notebook.
    """
    stored = sorted(folder.glob("*.ipynb"))
    for name in names:
        if not any(path.name.startswith(Path(name).name) for path in stored):
            have = ", ".join(path.name for path in stored) or "none"
            raise ValueError(f"{name}: no such notebook in {folder.name}/. There are: {have}.")
    wanted = tuple(Path(name).name for name in names) or ("",)
    return [path for path in stored if path.name.startswith(wanted)]


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m tests.notebooks.tool", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    for name, says in {
        "execute": "run notebooks in place, then normalise them",
        "normalise": "bring notebooks into the stored form, without running them",
        "badges": "write the address in pyproject.toml into badges and set-up cells",
    }.items():
        command = commands.add_parser(name, help=says, description=says)
        command.add_argument(
            "names", nargs="*", help="such as 01 or 01_topic.ipynb; all if left out"
        )
        if name == "execute":
            command.add_argument(
                "--timeout", type=int, default=TIMEOUT, help="seconds a cell may take"
            )
    return top


def main(arguments: Sequence[str] | None = None, folder: Path = NOTEBOOKS) -> int:
    options = parser().parse_args(arguments)
    try:
        for path in chosen(options.names, folder):
            if options.command == "execute":
                print(execute(path, options.timeout), flush=True)
            elif options.command == "normalise":
                print(normalise(path))
            else:
                print(write_badge(path, origin()))
        if options.command == "badges" and folder == NOTEBOOKS:
            print(write_readme(origin()))
    except (RuntimeError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
