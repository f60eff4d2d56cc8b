"""Seeded corruptions of our own tables, and which issues each of them must give.

Whether a corruption breaks a stated rule is decided by `stated_rules`, which shares no code with
diffdata. For the faults of the shape of a file (a comma, a quote, an encoding) the place is known
from the making.

A longer run than that of the test suite, with the rate of each kind::

    python -m tests.corruptions --number 5000 --seed 1
"""

# Each kind is made from a table and a random generator, which some do not need.
# ruff: noqa: ARG001, ARG005

from __future__ import annotations

import argparse
import csv
import io
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import diffdata
from diffdata.errors import Issue

from .reviewed import write_reviewed
from .stated_rules import Rows, breaches, listed, rows_of, schemas

Place = tuple[str, int, str]  # file, line, column


@dataclass(frozen=True)
class Corruption:
    """A corrupted file.

    Attributes
    ----------
    kind, table, data
        The kind of corruption, the table, and the new bytes of its file.
    what
        What was done, for people.
    places
        Where it must be found, if that is known: a line, and columns of which one must be named; an
        empty column means a fault of the row or the file. Without places, the checker decides.
    cell
        The line and the column of the one cell that was changed, if one was.
    """

    kind: str
    table: str
    data: bytes
    what: str
    places: tuple[tuple[int, tuple[str, ...]], ...] = field(default=())
    cell: tuple[int, str] | None = None


class Table:
    """A clean table, and ways to write it with a change."""

    def __init__(self, name: str, path: Path, schema: dict[str, Any]) -> None:
        self.name, self.schema = name, schema
        self.text = path.read_text(encoding="utf-8")
        self.header, *self.rows = rows_of(self.text)
        self.fields = {f["name"]: f for f in schema["fields"]}

    def written(self, rows: Rows, header: list[str] | None = None) -> bytes:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([header or self.header, *rows])
        return out.getvalue().encode()

    def copy(self) -> Rows:
        return [list(row) for row in self.rows]

    def cell_changed(self, row: int, column: str, text: str) -> bytes:
        rows = self.copy()
        rows[row][self.header.index(column)] = text
        return self.written(rows)

    def columns(self, *kinds: str) -> list[str]:
        return [name for name, f in self.fields.items() if f["type"] in kinds]

    def given(self, draw: random.Random, columns: list[str]) -> tuple[int, str, str] | None:
        """Draw a cell of some columns that is not empty."""
        cells = [
            (number, name, row[self.header.index(name)])
            for name in columns
            for number, row in enumerate(self.rows)
            if row[self.header.index(name)]
        ]
        return draw.choice(cells) if cells else None

    def lines(self) -> list[str]:
        """Return the lines of the file; none of our cells has a newline."""
        return self.text.splitlines()


def typo(draw: random.Random, text: str) -> str:
    """Make one mistake in a text, as a hand does."""
    place = draw.randrange(len(text))
    letter = draw.choice("abcdefghijklmnopqrstuvwxyz0123456789-")
    changed = draw.choice([
        text[:place] + text[place + 1:],
        text[:place] + letter + text[place:],
        text[:place] + letter + text[place + 1:],
        text[:place] + text[place:place + 2][::-1] + text[place + 2:],
    ])  # fmt: skip
    return changed if changed != text else text + letter


Made = Corruption | None
KINDS: dict[str, Callable[[Table, random.Random], Made]] = {}


def kind(make: Callable[[Table, random.Random], Made]) -> Callable[[Table, random.Random], Made]:
    KINDS[make.__name__] = make
    return make


def in_cell(
    name: str, columns: Callable[[Table], list[str]], change: Callable[[random.Random, str], str]
) -> None:
    """Register a corruption of one cell."""

    def make(table: Table, draw: random.Random) -> Made:
        cell = table.given(draw, columns(table))
        if cell is None:
            return None
        row, column, text = cell
        changed = change(draw, text)
        if changed == text:
            return None
        data = table.cell_changed(row, column, changed)
        what = f"{column}: {text!r} -> {changed!r}"
        return Corruption(name, table.name, data, what, cell=(row + 2, column))

    KINDS[name] = make


def own_keys(table: Table) -> list[str]:
    return [name for name in listed(table.schema["primaryKey"]) if name in table.columns("string")]


def references(table: Table) -> list[str]:
    keys = table.schema.get("foreignKeys", [])
    return [name for key in keys for name in listed(key["fields"])]


def ids(table: Table) -> list[str]:
    return sorted({*own_keys(table), *references(table)})


