"""Warnings that a package accepts, each by a row of its table ``acknowledgements``.

A row names a table, a row of it (its key as messages write it), a rule, and the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import narwhals as nw

from diffdata.schemas.rules import Check
from diffdata.schemas.standard import TableSchema

TABLE = "acknowledgements"
COLUMNS = ("table", "row_key", "rule")


def accepting(
    check: Check, schema: TableSchema, acknowledged: Mapping[str, Collection[str]]
) -> Check:
    """Return a check that passes the rows whose warning is accepted; its keys are by rule."""
    if check.severity == "error" or check.name not in acknowledged:
        return check
    parts = [
        nw.concat_str(nw.lit(f"{name}="), nw.col(name).cast(nw.String()))
        for name in schema.primary_key
    ]
    row_key = nw.concat_str(parts, separator=", ")
    passes = check.passes | row_key.is_in(list(acknowledged[check.name])).fill_null(False)
    return replace(check, passes=passes)
