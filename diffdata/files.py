"""Writing a file so that nobody ever reads half of it."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    r"""Write a UTF-8 file by way of a temporary one beside it.

    A file that is replaced keeps its mode; a new one is readable by all. A link is followed, so
    that it still is a link afterwards.

    Raises
    ------
    OSError
        If the folder cannot be written to; the old file is then untouched.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "note.txt"
    ...     write_atomically(path, "all of it\n")
    ...     path.read_text()
    'all of it\n'
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(temporary, mode)  # mkstemp gives 0600
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
