"""Third-party packages get the verdict of the standard, and can do no harm."""

import contextlib
import gzip
import json
import os
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import frictionless
import pytest

import diffdata
from diffdata.errors import Issue
from diffdata.package import packages
from diffdata.validation import check, report, resources
from diffdata.validation.shape import MOST_ISSUES

from .conftest import ROOT
from .foreign_cases import CASES, FILE, GOOD, Case

DOCS = (ROOT / "docs/validation.md").read_text()


def errors(path: Path) -> list[Issue]:
    return [issue for issue in diffdata.validate(path) if issue.severity == "error"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.name))
def test_exactly_the_broken_rules_are_reported(case: Case, tmp_path: Path) -> None:
    found = errors(case.write(tmp_path))
    assert {issue.rule for issue in found} == case.rules, "\n".join(map(str, found))
    for issue in found:
        assert issue.message


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.name))
@pytest.mark.filterwarnings("ignore")
def test_the_verdict_is_that_of_frictionless_or_the_docs_say_why_not(
    case: Case, tmp_path: Path
) -> None:
    valid, said = None, "a traceback"
    with contextlib.suppress(re.error):
        judged = frictionless.validate(str(case.write(tmp_path) / "datapackage.json"))
        valid, said = judged.valid, judged.flatten(["type", "note"])
    assert (valid == (not case.rules)) == (not case.differs), said
    assert case.differs in re.sub(r"\s+", " ", DOCS)


# ------------------------------------------------------------------ hostile packages

RESOURCE: dict[str, Any] = {
    "name": "table", "type": "table", "path": FILE,
    "schema": {"fields": [{"name": "id", "type": "integer"}, {"name": "name", "type": "string"}]},
}  # fmt: skip


def write(folder: Path, table: bytes = GOOD, /, **changes: Any) -> Path:
    """Write a package of one table whose resource has some keys changed."""
    (folder / FILE).write_bytes(table)
    resource = {key: value for key, value in (RESOURCE | changes).items() if value is not None}
    (folder / "datapackage.json").write_text(json.dumps({"name": "p", "resources": [resource]}))
    return folder


def with_fields(*fields: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"fields": [{"name": "id", "type": "integer"}, *fields], **keys}


def pattern(text: str) -> dict[str, Any]:
    return with_fields({"name": "name", "type": "string", "constraints": {"pattern": text}})


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("../outside.csv", "leads out of the package"),
        ("data/../../outside.csv", "leads out of the package"),
        ("/etc/passwd", "leads out of the package"),
        ("/dev/zero", "leads out of the package"),
        ("C:\\table.csv", "leads out of the package"),
        ("\\\\server\\share", "leads out of the package"),
        ("http://example.org/table.csv", "a remote file, which is not fetched"),
        ("s3://bucket/table.csv", "a remote file, which is not fetched"),
        ("file:///etc/passwd", "a remote file, which is not fetched"),
        ("a\0b.csv", "this is not a path of a file"),
        ("x" * 5000, "this is not a path of a file"),
        ("link.csv", "leads out of the package"),
        ("folder/hosts", "leads out of the package"),
        ("loop.csv", "the file is missing"),
        ("pipe.csv", "the file is missing"),
        ("", "the file is missing"),
        (".", "the file is missing"),
        ([FILE, "../outside.csv"], "leads out of the package"),
        ([], "neither path nor data"),
    ],
)
def test_no_path_leads_out_of_a_package(tmp_path: Path, path: Any, message: str) -> None:
    (tmp_path / "outside.csv").write_bytes(GOOD)
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "folder").symlink_to("/etc")
    (folder / "loop.csv").symlink_to("loop.csv")
    os.mkfifo(folder / "pipe.csv")
    (issue,) = diffdata.validate(write(folder, path=path))
    assert issue.rule == "unreadable"
    assert message in issue.message or (path == "loop.csv" and "not a path" in issue.message)
    report.as_text([issue], folder)  # which may not open what is outside either


