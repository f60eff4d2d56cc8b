"""--dataset reads a released edition, before or after every command that reads."""

import doctest
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

import diffdata
from diffdata import cli
from diffdata.package.editions import PATCH

from .conftest import ROOT, edit
from .releases import contents_of, install
from .reviewed import write_reviewed
from .test_validation import set_cell

DAY = "2026-12-24"
READS = {
    "list": [],
    "show": ["models", "--limit", "1"],
    "describe": ["models"],
    "report": ["pangu-alpha"],
    "value": ["gpt-3", "training_cost"],
    "lags": ["--clock", "replication"],
    "status": ["2024-06-01"],
    "plot": ["access", "--out", "access.csv"],
    "sources": ["jones-2020-overhang"],
    "trace": ["opt-175b-cost-ratio"],
    "validate": [],
    "reproduce": ["--only", "opt-175b-cost-ratio"],
    "cite": ["estimates"],
    "export": ["hardware", "--to", "json", "--overwrite"],
    "metadata": ["zenodo"],
    "resolve": ["gpt-3"],
    "site": ["--no-docs", "--out", "site"],
}
NAME_THEIR_OWN = {
    "build": [], "compare": ["models.csv"], "diff": ["2026.1", "."],
    "fetch": ["2026.1", "."], "format": [],
    "import": ["epoch-models", "models.csv", "--out", "imported"], "new": ["model"],
    "release": ["2026.1"], "versions": [],
}  # fmt: skip


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.app, list(words))


def copied(root: Path) -> Path:
    """Write what a wheel is built from, ready to be released."""
    write_reviewed(root)
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "diffdata", root / "diffdata", ignore=skip)
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "LICENSE-DATA"):
        shutil.copy(ROOT / name, root)
    path = root / "datapackage.json"
    path.write_text(re.sub(r'"version": "[\d.]+"', '"version": "2030.1.0"', path.read_text()))
    text = f"# Changelog\n\n## 2030.1 ({DAY})\n\nThe first edition of these tests.\n"
    (root / "CHANGELOG.md").write_text(text)
    return root


@pytest.fixture(scope="module")
def two_editions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with two editions made by the command; the second changes a value and a column."""
    root = copied(tmp_path_factory.mktemp("tree"))
    # Generated files do not matter here, and without the code this is not a working tree.
    code = root / "diffdata"
    code.rename(root / "code")
    first = run("release", "2030.1", "--date", DAY, "--package", str(root))
    assert first.exit_code == 0, first.output
    path = root / "datapackage.json"
    path.write_text(path.read_text().replace("2030.1.0", "2030.2.0"))
    set_cell(root, "estimates", "gpt-3-training-cost", "value", "13e6")
    for name in ("schemas/hardware.json", "data/hardware.csv"):
        path = root / name
        path.write_text(path.read_text().replace("power_watt", "design_power_watt"))
    said = (
        f"## 2030.2 ({DAY})\n\n- gpt-3-training-cost: for a test\n- hardware: `design_power_watt`"
    )
    edit(root / "CHANGELOG.md", "# Changelog\n", f"# Changelog\n\n{said}\n")
    second = run("release", "2030.2", "--date", DAY, "--package", str(root))
    assert second.exit_code == 0, second.output
    assert re.fullmatch(
        r"written: releases/diffdata-2030\.2\.zip \([\d,]+ bytes, sha256 [0-9a-f]{64}\)\n"
        r"written: releases/index\.json\n",
        second.output,
    )
    (root / "code").rename(code)
    return root


@pytest.fixture
def installed(two_editions: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An installation with both editions, whose current data nobody can read."""
    root = tmp_path / "installed"
    shutil.copytree(two_editions / "releases", root / "releases")
    (root / "datapackage.json").write_text("{}")
    install(root, monkeypatch)
    monkeypatch.chdir(tmp_path)
    return root


