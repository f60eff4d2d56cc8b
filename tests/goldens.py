"""What diffdata does today, case by case, to compare with what it does later.

A case is something that a user does: validate a broken package, check a frame, export a table.
Only the public functions and the command line are used, and nothing but two released editions,
which never change: rows that are added to the dataset later change no golden.

The results are in tests/goldens/, a file for each group. Wordings (messages, hints, what a
rule expects) are kept apart in *.words.json: they may be improved, so no test compares them::

    python tests/goldens.py --write    # capture everything anew
    python tests/goldens.py --words    # how wordings differ from those that were captured
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import dataclasses
import datetime
import difflib
import functools
import gzip
import hashlib
import io
import json
import os
import runpy
import shutil
import sqlite3
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

import diffdata

ROOT = Path(__file__).resolve().parent.parent
GOLDENS = Path(__file__).resolve().parent / "goldens"
EDITIONS = ("2026.1", "2026.2")
# The keys of results under which words stand that people read, and that may be improved.
WORDS = ("message", "hint", "expected")
# The key of a result that is a traceback, and so a bug that may be mended.
CRASH = "crashes"
# Issues of one case that are stored one by one; of the others a digest.
MOST = 8
ENGINES = ("pandas", "pyarrow", "polars", "duckdb")

# ---------------------------------------------------------------------------------------------
# The bench: where cases run


class Bench:
    """A folder in which cases run: the edition 2026.2, and a clean part of it.

    Attributes
    ----------
    home
        The folder, in which a case is run; paths in what it gives are relative to it.
    whole, part, core
        The edition, and some of its tables, `PART` and `CORE`, which are valid by themselves.
    """

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.whole, self.part = self.home / "whole", self.home / "part"
        self.core = self.home / "core"
        with zipfile.ZipFile(ROOT / "releases" / f"diffdata-{EDITIONS[-1]}.zip") as archive:
            archive.extractall(self.whole)
        make_part(self.whole, self.part, PART)
        make_part(self.whole, self.core, CORE)

    def clean(self, name: str) -> Path:
        """Return an empty folder of a name."""
        folder = self.home / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def run(self, case: Case) -> Any:
        """Run a case and return plain values, which depend on no path and no terminal."""
        with contextlib.chdir(self.home), plain_environment():
            try:
                found = case(self)
            except diffdata.DiffdataError as error:
                found = {"raises": type(error).__name__, "message": str(error)}
            except Exception as error:  # noqa: BLE001 - a bug: what is captured must not stop at it
                found = {CRASH: type(error).__name__, "message": str(error)}
        text = json.dumps(found, default=str)
        for folder in (str(self.home), str(ROOT)):
            text = text.replace(json.dumps(folder)[1:-1], "FOLDER")
        return json.loads(text)


Case = Callable[[Bench], Any]


@contextmanager
def plain_environment() -> Iterator[None]:
    """Let what is printed depend on nothing that whoever runs this has set."""
    before = dict(os.environ)
    os.environ |= {"COLUMNS": "100", "TERM": "dumb"}
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "NO_COLOR", "LINES"):
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


PART = (
    "sources", "organizations", "models", "model_dates", "model_developers", "hardware",
    "hardware_performance", "training_runs", "artifacts", "comparisons", "case_studies",
    "acknowledgements",
)  # fmt: skip


CORE = (
    "sources", "organizations", "models", "hardware", "training_runs", "case_studies",
    "acknowledgements",
)  # fmt: skip


def make_part(whole: Path, part: Path, tables: tuple[str, ...]) -> None:
    """Write some tables of the edition as a package of its own, which is valid and quick."""
    (part / "data").mkdir(parents=True)
    (part / "schemas").mkdir()
    descriptor = json.loads((whole / "datapackage.json").read_text(encoding="utf-8"))
    descriptor["resources"] = [one for one in descriptor["resources"] if one["name"] in tables]
    write_json(part / "datapackage.json", descriptor)
    used: set[str] = set()
    for name in tables:
        shutil.copy(whole / "schemas" / f"{name}.json", part / "schemas")
        shutil.copy(whole / "data" / f"{name}.csv", part / "data")
        header, *rows = read_rows((part / "data" / f"{name}.csv").read_bytes())
        places = [n for n, column in enumerate(header) if column.endswith("source_id")]
        if name != "sources":
            used |= {row[place] for row in rows for place in places}

    def prune(table: str, kept: Callable[[list[str]], bool]) -> None:
        path = part / "data" / f"{table}.csv"
        header, *rows = read_rows(path.read_bytes())
        path.write_bytes(write_rows([header, *filter(kept, rows)]))

    prune("sources", lambda row: row[0] in used)
    prune("acknowledgements", lambda row: row[0] in tables)


def read_rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def write_rows(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")


def digest(content: str | bytes) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def digest_of(content: Any) -> str:
    """Return the digest of plain values."""
    return digest(json.dumps(content, sort_keys=True, default=str))


def plain_issues(issues: list[diffdata.Issue]) -> Any:
    """Return issues as plain values; of very many the first ones, and a digest of the others."""
    listed = [issue.to_dict() for issue in issues]
    if len(listed) <= MOST:
        return listed
    bare = [{k: v for k, v in issue.items() if k not in WORDS} for issue in listed[MOST:]]
    return [*listed[:MOST], {"more": len(bare), "digest": digest_of(bare)}]


# ---------------------------------------------------------------------------------------------
# Corruptions of the dataset

Change = Callable[[bytes], bytes | None]
Rows = list[list[str]]
Text = str | Callable[[str], str]


def rows(change: Callable[[Rows], None]) -> Change:
    """Change the rows of a table; the first one is the header."""

    def changed(data: bytes) -> bytes:
        found = read_rows(data)
        change(found)
        return write_rows(found)

    return changed


def cell(column: str, text: Text, nth: int = 0, filled: bool = True) -> Change:
    """Put a text into the nth cell of a column that is filled, or that is not."""

    def change(table: Rows) -> None:
        place = table[0].index(column)
        row = [row for row in table[1:] if bool(row[place]) == filled][nth]
        row[place] = text if isinstance(text, str) else text(row[place])

    return rows(change)


def fill(column: str, text: str, nth: int = 0) -> Change:
    """Put a text into the nth cell of a column that is empty."""
    return cell(column, text, nth, filled=False)


def whole_column(column: str, text: Callable[[str], str]) -> Change:
    """Change all cells of a column that are filled."""

    def change(table: Rows) -> None:
        place = table[0].index(column)
        for row in table[1:]:
            row[place] = text(row[place]) if row[place] else ""

    return rows(change)


def row_cells(nth: int, change: Callable[[list[str]], list[str]]) -> Change:
    """Change the cells of the nth row; 0 is the header."""

    def changed(table: Rows) -> None:
        table[nth] = change(table[nth])

    return rows(changed)


def without(column: str, text: str) -> Change:
    """Leave out the rows that have a text in a column."""

    def change(table: Rows) -> None:
        place = table[0].index(column)
        table[:] = [row for row in table if row[place] != text]

    return rows(change)


def swapped(one: str, other: str, nth: int | None = None) -> Change:
    """Swap the cells of two columns, in the nth row or in all but the header."""

    def change(table: Rows) -> None:
        first, last = table[0].index(one), table[0].index(other)
        for row in table[1:] if nth is None else [table[nth]]:
            row[first], row[last] = row[last], row[first]

    return rows(change)


def on_lines(change: Callable[[list[bytes]], list[bytes]]) -> Change:
    """Change the lines of a file, which keep their ends."""
    return lambda data: b"".join(change(data.splitlines(keepends=True)))


def replaced(old: str, new: str) -> Change:
    """Replace the first place of a text."""

    def change(data: bytes) -> bytes:
        if old.encode() not in data:
            raise ValueError(f"{old!r} is not there")
        return data.replace(old.encode(), new.encode(), 1)

    return change


def recoded(encoding: str) -> Change:
    return lambda data: data.decode().encode(encoding, "replace")


def in_json(change: Callable[[Any], Any]) -> Change:
    """Change a descriptor or a schema."""

    def changed(data: bytes) -> bytes:
        content = json.loads(data)
        change(content)
        return json.dumps(content, indent=2, ensure_ascii=False).encode()

    return changed


def field_of(name: str, **keys: Any) -> Change:
    """Set keys of a field of a schema."""

    def change(schema: Any) -> None:
        next(field for field in schema["fields"] if field["name"] == name).update(keys)

    return in_json(change)


def in_place(new: bytes) -> Change:
    """Put something else in the place of a file."""
    return lambda _: new


def gone(_: bytes) -> None:
    return None


def corrupted(where: str, changes: dict[str, Change]) -> Case:
    """Change files, validate, and bring them back."""

    def case(bench: Bench) -> Any:
        folder = getattr(bench, where)
        before = {file: (folder / file).read_bytes() for file in changes}
        try:
            for file, change in changes.items():
                data = change(before[file])
                if data == before[file]:
                    raise ValueError(f"{file}: nothing has changed")
                (folder / file).unlink() if data is None else (folder / file).write_bytes(data)
            return plain_issues(diffdata.validate(folder))
        finally:
            for file, data in before.items():
                (folder / file).write_bytes(data)

    return case


def last_cell_lost(data: bytes) -> bytes:
    """End a file in the middle of its last row."""
    return data.rstrip(b"\n").rsplit(b",", 2)[0]


MODELS, RUNS, DATES = "data/models.csv", "data/training_runs.csv", "data/model_dates.csv"
ARTIFACTS, SOURCES, HARDWARE = "data/artifacts.csv", "data/sources.csv", "data/hardware.csv"
SPEEDS, COMPARED = "data/hardware_performance.csv", "data/comparisons.csv"
ACCEPTED, CASES = "data/acknowledgements.csv", "data/case_studies.csv"
ORGS = "data/organizations.csv"
MODELS_SCHEMA, RUNS_SCHEMA = "schemas/models.json", "schemas/training_runs.json"
DESCRIPTOR = "datapackage.json"

# By name: the file, and what is done to it.
IN_PART: dict[str, tuple[str, Change]] = {
    # the header
    "header: two names swapped": (MODELS, row_cells(0, lambda h: [h[1], h[0], *h[2:]])),
    "header: far names swapped": (RUNS, row_cells(0, lambda h: [*h[:3], h[4], h[3], *h[5:]])),
    "header: a name missing": (MODELS, row_cells(0, lambda h: [h[0], *h[2:]])),
    "header: the last name missing": (MODELS, row_cells(0, lambda h: h[:-1])),
    "header: misspelt": (MODELS, replaced("architecture_of", "architectur_of")),
    "header: two misspelt": (
        RUNS, row_cells(0, lambda h: [n.replace("chip", "cihp") for n in h])),
    "header: duplicated": (MODELS, row_cells(0, lambda h: [h[0], h[0], *h[2:]])),
    "header: one too many": (MODELS, row_cells(0, lambda h: [*h, "more"])),
    "header: blank name": (MODELS, row_cells(0, lambda h: [*h[:3], "", *h[3:]])),
    "header: capitals": (MODELS, row_cells(0, lambda h: [n.upper() for n in h])),
    "header: blanks": (MODELS, row_cells(0, lambda h: [f" {n}" for n in h])),
    "header: gone": (MODELS, on_lines(lambda lines: lines[1:])),
    "header: twice": (MODELS, on_lines(lambda lines: [lines[0], *lines])),
    "header: alone": (CASES, on_lines(lambda lines: lines[:1])),
    "columns moved with their names": (
        CASES, rows(lambda table: [row.insert(0, row.pop()) for row in table] and None)),
    "a column missing": (RUNS, rows(lambda table: [row.pop(4) for row in table] and None)),
    "a required column missing": (
        MODELS, rows(lambda table: [row.pop(1) for row in table] and None)),
    # encodings and line ends
    "UTF-8 with a byte order mark": (MODELS, lambda data: b"\xef\xbb\xbf" + data),
    "UTF-16": (MODELS, recoded("utf-16")),
    "UTF-16 without a mark": (MODELS, recoded("utf-16-le")),
    "Windows 1252": (SOURCES, recoded("cp1252")),
    "one byte that is no UTF-8": (ORGS, lambda data: data.replace(b"a", b"\xff", 1)),
    "a NUL": (MODELS, cell("name", lambda text: text + "\0")),
    "a file of NULs": (CASES, lambda data: b"\0" * len(data)),
    "line ends of Windows": (MODELS, lambda data: data.replace(b"\n", b"\r\n")),
    "line ends of an old Macintosh": (MODELS, lambda data: data.replace(b"\n", b"\r")),
    "mixed line ends": (MODELS, on_lines(
        lambda lines: [*lines[:5], *(line.replace(b"\n", b"\r\n") for line in lines[5:])])),
    "one other line end": (MODELS, on_lines(
        lambda lines: [*lines[:3], lines[3].replace(b"\n", b"\r\n"), *lines[4:]])),
    "no newline at the end": (MODELS, lambda data: data.rstrip(b"\n")),
    "an empty file": (CASES, in_place(b"")),
    "a file of blanks": (CASES, in_place(b"\n\n\n")),
    "encoded twice": (SOURCES, lambda data: data.decode().encode().decode("latin-1").encode()),
    "one cell encoded twice": (
        ORGS, cell("name", lambda text: f"{text} é".encode().decode("latin-1"))),
    # the shape of rows
    "a blank row": (MODELS, on_lines(lambda lines: [*lines[:4], b"\n", *lines[4:]])),
    "blank rows at the end": (MODELS, lambda data: data + b"\n\n"),
    "a row of commas": (
        MODELS, on_lines(lambda lines: [*lines[:4], b"," * 12 + b"\n", *lines[4:]])),
    "a row too long": (RUNS, row_cells(4, lambda row: [*row[:3], "", *row[3:]])),
    "a row too long at the end": (MODELS, row_cells(4, lambda row: [*row, "x"])),
    "a row too short": (RUNS, row_cells(4, lambda row: [*row[:3], *row[4:]])),
    "a row too short at the end": (MODELS, row_cells(4, lambda row: row[:-2])),
    "all rows too long": (
        MODELS, rows(lambda table: [row.append("") for row in table[1:]] and None)),
    "a comma in a cell": (HARDWARE, on_lines(
        lambda lines: [*lines[:2], lines[2].replace(b",", b",x,", 1), *lines[3:]])),
    "semicolons": (CASES, lambda data: data.replace(b",", b";")),
    "tabs": (MODELS, lambda data: data.replace(b",", b"\t")),
    "an unclosed quote": (MODELS, replaced("\nbloom,", '\n"bloom,')),
    "an unclosed quote at the end": (CASES, lambda data: data + b'"x'),
    "a misplaced quote": (MODELS, replaced("\nbloom,BL", '\nbloom,B"L')),
    "text behind a quote": (MODELS, replaced("\nbloom,", '\n"blo"om,')),
    "two cells swapped": (RUNS, swapped("duration_days", "number_format", 1)),
    "two texts swapped": (MODELS, swapped("architecture", "modality", 1)),
    "a key and a name swapped": (MODELS, swapped("model_id", "name", 3)),
    "a row shifted to the right": (RUNS, row_cells(2, lambda row: [*row[:2], "", *row[2:-1]])),
    "a row shifted to the left": (MODELS, row_cells(2, lambda row: [*row[:2], *row[3:], ""])),
    "two columns swapped": (MODELS, swapped("architecture", "modality")),
    "two columns of dates swapped": (RUNS, swapped("started", "started_precision")),
    "cut short": (MODELS, last_cell_lost),
    "a newline in a cell": (MODELS, cell("note", lambda text: text.replace(" ", "\n", 1))),
    # keys and references
    "a row twice": (MODELS, rows(lambda table: table.insert(5, list(table[3])))),
    "rows twice": (SPEEDS, rows(lambda table: table.extend([list(row) for row in table[1:4]]))),
    "a key twice": (MODELS, cell("model_id", "chinchilla", 0)),
    "a key of three columns twice": (
        DATES, row_cells(3, lambda row: [*row[:5], "wikipedia-bloom", *row[6:]])),
    "a key missing": (MODELS, cell("model_id", "", 2)),
    "a reference that dangles": (RUNS, cell("model_id", "gpt-5")),
    "a reference mistyped": (RUNS, cell("model_id", "blom")),
    "a reference to the table itself": (MODELS, cell("base_model_id", "nothing")),
    "references that dangle": (
        RUNS, whole_column("hardware_id", lambda text: text.replace("nvidia", "nvidea"))),
    "a key mistyped": (MODELS, cell("model_id", "gtp-3", 10)),
    "a key of a source mistyped": (SOURCES, cell("source_id", lambda text: f"{text}x", 20)),
    "a model gone": (MODELS, without("model_id", "gpt-3")),
    "a source gone": (SOURCES, without("source_id", "cottier-2022-summary")),
    "an organization gone": (ORGS, without("organization_id", "openai")),
    "a chip gone": (HARDWARE, without("hardware_id", "nvidia-a100-sxm4-80gb")),
    # cells
    "enum: unknown": (MODELS, cell("architecture", "sparse")),
    "enum: mistyped": (MODELS, cell("architecture", "dens")),
    "enum: capitals": (MODELS, cell("modality", "Text")),
    "enum: another letter": (MODELS, cell("modality", "t\u0435xt")),
    "enum: the whole column": (MODELS, whole_column("modality", str.upper)),
    "pattern: capitals": (ORGS, cell("organization_id", str.upper)),
    "pattern: country": (ORGS, cell("country", "USA")),
    "pattern: address": (SOURCES, cell("url", lambda text: text.replace("https://", ""))),
    "pattern: DOI": (SOURCES, cell("doi", lambda text: f"https://doi.org/{text}")),
    "minimum": (COMPARED, cell("confidence", "-0.1")),
    "maximum": (COMPARED, cell("confidence", "80")),
    "exclusive minimum": (RUNS, cell("chips", "0")),
    "exclusive minimum of a number": (RUNS, cell("duration_days", "0")),
    "required": (MODELS, cell("name", "")),
    "required: the whole column": (MODELS, whole_column("modality", lambda _: "")),
    "a whole number with a point": (RUNS, cell("chips", "384.0")),
    "a number: 175B": (RUNS, cell("duration_days", "175B")),
    "a number: 3,14e23": (RUNS, cell("achieved_flop_per_second", "3,14e23")),
    "a number: 1,000": (RUNS, cell("chips", "1,000")),
    "a number: 1 000": (RUNS, cell("chips", "1 000")),
    "a number: 50%": (RUNS, cell("utilization", "50%")),
    "a number: unknown": (RUNS, cell("duration_days", "unknown")),
    "a number: NaN": (RUNS, cell("duration_days", "NaN")),
    "a number: 1e999": (RUNS, cell("duration_days", "1e999")),
    "a number: +117": (RUNS, cell("duration_days", "+117")),
    "a number: 0117": (RUNS, cell("duration_days", "0117")),
    "a number of 25 digits": (RUNS, cell("chips", "9" * 25)),
    "a number of 18 digits": (RUNS, cell("duration_days", "117.123456789012345678")),
    "a truth value: TRUE": (CASES, cell("meets_definition", "TRUE")),
    "a truth value: 1": (CASES, cell("meets_definition", "1")),
    "a truth value: yes": (CASES, cell("meets_definition", "yes")),
    "a date to the month": (DATES, cell("date", "2022-07")),
    "a date to the year": (DATES, cell("date", "2022")),
    "a date of another form": (DATES, cell("date", "11.07.2022")),
    "a date with slashes": (DATES, cell("date", "07/11/2022")),
    "a date with a time": (DATES, cell("date", "2022-07-11T00:00:00Z")),
    "30 February": (DATES, cell("date", "2022-02-30")),
    "a month and a day swapped": (DATES, cell("date", "2022-13-07")),
    "a precision that claims a day": (DATES, cell("date_precision", "month")),
    "a precision without a date": (DATES, cell("date", "")),
    "a date without a precision": (DATES, cell("date_precision", "")),
    "a blank before a text": (MODELS, cell("name", lambda text: f" {text}")),
    "a blank behind a key": (MODELS, cell("model_id", lambda text: f"{text} ")),
    "a hard blank": (MODELS, cell("name", lambda text: f"{text}\u00a0")),
    "a tab in a text": (MODELS, cell("name", "BLO\tOM")),
    "an escape sequence": (MODELS, cell("name", "\x1b[31mBLOOM")),
    "a hidden character": (MODELS, cell("model_id", "blo\u200bom")),
    "a text from right to left": (MODELS, cell("name", "\u202eBLOOM")),
    "a mark in the middle": (MODELS, cell("name", "BL\ufeffOOM")),
    "a letter that looks alike": (RUNS, cell("model_id", "bl\u043eom")),
    "a letter that looks alike in a key": (MODELS, cell("model_id", "bl\u043eom")),
    "a letter that is composed": (MODELS, cell("name", "BLOE\u0308M")),
    "a formula": (MODELS, cell("note", "=1+1")),
    "a formula of a function": (MODELS, cell("note", "=HYPERLINK(\"http://a\")")),
    "a formula of an at": (MODELS, cell("note", "@SUM(A1)")),
    "a formula of a minus": (MODELS, cell("note", "-2+cmd|' /C calc'!A0")),
    "no formula": (MODELS, cell("note", "= 451 MWh")),
    # rules
    "rule ordered: dates": (RUNS, cell("ended", "2001-01-01")),
    "rule ordered: a source": (SOURCES, cell("accessed", "1999-01-01", 30)),
    "rule allOrNone": (RUNS, cell("utilization_kind", "")),
    "rule exactlyOne: both": (ARTIFACTS, cell("organization_id", "", 0)),
    "rule exactlyOne: two": (ARTIFACTS, fill("organization_id", "openai", 0)),
    "rule requiredIf: missing": (MODELS, cell("quoted_in_source_id", "")),
    "rule requiredIf: too much": (MODELS, fill("quoted_in_source_id", "hoffmann-2022", 0)),
    "rule requiredIf: superseded": (COMPARED, cell("superseded_by_comparison_id", "")),
    "rule requiredIf: access": (ARTIFACTS, cell("available", "2031-01-01")),
    "rule notAfter": (DATES, cell("date", "2031-07-11", 4)),
    "rule nearMedian": (SPEEDS, cell("peak_flop_per_second", "1e20")),
    "rule nearMedian, below": (SPEEDS, cell("peak_flop_per_second", "1000", 4)),
    "rule referenced": (
        SOURCES, rows(lambda table: table.append(["zz-unused", *table[1][1:]]))),
    # acknowledgements
    "an acknowledgement of nothing": (
        ACCEPTED, rows(lambda table: table.append(["models", "model_id=gpt-3", "enum", "So."]))),
    "an acknowledgement of no table": (ACCEPTED, cell("table", "nothing")),
    "an acknowledgement of no rule": (ACCEPTED, cell("rule", "nothing")),
    "an acknowledgement of no row": (ACCEPTED, cell("row_key", "artifact_id=nothing")),
    "an acknowledgement without a reason": (ACCEPTED, cell("because", "")),
    "an acknowledgement gone": (ACCEPTED, on_lines(lambda lines: [lines[0], *lines[2:]])),
    # files, schemas and the descriptor
    "a file gone": (MODELS, gone),
    "a small file gone": (CASES, gone),
    "a schema gone": (MODELS_SCHEMA, gone),
    "a schema that is no JSON": (MODELS_SCHEMA, replaced('"fields": [', '"fields": [,')),
    "a schema that is cut": (MODELS_SCHEMA, lambda data: data[:200]),
    "a schema that is a list": (MODELS_SCHEMA, in_place(b"[]")),
    "a schema with a key twice": (MODELS_SCHEMA, replaced('"title"', '"title": "x", "title"')),
    "a schema with an unknown key": (MODELS_SCHEMA, in_json(lambda s: s.update(primarykey=["x"]))),
    "a schema without a title": (MODELS_SCHEMA, in_json(lambda s: s.pop("title"))),
    "a schema without fields": (MODELS_SCHEMA, in_json(lambda s: s.update(fields=[]))),
    "a schema without a key": (MODELS_SCHEMA, in_json(lambda s: s.pop("primaryKey"))),
    "a schema with a key of no column": (
        MODELS_SCHEMA, in_json(lambda s: s.update(primaryKey=["modelid"]))),
    "a field with an unknown key": (MODELS_SCHEMA, field_of("name", descripton="x")),
    "a field of an unknown type": (MODELS_SCHEMA, field_of("name", type="text")),
    "a field of a type that the profile has not": (
        MODELS_SCHEMA, field_of("name", type="duration")),
    "a field without a description": (
        MODELS_SCHEMA, in_json(lambda s: s["fields"][1].pop("description"))),
    "a field twice": (MODELS_SCHEMA, in_json(lambda s: s["fields"].append(s["fields"][1]))),
    "a number without a unit": (
        RUNS_SCHEMA, in_json(lambda s: [f.pop("unit", None) for f in s["fields"]])),
    "a pattern that is none": (MODELS_SCHEMA, field_of("name", constraints={"pattern": "[a-"})),
    "a pattern that looks ahead": (
        MODELS_SCHEMA, field_of("name", constraints={"pattern": "(?=a).*"})),
    "an unknown constraint": (MODELS_SCHEMA, field_of("name", constraints={"minlength": 1})),
    "a limit that is none": (RUNS_SCHEMA, field_of("chips", constraints={"minimum": "x"})),
    "a limit of a text": (MODELS_SCHEMA, field_of("name", constraints={"minimum": 1})),
    "an enum of another type": (RUNS_SCHEMA, field_of("chips", constraints={"enum": ["a"]})),
    "an enum that is empty": (MODELS_SCHEMA, field_of("name", constraints={"enum": []})),
    "a foreign key to no table": (
        MODELS_SCHEMA, replaced('"resource": "sources"', '"resource": "source"')),
    "a foreign key to no column": (
        RUNS_SCHEMA, in_json(lambda s: s["foreignKeys"][0]["reference"].update(fields=["no"]))),
    "a foreign key of no column": (
        RUNS_SCHEMA, in_json(lambda s: s["foreignKeys"][0].update(fields=["no"]))),
    "a foreign key of two columns to one": (
        RUNS_SCHEMA, in_json(lambda s: s["foreignKeys"][0].update(fields=["model_id", "basis"]))),
    "an unknown rule": (RUNS_SCHEMA, replaced('"rule": "ordered"', '"rule": "sorted"')),
    "a rule of no column": (
        RUNS_SCHEMA, in_json(lambda s: s["rules"][2].update(columns=["started", "no"]))),
    "a rule with an unknown key": (RUNS_SCHEMA, in_json(lambda s: s["rules"][2].update(x=1))),
    "a rule without a name": (RUNS_SCHEMA, in_json(lambda s: s["rules"][2].pop("name"))),
    "two rules of one name": (
        RUNS_SCHEMA, in_json(lambda s: s["rules"].append(s["rules"][2]))),
    "a descriptor with an unknown key": (DESCRIPTOR, in_json(lambda d: d.update(licence="x"))),
    "a descriptor without a version": (DESCRIPTOR, in_json(lambda d: d.pop("version"))),
    "a descriptor with a version that is none": (
        DESCRIPTOR, in_json(lambda d: d.update(version="x"))),
    "a descriptor without resources": (DESCRIPTOR, in_json(lambda d: d.update(resources=[]))),
    "a descriptor that is no JSON": (DESCRIPTOR, lambda data: data[:-3]),
    "a descriptor gone": (DESCRIPTOR, gone),
    "a resource twice": (
        DESCRIPTOR, in_json(lambda d: d["resources"].append(d["resources"][0]))),
    "a resource without a path": (DESCRIPTOR, in_json(lambda d: d["resources"][0].pop("path"))),
    "a resource outside": (
        DESCRIPTOR, in_json(lambda d: d["resources"][0].update(path="../whole/data/models.csv"))),
    "a resource with an unknown key": (
        DESCRIPTOR, in_json(lambda d: d["resources"][0].update(chema="x"))),
    "a table left out that others refer to": (
        DESCRIPTOR, in_json(lambda d: d["resources"].pop(2))),
}  # fmt: skip

TABLES = (
    "acknowledgements", "artifacts", "calculation_inputs", "calculations", "case_studies",
    "comparisons", "corrections", "counterfactuals", "diffusion_events", "estimates",
    "evaluations", "factor_evidence", "factors", "forecasts", "hardware", "hardware_performance",
    "model_dates", "model_developers", "model_summary", "model_summary_inputs", "models",
    "organizations", "quantities", "rationales", "resource_factors", "scenarios",
    "source_sections", "sources", "technique_evidence", "techniques", "training_runs",
)  # fmt: skip
# What is done to every table, by turns.
BY_TURNS: tuple[tuple[str, Change], ...] = (
    ("first cell empty", row_cells(2, lambda row: ["", *row[1:]])),
    ("key mistyped", row_cells(2, lambda row: [row[0] + "x", *row[1:]])),
    ("row gone", rows(lambda table: table.pop(2) and None)),
    ("row twice", rows(lambda table: table.append(list(table[2])))),
    ("cells swapped", row_cells(2, lambda row: [row[1], row[0], *row[2:]])),
    ("header mistyped", row_cells(0, lambda row: [row[0], f"{row[1]}s", *row[2:]])),
    ("row shifted", row_cells(2, lambda row: [row[0], "", *row[1:-1]])),
)
ESTIMATES, EVENTS = "data/estimates.csv", "data/diffusion_events.csv"
IN_WHOLE: dict[str, tuple[str, Change]] = {
    f"{table}: {BY_TURNS[n % len(BY_TURNS)][0]}": (
        f"data/{table}.csv",
        BY_TURNS[n % len(BY_TURNS)][1],
    )
    for n, table in enumerate(TABLES)
} | {
    "estimates: 3,14e23": (ESTIMATES, cell("value", "3,14e23", 9)),
    "estimates: no figure": (ESTIMATES, cell("low", "", 0)),
    "estimates: two subjects": (ESTIMATES, cell("artifact_id", "", 0)),
    "estimates: interval turned": (ESTIMATES, cell("high", "0.0001", 3)),
    "estimates: no statistic": (ESTIMATES, cell("statistic", "", 4)),
    "estimates: no currency": (ESTIMATES, cell("currency", "", 0)),
    "estimates: level without bounds": (ESTIMATES, fill("level", "0.9", 1)),
    "estimates: family without support": (ESTIMATES, fill("support_low", "1", 0)),
    "estimates: another unit": (ESTIMATES, cell("unit", "parsec", 6)),
    "estimates: a quantity mistyped": (ESTIMATES, cell("quantity_id", "training_compte", 30)),
    "estimates: superseded by nothing": (ESTIMATES, cell("status", "superseded", 3)),
    "estimates: header swapped": (
        ESTIMATES, row_cells(0, lambda h: [*h[:9], h[10], h[9], *h[11:]])),
    "diffusion_events: nothing spread": (EVENTS, cell("reference_model_id", "", 1)),
    "diffusion_events: an attempt without an outcome": (
        EVENTS, cell("explicit_attempt", "true", 0)),
    "model_summary: compute far from 6ND": (
        "data/model_summary.csv", cell("training_compute_flop", "3.65664e26")),
    "quantities: bounds turned": ("data/quantities.csv", cell("maximum", "-1")),
    "quantities: gone": ("data/quantities.csv", without("quantity_id", "training_compute")),
    "calculations: no tolerance": ("data/calculations.csv", cell("tolerance", "")),
    "calculations: a verdict without a formula": ("data/calculations.csv", cell("formula", "")),
    "forecasts: unsettled": ("data/forecasts.csv", cell("evidence", "")),
    "forecasts: a probability in percent": ("data/forecasts.csv", cell("probability", "50")),
    "model_summary_inputs: set aside without a reason": (
        "data/model_summary_inputs.csv", cell("set_aside_because", "")),
}  # fmt: skip


def two_files(bench: Bench) -> Any:
    """Break two files at once: a key where it stands, and references to another table."""
    changes = {MODELS: cell("model_id", "gtp-3", 10), RUNS: cell("hardware_id", "nvidia")}
    return corrupted("core", changes)(bench)


def nothing_done(where: str) -> Case:
    return lambda bench: plain_issues(diffdata.validate(getattr(bench, where)))


# ---------------------------------------------------------------------------------------------
# Third-party packages

FOREIGN: dict[str, Case] = {}
TWO = "id:integer name:string"
GOOD = "id,name\n1,a\n2,b\n"


def fields_of(fields: Any) -> list[Any]:
    """Return fields of a schema: from names with their types, or as they are."""
    if not isinstance(fields, str):
        return list(fields)
    return [dict(zip(("name", "type"), one.split(":"), strict=True)) for one in fields.split()]


def strange(
    name: str,
    table: str | bytes | None,
    fields: Any = TWO,
    *,
    schema: dict[str, Any] | None = None,
    files: dict[str, str | bytes] | None = None,
    others: list[Any] | None = None,
    package: dict[str, Any] | None = None,
    packed: bool = False,
    **resource: Any,
) -> None:
    """Add a package of one table; what is None is left out of its resource."""
    described: dict[str, Any] = {"name": "table", "type": "table", "path": "table.csv"}
    if fields is not None:
        described["schema"] = {"fields": fields_of(fields), **(schema or {})}
    described = {k: v for k, v in (described | resource).items() if v is not None}
    descriptor = {"name": "case", "resources": [described, *(others or [])]} | (package or {})
    written = ({} if table is None else {"table.csv": table}) | (files or {})
    whole = {"datapackage.json": json.dumps(descriptor), **written}

    def case(bench: Bench) -> Any:
        folder = bench.clean("strange")
        if packed:
            return plain_issues(diffdata.validate(zipped(folder / "case.zip", whole)))
        write_files(folder, whole)
        return plain_issues(diffdata.validate(folder))

    if name in FOREIGN:
        raise ValueError(f"{name!r} stands twice")
    FOREIGN[name] = case


def write_files(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)


def zipped(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a name that stands twice is meant
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name.removesuffix("*")), data)
    return path


def column(texts: list[str]) -> str:
    """Return a table of ids and texts."""
    return write_rows([["id", "x"], *([str(n), text] for n, text in enumerate(texts, 1))]).decode()


def x_of(kind: str, **keys: Any) -> list[Any]:
    return [{"name": "id", "type": "integer"}, {"name": "x", "type": kind, **keys}]


# Of each type texts that are some, and texts that are none.
TYPES: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "string": ("string", {}, ["a", " a ", "é", "-", "NA", "\u200b"]),
    "string email": ("string", {"format": "email"}, ["a@b.org", "a@b", "a b@c.org", "@"]),
    "string uri": ("string", {"format": "uri"}, ["https://a.org", "a.org", "urn:x:y", "http:// a"]),
    "string uuid": (
        "string", {"format": "uuid"},
        ["123e4567-e89b-12d3-a456-426614174000", "123E4567E89B12D3A456426614174000", "123e"]),
    "string binary": ("string", {"format": "binary"}, ["dGVzdA==", "dGVzdA", "test!", "é"]),
    "number": ("number", {}, ["1", "-1.5", "1e5", "1E+5", "NaN", "INF", "-INF", "1,5", "x", "0x1"]),
    "number with other marks": (
        "number", {"decimalChar": ",", "groupChar": "."}, ["1.000,5", "1,5", "1.5.5", "1000"]),
    "number with a unit": ("number", {"bareNumber": False}, ["95%", "$5", "EUR 5.5", "five", "5"]),
    "integer": ("integer", {}, ["1", "-3", "+3", "007", "5.0", "1e3", "x", "9" * 30]),
    "integer with a unit": ("integer", {"bareNumber": False}, ["95%", "$5", "five"]),
    "integer with groups": ("integer", {"groupChar": ","}, ["1,000", "1.000"]),
    "boolean": ("boolean", {}, ["true", "True", "TRUE", "1", "false", "0", "yes", "2"]),
    "boolean of other words": (
        "boolean", {"trueValues": ["yes"], "falseValues": ["no"]}, ["yes", "no", "true", "Yes"]),
    "object": ("object", {}, ['{"a": 1}', "{}", "[1]", "x", "{a: 1}"]),
    "array": ("array", {}, ["[1, 2]", "[]", '{"a": 1}', "x"]),
    "list": ("list", {}, ["a,b", "a", ",", "a,,b"]),
    "list of integers": ("list", {"itemType": "integer"}, ["1,2", "1,x", "1"]),
    "list of dates": (
        "list", {"itemType": "date", "delimiter": ";"}, ["2020-01-01;2020-01-02", "2020-01-01;x"]),
    "datetime": (
        "datetime", {},
        ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00", "2020-01-01", "2020-01-01T25:00:00Z"]),
    "datetime any": ("datetime", {"format": "any"}, ["2020-01-01 10:00", "never"]),
    "datetime pattern": (
        "datetime", {"format": "%d.%m.%Y %H:%M"}, ["28.05.2020 12:30", "2020-05-28T12:30:00Z"]),
    "date": ("date", {}, ["2020-02-29", "2021-02-29", "2020-2-9", "01/02/2020", "0000-01-01"]),
    "date any": ("date", {"format": "any"}, ["2020-05-28", "28 May 2020", "no day"]),
    "date pattern": ("date", {"format": "%d/%m/%Y"}, ["28/05/2020", "2020-05-28", "31/02/2020"]),
    "date of an unknown pattern": ("date", {"format": "%Q"}, ["2020"]),
    "time": ("time", {}, ["12:30:00", "12:30", "25:00:00", "12:30:00Z"]),
    "time pattern": ("time", {"format": "%H:%M"}, ["12:30", "12:30:00"]),
    "time any": ("time", {"format": "any"}, ["12:30", "noon"]),
    "year": ("year", {}, ["2020", "20x0", "-0044", "12020", "0"]),
    "yearmonth": ("yearmonth", {}, ["2020-05", "2020-13", "2020", "2020-5"]),
    "duration": ("duration", {}, ["P1Y2M", "PT5M", "P", "1Y", "P1D2Y", "-P1D"]),
    "geopoint": ("geopoint", {}, ["90.5,45.5", "90.50, 45.50", "200,100", "1", "a,b"]),
    "geopoint array": ("geopoint", {"format": "array"}, ["[90.5, 45.5]", "90.5,45.5", "[1]"]),
    "geopoint object": (
        "geopoint", {"format": "object"}, ['{"lon": 90.5, "lat": 45.5}', '{"lon": 1}', "[90]"]),
    "geojson": (
        "geojson", {}, ['{"type": "Point", "coordinates": [1, 2]}', '{"type": "x"}', "x", "{}"]),
    "geojson topojson": (
        "geojson", {"format": "topojson"}, ['{"type": "Topology", "objects": {}}', "[]"]),
    "any": ("any", {}, ["x", "1", "{}"]),
    "an unknown type": ("text", {}, ["a"]),
    "an unknown format": ("string", {"format": "phone"}, ["a"]),
    "a format of another type": ("integer", {"format": "email"}, ["1"]),
}  # fmt: skip
for name, (kind, keys, texts) in TYPES.items():
    strange(f"type {name}", column(texts), x_of(kind, **keys))

# Of each constraint what holds and what does not.
LIMITS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "required": ("string", {"required": True}, ["a", ""]),
    "unique": ("string", {"unique": True}, ["a", "b", "a", "", "", "a"]),
    "unique numbers": ("number", {"unique": True}, ["1", "1.0", "2"]),
    "minLength": ("string", {"minLength": 2}, ["a", "ab", "é"]),
    "maxLength": ("string", {"maxLength": 2}, ["ab", "abc", "🥐🥐"]),
    "minLength of an array": ("array", {"minLength": 2}, ["[1]", "[1, 2]"]),
    "maxLength of an object": ("object", {"maxLength": 1}, ['{"a": 1, "b": 2}', "{}"]),
    "minLength of a number": ("integer", {"minLength": 2}, ["1"]),
    "pattern": ("string", {"pattern": "[a-z]+"}, ["a", "A", "ab1"]),
    "pattern of a number": ("integer", {"pattern": "[0-9]{2}"}, ["10", "1"]),
    "pattern that is none": ("string", {"pattern": "[a-"}, ["a"]),
    "pattern that looks back": ("string", {"pattern": "(?<=a)b"}, ["ab"]),
    "enum": ("string", {"enum": ["a", "b"]}, ["a", "c"]),
    "enum of integers": ("integer", {"enum": [1, "2"]}, ["1", "2", "3"]),
    "enum of numbers": ("number", {"enum": [1.5]}, ["1.50", "1"]),
    "enum of truth values": ("boolean", {"enum": [True]}, ["true", "false"]),
    "enum of dates": ("date", {"enum": ["2020-01-01"]}, ["2020-01-01", "2020-01-02"]),
    "enum of years": ("year", {"enum": [2020, "2021"]}, ["2020", "2022"]),
    "enum of times": ("time", {"enum": ["12:00:00"]}, ["12:00:00", "13:00:00"]),
    "enum of arrays": ("array", {"enum": [[1]]}, ["[1]", "[2]"]),
    "enum of objects": ("object", {"enum": [{"a": 1}]}, ['{"a":1}', "{}"]),
    "limits of integers": ("integer", {"minimum": 2, "maximum": "3"}, ["1", "2", "3", "4"]),
    "limits of numbers": (
        "number", {"exclusiveMinimum": 0, "exclusiveMaximum": 1}, ["0", "0.5", "1", "NaN"]),
    "limits of dates": (
        "date", {"minimum": "2020-01-01", "maximum": "2020-12-31"}, ["2019-12-31", "2020-06-01",
                                                                    "2021-01-01"]),
    "limits of datetimes": (
        "datetime", {"minimum": "2020-01-01T00:00:00Z"}, ["2019-12-31T23:59:59Z",
                                                          "2020-01-01T00:00:00Z"]),
    "limits of times": ("time", {"maximum": "12:00:00"}, ["12:00:00", "12:00:01"]),
    "limits of years": ("year", {"minimum": 2000}, ["1999", "2000"]),
    "limits of months": ("yearmonth", {"minimum": "2020-05"}, ["2020-04", "2020-05"]),
    "limits of durations": ("duration", {"maximum": "P1D"}, ["PT1H", "P2D"]),
    "limits of texts": ("string", {"minimum": "b"}, ["a"]),
    "limits that are none": ("integer", {"minimum": "x"}, ["1"]),
    "limits beyond 64 bits": ("integer", {"maximum": 5}, ["9" * 20, "6"]),
    "unknown constraint": ("string", {"minLenght": 1}, ["a"]),
}  # fmt: skip
for name, (kind, keys, texts) in LIMITS.items():
    strange(f"limit {name}", column(texts), x_of(kind, constraints=keys))

CITY = {"name": "city", "type": "table", "path": "city.csv",
        "schema": {"fields": [{"name": "id", "type": "integer"}, {"name": "c"}]}}  # fmt: skip


def key_to(fields: Any, resource: str | None, there: Any) -> dict[str, Any]:
    reference = {"fields": there} | ({} if resource is None else {"resource": resource})
    return {"foreignKeys": [{"fields": fields, "reference": reference}]}


def with_city(name: str, schema: dict[str, Any], city: str = "id,c\n1,a\n") -> None:
    strange(f"foreign key {name}", GOOD, schema=schema, files={"city.csv": city}, others=[CITY])


with_city("that dangles", key_to(["id"], "city", ["id"]))
with_city("that holds", key_to(["id"], "city", ["id"]), "id,c\n1,a\n2,b\n")
with_city("as a text", key_to("id", "city", "id"))
with_city("of two columns", key_to(["id", "name"], "city", ["id", "c"]))
with_city("of two columns to one", key_to(["id", "name"], "city", ["id"]))
with_city("to no column", key_to(["id"], "city", ["no"]))
with_city("of no column", key_to(["no"], "city", ["id"]))
with_city("to no table", key_to(["id"], "town", ["id"]))
with_city("between types", key_to(["name"], "city", ["id"]))
with_city("to a broken table", key_to(["id"], "city", ["id"]), "id,c\nx,a\n1\n")
strange("foreign key to the table itself", "id,up\n1,\n2,1\n3,9\n", "id:integer up:integer",
        schema=key_to("up", "", "id"))  # fmt: skip
strange("foreign key to the table itself, version 2", "id,up\n1,\n2,1\n3,9\n",
        "id:integer up:integer", schema=key_to(["up"], None, ["id"]))  # fmt: skip

strange("keys: twice", "id,name\n1,a\n1,b\n", schema={"primaryKey": "id"})
strange("keys: missing", "id,name\n,a\n1,b\n", schema={"primaryKey": ["id"]})
strange("keys: of two columns", "id,name\n1,a\n1,b\n1,a\n", schema={"primaryKey": ["id", "name"]})
strange("keys: unique ones", "id,name\n1,a\n1,b\n", schema={"uniqueKeys": [["id"], ["name"]]})
strange("keys: of no column", GOOD, schema={"primaryKey": ["no"]})
strange("keys: unique of no column", GOOD, schema={"uniqueKeys": [["no"]]})

for name, marks, text in [
    ("a dash", ["", "-"], "id,name\n-,a\n1,-\n"),
    ("none at all", [], "id,name\n,a\n"),
    ("not declared", None, "id,name\nNA,a\n"),
    ("with labels", [{"value": "-9", "label": "refused"}], "id,name\n-9,a\nx,b\n"),
    ("of a wrong type", "NA", "id,name\nNA,a\n"),
]:
    stated = {} if marks is None else {"missingValues": marks}
    strange(f"missing values: {name}", text, schema=stated)
strange("missing values of a field", "id,x\n1,?\n2,\n",
        x_of("integer", missingValues=["?"]))  # fmt: skip

MORE = "id,name,more\n1,a,b\n"
for name, match, text in [
    ("exact", "exact", "name,id\na,1\n"),
    ("equal", "equal", "name,id\na,1\n"),
    ("equal, one more", ["equal"], MORE),
    ("subset", ["subset"], MORE),
    ("subset, one missing", "subset", "id,more\n1,a\n"),
    ("superset", "superset", "id\n1\n"),
    ("superset, one more", "superset", MORE),
    ("partial", "partial", "id,more\n1,a\n"),
    ("partial, none", "partial", "more\na\n"),
    ("unknown", "some", GOOD),
]:
    strange(f"fieldsMatch: {name}", text, schema={"fieldsMatch": match})

for name, text in {
    "valid": GOOD,
    "empty": "",
    "header alone": "id,name\n",
    "blank row": "id,name\n1,a\n\n,\n2,b\n",
    "extra cell": "id,name\n1,a,b\n2,c\n",
    "missing cell": "id,name\n1\n2,c\n",
    "all rows too long": "id,name\n1,a,\n2,b,\n3,c,\n",
    "label twice": "id,id\n1,2\n",
    "label mistyped": "id,nmae\n1,a\n",
    "label missing": "id\n1\n",
    "label blank": "id,\n1,a\n",
    "labels swapped": "name,id\na,1\nb,2\n",
    "quote unclosed": 'id,name\n1,"a\n2,b\n',
    "quote misplaced": 'id,name\n1,a"b\n2,"c"d\n',
    "newline in a cell": 'id,name\n1,"a\nb"\nx,c\n',
    "semicolons": "id;name\n1;a\n2;b\n",
    "cells swapped": "id,name\n1,a\nb,2\n3,c\n",
    "byte order mark": "\ufeffid,name\nx,a\n",
    "a NUL": "id,name\n1,a\0\n",
    "old Macintosh": "id,name\r1,a\rx,b\r",
    "everything at once": "id,name,,name\n1,a\n\nx,b,c,d,e\n",
}.items():
    strange(f"shape: {name}", text)
    if name in ("valid", "missing cell", "label twice", "label blank", "empty"):
        strange(f"shape without a schema: {name}", text, None)

DIALECTS: dict[str, tuple[Any, str]] = {
    "delimiter": ({"delimiter": ";"}, "id;name\n1;a\nx;b\n"),
    "delimiter of frictionless": ({"csv": {"delimiter": ";"}}, "id;name\n1;a\n"),
    "delimiter of two": ({"delimiter": ";;"}, "id;;name\n1;;a\n"),
    "quoteChar": ({"quoteChar": "'"}, "id,name\n1,'a,b'\nx,\"\n"),
    "doubleQuote": ({"doubleQuote": False}, 'id,name\n1,"a""b"\n'),
    "escapeChar": ({"escapeChar": "\\", "doubleQuote": False}, "id,name\n1,a\\,b\nx,c\n"),
    "skipInitialSpace": ({"skipInitialSpace": True}, "id, name\n1, a\n x, b\n"),
    "no header": ({"header": False}, "1,a\nx,b\n"),
    "headerRows": ({"headerRows": [2]}, "remark\nid,name\n1,a\nx,b\n"),
    "headerRows, two": ({"headerRows": [1, 2], "headerJoin": "_"}, "a,b\nid,name\n1,a\n"),
    "commentChar": ({"commentChar": "#"}, "id,name\n# a remark\nx,a\n"),
    "commentRows": ({"commentRows": [2]}, "id,name\nremark\nx,a\n"),
    "lineTerminator": ({"lineTerminator": "\n"}, GOOD),
    "nullSequence": ({"nullSequence": "\\N"}, "id,name\n\\N,a\n"),
    "caseSensitiveHeader": ({"caseSensitiveHeader": False}, "ID,Name\n1,a\n"),
    "unknown": ({"delimeter": ";"}, GOOD),
    "wrong type": ({"delimiter": 1}, GOOD),
    "a list": ([], GOOD),
    "in a file": ("dialect.json", "id;name\nx;a\n"),
}
for name, (dialect, text) in DIALECTS.items():
    strange(f"dialect: {name}", text, dialect=dialect, files={"dialect.json": '{"delimiter": ";"}'})

ACCENT = "id,name\n1,é\nx,ü\n"
for name, stated, used in [
    ("Latin 1", "iso-8859-1", "latin-1"),
    ("Windows 1252", "windows-1252", "cp1252"),
    ("UTF-16", "utf-16", "utf-16"),
    ("UTF-32", "utf-32", "utf-32"),
    ("Shift JIS that is none", "shift_jis", "utf-16"),
    ("unknown", "utf-99", "utf-8"),
    ("no text", "base64", "utf-8"),
    ("Latin 1, not stated", None, "latin-1"),
    ("UTF-16, not stated", None, "utf-16"),
    ("ASCII that is none", "ascii", "utf-8"),
]:
    strange(f"encoding: {name}", ACCENT.encode(used), encoding=stated)

PACKED = gzip.compress(b"id,name\nx,a\n", mtime=0)
strange("gz: by its name", None, path="a.csv.gz", files={"a.csv.gz": PACKED})
strange("gz: by its compression", None, path="a.dat", format="csv", compression="gz",
        files={"a.dat": PACKED})  # fmt: skip
strange("gz: that is none", None, path="a.csv.gz", files={"a.csv.gz": GOOD})
strange("gz: cut short", None, path="a.csv.gz", files={"a.csv.gz": PACKED[:-9]})
strange("tsv", None, path="a.tsv", files={"a.tsv": "id\tname\nx\ta\n"})
strange("another format", None, path="a.xlsx", format="xlsx", files={"a.xlsx": b"PK"})
strange("a file that is no table", None, None, type=None, path="a.txt", files={"a.txt": "x"})

for name, data in {
    "rows": [["id", "name"], ["x", "a"], [2, "b"]],
    "objects": [{"id": 1, "name": "a"}, {"id": "x"}],
    "a short row": [["id", "name"], [1]],
    "a null": [["id", "name"], [None, "a"]],
    "text": "id,name\n1,a\n",
    "an object": {"id": 1},
    "empty": [],
    "nested": [["id", "name"], [1, {"a": 1}]],
}.items():
    strange(f"inline: {name}", None, path=None, data=data)
strange("inline: with a path", GOOD, data=[["id", "name"]])
strange("inline: neither", None, path=None)

PARTS: dict[str, str | bytes] = {"1.csv": "id,name\n1,a\n", "2.csv": "x,b\n"}
strange("parts: a fault in the second", None, path=["1.csv", "2.csv"], files=PARTS)
strange("parts: one missing", None, path=["1.csv", "3.csv"], files=PARTS)
strange("parts: none", None, path=[])
strange("parts: one that is not text", None, path=["1.csv", 2], files=PARTS)
strange("parts: one outside", None, path=["1.csv", "../2.csv"], files=PARTS)
strange("parts: no newline between", None, path=["1.csv", "2.csv"],
        files={"1.csv": "id,name\n1,a", "2.csv": "2,b"})  # fmt: skip

SIZE, MD5 = len(GOOD), hashlib.md5(GOOD.encode()).hexdigest()
strange("bytes and hash", GOOD, bytes=SIZE, hash=MD5)
strange("bytes: others", GOOD, bytes=SIZE + 1)
strange("bytes: no number", GOOD, bytes="many")
strange("hash: another", GOOD, hash=hashlib.md5(b"").hexdigest())
strange("hash: SHA-256", GOOD, hash=f"sha256:{digest(GOOD)}")
strange("hash: another SHA-256", GOOD, hash=f"sha256:{digest('')}")
strange("hash: SHA-1", GOOD, hash="sha1:" + hashlib.sha1(b"x").hexdigest())
strange("hash: unknown", GOOD, hash="crc:1234")

for path in (
    "https://example.org/a.csv", "ftp://example.org/a.csv", "../table.csv", "/etc/hostname",
    "a/../../table.csv", "~/table.csv", "C:\\table.csv", "file:///etc/hostname", "none.csv", "",
    ".", "link.csv", "table.csv\0",
):  # fmt: skip
    strange(f"path {path!r}", GOOD, path=path)

WRONG: dict[str, dict[str, Any]] = {
    "name is a number": {"name": 1},
    "name with blanks": {"name": "a name"},
    "no resources": {"resources": []},
    "resources is an object": {"resources": {}},
    "a resource is a text": {"resources": ["a"]},
    "resource without a name": {"resources": [{"path": "table.csv"}]},
    "two of one name": {"resources": [{"name": "a", "path": "table.csv"}] * 2},
    "title is a list": {"title": ["a"]},
    "keywords is a text": {"keywords": "a"},
    "licenses is a text": {"licenses": "CC0"},
    "created is not a date": {"created": "today"},
    "version is a number": {"version": 1},
    "unknown key": {"licence": "CC0"},
    "version 1": {"profile": "tabular-data-package"},
    "version 2": {"$schema": "https://datapackage.org/profiles/2.0/datapackage.json"},
    "unknown $schema": {"$schema": "https://example.org/x.json"},
    "contributors of version 1": {"contributors": [{"title": "A", "role": "author"}]},
}
for name, package in WRONG.items():
    strange(f"descriptor: {name}", GOOD, package=package)
strange("resource: version 1", "id,name\nx,a\n", profile="tabular-data-resource", type=None)
strange("resource: a wrong profile", GOOD, profile=1)
strange("resource: title is a number", GOOD, title=1)
strange("resource: format and media type", "id,name\nx,a\n", mediatype="text/csv", format="csv")


def with_schema(name: str, schema: Any, text: str | None = None) -> None:
    """Add a package whose schema is anything at all, or a file."""
    resource = {"name": "table", "path": "table.csv", "schema": schema}
    files: dict[str, str | bytes] = {} if text is None else {"s.json": text}
    strange(f"schema: {name}", GOOD, files=files, package={"resources": [resource]})


with_schema("in a file", "s.json", json.dumps({"fields": fields_of("id:integer name:integer")}))
with_schema("in a file that is not there", "s.json")
with_schema("in a file that is no JSON", "s.json", "{")
with_schema("remote", "https://example.org/s.json")
with_schema("outside", "../s.json")
with_schema("a number", 1)
with_schema("without fields", {})
with_schema("fields is an object", {"fields": {}})
with_schema("a field is a text", {"fields": ["id"]})
with_schema("a field without a name", {"fields": [{"type": "integer"}, {"name": "name"}]})
with_schema("a field twice", {"fields": [{"name": "id"}, {"name": "id"}]})
with_schema("fields without types", {"fields": [{"name": "id"}, {"name": "name"}]})
with_schema("an unknown key", {"fields": fields_of(TWO), "primarykey": "id"})
with_schema("categories", {"fields": [
    {"name": "id", "type": "integer", "categories": [{"value": 1, "label": "one"}]},
    {"name": "name", "type": "string", "categories": ["a"]}]})  # fmt: skip
with_schema("a type that is a list", {"fields": [{"name": "id", "type": ["integer"]}]})
with_schema("constraints are a list", {"fields": [{"name": "id", "constraints": []}]})

strange("zip: valid", GOOD, packed=True)
strange("zip: a fault", "id,name\nx,a\n", packed=True)
strange("zip: a file missing", None, packed=True)
strange("zip: a name that leads outside", GOOD, files={"../a.csv": "x"}, packed=True)
strange("zip: an absolute name", GOOD, files={"/a.csv": "x"}, packed=True)
strange("zip: a name twice", GOOD, files={"table.csv*": GOOD}, packed=True)


def foreign(name: str) -> Callable[[Case], Case]:
    def add(case: Case) -> Case:
        FOREIGN[name] = case
        return case

    return add


@foreign("zip: in a folder")
def _(bench: Bench) -> Any:
    folder = bench.clean("strange")
    files: dict[str, str | bytes] = {
        "in/datapackage.json": json.dumps({"resources": [
            {"name": "t", "path": "t.csv", "schema": {"fields": fields_of(TWO)}}]}),
        "in/t.csv": "id,name\nx,a\n",
    }  # fmt: skip
    return plain_issues(diffdata.validate(zipped(folder / "case.zip", files)))


@foreign("zip: that is none")
def _(bench: Bench) -> Any:
    path = bench.clean("strange") / "case.zip"
    path.write_bytes(b"PK nothing")
    return plain_issues(diffdata.validate(path))


@foreign("zip: without a descriptor")
def _(bench: Bench) -> Any:
    return plain_issues(
        diffdata.validate(zipped(bench.clean("strange") / "case.zip", {"a.csv": GOOD}))
    )


@foreign("zip: a table of the dataset broken")
def _(bench: Bench) -> Any:
    files: dict[str, str | bytes] = {
        path.relative_to(bench.core).as_posix(): path.read_bytes()
        for path in sorted(bench.core.rglob("*"))
        if path.is_file()
    }
    files[MODELS] = bytes(files[MODELS].replace(b"dense", b"dens", 1))  # type: ignore[arg-type]
    return plain_issues(diffdata.validate(zipped(bench.clean("strange") / "case.zip", files)))


@foreign("a link that leads outside")
def _(bench: Bench) -> Any:
    folder = bench.clean("strange")
    (bench.home / "outside.csv").write_text(GOOD, encoding="utf-8")
    (folder / "link.csv").symlink_to(bench.home / "outside.csv")
    resource = {"name": "t", "path": "link.csv", "schema": {"fields": fields_of(TWO)}}
    write_json(folder / "datapackage.json", {"resources": [resource]})
    return plain_issues(diffdata.validate(folder))


@foreign("a folder without a descriptor")
def _(bench: Bench) -> Any:
    return plain_issues(diffdata.validate(bench.clean("strange")))


@foreign("a folder that is not there")
def _(_: Bench) -> Any:
    return plain_issues(diffdata.validate("nowhere"))


def one_file(name: str, table: str | bytes, schema: Any) -> None:
    """Add one CSV file that is checked against a schema in a file, or without one."""

    def case(bench: Bench) -> Any:
        folder = bench.clean("strange")
        write_files(folder, {"table.csv": table})
        if schema is None:
            return plain_issues(diffdata.validate(folder / "table.csv"))
        write_json(folder / "s.json", schema)
        return plain_issues(diffdata.validate(folder / "table.csv", schema=folder / "s.json"))

    FOREIGN[f"one file: {name}"] = case


FILE_SCHEMA = {"fields": fields_of("id:integer name:string"), "primaryKey": "id"}
one_file("valid", GOOD, FILE_SCHEMA)
one_file("faults", "id,name\nx,a\n1,b\n1,c\n", FILE_SCHEMA)
one_file("header swapped", "name,id\na,1\nb,2\n", FILE_SCHEMA)
one_file("without a schema", "id,name\n1\n", None)
one_file("no UTF-8", b"id,name\n1,\xff\n", FILE_SCHEMA)
one_file("a broken schema", GOOD, {"fields": [{"name": "id", "type": "text"}]})
one_file("a reference to another table", GOOD, FILE_SCHEMA | key_to("id", "city", "id"))


# ---------------------------------------------------------------------------------------------
# Frames on engines

Frame = Callable[[], pa.Table]
D = datetime.date

THING_FIELDS: list[dict[str, Any]] = [
    {"name": "thing", "type": "string", "constraints": {"pattern": "[a-z]+[0-9]*"}},
    {"name": "of_thing", "type": "string"},
    {"name": "kind", "type": "string", "constraints": {"enum": ["x", "y", "z"]}},
    {"name": "edition", "type": "integer", "unit": "1", "constraints": {"enum": [1, 2]}},
    {"name": "mark", "type": "string", "constraints": {"minLength": 2, "maxLength": 3}},
    {"name": "code", "type": "string", "constraints": {"unique": True}},
    {"name": "count", "type": "integer", "unit": "1", "constraints": {"minimum": 0, "maximum": 9}},
    {"name": "low", "type": "number", "unit": "1", "constraints": {"exclusiveMinimum": 0}},
    {"name": "value", "type": "number", "unit": "1", "constraints": {"required": True}},
    {"name": "high", "type": "number", "unit": "1", "constraints": {"exclusiveMaximum": 1e9}},
    {"name": "flag", "type": "boolean", "constraints": {"enum": [True]}},
    {"name": "day", "type": "date", "constraints": {"minimum": "2000-01-01"}},
    {"name": "day_precision", "type": "string"},
]
THING_RULES: list[dict[str, Any]] = [
    {"rule": "ordered", "columns": ["low", "value", "high"]},
    {"rule": "exactlyOne", "columns": ["kind", "mark"]},
    {"rule": "atLeastOne", "columns": ["kind", "flag"]},
    {"rule": "allOrNone", "columns": ["low", "high"]},
    {"rule": "requiredIf", "columns": ["mark"], "when": {"column": "kind", "equals": ["x", "y"]},
     "otherwise": "empty"},
    {"rule": "requiredIf", "columns": ["code"], "when": {"column": "flag"}},
    {"rule": "datePrecision", "date": "day", "precision": "day_precision"},
    {"rule": "nearProduct", "column": "value", "terms": ["count", 2], "factor": 3,
     "severity": "warning"},
    {"rule": "nearMedian", "column": "value", "by": ["kind"], "factor": 2, "severity": "warning"},
    {"rule": "notAfter", "date": "day", "key": "of_thing", "reference": "day",
     "severity": "warning"},
    {"rule": "referenced", "column": "thing", "severity": "warning"},
]  # fmt: skip
THING_KEYS = [
    {"fields": ["of_thing"], "reference": {"resource": "", "fields": ["thing"]}},
    {"fields": ["kind", "edition"],
     "reference": {"resource": "kinds", "fields": ["kind", "edition"]}},
]  # fmt: skip
THINGS: dict[str, Any] = {
    "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
    "title": "Things", "description": "D", "primaryKey": ["thing"], "foreignKeys": THING_KEYS,
    "fields": [{"description": "D"} | field for field in THING_FIELDS],
    "rules": [{"name": f"rule_{n}", "reason": "R"} | rule for n, rule in enumerate(THING_RULES)],
}  # fmt: skip
TYPES_OF_ARROW = {
    "string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
    "date": pa.date32(),
}  # fmt: skip
POOLS: dict[str, list[Any]] = {
    "thing": [None, "a", "b1", "b2", "c", "d", "A", "é", "0a", "a b", "zz9"],
    "of_thing": [None, "a", "b1", "c", "nowhere"],
    "kind": [None, "x", "y", "z", "X"],
    "edition": [None, 1, 2, 3],
    "mark": [None, "a", "ab", "abc", "abcd", "éü", "🥐🥐"],
    "code": [None, "p", "q", "r", "s", "t", "u", "v"],
    "count": [None, 0, 1, 2, -1, 9, 2**53 + 1],
    "low": [None, 0.0, 0.5, 1.0, -1.0],
    "value": [None, 0.0, 0.5, 1.0, 2.0, 8.0, 1e300],
    "high": [None, 1.0, 2.0, 1e9, 0.1],
    "flag": [None, True, False],
    "day": [None, D(2020, 1, 1), D(2020, 5, 1), D(2020, 5, 28), D(1999, 12, 31), D(9999, 12, 31)],
    "day_precision": [None, "day", "month", "year", "week"],
}
CLEAN: dict[str, list[Any]] = {
    "thing": ["a", "b1", "c"], "of_thing": ["b1", "c", "a"], "kind": [None, "z", "z"],
    "edition": [1, 2, 1], "mark": ["ab", None, None], "code": ["p", None, "q"],
    "count": [1, None, 2], "low": [None, 1.0, 3.0], "value": [2.0, 4.0, 4.0],
    "high": [None, 4.0, 5.0], "flag": [True, None, True], "day": [D(2020, 5, 28)] * 2 + [None],
    "day_precision": ["day", "day", None],
}  # fmt: skip
KINDS = {"kind": ["x", "y", "z", "z"], "edition": [1, 2, 1, 2]}


def things(columns: dict[str, list[Any]]) -> pa.Table:
    kinds = {field["name"]: TYPES_OF_ARROW[field["type"]] for field in THING_FIELDS}
    return pa.table({name: pa.array(cells, kinds[name]) for name, cells in columns.items()})


def mixed(number: int = 200) -> pa.Table:
    """Return rows in which everything is right and wrong in turn, in steps that never meet."""
    steps = (1, 3, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43)
    columns = {
        name: [pool[(n * step + n // 7) % len(pool)] for n in range(number)]
        for (name, pool), step in zip(POOLS.items(), steps, strict=True)
    }
    # If a key is duplicate, it is not defined which row a reference means, and engines differ.
    keys = columns["thing"]
    columns["thing"] = [
        f"{key}{n}" if key is not None and key in keys[:n] else key for n, key in enumerate(keys)
    ]
    return things(columns)


def clean(**changed: list[Any]) -> pa.Table:
    return things(CLEAN | changed)


def recast(name: str, kind: pa.DataType, table: pa.Table) -> pa.Table:
    place = table.column_names.index(name)
    return table.set_column(place, name, table[name].cast(kind))


def on_engine(table: pa.Table, engine: str) -> Any:
    if engine == "pyarrow":
        return table
    if engine == "polars":
        return pl.from_arrow(table).lazy()
    if engine == "duckdb":
        return duckdb.from_arrow(table)
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def by_engine(engines: tuple[str, ...], check: Callable[[str], Any]) -> Any:
    """Return what a check gives, by the engines that agree on it."""
    found: dict[str, Any] = {}
    for engine in engines:
        try:
            result = json.loads(json.dumps(check(engine).to_dict(), default=str))
        except diffdata.DiffdataError as error:
            result = {"raises": type(error).__name__, "message": str(error)}
        except Exception as error:  # noqa: BLE001 - as in `Bench.run`
            result = {CRASH: type(error).__name__, "message": str(error)}
        bare, _ = split(result)
        same = next((names for names, other in found.items() if split(other)[0] == bare), None)
        if same is None:
            found[engine] = result
        else:
            found[f"{same}, {engine}"] = found.pop(same)
    return found


def checked(frame: Frame, schema: Any = THINGS, kinds: bool = True, sample: int = 3) -> Case:
    """Hold a frame against a schema on each engine."""

    def case(bench: Bench) -> Any:
        path = bench.clean("checks") / "things.json"
        write_json(path, schema)

        def check(engine: str) -> Any:
            given = {"kinds": on_engine(pa.table(KINDS), engine)} if kinds else None
            return diffdata.check(on_engine(frame(), engine), path, tables=given, sample=sample)

        return by_engine(ENGINES, check)

    return case


def of_dataset(table: str, change: Callable[[pa.Table], pa.Table]) -> Case:
    """Hold a table of the dataset, with a change, against its own schema on each engine."""

    def case(bench: Bench) -> Any:
        loaded = diffdata.load(table, package=bench.part, engine="pyarrow")
        changed = change(loaded.replace_schema_metadata(None))

        def check(engine: str) -> Any:
            return diffdata.check(on_engine(changed, engine), table, package=bench.part)

        return by_engine(ENGINES, check)

    return case


def constant(name: str, value: Any) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        place = table.column_names.index(name)
        return table.set_column(place, name, pa.array([value] * len(table), table[name].type))

    return change


def standard(**keys: Any) -> dict[str, Any]:
    """Return a schema without rules, as third-party packages have it."""
    return {"fields": [{"name": "id", "type": "integer"}, {"name": "of", "type": "integer"}]} | keys


PAIRS = pa.table({"id": [1, 2, 2, None], "of": [1, 9, None, 2]})


def filed(write: Callable[[Path], Path], schema: Any, engines: tuple[str, ...], **how: Any) -> Case:
    """Hold files against a schema on each engine."""

    def case(bench: Bench) -> Any:
        folder = bench.clean("checks")
        write_json(folder / "things.json", schema)
        path = write(folder)
        return by_engine(
            engines,
            lambda engine: diffdata.check_files(
                path, folder / "things.json", engine=engine, sample=3, **how
            ),
        )

    return case


def as_csv(text: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "a.csv").write_text(text, encoding="utf-8")
        return folder / "a.csv"

    return write


def as_parquet(table: Frame) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        pq.write_table(table(), folder / "a.parquet")
        return folder / "a.parquet"

    return write


def as_folders(folder: Path) -> Path:
    for year in (2020, 2021):
        (folder / f"parts/of={year}").mkdir(parents=True)
        pq.write_table(pa.table({"id": [year, year + 1]}), folder / f"parts/of={year}/a.parquet")
    return folder / "parts"


def not_parquet(folder: Path) -> Path:
    (folder / "a.parquet").write_bytes(b"PAR1 no")
    return folder / "a.parquet"


STREAMED, ALL_FILES = ("polars", "duckdb"), ("pyarrow", "polars", "duckdb")
LOOSE = "id,of\n1,1\n2,x\n+3,\n 4,5\n1e3,6\n1,7\n"
CHECKS: dict[str, Case] = {
    "clean": checked(clean),
    "mixed": checked(mixed),
    "mixed, no samples": checked(mixed, sample=0),
    "mixed, no other tables": checked(mixed, kinds=False),
    "mixed, the standard alone": checked(
        mixed, {k: v for k, v in THINGS.items() if k != "rules"}),
    "no rows": checked(lambda: clean().slice(0, 0)),
    "nothing but missing values": checked(lambda: things({name: [None] * 2 for name in CLEAN})),
    "a column missing": checked(lambda: clean().drop_columns(["kind"])),
    "the key missing": checked(lambda: clean().drop_columns(["thing"])),
    "a column too many": checked(lambda: clean().append_column("more", [[1, 2, 3]])),
    "columns in another order": checked(lambda: clean().select(sorted(CLEAN))),
    "a number as text": checked(lambda: recast("value", pa.string(), clean())),
    "a date as text": checked(lambda: recast("day", pa.string(), clean())),
    "a date as a moment": checked(lambda: recast("day", pa.timestamp("us"), clean())),
    "a whole number as a number": checked(lambda: recast("count", pa.float64(), clean())),
    "a whole number of 32 bits": checked(lambda: recast("count", pa.int32(), clean())),
    "a key twice": checked(lambda: clean(thing=["a", "a", "c"])),
    "a reference that dangles": checked(lambda: clean(of_thing=["b1", "no", "a"])),
    "NaN": checked(lambda: clean(value=[float("nan"), 4.0, float("inf")])),
    "strangers: key and reference": checked(
        lambda: PAIRS, standard(primaryKey="id", **key_to("of", "", "id")), kinds=False),
    "strangers: fieldsMatch superset": checked(
        lambda: PAIRS.drop_columns(["of"]), standard(fieldsMatch="superset"), kinds=False),
    "strangers: fieldsMatch subset": checked(
        lambda: PAIRS.append_column("more", [[1, 2, 3, 4]]), standard(fieldsMatch="subset"),
        kinds=False),
    "strangers: a pattern of letters": checked(
        lambda: pa.table({"x": ["a", "é", "1", None, "a\n"]}),
        {"fields": [{"name": "x", "constraints": {"pattern": "\\w"}}]}, kinds=False),
    "models": of_dataset("models", lambda table: table),
    "models: an enum broken": of_dataset("models", constant("architecture", "densely")),
    "training_runs: a reference broken": of_dataset("training_runs", constant("model_id", "no")),
    "model_dates: too late": of_dataset("model_dates", constant("date", D(2031, 1, 1))),
    "hardware_performance: far off": of_dataset(
        "hardware_performance", constant("peak_flop_per_second", 1.0)),
    "files: CSV": filed(as_csv(LOOSE), standard(primaryKey="id"), STREAMED),
    "files: CSV with a row too long": filed(as_csv("id,of\n1,2,3\n"), standard(), STREAMED),
    "files: CSV without a column": filed(as_csv("id\n1\n"), standard(), STREAMED),
    "files: no CSV for pyarrow": filed(as_csv(LOOSE), standard(), ("pyarrow",)),
    "files: Parquet": filed(as_parquet(lambda: PAIRS), standard(primaryKey="id"), ALL_FILES),
    "files: Parquet, mixed": filed(as_parquet(mixed), THINGS, ALL_FILES),
    "files: folders": filed(as_folders, standard(primaryKey="id"), ALL_FILES),
    "files: no Parquet": filed(not_parquet, standard(), ALL_FILES),
    "files: none": filed(lambda folder: folder / "none.csv", standard(), STREAMED),
    "files: an unknown engine": filed(as_csv(LOOSE), standard(), ("duckd",)),
    "files: a size that is none": filed(as_csv(LOOSE), standard(), STREAMED, memory="much"),
    "files: a decimal comma": filed(as_csv('x\n"1,5"\n'), {
        "fields": [{"name": "x", "type": "number", "decimalChar": ","}]}, STREAMED),
}  # fmt: skip


def package_checked(engine: str) -> Case:
    """Check the core with two faults on an engine."""

    def case(bench: Bench) -> Any:
        folder = bench.clean("checks") / "core"
        shutil.copytree(bench.core, folder)
        for file, change in ((MODELS, cell("modality", "Text")), (RUNS, cell("model_id", "no"))):
            (folder / file).write_bytes(change((folder / file).read_bytes()) or b"")
        found = diffdata.check_package(folder, engine=engine)
        return {
            file: {"rows": result.rows, "rules": len(result.rules),
                   "failed": [dataclasses.asdict(rule) for rule in result.failed],
                   "skipped": [dataclasses.asdict(rule) for rule in result.skipped]}
            for file, result in found.items()
        }  # fmt: skip

    return case


CHECKS |= {f"a package on {engine}": package_checked(engine) for engine in STREAMED}

# ---------------------------------------------------------------------------------------------
# The command line


def command(*arguments: str, columns: int = 100) -> tuple[int, str, str]:
    """Do what ``python -m diffdata`` does; returns the exit status, the output and the errors."""
    before, os.environ["COLUMNS"] = sys.argv, str(columns)
    sys.argv = ["diffdata", *arguments]
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    err = io.StringIO()
    status: Any = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                runpy.run_module("diffdata", run_name="__main__")
            except SystemExit as ended:
                status = ended.code or 0
            out.flush()
    finally:
        sys.argv, os.environ["COLUMNS"] = before, "100"
    return status, out.buffer.getvalue().decode(), err.getvalue()  # type: ignore[attr-defined]


def printed(*arguments: str, columns: int = 100, whole: bool = True) -> Case:
    """Return what a command prints, by lines; or of long outputs the digest."""

    def case(_: Bench) -> Any:
        status, out, err = command(*arguments, columns=columns)
        text = out.split("\n")
        shown = {"lines": text} if whole else {"lines": len(text), "digest": digest(out)}
        return {"status": status, "message": err, **shown}

    return case


def printed_json(*arguments: str, keys: bool = True) -> Case:
    """Return the JSON that a command prints; with `keys` a digest for each part of it."""

    def case(_: Bench) -> Any:
        status, out, err = command(*arguments)
        said = json.loads(out)
        return {"status": status, "message": err, "json": in_parts(said) if keys else said}

    return case


def in_parts(said: Any) -> Any:
    """Return plain values, with a digest in place of each part that is large."""
    if len(json.dumps(said)) < 1000:
        return said
    if isinstance(said, dict):
        return {
            key: value if len(json.dumps(value)) < 1000 else of_parts(value)
            for key, value in said.items()
        }
    return of_parts(said)


def of_parts(value: Any) -> Any:
    """Return the number of parts and the digest of a large value, and of its named parts."""
    parts: dict[str, Any] = {"digest": digest_of(value), "size": len(value)}
    if isinstance(value, dict):
        parts["parts"] = {key: digest_of(part)[:16] for key, part in value.items()}
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        parts["parts"] = [
            f"{one.get('name') or one.get('table') or one.get('@id') or n}: {digest_of(one)[:16]}"
            for n, one in enumerate(value)
        ]
    return parts


def released_versions(_: Bench) -> Any:
    """Return what is said of the two editions; later ones come after them."""
    status, out, _err = command("versions")
    lines: list[str] = []
    for line in out.split("\n"):
        if line and not line.startswith(" ") and line.split()[0] not in EDITIONS:
            break
        lines.append(line)
    while lines and not lines[-1]:
        lines.pop()
    listed = json.loads(command("versions", "-f", "json")[1])
    known = [one for one in listed if one["edition"] in EDITIONS]
    return {"status": status, "lines": lines, "json": [in_parts(one) for one in known]}


def complained(format: str) -> Case:
    """Validate the part with a fault in one of the formats for issues."""

    def case(bench: Bench) -> Any:
        path = bench.core / MODELS
        before = path.read_bytes()
        path.write_bytes(replaced("dense", "dens")(before) or b"")
        try:
            status, out, _ = command("validate", "core", "-f", format)
        finally:
            path.write_bytes(before)
        found: dict[str, Any] = {"status": status, "message": out}
        if format == "json":
            found["json"] = json.loads(out)
        if format == "sarif":
            run = json.loads(out)["runs"][0]
            found["results"] = [
                {k: v for k, v in result.items() if k != "message"} for result in run["results"]
            ]
        if format == "github":
            found["heads"] = [line.split("::")[1] for line in out.splitlines()]
        return found

    return case


OLD, NEW = EDITIONS
HERE = ("--package", "whole")
COMMANDS: dict[str, Case] = {
    "list": printed("list", *HERE),
    "list of an edition": printed("--dataset", OLD, "list"),
    "list as json": printed_json("list", "-f", "json", "--dataset", NEW, keys=False),
    "show as text": printed("show", "models", *HERE),
    "show as csv": printed("show", "models", *HERE, "-f", "csv", "--columns", "model_id,name"),
    "show as json": printed_json("show", "comparisons", *HERE, "-f", "json"),
    "show as markdown": printed(
        "show", "estimates", *HERE, "--where", "model_id=gpt-3", "--where", "value>1e10",
        "--columns", "estimate_id,value,unit", "-f", "markdown"),
    "show what contains": printed(
        "show", "sources", *HERE, "--where", "title~GPT", "--limit", "5", "-f", "csv"),
    "show what is empty": printed(
        "show", "training_runs", *HERE, "--where", "chips=", "--where", "basis!=reported",
        "--columns", "run_id,basis", "-f", "csv"),
    "show a table that is not there": printed("show", "modles", *HERE),
    "show a column that is not there": printed("show", "models", *HERE, "--columns", "nam"),
    "versions": released_versions,
    "sources": printed("sources", *HERE),
    "sources of one": printed("sources", "jones-2020-overhang", *HERE, whole=False),
    "sources of one as json": printed(
        "sources", "daan-2024-gpt-3-level", *HERE, "-f", "json"),
    "trace": printed("trace", "opt-175b-cost-ratio", *HERE),
    "describe": printed("describe", "hardware", *HERE),
    "describe as markdown": printed("describe", "hardware", *HERE, "-f", "markdown"),
    "report gpt-3, 100 columns": printed("report", "gpt-3", *HERE),
    "report gpt-3, 80 columns": printed("report", "gpt-3", *HERE, columns=80),
    "report opt-175b, 100 columns": printed("report", "opt-175b", *HERE),
    "report opt-175b, 80 columns": printed("report", "opt-175b", *HERE, columns=80),
    "report of nothing": printed("report", "gpt-33", *HERE),
    "reproduce": printed("reproduce", *HERE, "--only", "gpt-3-cost-centre"),
    "reproduce as json": printed_json("reproduce", *HERE, "-f", "json", keys=False),
    "metadata zenodo": printed_json("metadata", "zenodo", *HERE, keys=False),
    "metadata schema-org": printed_json("metadata", "schema-org", *HERE),
    "metadata croissant": printed_json("metadata", "croissant", *HERE),
    "metadata of an edition": printed_json("--dataset", OLD, "metadata", "schema-org"),
    "validate": printed("validate", "whole"),
    "validate an edition": printed("--dataset", NEW, "validate"),
}  # fmt: skip
COMPLAINTS: dict[str, Case] = {
    f"validate -f {format}": complained(format) for format in ("text", "json", "github", "sarif")
}

# ---------------------------------------------------------------------------------------------
# Comparisons

BASE = "id,name,flop,unit,day\n" + "".join(
    f"m{n},Model {n},{n}e23,FLOP,2020-0{n}-01\n" for n in range(1, 9)
)
PAIRS_OF_FILES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "same": (BASE, BASE, ("--key", "id")),
    "a row more": (BASE, BASE + "m9,Model 9,9e23,FLOP,2020-09-01\n", ("--key", "id")),
    "a row less": (BASE, BASE.replace("m4,Model 4,4e23,FLOP,2020-04-01\n", ""), ("--key", "id")),
    "cells changed": (
        BASE, BASE.replace("3e23", "3e24").replace("5e23", "5.5e23").replace("Model 7", "No. 7"),
        ("--key", "id")),
    "written differently": (
        BASE, BASE.replace("3e23", "3.0e23").replace("Model 7", " Model 7 "), ("--key", "id")),
    "a column renamed": (BASE, BASE.replace("flop,", "compute,", 1), ("--key", "id")),
    "a column renamed by an option": (
        BASE, BASE.replace("flop,", "compute,", 1), ("--key", "id", "--rename", "flop=compute")),
    "a key renamed": (BASE, BASE.replace("id,", "model,", 1), ("--key", "id=model")),
    "a row renamed": (BASE, BASE.replace("m4,", "x4,"), ("--key", "id")),
    "keys in another form": (BASE, BASE.replace("m4,Model 4,4", "M-4,Model 4,5"), ("--key", "id")),
    "a key twice": (BASE, BASE + "m4,Again,1,FLOP,2020-01-01\n", ("--key", "id")),
    "blank keys": (BASE, BASE + ",Blank,1,FLOP,2020-01-01\n,,,,\n", ("--key", "id")),
    "types changed": (BASE, BASE.replace("2e23", "many").replace("2020-03-01", "2020-03"),
                      ("--key", "id")),
    "units changed": (BASE, BASE.replace("2e23,FLOP", "2e23,PFLOP"), ("--key", "id")),
    "signs and zeros": (
        BASE, BASE.replace("2e23", "-2e23").replace("4e23", "0"), ("--key", "id")),
    "two keys": (BASE, BASE.replace("Model 2", "Model 22"), ("--key", "id", "--key", "name")),
    "no key": (BASE, BASE.replace("2e23", "9"), ()),
    "a key that is not there": (BASE, BASE, ("--key", "no")),
    "columns more and less": (
        BASE, "id,name,more\n" + "".join(f"m{n},Model {n},{n}\n" for n in range(1, 9)),
        ("--key", "id")),
    "an empty file": (BASE, "", ("--key", "id")),
    "rows in another order": (
        BASE, "\n".join([BASE.split("\n")[0], *sorted(BASE.split()[1:], reverse=True)]),
        ("--key", "id")),
}  # fmt: skip


def two_csv_files(old: str, new: str, options: tuple[str, ...]) -> Case:
    def case(bench: Bench) -> Any:
        folder = bench.clean("pairs")
        write_files(folder, {"old.csv": old, "new.csv": new})
        names = ("pairs/old.csv", "pairs/new.csv")
        found: dict[str, Any] = {}
        for format in ("json", "text"):
            status, out, err = command("diff", *names, *options, "-f", format, "--exit-code")
            said = json.loads(out) if format == "json" and out else out.split("\n")
            found[format] = {"status": status, "message": err, "said": said}
        return found

    return case


def two_folders(format: str, *changes: tuple[str, Change], options: tuple[str, ...] = ()) -> Case:
    """Compare the part with a changed copy of it."""

    def case(bench: Bench) -> Any:
        copy = bench.clean("pairs") / "new"
        shutil.copytree(bench.part, copy)
        for file, change in changes:
            (copy / file).write_bytes(change((copy / file).read_bytes()) or b"")
        return printed("diff", "part", "pairs/new", "-f", format, *options)(bench)

    return case


COMPARISONS: dict[str, Case] = {
    "editions as text": printed("diff", OLD, NEW),
    "editions as text, 2 each": printed("diff", OLD, NEW, "--limit", "2", columns=80),
    "editions as markdown": printed("diff", OLD, NEW, "-f", "markdown"),
    "editions as html": printed("diff", OLD, NEW, "-f", "html", whole=False),
    "editions as json": printed_json("diff", OLD, NEW, "-f", "json"),
    "editions explained": printed_json("diff", OLD, NEW, "--explain", "-f", "json"),
    "editions, a table": printed_json("diff", OLD, NEW, "--only", "sources", "-f", "json"),
    "an edition and itself": printed("diff", NEW, NEW, "--exit-code"),
    "an edition and a folder": printed("diff", NEW, "whole", "--exit-code"),
    "an edition that is not there": printed("diff", "1999.1", NEW),
    "folders: a cell": two_folders("text", (RUNS, cell("chips", "999"))),
    "folders: rows gone": two_folders("markdown", (MODELS, without("model_id", "gpt-3"))),
    "folders: a schema": two_folders(
        "text",
        (RUNS_SCHEMA, field_of("chips", unit="thing", title="Chips")),
        (MODELS_SCHEMA, field_of("name", constraints={"required": True, "maxLength": 99})),
        (RUNS, rows(lambda table: [row.pop(5) for row in table] and None)),
    ),
    "folders: as json": two_folders(
        "json", (DATES, cell("date", "2022-07-01")), (ORGS, cell("name", "Another")),
        options=("--only", "model_dates", "--only", "organizations")),
} | {f"files: {name}": two_csv_files(*pair) for name, pair in PAIRS_OF_FILES.items()}  # fmt: skip

# ---------------------------------------------------------------------------------------------
# Exports and citations

EXPORTED = ["models", "model_dates", "training_runs"]


def exported(to: str, read: Callable[[Path], Any], safe: bool = False) -> Case:
    """Export three tables and return what is in the files."""

    def case(bench: Bench) -> Any:
        folder = bench.clean("exports")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            paths = diffdata.export(EXPORTED, to, folder, package=bench.whole, safe=safe)
        warned = [warning.category.__name__ for warning in caught]
        return {
            "warnings": warned,
            "files": {path.relative_to(folder).as_posix(): read(path) for path in paths},
        }

    return case


def bytes_of(path: Path) -> Any:
    data = path.read_bytes()
    return {"bytes": len(data), "digest": digest(data)}


def parquet_of(path: Path) -> Any:
    table = pq.read_table(path)
    columns = {
        field.name: [str(field.type), digest_of(described(field.metadata))]
        for field in table.schema
    }
    return {
        "columns": columns, "metadata": described(table.schema.metadata),
        "rows": digest_of(table.to_pylist()), "number": len(table),
    }  # fmt: skip


def described(metadata: dict[bytes, bytes] | None) -> dict[str, str]:
    return {
        key.decode(): text if len(text := value.decode()) < 200 else digest(text)
        for key, value in (metadata or {}).items()
        if key != b"pandas"
    }


def xlsx_of(path: Path) -> Any:
    book = openpyxl.load_workbook(path)
    return {
        sheet.title: {
            "rows": sheet.max_row, "columns": sheet.max_column,
            "values": digest_of([list(row) for row in sheet.iter_rows(values_only=True)]),
            "types": digest("".join(one.data_type for row in sheet.iter_rows() for one in row)),
            "formats": digest(
                " ".join(one.number_format for row in sheet.iter_rows() for one in row)),
        }
        for sheet in book.worksheets
    }  # fmt: skip


def sqlite_of(path: Path) -> Any:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "select name, sql from sqlite_master where sql is not null order by type, name"
        ).fetchall()
        tables = [
            name for name, sql in names if sql.lower().startswith(("create table", "create view"))
        ]
        return {
            "definitions": dict(names),
            "rows": {
                name: digest_of(connection.execute(f'select * from "{name}"').fetchall())
                for name in tables
            },
        }


def duckdb_of(path: Path) -> Any:
    with contextlib.closing(duckdb.connect(str(path), read_only=True)) as connection:
        columns = connection.execute(
            "select table_name, column_name, data_type, is_nullable from information_schema.columns"
            " order by table_name, ordinal_position"
        ).fetchall()
        return {
            "columns": [" ".join(map(str, one)) for one in columns],
            "rows": {
                name: digest_of(connection.execute(f'select * from "{name}"').fetchall())
                for name in sorted({one[0] for one in columns})
            },
        }


FIGURES = (
    "gpt-3-training-cost",
    "opt-175b-cost-ratio",
    "gpt-neox-20b-training-compute-cottier-2022",
)


def cited(what: str | None, style: str, edition: str | None = None) -> Case:
    def case(bench: Bench) -> Any:
        package = None if edition else bench.whole
        cited = diffdata.cite(what, style=style, package=package, version=edition)
        lines = cited.split("\n")
        return lines if len(cited) < 4000 else {"first": lines[:20], "digest": digest(cited)}

    return case


STYLES = ("apa", "bibtex", "csl-json", "ris", "cff")
EXPORTS: dict[str, Case] = {
    "csv": exported("csv", bytes_of),
    "csv, safe": exported("csv", bytes_of, safe=True),
    "json": exported("json", bytes_of),
    "bibtex": exported("bibtex", bytes_of),
    "parquet": exported("parquet", parquet_of),
    "xlsx": exported("xlsx", xlsx_of),
    "sqlite": exported("sqlite", sqlite_of),
    "duckdb": exported("duckdb", duckdb_of),
    "an unknown format": exported("xls", bytes_of),
}
CITATIONS: dict[str, Case] = {
    f"{what or 'the dataset'} as {style}": cited(what, style)
    for what in (None, "hardware", *FIGURES[:2], "gpt-3-like-development-to-training")
    for style in STYLES
} | {
    "an edition": cited(None, "apa", OLD),
    "a figure of an edition": cited(FIGURES[0], "bibtex", NEW),
    "an edition as cff": cited(None, "cff", NEW),
    "nothing that there is": cited("gpt-3-training-csot", "apa"),
    "a style that is not there": cited(None, "mla"),
}

# ---------------------------------------------------------------------------------------------
# Tables, figures and their ancestry


def frame_of(frame: pd.DataFrame) -> Any:
    """Return a short description of a frame."""
    return {
        "shape": list(frame.shape),
        "dtypes": [f"{name}: {dtype}" for name, dtype in frame.dtypes.items()],
        "csv": digest(frame.to_csv(lineterminator="\n")),
        "attrs": {
            key: value if isinstance(value, str) and len(value) < 100 else digest_of(value)
            for key, value in frame.attrs.items()
        },
    }


def loaded(table: str, edition: str | None) -> Case:
    def case(bench: Bench) -> Any:
        if edition is None:
            return frame_of(diffdata.load(table, package=bench.whole))
        return frame_of(diffdata.load(table, edition))

    return case


def named_tables(edition: str | None) -> Case:
    def case(bench: Bench) -> Any:
        if edition is None:
            return diffdata.tables(package=bench.whole)
        return diffdata.tables(edition)

    return case


def on_engines(table: str) -> Case:
    """Load a table on each engine and return its types and values."""

    def case(bench: Bench) -> Any:
        found: dict[str, Any] = {}
        for engine in ENGINES:
            frame = diffdata.load(table, package=bench.part, engine=engine)
            if engine == "pandas":
                frame = pa.Table.from_pandas(frame, preserve_index=False)
            elif engine == "polars":
                frame = frame.collect().to_arrow()
            elif engine == "duckdb":
                frame = frame.to_arrow_table()
            types = [f"{field.name}: {field.type}" for field in frame.schema]
            values = [str(row) for row in frame.to_pylist()]
            found[engine] = {"types": types, "rows": digest_of(values)}
        return found

    return case


def dictionary(table: str) -> Case:
    def case(bench: Bench) -> Any:
        frame = diffdata.describe(table, package=bench.whole)
        return {"columns": list(frame["column"]), "csv": digest(frame.to_csv(index=False))}

    return case


def found_estimates(**asked: Any) -> Case:
    def case(bench: Bench) -> Any:
        found = diffdata.estimates(package=bench.whole, **asked)
        return frame_of(found) | {"estimates": list(found["estimate_id"])[:50]}

    return case


def found_value(model: str, quantity: str, pedantic: bool = False) -> Case:
    return lambda bench: dataclasses.asdict(
        diffdata.value(model=model, quantity=quantity, pedantic=pedantic, package=bench.whole)
    )


def traced(estimate: str) -> Case:
    return lambda bench: diffdata.trace(estimate, package=bench.whole).split("\n")


def taken(source: str) -> Case:
    def case(bench: Bench) -> Any:
        found = diffdata.taken_from(source, package=bench.whole)
        return frame_of(found) | {"keys": list(found["key"])[:50]}

    return case


def derived(bench: Bench) -> Any:
    """Return what the public derivations give."""
    tables = {
        name: diffdata.load(name, package=bench.whole)
        for name in (
            "model_dates", "artifacts", "comparisons", "diffusion_events", "model_developers",
            "organizations", "model_summary",
        )
    }  # fmt: skip
    names = [name for name in tables if name != "model_summary"]
    return {
        "lags, first": frame_of(
            diffdata.replication_lag(
                *(tables[name] for name in names), reference="gpt-3", judged="first"
            )
        ),
        "lags, now": frame_of(
            diffdata.replication_lag(*(tables[name] for name in names), reference="gpt-3")
        ),
        "cost per FLOP": frame_of(diffdata.cost_per_flop(tables["model_summary"])),
    }


LOADED: dict[str, Case] = {
    f"{edition or 'folder'}: {table}": loaded(table, edition)
    for edition in (*EDITIONS, None)
    for table in TABLES
} | {f"tables of {edition or 'a folder'}": named_tables(edition) for edition in (*EDITIONS, None)}
LOADED |= {
    "a table that is not there": loaded("modles", None),
    "an edition that is not there": loaded("models", "1999.1"),
    "a version of an edition": loaded("models", "2026.1.3"),
    **{f"engines: {table}": on_engines(table) for table in PART[2:5]},
}
FOUND: dict[str, Case] = {
    **{f"describe {table}": dictionary(table) for table in TABLES},
    "estimates of a model": found_estimates(model="gpt-3"),
    "estimates of a quantity": found_estimates(quantity="training_cost"),
    "estimates of a source": found_estimates(source="cottier-2022-summary"),
    "estimates of all three": found_estimates(
        model="gpt-3", quantity="training_cost", source="cottier-2022-summary"),
    "estimates of any status": found_estimates(model="gpt-3", status=None),
    "estimates superseded": found_estimates(status="superseded"),
    "estimates of no model": found_estimates(model="gtp-3"),
    "estimates of no status": found_estimates(status="curent"),
    "value: a single one": found_value("bloom", "training_compute"),
    "value: a mean": found_value("gpt-neox-20b", "training_compute"),
    "value: of money": found_value("gpt-3", "training_cost"),
    "value: of parameters": found_value("gpt-3", "parameters"),
    "value: pedantic": found_value("gpt-2", "parameters", pedantic=True),
    "value: of a team": found_value("opt-175b", "core_team"),
    "value: not known": found_value("yalm-100b", "training_cost"),
    "value: of no quantity": found_value("gpt-3", "parameter"),
    **{f"trace {name}": traced(name) for name in (
        *FIGURES, "gpt-3-like-development-to-training", "gpt-2-parameters-radford-2019",
        "cottier-a100-speed", "alphafold-publication-lag", "opt-175b-training-cost", "nothing")},
    **{f"taken from {name}": taken(name) for name in (
        "daan-2024-gpt-3-level", "cottier-2022-summary", "cottier-2022-publication",
        "epoch-models-2025-04", "jones-2020-overhang", "hoffmann-2022", "wikipedia-bloom", "no")},
    "derivations": derived,
}  # fmt: skip

# ---------------------------------------------------------------------------------------------
# Capture


def corruptions(where: str, listed: dict[str, tuple[str, Change]]) -> dict[str, Case]:
    cases = {name: corrupted(where, {file: change}) for name, (file, change) in listed.items()}
    return {"nothing": nothing_done(where), **cases}


# A case takes half the time where its tables are among the few of the core.
IN_CORE = {
    name: (file, change)
    for name, (file, change) in IN_PART.items()
    if Path(file).stem in (*CORE, "datapackage") and file != ACCEPTED
}
GROUPS: dict[str, dict[str, Case]] = {
    "corruptions-of-the-core": corruptions("core", IN_CORE) | {"two files": two_files},
    "corruptions-of-a-part": corruptions(
        "part", {name: made for name, made in IN_PART.items() if name not in IN_CORE}
    ),
    "corruptions-of-the-whole": corruptions("whole", IN_WHOLE),
    "foreign": FOREIGN,
    "complaints": COMPLAINTS,
    "checks": CHECKS,
    "comparisons": COMPARISONS,
    "exports": EXPORTS,
    "citations": CITATIONS,
    "loaded": LOADED,
    "found": FOUND,
    "commands": COMMANDS,
}


def split(value: Any, place: str = "") -> tuple[Any, dict[str, str]]:
    """Take the words that people read out of a result; returns the rest, and the words."""
    words: dict[str, str] = {}
    if isinstance(value, list):
        parts = [split(part, f"{place}/{n}") for n, part in enumerate(value)]
        return [rest for rest, _ in parts], {k: v for _, found in parts for k, v in found.items()}
    if not isinstance(value, dict):
        return value, words
    rest = {}
    for key, part in value.items():
        if key in WORDS and isinstance(part, str):
            words |= {f"{place}/{key}": part} if part else {}
        else:
            rest[key], found = split(part, f"{place}/{key}")
            words |= found
    return rest, words


def captured(bench: Bench, group: str, name: str) -> tuple[Any, dict[str, str]]:
    """Run a case; returns what must stay as it is, and words that need not."""
    return split(bench.run(GROUPS[group][name]))


def crashed(found: Any) -> bool:
    """Return whether a result, or that of one of several engines, is a traceback."""
    parts = found.values() if isinstance(found, dict) else ()
    return isinstance(found, dict) and (CRASH in found or any(map(crashed, parts)))


@functools.cache
def golden(group: str, words: bool = False) -> dict[str, Any]:
    """Return what was captured of a group, by case."""
    path = GOLDENS / f"{group}{'.words' * words}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def pretty(content: Any) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=True) + "\n"


def difference(old: Any, new: Any) -> str:
    """Return how two results differ, as a diff of their lines."""
    texts = [pretty(one).splitlines() for one in (old, new)]
    return "\n".join(difflib.unified_diff(*texts, "golden", "now", lineterm="", n=4))


def write(bench: Bench, groups: list[str]) -> None:
    """Capture groups anew."""
    GOLDENS.mkdir(exist_ok=True)
    for group in groups:
        begun = time.monotonic()
        found = {name: captured(bench, group, name) for name in GROUPS[group]}
        kept = {name: rest for name, (rest, _) in found.items()}
        (GOLDENS / f"{group}.json").write_text(pretty(kept), encoding="utf-8")
        words = {name: texts for name, (_, texts) in found.items() if texts}
        if words:
            (GOLDENS / f"{group}.words.json").write_text(pretty(words), encoding="utf-8")
        print(f"{group}: {len(found)} cases, {time.monotonic() - begun:.1f} s")


def print_words(bench: Bench, groups: list[str]) -> None:
    """Print how wordings differ from those that were captured."""
    changed = 0
    for group in groups:
        before = golden(group, words=True)
        for name in GROUPS[group]:
            old, (_, new) = before.get(name, {}), captured(bench, group, name)
            for place in sorted(old.keys() | new.keys()):
                if old.get(place) != new.get(place):
                    changed += 1
                    print(f"{group}: {name}: {place}")
                    print(f"  - {old.get(place, '(nothing)')}\n  + {new.get(place, '(nothing)')}")
    print(f"{changed} wordings differ")


@contextmanager
def bench() -> Iterator[Bench]:
    """Make a bench in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="diffdata-goldens-") as folder:
        yield Bench(Path(folder))


def main() -> None:
    """Capture what diffdata does, or show how its words have changed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="capture everything anew")
    parser.add_argument("--words", action="store_true", help="show how wordings differ")
    parser.add_argument("--only", nargs="*", choices=GROUPS, help="only these groups")
    given = parser.parse_args()
    if given.write == given.words:
        parser.error("give --write or --words")
    with bench() as made, tempfile.TemporaryDirectory() as cache:
        os.environ["DIFFDATA_CACHE"] = cache
        (write if given.write else print_words)(made, given.only or list(GROUPS))


if __name__ == "__main__":
    main()
