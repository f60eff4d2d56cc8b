"""Releasing: what the changelog must say; an archive and its entry, written after all checks."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from diffdata.diff import PackageDiff, TableDiff, compare_packages
from diffdata.diff.tables import Consequence, key_words
from diffdata.editing.rows import is_working_tree, key_of, rows
from diffdata.errors import DiffdataError, InvalidInputError, PackageError, explain
from diffdata.exporting import cite
from diffdata.loading import arrow_tables, validated_tables
from diffdata.package import editions
from diffdata.package.digest import package_digest
from diffdata.package.editions import Release, TableContent, edition_of
from diffdata.package.files import DESCRIPTOR, inside, read_text, replacing
from diffdata.package.packages import Package, open_release
from diffdata.package.pinned import parquet_bytes
from diffdata.releasing.build import stale
from diffdata.validation.packages import validate

CHANGELOG = "CHANGELOG.md"
_CORRECTIONS = "corrections"
# The part that names the changed values, with the reasons; `diffdata versions` shows it.
_CHANGED_VALUES = "changed values"
CHECKSUMS = "SHA256SUMS"
# Files that are added if the package has them: the licence of the data, the profile of the schemas.
COMPANIONS = ("LICENSE-DATA", "schemas/profile.json")


@dataclass(frozen=True)
class Section:
    """The section of one edition."""

    edition: str
    dated: str  # the text in brackets after the edition: its date, or `unreleased`
    text: str  # with its heading

    @property
    def headline(self) -> tuple[str, ...]:
        """The text before the first part, and the points under ``### Changed values``."""
        found = []
        part = _CHANGED_VALUES
        for block in _blocks(self.text):
            if block.startswith("###"):
                part = block.strip("# ").casefold()
            elif not block.startswith("#") and part == _CHANGED_VALUES:
                found.append(block)
        return tuple(found)

    def names(self, key: tuple[str, ...]) -> bool:
        """Return whether one point of the section names a row, by all the texts of its key."""

        # A plain word such as `parameters` counts only in backticks, for it may mean anything.
        def named(text: str, block: str) -> bool:
            return f"`{text}`" in block or (not text.isalpha() and _has_word(text, block))

        quoted = f"`{key_words(key)}`"
        return any(
            quoted in block or all(named(text, block) for text in key if text)
            for block in _blocks(self.text)
        )


def section_of(text: str, edition: str) -> Section:
    """Return the section of an edition; PackageError if it has none, or one without a text."""
    text = "\n".join(text.splitlines())
    heading = rf"^## {re.escape(edition)}(?:\.0)?(?: \(([^)]*)\))?\s*?$"
    found = re.search(rf"{heading}.*?(?=^##? |\Z)", text, re.M | re.S)
    if found is None:
        raise PackageError(
            f"{CHANGELOG}: it has no section `## {edition} (DATE)`; "
            "it should say what is new and why"
        )
    section = Section(edition, found[1] or "", found[0].strip() + "\n")
    if all(block.startswith("#") for block in _blocks(section.text)):
        line = text.count("\n", 0, found.start()) + 1
        raise PackageError(f"{CHANGELOG}: line {line}: the section is empty", line)
    return section


def unnamed(diff: PackageDiff, new: Package, section: Section) -> list[str]:
    """Return what must be named and is not, as points for the changelog.

    A changed row is named by its key, in the section or by a new or changed row of ``corrections``
    that refers to it; a table with other rows, columns or rules is named in the section.
    """
    corrected = _corrected(diff, new)
    found = []
    for how, tables in (("added", diff.tables_added), ("removed", diff.tables_removed)):
        unsaid = [name for name in tables if not _has_word(name, section.text)]
        found += [f"- `{name}`: table {how}" for name in unsaid]
    for table in diff.tables:
        changes = ", ".join(_of_table(table, diff))
        if changes and not _has_word(table.name, section.text):
            found.append(f"- `{table.name}`: {changes}")
        found += [f"- `{table.name}`: {row}" for row in _of_rows(table, section, corrected)]
    return found


def _of_table(table: TableDiff, diff: PackageDiff) -> Iterator[str]:
    for how, keys in (("added", table.rows.added), ("removed", table.rows.removed)):
        if keys:
            yield f"{len(keys)} row{'s' * (len(keys) != 1)} {how}"
    for how, columns in (("added", table.columns.added), ("removed", table.columns.removed)):
        yield from (f"column `{column}` {how}" for column in columns)
    for pair in table.renamed_columns:
        yield f"column `{pair.old}` renamed `{pair.new}`"
    for change in diff.schema:
        # Another wording of a description does not change the data.
        if change.table == table.name and change.consequence != Consequence.WORDING:
            column = f"`{change.column}`: " if change.column else ""
            yield f"{column}{change.what} {change.how}"


def _of_rows(table: TableDiff, section: Section, corrected: list[dict[str, str]]) -> Iterator[str]:
    columns = [pair.new for pair in table.key]
    for row in table.changed:
        key = dict(zip(columns, row.new_key, strict=True))
        if not section.names(row.new_key) and not any(key.items() <= c.items() for c in corrected):
            cells = ", ".join(
                f"{cell.column} {_short(cell.old)} -> {_short(cell.new)}"
                for cell in table.cells
                if cell.key == row.new_key
            )
            yield f"`{key_words(row.new_key)}`: {cells}"
    for row in table.rows.renamed:
        if not section.names(row.old_key):
            yield f"`{key_words(row.old_key)}` renamed `{key_words(row.new_key)}`"


