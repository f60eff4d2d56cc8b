"""Print frames and rich text to terminals, pipes and files; filter rows; show progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
from rich import box, progress
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from diffdata.cli.app import PAGER, print_json
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.lookup.figures import readable
from diffdata.lookup.names import Kind, name_index
from diffdata.lookup.text import human, rows_that_meet
from diffdata.package.packages import Package
from diffdata.types.text import CellError, cell_text
from diffdata.validation.typed import parse_cell


def to_terminal() -> bool:
    """Return whether people read standard output, and not a program."""
    return sys.stdout.isatty()


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
    with screen.capture() as captured:
        screen.print(content)
    if screen.is_terminal:
        _page(captured.get(), screen.height)
        return
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _page(text: str, height: int) -> None:
    """Print on a terminal, through a pager if the text is longer than the screen, as git does."""
    if not (PAGER.get() and sys.stdin.isatty() and text.count("\n") >= height):
        sys.stdout.write(text)
        return
    import pydoc

    # As git sets it: quit if it fits, keep colours, leave the text on the screen, cut long lines.
    os.environ.setdefault("LESS", "FRXS")
    pydoc.pager(text)


# Columns in which a name of a thing stands for its identifier.
_NAMED: dict[str, Kind] = {
    "model_id": "model", "hardware_id": "hardware", "organization_id": "organization",
}  # fmt: skip


def filter_rows(
    frame: pd.DataFrame, package: Package, table: str, where: Sequence[str]
) -> pd.DataFrame:
    """Return the rows that meet all conditions, such as ``model_id=gpt-3``; see `diffdata show`."""
    schema = package.schema(table)

    def read(column: str, text: str) -> Any:
        field = schema.field(column)
        try:
            value = parse_cell(text, field)
        except CellError as error:
            raise InvalidInputError(f"--where {column}: expected {error.expected}") from None
        kind = next((kind for end, kind in _NAMED.items() if column.endswith(end)), None)
        if kind and value and value not in set(frame[column]):
            return name_index(package, None, kind).find(value, near=False).id or value
        return pd.Timestamp(value) if field.type == "date" else value

    return rows_that_meet(frame, where, read)


def pick_columns(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return the given columns, in this order (UnknownNameError if there is no such column)."""
    for column in columns:
        if column not in frame.columns:
            raise UnknownNameError("column", column, frame.columns)
    return frame[list(columns)]


def print_frame(frame: pd.DataFrame, format: str, *, wide: bool = False) -> None:
    """Print a frame as ``text``, ``csv``, ``json`` or ``markdown``.

    Only text leaves out empty columns, unless it is `wide`: then each row is a line of any length.
    """
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
    elif wide:
        _print_lines(frame)
    elif not to_terminal():  # a pipe takes lines of any length
        _print_lines(_filled(frame))
    else:
        _print_to_fit(readable(frame) if "value" in frame else _filled(frame))


def _filled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.dropna(axis="columns", how="all") if len(frame) else frame


def _print_lines(frame: pd.DataFrame) -> None:
    cells = frame.map(cell_text)
    widths = [max([len(str(name)), *map(len, cells[name])]) for name in cells.columns]
    rows = [list(map(str, cells.columns)), *cells.to_numpy().tolist()]
    text = "".join(f"{'  '.join(map(str.ljust, row, widths)).rstrip()}\n" for row in rows)
    if sys.stdout.isatty():
        _page(text, console().height)
    else:
        sys.stdout.write(text)


def _print_to_fit(frame: pd.DataFrame) -> None:
    """Print a table if its columns fit; otherwise each row as a paragraph, with nothing lost."""
    rows: list[dict[Any, Any]] = frame.to_dict(orient="records")
    cells = [{str(name): _readable_cell(name, row) for name in row} for row in rows]
    columns = list(map(str, frame.columns))
    widths = {name: max([len(name), *(len(row[name]) for row in cells)]) for name in columns}
    screen = console()
    # Long texts are wrapped, identifiers in the first column are not.
    first = widths[columns[0]] if columns else 0
    needed = first + sum(min(widths[name], 30) + 2 for name in columns[1:]) + 2
    if len(columns) < 2 or needed <= screen.width:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
        for name in columns:
            numeric = pd.api.types.is_numeric_dtype(frame[name]) and frame[name].dtype != "boolean"
            table.add_column(name, justify="right" if numeric else "left", overflow="fold")
        for row in cells:
            table.add_row(*row.values())
        print_rich(table)
        return
    paragraphs: list[RenderableType] = []
    for row in cells:
        key, *others = [(name, text) for name, text in row.items() if text]
        paragraphs.append(Text(key[1], style="bold", overflow="fold"))
        text = Text(overflow="fold")
        for name, cell in others:
            text.append("   " if text else "").append(f"{name} ", style="dim").append(cell)
        paragraphs.append(Padding(text, (0, 0, 0, 2)))
    print_rich(Group(*paragraphs))


def _readable_cell(name: Any, row: dict[Any, Any]) -> str:
    """Write a cell as people read it: large numbers in short, money with its currency."""
    cell = row[name]
    if isinstance(cell, float) and not pd.isna(cell):
        if name in ("value", "low", "high") and row.get("unit") == "currency":
            return human(cell, str(row.get("currency", "USD")))
        if str(name).endswith(("_usd", "_usd_low", "_usd_high")):
            return human(cell, "USD")
        if cell and not 1e-3 <= abs(cell) < 1e6:
            return human(cell)
    return cell_text(cell)
