"""The key: which columns it is on each side, and which rows it tells apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from diffdata.diff.table import Table
from diffdata.errors import InvalidInputError, UnknownNameError

KeyText = tuple[str, ...]

# A column of another name is taken for the key if this share of the key's values stand once in it
# (of the rows of its table, if these are fewer), and this number of them.
KEY_SHARE = 0.5
KEY_VALUES = 3
# A column is proposed as the key if so many of the rows have a value of their own in it.
NEARLY_ALL = 0.9


@dataclass(frozen=True)
class Keyed:
    """The rows of one side by their key.

    A key is the text of the key columns without blanks around it. It is blank if all of them are
    empty then.

    Attributes
    ----------
    once
        The position of each row whose key stands once.
    duplicates
        The positions of the rows whose key stands more than once.
    blanks
        The positions of the rows without a key.
    """

    once: dict[KeyText, int]
    duplicates: dict[KeyText, tuple[int, ...]]
    blanks: tuple[int, ...]


def by_key(table: Table, columns: Sequence[str]) -> Keyed:
    r"""Sort the rows of a table into those whose key stands once, more than once, or is blank.

    Examples
    --------
    >>> from diffdata.diff import parse_table
    >>> table = parse_table("Model,FLOP\nA,1\nB,2\nA ,3\n,4\n", "a.csv")
    >>> keyed = by_key(table, ["Model"])
    >>> keyed.once, keyed.duplicates, keyed.blanks
    ({('B',): 1}, {('A',): (0, 2)}, (3,))
    """
    places = [table.place(column) for column in columns]
    found: dict[KeyText, list[int]] = {}
    for position, row in enumerate(table.rows):
        found.setdefault(tuple(row[place].strip() for place in places), []).append(position)
    blanks = found.pop(("",) * len(places), [])
    return Keyed(
        once={key: rows[0] for key, rows in found.items() if len(rows) == 1},
        duplicates={key: tuple(rows) for key, rows in found.items() if len(rows) > 1},
        blanks=tuple(blanks),
    )


def key_columns(
    old: Table, new: Table, key: Sequence[str], rename: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return the key columns as pairs of their old and their new name.

    Parameters
    ----------
    old, new
        The tables.
    key
        Names of columns, or ``OLD=NEW`` where the two tables name a column differently. A name
        that only one table has is looked for in the other by content: the one column, of a name
        that the first table lacks, in which half of the key's values stand once (or half of its
        rows, if these are fewer; three at least).
    rename
        Columns that are known to be renamed, new name by old name.

    Raises
    ------
    InvalidInputError
        If no key is given, or its column on the other side cannot be told.
    UnknownNameError
        If neither table has a column of that name.
    """
    if not key:
        alike = _unique_columns(old, new)
        hint = f"; these columns tell nearly all rows apart: {', '.join(alike)}" if alike else ""
        raise InvalidInputError(f"key: expected the columns that name a row (--key COLUMN){hint}")
    return [_pair(old, new, name, rename) for name in key]


def _pair(old: Table, new: Table, name: str, rename: Mapping[str, str]) -> tuple[str, str]:
    if name in rename and rename[name] in new.columns:
        return name, rename[name]
    for first, last in rename.items():
        if last == name and first in old.columns:
            return first, name
    if name in old.columns and name in new.columns:
        return name, name
    if name in new.columns:
        return _alike(new, name, old), name
    if name in old.columns:
        return name, _alike(old, name, new)
    for place, letter in enumerate(name):
        if letter == "=":
            first, last = name[:place], name[place + 1 :]
            if first in old.columns and last in new.columns:
                return first, last
    if "=" in name:
        first, last = name.split("=", 1)
        table, missing = (new, last) if first in old.columns else (old, first)
        raise UnknownNameError(f"column in {table.name}", missing, table.columns)
    raise UnknownNameError("column in either table", name, {*old.columns, *new.columns})


def _alike(holder: Table, name: str, other: Table) -> str:
    """Find the column of the other table that holds the values of a key column."""
    values = set(by_key(holder, [name]).once)
    shares = []
    for column in other.columns:
        if column not in holder.columns:
            shared = len(values & set(by_key(other, [column]).once))
            enough = KEY_SHARE * min(len(values), len(other.rows))
            if shared >= max(KEY_VALUES, enough):
                shares.append(column)
    if len(shares) == 1:
        return shares[0]
    found = f"several columns hold its values ({', '.join(shares)})" if shares else (
        "no column there holds most of its values"
    )  # fmt: skip
    raise InvalidInputError(
        f"key: {other.name} has no column {name!r}, and {found}; name both, as in "
        f"--key OLD=NEW (columns there: {', '.join(other.columns)})"
    )


def _unique_columns(old: Table, new: Table) -> list[str]:
    """Name the columns of both tables in which nearly every row has a value of its own."""
    return [
        name
        for name in old.columns
        if name in new.columns
        and all(
            table.rows and len(by_key(table, [name]).once) >= NEARLY_ALL * len(table.rows)
            for table in (old, new)
        )
    ]
