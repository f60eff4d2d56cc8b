"""Print frames and rich text to terminals, pipes and files; filter rows; show progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import pandas as pd
from rich import box, progress
from rich.console import Console, RenderableType
from rich.table import Table

from diffdata.cli.app import print_json
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.lookup.text import rows_that_meet
from diffdata.schemas.standard import TableSchema
from diffdata.types.text import CellError, cell_text
from diffdata.validation.typed import parse_cell


def console() -> Console:
    """Return the console for standard output: as wide as the terminal, 100 columns in a pipe."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 100
    # Cells are text, not markup: brackets and colons stay as they are.
    return Console(width=width, highlight=False, markup=False, emoji=False)


@contextmanager
def show_passes() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function that shows on a terminal the name of a pass, its number, and how many."""
    screen = Console(stderr=True, highlight=False)
    columns = (
        progress.SpinnerColumn(), progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(), "pass", progress.MofNCompleteColumn(), progress.TimeElapsedColumn(),
    )  # fmt: skip
    with progress.Progress(
        *columns, console=screen, transient=True, disable=not screen.is_terminal
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


def filter_rows(frame: pd.DataFrame, schema: TableSchema, where: Sequence[str]) -> pd.DataFrame:
    """Return the rows that meet all conditions, such as ``model_id=gpt-3``; see `diffdata show`."""

    def read(column: str, text: str) -> Any:
        field = schema.field(column)
        try:
            value = parse_cell(text, field)
        except CellError as error:
            raise InvalidInputError(f"--where {column}: expected {error.expected}") from None
        return pd.Timestamp(value) if field.type == "date" else value

    return rows_that_meet(frame, where, read)


def pick_columns(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return the given columns, in this order (UnknownNameError if there is no such column)."""
    for column in columns:
        if column not in frame.columns:
            raise UnknownNameError("column", column, frame.columns)
    return frame[list(columns)]


def print_frame(frame: pd.DataFrame, format: str) -> None:
    """Print a frame as ``text``, ``csv``, ``json`` or ``markdown``; only text omits columns."""
    if format == "csv":
        sys.stdout.write(frame.map(cell_text).to_csv(index=False, lineterminator="\n"))
    elif format == "json":
        dates = {str(name): frame[name].dt.date for name in frame.select_dtypes("datetime")}
        records = frame.assign(**dates).to_dict(orient="records")
        print_json([{n: None if pd.isna(v) else v for n, v in row.items()} for row in records])
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
    shown = list(widths)
    if sys.stdout.isatty():
        screen = console()
        # Long texts are wrapped. The first column is shown even if it does not fit.
        ends = accumulate(min(width, 30) + 2 for width in widths.values())
        fitting = sum(end <= screen.width for end in ends)
        shown = shown[: max(fitting, 1)]
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
        for name in shown:
            numeric = pd.api.types.is_numeric_dtype(frame[name]) and frame[name].dtype != "boolean"
            table.add_column(name, justify="right" if numeric else "left", overflow="fold")
        for row in cells[shown].to_numpy():
            table.add_row(*row)
        screen.print(table)
    else:  # a pipe takes lines of any length
        for texts in [list(cells.columns), *cells.to_numpy().tolist()]:
            print("  ".join(map(str.ljust, texts, widths.values())).rstrip())
    if empty:
        print(f"(empty: {', '.join(empty)})", file=sys.stderr)
    if hidden := list(widths)[len(shown) :]:
        names = ", ".join(hidden)
        print(f"(no room for: {names}; see --columns, or --format csv)", file=sys.stderr)
