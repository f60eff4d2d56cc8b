"""Citations: what is cited as items of CSL-JSON, and these as APA, BibTeX, RIS and CFF."""

from __future__ import annotations

import datetime
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import yaml

from diffdata.errors import UnknownNameError, visible
from diffdata.loading import validated_tables
from diffdata.package.packages import Dataset, Package, open_dataset
from diffdata.schemas.profile import PackageDescriptor

# One item of CSL-JSON: id, type, title, author, issued, publisher ...
Item = dict[str, Any]
Row = Mapping[str, Any]

# The type and the genre of a source, by source_kind; all others are web pages without a genre.
_KINDS = {
    "dataset": ("dataset", None), "documentation": ("webpage", "Documentation"),
    "model_card": ("webpage", "Model card"), "paper": ("article", None),
    "post": ("post-weblog", None), "repository": ("webpage", "Repository"),
    "thesis": ("thesis", "Thesis"),
}  # fmt: skip
# The inputs of the tables whose own rows name no sources. Any other table without sources depends
# on all tables that it refers to.
_INPUTS = {
    "calculation_inputs": ("estimates",),
    "calculations": ("estimates", "calculation_inputs"),
    "hardware_summary": ("hardware", "hardware_performance", "hardware_prices"),
    "model_summary": (
        "models",
        "model_dates",
        "model_developers",
        "artifacts",
        "model_summary_inputs",
    ),
    "model_summary_inputs": ("estimates",),
}
_SUFFIXES = ("Jr.", "Jr", "Sr.", "Sr", "II", "III", "IV")
_COMPANIES = (
    "B.V.", "Co.", "Corp.", "Corporation", "GmbH", "Inc", "Inc.", "Incorporated", "K.K.", "LLC",
    "LLP", "Limited", "Ltd", "Ltd.", "N.V.", "PLC", "S.A.", "plc",
)  # fmt: skip
# The start of the note that identifies the values of a released edition.
DIGEST = "content digest sha256"
# The types of CSL-JSON that we use, in RIS and in the Citation File Format.
_TYPES = {
    "article": ("GEN", "article"),
    "dataset": ("DATA", "data"),
    "post-weblog": ("BLOG", "blog"),
    "thesis": ("THES", "thesis"),
    "webpage": ("ELEC", "website"),
}
_RIS_TAGS = {
    "PB": "publisher", "T2": "container-title", "M3": "genre", "ET": "version", "DO": "DOI",
    "UR": "URL", "N1": "note",
}  # fmt: skip
_CFF_NAMES = {
    "literal": "name", "family": "family-names", "given": "given-names", "suffix": "name-suffix",
}  # fmt: skip
# Not strftime, whose month names depend on the locale of the machine.
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
# Commands in braces, never a bare \{: BibTeX counts braces even after a backslash.
_LATEX = str.maketrans(
    {char: f"\\{char}" for char in "&%$#_"}
    | {"\\": r"{\textbackslash}", "{": r"{\textbraceleft}", "}": r"{\textbraceright}"}
    | {"~": r"{\textasciitilde}", "^": r"{\textasciicircum}"}
)
# LaTeX reads an address verbatim; these characters would end the field or the entry.
_ADDRESS = str.maketrans({char: f"%{ord(char):02X}" for char in '\\{}^`"<> '})


