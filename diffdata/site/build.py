"""Build the site into a folder beside the one that is wanted, which then takes its place."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from diffdata.errors import PackageError
from diffdata.package.packages import Dataset, open_dataset
from diffdata.package.pinned import parquet_bytes
from diffdata.site.documents import document_pages, document_titles
from diffdata.site.explore import explore_pages
from diffdata.site.facts import Facts
from diffdata.site.search import search_pages
from diffdata.site.stories import story_pages
from diffdata.site.subjects import subject_pages
from diffdata.site.tables import table_pages
from diffdata.types.text import cell_text

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
        If the folder is something else, or cannot be written, or if there are no documents.
    InvalidInputError
        If a library is missing: the site needs the extra ``site``.

    Examples
    --------
    >>> build_site("diffdata")
    Traceback (most recent call last):
    diffdata.errors.PackageError: diffdata: this is not a site; name another folder
    """
    folder = Path(out)
    _check_target(folder)
    facts = Facts(open_dataset(package))
    target = folder.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as made:
            new = Path(made, "site")
            for path, content in _pages(facts, docs):
                _write(new / path, content)
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
        raise PackageError(f"{folder}: this is not a site; name another folder")


def _pages(facts: Facts, docs: bool) -> Pages:
    documents = dict(document_pages(facts.edition)) if docs else {}
    yield from documents.items()
    titles = document_titles(documents)
    yield from subject_pages(facts)
    yield from story_pages(facts)
    yield from table_pages(facts)
    yield from explore_pages(facts)
    yield from search_pages(facts, titles)
    yield from _downloads(facts)


def _downloads(facts: Facts) -> Pages:
    """Yield the tables as files: CSV, JSON with a row on each line, and Parquet."""
    for name, table in facts.arrow.items():
        columns = [column.to_pylist() for column in table.columns]
        rows = [*zip(*columns, strict=True)]
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(table.column_names)
        writer.writerows([cell_text(cell) for cell in row] for row in rows)
        yield f"data/{name}.csv", out.getvalue()
        lines = (
            json.dumps(dict(zip(table.column_names, row, strict=True)), ensure_ascii=False,
                       default=cell_text)
            for row in rows
        )  # fmt: skip
        yield f"data/{name}.json", "[\n" + ",\n".join(lines) + "\n]\n"
        yield f"data/{name}.parquet", parquet_bytes(table)


def _write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
