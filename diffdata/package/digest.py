"""The content digest: a sha256 of values, which changes when data change.

It depends neither on the bytes of files nor on the library or engine that read them: a CSV file and
a Parquet file with the same values have the same digest. Other languages can compute it as well.
The hashed text is UTF-8, every line ends with a line feed, and it consists of:

1. the line ``diffdata-content-1``;
2. for each column, in the order of the schema, the line ``NAME TYPE``, then an empty line;
3. for each row its cells in the order of the columns, then an empty line. A missing cell is the
   line ``-``; any other is the line ``N:TEXT``, where N is the number of bytes of TEXT. So a
   missing cell differs from an empty text, and no text can look like the end of a cell.

Rows are sorted by the bytes of the cells of their primary key (and of all their cells where keys
repeat). TEXT is, by the type of the column:

- string, any, and every type that is loaded as text: the text itself;
- integer, year: its decimal digits, with a minus sign where negative;
- number: the shortest decimal that gives the same 64-bit value back, as Python's ``repr`` writes
  it (``0.1``, ``3.14e+23``, ``1000.0``; ``0.0`` also for minus zero);
- boolean: ``true`` or ``false``;
- date: ``2020-05-28``.

NaN is a missing number. The digest of a package hashes the line ``diffdata-package-1`` and then,
for each table in the order of names, the lines ``NAME``, its content digest, and its schema as JSON
with sorted keys, no blanks, and no defaults.
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
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types.definitions import definition

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame


def content_digest(frame: IntoDataFrame, schema: TableSchema) -> str:
    """Return the sha256 of the values of a table, as 64 hexadecimal digits.

    InvalidInputError is raised if the frame lacks a column of the schema, or a value is not of its
    type; other columns, the order of columns and rows, and the index do not matter.
    """
    table = nw.from_native(frame, eager_only=True)
    missing = [name for name in schema.column_names if name not in table.columns]
    if missing:
        raise InvalidInputError(f"the frame lacks the columns {', '.join(missing)} of its schema")
    columns = [
        [_cell(value, field) for value in table[field.name].to_list()] for field in schema.fields
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
    """Return the sha256 of a package from the content digest and the schema of each table."""
    if digests.keys() != schemas.keys():
        differing = ", ".join(sorted(digests.keys() ^ schemas.keys()))
        raise InvalidInputError(f"digests and schemas name different tables: {differing}")
    lines = ["diffdata-package-1"]
    for name in sorted(digests):
        described = schemas[name].model_dump(mode="json", by_alias=True, exclude_defaults=True)
        text = json.dumps(described, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        lines += [name, digests[name], text]
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def _cell(value: Any, field: Field) -> bytes:
    if value is None or value is pd.NA or value != value:  # NaN and NaT differ from themselves
        return b"-\n"
    text = _text(value, definition(field).arrow)
    if text is None:
        raise InvalidInputError(f"column {field.name}: {value!r} is not a {field.type}")
    encoded = text.encode()
    return b"%d:%s\n" % (len(encoded), encoded)


def _text(value: Any, arrow: str) -> str | None:
    """Return the text of a value, None if it is not of its Arrow type."""
    match arrow:
        case "string" if isinstance(value, str):
            return value
        case "bool" if value in (True, False):
            return "true" if value else "false"
        # Engines without nullable integers have floats.
        case "int64" if isinstance(value, Integral) or (
            isinstance(value, float) and value.is_integer()
        ):
            return str(int(value))
        case "double" if isinstance(value, Real):
            return repr(float(value) + 0.0)  # the sum makes minus zero zero
        case "date32" if isinstance(value, datetime.date):
            return value.isoformat()[:10]
    return None
