"""What a table schema becomes: an Arrow schema, a pandera schema, a data dictionary.

Each function imports the library that it is about.
"""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from diffdata.schemas.standard import TableSchema
from diffdata.types.columns import arrow_type

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pandera

    from diffdata.schemas.rules import Check


def arrow_schema(schema: TableSchema, table: str, version: str) -> pa.Schema:
    """Return the Arrow schema, with units and descriptions in the metadata of its fields."""
    fields = []
    for field in schema.fields:
        metadata = {"description": field.description}
        if field.unit is not None:
            metadata["unit"] = field.unit
        nullable = not (field.constraints.required or field.name in schema.primary_key)
        fields.append(pa.field(field.name, arrow_type(field), nullable, metadata))
    return pa.schema(
        fields,
        metadata={
            "table": table,
            "version": version,
            "title": schema.title,
            "description": schema.description,
            "primary_key": json.dumps(schema.primary_key),
        },
    )


def pandera_schema(schema: TableSchema, table: str) -> pandera.DataFrameSchema:
    """Return the pandera schema: dtypes, constraints, key and rules.

    Foreign keys are not part of it, because they need other tables. Rules of severity ``warning``
    warn instead of failing.
    """
    import pandera.pandas as pandera

    from diffdata.schemas.rules import table_checks
    from diffdata.types.dtypes import pandas_dtypes

    dtypes = pandas_dtypes(schema)
    columns = {
        field.name: pandera.Column(
            dtypes[field.name],
            nullable=not field.constraints.required,
            title=field.title,
            description=field.description,
            metadata={"unit": field.unit} if field.unit else None,
        )
        for field in schema.fields
    }
    return pandera.DataFrameSchema(
        columns,
        checks=[_pandera_check(check) for check in table_checks(schema)],
        strict=True,
        name=table,
        title=schema.title,
        description=schema.description,
    )


def _pandera_check(check: Check) -> pandera.Check:
    import narwhals as nw
    import pandas as pd
    import pandera.pandas as pandera

    def passes(frame: pd.DataFrame) -> pd.Series[bool]:
        with warnings.catch_warnings():
            # pandas warns of groups in patterns, which are allowed in schemas.
            warnings.filterwarnings("ignore", "This pattern is interpreted", UserWarning)
            rows = nw.from_native(frame, eager_only=True).select(passes=check.passes)["passes"]
        return pd.Series(rows.to_numpy().astype(bool), frame.index)

    # By default pandera ignores failures in rows with a missing value.
    return pandera.Check(
        passes,
        name=check.name,
        error=f"{', '.join(check.columns)}: {check.name}: expected {check.expected}",
        ignore_na=False,
        raise_warning=check.severity == "warning",
    )


def dictionary(schema: TableSchema) -> pd.DataFrame:
    """Return the data dictionary: one row for each column, in the order of the table."""
    import pandas as pd

    from diffdata.types.dtypes import TEXT

    references = {
        name: f"{key.reference.resource or 'this table'}.{target}"
        for key in schema.foreign_keys
        for name, target in zip(key.fields, key.reference.fields, strict=True)
    }
    rows = []
    for field in schema.fields:
        limits = field.constraints.model_dump(exclude_defaults=True, by_alias=True, mode="json")
        limits.pop("required", None)
        rows.append(
            {
                "column": field.name,
                "type": field.type,
                "unit": field.unit,
                "description": field.description,
                "required": field.constraints.required or field.name in schema.primary_key,
                "key": field.name in schema.primary_key,
                "references": references.get(field.name),
                "constraints": "; ".join(f"{k}: {_plain(v)}" for k, v in limits.items()) or None,
            }
        )
    flags = {"required": pd.BooleanDtype(), "key": pd.BooleanDtype()}
    frame = pd.DataFrame(rows)
    return frame.astype({name: flags.get(name, TEXT) for name in frame.columns})


def _plain(value: Any) -> str:
    return " | ".join(map(str, value)) if isinstance(value, list) else str(value)