def enums(table: Table) -> list[str]:
    return [n for n, f in table.fields.items() if "enum" in f.get("constraints", {})]


def numbers(table: Table) -> list[str]:
    return table.columns("number", "integer")


def dates(table: Table) -> list[str]:
    return table.columns("date")


def strings(table: Table) -> list[str]:
    return table.columns("string")


def anywhere(table: Table) -> list[str]:
    return table.header


def alike(draw: random.Random, text: str) -> str:
    pairs = {
        "a": "\u0430",
        "e": "\u0435",
        "o": "\u043e",
        "p": "\u0440",
        "c": "\u0441",
        "i": "\u0456",
    }
    there = [letter for letter in pairs if letter in text]
    return text.replace(letter := draw.choice(there), pairs[letter], 1) if there else text


def inserted(*marks: str) -> Callable[[random.Random, str], str]:
    def change(draw: random.Random, text: str) -> str:
        place = draw.randrange(len(text) + 1)
        return text[:place] + draw.choice(marks) + text[place:]

    return change


def slipped(draw: random.Random, text: str) -> str:
    value = float(text) * draw.choice([1e3, 1e-3])
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"


in_cell("typo in a key", own_keys, typo)
in_cell("typo in a reference", references, typo)
in_cell("typo in an enum", enums, typo)
in_cell("typo in a number", numbers, typo)
in_cell("typo in a date", dates, typo)
in_cell("emptied cell", anywhere, lambda draw, text: "")
in_cell("decimal comma", numbers, lambda draw, text: f"{text[:1]},{text[1:]}")
in_cell(
    "suffix", numbers, lambda draw, text: text + draw.choice(["B", "M", " M", "%", " FLOP", "k"])
)
in_cell(
    "number in words", numbers, lambda draw, text: draw.choice(["unknown", "n/a", "ten", "-", "~5"])
)
in_cell(
    "not a number",
    numbers,
    lambda draw, text: draw.choice(["nan", "NaN", "inf", "-Infinity", "1e999"]),
)
in_cell("sign of a number", numbers, lambda draw, text: f"-{text}")
in_cell("unit slip by 1e3", numbers, slipped)
in_cell("date to the month", dates, lambda draw, text: text[:7])
in_cell("date to the year", dates, lambda draw, text: text[:4])
in_cell("30 February", dates, lambda draw, text: text[:5] + "02-30")
in_cell("day and month swapped", dates, lambda draw, text: f"{text[:5]}{text[8:]}-{text[5:7]}")
in_cell("date of another form", dates, lambda draw, text: f"{text[8:]}.{text[5:7]}.{text[:4]}")
in_cell("date moved", dates, lambda draw, text: f"{int(text[:4]) + draw.choice([-9, 9])}{text[4:]}")
in_cell(
    "date out of range",
    dates,
    lambda draw, text: draw.choice(["0000-01-01", "99999-01-01", "2020-13-01"]),
)
in_cell("control character", strings, inserted("\0", "\x07", "\x1b[31m", "\t"))
in_cell("hidden character", ids, inserted("\u200b", "\u200e", "\u202e", "\ufeff", "\u2066"))
in_cell("letter that looks alike", ids, alike)
in_cell("letter that looks alike in text", strings, alike)
in_cell(
    "space around",
    anywhere,
    lambda draw, text: draw.choice([f" {text}", f"{text} ", f"\u00a0{text}"]),
)
in_cell("case of an enum", enums, lambda draw, text: draw.choice([text.upper(), text.capitalize()]))
in_cell("case of an id", ids, lambda draw, text: draw.choice([text.upper(), text.capitalize()]))
in_cell(
    "boolean of another form",
    lambda t: t.columns("boolean"),
    lambda draw, text: draw.choice([text.upper(), text.capitalize(), text[0], "1", "yes"]),
)
in_cell(
    "text encoded twice",
    strings,
    lambda draw, text: (text + draw.choice(["é", "ß", "—", "\u2019"])).encode().decode("latin-1"),
)
in_cell("large number", numbers, lambda draw, text: "9" * draw.choice([25, 400]))
in_cell("newline in a cell", strings, inserted("\n", "\r\n", "\r"))


@kind
def cells_swapped(table: Table, draw: random.Random) -> Made:
    """Two different cells of a row change places."""
    rows = table.copy()
    row = draw.randrange(len(rows))
    one, other = sorted(draw.sample(range(len(table.header)), 2))
    while rows[row][one] == rows[row][other]:
        one, other = sorted(draw.sample(range(len(table.header)), 2))
    rows[row][one], rows[row][other] = rows[row][other], rows[row][one]
    what = f"line {row + 2}: {table.header[one]} and {table.header[other]}"
    return Corruption("cells swapped", table.name, table.written(rows), what)


