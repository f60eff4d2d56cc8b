"""The pages of all subjects, the files of what they show, and the lists of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import quote

from diffdata.answers.layout import Cited
from diffdata.answers.page import Listing
from diffdata.exporting.citation import cite_statements
from diffdata.lookup.text import ACCESS_LABELS, human, plain
from diffdata.site.facts import KINDS, Facts, Record, anchor, page_of, quote_path
from diffdata.site.layout import page
from diffdata.site.models import model_subject
from diffdata.site.others import (
    benchmark_subject,
    chip_subject,
    organization_subject,
    quantity_subject,
    source_subject,
)
from diffdata.site.subject import Subject, day_of, developers_of, stated_cells
from diffdata.types.text import cell_text

# Columns of the rows of the file of a page.
_COLUMNS = (
    "table", "key", "model_id", "quantity_id", "value", "low", "high", "level", "unit", "currency",
    "price_year", "says", "as_printed", "source_id", "quoted_in", "locator", "verification",
    "status", "verdict", "note",
)  # fmt: skip
_MAKERS: dict[str, Callable[[Facts, Record], Subject]] = {
    "models": model_subject, "hardware": chip_subject, "organizations": organization_subject,
    "benchmarks": benchmark_subject, "quantities": quantity_subject, "sources": source_subject,
}  # fmt: skip
_SINGULAR = {
    "models": "model", "hardware": "chip", "organizations": "organization",
    "benchmarks": "benchmark", "quantities": "quantity", "sources": "source",
}  # fmt: skip
_PLURAL = {
    "models": "Models", "hardware": "Chips", "organizations": "Organizations",
    "benchmarks": "Benchmarks", "quantities": "Quantities", "sources": "Sources",
}  # fmt: skip
# Columns of the lists.
_INDEX = {
    "models": ("Published", "Developers", "Weights", "Training compute", "Cost"),
    "hardware": ("Vendor organization", "Hardware kind", "Released"),
    "organizations": ("Organization kind", "Country"),
    "benchmarks": ("Usual metric", "Published", "Rows"),
    "quantities": ("Unit", "Rows"),
    "sources": ("Authors", "Publisher", "Published", "Rows"),
}


def subject_pages(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield path and text of the page and the files of each subject, and of the lists of them."""
    for table, make in _MAKERS.items():
        subjects = [make(facts, row) for row in facts.records(table)]
        for subject in subjects:
            path = page_of(table, subject.id)
            yield path, _page(facts, subject, path)
            folder = path.removesuffix("index.html")
            listings = [facts.listing(*row) for row in subject.rows]
            yield f"{folder}data.csv", _csv(subject.rows, listings)
            yield f"{folder}data.json", _json(facts, subject)
        yield _index(facts, table, subjects)


def _page(facts: Facts, subject: Subject, path: str) -> str:
    root = "../" * path.count("/")
    title = f"{subject.name} ({_SINGULAR[subject.table]})"
    described = {
        "@context": "https://schema.org/", "@type": "Dataset",
        "name": f"{subject.name}, in diffdata",
        "description": f"{title}: what the rows of diffdata state, each with its source.",
        "version": facts.package.version, "isAccessibleForFree": True,
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "isPartOf": {"@type": "Dataset", "name": "diffdata"},
        "distribution": [
            {"@type": "DataDownload", "encodingFormat": kind, "contentUrl": f"data.{suffix}"}
            for kind, suffix in (("text/csv", "csv"), ("application/json", "json"))
        ],
    }  # fmt: skip
    return page(
        "subject.html.j2", path, title=subject.name, edition=facts.edition, subject=subject,
        description=described["description"], kind=_SINGULAR[subject.table], plain=plain,
        folder=KINDS[subject.table][1], plural=_PLURAL[subject.table],
        linked=lambda text: facts.linked(text, root), anchor=anchor,
        source=lambda name: root + quote_path(page_of("sources", name)),
        verdict_of=lambda row: _ledger_links(facts, row, root), metadata=described,
        apa=cite_statements(facts.package, f"{_SINGULAR[subject.table]} {subject.name}", []),
        bibtex=cite_statements(
            facts.package, f"{_SINGULAR[subject.table]} {subject.name}", [], style="bibtex"
        ),
    )  # fmt: skip


