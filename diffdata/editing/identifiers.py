"""The identifiers of new rows: made from what the row says, in the manner of those that exist."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from diffdata.editing.cells import fault
from diffdata.schemas.profile import ExactlyOne
from diffdata.schemas.standard import TableSchema

# Where the subject of a row stands: in the one column that an `exactlyOne` rule asks for.
_SUBJECT = "*"


@dataclass(frozen=True)
class Recipe:
    """How the identifiers of a table are made.

    Attributes
    ----------
    parts
        Alternatives, the best first; each is a sequence of columns, ``=word`` for a fixed word, or
        ``*`` for the subject of the row. An alternative counts if all its columns are given.
    numbered
        Whether a second row of the same parts is another statement (and becomes ``...-2``), or
        probably the same thing once more (and somebody must say).
    """

    parts: tuple[tuple[str, ...], ...]
    numbered: bool = True


_RECIPES = {
    "artifacts": Recipe(((_SUBJECT, "name"),), numbered=False),
    "comparisons": Recipe((("model_id", "=vs", "reference_model_id"),)),
    "diffusion_events": Recipe(
        (
            ("model_id", "=match-of", "reference_model_id"),
            ("artifact_id", "mechanism"),
            ("organization_id", "=match-of", "reference_model_id"),
        )
    ),
    "estimates": Recipe(((_SUBJECT, "quantity_id", "source_id"),)),
    "rationales": Recipe(((_SUBJECT, "decision", "reason"),)),
    "training_runs": Recipe((("model_id", "=run", "source_id"),)),
}
# What names a thing in any other table.
_NAMING = Recipe((("name",), ("title",)), numbered=False)

_SMALL_WORDS = {"a", "an", "and", "at", "by", "for", "from", "in", "into", "is", "of", "on", "or"}
_SMALL_WORDS |= {"the", "to", "via", "with"}
_FOREIGN_LETTER = re.compile(r"(?:GREEK|LATIN) (?:SMALL|CAPITAL) LETTER ([A-Z]+)")


def slug(text: str, separator: str = "-") -> str:
    r"""Write a name as an identifier: lower case ASCII, dots only inside numbers.

    Examples
    --------
    >>> slug("PanGu-\u03b1 200B"), slug("Yuan 1.0"), slug("Laurençon"), slug("Zhipu.AI")
    ('pangu-alpha-200b', 'yuan-1.0', 'laurencon', 'zhipu-ai')
    """
    letters = "".join(map(_ascii, unicodedata.normalize("NFKD", text.casefold())))
    words = re.sub(r"[^a-z0-9.]+", separator, re.sub(r"['\u2019]", "", letters))
    words = re.sub(r"(?<![0-9])\.|\.(?![0-9])", separator, words)
    return re.sub(f"{re.escape(separator)}+", separator, words).strip(separator)


def _ascii(letter: str) -> str:
    if letter.isascii():
        return letter
    if unicodedata.combining(letter):
        return ""
    named = _FOREIGN_LETTER.match(unicodedata.name(letter, ""))
    return named[1].lower() if named else " "


def own_key(schema: TableSchema) -> str | None:
    """Return the column that identifies the rows themselves, None where foreign keys do that."""
    name = schema.primary_key[0]
    foreign = {column for key in schema.foreign_keys for column in key.fields}
    owns = name.endswith("_id") and name not in foreign and schema.field(name).type == "string"
    return name if owns else None


def ingredients(table: str, schema: TableSchema) -> list[str]:
    """Return the columns from which an identifier can be made, but for the subject."""
    if table == "sources":
        return ["title", "authors", "published"]
    parts = [part for parts in _RECIPES.get(table, _NAMING).parts for part in parts]
    return [part for part in parts if part in schema.column_names]


def propose(
    table: str, schema: TableSchema, row: Mapping[str, str], taken: Iterable[tuple[str, ...]]
) -> tuple[str, str]:
    """Make the identifier of a new row.

    Parameters
    ----------
    table
        The name of the table.
    schema
        Its schema; the identifier fits the pattern of its key.
    row
        The cells that are known, by column.
    taken
        The primary keys of the rows that exist.

    Returns
    -------
    identifier, clash
        The identifier, or an empty string where it cannot be made; then `clash` is the one that
        the cells would give if it were not taken, or empty.

    Examples
    --------
    >>> from diffdata.package.packages import open_package
    >>> schema = open_package().schema("models")
    >>> propose("models", schema, {"name": "GPT-NeoX-20B"}, [])
    ('gpt-neox-20b', '')
    >>> propose("models", schema, {"name": "GPT-NeoX-20B"}, [("gpt-neox-20b",)])
    ('', 'gpt-neox-20b')
    """
    column = own_key(schema)
    if column is None:
        return "", ""
    keys = set(taken)
    clash = ""
    for candidate in _candidates(table, schema, row):
        for text in (candidate, candidate.replace("-", "_").replace(".", "_")):
            if not fault(text, schema.field(column)):
                key = tuple({**row, column: text}.get(name, "") for name in schema.primary_key)
                if key not in keys:
                    return text, ""
                clash = clash or text
                break
    return "", clash


def _candidates(table: str, schema: TableSchema, row: Mapping[str, str]) -> Iterator[str]:
    if table == "sources":
        yield from _of_source(row)
        return
    recipe = _RECIPES.get(table, _NAMING)
    for parts in recipe.parts:
        words = [_word(part, schema, row) for part in parts]
        if all(words):
            yield "-".join(words)
            if recipe.numbered:
                yield from (f"{'-'.join(words)}-{number}" for number in range(2, 1000))


def _word(part: str, schema: TableSchema, row: Mapping[str, str]) -> str:
    if part.startswith("="):
        return part[1:]
    if part != _SUBJECT:
        return slug(row.get(part, ""))
    rules = (rule for rule in schema.rules if isinstance(rule, ExactlyOne))
    return next((slug(row[n]) for rule in rules for n in rule.columns if row.get(n)), "")


def _of_source(row: Mapping[str, str]) -> Iterator[str]:
    """Give author and year, as in brown-2020; then with more and more words of the title."""
    author = re.split(r"[,;]", row.get("authors", ""))[0]
    stem = [word for word in (slug(author), row.get("published", "")[:4]) if word]
    words = [word for word in slug(row.get("title", "")).split("-") if word not in _SMALL_WORDS]
    if len(stem) == 2:
        yield "-".join(stem)
    elif not stem:
        words = words[:4] or [""]
        yield "-".join(words)
        return
    for number in range(1, 5):
        yield "-".join([*stem, *words[:number]])
