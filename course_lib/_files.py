"""Replace a file so that a reader finds the old content or the new, never a half of it."""

import contextlib
import os
import secrets
from pathlib import Path

NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a temporary file beside `path`, see it to the disk, and rename it.

    Raises:
        OSError: nothing could be written; `path` is as it was, and no temporary file stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    handle = os.open(temporary, NEW, 0o666)  # who may read it is decided as for any file
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