def test_schemas_and_dialects_may_not_lie_outside_either(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text("{}")
    folder = tmp_path / "package"
    folder.mkdir()
    for changes in ({"schema": "../schema.json"}, {"dialect": "../schema.json"},
                    {"schema": "https://example.org/schema.json"}):  # fmt: skip
        (issue,) = diffdata.validate(write(folder, **changes))
        assert issue.rule == "unreadable"


HOSTILE: list[tuple[str, bytes, dict[str, Any], str]] = [
    (
        "a pattern that takes exponential time elsewhere",
        b"id,name\n1," + b"a" * 5000 + b"!\n",
        {"schema": pattern("(a+)+")},
        "pattern",
    ),
    (
        "a pattern that is too large",
        GOOD,
        {"schema": pattern("((a{1,1000}){1,1000}){1,1000}")},
        "descriptor",
    ),
    (
        "a pattern with references and lookahead",
        GOOD,
        {"schema": pattern(r"(?=a)\1")},
        "descriptor",
    ),
    ("a cell of a megabyte", b"id,name\n" + b"1" * 2**20 + b",a\n", {}, "type"),
    (
        "a number of a million digits",
        b"id,name\n" + b"1" * 10**6 + b"x,a\n",
        {"schema": {"fields": [{"name": "id", "type": "number"}, {"name": "name"}]}},
        "type",
    ),
    ("a million columns", b"," * 10**6 + b"\n1\n", {}, "header"),
    ("a row of a million cells", b"id,name\n" + b"," * 10**6 + b"1\n", {}, "row-length"),
    ("a quote that never closes", b'id,name\n1,"' + b"1,b\n" * 10**5, {}, "csv"),
    ("a quote in every row", b"id,name\n" + b'1,"a\n' * 20_000, {}, "csv"),
    ("NULs", b"id,name\n1\x00,a\n", {}, "type"),
    ("NULs alone", bytes(1000), {}, "encoding"),
    ("bytes that are no text", bytes(range(128, 256)) * 10, {}, "unreadable"),
    (
        "numbers beyond 64 bits",
        b"id,name\n99999999999999999999999,a\n",
        {"schema": with_fields({"name": "name"}, primaryKey="id")},
        "",
    ),
    ("an integer of five thousand digits", b"id,name\n" + b"9" * 5000 + b",a\n", {}, "type"),
    (
        "a year 0",
        b"id,name\n1,0000-01-01\n",
        {"schema": with_fields({"name": "name", "type": "date"})},
        "type",
    ),
    (
        "a date of the year 99999",
        b"id,name\n1,99999-01-01\n",
        {"schema": with_fields({"name": "name", "type": "date"})},
        "type",
    ),
    (
        "deep JSON in a cell",
        b'id,name\n1,"' + b"[" * 10**5 + b'"\n',
        {"schema": with_fields({"name": "name", "type": "array"})},
        "type",
    ),
    (
        "a format that is no format",
        b"id,name\n1,2020\n",
        {"schema": with_fields({"name": "name", "type": "date", "format": "%Y%Y%Q%"})},
        "type",
    ),
    ("an encoding that unpacks", GOOD, {"encoding": "zlib"}, "unreadable"),
    ("an encoding that runs", GOOD, {"encoding": "unicode_escape"}, "unreadable"),
    ("an encoding that takes long", GOOD, {"encoding": "punycode"}, "unreadable"),
    ("an encoding with a NUL", GOOD, {"encoding": "utf\0"}, "unreadable"),
    ("another compression", GOOD, {"compression": "zip"}, "unreadable"),
    ("another format", GOOD, {"path": "t.xlsx", "format": "xlsx"}, "unreadable"),
    ("a strange dialect", GOOD, {"dialect": {"delimiter": "ab"}}, "descriptor"),
    ("a dialect that is a list", GOOD, {"dialect": [1]}, "descriptor"),
    ("a quote that is the delimiter", GOOD, {"dialect": {"quoteChar": ","}}, ""),
    ("data of another form", GOOD, {"path": None, "data": {"a": 1}}, "unreadable"),
    ("data of mixed rows", GOOD, {"path": None, "data": [["id", "name"], 5]}, "unreadable"),
    (
        "half a surrogate in the data",
        GOOD,
        {"path": None, "data": [["id", "name"], [1, "\ud800"]]},
        "descriptor",
    ),
    ("thousands of parts", GOOD, {"path": [FILE] * 5000}, "unreadable"),
    ("a hash of a strange kind", GOOD, {"hash": "shake_256:00"}, "hash"),
    ("a strange kind in capitals", GOOD, {"hash": "SHAKE_256:00"}, "hash"),
    (
        "many allowed values",
        b"id,name\n1,zz\n",
        {
            "schema": with_fields(
                {
                    "name": "name",
                    "type": "string",
                    "constraints": {"enum": [f"v{i}" for i in range(50_000)]},
                }
            )
        },
        "enum",
    ),
]


@pytest.mark.parametrize(
    ("data", "changes", "rule"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE]
)
def test_hostile_packages_are_refused_or_reported(
    tmp_path: Path, data: bytes, changes: dict[str, Any], rule: str
) -> None:
    (tmp_path / "t.xlsx").write_bytes(b"PK")
    found = errors(write(tmp_path, data, **changes))
    assert {issue.rule for issue in found} == {rule} - {""}
    for issue in found:
        assert len(str(issue)) < 10_000
    json.loads(report.as_json(found))
    report.as_text(found, tmp_path)


@pytest.mark.parametrize(
    ("changes", "file", "message"),
    [
        ({"dialect": {"headerRows": [1, 2], "headerJoin": " "}}, "datapackage.json", "is not read"),
        ({"dialect": {"commentRows": [2]}}, "datapackage.json", "is not read"),
        ({"dialect": {"csv": {"lineTerminator": ";"}}}, "datapackage.json", "is not read"),
        ({"schema": "schema.yaml"}, FILE, "YAML is not read, only JSON"),
        ({"path": "t.csv.zip"}, "t.csv.zip", "a zip file, which is not read; unpack it"),
        ({"path": "t.csv.zip", "schema": None, "type": None}, "t.csv.zip", "a zip file"),
        ({"path": "t.zip", "format": "csv"}, "t.zip", "a zip file"),
    ],
)
def test_what_is_not_read_is_reported(
    tmp_path: Path, changes: dict[str, Any], file: str, message: str
) -> None:
    for name in ("t.csv.zip", "t.zip", "schema.yaml"):
        (tmp_path / name).write_bytes(b"PK")
    (issue,) = errors(write(tmp_path, **changes))
    assert issue.file == file
    assert message in issue.message


def test_a_compressed_table_without_a_schema_is_checked_too(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"id,name\n1\n"))
    (issue,) = errors(write(tmp_path, path="t.csv.gz", schema=None, type=None))
    assert (issue.rule, issue.line) == ("row-length", 2)


