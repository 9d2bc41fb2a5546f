"""Where the course runs: device, seeds, versions, folders. The ground that all else stands on."""

import contextlib
import importlib.metadata
import importlib.util
import os
import platform
import random
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import course_lib

PACKAGE = Path(__file__).resolve().parent
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
REPORTED = ("torch", "numpy", "transformers", "ipywidgets")


def checkout() -> Path | None:
    """The course's folder when the package runs from a clone, None when pip installed it."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "notebooks").is_dir() else None


def data_dir() -> Path:
    """The folder of the data that the course ships: `data/` in a clone, else inside the package.

    Raises:
        FileNotFoundError: the installation came without its data.
    """
    root = checkout()
    folder = root / "data" if root else PACKAGE / "_data"
    if not folder.is_dir():
        raise FileNotFoundError(
            f"data_dir: the course's data should be in {folder}, but there is no such folder. "
            "Install the course again: the set-up cell of any notebook does it."
        )
    return folder


def state_dir() -> Path:
    """The folder for a learner's own files (progress, caches). It is made by whoever writes first.

    `COURSE_STATE_DIR` names it; else it is `.course/` in a clone, `~/.course/` without one.
    """
    named = os.environ.get("COURSE_STATE_DIR")
    if named:
        return Path(named).expanduser()
    return (checkout() or Path.home()) / ".course"


def cache_dir() -> Path:
    """The folder for what can be made again: `COURSE_CACHE_DIR`, else `cache/` in `state_dir()`."""
    named = os.environ.get("COURSE_CACHE_DIR")
    return Path(named).expanduser() if named else state_dir() / "cache"


def place() -> str:
    """Where this process runs: "Colab", "Binder", "Jupyter" or "Python"."""
    if "COLAB_RELEASE_TAG" in os.environ or "google.colab" in sys.modules:
        return "Colab"
    if "BINDER_SERVICE_HOST" in os.environ:
        return "Binder"
    return "Jupyter" if "ipykernel" in sys.modules else "Python"


def widget_view(widget: Any) -> dict[str, dict]:
    """The entry of a MIME bundle that shows a live ipywidget."""
    return {WIDGET_VIEW: {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}}


def progress_bar(steps: Iterable | None, total: int | None, description: str) -> Any:
    """Go through `steps` and show meanwhile how far it is, with nothing left of it at the end.

    It is tqdm's bar; without `steps` the caller moves it by update() and ends it by close().

    In a notebook that is a widget and no other output, so that a cell shows the same with and
    without it; elsewhere a line on stderr.
    """
    from tqdm import tqdm

    if "ipykernel" in sys.modules:
        with contextlib.suppress(ImportError):  # no ipywidgets
            from IPython import get_ipython
            from IPython.display import publish_display_data
            from tqdm.notebook import tqdm_notebook

            if get_ipython() is not None:  # publishing would make a shell where there is none
                bar = tqdm_notebook(steps, description, total, leave=False, display=False)
                publish_display_data(widget_view(bar.container))
                return bar
    return tqdm(steps, description, total, leave=False)


def device() -> str:
    """The fastest device that PyTorch finds here: "cuda", "mps" or "cpu"."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's and PyTorch's global random number generators."""
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def report() -> None:
    """Print what this environment is made of: versions, device, threads, place."""
    import torch

    def version(package: str) -> str:
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            return "missing"

    machine = f"{platform.system()} {platform.machine()}".strip()
    print(f"course_lib {course_lib.__version__} · Python {platform.python_version()} · {machine}")
    print(" · ".join(f"{package} {version(package)}" for package in REPORTED))
    threads = torch.get_num_threads()
    print(f"{place()} · device {device()} · {threads} thread{'s' if threads > 1 else ''}")
