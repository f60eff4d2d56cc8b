"""Make a synthetic hub of models: base models, their derivatives, release dates and access.

Run it as ``python examples/hub/generate.py 20000000 hub/``. Every column is computed from the
number of the model, so that the same number of models gives the same hub on every machine. Nothing
in it is a fact: it stands for the listing of a model hub, which has the same shape.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

# So many models begin a family; all others derive from one that is older.
SHARE_OF_ROOTS = 10_000
PARTS = 8

# A number between 0 and 1 that looks random, from the number of a model; arithmetic that stays
# the same where the hash of an engine may change with its version.
_DRAW = "((({i} + {salt}) * 2654435761 % 4294967296 * 40503 + {salt}) % 65521 / 65521.0)"


def draw(salt: int) -> str:
    """Return the SQL of a draw; each salt gives others."""
    return _DRAW.format(i="i", salt=salt * 7919)


def generate(models: int, folder: Path) -> Path:
    """Write the hub as Parquet in several parts.

    Parameters
    ----------
    models
        How many models; one in `SHARE_OF_ROOTS` begins a family, but at least ten do.
    folder
        Where the parts go.

    Returns
    -------
    folder
        The folder. Columns: model (a number), base_model (missing for those that begin a family),
        developer, released, released_precision, access (``open``, ``on_request``, ``api_only``),
        available, available_precision (since when the weights could be had; missing where they
        cannot).
    """
    roots = max(10, models // SHARE_OF_ROOTS)
    day = f"(DATE '2018-01-01' + floor(2800.0 * i / {models})::INTEGER)"
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as database:
        # A family that begins early has more derivatives, as have models that are derived from.
        database.execute(f"""
            COPY (
              SELECT
                i AS model,
                CASE
                  WHEN i < {roots} THEN NULL
                  WHEN {draw(1)} < 0.7 THEN floor(pow({draw(2)}, 2) * {roots})::BIGINT
                  ELSE floor({draw(3)} * i)::BIGINT
                END AS base_model,
                floor(pow({draw(4)}, 3) * {max(10, models // 20)})::BIGINT AS developer,
                CASE WHEN {draw(5)} < 0.9 THEN {day} ELSE date_trunc('month', {day}) END::DATE
                  AS released,
                CASE WHEN {draw(5)} < 0.9 THEN 'day' ELSE 'month' END AS released_precision,
                CASE WHEN {draw(6)} < 0.8 THEN 'open' WHEN {draw(6)} < 0.9 THEN 'on_request'
                  ELSE 'api_only' END AS access,
                CASE WHEN {draw(6)} < 0.9 THEN {day} + floor(pow({draw(7)}, 4) * 400)::INTEGER
                END AS available,
                CASE WHEN {draw(6)} < 0.9 THEN 'day' END AS available_precision,
                i % {PARTS} AS part
              FROM range({models}) AS numbers(i)
            ) TO '{folder}' (FORMAT parquet, PARTITION_BY (part), OVERWRITE_OR_IGNORE)""")
    return folder


if __name__ == "__main__":
    print(generate(int(sys.argv[1]), Path(sys.argv[2])))
