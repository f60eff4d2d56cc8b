"""Build the site: all pages into a folder beside the one that is wanted, which then takes its place."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from diffdata.errors import PackageError
from diffdata.exporting import export
from diffdata.package.packages import Dataset, open_dataset
from diffdata.site.explore import explore_pages
from diffdata.site.facts import Facts
from diffdata.site.search import search_pages
from diffdata.site.stories import story_pages
from diffdata.site.subjects import subject_pages
from diffdata.site.tables import table_files, table_pages

MARK = ".diffdata-site"  # the file by which an earlier site is known
Pages = Iterator[tuple[str, str | bytes]]
_ASSETS = Path(__file__).with_name("assets")


def build_site(
    out: str | os.PathLike[str], *, package: Dataset | None = None, docs: bool = True
) -> Path:
    """Build the site of a dataset: pages for readers, which any static host serves.

    Each model, chip, organization, benchmark, quantity and source has a page, in which each figure
    leads to its source; so have the clocks, cases, figures that were recomputed, editions and
    forecasts. Pages load nothing from elsewhere, and can be opened from disk. The same package
    gives the same bytes.

    Parameters
    ----------
    out : the folder to write; it is replaced at once when all is built. It must be missing, empty,
        or an earlier site
    package : the package to read; the bundled dataset by default
    docs : whether to build the documents too, from the working tree of diffdata

    Returns
    -------
    path
        The folder.

    Raises
    ------
    PackageError
        If the folder is something else, or cannot be written.
    InvalidInputError
        If a library is missing: the site needs the extra ``site``.

    Examples
    --------
    >>> build_site("diffdata")
    Traceback (most recent call last):
    diffdata.errors.PackageError: diffdata: there is something else than a site; name another folder
    """
    folder = Path(out)
    _check_target(folder)
    facts = Facts(open_dataset(package))
    target = folder.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as made:
            new = Path(made, "site")
            for path, content in _pages(facts):
                _write(new / path, content)
            for format in ("csv", "parquet", "json"):
                export(None, format, new / "data", package=facts.package)
            shutil.copytree(_ASSETS, new / "assets", dirs_exist_ok=True)
            _write(new / MARK, f"diffdata {facts.package.version}\n")
            if target.exists():
                os.replace(target, Path(made, "old"))
            os.replace(new, target)
    except OSError as error:
        raise PackageError(f"{folder}: cannot be written: {error.strerror or error}") from None
    return folder


def _check_target(folder: Path) -> None:
    there = folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))
    if there and not (folder / MARK).is_file():
        raise PackageError(f"{folder}: there is something else than a site; name another folder")


def _pages(facts: Facts) -> Pages:
    yield from subject_pages(facts)
    yield from story_pages(facts)
    yield from table_pages(facts)
    yield from table_files(facts)
    yield from explore_pages(facts)
    yield from search_pages(facts)


def _write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
