"""The columns of each type in pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from diffdata.types.definitions import FIELD_TYPES, Table, definition

# Strings are those of pandas 3 (``str``), stored by Arrow so that patterns run in a linear-time
# engine. Missing is NaN in strings and numbers, NaT in dates, pd.NA in integers and booleans.
TEXT = pd.StringDtype("pyarrow", na_value=np.nan)


def pandas_dtypes(schema: Table) -> dict[str, Any]:
    """Return the pandas dtype of each column."""
    kind = pd.api.types.pandas_dtype
    return {field.name: kind(definition(field).pandas or TEXT) for field in schema.fields}


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as the frame that `diffdata.load` returns, see `pandas_dtypes`."""
    mapped = {pa.string(): TEXT, pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame: pd.DataFrame = table.to_pandas(
        types_mapper=mapped.get, date_as_object=False, use_threads=False
    )
    dates = [field.name for field in table.schema if field.type == pa.date32()]
    return frame.astype(dict.fromkeys(dates, FIELD_TYPES["date"].pandas)) if dates else frame
