"""`check`: the rules of a schema on a frame of any library, evaluated by its engine."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import narwhals as nw

from diffdata.errors import InvalidInputError
from diffdata.package.packages import Dataset, find_schema
from diffdata.package.pinned import pinned_tables
from diffdata.schemas.patterns import ambiguous
from diffdata.schemas.rules import Check, table_checks
from diffdata.schemas.standard import TableSchema
from diffdata.types.definitions import definition
from diffdata.validation import acknowledgements
from diffdata.validation.check import valid_tables
from diffdata.validation.evaluate import Progress, Verdict, evaluate
from diffdata.validation.joins import Tables, join, referring
from diffdata.validation.prepare import (
    Names,
    Prepared,
    collect,
    lazy,
    of_engine,
    prepare,
    with_plain_names,
)
from diffdata.validation.result import CheckResult, RuleResult

PathLike: TypeAlias = str | os.PathLike[str]


def check(
    frame: Any,
    schema: PathLike | TableSchema,
    *,
    tables: Mapping[str, Any] | None = None,
    sample: int = 10,
    package: Dataset | None = None,
) -> CheckResult:
    """Check a frame of any engine against a schema: types, constraints, keys and rules.

    The engine evaluates the same expressions that `load` and `validate` use: all rules of a row in
    one pass, each unique key in another, and one for the samples if rows fail. A lazy frame is
    never collected: the result has counts and a few keys.

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
        If `schema` is a name: a folder with a datapackage.json; by default the dataset that comes
        with diffdata.

    Returns
    -------
    result
        For each rule the number of failing rows, and the keys of some. A column of the wrong type
        is an issue of the rule ``type``, one that is missing or unknown of ``header``; other
        rules then skip the values that are unknown. A rule that needs a table which is not given is
        skipped, with the reason.

    Raises
    ------
    InvalidInputError
        If `frame` is not a frame, a table in `tables` lacks a column that the schema refers to or
        has it with another type, the engine would read a pattern of the schema differently, or
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
    >>> wrong = models.head(3).with_columns(architecture=pl.lit("densely"))
    >>> [(rule.name, rule.failing) for rule in diffdata.check(wrong, "models").failed]
    [('enum (architecture)', 3)]
    """
    if sample < 0:
        raise InvalidInputError(f"sample: expected a number from 0 up, found {sample}")
    own, others = find_target(schema, tables, package)
    given = lazy(frame)
    try:
        plain, names = with_plain_names(given, own, others.name)
        prepared = prepare(plain, names.schema)
        return evaluate_rules(prepared, others, names, sample)
    except Exception as error:
        reason = of_engine(error)
        if reason is None:
            raise
        engine = given.implementation.value
        raise InvalidInputError(f"frame: {engine} cannot evaluate it: {reason}") from error


def find_target(
    schema: PathLike | TableSchema,
    tables: Mapping[str, Any] | None = None,
    package: Dataset | None = None,
) -> tuple[TableSchema, Tables]:
    """Find the schema that is meant, and the tables that its rules need."""
    given = {
        name: table.to_native() if isinstance(table, nw.LazyFrame) else table
        for name, table in (tables or {}).items()
    }
    if isinstance(schema, TableSchema):
        return schema, Tables(schema.title or "table", given)
    own, opened = find_schema(schema, package)
    if opened is None:
        return own, Tables(Path(schema).stem, given)
    name = str(schema)
    references = referring(opened.schemas, name)
    needed = {key.reference.resource or name for key in own.foreign_keys}
    if any(rule.rule == "referenced" for rule in own.rules):
        needed |= {table for table, _ in references}
    if any(rule.severity == "warning" for rule in own.rules):
        needed |= {acknowledgements.TABLE}
    wanted = [table for table in opened.tables if table in needed - {name} - given.keys()]
    pinned = pinned_tables(opened, wanted)
    if pinned is None:
        pinned = {name: table.values for name, table in valid_tables(opened, wanted).items()}
    others = {**given, **pinned}
    accepted = accepted_by(others.get(acknowledgements.TABLE)).get(name, {})
    return own, Tables(name, others, references, accepted)


def accepted_by(table: Any) -> Mapping[str, Mapping[str, Collection[str]]]:
    """Return the keys that a table of acknowledgements accepts, by table and rule."""
    found: dict[str, dict[str, list[str]]] = {}
    if table is not None:
        for row in collect(lazy(table).select(*acknowledgements.COLUMNS)).to_pylist():
            found.setdefault(row["table"], {}).setdefault(row["rule"], []).append(row["row_key"])
    return found


def evaluate_rules(
    prepared: Prepared,
    tables: Tables,
    names: Names,
    sample: int,
    progress: Progress | None = None,
) -> CheckResult:
    """Evaluate all rules on a prepared frame; `names` has its original names."""
    schema = names.schema
    _refuse_ambiguous(schema, prepared.frame.implementation)
    own = table_checks(schema)
    compared = {name for check in own if check.name != "required" for name in check.columns}
    compared.update(name for key in schema.foreign_keys for name in key.fields)
    for column in schema.fields:
        if column.name in compared and definition(column).canonical:
            raise InvalidInputError(
                f"schema: the column {column.name!r} is a {column.type}, whose values only "
                "`validate` compares, in text files"
            )
    frame, joined, skipped = join(prepared.frame, schema, tables)
    checks = [*prepared.checks, *own, *(check for check, _ in joined)]
    checks = acknowledgements.accepting(checks, schema, tables.accepted)
    rows, verdicts = evaluate(
        replace(prepared, frame=frame), checks, sample, progress or (lambda *_: None)
    )
    original = names.original

    def result(check: Check, verdict: Verdict, skipped: str = "") -> RuleResult:
        columns = tuple(original.get(name, name) for name in check.columns)
        expected = check.expected
        for plain, name in original.items():
            expected = expected.replace(plain, name)
        return RuleResult(
            check.name, columns, check.severity, expected, verdict.failing, verdict.sample, skipped
        )

    rules = [
        *_header(prepared, schema, original),
        *map(result, checks, verdicts),
        *(result(check, Verdict(0), reason) for check, reason in skipped),
    ]
    key = tuple(original.get(name, name) for name in prepared.key)
    return CheckResult(tables.name, rows, key, tuple(rules))


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


def _header(
    prepared: Prepared, schema: TableSchema, original: Mapping[str, str]
) -> list[RuleResult]:
    found = []
    if schema.fields_match in ("exact", "equal", "subset"):
        found += [(name, "a column of this name") for name in prepared.missing]
    if schema.fields_match in ("exact", "equal", "superset"):
        found += [(name, "no column that the schema does not have") for name in prepared.unknown]
    return [
        RuleResult("header", (original.get(name, name),), "error", expected, 1)
        for name, expected in found
    ]
