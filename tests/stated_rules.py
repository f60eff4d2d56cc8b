"""What the schemas state, checked slowly and in plain Python, to compare diffdata with.

It reads the schemas as JSON and shares no code with diffdata.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
Rows = list[list[str]]


def schemas(folder: Path = ROOT) -> dict[str, dict[str, Any]]:
    """Return the schemas by table, as plain JSON."""
    described = json.loads((folder / "datapackage.json").read_text())
    return {
        r["name"]: json.loads((folder / r["schema"]).read_text()) for r in described["resources"]
    }


def rows_of(text: str) -> Rows:
    return list(csv.reader(io.StringIO(text, newline="")))


@dataclass(frozen=True)
class Breach:
    """A broken statement: the table, the rows (from 0, the header left out) and the columns."""

    table: str
    rows: tuple[int, ...]
    columns: tuple[str, ...]
    rule: str


def breaches(
    tables: dict[str, Rows], known: dict[str, dict[str, Any]], changed: str | None = None
) -> set[Breach]:
    """Return all statements that tables break; each has its header as its first row.

    If all tables but one are known to be clean, only what concerns that one is checked.
    """
    found: set[Breach] = set()
    for name, schema in known.items():
        targets = {key["reference"]["resource"] for key in schema.get("foreignKeys", [])}
        if changed not in (None, name, *targets):
            continue
        header, *rows = tables[name]
        for number, row in enumerate(rows):
            if len(row) != len(header) or not any(row):
                found.add(Breach(name, (number,), ("", *header), "row-length"))
        whole = [number for number, row in enumerate(rows) if len(row) == len(header) and any(row)]
        cells = {number: dict(zip(header, rows[number], strict=True)) for number in whole}
        fields = {f["name"]: f for f in schema["fields"]}
        values = {}
        for number, row in cells.items():
            value = {}
            if changed not in (None, name):
                continue
            for column, described in fields.items():
                value[column] = parsed(row[column], described["type"])
                for rule in broken_by(row[column], value[column], described, schema):
                    found.add(Breach(name, (number,), (column,), rule))
            values[number] = value
        rules = [r for r in schema.get("rules", []) if r.get("severity", "error") == "error"]
        unlike = {r["name"]: disagreeing(r, values) for r in rules if r["rule"] == "agree"}
        for number, value in values.items():
            for rule in rules:
                columns = rule_columns(rule)
                judged = all(value[c] is not BAD for c in columns)
                if not judged:
                    continue
                if rule["rule"] == "acyclic":
                    kept = not on_a_circle(value, rule["column"], schema, values)
                elif rule["rule"] == "agree":
                    kept = number not in unlike[rule["name"]]
                elif "key" in rule:
                    bounds = referred(value, rule["key"], schema, tables)
                    kept = keeps(rule | bounds, value)
                else:
                    kept = keeps(rule, value)
                if not kept:
                    found.add(Breach(name, (number,), columns, rule["name"]))
        key = listed(schema["primaryKey"])
        same = defaultdict(list)
        for number, row in cells.items():
            if number in values and all(row[c] for c in key):
                same[tuple(value_or_text(values[number][c], row[c]) for c in key)].append(number)
        for numbers in same.values():
            if len(numbers) > 1:
                found.add(Breach(name, tuple(numbers), tuple(key), "primary-key"))
        for foreign in schema.get("foreignKeys", []):
            columns = tuple(listed(foreign["fields"]))
            other = foreign["reference"]["resource"] or name
            there = listed(foreign["reference"]["fields"])
            places = [tables[other][0].index(c) for c in there]
            width = len(tables[other][0])
            present = {tuple(r[p] for p in places) for r in tables[other][1:] if len(r) == width}
            for number, row in cells.items():
                wanted = tuple(row[c] for c in columns)
                if all(wanted) and wanted not in present:
                    found.add(Breach(name, (number,), columns, "foreign-key"))
    return found


BAD = object()  # a cell that is not of its type


def parsed(text: str, kind: str) -> Any:
    if text == "":
        return None
    try:
        match kind:
            case "string":
                hidden = "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2069\ufeff"
                control = any(ord(mark) < 32 or 127 <= ord(mark) < 160 for mark in text)
                strange = control or any(mark in text for mark in hidden + "\u2028\u2029\xad")
                return BAD if strange or text != text.strip() or recoded(text) else text
            case "integer" if re.fullmatch(r"[+-]?[0-9]+", text):
                return int(text) if abs(int(text)) < 2**63 else BAD
            case "number" if re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text, re.A):
                if float(text) - float(text) != 0:
                    return BAD
                whole = re.fullmatch(r"[+-]?\d+", text)  # which must not lose its last digits
                exact = not whole or Fraction(text) == Fraction(repr(float(text)))
                return float(text) if exact or abs(float(text)) < 2**53 else BAD
            case "boolean" if text in ("true", "false"):
                return text == "true"
            case "date" if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.A):
                return datetime.date.fromisoformat(text)
    except ValueError:
        return BAD
    return BAD


def recoded(text: str) -> bool:
    """Return whether a text is UTF-8 that was read as Latin 1 or Windows-1252."""
    if text.isascii():
        return False
    for encoding in ("latin-1", "cp1252"):
        try:
            text.encode(encoding).decode()
        except UnicodeError:
            continue
        return True
    return False


def broken_by(text: str, value: Any, described: dict[str, Any], schema: Any) -> Iterator[str]:
    limits = described.get("constraints", {})
    if value is None:
        if limits.get("required") or described["name"] in listed(schema["primaryKey"]):
            yield "required"
        return
    if value is BAD:
        yield "type"
        return
    if "enum" in limits and value not in limits["enum"]:
        yield "enum"
    if "pattern" in limits and not re.fullmatch(limits["pattern"], text):
        yield "pattern"
    for name, breaks in (
        ("minimum", lambda limit: value < limit),
        ("maximum", lambda limit: value > limit),
        ("exclusiveMinimum", lambda limit: value <= limit),
        ("exclusiveMaximum", lambda limit: value >= limit),
    ):
        if name in limits:
            limit = limits[name]
            if described["type"] == "date":
                limit = datetime.date.fromisoformat(limit)
            if breaks(limit):
                yield name


def referred(
    row: dict[str, Any], column: str, schema: Any, tables: dict[str, Rows]
) -> dict[str, float]:
    """Return the bounds in the row that a foreign key refers to, with their names in the rule."""
    keys = (key for key in schema["foreignKeys"] if column in listed(key["fields"]))
    key = min(keys, key=lambda key: len(listed(key["fields"])))
    header, *rows = tables[key["reference"]["resource"]]
    there = listed(key["reference"]["fields"])
    for other in rows:
        cells = dict(zip(header, other, strict=False))
        if all(cells[t] == row[h] for t, h in zip(there, listed(key["fields"]), strict=True)):
            return {
                name: float(cells[name]) if cells[name] else default
                for name, default in (("minimum", -float("inf")), ("maximum", float("inf")))
            }
    return {"minimum": -float("inf"), "maximum": float("inf")}


def on_a_circle(
    row: dict[str, Any], column: str, schema: Any, values: dict[int, dict[str, Any]]
) -> bool:
    key = listed(schema["primaryKey"])[0]
    ancestors: set[Any] = set()
    found = {row[column]} - {None}
    while found - ancestors:
        ancestors |= found
        found = {v[column] for v in values.values() if v[key] in ancestors} - {None}
    return row[key] is not None and row[key] in ancestors


def disagreeing(rule: dict[str, Any], values: dict[int, dict[str, Any]]) -> set[int]:
    """Return the rows that differ from the first row of their group, in the order of the file."""
    first: dict[tuple[Any, ...], list[Any]] = {}
    found = set()
    for number, row in values.items():
        when = rule.get("when", {"column": rule["by"][0]})
        condition = row[when["column"]]
        group = tuple(plain(row[c]) if isinstance(row[c], str) else row[c] for c in rule["by"])
        if condition is None or condition not in when.get("equals", [condition]) or None in group:
            continue
        cells = [row[c] for c in rule["columns"]]
        if first.setdefault(group, cells) != cells:
            found.add(number)
    return found


def plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold())) or text.casefold()


def rule_columns(rule: dict[str, Any]) -> tuple[str, ...]:
    if rule["rule"] == "datePrecision":
        return rule["date"], rule["precision"]
    when = (rule["when"]["column"],) if "when" in rule else ()
    key = (rule["key"],) if "key" in rule else ()
    own = rule["columns"] if "columns" in rule else [rule["column"]]
    return (*rule.get("by", ()), *own, *key, *when)


def keeps(rule: dict[str, Any], row: dict[str, Any]) -> bool:
    """Tell whether a row keeps a rule."""
    given = [row[c] for c in rule.get("columns", []) if row[c] is not None]
    match rule["rule"]:
        case "ordered":
            return given == sorted(given)
        case "exactlyOne":
            return len(given) == 1
        case "atLeastOne":
            return len(given) >= 1
        case "allOrNone":
            return len(given) in (0, len(rule["columns"]))
        case "requiredIf":
            condition = row[rule["when"]["column"]]
            wanted = rule["when"].get("equals")
            holds = condition is not None and (wanted is None or condition in wanted)
            if holds:
                return len(given) == len(rule["columns"])
            return rule.get("otherwise") != "empty" or not given
        case "different":
            return len(set(given)) == len(given)
        case "emptyIf" | "within":
            if "when" in rule:
                condition = row[rule["when"]["column"]]
                wanted = rule["when"].get("equals")
                if condition is None or not (wanted is None or condition in wanted):
                    return True
            if rule["rule"] == "emptyIf":
                return not given
            value = row[rule["column"]]
            inside = rule.get("minimum", value), value, rule.get("maximum", value)
            return value is None or inside[0] <= value <= inside[2]
        case "datePrecision":
            day, precision = row[rule["date"]], row[rule["precision"]]
            if day is None or precision is None:
                return day is None and precision is None
            first = {"day": True, "month": day.day == 1, "year": (day.month, day.day) == (1, 1)}
            first["quarter"] = day.day == 1 and day.month in (1, 4, 7, 10)
            return first.get(precision, False)
    raise AssertionError(rule)


def listed(names: Any) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def value_or_text(value: Any, text: str) -> Any:
    return text if value is BAD else value
