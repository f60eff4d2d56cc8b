"""What a column of each type is in pandas and in Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from diffdata.schemas.standard import Field, TableSchema

# Strings are those of pandas 3 (``str``), held by Arrow so that patterns run in a linear-time
# engine. Missing is NaN in strings and numbers, NaT in dates, pd.NA in integers and booleans.
TEXT = pd.StringDtype("pyarrow", na_value=np.nan)
_PANDAS_DTYPES: dict[str, Any] = {
    "integer": pd.Int64Dtype(),
    "year": pd.Int64Dtype(),
    "number": "float64",
    "boolean": pd.BooleanDtype(),
    "date": "datetime64[us]",
}


def pandas_dtypes(schema: TableSchema) -> dict[str, Any]:
    """Return the pandas dtype of each column."""
    return {field.name: _PANDAS_DTYPES.get(field.type, TEXT) for field in schema.fields}


def arrow_type(field: Field) -> pa.DataType:
    """Return the Arrow type of a column; what has no simple type stays text."""
    types = {
        "integer": pa.int64(),
        "year": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
    }
    return types.get(field.type, pa.string())


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as the frame that `diffdata.load` gives, see `pandas_dtypes`."""
    mapped = {pa.string(): TEXT, pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame: pd.DataFrame = table.to_pandas(types_mapper=mapped.get, date_as_object=False)
    dates = [field.name for field in table.schema if field.type == pa.date32()]
    return frame.astype(dict.fromkeys(dates, _PANDAS_DTYPES["date"]))