def _ledger_links(facts: Facts, row: Listing, root: str) -> list[tuple[str, str]]:
    if row.table != "estimates":
        return []
    found = (one["calculation_id"] for one in facts.where("calculations", "estimate_id", row.key))
    results = (facts.ledger[name] for name in found if name in facts.ledger)
    return [
        (root + quote_path(page_of("calculations", one.id)), plain(one.verdict)) for one in results
    ]


def _csv(rows: Iterable[tuple[str, str, Record]], listings: Iterable[Listing]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for (_, _, row), listing in zip(rows, listings, strict=True):
        cells = {name: cell_text(row.get(name)) for name in _COLUMNS[2:11]}
        cells |= {name: getattr(listing, name) for name in (*_COLUMNS[:2], *_COLUMNS[11:])}
        writer.writerow(cells)
    return out.getvalue()


def _json(facts: Facts, subject: Subject) -> str:
    """Write the rows of a page as JSON, with a line for each row."""
    rows: dict[str, list[Record]] = {}
    for table, _, row in subject.rows:
        rows.setdefault(table, []).append(row)
    content = {
        "id": subject.id, "kind": _SINGULAR[subject.table], "name": subject.name,
        "version": facts.package.version, "summary": subject.summary, "rows": {},
    }  # fmt: skip
    tables = (
        json.dumps(table) + ": [\n" + ",\n".join(map(_line, found)) + "\n]"
        for table, found in rows.items()
    )
    return _line(content)[:-2] + "\n" + ",\n".join(tables) + "\n}}\n"


def _line(content: Record) -> str:
    return json.dumps(content, ensure_ascii=False, default=cell_text)


def _index(facts: Facts, table: str, subjects: Sequence[Subject]) -> tuple[str, str]:
    """Return the page that lists all subjects of a kind, and models by year besides."""
    path = f"{KINDS[table][1]}/index.html"
    browsed = table
    rows: list[Sequence[str]] = []
    groups: dict[str, list[tuple[str, str]]] = {}
    if table == "models":
        browsed = "model_summary"
        for one in subjects:
            year = str(one.summary.get("published", ""))[:4] or "undated"
            address = quote_path(f"{quote(one.id, safe='')}/index.html")
            groups.setdefault(year, []).append((one.name, address))
            if one.summary.get("reviewed"):
                compute = one.summary.get("training_compute_flop")
                cost = one.summary.get("training_cost_usd")
                rows.append((
                    Cited((one.name, [(table, one.id)])), day_of(one.summary, "published"),
                    developers_of(facts, one.summary),
                    ACCESS_LABELS.get(one.summary.get("weights_access", ""), ""),
                    "" if compute is None else human(compute, "FLOP"),
                    "" if cost is None else human(cost, "USD"),
                ))  # fmt: skip
        rows.sort(key=lambda row: row[1], reverse=True)
    else:
        browsed = "hardware_summary" if table == "hardware" else table
        for one in sorted(subjects, key=lambda one: one.name.casefold()):
            cells = dict(stated_cells(facts, browsed, one.summary)) | {
                "Rows": f"{len(one.rows) - 1}"
            }
            name = Cited((one.name, [(table, one.id)]))
            rows.append((name, *(cells.get(label, "") for label in _INDEX[table])))
    return path, page(
        "subjects.html.j2", path, title=_PLURAL[table], edition=facts.edition,
        description=f"All {_PLURAL[table].lower()} of diffdata.", count=len(subjects),
        table=browsed, header=(_SINGULAR[table].capitalize(), *_INDEX[table]), rows=rows,
        groups=dict(sorted(groups.items(), reverse=True)),
        linked=lambda text: facts.linked(text, "../"), kind=_SINGULAR[table],
    )  # fmt: skip
