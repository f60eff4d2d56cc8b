"""Measure the validation of CSV files against `frictionless validate`, as ratios within one run.

Run it as ``python benchmarks/validation.py``. The table is like ``estimates``: 12 columns, ids,
references to another table, numbers with intervals, enums, dates. Both tools read the same package
from the same disk, alternate, and must find faults in the same lines; rows per second are medians.
In the faulty files one row in a hundred breaks a constraint.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frictionless
import pyarrow

import diffdata

COLUMNS: list[dict[str, Any]] = [
    {"name": "estimate_id", "type": "string",
     "constraints": {"required": True, "pattern": "[a-z0-9]+(?:[.-][a-z0-9]+)*"}},
    {"name": "model_id", "type": "string", "constraints": {"required": True}},
    {"name": "quantity", "type": "string", "constraints": {"required": True}},
    {"name": "value", "type": "number", "constraints": {"minimum": 0}},
    {"name": "low", "type": "number", "constraints": {"minimum": 0}},
    {"name": "high", "type": "number", "constraints": {"minimum": 0}},
    {"name": "level", "type": "number", "constraints": {"minimum": 0, "maximum": 1}},
    {"name": "unit", "type": "string",
     "constraints": {"required": True, "enum": ["FLOP", "parameter", "token", "currency"]}},
    {"name": "basis", "type": "string",
     "constraints": {"required": True, "enum": ["reported", "estimated", "derived", "assumed"]}},
    {"name": "as_of", "type": "date"},
    {"name": "price_year", "type": "integer", "constraints": {"minimum": 1950}},
    {"name": "note", "type": "string"},
]  # fmt: skip
MODELS = 500


def write_package(folder: Path, rows: int, faulty: float) -> None:
    """Write a package of which a share of the rows is faulty."""
    models = {"fields": [{"name": "model_id", "type": "string"}], "primaryKey": ["model_id"]}
    reference = {"resource": "models", "fields": ["model_id"]}
    estimates = {
        "fields": COLUMNS,
        "primaryKey": ["estimate_id"],
        "foreignKeys": [{"fields": ["model_id"], "reference": reference}],
    }
    resources = [
        {"name": name, "type": "table", "path": f"{name}.csv", "schema": schema}
        for name, schema in (("models", models), ("estimates", estimates))
    ]
    text = json.dumps({"name": "benchmark", "resources": resources})
    (folder / "datapackage.json").write_text(text)
    names = "".join(f"model-{number}\n" for number in range(MODELS))
    (folder / "models.csv").write_text(f"model_id\n{names}")
    with (folder / "estimates.csv").open("w") as file:
        file.write(",".join(column["name"] for column in COLUMNS) + "\n")
        file.writelines(lines(rows, faulty))


def lines(rows: int, faulty: float) -> Iterator[str]:
    """Yield the rows as lines; each faulty one breaks one constraint."""
    draw = random.Random(2026)
    breaks = [
        lambda row: row.__setitem__(3, "3..14"),
        lambda row: row.__setitem__(8, "estimate"),
        lambda row: row.__setitem__(9, "2020-02-30"),
        lambda row: row.__setitem__(6, "90"),
        lambda row: row.__setitem__(1, ""),
        lambda row: row.__setitem__(10, "1020"),
    ]
    for number in range(rows):
        value = draw.lognormvariate(50, 5)
        row = [
            f"estimate-{number}", f"model-{draw.randrange(MODELS)}", "training_compute",
            f"{value:.6g}", f"{value / 3:.6g}", f"{value * 3:.6g}", "0.9",
            draw.choice(["FLOP", "parameter", "token"]), draw.choice(["reported", "estimated"]),
            f"20{draw.randrange(10, 24)}-0{draw.randrange(1, 10)}-{draw.randrange(10, 28)}",
            "2020" if number % 3 else "", "" if number % 4 else '"from the text, section 2"',
        ]  # fmt: skip
        if draw.random() < faulty:
            draw.choice(breaks)(row)
        yield ",".join(row) + "\n"


def ours(folder: Path) -> set[tuple[str, int]]:
    """Return the lines in which diffdata finds faults."""
    return {(issue.file, issue.line or 0) for issue in diffdata.validate(folder)}


def theirs(folder: Path) -> set[tuple[str, int]]:
    """Return the lines in which frictionless finds faults."""
    report = frictionless.validate(str(folder / "datapackage.json"), limit_errors=10**9)
    return {
        (str(task.place), int(getattr(error, "row_number", 0)))
        for task in report.tasks
        for error in task.errors
    }


def timed(check: Any, folder: Path, rounds: int) -> tuple[float, set[tuple[str, int]]]:
    """Return the median time of a check in seconds, and the lines that it finds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        found = check(folder)
        times.append(time.perf_counter() - start)
    return statistics.median(times), found


def main() -> None:
    """Print the ratio for each file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="of each tool")
    parser.add_argument(
        "--rows", "--most", type=int, default=10**6, help="rows of the largest file"
    )
    given = parser.parse_args()
    print(f"{platform.machine()} {platform.processor()}, Python {platform.python_version()}, "
          f"pyarrow {pyarrow.__version__}, frictionless {frictionless.__version__}")  # fmt: skip
    with tempfile.TemporaryDirectory() as name:  # first calls import modules
        write_package(Path(name), 100, 0.01)
        ours(Path(name)), theirs(Path(name))
    for rows, faulty in ((min(10**5, given.rows), 0.0), (given.rows, 0.0), (given.rows, 0.01)):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_package(folder, rows, faulty)
            fast, found = timed(ours, folder, given.rounds)
            slow, expected = timed(theirs, folder, 1 if rows > 10**5 else given.rounds)
        odd = len(found ^ expected)
        same = f"{odd} lines DIFFER" if odd else f"the same {len(found)} lines are faulty"
        print(
            f"{rows:>9,} rows, {faulty:.0%} faulty: {rows / fast:>10,.0f} rows/s against "
            f"{rows / slow:>7,.0f}: {slow / fast:.0f} times; {same}"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
