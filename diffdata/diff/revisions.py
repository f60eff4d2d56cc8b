"""Revisions of a git repository: the dataset as it was then, fetched with ``git archive``."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

from diffdata.errors import PackageError
from diffdata.package.archives import unpack
from diffdata.package.places import DESCRIPTOR
from diffdata.schemas.reader import parse_package


def archive_revision(text: str, folder: Path) -> bool:
    """Write the dataset of a revision into a folder.

    Only the descriptor and the files that it names are taken.

    Parameters
    ----------
    text
        ``REV``, ``REV:`` or ``REV:FOLDER``, in the repository of the current directory; without a
        folder the current directory is meant.
    folder
        An empty folder.

    Returns
    -------
    found
        False if git does not know the revision.

    Raises
    ------
    PackageError
        If git is missing or the current directory is in no repository; if the revision has no
        datapackage.json, or lacks a file that it names.
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
    # Like git itself we look in the current folder, and then at the top of the repository.
    folders = [inside] if inside else [_line(prefix), ""]
    tree, descriptor = _descriptor(_line(commit), folders)
    if descriptor is None:
        raise PackageError(f"{text}: the revision has no {inside and f'{where}/'}{DESCRIPTOR}")
    described = parse_package(descriptor, f"{text}: {DESCRIPTOR}")
    paths = [DESCRIPTOR]
    for resource in described.resources:
        paths += [resource.path, resource.schema_]
    archive = folder / ".archive.zip"
    top = _line(_git("rev-parse", "--show-toplevel"))
    made = _git(
        "--literal-pathspecs", "archive", "--format=zip", f"--output={archive}", tree, "--", *paths,
        at=top,
    )  # fmt: skip
    if made.returncode:
        reason = made.stderr.decode("utf-8", "replace").strip().splitlines()
        raise PackageError(f"{text}: {reason[-1] if reason else 'git archive failed'}")
    unpack(archive, folder)
    archive.unlink()
    return True


def _descriptor(commit: str, folders: list[str]) -> tuple[str, str | None]:
    """Return the first of the folders, as git names it, that has a descriptor, and its text."""
    tree = ""
    for folder in folders:
        tree = f"{commit}:{folder.rstrip('/')}"
        path = f"{tree}{'' if tree.endswith(':') else '/'}{DESCRIPTOR}"
        found = _git("cat-file", "blob", path)
        if not found.returncode:
            return tree, found.stdout.decode("utf-8", "replace")
    return tree, None


def _line(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stdout.decode().rstrip("\n")


def _git(*arguments: str, at: str | None = None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], cwd=at, capture_output=True, check=False)
    except FileNotFoundError:
        raise PackageError(
            "git is not installed; name a folder, a .zip or a CSV file instead of a revision"
        ) from None
