"""Which rows of a table break its checks.

For a table in memory (Arrow) the answer is the positions of the rows, for a lazy frame of an engine
the number of rows and the keys of some. In both, a row passes a check if a value that the check
reads is unknown, because its cell has a fault of its own.

Most checks hold for a whole table in memory, and that is often found faster than row by row: a key
by its order, limits of dates by the smallest and the largest, patterns by the distinct texts, or if
there are many by all texts joined. Only what is left in doubt is evaluated for each row.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.schemas.patterns import one_line, whole
from diffdata.schemas.rules import Check
from diffdata.validation.prepare import Prepared, collect

# Called before each pass with what it is about, its number from 1, and the number of passes.
Progress = Callable[[str, int, int], None]
Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]
Item = TypeVar("Item")
Result = TypeVar("Result")

MANY_ROWS = 10_000  # from here on threads and shortcuts are worth their cost
_HEAD = 1000  # rows that show whether a column has few distinct values
_FEW = 100  # distinct values
_AT_ONCE = 2**16  # texts that are joined
_LONGEST = 2**28  # bytes of the texts that are joined
_NONE = np.array([], dtype=np.intp)
_FETCHED = 50_000  # failing rows that are fetched in one pass for the samples of several rules


@dataclass(frozen=True)
class Verdict:
    """How many rows fail a check, and the keys of some."""

    failing: int
    sample: tuple[tuple[Any, ...], ...] = ()


def side_by_side(
    function: Callable[[Item], Result], items: Iterable[Item], rows: int
) -> list[Result]:
    """Return what a function returns for each item, in order, with threads if there are many rows.

    Arrow works outside of Python's lock. This thread works too: each new one takes memory.
    """
    given = list(items)
    results: dict[int, Result] = {}
    left = iter(range(len(given)))

    def work() -> None:
        for place in left:
            results[place] = function(given[place])

    helpers = min(8, os.cpu_count() or 1) - 1
    if rows <= MANY_ROWS or not helpers:
        work()
    else:
        with ThreadPoolExecutor(helpers) as pool:
            started = [pool.submit(work) for _ in range(helpers)]
            work()
            for helper in started:
                helper.result()
    return [results[place] for place in range(len(given))]


def failing_rows(
    table: pa.Table, checks: Sequence[Check], unknown: Mapping[str, Mask] | None = None
) -> list[np.ndarray]:
    """Return for each check the positions of the rows that break it; `unknown` is by column."""
    frame = nw.from_native(table, eager_only=True)

    def failing(check: Check, verdict: nw.Series[Any]) -> np.ndarray:
        if verdict.all():
            return _NONE
        rows: np.ndarray = np.flatnonzero(~verdict.to_numpy().astype(bool))
        for name in check.columns if check.name != "type" else ():
            if unknown and name in unknown:
                rows = rows[~unknown[name][rows]]
        return rows

    if len(table) <= MANY_ROWS:  # one pass for all costs least
        verdicts = frame.select(check.passes.alias(str(n)) for n, check in enumerate(checks))
        return list(map(failing, checks, verdicts.iter_columns()))

    def alone(check: Check) -> np.ndarray:
        if surely_passes(table, check):
            return _NONE
        return failing(check, frame.select(passes=check.passes)["passes"])

    # What takes longest comes first, so that no thread waits for another at the end.
    order = sorted(range(len(checks)), key=lambda place: not checks[place].unique)
    found = side_by_side(alone, [checks[place] for place in order], len(table))
    by_place = dict(zip(order, found, strict=True))
    return [by_place[place] for place in range(len(checks))]


def surely_passes(table: pa.Table, check: Check) -> bool:
    """Return whether it is quickly certain that no row breaks a check.

    Examples
    --------
    >>> from diffdata.schemas.rules import field_checks
    >>> from diffdata.schemas.standard import Field
    >>> field = Field.model_validate({"name": "id", "constraints": {"pattern": "[a-z0-9-]+"}})
    >>> many = pa.table({"id": ["gpt-3", "opt-175b"] * 10_000})
    >>> surely_passes(many, field_checks(field)[0])
    True
    """
    if check.unique:
        return _all_distinct(table, check.columns)
    if check.decided_by == "row" or len(table) <= MANY_ROWS:
        return False
    column = table[check.columns[0]]
    if check.decided_by == "presence":
        return bool(column.null_count == 0)
    if check.decided_by == "ends":  # comparing each number with a limit is as fast
        return pa.types.is_date(column.type) and _all_pass(check, _ends(column))
    if len(pc.unique(column.slice(0, _HEAD))) <= _FEW:
        return _all_pass(check, pc.unique(column))
    return _all_match(column, check.pattern)


def _all_pass(check: Check, values: pa.Array) -> bool:
    """Return whether each of some values of the one column passes."""
    few = nw.from_native(pa.table({check.columns[0]: values}), eager_only=True)
    return bool(few.select(passes=check.passes)["passes"].all())


def _ends(column: pa.ChunkedArray) -> pa.Array:
    ends = pc.min_max(column)
    return pa.array([ends["min"].as_py(), ends["max"].as_py()], column.type)


def _all_match(column: pa.ChunkedArray, pattern: str) -> bool:
    """Return whether all texts match a pattern, by matching them joined; False if undecided."""
    if not pa.types.is_string(column.type) or not one_line(pattern):
        return False
    each = whole(pattern).removeprefix("^").removesuffix(r"\z")
    for texts in _pieces(column.drop_null()):
        if texts.nbytes > _LONGEST:
            return False
        joined = pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts), "\n")
        # A newline in a text would make two texts of it, which may match where the one does not.
        newlines = np.count_nonzero(np.frombuffer(joined.buffers()[2], np.uint8) == ord("\n"))
        if newlines != len(texts) - 1:
            return False
        try:
            matches = pc.match_substring_regex(joined, rf"^(?:{each}\n)*{each}\z")
        except pa.ArrowInvalid:  # twice the pattern is too long for RE2
            return False
        if not matches[0].as_py():
            return False
    return True


def _pieces(column: pa.ChunkedArray) -> Iterator[pa.Array]:
    for chunk in column.chunks:
        for start in range(0, len(chunk), _AT_ONCE):
            yield chunk.slice(start, _AT_ONCE)


def _all_distinct(table: pa.Table, columns: Sequence[str]) -> bool:
    """Return whether a key is certainly unique."""
    if any(pa.types.is_floating(table.schema.field(name).type) for name in columns):
        return False  # Arrow has two zeros
    if len(columns) == 1:
        column = table[columns[0]].drop_null()
        return _increases(column) or len(pc.unique(column)) == len(column)
    keyed = table.select(list(columns)).drop_null()
    return bool(keyed.group_by(list(columns)).aggregate([]).num_rows == keyed.num_rows)


def _increases(column: pa.ChunkedArray) -> bool:
    """Return whether each value is larger than the one before, as in a sorted key."""
    # The first rows rule out most columns.
    return all(
        pc.all(pc.less(part.slice(0, max(len(part) - 1, 0)), part.slice(1))).as_py()
        for part in (column.slice(0, _HEAD), column)
    )


def evaluate(
    prepared: Prepared, checks: Sequence[Check], sample: int, progress: Progress
) -> tuple[int, list[Verdict]]:
    """Return the number of rows of a frame of any engine, and a verdict for each check.

    An engine evaluates all rules of a row in one pass, each unique key in another, and one more for
    the samples (the first keys of the rows that fail each check) if rows fail.
    """
    table = prepared.frame.to_native()
    if not isinstance(table, pa.Table):
        return _evaluate_lazily(prepared, checks, sample, progress)
    progress("rules of a row", 1, 1)
    unknown = {name: table[flag].to_numpy() for name, flag in prepared.flags.items()}
    open_checks = [c for c in checks if c.name != "type" or prepared.has_unknown(c)]
    positions = dict(
        zip(map(id, open_checks), failing_rows(table, open_checks, unknown), strict=True)
    )
    keyed = nw.from_native(table.select(list(prepared.key))).lazy()

    def verdict(check: Check) -> Verdict:
        rows = positions.get(id(check), _NONE)
        if not len(rows) or not sample:
            return Verdict(len(rows))
        failing = nw.from_native(keyed.to_native().take(pa.array(rows))).lazy()
        return Verdict(len(rows), _first_keys(failing, prepared.key, sample))

    return len(table), [verdict(check) for check in checks]


def _evaluate_lazily(
    prepared: Prepared, checks: Sequence[Check], sample: int, progress: Progress
) -> tuple[int, list[Verdict]]:
    frame, key = prepared.frame, prepared.key
    keys = [check for check in checks if check.unique]
    fails = {
        str(place): ~prepared.passes(check)
        for place, check in enumerate(checks)
        if not check.unique and (check.name != "type" or prepared.has_unknown(check))
    }
    steps = 1 + len(keys)
    progress("rules of a row", 1, steps)
    sums = [failing.cast(nw.Int64()).sum().alias(name) for name, failing in fails.items()]
    (counts,) = collect(frame.select(nw.len().alias("rows"), *sums)).to_pylist()
    verdicts = {id(check): Verdict(0) for check in checks}
    for number, check in enumerate(keys, start=2):
        progress(f"{check.name} ({', '.join(check.columns)})", number, steps)
        verdicts[id(check)] = _repeated(prepared, check, sample)
    failing = {name: int(counts[name]) for name in fails if counts[name]}
    if failing and sample:
        progress("rows that fail", steps + 1, steps + 1)
    samples = _samples(frame, {name: fails[name] for name in failing}, failing, key, sample)
    for name, number in failing.items():
        verdicts[id(checks[int(name)])] = Verdict(number, samples.get(name, ()))
    return int(counts["rows"]), [verdicts[id(check)] for check in checks]


def _repeated(prepared: Prepared, check: Check, sample: int) -> Verdict:
    """Count the rows whose key is also the key of other rows, by grouping, which is lazy."""
    frame, columns = prepared.frame, list(check.columns)
    for name in columns:
        frame = frame.filter(~nw.col(name).is_null())
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


def _samples(
    frame: nw.LazyFrame[Any],
    fails: Mapping[str, nw.Expr],
    failing: Mapping[str, int],
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
        name: _first_keys(frame.filter(fails[name]), key, sample)
        for name in fails
        if name not in few
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


def _first_keys(
    frame: nw.LazyFrame[Any], key: Sequence[str], sample: int
) -> tuple[tuple[Any, ...], ...]:
    if not key:
        return ()
    rows = collect(frame.select(*key).sort(*key).head(sample)).to_pylist()
    return tuple(tuple(row[name] for name in key) for row in rows)
