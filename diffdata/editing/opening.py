"""The package that is to be edited."""

from __future__ import annotations

import os

from diffdata.errors import PackageError
from diffdata.package.packages import Package, open_package


def open_for_editing(path: str | os.PathLike[str] | None = None) -> Package:
    """Open a package whose files will be changed.

    Parameters
    ----------
    path
        A folder with a datapackage.json, or that file; by default the working tree from which
        diffdata is installed.

    Raises
    ------
    PackageError
        If no path is given and diffdata is not installed from a working tree: the dataset inside an
        installed package is replaced with the next upgrade, and an edit with it.
    DescriptorError
        If descriptor or schemas break the profile.

    Examples
    --------
    >>> open_for_editing("no/such/folder")
    Traceback (most recent call last):
    ...
    diffdata.errors.PackageError: no/such/folder: there is no such file or folder
    """
    package = open_package(path)
    if path is None and not is_working_tree(package):
        raise PackageError(
            f"{package.root}: this dataset is part of an installed package and not for editing; "
            "name the folder of yours, or install a clone with `pip install -e .`"
        )
    return package


def is_working_tree(package: Package) -> bool:
    """Tell whether a package lies in a working tree of diffdata, where `diffdata build` works."""
    return all((package.root / name).exists() for name in ("pyproject.toml", "diffdata"))
