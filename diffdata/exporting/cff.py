"""The Citation File Format 1.2.0, which GitHub and Zenodo read from a repository."""

from __future__ import annotations

import json
import re
from typing import Any

from diffdata.exporting.records import DIGEST, Citation, Item
from diffdata.schemas.profile import PackageDescriptor

_TYPES = {
    "article": "article",
    "dataset": "data",
    "post-weblog": "blog",
    "thesis": "thesis",
    "webpage": "website",
}
# YAML takes JSON strings, but for these, which it would fold or refuse.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
# The format asks for an author in any case; this is how it says that none is known.
_NOBODY = [{"name": "anonymous"}]


def cff(described: PackageDescriptor, citation: Citation) -> str:
    """Write a citation as a CFF file of the type dataset, its sources as references."""
    item = citation.dataset
    file: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": (
            "If you use this dataset, please cite it together with the sources of the rows."
        ),
        "type": "dataset",
        "title": item["title"],
        "abstract": described.description,
        "version": described.version,
        "license": [one.name for one in described.licenses],
        "doi": item.get("DOI"),
        "identifiers": _identifiers(item),
        "url": described.homepage,
        "date-released": described.created and f"{described.created:%Y-%m-%d}",
        "authors": _authors(item),
        "keywords": list(dict.fromkeys(described.keywords)),
        "references": [_reference(source) for source in citation.sources],
    }
    if len(described.licenses) == 1:
        file["license"] = described.licenses[0].name
    return _yaml({key: value for key, value in file.items() if value})


def _identifiers(item: Item) -> list[dict[str, str]]:
    kind, _, digest = item.get("note", "").rpartition(" ")
    if kind != DIGEST:
        return []
    words = "The content digest of this edition: a sha256 over all values and schemas"
    return [{"type": "other", "value": f"sha256:{digest}", "description": words}]


def _reference(item: Item) -> dict[str, Any]:
    parts = item.get("issued", {}).get("date-parts", [[]])[0]
    publisher = item.get("publisher") or item.get("container-title")
    thesis = item["type"] == "thesis"
    reference = {
        "type": _TYPES[item["type"]],
        "title": item["title"],
        "authors": _authors(item),
        "institution" if thesis else "publisher": publisher and {"name": publisher},
        "date-published": "-".join(f"{part:02}" for part in parts) if len(parts) == 3 else None,
        "year": parts[0] if parts else None,
        "month": parts[1] if len(parts) > 1 else None,
        "date-accessed": "-".join(f"{p:02}" for p in item["accessed"]["date-parts"][0])
        if "accessed" in item
        else None,
        "doi": item.get("DOI"),
        "url": item.get("URL"),
        "notes": item.get("note"),
    }
    return {key: value for key, value in reference.items() if value}


def _authors(item: Item) -> list[dict[str, str]]:
    return [
        {"name": name["literal"]}
        if "literal" in name
        else {"family-names": name["family"], "given-names": name["given"]}
        for name in item.get("author", [])
    ] or _NOBODY


def _yaml(value: Any, indent: str = "") -> str:
    """Write mappings, lists and scalars as YAML that says the same to every reader."""
    lines = []
    for key, item in value.items():
        if isinstance(item, dict):
            lines.append(f"{indent}{key}:\n{_yaml(item, indent + '  ')}")
        elif isinstance(item, list):
            lines.append(f"{indent}{key}:\n")
            lines += [f"{indent}  - {_entry(one, indent + '    ')}" for one in item]
        else:
            lines.append(f"{indent}{key}: {_scalar(item)}\n")
    return "".join(lines)


def _entry(item: Any, indent: str) -> str:
    return _yaml(item, indent).lstrip() if isinstance(item, dict) else f"{_scalar(item)}\n"


def _scalar(value: str | int) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