def test_a_fault_is_reported_in_the_part_where_it_is(tmp_path: Path) -> None:
    parts = {"a.csv": b"id,name\n1,a\n2,b\n", "b.csv": b"3,c\nx,d\n", "c.csv": b"4\n5,e\n"}
    for name, data in parts.items():
        (tmp_path / name).write_bytes(data)
    found = errors(write(tmp_path, path=list(parts)))
    assert [(i.file, i.line, i.rule) for i in found] == [
        ("b.csv", 2, "type"),
        ("c.csv", 1, "row-length"),
    ]


def test_a_time_of_creation_is_a_time(tmp_path: Path) -> None:
    write(tmp_path)
    place = tmp_path / "datapackage.json"
    text = json.loads(place.read_text())
    place.write_text(json.dumps(text | {"created": "2020-01-01T00:00:00Z"}))
    assert errors(tmp_path) == []
    place.write_text(json.dumps(text | {"created": "not_a_datetime"}))
    (issue,) = errors(tmp_path)
    assert (issue.rule, issue.column) == ("descriptor", "created")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"name": "p", "resources": ' + "[" * 2000 + "]" * 2000 + "}",
        '{"name": "p", "resources": [{"name": "t", "path": "a.csv", "schema": '
        + '{"x":' * 900
        + "1"
        + "}" * 900
        + "}]}",
        "9" * 10_000,
        '{"name": ' + "9" * 10_000 + "}",
        '{"name": "p", "resources": []}',
        '{"name": "p", "resources": null}',
        '{"name": "p"}',
        '{"resources": [1, null, "x", []]}',
        '{"name": "p", "name": "p"}',
        "\ufeff{}",
        "",
        "null",
        "\0",
        json.dumps({"name": "p", "resources": [{"name": "t", "path": FILE}] * 2}),
        json.dumps(
            {"name": "p", "resources": [{"name": f"t{i}", "path": FILE} for i in range(2000)]}
        ),
        json.dumps({"name": "p", "resources": [5] * 100_000}),
        json.dumps({"name": "p", "resources": [RESOURCE | {"schema": {"fields": [5] * 100_000}}]}),
    ],
    ids=lambda text: text[:30],
)
def test_hostile_descriptors_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_bytes(GOOD)
    (tmp_path / "datapackage.json").write_text(text, encoding="utf-8")
    found = errors(tmp_path)
    assert found
    assert all(issue.message and len(str(issue)) < 10_000 for issue in found)
    assert len(found) <= 1000


