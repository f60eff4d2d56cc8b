"""Released editions: archives that never change, known by their digests and opened offline.

`index` reads which editions there are, `opening` verifies and opens one, `mirror` brings an archive
that is not part of the installed package.
"""

from diffdata.editions.index import (
    INDEX,
    Release,
    TableContent,
    find_release,
    read_index,
    releases_folder,
    releases_of,
    verified,
    versions,
    write_index,
)
from diffdata.editions.mirror import fetch
from diffdata.editions.opening import Dataset, open_dataset, open_edition, open_release

__all__ = [
    "INDEX",
    "Dataset",
    "Release",
    "TableContent",
    "fetch",
    "find_release",
    "open_dataset",
    "open_edition",
    "open_release",
    "read_index",
    "releases_folder",
    "releases_of",
    "verified",
    "versions",
    "write_index",
]
