"""Small third-party packages, made by hand: valid and invalid ones by the standard.

Each case says which rules diffdata must report. If frictionless comes to another verdict, the
reason is given, and repeated in docs/validation.md.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = "table.csv"


@dataclass(frozen=True)
class Case:
    """A package.

    Attributes
    ----------
    name
        What it shows.
    files
        The files beside the descriptor.
    resources
        The resources of the descriptor.
    rules
        The rules that diffdata reports as errors, none for a valid package.
    differs
        Why frictionless comes to another verdict, if it does.
    """

    name: str
    files: dict[str, bytes]
    resources: list[dict[str, Any]]
    rules: frozenset[str]
    differs: str = ""
    package: dict[str, Any] = field(default_factory=dict)  # keys of the descriptor

    def write(self, folder: Path) -> Path:
        """Write the package into a folder."""
        for name, data in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        descriptor = {"name": "case", "resources": self.resources, **self.package}
        (folder / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
        return folder


CASES: list[Case] = []


def case(
    name: str, table: str | bytes, fields: Any, *rules: str, differs: str = "",
    resource: dict[str, Any] | None = None, schema: dict[str, Any] | None = None,
    files: dict[str, bytes] | None = None, others: list[dict[str, Any]] | None = None,
    package: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Add a package of one table; `fields` are names with types, or whole fields."""
    described = [
        f if isinstance(f, dict) else dict(zip(("name", "type"), f.split(":"), strict=True))
        for f in fields or []
    ]
    own = {"name": "table", "type": "table", "path": FILE}
    if fields is not None:
        own["schema"] = {"fields": described, **(schema or {})}
    own |= resource or {}
    own = {key: value for key, value in own.items() if value is not None}
    data = table.encode() if isinstance(table, str) else table
    made = {FILE: data, **(files or {})}
    CASES.append(Case(name, made, [own, *(others or [])], frozenset(rules), differs, package or {}))


def only(name: str, kind: str, **constraints: Any) -> list[dict[str, Any]]:
    return [
        {"name": "id", "type": "integer"},
        {"name": name, "type": kind, "constraints": constraints},
    ]


TWO = ["id:integer", "name:string"]

# ---- the shape of a table
case("a valid table", "id,name\n1,english\n2,中国人\n", TWO)
case("no newline at the end", "id,name\n1,a", TWO)
case("line ends of Windows", "id,name\r\n1,a\r\n2,b\r\n", TWO)
case("line ends of an old Macintosh", "id,name\r1,a\r2,b\r", TWO)
case("a byte order mark", "\ufeffid,name\n1,a\n", TWO)
case("a header alone", "id,name\n", TWO)
case("an empty file", "", TWO, "header")
case("a newline in a cell", 'id,name\n1,"two\nlines"\n', TWO)
case("quotes in a cell", 'id,name\n1,"say ""so"""\n', TWO)
case("no schema", "id,name\n1,a\n2,b\n", None)
case("no schema, a blank label", "id,,name\n1,x,a\n", None, "header")
case("no schema, a label twice", "id,name,name\n1,a,a\n", None, "header")
case("no schema, a short row", "id,name\n1\n", None, "row-length")
case("a blank label", "id,\n1,a\n", TWO, "header")
case("a blank header", ",\n1,a\n", TWO, "header")
case("a label twice", "id,id\n1,2\n", TWO, "header")
case("an incorrect label", "id,nam\n1,a\n", TWO, "header")
case("labels in another order", "name,id\n1,a\n", TWO, "header", "type")
case("an extra label", "id,name,more\n1,a,b\n", TWO, "header")
case("a missing label", "id\n1\n", TWO, "header")
case("an extra cell", "id,name\n1,a,b\n", TWO, "row-length")
case("a missing cell", "id,name\n1\n", TWO, "row-length")
case("a blank row", "id,name\n1,a\n\n2,b\n", TWO, "blank-row")
case("a row of commas", "id,name\n1,a\n,\n2,b\n", TWO, "blank-row")
case("all at once", "id,name,,name\n1,a\n\n2,b,c,d,e\n", TWO, "header", "row-length", "blank-row")

