"""`new schema`: what is inferred from cells, what is left to people, and that nothing is lost."""

import gzip
import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner, Result

from diffdata import cli
from diffdata.editing.inferring import infer, new_package
from diffdata.errors import DiffdataError, InvalidInputError, PackageError
from diffdata.loading import load
from diffdata.schemas.stated import Rule
from diffdata.validation.packages import validate

from .conftest import ROOT

TEXT = """Run ID;model;day;score;cost_usd;share;open;kind;when;code
001;A;2024-01-02;50,5;1000;NA;true;big;13/02/2024;x1
002;B;2024-01-03;51;;0,3;false;big;01/02/2024;x2
003;C;2024-02-02;49,25;1200;0,4;true;NA;05/03/2024;
"""


def written(folder: Path, text: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def new(*words: str | Path) -> Result:
    return CliRunner().invoke(cli.app, ["new", "schema", *map(str, words)])


def fields(path: Path) -> dict[str, dict[str, Any]]:
    return {column["name"]: column for column in infer(path).schema["fields"]}


def test_types_units_and_missing_values_are_those_of_the_cells(tmp_path: Path) -> None:
    found = fields(written(tmp_path, TEXT))
    kinds = {name: column["type"] for name, column in found.items()}
    assert kinds == {
        "Run ID": "string", "model": "string", "day": "date", "score": "number",
        "cost_usd": "integer", "share": "number", "open": "boolean", "kind": "string",
        "when": "date", "code": "string",
    }  # fmt: skip
    assert found["share"]["missingValues"] == ["", "NA"]
    assert "missingValues" not in found["kind"]  # where NA may be a value
    assert (found["score"]["decimalChar"], found["when"]["format"]) == (",", "%d/%m/%Y")
    assert (found["cost_usd"]["unit"], found["score"]["unit"]) == ("USD", "")


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1990", "2024"], "integer"), (["007", "12"], "string"), (["0", "-3"], "integer"),
        (["1e3", ".5"], "number"), (["12345678901234567890", "1"], "number"),
        (["2024-02-30", "2024-01-01"], "string"), (["2024-05", "2023-12"], "yearmonth"),
        (["2024-05-01T12:00:00Z"], "datetime"), (["12:00:00"], "time"),
        (["TRUE", "FALSE"], "boolean"),
        (["yes", "no"], "string"), (["03/04/2024", "05/06/2024"], "string"), (["", ""], "string"),
        (["1,5", "2"], "number"), (["x" * 50], "string"),
    ],
)  # fmt: skip
def test_a_column_has_the_narrowest_type_that_reads_all_cells(
    tmp_path: Path, cells: list[str], kind: str
) -> None:
    rows = "".join(f'{place};"{cell}"\n' for place, cell in enumerate(cells))
    assert fields(written(tmp_path, f"id;x\n{rows}"))["x"]["type"] == kind


def test_years_are_those_in_columns_named_so(tmp_path: Path) -> None:
    found = fields(written(tmp_path, "built_year,size\n1999,1999\n2001,2001\n"))
    assert {name: column["type"] for name, column in found.items()} == {
        "built_year": "year", "size": "integer",
    }  # fmt: skip


def test_keys_are_single_columns_else_few_together(tmp_path: Path) -> None:
    one = infer(written(tmp_path, "name,x_id,y\na,1,1\nb,2,1\n", "one.csv"))
    assert one.keys == [("x_id",), ("name",)]
    two = infer(written(tmp_path, "a,b,c\n1,1,x\n1,2,x\n2,1,x\n2,2,x\n", "two.csv"))
    assert two.keys == [("a", "b")]
    three = "a,b,c\n" + "".join(f"{a},{b},{c}\n" for a in "01" for b in "01" for c in "01")
    assert infer(written(tmp_path, three, "three.csv")).schema["primaryKey"] == ["a", "b", "c"]
    none = infer(written(tmp_path, "a,b\n1,1\n1,1\n", "none.csv"))
    assert none.keys == []
    assert "primaryKey" not in none.schema