@kind
def row_shifted(table: Table, draw: random.Random) -> Made:
    """From one column on, the cells of a row move by one, and the last or first is lost."""
    row, place = draw.randrange(len(table.rows)), draw.randrange(len(table.header) - 1)
    rows = table.copy()
    cells = rows[row]
    right = draw.random() < 0.5
    rows[row] = (
        [*cells[:place], "", *cells[place:-1]]
        if right
        else [*cells[:place], *cells[place + 1 :], ""]
    )
    what = f"line {row + 2} from {table.header[place]} to the {'right' if right else 'left'}"
    return Corruption("row shifted", table.name, table.written(rows), what)


@kind
def row_deleted(table: Table, draw: random.Random) -> Made:
    rows = table.copy()
    gone = rows.pop(draw.randrange(len(rows)))
    return Corruption("row deleted", table.name, table.written(rows), f"the row {gone[:2]}")


@kind
def row_duplicated(table: Table, draw: random.Random) -> Made:
    rows = table.copy()
    rows.insert(draw.randrange(len(rows) + 1), list(draw.choice(rows)))
    return Corruption("row duplicated", table.name, table.written(rows), "a row twice")


@kind
def key_duplicated(table: Table, draw: random.Random) -> Made:
    rows = table.copy()
    if len(rows) < 2:
        return None
    one, other = draw.sample(range(len(rows)), 2)
    for name in listed(table.schema["primaryKey"]):
        place = table.header.index(name)
        rows[one][place] = rows[other][place]
    return Corruption(
        "key duplicated", table.name, table.written(rows), f"of line {other + 2} in line {one + 2}"
    )


@kind
def blank_row(table: Table, draw: random.Random) -> Made:
    lines = table.lines()
    at = draw.randrange(1, len(lines) + 1)
    lines.insert(at, draw.choice(["", "," * (len(table.header) - 1)]))
    return Corruption("blank row", table.name, joined(lines), f"line {at + 1}", ((at + 1, ("",)),))


def joined(lines: list[str], end: str = "\n") -> bytes:
    return "".join(line + end for line in lines).encode()


def plain_line(table: Table, draw: random.Random) -> tuple[int, list[str]] | None:
    """Draw a row in whose line nothing is quoted: its number among the lines, and its cells."""
    plain = [(n, line.split(",")) for n, line in enumerate(table.lines()) if n and '"' not in line]
    return draw.choice(plain) if plain else None


def in_line(name: str, change: Callable[[random.Random, list[str]], tuple[list[str], int]]) -> None:
    """Register a corruption of the text of a row, which breaks the row at a cell."""

    def make(table: Table, draw: random.Random) -> Made:
        found = plain_line(table, draw)
        if found is None:
            return None
        number, cells = found
        changed, place = change(draw, list(cells))
        lines = table.lines()
        lines[number] = ",".join(changed)
        # Cells that are empty, or alike, cannot be told apart: any of them explains the row.
        columns = {
            table.header[min(other, len(cells) - 1)]
            for other in range(len(cells) + 1)
            if ",".join(change_at(name, cells, other)) == lines[number]
        } or {table.header[min(place, len(cells) - 1)]}
        places = ((number + 1, ("", *sorted(columns))),)
        return Corruption(
            name, table.name, joined(lines), f"line {number + 1}, {sorted(columns)}", places
        )

    KINDS[name] = make


def change_at(name: str, cells: list[str], place: int) -> list[str]:
    if name == "extra comma":
        return [*cells[:place], "", *cells[place:]]
    return [*cells[:place], *cells[place + 1 :]] if place < len(cells) else []


def extra_comma(draw: random.Random, cells: list[str]) -> tuple[list[str], int]:
    place = draw.randrange(len(cells) + 1)
    return change_at("extra comma", cells, place), place


def cell_deleted(draw: random.Random, cells: list[str]) -> tuple[list[str], int]:
    place = draw.randrange(len(cells))
    return change_at("cell deleted with its comma", cells, place), place


def comma_in_a_cell(draw: random.Random, cells: list[str]) -> tuple[list[str], int]:
    place = draw.choice([p for p, cell in enumerate(cells) if len(cell) > 1])
    at = draw.randrange(1, len(cells[place]))
    return [*cells[:place], cells[place][:at], cells[place][at:], *cells[place + 1 :]], place


