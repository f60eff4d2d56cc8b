"""How things look: templates, what prints well, HTML for notebooks, bars, modules to call."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from jinja2 import Template

T = TypeVar("T")


@cache
def template(module: str, name: str, **options: Any) -> Template:
    """Return a template in the folder ``templates`` beside a module; options as of Jinja."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(module).with_name("templates")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
    return environment.get_template(name)


def notebook(
    title: str,
    facts: Iterable[tuple[str, str]] = (),
    *,
    text: str = "",
    header: Sequence[str] = (),
    rows: Iterable[Sequence[str]] = (),
    bar: tuple[float, float, float] | None = None,
) -> str:
    """Return HTML for a notebook, light or dark as the reader has it; all texts are escaped.

    Parameters
    ----------
    title, facts, text : a heading, labels with texts, and text that keeps its lines
    header, rows : a table
    bar : the lower bound, the value and the upper bound of an interval, drawn as a line with a mark

    >>> "&lt;b&gt;" in notebook("<b>"), "<svg" in notebook("cost", bar=(5e6, 12e6, 33e6))
    (True, True)
    """
    page = template(__file__, "notebook.html.j2", autoescape=True)
    return page.render(
        title=title, facts=list(facts), text=text, header=header, rows=list(rows),
        bar=None if bar is None else _places(*bar),
    )  # fmt: skip


def _places(low: float, value: float, high: float) -> tuple[float, float, float] | None:
    """Return where an interval and its value lie on a line from 0 to 100; no line without width.

    The line is logarithmic if all three are above 0 and a factor of three or more apart.
    """
    if not (all(map(math.isfinite, (low, value, high))) and low < high):
        return None
    if low > 0 and high >= 3 * low and value > 0:
        low, value, high = map(math.log, (low, value, high))
    first, last = min(low, value), max(high, value)
    margin, width = 5.0, 90.0 / (last - first)
    start, mark, end = (round(margin + (x - first) * width, 1) for x in (low, value, high))
    return start, mark, end


def plain_table(*headings: Any) -> Any:
    """Return a table of `rich` without lines, to which rows are added."""
    from rich.table import Table

    return Table(*headings, box=None, pad_edge=False, padding=(0, 1, 0, 0))


def as_text(content: Any, width: int = 100) -> str:
    """Return something laid out by `rich` as text without styles, as in a pipe."""
    import io

    from rich.console import Console

    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, markup=False, emoji=False)
    console.print(content)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


# Whether long work shows a bar: on the command line, where people read standard error.
SHOW_PROGRESS: ContextVar[bool] = ContextVar("show_progress", default=False)
_PATIENCE = 0.7  # seconds without a bar, which short work needs not


def counted(items: Collection[T], what: str) -> Iterator[T]:
    """Yield items, and show how many are done if it takes long and somebody sees it."""
    if len(items) < 2 or not (SHOW_PROGRESS.get() or "ipykernel" in sys.modules):
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress

    screen = Console(stderr=True, highlight=False)
    start = time.monotonic()
    with ExitStack() as stack:
        bar: Progress | None = None
        for number, item in enumerate(items):
            if bar is None and time.monotonic() - start > _PATIENCE:
                bar = stack.enter_context(Progress(console=screen, transient=True))
                bar.add_task(what, total=len(items))
            if bar is not None:
                bar.update(bar.task_ids[0], completed=number)
            yield item


class Shown:
    """What prints well: it is laid out by `rich` in terminals and pipes, and as HTML elsewhere."""

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        title, _, text = str(self).partition("\n")
        return notebook(title, text=text)


class _Verb(ModuleType):
    """A module that can be called, as the function of its name."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__dict__["__wrapped__"](*args, **kwargs)


def callable_module(name: str, function: Callable[..., Any]) -> None:
    """Let a module be called as a function.

    ``diffdata.diff(a, b)`` then works beside ``diffdata.diff.markdown``. A function of that name
    would not do: the import of a module sets the attribute of its package, so that the function
    would be hidden as soon as anything imports the module.
    """
    module = sys.modules[name]
    module.__class__ = _Verb
    module.__dict__["__wrapped__"] = function  # for `inspect.signature` too