def _short(text: str) -> str:
    if not text:
        return "(empty)"
    return text if len(text) <= 40 else f"{text[:37]}..."


def _corrected(diff: PackageDiff, new: Package) -> list[dict[str, str]]:
    """Return the ids to which each new or changed correction refers, by their columns."""
    if _CORRECTIONS not in new.tables:
        return []
    schema = new.schema(_CORRECTIONS)
    # The source of a correction is not what was corrected.
    keys = [key for key in schema.foreign_keys if key.reference.resource != "sources"]
    referring = {*schema.primary_key, *(name for key in keys for name in key.fields)}
    corrections = [
        {name: cell.strip() for name, cell in row.items() if name in referring and cell.strip()}
        for row in rows(new, _CORRECTIONS)
    ]
    for table in diff.tables:
        if table.name == _CORRECTIONS:
            fresh = {row.key for row in table.rows.added} | {row.new_key for row in table.changed}
            return [cells for cells in corrections if key_of(cells, schema) in fresh]
    return corrections


def _blocks(text: str) -> Iterator[str]:
    """Yield headings, paragraphs and points of a list, each as one line."""
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        starts = re.match(r"\s*[-*] |#", line)
        if lines and (starts or not line.strip() or lines[0].startswith("#")):
            yield " ".join(lines)
            lines = []
        if line.strip():
            lines.append(re.sub(r"^\s*[-*] ", "", line).strip())


def _has_word(word: str, text: str) -> bool:
    return bool(re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-]|\.\w)", text))


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


def make_archive(package: Package, section: Section, date: datetime.date) -> tuple[bytes, Release]:
    """Return the archive of an edition, always the same bytes, and its entry in the index."""
    tables = arrow_tables(package, package.tables)
    digest, described = content_of(package, tables)
    release = Release(
        edition=section.edition,
        date=date,
        file=f"{package.descriptor.name.replace('/', '-')}-{section.edition}.zip",
        sha256="0" * 64,  # an archive cannot contain its own
        bytes=0,
        digest=digest,
        doi=package.descriptor.doi,
        tables=described,
        headline=section.headline,
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in _files(package, tables, release, section).items():
            entry = zipfile.ZipInfo(name, (date.year, date.month, date.day, 0, 0, 0))
            entry.create_system = 3  # Unix, on every machine
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)
    data = made.getvalue()
    update = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    return data, release.model_copy(update=update)


def content_of(
    package: Package, tables: Mapping[str, pa.Table]
) -> tuple[str, dict[str, TableContent]]:
    """Return the content digest of a package, and the number of rows and digest of each table."""
    described = {
        name: TableContent(rows=table.num_rows, digest=table.schema.metadata[b"digest"].decode())
        for name, table in tables.items()
    }
    digests = {name: content.digest for name, content in described.items()}
    return package_digest(digests, package.schemas), described


def _files(
    package: Package, tables: Mapping[str, pa.Table], release: Release, section: Section
) -> dict[str, bytes]:
    """Return all files of the archive by their names, sorted."""
    day = datetime.datetime.combine(release.date, datetime.time(), datetime.UTC)
    described = package.descriptor.model_copy(update={"created": day})
    dated = replace(package, described=described, release=release)
    paths = [path for one in described.resources for path in (*one.path, one.schema_)]
    files = {path: inside(package.root, path).read_bytes() for path in paths}
    descriptor: dict[str, Any] = json.loads((package.root / DESCRIPTOR).read_bytes())
    descriptor["created"] = f"{release.date}T00:00:00Z"
    for resource in descriptor["resources"]:
        # The standard has one size and hash for each resource; all files are in the checksums.
        if isinstance(resource["path"], str):
            data = files[resource["path"]]
            resource["bytes"] = len(data)
            resource["hash"] = f"sha256:{hashlib.sha256(data).hexdigest()}"
    ours = {
        DESCRIPTOR: (json.dumps(descriptor, indent=2, ensure_ascii=False) + "\n").encode(),
        CHANGELOG: f"# {described.title}\n\n{section.text}".encode(),
        "CITATION.cff": cite(package=dated, style="cff").encode(),
    }
    licenses = ", ".join(one.name for one in described.licenses)
    origin = {"dataset": described.name, "license": licenses}
    for name, table in tables.items():
        named = table.replace_schema_metadata({**table.schema.metadata, **origin})
        ours[f"parquet/{name}.parquet"] = parquet_bytes(named)
    for name in COMPANIONS:
        if (package.root / name).is_file():
            ours[name] = (package.root / name).read_bytes()
    for name in [*ours, CHECKSUMS]:
        if name in files:
            raise InvalidInputError(f"{name}: the archive has a file of this name; rename yours")
    files = dict(sorted((files | ours).items()))
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items()]
    return dict(sorted((files | {CHECKSUMS: "".join(sums).encode()}).items()))
