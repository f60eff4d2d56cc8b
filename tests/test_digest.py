"""The content digest depends on values, and on nothing else."""

import datetime
import hashlib
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffdata.errors import InvalidInputError
from diffdata.loading import load_all
from diffdata.package.digest import content_digest, package_digest
from diffdata.package.packages import Package, open_package
from diffdata.schemas.compile import arrow_schema
from diffdata.schemas.standard import Field, TableSchema

from .conftest import edit
from .packages import make_package


def schema_of(**types: str) -> TableSchema:
    fields = tuple(
        Field(
            name=name,
            type=kind,  # type: ignore[arg-type]
            description="A column.",
            unit="1" if kind in ("integer", "number") else None,
        )
        for name, kind in types.items()
    )
    return TableSchema.model_construct(
        schema_="", title="A", description="B", fields=fields, primary_key=(next(iter(types)),)
    )


TINY = schema_of(name="string", size="number", count="integer", known="boolean", day="date")
ROWS = {
    "name": ["b", "ä"],
    "size": [0.1, None],
    "count": [9007199254740993, None],
    "known": [True, None],
    "day": [datetime.date(2020, 2, 29), None],
}
# What the documentation of the digest says is hashed, written out by hand.
TEXT = (
    "diffdata-content-1\n"
    "name string\nsize number\ncount integer\nknown boolean\nday date\n\n"
    "1:b\n3:0.1\n16:9007199254740993\n4:true\n10:2020-02-29\n\n"
    "2:ä\n-\n-\n-\n-\n\n"
)


def test_the_digest_is_what_its_documentation_says() -> None:
    digest = content_digest(pl.DataFrame(ROWS), TINY)
    assert digest == hashlib.sha256(TEXT.encode()).hexdigest()
    assert digest == "beb1d6cea03de797c4532193f3e25bddb453d7fdf8c5bc6649a627aff4e8c968"


def test_every_engine_gives_the_same_digest() -> None:
    frames = [
        pl.DataFrame(ROWS),
        pa.table(ROWS),
        pa.table(ROWS).to_pandas(types_mapper=pd.ArrowDtype),
        pd.DataFrame(ROWS, dtype=object),
        pl.DataFrame(ROWS)[::-1].select(*reversed(ROWS), other=1),
    ]
    assert len({content_digest(frame, TINY) for frame in frames}) == 1


def test_csv_and_parquet_give_the_same_digest(package: Package, tmp_path: Path) -> None:
    names = list(package.tables)
    for name, frame in load_all(package, names).items():
        schema = package.schema(name)
        types = arrow_schema(schema, name, package.version)
        pq.write_table(pa.Table.from_pandas(frame, types, preserve_index=False), tmp_path / "a")
        digest = content_digest(frame, schema)
        assert content_digest(pq.read_table(tmp_path / "a"), schema) == digest
        assert content_digest(pl.read_parquet(tmp_path / "a"), schema) == digest


TEXTS = schema_of(key="integer", left="string", right="string")


@given(
    st.lists(st.tuples(st.none() | st.text("-:1\na"), st.none() | st.text("-:1\na")), max_size=3),
    st.lists(st.tuples(st.none() | st.text("-:1\na"), st.none() | st.text("-:1\na")), max_size=3),
)
def test_other_texts_give_another_digest(one: list[tuple], other: list[tuple]) -> None:
    def digest(rows: list[tuple]) -> str:
        frame = pl.DataFrame(
            [(number, *row) for number, row in enumerate(rows)],
            schema={"key": pl.Int64, "left": pl.String, "right": pl.String},
            orient="row",
        )
        return content_digest(frame, TEXTS)

    assert (digest(one) == digest(other)) == (one == other)