# ---- types
for kind, good, bad in [
    ("integer", "5", "5.0"),
    ("integer", "-3", "x"),
    ("number", "3.14", '"3,14"'),
    ("number", "1e5", "e5"),
    ("number", "NaN", "nil"),
    ("boolean", "true", "yes"),
    ("boolean", "0", "2"),
    ("date", "2020-02-29", "2021-02-29"),
    ("date", "2020-01-01", "01/02/2020"),
    ("time", "12:30:00", "25:00:00"),
    ("datetime", "2020-01-01T00:00:00Z", "2020-01-01"),
    ("year", "2020", "20x0"),
    ("yearmonth", "2020-05", "2020-13"),
    ("duration", "P1Y2M", "1Y"),
    ("geopoint", '"90.5,45.5"', '"200,100"'),
    ("object", '"{""a"": 1}"', "[1]"),
    ("array", '"[1, 2]"', '"{""a"": 1}"'),
    ("any", "x", ""),
    ("geojson", '"{""type"": ""Point"", ""coordinates"": [1, 2]}"', "x"),
]:
    case(f"{kind}: {good}", f"id,x\n1,{good}\n", ["id:integer", f"x:{kind}"])
    if bad:
        case(f"no {kind}: {bad}", f"id,x\n1,{bad}\n", ["id:integer", f"x:{kind}"], "type")

for form, kind, good, bad in [
    ("email", "string", "a@example.org", "a.example.org"),
    ("uri", "string", "https://example.org/x", "no address"),
    ("uuid", "string", "123e4567-e89b-12d3-a456-426614174000", "123e4567"),
    ("binary", "string", "dGVzdA==", "test!"),
    ("%d/%m/%Y", "date", "28/05/2020", "2020-05-28"),
    ("%H:%M", "time", "12:30", "12:30:00"),
    ("any", "date", "2020-05-28", "no day"),
    ("array", "geopoint", '"[90.5, 45.5]"', '"90.5,45.5"'),
    ("object", "geopoint", '"{""lon"": 90.5, ""lat"": 45.5}"', "[90]"),
]:
    field = [{"name": "id", "type": "integer"}, {"name": "x", "type": kind, "format": form}]
    case(f"{kind} as {form}: {good}", f"id,x\n1,{good}\n", field)
    case(
        f"no {kind} as {form}: {bad}",
        f"id,x\n1,{bad}\n",
        field,
        "type",
        differs="frictionless ignores invalid base64" if form == "binary" else "",
    )

case(
    "numbers with a decimal comma",
    'id,x\n1,"1.000,5"\n',
    ["id:integer", {"name": "x", "type": "number", "decimalChar": ",", "groupChar": "."}],
)
case(
    "numbers with a unit",
    "id,x\n1,95%\n2,$5\n",
    ["id:integer", {"name": "x", "type": "number", "bareNumber": False}],
)
case(
    "booleans of another kind",
    "id,x\n1,yes\n2,no\n",
    ["id:integer", {"name": "x", "type": "boolean", "trueValues": ["yes"], "falseValues": ["no"]}],
)
case(
    "missing values",
    "id,x\n1,-\n2,3\n",
    ["id:integer", "x:integer"],
    schema={"missingValues": ["", "-"]},
)
case("a missing value that is not declared", "id,x\n1,-\n", ["id:integer", "x:integer"], "type")

# ---- constraints
case("required", "id,x\n1,\n", only("x", "string", required=True), "required")
case("minimum", "id,x\n1,4\n", only("x", "integer", minimum=5), "minimum")
case("maximum", "id,x\n1,6\n", only("x", "number", maximum=5), "maximum")
case("a minimum that is met", "id,x\n1,5\n", only("x", "integer", minimum=5, maximum=5))
case("a minimum as text", "id,x\n1,4\n", only("x", "integer", minimum="5"), "minimum")
case("a first day", "id,x\n1,2019-12-31\n", only("x", "date", minimum="2020-01-01"), "minimum")
case("minLength", "id,x\n1,ab\n", only("x", "string", minLength=3), "min-length")
case("maxLength", "id,x\n1,abcd\n", only("x", "string", maxLength=3), "max-length")
case("enum", "id,x\n1,c\n", only("x", "string", enum=["a", "b"]), "enum")
case("enum of numbers", "id,x\n1,3\n", only("x", "integer", enum=[1, 2]), "enum")
case("pattern", "id,x\n1,A1\n", only("x", "string", pattern="[a-z]+"), "pattern")
case(
    "a pattern for the whole cell",
    "id,x\n1,ab1\n",
    only("x", "string", pattern="[a-z]+"),
    "pattern",
)
case("unique", "id,x\n1,a\n2,a\n", only("x", "string", unique=True), "unique")
case("unique, with missing ones", "id,x\n1,\n2,\n", only("x", "string", unique=True))
case(
    "a primary key twice", "id,name\n1,a\n1,b\n", TWO, "primary-key", schema={"primaryKey": ["id"]}
)
case(
    "a primary key of two columns",
    "id,name\n1,a\n1,b\n",
    TWO,
    schema={"primaryKey": ["id", "name"]},
)
case(
    "a primary key that is missing",
    "id,name\n,a\n1,b\n",
    TWO,
    "primary-key",
    schema={"primaryKey": "id"},
)

