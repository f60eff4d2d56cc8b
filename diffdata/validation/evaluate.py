"""Which rows break checks: their positions in memory (Arrow), elsewhere their number and keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.schemas.rules import Check
from diffdata.validation.prepare import Prepared, collect

# Called before each pass with what it is about, its number from 1, and the number of passes.
Progress = Callable[[str, int, int], None]
Sample = tuple[tuple[Any, ...], ...]
Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]
Item = TypeVar("Item")
Result = TypeVar("Result")

MANY_ROWS = 10_000  # from here on threads and shortcuts are worth their cost
_NONE = np.array([], dtype=np.intp)
_FETCHED = 50_000  # failing rows that are fetched in one pass for the samples of several rules


@dataclass(frozen=True)
class Verdict:
    """How many rows fail a check, and the keys of some."""

    failing: int
    sample: Sample = ()


def side_by_side(
    function: Callable[[Item], Result], items: Iterable[Item], rows: int
) -> list[Result]:
    """Return the result of a function of Arrow for each item, in threads if there are many rows."""
    if rows <= MANY_ROWS:
        return [function(item) for item in items]
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        return list(pool.map(function, items))


def failing_rows(
    table: pa.Table, checks: Sequence[Check], unknown: Mapping[str, Mask] | None = None
) -> list[np.ndarray]:
    """Return for each check the positions of the rows that break it; `unknown` is by column."""
    frame = nw.from_native(table, eager_only=True)

    def failing(check: Check, verdict: nw.Series[Any]) -> np.ndarray:
        rows = _NONE if verdict.all() else np.flatnonzero(~verdict.to_numpy().astype(bool))
        for name in check.columns:
            if unknown and name in unknown:
                rows = rows[~unknown[name][rows]]
        return rows

    def alone(check: Check) -> np.ndarray:
        if check.unique and _all_distinct(table, check.columns):
            return _NONE
        return failing(check, frame.select(passes=check.passes)["passes"])

    if len(table) > MANY_ROWS:
        return side_by_side(alone, checks, len(table))
    # One pass for all checks costs least.
    verdicts = frame.select(check.passes.alias(str(n)) for n, check in enumerate(checks))
    return list(map(failing, checks, verdicts.iter_columns()))


def _all_distinct(table: pa.Table, columns: Sequence[str]) -> bool:
    """Return whether a key is certainly unique, which takes less than to judge each row."""
    if any(pa.types.is_floating(table.schema.field(name).type) for name in columns):
        return False  # Arrow has two zeros
    keys = table.select(list(columns)).drop_null()
    if len(columns) == 1:
        return len(pc.unique(keys[0])) == len(keys)
    return len(keys.group_by(keys.column_names).aggregate([])) == len(keys)


def evaluate(
    prepared: Prepared, checks: Sequence[Check], sample: int, progress: Progress
) -> tuple[int, list[Verdict]]:
    """Return the number of rows of a frame of any engine, and a verdict for each check.

    An engine evaluates all rules of a row in one pass, each unique key in another, and one more for
    the samples (the first keys of the rows that fail each check) if rows fail.
    """
    undecided = {
        place: replace(check, passes=prepared.passes(check))
        for place, check in enumerate(checks)
        if check.name != "type" or check.columns[0] in prepared.flags
    }
    table = prepared.frame.to_native()
    if isinstance(table, pa.Table):
        progress("rules of a row", 1, 1)
        failing = failing_rows(table, list(undecided.values()))
        keys = table.select(list(prepared.key))
        rows, found = len(table), [_verdict(keys, positions, sample) for positions in failing]
    else:
        rows, found = _evaluate_lazily(prepared, list(undecided.values()), sample, progress)
    verdicts = dict(zip(undecided, found, strict=True))
    return rows, [verdicts.get(place, Verdict(0)) for place in range(len(checks))]


def _verdict(keys: pa.Table, failing: np.ndarray, sample: int) -> Verdict:
    if not (sample and len(failing)):
        return Verdict(len(failing))
    rows = nw.from_native(keys.take(pa.array(failing))).lazy()
    return Verdict(len(failing), _first_keys(rows, keys.column_names, sample))


def _evaluate_lazily(
    prepared: Prepared, checks: Sequence[Check], sample: int, progress: Progress
) -> tuple[int, list[Verdict]]:
    frame = prepared.frame
    keys = [place for place, check in enumerate(checks) if check.unique]
    fails = {place: ~check.passes for place, check in enumerate(checks) if not check.unique}
    steps = 1 + len(keys)
    progress("rules of a row", 1, steps)
    sums = [failing.cast(nw.Int64()).sum().alias(str(place)) for place, failing in fails.items()]
    (counts,) = collect(frame.select(nw.len().alias("rows"), *sums)).to_pylist()
    verdicts = {}
    for number, place in enumerate(keys, start=2):
        check = checks[place]
        progress(f"{check.name} ({', '.join(check.columns)})", number, steps)
        verdicts[place] = _repeated(prepared, check, sample)
    failing = {place: int(counts[str(place)] or 0) for place in fails}
    samples: dict[int, Sample] = {}
    if any(failing.values()) and sample:
        progress("rows that fail", steps + 1, steps + 1)
        samples = _samples(prepared, fails, failing, sample)
    verdicts |= {place: Verdict(n, samples.get(place, ())) for place, n in failing.items()}
    return int(counts["rows"]), [verdicts[place] for place in range(len(checks))]


def _repeated(prepared: Prepared, check: Check, sample: int) -> Verdict:
    """Count the rows whose key is also the key of other rows, by grouping, which is lazy."""
    columns = list(check.columns)
    frame = prepared.frame.drop_nulls(columns)
    if frame.implementation.is_polars() and _hashes_differ(frame, columns):
        return Verdict(0)
    names = {name: f"_group_{name}" for name in columns}
    groups = frame.group_by(*columns).agg(nw.len().alias("_count")).filter(nw.col("_count") > 1)
    (found,) = collect(groups.select(nw.col("_count").sum().alias("rows"))).to_pylist()
    failing = int(found["rows"] or 0)
    if not failing or not sample:
        return Verdict(failing)
    first = groups.rename(names).select(*names.values()).sort(*names.values())
    if list(prepared.key) == columns:
        # Each group has two rows or more, and the order of groups is that of keys.
        first = first.head(sample)
    rows = frame.join(first, left_on=columns, right_on=list(names.values()), how="semi")
    return Verdict(failing, _first_keys(rows, prepared.key, sample))


def _hashes_differ(frame: nw.LazyFrame[Any], columns: list[str]) -> bool:
    """Return whether the keys have distinct hashes: so they differ, at half the cost of groups."""
    import polars as pl

    hashes = frame.to_native().select(hash=pl.struct(columns).hash())
    counts = nw.from_native(hashes).select(nw.len(), nw.col("hash").n_unique())
    (found,) = collect(counts).to_pylist()
    return bool(found["hash"] == found["len"])


def _samples(
    prepared: Prepared, fails: Mapping[int, nw.Expr], failing: Mapping[int, int], sample: int
) -> dict[int, Sample]:
    """Return the first keys of the rows that fail each check: in one pass, where these are few."""
    frame, key = prepared.frame, prepared.key
    few, fetched = {}, 0
    found: dict[int, Sample] = {}
    for place, number in sorted(failing.items(), key=lambda item: item[1]):
        fetched += number
        if number and fetched <= _FETCHED:
            few[f"_fails_{place}"] = place
        elif number:
            found[place] = _first_keys(frame.filter(fails[place]), key, sample)
    if few and key:
        flags = [fails[place].alias(flag) for flag, place in few.items()]
        some = nw.any_horizontal(*map(nw.col, few), ignore_nulls=True)
        rows = collect(frame.select(*key, *flags).filter(some).sort(*key)).to_pylist()
        for flag, place in few.items():
            first = [row for row in rows if row[flag]][:sample]
            found[place] = tuple(tuple(row[name] for name in key) for row in first)
    return found


def _first_keys(frame: nw.LazyFrame[Any], key: Sequence[str], sample: int) -> Sample:
    if not key:
        return ()
    rows = collect(frame.select(*key).sort(*key).head(sample)).to_pylist()
    return tuple(tuple(row[name] for name in key) for row in rows)