in_line("extra comma", extra_comma)
in_line("cell deleted with its comma", cell_deleted)
in_line("comma in a cell", comma_in_a_cell)


def quoted_wrongly(name: str, change: Callable[[random.Random, str], str]) -> None:
    def make(table: Table, draw: random.Random) -> Made:
        found = plain_line(table, draw)
        if found is None:
            return None
        number, cells = found
        place = draw.choice([p for p, cell in enumerate(cells) if len(cell) > 1])
        cells = list(cells)
        cells[place] = change(draw, cells[place])
        lines = table.lines()
        lines[number] = ",".join(cells)
        places = ((number + 1, (table.header[place],)),)
        return Corruption(
            name, table.name, joined(lines), f"line {number + 1}: {cells[place]}", places
        )

    KINDS[name] = make


quoted_wrongly("quote not closed", lambda draw, text: f'"{text}')
quoted_wrongly("stray quote", lambda draw, text: f'{text[:1]}"{text[1:]}')
quoted_wrongly("text behind a quote", lambda draw, text: f'"{text[:1]}"{text[1:]}')


@kind
def encoding(table: Table, draw: random.Random) -> Made:
    """The whole file in another encoding."""
    name = draw.choice(["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-8-sig"])
    text = table.text
    if name in ("latin-1", "cp1252"):
        odd = [n for n, line in enumerate(table.lines(), 1) if not line.isascii()]
        if not odd:
            return None
        return (
            Corruption(
                f"saved as {name}",
                table.name,
                text.encode(name, "replace"),
                name,
                tuple((n, ("",)) for n in odd[:1]),
            )
            if recodes(text, name)
            else None
        )
    return Corruption(f"saved as {name}", table.name, text.encode(name), name, ((1, ("",)),))


def recodes(text: str, name: str) -> bool:
    """Tell whether the first line with a letter beyond ASCII has one that the encoding has."""
    line = next(line for line in text.splitlines() if not line.isascii())
    return any(
        mark != "?" and not mark.isascii() for mark in line.encode(name, "replace").decode(name)
    )


@kind
def encoded_twice(table: Table, draw: random.Random) -> Made:
    odd = [n for n, row in enumerate(table.rows) if not "".join(row).isascii()]
    if not odd:
        return None
    data = table.text.encode().decode("latin-1").encode()
    return Corruption("file encoded twice", table.name, data, "UTF-8 taken for Latin 1")


def of_header(name: str, change: Callable[[random.Random, list[str]], list[str]]) -> None:
    def make(table: Table, draw: random.Random) -> Made:
        header = change(draw, list(table.header))
        if header == table.header:
            return None
        rest = table.text.split("\n", 1)[1]
        data = (",".join(header) + "\n" + rest).encode()
        odd = {n for n, own in zip(header, table.header, strict=False) if n != own}
        odd |= set(header) ^ set(table.header)
        odd |= {own for n, own in zip(header, table.header, strict=False) if n != own}
        whole = ("",) if len(header) != len(table.header) else ()
        return Corruption(name, table.name, data, ",".join(header), ((1, (*whole, *sorted(odd))),))

    KINDS[name] = make


def reordered(draw: random.Random, header: list[str]) -> list[str]:
    one, other = draw.sample(range(len(header)), 2)
    header[one], header[other] = header[other], header[one]
    return header


def mistyped(draw: random.Random, header: list[str]) -> list[str]:
    place = draw.randrange(len(header))
    changed = typo(draw, header[place])
    return [*header[:place], changed, *header[place + 1 :]] if changed not in header else header


of_header("header reordered", reordered)
of_header("typo in the header", mistyped)
of_header(
    "name missing in the header",
    lambda draw, h: [*h[: (p := draw.randrange(len(h)))], *h[p + 1 :]],
)
of_header("name twice in the header", lambda draw, h: [h[0], *h[:1], *h[2:]])
of_header(
    "extra comma in the header",
    lambda draw, h: [*h[: (p := draw.randrange(len(h) + 1))], "", *h[p:]],
)
of_header("header in capitals", lambda draw, h: [name.upper() for name in h])


@kind
def column_missing(table: Table, draw: random.Random) -> Made:
    place = draw.randrange(len(table.header))
    header = table.header[:place] + table.header[place + 1 :]
    rows = [row[:place] + row[place + 1 :] for row in table.rows]
    gone = table.header[place]
    return Corruption(
        "column missing", table.name, table.written(rows, header), gone, ((1, (gone,)),)
    )


