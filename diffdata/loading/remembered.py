"""Tables that were validated before: read again as they were, as long as nothing has changed.

To validate a table takes longer than to read it, and most processes load tables that others have
loaded before. So a table that proved valid is kept, as a stream of Arrow in the folder for files
that can be had again, with a stamp of all that the verdict rests on: every file of the dataset,
byte for byte, and the code that judged them. With another stamp, or where the file is damaged, it
is validated anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from diffdata.package.files import replacing
from diffdata.package.places import DESCRIPTOR, cache_folder


def remembered(root: Path, table: str, validated: Callable[[], pa.Table]) -> pa.Table:
    """Return a table of a dataset as `validated` gives it, or as it gave it to an earlier process.

    Parameters
    ----------
    root
        The folder of the dataset.
    table
        The name of the table.
    validated
        Reads and validates the table; what it raises is raised here.
    """
    stamp = _stamp(root)
    if stamp is None:
        return validated()
    known = hashlib.sha256(f"{root}\n{table}".encode()).hexdigest()
    path = cache_folder() / "tables" / f"{known}.arrow"
    found = _read(path, stamp)
    if found is None:
        found = validated()
        # What changed while it was read must not pass for what was validated.
        if _stamp(root) == stamp:
            _keep(path, found, stamp)
    return found


def _read(path: Path, stamp: bytes) -> pa.Table | None:
    """Return the table of a file with this stamp; None if there is none, or it is damaged."""
    try:
        head, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if head != _head(stamp, content):
        return None
    return pa.ipc.open_stream(content).read_all()


def _keep(path: Path, table: pa.Table, stamp: bytes) -> None:
    """Write a file for `_read`; where that is not possible nothing is kept."""
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    content = stream.getvalue().to_pybytes()
    with suppress(OSError), replacing(path) as unfinished:
        unfinished.write_bytes(_head(stamp, content) + b"\n" + content)


def _head(stamp: bytes, content: bytes) -> bytes:
    return stamp + b" " + hashlib.sha256(content).hexdigest().encode()


def _stamp(root: Path) -> bytes | None:
    """Return a digest of a dataset and of the code that judges it; None if files are missing."""
    hashed = hashlib.sha256(pa.__version__.encode())
    try:
        descriptor = (root / DESCRIPTOR).read_bytes()
        files = [descriptor]
        for resource in json.loads(descriptor)["resources"]:
            files += [(root / resource[key]).read_bytes() for key in ("path", "schema")]
    except (OSError, ValueError, LookupError, TypeError):
        return None  # validation will say what is wrong
    for data in files:
        hashed.update(hashlib.sha256(data).digest())
    # As Python does for its bytecode, code is known by the size and time of its files.
    for folder, folders, names in os.walk(Path(__file__).parents[1]):
        folders[:] = sorted(set(folders) - {"__pycache__", "dataset"})
        for name in sorted(names):
            status = os.stat(os.path.join(folder, name))
            hashed.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return hashed.hexdigest().encode()
