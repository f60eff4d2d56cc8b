"""A plot: a question, the tables and options that it takes, its data, and how they are drawn."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from diffdata.engines import to_engine
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.loading import arrow_tables
from diffdata.lookup.prices import with_models
from diffdata.lookup.tables import Tables
from diffdata.lookup.words import identifiers
from diffdata.package.packages import Dataset, open_dataset
from diffdata.package.pinned import REVIEWED
from diffdata.plot.theme import framed
from diffdata.reproduce import reproduce

if TYPE_CHECKING:
    import pyarrow as pa

# What the data of a plot say of it: texts, trends, and what drawing needs.
_ATTRS = (
    "title", "subtitle", "caption", "trends", "price_year", "width", "axis", "as_of", "marks",
)  # fmt: skip
# Options that are names of things, and the table without which they are not.
_NAMED = {"model": None, "quantity": "quantities", "benchmark": "benchmarks"}


class Plot:
    """A chart that answers one question; call it with the frames that it needs.

    `data` takes the same arguments, and returns what is drawn as a tidy frame, whose ``attrs`` have
    the title and the caption, for those who draw it with another library. `of_dataset` and
    `data_of_dataset` load the frames.
    """

    def __init__(
        self, data: Callable[..., pd.DataFrame], draw: Callable[[pd.DataFrame], Any], asks: str
    ) -> None:
        functools.update_wrapper(self, data)
        self.asks, self._data, self._draw = asks, data, draw
        self.name = data.__name__.replace("_", "-")
        parameters = inspect.signature(data).parameters.values()
        self.tables = [one.name for one in parameters if one.kind is not one.KEYWORD_ONLY]
        self.options = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]

    def __repr__(self) -> str:
        return f"<plot {self.name}: {self.asks}>"

    def __call__(self, *frames: Any, **options: Any) -> Any:
        """Return the chart."""
        return self.chart(self.data(*frames, **options))

    def data(self, *frames: Any, **options: Any) -> pd.DataFrame:
        """Return the data of the chart."""
        found = self._data(*frames, **options)
        found.attrs = {name: found.attrs[name] for name in _ATTRS if name in found.attrs}
        versions = [getattr(frame, "attrs", {}).get("version") for frame in frames]
        if version := next(filter(None, versions), None):
            found.attrs["version"] = version
        return found

    def chart(self, data: pd.DataFrame) -> Any:
        """Return the chart of its data."""
        if data.empty:
            raise InvalidInputError(f"{self.name}: there is nothing to draw; try other options")
        return framed(self._draw(data), data)

    def of_dataset(
        self, version: str | None = None, *, package: Dataset | None = None,
        reviewed_only: bool = False, **options: Any,
    ) -> Any:  # fmt: skip
        """Return the chart of a dataset, by default the one that comes with diffdata."""
        found = self.data_of_dataset(
            version, package=package, reviewed_only=reviewed_only, **options
        )
        return self.chart(found)

    def data_of_dataset(
        self, version: str | None = None, *, package: Dataset | None = None,
        reviewed_only: bool = False, **options: Any,
    ) -> pd.DataFrame:  # fmt: skip
        """Return the data of the chart of a dataset; see `of_dataset`."""
        dataset = open_dataset(package, version)
        kinds = [kind for kind, table in _NAMED.items() if table is None or table in self.tables]
        options = identifiers(dataset, kinds, options)
        tables = Tables(dataset)
        lacking = ", ".join(tables.lacking(set(self.tables) - {"reproductions"}))
        try:
            there = arrow_tables(dataset, [name for name in self.tables if name in dataset.tables])
            frames = frames_of(tables, there, self.tables, reviewed_only=reviewed_only)
            found = self.data(*frames, **options)
        except (InvalidInputError, UnknownNameError) as error:
            if not lacking:
                raise
            raise InvalidInputError(f"the package lacks {lacking}: {error}") from None
        if found.empty and lacking:
            raise InvalidInputError(
                f"{self.name}: there is nothing to draw: the package lacks {lacking}"
            )
        found.attrs["version"] = dataset.version
        return found


def asks(
    question: str, draw: Callable[[pd.DataFrame], Any]
) -> Callable[[Callable[..., pd.DataFrame]], Plot]:
    """Make a plot of a function that returns its data: the tables it takes, then its options."""
    return lambda data: Plot(data, draw, question)


def frames_of(
    tables: Tables, there: Mapping[str, pa.Table], names: list[str], *, reviewed_only: bool = False
) -> list[Any]:
    """Return the frames of a plot from the tables of Arrow that its dataset has.

    Of those with several files ``reviewed`` says which rows are not imported.
    """
    dataset = tables.package
    frames: list[Any] = []
    for name in names:
        if name == "reproductions":
            frames.append(list(reproduce(dataset)))
        elif name not in there:
            frames.append(tables[name])
        else:
            table = there[name]
            frame: pd.DataFrame = to_engine(table, "pandas")
            if number := (table.schema.metadata or {}).get(REVIEWED.encode()):
                frame["reviewed"] = [place < int(number) for place in range(len(frame))]
                if reviewed_only:
                    frame = frame[frame["reviewed"]]
            frames.append(with_models(frame, dataset) if name == "api_prices" else frame)
    return frames
