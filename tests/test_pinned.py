"""Pinned Parquet files: equal to validated tables, used only while they are up to date."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

import diffdata
from diffdata import loading
from diffdata.errors import InvalidDataError, UnknownNameError
from diffdata.loading import arrow_tables, load_all, validated_tables, write_pinned
from diffdata.package.packages import Package, open_dataset, open_package
from diffdata.package.pinned import INDEX, bundled_tables, pinned_tables
from diffdata.releasing.build import stale

from .conftest import ROOT, edit
from .packages import make_package
from .releases import contents_of, install


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small installation with pinned tables."""
    (root := tmp_path / "tree").mkdir()
    write_pinned(open_package(make_package(root)))
    install(root, monkeypatch)
    return root


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tables that were validated."""
    names: list[str] = []
    original = loading.validated_tables

    def counted(package: Package, tables: list[str]) -> dict[str, pa.Table]:
        names.extend(tables)
        return original(package, tables)

    monkeypatch.setattr(loading, "validated_tables", counted)
    return names


@pytest.mark.usefixtures("tree")
def test_a_pinned_table_is_not_validated(validated: list[str]) -> None:
    assert diffdata.load("things").attrs["table"] == "things"
    assert list(load_all(open_package(), ["kinds", "things"])) == ["kinds", "things"]
    assert validated == []


def test_pinned_tables_equal_validated_tables(copy: Path, tree: Path) -> None:
    for opened in (open_package(copy), open_package(tree)):
        paths = [p.relative_to(opened.root) for p in write_pinned(opened)]
        assert paths[-1] == Path("dataset", INDEX)
        expected = validated_tables(opened, opened.tables)
        found = bundled_tables(opened.root, opened.tables)
        assert found is not None
        for name, table in expected.items():
            assert found[name].equals(table), name
            assert found[name].schema.equals(table.schema, check_metadata=True), name


def test_two_builds_give_the_same_bytes(tree: Path) -> None:
    before = contents_of(tree)
    write_pinned(open_package(tree))
    assert contents_of(tree) == before
    assert json.loads(before[f"dataset/{INDEX}"])["tables"].keys() == {"things", "kinds"}


@pytest.mark.parametrize("file", ["datapackage.json", "things.json", "kinds.json", "kinds.csv"])
def test_every_file_of_the_dataset_makes_pinned_tables_stale(
    file: str, tree: Path, validated: list[str]
) -> None:
    path = tree / file
    path.write_bytes(path.read_bytes() + b"\n")
    diffdata.load("things")
    assert validated == ["things"]


def test_changed_data_are_seen_at_once_and_validated(tree: Path) -> None:
    old = diffdata.load("things")
    edit(tree / "things.csv", "3.14e23", "3.15e23")
    assert diffdata.load("things").attrs["digest"] != old.attrs["digest"]
    edit(tree / "things.csv", "3.15e23", "huge")
    with pytest.raises(InvalidDataError, match="huge"):
        diffdata.load("things")
    edit(tree / "things.csv", "huge", "3.14e23")
    pd.testing.assert_frame_equal(diffdata.load("things"), old)


@pytest.mark.parametrize("damage", ["cut off", "something else", "a bit", "empty", "missing"])
@pytest.mark.parametrize("file", ["things.parquet", INDEX])
def test_a_damaged_file_is_not_used(
    file: str, damage: str, tree: Path, validated: list[str]
) -> None:
    sound = diffdata.load("things")
    path = tree / "dataset" / file
    data = path.read_bytes()
    broken = {
        "cut off": data[: len(data) // 2],
        "something else": b"[]",
        "a bit": data[:30] + bytes([data[30] ^ 1]) + data[31:],
        "empty": b"",
    }
    path.unlink() if damage == "missing" else path.write_bytes(broken[damage])
    pd.testing.assert_frame_equal(diffdata.load("things"), sound)
    assert validated == ["things"]


def test_another_table_under_the_name_of_a_table_is_not_used(
    tree: Path, validated: list[str]
) -> None:
    (tree / "dataset/kinds.parquet").replace(tree / "dataset/things.parquet")
    assert len(diffdata.load("things")) == 7
    assert validated == ["things"]


def test_a_removed_table_leaves_no_file(tree: Path) -> None:
    (tree / "dataset/gone.parquet").touch()
    write_pinned(open_package(tree))
    assert {p.name for p in (tree / "dataset").iterdir()} == {
        INDEX, "kinds.parquet", "things.parquet",
    }  # fmt: skip


def test_names_are_not_paths(tree: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"no table named '\.\./\.\./things'"):
        diffdata.load("../../things")
    assert bundled_tables(tree, ["../dataset/things"]) is None


def test_packages_of_users_are_always_validated(
    tree: Path, tmp_path: Path, validated: list[str]
) -> None:
    (tree / "dataset").rename(tmp_path / "dataset")
    own = make_package(tmp_path)
    assert len(diffdata.load("things", package=own)) == 7
    assert pinned_tables(open_package(own), ["things"]) is None
    assert validated == ["things"]


@pytest.mark.parametrize("edition", ["2026.1", "2026.2"])
def test_parquet_of_a_released_edition_equals_its_csv(edition: str, validated: list[str]) -> None:
    opened = open_dataset(version=edition)
    found = arrow_tables(opened, opened.tables)
    assert validated == []
    for name, table in validated_tables(opened, opened.tables).items():
        assert found[name].equals(table), name
        assert {found[name].schema.metadata[key] for key in (b"table", b"version", b"digest")} == {
            table.schema.metadata[key] for key in (b"table", b"version", b"digest")
        }


def test_loading_writes_nothing_and_imports_little(tree: Path, tmp_path: Path) -> None:
    """At most ten modules of diffdata, and nothing of what validates or describes schemas."""
    code = (
        "import sys, pathlib; from diffdata.package import files\n"
        f"files.bundled_root = lambda: pathlib.Path({str(tree)!r})\n"
        "import diffdata; diffdata.load('things')\n"
        "print({'pydantic', 'narwhals', 'pandera', 'diffdata.validation'} & {*sys.modules})\n"
        "print(sum(name.split('.')[0] == 'diffdata' for name in sys.modules) <= 10)"
    )
    (home := tmp_path / "home").mkdir()
    before = contents_of(tree)
    shown = subprocess.run(
        [sys.executable, "-c", code], env={"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout == "set()\nTrue\n"
    assert contents_of(tree) == before
    assert contents_of(home) == {}


def test_pinned_tables_may_be_missing_but_not_stale(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diffdata.releasing.build.outputs", lambda _: {})  # the other files
    opened = open_package(copy)
    assert f"dataset/{INDEX}" not in stale(opened)
    write_pinned(opened)
    assert f"dataset/{INDEX}" not in stale(opened)
    path = copy / "datapackage.json"
    path.write_text(path.read_text() + "\n")
    assert f"dataset/{INDEX}" in stale(opened)


def test_git_ignores_the_pinned_tables() -> None:
    assert "/dataset/" in (ROOT / ".gitignore").read_text().splitlines()
