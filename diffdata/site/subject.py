"""What the page of a subject is: its facts, its figures side by side, and its rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from diffdata.answers.layout import Cited, Section
from diffdata.answers.page import Listing, amount_of
from diffdata.lookup.text import date, human, plain, unit_of
from diffdata.site.facts import KINDS, MOST_LISTED, Facts, Record, page_of
from diffdata.types.text import cell_text

METHODS = {"single": "one estimate", "six_nd": "6 x parameters x tokens"}
MOST_SHOWN = 200  # rows of others in a table on a page


@dataclass(frozen=True)
class Bar:
    """Where a figure and its bounds lie on a line from 0 to 100."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Figure:
    """An estimate beside the others of its quantity."""

    listing: Listing
    amount: str
    bar: Bar | None
    role: str  # whether the evaluated value uses it
    used: bool


@dataclass(frozen=True)
class Figures:
    """All estimates of a quantity of a subject, on one scale, below the evaluated value."""

    heading: str
    id: str
    definition: str
    evaluated: str
    method: str
    bar: Bar | None
    ends: tuple[str, str] | None  # of the scale
    logarithmic: bool
    rows: Sequence[Figure]
    kind: str = "figures"


@dataclass(frozen=True)
class Listings:
    """Rows as they are listed: what they state, and where that comes from."""

    heading: str
    rows: Sequence[Listing]
    more: int = 0  # rows in the file only
    note: str = ""
    first: int = 0  # rows that are shown of a list that is folded
    kind: str = "listings"


Block = Section | Figures | Listings


@dataclass
class Subject:
    """What a page is about: its name, its facts, and blocks of more."""

    table: str
    id: str
    name: str
    badges: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    text: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    address: str = ""  # of a source, in the web
    case: str = ""  # the path of the page of its case
    rows: list[tuple[str, str, Record]] = field(default_factory=list)  # of its files
    summary: Record = field(default_factory=dict)


def new_subject(facts: Facts, table: str, row: Record, **given: Any) -> Subject:
    """Return a subject with its names and the rows that its page lists."""
    key = str(row[KINDS[table][0]])
    subject = Subject(table, key, str(row.get("name") or row.get("title") or key), **given)
    subject.rows = [(table, key, row), *facts.listed.get(page_of(table, key), ())]
    subject.summary = subject.summary or row
    subject.aliases = sorted(set(facts.other_names(table, key)) - {subject.name, key})
    return subject


def listings(facts: Facts, subject: Subject, leave_out: Iterable[str] = ()) -> Iterator[Block]:
    """Yield the rows that the page lists, by table."""
    tables: dict[str, list[Listing]] = {}
    for table, key, row in subject.rows[: 1 + MOST_LISTED]:
        if table not in leave_out:
            tables.setdefault(table, []).append(facts.listing(table, key, row))
    for table, rows in tables.items():
        title = facts.schema(table).title or plain(table).capitalize()
        yield Listings(title if table != subject.table else "The entry itself", rows)


def cite_row(facts: Facts, text: str, table: str, row: Record) -> Cited:
    """Return a text that leads to a row."""
    return Cited((text, [(table, facts.key(table, row))]))


def linked_name(facts: Facts, table: str, key: Any) -> Cited:
    """Return the name of a model, a chip, a source ..., with a link to its page."""
    return Cited((facts.name(table, key), [(table, str(key))]))


def day_of(row: Record, column: str) -> str:
    """Write the date in a column as precisely as it is known."""
    return date(row.get(column), row.get(f"{column}_precision", "day")) if column in row else ""


def stated_cells(
    facts: Facts, table: str, row: Record, *leave_out: str
) -> Iterator[tuple[str, str]]:
    """Yield the cells of a row with their labels: ids as links, numbers with their units."""
    schema = facts.schema(table)
    targets = {
        key.fields[0]: key.reference.resource or table
        for key in schema.foreign_keys
        if len(key.fields) == 1
    }
    for column in schema.column_names:
        cell = row.get(column)
        if cell is None or column in leave_out or column.endswith("_precision"):
            continue
        label = plain(column.removesuffix("_id")).capitalize()
        unit = schema.field(column).unit or ""
        if targets.get(column) in KINDS:
            yield label, linked_name(facts, targets[column], cell)
        elif f"{column}_precision" in row:
            yield label, day_of(row, column)
        elif isinstance(cell, bool):
            yield label, "yes" if cell else "no"
        elif isinstance(cell, float | int) and not unit.startswith("column:"):
            yield label, human(cell, unit)
        else:
            yield label, plain(cell) if schema.field(column).constraints.enum else cell_text(cell)


def developers_of(facts: Facts, summary: Record) -> str:
    """Write the names of the developers of a model."""
    names = filter(None, str(summary.get("developers", "")).split("; "))
    return "; ".join(facts.name("organizations", name) for name in names)


