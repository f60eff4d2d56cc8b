"""From the text of a descriptor to its model, with every fault said in plain words."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from diffdata.errors import DescriptorError, PackageError, Problem, suggestion
from diffdata.schemas import standard
from diffdata.schemas.profile import (
    AllOrNone,
    AtLeastOne,
    Constraints,
    Contributor,
    DatePrecision,
    ExactlyOne,
    Field,
    ForeignKey,
    License,
    NearMedian,
    NearProduct,
    NotAfter,
    Ordered,
    PackageDescriptor,
    PackageSource,
    Reference,
    Referenced,
    RequiredIf,
    Resource,
    TableSchema,
    When,
)

_MOST_PROBLEMS = 200  # of one file that are told

Model = TypeVar("Model", bound=BaseModel)


def parse_package(text: str, file: str) -> PackageDescriptor:
    """Read the text of a package descriptor of the profile; `file` is its name in messages.

    Raises
    ------
    PackageError
        If the text is not JSON.
    DescriptorError
        If it breaks the profile: every fault, each naming the file and the key.
    """
    return _parse(PackageDescriptor, text, file)


def parse_schema(text: str, file: str) -> TableSchema:
    """Read the text of a table schema of the profile; `file` is its name in messages.

    Raises
    ------
    PackageError
        If the text is not JSON.
    DescriptorError
        If it breaks the profile: every fault, each naming the file and the key.

    Examples
    --------
    >>> parse_schema('{"fields": 3, "colour": "red"}', "schemas/models.json")
    Traceback (most recent call last):
    ...
    diffdata.errors.DescriptorError: schemas/models.json: title: the key is missing
    schemas/models.json: description: the key is missing
    schemas/models.json: fields: expected a list, found 3
    schemas/models.json: primaryKey: the key is missing
    schemas/models.json: $schema: the key is missing
    schemas/models.json: colour: the key is not known (known keys: $schema, description, fields, \
fieldsMatch, foreignKeys, missingValues, primaryKey, rules, title, uniqueKeys)
    """
    return _parse(TableSchema, text, file)


def parse_standard_package(text: str, file: str) -> standard.PackageDescriptor:
    """Read the text of a package descriptor by the standard alone, see `parse_package`."""
    return _parse(standard.PackageDescriptor, text, file)


def parse_standard_schema(text: str, file: str) -> standard.TableSchema:
    """Read the text of a table schema by the standard alone, see `parse_schema`."""
    return _parse(standard.TableSchema, text, file)


def _parse(model: type[Model], text: str, file: str) -> Model:
    try:
        json.loads(text, object_pairs_hook=_refuse_repeated_keys)
    except json.JSONDecodeError as error:
        raise PackageError(
            f"{file}: line {error.lineno}, column {error.colno}: not JSON: {error.msg}",
            error.lineno,
        ) from None
    except _RepeatedKeyError as error:
        raise DescriptorError([Problem(file, str(error), "the key stands twice")]) from None
    except RecursionError:
        raise PackageError(f"{file}: nested too deeply to be a descriptor") from None
    except ValueError:
        raise PackageError(f"{file}: a number in it is too long") from None
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        details = _without_echoes([dict(detail) for detail in error.errors()[:_MOST_PROBLEMS]])
    data = json.loads(text)
    raise DescriptorError([_problem(model, file, data, detail) for detail in details])


def _without_echoes(details: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drop the remark that a list is too short where all that it lacks are its faulty items."""
    places = [detail["loc"] for detail in details]

    def echoes(detail: dict[str, Any]) -> bool:
        place = detail["loc"]
        return detail["type"] == "too_short" and any(
            len(p) > len(place) and p[: len(place)] == place for p in places
        )

    return [detail for detail in details if not echoes(detail)]


class _RepeatedKeyError(ValueError):
    pass


def _refuse_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        keys = Counter(key for key, _ in pairs)
        raise _RepeatedKeyError(next(key for key, times in keys.items() if times > 1))
    return mapping


_EXPECTED = {
    "missing": "the key is missing",
    "extra_forbidden": "the key is not known",
    "tuple_type": "expected a list",
    "string_type": "expected a string",
    "bool_type": "expected true or false",
    "model_type": "expected an object",
    "model_attributes_type": "expected an object",
    "union_tag_not_found": 'the key "rule" is missing',
}


# The models of nested objects, by the key (or the rule) that they stand under.
_NESTED: dict[str, type[BaseModel]] = {
    "fields": Field,
    "constraints": Constraints,
    "foreignKeys": ForeignKey,
    "reference": Reference,
    "when": When,
    "resources": Resource,
    "licenses": License,
    "contributors": Contributor,
    "sources": PackageSource,
    "ordered": Ordered,
    "exactlyOne": ExactlyOne,
    "atLeastOne": AtLeastOne,
    "allOrNone": AllOrNone,
    "requiredIf": RequiredIf,
    "datePrecision": DatePrecision,
    "nearProduct": NearProduct,
    "nearMedian": NearMedian,
    "notAfter": NotAfter,
    "referenced": Referenced,
}


def _problem(model: type[BaseModel], file: str, data: Any, detail: dict[str, Any]) -> Problem:
    """Say one of pydantic's errors in the words of somebody who edits JSON."""
    location = detail["loc"]
    kind, found = detail["type"], detail["input"]
    message = _EXPECTED.get(kind) or detail["msg"].removeprefix("Value error, ")
    hint = ""
    if kind.endswith("_type"):
        message += f", found {json.dumps(found, default=str)[:60]}"
    elif kind in ("string_pattern_mismatch", "literal_error"):
        message = f"{repr(found)[:100]} is not allowed: {message}"
    elif kind == "union_tag_invalid":
        rules = detail["ctx"]["expected_tags"]
        message, hint = f"there is no rule {detail['ctx']['tag']!r}", f"known rules: {rules}"
    elif kind == "extra_forbidden":
        parents = [part for part in location[:-1] if isinstance(part, str)]
        parent = _NESTED[parents[-1]] if parents else model
        known = sorted(field.alias or name for name, field in parent.model_fields.items())
        hint = suggestion(str(location[-1]), known, f"known keys: {', '.join(known)}")
    return Problem(file, _dotted(location, data), message, hint)


def _dotted(location: tuple[int | str, ...], data: Any) -> str:
    """Write a location the way people do, by name where there is one: ``fields[size].unit``."""
    text = ""
    for part in location:
        if isinstance(part, int):
            data = data[part] if isinstance(data, list) and part < len(data) else None
            name = data.get("name") if isinstance(data, dict) else None
            text += f"[{name if isinstance(name, str) else part}]"
        elif isinstance(data, dict) and part in data:
            data = data[part]
            text += f".{part}"
        elif not (isinstance(data, dict) and data.get("rule") == part):
            text += f".{part}"  # a missing key; the tag of a rule, which is no key, is left out
    return text.removeprefix(".")
