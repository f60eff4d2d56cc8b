"""What a shell completes: names of tables, columns, models and other things, read from the files.

Nothing heavy is imported, for each press of the tab key starts the program anew. What cannot be
read completes nothing.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer

from diffdata.errors import PackageError
from diffdata.package.files import DESCRIPTOR, bundled_root

Completer = Callable[..., list[str]]

PLOTS = (
    "training-compute", "training-cost", "cost-per-flop", "price-performance", "api-price",
    "replication-lag", "survival", "benchmark-lag", "access", "cascade", "techniques", "estimates",
    "ledger", "forecasts",
)  # fmt: skip
CLOCKS = (
    "replication", "access", "benchmark", "index", "compute", "price", "hardware", "frontier",
)  # fmt: skip
VERDICTS = ("agrees", "agrees_within_rounding", "differs", "cannot_be_recomputed")
MILESTONES = (
    "developed", "announced", "published", "api", "weights", "deprecated", "retired",
)  # fmt: skip
GROUPS = ("closed", "open", "US", "CN", "company", "academia", "state", "nonprofit", "gpu", "tpu")


def one_of(*words: str) -> Completer:
    """Return the completion of a word that is one of some names."""

    def complete(incomplete: str) -> list[str]:
        return _matching(words, incomplete)

    return complete


def tables(context: typer.Context, incomplete: str) -> list[str]:
    """Complete the name of a table."""
    return _matching(_resources(context), incomplete)


def columns(context: typer.Context, incomplete: str) -> list[str]:
    """Complete names of columns of the table of the command, separated by commas."""
    *before, last = incomplete.split(",")
    return [",".join([*before, name]) for name in _matching(_columns(context), last)]


def conditions(context: typer.Context, incomplete: str) -> list[str]:
    """Complete the column of a condition or of a cell, with the equals sign after it."""
    return [f"{name}=" for name in _matching(_columns(context), incomplete)]


def ids(table: str, column: str) -> Completer:
    """Return the completion of an identifier of a table."""

    def complete(context: typer.Context, incomplete: str) -> list[str]:
        return _matching(_cells(context, table, column), incomplete)

    return complete


def names(table: str, column: str) -> Completer:
    """Return the completion of what may be in any case, such as a model: the case given stays."""

    def complete(context: typer.Context, incomplete: str) -> list[str]:
        found = _matching(_cells(context, table, column), incomplete.casefold())
        return [incomplete + name[len(incomplete) :] for name in found]

    return complete


def editions(incomplete: str) -> list[str]:
    """Complete a released edition."""
    found = _json(bundled_root() / "releases/index.json").get("releases", [])
    return _matching([release["edition"] for release in found], incomplete)


models, benchmarks = names("models", "model_id"), names("benchmarks", "benchmark_id")
quantities, sources = names("quantities", "quantity_id"), ids("sources", "source_id")
estimates, calculations = ids("estimates", "estimate_id"), ids("calculations", "calculation_id")


def _matching(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in dict.fromkeys(words) if word.startswith(incomplete)]


def _json(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found
    return {}


def _root(context: typer.Context) -> Path:
    given = context.params.get("package")
    try:
        return bundled_root() if given is None else Path(given)
    except PackageError:
        return Path()


def _resources(context: typer.Context) -> dict[str, Any]:
    found = _json(_root(context) / DESCRIPTOR).get("resources", [])
    return {each["name"]: each for each in found if isinstance(each, dict) and "name" in each}


def _columns(context: typer.Context) -> list[str]:
    resources = _resources(context)
    # The arguments are not parsed yet if the option that is completed comes after them.
    given = [context.params.get("table"), *context.args]
    resource: dict[str, Any] = next((resources[name] for name in given if name in resources), {})
    schema = resource.get("schema")
    found = _json(_root(context) / schema) if isinstance(schema, str) else schema or {}
    return [each["name"] for each in found.get("fields", [])]


def _cells(context: typer.Context, table: str, column: str) -> Iterator[str]:
    paths = _resources(context).get(table, {}).get("path", ())
    for path in [paths] if isinstance(paths, str) else paths:
        with (
            suppress(OSError, ValueError, csv.Error),
            (_root(context) / path).open(encoding="utf-8", newline="") as file,
        ):
            rows = csv.reader(file)
            place = next(rows, []).index(column)
            yield from (row[place] for row in rows if len(row) > place)
