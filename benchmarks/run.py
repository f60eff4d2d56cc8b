"""Measure diffdata against other libraries, as ratios within one run.

Run it as ``python benchmarks/run.py``, after ``pip install -e '.[bench]'``; it prints the table of
docs/benchmarks.md. The two sides of a line alternate, so that other load on the machine affects
both. Each runs in its own process: once without being timed, and then repeatedly for a second, or
once. The ratio is the median of the ratios of the rounds.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from cold import COLD

HERE = Path(__file__).parent
LARGE, SMALL = 10_000_000, 100_000
VERSIONS = (
    "diffdata", "duckdb", "polars", "pandas", "pandera", "dataframely", "frictionless", "numpy",
    "scipy",
)  # fmt: skip


class Line(NamedTuple):
    """Two cases that are compared; `theirs` may give its own number of rows, as in `name:1000`."""

    title: str
    ours: str
    theirs: str
    rows: int
    limit: str


LINES = [
    Line("check, Parquet, DuckDB / SQL by hand", "diffdata_duckdb", "hand_duckdb", LARGE,
         "grouping by the key"),
    Line("check, Parquet, Polars / Polars by hand", "diffdata_polars", "hand_polars", LARGE,
         "grouping by the key"),
    Line("validate, CSV / frictionless", "diffdata_csv", "frictionless_csv", SMALL,
         "parsing cells exactly"),
    Line("check, Parquet / frictionless on CSV", "diffdata_parquet", "frictionless_csv", SMALL,
         "reading the file, and patterns"),
    Line("check, Parquet, DuckDB / pandera on pandas", "diffdata_duckdb", "pandera_pandas",
         1_000_000, "grouping by the key"),
    Line("check, Parquet, Polars / pandera on Polars", "diffdata_polars", "pandera_polars",
         1_000_000, "grouping by the key"),
    Line("check, Polars in memory / dataframely", "diffdata_memory", "dataframely", 1_000_000, ""),
    Line("check, Polars in memory, 1 % faulty / dataframely", "diffdata_memory_faulty",
         "dataframely_faulty", 1_000_000, ""),
    Line("worst case: validate, CSV, 1 % faulty rows / none", "diffdata_csv_faulty", "diffdata_csv",
         1_000_000, "a message for each fault"),
    Line("worst case: validate, CSV, one unclosed quote / none", "diffdata_csv_quote",
         "diffdata_csv", 1_000_000, "splitting row by row"),
    Line("worst case: validate, CSV, 4,000 columns / 12 columns, as many cells",
         "diffdata_csv_wide", "diffdata_csv", 1_000_000, "a fixed cost for each column"),
    Line("check, 1e7 rows / 1e6 rows", "diffdata_duckdb", "diffdata_duckdb:1000000", LARGE,
         "grows with rows: 10 is linear"),
    Line("check, 35 rules / 31 rules", "rules_2", "rules_1", LARGE,
         "rules share a pass: 1.13 would be linear"),
    Line("check, 59 rules / 31 rules", "rules_8", "rules_1", LARGE,
         "rules share a pass: 1.9 would be linear"),
    Line("8 lognormals, 1e6 draws / numpy", "diffdata_draws", "numpy_draws", 0,
         "drawing each factor by itself"),
    Line("8 lognormals, 1e6 draws / scipy", "diffdata_draws", "scipy_draws", 0,
         "drawing each factor by itself"),
    Line("8 lognormals, 1e6 draws / squigglepy", "diffdata_draws", "squigglepy_draws", 0,
         "drawing each factor by itself"),
    Line("ratio of interval columns / Polars by hand", "closed_columns", "hand_columns", 1_000_000,
         "logarithms"),
    Line("cold: import diffdata / import pandas", "import_diffdata", "import_pandas", 0,
         "nothing heavy is imported"),
    Line("cold: load / pandas.read_parquet", "load", "read_parquet", 0, "importing pandas"),
    Line("cold: load / pandas.read_csv", "load", "read_csv", 0, "importing pandas and pyarrow"),
    Line("cold: load, Polars / polars.scan_parquet", "load_polars", "read_polars", 0,
         "importing pyarrow, which Polars does without"),
    Line("cold: load from CSV / pandas.read_parquet", "load_validated", "read_parquet", 0,
         "imports, and the checks"),
]  # fmt: skip


class Result(NamedTuple):
    """One run of a case: its seconds and its peak memory."""

    seconds: float
    megabytes: float


class NotMeasuredError(Exception):
    """A case did not finish."""


def once(case: str, rows: int, folder: Path) -> Result:
    """Run a case in its own process."""
    name, _, other = case.partition(":")
    if name in COLD:
        code = COLD[name].format(models=str(folder / "models.parquet"), csv=str(folder / "m.csv"))
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-c", code])
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise NotMeasuredError(f"{case} failed")
        return Result(time.perf_counter() - start, usage.ru_maxrss / 1024)
    command = [sys.executable, str(HERE / "cases.py"), name, str(folder), other or str(rows)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise NotMeasuredError(f"{case}: {(run.stderr.splitlines() or ['failed'])[-1]}")
    return Result(**json.loads(run.stdout.splitlines()[-1]))


def measure(line: Line, rounds: int, folder: Path) -> str:
    """Return a row of the table."""
    pairs = []
    for number in range(rounds + 1):
        pair = once(line.ours, line.rows, folder), once(line.theirs, line.rows, folder)
        if number:  # the first round warms the files
            pairs.append(pair)
    ratio = statistics.median(ours.seconds / theirs.seconds for ours, theirs in pairs)
    ours, theirs = (
        [statistics.median(values) for values in zip(*side, strict=True)]
        for side in zip(*pairs, strict=True)
    )
    rows = f"{line.rows:.0e}".replace("e+0", "e") if line.rows else ""
    faster = f"{1 / ratio:.1f} times faster" if ratio < 0.67 else ""
    cells = [line.title, rows, f"{ours[0]:.3g} s", f"{theirs[0]:.3g} s", f"{ratio:.3g}", faster,
             f"{ours[1]:.0f} MB", f"{theirs[1]:.0f} MB", line.limit]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def machine() -> str:
    """Describe the machine on which the figures were measured."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if "model name" in line), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model or platform.processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"{platform.system()}, Python {platform.python_version()}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="after one that does not count")
    parser.add_argument("--only", default="", help="measure the lines whose title contains this")
    parser.add_argument("--rows", type=int, help="use tables of this size, to try the benchmarks")
    parser.add_argument("--folder", type=Path, help="keep the tables here for the next run")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        prepare(folder)
        versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS)
        load = os.getloadavg()[0]
        print(f"{datetime.date.today()}: {machine()}; load {load:.1f} at the start; {versions}.\n")
        print("| what | rows | diffdata | other | ratio | | memory | of the other | limited by |")
        print("|---|---|---|---|---|---|---|---|---|")
        missed = 0
        for line in LINES:
            if given.only in line.title:
                if given.rows and line.rows:
                    tenth = re.sub(r":\d+", f":{given.rows // 10}", line.theirs)
                    line = line._replace(rows=given.rows, theirs=tenth)
                try:
                    print(measure(line, given.rounds, folder), flush=True)
                except NotMeasuredError as error:  # such as a library that is not installed
                    print(f"| {line.title} | not measured: {error} |", flush=True)
                    missed += 1
    sys.exit(missed > 0)


def prepare(folder: Path) -> None:
    """Write the table that is loaded as Parquet and CSV, for pandas to read.

    This runs in its own process, because the peak memory of a child includes that of its parent.
    """
    code = (
        "import diffdata; models = diffdata.load('models'); "
        f"models.to_parquet({str(folder / 'models.parquet')!r}); "
        f"models.to_csv({str(folder / 'm.csv')!r}, index=False)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


if __name__ == "__main__":
    main()
