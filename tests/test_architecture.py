"""The house: wings that do not meet, imports that only go down, nothing heavy at import time."""

import ast
import doctest
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import diffdata

from .conftest import ROOT

CODE = ROOT / "diffdata"
# From the ground up; a room may import only from rooms before it, or from itself.
FLOORS = [
    "errors", "types", "schemas", "package", "engines", "validation", "loading", "typed", "testing",
    "uncertainty", "derive", "lookup", "reproduce", "diff", "exporting", "editing", "releasing",
    "cli", "__main__", "__init__",
]  # fmt: skip
# What is still to be put right.
KNOWN = {
    ("loading", "typed"), ("schemas", "validation"), ("types", "schemas"), ("types", "validation"),
    ("validation", "loading"),
}  # fmt: skip
PACKAGE_WING = {"types", "schemas", "package", "engines", "validation", "loading", "typed"}
SCIENCE_WING = {"uncertainty", "derive"}


def module_of(path: Path) -> str:
    return path.relative_to(CODE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[str]:
    """Give the modules of diffdata that a file imports, but for those only types need."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("diffdata."):
            yield str(node.module).split(".")[1]


@pytest.mark.parametrize("path", sorted(CODE.rglob("*.py")), ids=lambda p: str(p.name))
def test_imports_only_go_down(path: Path) -> None:
    own = module_of(path)
    for used in imports(path):
        below = FLOORS.index(used) <= FLOORS.index(own)
        assert below or (own, used) in KNOWN, f"{own} imports {used}"


def test_the_wings_meet_only_at_the_faces() -> None:
    for path in CODE.rglob("*.py"):
        own, used = module_of(path), set(imports(path))
        if own in SCIENCE_WING:
            assert not used & PACKAGE_WING, path.name
        if own in PACKAGE_WING:
            assert not used & SCIENCE_WING, path.name


def test_exported_names_are_exactly_all() -> None:
    assert diffdata.__all__ == sorted(diffdata.__all__)
    assert set(diffdata.__all__) == {n for names in diffdata._HOMES.values() for n in names}
    for name in diffdata.__all__:
        assert getattr(diffdata, name) is not None
    assert set(diffdata.__all__) < set(dir(diffdata))
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        diffdata.lode  # noqa: B018


def test_importing_diffdata_imports_nothing_heavy() -> None:
    code = "import sys, diffdata; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    heavy = {"pandas", "numpy", "pandera", "pyarrow", "pydantic", "narwhals", "rich", "typer"}
    assert not heavy & set(loaded)


def test_loading_does_not_wait_for_pandera() -> None:
    code = "import sys, diffdata; diffdata.load('models'); print('pandera' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


@pytest.mark.parametrize("name", sorted(set(diffdata.__all__)))
def test_public_names_have_docstrings_and_functions_examples(name: str) -> None:
    thing = getattr(diffdata, name)
    assert thing.__doc__
    if not isinstance(thing, type):
        assert doctest.DocTestParser().get_examples(thing.__doc__), f"{name} has no example"


def test_sources_in_docstrings_exist() -> None:
    """``brown-2020`` in a docstring is a source or an estimate of the dataset."""
    known = set(diffdata.load("sources")["source_id"]) | set(
        diffdata.load("estimates")["estimate_id"]
    )
    for path in CODE.rglob("*.py"):
        cited = re.findall(r"``([a-z]+-(?:\d{4}|comments)[a-z0-9-]*)``", path.read_text())
        assert set(cited) <= known, path.name


def test_the_readme_commands_are_the_ones_that_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = re.findall(r"^python3 -m venv .*$", readme, re.M)
    assert commands == [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/diffdata report gpt-3",
        "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/pytest",
    ]


def test_the_changelog_tells_of_the_version() -> None:
    version = diffdata.load("models").attrs["version"]
    edition = version.rsplit(".", 1)[0]
    assert re.search(rf"^## {re.escape(edition)}\b", (ROOT / "CHANGELOG.md").read_text(), re.M)


def test_no_machine_paths_in_the_repository() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        text = (ROOT / name).read_bytes().decode(errors="replace")  # archives are no text
        assert not re.search(r"(^|[^\w.])/(?:work|root|home)/", text), name