def cite(
    what: str | None = None,
    *,
    style: str = "apa",
    package: Dataset | None = None,
    version: str | None = None,
) -> str:
    """Return the citation of the dataset, of a table or of an estimate, at its version.

    Parameters
    ----------
    what
        The name of a table, or an estimate_id; by default the dataset. A table is cited with the
        sources of its rows; an estimate with the source that states it, the place there, and the
        source that quotes it if it was read there.
    style
        ``apa`` (plain text), ``bibtex``, ``csl-json``, ``ris`` or ``cff``.
    package, version
        A folder with a datapackage.json, or a released edition; by default the dataset that comes
        with diffdata.

    Returns
    -------
    text
        Complete lines with the version, and the DOI if there is one (``id`` in the descriptor,
        ``doi`` in the index of releases); of a released edition also with the day of the release
        and the content digest, which identifies the values.

    Raises
    ------
    UnknownNameError
        If there is no such table, estimate or style; the nearest names are suggested.
    PackageError
        If the package cannot be read.

    Examples
    --------
    >>> print(cite("gpt-3-training-cost", version="2026.2"), end="")  # doctest: +ELLIPSIS
    The diffdata authors. (2026). Estimate gpt-3-training-cost (training_cost of gpt-3), in \
diffdata: how AI capabilities spread (Version 2026.2.0) [Data set]. [content digest sha256 ...]
    <BLANKLINE>
    Cottier, B. (2022, December 21). Understanding the diffusion of large language models: \
summary. Rethink Priorities. https://ea.greaterwrong.com/posts/nc3JFZbqnzWWAPkmz/\
understanding-the-diffusion-of-large-language-models-summary-1 [Table 3]
    """
    opened = open_dataset(package, version)
    if style not in STYLES:
        raise UnknownNameError("style of citation", style, STYLES)
    items = citation_of(opened, what)
    return _cff(opened.descriptor, items) if style == "cff" else _STYLES[style](items)


def cite_statements(
    package: Package, title: str, rows: Sequence[Row], *, style: str = "apa"
) -> str:
    """Return the citation of what rows of a dataset state, with their sources; see `cite`."""
    if style not in STYLES:
        raise UnknownNameError("style of citation", style, STYLES)
    items = _of_statements(package, None, title[:1].upper() + title[1:], rows)
    return _cff(package.descriptor, items) if style == "cff" else _STYLES[style](items)


def citation_of(package: Package, what: str | None = None) -> list[Item]:
    """Return the item of the dataset (None), a table or an estimate, and those of its sources."""
    if what is None:
        return [_dataset(package)]
    if what in package.tables:
        return [_dataset(package, what, f"Table {what}"), *sources_of(package, [what])]
    estimates = _by_text(_rows(package, "estimates"), "estimate_id")
    if what not in estimates:
        raise UnknownNameError("table or estimate", what, [*package.tables, *estimates])
    return _of_estimate(package, what, estimates[what])


def sources_of(package: Package, tables: Iterable[str]) -> list[Item]:
    """Return the items of the sources of the rows of some tables, sorted by id."""
    rows_of = cache(partial(_rows, package))
    ids: set[str] = set()

    def collect(table: str, rows: Iterable[Row], visited: set[str]) -> None:
        """Add the sources that rows name; for a table that names none, those of its inputs."""
        visited.add(table)
        keys = {
            key.fields[0]: key.reference
            for key in package.schema(table).foreign_keys
            if len(key.fields) == 1
        }
        columns = [column for column, target in keys.items() if target.resource == "sources"]
        if table == "sources":
            columns = ["source_id"]
        for column in columns:
            ids.update(_by_text(rows, column))
        if columns:
            return
        targets = {target.resource: (column, target.fields[0]) for column, target in keys.items()}
        for other in _INPUTS.get(table, tuple(targets)):
            if other not in visited and other in package.tables:
                inputs = rows_of(other)
                if other in targets:
                    column, target = targets[other]
                    used = {row[column] for row in rows} - {None}
                    inputs = [row for row in inputs if row[target] in used]
                collect(other, inputs, visited)

    for table in tables:
        collect(table, rows_of(table), set())
    return _source_items(package, sorted(ids))


def _rows(package: Package, table: str) -> list[Row]:
    """Return the rows of a table, an empty list if the package does not have it."""
    if table not in package.tables:
        return []
    rows: list[Row] = validated_tables(package, [table])[table].to_pylist()
    return rows


def _by_text(rows: Iterable[Row], column: str) -> dict[str, Row]:
    return {text: row for row in rows if (text := _text(row, column))}


def _source_items(package: Package, ids: Iterable[str]) -> list[Item]:
    ids = list(ids)
    rows = _by_text(_rows(package, "sources"), "source_id") if ids else {}
    return [source_item(rows[name]) for name in ids if name in rows]


def _of_estimate(package: Package, name: str, row: Row) -> list[Item]:
    subjects = [
        key.fields[0]
        for key in package.schema("estimates").foreign_keys
        if len(key.fields) == 1 and key.reference.resource not in ("", "quantities", "sources")
    ]
    subject = next((text for column in subjects if (text := _text(row, column))), None)
    about = " of ".join(filter(None, [_text(row, "quantity_id"), subject]))
    return _of_statements(
        package, name, f"Estimate {name}" + (f" ({about})" if about else ""), [row]
    )


