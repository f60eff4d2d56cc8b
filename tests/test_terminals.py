"""Terminals of 80 and 100 columns: nothing is lost, what matters comes first, numbers are short."""

import json
import sys
from contextvars import ContextVar
from types import SimpleNamespace

import pytest
from rich.console import Console
from typer.testing import CliRunner

import diffdata
from diffdata import cli
from diffdata.cli.printing import print_frame
from diffdata.display import counted

COST = ["--where", "estimate_id=gpt-3-training-cost"]


def shown(*words: str, width: int | None = None) -> str:
    """Return what a command prints on a terminal of some width, or in a pipe."""
    env = {} if width is None else {"COLUMNS": str(width)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("diffdata.cli.printing.to_terminal", lambda: width is not None)
        result = CliRunner().invoke(cli.app, list(words), env=env)
    assert result.exit_code == 0
    assert result.stderr == ""
    return result.stdout


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("table", ["estimates", "model_summary", "hardware_prices", "quantities"])
def test_every_filled_cell_is_shown_and_fits(table: str, width: int) -> None:
    text = shown("show", table, "--limit", "4", width=width)
    assert max(map(len, text.splitlines())) <= width
    joined = "".join(text.split())
    rows = diffdata.load(table).head(4)
    for name, cells in rows.items():
        assert (name in text) == cells.notna().any() or name == rows.columns[0]
        if cells.dtype == "str":
            for cell in cells.dropna():
                assert "".join(cell.split()) in joined, name


@pytest.mark.parametrize("width", [80, 100])
def test_value_interval_and_source_come_first_in_human_numbers(width: int) -> None:
    words = " ".join(shown("show", "estimates", *COST, width=width).split())
    assert "value $12M low $5M high $33M level 0.9" in words
    assert words.index("source_id cottier-2022-summary") < words.index("as_printed")
    compute = ["--where", "estimate_id=gpt-3-training-compute-brown-2020"]
    columns = ["--columns", "estimate_id,value,unit"]
    wanted = shown("show", "estimates", *compute, *columns, width=width)
    assert "e+" not in wanted


def test_few_columns_are_a_table() -> None:
    lines = shown(
        "show", "quantities", "--columns", "quantity_id,unit,scale", width=80
    ).splitlines()
    assert lines[1].split() == ["quantity_id", "unit", "scale"]


def test_wide_shows_all_columns_and_exact_numbers() -> None:
    header, *rows = shown("show", "estimates", *COST, "--wide", width=80).splitlines()
    assert header.split() == diffdata.load("estimates").columns.tolist()
    assert "12000000" in rows[0]


def test_pipes_and_data_formats_are_exact() -> None:
    assert shown("list").splitlines()[0].split() == ["table", "rows", "title"]
    assert "12000000" in shown("show", "estimates", *COST)
    found = json.loads(shown("show", "estimates", *COST, "-f", "json", width=80))
    assert list(found[0]) == diffdata.load("estimates").columns.tolist()


@pytest.mark.parametrize("width", [80, 100])
def test_tables_are_grouped_and_each_is_listed_once(width: int) -> None:
    lines = shown("list", width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert lines[0].startswith("Start here")
    assert lines[1].split()[0] == "model_summary"
    names = [line.split()[0] for line in lines if line.startswith("  ")]
    assert sorted(names) == sorted(diffdata.tables())
    assert not any(line.startswith("Other tables") for line in lines)


def test_rows_are_found_by_names_and_sorted() -> None:
    where = ["--where", "model_id=GPT 3", "--where", "quantity_id=training_cost"]
    found = json.loads(shown("show", "estimates", *where, "-f", "json"))
    assert {row["model_id"] for row in found} == {"gpt-3"}
    options = ["--columns", "parameters", "--limit", "9", "-f", "json", "--edition", "2026.2"]
    least, most = (
        [row["parameters"] for row in json.loads(shown("show", "model_summary", *options, *sort))]
        for sort in (["--sort", "parameters"], ["--sort", "-parameters"])
    )
    assert least == sorted(least)
    assert most == sorted(most, reverse=True)
    assert most[0] > least[-1]


def test_a_value_is_one_line_or_json() -> None:
    assert shown("value", "GPT-3", "cost").startswith("$12M (5M to 33M, 90 %), cottier-2022-sum")
    found = json.loads(shown("value", "gpt3", "cost", "-f", "json"))
    assert (found["value"], found["level"], found["source"]) == (12e6, 0.9, "cottier-2022-summary")


@pytest.fixture
def paged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes through the pager, where people read standard output on a screen of 20 lines."""
    pages: list[str] = []
    monkeypatch.setattr("pydoc.pager", pages.append)
    monkeypatch.setattr("diffdata.cli.printing.to_terminal", lambda: True)
    monkeypatch.setattr(
        "diffdata.cli.printing.console",
        lambda: Console(force_terminal=True, width=80, height=20, markup=False, highlight=False),
    )
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("diffdata.cli.printing.PAGER", ContextVar("pager", default=True))
    monkeypatch.delenv("LESS", raising=False)
    return pages


def test_what_is_longer_than_the_screen_goes_through_a_pager(
    paged: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    chips = diffdata.load("quantities")
    print_frame(chips.head(2), "text")
    assert paged == []
    assert "accuracy_loss" in capsys.readouterr().out
    print_frame(chips.head(40), "text")
    assert capsys.readouterr().out == ""
    assert chips["quantity_id"][39] in paged[0]
    print_frame(chips.head(40), "csv")  # what programs read is never paged
    assert len(paged) == 1


def test_no_pager_and_programs_print_at_once(
    paged: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("diffdata.cli.printing.PAGER", ContextVar("pager", default=False))
    print_frame(diffdata.load("quantities").head(40), "text")
    assert paged == []
    assert len(capsys.readouterr().out.splitlines()) > 40


@pytest.mark.parametrize("words", [["--no-pager", "list"], ["list", "--no-pager"]])
def test_no_pager_works_before_and_after_a_command(words: list[str]) -> None:
    set_to: list[bool] = []
    with pytest.MonkeyPatch.context() as patch:
        app = sys.modules["diffdata.cli.app"]
        patch.setattr(app, "PAGER", SimpleNamespace(set=set_to.append))
        assert CliRunner().invoke(cli.app, words).exit_code == 0
    assert set_to == [False]


def test_bars_have_totals_and_only_people_see_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("diffdata.display._PATIENCE", -1)
    assert list(counted(range(3), "Counting")) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("diffdata.display.SHOW_PROGRESS", ContextVar("x", default=True))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    assert list(counted(range(4), "Counting")) == [0, 1, 2, 3]
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Counting" in shown.err
    assert "%" in shown.err
    monkeypatch.setattr("diffdata.display._PATIENCE", 60)
    assert list(counted(range(4), "Counting")) == [0, 1, 2, 3]
    assert capsys.readouterr().err == ""
