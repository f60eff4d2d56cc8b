"""Add one good row to each of fifteen tables of a copy of the repository, and run tests there.

A new row in data/ must not break a test that has nothing to do with it. Run it as
``python -m tests.new_rows [ARGUMENT OF PYTEST ...]``; by default it runs the tests of the dataset.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from diffdata.editing.rows import derive, normal_rows, rows_text
from diffdata.package.files import read_text
from diffdata.package.packages import Package, open_package

ROOT = Path(__file__).resolve().parent.parent
_IGNORED = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")

CITED = {"source_id": "imaginary-2021", "locator": "Table 1", "verification": "read"}
# In the order in which they are added: the later ones refer to the earlier ones.
ROWS: dict[str, dict[str, str]] = {
    "sources": {"source_kind": "paper", "title": "A New Model", "authors": "Imaginary, Ina",
                "publisher": "Imaginary Press", "published": "2021-06-01",
                "url": "https://example.org/a-new-model", "accessed": "2026-11-22"},
    "organizations": {"name": "A New Lab", "organization_kind": "nonprofit"},
    "models": {"name": "AA New Model", "architecture": "dense"},
    "model_dates": {"model_id": "aa-new-model", "milestone": "published", "date": "2021-06-01",
                    "certainty": "stated"},
    "model_developers": {"model_id": "aa-new-model", "organization_id": "a-new-lab",
                         "role": "developer"},
    "hardware": {"name": "AA100", "vendor_organization_id": "a-new-lab", "hardware_kind": "gpu"},
    "training_runs": {"model_id": "aa-new-model", "hardware_id": "aa100", "chips": "128",
                      "basis": "reported"},
    "artifacts": {"model_id": "aa-new-model", "name": "AA New Model weights",
                  "artifact_kind": "weights", "access": "open", "available": "2021-06-01",
                  "certainty": "stated"},
    "estimates": {"model_id": "aa-new-model", "quantity_id": "parameters", "value": "7e9",
                  "as_printed": "7B", "basis": "reported"},
    "evaluations": {"model_id": "aa-new-model", "benchmark": "lambada", "setting": "few_shot",
                    "metric": "accuracy", "score": "70.1", "reporter": "self"},
    "model_domains": {"model_id": "aa-new-model", "domain": "language"},
    "benchmarks": {"name": "AA New Benchmark", "usual_metric": "accuracy",
                   "score_scale": "percent"},
    "aliases": {"alias": "aa-new-model-2021", "alias_kind": "version", "model_id": "aa-new-model",
                "alias_certainty": "certain"},
    "hardware_prices": {"hardware_id": "aa100", "hardware_as_printed": "AA100", "amount": "2",
                        "price_kind": "cloud_hour", "commitment": "on_demand", "seller": "AWS",
                        "currency": "USD", "as_printed": "2", "listed_on": "2021-06-01"},
    "api_prices": {"model_as_sold": "aa-new-model", "provider": "openai", "as_printed": "1 / 2",
                   "input_usd_per_million_tokens": "1", "output_usd_per_million_tokens": "2",
                   "listed_on": "2021-06-01"},
}  # fmt: skip


def add_rows(package: Package) -> None:
    """Add the rows to their tables."""
    for table, cells in ROWS.items():
        schema, path = package.schema(table), next(iter(package.files(table).values()))
        given = cells if table == "sources" else cells | CITED
        rows = normal_rows(read_text(path, path.name), schema, path.name)
        path.write_text(rows_text([*rows, derive(package, table, given)], schema), newline="")


def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Add the rows to a copy of the repository, build it, and run pytest there."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "diffdata")
        shutil.copytree(ROOT, copy, ignore=_IGNORED)
        add_rows(open_package(copy))
        build = [sys.executable, "-m", "diffdata", "build", "--package", str(copy)]
        subprocess.run(build, cwd=copy, check=True, capture_output=True)
        pytest = [sys.executable, "-m", "pytest", "-n0", "-q", "-p", "no:cacheprovider"]
        return subprocess.run(
            [*pytest, *arguments], cwd=copy, check=False, text=True, stdout=subprocess.PIPE
        )


if __name__ == "__main__":
    result = run(sys.argv[1:] or ["tests/test_dataset.py"])
    print(result.stdout)
    sys.exit(result.returncode)