def _of_statements(
    package: Package, part: str | None, title: str, rows: Iterable[Row]
) -> list[Item]:
    """Return the item of a part of the dataset, and those of the sources that its rows name."""
    places: dict[str, list[str]] = {}
    for row in rows:
        source, quoted = _text(row, "source_id"), _text(row, "quoted_in_source_id")
        if source:
            read = f"read as quoted in {quoted}" if quoted else None
            places.setdefault(source, []).extend(filter(None, [_text(row, "locator"), read]))
        if source and quoted:
            places.setdefault(quoted, []).append(f"Quotes {source}")
    notes = {source: "; ".join(dict.fromkeys(found)) for source, found in places.items()}
    items = _source_items(package, notes)
    return [_dataset(package, part, title), *(filled(i | {"note": notes[i["id"]]}) for i in items)]


def _dataset(package: Package, part: str | None = None, title: str | None = None) -> Item:
    """Return the item of the dataset; the item of a part has its own title and id."""
    described, release = package.descriptor, package.release
    people = described.contributors
    authors = [one for one in people if {"author", "creator"} & set(one.roles)] or people
    item: Item = {
        "id": f"{described.name}-{described.version}" + (f"-{part}" if part else ""),
        "type": "dataset",
        "title": _one_line(f"{title}, in {described.title}" if title else described.title),
        "author": [_name(_one_line(one.title)) for one in authors],
        "publisher": _one_line(", ".join(p.title for p in people if "publisher" in p.roles)),
        "version": described.version,
        "DOI": described.doi or (release and release.doi),
        "URL": _one_line(described.homepage or ""),
        "note": release and f"{DIGEST} {release.digest}",
        "issued": _date(described.created),
    }
    return filled(item)


def source_item(row: Row) -> Item:
    """Return the item of a row of the table ``sources``."""
    kind, genre = _KINDS.get(_text(row, "source_kind") or "", ("webpage", None))
    authors = _text(row, "authors")
    issuer = "container-title" if kind in ("webpage", "post-weblog") else "publisher"
    precision = {"year": 1, "month": 2}.get(_text(row, "published_precision") or "", 3)
    return filled(
        {
            "id": row["source_id"],
            "type": kind,
            "title": _text(row, "title") or row["source_id"],
            "author": [_name(name) for name in authors.split("; ")] if authors else [],
            issuer: _text(row, "publisher"),
            "genre": genre,
            "DOI": _text(row, "doi"),
            "URL": _text(row, "url"),
            "issued": _date(row.get("published"), precision),
            "accessed": _date(row.get("accessed")),
        }
    )


def _date(day: Any, parts: int = 3) -> dict[str, list[list[int]]] | None:
    """Return the known parts of a date: year, month, day."""
    if not isinstance(day, datetime.date):
        return None
    return {"date-parts": [[day.year, day.month, day.day][:parts]]}


def _name(name: str) -> dict[str, str]:
    """Split 'Family, Given' and 'Family, Given, Jr.'; all other names are organisations."""
    if name == "and others":
        return {"literal": "others"}
    family, *rest = name.split(", ")
    suffixes = [part for part in rest if part in _SUFFIXES]
    given = [part for part in rest if part not in _SUFFIXES]
    if len(given) != 1 or len(suffixes) > 1 or given[0] in _COMPANIES:
        return {"literal": name}
    return {"family": family, "given": given[0]} | ({"suffix": suffixes[0]} if suffixes else {})


def date_parts(item: Item, key: str = "issued") -> list[Any]:
    """Return year, month and day of a date of an item, None for each that is not known."""
    known = item[key]["date-parts"][0] if key in item else []
    return [*known, None, None, None][:3]


def date_text(item: Item, key: str = "issued") -> str:
    """Return the known parts of a date of an item as text, such as 2022-12."""
    return "-".join(f"{part:02}" for part in date_parts(item, key) if part)


def family_first(name: Mapping[str, str]) -> str:
    """Return a name as 'Family, Given' or 'Family, Given, Jr.'; an organisation as it is."""
    return name.get("literal") or ", ".join(
        name[key] for key in ("family", "given", "suffix") if key in name
    )


def filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping without its empty values."""
    return {key: value for key, value in values.items() if value}


def _one_line(text: str) -> str:
    # Line breaks would start a new field in RIS; other control characters act on a terminal.
    return visible(" ".join(text.split()))


def _text(row: Row, name: str) -> str | None:
    """Return the text of a cell; None where it is missing, or the table has no such column."""
    value = row.get(name)
    return value if isinstance(value, str) and value else None


def _publisher(item: Item) -> str | None:
    return item.get("publisher") or item.get("container-title")


def _kind(item: Item) -> str | None:
    return "Data set" if item["type"] == "dataset" else item.get("genre")


def apa(items: Sequence[Item]) -> str:
    """Write references in APA style (7th edition): the first item, and the others sorted."""
    first, *rest = map(_apa_reference, items)
    lines = [first, "", *sorted(rest, key=str.casefold)] if rest else [first]
    return "".join(f"{line}\n" for line in lines)


def _apa_reference(item: Item) -> str:
    title, kind, publisher = item["title"], _kind(item), _publisher(item)
    if "version" in item:
        title += f" (Version {item['version']})"
    if kind == "Thesis":
        kind, publisher = ", ".join(filter(None, [kind, publisher])), None
    if kind:
        title += f" [{kind}]"
    authors, date = _apa_authors(item.get("author", [])), f"({_apa_date(item)})."
    # A work without an author begins with its title.
    parts = [authors, date, title] if authors else [title, date]
    if publisher and publisher != authors:
        parts.append(publisher)
    parts = [part if part.endswith((".", "?", "!", "…")) else f"{part}." for part in parts]
    if "DOI" in item:
        parts.append(f"https://doi.org/{item['DOI']}")
    elif "URL" in item and "accessed" in item and "issued" not in item:
        # A page without a date may change.
        year, month, day = date_parts(item, "accessed")
        parts.append(f"Retrieved {_MONTHS[month - 1]} {day}, {year}, from {item['URL']}")
    elif "URL" in item:
        parts.append(item["URL"])
    return " ".join([*parts, *([f"[{item['note']}]"] if "note" in item else [])])


def _apa_authors(names: Sequence[Mapping[str, str]]) -> str:
    written: list[str] = []
    for name in names:
        if name == {"literal": "others"}:
            return ", ".join([*written, "et al."])
        words = [word.split("-") for word in name.get("given", "").split()]
        initials = ["-".join(f"{part[0]}." for part in parts if part) for parts in words]
        written.append(family_first({**name, "given": " ".join(initials)}))
    *first, last = written or [""]
    return f"{', '.join(first)}, & {last}" if first else last


def _apa_date(item: Item) -> str:
    year, month, day = date_parts(item)
    if year is None:
        return "n.d."
    if month is None or item["type"] not in ("webpage", "post-weblog"):
        return str(year)
    return f"{year}, {_MONTHS[month - 1]}" + (f" {day}" if day else "")


def bibtex(items: Sequence[Item]) -> str:
    """Write BibTeX entries of types that every LaTeX style supports, with the ids as keys."""
    return "\n".join(map(_bibtex_entry, items))


def _bibtex_entry(item: Item) -> str:
    thesis = item["type"] == "thesis"
    kind, issuer = _kind(item), _publisher(item)
    year, month, _ = date_parts(item)
    version = f"Version {item['version']}" if "version" in item else None
    notes = [None if thesis else kind, version, item.get("note")]
    arxiv = re.fullmatch(r"https?://arxiv\.org/abs/([A-Za-z0-9./-]+)", item.get("URL", ""))
    fields = {
        "author": " and ".join(map(_bibtex_name, item.get("author", []))),
        # The inner braces keep a style from changing the case of names.
        "title": f"{{{latex(item['title'])}}}",
        "school" if thesis else "howpublished": issuer and latex(issuer),
        "type": kind if thesis else None,
        "year": year,
        "month": month and _MONTHS[month - 1][:3].lower(),
        "note": latex("; ".join(filter(None, notes))),
        "eprint": arxiv and arxiv[1],
        "archiveprefix": arxiv and "arXiv",
        "doi": item.get("DOI", "").translate(_ADDRESS),
        "url": item.get("URL", "").translate(_ADDRESS),
        "urldate": date_text(item, "accessed"),
    }
    lines = [
        f"  {name} = {value}" if name == "month" else f"  {name} = {{{value}}}"
        for name, value in filled(fields).items()
    ]
    key = re.sub(r"[^\w.:/+-]", lambda found: f"_{ord(found[0]):X}_", item["id"])
    return ",\n".join([f"@{'phdthesis' if thesis else 'misc'}{{{key}", *lines]) + "\n}\n"


def _bibtex_name(name: Mapping[str, str]) -> str:
    if "literal" in name:
        return "others" if name["literal"] == "others" else f"{{{latex(name['literal'])}}}"
    return ", ".join(latex(name[key]) for key in ("family", "suffix", "given") if key in name)


def latex(text: str) -> str:
    """Escape a text so that BibTeX and LaTeX print it unchanged."""
    return text.translate(_LATEX)


def _ris_record(item: Item) -> str:
    tags = [
        ("TY", _TYPES[item["type"]][0]),
        ("ID", item["id"]),
        *(("AU", family_first(name)) for name in item.get("author", [])),
        ("TI", item["title"]),
        ("PY", date_parts(item)[0]),
        ("DA", _ris_date(item, "issued")),
        ("Y2", _ris_date(item, "accessed")),
        *((tag, item.get(key)) for tag, key in _RIS_TAGS.items()),
    ]
    return "".join(f"{tag}  - {value}\n" for tag, value in tags if value) + "ER  - \n"


def _ris_date(item: Item, key: str) -> str:
    """Write a date as year/month/day/, where unknown parts are empty."""
    parts = date_parts(item, key) if key in item else []
    return "".join(f"{part:02}/" if part else "/" for part in parts)


_STYLES: dict[str, Callable[[Sequence[Item]], str]] = {
    "apa": apa,
    "bibtex": bibtex,
    "csl-json": lambda items: json.dumps(items, indent=2, ensure_ascii=False) + "\n",
    "ris": lambda items: "\n".join(map(_ris_record, items)),
}
# CFF is not a list of items: it describes the dataset and refers to the sources.
STYLES = (*_STYLES, "cff")


def _cff(described: PackageDescriptor, items: Sequence[Item]) -> str:
    """Write the Citation File Format 1.2.0, which GitHub and Zenodo read from a repository."""
    item, *sources = items
    licenses = [one.name for one in described.licenses]
    kind, _, digest = item.get("note", "").rpartition(" ")
    identifier = {
        "type": "other",
        "value": f"sha256:{digest}",
        "description": "The content digest of this edition: a sha256 over all values and schemas",
    }
    document = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it together with the sources of the rows.",
        "type": "dataset",
        "title": item["title"],
        "abstract": described.description,
        "version": described.version,
        "license": licenses if len(licenses) > 1 else licenses[0],
        "doi": item.get("DOI"),
        "identifiers": [identifier] if kind == DIGEST else [],
        "url": described.homepage,
        "date-released": date_text(item),
        "authors": _cff_authors(item),
        "keywords": list(dict.fromkeys(described.keywords)),
        "references": [_cff_reference(source) for source in sources],
    }
    return yaml_text(filled(document))


def _cff_reference(item: Item) -> dict[str, Any]:
    year, month, day = date_parts(item)
    issuer = "institution" if item["type"] == "thesis" else "publisher"
    reference = {
        "type": _TYPES[item["type"]][1],
        "title": item["title"],
        "authors": _cff_authors(item),
        issuer: filled({"name": _publisher(item)}),
        "date-published": day and date_text(item),
        "year": year,
        "month": month,
        "date-accessed": date_text(item, "accessed"),
        "doi": item.get("DOI"),
        "url": item.get("URL"),
        "notes": item.get("note"),
    }
    return filled(reference)


def _cff_authors(item: Item) -> list[dict[str, str]]:
    # The format requires an author; this is how it says that none is known.
    names = item.get("author", [{"literal": "anonymous"}])
    return [{_CFF_NAMES[key]: text for key, text in name.items()} for name in names]


def yaml_text(document: dict[str, Any]) -> str:
    """Write a mapping as YAML, in the given order and without line breaks in texts."""
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=sys.maxsize))
