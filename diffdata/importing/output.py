"""Writing what was imported: a package of its own, or the imported files of a working tree."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Any

from diffdata.editing.rows import key_of, locked, rows, rows_text
from diffdata.errors import InvalidInputError
from diffdata.errors import Issue as Fault
from diffdata.importing.engine import Import, Issue, Made, Names
from diffdata.importing.mapping import Mapping as Rules
from diffdata.importing.tables import ISSUE, SET_ASIDE, ForeignTable, Row
from diffdata.package.files import DESCRIPTOR, replacing
from diffdata.package.packages import GENERATED_TABLES, Package, json_text, open_package
from diffdata.schemas.standard import TableSchema
from diffdata.types.names import alike, slug
from diffdata.validation.packages import validate

Cells = dict[str, str]
_ROUNDS = 6
_ISSUES = list(Issue.__dataclass_fields__)


@dataclass
class Report:
    """What became of the rows, columns and cells of an import."""

    mapping: str
    files: list[dict[str, Any]] = field(default_factory=list)
    rows_in: int = 0
    accepted: int = 0
    set_aside: int = 0
    columns_mapped: list[str] = field(default_factory=list)
    columns_kept: list[str] = field(default_factory=list)
    columns_prose: list[str] = field(default_factory=list)  # some of those kept
    columns_empty: list[str] = field(default_factory=list)  # without a cell in accepted rows
    cells: dict[str, int] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    issues: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    written: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, as `--format json` prints it."""
        return asdict(self)

    def text(self) -> str:
        """Return the report as lines for a terminal."""

        def counts(of: Mapping[str, int]) -> str:
            return ", ".join(f"{number:,} {name}" for name, number in of.items()) or "none"

        def names(of: Sequence[str]) -> str:
            return f"{len(of)}" + (f" ({', '.join(of)})" if of else "")

        lines = [f"{self.rows_in:,} rows: {self.accepted:,} accepted, {self.set_aside:,} set aside"]
        lines += [
            f"  {file['file']} ({file['vintage'] or 'no date'}): {file['rows_in']:,} rows, "
            f"{file['set_aside']:,} set aside"
            for file in self.files
        ]
        lines += [
            f"columns {kind}: {names(getattr(self, f'columns_{kind}'))}"
            for kind in ("mapped", "kept", "prose", "empty")
        ]
        lines += [
            f"{what}: {counts(getattr(self, what))}"
            for what in ("cells", "tables", "issues", "warnings")
        ]
        lines += self.errors
        lines.append(f"written: {self.written}" if self.written else "nothing was written")
        return "\n".join(lines)


def existing_names(package: Package, folders: Sequence[str]) -> dict[str, Names]:
    """Return the names that the reviewed rows and some imported ones have, with their aliases."""
    found: dict[str, Names] = defaultdict(Names)
    kinds = {"model_id": "models", "hardware_id": "hardware", "organization_id": "organizations"}
    for table in package.tables:
        columns = package.schema(table).column_names
        if "name" in columns and columns[0] == package.schema(table).primary_key[0]:
            for row in rows_of(package, table, folders):
                found[table].add(row["name"], row[columns[0]], known=True)
                found[table].alike[alike(row[columns[0]])].add(row[columns[0]])
    for row in rows_of(package, "aliases", folders) if "aliases" in package.tables else ():
        for column, table in kinds.items():
            if row.get(column) and row["alias_certainty"] == "certain":
                found[table].add_alias(row["alias"], row[column])
    return found


def rows_of(package: Package, table: str, folders: Sequence[str]) -> list[Cells]:
    """Return the rows of the reviewed file, and of the files in some folders."""
    resource = package.resource(table)
    wanted = [path for path in resource.paths[1:] if path.split("/")[-2] in folders]
    paths = (resource.paths[0], *wanted)
    alone = resource.model_copy(update={"path": paths})
    others = [alone if r is resource else r for r in package.described.resources]
    described = package.described.model_copy(update={"resources": tuple(others)})
    return rows(Package(package.root, described, package.schemas), table)


