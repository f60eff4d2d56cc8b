"""One cell as a person wrote it: its value, or what is wrong with it and how to fix it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from diffdata.schemas.rules import allows
from diffdata.schemas.standard import Field, TableSchema
from diffdata.types import arrow
from diffdata.types.definitions import definition, missing_values
from diffdata.types.text import CellError, is_strict, parse
from diffdata.validation.suggestions import suggested_boolean, suggested_date, suggested_number

_HINTS: dict[str, Callable[[str], str]] = {
    "integer": lambda text: suggested_number(text, whole=True),
    "number": lambda text: suggested_number(text, whole=False),
    "boolean": suggested_boolean,
    "date": suggested_date,
}


def parse_cell(text: str, field: Field, strict: bool = True) -> Any:
    """Return the value of a cell, None if it is empty; `strict` as the profile asks.

    A CellError says what was expected. Nothing is guessed: a fix is only suggested.
    """
    return None if text == "" else _parse(text, field, strict)


def _parse(text: str, field: Field, strict: bool) -> Any:
    """Return the value of a cell; an error of the profile has a hint how to fix the cell."""
    try:
        value = parse(text, field, strict)
        if field.constraints.json_schema is not None and find_spec("jsonschema"):
            _check_json(text, json.dumps(field.constraints.json_schema))
        return value
    except CellError as error:
        of_form = error.expected.startswith(definition(field).expected)
        if strict and of_form and field.format == "default" and field.type in _HINTS:
            error.hint = _HINTS[field.type](text)
        raise


def _check_json(text: str, schema: str) -> None:
    """Check JSON against the JSON Schema of its column; nothing is fetched."""
    try:
        error = next(iter(_json_validator(schema).iter_errors(json.loads(text))), None)
    except Exception as fault:  # noqa: BLE001 - whatever a foreign schema causes
        reason = str(fault).partition("\n")[0][:200] or type(fault).__name__
        raise CellError(f"what jsonSchema says, which cannot be evaluated: {reason}") from None
    if error is not None:
        raise CellError(
            f"JSON that satisfies jsonSchema: {error.message[:200]}", rule="json-schema"
        )


@lru_cache(16)
def _json_validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend, validator_for
    from referencing import Registry

    def matches(_: Any, pattern: str, text: Any, __: Any) -> Iterator[ValidationError]:
        # RE2, for the patterns of foreign schemas may take too long elsewhere.
        if isinstance(text, str) and not pc.match_substring_regex(pa.scalar(text), pattern).as_py():
            yield ValidationError(f"{text!r} does not match {pattern!r}")

    for key in ("patternProperties", "$schema"):
        if f'"{key}":' in schema.replace('"$schema":', "", 1):
            raise ValueError(f"{key} is not supported")
    described = json.loads(schema)
    kind = validator_for(described, default=Draft202012Validator)
    kind.check_schema(described)
    extended = extend(kind, {"pattern": matches})  # type: ignore[no-untyped-call]
    return extended(described, registry=Registry())


def unchecked(field: Field) -> str:
    """Return what of a column is not checked because a library is missing; empty if nothing."""
    if field.constraints.json_schema is None or find_spec("jsonschema"):
        return ""
    return f"jsonSchema of {field.name!r} is not checked: the library jsonschema is not installed"


def convert(
    cells: pa.ChunkedArray, field: Field, schema: TableSchema
) -> tuple[pa.ChunkedArray, dict[int, CellError], list[int]]:
    """Convert the cells of a column, see `diffdata.types.arrow.convert`; errors have hints."""
    return arrow.convert(cells, field, schema, _parse)


def fits(text: str, field: Field, schema: TableSchema) -> bool:
    """Return whether a text may be in a cell of a column, by its type and constraints."""
    if text in missing_values(field, schema):
        return not (field.constraints.required or field.name in schema.primary_key)
    try:
        return allows(field, parse(text, field, is_strict(schema, field)))
    except CellError:
        return False
