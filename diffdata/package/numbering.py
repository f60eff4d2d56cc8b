"""The numbers of editions, and that of the package.

hatchling asks this file for the version when it builds the package, so nothing else of diffdata is
imported here.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

# The last number of the version of the package: 0 with a new edition, one more for each version of
# the code alone. It never changes data.
PATCH = 0

_VERSION = re.compile(r"(\d{1,9}\.\d{1,9})(?:\.\d{1,9})?")


def edition_of(version: str) -> str | None:
    """Return the edition that a version names: its first two numbers; None if it is no version.

    Examples
    --------
    >>> edition_of("2026.1"), edition_of("2026.1.0"), edition_of("2026.1.3")
    ('2026.1', '2026.1', '2026.1')
    >>> edition_of("latest") is None
    True
    """
    found = _VERSION.fullmatch(version)
    return found and found[1]


def in_time(edition: str) -> tuple[int, ...]:
    """Return what editions are sorted by, the oldest first.

    Examples
    --------
    >>> sorted(["2026.10", "2026.9", "2025.11"], key=in_time)
    ['2025.11', '2026.9', '2026.10']
    """
    return tuple(map(int, edition.split(".")))


def package_version() -> str:
    """Return the version of the package in a working tree: the edition and the patch number."""
    descriptor = Path(__file__).resolve().parents[2] / "datapackage.json"
    version = json.loads(descriptor.read_text(encoding="utf-8"))["version"]
    return f"{edition_of(version)}.{PATCH}"
