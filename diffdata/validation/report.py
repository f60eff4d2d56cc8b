"""Issues as text for a terminal, as JSON, as commands of GitHub Actions, and as SARIF."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.text import Text

from diffdata.errors import Issue, total, visible
from diffdata.types.definitions import CONTROL, HIDDEN
from diffdata.validation.splitting import cell_spans

_WIDTH = 78  # of the line that is shown with a caret
_COLOURS = {"error": "bold red", "warning": "bold yellow"}


def as_text(issues: Sequence[Issue], root: Path) -> Text:
    """Return issues for a terminal: each with its line of the file and a caret under the cell.

    The names of their files are relative to the folder `root`.
    """
    text = Text()
    lines = _Lines(root)
    for issue in map(_visible, issues):
        text.append(issue.place, "bold").append(": ")
        text.append(issue.severity, _COLOURS[issue.severity])
        text.append(f": {issue.text}").append(f" ({issue.rule})\n", "dim")
        if excerpt := lines.excerpt(issue):
            line, start, length = excerpt
            text.append(f"    {line}\n    {' ' * start}")
            text.append("^" * length + "\n", _COLOURS[issue.severity])
        if issue.hint:
            text.append(f"    hint: {issue.hint}\n", "green")
    return text.append(total(issues))


def as_json(issues: Sequence[Issue]) -> str:
    """Return issues as a list of objects with the attributes of `Issue`."""
    return json.dumps([issue.to_dict() for issue in issues], indent=2, ensure_ascii=False)


def as_github(issues: Sequence[Issue], root: Path) -> str:
    """Return issues as commands of GitHub Actions, which show them in a pull request."""
    lines = _Lines(root)
    commands = []
    for issue in issues:
        start, end = lines.span(issue) or (None, None)
        place = {
            "file": _from_here(root, issue.file), "line": issue.line, "col": start,
            "endColumn": end, "title": issue.rule,
        }  # fmt: skip
        given = ",".join(
            f"{key}={_escaped(str(value)).replace(':', '%3A').replace(',', '%2C')}"
            for key, value in place.items()
            if value is not None
        )
        message = issue.text + f"\nhint: {issue.hint}" * bool(issue.hint)
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


def _visible(issue: Issue) -> Issue:
    """Return an issue whose texts cannot move the terminal."""
    texts = {name: visible(text) for name, text in vars(issue).items() if isinstance(text, str)}
    return replace(issue, **texts)  # type: ignore[arg-type]


class _Lines:
    """The lines of the files of a package; each file and its header are read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[str, tuple[list[str], dict[str, int]]] = {}

    def span(self, issue: Issue) -> tuple[int, int] | None:
        """Return where the cell of an issue begins and ends in its line, from 1, if known."""
        lines, columns = self._read(issue.file)
        if issue.line is None or issue.line > len(lines) or issue.column not in columns:
            return None
        spans, place = _spans(lines[issue.line - 1]), columns[issue.column]
        if place >= len(spans):
            return None
        start, end = spans[place]
        return start + 1, max(end, start + 1) + 1

    def excerpt(self, issue: Issue) -> tuple[str, int, int] | None:
        """Return a piece of the line with the cell in it, where the cell begins, and its length."""
        span = self.span(issue)
        if span is None or issue.line is None:
            return None
        line = self._read(issue.file)[0][issue.line - 1]
        start, end = span[0] - 1, span[1] - 1
        left = max(0, min(start - 10, len(line) - _WIDTH))
        piece = HIDDEN.sub("\ufffd", CONTROL.sub("\ufffd", line[left : left + _WIDTH]))
        return piece, start - left, max(1, min(end - start, _WIDTH - (start - left)))

    def _read(self, file: str) -> tuple[list[str], dict[str, int]]:
        """Return the lines of a file, and the position of each column of its header."""
        if file not in self._files:
            path, text = self._root / file, ""
            with contextlib.suppress(OSError, ValueError):
                if path.is_file():  # and not a device or pipe, which may have no end
                    text = path.read_text(encoding="utf-8", errors="replace")
            lines = text.split("\n")
            names = [lines[0][start:end].strip('"') for start, end in _spans(lines[0])]
            columns = {name: place for place, name in reversed(list(enumerate(names)))}
            self._files[file] = lines, columns
        return self._files[file]


@lru_cache(maxsize=100)
def _spans(line: str) -> list[tuple[int, int]]:
    return cell_spans(line)[0]


def _from_here(root: Path, file: str) -> str:
    """Return the path of a file from the working directory, as code hosts expect it."""
    path = root / file
    with contextlib.suppress(ValueError):
        path = path.resolve().relative_to(Path.cwd())
    return path.as_posix()


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
