"""The commands `diffdata new` and `diffdata format`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import diffdata
from diffdata import cli
from diffdata.testing import assert_valid

from .conftest import ROOT, edit
from .test_cli import main
from .test_editing import line_of

MODEL = ["name=Imaginary 2", "architecture=", "source_id=brown-2020", "locator=Table 1",
         "verification=read"]  # fmt: skip


def run(*arguments: str | Path, typed: str = "") -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments], input=typed)


def test_new_adds_a_row_and_prints_its_place(copy: Path) -> None:
    result = run("new", "model", *MODEL, "--no-input", "--package", copy)
    assert result.exit_code == 0
    line = line_of(copy / "data/models.csv", "imaginary-2,")
    assert result.stdout.startswith(f"{copy}/data/models.csv:{line}: added\n")
    assert "  model_id: imaginary-2 (derived)\n  name: Imaginary 2\n" in result.stdout
    assert "diffdata build" not in result.output  # the copy is not a working tree
    assert_valid(copy)


def test_new_asks_for_what_is_missing(copy: Path) -> None:
    result = run("new", "model", *MODEL[1:], "--package", copy, typed="Imaginary 2\n\n")
    assert result.exit_code == 0
    assert "name: The name, as the maker writes it." in result.stdout
    assert "model_id (Enter: imaginary-2): " in result.stdout
    assert "\n  model_id: imaginary-2\n" in result.stdout


def test_the_end_of_input_adds_nothing_and_keeps_the_answers(copy: Path) -> None:
    before = (copy / "data/models.csv").read_bytes()
    result = run("new", "model", "note=", "--package", copy, typed="Imaginary 2\ndense\n")
    assert result.exit_code == 1
    answers = "note= 'name=Imaginary 2' architecture=dense"
    assert f"to continue: diffdata new model {answers} --package {copy}\n" in result.stderr
    assert (copy / "data/models.csv").read_bytes() == before


def test_without_input_missing_columns_are_listed(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = main(capsys, monkeypatch, "new", "model", "--no-input", "--package", str(copy))
    for column in ("name", "source_id", "locator", "verification"):
        assert f"\nmissing: {column}: " in shown


def test_a_refused_row_can_be_corrected(copy: Path) -> None:
    cells = [*MODEL, "note=it's", "quoted_in_source_id=brown-2020"]
    result = run("new", "models", *cells, "--package", copy, typed="\n")
    assert result.exit_code == 1
    assert (
        "to continue: diffdata new models 'name=Imaginary 2' architecture= source_id"
        in result.stderr
    )
    assert """'note=it'"'"'s'""" in result.stderr


def test_no_row_can_be_added_to_a_generated_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("new", "model_summary", "model_id=x", "--no-input", "--package", str(ROOT))
    assert "the table is generated" in main(capsys, monkeypatch, *words)


def test_format_writes_files_and_check_only_reports_them(copy: Path) -> None:
    path = copy / "data/models.csv"
    before = path.read_bytes()
    path.write_bytes(before.replace(b"\n", b"\r\n"))
    result = run("format", copy, "--check")
    assert (result.exit_code, result.stdout) == (1, "not in form: data/models.csv\n")
    assert path.read_bytes() != before
    result = run("format", copy)
    assert (result.exit_code, result.stdout) == (0, "written: data/models.csv\n")
    assert path.read_bytes() == before
    result = run("format", copy, "--check")
    assert (result.exit_code, result.stdout) == (0, "")


def test_format_refuses_a_file_with_a_fault_of_shape(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(copy / "data/models.csv", "\nbloom,BLOOM,", "\nbloom,BLOOM,,")
    shown = main(capsys, monkeypatch, "format", str(copy))
    line = line_of(copy / "data/models.csv", "bloom,")
    assert f"data/models.csv:{line}: error: the row has 13 cells, expected 12" in shown
    assert "no file was changed; run `diffdata validate` for more" in shown


def test_format_does_not_change_a_file_whose_header_validate_refuses(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copy / "data/models.csv"
    edit(path, "source_id,locator,verification", "locator,source_id,verification")
    before = path.read_bytes()
    assert {issue.line for issue in diffdata.validate(copy)} >= {1}
    shown = main(capsys, monkeypatch, "format", str(copy))
    assert "data/models.csv:1: error: " in shown
    assert "no file was changed" in shown
    assert path.read_bytes() == before
