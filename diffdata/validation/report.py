"""Issues as text for a terminal, as JSON, as commands of GitHub Actions, and as SARIF."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache
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
    """Return issues of files in `root` for a terminal: each with its line, its cell marked."""
    text = Text()
    for issue, line, span in _with_cells(map(_visible, issues), root):
        text.append(issue.place, "bold").append(": ")
        text.append(issue.severity, _COLOURS[issue.severity])
        text.append(f": {issue.text}").append(f" ({issue.rule})\n", "dim")
        if span is not None:
            left = max(0, min(span[0] - 10, len(line) - _WIDTH))
            start, end = span[0] - left, min(span[1] - left, _WIDTH)
            shown = HIDDEN.sub("\ufffd", CONTROL.sub("\ufffd", line[left : left + _WIDTH]))
            text.append(f"    {shown}\n    {' ' * start}")
            text.append("^" * max(1, end - start) + "\n", _COLOURS[issue.severity])
        if issue.hint:
            text.append(f"    hint: {issue.hint}\n", "green")
    return text.append(total(issues))


def as_json(issues: Sequence[Issue]) -> str:
    """Return issues as a list of objects with the attributes of `Issue`."""
    return json.dumps([issue.to_dict() for issue in issues], indent=2, ensure_ascii=False)


def as_github(issues: Sequence[Issue], root: Path) -> str:
    """Return issues as commands of GitHub Actions, which show them in a pull request."""
    commands = []
    for issue, _, span in _with_cells(issues, root):
        place = {
            "file": _from_here(root, issue.file), "line": issue.line,
            "col": span and span[0] + 1, "endColumn": span and span[1] + 1, "title": issue.rule,
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
    results = []
    for issue, _, span in _with_cells(issues, root):
        uri = quote(_from_here(root, issue.file), errors="replace")
        place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
        if issue.line is not None:
            place["region"] = {"startLine": issue.line}
            if span is not None:
                place["region"] |= {"startColumn": span[0] + 1, "endColumn": span[1] + 1}
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


def _with_cells(
    issues: Iterable[Issue], root: Path
) -> Iterator[tuple[Issue, str, tuple[int, int] | None]]:
    """Yield each issue with its line of the file, and where its cell begins and ends, if known."""
    read = cache(_read)
    for issue in issues:
        lines, columns = read(root / issue.file)
        number = issue.line or 0
        line = lines[number - 1] if 0 < number <= len(lines) else None
        spans = [] if line is None else _spans(line)
        place, span = columns.get(issue.column, len(spans)), None
        if place < len(spans):
            start, end = spans[place]
            span = start, max(end, start + 1)
        yield issue, line or "", span


def _read(path: Path) -> tuple[list[str], dict[str | None, int]]:
    """Return the lines of a file, and the position of each column of its header."""
    text = ""
    with contextlib.suppress(OSError, ValueError):
        if path.is_file():  # and not a device or pipe, which may have no end
            text = path.read_text(encoding="utf-8", errors="replace")
    lines = text.split("\n")
    names = [lines[0][start:end].strip('"') for start, end in _spans(lines[0])]
    return lines, {name: place for place, name in reversed(list(enumerate(names)))}


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
