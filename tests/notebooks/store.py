"""A notebook as a file: read, brought into one form, written so that a diff shows what changed."""

import copy
import hashlib
import json
import os
import re
import tempfile
from pathlib import Path

import nbformat.v4
from nbformat import NotebookNode

from tests.notebooks import slides

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
RESTART = "restart"  # tags the cells that make what the rest of a notebook needs
VALID_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read(path: Path) -> NotebookNode:
    """The notebook as it is stored, nothing repaired on the way.

    Raises:
        ValueError: the file is no notebook of format 4.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        is_notebook = raw["nbformat"] == 4 and isinstance(raw["cells"], list)
    except (ValueError, KeyError, TypeError):
        is_notebook = False
    if not is_notebook:
        raise ValueError(
            f"{path.name}: got a damaged file or another format, expected a notebook of format 4. "
            "Open it in JupyterLab and save it, or take the last version from git."
        )
    return nbformat.v4.to_notebook(raw)


def as_text(notebook: NotebookNode) -> str:
    """The notebook as it stands in a file: keys sorted, indent 1, one newline at the end."""
    return nbformat.v4.writes(notebook) + "\n"


def write(path: Path, notebook: NotebookNode) -> bool:
    """Replace the file in one step, and say whether that changed it."""
    text = as_text(notebook)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return True


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def code_hash(notebook: NotebookNode) -> str:
    """What the outputs were made by: a hash of all code cells but the first.

    The first is the set-up cell. It is left out, because `badges` rewrites it when the repository
    moves, its output is never compared, and a rule holds it to the canonical text.
    """
    sources = [cell.source for cell in code_cells(notebook)[1:]]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()[:16]


def stamp(notebook: NotebookNode) -> NotebookNode:
    """A copy that records which code its outputs come from. For a notebook that has just run."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata["course"] = {"code_hash": code_hash(notebook)}
    return notebook


def normalise(notebook: NotebookNode) -> NotebookNode:
    """A copy in the one form in which notebooks are stored. Doing it twice changes nothing more.

    Sources and the recorded code hash stay as they are. A code cell that has not run keeps its
    empty count, so that a rule can see it.
    """
    recorded = notebook.get("metadata", {}).get("course", {}).get("code_hash")
    metadata = {"kernelspec": KERNELSPEC, "language_info": LANGUAGE}
    if recorded:
        metadata["course"] = {"code_hash": recorded}
    cells, count = [], 0
    for cell, cell_id in zip(notebook.cells, _ids(notebook.cells), strict=True):
        count += cell.cell_type == "code"
        cells.append(_normal_cell(cell, cell_id, count))
    for cell, slide_type in zip(cells, slides.slide_types(cells), strict=True):
        cell["metadata"]["slideshow"] = {"slide_type": slide_type}
    return nbformat.from_dict(
        copy.deepcopy({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    )


def _normal_cell(cell: NotebookNode, cell_id: str, count: int) -> dict:
    normal = {"cell_type": cell.cell_type, "id": cell_id, "metadata": {}, "source": cell.source}
    if tags := cell.get("metadata", {}).get("tags"):
        normal["metadata"]["tags"] = list(dict.fromkeys(tags))
        if RESTART in tags:  # one line of it shows, until it is needed
            normal["metadata"]["jupyter"] = {"source_hidden": True}
    if cell.get("attachments"):
        normal["attachments"] = cell.attachments
    if cell.cell_type == "code":
        has_run = cell.get("execution_count") is not None
        normal["execution_count"] = count if has_run else None
        normal["outputs"] = _normal_outputs(cell.get("outputs", []), normal["execution_count"])
    return normal


def _ids(cells: list[NotebookNode]) -> list[str]:
    """A valid id of its own for every cell; the first that has one keeps it."""
    stored = [cell.get("id") for cell in cells]
    taken = {one for one in stored if _is_valid(one)}
    seen, ids = set(), []
    for cell, wanted in zip(cells, stored, strict=True):
        attempt = 0
        while not _is_valid(wanted) or wanted in seen:
            material = f"{cell.cell_type}\n{cell.source}\n{attempt}".encode()
            wanted = hashlib.sha256(material).hexdigest()[:8]
            wanted, attempt = (None if wanted in taken else wanted), attempt + 1
        seen.add(wanted)
        ids.append(wanted)
    return ids


def _is_valid(cell_id: object) -> bool:
    return isinstance(cell_id, str) and VALID_ID.fullmatch(cell_id) is not None


def _normal_outputs(outputs: list[NotebookNode], count: int | None) -> list[dict]:
    normal: list[dict] = []
    for output in map(dict, outputs):
        kind = output["output_type"]
        if kind == "stream":
            if output["name"] == "stderr" or not output["text"]:
                continue
            if normal and normal[-1]["output_type"] == "stream":
                normal[-1]["text"] += output["text"]
                continue
        if "data" in output:
            output["data"] = {k: v for k, v in output["data"].items() if k != WIDGET_VIEW}
            if not output["data"]:
                continue
        if kind == "execute_result":
            output["execution_count"] = count
        output.pop("transient", None)
        normal.append(output)
    return normal
