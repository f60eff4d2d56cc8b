"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARQUET = (".parquet", ".pq")  # how the names of such files end, the first as we write them


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the path of a file beside `path` to write to; it takes its place when all went well.

    So no reader sees half a file, and a failure leaves the old one as it was. A file that is
    replaced keeps its mode; a link is followed, so that it still is a link afterwards.

    Raises
    ------
    OSError
        If the folder cannot be written to.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder, "new", "a.txt")) as unfinished:
    ...         _ = unfinished.write_text("whole")
    ...     os.listdir(Path(folder, "new"))
    ['a.txt']
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    # A folder of its own, so that the companions a library may write next to it go with it.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        unfinished = Path(folder, path.name)
        yield unfinished
        if path.exists():
            os.chmod(unfinished, stat.S_IMODE(path.stat().st_mode))
        os.replace(unfinished, path)


def write_atomically(path: Path, text: str) -> None:
    """Write a UTF-8 file whole or not at all, with the line ends that `text` has."""
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="")
