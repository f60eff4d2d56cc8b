"""Print frames and rich text to terminals, pipes and files; filter rows; show progress."""

from __future__ import annotations

import operator
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
from rich import box, progress
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from diffdata.cli.app import print_json
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.text import CellError, cell_text
from diffdata.validation.cells import parse_cell

_CONDITION = re.compile(r"(\w+)\s*(!=|<=|>=|=|<|>|~)\s*(.*)", re.S)
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge,
}  # fmt: skip


def console() -> Console:
    """Return the console for standard output: as wide as the terminal, 100 columns in a pipe."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 100
    # Cells are text, not markup: brackets and colons stay as they are.
    return Console(width=width, highlight=False, markup=False, emoji=False)


def error_console() -> Console:
    """Return the console for standard error, where progress is shown."""
    return Console(stderr=True, highlight=False)


@contextmanager
def show_passes() -> Iterator[Callable[[str, int, int], None]]:
    """Show on a terminal which pass over the data is running; elsewhere show nothing.

    Yields a function to call before each pass with its name, its number from 1, and the number of
    passes.
    """
    screen = error_console()
    with progress.Progress(
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        "pass",
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    ) as bar:
        task = bar.add_task("opening the files", total=None)

        def update(step: str, number: int, steps: int) -> None:
            bar.update(task, description=step, completed=number, total=steps)

        yield update


def print_rich(content: RenderableType) -> None:
    """Print something laid out by `rich`; in a pipe without trailing blanks."""
    screen = console()
    if screen.is_terminal:
        screen.print(content)
        return
    with screen.capture() as captured:
        screen.print(content)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def filter_rows(
    frame: pd.DataFrame, schema: TableSchema, conditions: Sequence[str]
) -> pd.DataFrame:
    """Return the rows that meet all conditions.

    A condition is ``COLUMN=VALUE``, or has ``!=``, ``<``, ``<=``, ``>``, ``>=`` or ``~``
    (contains). Values are read by the types of `schema`; an empty value stands for empty cells.
    """
    for condition in conditions:
        found = _CONDITION.fullmatch(condition)
        if found is None:
            raise InvalidInputError(
                f"--where {condition!r}: expected COLUMN=VALUE, such as model_id=gpt-3"
            )
        column, symbol, text = found.groups()
        cells = pick_columns(frame, [column])[column]
        frame = frame[_matches(cells, symbol, text, schema.field(column)).fillna(False)]
    return frame


def _matches(series: pd.Series[Any], symbol: str, text: str, field: Field) -> Any:
    if symbol == "~":
        return series.astype("string").str.contains(text, case=False, regex=False)
    if text == "" and symbol in ("=", "!="):
        return series.isna() if symbol == "=" else series.notna()
    try:
        value = parse_cell(text, field)
    except CellError as error:
        raise InvalidInputError(f"--where {field.name}: expected {error.expected}") from None
    return _COMPARISONS[symbol](series, pd.Timestamp(value) if field.type == "date" else value)


def pick_columns(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return the given columns, in this order (UnknownNameError if there is no such column)."""
    for column in columns:
        if column not in frame.columns:
            raise UnknownNameError("column", column, frame.columns)
    return frame[list(columns)]


def print_frame(frame: pd.DataFrame, format: str) -> None:
    """Print a frame to standard output as ``text``, ``csv``, ``json`` or ``markdown``.

    Text omits the columns without any value, and on a terminal also those that do not fit; a note
    on standard error names what was omitted. The other formats are always complete.
    """
    if format == "csv":
        sys.stdout.write(frame.map(cell_text).to_csv(index=False, lineterminator="\n"))
    elif format == "json":
        records = frame.to_dict(orient="records")
        print_json([{name: _json_value(cell) for name, cell in row.items()} for row in records])
    elif format == "markdown":
        rows = [list(frame.columns), ["---"] * len(frame.columns)]
        rows += [[cell_text(cell).replace("|", "\\|") for cell in row] for row in frame.to_numpy()]
        sys.stdout.write("".join(f"| {' | '.join(row)} |\n" for row in rows))
    else:
        _print_as_text(frame)


def _print_as_text(frame: pd.DataFrame) -> None:
    empty = [name for name in frame.columns if len(frame) and frame[name].isna().all()]
    cells = frame.drop(columns=empty).map(cell_text)
    widths = {name: max([len(name), *map(len, cells[name])]) for name in cells.columns}
    hidden: list[str] = []
    if sys.stdout.isatty():
        hidden = _print_table(frame, cells, widths)
    else:  # a pipe takes lines of any length
        for row in [list(cells.columns), *cells.to_numpy().tolist()]:
            padded = map(str.ljust, row, widths.values())
            sys.stdout.write("  ".join(padded).rstrip() + "\n")
    if empty:
        print(f"(empty: {', '.join(empty)})", file=sys.stderr)
    if hidden:
        names = ", ".join(hidden)
        print(f"(no room for: {names}; see --columns, or --format csv)", file=sys.stderr)


def _print_table(frame: pd.DataFrame, cells: pd.DataFrame, widths: dict[str, int]) -> list[str]:
    """Print the columns that fit, with long texts wrapped, and return the names of the others."""
    screen = console()
    room = screen.width
    shown: list[str] = []
    for name, width in widths.items():
        room -= min(width, 30) + 2
        if room < 0 and shown:
            break
        shown.append(name)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for name in shown:
        numeric = pd.api.types.is_numeric_dtype(frame[name]) and frame[name].dtype != "boolean"
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in cells[shown].to_numpy():
        table.add_row(*map(Text, row))
    screen.print(table)
    return [name for name in widths if name not in shown]


def _json_value(value: Any) -> Any:
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    return value.item() if hasattr(value, "item") else value
