"""A table that was validated is not validated again until something changes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import diffdata
from diffdata.errors import InvalidDataError, UnknownNameError
from diffdata.loading import loader, remembered

from .conftest import edit
from .packages import make_package
from .releases import install


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small installation, and a folder of its own for what is remembered."""
    (root := tmp_path / "tree").mkdir()
    make_package(root)
    install(root, monkeypatch)
    monkeypatch.setenv("DIFFDATA_CACHE", str(tmp_path / "cache"))
    return root


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tables that were validated."""
    names: list[str] = []
    original = loader.remembered

    def counted(root: Path, table: str, validate: Callable[[], pa.Table]) -> pa.Table:
        def counting() -> pa.Table:
            names.append(table)
            return validate()

        return original(root, table, counting)

    monkeypatch.setattr(loader, "remembered", counted)
    return names


def kept(tree: Path) -> list[Path]:
    return sorted((tree.parent / "cache").rglob("*.arrow"))


@pytest.mark.usefixtures("tree")
def test_a_table_is_validated_once(validated: list[str]) -> None:
    first, second = diffdata.load("things"), diffdata.load("things")
    assert validated == ["things"]
    pd.testing.assert_frame_equal(first, second)
    assert first.attrs == second.attrs != {}


def test_every_table_is_remembered_as_it_was_validated(
    validated: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIFFDATA_CACHE", str(tmp_path))
    for name in diffdata.tables():
        first: Any = diffdata.load(name, engine="pyarrow")
        second: Any = diffdata.load(name, engine="pyarrow")
        assert first.equals(second), name
        assert first.schema.equals(second.schema, check_metadata=True), name
    assert validated == diffdata.tables()


@pytest.mark.parametrize("file", ["datapackage.json", "things.json", "kinds.json"])
def test_what_the_verdict_rests_on_changes_it(file: str, tree: Path, validated: list[str]) -> None:
    diffdata.load("things")
    path = tree / file
    path.write_bytes(path.read_bytes() + b"\n")
    diffdata.load("things")
    assert validated == ["things"] * 2
    assert len(kept(tree)) == 1, "the old one is replaced"


def test_changed_data_are_seen_at_once_also_where_they_are_wrong(tree: Path) -> None:
    old = diffdata.load("things")
    edit(tree / "things.csv", "3.14e23", "3.15e23")
    assert diffdata.load("things").attrs["digest"] != old.attrs["digest"]
    edit(tree / "things.csv", "3.15e23", "huge")
    for _ in range(2):
        with pytest.raises(InvalidDataError, match="huge"):
            diffdata.load("things")
    edit(tree / "things.csv", "huge", "3.14e23")
    pd.testing.assert_frame_equal(diffdata.load("things"), old)


def test_other_code_validates_anew(
    tree: Path, validated: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = tree.parent / "code"
    (code / "deeper").mkdir(parents=True)
    module = code / "deeper" / "rules.py"
    module.write_text("pass\n")
    monkeypatch.setattr(remembered, "__file__", str(code / "remembered.py"))
    diffdata.load("things")
    diffdata.load("things")
    assert validated == ["things"]
    module.write_text("pass  # otherwise\n")
    diffdata.load("things")
    assert validated == ["things"] * 2


@pytest.mark.parametrize("damage", ["cut off", "something else", "a bit", "empty"])
def test_a_damaged_file_is_made_anew(damage: str, tree: Path, validated: list[str]) -> None:
    sound = diffdata.load("things")
    (file,) = kept(tree)
    data = file.read_bytes()
    broken = {
        "cut off": data[: len(data) // 2],
        "something else": b"PAR1" * 100,
        "a bit": data[:-100] + bytes([data[-100] ^ 1]) + data[-99:],
        "empty": b"",
    }
    file.write_bytes(broken[damage])
    pd.testing.assert_frame_equal(diffdata.load("things"), sound)
    pd.testing.assert_frame_equal(diffdata.load("things"), sound)
    assert validated == ["things"] * 2


def test_what_changes_while_it_is_read_is_not_kept(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = remembered.remembered

    def late(root: Path, table: str, validate: Callable[[], pa.Table]) -> pa.Table:
        def change() -> pa.Table:
            found = validate()
            edit(tree / "things.csv", "3.14e23", "3.15e23")
            return found

        return original(root, table, change)

    with monkeypatch.context() as patched:
        patched.setattr(loader, "remembered", late)
        diffdata.load("things")
    assert kept(tree) == []


def test_where_nothing_can_be_kept_all_works(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tree.parent / "a file"
    blocked.write_text("")
    monkeypatch.setenv("DIFFDATA_CACHE", str(blocked))
    assert len(diffdata.load("things")) == len(diffdata.load("things")) == 7


def test_names_lead_nowhere_else(tree: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"no table named '\.\./\.\./things'"):
        diffdata.load("../../things")
    assert kept(tree) == []


def test_packages_of_users_are_not_kept(tree: Path) -> None:
    diffdata.load("things", package=tree)
    assert kept(tree) == []


def test_a_second_process_does_without_what_validates() -> None:
    code = (
        "import sys, diffdata; diffdata.load('models'); "
        "print({'pydantic', 'narwhals', 'diffdata.validation'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, capture_output=True)
    assert subprocess.check_output(command, text=True) == "set()\n"
