"""The example of scale: the cascade of a hub is the same on DuckDB, on Spark and by hand."""

import datetime
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from diffdata.derive import lag_days

from .conftest import ROOT

MODELS = 3000


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(ROOT / "examples" / "hub")
    from generate import generate  # type: ignore[import-not-found]

    folder: Path = generate(MODELS, tmp_path / "hub")
    return folder


def by_hand(hub: Path) -> dict[str, Any]:
    """Walk from each model to its root, and go through each family in order."""
    rows = {row["model"]: row for row in pq.read_table(hub).to_pylist()}
    families: dict[int, list[Any]] = {}
    depths: Counter[int] = Counter()
    for row in rows.values():
        root, depth = row, 0
        while root["base_model"] is not None:
            root, depth = rows[root["base_model"]], depth + 1
        depths[depth] += 1
        if depth:
            families.setdefault(root["model"], []).append(row)

    def lag(start: Any, end: Any, key: str = "released") -> tuple[int, int]:
        return lag_days(start["released"], end[key], start_precision=start["released_precision"],
                        end_precision=end[f"{key}_precision"])  # fmt: skip

    nth, first = [], []
    for root, found in families.items():
        found.sort(key=lambda row: (row["released"], row["model"]))
        nth += [lag(rows[root], found[n - 1]) for n in (1, 10, 100) if n <= len(found)]
        other = [row for row in found if row["access"] == "open"
                 and row["developer"] != rows[root]["developer"]]  # fmt: skip
        first += [lag(rows[root], row) for row in other[:1]]
    return {
        "models by depth": dict(sorted(depths.items())),
        "nth_derivative": (len(nth), *(float(sum(ends)) for ends in zip(*nth, strict=True))),
        "replication_lag": (len(first), *(float(sum(ends)) for ends in zip(*first, strict=True))),
    }


def test_the_cascade_is_the_same_on_duckdb_and_spark_and_by_hand(
    hub: Path, tmp_path: Path, spark: Any
) -> None:
    import run  # type: ignore[import-not-found]

    assert spark is not None
    found = {
        engine: run.summary(
            run.cascade(*run.ENGINES[engine](str(hub), str(tmp_path / engine)), lambda _: None)
        )
        for engine in ("duckdb", "pyspark")
    }
    assert found["duckdb"] == found["pyspark"]
    expected = by_hand(hub)
    assert {name: found["duckdb"][name] for name in expected} == expected
    assert sum(found["duckdb"]["models by depth"].values()) == MODELS


def test_the_same_number_of_models_gives_the_same_hub(hub: Path) -> None:
    rows = sorted(pq.read_table(hub).to_pylist(), key=lambda row: row["model"])
    assert rows[17] | {"part": None} == {
        "model": 17, "base_model": rows[17]["base_model"], "developer": rows[17]["developer"],
        "released": datetime.date(2018, 1, 16), "released_precision": "day",
        "access": rows[17]["access"], "available": rows[17]["available"],
        "available_precision": rows[17]["available_precision"], "part": None,
    }  # fmt: skip
    assert all(row["base_model"] is None or row["base_model"] < row["model"] for row in rows)
    assert sum(row["base_model"] is None for row in rows) == 10
