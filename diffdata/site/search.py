"""What the search box finds: everything with a page, by its names and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from diffdata.lookup.text import plain
from diffdata.package.pinned import reviewed_rows
from diffdata.site.facts import Facts
from diffdata.site.layout import page
from diffdata.site.tables import address

# What is found: the table, what one row is called, its name, and further words to find it by.
_FOUND: list[tuple[str, str, str, tuple[str, ...]]] = [
    ("models", "model", "name", ("model_family",)),
    ("hardware", "chip", "name", ("hardware_kind",)),
    ("organizations", "organization", "name", ("country",)),
    ("benchmarks", "benchmark", "name", ("measures",)),
    ("quantities", "quantity", "title", ("definition",)),
    ("sources", "source", "title", ("authors", "publisher", "published")),
    ("calculations", "ledger", "figure", ("formula",)),
    ("techniques", "technique", "title", ("definition",)),
    ("forecasts", "forecast", "proposition", ("forecaster",)),
]
_SHOWN = {"models": "developers", "sources": "authors"}  # said beside the name

Entry = tuple[str, str, str, str, str, int]


def search_pages(
    facts: Facts, documents: Iterable[tuple[str, str]] = ()
) -> Iterator[tuple[str, str]]:
    """Yield path and text of the index and of the page of results.

    `documents` are further pages, by address and title.
    """
    entries = [*_entries(facts)]
    entries += [("document", title, "", "", address, 1) for address, title in documents]
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
    yield "search/entries.js", f"globalThis.diffdataEntries={text};\n"
    path = "search/index.html"
    yield path, page("search.html.j2", path, title="Search", edition=facts.edition)


def _entries(facts: Facts) -> Iterator[Entry]:
    """Yield kind, name, what is shown beside it, further words, address, and whether reviewed."""
    package, tables = facts.package, facts.arrow
    summary = tables["model_summary"].to_pylist() if "model_summary" in tables else []
    developers = {row["model_id"]: row.get("developers") for row in summary}
    for table, kind, named, others in _FOUND:
        if table not in tables:
            continue
        key = package.schema(table).primary_key[0]
        reviewed = reviewed_rows(tables[table]).num_rows
        seen = set()
        for place, row in enumerate(tables[table].to_pylist()):
            if row[key] in seen:  # a quantity with several units
                continue
            seen.add(row[key])
            beside = row.get(_SHOWN.get(table, "")) or developers.get(row[key]) or ""
            words = [
                row[key],
                *facts.other_names(table, row[key]),
                *(str(row.get(name) or "") for name in others),
            ]
            name = row.get(named) or row[key]
            yield (
                kind, name, str(beside) if table in _SHOWN else "",
                " ".join(dict.fromkeys(filter(None, words))), address(table, row[key]),
                int(place < reviewed),
            )  # fmt: skip
    for name in tables:
        schema = package.schema(name)
        yield (
            "table", schema.title or plain(name), "", f"{name} {schema.description}",
            f"tables/{name}/index.html", 1,
        )  # fmt: skip
