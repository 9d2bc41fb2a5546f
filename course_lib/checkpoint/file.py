"""Files that are whole or not there, with a checksum in their name: damage is found on loading."""

import hashlib
import io
import platform
import re
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_lib._files import write_atomically

FORMAT = 1  # goes up when older files can't be read any more
DIGITS = 16  # of the SHA-256, in hexadecimal
CHECKSUM = re.compile(rf"-([0-9a-f]{{{DIGITS}}})\.pt\Z")


class DamagedError(ValueError):
    """A file's content is not what was written.

    Built in notebooks/07_checkpoints.ipynb.
    """


def save(state: Mapping[str, Any], folder: str | PathLike, label: str) -> Path:
    """Write a state to `folder`/`label`-checksum.pt, whole or not at all. Returns the path.

    The format's number and the versions of Python and PyTorch are written too.

    Raises:
        TypeError: something in it is no tensor, number, string, list, tuple or dict, and so would
            not load.
        ValueError: it has a name that save() takes itself, "format" or "versions".
        OSError: it could not be written; the folder is as it was.

    Built in notebooks/07_checkpoints.ipynb.
    """
    if taken := {"format", "versions"} & state.keys():
        raise ValueError(
            f"save: the state has {' and '.join(sorted(taken))}, expected other names: save() "
            "writes these itself. Rename what you have."
        )
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    content = io.BytesIO()
    torch.save(_plain({**state, "format": FORMAT, "versions": versions}, "the state"), content)
    path = Path(folder) / f"{label}-{_checksum(content.getvalue())}.pt"
    write_atomically(path, content.getvalue())
    return path


def load(path: str | PathLike, device: str | torch.device = "cpu") -> dict[str, Any]:
    """Read what `save` wrote, its tensors on `device`. Code in the file is never run.

    Raises:
        DamagedError: the checksum is another: the file is cut short, or a bit has flipped.
        ValueError: the name carries no checksum, the file holds other things than a state, or its
            format is another.
        OSError: it could not be read.

    Built in notebooks/07_checkpoints.ipynb.
    """
    path = Path(path)
    expected = CHECKSUM.search(path.name)
    if expected is None:
        raise ValueError(
            f"load: the name {path.name} carries no checksum, expected ...-{'0' * DIGITS}.pt, as "
            "save() writes it. If you renamed the file, give it its name back; torch.load(path, "
            "weights_only=True) reads it unchecked."
        )
    content = path.read_bytes()
    if (found := _checksum(content)) != expected[1]:
        raise DamagedError(
            f"load: {path.name} is damaged: the checksum of its {len(content):,} bytes is "
            f"{found}, expected {expected[1]}. It was cut short or changed on the disk: take an "
            "earlier checkpoint."
        )
    return _read(content, path.name, device)


def _read(content: bytes, name: str, device: str | torch.device) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about TorchScript, which is refused too
            state = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
    except Exception as error:  # a file of somebody else may break it anywhere
        raise ValueError(
            f"load: {name} holds something else than tensors, numbers, strings, lists and dicts, "
            "expected a file of save(). Nothing of it was run. Who made it? A pickle may hold a "
            f"program ({type(error).__name__})."
        ) from None  # PyTorch's own message proposes weights_only=False
    found = state.get("format") if isinstance(state, dict) else None
    if type(found) is not int or found != FORMAT:
        raise ValueError(
            f"load: {name} is a checkpoint of format {found}, expected {FORMAT}: another version "
            "of this course wrote it. Its weights may still be of use: "
            'torch.load(path, weights_only=True)["model"].'
        )
    return state


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def _plain(value: Any, where: str) -> Any:
    """The value made of what torch.load reads with weights_only; numbers of NumPy become plain."""
    if value is None or type(value) in (bool, Tensor, nn.Parameter):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, np.generic) and type(value.item()) in (bool, int, float):
        return value.item()
    if isinstance(value, Mapping):
        made = OrderedDict(
            (_plain(k, where), _plain(v, f"{where}[{k!r}]")) for k, v in value.items()
        )
        if not hasattr(value, "_metadata"):  # a state_dict has it
            return dict(made)
        made._metadata = value._metadata
        return made
    if isinstance(value, list | tuple):
        kind = tuple if isinstance(value, tuple) else list
        return kind(_plain(each, f"{where}[{n}]") for n, each in enumerate(value))
    raise TypeError(
        f"save: {where} is a {type(value).__name__}, expected tensors, numbers, strings, lists, "
        "tuples and dicts only: other things would not load. Leave it out, or save what it is "
        "made from."
    )
