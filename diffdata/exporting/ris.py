"""RIS, which EndNote, Mendeley, Zotero and most catalogues read."""

from __future__ import annotations

from collections.abc import Sequence

from diffdata.exporting.records import Item

_TYPES = {
    "article": "GEN",
    "dataset": "DATA",
    "post-weblog": "BLOG",
    "thesis": "THES",
    "webpage": "ELEC",
}


def ris(items: Sequence[Item]) -> str:
    """Write one record an item."""
    return "\n".join(map(record, items))


def record(item: Item) -> str:
    """Write the record of one item.

    Examples
    --------
    >>> made = record({
    ...     "id": "a-1", "type": "dataset", "title": "A", "issued": {"date-parts": [[2020, 5]]}
    ... })
    >>> made.splitlines()
    ['TY  - DATA', 'ID  - a-1', 'TI  - A', 'PY  - 2020', 'DA  - 2020/05//', 'ER  - ']
    """
    tags = [("TY", _TYPES[item["type"]]), ("ID", item["id"])]
    tags += [
        ("AU", name.get("literal") or f"{name['family']}, {name['given']}")
        for name in item.get("author", [])
    ]
    tags.append(("TI", item["title"]))
    if "issued" in item:
        parts = [f"{part:02}" for part in item["issued"]["date-parts"][0]]
        tags += [("PY", parts[0]), ("DA", "/".join((*parts, "", "")[:3]) + "/")]
    if "accessed" in item:
        day = "/".join(f"{part:02}" for part in item["accessed"]["date-parts"][0])
        tags.append(("Y2", f"{day}/"))
    tags += [
        (tag, item[key])
        for tag, key in (
            ("PB", "publisher"), ("T2", "container-title"), ("M3", "genre"), ("ET", "version"),
            ("DO", "DOI"), ("UR", "URL"), ("N1", "note"),
        )
        if key in item
    ]  # fmt: skip
    return "".join(f"{tag}  - {value}\n" for tag, value in [*tags, ("ER", "")])