# ---- references
CITY = {"name": "city", "type": "table", "path": "city.csv",
        "schema": {"fields": [{"name": "id", "type": "integer"}]}}  # fmt: skip
KEY = {"foreignKeys": [{"fields": ["id"], "reference": {"resource": "city", "fields": ["id"]}}]}
SELF = {"foreignKeys": [{"fields": "id", "reference": {"resource": "", "fields": "up"}}]}
case(
    "a foreign key",
    "id,name\n1,a\n",
    TWO,
    schema=KEY,
    files={"city.csv": b"id\n1\n"},
    others=[CITY],
)
case(
    "a foreign key that dangles",
    "id,name\n1,a\n2,b\n",
    TWO,
    "foreign-key",
    schema=KEY,
    files={"city.csv": b"id\n1\n"},
    others=[CITY],
)
case("a foreign key to no resource", "id,name\n1,a\n", TWO, "descriptor", schema=KEY)
case(
    "a foreign key to no column",
    "id,name\n1,a\n",
    TWO,
    "descriptor",
    files={"city.csv": b"id\n1\n"},
    schema={
        "foreignKeys": [{"fields": ["id"], "reference": {"resource": "city", "fields": ["no"]}}]
    },
    others=[CITY],
)
case(
    "a foreign key to the table itself",
    "id,up\n1,1\n2,1\n",
    ["id:integer", "up:integer"],
    "foreign-key",
    schema=SELF,
)

# ---- files
case(
    "another delimiter",
    "id;name\n1;a\n",
    TWO,
    "delimiter",
    differs="frictionless guesses the delimiter; the standard defines a comma if none is given",
)
case(
    "a delimiter that is declared", "id;name\n1;a\n", TWO, resource={"dialect": {"delimiter": ";"}}
)
case(
    "a delimiter of frictionless",
    "id;name\n1;a\n",
    TWO,
    resource={"dialect": {"csv": {"delimiter": ";"}}},
)
case("no header", "1,a\n2,b\n", TWO, resource={"dialect": {"header": False}})
case("comments", "id,name\n# a remark\n1,a\n", TWO, resource={"dialect": {"commentChar": "#"}})
case(
    "tabs",
    b"",
    TWO,
    resource={"path": "table.tsv", "format": "tsv"},
    files={"table.tsv": b"id\tname\n1\ta\n"},
)
case(
    "gzip",
    b"",
    TWO,
    resource={"path": "table.csv.gz"},
    files={"table.csv.gz": gzip.compress(b"id,name\n1,a\n")},
)
case(
    "gzip that is none",
    b"",
    TWO,
    "unreadable",
    resource={"path": "table.csv.gz"},
    files={"table.csv.gz": b"id,name\n1,a\n"},
)
case(
    "several parts",
    b"",
    TWO,
    resource={"path": ["1.csv", "2.csv"]},
    files={"1.csv": b"id,name\n1,a\n", "2.csv": b"2,b\n"},
)
case(
    "several parts with a header each",
    b"",
    TWO,
    resource={"path": ["1.csv", "2.csv"]},
    files={"1.csv": b"id,name\n1,a\n", "2.csv": b"id,name\n2,b\n"},
)
case(
    "a fault in the second part with a header",
    b"",
    TWO,
    "type",
    resource={"path": ["1.csv", "2.csv"]},
    files={"1.csv": b"id,name\n1,a\n", "2.csv": b"id,name\nx,b\n"},
)
case(
    "a fault in the second part",
    b"",
    TWO,
    "type",
    resource={"path": ["1.csv", "2.csv"]},
    files={"1.csv": b"id,name\n1,a\n", "2.csv": b"x,b\n"},
    differs="frictionless leaves out the first line of each file after the first of a resource",
)
case(
    "data in the descriptor", b"", TWO, resource={"path": None, "data": [["id", "name"], [1, "a"]]}
)
case(
    "data as objects",
    b"",
    TWO,
    resource={"path": None, "data": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]},
)
case(
    "faulty data in the descriptor",
    b"",
    TWO,
    "type",
    resource={"path": None, "data": [["id", "name"], ["x", "a"]]},
)
case(
    "a short row in the descriptor",
    b"",
    TWO,
    "row-length",
    resource={"path": None, "data": [["id", "name"], [1]]},
)
case(
    "a number for a text in the descriptor",
    b"",
    TWO,
    resource={"path": None, "data": [["id", "name"], [1, 2]]},
    differs="Data in the descriptor are read like the cells of a CSV file, which have no types",
)
case("Latin 1", "id,name\n1,é\n".encode("latin-1"), TWO, resource={"encoding": "iso8859-1"})
case("UTF-16", "id,name\n1,é\n".encode("utf-16"), TWO, resource={"encoding": "utf-16"})
case(
    "another encoding than UTF-8",
    "id,name\n1,é\n".encode("latin-1"),
    TWO,
    "unreadable",
    differs="frictionless guesses the encoding; the standard defines UTF-8 if none is given",
)
case("no such encoding", "id,name\n1,a\n", TWO, "unreadable", resource={"encoding": "utf-99"})
GOOD = b"id,name\n1,a\n"
case(
    "hash and size", GOOD, TWO, resource={"bytes": len(GOOD), "hash": hashlib.md5(GOOD).hexdigest()}
)
case("another size", GOOD, TWO, "bytes", resource={"bytes": len(GOOD) + 1})
case("another hash", GOOD, TWO, "hash", resource={"hash": hashlib.md5(b"").hexdigest()})
case(
    "another SHA-256",
    GOOD,
    TWO,
    "hash",
    resource={"hash": "sha256:" + hashlib.sha256(b"").hexdigest()},
)
case("no file", GOOD, TWO, "unreadable", resource={"path": "none.csv"})
case(
    "a schema in a file",
    GOOD,
    None,
    resource={"schema": "schema.json"},
    files={
        "schema.json": json.dumps(
            {"fields": [{"name": "id", "type": "integer"}, {"name": "name"}]}
        ).encode()
    },
)
case("a schema that is not there", GOOD, None, "unreadable", resource={"schema": "schema.json"})
case(
    "a file that is not a table",
    GOOD,
    None,
    resource={"path": "a.txt", "type": None},
    files={"a.txt": b"x"},
)
case(
    "version 1",
    GOOD,
    TWO,
    resource={"type": None, "profile": "tabular-data-resource", "title": "T"},
)

