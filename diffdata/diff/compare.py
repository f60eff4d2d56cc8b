"""The one call behind ``diffdata diff``: two places in, their comparison out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from diffdata.diff.explain import Explanation, explain
from diffdata.diff.packages import PackageDiff, compare_packages
from diffdata.diff.places import open_place
from diffdata.diff.table import read_table
from diffdata.diff.tables import TableDiff, compare_tables
from diffdata.errors import InvalidInputError


def compare(
    old: str | os.PathLike[str],
    new: str | os.PathLike[str],
    *,
    key: str | Sequence[str] = (),
    rename: Mapping[str, str] | None = None,
    only: Sequence[str] | None = None,
) -> PackageDiff | TableDiff:
    r"""Compare two datasets, or two CSV files.

    Parameters
    ----------
    old, new
        Each a folder with a datapackage.json, a .zip of one, a released edition, or a git revision;
        or both CSV files.
    key, rename
        For CSV files: the columns that name a row, and columns that are known to be renamed, new
        name by old name; see `compare_tables`.
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
    return _compare(old, new, key, rename, only, explained=False)[0]


def compare_and_explain(
    old: str | os.PathLike[str],
    new: str | os.PathLike[str],
    *,
    only: Sequence[str] | None = None,
) -> tuple[PackageDiff, Explanation]:
    """Compare two datasets, and say what moves because of it; see `compare` and `explain`.

    Raises
    ------
    PackageError, InvalidDataError
        If one of them cannot be read, or is not valid: derived figures need valid data.
    InvalidInputError
        If they are not datasets with estimates and calculations.
    """
    diff, explanation = _compare(old, new, (), None, only, explained=True)
    if isinstance(diff, PackageDiff) and explanation is not None:
        return diff, explanation
    raise InvalidInputError("explain: this is for datasets, not for CSV files")


def _compare(
    old: str | os.PathLike[str],
    new: str | os.PathLike[str],
    key: str | Sequence[str],
    rename: Mapping[str, str] | None,
    only: Sequence[str] | None,
    explained: bool,
) -> tuple[PackageDiff | TableDiff, Explanation | None]:
    with open_place(old) as first, open_place(new) as last:
        if first.package and last.package:
            if key or rename:
                raise InvalidInputError(
                    "key, rename: datasets are compared by the primary keys of their schemas"
                )
            names = first.name, last.name
            diff = compare_packages(first.package, last.package, names=names, only=only)
            return diff, explain(first.package, last.package) if explained else None
        if first.file and last.file:
            if only:
                raise InvalidInputError("only: this is for datasets, not for CSV files")
            tables = read_table(first.file, first.name), read_table(last.file, last.name)
            return compare_tables(*tables, key, rename=rename), None
        file, other = (first, last) if first.file else (last, first)
        raise InvalidInputError(
            f"{file.name} is a CSV file and {other.name} a dataset: expected two of a kind"
        )
