"""The rooms of the code: imports go down only, without circles; nothing heavy at import time."""

import ast
import doctest
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import diffdata

from .conftest import ROOT

CODE = ROOT / "diffdata"
# From the ground up; a room imports only from rooms before it, or from itself.
ROOMS = [
    "errors", "display", "types", "schemas", "package", "engines", "validation", "loading",
    "uncertainty", "derive", "lookup", "reproduce", "plot", "diff", "exporting", "answers",
    "site", "editing", "importing", "releasing", "cli",
]  # fmt: skip
# What users import by these names, in front of the rooms that do the work.
DOORS = {"typed": "loading", "testing": "loading", "__init__": "cli", "__main__": "cli"}
SCIENCE = {"uncertainty", "derive"}


def name_of(path: Path) -> str:
    """Return the dotted name of a module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(CODE.rglob("*.py"))}


def room_of(module: str) -> str:
    return [*module.split("."), "__init__"][1]


def floor_of(module: str) -> int:
    room = room_of(module)
    return ROOMS.index(DOORS.get(room, room))


def imports(module: str) -> Iterator[str]:
    """Yield the modules that a module imports, wherever the import is, also those for typing."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("diffdata"):
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                found = submodule if submodule in MODULES else str(node.module)
                if found != module:
                    yield found


def test_the_top_level_has_these_rooms_and_doors() -> None:
    listed = {path.stem for path in CODE.iterdir() if path.suffix == ".py" or path.is_dir()}
    listed -= {"__pycache__", "dataset"}
    assert listed == {*ROOMS, *DOORS}
    assert len(ROOMS) <= 21


@pytest.mark.parametrize("module", MODULES)
def test_imports_only_go_down(module: str) -> None:
    for used in imports(module):
        if room_of(used) != room_of(module) and room_of(module) != "__init__":
            assert floor_of(used) <= floor_of(module), f"{module} imports {used}"


def test_there_are_no_circles() -> None:
    """Neither between rooms nor within one, counting imports for typing."""
    graph = {module: set(imports(module)) for module in MODULES}
    # The names of the package itself are looked up when they are first used.
    graph["diffdata"] = set()
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_science_knows_no_files() -> None:
    for module in MODULES:
        if room_of(module) in SCIENCE:
            used = {room_of(used) for used in imports(module)}
            assert used <= {*SCIENCE, "errors", "display"}, module


def test_exported_names_are_exactly_all() -> None:
    assert diffdata.__all__ == sorted(diffdata.__all__)
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
