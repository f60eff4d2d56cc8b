"""A table of any size with twelve columns, its schema, and the rules written by hand.

The rows are computed from their numbers, so that they are the same in each run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

FAMILIES = 1000
WIDE = 4000  # columns of the wide table
KINDS = ("dense", "mixture_of_experts", "other")
PRECISIONS = ("day", "month", "year")
SLUG = "[a-z0-9]+(?:[.-][a-z0-9]+)*"

_FIELDS: list[dict[str, Any]] = [
    {"name": "figure_id", "type": "string", "constraints": {"required": True, "pattern": SLUG}},
    {"name": "family_id", "type": "string", "constraints": {"required": True}},
    {"name": "kind", "type": "string", "constraints": {"required": True, "enum": KINDS}},
    {"name": "currency", "type": "string", "constraints": {"pattern": "[A-Z]{3}"}},
    {"name": "chips", "type": "integer", "unit": "1", "constraints": {"minimum": 1}},
    {"name": "low", "type": "number", "unit": "1", "constraints": {"minimum": 0}},
    {"name": "value", "type": "number", "unit": "1", "constraints": {"required": True}},
    {"name": "high", "type": "number", "unit": "1"},
    {"name": "level", "type": "number", "unit": "1", "constraints": {"minimum": 0, "maximum": 1}},
    {"name": "explicit", "type": "boolean"},
    {"name": "as_of", "type": "date", "constraints": {"minimum": "1950-01-01"}},
    {"name": "as_of_precision", "type": "string", "constraints": {"enum": PRECISIONS}},
]
_RULES: list[dict[str, Any]] = [
    {"name": "in_order", "rule": "ordered", "columns": ["low", "value", "high"]},
    {"name": "both_bounds", "rule": "allOrNone", "columns": ["low", "high"]},
    {"name": "level_of_bounds", "rule": "requiredIf", "columns": ["low"],
     "when": {"column": "level"}},
    {"name": "as_of_precision_fits", "rule": "datePrecision", "date": "as_of",
     "precision": "as_of_precision"},
]  # fmt: skip
_REFERENCE = {
    "fields": ["family_id"],
    "reference": {"resource": "families", "fields": ["family_id"]},
}

_ROWS = f"""
SELECT
  'figure-' || i AS figure_id,
  'family-' || (hash(i) % {FAMILIES}) AS family_id,
  (CASE hash(i + 1) % 3 WHEN 0 THEN 'dense' WHEN 1 THEN 'mixture_of_experts' ELSE 'other' END)
    AS kind,
  CASE WHEN i % 3 = 0 THEN 'USD' WHEN i % 3 = 1 THEN 'EUR' END AS currency,
  (1 + hash(i + 2) % 10000)::BIGINT AS chips,
  CASE WHEN i % 2 = 0 THEN (hash(i + 3) % 1000)::DOUBLE END AS low,
  (1000 + hash(i + 4) % 1000)::DOUBLE AS value,
  CASE WHEN i % 2 = 0 THEN (2000 + hash(i + 5) % 1000)::DOUBLE END AS high,
  CASE WHEN i % 4 = 0 THEN 0.9 END::DOUBLE AS level,
  CASE WHEN i % 5 > 0 THEN i % 2 = 0 END AS explicit,
  DATE '2015-01-01' + (hash(i + 6) % 4000)::INTEGER AS as_of,
  'day' AS as_of_precision
