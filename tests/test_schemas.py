"""What a schema becomes: dtypes, Arrow, pandera, typed models and a dictionary agree."""

import pandas as pd
import pandera.pandas as pa
import pyarrow
import pytest

import diffdata
from diffdata import typed
from diffdata.package.packages import Package
from diffdata.schemas.compile import arrow_schema
from diffdata.schemas.rules import table_checks
from diffdata.types.dtypes import pandas_dtypes

from .evaluating import failing_rows

TABLES = diffdata.tables()
# A frame alone does not know which warnings the dataset acknowledges.
ACCEPTED = pytest.mark.filterwarnings("ignore::pandera.errors.SchemaWarning")


@ACCEPTED
@pytest.mark.parametrize("table", TABLES)
def test_loaded_frames_have_the_dtypes_and_pass_the_pandera_schema(
    table: str, package: Package
) -> None:
    frame = diffdata.load(table)
    assert frame.dtypes.to_dict() == pandas_dtypes(package.schema(table))
    pd.testing.assert_frame_equal(diffdata.schema(table).validate(frame), frame)


def test_dtypes_are_what_analysts_expect() -> None:
    estimates = diffdata.load("estimates")
    assert str(estimates["price_year"].dtype) == "Int64"
    assert str(estimates["value"].dtype) == "float64"
    assert pd.api.types.is_datetime64_dtype(estimates["as_of"])
    assert pd.api.types.is_string_dtype(estimates["model_id"])
    assert str(diffdata.load("case_studies")["meets_definition"].dtype) == "boolean"


@pytest.mark.parametrize("table", TABLES)
def test_the_typed_model_and_the_compiled_schema_are_the_same_thing(table: str) -> None:
    model = getattr(typed, "".join(part.title() for part in table.split("_")))
    assert model.to_schema() == diffdata.schema(table)
    assert list(model.__annotations__)[1:] == list(diffdata.load(table).columns)


def test_typed_models_refuse_what_the_schema_refuses() -> None:
    frame = diffdata.load("hardware_performance")
    frame.loc[3, "peak_flop_per_second"] = -1.0
    for validate in (
        diffdata.schema("hardware_performance").validate,
        typed.HardwarePerformance.validate,
        pa.typing.DataFrame[typed.HardwarePerformance],
    ):
        with pytest.raises(pa.errors.SchemaError, match="peak_flop_per_second: exclusive-minimum"):
            validate(frame)


def test_pandera_sees_failures_in_rows_with_missing_values() -> None:
    frame = diffdata.load("estimates")
    (row,) = frame.index[frame["estimate_id"] == "gpt-3-training-cost"]
    frame.loc[row, "currency"] = None
    with pytest.raises(pa.errors.SchemaErrors) as caught:
        diffdata.schema("estimates").validate(frame, lazy=True)
    cases = caught.value.failure_cases
    assert set(cases["check"]) == {
        "currency, unit: money_has_a_currency: expected a value in currency where unit is "
        "currency, and only there"
    }
    assert set(cases["index"]) == {row}


def test_warnings_warn() -> None:
    frame = diffdata.load("estimates")
    frame.loc[frame["estimate_id"] == "gpt-3-training-cost", "as_printed"] = None
    with pytest.warns(pa.errors.SchemaWarning, match="figure_as_printed"):
        diffdata.schema("estimates").validate(frame)


@ACCEPTED
@pytest.mark.parametrize("table", TABLES)
def test_pandera_and_the_checks_agree_on_every_broken_row(table: str, package: Package) -> None:
    """Empty a cell of each required column, in different rows: both find exactly these rows."""
    schema, frame = package.schema(table), diffdata.load(table)
    required = [field.name for field in schema.fields if field.constraints.required]
    emptied = {name: (len(frame) // 2 + n) % len(frame) for n, name in enumerate(required)}
    broken = frame.copy()
    for column, row in emptied.items():
        broken[column] = broken[column].astype(object)
        broken.loc[row, column] = None
        broken[column] = broken[column].astype(frame[column].dtype)
    checks = [check for check in table_checks(schema) if check.severity == "error"]
    found = [set(rows) for rows in failing_rows(broken, checks)]
    with pytest.raises(pa.errors.SchemaErrors) as caught:
        diffdata.schema(table).validate(broken, lazy=True)
    cases = caught.value.failure_cases
    assert set(cases["index"].dropna()) == set().union(*found)
    for check, rows in zip(checks, found, strict=True):
        if check.name == "required":
            (column,) = check.columns
            assert rows == {emptied[column]}
            theirs = cases[cases["check"].str.startswith(f"{column}: required: ")]
            assert set(theirs["index"]) == rows


@pytest.mark.parametrize("table", TABLES)
def test_frames_survive_arrow(table: str, package: Package) -> None:
    schema, frame = package.schema(table), diffdata.load(table)
    arrow = pyarrow.Table.from_pandas(
        frame, arrow_schema(schema, table, package.version), preserve_index=False
    )
    back = arrow.to_pandas().astype(pandas_dtypes(schema))
    pd.testing.assert_frame_equal(back, frame)


def test_arrow_carries_units_descriptions_and_version(package: Package) -> None:
    schema = arrow_schema(package.schema("hardware"), "hardware", package.version)
    assert schema.metadata[b"version"] == package.version.encode()
    field = schema.field("memory_bytes")
    assert field.metadata == {b"unit": b"byte", b"description": b"Memory on the package."}
    assert field.type == pyarrow.int64()
    assert schema.field("released").type == pyarrow.date32()
    assert not schema.field("hardware_id").nullable


def test_the_dictionary_explains_every_column() -> None:
    for table in TABLES:
        described = diffdata.describe(table)
        assert described["column"].tolist() == list(diffdata.load(table).columns)
        assert described["description"].notna().all()
    estimates = diffdata.describe("estimates").set_index("column")
    assert estimates.loc["model_id", "references"] == "models.model_id"
    assert estimates.loc["value", "unit"] == "column:unit"
    assert "current | superseded | withdrawn" in estimates.loc["status", "constraints"]
