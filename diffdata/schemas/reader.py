"""Reading descriptors: from text to models, with every fault in plain words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache, partial
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from diffdata.errors import DescriptorError, Issue, PackageError, suggestion

_MOST_PROBLEMS = 200  # of one file that are reported

Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], text: str, file: str) -> Model:
    """Read the text of a descriptor or schema; `file` is its name in messages.

    A PackageError says that it is not JSON, a DescriptorError has every fault with its file and
    key. The same text gives the same object, which is immutable.
    """
    parsed: Model = _parse(model, text, file)
    return parsed


@lru_cache(maxsize=500)  # a process opens the same packages again and again
def _parse(model: type[Model], text: str, file: str) -> Model:
    try:
        json.loads(text, object_pairs_hook=partial(_refuse_repeated_keys, file))
    except json.JSONDecodeError as error:
        raise PackageError(
            f"{file}: line {error.lineno}, column {error.colno}: not JSON: {error.msg}",
            error.lineno,
        ) from None
    except RecursionError:
        raise PackageError(f"{file}: nested too deeply to be a descriptor") from None
    except ValueError:
        raise PackageError(f"{file}: a number in it is too long") from None
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        details = _without_echoes([dict(detail) for detail in error.errors()[:_MOST_PROBLEMS]])
    data = json.loads(text)
    raise DescriptorError([_issue(model, file, data, detail) for detail in details])


def fault(file: str, key: str, message: str, hint: str = "") -> Issue:
    """Return the issue of a key of a descriptor or schema."""
    return Issue(file, column=key or None, rule="descriptor", message=message, hint=hint)


def _without_echoes(details: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drop the remark that a list is too short if it lacks only the items that are faulty."""
    inside = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
    return [d for d in details if d["type"] != "too_short" or d["loc"] not in inside]


def _refuse_repeated_keys(file: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        keys = Counter(key for key, _ in pairs)
        repeated = next(key for key, times in keys.items() if times > 1)
        raise DescriptorError([fault(file, repeated, "the key appears twice")])
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


@cache
def _nested(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return the models of nested objects, by the key (or the rule) at which they are."""
    found: dict[str, type[BaseModel]] = {}
    for name, key in model.model_fields.items():
        for inner in _models(key.annotation):
            rule = inner.model_fields.get("rule")
            where = get_args(rule.annotation)[0] if rule else key.alias or name
            found |= _nested(inner) | {where: inner}
    return found


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _issue(model: type[BaseModel], file: str, data: Any, detail: dict[str, Any]) -> Issue:
    """Return one of pydantic's errors in the words of somebody who edits JSON."""
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
        parent = _nested(model)[parents[-1]] if parents else model
        known = sorted(field.alias or name for name, field in parent.model_fields.items())
        hint = suggestion(str(location[-1]), known, f"known keys: {', '.join(known)}")
    return fault(file, _dotted(location, data), message, hint)


def _dotted(location: tuple[int | str, ...], data: Any) -> str:
    """Return a location as people write it, by name where there is one: ``fields[size].unit``."""
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
            text += f".{part}"  # a missing key; the tag of a rule is not a key
    return text.removeprefix(".")