FROM range({{rows}}) AS numbers(i)
"""


def schema(rules: int = 1) -> dict[str, Any]:
    """Return the schema, with four rules and as many others for each further time.

    They must differ, because an engine evaluates a duplicate expression only once.
    """
    fields = [{"description": field["name"]} | field for field in _FIELDS]
    more = [rule for number in range(1, rules) for rule in _other_rules(number)]
    named = [rule | {"reason": "A benchmark."} for rule in [*_RULES, *more]]
    return {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "title": "Figures", "description": "Made up.", "fields": fields,
        "primaryKey": ["figure_id"], "foreignKeys": [_REFERENCE], "rules": named,
    }  # fmt: skip


def _other_rules(number: int) -> list[dict[str, Any]]:
    return [
        {"name": f"value_near_{number}", "rule": "nearProduct", "column": "value",
         "terms": [1000 + number], "factor": 5},
        {"name": f"high_near_{number}", "rule": "nearProduct", "column": "high",
         "terms": [2000 + number], "factor": 5},
        {"name": f"value_of_kind_{number}", "rule": "requiredIf", "columns": ["low"],
         "when": {"column": "kind", "equals": [f"kind-{number}"]}},
        {"name": f"value_of_currency_{number}", "rule": "requiredIf", "columns": ["high"],
         "when": {"column": "currency", "equals": [f"A{number}"]}},
    ]  # fmt: skip


def families() -> pa.Table:
    """Return the table that the figures refer to."""
    return pa.table({"family_id": [f"family-{n}" for n in range(FAMILIES)]})


def make(folder: Path, rows: int, csv: bool = False, fault: str = "") -> tuple[Path, Path]:
    """Write the table as Parquet or CSV, once, and its schema; return both paths.

    With the fault `faulty` about one row in a hundred breaks an enumeration; with `quote` the row
    in the middle of a CSV file begins with a quote that is never closed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"figures-{rows}{fault}.{'csv' if csv else 'parquet'}"
    if not path.exists():
        select = _ROWS.format(rows=rows)
        if fault == "faulty":
            kind = "CASE WHEN hash(figure_id) % 100 = 0 THEN 'none' ELSE kind END AS kind"
            select = f"SELECT * REPLACE ({kind}) FROM ({select})"
        form = "FORMAT csv, HEADER" if csv else "FORMAT parquet"
        with duckdb.connect() as database:
            database.execute(f"COPY ({select}) TO '{path}' ({form})")
        if fault == "quote":
            data = path.read_bytes()
            middle = data.index(b"\n", len(data) // 2) + 1
            path.write_bytes(data[:middle] + b'"' + data[middle:])
    described = folder / "figures.json"
    described.write_text(json.dumps(schema()))
    return path, described


def make_wide(folder: Path, rows: int) -> tuple[Path, Path]:
    """Write a CSV table of 4,000 columns with as many cells as `make`, and its schema."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"c{number}" for number in range(WIDE)]
    path, described = folder / f"wide-{rows}.csv", folder / "wide.json"
    if not path.exists():
        with path.open("w") as file:
            file.write(",".join(names) + "\n")
            for row in range(max(1, rows * len(_FIELDS) // WIDE)):
                file.write(",".join(str(row + number) for number in range(WIDE)) + "\n")
    fields = [{"name": n, "type": "number", "unit": "1", "description": n} for n in names]
    text = {"$schema": schema()["$schema"], "title": "Wide", "description": "A benchmark.",
            "fields": fields, "primaryKey": names[:1], "rules": []}  # fmt: skip
    described.write_text(json.dumps(text))
    return path, described


def duckdb_by_hand(path: Path) -> dict[str, int]:
    """Count the rows that fail each rule with SQL written by hand."""
    with duckdb.connect() as database:
        database.register("families", families())
        counts = database.execute(f"""
            SELECT
              count(*) AS rows,
              count(*) FILTER (WHERE figure_id IS NULL) AS figure_id_required,
              count(*) FILTER (WHERE NOT regexp_full_match(figure_id, '{SLUG}')) AS slug,
              count(*) FILTER (WHERE family_id IS NULL) AS family_id_required,
              count(*) FILTER (WHERE kind IS NULL) AS kind_required,
              count(*) FILTER (WHERE kind NOT IN {KINDS}) AS kinds,
              count(*) FILTER (WHERE NOT regexp_full_match(currency, '[A-Z]{{3}}')) AS currencies,
              count(*) FILTER (WHERE chips < 1) AS chips,
              count(*) FILTER (WHERE low < 0) AS low,
              count(*) FILTER (WHERE value IS NULL) AS value_required,
              count(*) FILTER (WHERE level < 0) AS level_low,
              count(*) FILTER (WHERE level > 1) AS level_high,
              count(*) FILTER (WHERE as_of < DATE '1950-01-01') AS as_of,
              count(*) FILTER (WHERE as_of_precision NOT IN {PRECISIONS}) AS precisions,
              count(*) FILTER (WHERE low > value OR value > high OR low > high) AS in_order,
              count(*) FILTER (WHERE (low IS NULL) <> (high IS NULL)) AS both_bounds,
              count(*) FILTER (WHERE level IS NOT NULL AND low IS NULL) AS level_of_bounds,
              count(*) FILTER (WHERE (as_of IS NULL) <> (as_of_precision IS NULL)
                OR as_of_precision = 'month' AND day(as_of) <> 1
                OR as_of_precision = 'year' AND (day(as_of) <> 1 OR month(as_of) <> 1))
                AS precision_fits
            FROM '{path}'""").fetchone()
        (repeated,) = database.execute(f"""
            SELECT coalesce(sum(n), 0) FROM (
              SELECT count(*) AS n FROM '{path}' WHERE figure_id IS NOT NULL
              GROUP BY figure_id HAVING n > 1)""").fetchone()
        (dangling,) = database.execute(f"""
            SELECT count(*) FROM '{path}' AS figures ANTI JOIN families USING (family_id)
            WHERE figures.family_id IS NOT NULL""").fetchone()
    return {"rows": counts[0], "failing": sum(counts[1:]) + int(repeated) + int(dangling)}


def polars_by_hand(path: Path) -> dict[str, int]:
    """Count the rows that fail each rule with Polars written by hand."""
    import datetime

    import polars as pl

    frame, col = pl.scan_parquet(path), pl.col
    day, month, precision = col("as_of").dt.day(), col("as_of").dt.month(), col("as_of_precision")
    fails = [
        col("figure_id").is_null(),
        ~col("figure_id").str.contains(f"^(?:{SLUG})$"),
        col("family_id").is_null(),
        col("kind").is_null(),
        ~col("kind").is_in(KINDS),
        ~col("currency").str.contains("^[A-Z]{3}$"),
        col("chips") < 1,
        col("low") < 0,
        col("value").is_null(),
        col("level") < 0,
        col("level") > 1,
        col("as_of") < datetime.date(1950, 1, 1),
        ~precision.is_in(PRECISIONS),
        (col("low") > col("value")) | (col("value") > col("high")) | (col("low") > col("high")),
        col("low").is_null() != col("high").is_null(),
        col("level").is_not_null() & col("low").is_null(),
        (col("as_of").is_null() != precision.is_null())
        | ((precision == "month") & (day != 1))
        | ((precision == "year") & ((day != 1) | (month != 1))),
    ]
    rows = frame.select(pl.len(), *(f.sum().alias(str(n)) for n, f in enumerate(fails)))
    repeated = (
        frame.filter(col("figure_id").is_not_null())
        .group_by("figure_id").len().filter(col("len") > 1).select(col("len").sum())
    )  # fmt: skip
    others = pl.from_arrow(families()).lazy()
    dangling = frame.filter(col("family_id").is_not_null()).join(
        others, on="family_id", how="anti"
    ).select(pl.len())  # fmt: skip
    found = pl.collect_all([rows, repeated, dangling], engine="streaming")
    counts = found[0].row(0)
    failing = sum(c or 0 for c in counts[1:]) + (found[1].item() or 0) + found[2].item()
    return {"rows": counts[0], "failing": int(failing)}
