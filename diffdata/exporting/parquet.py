"""Parquet, and the Arrow table that it holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from diffdata.exporting.contents import Contents, TableContent
from diffdata.schemas.compile import arrow_schema

if TYPE_CHECKING:
    import pyarrow


def arrow_table(found: Contents, table: TableContent) -> pyarrow.Table:
    """Return a table as Arrow: explicit types; units and descriptions in the metadata of fields.

    The metadata of the schema name table, version, digest, licence and primary key.

    Examples
    --------
    >>> from diffdata.exporting import contents
    >>> from diffdata.package.packages import open_package
    >>> found = contents(open_package(), ["hardware"])
    >>> made = arrow_table(found, found.tables[0])
    >>> made.schema.field("memory_bytes").metadata[b"unit"], made.schema.metadata[b"version"]
    (b'byte', b'2026.2.0')
    """
    import pyarrow

    described = found.package.descriptor
    schema = arrow_schema(table.schema, table.name, described.version)
    more = {
        "digest": table.digest,
        "dataset": described.name,
        "license": ", ".join(one.name for one in described.licenses),
    }
    encoded = {key.encode(): value.encode() for key, value in more.items()}
    schema = schema.with_metadata(schema.metadata | encoded)
    made = pyarrow.Table.from_pandas(table.frame, schema=schema, preserve_index=False)
    # Without what pandas adds about itself, so that the bytes do not depend on its version.
    return made.replace_schema_metadata(schema.metadata)


def write_parquet(found: Contents, table: TableContent, path: Path) -> None:
    """Write a table as a Parquet file."""
    import pyarrow.parquet

    pyarrow.parquet.write_table(arrow_table(found, table), path)