@given(st.permutations(range(4)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    rows = {"name": ["a", "a", "b", None], "size": [1.0, 2.0, None, 3.0]}
    schema = schema_of(name="string", size="number")
    assert content_digest(pl.DataFrame(rows)[order], schema) == content_digest(
        pl.DataFrame(rows), schema
    )


def test_numbers_are_compared_as_numbers() -> None:
    schema = schema_of(name="string", size="number")

    def digest(*sizes: float | None) -> str:
        return content_digest(pd.DataFrame({"name": ["a"], "size": [*sizes]}, dtype=object), schema)

    assert digest(0.0) == digest(-0.0) == digest(0)
    assert digest(float("nan")) == digest(None)
    assert digest(0.1 + 0.2) != digest(0.3)


@pytest.mark.parametrize(
    ("column", "value"),
    [("name", 1), ("size", "1"), ("count", 1.5), ("known", "true"), ("day", "2020-02-29")],
)
def test_values_of_another_type_are_refused(column: str, value: object) -> None:
    frame = pd.DataFrame({name: [cells[0]] for name, cells in ROWS.items()}, dtype=object)
    frame.loc[0, column] = value
    with pytest.raises(InvalidInputError, match=f"column {column}: {value!r} is not a"):
        content_digest(frame, TINY)


def test_each_type_of_the_profile_has_a_digest_and_loads(tmp_path: Path) -> None:
    make_package(tmp_path)
    edit(
        tmp_path / "kinds.json", '"name": "name", "type": "string"', '"name": "name", "type": "any"'
    )
    edit(tmp_path / "kinds.json", '"type": "string"', '"type": "year"')
    (tmp_path / "kinds.csv").write_text("kind,edition,name\n2019,1,One\n2020,2,\n")
    edit(
        tmp_path / "things.json",
        '"name": "kind", "type": "string"',
        '"name": "kind", "type": "year"',
    )
    things = tmp_path / "things.csv"
    things.write_text(things.read_text().replace(",x,", ",2019,").replace(",y,", ",2020,"))
    package = open_package(tmp_path)
    frame = load_all(package, ["kinds"])["kinds"]
    text = "kind year\nedition integer\nname any\n\n4:2019\n1:1\n3:One\n\n4:2020\n1:2\n-\n\n"
    expected = hashlib.sha256(f"diffdata-content-1\n{text}".encode()).hexdigest()
    assert frame.attrs["digest"] == expected
    with pytest.raises(InvalidInputError, match="column kind: 'x' is not a year"):
        content_digest(
            frame.astype({"kind": object}).replace({"kind": {2019: "x"}}), package.schema("kinds")
        )


def test_a_frame_without_a_column_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="lacks the columns size, count"):
        content_digest(pl.DataFrame({"name": ["a"], "known": [True], "day": [None]}), TINY)


def test_the_package_digest_covers_values_and_schemas(tmp_path: Path) -> None:
    def digest() -> str:
        package = open_package(tmp_path)
        frames = load_all(package, list(package.tables))
        digests = {
            name: content_digest(frame, package.schema(name)) for name, frame in frames.items()
        }
        backwards = dict(reversed(digests.items()))
        assert package_digest(digests, package.schemas) == package_digest(
            backwards, package.schemas
        )
        return package_digest(digests, package.schemas)

    make_package(tmp_path)
    seen = [digest()]
    edit(tmp_path / "kinds.csv", "The second", "The other")
    seen.append(digest())
    edit(tmp_path / "kinds.json", "It's the table", "This is the table")
    seen.append(digest())
    assert len(set(seen)) == 3
    edit(tmp_path / "kinds.json", ', "foreignKeys": []', "")  # says the same
    (tmp_path / "things.csv").write_text(
        (tmp_path / "things.csv").read_text().replace("3.14e23", "314e21")
    )
    assert digest() == seen[-1]


def test_a_package_digest_needs_the_schema_of_each_table() -> None:
    with pytest.raises(InvalidInputError, match="different tables: a"):
        package_digest({"a": "0"}, {})


def test_a_frame_can_say_what_it_is(package: Package) -> None:
    frame = load_all(package, ["models"])["models"]
    schema = package.schema("models")
    assert frame.attrs == {
        "table": "models",
        "version": package.version,
        "digest": content_digest(frame, schema),
    }
