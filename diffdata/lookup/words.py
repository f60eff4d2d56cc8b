"""Which quantity, benchmark or other thing a word of the arguments stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.lookup.names import identified
from diffdata.lookup.tables import Tables
from diffdata.package.packages import Package
from diffdata.types.names import alike

# What people call a quantity.
QUANTITY_WORDS = {
    "compute": "training_compute", "cost": "training_cost", "duration": "training_duration",
    "tokens": "training_tokens",
}  # fmt: skip


def chosen(kind: str, word: str, known: Iterable[str], names: Mapping[str, str]) -> str:
    """Return the identifier that a word is, or is a name of, whatever its case and punctuation.

    `names` has other spellings, each with its identifier. InvalidInputError is raised if several
    are alike, UnknownNameError if none is.
    """
    known = set(known)
    if word in known:
        return word
    spelled = [*names.items(), *((name, name) for name in known)]
    found = sorted({name for text, name in spelled if name in known and alike(text) == alike(word)})
    if len(found) > 1:
        raise InvalidInputError(f"{kind}: {word!r} is not certain; is {' or '.join(found)} meant?")
    if not found:
        raise UnknownNameError(kind, word, known)
    return found[0]


def quantity_named(word: str, quantities: pd.DataFrame) -> str:
    """Return the quantity that a word stands for: its id, title, column or a usual word."""
    ids = quantities["quantity_id"]
    names = dict(zip(quantities["title"], ids, strict=True))
    if "summary_column" in quantities:
        summary = quantities.dropna(subset="summary_column")
        names |= dict(zip(summary["summary_column"], summary["quantity_id"], strict=True))
    return chosen("quantity", word, ids, names | QUANTITY_WORDS)


def benchmark_named(word: str, benchmarks: pd.DataFrame, known: Iterable[str]) -> str:
    """Return the benchmark that a word stands for: its id or name."""
    names = dict(zip(benchmarks["name"], benchmarks["benchmark_id"], strict=True))
    return chosen("benchmark", word, known, names)


def identifiers(
    package: Package, kinds: Sequence[str], given: Mapping[str, object]
) -> dict[str, object]:
    """Return options with the identifiers of the names in those of some kinds."""
    tables = Tables(package)

    def benchmark(word: str) -> str:
        return benchmark_named(word, tables["benchmarks"], tables["benchmarks"]["benchmark_id"])

    named = {
        "model": lambda word: identified(word, "model", package, None),
        "quantity": lambda word: quantity_named(word, tables["quantities"]),
        "benchmark": benchmark,
    }
    words = {kind: given[kind] for kind in kinds if isinstance(given.get(kind), str)}
    return {**given, **{kind: named[kind](str(word)) for kind, word in words.items()}}
