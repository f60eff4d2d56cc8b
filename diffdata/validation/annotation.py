"""Issues for people and for machines: on a terminal, on a pull request, for code scanners."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.text import Text

from diffdata.errors import Issue, total, visible

_WIDTH = 78  # of the line that is shown with a caret
_COLOURS = {"error": "bold red", "warning": "bold yellow"}


def as_text(issues: Sequence[Issue], root: Path) -> Text:
    """Return issues for a terminal: each with its line of the file and a caret under the cell.

    Parameters
    ----------
    issues
        The issues.
    root
        The folder of the package, in which their files lie.
    """
    text = Text()
    lines = _Lines(root)
    for issue in map(_shown, issues):
        where = ":".join(str(part) for part in (issue.file, issue.line) if part is not None)
        text.append(where, "bold").append(": ")
        text.append(issue.severity, _COLOURS[issue.severity])
        about = ", ".join(part for part in (issue.column, issue.row) if part)
        text.append(f": {issue.message}").append(f" [{about}]" * bool(about))
        text.append(f" ({issue.rule})\n", "dim")
        shown = lines.excerpt(issue)
        if shown is not None:
            line, start, length = shown
            text.append(f"    {line}\n    {' ' * start}")
            text.append("^" * length + "\n", _COLOURS[issue.severity])
        if issue.hint:
            text.append(f"    hint: {issue.hint}\n", "green")
    return text.append(total(issues))


def as_json(issues: Sequence[Issue]) -> str:
    """Return issues as a list of objects with the attributes of `Issue`."""
    return json.dumps([issue.to_dict() for issue in issues], indent=2, ensure_ascii=False)


def as_github(issues: Sequence[Issue], root: Path) -> str:
    """Return issues as commands of GitHub Actions, which show them at the lines of a request."""
    lines = _Lines(root)
    commands = []
    for issue in issues:
        place = {"file": _from_here(root, issue.file), "line": issue.line}
        start, end = lines.span(issue) or (None, None)
        place |= {"col": start, "endColumn": end, "title": issue.rule}
        given = ",".join(f"{k}={_property(v)}" for k, v in place.items() if v is not None)
        about = f" [{', '.join(part for part in (issue.column, issue.row) if part)}]"
        message = issue.message + about * (about != " []")
        message += f"\nhint: {issue.hint}" if issue.hint else ""
        commands.append(f"::{issue.severity} {given}::{_escaped(message)}")
    return "\n".join(commands)


def as_sarif(issues: Sequence[Issue], root: Path) -> str:
    """Return issues as SARIF 2.1.0, which code hosts and editors read."""
    lines = _Lines(root)
    results = []
    for issue in issues:
        uri = quote(_from_here(root, issue.file), errors="replace")
        place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
        if issue.line is not None:
            place["region"] = {"startLine": issue.line}
            if span := lines.span(issue):
                place["region"] |= {"startColumn": span[0], "endColumn": span[1]}
        text = issue.message + (f" Hint: {issue.hint}." if issue.hint else "")
        results.append(
            {
                "ruleId": issue.rule,
                "level": issue.severity,
                "message": {"text": text},
                "locations": [{"physicalLocation": place}],
                "properties": {"column": issue.column, "row": issue.row, "value": issue.value},
            }
        )
    rules = [{"id": rule} for rule in sorted({issue.rule for issue in issues})]
    driver = {"name": "diffdata", "version": version("diffdata"), "rules": rules}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(log, indent=2, ensure_ascii=False)


def _shown(issue: Issue) -> Issue:
    """Return an issue whose names cannot move the terminal."""
    names = {name: visible(text) for name, text in vars(issue).items() if isinstance(text, str)}
    return replace(issue, **names)  # type: ignore[arg-type]


class _Lines:
    """The lines of the files of a package, each file read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[str, list[str]] = {}

    def span(self, issue: Issue) -> tuple[int, int] | None:
        """Return where the cell of an issue begins and ends in its line, from 1, if known."""
        if issue.line is None or issue.column is None:
            return None
        line, header = self._line(issue.file, issue.line), self._line(issue.file, 1)
        if line is None or header is None:
            return None
        names = [header[start:end].strip('"') for start, end in _cells(header)]
        spans = _cells(line)
        if issue.column not in names or len(spans) <= names.index(issue.column):
            return None
        start, end = spans[names.index(issue.column)]
        return start + 1, max(end, start + 1) + 1

    def excerpt(self, issue: Issue) -> tuple[str, int, int] | None:
        """Return a piece of the line with the cell in it, where the cell begins, and its length."""
        span = self.span(issue)
        if span is None:
            return None
        line = str(self._line(issue.file, issue.line))
        start, end = span[0] - 1, span[1] - 1
        left = max(0, min(start - 10, len(line) - _WIDTH)) if len(line) > _WIDTH else 0
        piece = line[left : left + _WIDTH].translate(_VISIBLE)
        return piece, start - left, max(1, min(end - start, _WIDTH - (start - left)))

    def _line(self, file: str, number: int | None) -> str | None:
        if file not in self._files:
            path, text = self._root / file, ""
            with contextlib.suppress(OSError, ValueError):
                if path.is_file():  # and no device or pipe, which may have no end
                    text = path.read_text(encoding="utf-8", errors="replace")
            self._files[file] = text.split("\n")
        lines = self._files[file]
        return lines[number - 1] if number is not None and number <= len(lines) else None


# Control characters would move the caret, or the terminal.
_HIDDEN = [
    *range(32), *range(127, 160), 0xAD, 0x61C, *range(0x200B, 0x2010), *range(0x2028, 0x202F),
    *range(0x2060, 0x2070), 0xFEFF,
]  # fmt: skip
_VISIBLE = dict.fromkeys(_HIDDEN, "\ufffd")


def _cells(line: str) -> list[tuple[int, int]]:
    """Return where each cell of a line of CSV begins and ends."""
    spans, start, quoted = [], 0, False
    for place, mark in enumerate(line):
        if mark == '"':
            quoted = not quoted
        elif mark == "," and not quoted:
            spans.append((start, place))
            start = place + 1
    return [*spans, (start, len(line))]


def _from_here(root: Path, file: str) -> str:
    """Return the path of a file from the working directory, as code hosts want it."""
    path = root / file
    with contextlib.suppress(ValueError):
        path = path.resolve().relative_to(Path.cwd())
    return path.as_posix()


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: object) -> str:
    return _escaped(str(value)).replace(":", "%3A").replace(",", "%2C")