def test_few_texts_that_occur_often_are_a_list(tmp_path: Path) -> None:
    rows = "".join(f"{n},{('big', 'small')[n % 2]},{n % 9}x\n" for n in range(20))
    found = fields(written(tmp_path, f"id,kind,other\n{rows}"))
    assert found["kind"]["constraints"]["enum"] == ["big", "small"]
    assert "constraints" not in found["other"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_delimiters_and_encodings_are_found_and_the_package_is_valid(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    rows = [["name", "x"], ["José", "1"], ["a, b; c", "2"]]
    text = "".join(delimiter.join(f'"{cell}"' for cell in row) + "\n" for row in rows)
    path = written(tmp_path, text.encode(encoding))
    root, (table,) = new_package([path])
    assert [column["type"] for column in table.schema["fields"]] == ["string", "integer"]
    assert table.rows == 2
    assert validate(root) == []
    assert path.read_bytes() == text.encode(encoding)


def test_what_is_given_comes_before_what_is_found(tmp_path: Path) -> None:
    path = written(tmp_path, "a:b\nж:1\n".encode("koi8-r"))
    found = infer(path, delimiter=":", encoding="koi8-r")
    assert [column["name"] for column in found.schema["fields"]] == ["a", "b"]
    assert found.resource["encoding"] == "koi8-r"
    with pytest.raises(PackageError, match="there is no encoding 'klingon'"):
        infer(path, encoding="klingon")


def test_compressed_files_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, gzip.compress(b"a,b\n1,2\n"), "data.csv.gz")
    root, (table,) = new_package([path])
    assert table.name == "data"
    assert validate(root) == []


def test_the_command_says_what_to_fill_in_and_replaces_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.replace(";", ",").replace("50,5", "50.5").replace("49,25", "4"))
    path.write_text("run_id,score,kind\n1,0.5,a\n2,0.7,b\n")
    other = written(tmp_path, "a\n1\n1\n", "other.csv")
    result = new(path, other)
    assert result.exit_code == 0
    assert "data.csv: 2 rows, utf-8, delimiter ',', key run_id" in result.stdout
    assert "unit of run_id, score" in result.stdout
    assert "primaryKey: no column" in result.stdout
    assert f"Next: diffdata validate {tmp_path}" in result.stdout
    assert load("data", package=tmp_path)["score"].tolist() == [0.5, 0.7]
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    again = new(path)
    assert isinstance(again.exception, PackageError)
    assert "exists already, and is not replaced" in str(again.exception)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "the file is empty"), ("a,,b\n1,2,3\n", "line 1: the column 2 has no name"),
     ("a,b,a\n1,2,3\n", "line 1: two columns have the name 'a'")],
)  # fmt: skip
def test_headers_that_cannot_be_used_are_reported(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PackageError, match=message):
        new_package([written(tmp_path, text)])
    assert [file.name for file in tmp_path.iterdir()] == ["data.csv"]


def test_wrong_calls_are_reported(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    here, there = written(tmp_path, "a\n1\n"), written(tmp_path / "there", "a\n1\n", "b.csv")
    same = written(tmp_path, "a\n1\n", "data.tsv")
    cases: list[tuple[tuple[str | Path, ...], type[DiffdataError], str]] = [
        ((), InvalidInputError, "expected CSV files"),
        ((here, there), InvalidInputError, "of one folder"),
        ((here, same), InvalidInputError, "the same name"),
        ((tmp_path / "nope.csv",), PackageError, "expected a CSV file"),
    ]
    for words, kind, message in cases:
        found = new(*words).exception
        assert isinstance(found, kind), words
        assert message in str(found)
    stray = CliRunner().invoke(cli.app, ["new", "model", "--delimiter", ";"]).exception
    assert "are for `new schema`" in str(stray)


def test_the_page_on_own_packages_shows_every_rule() -> None:
    text = (ROOT / "docs/own-package.md").read_text()
    blocks = re.findall(r"^```json\n(\[.*?^\])\n```", text, re.M | re.S)
    adapter: TypeAdapter[Any] = TypeAdapter(Rule)
    shown = [adapter.validate_json(json.dumps(rule)) for b in blocks for rule in json.loads(b)]
    models = get_args(get_args(Rule)[0])
    kinds = {get_args(model.model_fields["rule"].annotation)[0] for model in models}
    assert {rule.rule for rule in shown} == kinds
    assert len(shown) == len(kinds)
