"""From a package to a release: all is checked first, and then the archive and index appear."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from diffdata.diff import compare_packages
from diffdata.editing.opening import is_working_tree
from diffdata.errors import InvalidInputError, PackageError, explain
from diffdata.loading.validated import load_all
from diffdata.package.files import replacing
from diffdata.package.index import Release, read_index, releases_of, verified, write_index
from diffdata.package.numbering import edition_of, in_time
from diffdata.package.opening import open_release
from diffdata.package.packages import Package, read_text
from diffdata.releasing.archive import make_archive
from diffdata.releasing.build import stale
from diffdata.releasing.changelog import CHANGELOG, Section, section_of
from diffdata.releasing.naming import unnamed
from diffdata.validation.whole import validate


def release(package: Package, edition: str, date: datetime.date | None = None) -> Release:
    """Release the edition that a package holds: its archive in releases/, and its entry there.

    Parameters
    ----------
    package
        The package, with a CHANGELOG.md.
    edition
        The edition, which must be that of the descriptor: said again, so that nobody releases by
        mistake.
    date
        The day of the release, by default today; the changelog must give the same.

    Returns
    -------
    release
        The entry in the index.

    Raises
    ------
    InvalidInputError
        If the edition is not that of the descriptor, is released already, is older than the last
        one, or holds the same values; if the date is before that of the last one.
    PackageError
        If the data are not valid, a generated file is stale, a released archive is damaged, or the
        changelog lacks the edition, its date, or something that changed. Nothing is written then.
    """
    date = date or datetime.date.today()
    folder = releases_of(package.root)
    earlier = read_index(folder)
    edition = _checked(package, edition, date, earlier)
    for old in earlier:
        if (folder / old.file).exists():
            verified(folder / old.file, old)
    section = section_of(read_text(package.root / CHANGELOG, CHANGELOG), edition)
    if section.date != date:
        raise PackageError(
            f"{CHANGELOG}: the section of {edition} is dated {section.dated or 'nothing'!r}, "
            f"expected `## {edition} ({date})`"
        )
    _check_validity(package)
    data, made = make_archive(package, section, date)
    if earlier:
        _check_changes(package, made, section, folder, earlier[-1])
    with replacing(folder / made.file) as unfinished:
        unfinished.write_bytes(data)
        # What readers will do: if it does not give the same values, nothing appears.
        load_all(opened := open_release(unfinished.parent, made), list(opened.tables))
    write_index(folder, [*earlier, made])
    return made


def _checked(
    package: Package, edition: str, date: datetime.date, earlier: Sequence[Release]
) -> str:
    """Return the name of the edition, if it may be released after the earlier ones."""
    own = edition_of(package.version)
    if own is None or edition_of(edition) != own:
        raise InvalidInputError(
            f"edition: the descriptor has the version {package.version}, which is not {edition}"
        )
    if package.version != f"{own}.0":
        raise InvalidInputError(
            f"edition: the descriptor has the version {package.version}, expected {own}.0; "
            "the patch number is that of the code"
        )
    if date.year < 1980:
        raise InvalidInputError(f"date: {date} is before 1980, which an archive cannot hold")
    for old in earlier:
        if old.edition == own:
            raise InvalidInputError(
                f"edition: {own} was released on {old.date} and never changes; for other values "
                "give datapackage.json the version of a new edition"
            )
        if in_time(old.edition) > in_time(own):
            raise InvalidInputError(
                f"edition: {own} is older than {old.edition}, which is released"
            )
        if old.date > date:
            raise InvalidInputError(f"date: {date} is before {old.date}, that of {old.edition}")
    return own


def _check_validity(package: Package) -> None:
    errors = [issue for issue in validate(package.root) if issue.severity == "error"]
    if errors:
        raise PackageError(f"the data are not valid:\n{explain(errors)}")
    if is_working_tree(package) and (paths := stale(package)):
        raise PackageError(f"not up to date: {', '.join(paths)}; `diffdata build` makes them anew")


def _check_changes(
    package: Package, made: Release, section: Section, folder: Path, last: Release
) -> None:
    if made.digest == last.digest:
        raise InvalidInputError(
            f"edition: the values and schemas are those of {last.edition}; what changes the code "
            "alone is a patch"
        )
    diff = compare_packages(open_release(folder, last), package)
    missing = unnamed(diff, package, section)
    if missing:
        listed = "\n".join(missing)
        raise PackageError(
            f"{CHANGELOG}: since {last.edition} this changed, and is named neither in the section "
            f"of {made.edition} nor by a new row of corrections; add what is missing, with the "
            f"reason, under `### Changed values`:\n{listed}"
        )
