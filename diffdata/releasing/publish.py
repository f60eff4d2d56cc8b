"""Releasing: everything is checked first, and only then the archive and its entry are written."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from diffdata.diff import compare_packages
from diffdata.editing.formatting import is_working_tree
from diffdata.errors import DiffdataError, InvalidInputError, PackageError, explain
from diffdata.loading import arrow_tables, validated_tables
from diffdata.package import editions
from diffdata.package.editions import Release, edition_of
from diffdata.package.files import read_text, replacing
from diffdata.package.packages import Package, open_release
from diffdata.releasing.archive import content_of, make_archive
from diffdata.releasing.build import stale
from diffdata.releasing.changelog import CHANGELOG, Section, section_of, unnamed
from diffdata.validation.packages import validate


def release(package: Package, edition: str, date: datetime.date | None = None) -> Release:
    """Release the edition of a package: write its archive into releases/, and its entry there.

    Naming the edition of the descriptor prevents a release by mistake. An error lists all reasons
    for a refusal at once, and then nothing is written.
    """
    date = date or datetime.date.today()
    folder = editions.releases_folder(package.root)
    earlier = editions.read_index(folder)
    wrong = _wrong_input(package, edition, date, earlier)
    refusals: list[DiffdataError] = [*map(InvalidInputError, wrong)]
    section = Section(edition_of(edition) or "", "", "")
    with _collected(refusals):
        section = section_of(read_text(package.root / CHANGELOG, CHANGELOG), section.edition)
        if section.dated != str(date):
            raise PackageError(
                f"{CHANGELOG}: the section of {section.edition} is dated "
                f"{section.dated or 'nothing'!r}, expected `## {section.edition} ({date})`"
            )
    for old in earlier:
        if (folder / old.file).exists():
            with _collected(refusals):
                editions.read_archive(folder / old.file, old)
    with _collected(refusals):
        errors = [issue for issue in validate(package.root) if issue.severity == "error"]
        if errors:
            raise PackageError(f"the data are not valid:\n{explain(errors)}")
        if is_working_tree(package) and (paths := stale(package)):
            refusals.append(
                PackageError(f"not up to date: {', '.join(paths)}; `diffdata build` updates them")
            )
        if earlier:
            _check_changes(package, section, folder, earlier[-1])
    if refusals:
        invalid = any(isinstance(refusal, InvalidInputError) for refusal in refusals)
        raise (InvalidInputError if invalid else PackageError)("\n".join(map(str, refusals)))
    data, made = make_archive(package, section, date)
    with replacing(folder / made.file) as unfinished:
        unfinished.write_bytes(data)
        # Read it as users will, CSV and Parquet: with other values nothing is released.
        opened = open_release(unfinished.parent, made)
        validated_tables(opened, opened.tables)
        arrow_tables(opened, opened.tables)
    editions.write_index(folder, [*earlier, made])
    return made


@contextmanager
def _collected(refusals: list[DiffdataError]) -> Iterator[None]:
    """Add an error to the refusals, instead of raising it."""
    try:
        yield
    except DiffdataError as error:
        if str(error) not in map(str, refusals):
            refusals.append(error)


def _wrong_input(
    package: Package, edition: str, date: datetime.date, earlier: Sequence[Release]
) -> Iterator[str]:
    """Yield what is wrong with the edition and the date, given the earlier releases."""
    own, version = edition_of(package.version), package.version
    if own is None or edition_of(edition) != own:
        yield f"edition: the descriptor has the version {version}, which is not {edition}"
    elif version != f"{own}.0":
        yield (
            f"edition: the descriptor has the version {version}, expected {own}.0; "
            "the patch number is that of the code"
        )
    if date.year < 1980:
        yield f"date: {date} is before 1980, which an archive cannot represent"
    for old in earlier:
        if old.edition == own:
            yield (
                f"edition: {own} was released on {old.date} and never changes; for other values "
                "give datapackage.json the version of a new edition"
            )
        elif own is not None and editions.edition_order(old.edition) > editions.edition_order(own):
            yield f"edition: {own} is older than {old.edition}, which is released"
        if old.date > date:
            yield f"date: {date} is before {old.date}, that of {old.edition}"


def _check_changes(package: Package, section: Section, folder: Path, last: Release) -> None:
    """Refuse an edition that changes nothing, or something that the changelog does not name."""
    digest, _ = content_of(package, arrow_tables(package, package.tables))
    if digest == last.digest:
        if section.edition != last.edition:
            raise InvalidInputError(
                f"edition: the values and schemas are those of {last.edition}; a change of the "
                "code alone is a patch"
            )
        return
    missing = unnamed(compare_packages(open_release(folder, last), package), package, section)
    if missing:
        listed = "\n".join(missing)
        raise PackageError(
            f"{CHANGELOG}: since {last.edition} this changed, and neither the section of "
            f"{section.edition} nor a new row of corrections names it; add what is missing, with "
            f"the reason, under `### Changed values`:\n{listed}"
        )
