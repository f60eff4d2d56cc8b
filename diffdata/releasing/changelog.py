"""What the changelog says of an edition."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

from diffdata.diff.ordering import key_words
from diffdata.errors import PackageError

CHANGELOG = "CHANGELOG.md"

_HEADING = re.compile(r"## (?P<edition>\d+\.\d+)(?:\.0)?(?: \((?P<date>[^)]*)\))?")
# The part that tells which values changed, and why; what leads the list of versions.
_CHANGED_VALUES = "changed values"


@dataclass(frozen=True)
class Section:
    """What the changelog says of one edition.

    Attributes
    ----------
    edition
        The edition.
    dated
        What stands in brackets behind it: its date, or ``unreleased``.
    text
        The section with its heading.
    """

    edition: str
    dated: str
    text: str

    @property
    def date(self) -> datetime.date | None:
        """The date of the heading, None if it has none."""
        try:
            return datetime.date.fromisoformat(self.dated)
        except ValueError:
            return None

    @property
    def headline(self) -> tuple[str, ...]:
        """What stands before the first part, and under ``### Changed values``, one text a point."""
        found = []
        part = _CHANGED_VALUES
        for block in _blocks(self.text):
            if block.startswith("#"):
                part = block.strip("# ").casefold() if block.startswith("###") else part
            elif part == _CHANGED_VALUES:
                found.append(block)
        return tuple(found)

    def names(self, key: tuple[str, ...]) -> bool:
        r"""Tell whether the section names a row, by all the texts of its key in one point.

        An id counts where it stands as a whole; a plain word such as ``parameters`` only in
        backticks, for it may mean anything.

        Examples
        --------
        >>> section = section_of("## 2026.2\n- `parameters` and gpt-3-cost: read anew.", "2026.2")
        >>> [section.names((key,)) for key in ("gpt-3-cost", "gpt-3", "parameters", "anew")]
        [True, False, True, False]
        """
        whole = f"`{key_words(key)}`"
        return any(
            whole in block or all(_named(text, block) for text in key if text)
            for block in _blocks(self.text)
        )

    def names_table(self, table: str) -> bool:
        """Tell whether the section names a table; its name counts as a plain word too."""
        return bool(_whole(table, self.text))


def section_of(text: str, edition: str) -> Section:
    r"""Return what a changelog says of an edition.

    Raises
    ------
    PackageError
        If it has no section ``## EDITION (DATE)`` with a text.

    Examples
    --------
    >>> section = section_of("# Changelog\n\n## 1.2 (2026-11-22)\n\nMore\nrows.\n", "1.2")
    >>> section.date.year, section.headline
    (2026, ('More rows.',))
    """
    lines = text.splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith(("## ", "# "))]
    for start in starts:
        found = _HEADING.fullmatch(lines[start].rstrip())
        if found and found["edition"] == edition:
            end = next((n for n in starts if n > start), len(lines))
            said = "\n".join(lines[start:end]).strip() + "\n"
            if any(not block.startswith("#") for block in _blocks(said)):
                return Section(edition, found["date"] or "", said)
            raise PackageError(
                f"{CHANGELOG}: line {start + 1}: the section says nothing", start + 1
            )
    raise PackageError(
        f"{CHANGELOG}: it has no section `## {edition} (DATE)`; say there what is new and why"
    )


def _blocks(text: str) -> Iterator[str]:
    """Give headings, paragraphs and points of a list, each as one line."""
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        starts = re.match(r"\s*[-*] |#", line)
        if lines and (starts or not line.strip() or lines[0].startswith("#")):
            yield " ".join(lines)
            lines = []
        if line.strip():
            lines.append(re.sub(r"^\s*[-*] ", "", line).strip())


def _named(key: str, text: str) -> bool:
    return f"`{key}`" in text or (not key.isalpha() and bool(_whole(key, text)))


def _whole(word: str, text: str) -> re.Match[str] | None:
    return re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-]|\.\w)", text)
