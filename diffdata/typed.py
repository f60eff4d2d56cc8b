"""The tables as pandera models, made from their schemas when they are first used.

``Models`` is the model of the table ``models``: ``Models.model_id`` is the name of its column,
``Models.validate`` checks a frame, and `diffdata.schema` is the same schema. Editors and type
checkers read the stub ``typed.pyi``, which `diffdata build` generates from the same schemas.

Examples
--------
>>> from diffdata import typed
>>> typed.Models.model_id, typed.Models.validate(typed.load("models")).columns[0]
('model_id', 'model_id')
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, Literal

from diffdata.loading import load, schema, tables

__all__ = ["load", "model_name"]


def model_name(table: str) -> str:
    """Return the name of the model of a table, such as ``ModelDates`` of ``model_dates``."""
    return table.title().replace("_", "")


def __getattr__(name: str) -> Any:
    models = _tables_by_model()
    if name in models:
        made: Any = _model(name, models[name])
    elif name == "Table":
        made = _base()
    elif name == "TableName":
        made = Literal[tuple(models.values())]
    elif name == "QuantityName":
        made = Literal[tuple(load("quantities")["quantity_id"].unique())]
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = made
    return made


def __dir__() -> list[str]:
    return [*__all__, "Table", "TableName", "QuantityName", *_tables_by_model()]


@cache
def _tables_by_model() -> dict[str, str]:
    return {model_name(table): table for table in tables()}


@cache
def _package() -> Any:
    from diffdata.package.packages import open_package

    return open_package()


def _base() -> type:
    import pandera.pandas as pa

    class Table(pa.DataFrameModel):
        """Base of the tables; compiles to the pandera schema that `diffdata.schema` returns."""

        table_name: ClassVar[str]

        @classmethod
        def to_schema(cls) -> pa.DataFrameSchema:
            """Return the compiled schema of the table."""
            return schema(cls.table_name)

    return Table


def _model(name: str, table: str) -> type:
    import numpy as np
    import pandas as pd
    from pandera.typing import Series

    from diffdata.types.definitions import definition

    described = _package().schema(table)
    kinds: dict[str, Any] = {
        "np.datetime64": np.datetime64, "pd.BooleanDtype": pd.BooleanDtype,
        "pd.Int64Dtype": pd.Int64Dtype, "float": float, "str": str,
    }  # fmt: skip
    columns = {
        field.name: Series[kinds[definition(field).annotation]] for field in described.fields
    }
    content = {
        "__doc__": f"{described.title}.",
        "__module__": __name__,
        "__annotations__": {"table_name": ClassVar[str], **columns},
        "table_name": table,
    }
    return type(name, (globals().get("Table") or __getattr__("Table"),), content)
