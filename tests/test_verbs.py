"""The verbs of the command line as functions: what they return prints well, also in notebooks."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import diffdata
from diffdata import cli
from diffdata.display import as_text, notebook
from diffdata.errors import UnknownNameError
from diffdata.reproduce import Figure, Ledger, Reproduction

IDS = ["gpt-3-cost-centre", "opt-175b-cost-ratio"]


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return diffdata.reproduce(version="2026.2", only=IDS)


def test_modules_of_verbs_can_be_called_whatever_was_imported_before() -> None:
    code = (
        "import diffdata, diffdata.diff.packages, diffdata.reproduce as again\n"
        "from diffdata import diff\n"
        "found = diffdata.diff('2026.1', '2026.2', only=['comparisons'])\n"
        "ledger = diffdata.reproduce(version='2026.2', only=['opt-175b-cost-ratio'])\n"
        "print(found.same, diff.markdown.__name__, len(ledger), again is diffdata.reproduce)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False markdown 1 True\n"


@pytest.mark.parametrize("name", ["diff", "reproduce"])
def test_a_verb_is_its_module_and_has_the_signature_of_its_function(name: str) -> None:
    verb, module = getattr(diffdata, name), importlib.import_module(f"diffdata.{name}")
    assert verb is module
    function = vars(module)[name]
    assert inspect.signature(verb) == inspect.signature(function)


def test_a_ledger_is_a_frame_and_text(ledger: Ledger) -> None:
    assert ledger.frame["calculation_id"].tolist() == IDS
    assert ledger.frame["verdict"].tolist() == [result.verdict for result in ledger]
    assert repr(ledger) == str(ledger)
    for width in (80, 100):
        shown = as_text(ledger, width)
        assert max(map(len, shown.splitlines())) <= width
        assert all(name in shown for name in IDS)
    shown = ledger._repr_html_()
    assert all(name in shown for name in IDS)


def test_a_ledger_keeps_one_verdict(ledger: Ledger) -> None:
    verdict = ledger[0].verdict
    kept = diffdata.reproduce(version="2026.2", only=IDS, verdict=verdict)
    assert [result.id for result in kept] == [r.id for r in ledger if r.verdict == verdict]
    with pytest.raises(UnknownNameError, match="no verdict named 'differ'; did you mean differs"):
        diffdata.reproduce(verdict="differ")


def test_the_command_keeps_one_verdict_and_whole_ids() -> None:
    words = ["reproduce", *(word for name in IDS for word in ("--only", name))]
    shown = CliRunner().invoke(cli.app, [*words, "--verdict", "differs"], env={"COLUMNS": "80"})
    assert IDS[0] in shown.stdout
    assert IDS[1] not in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80


def test_figures_of_ledgers_are_escaped_in_notebooks() -> None:
    hostile = Reproduction(
        "x", "<script>", "s", "<b>", Figure(1.0), Figure(1.0), "1", "value", (), "agrees", None,
        identity=False, recorded=None, reason="<img>",
    )  # fmt: skip
    shown = Ledger([hostile])._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "<img>" not in shown


def test_a_difference_is_a_frame_text_and_html() -> None:
    found = diffdata.diff("2026.1", "2026.2", only=["comparisons"])
    assert not found.same
    rows = found.changes
    assert rows.columns.tolist()[:4] == ["consequence", "what", "table", "row"]
    assert "opt-175b-vs-gpt-3" in set(rows["row"])
    assert "superseded" in str(found)
    assert "superseded" in found._repr_html_()
    assert found.to_dict()["same"] is False
    assert diffdata.diff("2026.1", "2026.1").same


def test_differences_of_files_with_hostile_names_are_escaped(tmp_path: Path) -> None:
    old, new = tmp_path / "a.csv", tmp_path / "b.csv"
    old.write_text("id,v\n<script>,1\n")
    new.write_text("id,v\n<script>,2\n")
    shown = diffdata.diff(old, new, key="id")._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_a_comparison_prints_and_shows(tmp_path: Path) -> None:
    theirs = tmp_path / "models_2024-12-01.csv"
    theirs.write_text("Model,Parameters\nGPT-3,1.75e11\n<i>,1\n")
    found = diffdata.compare(str(theirs))
    assert str(found).startswith("2 rows: ")
    assert repr(found) == found.text()
    assert "<i>" not in found._repr_html_()


@pytest.mark.parametrize(
    ("bar", "drawn"),
    [((1, 2, 3), True), ((0, 0, 0), False), ((3, 2, 1), False), ((1, 5, float("inf")), False),
     ((-1e9, 0, 1e9), True), ((1e-30, 1, 1e30), True), ((2, 1, 3), True)],
)  # fmt: skip
def test_an_interval_is_drawn_inside_its_bar(bar: tuple[float, float, float], drawn: bool) -> None:
    shown = notebook("x", bar=bar)
    assert ("<svg" in shown) == drawn
    places = [float(text.split('"')[1]) for text in shown.split("<line")[1:] for text in
              [part for part in text.split(" ") if part.startswith(("x1", "x2"))]]  # fmt: skip
    assert all(0 <= place <= 100 for place in places)


def test_what_shows_in_notebooks_has_light_and_dark() -> None:
    shown = [
        diffdata.value("gpt-3", "training_cost"), diffdata.trace("gpt-3-training-cost"),
        diffdata.Lognormal.from_interval(5e6, 33e6, unit="USD"),
        diffdata.check(diffdata.load("benchmarks"), "benchmarks"),
    ]  # fmt: skip
    for thing in shown:
        html = thing._repr_html_()
        assert "prefers-color-scheme: dark" in html
        assert html.count("<div") == html.count("</div>")


def test_frames_stay_frames() -> None:
    assert isinstance(diffdata.estimates(model="gpt-3"), pd.DataFrame)
