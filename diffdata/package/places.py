"""Where files lie on this machine: the dataset that comes with diffdata, and what can be had again.

Nothing heavy is imported here, for every process that loads a table comes through.
"""

from __future__ import annotations

import os
from pathlib import Path

from diffdata.errors import PackageError

DESCRIPTOR = "datapackage.json"
# The variable that names another folder than the one that the system has for such files.
CACHE = "DIFFDATA_CACHE"


def bundled_root() -> Path:
    """Return the folder of the dataset that comes with diffdata.

    In an installed wheel it lies inside the package, in a working tree (an editable install) it is
    the root of the repository, so that edits of the data are seen at once.
    """
    here = Path(__file__).resolve().parents[1]
    for root in (here / "dataset", here.parent):
        if (root / DESCRIPTOR).is_file():
            return root
    raise PackageError(f"diffdata is installed without its data: no {DESCRIPTOR} under {here}")


def cache_folder() -> Path:
    """Return the folder for files that can be had again; it may be missing.

    Examples
    --------
    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, {CACHE: "some/folder"}):
    ...     cache_folder().as_posix()
    'some/folder'
    """
    if named := os.environ.get(CACHE):
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_cache_path("diffdata")
