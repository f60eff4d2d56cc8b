"""The mapping language: TOML files that say which columns of foreign tables are which of ours."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from diffdata.errors import InvalidInputError, PackageError, UnknownNameError
from diffdata.package.files import read_text
from diffdata.schemas.reader import parse

_PLACEHOLDER = re.compile(r"\\\{(\w+)\\\}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Column(_Strict):
    """How one column of ours is read from the first column of the table that has one of the names.

    A name may have a placeholder: `Cost ({price_year} USD)` matches any number there, and writes it
    to our column `price_year`.
    """

    from_: tuple[str, ...] = Field(alias="from", min_length=1)
    kind: Literal["text", "number", "count", "date", "choice", "reference", "slug"] = "text"
    list: bool = False  # several values in a cell, separated by commas
    words: str | dict[str, str | dict[str, str]] = {}  # choice: ours for each of theirs, or a name
    table: str = ""  # reference: the table whose row has this name
    without: str = ""  # what is not part of the value: a pattern, or the name of one
    money: bool = False  # a number may begin with a sign of a currency
    percent: float = 0  # what a number with % is multiplied with; 0 if there is no such number
    zero: bool = True  # whether zero is a value; otherwise it means unknown
    minimum: float | None = None
    maximum: float | None = None
    times: float | None = None  # what a number without % is multiplied with
    divide: float | None = None
    precision: str = ""  # date: our column for its precision
    month_days: tuple[int, ...] = ()  # days that mean that only the month is known
    year_days: tuple[str, ...] = ()  # days such as 07-01 that mean that only the year is known
    replaced_by: tuple[str, ...] = ()  # columns of later vintages in which it was split
    with_: dict[str, str] = Field(alias="with", default={})  # cells to write beside a value


class Items(_Strict):
    """What holds for a list: it has these items alone, or not; some of these, or none.

    In `any` and `none`, * stands for any characters.
    """

    only: tuple[str, ...] = ()
    not_only: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()

    def holds(self, there: Iterable[str]) -> bool:
        """Return whether the items of a list meet the condition."""
        found = {item.casefold() for item in there}
        only, other = ({item.casefold() for item in items} for items in (self.only, self.not_only))
        if (only and found != only) or (other and found == other):
            return False
        some = any(_like(item, self.any) for item in found)
        return (some or not self.any) and not any(map(self.excludes, found))

    def excludes(self, item: str) -> bool:
        """Return whether a list must not have an item."""
        return _like(item, self.none)


class Condition(Items):
    """What holds for the list in a column of the table."""

    from_: tuple[str, ...] = Field(alias="from", min_length=1)


class Rows(_Strict):
    """Rows of one of our tables: at most one for each row of theirs, or one for `each` item."""

    table: str
    id: str = ""  # of a table with identifiers; {column} stands for a cell
    each: str = ""  # the column, a list, whose items are a row each
    needs: tuple[str, ...] = ()  # columns of which one must have a value; by default the first
    number: str = ""  # the column that gets a number if rows of the same key differ
    when: tuple[Condition, ...] = ()  # what must hold
    only_apart: bool = False  # whether an existing package does not get these rows
    set: dict[str, str] = {}  # cells that are the same in every row
    filled: dict[str, dict[str, str]] = {}  # cells where these of `needs`, and no others, are there
    columns: dict[str, Column] = {}

    def fill(self, cells: dict[str, str]) -> None:
        """Set the cells that follow from which of the needed columns have a value."""
        there = {name for name in self.needed if cells.get(name)}
        for found in self.filled.values():
            cells |= dict.fromkeys(found, "")
        for names, found in self.filled.items():
            if there == set(names.split()):
                cells |= found

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """The columns of which one must have a value."""
        return self.needs or tuple(self.columns)[:1]


class Source(_Strict):
    """The publisher of the tables; each vintage is a source of its own."""

    id: str
    also: tuple[str, ...] = ()  # how identifiers of existing sources of these tables begin, too
    source_kind: str = "dataset"
    title: str
    publisher: str
    authors: str = ""
    url: str = ""
    license: str = ""


class File(_Strict):
    """In a folder: what differs in the rows of the main table for the files whose names match."""

    match: tuple[str, ...] = Field(min_length=1)
    aside: str = ""  # why the rows of these files are set aside
    set: dict[str, str] = {}
    columns: dict[str, dict[str, Any]] = {}  # changes to columns, or more columns


class SameAs(_Strict):
    """A file of a folder that says which of their names stand for which names of our table."""

    match: str
    name: str
    same_as: str


class Mapping(_Strict):
    """How a foreign table is read: what its rows are about, and which columns are ours."""

    name: str
    table: str  # our table in which a row of theirs is a row
    row: tuple[str, ...] = Field(min_length=1)  # the column with the name of the row
    header: Items = Items()  # the columns by which a table of this kind is known
    differs_by: tuple[str, ...] = ()  # if two rows of one name differ here, they are two things
    once: bool = True  # whether a thing has one row; otherwise each row is a statement of its own
    after: tuple[str, ...] = ()  # imports whose rows exist already
    renamed: dict[str, str] = {}  # names of rows in earlier vintages, and those in later ones
    prose: tuple[str, ...] = ()  # columns of sentences; * stands for any characters
    source: Source
    words: dict[str, dict[str, str | dict[str, str]]] = {}
    patterns: dict[str, str] = {}
    file_prefix: str = ""  # of a folder: how the names of files begin in some vintages
    rows: tuple[Rows, ...] = Field(min_length=1)
    files: tuple[File, ...] = ()
    names: tuple[SameAs, ...] = ()  # of what the references of the main rows refer to

    @model_validator(mode="after")
    def _names_exist(self) -> Mapping:
        for rows in (*self.rows, *(self.rows_of(file)[0] for file in self.files)):
            filled = (name for names in rows.filled for name in names.split())
            for name in (*rows.needs, *filter(None, [rows.each]), *filled):
                if name not in rows.columns:
                    raise ValueError(f"rows of {rows.table}: there is no column {name!r}")
            for name, column in rows.columns.items():
                try:
                    self.without("", column)
                except re.error as error:
                    message = f"without: not a regular expression: {error}"
                    raise ValueError(f"{rows.table}.{name}: {message}") from None
                if isinstance(column.words, str) and column.words not in self.words:
                    raise ValueError(f"{rows.table}.{name}: there are no words {column.words!r}")
                if (column.kind == "choice") != bool(column.words):
                    raise ValueError(f"{rows.table}.{name}: a choice, and only it, has words")
                if (column.kind == "reference") != bool(column.table):
                    raise ValueError(f"{rows.table}.{name}: a reference, and only it, has a table")
        if self.rows[0].table != self.table:
            raise ValueError(f"the first rows must be those of the table {self.table!r}")
        return self

    def words_of(self, column: Column) -> dict[str, str | dict[str, str]]:
        """Return the words of a choice, in lower case."""
        if id(column) not in self._words:
            words = self.words[column.words] if isinstance(column.words, str) else column.words
            folded_words = {word.casefold(): meaning for word, meaning in words.items()}
            self._words[id(column)] = column, folded_words
        return self._words[id(column)][1]

    @cached_property
    def _words(self) -> dict[int, tuple[Column, dict[str, str | dict[str, str]]]]:
        return {}  # with the column, so that no other gets its number

    def without(self, text: str, column: Column) -> str:
        """Return a text without what is not part of the value of a column."""
        pattern = self.patterns.get(column.without, column.without)
        return re.sub(pattern, "", text).strip() if pattern else text

    def is_kind(self, headers: Sequence[str]) -> bool:
        """Return whether a table with these columns is of the kind that the mapping reads."""
        return any(matching(self.row, headers)) and self.header.holds(map(folded, headers))

    def file_matches(self, file: str, *patterns: str) -> bool:
        """Return whether the name of a file matches, up to case, hyphens, underscores and spaces.

        What comes before the last slash does not count, nor does `file_prefix`.
        """
        name, prefix = map(_plain, (file.rpartition("/")[2], self.file_prefix))
        return any(fnmatchcase(name.removeprefix(prefix), _plain(one)) for one in patterns)

    def of_file(self, file: str) -> File | None:
        """Return what is said about a file of a folder."""
        return next((one for one in self.files if self.file_matches(file, *one.match)), None)

    def rows_of(self, changed: File | None) -> tuple[Rows, ...]:
        """Return the rows as they are made of a file about which something is said."""
        if changed is None:
            return self.rows
        main, columns = self.rows[0], dict(self.rows[0].columns)
        for name, keys in changed.columns.items():
            old = columns[name].model_dump(by_alias=True) if name in columns else {}
            columns[name] = Column.model_validate_json(json.dumps({**old, **keys}))
        update = {"columns": columns, "set": {**main.set, **changed.set}}
        return (main.model_copy(update=update), *self.rows[1:])

    def is_prose(self, header: str) -> bool:
        """Return whether a column of theirs has sentences."""
        return _like(folded(header), self.prose)

    @cached_property
    def groups(self) -> list[tuple[str, ...]]:
        """All lists of names by which a column is looked for."""
        files = [rows for file in self.files for rows in self.rows_of(file)]
        columns = [column for rows in (*self.rows, *files) for column in rows.columns.values()]
        found = [self.row, *(column.from_ for column in columns)]
        return [*found, *(condition.from_ for rows in self.rows for condition in rows.when)]


def _like(item: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(item.casefold(), pattern.casefold()) for pattern in patterns)


def _plain(name: str) -> str:
    return re.sub(r"[-_\s]", "", name).casefold()


def folded(header: str) -> str:
    """Return the name of a column as it is compared: without case and repeated spaces."""
    return " ".join(header.split()).casefold()


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_PLACEHOLDER.sub(r"(?P<\1>[0-9]+)", re.escape(folded(name))))


def matching(names: Sequence[str], headers: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the headers with one of the names, in the order of the names, and the placeholders."""
    for name in names:
        for header in headers:
            if found := _pattern(name).fullmatch(folded(header)):
                yield header, found.groupdict()


def known_mappings() -> list[str]:
    """Return the names of the mappings that come with diffdata."""
    folder = resources.files("diffdata.importing") / "mappings"
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir())


def read_mapping(mapping: str | Path) -> Mapping:
    """Read a mapping that comes with diffdata, by its name, or a file.

    Raises
    ------
    UnknownNameError
        If there is no mapping of this name.
    PackageError
        If the file is not TOML; DescriptorError, with every fault, if it is not a mapping.
    """
    if isinstance(mapping, Path):
        text, file = read_text(mapping, str(mapping)), str(mapping)
    else:
        if mapping not in known_mappings():
            raise UnknownNameError("mapping", mapping, known_mappings())
        text = (
            resources.files("diffdata.importing").joinpath(f"mappings/{mapping}.toml").read_text()
        )
        file = f"{mapping}.toml"
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackageError(f"{file}: not TOML: {error}") from None
    read = parse(Mapping, json.dumps(data, default=str), file)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", read.name):
        raise InvalidInputError(f"{file}: name: expected small letters and hyphens")
    return read
