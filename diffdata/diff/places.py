"""Comparison of what a user names: folders, archives, CSV files, editions, git revisions."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from diffdata.diff.packages import Explanation, PackageDiff, compare_packages, explain_changes
from diffdata.diff.table_diff import TableDiff, compare_tables
from diffdata.diff.tables import read_table
from diffdata.errors import DescriptorError, InvalidInputError, PackageError
from diffdata.package.archives import unpack, unpacked
from diffdata.package.editions import edition_of, find_release, versions
from diffdata.package.files import DESCRIPTOR
from diffdata.package.packages import Package, open_edition, open_package
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
) -> PackageDiff | TableDiff:
    r"""Compare two datasets, or two CSV files.

    Parameters
    ----------
    old, new
        Two datasets or two CSV files, see `open_place`.
    key, rename, atol, rtol
        For CSV files: see `compare_tables`.
    delimiter, encoding
        For CSV files: how both are written.
    only
        For datasets: the tables to compare; by default all.

    Raises
    ------
    PackageError
        If one of them cannot be read.
    InvalidInputError, UnknownNameError
        If they cannot be compared with each other, or an argument does not fit them.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_text("Model,FLOP\nGPT-3,3.14e23\n")
    >>> _ = (folder / "b.csv").write_text("Model,FLOP\nGPT-3,3.14e22\n")
    >>> [change.difference.ratio for change in compare(folder / "a.csv", folder / "b.csv",
    ...                                                 key="Model").cells]
    [0.1]
    """
    with open_place(old) as before, open_place(new) as after:
        if isinstance(before, Package) and isinstance(after, Package):
            unfit = "delimiter, encoding, atol, rtol: these are for CSV files, not for datasets"
            if key or rename:
                unfit = "key, rename: datasets are compared by the primary keys of their schemas"
            if key or rename or (delimiter, encoding, atol, rtol) != (",", "utf-8", 0, 0):
                raise InvalidInputError(unfit)
            return compare_packages(before, after, names=(str(old), str(new)), only=only)
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


def compare_and_explain(
    old: str | os.PathLike[str],
    new: str | os.PathLike[str],
    *,
    only: Sequence[str] | None = None,
) -> tuple[PackageDiff, Explanation]:
    """Compare two datasets, and what changes because of it; see `compare` and `explain_changes`.

    Raises
    ------
    PackageError, InvalidDataError, InvalidInputError
        If one of them cannot be read, is not valid, or has no estimates and calculations.
    """
    with open_place(old) as before, open_place(new) as after:
        if not (isinstance(before, Package) and isinstance(after, Package)):
            raise InvalidInputError("explain: this is for datasets, not for CSV files")
        diff = compare_packages(before, after, names=(str(old), str(new)), only=only)
        return diff, explain_changes(before, after)


@contextmanager
def open_place(text: str | os.PathLike[str]) -> Iterator[Package | Path]:
    """Open the dataset or CSV file that a user names, and remove temporary files afterwards.

    Files and folders take precedence over editions, and these over git revisions.

    Parameters
    ----------
    text
        A folder with a datapackage.json (or that file), a .zip of such a folder, a CSV file, a
        released edition (``2026.1``), or a revision of the git repository in the current directory
        (``REV``, or ``REV:FOLDER``).

    Raises
    ------
    PackageError, UnknownNameError
        If it is none of them, or cannot be read; if there is no edition of that name.

    Examples
    --------
    >>> with open_place("no-such-thing") as place:
    ...     pass
    Traceback (most recent call last):
    ...
    diffdata.errors.PackageError: no-such-thing: expected a folder with a datapackage.json, a .zip \
of one, a CSV file, a released edition, or a revision of the git repository in the current \
directory
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
        yield open_edition(name)
    else:
        with tempfile.TemporaryDirectory(prefix="diffdata-") as folder:
            if unpack_revision(name, Path(folder)):
                yield _dataset(folder, name)
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


def unpack_revision(text: str, folder: Path) -> bool:
    """Write the dataset of a git revision (``REV`` or ``REV:FOLDER``) into an empty folder.

    Return False if git does not know the revision.
    """
    revision, _, inside = text.partition(":")
    if not revision or revision.startswith("-"):
        return False
    where = PurePosixPath(inside)
    if where.is_absolute() or ".." in where.parts:
        raise PackageError(f"{text}: expected REV:FOLDER with a folder inside the repository")
    prefix = _git("rev-parse", "--show-prefix")
    commit = _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if prefix.returncode or commit.returncode:
        return False
    # Like git, look in the current folder, and then at the top of the repository.
    for place in [inside] if inside else [prefix.stdout.rstrip("\n"), ""]:
        tree = f"{commit.stdout.strip()}:{place.rstrip('/')}"
        path = f"{tree}{'' if tree.endswith(':') else '/'}{DESCRIPTOR}"
        descriptor = _git("cat-file", "blob", path)
        if descriptor.returncode == 0:
            break
    else:
        raise PackageError(f"{text}: the revision has no {inside and f'{where}/'}{DESCRIPTOR}")
    resources = parse_package(descriptor.stdout, f"{text}: {DESCRIPTOR}").resources
    paths = [path for resource in resources for path in (resource.path, resource.schema_)]
    archive = folder / ".archive.zip"
    written = _git(
        "--literal-pathspecs", "archive", "--format=zip", f"--output={archive}", tree, "--",
        DESCRIPTOR, *paths, at=_git("rev-parse", "--show-toplevel").stdout.rstrip("\n"),
    )  # fmt: skip
    if written.returncode:
        reason = written.stderr.strip().splitlines()
        raise PackageError(f"{text}: {reason[-1] if reason else 'git archive failed'}")
    unpack(archive, folder)
    archive.unlink()
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
