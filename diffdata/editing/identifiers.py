"""The identifiers of new rows, made of their cells in the same way as those that exist."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping

from diffdata.schemas.profile import ExactlyOne
from diffdata.schemas.standard import TableSchema

# How identifiers are made: alternatives, the best first, each a sequence of columns, `=word` for a
# fixed word, and `*` for the one column that an `exactlyOne` rule asks for. An alternative is used
# if the row has all its columns.
_SUBJECT = "*"
_NAMES = (("name",), ("title",))
_PARTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "artifacts": (("model_id", "artifact_kind"), ("model_id", "name"), ("organization_id", "name")),
    "comparisons": (("model_id", "=vs", "reference_model_id"),),
    "diffusion_events": (
        ("model_id", "=match-of", "reference_model_id"),
        ("artifact_id", "mechanism"),
        ("organization_id", "=match-of", "reference_model_id"),
    ),
    "estimates": ((_SUBJECT, "quantity_id", "source_id"),),
    "rationales": ((_SUBJECT, "decision", "reason"),),
    "training_runs": (("model_id", "=run", "source_id"),),
    "sources": (("authors", "published", "title", "publisher"),),  # see `_source_candidates`
}
# Tables in which two rows of the same parts are two statements, so that the second gets a number.
# In the others they are probably the same thing, and the user decides.
_NUMBERED = ("comparisons", "diffusion_events", "estimates", "rationales", "training_runs")

_SMALL_WORDS = {"a", "an", "and", "at", "by", "for", "from", "in", "into", "is", "of", "on", "or"}
_SMALL_WORDS |= {"the", "to", "via", "with"}
_NAMED_LETTER = re.compile(r"(?:GREEK|LATIN) (?:SMALL|CAPITAL) LETTER ([A-Z]+)")


def slug(text: str) -> str:
    r"""Return a name as an identifier: lower case ASCII, dots only inside numbers.

    Examples
    --------
    >>> slug("PanGu-\u03b1 200B"), slug("Yuan 1.0"), slug("Laurençon"), slug("Zhipu.AI")
    ('pangu-alpha-200b', 'yuan-1.0', 'laurencon', 'zhipu-ai')
    """
    letters = "".join(map(_ascii, unicodedata.normalize("NFKD", text.casefold())))
    words = re.sub(r"[^a-z0-9.]+", "-", re.sub(r"['\u2019]", "", letters))
    words = re.sub(r"(?<![0-9])\.|\.(?![0-9])", "-", words)
    return re.sub("-+", "-", words).strip("-")


def _ascii(letter: str) -> str:
    if letter.isascii():
        return letter
    if unicodedata.combining(letter):
        return ""
    named = _NAMED_LETTER.match(unicodedata.name(letter, ""))
    return named[1].lower() if named else " "


def own_key(schema: TableSchema) -> str | None:
    """Return the column with the identifier of a row, None where foreign keys identify rows."""
    name = schema.primary_key[0]
    foreign = {column for key in schema.foreign_keys for column in key.fields}
    owns = name.endswith("_id") and name not in foreign and schema.field(name).type == "string"
    return name if owns else None


def ingredients(table: str, schema: TableSchema) -> list[str]:
    """Return the columns from which an identifier can be made, except for the subject."""
    parts = {part for parts in _PARTS.get(table, _NAMES) for part in parts}
    rules = (rule for rule in schema.rules if isinstance(rule, ExactlyOne))
    subjects = {name for rule in rules for name in rule.columns}
    return [name for name in schema.column_names if name in parts - subjects]


def propose(
    table: str, schema: TableSchema, row: Mapping[str, str], keys: Iterable[tuple[str, ...]],
    is_allowed: Callable[[str], bool],
) -> tuple[str, str]:  # fmt: skip
    """Make the identifier of a new row: one that `is_allowed` and not in one of the `keys`.

    Returns the identifier, or an empty string if it cannot be made, and then the identifier that
    would be made if no other row had it.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> schema = open_package().schema("models")
    >>> propose("models", schema, {"name": "GPT-NeoX-20B"}, [], bool)
    ('gpt-neox-20b', '')
    >>> propose("models", schema, {"name": "GPT-NeoX-20B"}, [("gpt-neox-20b",)], bool)
    ('', 'gpt-neox-20b')
    """
    column = own_key(schema)
    if column is None:
        return "", ""
    taken, clash = set(keys), ""
    for candidate in _candidates(table, schema, row):
        for text in (candidate, candidate.replace("-", "_").replace(".", "_")):
            if is_allowed(text):
                key = tuple({**row, column: text}.get(name, "") for name in schema.primary_key)
                if key not in taken:
                    return text, ""
                clash = clash or text
                break
    return "", clash


def _candidates(table: str, schema: TableSchema, row: Mapping[str, str]) -> Iterator[str]:
    if table == "sources":
        yield from _source_candidates(row)
        return
    for parts in _PARTS.get(table, _NAMES):
        words: list[str] = []
        for part in parts:
            word = part[1:] if part.startswith("=") else slug(_cell(part, schema, row))
            words.append(_without(word, words) if part == "name" else word)
        if all(words):
            yield "-".join(words)
            if table in _NUMBERED:
                yield from (f"{'-'.join(words)}-{number}" for number in range(2, 1000))


def _cell(part: str, schema: TableSchema, row: Mapping[str, str]) -> str:
    """Return the cell of a column or, for `*`, of the subject of the row."""
    if part != _SUBJECT:
        return row.get(part, "")
    rules = (rule for rule in schema.rules if isinstance(rule, ExactlyOne))
    return next((row[name] for rule in rules for name in rule.columns if row.get(name)), "")


def _without(name: str, used: list[str]) -> str:
    """Return a name without leading words that stand in the identifier already, if any remain."""
    before, words = "-".join(used).split("-"), name.split("-")
    while len(words) > 1 and words[0] in before:
        words.pop(0)
    return "-".join(words)


def _source_candidates(row: Mapping[str, str]) -> Iterator[str]:
    """Yield author and year, as in brown-2020, or the publisher; then with words of the title."""
    author = slug(re.split(r"[,;]", row.get("authors", ""))[0])
    year = row.get("published", "")[:4]
    publisher = slug(re.sub(r"\.[a-z]{2,}$", "", row.get("publisher", "")))
    stem = [author, *([year] if year else [])] if author else [publisher] if publisher else []
    words = [word for word in slug(row.get("title", "")).split("-") if word not in _SMALL_WORDS]
    words = [word for word in words if word and word not in "-".join(stem).split("-")]
    if author and year:
        yield "-".join(stem)
    first = 1 if author else 2 if stem else 4
    yield from ("-".join([*stem, *words[:number]]) for number in range(first, 6) if words)
