"""`check`: the rules of a schema on any frame, evaluated by the engine that holds it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import narwhals as nw

from diffdata.errors import InvalidInputError
from diffdata.loading.validated import load_all
from diffdata.package.opening import Dataset, open_dataset
from diffdata.package.packages import find_schema, is_schema_file, named_schema
from diffdata.schemas.patterns import ambiguous
from diffdata.schemas.rules import Check, table_checks
from diffdata.schemas.standard import ForeignKey, TableSchema
from diffdata.validation.evaluate import Progress, evaluate
from diffdata.validation.names import named_plainly, restored
from diffdata.validation.plausible import ACKNOWLEDGEMENTS
from diffdata.validation.prepare import Prepared, lazy, prepare
from diffdata.validation.related import relate
from diffdata.validation.result import CheckResult, RuleResult
from diffdata.validation.run import collect, of_engine, reason

PathLike: TypeAlias = str | os.PathLike[str]


def check(
    frame: Any,
    schema: PathLike | TableSchema,
    *,
    tables: Mapping[str, Any] | None = None,
    sample: int = 10,
    package: Dataset | None = None,
) -> CheckResult:
    """Hold a frame of any engine against a schema: types, constraints, keys and rules.

    The engine evaluates the very expressions that `load` and `validate` use: all rules of a row in
    one pass, each unique key in another, and one for the samples, if there is something to show.
    A lazy frame is never collected; what comes back is counts and a few keys.

    Parameters
    ----------
    frame
        A frame of pandas, pyarrow, Polars (eager or lazy), DuckDB, Spark, or of another library
        that Narwhals supports.
    schema
        The name of a table of the dataset, the path of a schema (``models.json``), or a schema.
    tables
        The tables that foreign keys and rules refer to, by name; frames of any library, which are
        carried over to the engine of `frame` if they are of another one. With the name of a table
        as `schema`, those that are not given are the tables of the dataset.
    sample
        How many failing rows to name for each rule: the first in the order of the key.
    package
        Where `schema` is a name: a folder with a datapackage.json; by default the dataset that
        comes with diffdata.

    Returns
    -------
    result
        For each rule the number of failing rows, and the keys of some. A column of the wrong type
        is a finding of the rule ``type``, one that is missing or unknown of ``header``; other
        rules then leave out the values that nobody knows. A rule that needs a table which is not
        given is skipped, and says so.

    Raises
    ------
    InvalidInputError
        If `frame` is no frame, a table in `tables` lacks a column that the schema refers to or has
        it with another type, the engine reads a pattern of the schema in a way of its own, or
        cannot evaluate the frame.
    UnknownNameError
        If there is no table of that name.
    DescriptorError, PackageError
        If the schema cannot be read.

    Examples
    --------
    >>> import diffdata, polars as pl
    >>> models = diffdata.load("models", engine="polars")
    >>> diffdata.check(models, "models").ok
    True
    >>> wrong = models.with_columns(architecture=pl.lit("densely"))
    >>> [(rule.name, rule.failing) for rule in diffdata.check(wrong, "models").failed]
    [('enum (architecture)', 27)]
    """
    if sample < 0:
        raise InvalidInputError(f"sample: expected a number from 0 up, found {sample}")
    asked = ask(schema, tables, package)
    given = lazy(frame)
    try:
        plain, names = named_plainly(given, asked.schema, asked.name)
        prepared = prepare(plain, names.schema)
        return restored(judge(prepared, asked.of(names.schema), sample, silent), names)
    except Exception as error:
        if not of_engine(error):
            raise
        engine = given.implementation.value
        raise InvalidInputError(f"frame: {engine} cannot evaluate it: {reason(error)}") from error


@dataclass(frozen=True)
class Asked:
    """What a frame is held against.

    Attributes
    ----------
    name
        The name of the table.
    schema
        Its schema.
    tables
        The other tables, by name.
    referring
        Which foreign keys of which tables refer to it; None where that is not known.
    accepted
        The keys of rows (as `row_key` writes them) of which a warning is acknowledged, by rule.
    """

    name: str
    schema: TableSchema
    tables: Mapping[str, Any]
    referring: Sequence[tuple[str, ForeignKey]] | None = None
    accepted: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def of(self, schema: TableSchema) -> Asked:
        """Return the same of another schema."""
        return replace(self, schema=schema)


def ask(
    schema: PathLike | TableSchema,
    tables: Mapping[str, Any] | None = None,
    package: Dataset | None = None,
) -> Asked:
    """Find the schema that is meant, and the tables that its rules need."""
    given = {
        name: table.to_native() if isinstance(table, nw.LazyFrame) else table
        for name, table in (tables or {}).items()
    }
    if isinstance(schema, TableSchema):
        return Asked(schema.title or "table", schema, given)
    path = Path(schema)
    if is_schema_file(path):
        return Asked(path.stem, find_schema(path), given)
    opened = open_dataset(package)
    name = str(schema)
    own = named_schema(opened, name)
    from_elsewhere = referring(opened.schemas, name)
    needed = {key.reference.resource or name for key in own.foreign_keys}
    if any(rule.rule == "referenced" for rule in own.rules):
        needed |= {table for table, _ in from_elsewhere}
    if any(rule.severity == "warning" for rule in own.rules):
        needed |= {ACKNOWLEDGEMENTS} & set(opened.tables)
    wanted = [table for table in opened.tables if table in needed - {name} - given.keys()]
    others = given | dict(load_all(opened, wanted))
    acknowledged = accepted(others.get(ACKNOWLEDGEMENTS)).get(name, {})
    return Asked(name, own, others, from_elsewhere, acknowledged)


def referring(schemas: Mapping[str, TableSchema], name: str) -> list[tuple[str, ForeignKey]]:
    """Return the foreign keys of all tables that refer to one, each with the name of its table."""
    return [
        (table, key)
        for table, schema in schemas.items()
        for key in schema.foreign_keys
        if (key.reference.resource or table) == name
    ]


def accepted(acknowledgements: Any) -> dict[str, dict[str, list[str]]]:
    """Return the keys of the rows of which warnings are acknowledged, by table and rule."""
    found: dict[str, dict[str, list[str]]] = {}
    if acknowledgements is not None:
        for row in collect(lazy(acknowledgements).select("table", "row_key", "rule")).to_pylist():
            found.setdefault(row["table"], {}).setdefault(row["rule"], []).append(row["row_key"])
    return found


def judge(prepared: Prepared, asked: Asked, sample: int, progress: Progress) -> CheckResult:
    """Evaluate all rules on a prepared frame."""
    schema = asked.schema
    _refuse_ambiguous(schema, prepared.frame.implementation)
    related = relate(prepared.frame, schema, asked.tables, asked.name, asked.referring)
    checks = [*prepared.checks, *table_checks(schema), *related.checks]
    checks = [_acknowledging(check, schema, asked.accepted) for check in checks]
    absent = set(prepared.missing)
    key = tuple(name for name in schema.primary_key if name not in absent)
    key = key or tuple(name for name in schema.column_names if name not in absent)[:1]
    rows, verdicts = evaluate(prepared, related, checks, key, sample, progress)
    rules = [
        *_header(prepared, schema),
        *(_result(v.check, v.failing, v.sample) for v in verdicts),
        *(_result(check, 0, (), reason) for check, reason in related.skipped),
    ]
    return CheckResult(asked.name, rows, key, tuple(rules))


def _refuse_ambiguous(schema: TableSchema, engine: nw.Implementation) -> None:
    """Refuse patterns that an engine would read in another way than RE2."""
    if engine.is_pyarrow() or engine.is_duckdb():
        return
    for column in schema.fields:
        if column.constraints.pattern and (part := ambiguous(column.constraints.pattern)):
            raise InvalidInputError(
                f"schema: the pattern of {column.name!r} has {part!r}, which {engine.value} reads "
                "differently; write it in another way, or check with pandas, pyarrow or DuckDB"
            )


def _acknowledging(
    check: Check, schema: TableSchema, accepted: Mapping[str, Sequence[str]]
) -> Check:
    """Let the rows pass of which the package acknowledges the warning."""
    if check.severity == "error" or check.name not in accepted:
        return check
    parts = [
        nw.concat_str(nw.lit(f"{name}="), nw.col(name).cast(nw.String()))
        for name in schema.primary_key
    ]
    key = nw.concat_str(parts, separator=", ")
    return replace(check, passes=check.passes | key.is_in(accepted[check.name]).fill_null(False))


def _header(prepared: Prepared, schema: TableSchema) -> list[RuleResult]:
    found = []
    if schema.fields_match in ("exact", "equal", "subset"):
        found += [(name, "a column of this name") for name in prepared.missing]
    if schema.fields_match in ("exact", "equal", "superset"):
        found += [(name, "no column that the schema does not have") for name in prepared.unknown]
    return [RuleResult("header", (name,), "error", expected, 1) for name, expected in found]


def _result(
    check: Check, failing: int, sample: tuple[tuple[Any, ...], ...], skipped: str = ""
) -> RuleResult:
    return RuleResult(
        check.name, check.columns, check.severity, check.expected, failing, sample, skipped
    )


def silent(step: str, number: int, steps: int) -> None:
    """Show no progress."""
