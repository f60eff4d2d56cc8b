"""References in the manner of the APA (7th edition), as plain text without italics."""

from __future__ import annotations

import re
from collections.abc import Sequence

from diffdata.exporting.records import Item

# Not strftime, which would speak the language of the machine.
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def apa(items: Sequence[Item]) -> str:
    """Write one reference a line: the dataset, an empty line, and its sources by name."""
    first, *rest = map(reference, items)
    rest.sort(key=str.casefold)
    return "".join(f"{line}\n" for line in ([first, "", *rest] if rest else [first]))


def reference(item: Item) -> str:
    """Write the reference of one item.

    Examples
    --------
    >>> reference({
    ...     "type": "article", "title": "Is it so?", "publisher": "arXiv", "DOI": "10.1/2",
    ...     "author": [{"family": "Roe", "given": "Ann-Kay B."}, {"literal": "others"}],
    ...     "issued": {"date-parts": [[2020, 5]]},
    ... })
    'Roe, A.-K. B., et al. (2020). Is it so? arXiv. https://doi.org/10.1/2'
    """
    title = item["title"]
    if "version" in item:
        title += f" (Version {item['version']})"
    kind = "Data set" if item["type"] == "dataset" else item.get("genre")
    publisher = item.get("publisher") or item.get("container-title", "")
    if kind == "Thesis":
        kind, publisher = f"Thesis, {publisher}", ""
    if kind:
        title += f" [{kind}]"
    authors = _authors(item.get("author", []))
    year = f"({_date(item)})"
    # A work without an author begins with its title.
    parts = [authors, f"{year}.", title] if authors else [title, f"{year}."]
    if publisher != authors:
        parts.append(publisher)
    return " ".join([*map(_stopped, filter(None, parts)), *_where(item)])


def _where(item: Item) -> list[str]:
    if "DOI" in item:
        parts = [f"https://doi.org/{item['DOI']}"]
    elif "URL" in item:
        # What bears no date may change, so it matters when it was read.
        seen = item.get("accessed") if "issued" not in item else None
        parts = [f"Retrieved {_day(seen['date-parts'][0])}, from {item['URL']}" if seen
                 else item["URL"]]  # fmt: skip
    else:
        parts = []
    return parts + ([f"[{item['note']}]"] if "note" in item else [])


def _authors(names: Sequence[dict[str, str]]) -> str:
    written = [_name(name) for name in names if name != {"literal": "others"}]
    if len(written) < len(names):
        return ", ".join([*written, "et al."])
    if len(written) < 2:
        return "".join(written)
    return f"{', '.join(written[:-1])}, & {written[-1]}"


def _name(name: dict[str, str]) -> str:
    if "literal" in name:
        return name["literal"]
    initials = [
        "-".join(f"{part[0]}." for part in given.split("-") if part)
        for given in name["given"].split()
    ]
    return f"{name['family']}, {' '.join(initials)}"


def _date(item: Item) -> str:
    if "issued" not in item:
        return "n.d."
    year, *rest = item["issued"]["date-parts"][0]
    if not rest or item["type"] not in ("webpage", "post-weblog"):
        return str(year)
    return f"{year}, {_MONTHS[rest[0] - 1]}" + (f" {rest[1]}" if len(rest) > 1 else "")


def _day(parts: list[int]) -> str:
    year, month, day = parts
    return f"{_MONTHS[month - 1]} {day}, {year}"


def _stopped(part: str) -> str:
    return part if re.search(r"[.?!…]$", part) else f"{part}."
