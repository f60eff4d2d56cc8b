"""Frames on the terminal, in pipes and in files: filters and formats."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.schemas.standard import Field, TableSchema
from diffdata.validation.cells import CellError, cell_text, parse_cell

# The width of text where there is no terminal to ask.
PIPE_WIDTH = 100

_CONDITION = re.compile(r"(?P<column>\w+)\s*(?P<operator>!=|<=|>=|=|<|>|~)\s*(?P<value>.*)", re.S)


def console() -> Console:
    """Return the console for standard output: as wide as the terminal, 100 columns in a pipe."""
    wide = sys.stdout.isatty() or "COLUMNS" in os.environ
    width = None if wide else PIPE_WIDTH
    # What the tables say is text, never markup: brackets and colons stay as they are.
    return Console(width=width, highlight=False, markup=False, emoji=False)


def error_console() -> Console:
    """Return the console for standard error, where progress is shown."""
    return Console(stderr=True, highlight=False)


@contextmanager
def passes() -> Iterator[Callable[[str, int, int], None]]:
    """Show on a terminal which pass over the data runs, and for how long; elsewhere nothing.

    Gives what is called before each pass with its name, its number from 1, and how many there are.
    """
    screen = error_console()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("pass"),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("opening the files", total=None)

        def tell(step: str, number: int, steps: int) -> None:
            bar.update(task, description=step, completed=number, total=steps)

        yield tell


def print_rich(content: RenderableType) -> None:
    """Print something laid out by `rich`; in a pipe without the blanks that fill up its lines."""
    screen = console()
    if screen.is_terminal:
        screen.print(content)
        return
    with screen.capture() as captured:
        screen.print(content)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def print_text(content: Text) -> None:
    """Print text with styles, its lines as long as they are; a terminal wraps them itself."""
    console().print(content, soft_wrap=True)


def filter_rows(
    frame: pd.DataFrame, schema: TableSchema, conditions: Sequence[str]
) -> pd.DataFrame:
    """Keep the rows for which all conditions hold.

    Parameters
    ----------
    frame
        A frame of the table that `schema` describes.
    schema
        Its schema, by which the values in the conditions are read.
    conditions
        Each ``COLUMN=VALUE``, or with ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``~`` (contains). An
        empty value with ``=`` or ``!=`` asks for missing or given cells.

    Raises
    ------
    InvalidInputError
        If a condition cannot be read, or its value is not of the column's type.
    UnknownNameError
        If there is no such column.
    """
    for condition in conditions:
        found = _CONDITION.fullmatch(condition)
        if found is None:
            raise InvalidInputError(
                f"--where {condition!r}: expected COLUMN=VALUE, as in model_id=gpt-3"
            )
        column, operator, text = found["column"], found["operator"], found["value"]
        if column not in schema.column_names:
            raise UnknownNameError("column", column, schema.column_names)
        frame = frame[_holds(frame[column], operator, text, schema.field(column)).fillna(False)]
    return frame


def _holds(series: pd.Series[Any], operator: str, text: str, field: Field) -> pd.Series[Any]:
    if operator == "~":
        return series.astype("string").str.contains(text, case=False, regex=False)
    if text == "" and operator in ("=", "!="):
        return series.isna() if operator == "=" else series.notna()
    try:
        value = parse_cell(text, field)
    except CellError as error:
        raise InvalidInputError(f"--where {field.name}: expected {error.expected}") from None
    if field.type == "date":
        value = pd.Timestamp(value)
    compare = {
        "=": series.eq, "!=": series.ne, "<": series.lt, "<=": series.le, ">": series.gt,
        ">=": series.ge,
    }[operator]  # fmt: skip
    return compare(value)


def pick_columns(frame: pd.DataFrame, columns: Sequence[str] | None) -> pd.DataFrame:
    """Keep some columns, in the order given (UnknownNameError if there is no such column)."""
    if columns is None:
        return frame
    for column in columns:
        if column not in frame.columns:
            raise UnknownNameError("column", column, list(frame.columns))
    return frame[list(columns)]


def print_frame(frame: pd.DataFrame, style: str) -> None:
    """Print a frame to standard output as ``text``, ``csv``, ``json`` or ``markdown``.

    Text leaves out the columns that are empty in all rows, and on a terminal also those that do
    not fit; what was left out is named on standard error. The other formats are always complete.
    """
    if style == "csv":
        sys.stdout.write(frame.map(cell_text).to_csv(index=False, lineterminator="\n"))
    elif style == "json":
        records = [
            {name: _json_value(value) for name, value in row.items()}
            for row in frame.to_dict(orient="records")
        ]
        sys.stdout.write(json.dumps(records, indent=2, ensure_ascii=False) + "\n")
    elif style == "markdown":
        rows = [list(frame.columns), ["---"] * len(frame.columns)]
        rows += [[cell_text(cell).replace("|", "\\|") for cell in row] for row in frame.to_numpy()]
        sys.stdout.write("".join(f"| {' | '.join(row)} |\n" for row in rows))
    else:
        _print_text(frame)


def _print_text(frame: pd.DataFrame) -> None:
    empty = [name for name in frame.columns if len(frame) and frame[name].isna().all()]
    cells = frame.drop(columns=empty).map(cell_text)
    if not sys.stdout.isatty():  # a pipe takes lines of any length: nothing is cut
        widths = [max([len(n), *map(len, cells[n])]) for n in cells.columns]
        for row in [list(cells.columns), *cells.to_numpy().tolist()]:
            padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            sys.stdout.write("  ".join(padded).rstrip() + "\n")
        hidden: list[str] = []
    else:
        hidden = _print_on_terminal(frame, cells)
    if empty:
        print(f"(empty: {', '.join(empty)})", file=sys.stderr)
    if hidden:
        print(
            f"(no room for: {', '.join(hidden)}; see --columns, or --format csv)", file=sys.stderr
        )


def _print_on_terminal(frame: pd.DataFrame, cells: pd.DataFrame) -> list[str]:
    """Print the columns that fit, long texts wrapped, and return the names of the others."""
    screen = console()
    room = screen.width
    shown: list[str] = []
    for name in cells.columns:
        longest = max([len(name), *map(len, cells[name])])
        room -= min(longest, 30) + 2
        if room < 0 and shown:
            break
        shown.append(name)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for name in shown:
        numeric = pd.api.types.is_numeric_dtype(frame[name]) and frame[name].dtype != "boolean"
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in cells[shown].to_numpy():
        table.add_row(*(Text(cell) for cell in row))
    screen.print(table)
    return [name for name in cells.columns if name not in shown]


def _json_value(value: Any) -> Any:
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    return value.item() if hasattr(value, "item") else value
