"""From foreign tables to rows of ours, by a mapping; nothing is lost on the way."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import chain

from diffdata.errors import InvalidInputError
from diffdata.importing.cells import UnreadableError, is_missing, items, read_cell
from diffdata.importing.mapping import Column, Rows, folded
from diffdata.importing.mapping import Mapping as Rules
from diffdata.importing.tables import (
    ISSUE,
    KEPT,
    MAPPED,
    PROSE,
    SET_ASIDE,
    SUPERSEDED,
    ForeignTable,
    Found,
    Row,
)
from diffdata.schemas.standard import TableSchema
from diffdata.types.names import alike, plus, slug

# What `slug` leaves as it is.
_IDENTIFIER = re.compile(r"[a-z0-9]+(?:(?:-|(?<=[0-9])\.(?=[0-9]))[a-z0-9]+)*")


@dataclass(frozen=True)
class Issue:
    """A cell that could not be read or written, or a row about which something is in doubt."""

    file: str
    line: int
    name: str
    column: str
    text: str
    kind: str
    expected: str
    hint: str = ""


@dataclass(slots=True)
class Made:
    """A row of ours, its cells that are not empty, and the cells from which they were made."""

    entity: Entity
    rows: Rows
    cells: dict[str, str]
    origin: dict[str, Found]

    @property
    def table(self) -> str:
        """The table of ours."""
        return self.rows.table


@dataclass
class Names:
    """The things of one of our tables by their names: those that exist, and those that are new."""

    exact: dict[str, str] = field(default_factory=dict)
    alike: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    taken: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)  # those that have a row already

    def add(self, name: str, identifier: str, known: bool = False) -> None:
        """Add a name of a thing."""
        self.exact.setdefault(name.casefold(), identifier)
        self.alike[alike(name)].add(identifier)
        self.taken.add(identifier)
        if known:
            self.known.add(identifier)

    def add_alias(self, alias: str, identifier: str) -> None:
        """Add another name of a thing, which may get its own row and name only now."""
        self.exact.setdefault(alias.casefold(), identifier)
        self.alike[alike(identifier)].add(identifier)
        self.taken.add(identifier)

    def find(self, name: str) -> str:
        """Return the identifier of a thing, empty if there is none or if several are called so."""
        if found := self.exact.get(name.casefold()):
            return found
        close = self.alike.get(alike(name), set())
        return next(iter(close)) if len(close) == 1 else ""

    def new(self, name: str, *endings: str) -> str:
        """Return an identifier for a new thing, with an ending if the first one is taken."""
        stem = slug(plus(name)) or f"unnamed-{sha256(name.encode()).hexdigest()[:8]}"
        numbers = (str(number) for number in range(2, len(self.taken) + 3))
        for ending in chain([""], filter(None, endings), numbers):
            identifier = f"{stem}-{ending}" if ending else stem
            if identifier not in self.taken:
                self.taken.add(identifier)
                return identifier
        raise AssertionError("more identifiers are taken than there are")


@dataclass(eq=False, slots=True)
class Entity:
    """What one row of each vintage is about."""

    name: str
    rows: list[Row]  # the newest first
    id: str = ""
    reason: str = ""  # why it has no row of the main table


class Import:
    """One run: the tables of a publisher by one mapping, against the names that exist."""

    def __init__(
        self,
        rules: Rules,
        tables: Sequence[ForeignTable],
        schemas: Mapping[str, TableSchema],
        names: Mapping[str, Names],
        apart: bool,
    ) -> None:
        self.rules, self.schemas = rules, schemas
        self.tables = sorted(tables, key=lambda table: table.vintage, reverse=True)
        self._places = {id(table): place for place, table in enumerate(self.tables)}
        self.names = defaultdict(Names, names)
        self.issues: list[Issue] = []
        self.made: list[Made] = []
        self.main = schemas[rules.table].primary_key[0]
        self._located: dict[tuple[int, tuple[str, ...]], str] = {}
        self._known_columns = {
            table: dict.fromkeys(schema.column_names, "") for table, schema in schemas.items()
        }
        # For each column of theirs, the names by which it is looked for.
        self._groups: dict[str, tuple[str, ...]] = {}
        for table in self.tables:
            for group in rules.groups:
                for header, _ in table.find(group):
                    self._groups.setdefault(header, group)
        self.entities = self._find_entities()
        self._identify()
        self._add_names()
        # What rows name is added before they refer to it.
        named = self._named_tables - {rules.table}
        by_file = {t.file: rules.rows_of(rules.of_file(t.file)) for t in self.tables}
        for place, rows in sorted(
            enumerate(rules.rows), key=lambda pair: pair[1].table not in named
        ):
            for entity in self.entities if apart or not rows.only_apart else ():
                self._make_rows(by_file[entity.rows[0].table.file][place], entity)
            if rows.table in named:  # new things may be what a file of names stands for
                self._add_names()
        self._set_aside_unused(by_file)
        self._unite()
        self.additional = self._keep()

    def note(self, found: Found, kind: str, expected: str, hint: str = "", text: str = "") -> None:
        """Add an issue about a cell."""
        row, name = found.row, self._name(found.row)
        shown = text or " ".join(row.original(found.header).split())
        column = found.header
        self.issues.append(
            Issue(row.table.file, row.line, name, column, shown, kind, expected, hint)
        )

    # Which rows are about the same thing.

    def _name(self, row: Row) -> str:
        if row.name is None:
            headers = (header for header, _ in row.table.find(self.rules.row))
            names = (text for header in headers if (text := row.cell(header)) is not None)
            row.name = next((name for name in names if not is_missing(name)), "")
        return row.name

    def _about(self, row: Row) -> list[str]:
        """Return the cells by which rows of one name differ."""
        found = [next(iter(row.table.find([n])), None) for n in self.rules.differs_by]
        return [(row.cell(header[0]) or "") if header else "" for header in found]

    def _find_entities(self) -> list[Entity]:
        entities: list[Entity] = []
        for table in self.tables:
            named: dict[str, list[Row]] = defaultdict(list)
            for row in table.accepted:
                name = self._name(row)
                about = self.rules.of_file(table.file)
                if self.rules.files and (about is None or about.aside):
                    row.reason = about.aside if about else "the mapping says nothing of this file"
                    continue
                if not name:
                    there = (t for h in self._naming(row) if (t := row.original(h).strip()))
                    row.reason = f"it has no {self.rules.row[0]}"
                    row.reason += "".join(f": {text!r} is not a name" for text in there)
                    continue
                if not self.rules.once:
                    entities.append(Entity(name, [row]))
                    continue
                for other in named[name.casefold()]:
                    if not self._differ(row, other):
                        row.reason = f"line {other.line} has the same name"
                        break
                else:
                    named[name.casefold()].append(row)
            self._add_to(entities, named)
        return entities

    def _differ(self, row: Row, other: Row) -> bool:
        """Return whether two rows of one thing's names are about two things."""
        pairs = zip(self._about(row), self._about(other), strict=True)
        return any(a and b and a != b for a, b in pairs)

    def _add_to(self, entities: list[Entity], named: Mapping[str, list[Row]]) -> None:
        """Add the rows of an older table to what they are about."""
        free = {id(entity): entity for entity in entities}
        exact, close = defaultdict(list), defaultdict(list)
        known = self.names[self.rules.table]
        for entity in entities:
            exact[entity.name.casefold()].append(entity)
            close[known.find(entity.name) or alike(entity.name)].append(entity)
        left: list[Row] = []
        for fold, rows in named.items():
            for row in rows:
                if len(rows) > 1:
                    column = next(h for h, _ in row.table.find(self.rules.row))
                    lines = ", ".join(str(other.line) for other in rows if other is not row)
                    hint = f"line {lines} has the name too, with another date or organization"
                    self.note(Found(row, column, {}), "same-name", "a name of its own", hint)
                fitting = [entity for entity in exact[fold] if id(entity) in free]
                if found := self._fitting(row, fitting, len(rows) == 1):
                    free.pop(id(found)).rows.append(row)
                else:
                    left.append(row)
        # A row under a second name comes after the one that has the first name in the same table.
        for row in sorted(left, key=lambda row: self._name(row) in self.rules.renamed):
            name = self._name(row)
            later = self.rules.renamed.get(name, name)
            there = close[known.find(later) or alike(later)]
            fitting = [entity for entity in there if id(entity) in free]
            same = next((
                other for other in (entity.rows[-1] for entity in there)
                if other.table is row.table and alike(self._name(other)) == alike(later)
                and not self._differ(row, other)
            ), None)  # fmt: skip
            if found := self._fitting(row, fitting, True):
                free.pop(id(found)).rows.append(row)
            elif same:
                row.reason = f"line {same.line} has it by another name, {self._name(same)}"
            else:
                there.append(Entity(name, [row]))
                entities.append(there[-1])

    def _fitting(self, row: Row, entities: Sequence[Entity], alone: bool) -> Entity | None:
        about = self._about(row)
        for entity in entities:
            pairs = zip(about, self._about(entity.rows[0]), strict=True)
            if any(a and a == b for a, b in pairs):
                return entity
        return entities[0] if alone and len(entities) == 1 else None

    def _identify(self) -> None:
        """Give each thing the identifier that it has already, or a new one."""
        if not self.rules.once:
            return
        names, used = self.names[self.rules.table], set[str]()
        # One that has the name of a thing comes before one that has an alias of it.
        for entity in sorted(self.entities, key=lambda e: alike(e.name) not in names.alike):
            found = names.find(entity.name)
            if found and found not in used:
                entity.id = found
                used.add(found)
        new = [entity for entity in self.entities if not entity.id]
        for entity in sorted(new, key=lambda e: (self._about(e.rows[0]), e.name)):
            about = [slug(item)[:4] if item[:2] in ("19", "20") else slug(item)
                     for item in self._about(entity.rows[0])]  # fmt: skip
            entity.id = names.new(entity.name, *about)
            names.add(entity.name, entity.id)

    def _add_names(self) -> None:
        """Add the names that a file of the publisher says to stand for others."""
        of_rows = self.rules.rows[0].columns.values()
        referred = {c.table: c for c in of_rows if c.kind == "reference"}
        for listed in self.rules.names:
            files = (t for t in self.tables if self.rules.file_matches(t.file, listed.match))
            for row in (row for table in files for row in table.rows):
                columns = row.table.columns
                name, same = (
                    (row.cell(n) or "") if n in columns else ""
                    for n in (listed.name, listed.same_as)
                )
                for table, column in referred.items():
                    if name and same and (found := self.names[table].find(same)):
                        self.names[table].exact.setdefault(name.casefold(), found)
                        shorter = self.rules.without(name, column)
                        self.names[table].exact.setdefault(shorter.casefold(), found)

    # Cells.

    def _pick(
        self, entity: Entity, names: Sequence[str], replaced_by: Sequence[str] = ()
    ) -> Found | None:
        """Return the cell of the latest vintage that has the thing and the column."""
        for row in entity.rows:
            if matches := row.table.find(names):
                columns, index = row.table.columns, row.index
                for header, placeholders in matches:
                    if columns[header][index] is not None:
                        return Found(row, header, placeholders)
                return None
            if replaced_by and row.table.find(replaced_by):
                return None
        return None

    def _read(self, found: Found, column: Column, text: str) -> dict[str, str]:
        """Return the cells that a text gives, the one of the column itself by an empty name."""
        if column.kind == "reference":
            identifier = self.names[column.table].find(text)
            shorter = self.rules.without(text, column)
            identifier = identifier or self.names[column.table].find(shorter)
            return {"": identifier, **column.with_} if identifier else {}
        text = self.rules.without(text, column)
        if column.kind == "slug":
            return {"": slug(text)}
        try:
            read = read_cell(text, column, self.rules.words_of(column))
        except UnreadableError as error:
            self.note(found, error.kind, error.expected, error.hint, text)
            found.set_fate(ISSUE)
            return {}
        found.set_fate(found.fate or MAPPED)
        cells = read if isinstance(read, dict) else {"": read}
        return cells | column.with_ if any(cells.values()) else {}

    def _values(self, entity: Entity, rows: Rows) -> Iterator[dict[str, tuple[Found, list[str]]]]:
        """Yield the texts of the columns, those of each vintage together, the newest first."""
        by_table: dict[int, dict[str, tuple[Found, list[str]]]] = {}
        for name, column in rows.columns.items():
            if found := self._pick(entity, column.from_, column.replaced_by):
                table = found.row.table
                text = found.text
                if column.kind == "slug":  # of all the columns
                    there = (found.row.original(header) for header, _ in table.find(column.from_))
                    text = "-".join(filter(None, there))
                place = self._places[id(table)]
                values = by_table.setdefault(place, {})
                values[name] = found, items(text) if column.list else [text]
        for place in sorted(by_table):
            yield by_table[place]

    # Rows.

    def _make_rows(self, rows: Rows, entity: Entity) -> None:
        for condition in rows.when:
            found = self._pick(entity, condition.from_)
            if not condition.holds(items(found.text) if found else []):
                return
        for values in self._values(entity, rows):
            if not rows.each:
                self._make_row(rows, entity, values)
            elif rows.each in values:
                count = len(values[rows.each][1])
                for place in range(count):
                    # Lists beside the one of the items are of the same length, or not read.
                    self._make_row(rows, entity, {
                        name: (found, [texts[place]] if rows.columns[name].list else texts)
                        for name, (found, texts) in values.items()
                        if not rows.columns[name].list or len(texts) == count
                    })  # fmt: skip

    def _make_row(
        self, rows: Rows, entity: Entity, values: Mapping[str, tuple[Found, list[str]]]
    ) -> None:
        schema = self.schemas[rows.table]
        cells: dict[str, str] = {}
        origin: dict[str, Found] = {}
        for name, (found, texts) in values.items():
            if len(texts) != 1:
                continue  # a list where there is one value: it is kept
            read = self._read(found, rows.columns[name], texts[0])
            if not read and rows.columns[name].kind == "reference":
                for header, _ in found.row.table.find(rows.columns[name].from_):
                    other = Found(found.row, header, {})
                    if not read and found.row.cell(header) is not None:
                        found = other
                        read = self._read(other, rows.columns[name], other.text)
            for target, cell in read.items():
                cells[target or name] = cell
            if read:
                cells |= {k: v for k, v in found.placeholders.items() if k in schema.column_names}
                origin[name] = found
        if not any(name in origin for name in rows.needed):
            return
        for name, column in rows.columns.items():
            needed = column.kind == "reference" and schema.field(name).constraints.required
            if needed and not cells.get(name):
                text = values[name][1][0] if name in values else ""
                entity.reason = f"{name}: {column.table} has no {text!r}, nor has aliases"
                return
        for found in origin.values():
            found.set_fate(MAPPED)
        first = next(origin[name] for name in rows.needed if name in origin)
        self.made.append(
            Made(entity, rows, self._complete(rows, entity, cells, origin, first), origin)
        )

    def _complete(
        self, rows: Rows, entity: Entity, cells: dict[str, str], origin: Mapping[str, Found],
        first: Found,
    ) -> dict[str, str]:  # fmt: skip
        """Add what follows from the row itself: its keys, its source, where it stands there."""
        schema = self.schemas[rows.table]
        place = f"{first.row.table.file}, line {first.row.line}: "
        where = "" if self.rules.once else place
        where += f'row "{self._name(first.row)}"'
        where += self._columns_named(first.row.table, tuple(f.header for f in origin.values()))
        numbers = dict.fromkeys(
            found.text for name, found in origin.items()
            if rows.columns[name].kind in ("number", "count")
        )  # fmt: skip
        given = {
            self.main: entity.id,
            "source_id": first.row.table.source_id,
            "locator": where,
            "verification": "snapshot",
            "as_printed": "; ".join(numbers),
            **{key: self._filled(text, first.row) for key, text in rows.set.items()},
            **cells,
        }
        known = self._known_columns[rows.table]
        row = {name: text for name, text in given.items() if text and name in known}
        key = schema.primary_key[0]
        if rows.table != self.rules.table and rows.table in self._named_tables:
            name = cells["name"]
            row[key] = self.names[rows.table].find(name)
            if not row[key]:
                row[key] = self.names[rows.table].new(name)
                self.names[rows.table].add(name, row[key])
        elif rows.id:
            try:
                text = rows.id.format_map(self._known_columns[rows.table] | row)
                row[key] = text if _IDENTIFIER.fullmatch(text) else slug(plus(text))
            except (KeyError, IndexError, ValueError):
                raise InvalidInputError(
                    f"{self.rules.name}: {rows.table}: id: expected names of columns in braces, "
                    f"found {rows.id!r}"
                ) from None
        return row

    def _filled(self, text: str, row: Row) -> str:
        """Return a text of the mapping with the name of a row and the day of its vintage."""
        if "{" not in text:
            return text
        return text.replace("{row}", self._name(row)).replace("{vintage}", row.table.day)

    def _columns_named(self, table: ForeignTable, headers: tuple[str, ...]) -> str:
        """Return the columns of a row as a locator names them, without that of its name."""
        key = (id(table), headers)
        if key not in self._located:
            naming = {header for header, _ in table.find(self.rules.row)}
            about = [f'"{header}"' for header in dict.fromkeys(headers) if header not in naming]
            plural = "s" * (len(about) > 1)
            self._located[key] = f", column{plural} {', '.join(about)}" if about else ""
        return self._located[key]

    def _naming(self, row: Row) -> set[str]:
        return {header for header, _ in row.table.find(self.rules.row)}

    @cached_property
    def _named_tables(self) -> set[str]:
        """Return the tables of things that rows name, and that are added if they are not there."""
        return {rows.table for rows in self.rules.rows if "name" in rows.columns}

    def _set_aside_unused(self, by_file: Mapping[str, tuple[Rows, ...]]) -> None:
        """Set aside the rows that give no row of the main table."""
        used = {id(made.entity) for made in self.made if made.table == self.rules.table}
        for entity in self.entities:
            if id(entity) not in used:
                for row in entity.rows:
                    rows = by_file[row.table.file][0]
                    names = [name for column in rows.needed for name in rows.columns[column].from_]
                    there = [header for header, _ in row.table.find(names)] or names[:1]
                    what = f"it has no value that can be read in {' or '.join(there)}"
                    row.reason = entity.reason or what
        self.entities = [entity for entity in self.entities if id(entity) in used]
        # A thing that other rows refer to stays, if no row that is used has it.
        named = self._named_tables - {self.rules.table}

        def key(made: Made) -> str:
            return made.cells.get(self.schemas[made.table].primary_key[0], "")

        kept = [made for made in self.made if id(made.entity) in used]
        found = {(made.table, key(made)) for made in kept if made.table in named}
        wanted = {
            (column.table, made.cells.get(name, "")) for made in kept
            for name, column in made.rows.columns.items() if column.kind == "reference"
        } - found  # fmt: skip
        rest = [m for m in self.made if m.table in named and (m.table, key(m)) in wanted]
        self.made = kept + rest

    def _unite(self) -> None:
        """Make one row of those with the same key; what they contradict each other in is empty."""
        united: dict[tuple[str, ...], Made] = {}
        clashes: dict[tuple[str, ...], set[str]] = defaultdict(set)
        named = self._named_tables
        for made in self.made:
            names = self.schemas[made.table].primary_key
            key = (made.table, *(made.cells.get(name, "") for name in names))
            if made.rows.number and key in united:
                stem, number = made.cells.get(made.rows.number, ""), 2
                while key in united:
                    made.cells[made.rows.number] = f"{stem}-{number}"
                    key = (made.table, *(made.cells.get(name, "") for name in names))
                    number += 1
            first = united.setdefault(key, made)
            if first is made:
                continue
            for name, found in made.origin.items():
                there, cell = first.cells.get(name, ""), made.cells.get(name, "")
                if name in clashes[key] or cell == there:
                    continue
                if not there:
                    first.cells[name], first.origin[name] = cell, found
                elif cell and name != "name":
                    self.note(
                        found, "contradiction", "one value for the same thing in all rows",
                        text=f"{there} and {cell}",
                    )  # fmt: skip
                    if made.table in named:
                        clashes[key].add(name)
        for key, contested in clashes.items():
            united[key].cells |= dict.fromkeys(contested, "")
        for made in united.values():
            made.rows.fill(made.cells)
        known = {table: names.known for table, names in self.names.items()}
        self.made = [
            made for (table, key, *_), made in united.items()
            if table not in named or key not in known.get(table, ())
        ]  # fmt: skip

    def _keep(self) -> dict[str, str]:
        """Return the columns that are not mapped, or not in every row, by their names without case.

        Sets the fate of each cell that has none yet.
        """
        later = {
            id(row): entity.rows[:place]
            for entity in self.entities for place, row in enumerate(entity.rows) if place
        }  # fmt: skip
        for table in self.tables:
            naming = {header for header, _ in table.find(self.rules.row)}
            for header, column in table.columns.items():
                fates, names, name = table.fates[header], self._groups.get(header), folded(header)
                rest = PROSE if self.rules.is_prose(header) else KEPT
                for row, text in zip(table.rows, column, strict=True):
                    if text is None:
                        continue
                    if row.reason:
                        fates[row.index] = SET_ASIDE
                    elif header in naming:
                        fates[row.index] = MAPPED
                    elif not fates[row.index]:
                        superseded = any(
                            other.table.find(names) if names else name in other.table.folded
                            for other in later.get(id(row), ())
                        )
                        fates[row.index] = SUPERSEDED if superseded else rest
        unmapped = {
            header for table in self.tables for header, fates in table.fates.items()
            if KEPT in fates or PROSE in fates
        }  # fmt: skip
        named = (header for table in self.tables for header in table.headers)
        return {folded(header): header for header in named if header in unmapped}

    def kept(self, entity: Entity, name: str) -> str:
        """Return the text in a column that is kept, of the latest vintage with the column."""
        for row in entity.rows:
            if (header := row.table.folded.get(name)) is not None:
                return row.cell(header) or ""
        return ""