def run_text(facts: Facts, run: Record) -> str:
    """Write the chips, duration and utilization of a training run."""
    chips = facts.name("hardware", run["hardware_id"]) if "hardware_id" in run else "chips"
    figures = [
        f"{run['chips']:,} {chips}" if "chips" in run else chips * ("hardware_id" in run),
        human(run["duration_days"], "day") if "duration_days" in run else "",
        f"{run['chip_hours']:,.0f} chip-hours" if "chip_hours" in run else "",
        f"utilization {run['utilization']:.1%}" if "utilization" in run else "",
    ]
    return f"{', '.join(filter(None, figures)) or 'no figures'} ({run['basis']})"


def benchmark_column(facts: Facts) -> str:
    """Return the column that names the benchmark of a score; early editions call it otherwise."""
    names = facts.schema("evaluations").column_names
    return "benchmark_id" if "benchmark_id" in names else "benchmark"


def rows_by(rows: Iterable[Record], column: str) -> dict[str, list[Record]]:
    """Group rows by the text of a column."""
    found: dict[str, list[Record]] = {}
    for row in rows:
        found.setdefault(str(row.get(column)), []).append(row)
    return found


def figures_of(
    facts: Facts, subject: Subject, rows: Sequence[Record], quantity: str, headed: str = ""
) -> Figures:
    """Return the estimates of a quantity side by side, below the evaluated value."""
    described = facts.row("quantities", quantity)
    inputs = {
        one["estimate_id"]: one
        for one in facts.where("model_summary_inputs", KINDS[subject.table][0], subject.id)
    }
    column = described.get("summary_column")
    value, low, high = (subject.summary.get(f"{column}{end}") for end in ("", "_low", "_high"))
    evaluated, method = "", ""
    if column and value is not None:
        evaluated = evaluated_amount(facts, subject.summary, column)
        found = str(subject.summary.get(f"{column}_method"))
        method = METHODS.get(found, plain(found))
    rows = sorted(
        rows,
        key=lambda row: (
            row["status"] != "current", row.get("value", row.get("low", row.get("high", 0.0))),
            row["estimate_id"],
        ),
    )  # fmt: skip
    triples = [tuple(row.get(end) for end in ("value", "low", "high")) for row in rows]
    scale = _Scale([*triples, (value, low, high)])
    listed = []
    for row, triple in zip(rows, triples, strict=True):
        use = inputs.get(row["estimate_id"], {})
        role = ""
        if use:
            role = "used" if use["used"] else f"set aside: {plain(use.get('set_aside_because'))}"
        listed.append(Figure(
            facts.listing("estimates", row["estimate_id"], row), amount_of(row), scale.bar(triple),
            role, bool(use.get("used")),
        ))  # fmt: skip
    unit = unit_of(str(rows[0]["unit"]), str(rows[0].get("currency") or "USD"))
    ends = (human(scale.first, unit), human(scale.last, unit)) if scale.drawn else None
    title = headed or str(described.get("title") or plain(quantity))
    return Figures(
        title, quantity, str(described.get("definition", "")), evaluated, method,
        scale.bar((value, low, high)), ends, scale.logarithmic, listed,
    )  # fmt: skip


class _Scale:
    """A line from 0 to 100 for some figures with bounds; logarithmic if they are far apart."""

    def __init__(self, triples: Iterable[Sequence[float | None]]) -> None:
        numbers = [
            float(x) for triple in triples for x in triple if x is not None and math.isfinite(x)
        ]
        self.first, self.last = (min(numbers), max(numbers)) if numbers else (0.0, 0.0)
        self.drawn = self.last > self.first
        self.logarithmic = self.first > 0 and self.last >= 3 * self.first

    def bar(self, triple: Sequence[float | None]) -> Bar | None:
        """Return where a figure and its bounds lie, None if there is nothing to compare."""
        value, low, high = map(self._place, triple)
        return Bar(value, low, high) if self.drawn and (value, low, high) != (None,) * 3 else None

    def _place(self, number: float | None) -> float | None:
        if number is None or not self.drawn or not math.isfinite(number):
            return None
        first, last = self.first, self.last
        if self.logarithmic:
            first, last, number = math.log(first), math.log(last), math.log(number)
        return round(4 + 92 * (number - first) / (last - first), 1)


def evaluated_amount(facts: Facts, summary: Record, column: str) -> str:
    """Write an evaluated value of a model with its interval."""
    ends = ("value", "low", "high", "level")
    row = {end: summary.get(f"{column}_{end}".removesuffix("_value")) for end in ends}
    row["unit"] = facts.schema("model_summary").field(column).unit or "1"
    return amount_of({name: cell for name, cell in row.items() if cell is not None})
