"""Whatever the bytes: the readers return values, issues or our own errors, and no traceback.

Longer: ``HYPOTHESIS_PROFILE=long pytest tests/test_fuzzing.py``.
"""

import json
import os
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import diffdata
from diffdata.errors import Issue, PackageError
from diffdata.package.archives import unpack
from diffdata.schemas import profile, standard
from diffdata.schemas.reader import parse
from diffdata.schemas.standard import ITEM_TYPES, Dialect, Field, TableSchema
from diffdata.types.definitions import FIELD_TYPES
from diffdata.types.text import CellError
from diffdata.validation.text import read_table
from diffdata.validation.typed import Found, parse_cell, to_typed

from .foreign_cases import CASES, FILE
from .test_foreign import DESCRIPTOR, PACKAGE, RESOURCE, write
from .test_rules import things

EXAMPLES = 20_000 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 200
fuzz = settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # fmt: skip

KEYS = [
    *("name", "resources", "path", "data", "schema", "fields", "type", "format", "constraints"),
    *("primaryKey", "foreignKeys", "reference", "resource", "missingValues", "fieldsMatch"),
    *("dialect", "delimiter", "encoding", "compression", "hash", "bytes", "enum", "pattern"),
    *("minimum", "rules", "uniqueKeys", "required", "profile", "header", "quoteChar"),
]
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["id", "name", FILE, "integer", "date", "table", "%Y", "[a", "1", "utf-16"])
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=25,
)


@st.composite
def mutated(draw: st.DrawFn, whole: Any) -> Any:
    """Return a value with some of its parts replaced, removed or doubled."""
    if draw(st.integers(0, 7)) == 0:
        return draw(values)
    if isinstance(whole, dict):
        found = {
            key: draw(mutated(value)) for key, value in whole.items() if draw(st.integers(0, 9))
        }
        return found | draw(st.dictionaries(st.sampled_from(KEYS), scalars, max_size=1))
    if isinstance(whole, list):
        return [
            draw(mutated(value))
            for value in whole
            for _ in range(draw(st.sampled_from([0, 1, 1, 1, 1, 2])))
        ]
    return whole


descriptors = st.sampled_from(CASES).flatmap(
    lambda case: mutated({"name": "case", "resources": case.resources})
)


@fuzz
@given(descriptors | values, st.data())
def test_any_descriptor_is_read_or_refused(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value)
    if data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(text)))
        text = text[:place] + data.draw(st.text(max_size=3)) + text[place + 1 :]
    models = [m for room in (profile, standard) for m in (room.PackageDescriptor, room.TableSchema)]
    for model in models:
        try:
            parse(model, text, "f.json")
        except PackageError as error:
            assert str(error)  # noqa: PT017