class Output:
    """The rows of an import as tables, and how they are made valid and written."""

    def __init__(self, run: Import, package: Package, sources: Sequence[Cells]) -> None:
        self.run, self.package = run, package
        self.made: dict[str, list[Made]] = defaultdict(list)
        for made in run.made:
            self.made[made.table].append(made)
        self.sources = list(sources)
        self.faults: list[Fault] = []
        self.lines: dict[str, list[Made | None]] = {}  # of the files as they were written last

    def texts(
        self, schemas: Mapping[str, TableSchema], others: Mapping[str, Sequence[Cells]]
    ) -> Iterator[tuple[str, str]]:
        """Yield each table with the text of its file, and remember which row is on which line."""
        for table, schema in schemas.items():
            lines = [(made.cells, made) for made in self.made[table]]
            lines += [(cells, None) for cells in others.get(table, ())]  # type: ignore[misc]
            lines.sort(key=lambda line: key_of(line[0], schema))
            self.lines[table] = [made for _, made in lines]
            yield table, rows_text((cells for cells, _ in lines), schema)

    def drop_invalid(self, faults: Iterable[Fault], table_of: Mapping[str, str]) -> bool:
        """Take out what breaks a rule, with an issue; return whether there was anything."""
        dropped: dict[int, Made] = {}
        lost: dict[int, str] = {}
        taken = 0
        for fault in faults:
            table = table_of.get(fault.file, "")
            if not table or fault.line is None or fault.line < 2:
                continue
            made, column = self.lines[table][fault.line - 2], fault.column or ""
            if made is None or id(made) in dropped:
                continue
            taken += 1
            needed = [name for name in made.rows.needed if made.cells.get(name)]
            optional = [n for n in made.origin if n not in needed[:1] and made.cells.get(n)]
            optional = [n for n in optional if n not in self.run.schemas[table].primary_key]
            # Of cells out of order the needed one stays, and the others that the rule names go.
            named = self._named(table, fault.rule)
            others = [name for name in optional if name in named]
            several = column in needed[:1] and bool(others)
            expected = f"{column}: {fault.message} ({fault.rule})"
            if column in optional or several:
                for name in others if several else [column]:
                    self._note(made, [name], expected)
                    read = made.rows.columns[name]
                    made.cells |= dict.fromkeys(
                        [name, *read.with_, *filter(None, [read.precision])], ""
                    )
                    made.origin.pop(name)
                made.rows.fill(made.cells)
            else:
                dropped[id(made)] = made
                if table == self.run.rules.table:
                    lost[id(made.entity)] = expected
                else:
                    self._note(made, list(made.origin), expected)
        for entity in self.run.entities:
            if id(entity) in lost:
                for row in entity.rows:
                    row.reason = lost[id(entity)]
                    for header in row.filled():
                        row.table.fates[header][row.index] = SET_ASIDE
        self.run.entities = [e for e in self.run.entities if id(e) not in lost]
        for table, made_rows in self.made.items():
            self.made[table] = [
                made for made in made_rows
                if id(made) not in dropped and id(made.entity) not in lost
            ]  # fmt: skip
        return taken > 0

    def _named(self, table: str, rule: str) -> frozenset[str]:
        """Return the columns of the rule of an order, if it is one."""
        rules = self.run.schemas[table].rules
        return frozenset(
            name for found in rules if found.name == rule and found.rule == "ordered"
            for name in found.columns
        )  # fmt: skip

    def _note(self, made: Made, names: Sequence[str], expected: str) -> None:
        for name in names:
            found = made.origin[name]
            self.run.note(found, "not-valid", expected)
            found.set_fate(ISSUE)

    def report(self, written: str) -> Report:
        """Count what became of everything."""
        run = self.run
        found = Report(run.rules.name, written=written)
        fates: Counter[str] = Counter()
        by_fate: dict[str, set[str]] = defaultdict(set)
        for table in run.tables:
            accepted = len(table.accepted)
            found.files.append({
                "file": table.file, "vintage": table.vintage, "rows_in": len(table.rows),
                "accepted": accepted, "set_aside": len(table.rows) - accepted,
            })  # fmt: skip
            for header in table.columns:
                counted = table.fates_of(header)
                fates += counted
                for fate in counted:
                    by_fate[fate].add(header)
        for key in ("rows_in", "accepted", "set_aside"):
            setattr(found, key, sum(file[key] for file in found.files))
        found.cells = dict(sorted(fates.items()))
        found.columns_mapped = sorted(by_fate["mapped"] | by_fate["issue"])
        found.columns_kept = sorted(by_fate["kept"] | by_fate["prose"])
        found.columns_prose = sorted(by_fate["prose"])
        headers = {header for table in run.tables for header in table.headers}
        there = by_fate["mapped"] | by_fate["issue"] | by_fate["kept"] | by_fate["prose"]
        found.columns_empty = sorted(headers - there - by_fate["superseded"])
        found.tables = {table: len(made) for table, made in self.made.items() if made}
        found.issues = dict(sorted(Counter(issue.kind for issue in run.issues).items()))
        warnings = Counter(fault.rule for fault in self.faults if fault.severity == "warning")
        found.warnings = dict(warnings.most_common())
        found.errors = [str(fault) for fault in self.faults if fault.severity == "error"]
        return found


