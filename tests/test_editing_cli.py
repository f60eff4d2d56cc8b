"""`diffdata new` and `diffdata format`, as typed."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import diffdata
from diffdata import cli

from .conftest import ROOT, edit
from .test_cli import main

MODEL = ["name=Claude 2", "modality=text", "source_id=brown-2020", "locator=Table 1",
         "verification=read"]  # fmt: skip


def run(*arguments: str | Path, typed: str = "") -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments], input=typed)


def test_new_adds_a_row_and_says_where(copy: Path) -> None:
    result = run("new", "model", *MODEL, "--no-input", "--package", copy)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{copy}/data/models.csv:4: added\n")
    assert "  model_id: claude-2 (derived)\n  name: Claude 2\n" in result.stdout
    assert "diffdata build" not in result.output  # the copy is no working tree
    assert diffdata.validate(copy) == []


def test_new_asks_for_what_is_missing(copy: Path) -> None:
    result = run("new", "model", *MODEL[1:], "--package", copy, typed="Claude 2\n")
    assert result.exit_code == 0
    assert "name: The name, as the maker writes it." in result.stdout
    assert "claude-2 (derived)" in result.stdout


def test_the_end_of_input_adds_nothing(copy: Path) -> None:
    before = (copy / "data/models.csv").read_bytes()
    assert run("new", "model", "--package", copy).exit_code == 1
    assert (copy / "data/models.csv").read_bytes() == before


def test_without_input_what_is_missing_is_listed(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = main(capsys, monkeypatch, "new", "model", "--no-input", "--package", str(copy))
    for column in ("name", "modality", "source_id", "locator", "verification"):
        assert f"\nmissing: {column}: " in shown


def test_what_was_typed_can_be_tried_again(copy: Path) -> None:
    cells = [*MODEL, "note=it's", "quoted_in_source_id=brown-2020"]
    result = run("new", "models", *cells, "--package", copy)
    assert result.exit_code == 1
    assert "to try again: diffdata new models 'name=Claude 2' modality=text" in result.stderr
    assert """'note=it'"'"'s'""" in result.stderr


def test_generated_tables_take_no_rows_by_hand(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("new", "model_summary", "model_id=x", "--no-input", "--package", str(ROOT))
    assert "the table is generated" in main(capsys, monkeypatch, *words)


def test_format_writes_what_is_not_in_form_and_check_only_tells(copy: Path) -> None:
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


def test_format_refuses_what_it_could_lose(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(copy / "data/models.csv", "\nbloom,BLOOM,", "\nbloom,BLOOM,,")
    shown = main(capsys, monkeypatch, "format", str(copy))
    assert "data/models.csv:2: error: the row has 14 cells, expected 13" in shown
    assert "nothing was written; `diffdata validate` tells more" in shown
