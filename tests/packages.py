"""A small package with values that formats may lose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PROFILE = "https://datapackage.org/profiles/2.0/"

ROWS = """\
thing_id,of_thing_id,kind,edition,count,size,flag,day,limit
a,,x,1,9007199254740993,0.1,true,2020-02-29,=1+1
b,a,y,2,-9223372036854775808,3.14e23,false,1899-12-31,"PanGu-ß, ""北京"" 🥐"
c,c,,,,,,,
d,a,x,1,0,5e-324,,0001-01-01,-3.5
e,,,,1000000000000000,-0.0,,1900-02-28,@SUM(A1)
f,,,,999999999999999,1e15,,1900-03-01,+49 30
g,,,,,,,9999-12-31,'tis — a\\b
"""

KINDS = """\
kind,edition,name
x,1,The first
y,2,The second
"""


def field(name: str, kind: str, required: bool = False) -> dict[str, Any]:
    described: dict[str, Any] = {"name": name, "type": kind, "description": f"The {name}'s column."}
    if kind in ("integer", "number"):
        described["unit"] = {"count": "1", "size": "metre", "edition": "1"}[name]
    if required:
        described["constraints"] = {"required": True}
    return described


def make_package(root: Path, rows: str = ROWS) -> Path:
    """Write the package, with a table that refers to itself and by two columns to another."""
    things = [
        field("thing_id", "string", required=True),
        field("of_thing_id", "string"),
        field("kind", "string"),
        field("edition", "integer"),
        field("count", "integer"),
        field("size", "number"),
        field("flag", "boolean"),
        field("day", "date"),
        field("limit", "string"),
    ]
    kinds = [
        field("kind", "string", required=True),
        field("edition", "integer", required=True),
        field("name", "string"),
    ]
    both = ["kind", "edition"]
    keys = [
        {"fields": ["of_thing_id"], "reference": {"resource": "", "fields": ["thing_id"]}},
        {"fields": both, "reference": {"resource": "kinds", "fields": both}},
    ]
    add_table(root, "things", rows, things, ["thing_id"], keys)
    add_table(root, "kinds", KINDS, kinds, both)
    resources = [
        {"name": name, "path": f"{name}.csv", "schema": f"{name}.json"}
        for name in ("things", "kinds")
    ]
    descriptor = {
        "$schema": f"{PROFILE}datapackage.json",
        "name": "odd",
        "version": "1.2.3",
        "title": "Odd & <ends>",
        "description": "What formats lose, 100% of it.",
        "licenses": [{"name": "CC0-1.0"}],
        "resources": resources,
    }
    (root / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    return root


def add_table(
    root: Path,
    name: str,
    rows: str,
    fields: list[dict[str, Any]],
    key: list[str],
    foreign_keys: list[dict[str, Any]] | None = None,
) -> None:
    schema = {
        "$schema": f"{PROFILE}tableschema.json",
        "title": name.title(),
        "description": f"It's the table {name}.",
        "fields": fields,
        "primaryKey": key,
        "foreignKeys": foreign_keys or [],
    }
    (root / f"{name}.csv").write_text(rows, encoding="utf-8")
    (root / f"{name}.json").write_text(json.dumps(schema), encoding="utf-8")
