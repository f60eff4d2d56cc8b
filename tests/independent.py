"""An independent comparison of two CSV files with pandas, to check that of diffdata.

It shares no code with diffdata. Cells are text; keys are stripped; keys that are blank or occur
more than once on a side are set aside.
"""

from pathlib import Path
from typing import Any

import pandas as pd


def read(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    return frame.rename(columns=str.strip)


def compare(
    old_path: Path, new_path: Path, old_key: str, new_key: str, rename: dict[str, str]
) -> dict[str, Any]:
    """Count what `diffdata diff` counts; `rename` gives new names of columns by old ones."""
    old, new = read(old_path).rename(columns=rename | {old_key: new_key}), read(new_path)
    faults = {}
    once = []
    everything = [frame[new_key].str.strip() for frame in (old, new)]
    for side, frame, keys in zip(("old", "new"), (old, new), everything, strict=True):
        repeated = keys.duplicated(keep=False) & (keys != "")
        faults[side] = (set(keys[repeated]), int((keys == "").sum()))
        once.append(frame.assign(**{new_key: keys})[~repeated & (keys != "")].set_index(new_key))
    before, after = once
    common = [column for column in new.columns if column in old.columns and column != new_key]
    matched = before.index.intersection(after.index)
    removed = before.index[~before.index.isin(everything[1])]
    added = after.index[~after.index.isin(everything[0])]
    contents = [
        frame[common].apply(lambda column: column.str.strip()).apply(tuple, axis=1)
        if common
        else pd.Series([()] * len(frame), index=frame.index, dtype=object)
        for frame in (before, after)
    ]
    renamed = {
        (first, last)
        for first in removed
        for last in added
        if contents[0][first] == contents[1][last]
        and any(contents[0][first])
        and (contents[0] == contents[0][first]).sum() == 1
        and (contents[1] == contents[0][first]).sum() == 1
    }
    differs = pd.DataFrame(
        {
            column: before.loc[matched, column].str.strip()
            != after.loc[matched, column].str.strip()
            for column in common
        },
        index=matched,
    )
    return {
        "columns": {
            "added": {column for column in new.columns if column not in old.columns},
            "removed": {column for column in old.columns if column not in new.columns},
            "changed": {column for column in common if differs[column].any()},
        },
        "rows": {
            "added": set(added) - {last for _, last in renamed},
            "removed": set(removed) - {first for first, _ in renamed},
            "renamed": renamed,
            "changed": set(matched[differs.any(axis=1)]) if common else set(),
        },
        "cells": int(differs.to_numpy().sum()),
        "faults": faults,
    }


def ours(found: dict[str, Any]) -> dict[str, Any]:
    """Convert the JSON of `diffdata diff` to the same form."""
    columns, rows = found["columns"], found["rows"]
    for part in (*columns.values(), *(rows[name] for name in ("added", "removed", "changed"))):
        assert part["count"] == len(part["items"])
    return {
        "columns": {
            "added": set(columns["added"]["items"]),
            "removed": set(columns["removed"]["items"]),
            "changed": {item["column"] for item in columns["changed"]["items"]},
        },
        "rows": {
            "added": {item["key"] for item in rows["added"]["items"]},
            "removed": {item["key"] for item in rows["removed"]["items"]},
            "renamed": {(item["old"], item["new"]) for item in rows["renamed"]["items"]},
            "changed": {item["key"] for item in rows["changed"]["items"]},
        },
        "cells": len(found["cells"]),
        "faults": {
            side: (
                {item["key"] for item in found["duplicate_keys"][side]},
                len(found["blank_keys"][side]),
            )
            for side in ("old", "new")
        },
    }