def test_a_schema_of_many_columns_is_read(tmp_path: Path) -> None:
    """This would take hours if the work grew by the square of the columns."""
    fields = [{"name": f"c{number}", "type": "string"} for number in range(5000)]
    header = ",".join(f"x{number}" for number in range(5000))
    found = errors(write(tmp_path, f"{header}\n".encode(), schema={"fields": fields}))
    assert len(found) == 5000


def test_the_issues_of_a_table_are_bounded(tmp_path: Path) -> None:
    rows = "".join(f"x{number},a\n1,\n" for number in range(MOST_ISSUES // 2 + 1000))
    name = {"name": "name", "type": "string", "constraints": {"required": True}}
    found = errors(write(tmp_path, f"id,name\n{rows}".encode(), schema=with_fields(name)))
    assert len(found) == MOST_ISSUES + 1
    (more,) = [issue for issue in found if issue.rule == "too-many"]
    assert more.message == "102,000 faults, of which the first 100,000 were looked at"


def test_one_wrong_column_of_a_large_table_is_one_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diffdata.validation.typed.MOST_ISSUES", 1000)  # of which more are counted
    rows = "".join(f"x{number},a\n" for number in range(2000))
    (issue,) = errors(write(tmp_path, f"id,name\n{rows}".encode()))
    assert issue.line == 2
    assert "in 2,000 of 2,000 rows" in issue.message


def test_bombs_do_not_unpack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "MAX_BYTES", 2**20)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(bytes(50 * 2**20)))
    tracemalloc.start()
    (issue,) = errors(write(tmp_path, path="t.csv.gz"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert issue.message == "unpacks to more than 1 MiB"
    assert peak < 20 * 2**20


def test_all_files_of_a_package_together_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = resources.Budget
    monkeypatch.setattr(check, "Budget", lambda: budget(2 * len(GOOD)))
    write(tmp_path)
    three = [RESOURCE | {"name": f"t{number}"} for number in range(3)]
    (tmp_path / "datapackage.json").write_text(json.dumps({"name": "p", "resources": three}))
    (issue,) = errors(tmp_path)
    assert "which are not read" in issue.message


def test_a_descriptor_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    monkeypatch.setattr(packages, "MAX_JSON", 10)
    (issue,) = diffdata.validate(tmp_path)
    assert (issue.file, issue.rule) == ("datapackage.json", "unreadable")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_mixed_line_ends_are_a_warning(tmp_path: Path, ends: str) -> None:
    other = "\n" if ends != "\n" else "\r\n"
    data = f"id,name{ends}1,a{ends}2,b{other}3,c{other}".encode()
    (issue,) = diffdata.validate(write(tmp_path, data))
    assert (issue.rule, issue.severity, issue.line) == ("line-ends", "warning", 3)


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("=1+1", True),
        ('=HYPERLINK("http://example.org","x")', True),
        ("= SUM(A1:A9)", True),
        ("=cmd|' /C calc'!A0", True),
        ("@SUM(1+1)", True),
        ("+1+cmd|' /C calc'!A0", True),
        ("-2+3+cmd|' /C calc'!A0", True),
        ("= 451 MWh", False),
        ("-3.5", False),
        ("+49 30 123", False),
        ("- a remark (in brackets)", False),
        ("@somebody", False),
        ("a=b(c)", False),
    ],
)
def test_formulas_are_a_warning(tmp_path: Path, text: str, reported: bool) -> None:
    quoted = '"' + text.replace('"', '""') + '"'
    found = diffdata.validate(write(tmp_path, f"id,name\n1,{quoted}\n".encode()))
    assert [(i.rule, i.severity, i.line, i.column) for i in found] == (
        [("formula", "warning", 2, "name")] if reported else []
    )


