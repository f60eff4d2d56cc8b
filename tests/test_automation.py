"""Workflows and hooks name commands that exist, have few rights, and test what is promised."""

import importlib.resources
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import jsonschema
import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from diffdata import cli

from .conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").iterdir())
HOOKS = ROOT / ".pre-commit-hooks.yaml"
CONFIG = ROOT / ".pre-commit-config.yaml"


def read(path: Path) -> Any:
    # YAML 1.1 takes the key `on` for a boolean; as text all keys are what they look like.
    return yaml.load(path.read_text(), Loader=yaml.BaseLoader)


def jobs() -> dict[str, dict[str, Any]]:
    return {name: job for path in WORKFLOWS for name, job in read(path)["jobs"].items()}


def steps() -> list[dict[str, Any]]:
    return [step for job in jobs().values() for step in job["steps"]]


def scripts(job: str) -> str:
    return "\n".join(step.get("run", "") for step in jobs()[job]["steps"])


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


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
        if words[:2] in (["diffdata", "--dataset"], ["diffdata", "--edition"]):
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


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_may_only_read_and_have_no_secrets(path: Path) -> None:
    workflow = read(path)
    triggers = workflow["on"] if isinstance(workflow["on"], dict) else {workflow["on"]: ""}
    assert set(triggers) <= {"pull_request", "push", "schedule"}  # never pull_request_target
    assert workflow["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow["jobs"].values())
    assert "secrets." not in path.read_text()
    # What others may choose (titles, branch names) never becomes part of a script.
    runs = [s.get("run", "") for job in workflow["jobs"].values() for s in job["steps"]]
    assert not [run for run in runs if "${{" in run]
    for step in steps():
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] == "false"


def test_actions_are_pinned_by_hash_with_their_tag_as_a_comment() -> None:
    lines = [line for path in WORKFLOWS for line in path.read_text().splitlines()]
    used = [line.split("uses:")[1].strip() for line in lines if "uses:" in line]
    assert len(used) == len([step for step in steps() if "uses" in step])
    pinned = [re.fullmatch(r"([\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", name) for name in used]
    assert all(pinned), used
    # One action has one hash, everywhere.
    assert len(set(used)) == len({match[1] for match in pinned if match})


def test_a_pull_request_is_compared_with_the_full_history() -> None:
    (checkout,) = (
        step for step in jobs()["data"]["steps"] if step.get("uses", "").startswith("actions/ch")
    )
    assert checkout["with"]["fetch-depth"] == "0"
    assert "origin/$GITHUB_BASE_REF" in scripts("data")


def test_the_tests_run_on_main_and_on_pull_requests() -> None:
    (path,) = (path for path in WORKFLOWS if "newest" in read(path)["jobs"])
    triggers = read(path)["on"]
    assert triggers["push"] == {"branches": ["main"]}
    assert {"pull_request", "schedule"} <= set(triggers)


def test_the_tests_run_on_every_python_of_the_classifiers() -> None:
    prefix = "Programming Language :: Python :: 3."
    classifiers = project()["project"]["classifiers"]
    pythons = [name.rpartition(" ")[2] for name in classifiers if name.startswith(prefix)]
    assert jobs()["newest"]["strategy"]["matrix"]["python"] == pythons
    assert project()["project"]["requires-python"] == f">={pythons[0]}"
    lowest = next(step["with"] for step in jobs()["lowest"]["steps"] if "setup-python" in str(step))
    assert lowest["python-version"] == pythons[0]


def test_the_tests_run_with_the_newest_and_the_lowest_dependencies() -> None:
    for job, options in {
        "newest": "pip install --upgrade --upgrade-strategy eager -e '.[dev]'",
        "lowest": "uv pip install --system --resolution lowest-direct -e '.[dev]'",
    }.items():
        assert options in scripts(job)
        assert re.search(r"^pytest\b", scripts(job), re.M)
    # Contributors are shown the same.
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    assert "uv pip install --resolution lowest-direct -e '.[dev]'" in guide
    assert scripts("lowest").splitlines()[-1] in guide


def test_a_clean_clone_is_checked_by_the_script_that_everybody_can_run() -> None:
    assert scripts("clean-clone").strip() == ".ci/run"
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_dependencies_have_only_lower_bounds() -> None:
    extras = project()["project"]["optional-dependencies"].values()
    for names in [project()["project"]["dependencies"], *extras]:
        for name in names:
            assert re.fullmatch(r"[\w-]+>=[\d.]+|diffdata\[[\w,]+\]", name)


def test_the_build_needs_the_versions_that_the_package_needs() -> None:
    dependencies = project()["project"]["dependencies"]
    dev = project()["project"]["optional-dependencies"]["dev"]
    assert set(project()["build-system"]["requires"]) <= {*dependencies, *dev}


@pytest.mark.parametrize(
    ("pattern", "schema"),
    [
        (".github/workflows/*.yml", "github-workflows"),
        (".github/dependabot.yml", "dependabot"),
        (".github/ISSUE_TEMPLATE/[!c]*.yml", "github-issue-forms"),
        (".github/ISSUE_TEMPLATE/config.yml", "github-issue-config"),
    ],
)
def test_files_for_github_have_the_form_that_it_reads(pattern: str, schema: str) -> None:
    folder = importlib.resources.files("check_jsonschema") / "builtin_schemas/vendor"
    validator = jsonschema.Draft7Validator(json.loads((folder / f"{schema}.json").read_text()))
    paths = list(ROOT.glob(pattern))
    assert paths
    for path in paths:
        document = yaml.safe_load(path.read_text().replace("\non:", "\n'on':"))
        validator.validate(document)


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
    result = CliRunner().invoke(cli.app, ["format", ".", "--check"])
    assert (result.exit_code, result.output) == (0, "")


def test_the_map_of_the_code_has_every_module() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.M)
    modules = {module.name for module in iter_modules([str(ROOT / "diffdata")])}
    assert {name for name, _ in rows} == modules - {"__main__"}
