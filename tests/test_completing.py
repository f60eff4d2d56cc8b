"""Shells complete tables, columns, models and other names, quickly and for any package."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from diffdata import cli
from diffdata.answers.clocks import CLOCKS
from diffdata.cli import completing
from diffdata.lookup import status
from diffdata.plot import PLOTS
from diffdata.reproduce import VERDICTS


def completed(*words: str) -> list[str]:
    """Return what bash offers for the last of some words."""
    env = {
        "_DIFFDATA_COMPLETE": "complete_bash", "COMP_WORDS": "\n".join(["diffdata", *words]),
        "COMP_CWORD": str(len(words)),
    }  # fmt: skip
    result = CliRunner().invoke(cli.app, [], env=env, prog_name="diffdata")
    assert result.stderr == ""
    return result.stdout.split()


@pytest.mark.parametrize(
    ("words", "among"),
    [
        (["show", "model_s"], "model_summary"), (["describe", "hard"], "hardware_summary"),
        (["show", "models", "--columns", "name,arch"], "name,architecture"),
        (["show", "models", "--where", "na"], "name="), (["new", "models", "na"], "name="),
        (["report", "gpt-3"], "gpt-3-13b"), (["report", "GPT-3"], "GPT-3-13b"),
        (["status", "2024-01-01", "--model", "bloo"], "bloom"),
        (["plot", "estimates", "--quantity", "training_c"], "training_cost"),
        (["plot", "train"], "training-cost"), (["lags", "--benchmark", "gpqa"], "gpqa-diamond"),
        (["lags", "--clock", "i"], "index"), (["reproduce", "--verdict", "d"], "differs"),
        (["trace", "gpt-3-training-c"], "gpt-3-training-cost"), (["diff", "2026"], "2026.1"),
        (["show", "--edition", "20"], "2026.2"), (["export", "mod"], "models"),
        (["sources", "brown"], "brown-2020"), (["cite", "gpt-3-tr"], "gpt-3-training-cost"),
    ],
)  # fmt: skip
def test_names_are_completed(words: list[str], among: str) -> None:
    found = completed(*words)
    assert among in found
    assert all(name.startswith(words[-1]) for name in found)


def test_a_package_has_its_own_names(tmp_path: Path) -> None:
    (tmp_path / "ships.csv").write_text("ship_id,name\nendurance,Endurance\n")
    CliRunner().invoke(cli.app, ["new", "schema", str(tmp_path / "ships.csv")])
    package = ["--package", str(tmp_path)]
    assert completed("show", *package, "s") == ["ships"]
    assert completed("show", *package, "ships", "--columns", "na") == ["name"]
    assert completed("report", *package, "gpt") == []


def test_what_cannot_be_read_completes_nothing(tmp_path: Path) -> None:
    package = ["--package", str(tmp_path)]
    assert completed("show", *package, "m") == []
    (tmp_path / "datapackage.json").write_text('{"resources": [{"name": "models", "path": "no"}]}')
    assert completed("show", *package, "models", "--columns", "n") == []
    assert completed("report", *package, "g") == []


def test_the_lists_are_those_of_the_program() -> None:
    assert tuple(PLOTS) == completing.PLOTS
    assert tuple(CLOCKS) == completing.CLOCKS
    assert completing.VERDICTS == VERDICTS
    assert sorted(completing.MILESTONES) == sorted(status._MILESTONES)


def test_completion_imports_nothing_heavy() -> None:
    code = (
        "import sys; from diffdata.cli import main; sys.argv = ['diffdata']\n"
        "try: main()\nfinally: print(*sys.modules)"
    )
    env = {"_DIFFDATA_COMPLETE": "complete_bash", "COMP_WORDS": "diffdata trace gpt-3-training-c",
           "COMP_CWORD": "2"}  # fmt: skip
    run = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | env, capture_output=True, text=True
    )
    found = set(run.stdout.split())
    assert "gpt-3-training-cost" in found
    assert not found & {"numpy", "pandas", "pyarrow", "narwhals"}  # typer needs pydantic