@kind
def columns_moved(table: Table, draw: random.Random) -> Made:
    order = list(range(len(table.header)))
    one, other = sorted(draw.sample(order, 2))
    order[one], order[other] = order[other], order[one]
    moved = [[row[place] for place in order] for row in [table.header, *table.rows]]
    odd = (table.header[one], table.header[other])
    return Corruption(
        "columns moved", table.name, table.written(moved[1:], moved[0]), str(odd), ((1, odd),)
    )


@kind
def columns_swapped(table: Table, draw: random.Random) -> Made:
    """The cells of two columns change places, their names do not."""
    one, other = draw.sample(range(len(table.header)), 2)
    rows = table.copy()
    for row in rows:
        row[one], row[other] = row[other], row[one]
    what = f"{table.header[one]} and {table.header[other]}"
    return Corruption("columns swapped", table.name, table.written(rows), what)


@kind
def other_delimiter(table: Table, draw: random.Random) -> Made:
    out, mark = io.StringIO(), draw.choice([";", "\t", "|"])
    csv.writer(out, delimiter=mark, lineterminator="\n").writerows([table.header, *table.rows])
    return Corruption(
        "other delimiter", table.name, out.getvalue().encode(), repr(mark), ((1, ("",)),)
    )


@kind
def mixed_line_ends(table: Table, draw: random.Random) -> Made:
    lines = table.lines()
    at = draw.randrange(1, len(lines))
    data = joined(lines[:at]) + joined(lines[at:], "\r\n")
    return Corruption(
        "mixed line ends", table.name, data, f"from line {at + 1}", ((at + 1, ("",)),)
    )


@kind
def windows_line_ends(table: Table, draw: random.Random) -> Made:
    return Corruption("line ends of Windows", table.name, joined(table.lines(), "\r\n"), "all")


@kind
def no_newline_at_the_end(table: Table, draw: random.Random) -> Made:
    return Corruption("no newline at the end", table.name, table.text.rstrip("\n").encode(), "")


@kind
def cut_short(table: Table, draw: random.Random) -> Made:
    """The file ends in the middle of a row."""
    lines = table.lines()
    at = draw.randrange(1, len(lines))
    if '"' in lines[at]:
        return None
    lines, cells = lines[: at + 1], lines[at].split(",")
    keep = draw.randrange(1, len(cells))
    lines[-1] = ",".join(cells[:keep])
    return Corruption("cut short", table.name, "\n".join(lines).encode(), f"in line {at + 1}",
                      ((at + 1, ("", *table.header)),))  # fmt: skip


def corruptions(
    number: int, seed: int, folder: Path, kinds: Sequence[str] = tuple(KINDS)
) -> Iterator[Corruption]:
    """Yield that many corruptions, of all kinds by turns."""
    draw = random.Random(seed)
    known = schemas(folder)
    tables = [
        Table(name, folder / "data" / f"{name}.csv", schema) for name, schema in known.items()
    ]
    made = 0
    while made < number:
        for make in map(KINDS.__getitem__, kinds):
            corruption = make(draw.choice(tables), draw)
            if corruption is not None and made < number:
                made += 1
                yield corruption


@dataclass(frozen=True)
class Verdict:
    """The result of a corruption: whether it breaks a rule, was found, and the issues."""

    corruption: Corruption
    breaks: bool
    found: bool
    issues: tuple[Issue, ...]
    problem: str = ""