def write_package(output: Output, out: Path, force: bool) -> Report:
    """Write a package with the tables that were filled, all or nothing."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        if not force:
            raise InvalidInputError(f"{out}: it exists already; --force replaces it")
        if not (out / DESCRIPTOR).is_file() or not (out / "issues.csv").is_file():
            raise InvalidInputError(f"{out}: not replaced, because it is not an imported package")
    with replacing(out) as folder:
        references = _references(output)
        schemas = _schemas(output, references)
        folder.mkdir()
        table_of = {f"data/{table}.csv": table for table in schemas}
        for _ in range(_ROUNDS):
            _write(output, folder, schemas, references)
            output.faults = validate(folder)
            errors = [fault for fault in output.faults if fault.severity == "error"]
            if not errors or not output.drop_invalid(errors, table_of):
                break
        report = output.report(str(out))
        _write_csv(folder / "issues.csv", _ISSUES, map(astuple, output.run.issues))
        aside = [row for table in output.run.tables for row in table.rows if row.reason]
        headers = list(dict.fromkeys(header for row in aside for header in row.filled()))
        lines = [_aside(row, headers) for row in aside]
        _write_csv(folder / "set_aside.csv", ["file", "line", "reason", *headers], lines)
        _write_json(folder / "report.json", report.to_dict())
        if out.is_dir() and any(out.iterdir()):
            os.replace(out, folder.with_name("replaced"))
    return report


def _aside(row: Row, headers: Sequence[str]) -> list[str]:
    about = [row.table.file, str(row.line), row.reason]
    return [*about, *(row.original(header) for header in headers)]


def _schemas(output: Output, references: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the schemas of the tables that are filled, without what refers to other ones."""
    package, run = output.package, output.run
    tables = {table for table, made in output.made.items() if made} | {"sources", run.rules.table}
    tables |= set(references)
    found: dict[str, dict[str, Any]] = {}
    for table in package.tables:
        if table not in tables:
            continue
        own = package.resource(table).schema_
        schema = json.loads(json_text(package.root, str(own)))
        keys = schema.get("foreignKeys", [])
        dangling = [key for key in keys if key["reference"]["resource"] not in {*tables, ""}]
        gone = {name for key in dangling for name in key["fields"]}
        schema["foreignKeys"] = [key for key in keys if key not in dangling]
        schema["rules"] = [
            rule for rule in schema.get("rules", [])
            if rule.get("table", table) in tables and rule.get("key", "") not in gone
        ]  # fmt: skip
        found[table] = schema
    main, taken = found[run.rules.table], set[str]()
    taken |= {column["name"] for column in main["fields"]}
    for folded, header in run.additional.items():
        stem = re.sub(r"[^a-z0-9]+", "_", slug(header)).strip("_") or "column"
        stem = stem if stem[0].isalpha() else f"column_{stem}"
        name, number = stem, 2
        while name in taken:
            name, number = f"{stem}_{number}", number + 1
        taken.add(name)
        described = f'The column "{header}" of the imported table, as it is there.'
        main["fields"].append({"name": name, "type": "string", "description": described})
        for made in output.made[run.rules.table]:
            if text := run.kept(made.entity, folded):
                made.cells[name] = text
    return found


