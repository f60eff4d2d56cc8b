"""Which rows of a frame in memory break a check.

Most checks hold for all of a table. Of an Arrow table that is often told faster than by judging
each row: a key by its order, limits of dates by the first and the last, patterns by the distinct
texts, or where there are many by all of them joined. Only what is left in doubt is judged by row.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from diffdata.schemas.patterns import one_line, whole
from diffdata.schemas.rules import Check
from diffdata.validation.parallel import MANY_ROWS, side_by_side

_HEAD = 1000  # rows that tell whether a column has few values
_FEW = 100  # values of them
_AT_ONCE = 2**16  # rows whose texts are joined
_LONGEST = 2**28  # bytes of a piece of a column that is joined
_NONE = np.array([], dtype=np.intp)


def failing_rows(frame: pd.DataFrame | pa.Table, checks: Sequence[Check]) -> list[np.ndarray]:
    """Evaluate checks over a frame.

    Returns
    -------
    positions
        For each check the positions (from 0) of the rows that break it.
    """
    if isinstance(frame, pa.Table):
        return side_by_side(
            lambda check: _NONE if surely_passes(frame, check) else _failing(frame, [check])[0],
            checks,
            len(frame),
        )
    with warnings.catch_warnings():
        # pandas advises against groups in patterns, which are as good as any in a schema.
        warnings.filterwarnings("ignore", "This pattern is interpreted", UserWarning)
        return _failing(frame, checks)


def _failing(frame: pd.DataFrame | pa.Table, checks: Sequence[Check]) -> list[np.ndarray]:
    verdicts = nw.from_native(frame, eager_only=True).select(
        check.passes.alias(str(number)) for number, check in enumerate(checks)
    )
    return [
        _NONE if verdict.all() else np.flatnonzero(~verdict.to_numpy().astype(bool))
        for verdict in verdicts.iter_columns()
    ]


def surely_passes(table: pa.Table, check: Check) -> bool:
    """Tell quickly that no row breaks a check; False if one may.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> from diffdata.schemas.rules import field_checks
    >>> required, pattern = field_checks(open_package().schema("models").field("model_id"))
    >>> many = pa.table({"model_id": ["gpt-3", "opt-175b"] * 10_000})
    >>> surely_passes(many, pattern)
    True
    """
    if check.unique:
        return _all_distinct(table, check.columns)
    if check.decided_by == "row" or len(table) <= MANY_ROWS:
        return False
    (name,) = check.columns
    column = table[name]
    if check.decided_by == "presence":
        return bool(column.null_count == 0)
    if check.decided_by == "ends":  # to compare each number with a limit is as fast
        return pa.types.is_date(column.type) and _hold(check, _ends(column))
    if len(pc.unique(column.slice(0, _HEAD))) <= _FEW:
        return _hold(check, pc.unique(column))
    return _all_match(column, check.pattern)


def _hold(check: Check, values: pa.Array) -> bool:
    """Tell whether each of some values of the one column passes."""
    few = nw.from_native(pa.table({check.columns[0]: values}), eager_only=True)
    return bool(few.select(passes=check.passes)["passes"].all())


def _ends(column: pa.ChunkedArray) -> pa.Array:
    """Return the least and the largest value."""
    ends = pc.min_max(column)
    return pa.array([ends["min"].as_py(), ends["max"].as_py()], column.type)


def _all_match(column: pa.ChunkedArray, pattern: str) -> bool:
    """Tell whether all texts match a pattern, by one look at them joined; False if that is open."""
    if not pa.types.is_string(column.type) or not one_line(pattern):
        return False
    each = whole(pattern).removeprefix("^").removesuffix(r"\z")
    for texts in _pieces(column.drop_null()):
        if texts.nbytes > _LONGEST:
            return False
        joined = pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts), "\n")
        # A newline in a text would make two of it, that may match where the one does not.
        newlines = np.count_nonzero(np.frombuffer(joined.buffers()[2], np.uint8) == ord("\n"))
        if newlines != len(texts) - 1:
            return False
        try:
            matches = pc.match_substring_regex(joined, rf"^(?:{each}\n)*{each}\z")
        except pa.ArrowInvalid:  # too long for RE2 when it stands twice
            return False
        if not matches[0].as_py():
            return False
    return True


def _pieces(column: pa.ChunkedArray) -> Iterator[pa.Array]:
    for chunk in column.chunks:
        for start in range(0, len(chunk), _AT_ONCE):
            yield chunk.slice(start, _AT_ONCE)


def _all_distinct(table: pa.Table, columns: Sequence[str]) -> bool:
    """Tell whether a key is surely unique."""
    if any(pa.types.is_floating(table.schema.field(name).type) for name in columns):
        return False  # Arrow has two zeros
    if len(columns) == 1:
        column = table[columns[0]].drop_null()
        return _increases(column) or len(pc.unique(column)) == len(column)
    keyed = table.select(list(columns)).drop_null()
    return bool(keyed.group_by(list(columns)).aggregate([]).num_rows == keyed.num_rows)


def _increases(column: pa.ChunkedArray) -> bool:
    """Tell whether each value is larger than the one before, as those of a sorted key are."""
    # The first rows tell most columns that do not.
    return all(
        pc.all(pc.less(part.slice(0, max(len(part) - 1, 0)), part.slice(1))).as_py()
        for part in (column.slice(0, _HEAD), column)
    )
