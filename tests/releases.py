"""Small packages that are released, and the tree of an installation that contains them."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from diffdata.package.editions import Release
from diffdata.package.packages import open_package
from diffdata.releasing import release

from .packages import make_package

FIRST, SECOND = datetime.date(2026, 1, 5), datetime.date(2026, 7, 1)


def make_tree(root: Path) -> Path:
    """Write a small package that is ready to be released as edition 1.1."""
    root.mkdir(parents=True, exist_ok=True)
    make_package(root)
    set_edition(root, "1.1", FIRST, "The first one.")
    return root


def set_edition(root: Path, edition: str, day: datetime.date, said: str) -> None:
    """Set the edition of the descriptor, and add a section to the changelog above the others."""
    path = root / "datapackage.json"
    descriptor = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(descriptor | {"version": f"{edition}.0"}), encoding="utf-8")
    path = root / "CHANGELOG.md"
    before = path.read_text(encoding="utf-8") if path.exists() else "# Changelog\n"
    head, newline, rest = before.partition("\n")
    path.write_text(f"{head}{newline}\n## {edition} ({day})\n\n{said}\n{rest}", encoding="utf-8")


def release_first(root: Path) -> Release:
    return release(open_package(root), "1.1", FIRST)


def rename_column(root: Path, table: str, old: str, new: str) -> None:
    """Rename a column in the schema and in the data."""
    schema, data = root / f"{table}.json", root / f"{table}.csv"
    schema.write_text(schema.read_text().replace(f'"{old}"', f'"{new}"'), encoding="utf-8")
    header, newline, rows = data.read_text(encoding="utf-8").partition("\n")
    names = [new if name == old else name for name in header.split(",")]
    data.write_text(f"{','.join(names)}{newline}{rows}", encoding="utf-8")


def install(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a tree the bundled dataset of diffdata."""
    monkeypatch.setattr("diffdata.package.files.bundled_root", lambda: root)


def contents_of(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder by its name."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