def _references(output: Output) -> dict[str, list[Cells]]:
    """Return the rows of our dataset to which imported rows refer, and those refer, by tables."""
    package = output.package
    here = {table: [made.cells for made in rows] for table, rows in output.made.items() if rows}
    here["sources"] = list(output.sources)
    found: dict[str, list[Cells]] = {"sources": output.sources}
    todo = list(here.items())
    keys = {table: package.schema(table).foreign_keys for table in package.tables}
    existing: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], Cells]] = {}
    there: dict[tuple[str, tuple[str, ...]], set[tuple[str, ...]]] = {}
    while todo:
        table, referring = todo.pop()
        for key in keys[table]:
            place = key.reference.resource or table, tuple(key.reference.fields)
            if place not in existing:
                by_key = (
                    (tuple(row.get(n, "") for n in place[1]), row) for row in here.get(place[0], [])
                )
                there[place] = {value for value, _ in by_key}
                listed = rows(package, place[0])
                existing[place] = {tuple(row[name] for name in place[1]): row for row in listed}
            wanted = {tuple(cells.get(name, "") for name in key.fields) for cells in referring}
            lacking = sorted(wanted - there[place])
            if new := [one for one in lacking if all(one) and one in existing[place]]:
                there[place].update(new)
                referred = [existing[place][one] for one in new]
                found.setdefault(place[0], []).extend(referred)
                todo.append((place[0], referred))
    return found


def _write(
    output: Output,
    folder: Path,
    schemas: Mapping[str, dict[str, Any]],
    references: Mapping[str, list[Cells]],
) -> None:
    run = output.run
    resources = []
    for table, schema in schemas.items():
        _write_json(folder / f"schemas/{table}.json", schema)
        resources.append({
            "name": table, "type": "table", "path": f"data/{table}.csv", "format": "csv",
            "mediatype": "text/csv", "encoding": "utf-8", "schema": f"schemas/{table}.json",
        })  # fmt: skip
        (folder / "data").mkdir(exist_ok=True)
        (folder / f"data/{table}.csv").touch()
    source = run.rules.source
    descriptor = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": run.rules.name,
        "version": "1.0.0",
        "title": source.title,
        "description": f"Imported by diffdata with the mapping {run.rules.name}.",
        "licenses": [{"name": source.license or "unknown"}],
        "sources": [{"title": row["title"]} for row in output.sources],
        "resources": resources,
    }
    _write_json(folder / DESCRIPTOR, descriptor)
    package = open_package(folder)
    parsed = {table: package.schema(table) for table in schemas}
    for table, text in output.texts(parsed, references):
        (folder / f"data/{table}.csv").write_text(text, encoding="utf-8", newline="")


def _write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="")


def _write_csv(path: Path, columns: Sequence[str], lines: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *lines])


