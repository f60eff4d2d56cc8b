"""Warnings that a package accepts, each by a row of its table ``acknowledgements``.

A row names a table, a row of it (its key as messages write it), a rule, and the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import narwhals as nw

from diffdata.schemas.rules import Check
from diffdata.schemas.standard import TableSchema

TABLE = "acknowledgements"
COLUMNS = ("table", "row_key", "rule")


def accepting(
    checks: Sequence[Check], schema: TableSchema, acknowledged: Mapping[str, Collection[str]]
) -> list[Check]:
    """Return checks that pass the rows whose warning is accepted; the keys of rows are by rule.

    Cells that are accepted as they are, are not compared with more cells as well.
    """
    times = Counter(check.name for check in checks)
    columns = {check.name: {*check.columns} for check in checks if times[check.name] == 1}
    made = []
    for check in checks:
        names = {check.name, *(name for name, own in columns.items() if own < {*check.columns})}
        accepted = {key for name in names & acknowledged.keys() for key in acknowledged[name]}
        doubtful = check.severity != "error"
        made.append(_passing(check, schema, accepted) if accepted and doubtful else check)
    return made


def _passing(check: Check, schema: TableSchema, accepted: Collection[str]) -> Check:
    parts = [
        nw.concat_str(nw.lit(f"{name}="), nw.col(name).cast(nw.String()))
        for name in schema.primary_key
    ]
    row_key = nw.concat_str(parts, separator=", ")
    passes = check.passes | row_key.is_in(sorted(accepted)).fill_null(False)
    return replace(check, passes=passes)
