"""The workflow and the hooks name commands that exist, and have no more rights than needed."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from diffdata import cli
from diffdata.validation.packages import validate

from .conftest import ROOT

WORKFLOW = ROOT / ".github/workflows/pull-request.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
CONFIG = ROOT / ".pre-commit-config.yaml"


def read(path: Path) -> Any:
    # YAML 1.1 takes the key `on` for a boolean; as text all keys are what they look like.
    return yaml.load(path.read_text(), Loader=yaml.BaseLoader)


def steps() -> list[dict[str, Any]]:
    return [step for job in read(WORKFLOW)["jobs"].values() for step in job["steps"]]


def local_hooks() -> list[dict[str, Any]]:
    return [hook for repository in read(CONFIG)["repos"] for hook in repository["hooks"]]


def commands() -> Iterator[list[str]]:
    """Yield every command of diffdata that the automation or a guide names."""
    lines = [line for step in steps() for line in step.get("run", "").splitlines()]
    lines += [hook["entry"] for hook in [*read(HOOKS), *local_hooks()]]
    names = ("CONTRIBUTING.md", "docs/own-package.md", "docs/versions.md")
    guides = [(ROOT / name).read_text() for name in names]
    for block in re.findall(r"```sh\n(.*?)```", "\n".join(guides), re.S):
        lines += block.replace("\\\n", " ").replace(".venv/bin/", "").splitlines()
    for line in lines:
        words = shlex.split(line.split(">>")[0], comments=True)
        if words[:2] == ["diffdata", "--dataset"]:
            yield words[3:]
        elif words[:1] == ["diffdata"]:
            yield words[1:]


def test_the_automation_uses_the_commands_it_is_for() -> None:
    used = {words[0] for words in commands()}
    assert used >= {"validate", "format", "build", "diff", "new"}


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_that_is_named_exists_with_its_options(words: list[str]) -> None:
    """Only read, never run: the parser of the program itself must accept the words."""
    program = get_command(cli.app)
    known = program.commands  # type: ignore[attr-defined]
    assert words[0] in known, f"there is no command {words[0]!r}"
    assert known[words[0]].make_context(words[0], words[1:]).params


def test_the_workflow_may_only_read_and_has_no_secrets() -> None:
    workflow = read(WORKFLOW)
    assert list(workflow["on"] if isinstance(workflow["on"], dict) else [workflow["on"]]) == [
        "pull_request"
    ]
    assert workflow["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow["jobs"].values())
    text = WORKFLOW.read_text()
    assert "secrets." not in text
    # What others may choose (titles, branch names) never becomes part of a script.
    assert not [s["run"] for s in steps() if "${{" in s.get("run", "")]


def test_the_workflow_compares_with_the_full_history_and_pins_its_actions() -> None:
    used = [step for step in steps() if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in used)
    checkout = next(step for step in used if step["uses"].startswith("actions/checkout@"))
    assert checkout["with"]["fetch-depth"] == "0"
    assert checkout["with"]["persist-credentials"] == "false"


def test_the_hooks_here_are_the_hooks_for_others() -> None:
    def what(hook: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in hook.items() if k not in ("language", "description")}

    ours = [what(hook) for hook in local_hooks()]
    assert ours[:2] == [what(hook) for hook in read(HOOKS)]
    # What has a fault is reported before anything is rewritten.
    names = [hook["id"] for hook in ours]
    assert names == ["diffdata-validate", "diffdata-format", "diffdata-build"]
    for hook in read(HOOKS):
        assert (hook["language"], hook["pass_filenames"]) == ("python", "false")
        assert hook["entry"].split()[2] == "."  # the package of whoever commits, not ours


@pytest.mark.parametrize(
    ("name", "watched"),
    [
        ("data/models.csv", True),
        ("schemas/models.json", True),
        ("datapackage.json", True),
        ("README.md", False),
        ("diffdata/cli.py", False),
    ],
)
def test_the_hooks_run_for_data_and_not_for_code(name: str, watched: bool) -> None:
    for hook in read(HOOKS):
        assert bool(re.search(hook["files"], name)) is watched


def test_the_hooks_pass_on_the_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert validate(".") == []
    result = CliRunner().invoke(cli.app, ["format", ".", "--check"])
    assert (result.exit_code, result.output) == (0, "")