def write_into(output: Output, package: Package) -> Report:
    """Write the imported files of a package, `data/imported/NAME/TABLE.csv`, and list them."""
    root, name = package.root, output.run.rules.name
    place = f"data/imported/{name}"
    schemas = {table: package.schema(table) for table in package.tables}

    def place_of(cells: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(cells.get(n, "") for n in (output.run.main, "source_id", "locator"))

    for table in [table for table in schemas if output.made.get(table)]:
        there = rows_of(package, table, output.run.rules.after)
        keys = {key_of(row, schemas[table]) for row in there}
        # A row that people wrote from the same cells.
        about = {place_of(row) for row in there}
        output.made[table] = [
            made for made in output.made[table]
            if key_of(made.cells, schemas[table]) not in keys
            and place_of(made.cells) not in about
        ]  # fmt: skip
    # What is written again after the import may still refer to models that it leaves out.
    later = tuple(f"data/{table}.csv" for table in GENERATED_TABLES)
    later += tuple(
        f"data/imported/{other.name}/"
        for other in (root / place).parent.glob("*")
        if other.name != name
    )
    known = {row["source_id"] for row in rows_of(package, "sources", output.run.rules.after)}
    new = [row for row in output.sources if row["source_id"] not in known]
    with locked(package), tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary)
        for path in {DESCRIPTOR, *_files(package)}:
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / path, copy / path)
        for _ in range(_ROUNDS):
            filled = {t: schemas[t] for t in schemas if output.made.get(t) or t == "sources"}
            shutil.rmtree(copy / place, ignore_errors=True)
            (copy / place).mkdir(parents=True)
            texts = dict(output.texts(filled, {"sources": new}))
            texts = {table: text for table, text in texts.items() if text.count("\n") > 1}
            for table, text in texts.items():
                (copy / place / f"{table}.csv").write_text(text, encoding="utf-8", newline="")
            _write_json(copy / DESCRIPTOR, _listing(package, place, texts))
            table_of = {f"{place}/{table}.csv": table for table in texts}
            # `diffdata build` and further imports follow.
            faults = [fault for fault in validate(copy) if not fault.file.startswith(later)]
            output.faults = [fault for fault in faults if fault.file in table_of]
            errors = [fault for fault in faults if fault.severity == "error"]
            if not errors or not output.drop_invalid(errors, table_of):
                break
        output.faults += [fault for fault in errors if fault.file not in table_of]
        if not errors:
            with ExitStack() as stack:
                for path in [*table_of, DESCRIPTOR]:
                    unfinished = stack.enter_context(replacing(root / path))
                    shutil.copy(copy / path, unfinished)
            for file in (root / place).glob("*.csv"):
                if f"{place}/{file.name}" not in table_of:
                    file.unlink()
    return output.report("" if errors else place)


def _files(package: Package) -> list[str]:
    resources = package.described.resources
    return [str(path) for r in resources for path in (*r.paths, r.schema_) if isinstance(path, str)]


def _listing(package: Package, place: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the descriptor with the imported files, and without those that are no more."""
    descriptor = json.loads(json_text(package.root, DESCRIPTOR))
    for resource in descriptor["resources"]:
        paths = resource["path"] if isinstance(resource["path"], list) else [resource["path"]]
        paths = [path for path in paths if not path.startswith(f"{place}/")]
        if resource["name"] in texts:
            paths = [paths[0], *sorted([*paths[1:], f"{place}/{resource['name']}.csv"])]
        resource["path"] = paths if len(paths) > 1 else paths[0]
    return dict(descriptor)


def source_rows(
    rules: Rules, tables: Sequence[ForeignTable], existing: Sequence[Cells]
) -> list[Cells]:
    """Give each table its source, and return the sources: one that exists, or a new one."""
    found: dict[str, Cells] = {}
    by_date: dict[str, str] = {}
    stems = tuple(f"{stem}-" for stem in (rules.source.id, *rules.source.also))
    for table in tables:
        if rules.files and table.vintage in by_date:  # the files of a folder are one source
            table.source_id = by_date[table.vintage]
            continue
        precision = {10: "day", 7: "month", 0: ""}[len(table.vintage)]
        for row in existing:
            dated = (row["published"], row["published_precision"]) == (table.day, precision)
            if dated and precision and row["source_id"].startswith(stems):
                found[row["source_id"]] = row
                table.source_id = row["source_id"]
                break
        else:
            identifier = "-".join(filter(None, [rules.source.id, table.vintage]))
            stem, number = identifier, 2
            while identifier in found or any(row["source_id"] == identifier for row in existing):
                identifier, number = f"{stem}-{number}", number + 1
            about = rules.source.model_dump(exclude={"id", "also"})
            dated_row = {"published": table.day, "published_precision": precision}
            found[identifier] = {"source_id": identifier, **about, **dated_row}
            table.source_id = identifier
        by_date[table.vintage] = table.source_id
    return list(found.values())
