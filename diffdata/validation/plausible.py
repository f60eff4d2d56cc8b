"""Plausibility: warnings of what is possible but odd, and those that a package accepts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import narwhals as nw
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.errors import Issue
from diffdata.schemas.profile import NearMedian, NearProduct, NotAfter, Referenced
from diffdata.schemas.rules import Check, not_after_check, referenced_check, rule_check
from diffdata.validation.typed import TypedTable

# The table in which a package accepts warnings, each with a reason.
ACKNOWLEDGEMENTS = "acknowledgements"
_ACCEPTED = ("table", "row_key", "rule")


def plausibility_checks(
    table: TypedTable, others: Mapping[str, TypedTable], whole: bool
) -> list[tuple[Check, pa.Table]]:
    """Return the checks of plausibility of a table, each with the frame to evaluate it on.

    A rule whose other table is not there is left out; whether a row is referred to can only be told
    if `others` is the whole package.
    """
    found: list[tuple[Check, pa.Table]] = []
    for rule in table.schema.rules:
        match rule:
            case NearProduct():
                found.append((rule_check(rule, table.schema), table.values))
            case NearMedian(column=column, by=by):
                frame, median = _with_median(table.values, column, by)
                found.append((rule_check(rule, table.schema, nw.col(median)), frame))
            case NotAfter(key=key, reference=reference):
                frame = _looked_up(table, others, key, (reference, f"{reference}_precision"))
                if frame is not None:
                    found.append((not_after_check(rule), frame))
            case Referenced(column=column) if whole:
                found.append((referenced_check(rule, _used(table, others, column)), table.values))
    return found


def _with_median(table: pa.Table, column: str, by: Sequence[str]) -> tuple[pa.Table, str]:
    """Return a table with the median of each group beside its rows; Arrow's own is not exact."""
    name = f"{column}.median"
    exact = {pa.int64(): pd.Int64Dtype()}  # not floats where one is missing
    groups = table.select([*by, column]).to_pandas(types_mapper=exact.get).groupby(list(by))
    medians = groups[column].transform("median")
    return table.append_column(name, pa.array(medians, pa.float64(), from_pandas=True)), name


def _looked_up(
    table: TypedTable, others: Mapping[str, TypedTable], key: str, columns: Iterable[str]
) -> pa.Table | None:
    """Return a table with columns of the one that a foreign key refers to, named KEY.COLUMN."""
    for foreign in table.schema.foreign_keys:
        if foreign.fields == (key,) and foreign.reference.resource in others:
            target = others[foreign.reference.resource].values
            rows = pc.index_in(table.values[key], target[foreign.reference.fields[0]])
            frame = table.values
            for name in columns:
                frame = frame.append_column(f"{key}.{name}", pc.take(target[name], rows))
            return frame
    return None


def _used(table: TypedTable, others: Mapping[str, TypedTable], column: str) -> set[str]:
    """Return the keys of a table that some foreign key refers to."""
    own = next(name for name, other in others.items() if other is table)
    used: set[str] = set()
    for name, other in others.items():
        for key in other.schema.foreign_keys:
            target = key.reference.resource or name
            if target == own and column in key.reference.fields:
                field = key.fields[key.reference.fields.index(column)]
                used |= set(pc.unique(other.values[field]).to_pylist())
    return used - {None}


def acknowledged(
    issues: dict[str, list[Issue]], tables: Mapping[str, TypedTable], whole: bool
) -> dict[str, list[Issue]]:
    """Leave out the warnings that the package accepts, and report what it accepts in vain.

    A package accepts a warning by a row of its table ``acknowledgements``: table, row (its key as
    messages write it), rule and reason. That it accepts in vain can only be told of the `whole`.
    """
    accepting = tables.get(ACKNOWLEDGEMENTS)
    if accepting is None:
        return issues
    if not (accepting.text.complete and set(_ACCEPTED) <= set(accepting.text.columns)):
        # It has its own issue; which warnings it accepts is not known, so none is told.
        return {
            name: [issue for issue in found if issue.severity == "error"]
            for name, found in issues.items()
        }
    accepted = {
        (row["table"], row["row_key"], row["rule"]): line
        for row, line in zip(accepting.text.rows(), accepting.text.lines, strict=True)
    }
    met = set()
    kept: dict[str, list[Issue]] = {}
    for name, found in issues.items():
        kept[name] = []
        for issue in found:
            place = (name, issue.row or "", issue.rule)
            if issue.severity == "warning" and place in accepted:
                met.add(place)
            else:
                kept[name].append(issue)
    for place, line in accepted.items():
        if whole and place not in met:
            kept[ACKNOWLEDGEMENTS].append(
                Issue(
                    accepting.text.file, line, "rule", place[1], place[2], "acknowledges-nothing",
                    "warning", f"there is no warning {place[2]!r} at this row any more",
                    "delete the line",
                )
            )  # fmt: skip
    return kept
