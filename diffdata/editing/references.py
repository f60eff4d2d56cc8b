"""The rows that exist, as text, and what a new row may refer to."""

from __future__ import annotations

from collections.abc import Mapping

from diffdata.errors import PackageError, nearest
from diffdata.package.packages import Package, read_bytes
from diffdata.schemas.standard import ForeignKey
from diffdata.validation.text import read_table


def keys(package: Package, table: str) -> list[tuple[str, ...]]:
    """Return the primary keys of a table."""
    wanted = package.schema(table).primary_key
    return [tuple(row.get(name, "") for name in wanted) for row in rows(package, table)]


def rows(package: Package, table: str) -> list[dict[str, str]]:
    """Return the rows of a table as text, or those that can be read; none if the file cannot be."""
    file = package.resource(table).path
    try:
        data = read_bytes(package.data_path(table), file)
    except PackageError:
        return []
    return read_table(data, file, package.schema(table))[0].rows()


def matching(
    package: Package, table: str, key: ForeignKey, cells: Mapping[str, str]
) -> list[dict[str, str]]:
    """Return the rows that a foreign key may mean, by the parts of it that are given."""
    pairs = dict(zip(key.reference.fields, key.fields, strict=True))
    return [
        row
        for row in rows(package, key.reference.resource or table)
        if all(row.get(there) == cells[here] for there, here in pairs.items() if cells.get(here))
    ]


def known(package: Package, table: str, column: str, cells: Mapping[str, str]) -> dict[str, str]:
    """Return what a column may refer to, given the other cells: each identifier with its name."""
    found: dict[str, str] = {}
    for key in package.schema(table).foreign_keys:
        if column in key.fields:
            there = key.reference.fields[key.fields.index(column)]
            others = {name: cells.get(name, "") for name in key.fields if name != column}
            for row in matching(package, table, key, others):
                if row.get(there):
                    found[row[there]] = row.get("name") or row.get("title") or ""
    return found


def meant(text: str, candidates: Mapping[str, str]) -> str:
    """Return the identifier that a text is, or is the name of; otherwise an empty string.

    Examples
    --------
    >>> meant("GPT-3 175B", {"gpt-3": "GPT-3 175B"}), meant("gpt3", {"gpt-3": "GPT-3 175B"})
    ('gpt-3', '')
    """
    if text in candidates:
        return text
    named = [name for name, label in candidates.items() if label.casefold() == text.casefold()]
    return named[0] if len(named) == 1 else ""


def no_such(text: str, candidates: Mapping[str, str]) -> str:
    """Say that nothing has this identifier, and which was probably meant.

    Examples
    --------
    >>> no_such("bloom 176b", {"gpt-3": "GPT-3 175B", "bloom": "BLOOM"})
    "there is no 'bloom 176b'; did you mean bloom?"
    """
    close = alike(text, candidates)
    hint = f"did you mean {' or '.join(close)}?" if close else "add it first"
    return f"there is no {text!r}; {hint}"


def alike(text: str, candidates: Mapping[str, str]) -> list[str]:
    """Return the identifiers that are spelt, or whose names are spelt, like a text.

    Examples
    --------
    >>> alike("gpt3", {"gpt-3": "GPT-3 175B", "bloom": "BLOOM"})
    ['gpt-3']
    """
    lower = text.casefold()
    by_name = {label.casefold(): name for name, label in candidates.items() if label}
    found = nearest(lower, candidates) + [by_name[label] for label in nearest(lower, by_name)]
    inside = [n for n, label in candidates.items() if lower in n or lower in label.casefold()]
    return list(dict.fromkeys([*found, *inside[:3]]))[:5]