@pytest.fixture(autouse=True)
def site_without_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the site only what it reads matters here."""

    def build_site(out: Path, *, package: Any, docs: bool) -> str:
        return f"{out} {docs} {diffdata.load('models', package=package).attrs['version']}"

    monkeypatch.setattr("diffdata.site.build_site", build_site)


def test_every_command_reads_an_edition_or_says_that_it_does_not() -> None:
    commands = get_command(cli.app).commands  # type: ignore[attr-defined]
    assert {*READS} | {*NAME_THEIR_OWN} == {*commands}


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("command", READS)
def test_a_command_that_reads_reads_the_edition(command: str) -> None:
    words = READS[command]
    before = run("--dataset", "2030.1", command, *words)
    assert before.exit_code == 0, before.output or before.exception
    after = run(command, *words, "--dataset=2030.1")
    assert (after.exit_code, after.output) == (0, before.output)
    current = run(command, *words)
    assert current.exit_code != 0
    for word in ("--dataset", "2030.9"), ("--dataset", "../2030.1"):
        unknown = run(command, *words, *word)
        assert "Known: 2030.1, 2030.2." in str(unknown.exception)


@pytest.mark.parametrize("command", NAME_THEIR_OWN)
def test_a_command_that_names_versions_itself_refuses_the_option(
    command: str, installed: Path
) -> None:
    before = contents_of(installed)
    refused = run("--dataset", "2030.1", command, *NAME_THEIR_OWN[command])
    assert f"`{command}` does not read a released edition" in str(refused.exception)
    assert contents_of(installed) == before


@pytest.mark.usefixtures("installed")
def test_an_edition_and_a_package_exclude_each_other() -> None:
    refused = run("--dataset", "2030.1", "list", "--package", str(ROOT))
    assert "--edition names an edition and --package a folder" in str(refused.exception)


@pytest.mark.parametrize("words", [["--dataset"], ["list", "--dataset"]])
def test_the_option_without_an_edition_is_wrong_usage(words: list[str]) -> None:
    refused = run(*words)
    assert refused.exit_code == 2
    assert "requires an argument" in refused.output


@pytest.mark.usefixtures("installed")
def test_the_option_of_one_run_is_forgotten_in_the_next() -> None:
    assert run("--dataset", "2030.1", "list").exit_code == 0
    assert run("list").exit_code != 0


@pytest.mark.usefixtures("installed")
def test_the_editions_differ_as_they_were_released() -> None:
    value = ["estimates", "--where", "estimate_id=gpt-3-training-cost", "--columns", "value"]
    shown = [run("show", *value, "-f", "csv", "--dataset", f"2030.{n}").output for n in (1, 2)]
    assert [text.split()[1] for text in shown] == ["12000000", "13000000"]
    columns = [run("describe", "hardware", "--dataset", f"2030.{n}").output for n in (1, 2)]
    assert ["design_power_watt" in text for text in columns] == [False, True]
    found = " ".join(run("diff", "2030.1", "2030.2").output.split())
    assert "number changed estimates, gpt-3-training-cost, value: 12e6 → 13e6" in found
    assert "column renamed hardware, design_power_watt: power_watt → design_power_watt" in found


@pytest.mark.usefixtures("installed")
def test_versions_are_listed_with_what_is_new() -> None:
    lines = run("versions").output.splitlines()
    assert lines[0].startswith(f"2030.1  {DAY}  ")
    assert lines[2] == "  - The first edition of these tests."
    listed = json.loads(run("versions", "-f", "json").output)
    assert [one["edition"] for one in listed] == ["2030.1", "2030.2"]
    assert listed[0]["tables"]["models"]["rows"] == len(diffdata.load("models", "2030.1"))
    assert lines[1] == f"  digest {listed[0]['digest']}"


def test_fetch_says_where_the_archive_is(installed: Path, tmp_path: Path) -> None:
    (installed / "releases/diffdata-2030.1.zip").rename(tmp_path / "diffdata-2030.1.zip")
    shown = run("fetch", "2030.1", str(tmp_path))
    assert shown.output.strip().endswith("diffdata-2030.1.zip")
    assert Path(shown.output.strip()).is_file()
    assert diffdata.tables("2030.1")


@pytest.mark.usefixtures("installed")
def test_all_that_takes_a_version_gives_what_that_edition_holds() -> None:
    cost = {"model": "gpt-3", "quantity": "training_cost"}
    first, second = (diffdata.estimates(**cost, version=f"2030.{n}") for n in (1, 2))
    assert [frame.loc[0, "value"] for frame in (first, second)] == [12e6, 13e6]
    assert diffdata.value(**cost, version="2030.1").value == 12e6
    assert "is 1.3e+07" in diffdata.trace("gpt-3-training-cost", version="2030.2")
    taken = diffdata.taken_from("cottier-2022-summary", version="2030.2")
    assert "1.3e+07" in taken.set_index("key").loc["gpt-3-training-cost", "says"]
    assert "Version 2030.1.0" in diffdata.cite("gpt-3-training-cost", version="2030.1")
    (path,) = diffdata.export("hardware", "parquet", "out", version="2030.2")
    assert path.is_file()


def test_the_guide_does_what_it_says(installed: Path, tmp_path: Path) -> None:
    """Its editions stand for those of these tests."""
    (installed / "releases").rename(tmp_path / "mirror")
    (installed / "releases").mkdir()
    shutil.copy(tmp_path / "mirror/index.json", installed / "releases")
    shutil.copy(tmp_path / "mirror/diffdata-2030.2.zip", installed / "releases")
    text = (ROOT / "docs/versions.md").read_text().replace("2026.", "2030.")
    guide = doctest.DocTestParser().get_doctest(text, {}, "versions.md", "versions.md", 0)
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(guide)
    assert result.failed == 0
    assert result.attempted >= 8


BLOCKED = """
import socket, sys

def refuse(*_):
    raise AssertionError("the network was asked")

socket.socket.connect = socket.getaddrinfo = refuse
import diffdata

assert diffdata.__file__.startswith(sys.argv[1]), diffdata.__file__
print([release.edition for release in diffdata.versions()])
costs = []
for version in ("2030.1", "2030.2.0", None):
    values = diffdata.load("estimates", version).set_index("estimate_id")["value"]
    costs.append(float(values["gpt-3-training-cost"]))
print(costs)
"""


def test_both_editions_load_from_the_wheel_in_one_process(
    two_editions: Path, tmp_path: Path
) -> None:
    """The wheel unpacked is what pip would install; two builds of it are the same to the byte."""
    wheels = []
    for name in ("a", "b"):
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d"]
        out = tmp_path / name
        subprocess.run([*command, str(out)], cwd=two_editions, check=True, capture_output=True)
        wheels += out.iterdir()
    assert wheels[0].name == f"diffdata-2030.2.{PATCH}-py3-none-any.whl"
    assert wheels[0].read_bytes() == wheels[1].read_bytes()
    site = tmp_path / "site"
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(site)
    shown = subprocess.run(
        [sys.executable, "-c", BLOCKED, str(site)],
        cwd=tmp_path, env={"PYTHONPATH": str(site)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.stderr == ""
    assert shown.stdout == "['2030.1', '2030.2']\n[12000000.0, 13000000.0, 13000000.0]\n"
