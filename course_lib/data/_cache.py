"""One file of JSON that says what it was made from and notices when it is damaged.

Its first line is the SHA-256 of the second, a header: the key, and for each part its SHA-256. Each
further line is one part.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course_lib import _files


class Damaged(Exception):  # noqa: N818 it is an answer, not an error
    """The file is not what was once written."""


def write(path: Path, key: Mapping[str, str], parts: Mapping[str, Any]) -> None:
    """Replace the file. Raises OSError where it cannot be written."""
    lines = {name: json.dumps(part).encode() for name, part in parts.items()}
    sums = {name: _sum(line) for name, line in lines.items()}
    header = json.dumps({"key": dict(key), "parts": sums}).encode()
    _files.write_atomically(
        path, b"\n".join([_sum(header).encode(), header, *lines.values()]) + b"\n"
    )


def read(path: Path, key: Mapping[str, str], wanted: str) -> Any:
    """One part of the file; None where no file is, or one made from something else.

    Raises:
        Damaged: the file is cut off, changed, or something else altogether.
    """
    try:
        with path.open("rb") as file:
            checksum = file.readline().removesuffix(b"\n").decode()
            header = _checked(file.readline(), checksum)
            if header["key"] != dict(key):
                return None
            for name, checksum in header["parts"].items():
                line = file.readline()
                if name == wanted:
                    return _checked(line, checksum)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(path.name) from error
    raise Damaged(path.name)


def _checked(line: bytes, checksum: str) -> Any:
    line = line.removesuffix(b"\n")
    if _sum(line) != checksum:
        raise ValueError("the checksum differs")
    return json.loads(line)


def _sum(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
