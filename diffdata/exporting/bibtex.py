"""BibTeX, for LaTeX: plain entry types that every style knows, UTF-8 beyond ASCII."""

from __future__ import annotations

import re
from collections.abc import Sequence

from diffdata.exporting.records import Item

# Commands in braces, never a bare \{: BibTeX counts braces, a backslash before them or not.
_SPECIAL = {
    "\\": r"{\textbackslash}",
    "{": r"{\textbraceleft}",
    "}": r"{\textbraceright}",
    "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
}
# LaTeX reads an address verbatim, but these would break it or the entry.
_UNSAFE = {char: f"%{ord(char):02X}" for char in '\\{}^`"<> '}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ARXIV = re.compile(r"https?://arxiv\.org/abs/(\S+)")


def bibtex(items: Sequence[Item]) -> str:
    """Write one entry an item; the keys are the ids of the items, which stay."""
    return "\n".join(map(entry, items))


def entry(item: Item) -> str:
    r"""Write the entry of one item.

    Examples
    --------
    >>> print(entry({
    ...     "id": "a-1", "type": "webpage", "title": "50% & more", "author": [{"literal": "R & D"}],
    ...     "issued": {"date-parts": [[2020, 5]]}, "URL": "https://example.org/a_b",
    ... }))
    @misc{a-1,
      author = {{R \& D}},
      title = {{50\% \& more}},
      year = {2020},
      month = may,
      url = {https://example.org/a_b}
    }
    <BLANKLINE>
    """
    thesis = item["type"] == "thesis"
    year, month = ([*item["issued"]["date-parts"][0], None][:2] if "issued" in item
                   else (None, None))  # fmt: skip
    kind = "Data set" if item["type"] == "dataset" else item.get("genre")
    notes = [f"Version {item['version']}" if "version" in item else None, item.get("note")]
    if not thesis:
        notes.insert(0, kind)
    issuer = item.get("publisher") or item.get("container-title")
    arxiv = _ARXIV.fullmatch(item.get("URL", ""))
    fields = {
        "author": " and ".join(map(_name, item.get("author", []))),
        # The inner braces keep a style from changing the case of names.
        "title": f"{{{escape(item['title'])}}}",
        "school" if thesis else "howpublished": issuer and escape(issuer),
        "type": kind if thesis else None,
        "year": year and str(year),
        "month": month and _MONTHS[month - 1],
        "note": escape("; ".join(filter(None, notes))),
        "eprint": arxiv and arxiv[1],
        "archiveprefix": arxiv and "arXiv",
        "doi": _verbatim(item.get("DOI", "")),
        "url": _verbatim(item.get("URL", "")),
        "urldate": "-".join(f"{part:02}" for part in item["accessed"]["date-parts"][0])
        if "accessed" in item
        else None,
    }
    lines = [
        f"  {name} = {value}" if name == "month" else f"  {name} = {{{value}}}"
        for name, value in fields.items()
        if value
    ]
    body = ",\n".join(lines)
    return f"@{'phdthesis' if thesis else 'misc'}{{{item['id']},\n{body}\n}}\n"


def escape(text: str) -> str:
    r"""Write a text so that BibTeX and LaTeX print it as it is.

    Examples
    --------
    >>> print(escape("50% of {A_1} & more"))
    50\% of {\textbraceleft}A\_1{\textbraceright} \& more
    """
    return "".join(_SPECIAL.get(char, char) for char in text)


def _verbatim(address: str) -> str:
    return "".join(_UNSAFE.get(char, char) for char in address)


def _name(name: dict[str, str]) -> str:
    if name == {"literal": "others"}:
        return "others"
    if "literal" in name:
        return f"{{{escape(name['literal'])}}}"
    return f"{escape(name['family'])}, {escape(name['given'])}"