def test_characters_that_would_move_a_terminal_are_shown_by_their_codes(tmp_path: Path) -> None:
    data = "id,name\n\x1b[2J\u202e1,a\n".encode()
    schema = {"fields": [{"name": "id", "type": "integer"}, {"name": "name"}], "primaryKey": "id"}
    (issue,) = errors(write(tmp_path, data, schema=schema))
    for text in (str(issue), str(report.as_text([issue], tmp_path))):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\\x1b[2J\\u202e1" in text


# ------------------------------------------------------------------ hostile archives


def archive(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return path


DESCRIPTOR = json.dumps({"name": "p", "resources": [RESOURCE]}).encode()
PACKAGE = {"datapackage.json": DESCRIPTOR, FILE: GOOD}


def test_an_archive_is_checked_as_its_folder_is(tmp_path: Path) -> None:
    assert diffdata.validate(archive(tmp_path / "a.zip", PACKAGE)) == []
    inner = {f"p/{name}": data for name, data in PACKAGE.items()}
    assert diffdata.validate(archive(tmp_path / "b.zip", inner)) == []
    (issue,) = diffdata.validate(archive(tmp_path / "c.zip", PACKAGE | {FILE: b"id,name\nx,a\n"}))
    assert (issue.file, issue.line, issue.rule) == (FILE, 2, "type")


def twice(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("datapackage.json", DESCRIPTOR)
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("datapackage.json", DESCRIPTOR)


def with_link(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")


def with_false_size(path: Path) -> None:
    """An archive that says that its file is small."""
    archive(path, PACKAGE | {FILE: bytes(5000)})
    data = bytearray(path.read_bytes())
    place = data.rfind(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<L", 10)
    path.write_bytes(data)


def many_entries(path: Path) -> None:
    archive(path, {f"{number}": b"" for number in range(10_001)})


def huge_directory(path: Path) -> None:
    """An archive whose end says that its directory has a gigabyte."""
    archive(path, PACKAGE)
    data = bytearray(path.read_bytes())
    place = data.rfind(b"PK\x05\x06")
    data[place + 12 : place + 16] = struct.pack("<L", 2**30)
    path.write_bytes(data)


def named(*names: str) -> Callable[[Path], None]:
    return lambda path: (archive(path, PACKAGE | dict.fromkeys(names, b"x")), None)[1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (named("../x"), "not a path inside"),
        (named("/x"), "not a path inside"),
        (named("a\\..\\x"), "not a path inside"),
        (named("C:x"), "not a path inside"),
        (named("TABLE.csv"), "is listed twice"),
        (named("caf\u00e9", "cafe\u0301"), "is listed twice"),
        (named("x", "x/y"), "cannot be unpacked"),
        (named("n" * 300), "cannot be unpacked"),
        (twice, "is listed twice"),
        (with_link, "a link or a device"),
        (with_false_size, "cannot be|can be read|larger"),
        (many_entries, "entries"),
        (huge_directory, "too many entries"),
        (lambda path: path.write_bytes(b""), "not a zip archive"),
        (lambda path: path.write_bytes(b"PK\x05\x06"), "not a zip archive"),
        (lambda path: path.write_bytes(b"x" * 100_000), "not a zip archive"),
        (lambda path: archive(path, {"a.csv": GOOD}), "has no datapackage.json"),
    ],
)
def test_hostile_archives_are_refused_in_one_line(
    tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    path = tmp_path / "a.zip"
    make(path)
    (issue,) = diffdata.validate(path)
    assert issue.rule == "unreadable"
    assert re.search(message, issue.message), issue.message
    assert sorted(tmp_path.iterdir()) == [path]


def test_an_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "diffdata.package.archives.unpack.__kwdefaults__", {"most_entries": 10, "most_bytes": 10**6}
    )
    (issue,) = diffdata.validate(archive(tmp_path / "a.zip", PACKAGE | {FILE: bytes(10**7)}))
    assert "bytes unpacked, at most 1000000 are read" in issue.message


# ------------------------------------------------------------------ real third-party files

FOLDER = os.environ.get("DIFFDATA_EPOCH")


@pytest.mark.skipif(not FOLDER, reason="DIFFDATA_EPOCH does not name a folder with real files")
@pytest.mark.filterwarnings("ignore")
def test_real_third_party_tables_get_the_verdict_of_frictionless(tmp_path: Path) -> None:
    """With the schema that frictionless derives from the first rows of each."""
    files = sorted(Path(FOLDER or "").glob("*.csv"))
    assert files
    for file in files:
        schema = frictionless.Schema.describe(str(file)).to_dict()
        (tmp_path / "t.csv").write_bytes(file.read_bytes())
        write(tmp_path, path="t.csv", schema=schema)
        found = errors(tmp_path)
        judged = frictionless.validate(str(tmp_path / "datapackage.json"), limit_errors=10**6)
        theirs = {
            (e.row_number, e.field_name) for e in judged.tasks[0].errors if hasattr(e, "field_name")
        }
        ours = {(issue.line, issue.column) for issue in found}
        assert (not found) == judged.valid
        assert len(ours) > 0 or not theirs
