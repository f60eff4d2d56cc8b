"""Damaged Parquet files, and those that decode to far more than they have bytes."""

import random
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from diffdata.errors import PackageError
from diffdata.schemas.standard import Field, TableSchema
from diffdata.validation.files import check_files

SCHEMA = TableSchema(
    fields=(Field(name="k", type="string"), Field(name="n", type="number")), primary_key=("k",)
)
ENGINES = [None, "pyarrow", "polars", "duckdb"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_flipped_bit_is_harmless_or_one_message(tmp_path: Path, engine: str | None) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"k": [f"k{n}" for n in range(50)], "n": [0.5] * 50}), path)
    data, chosen = path.read_bytes(), random.Random(7)
    refused = 0
    for _ in range(100):
        damaged = bytearray(data)
        damaged[chosen.randrange(len(data))] ^= 1 << chosen.randrange(8)
        path.write_bytes(damaged)
        message = refusal(path, engine)
        refused += bool(message)
        assert "\n" not in message
        assert message.startswith(str(path) * bool(message))
    assert refused > 10


def refusal(path: Path, engine: str | None) -> str:
    try:
        check_files(path, SCHEMA, engine=engine)
    except PackageError as error:
        return str(error)
    return ""


def repeated(rows: int, text: str) -> pa.Table:
    keys = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), [text])
    return pa.table({"k": keys, "n": pa.nulls(rows, pa.float64())})


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("rows", "text"), [(20_000_000, "a"), (20_000, "x" * 200_000), (1, "y" * 150_000_000)]
)
def test_bombs_are_refused_before_they_are_decoded(
    tmp_path: Path, engine: str | None, rows: int, text: str
) -> None:
    path = tmp_path / "x.parquet"
    plain = {"store_schema": False, "dictionary_pagesize_limit": 2**30}
    pq.write_table(repeated(rows, text), path, compression="zstd", row_group_size=rows, **plain)
    assert path.stat().st_size < 150_000
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    with pytest.raises(PackageError, match="MiB, which are not read"):
        check_files(path, SCHEMA, engine=engine)
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()
    assert pa.total_allocated_bytes() - before < 2**24


@pytest.mark.parametrize("engine", ENGINES)
def test_text_that_repeats_within_the_budget_is_read(tmp_path: Path, engine: str | None) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(repeated(2_000, "x" * 20_000), path)
    result = check_files(path, SCHEMA, engine=engine)
    assert result.rows == 2_000
