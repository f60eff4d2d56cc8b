"""The guides run, and the commands and files that pages name exist."""

import doctest
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from diffdata import cli

from .conftest import ROOT

GUIDES = sorted((ROOT / "docs/guides").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_guide_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = doctest.testfile(str(page), module_relative=False)
    assert found.attempted
    assert not found.failed


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of diffdata in the blocks for a shell."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\|", line.partition(" #")[0]):
                words = shlex.split(part)
                if words and Path(words[0]).name == "diffdata":
                    yield words[1:]


def test_the_commands_of_all_pages_exist_with_their_options() -> None:
    program = get_command(cli.app)
    context = program.make_context("diffdata", ["--edition", "2026.2", "list"])
    general = {"--help", "-h"}.union(*(p.opts for p in program.params))  # type: ignore[attr-defined]
    count = 0
    for page in PAGES:
        for words in commands(page.read_text()):
            count += 1
            verb = words[0]
            if verb in general:
                continue
            command = program.get_command(context, verb)  # type: ignore[attr-defined]
            assert command is not None, f"{page.name}: {verb}"
            known = general.union(*([*p.opts, *p.secondary_opts] for p in command.params))
            given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
            assert given <= known, f"{page.name}: {verb}"
    assert count > 50


def test_the_files_that_other_programs_read_exist() -> None:
    text = (ROOT / "docs/guides/other-tools.md").read_text()
    names = set(re.findall(r"\b((?:data|schemas)/\w+\.\w+|datapackage\.json)", text))
    assert len(names) >= 3
    for name in names:
        assert (ROOT / name).is_file(), name
    exported = set(re.findall(r"exported/(\w+)\.parquet", text))
    assert {f"{name}.csv" for name in exported} <= {f.name for f in (ROOT / "data").iterdir()}


def test_the_readme_and_the_help_name_every_guide() -> None:
    import diffdata

    readme = (ROOT / "README.md").read_text()
    for page in GUIDES:
        assert f"(docs/guides/{page.name})" in readme
        assert page.stem in (diffdata.__doc__ or "")
