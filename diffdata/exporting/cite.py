"""From what somebody wants to cite to the text of the citation, in one of the styles."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from diffdata.errors import UnknownNameError
from diffdata.exporting.apa import apa
from diffdata.exporting.bibtex import bibtex
from diffdata.exporting.cff import cff
from diffdata.exporting.records import Citation, Item, citation_of
from diffdata.exporting.ris import ris
from diffdata.package.opening import Dataset, open_dataset
from diffdata.package.packages import Package


def csl_json(items: Sequence[Item]) -> str:
    """Write items as CSL-JSON, which Zotero, pandoc and every CSL processor read."""
    return json.dumps(list(items), indent=2, ensure_ascii=False) + "\n"


# Styles that are a list of items. CFF is not: it describes the dataset, and refers to the sources.
_LISTS: dict[str, Callable[[Sequence[Item]], str]] = {
    "apa": apa,
    "bibtex": bibtex,
    "csl-json": csl_json,
    "ris": ris,
}

STYLES = (*_LISTS, "cff")


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
        The name of a table, or an estimate_id; by default the dataset as a whole. The citation of
        a table names the sources of its rows too, that of an estimate the source that makes the
        statement, with the place in it, and the source where it was read if that is another one.
    style
        ``apa`` (plain text), ``bibtex``, ``csl-json``, ``ris`` or ``cff``.
    package, version
        A folder with a datapackage.json, or a released edition; by default the dataset that comes
        with diffdata.

    Returns
    -------
    text
        Complete lines. The version is in it, and the DOI once one is minted (``id`` in the
        descriptor, ``doi`` in the index of releases). That of a released edition has the day of the
        release and, by the content digest, tells which values were used.

    Raises
    ------
    UnknownNameError
        If there is no such table, estimate or style; the nearest names are suggested.
    PackageError
        If the package cannot be read.

    Examples
    --------
    >>> print(cite("gpt-3-training-cost"), end="")
    The diffdata authors. (2026). Estimate gpt-3-training-cost (training_cost of gpt-3), in \
diffdata: how AI capabilities spread (Version 2026.2.0) [Data set].
    <BLANKLINE>
    Cottier, B. (2022, December 21). Understanding the diffusion of large language models: \
summary. Rethink Priorities. https://ea.greaterwrong.com/posts/nc3JFZbqnzWWAPkmz/\
understanding-the-diffusion-of-large-language-models-summary-1 [Table 3]
    """
    return cite_from(open_dataset(package, version), what, style=style)


def cite_from(package: Package, what: str | None = None, *, style: str = "apa") -> str:
    """Return the citation of a part of an opened package; see `cite`."""
    if style not in STYLES:
        raise UnknownNameError("style of citation", style, STYLES)
    return render(package, citation_of(package, what), style)


def render(package: Package, citation: Citation, style: str) -> str:
    """Write a citation in a style, one of `STYLES`."""
    if style == "cff":
        return cff(package.descriptor, citation)
    return _LISTS[style](citation.items)
