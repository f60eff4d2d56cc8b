"""The passes over a frame: one for all rules of a row, one for each key, one for the samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import pyarrow as pa

from diffdata.schemas.rules import Check
from diffdata.validation.failing import surely_passes
from diffdata.validation.parallel import side_by_side
from diffdata.validation.prepare import Prepared
from diffdata.validation.related import Related
from diffdata.validation.run import collect

# What a progress display is told: the step, its number from 1, and how many there are so far.
Progress = Callable[[str, int, int], None]

# So many failing rows are fetched in one pass for the samples of several rules.
_FETCHED = 50_000


@dataclass(frozen=True)
class Verdict:
    """How many rows fail a check, and the keys of some."""

    check: Check
    failing: int
    sample: tuple[tuple[Any, ...], ...]


def evaluate(
    prepared: Prepared,
    related: Related,
    checks: Sequence[Check],
    key: Sequence[str],
    sample: int,
    progress: Progress,
) -> tuple[int, list[Verdict]]:
    """Evaluate checks, and return the number of rows and a verdict for each check, in order."""
    frame = related.frame
    passing = _surely(prepared, checks)
    rows_of = [check for check in checks if not check.unique and id(check) not in passing]
    keys_of = [check for check in checks if check.unique and id(check) not in passing]
    steps = 1 + len(keys_of)
    progress("rules of a row", 1, steps)
    fails = {str(number): ~prepared.usable(check) for number, check in enumerate(rows_of)}
    rows, failing_by = _counts(frame, fails)
    verdicts = {number: Verdict(check, 0, ()) for number, check in passing.items()}
    for number, check in enumerate(keys_of, start=2):
        progress(f"{check.name} ({', '.join(check.columns)})", number, steps)
        failing, found = _repeated(prepared.frame, check, key, sample)
        verdicts[id(check)] = Verdict(check, failing, found)
    broken = {name: number for name, number in failing_by.items() if number}
    if broken and sample:
        progress("rows that fail", steps + 1, steps + 1)
    samples = _samples(frame, {name: fails[name] for name in broken}, broken, key, sample)
    for name, check in zip(fails, rows_of, strict=True):
        verdicts[id(check)] = Verdict(check, failing_by[name], samples.get(name, ()))
    return rows, [verdicts[id(check)] for check in checks]


def _surely(prepared: Prepared, checks: Sequence[Check]) -> dict[int, Check]:
    """Return the checks that no row breaks, as far as that is known without judging each."""
    sure = {id(c): c for c in checks if c.name == "type" and not prepared.doubtful(c)}
    table = prepared.frame.to_native()
    if isinstance(table, pa.Table):
        left = [check for check in checks if check.name != "type"]
        left.sort(key=lambda check: not check.unique)  # what takes longest comes first
        passing = side_by_side(lambda check: surely_passes(table, check), left, len(table))
        sure |= {id(check): check for check, passes in zip(left, passing, strict=True) if passes}
    return sure


def _counts(frame: nw.LazyFrame[Any], fails: Mapping[str, nw.Expr]) -> tuple[int, dict[str, int]]:
    """Count the rows, and those that fail: in one pass, or on Arrow side by side."""
    sums = {name: failing.cast(nw.Int64()).sum().alias(name) for name, failing in fails.items()}
    table = frame.to_native()
    if isinstance(table, pa.Table):
        parts = side_by_side(lambda name: collect(frame.select(sums[name])), sums, len(table))
        found = {name: part[name][0].as_py() for name, part in zip(sums, parts, strict=True)}
        return len(table), {name: count or 0 for name, count in found.items()}
    (counts,) = collect(frame.select(nw.len().alias("rows"), *sums.values())).to_pylist()
    return int(counts["rows"]), {name: int(counts[name] or 0) for name in sums}


def _repeated(
    frame: nw.LazyFrame[Any], check: Check, key: Sequence[str], sample: int
) -> tuple[int, tuple[tuple[Any, ...], ...]]:
    """Count the rows whose key stands in other rows too.

    Grouping is what every engine can do lazily; to tell for each row whether it is a duplicate is
    not.
    """
    columns = list(check.columns)
    given = frame
    for name in columns:
        given = given.filter(~nw.col(name).is_null())
    names = {name: f"_group_{name}" for name in columns}
    repeated = (
        given.group_by(*columns)
        .agg(nw.len().alias("_count"))
        .filter(nw.col("_count") > 1)
        .rename(names)
    )
    (found,) = collect(repeated.select(nw.col("_count").sum().alias("rows"))).to_pylist()
    failing = int(found["rows"] or 0)
    if not failing or not sample:
        return failing, ()
    groups = repeated.select(*names.values()).sort(*names.values())
    if list(key) == columns:
        # Each group has two rows or more, so that so many hold enough; their order is that of keys.
        groups = groups.head(sample)
    rows = given.join(groups, left_on=columns, right_on=list(names.values()), how="semi")
    return failing, _keys(rows, key, sample)


def _samples(
    frame: nw.LazyFrame[Any],
    fails: dict[str, nw.Expr],
    failing: dict[str, int],
    key: Sequence[str],
    sample: int,
) -> dict[str, tuple[tuple[Any, ...], ...]]:
    """Return the first keys of the rows that fail each rule."""
    if not sample or not key:
        return {}
    few, fetched = [], 0
    for name in sorted(fails, key=lambda name: failing[name]):
        fetched += failing[name]
        if fetched <= _FETCHED:
            few.append(name)
    found = {
        name: _keys(frame.filter(fails[name]), key, sample) for name in fails if name not in few
    }
    if few:
        flags = [fails[name].alias(f"_fails_{name}") for name in few]
        marked = frame.select(*key, *flags).filter(
            nw.any_horizontal(*(nw.col(f"_fails_{name}") for name in few), ignore_nulls=True)
        )
        rows = collect(marked.sort(*key)).to_pylist()
        for name in few:
            of_rule = [row for row in rows if row[f"_fails_{name}"]]
            found[name] = tuple(tuple(row[k] for k in key) for row in of_rule[:sample])
    return found


def _keys(frame: nw.LazyFrame[Any], key: Sequence[str], sample: int) -> tuple[tuple[Any, ...], ...]:
    rows = collect(frame.select(*key).sort(*key).head(sample)).to_pylist()
    return tuple(tuple(row[name] for name in key) for row in rows)
