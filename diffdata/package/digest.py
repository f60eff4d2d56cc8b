"""The content digest: a sha256 over values, which tells whether data changed.

It does not depend on the bytes of files, nor on the library or engine that read them, so a CSV file
and a Parquet file with the same values have the same digest. This is what is hashed, so that
another language can do the same; everything is UTF-8, and every line ends with a line feed:

1. the line ``diffdata-content-1``;
2. for each column, in the order of the schema, the line ``NAME TYPE``, then an empty line;
3. for each row its cells in the order of the columns, then an empty line. A missing cell is the
   line ``-``; any other is the line ``N:TEXT``, where N is the number of bytes of TEXT. So a
   missing cell is not an empty text, and no text can look like the end of a cell.

Rows are sorted by the bytes of the cells of their primary key (and of all their cells where keys
repeat). TEXT is, by the type of the column:

- string: the string itself;
- integer: its decimal digits, with a minus sign where negative;
- number: the shortest decimal that gives the same 64-bit value back, as Python's ``repr`` writes
  it (``0.1``, ``3.14e+23``, ``1000.0``; ``0.0`` also for minus zero);
- boolean: ``true`` or ``false``;
- date: ``2020-05-28``.

NaN is a missing number. The digest of a package hashes the line ``diffdata-package-1`` and then,
for each table in the order of names, the lines ``NAME``, its content digest, and its schema as JSON
with sorted keys, no blanks, and nothing that only repeats a default.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

from diffdata.errors import InvalidInputError
from diffdata.schemas.standard import TableSchema

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame


def content_digest(frame: IntoDataFrame, schema: TableSchema) -> str:
    """Return the sha256 of the values of a table, as 64 hexadecimal digits.

    Parameters
    ----------
    frame
        The table: a pandas, Polars or Arrow frame with the columns of the schema. Other columns,
        the order of columns and rows, and the index do not matter.
    schema
        The schema of the table: its columns, their types, the primary key.

    Raises
    ------
    InvalidInputError
        If a column of the schema is missing, or a value is not of its type.

    Examples
    --------
    >>> from diffdata import load
    >>> from diffdata.package.packages import open_package
    >>> schema = open_package().schema("hardware")
    >>> hardware = load("hardware")
    >>> shuffled = hardware.sample(frac=1, random_state=1)
    >>> content_digest(hardware, schema) == content_digest(shuffled, schema)
    True
    """
    table = nw.from_native(frame, eager_only=True)
    missing = [name for name in schema.column_names if name not in table.columns]
    if missing:
        raise InvalidInputError(f"the frame lacks the columns {', '.join(missing)} of its schema")
    columns = [
        [_cell(value, field.name, field.type) for value in table[field.name].to_list()]
        for field in schema.fields
    ]
    key = [schema.column_names.index(name) for name in schema.primary_key]
    rows = sorted(
        zip(*columns, strict=True), key=lambda row: ([row[position] for position in key], row)
    )
    hashed = hashlib.sha256(b"diffdata-content-1\n")
    hashed.update("".join(f"{f.name} {f.type}\n" for f in schema.fields).encode() + b"\n")
    for row in rows:
        hashed.update(b"".join(row) + b"\n")
    return hashed.hexdigest()


def package_digest(digests: Mapping[str, str], schemas: Mapping[str, TableSchema]) -> str:
    """Return the sha256 of the content of a package, as 64 hexadecimal digits.

    Parameters
    ----------
    digests
        The content digest of each table, by its name; see `content_digest`.
    schemas
        The schema of each table, by its name.

    Raises
    ------
    InvalidInputError
        If the two do not name the same tables.

    Examples
    --------
    >>> package_digest({}, {})[:8]
    '42024b42'
    """
    if digests.keys() != schemas.keys():
        differing = ", ".join(sorted(digests.keys() ^ schemas.keys()))
        raise InvalidInputError(f"digests and schemas name different tables: {differing}")
    lines = ["diffdata-package-1"]
    for name in sorted(digests):
        described = schemas[name].model_dump(mode="json", by_alias=True, exclude_defaults=True)
        text = json.dumps(described, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        lines += [name, digests[name], text]
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def _cell(value: Any, column: str, kind: str) -> bytes:
    if value is None or value is pd.NA or value != value:  # NaN and NaT differ from themselves
        return b"-\n"
    text = _text(value, kind)
    if text is None:
        raise InvalidInputError(f"column {column}: {value!r} is not a {kind}")
    encoded = text.encode()
    return b"%d:%s\n" % (len(encoded), encoded)


def _text(value: Any, kind: str) -> str | None:
    """Return the one text of a value, None where it is not of its type."""
    if kind == "string" and isinstance(value, str):
        return value
    if kind == "boolean" and value in (True, False):
        return "true" if value else "false"
    if kind == "integer" and (isinstance(value, Integral) or _whole(value)):
        return str(int(value))
    if kind == "number" and isinstance(value, Real):
        return repr(float(value) + 0.0)  # the sum makes minus zero zero
    if kind == "date" and isinstance(value, datetime.date):
        return value.isoformat()[:10]
    return None


def _whole(value: Any) -> bool:
    """Tell whether a float is an integer, as engines without nullable integers give it."""
    return isinstance(value, float) and value.is_integer()