# ---- descriptors
case("a type that there is not", GOOD, ["id:integer", "name:text"], "descriptor")
case("a field without a name", GOOD, ["id:integer", {"type": "string"}], "descriptor")
case("a field twice", GOOD, ["id:integer", "id:integer"], "descriptor")
case("a key of no column", GOOD, TWO, "descriptor", schema={"primaryKey": ["no"]})
case(
    "a pattern that is none",
    GOOD,
    only("name", "string", pattern="[a-"),
    "descriptor",
    differs="frictionless stops with a traceback at an invalid pattern",
)
case("a minimum that is none", GOOD, only("id2", "integer", minimum="x"), "descriptor")
case("a path that leaves the package", GOOD, TWO, "unreadable", resource={"path": "../table.csv"})
case("an absolute path", GOOD, TWO, "unreadable", resource={"path": "/etc/hostname"})
LIST = "frictionless accepts `fieldsMatch` only as a text, version 2 of the standard defines a list"
MORE = "id,name,more\n1,a,b\n"
case("fields in any order", "name,id\na,1\n", TWO, schema={"fieldsMatch": "equal"})
case(
    "fields in any order, as a list",
    "name,id\na,1\n",
    TWO,
    schema={"fieldsMatch": ["equal"]},
    differs=LIST,
)
case("fewer fields than columns", MORE, TWO, schema={"fieldsMatch": "subset"})
case("more fields than columns", "id\n1\n", TWO, schema={"fieldsMatch": "superset"})
case(
    "a column that superset does not allow", MORE, TWO, "header", schema={"fieldsMatch": "superset"}
)
case(
    "a column that subset asks for",
    "id,more\n1,a\n",
    TWO,
    "header",
    schema={"fieldsMatch": "subset"},
)
case("some fields", "id,more\n1,a\n", TWO, schema={"fieldsMatch": "partial"})
case("none of the fields", "more\na\n", TWO, "header", schema={"fieldsMatch": "partial"})

# ---- reported elsewhere
case(
    "objects whose keys have another order",
    GOOD,
    TWO,
    resource={"path": None, "data": [{"name": "a", "id": 1}, {"id": 2, "name": "b"}]},
)
case(
    "a blank label that the schema names",
    "id,\n1,a\n",
    ["id:integer", {"name": "", "type": "string"}],
    "header",
)
case(
    "a moment that is none",
    GOOD,
    TWO,
    "descriptor",
    package={"created": "not_a_datetime"},
)
