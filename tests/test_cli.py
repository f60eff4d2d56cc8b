"""The command line: help, exit status, formats, encodings, and a clear line for every mistake."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

import diffdata
from diffdata import cli
from diffdata.errors import InvalidInputError
from diffdata.package.packages import Package

from .conftest import edit
from .releases import install, make_tree, release_first
from .reviewed import few_calculations
from .test_validation import set_cell

PANGU = ["models", "--where", "model_id=pangu-alpha", "--columns", "name"]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def main(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """Run the program as the shell does, expect status 2, and return its standard error."""
    monkeypatch.setattr("sys.argv", ["diffdata", *words])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == 2
    shown = capsys.readouterr().err
    assert "Traceback" not in shown
    return shown


def test_errors_show_terminal_escapes_as_codes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = main(capsys, monkeypatch, "list", "--package", "no\x1b[2Jfolder")
    assert "\x1b" not in shown
    assert r"no\x1b[2Jfolder" in shown


def commands() -> Iterator[tuple[str, str]]:
    """Yield each command with the first line of its help."""
    for command in cli.app.registered_commands:
        assert command.callback is not None
        summary = (command.callback.__doc__ or "").partition("\n")[0]
        yield command.name or command.callback.__name__, summary


@pytest.mark.parametrize("width", [80, 100])
def test_help_groups_the_commands_and_fits(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", width)
    lines = run("--help").output.splitlines()
    assert max(map(len, lines)) <= width
    groups = [line.split("─")[1].strip() for line in lines if line.startswith("╭")]
    assert groups == [
        "Options", "Read the tables", "Look up a model, a source or a figure", "Check the data",
        "Compare, cite, export", "Edit the data", "Manage editions",
    ]  # fmt: skip
    for name, _ in commands():
        assert sum(line.startswith(f"│ {name} ") for line in lines) == 1


@pytest.mark.parametrize(("name", "summary"), list(commands()))
def test_every_command_and_option_has_help(name: str, summary: str) -> None:
    assert re.fullmatch(r"[A-Z][a-z]+ [^\n]+\.", summary)
    result = run(name, "--help")
    assert result.exit_code == 0
    assert summary in " ".join(result.output.replace("│", " ").split())
    for parameter in get_command(cli.app).commands[name].params:  # type: ignore[attr-defined]
        assert parameter.help, parameter.name


def test_list_counts_the_rows() -> None:
    rows = {row["table"]: row for row in json.loads(run("list", "-f", "json").stdout)}
    assert rows["case_studies"]["rows"] == len(diffdata.load("case_studies"))
    assert list(rows) == diffdata.tables()


def test_show_filters_and_picks_columns() -> None:
    conditions = ["model_id=gpt-3", "quantity_id~cost", "source_id=cottier-2022-summary",
                  "level=0.9"]  # fmt: skip
    options = [word for condition in conditions for word in ("--where", condition)]
    columns = ["--columns", "estimate_id,value", "--edition", "2026.2"]
    result = run("show", "estimates", *options, *columns, "-f", "json")
    assert json.loads(result.stdout) == [
        {"estimate_id": "gpt-3-dataset-cost", "value": 660e3},
        {"estimate_id": "gpt-3-development-cost", "value": 49e6},
        {"estimate_id": "gpt-3-training-cost", "value": 12e6},
    ]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("published<2019-03-01", {"gpt-2"}),
        ("gpt3_like=false", {"gpt-2", "gpt-neox-20b", "pangu-alpha"}),
        ("training_cost_usd!=", {"gpt-3", "opt-175b"}),
        ("name=GPT-3 175B", {"gpt-3"}),
    ],
)
def test_conditions_are_read_by_the_type_of_the_column(condition: str, expected: set[str]) -> None:
    rows = json.loads(run("show", "model_summary", "--where", condition, "-f", "json").stdout)
    assert expected <= {row["model_id"] for row in rows}
    assert len(rows) < len(diffdata.load("models"))


def test_show_as_csv_equals_the_files(package: Package) -> None:
    for table in ("models", "case_studies", "estimates"):
        shown = list(csv.reader(io.StringIO(run("show", table, "-f", "csv").stdout)))
        rows = []
        for path in package.files(table).values():
            with path.open(newline="") as file:
                header, *more = csv.reader(file)
            rows += more
        assert shown[0] == header
        numbers = {header.index(name) for name in ("value", "low", "high") if name in header}
        for ours, theirs in zip(shown[1:], rows, strict=True):
            for i, (cell, original) in enumerate(zip(ours, theirs, strict=True)):
                same = cell == original
                assert same or (i in numbers and float(cell) == float(original))


def test_show_in_a_pipe_cuts_nothing() -> None:
    shown = run("show", "models", "--columns", "model_id,note").stdout
    assert "…" not in shown
    assert all(line == line.rstrip() for line in shown.splitlines())


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_output_escapes_what_the_encoding_cannot_write(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def output(*words: str) -> str:
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr("sys.argv", ["diffdata", *words])
        monkeypatch.setattr("sys.stdout", stream)
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        assert not exit_.value.code
        stream.seek(0)
        return stream.read()

    assert output("show", *PANGU) == "name\nPanGu-\\u03b1 200B\n"
    assert json.loads(output("show", *PANGU, "-f", "json")) == [{"name": "PanGu-\u03b1 200B"}]
    assert "PanGu-\\u03b1 200B" in output("report", "pangu-alpha")
    assert "\\u2192" in output("diff", "2026.1", "2026.2")


def test_a_process_escapes_what_its_encoding_cannot_write() -> None:
    shown = subprocess.check_output(
        [sys.executable, "-m", "diffdata", "show", *PANGU],
        env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert shown == b"name\nPanGu-\\u03b1 200B\n"


def test_show_as_markdown_is_a_table() -> None:
    lines = run("show", "case_studies", "-f", "markdown", "--limit", "2").stdout.splitlines()
    assert len(lines) == 4
    assert len({line.count(" | ") for line in lines}) == 1


def test_describe_lists_units() -> None:
    assert "FLOP / second" in run("describe", "hardware_performance").stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["show", "model"], "no table named 'model'; did you mean models"),
        (["show", "models", "--where", "model=gpt-3"], "no column named 'model'; did you mean"),
        (["show", "models", "--where", "gpt-3"], "expected COLUMN=VALUE"),
        (["show", "estimates", "--where", "value=many"], "expected a number"),
        (["show", "models", "--columns", "nmae"], "did you mean name"),
        (["report", "gtp-3"], "no model named 'gtp-3'; did you mean gpt-3"),
        (["describe", "hardwear"], "did you mean hardware"),
        (["list", "--package", "nowhere"], "nowhere: there is no such file or folder"),
    ],
)
def test_mistakes_are_one_clear_line(
    words: list[str],
    expected: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = main(capsys, monkeypatch, *words)
    assert expected in shown
    assert len(shown.splitlines()) == 1


def test_wrong_options_are_wrong_usage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--colour" in main(capsys, monkeypatch, "show", "models", "--colour", "red")


def test_validate_finds_nothing_in_our_own_data() -> None:
    result = run("validate")
    assert (result.exit_code, result.stdout) == (0, "0 errors, 0 warnings\n")
    assert json.loads(run("validate", "--format", "json").stdout) == []


def test_validate_reports_errors_with_status_1(copy: Path) -> None:
    line = set_cell(copy, "estimates", "gpt-3-training-cost", "value", "3,14e23")
    result = run("validate", copy, "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)[0] == {
        "file": "data/estimates.csv",
        "line": line,
        "column": "value",
        "row": "estimate_id=gpt-3-training-cost",
        "value": "3,14e23",
        "rule": "type",
        "severity": "error",
        "message": "'3,14e23' is not allowed: expected a number such as 3.14e23",
        "hint": "write 3.14e23",
    }
    text = run("validate", copy).stdout
    assert f"data/estimates.csv:{line}: error: '3,14e23' is not allowed" in text
    assert text.endswith("1 error, 0 warnings\n")


def test_validate_reports_warnings_with_status_0(copy: Path) -> None:
    set_cell(copy, "estimates", "gpt-3-training-cost", "as_printed", "")
    result = run("validate", copy)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "0 errors, 1 warning")


def test_validate_reports_what_it_cannot_read_with_status_2(copy: Path, tmp_path: Path) -> None:
    (copy / "data/models.csv").unlink()
    result = run("validate", copy)
    assert result.exit_code == 2
    assert "data/models.csv: error: the file is missing" in result.stdout
    empty = tmp_path / "empty"
    empty.mkdir()
    for path in (empty, tmp_path / "nowhere"):
        result = run("validate", path)
        assert result.exit_code == 2
        assert len(result.stdout.splitlines()) == 2


def test_validate_reports_a_schema_that_is_not_json_in_one_line(copy: Path) -> None:
    (copy / "schemas/models.json").write_text("{,}")
    result = run("validate", copy)
    assert result.exit_code == 2
    assert result.stdout.startswith("schemas/models.json:1: error: line 1, column 2: not JSON")


def test_a_broken_schema_of_an_own_package_is_reported_in_its_file(tmp_path: Path) -> None:
    resource = {"name": "ships", "path": "ships.csv", "schema": "ships.json"}
    descriptor = json.dumps({"name": "mine", "resources": [resource]})
    (tmp_path / "datapackage.json").write_text(descriptor)
    (tmp_path / "ships.csv").write_text("ship_id\na\n")
    (tmp_path / "ships.json").write_text("{,}")
    result = run("validate", tmp_path)
    assert result.stdout.startswith("ships.json:1: error: line 1, column 2: not JSON")


def test_export_takes_the_format_from_the_suffix(tmp_path: Path) -> None:
    out = tmp_path / "chips.xlsx"
    assert run("export", "hardware", "-o", out).stdout == f"{out}\n"
    assert out.read_bytes().startswith(b"PK")
    assert run("export", "hardware", "-o", tmp_path / "some").exit_code == 0
    assert (tmp_path / "some/hardware.csv").is_file()
    refused = run("export", "hardware", "--to", "csv", "-o", tmp_path / "other.duckdb")
    assert isinstance(refused.exception, InvalidInputError)
    assert not (tmp_path / "other.duckdb").exists()


def test_validate_reports_a_descriptor_that_is_not_json(copy: Path) -> None:
    (copy / "datapackage.json").write_text('{"name": ')
    result = run("validate", copy, "--format", "json")
    assert result.exit_code == 2
    (issue,) = json.loads(result.stdout)
    assert (issue["file"], issue["line"], issue["rule"]) == ("datapackage.json", 1, "unreadable")


def test_validate_reports_schema_errors_with_status_1(copy: Path) -> None:
    path = copy / "schemas/hardware.json"
    edit(path, '"unit": "watt",\n', "")
    result = run("validate", copy, "--format", "json")
    assert result.exit_code == 1
    (issue,) = json.loads(result.stdout)
    assert (issue["file"], issue["rule"]) == ("schemas/hardware.json", "descriptor")
    assert "'power_watt' has no unit" in issue["message"]


def test_build_is_only_for_working_trees(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "not a working tree" in main(capsys, monkeypatch, "build", "--package", str(copy))


def test_build_writes_stale_files_and_then_nothing(copy: Path) -> None:
    (copy / "pyproject.toml").touch()
    few_calculations(copy, "opt-175b-cost-ratio", "gopher-lag")
    run("build", "--package", copy)
    summary = copy / "data/model_summary.csv"
    before = summary.read_bytes()
    summary.unlink()
    check = run("build", "--check", "--package", copy)
    assert check.exit_code == 1
    assert "stale: data/model_summary.csv" in check.stdout
    assert "written: data/model_summary.csv" in run("build", "--package", copy).stdout
    again = run("build", "--package", copy)
    assert (again.exit_code, again.stdout) == (0, "")
    assert summary.read_bytes() == before


def parts(folder: Path, package: Path) -> Path:
    """Write models with an error as a folder of Parquet files."""
    models = diffdata.load("models", engine="pyarrow", package=package)
    objective = ["autoregresive" if m == "bloom" else "autoregressive"
                 for m in models["model_id"].to_pylist()]  # fmt: skip
    place = models.column_names.index("objective")
    models = models.set_column(place, "objective", pa.array(objective))
    (folder / "parts").mkdir(exist_ok=True)
    pq.write_table(models.slice(0, 20), folder / "parts/0.parquet")
    pq.write_table(models.slice(20), folder / "parts/1.parquet")
    return folder / "parts"


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
def test_an_engine_counts_the_errors_of_a_large_table(
    engine: str, tmp_path: Path, reviewed: Path
) -> None:
    about = [parts(tmp_path, reviewed), "--schema", "models", "--engine", engine]
    result = run("validate", *about)
    assert result.exit_code == 1
    fault, row, count = result.output.splitlines()
    assert fault.startswith("models: error: 1 row: expected one of: autoregressive, ")
    assert fault.endswith("[objective] (enum)")
    assert row == "    rows: model_id=bloom"
    rows = len(diffdata.load("models", package=reviewed))
    assert re.fullmatch(rf"models: {rows} rows, \d+ rules checked, 1 broken", count)
    (found,) = json.loads(run("validate", *about, "-f", "json").stdout)
    (failed,) = (rule for rule in found["rules"] if rule["failing"])
    assert (found["file"], failed["rule"], failed["sample"]) == (str(about[0]), "enum", [["bloom"]])
    command = run("validate", *about, "-f", "github").stdout
    assert command.startswith(f"::error file={about[0]},title=enum::1 row: expected one of")
    sarif = json.loads(run("validate", *about, "-f", "sarif").stdout)
    assert [found["ruleId"] for found in sarif["runs"][0]["results"]] == ["enum"]


def test_an_engine_checks_a_package_or_an_edition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = make_tree(tmp_path)
    release_first(tree)
    install(tree, monkeypatch)
    old = run("--dataset", "1.1", "validate", "--engine", "polars")
    assert old.exit_code == 0
    assert re.findall(r"^(\w+: \d+) rows, \d+ rules checked", old.stdout, re.M) == [
        "things: 7", "kinds: 2",
    ]  # fmt: skip
    table = run("validate", tree / "things.csv", "--engine", "duckdb")
    assert re.search(r"^things: 7 rows, \d+ rules checked, ", table.stdout, re.M)
    (tree / "kinds.csv").write_bytes(b"kind,edition,name\na,b\n")
    broken = run("validate", tree, "--engine", "duckdb", "-f", "github")
    assert broken.exit_code == 2
    assert "::error file=" in broken.stdout
    assert "kinds.csv,title=unreadable::" in broken.stdout


def test_the_descriptor_may_name_its_folder(copy: Path) -> None:
    edit(copy / "data/organizations.csv", "openai,", "opanai,")
    found = run("validate", copy / "datapackage.json", "-f", "github").stdout
    assert f"::error file={copy}/data/" in found
    assert ",line=" in found
    assert ",col=" in found


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show", "models", "-f", "cvs"], "'cvs' is not one of 'text', 'csv', 'json', 'markdown'; "
         "did you mean csv?"),
        (["show", "models", "--limit", "x"], "expected a whole number, found 'x'"),
        (["show", "models", "--limit", "-1"], "expected at least 0, found '-1'"),
        (["lags", "--level", "half"], "expected a number, found 'half'"),
        (["metadata", "zenodoo"], "did you mean zenodo?"),
        (["release", "2026.9", "--date", "today"], "'today' does not match the formats"),
    ],
)  # fmt: skip
def test_values_that_are_not_allowed_are_reported_in_plain_words(
    words: list[str], message: str
) -> None:
    result = run(*words)
    assert result.exit_code == 2
    text = " ".join(result.stderr.replace("│", " ").split())
    assert message in text
    assert "Value error" not in text
    assert "Input should" not in text


def test_mistakes_with_engines_are_reported(
    tmp_path: Path,
    reviewed: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def error(*words: str) -> str:
        return main(capsys, monkeypatch, "validate", *words)

    folder = str(parts(tmp_path, reviewed))
    file = f"{folder}/0.parquet"
    assert "give the --schema" in error(file)
    assert "give the --schema" in error(folder, "--engine", "duckdb")
    unknown = error(file, "--engine", "duckdb", "--schema", "modles")
    assert "there is no table or schema file named 'modles'; did you mean models" in unknown
    pair = error(file, "--engine", "duckdb", "--schema", "models", "--table", "sources")
    assert "--table: expected NAME=FILE, found 'sources'" in pair
    assert "--table is for an engine" in error("--table", "sources=a.csv")
    assert "for one table" in error("--engine", "duckdb", "--schema", "models")
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv/a.csv").write_text("a\n")
    assert "are checked by an engine" in error(str(tmp_path / "csv"), "--schema", "models")
