"""Comparison of what a user names: folders, archives, CSV files, editions, git revisions."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from diffdata.diff.packages import PackageDiff, compare_packages, explain_changes
from diffdata.diff.table_diff import TableDiff, compare_tables
from diffdata.diff.tables import read_table
from diffdata.errors import DescriptorError, InvalidInputError, PackageError
from diffdata.package.archives import unpacked
from diffdata.package.editions import edition_of, find_release, versions
from diffdata.package.files import DESCRIPTOR
from diffdata.package.packages import Package, open_dataset, open_package
from diffdata.schemas.reader import parse_package


def compare(
    old: str | os.PathLike[str],
    new: str | os.PathLike[str],
    *,
    key: str | Sequence[str] = (),
    rename: Mapping[str, str] | None = None,
    only: Sequence[str] | None = None,
    delimiter: str = ",",
    encoding: str = "utf-8",
    atol: float = 0,
    rtol: float = 0,
    explain: bool = False,
) -> PackageDiff | TableDiff:
    """Compare two datasets, or two CSV files; see `open_place` for what can be named.

    CSV files need a `key`, the columns that identify a row (``OLD=NEW`` if the files name one
    differently), and allow `rename` (new names of columns by old ones), `delimiter`, `encoding`,
    and tolerances: numbers that differ by at most ``atol + rtol * abs(old)`` count as written
    differently. Datasets allow `only`, the tables to compare, and `explain`, which also compares
    the derived figures and the ledger that are recomputed from each of them.
    """
    with open_place(old) as before, open_place(new) as after:
        if isinstance(before, Package) and isinstance(after, Package):
            unfit = "delimiter, encoding, atol, rtol: these are for CSV files, not for datasets"
            if key or rename:
                unfit = "key, rename: datasets are compared by the primary keys of their schemas"
            if key or rename or (delimiter, encoding, atol, rtol) != (",", "utf-8", 0, 0):
                raise InvalidInputError(unfit)
            found = compare_packages(before, after, only=only)
            explanation = explain_changes(before, after) if explain else None
            return replace(found, old=str(old), new=str(new), explanation=explanation)
        if explain:
            raise InvalidInputError("explain: this is for datasets, not for CSV files")
        if isinstance(before, Path) and isinstance(after, Path):
            if only:
                raise InvalidInputError("only: this is for datasets, not for CSV files")
            first, last = (
                read_table(path, str(name), delimiter=delimiter, encoding=encoding)
                for path, name in ((before, old), (after, new))
            )
            return compare_tables(first, last, key, rename=rename, atol=atol, rtol=rtol)
        file, other = (old, new) if isinstance(before, Path) else (new, old)
        raise InvalidInputError(
            f"{file} is a CSV file and {other} a dataset: expected two datasets or two CSV files"
        )


@contextmanager
def open_place(text: str | os.PathLike[str]) -> Iterator[Package | Path]:
    """Open what a user names: a folder, a .zip, a CSV file, a released edition, a git revision.

    They are tried in this order. Temporary files are removed afterwards.
    """
    name = os.fspath(text)
    path = Path(name)
    edition = edition_of(name)
    if path.is_dir() or path.name == DESCRIPTOR:
        yield _dataset(path, name)
    elif path.suffix.lower() == ".zip":
        with unpacked(path) as folder:
            yield _dataset(folder, name)
    elif path.suffix.lower() == ".csv" or path.is_file():
        yield path
    elif edition in [release.edition for release in versions()]:
        yield open_dataset(version=name)
    else:
        with tempfile.TemporaryDirectory(prefix="diffdata-") as folder:
            archive = Path(folder, "revision.zip")
            if _archive_revision(name, archive):
                with unpacked(archive) as root:
                    yield _dataset(root, name)
                return
        if edition:
            find_release(name, versions())
        raise PackageError(
            f"{name}: expected a folder with a {DESCRIPTOR}, a .zip of one, a CSV file, a released "
            "edition, or a revision of the git repository in the current directory"
        )


def _dataset(path: str | os.PathLike[str], name: str) -> Package:
    try:
        return open_package(path)
    except DescriptorError as error:
        first, more = error.problems[0], len(error.problems) - 1
        others = f" and {more} more fault{'s' * (more != 1)}" if more else ""
        raise PackageError(
            f"{name}: this data package does not follow the profile of diffdata ({first}{others}); "
            "compare its CSV files with --key"
        ) from None


def _archive_revision(text: str, archive: Path) -> bool:
    """Write the dataset of a revision as a .zip; return False if git has no such revision."""
    revision, _, inside = text.partition(":")
    if not revision or revision.startswith("-"):
        return False
    where = PurePosixPath(inside)
    if where.is_absolute() or ".." in where.parts:
        raise PackageError(f"{text}: expected REV:FOLDER with a folder inside the repository")
    if _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").returncode:
        return False
    # Like git, look in the current folder, and then at the top of the repository.
    for place in [f"{inside.rstrip('/')}/"] if inside else ["./", ""]:
        descriptor = _git("cat-file", "blob", f"{revision}:{place}{DESCRIPTOR}")
        if descriptor.returncode == 0:
            break
    else:
        raise PackageError(f"{text}: the revision has no {inside and f'{where}/'}{DESCRIPTOR}")
    resources = parse_package(descriptor.stdout, f"{text}: {DESCRIPTOR}").resources
    paths = [path for resource in resources for path in (resource.path, resource.schema_)]
    tree = _git("rev-parse", f"{revision}:{place}").stdout.rstrip("\n")
    top = _git("rev-parse", "--show-toplevel").stdout.rstrip("\n")
    written = _git(
        "--literal-pathspecs", "archive", "--format=zip", f"--output={archive}", tree, "--",
        DESCRIPTOR, *paths, at=top or None,
    )  # fmt: skip
    if written.returncode:
        reason = written.stderr.strip().splitlines()
        raise PackageError(f"{text}: {reason[-1] if reason else 'git archive failed'}")
    return True


def _git(*arguments: str, at: str | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["git", *arguments], cwd=at, capture_output=True, check=False, encoding="utf-8",
            errors="replace",
        )  # fmt: skip
    except FileNotFoundError:
        raise PackageError(
            "git is not installed; name a folder, a .zip or a CSV file instead of a revision"
        ) from None
