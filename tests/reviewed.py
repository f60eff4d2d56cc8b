"""The dataset without its imported rows: small, valid by itself, and with one file for each table.

Tests that break a copy of the dataset break this one. What the files of a table have to do with
each other is tested in test_parts.py, and the whole dataset in test_dataset.py.
"""

from __future__ import annotations

import csv
import functools
import io
import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import diffdata

from .stated_rules import ROOT, Rows, listed, rows_of, schemas

ACKNOWLEDGEMENTS = "data/acknowledgements.csv"
CALCULATIONS = ("calculations", "calculation_inputs")


def write_reviewed(folder: Path) -> Path:
    """Write the package into an empty folder."""
    shutil.copytree(ROOT / "schemas", folder / "schemas")
    for file, text in reviewed_texts().items():
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return folder


@functools.cache
def reviewed_texts() -> dict[str, str]:
    """Return the descriptor, and the first file of each table without what needs imported rows."""
    descriptor = json.loads((ROOT / "datapackage.json").read_text(encoding="utf-8"))
    texts, tables, known = {}, {}, schemas()
    for resource in descriptor["resources"]:
        name, file = resource["name"], listed(resource["path"])[0]
        assert file == f"data/{name}.csv"
        resource["path"] = file
        texts[file] = (ROOT / file).read_text(encoding="utf-8")
        tables[name] = rows_of(texts[file])
    drop_calculations(tables)
    while dropped := [name for name in known if drop_dangling(name, tables, known[name])]:
        texts |= {f"data/{name}.csv": text_of(tables[name]) for name in dropped}
        drop_calculations(tables)
    texts |= {f"data/{name}.csv": text_of(tables[name]) for name in CALCULATIONS}
    texts["datapackage.json"] = json.dumps(descriptor, indent=2, ensure_ascii=False) + "\n"
    return with_own_acknowledgements(texts)


def few_calculations(folder: Path, *kept: str) -> Path:
    """Keep only some calculations of a package: to recompute all of them takes seconds."""
    for name in CALCULATIONS:
        path = folder / f"data/{name}.csv"
        header, *rows = rows_of(path.read_text(encoding="utf-8"))
        text = text_of([header, *(row for row in rows if row[0] in kept)])
        path.write_text(text, encoding="utf-8", newline="")
    return folder


def drop_calculations(tables: dict[str, Rows]) -> None:
    """Remove the calculations from whole tables, and those of which an input was removed."""
    calculations, inputs = (tables[name] for name in CALCULATIONS)
    formula, named = calculations[0].index("formula"), inputs[0].index("input")
    given: dict[str, set[str]] = {}
    for row in inputs[1:]:
        given.setdefault(row[0], set()).add(row[named])

    def can_be_computed(row: list[str]) -> bool:
        used = set(re.findall(r"(\w+)\.(?:value|low|high|level)\b", row[formula]))
        return "rows(" not in row[formula] and used <= given.get(row[0], set())

    calculations[1:] = [row for row in calculations[1:] if can_be_computed(row)]


def drop_dangling(name: str, tables: dict[str, Rows], schema: dict[str, Any]) -> bool:
    """Remove the rows that refer to a row that is in no table; return whether there were any."""
    header, *rows = tables[name]
    kept = rows
    for foreign in schema.get("foreignKeys", []):
        here = [header.index(column) for column in listed(foreign["fields"])]
        other, *targets = tables[foreign["reference"]["resource"] or name]
        there = [other.index(column) for column in listed(foreign["reference"]["fields"])]
        present = {tuple(row[place] for place in there) for row in targets}
        cells = [(row, tuple(row[place] for place in here)) for row in kept]
        kept = [row for row, key in cells if key in present or not all(key)]
    tables[name] = [header, *kept]
    return len(kept) < len(rows)


def with_own_acknowledgements(texts: dict[str, str]) -> dict[str, str]:
    """Acknowledge the warnings that these rows give, instead of those of the whole dataset.

    Without the imported rows, some medians differ and some warnings are about no row.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "schemas", folder / "schemas")
        (folder / "data").mkdir()
        for file, text in texts.items():
            (folder / file).write_text(text, encoding="utf-8", newline="")
        issues = diffdata.validate(folder)
    assert {issue.severity for issue in issues} <= {"warning"}, issues
    idle = {i.line for i in issues if i.rule == "acknowledges-nothing"}
    header, *rows = rows_of(texts[ACKNOWLEDGEMENTS])
    kept = [row for line, row in enumerate(rows, 2) if line not in idle]
    new = [
        [Path(i.file).stem, i.row or "", i.rule, "Not judged with the imported rows."]
        for i in issues
        if i.rule != "acknowledges-nothing"
    ]
    return texts | {ACKNOWLEDGEMENTS: text_of([header, *sorted(kept + new)])}


def text_of(rows: Rows) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