@fuzz
@given(descriptor=descriptors, case=st.sampled_from(CASES))
def test_any_package_gives_issues(tmp_path: Path, descriptor: Any, case: Any) -> None:
    case.write(tmp_path)
    (tmp_path / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    for issue in diffdata.validate(tmp_path):
        assert isinstance(issue, Issue)
        assert issue.message


pieces = st.sampled_from(
    [b",", b"\n", b"\r\n", b"\r", b'"', b'""', b";", b"\t", b"\0", b"\xef\xbb\xbf", b"\xff\xfe",
     b" ", b"k", b"a", b"1", b"-", b"1e5", b"2020-02-30", b"true", b"=1+1", b"\xc3\xa9",
     b"\xe2\x80\xae", b"k,a,b,c,i,s,t,d,p", b"x,1,2,3,4,five,true,2020-01-01,day"]
)  # fmt: skip
tables = st.lists(pieces, max_size=40).map(b"".join) | st.binary(max_size=200)


@fuzz
@given(tables, st.booleans())
def test_any_bytes_are_a_table_or_issues(tmp_path: Path, data: bytes, header: bool) -> None:
    data = b"k,a,b,c,i,s,t,d,p\n" * header + data
    for issue in diffdata.validate(write(tmp_path, data)):
        assert issue.message
    try:
        data.decode()
    except UnicodeDecodeError:
        return
    found = Found()
    table, issues = read_table(data, "f.csv", things([]))
    typed = to_typed(table, things([]), found)
    assert len(typed.values) == len(table)
    for issue in [*issues, *found.issues]:
        assert issue.line is None or 1 <= issue.line <= data.count(b"\n") + data.count(b"\r") + 1


@fuzz
@given(
    tables,
    st.builds(
        Dialect,
        delimiter=st.characters(exclude_categories=("Cs",)),
        quote_char=st.none() | st.characters(exclude_categories=("Cs",)),
        escape_char=st.none() | st.characters(exclude_categories=("Cs",)),
        double_quote=st.booleans(), skip_initial_space=st.booleans(), header=st.booleans(),
        comment_char=st.none() | st.text(max_size=2),
    ),
)  # fmt: skip
def test_any_dialect_is_read_or_refused(data: bytes, dialect: Dialect) -> None:
    schema = TableSchema(fields=(Field(name="k"), Field(name="a", type="integer")))
    text = data.decode("utf-8", "ignore").encode()
    try:
        table, issues = read_table(text, "f.csv", schema, dialect)
    except PackageError:
        return
    assert len(table) >= 0
    assert all(issue.message for issue in issues)


formats = st.sampled_from(
    ["default", "any", "email", "uri", "uuid", "binary", "array", "object", "topojson", "%Y",
     "%d/%m/%y", "%H:%M", "%", "%Q", "%Y%Y", "%j %U", "%z", "%p"]
) | st.text(max_size=6)  # fmt: skip
cells = st.text(max_size=12) | st.from_regex(
    r"[-+]?[0-9PTYMDHS:/.,eE%$ ]{0,20}|\[[0-9, ]*\]|\{\"?[a-z]*\"?:? ?[0-9]*\}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}.*",
    fullmatch=True,
)


@fuzz
@given(st.sampled_from(sorted(FIELD_TYPES)), formats, cells, st.data())
def test_any_cell_of_any_type_is_a_value_or_a_cell_error(
    kind: Any, form: str, text: str, data: st.DataObject
) -> None:
    marks = st.lists(
        st.sampled_from(["", ".", ",", " ", "e", "1"]), min_size=2, max_size=2, unique=True
    )
    decimal, group = data.draw(marks)
    field = Field(
        name="x", type=kind, format=form, bare_number=data.draw(st.booleans()),
        decimal_char=decimal, group_char=group,
        delimiter=data.draw(st.sampled_from([",", ";", ""])),
        item_type=data.draw(st.none() | st.sampled_from(ITEM_TYPES)),
    )  # fmt: skip
    for strict in (True, False):
        try:
            parse_cell(text, field, strict)
        except CellError as error:
            assert error.expected  # noqa: PT017


def archived() -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in PACKAGE.items():
            file.writestr(name, data)
        file.writestr("more.bin", b"x" * 5000, zipfile.ZIP_STORED)
        file.writestr("more.bz2", b"x" * 5000, zipfile.ZIP_BZIP2)
        file.writestr("more.xz", b"x" * 5000, zipfile.ZIP_LZMA)
    return made.getvalue()


ARCHIVE = archived()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return an archive with some bytes changed, most of them in its structure."""
    data = bytearray(ARCHIVE)
    heads = [place for place in range(len(data)) if data[place : place + 2] == b"PK"]
    for _ in range(draw(st.integers(1, 6))):
        near = draw(st.sampled_from(heads)) + draw(st.integers(0, 50))
        place = draw(st.sampled_from([near, draw(st.integers(0, len(data)))]))
        new = draw(st.binary(min_size=1, max_size=4))
        data[place : place + draw(st.integers(0, 4))] = new
    return bytes(data[: draw(st.sampled_from([len(data), draw(st.integers(0, len(data)))]))])


@fuzz
@pytest.mark.filterwarnings("ignore:Duplicate name")
@given(damaged() | st.binary(max_size=300) | st.binary(max_size=50).map(lambda b: b + ARCHIVE))
def test_any_archive_is_read_or_refused_and_stays_inside(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    outer = tmp_path_factory.mktemp("archive")
    folder = outer / "inside"
    folder.mkdir()
    (outer / "a.zip").write_bytes(data)
    try:
        unpack(outer / "a.zip", folder, most_bytes=10**6)
    except PackageError as error:
        assert str(error).startswith(str(outer / "a.zip"))  # noqa: PT017
    assert sorted(path.name for path in outer.iterdir()) == ["a.zip", "inside"]
    for issue in diffdata.validate(outer / "a.zip"):
        assert issue.message


def test_the_archive_that_is_damaged_is_a_good_one(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(ARCHIVE)
    assert diffdata.validate(tmp_path / "a.zip") == []
    assert json.loads(DESCRIPTOR)["resources"] == [RESOURCE]
