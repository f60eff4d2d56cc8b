"""Two datasets or CSV files, named by a user: what differs, and what depends on that."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import pandas as pd

from diffdata.derive import SUMMARY_TABLES, evaluation_inputs, model_summary
from diffdata.diff.table_diff import TableDiff, compare_tables
from diffdata.diff.tables import ColumnType, Consequence, Table, make_table, read_files, read_table
from diffdata.errors import InvalidInputError, PackageError, UnknownNameError
from diffdata.loading import load_all
from diffdata.package.archives import unpacked
from diffdata.package.editions import edition_of, find_release, versions
from diffdata.package.files import DESCRIPTOR
from diffdata.package.packages import Package, open_dataset, open_package
from diffdata.reproduce import Reproduction, reproduce
from diffdata.schemas.reader import parse
from diffdata.schemas.standard import Field, PackageDescriptor, TableSchema
from diffdata.types.text import cell_text

_TYPES: dict[str, ColumnType] = {
    "boolean": "code", "date": "date", "integer": "number", "number": "number",
}  # fmt: skip
_LEDGER_TYPES: dict[str, ColumnType] = {
    "published": "number", "published_low": "number", "published_high": "number",
    "recomputed": "number", "recomputed_low": "number", "recomputed_high": "number",
    "figure": "text", "unit": "unit", "verdict": "code",
}  # fmt: skip


@dataclass(frozen=True)
class SchemaChange:
    """A change of a schema."""

    table: str
    column: str  # by its new name; empty for a change of the table
    what: str  # "type", "unit", "primary key", "rule NAME", "minimum" ...
    how: Literal["changed", "added", "removed"]
    old: str | None
    new: str | None
    consequence: Consequence


@dataclass(frozen=True)
class PackageDiff:
    """How two datasets differ; `tables` compares those of both, in the order of the new dataset."""

    old: str
    new: str
    old_version: str
    new_version: str
    tables_added: tuple[str, ...]
    tables_removed: tuple[str, ...]
    schema: tuple[SchemaChange, ...]
    tables: tuple[TableDiff, ...]
    remarks: tuple[str, ...] = ()  # what could not be compared, and why
    # The ledger and the table ``model_summary``, recomputed from both datasets.
    explanation: Mapping[str, TableDiff] | None = None

    @property
    def same(self) -> bool:
        """Whether the datasets have the same tables and schemas with the same content."""
        changed = self.tables_added or self.tables_removed or self.schema
        return not changed and all(table.same for table in self.tables)


_CURRENT = "the current data"


def compare(
    old: str | os.PathLike[str],
    new: str | os.PathLike[str] | None = None,
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

    Without `new`, a dataset is compared with the current one.

    CSV files need a `key`, the columns that identify a row (``OLD=NEW`` if the files name one
    differently), and allow `rename` (new names of columns by old ones), `delimiter`, `encoding`,
    and tolerances: numbers that differ by at most ``atol + rtol * abs(old)`` count as written
    differently. Datasets allow `only`, the tables to compare, and `explain`, which also compares
    the derived figures and the ledger that are recomputed from each of them.
    """
    with open_place(old) as before, open_place(new) as after:
        new = _CURRENT if new is None else new
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
def open_place(text: str | os.PathLike[str] | None) -> Iterator[Package | Path]:
    """Open what a user names: a folder, a .zip, a CSV file, a released edition, a git revision.

    They are tried in this order. Temporary files are removed afterwards. None is the current data.
    """
    if text is None:
        yield open_package()
        return
    name = os.fspath(text)
    path = Path(name)
    edition = edition_of(name)
    if path.is_dir() or path.name == DESCRIPTOR:
        yield open_package(path)
    elif path.suffix.lower() == ".zip":
        with unpacked(path) as folder:
            yield open_package(folder)
    elif path.suffix.lower() == ".csv" or path.is_file():
        yield path
    elif edition in [release.edition for release in versions()]:
        yield open_dataset(version=name)
    else:
        with tempfile.TemporaryDirectory(prefix="diffdata-") as folder:
            archive = Path(folder, "revision.zip")
            if _archive_revision(name, archive):
                with unpacked(archive) as root:
                    yield open_package(root)
                return
        if edition:
            find_release(name, versions())
        raise PackageError(
            f"{name}: expected a folder with a {DESCRIPTOR}, a .zip of one, a CSV file, a released "
            "edition, or a revision of the git repository in the current directory"
        )


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
    resources = parse(PackageDescriptor, descriptor.stdout, f"{text}: {DESCRIPTOR}").resources
    paths = [path for resource in resources for path in (*resource.paths, resource.schema_)]
    named = [path for path in paths if isinstance(path, str)]
    tree = _git("rev-parse", f"{revision}:{place}").stdout.rstrip("\n")
    top = _git("rev-parse", "--show-toplevel").stdout.rstrip("\n")
    written = _git(
        "--literal-pathspecs", "archive", "--format=zip", f"--output={archive}", tree, "--",
        DESCRIPTOR, *named, at=top or None,
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


def compare_packages(
    old: Package, new: Package, *, only: Iterable[str] | None = None
) -> PackageDiff:
    """Compare all tables of two datasets, or `only` some; their data need not be valid."""
    everything = {*old.tables, *new.tables}
    given = [only] if isinstance(only, str) else only
    wanted = everything if given is None else set(given)
    for name in sorted(wanted - everything):
        raise UnknownNameError("table", name, everything)
    old_tables, new_tables = ([t for t in p.tables if t in wanted] for p in (old, new))
    tables, schema, remarks = [], [], []
    for table in (table for table in new_tables if table in old_tables):
        if not (old.schemas[table].fields and new.schemas[table].fields):
            remarks.append(f"{table}: not compared, the table has no schema")
            continue
        before, after = (read_files(package.files(table)) for package in (old, new))
        old_schema, new_schema = old.schema(table), new.schema(table)
        common = set(before.columns) & set(after.columns)
        # The old table may lack a column of the new key.
        keys = [schema.primary_key for schema in (new_schema, old_schema)]
        key = next((key for key in keys if common.issuperset(key)), None)
        if not key:
            remarks.append(f"{table}: not compared, the tables have no primary key in common")
            continue
        found = compare_tables(before, after, key, types=column_types(new_schema), name=table)
        tables.append(found)
        renamed = {pair.old: pair.new for pair in found.renamed_columns}
        schema += compare_schemas(table, old_schema, new_schema, renamed)
    return PackageDiff(
        old=str(old.root),
        new=str(new.root),
        old_version=old.version,
        new_version=new.version,
        tables_added=tuple(table for table in new_tables if table not in old_tables),
        tables_removed=tuple(table for table in old_tables if table not in new_tables),
        schema=tuple(schema),
        tables=tuple(tables),
        remarks=tuple(remarks),
    )


def explain_changes(old: Package, new: Package) -> dict[str, TableDiff]:
    """Recompute ``model_summary`` and the ledger of two valid datasets, and compare them."""
    try:
        frames = [load_all(package, _summary_tables(package)) for package in (old, new)]
        results = [reproduce(package) for package in (old, new)]
        inputs = [load_all(p, ["calculations", "calculation_inputs"]) for p in (old, new)]
        estimates = compare_packages(old, new, only=["estimates"]).tables[0]
    except UnknownNameError as error:
        raise InvalidInputError(f"explain: {error}") from None
    summaries = (model_summary(**tables) for tables in frames)
    types = column_types(new.schema("model_summary")) if "model_summary" in new.tables else {}
    before, after = (
        _as_text("model_summary", list(s.columns), s.itertuples(index=False)) for s in summaries
    )
    figures = compare_tables(before, after, "model_id", types=types, name="model_summary")
    before, after = map(_ledger, results)
    ledger = compare_tables(before, after, "calculation_id", types=_LEDGER_TYPES, name="ledger")
    # A calculation depends on its inputs and on the published figure.
    columns = ["calculation_id", "estimate_id"]
    ledger_uses = pd.concat(f[columns] for tables in inputs for f in tables.values())
    figure_uses = pd.concat(
        evaluation_inputs(tables["estimates"], tables["sources"]) for tables in frames
    )
    changed = _ids(estimates)
    changed |= {key[0] for r in estimates.rows.renamed for key in (r.old_key, r.new_key)}
    return {
        "model_summary": _with_reasons(figures, figure_uses, "model_id", changed),
        "ledger": _with_reasons(ledger, ledger_uses, "calculation_id", changed),
    }


def _summary_tables(package: Package) -> list[str]:
    """Return the tables that the summary of a package is made of."""
    domains = ["model_domains"] if "model_domains" in package.tables else []
    return [*SUMMARY_TABLES, *domains, "sources"]


def _as_text(name: str, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> Table:
    """Write rows as text; numbers with twelve digits, since rounding errors differ beyond."""
    rounded = ([float(f"{c:.12g}") if isinstance(c, float) else c for c in row] for row in rows)
    return make_table(name, columns, ([cell_text(cell) for cell in row] for row in rounded))


def _ledger(results: Iterable[Reproduction]) -> Table:
    rows = (
        (r.id, *astuple(r.published), *astuple(r.recomputed), r.figure, r.unit,
         r.verdict.replace("_", " "))
        for r in results
    )  # fmt: skip
    return _as_text("ledger", ["calculation_id", *_LEDGER_TYPES], rows)


def _ids(diff: TableDiff) -> set[str]:
    """Return the ids of the rows that changed, were added or were removed."""
    alone = {row.key[0] for row in (*diff.rows.added, *diff.rows.removed)}
    return alone | {row.new_key[0] for row in diff.changed}


def _with_reasons(diff: TableDiff, uses: pd.DataFrame, column: str, changed: set[str]) -> TableDiff:
    """Add the changed estimates behind each row of the comparison, by its id in a column."""
    rows = uses[uses[column].isin(_ids(diff)) & uses["estimate_id"].isin(changed)]
    because = {
        str(name): tuple(sorted(set(estimates)))
        for name, estimates in rows.groupby(column)["estimate_id"]
    }
    return replace(diff, because=because)


def compare_schemas(
    table: str, old: TableSchema, new: TableSchema, renamed: Mapping[str, str]
) -> list[SchemaChange]:
    """Compare the schemas of a table; columns added and removed are not part of the result."""
    names = [renamed.get(field.name, field.name) for field in old.fields]
    parts = [
        (name, _field_texts(field), _field_texts(new.field(name)))
        for field, name in zip(old.fields, names, strict=True)
        if name in new.column_names
    ]
    old_key = [renamed.get(name, name) for name in old.primary_key]
    parts.append(("", _table_texts(old, old_key), _table_texts(new, new.primary_key)))
    return [
        SchemaChange(
            table, column, what, "added" if a is None else "removed" if b is None else "changed",
            a, b, level,
        )
        for column, before, after in parts
        for level in before
        for what in before[level] | after[level]
        if (a := before[level].get(what)) != (b := after[level].get(what))
    ]  # fmt: skip


def column_types(schema: TableSchema) -> dict[str, ColumnType]:
    """Return the content of the columns of a table according to its schema."""
    units = {"unit", "currency", "price_year"} | {
        field.unit.removeprefix("column:")
        for field in schema.fields
        if field.unit and field.unit.startswith("column:")
    }
    precisions = {rule.precision for rule in schema.rules if rule.rule == "datePrecision"}
    keys = {name for key in schema.foreign_keys for name in key.fields} | set(schema.primary_key)
    types: dict[str, ColumnType] = {}
    for field in schema.fields:
        # Choices, flags, identifiers (columns with a pattern) and references.
        limits = field.constraints
        coded = limits.enum or limits.pattern or field.name in keys
        types[field.name] = _TYPES.get(field.type, "code" if coded else "text")
    return types | dict.fromkeys(precisions, "precision") | dict.fromkeys(units, "unit")


def _field_texts(field: Field) -> dict[Consequence, dict[str, str]]:
    """Return the properties of a column as text, by the consequence of a change."""
    limits = field.constraints.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    words = {"title": field.title, "description": field.description, "example": field.example}
    return {
        Consequence.MEANING: {"type": field.type} | ({"unit": field.unit} if field.unit else {}),
        Consequence.CODE: {name: _json(limit) for name, limit in limits.items()},
        Consequence.WORDING: {name: str(text) for name, text in words.items() if text is not None},
    }


def _table_texts(schema: TableSchema, key: Iterable[str]) -> dict[Consequence, dict[str, str]]:
    """Return the properties of a table as text, by the consequence of a change."""
    references = {
        f"foreign key ({', '.join(key.fields)})": (
            f"{key.reference.resource or 'this table'} ({', '.join(key.reference.fields)})"
        )
        for key in schema.foreign_keys
    }
    rules = {
        f"rule {rule.name}": _json(
            rule.model_dump(mode="json", by_alias=True, exclude={"name"}, exclude_none=True)
        )
        for rule in schema.rules
    }
    return {
        Consequence.MEANING: {"primary key": ", ".join(key)},
        Consequence.CODE: references | rules,
        Consequence.WORDING: {"title": schema.title, "description": schema.description},
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