class Bench:
    """A copy of the reviewed rows, in which one file after the other is corrupted and restored."""

    def __init__(self, folder: Path) -> None:
        self.folder = write_reviewed(folder)
        self.schemas = schemas(folder)
        self.clean = {name: rows_of(self._path(name).read_text()) for name in self.schemas}

    def _path(self, table: str) -> Path:
        return self.folder / "data" / f"{table}.csv"

    def judge(self, corruption: Corruption) -> Verdict:
        """Corrupt, validate, restore, and compare what was found with what must be found."""
        path = self._path(corruption.table)
        before = path.read_bytes()
        path.write_bytes(corruption.data)
        try:
            issues = tuple(diffdata.validate(self.folder))
        finally:
            path.write_bytes(before)
        if corruption.places:
            return self._known_place(corruption, issues)
        return self._checked(corruption, issues)

    def _known_place(self, corruption: Corruption, issues: tuple[Issue, ...]) -> Verdict:
        file = f"data/{corruption.table}.csv"
        found = any(
            issue.file == file and issue.line == line and (issue.column or "") in columns
            for issue in issues
            for line, columns in corruption.places
        )
        return Verdict(corruption, True, found, issues)

    def _checked(self, corruption: Corruption, issues: tuple[Issue, ...]) -> Verdict:
        rows = rows_of(corruption.data.decode())
        broken = breaches({**self.clean, corruption.table: rows}, self.schemas, corruption.table)
        errors = [issue for issue in issues if issue.severity == "error"]
        if not broken:
            problem = f"reported, though no rule is broken: {errors[0]}" if errors else ""
            return Verdict(corruption, False, not errors, issues, problem)
        lines = lines_of(corruption.data.decode())
        others = {
            name: lines_of(self._path(name).read_text()) for name in {b.table for b in broken}
        }
        others[corruption.table] = lines
        places: set[Place] = set()
        for breach in broken:
            for row in breach.rows:
                for column in breach.columns:
                    places.add((f"data/{breach.table}.csv", others[breach.table][row + 1], column))
        places |= whole_columns(corruption)
        if corruption.cell:  # a mistyped key, to which others refer, may be reported at the key
            places.add((f"data/{corruption.table}.csv", *corruption.cell))
        found = any((i.file, i.line, i.column or "") in places for i in errors)
        strange = [i for i in errors if not self._explained(i, places)]
        problem = f"reported beside the fault: {strange[0]}" if strange and found else ""
        return Verdict(corruption, True, found, issues, problem)

    def _explained(self, issue: Issue, places: set[Place]) -> bool:
        return (issue.file, issue.line, issue.column or "") in places or issue.rule in (
            "shifted-row", "swapped-cells", "mistyped-key", "swapped-columns", "blank-row",
        )  # fmt: skip


def whole_columns(corruption: Corruption) -> set[Place]:
    """Return the places where two swapped columns may be reported."""
    if corruption.kind != "columns swapped":
        return set()
    return {
        (f"data/{corruption.table}.csv", 1, column) for column in corruption.what.split(" and ")
    }


def lines_of(text: str) -> list[int]:
    """Return the line in which each record begins."""
    reader = csv.reader(io.StringIO(text, newline=""))
    lines, begin = [], 1
    for _ in reader:
        lines.append(begin)
        begin = reader.line_num + 1
    return lines


def main() -> None:
    """Print the rate of each kind, and the corruptions that were not found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="show every miss")
    parser.add_argument("--show", default="", help="show what is said of corruptions of this kind")
    given = parser.parse_args()
    total: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        assert diffdata.validate(bench.folder) == []
        for number, corruption in enumerate(corruptions(given.number, given.seed, bench.folder), 1):
            if sys.stderr.isatty():
                print(f"\r{number} of {given.number}", end="", file=sys.stderr)
            verdict = bench.judge(corruption)
            total[corruption.kind, "made"] += 1
            total[corruption.kind, "breaks"] += verdict.breaks
            total[corruption.kind, "found"] += verdict.breaks and verdict.found
            total[corruption.kind, "once"] += (
                verdict.breaks and verdict.found and len(verdict.issues) == 1
            )
            total[corruption.kind, "alarm"] += bool(verdict.problem)
            missed = given.verbose and (verdict.problem or not verdict.found)
            if missed or (given.show and given.show in corruption.kind):
                print(
                    f"--- {corruption.kind}: {corruption.table}: {corruption.what}",
                    *corruption.places,
                )
                print(f"    {verdict.problem or 'NOT FOUND'}")
                print("\n".join(f"    {issue}" for issue in verdict.issues[:4]))
                sys.stdout.flush()
    print(f"{'kind':34}{'made':>6}{'break':>7}{'found':>7}{'once':>6}{'alarms':>8}")
    kinds = sorted({kind for kind, _ in total})
    for kind in kinds:
        row = [total[kind, what] for what in ("made", "breaks", "found", "once", "alarm")]
        print(f"{kind:34}{row[0]:6}{row[1]:7}{row[2]:7}{row[3]:6}{row[4]:8}")
    every = {
        what: sum(total[kind, what] for kind in kinds)
        for what in ("made", "breaks", "found", "once", "alarm")
    }
    print(f"{every['made']} made, {every['breaks']} break a rule, {every['found']} found "
          f"({every['found'] / max(1, every['breaks']):.2%}), {every['once']} as one issue, "
          f"{every['alarm']} with something beside")  # fmt: skip


if __name__ == "__main__":
    main()
